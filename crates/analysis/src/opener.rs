//! The process that opens files, from the side of whoever has files opened.
//!
//! It is started once and keeps the compiled rules; for each file it makes a copy of itself that gives up everything but
//! the one file it was handed, reads it, tells its report, and is gone. What breaks is that copy.

use crate::report::{REPORT_BYTES_MAX, Report};
use formats::Limits;
use model::Message;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the program is called; it lies beside this one.
const PROGRAM: &str = "redoubt-open";
/// A copy that does not end by itself is stopped so much later than its time is over.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long whoever has files opened waits beyond that, before the process itself counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of a request, and of what is told beside a report.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;

/// What a process says that is ready; one that cannot be says anything else, and then why.
pub const READY: &[u8; 1] = b"+";

/// What one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileCosts))]
pub struct Costs {
    pub seconds: u64,
    /// Memory of the process that opens it.
    pub memory_bytes: u64,
    pub depth: usize,
    pub children: usize,
    pub file_bytes: u64,
    pub expanded_bytes: u64,
    pub steps: u64,
}

impl Default for Costs {
    fn default() -> Self {
        let Limits { depth, children, file_bytes, expanded_bytes, steps } = Limits::default();
        Costs { seconds: 120, memory_bytes: 1 << 30, depth, children, file_bytes, expanded_bytes, steps }
    }
}

impl Costs {
    pub fn limits(&self) -> Limits {
        let Costs { depth, children, file_bytes, expanded_bytes, steps, .. } = *self;
        Limits { depth, children, file_bytes, expanded_bytes, steps }
    }
}

/// What is asked: a line of JSON, sent together with the open file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Request {
    /// What the file is called, for what names tell.
    pub name: String,
    /// Tried on what is encrypted.
    pub passwords: Vec<String>,
    pub costs: Costs,
    /// Only what it is, and its digests: nothing is taken apart, and no rule is asked.
    #[serde(default)]
    pub only_identify: bool,
}

/// How the copy that opened a file ended; its report follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileEnded))]
pub struct Ended {
    pub how: How,
    /// Processor time, and the most memory it had at once.
    pub cpu_ms: u64,
    pub peak_bytes: u64,
    /// Bytes of the report.
    pub report_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileEndedHow))]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// As it should.
    Done,
    /// It could not give up what it does not need, or the file could not be read.
    Failed,
    /// By a signal: a fault, its limit of memory, or a call that it may not make.
    Signal(i32),
    Late,
    /// It told more than a report may have.
    TooMuch,
}

/// A process that opens files, one at a time. Dropping it ends it.
pub struct Opener {
    child: Child,
    line: UnixStream,
    /// It answered everything it was asked so far.
    sound: bool,
}

impl How {
    /// What a person is told of a file that was not read to its end for this.
    pub fn message(self, costs: &Costs) -> Option<Message> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        Some(match self {
            How::Done => return None,
            How::Failed => Message::new("analysis.broken-failed"),
            How::Late => Message::new("analysis.broken-late").number("seconds", number(costs.seconds)),
            How::TooMuch => Message::new("analysis.broken-report").number("mib", number(REPORT_BYTES_MAX as u64 >> 20)),
            // An allocation beyond the limit ends a process of this language like that.
            How::Signal(SIGABRT) => {
                Message::new("analysis.broken-memory").number("mib", number(costs.memory_bytes >> 20))
            }
            How::Signal(SIGSYS) => Message::new("analysis.broken-forbidden"),
            How::Signal(number) => Message::new("analysis.broken-signal").number("signal", number),
        })
    }
}

/// The signals of a process that gave up, and of one that made a call that it may not make; the same on all Linux.
const SIGABRT: i32 = 6;
const SIGSYS: i32 = 31;

