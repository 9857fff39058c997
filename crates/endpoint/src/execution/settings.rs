//! What execution control is told, what it tells, and why it cannot be.

use model::Message;
use policy::{Mode, Outcome, Subject, Verdict};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Settings {
    /// A file of [`policy::Rules`] as JSON.
    pub rules: PathBuf,
    /// Where the last good rules are kept.
    pub state: PathBuf,
    /// Only what is on the filesystems of these folders is asked about; everything when there are none.
    pub only: Vec<PathBuf>,
    /// Where dpkg has the sums of what it installed.
    pub dpkg: PathBuf,
    /// Who asks waits no longer.
    pub decide_within: Duration,
}

impl Settings {
    pub fn new(rules: PathBuf, state: PathBuf) -> Settings {
        Settings {
            rules,
            state,
            only: Vec::new(),
            dpkg: PathBuf::from("/var/lib/dpkg/info"),
            decide_within: Duration::from_secs(2),
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
    /// Once for each file and outcome.
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
