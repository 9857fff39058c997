//! A SIP message as it leaves the room.

use super::Sdp;
use crate::proto::Elements;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub line: Vec<u8>,
    pub start: Start,
    pub version: Vec<u8>,
    pub from: Option<Vec<u8>>,
    pub sequence: Option<Vec<u8>>,
    /// `User-Agent` or `Server`.
    pub program: Option<Vec<u8>>,
    pub content_type: Option<Vec<u8>>,
    pub sdp: Option<Sdp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Request { method: Vec<u8>, uri: Vec<u8> },
    Response { code: Vec<u8>, reason: Vec<u8> },
}

impl Message {
    pub fn elements(&self) -> Elements<'_> {
        let text = |bytes: &'_ [u8]| String::from_utf8_lossy(bytes).into_owned().into();
        let version = self.version.strip_prefix(b"SIP/").unwrap_or(&self.version);
        let elements = Elements {
            version: Some(text(version)),
            account: self.from.as_deref().and_then(address).map(text),
            ..Elements::default()
        };
        match &self.start {
            Start::Request { method, uri } => Elements {
                object: Some(text(uri)),
                operation: Some(text(method)),
                client: self.program.as_deref().map(text),
                ..elements
            },
            Start::Response { code, .. } => Elements {
                // `CSeq: 1 REGISTER` says what is answered.
                operation: self
                    .sequence
                    .as_deref()
                    .and_then(|own| own.split(u8::is_ascii_whitespace).next_back())
                    .map(text),
                result: Some(text(code)),
                server: self.program.as_deref().map(text),
                ..elements
            },
        }
    }
}

/// The address in `"Name" <sip:user@host>;tag=1`.
fn address(value: &[u8]) -> Option<&[u8]> {
    let from = value.iter().position(|byte| *byte == b':')?;
    let rest = value.get(from + 1..)?;
    rest.split(|byte| matches!(byte, b'>' | b';')).next().map(<[u8]>::trim_ascii)
}
