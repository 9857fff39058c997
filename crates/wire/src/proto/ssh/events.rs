//! An SSH session as it leaves the room.

use super::records::Offer;
use crate::proto::Elements;
use crate::proto::tls::hello::md5_hex;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    pub client: Peer,
    pub server: Peer,
    /// Both sides went on in private.
    pub agreed: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    pub version: Vec<u8>,
    pub software: Vec<u8>,
    pub offer: Option<Offer>,
}

impl Session {
    pub fn elements(&self) -> Elements<'_> {
        let version = if self.server.version.is_empty() { &self.client.version } else { &self.server.version };
        Elements {
            version: (!version.is_empty()).then(|| String::from_utf8_lossy(version)),
            operation: Some("key exchange".into()),
            result: Some(if self.agreed { "agreed".into() } else { "unfinished".into() }),
            client: self.client.shown(true).map(Into::into),
            server: self.server.shown(false).map(Into::into),
            ..Elements::default()
        }
    }
}

impl Peer {
    pub fn is_known(&self) -> bool {
        !self.version.is_empty()
    }

    /// The program's own name and its HASSH.
    fn shown(&self, by_client: bool) -> Option<String> {
        let software = String::from_utf8_lossy(&self.software);
        let hassh = self.offer.as_ref().map(|offer| md5_hex(&offer.hassh(by_client)));
        match (self.is_known(), hassh) {
            (false, None) => None,
            (_, Some(hassh)) => Some(format!("{software} {hassh}")),
            (true, None) => Some(software.into_owned()),
        }
    }
}
