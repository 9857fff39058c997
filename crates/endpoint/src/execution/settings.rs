//! What execution control is told, what it tells, and why it cannot be.

use super::places::Filesystem;
use crate::keeping::{Kept, TakenOver};
use crate::packages::Databases;
use model::Message;
use policy::orders::ReputationTable;
use policy::{Mode, Outcome, Rules, Subject, Verdict};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Settings {
    pub rules: Source,
    /// Only what is on the filesystems of these folders is asked about; everything when there are none.
    pub only: Vec<Filesystem>,
    /// Where package managers have the sums of what they installed.
    pub packages: Databases,
    /// Who asks waits no longer.
    pub decide_within: Duration,
    /// What goes on being met is told again after that; once and never again when there is none.
    pub tell_again: Option<Duration>,
    /// Whence the group comes with which the kernel asks.
    pub kept: Kept,
}

/// Whence rules come.
#[derive(Debug, Clone)]
pub enum Source {
    File {
        /// [`policy::Rules`] as JSON.
        rules: PathBuf,
        /// Where the last good ones are kept.
        state: PathBuf,
    },
    /// Somebody hands them in, these to begin with; see [`super::Handle::put`].
    Given { rules: Box<Rules>, reputation: Arc<ReputationTable> },
}

impl Settings {
    /// By the rules of a file.
    pub fn new(rules: PathBuf, state: PathBuf) -> Settings {
        Settings::of(Source::File { rules, state })
    }

    /// By rules that are handed in.
    pub fn given(rules: Rules, reputation: Arc<ReputationTable>) -> Settings {
        Settings::of(Source::Given { rules: Box::new(rules), reputation })
    }

    fn of(rules: Source) -> Settings {
        Settings {
            rules,
            only: Vec::new(),
            packages: Databases::default(),
            decide_within: Duration::from_secs(2),
            tell_again: None,
            kept: Kept::default(),
        }
    }
}

/// What was decided of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruled {
    pub subject: Subject,
    pub verdict: Verdict,
    pub outcome: Outcome,
    /// The process or thread that asked, and its program.
    pub process: i32,
    pub program: Option<PathBuf>,
    /// On whose behalf it acts.
    pub user: Option<u32>,
    /// Of the file.
    pub bytes: u64,
    /// How often it was met since it was told last, this time included; what the kernel lets pass by itself is not met.
    pub count: u64,
    /// It ran already when this was decided, and was stopped meanwhile.
    pub after: bool,
}

/// What execution control tells.
#[derive(Debug)]
pub enum Told {
    /// It decides from now on.
    Ready {
        filesystems: usize,
        mode: Mode,
    },
    /// From one that ended without being told to.
    TakenOver(TakenOver),
    /// Once for each file and outcome, and again as [`Settings::tell_again`] says.
    Ruled(Box<Ruled>),
    /// Other rules are in force.
    Rules {
        mode: Mode,
    },
    /// It does less than it should.
    Degraded {
        why: Message,
    },
    Ended(Counts),
}

/// Questions of the kernel, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub asked: u64,
    /// Answered out of what was known.
    pub at_once: u64,
    pub blocked: u64,
    pub undecided: u64,
    /// There were more than can wait.
    pub overflows: u64,
}

/// Why execution control cannot be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the kernel does not let this process decide what runs")]
    Kernel(#[source] io::Error),
    #[error("cannot use `{path}`")]
    Path { path: PathBuf, source: io::Error },
    #[error("the rules cannot be used")]
    Rules(Message),
}
