//! A command of IMAP with its answer, or a mail that passed.

use crate::mime::Carried;
use crate::proto::Elements;

#[derive(Default)]
pub struct Exchange {
    pub tag: Vec<u8>,
    /// In capitals, with the word behind `UID`.
    pub command: Vec<u8>,
    /// Never a password.
    pub argument: Vec<u8>,
    /// `OK`, `NO` or `BAD`.
    pub status: Option<Vec<u8>>,
    pub text: Vec<u8>,
    pub message: Option<Carried>,
    pub user: Option<Vec<u8>>,
    pub banner: Option<Vec<u8>>,
}

impl Exchange {
    pub fn elements(&self) -> Elements<'_> {
        let text = |bytes: &'_ [u8]| String::from_utf8_lossy(bytes).into_owned().into();
        Elements {
            account: self.user.as_deref().map(text),
            object: Some(self.argument.as_slice()).filter(|own| !own.is_empty()).map(text),
            operation: Some(self.command.as_slice()).filter(|own| !own.is_empty()).map(text),
            result: self.status.as_deref().map(text),
            server: self.banner.as_deref().map(text),
            ..Elements::default()
        }
    }
}
