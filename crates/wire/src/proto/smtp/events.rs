//! One mail, or what was said without one.

use crate::mime::{Carried, Mail};
use crate::proto::Elements;

#[derive(Default)]
pub struct Transaction {
    pub helo: Option<Vec<u8>>,
    pub mail_from: Option<Vec<u8>>,
    pub rcpt_to: Vec<Vec<u8>>,
    pub message: Option<Carried>,
    /// Who logged in, or tried to.
    pub account: Option<Vec<u8>>,
    /// What the server says of itself.
    pub banner: Option<Vec<u8>>,
    /// The last command and the code of the last answer.
    pub command: &'static str,
    pub code: Option<u16>,
}

impl Transaction {
    pub fn mail(&self) -> Option<&Mail> {
        self.message.as_ref().map(|message| &message.reader.mail)
    }

    pub fn elements(&self) -> Elements<'_> {
        let text = |bytes: &'_ [u8]| String::from_utf8_lossy(bytes).into_owned().into();
        let program = self.mail().and_then(|mail| mail.field("x-mailer").or(mail.field("user-agent")));
        Elements {
            account: self.account.as_deref().or(self.mail_from.as_deref()).map(text),
            host_name: self.helo.as_deref().map(text),
            object: self.rcpt_to.first().map(|recipient| text(recipient)),
            operation: Some(self.command.into()).filter(|command: &std::borrow::Cow<'_, str>| !command.is_empty()),
            result: self.code.map(|code| code.to_string().into()),
            client: program.map(text),
            server: self.banner.as_deref().map(text),
            ..Elements::default()
        }
    }
}
