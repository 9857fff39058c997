//! What is not as it should be about a file.

use model::Message;

/// One odd thing, kept because odd bytes are evidence: a code with parameters, and where in the file it stands. The words
/// for it live in `locales/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    pub message: Message,
    /// Offset in the file that was read, where it stands in one place.
    pub at: Option<u64>,
}

impl Oddity {
    /// An oddity of the file as a whole.
    pub fn new(message: Message) -> Self {
        Oddity { message, at: None }
    }

    /// An oddity that stands at an offset.
    pub fn at(message: Message, at: u64) -> Self {
        Oddity { message, at: Some(at) }
    }
}
