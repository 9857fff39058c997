//! What the kernel asks outlives whoever answers.
//!
//! The kernel lets everybody through once the last descriptor of a group is closed. So two processes have each of them: the
//! worker, and its parent, which does nothing but keep them ([`keeper`]). A worker that is killed leaves questions that
//! wait; the keeper gives those a safe answer that were read and not answered, and forks the next worker. That one is in
//! memory already: no file is opened for it, which nobody could answer for. What it opens itself is let through from its
//! first moment on, and what others ask is put by ([`early`]) until it knows enough to answer.
//!
//! What a worker has is [`Kept`]; a descriptor that is kept is [`Lent`] to whoever works with it.

mod early;
mod keeper;
mod letters;
mod page;
mod renewing;
mod worker;

pub use keeper::keep;
pub use renewing::{End, MADE_ROOM, Renewal, carried, carry};
pub use worker::{Kept, Lent, TakenOver};

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Instant;

/// What a descriptor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Asked before files change: what nobody answers must not.
    Deciding,
    /// Asked before something runs.
    Running,
    /// Told of entries of directories.
    Noticing,
    /// Told of processes.
    Processes,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Deciding, Kind::Running, Kind::Noticing, Kind::Processes];

    /// Somebody waits for answers to it.
    fn asks(self) -> bool {
        matches!(self, Kind::Deciding | Kind::Running)
    }
}

/// One descriptor that is kept.
#[derive(Debug)]
struct Held {
    slot: u8,
    kind: Kind,
    /// Of one kind there may be several.
    name: PathBuf,
    what: OwnedFd,
    /// By whom it was left, if it was.
    left: Option<Left>,
}

/// A worker ended and left what it had.
#[derive(Debug, Clone, Copy)]
struct Left {
    since: Instant,
    by: i32,
    /// Questions that it had read, and to which the keeper gave the safe answer.
    answered: u64,
}
