//! What a person is told, as a code with parameters. The words are in `locales/{en,zh-CN}`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

/// A sentence without its words: `{"code":"exposure.fix-installed","params":{"kb":"KB4012212"}}`.
///
/// The code is a key of `locales/*/messages.json`; each `{{name}}` there is filled from `params`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    pub code: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
}

/// A parameter's value. Lists are joined by the language's own comma when the words are made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Param {
    Number(i64),
    Text(String),
    List(Vec<String>),
    /// A reason within a sentence; its words come in the language of the sentence.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    Reason(Box<Message>),
}

impl Message {
    pub fn new(code: impl Into<String>) -> Self {
        Message { code: code.into(), params: BTreeMap::new() }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, name: &str, value: impl Into<i64>) -> Self {
        self.params.insert(name.to_owned(), Param::Number(value.into()));
        self
    }

    /// Adds a parameter by the text it shows as: an id, a path, an address.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.params.insert(name.to_owned(), Param::Text(value.to_string()));
        self
    }

    /// Adds a list by the texts its items show as.
    #[must_use]
    pub fn list<T: std::fmt::Display>(mut self, name: &str, items: impl IntoIterator<Item = T>) -> Self {
        let items = items.into_iter().map(|item| item.to_string()).collect();
        self.params.insert(name.to_owned(), Param::List(items));
        self
    }

    /// Adds a reason that is itself a message: an error of the operating system, or of a reader below.
    #[must_use]
    pub fn reason(mut self, name: &str, reason: impl Into<Message>) -> Self {
        self.params.insert(name.to_owned(), Param::Reason(Box::new(reason.into())));
        self
    }
}

/// Why the operating system refused, in words, with its own number beside them for whoever looks it up. What has no
/// words here, such as an error of a decoder, speaks for itself.
impl From<&io::Error> for Message {
    fn from(error: &io::Error) -> Message {
        use io::ErrorKind as Kind;
        if error.get_ref().is_some() {
            let packed = matches!(error.kind(), Kind::UnexpectedEof | Kind::InvalidData | Kind::InvalidInput);
            return Message::new(if packed { "os.damaged" } else { "os.other" }).with("text", error);
        }
        let Some(code) = os_code(error) else { return Message::new("os.other").with("text", error) };
        let words = Message::new(code);
        match error.raw_os_error() {
            Some(number) => Message::new("os.numbered").reason("reason", words).number("number", number),
            None => words,
        }
    }
}

impl From<io::Error> for Message {
    fn from(error: io::Error) -> Message {
        Message::from(&error)
    }
}

fn os_code(error: &io::Error) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    Some(match error.kind() {
        Kind::NotFound => "os.not-found",
        Kind::PermissionDenied => "os.permission-denied",
        Kind::AlreadyExists => "os.already-exists",
        Kind::IsADirectory => "os.is-a-directory",
        Kind::NotADirectory => "os.not-a-directory",
        Kind::DirectoryNotEmpty => "os.directory-not-empty",
        Kind::ReadOnlyFilesystem => "os.read-only",
        Kind::StorageFull | Kind::QuotaExceeded => "os.disk-full",
        Kind::FileTooLarge => "os.file-too-large",
        Kind::ResourceBusy | Kind::ExecutableFileBusy => "os.busy",
        Kind::InvalidFilename => "os.bad-name",
        Kind::TimedOut => "os.timed-out",
        Kind::BrokenPipe => "os.broken-pipe",
        Kind::AddrInUse => "os.address-in-use",
        Kind::AddrNotAvailable => "os.address-not-available",
        Kind::ConnectionRefused => "os.connection-refused",
        Kind::ConnectionReset | Kind::ConnectionAborted => "os.connection-lost",
        Kind::OutOfMemory => "os.out-of-memory",
        Kind::UnexpectedEof => "os.cut-off",
        // These have no kind of their own yet; the numbers are those of Linux.
        _ if cfg!(target_os = "linux") => match error.raw_os_error()? {
            5 => "os.device",
            23 | 24 => "os.too-many-open-files",
            40 => "os.link-loop",
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_the_operating_system_keeps_its_number() {
        let coded = |error: io::Error| serde_json::to_string(&Message::from(&error)).unwrap_or_default();
        assert_eq!(
            coded(io::Error::from_raw_os_error(2)),
            r#"{"code":"os.numbered","params":{"number":2,"reason":{"code":"os.not-found"}}}"#
        );
        assert_eq!(coded(io::ErrorKind::TimedOut.into()), r#"{"code":"os.timed-out"}"#);
        assert_eq!(coded(io::Error::other("bent")), r#"{"code":"os.other","params":{"text":"bent"}}"#);
        // A decoder says what is wrong with the bytes, in its own words.
        let decoder = io::Error::new(io::ErrorKind::UnexpectedEof, "half a block");
        assert_eq!(coded(decoder), r#"{"code":"os.damaged","params":{"text":"half a block"}}"#);
    }

    #[test]
    fn a_message_within_a_message_comes_back_from_json() {
        let message = Message::new("a").reason("why", Message::new("b").number("n", 1)).list("l", ["x"]).with("t", "y");
        let text = serde_json::to_string(&message).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Message>(&text).ok(), Some(message), "{text}");
    }
}
