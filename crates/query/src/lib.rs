//! Asking in SQL.
//!
//! A question is answered by a process of its own, so that none can harm what records: [`Asked`] goes to it, [`Told`] comes
//! back line by line, and the rows lie in a file that [`Rows`] pages through and [`export`] writes in other forms. A
//! [`Desk`] takes questions, lets a few run at a time, and keeps their answers for a while.

mod asked;
pub mod beside;
pub mod csv;
mod desk;
mod examples;
pub mod export;
mod result;
mod value;
mod worker;

pub use asked::{Asked, Cluster, Column, Done, Limits, Progress, SQL_BYTES_MAX, Told};
pub use desk::{Desk, DeskOptions, Question, State, own_folder, rows_in};
pub use examples::EXAMPLES;
pub use result::{BATCH_ROWS, Rows, Writer};
pub use worker::{Worker, cluster_program, program};

use std::path::{Path, PathBuf};

/// Why the rows of an answer cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}", path = path.display())]
    Disk { path: PathBuf, source: std::io::Error },
    /// Rows are so wide that reading some would cost too much.
    #[error("rows are too wide")]
    Wide,
    #[error("{path}: {cause}", path = path.display())]
    Damaged { path: PathBuf, cause: String },
}

impl Error {
    fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Disk { path: path.to_owned(), source }
    }

    fn damaged(path: &Path) -> impl Fn(&dyn std::fmt::Display) -> Error {
        move |cause| Error::Damaged { path: path.to_owned(), cause: cause.to_string() }
    }
}
