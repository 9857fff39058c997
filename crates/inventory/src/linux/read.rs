//! The document of a machine, taken back in.

use super::containers::broken;
use super::{Document, KIND, facts};
use jiff::Timestamp;
use model::{HostFacts, Message, Oddity};
use serde::Deserialize;

/// Bytes of one document; a machine with ten thousand packages has some two million.
pub const DOCUMENT_BYTES_MAX: usize = 32 << 20;
/// What all kinds of this document begin with.
const FAMILY: &str = "redoubt.linux-inventory.";

/// True for what is meant as such a document, of whatever version and however damaged.
pub(crate) fn is_document(text: &str) -> bool {
    text.trim_start().starts_with('{') && memchr::memmem::find(text.as_bytes(), FAMILY.as_bytes()).is_some()
}

/// One host of the document: its facts, when they were taken, and what is missing.
pub(crate) struct Inventoried {
    pub facts: HostFacts,
    pub oddities: Vec<Oddity>,
    pub observed: Option<Timestamp>,
}

/// Reads a document.
///
/// # Errors
/// By line and column where the JSON is wrong, and by name when it is of a kind that is not known.
pub fn read(bytes: &[u8]) -> Result<Document, Message> {
    #[derive(Deserialize)]
    struct Head {
        kind: String,
    }
    if bytes.len() > DOCUMENT_BYTES_MAX {
        let limit = i64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(i64::MAX);
        return Err(Message::new("linux.document-large").number("limit", limit));
    }
    let wrong = |error: serde_json::Error| Message::new("linux.document").reason("where", broken(&error));
    let head: Head = serde_json::from_slice(bytes).map_err(wrong)?;
    if head.kind != KIND {
        let found = super::value(head.kind.as_bytes());
        return Err(Message::new("linux.document-kind").with("found", found).with("known", KIND));
    }
    serde_json::from_slice(bytes).map_err(wrong)
}

/// Reads a document as what it says of a host.
pub(crate) fn host(text: &str) -> Result<Inventoried, Message> {
    let document = read(text.trim_start_matches('\u{feff}').as_bytes())?;
    let (facts, oddities) = facts(&document);
    Ok(Inventoried { facts, oddities, observed: document.collected })
}
