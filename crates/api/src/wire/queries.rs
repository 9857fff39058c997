//! Asking in SQL.

use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NewQuery {
    /// One `SELECT`.
    pub sql: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueryState {
    /// Others are answered first.
    Waiting,
    Running,
    Done,
    /// It was refused or went wrong; `why` says so.
    Failed,
    Stopped,
}

/// A question that was asked, and how far it is. It stays for an hour.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QueryRow {
    pub id: u64,
    pub sql: String,
    pub asked: Timestamp,
    pub state: QueryState,
    /// Milliseconds that it took, or takes so far.
    pub took_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
    /// What was read for it.
    pub read: QueryRead,
    /// Once it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<QueryAnswer>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct QueryRead {
    pub rows: u64,
    pub bytes: u64,
    pub files: u64,
    pub of_files: u64,
    /// Bytes written to the disk since they did not fit into memory.
    pub spilled: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QueryAnswer {
    pub columns: Vec<QueryColumn>,
    pub rows: u64,
    /// There are more rows than are given.
    pub cut: bool,
    pub cpu_ms: u64,
    pub peak_bytes: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueryColumn {
    pub name: String,
    /// `text`, `number`, `measure`, `flag`, `time`, `date`, `list of text`…
    pub holds: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QueryList {
    /// The caller's own, the newest first.
    pub rows: Vec<QueryRow>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct QueryRowsQuery {
    pub from: u64,
    /// 100 when nothing is said, 1,000 at most.
    pub limit: Option<u32>,
}

/// Some rows of an answer: a list of cells each, in the order of its columns. A whole number that does not fit into 53
/// bits is text, and so is a time.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QueryRows {
    #[schema(value_type = Vec<Vec<Object>>)]
    pub rows: Vec<Vec<serde_json::Value>>,
    pub total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueryForm {
    Csv,
    Json,
    Parquet,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueryExportQuery {
    pub form: QueryForm,
}

/// What can be asked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QuerySchema {
    pub tables: Vec<QueryTable>,
    /// Functions beyond those of SQL, as they are written.
    pub functions: Vec<String>,
    pub examples: Vec<QueryExample>,
    pub saved: Vec<SavedQuery>,
    pub limits: QueryLimits,
    /// Why nothing can be asked here; absent when all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Message>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QueryTable {
    pub name: String,
    pub columns: Vec<QueryColumn>,
    /// Rows that are kept; absent for tables that are made when they are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QueryExample {
    /// Its title is `query.example-NAME` of the words.
    pub name: String,
    pub sql: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SavedQuery {
    pub id: i64,
    pub name: String,
    pub sql: String,
    pub by: String,
    pub changed: Timestamp,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewSavedQuery {
    pub name: String,
    pub sql: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct QueryLimits {
    pub seconds: u64,
    pub memory_bytes: u64,
    pub rows: u64,
}