/// Why a file was not opened; none of these is the fault of the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the program `{PROGRAM}` is not there")]
    Absent,
    #[error("cannot start `{}`", path.display())]
    Start { path: PathBuf, source: io::Error },
    #[error("the process that opens files does not answer")]
    Line(#[source] io::Error),
    #[error("the process that opens files does not begin: {}", _0.code)]
    Refused(Message),
    #[error("the process that opens files told something else than it may")]
    Words(#[source] serde_json::Error),
}

impl Error {
    /// What a person is told.
    pub fn message(&self) -> Message {
        match self {
            Error::Absent => Message::new("analysis.opener-absent").with("program", PROGRAM),
            Error::Start { path, source } => {
                Message::new("analysis.opener-start").with("path", path.display()).reason("cause", source)
            }
            Error::Line(source) => Message::new("analysis.opener-line").reason("cause", source),
            Error::Refused(why) => why.clone(),
            Error::Words(source) => Message::new("analysis.opener-words").with("cause", source),
        }
    }
}

/// Where the program is: where `REDOUBT_OPEN` says, beside this program, or in the folder above as tests have it.
pub fn program() -> Option<PathBuf> {
    if let Some(said) = std::env::var_os("REDOUBT_OPEN") {
        return Some(PathBuf::from(said)).filter(|path| path.is_file());
    }
    let this = std::env::current_exe().ok()?;
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    this.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// How such a process is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// Compiled rules.
    pub rules: Option<PathBuf>,
    /// The model of types.
    pub model: Option<PathBuf>,
}

impl Setup {
    /// Without rules, and with the model that is there.
    pub fn found() -> Setup {
        Setup { rules: None, model: crate::guesser::type_model() }
    }
}

impl Opener {
    pub fn start(program: &Path, setup: &Setup) -> Result<Opener, Error> {
        let failed = |source| Error::Start { path: program.to_owned(), source };
        let (line, other) = UnixStream::pair().map_err(failed)?;
        let mut command = Command::new(program);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.arg("serve");
        if let Some(rules) = &setup.rules {
            command.arg("--rules").arg(rules);
        }
        if let Some(model) = &setup.model {
            command.arg("--model").arg(model);
        }
        command
            // What is in the environment of a server is nothing that a file needs.
            .env_clear()
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::from(OwnedFd::from(other)))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let child = command.spawn().map_err(failed)?;
        // It holds the other end of the line, and nobody would notice that the process is gone.
        drop(command);
        let mut opener = Opener { child, line, sound: true };
        // It is ready when its rules are: whoever waits for it does so here, and not with the first file.
        opener.line.set_read_timeout(Some(PATIENCE)).map_err(Error::Line)?;
        let mut ready = [0];
        opener.line.read_exact(&mut ready).map_err(Error::Line)?;
        if ready == *READY {
            return Ok(opener);
        }
        let why = opener.framed(REQUEST_BYTES_MAX, Instant::now() + PATIENCE).map_err(Error::Line)?;
        Err(Error::Refused(serde_json::from_slice(&why).map_err(Error::Words)?))
    }

    /// Whether it can be asked again.
    pub fn is_sound(&self) -> bool {
        self.sound
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has a file opened from where it stands.
    pub fn open(&mut self, request: &Request, file: &File) -> Result<(Ended, Option<Report>), Error> {
        self.sound = false;
        self.ask(request, file).map_err(Error::Line)?;
        let until = Duration::from_secs(request.costs.seconds) + GRACE + PATIENCE;
        let (ended, report) = self.told(until)?;
        self.sound = true;
        let report = match ended.how {
            How::Done => Some(serde_json::from_slice(&report).map_err(Error::Words)?),
            _ => None,
        };
        Ok((ended, report))
    }

    fn ask(&mut self, request: &Request, file: &File) -> io::Result<()> {
        let text = serde_json::to_vec(request)?;
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
        let files = [file.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        beside.push(SendAncillaryMessage::ScmRights(&files));
        // The file goes with the first bytes: four of them always fit.
        let sent = sendmsg(&self.line, &[IoSlice::new(&length)], &mut beside, SendFlags::NOSIGNAL)?;
        self.line.write_all(length.get(sent..).unwrap_or_default())?;
        self.line.write_all(&text)
    }

    fn told(&mut self, within: Duration) -> Result<(Ended, Vec<u8>), Error> {
        let until = Instant::now() + within;
        let head = self.framed(REQUEST_BYTES_MAX, until).map_err(Error::Line)?;
        let ended: Ended = serde_json::from_slice(&head).map_err(Error::Words)?;
        if ended.report_bytes > REPORT_BYTES_MAX {
            return Err(Error::Line(io::Error::from(io::ErrorKind::FileTooLarge)));
        }
        let report = self.bytes(ended.report_bytes, until).map_err(Error::Line)?;
        Ok((ended, report))
    }

    fn framed(&mut self, most: usize, until: Instant) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        length.copy_from_slice(&self.bytes(4, until)?);
        let length = u32::from_le_bytes(length) as usize;
        if length > most {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes(length, until)
    }

    fn bytes(&mut self, count: usize, until: Instant) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let mut filled = 0;
        while filled < count {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.line.set_read_timeout(Some(left))?;
            let read = match self.line.read(bytes.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::Error::from(io::ErrorKind::TimedOut));
                }
                Err(error) => return Err(error),
            };
            filled += read;
        }
        Ok(bytes)
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        // A copy that opens a file ends when this one does.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
