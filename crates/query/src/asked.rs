//! What a worker process is asked, and what it tells.

use model::Message;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A longer question is not one that a person wrote.
pub const SQL_BYTES_MAX: usize = 64 << 10;

/// One question; the worker reads it as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub sql: String,
    /// The folder of the lake.
    pub lake: PathBuf,
    /// A folder whose `NAME.parquet` are further tables: what the lake does not have.
    pub tables: Option<PathBuf>,
    /// Where the rows go (`rows.arrow`), and what does not fit into memory meanwhile.
    pub folder: PathBuf,
    pub limits: Limits,
    /// Who answers, when it is not the process itself.
    #[serde(default)]
    pub cluster: Option<Cluster>,
    /// Where the storage of a lake in a bucket is and who asks: `AWS_ENDPOINT_URL` and others. A worker has no environment.
    #[serde(default)]
    pub bucket_settings: Vec<(String, String)>,
}

/// Machines that answer together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Where the scheduler is (`HOST:PORT`).
    pub scheduler: String,
    /// The folder of certificates by which they know each other, if they do.
    pub certificates: Option<PathBuf>,
}

/// What one question may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory of the process. What goes beyond is written to the disk where that can be, and refused where not.
    pub memory_bytes: u64,
    /// Disk for what does not fit into memory.
    pub spill_bytes: u64,
    pub seconds: u64,
    pub threads: usize,
    /// Rows and bytes of the answer; it is cut there and says so.
    pub rows: u64,
    pub result_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Limits {
            memory_bytes: 1 << 30,
            spill_bytes: 8 << 30,
            seconds: 300,
            threads: (cores / 2).max(1),
            rows: 1_000_000,
            result_bytes: 512 << 20,
        }
    }
}

/// What a worker tells, one line of JSON each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    Progress(Progress),
    Done(Done),
    Refused(Message),
}

/// How far a question is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows that were read from files, and bytes of them.
    pub rows: u64,
    pub bytes: u64,
    /// Files that may hold what is asked, of all of the tables that are asked.
    pub files: u64,
    pub of_files: u64,
    /// Bytes that were written to the disk since they did not fit into memory.
    pub spilled: u64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub columns: Vec<Column>,
    pub rows: u64,
    /// There are more rows than may be given.
    pub cut: bool,
    pub read: Progress,
    pub cpu_ms: u64,
    pub peak_bytes: u64,
}

/// A column of an answer or of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// `text`, `number`, `measure`, `flag`, `time`, `list of text`… ([`Column::of`]).
    pub holds: String,
}

impl Column {
    pub fn of(field: &arrow_schema::Field) -> Column {
        Column { name: field.name().clone(), holds: holds(field.data_type()) }
    }
}

fn holds(kind: &arrow_schema::DataType) -> String {
    use arrow_schema::DataType::*;
    match kind {
        Utf8 | LargeUtf8 | Utf8View => "text".into(),
        Boolean => "flag".into(),
        Timestamp(..) => "time".into(),
        Date32 | Date64 => "date".into(),
        kind if kind.is_integer() => "number".into(),
        kind if kind.is_numeric() => "measure".into(),
        List(of) | LargeList(of) | FixedSizeList(of, _) | ListView(of) | LargeListView(of) => {
            format!("list of {}", holds(of.data_type()))
        }
        Dictionary(_, of) => holds(of),
        kind => kind.to_string().to_lowercase(),
    }
}
