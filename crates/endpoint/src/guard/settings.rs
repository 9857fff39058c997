//! What a guard is told, what it tells, and why it cannot be.

use crate::damage::Tripped;
use crate::keeping::{Kept, TakenOver};
use crate::lineage::LineageId;
use crate::packages::Databases;
use crate::undo::Restored;
use model::Message;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// What a guard is to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folders whose files are protected, with all below them.
    pub protected: Vec<PathBuf>,
    /// Where it keeps what it needs to undo: on the same filesystem, and in none of them.
    pub state: PathBuf,
    /// What is kept at most, in bytes.
    pub undo_bytes_max: u64,
    /// Programs that are trusted for what is in them.
    pub allowed: Vec<PathBuf>,
    /// Where package managers have the sums of what they installed.
    pub packages: Databases,
    /// Files that nobody has a reason to change are put into the folders.
    pub canaries: bool,
    /// How long what a lineage changed is kept when nothing was wrong with it.
    pub kept_for: Duration,
    /// Nothing that this process does is asked about, be it of the guard or not.
    pub process_is_own: bool,
    /// Whence that comes with which the kernel asks and tells.
    pub kept: Kept,
}

impl Settings {
    pub fn new(protected: Vec<PathBuf>, state: PathBuf) -> Settings {
        Settings {
            protected,
            state,
            undo_bytes_max: 4 << 30,
            allowed: Vec::new(),
            canaries: true,
            packages: Databases::default(),
            kept_for: Duration::from_hours(24),
            process_is_own: false,
            kept: Kept::default(),
        }
    }

    /// Where files lie of which nobody can say who left them.
    pub(super) fn unclaimed(&self) -> PathBuf {
        self.state.join("unclaimed")
    }

    /// Where lies what a lineage made that was stopped.
    pub(super) fn evidence(&self, lineage: LineageId) -> PathBuf {
        self.state.join("evidence").join(lineage.0.to_string())
    }
}

/// What a guard tells.
#[derive(Debug)]
pub enum Told {
    /// It protects from now on.
    Ready {
        files: u64,
        directories: u64,
    },
    /// From one that ended without being told to; nothing was let through in between.
    TakenOver(TakenOver),
    /// One before it was stopped, and left things to judge or to undo.
    Resumed {
        lineages: usize,
    },
    Tripped {
        lineage: LineageId,
        program: Option<PathBuf>,
        /// As it was before it was ended.
        culprit: Option<Box<Culprit>>,
        processes: Vec<i32>,
        why: Tripped,
    },
    Restored {
        lineage: LineageId,
        restored: Restored,
    },
    /// It does less than it should.
    Degraded {
        why: Message,
    },
    Ended {
        lineages: u64,
        events: u64,
        overflows: u64,
    },
}

/// A process that is about to be ended: afterwards nobody can ask it.
#[derive(Debug)]
pub struct Culprit {
    /// The file that it runs, open: its name may be another's by now.
    pub image: Option<File>,
    pub arguments: Vec<Vec<u8>>,
    /// The programs it comes from, the nearest first.
    pub ancestors: Vec<PathBuf>,
}

/// What a guard has, for whoever asks while it runs.
#[derive(Debug, Default)]
pub struct Figures {
    /// Files that are protected.
    pub files: AtomicU64,
    /// Bytes that are kept to undo.
    pub undo_bytes: AtomicU64,
    pub overflows: AtomicU64,
}

/// Why a guard cannot be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the kernel does not let this process watch files")]
    Kernel(#[source] io::Error),
    #[error("cannot use `{path}`")]
    Path { path: PathBuf, source: io::Error },
    #[error("`{0}` is in a protected folder, or a protected folder is in it")]
    Inside(PathBuf),
    #[error("`{0}` is on another filesystem than what is protected")]
    Elsewhere(PathBuf),
}
