//! A command of FTP with its answer.

use crate::proto::Elements;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// In capitals. Absent for what the server says unasked.
    pub command: Option<Vec<u8>>,
    pub argument: Vec<u8>,
    pub command_cut: bool,
    /// The lines of the answer: their codes, where they have one, and their texts.
    pub replies: Vec<(Option<[u8; 3]>, Vec<u8>)>,
    pub reply_cut: bool,
    pub mode: Option<Mode>,
    /// Where the next transfer will be answered.
    pub port: Option<u16>,
    pub user: Option<Vec<u8>>,
    pub banner: Option<Vec<u8>>,
}

/// Who opens the conversation that a file passes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The server.
    Active,
    /// The client.
    Passive,
}

impl Exchange {
    pub fn elements(&self) -> Elements<'_> {
        let text = |bytes: &'_ [u8]| String::from_utf8_lossy(bytes).into_owned().into();
        let secret = self.command.as_deref() == Some(b"PASS");
        let code = self.replies.iter().rev().find_map(|(code, _)| code.as_ref());
        Elements {
            account: self.user.as_deref().map(text),
            object: Some(self.argument.as_slice()).filter(|own| !own.is_empty() && !secret).map(text),
            operation: self.command.as_deref().map(text),
            result: code.map(|code| text(code)),
            server: self.banner.as_deref().map(text),
            ..Elements::default()
        }
    }
}
