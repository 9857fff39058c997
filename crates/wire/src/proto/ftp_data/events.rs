//! A transfer of FTP.

use crate::proto::Elements;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transfer {
    pub command: Vec<u8>,
    pub name: Vec<u8>,
}

impl Transfer {
    /// From what the commands said about it.
    pub fn about(about: &[u8]) -> Transfer {
        let mut parts = about.splitn(2, |byte| *byte == 0).map(<[u8]>::to_vec);
        Transfer { command: parts.next().unwrap_or_default(), name: parts.next().unwrap_or_default() }
    }

    /// A list of a folder is no file.
    pub fn is_file(&self) -> bool {
        matches!(self.command.as_slice(), b"RETR" | b"STOR" | b"STOU" | b"APPE")
    }

    pub fn elements(&self) -> Elements<'_> {
        Elements {
            object: Some(String::from_utf8_lossy(&self.name)).filter(|name| !name.is_empty()),
            operation: Some(String::from_utf8_lossy(&self.command)),
            ..Elements::default()
        }
    }
}
