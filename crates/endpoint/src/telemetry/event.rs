//! What is told of a machine: one event each, with the class names of OCSF, the same in JSON and in code.

pub use super::shared::{Common, Text};
use serde::{Deserialize, Serialize};

/// The version of the shape of events. It moves when a field goes or changes its meaning, not when one comes.
pub const VERSION: u16 = 1;

/// Something that happened on this host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub version: u16,
    /// Counts up by one from 1 for as long as the agent runs: whoever misses one sees it.
    pub sequence: u64,
    /// Nanoseconds since 1970 by the clock of the host.
    pub time: u64,
    #[serde(flatten)]
    pub what: Class,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum Class {
    ProcessActivity(ProcessActivity),
    NetworkActivity(NetworkActivity),
    FileSystemActivity(FileSystemActivity),
    ModuleActivity(ModuleActivity),
    Authentication(Authentication),
    /// How well it is heard: no class of OCSF.
    TelemetryReport(Report),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessActivity {
    #[serde(flatten)]
    pub activity: ProcessDid,
    pub process: Process,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "activity", rename_all = "snake_case")]
pub enum ProcessDid {
    /// It was forked off its parent and still runs what that runs.
    Fork,
    /// It runs another program from here on.
    Launch,
    /// It ended: by itself with a code, or by a signal.
    Terminate { code: Option<i32>, signal: Option<i32> },
    /// Its user is another one from here on.
    SetUser { real: u32, effective: u32 },
    /// Another process attached to it and can change it.
    Inject { by: i32 },
}

/// A process, where it comes from, and what it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub pid: i32,
    /// Nanoseconds since 1970; with the number it tells a process from a later one. 0 where nobody saw it begin.
    pub began: u64,
    /// Those it comes from, its parent first; at most [`super::assembly::ANCESTORS_MAX`].
    pub ancestors: Vec<Ancestor>,
    pub details: Details,
}

impl Process {
    /// What it runs, if that is known.
    pub fn running(&self) -> Option<&Running> {
        match &self.details {
            Details::Known(running) => Some(running),
            Details::Gone => None,
        }
    }

    /// Its command line; empty where that is not known.
    pub fn line(&self) -> String {
        self.running().map(|running| running.arguments.join(" ")).unwrap_or_default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    pub pid: i32,
    pub began: u64,
    pub path: Text,
    /// Its command line, cut to [`super::assembly::LINE_BYTES_MAX`].
    pub line: Text,
}

/// What a process runs, as far as it could be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Details {
    Known(Shared),
    /// It was gone before one could look, or nobody heard of it before.
    Gone,
}

/// Details that many events have in common.
pub type Shared = Common<Running>;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The file it runs, as the kernel tells it; empty for a thread of the kernel.
    pub path: Text,
    pub arguments: Vec<String>,
    /// There were more than are kept.
    pub arguments_cut: bool,
    pub folder: String,
    pub user: User,
    /// The user who logged on, whoever it acts for by now; none where the kernel does not say.
    pub login: Option<u32>,
    pub session: Option<u32>,
    pub file: FileFacts,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub real: u32,
    pub effective: u32,
    pub group: u32,
    pub name: Option<String>,
}

/// What is known of the content of a file that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Digits of its SHA-256; none where it could not be read any more, or is too large.
    pub sha256: Option<Text>,
    pub publisher: Publisher,
}

/// Whose file it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Publisher {
    /// Of a package, and as that says.
    Package { name: Text },
    /// Of a package by its path, but another content.
    Altered { name: Text },
    /// Of no package.
    Nobody,
    /// It could not be read.
    #[default]
    Unread,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkActivity {
    pub activity: NetworkDid,
    pub connection: Connection,
    /// None when nobody has it open any more, or it was over before anyone looked.
    pub process: Option<Process>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkDid {
    Open,
    Listen,
    Close,
    /// It began and ended between two looks, and left only its trace with the kernel.
    Missed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Connection {
    pub protocol: Protocol,
    pub local: std::net::SocketAddr,
    pub remote: std::net::SocketAddr,
    pub user: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileSystemActivity {
    pub activity: FileDid,
    pub path: String,
    pub process: Option<Process>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileDid {
    /// Opened, for reading or writing; told of secrets only.
    Open,
    Create,
    /// Somebody who may have written into it closed it.
    Update,
    Delete,
    RenameFrom,
    RenameTo,
    SetAttributes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleActivity {
    pub activity: ModuleDid,
    pub name: String,
    pub bytes: u64,
    /// Letters by which the kernel says what is odd about it: `O` not of the kernel's source, `E` not signed.
    pub taints: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleDid {
    Load,
    Unload,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Authentication {
    pub activity: LogonDid,
    pub user: String,
    /// The line or terminal, as it was written.
    pub terminal: String,
    /// Where from, as it was written: a name or an address; empty for here.
    pub from: String,
    pub said_by: LogonSource,
    pub process: Option<Process>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogonDid {
    Logon,
    Failed,
    Logoff,
    Boot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogonSource {
    Wtmp,
    Btmp,
    /// A program that lets people in became another user.
    Process,
}

/// Whence events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Processes,
    Connections,
    Files,
    Modules,
    Logons,
}

impl Source {
    pub const ALL: [Source; 5] =
        [Source::Processes, Source::Connections, Source::Files, Source::Modules, Source::Logons];
}

/// How well the sources are heard, counted since the agent began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub sources: Vec<SourceReport>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    pub source: Source,
    pub state: SourceState,
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Nobody asked for it.
    #[default]
    Off,
    Hears,
    /// It cannot be heard here, and why.
    Deaf(model::Message),
}

/// `seen` is `kept` and `left_out` together; what is `lost` nobody saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub seen: u64,
    /// Became events.
    pub kept: u64,
    /// Are no events by design: threads, what is known already.
    pub left_out: u64,
    pub lost: u64,
    /// Something is lost that the source cannot count: an overflow without a number.
    pub gaps: u64,
    /// Events without details, since the process was gone.
    pub thin: u64,
}
