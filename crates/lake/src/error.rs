//! What can go wrong, with what is needed to say so.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another process uses the lake at `{0}`")]
    InUse(PathBuf),
    #[error("cannot use `{path}`")]
    Disk {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The table's own log, or what is in a file, cannot be read or written.
    #[error("the table `{table}` failed: {cause}")]
    Table { table: &'static str, cause: String },
    /// The bucket that the tables are to be in.
    #[error(transparent)]
    Bucket(#[from] crate::storage::Unusable),
    #[error("the lake was closed, or its writer broke down")]
    Closed,
}

/// Why a batch was not taken. Nothing of it is kept, and its sender still has it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("there is no table `{0}`")]
    UnknownTable(String),
    /// Its columns are not those of the table.
    #[error("the batch does not fit the table `{table}`: {cause}")]
    Columns { table: &'static str, cause: String },
    #[error("the batch is damaged: {0}")]
    Damaged(String),
    #[error("the batch has {bytes} bytes; {max} are taken at most")]
    TooLarge { bytes: usize, max: usize },
    #[error("the batch has {rows} rows; {max} are taken at most")]
    TooManyRows { rows: usize, max: usize },
    #[error("the name of the source is empty or longer than {max} bytes")]
    BadSource { max: usize },
    /// A time no table can hold.
    #[error("the batch holds a time that is none: {0} µs")]
    BadTime(i64),
    /// What lies between was never sent, or got lost on its way.
    #[error("batch {got} of `{origin}` came where {expected} was due")]
    Gap { origin: String, expected: i64, got: i64 },
    /// More waits to be written than may; the sender tries again later.
    #[error("the lake takes nothing now: {waiting} bytes wait to be written")]
    Full { waiting: usize },
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Error {
    pub(crate) fn disk(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Disk { path, source }
    }

    pub(crate) fn table(table: &'static str) -> impl Fn(&dyn std::fmt::Display) -> Error {
        // The library puts a backtrace behind what happened when the environment asks for one.
        move |cause| Error::Table { table, cause: cause.to_string().lines().next().unwrap_or_default().to_owned() }
    }
}
