//! Imports: what was read, what was refused, and the tables that need a mapping.

use super::jobs::Job;
use model::{HostId, Message, SourceKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Files, each a part named `file`; a ZIP is opened. Parts may carry any file name with folders.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the multipart form; the form is read part by part")]
pub struct UploadForm {
    #[schema(value_type = Vec<String>, format = Binary)]
    pub file: Vec<Vec<u8>>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportAccepted {
    pub job: Job,
    pub files: u64,
    pub bytes: u64,
}

/// An import with what became of its files.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportDetail {
    pub job: Job,
    pub counts: ImportCounts,
    pub files: Vec<ImportFile>,
    /// Tables that wait for a column mapping.
    pub tables: Vec<ImportTable>,
    /// Hosts that were made or changed, the first 1,000.
    pub hosts: Vec<HostId>,
    /// What an import of knowledge says of itself.
    #[serde(default)]
    pub notes: Vec<Message>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ImportCounts {
    pub files: u64,
    pub read: u64,
    pub refused: u64,
    pub oddities: u64,
    pub hosts: u64,
    pub new_hosts: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ImportFile {
    pub path: String,
    /// What the file was read as; absent when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SourceKind>,
    pub hosts: u64,
    /// The capture it is, when it holds network traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<i64>,
    /// Why it was refused, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Message>,
    /// What was odd about it.
    #[serde(default)]
    pub oddities: Vec<Message>,
}

/// The head of a table, with the mapping the reader guesses.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ImportTable {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Column name -> field, as guessed.
    pub guess: BTreeMap<String, String>,
    /// Fields a column can be mapped to.
    pub fields: Vec<String>,
}

/// What each column of a table means.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TableMapping {
    pub path: String,
    #[serde(default)]
    pub sheet: Option<String>,
    /// Column name -> field; columns that are absent are left out.
    pub columns: BTreeMap<String, String>,
}
