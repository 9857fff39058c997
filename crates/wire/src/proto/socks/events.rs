//! A request to a SOCKS proxy as it leaves the room.

use crate::proto::Elements;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub version: u8,
    pub command: u8,
    /// Address or name of where to go.
    pub host: String,
    pub port: u16,
    pub user: Option<Vec<u8>>,
    /// What the proxy answered; absent while it has not.
    pub reply: Option<u8>,
}

impl Request {
    pub fn command_name(&self) -> &'static str {
        match self.command {
            1 => "connect",
            2 => "bind",
            3 => "udp_associate",
            _ => "unknown",
        }
    }

    /// True when the proxy does as it was asked.
    pub fn is_granted(&self) -> bool {
        matches!((self.version, self.reply), (4, Some(0x5a)) | (5, Some(0)))
    }

    pub fn elements(&self) -> Elements<'_> {
        Elements {
            version: Some(self.version.to_string().into()),
            account: self.user.as_deref().map(String::from_utf8_lossy),
            object: Some(format!("{}:{}", self.host, self.port).into()),
            operation: Some(self.command_name().into()),
            result: self.reply.map(|_| if self.is_granted() { "granted".into() } else { "refused".into() }),
            ..Elements::default()
        }
    }
}
