//! An RFB session as it leaves the room.

use crate::proto::Elements;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    pub server_version: Option<(u16, u16)>,
    pub client_version: Option<(u16, u16)>,
    pub security: Option<u32>,
    pub challenge: Vec<u8>,
    pub response: Vec<u8>,
    pub result: Option<u32>,
    /// Why the server went no further, in its words.
    pub refusal: Vec<u8>,
    pub shared: Option<bool>,
    pub screen: Option<Screen>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screen {
    pub width: u16,
    pub height: u16,
    pub bits: u8,
    pub depth: u8,
    pub big_endian: bool,
    pub true_color: bool,
    pub max: [u16; 3],
    pub shift: [u8; 3],
    pub name: Vec<u8>,
}

impl Session {
    pub fn result_name(&self) -> Option<&'static str> {
        Some(match self.result? {
            0 => "OK",
            1 => "FAIL",
            2 => "TOOMANY",
            _ => "UNKNOWN",
        })
    }

    pub fn elements(&self) -> Elements<'_> {
        let text = |version: (u16, u16)| format!("{}.{}", version.0, version.1).into();
        Elements {
            version: self.client_version.or(self.server_version).map(text),
            object: self.screen.as_ref().map(|screen| String::from_utf8_lossy(&screen.name)),
            operation: self.security.map(|security| format!("security {security}").into()),
            result: self.result_name().map(Into::into),
            ..Elements::default()
        }
    }
}
