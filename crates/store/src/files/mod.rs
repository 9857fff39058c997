//! Files: which were seen where, which wait to be analysed, what came of it, and what the house says of them.
//!
//! There is one row for each content. Whoever analyses one has it by a lease; a result is taken once, from whoever holds
//! the lease, together with everything that is searched by.

mod likeness;
pub(crate) mod lists;
mod outbox;
mod publishers;
mod queue;
mod rows;

pub use likeness::{Alike as FileLikeness, Pivot};
pub use lists::{FileList, Listed};
pub use outbox::{LakeBatch, UntoldFile, UntoldSighting};
pub use publishers::Publisher;
pub use queue::{FileLease, FileResult, LeaseOf, PartRow, QueueCounts};
pub use rows::{
    FileCounts, FileFilter, FileRow, FileSighting, FileSort, FileStage, FileState, NewSighting, Seen, SightingSource,
    Within,
};

use crate::Store;
use crate::db::Db;

/// The room for files.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub(crate) store: &'a Store,
}

impl Store {
    pub fn files(&self) -> Files<'_> {
        Files { store: self }
    }
}

impl Files<'_> {
    fn db(&self) -> &Db {
        &self.store.db
    }
}
