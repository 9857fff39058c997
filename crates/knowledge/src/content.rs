//! The content files: embedded at build time or read from a folder, checked against their schema.

use crate::KnowledgeError;
use serde::de::DeserializeOwned;

/// The schema of the content files this version reads.
pub(crate) const SCHEMA: u32 = 1;

/// Path below `data/` and text of every content file that was there at build time.
pub(crate) static BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/content.rs"));

pub(crate) fn parse<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, KnowledgeError> {
    toml::from_str(text).map_err(|source| KnowledgeError::Parse { path: path.to_owned(), source: Box::new(source) })
}

pub(crate) fn schema(path: &str, schema: u32) -> Result<(), KnowledgeError> {
    match schema {
        SCHEMA => Ok(()),
        other => Err(wrong(path, format!("schema {other}, this version reads {SCHEMA}"))),
    }
}

pub(crate) fn wrong(path: &str, what: impl Into<String>) -> KnowledgeError {
    KnowledgeError::Content { path: path.to_owned(), what: what.into() }
}
