//! A request for a file as it leaves the room.

use crate::proto::Elements;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub writes: bool,
    pub file: Vec<u8>,
    pub mode: Vec<u8>,
    pub options: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    pub fn name(&self) -> &'static str {
        if self.writes { "write" } else { "read" }
    }

    /// The value of an option that is a number.
    pub fn number(&self, name: &[u8]) -> Option<u64> {
        number(&self.options, name)
    }

    pub fn elements(&self) -> Elements<'_> {
        Elements {
            version: Some(String::from_utf8_lossy(&self.mode)),
            object: Some(String::from_utf8_lossy(&self.file)),
            operation: Some(self.name().into()),
            ..Elements::default()
        }
    }
}

pub fn number(options: &[(Vec<u8>, Vec<u8>)], name: &[u8]) -> Option<u64> {
    let (_, value) = options.iter().find(|(option, _)| option.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok()?.parse().ok()
}
