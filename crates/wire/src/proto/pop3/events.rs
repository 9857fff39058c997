//! A command of POP3 with its answer.

use crate::mime::Carried;
use crate::proto::Elements;

#[derive(Default)]
pub struct Exchange {
    /// In capitals. Absent for the greeting.
    pub command: Option<Vec<u8>>,
    /// Never a password.
    pub argument: Vec<u8>,
    pub success: Option<bool>,
    pub status: Vec<u8>,
    /// Lines that followed, of what is no mail.
    pub lines: Vec<Vec<u8>>,
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
            operation: self.command.as_deref().map(text),
            result: self.success.map(|success| if success { "+OK".into() } else { "-ERR".into() }),
            server: self.banner.as_deref().map(text),
            ..Elements::default()
        }
    }
}
