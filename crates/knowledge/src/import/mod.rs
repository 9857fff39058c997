//! Importers: files from outside to knowledge. Each says what it read, what it left out and why, and what is new.
//!
//! [`detect`] tells the kind of a file by its content, [`read`] reads any kind; nothing here keeps state or writes.

mod cab;
pub mod csaf;
pub mod cvrf;
mod detect;
mod facts;
pub(crate) mod guard;
mod report;
pub mod wesng;
pub mod wsus;
mod xml;

pub use detect::{Imported, Kind, Update, detect, read};
pub use report::{Ignored, Report};

pub(crate) use guard::read_all;

use model::Message;
use std::ops::ControlFlow;

/// What may be spent on one import.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Unpacked bytes of all parts of a file together.
    pub bytes_max: u64,
    pub rows_max: u64,
    /// One row, one line, one text.
    pub row_bytes_max: u64,
    /// A document that has to be held in memory as a whole (JSON, a cabinet within a cabinet).
    pub document_bytes_max: u64,
    /// Files in an archive.
    pub entries_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes_max: 16 << 30,
            rows_max: 20_000_000,
            row_bytes_max: 1 << 20,
            document_bytes_max: 512 << 20,
            entries_max: 5_000_000,
        }
    }
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Unpacked bytes read, and how many there are where that is known.
    pub bytes: u64,
    pub bytes_total: Option<u64>,
    pub rows: u64,
}

/// Told every few thousand rows; `Break` stops the import with [`ImportError::Cancelled`].
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// For callers that do not care how far it is.
pub fn silent(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Why a file was not imported. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("cannot read the file")]
    Read(#[source] std::io::Error),
    #[error("no kind of knowledge that can be imported")]
    UnknownKind,
    #[error("no `{0}` in the archive")]
    MissingPart(&'static str),
    #[error("no column `{0}`")]
    MissingColumn(&'static str),
    #[error("not a readable {format}: {detail}")]
    Malformed { format: &'static str, detail: String },
    #[error("more than `{limit}` {what}")]
    Limit { what: LimitKind, limit: u64 },
    #[error("holds nothing that can be used")]
    Empty,
    #[error("cancelled")]
    Cancelled,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    Bytes,
    Rows,
    RowBytes,
    Entries,
    Depth,
}

impl std::fmt::Display for LimitKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            LimitKind::Bytes => "unpacked bytes",
            LimitKind::Rows => "rows",
            LimitKind::RowBytes => "bytes in one row",
            LimitKind::Entries => "files in the archive",
            LimitKind::Depth => "levels",
        })
    }
}

impl ImportError {
    /// The error for a person; `file` is the name they know it by.
    pub fn message(&self, file: &str) -> Message {
        let message = match self {
            ImportError::Read(cause) => Message::new("knowledge.import-read").reason("cause", cause),
            ImportError::UnknownKind => Message::new("knowledge.import-unknown-kind"),
            ImportError::MissingPart(part) => Message::new("knowledge.import-missing-part").with("part", part),
            ImportError::MissingColumn(column) => {
                Message::new("knowledge.import-missing-column").with("column", column)
            }
            ImportError::Malformed { format, detail } => {
                Message::new("knowledge.import-malformed").with("format", format).with("detail", detail)
            }
            ImportError::Limit { what, limit } => {
                let message = match what {
                    LimitKind::Bytes => Message::new("knowledge.import-limit-bytes"),
                    LimitKind::Rows => Message::new("knowledge.import-limit-rows"),
                    LimitKind::RowBytes => Message::new("knowledge.import-limit-row-bytes"),
                    LimitKind::Entries => Message::new("knowledge.import-limit-entries"),
                    LimitKind::Depth => Message::new("knowledge.import-limit-depth"),
                };
                message.with("limit", limit)
            }
            ImportError::Empty => Message::new("knowledge.import-empty"),
            ImportError::Cancelled => Message::new("knowledge.import-cancelled"),
        };
        message.with("file", file)
    }

    pub(crate) fn malformed(format: &'static str, detail: impl std::fmt::Display) -> ImportError {
        // The detail comes from outside: kept short, so that no one's log drowns in it.
        ImportError::Malformed { format, detail: detail.to_string().chars().take(200).collect() }
    }
}

/// An `io::Error` of ours travels through readers that know only `io::Error`, and comes back as itself.
impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> ImportError {
        error.downcast::<ImportError>().unwrap_or_else(ImportError::Read)
    }
}

/// A date that can be one of a vulnerability or an update; others are dirt.
pub(crate) fn plausible(date: jiff::civil::Date) -> Option<jiff::civil::Date> {
    (1980..2200).contains(&date.year()).then_some(date)
}
