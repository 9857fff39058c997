//! Files: which were seen, what came of analysing them, what the house says of them; and how workers take them.

use analysis::Report;
use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use analysis::{Opened, Standing, Task};

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    Waiting,
    /// Somebody analyses it.
    Leased,
    Done,
    /// It took down whoever analysed it, again and again.
    SetAside,
}

/// What saw a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileSource {
    Upload,
    Wire,
    Folder,
    Endpoint,
}

/// What the house says of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileList {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileSort {
    #[default]
    LastSeen,
    Score,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FileQuery {
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
    pub sort: FileSort,
    /// What counts: `malicious`, `suspicious`, `unknown`, `clean`, `incomplete`; several with commas between.
    pub verdict: Option<String>,
    pub state: Option<String>,
    /// Groups of types: `executable`, `document`, and others; several with commas between.
    pub group: Option<String>,
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<String>,
    pub list: Option<FileList>,
    /// Seen on this host.
    pub host: Option<String>,
    pub source: Option<FileSource>,
    /// Part of a name, or a digest; the beginning of a SHA-256 from six digits on.
    pub q: Option<String>,
    /// Has this in common with others: `imphash:…`, `rich-hash:…`, `icon:…`, `certificate:…`, and others.
    pub has: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FilePage {
    pub rows: Vec<FileRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileRow {
    pub sha256: String,
    pub size: u64,
    /// The name it was seen under first.
    pub name: String,
    /// Whether its bytes are kept.
    pub kept: bool,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Hosts it was seen on.
    pub hosts: u64,
    pub state: FileState,
    /// Times that somebody began to analyse it since it waits.
    pub attempts: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Absent before the first analysis, as is what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysed: Option<Timestamp>,
    /// What counts: a list, else the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
    /// What the ledger says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    pub score: u32,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Parts inside it.
    pub parts: u64,
    /// Processor time of the analysis.
    pub took_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<FileList>,
}

/// All files from above, and how the analysis stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileOverview {
    pub files: u64,
    /// Bytes of the files that are kept.
    pub kept_bytes: u64,
    /// Files by what counts; `''` are those that were not analysed yet.
    pub verdicts: Vec<FileCount>,
    /// Files by group of types.
    pub groups: Vec<FileCount>,
    pub waiting: u64,
    pub leased: u64,
    pub set_aside: u64,
    /// Since when the one that waits longest does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// Who asked for files lately.
    pub workers: Vec<FileWorker>,
    /// Why files are not opened on the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Message>,
    /// What is refused beyond this, in bytes.
    pub upload_bytes_max: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileCount {
    pub value: String,
    pub files: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileWorker {
    pub name: String,
    pub last_seen: Timestamp,
    /// Files since the server began.
    pub finished: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileDetail {
    pub file: FileRow,
    /// Absent before the first analysis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<FileListed>,
    /// Parts inside it that are on a list.
    pub listed_parts: Vec<FileListedPart>,
    /// Parts whose hash a list of indicators knows for a bad one; 0 is the file itself.
    pub known_parts: Vec<FileKnownPart>,
    /// Publishers that are trusted, of those who signed it.
    pub trusted: Vec<FilePublisher>,
    /// The last ones first, at most 500.
    pub sightings: Vec<FileSighting>,
    /// Files that have this one inside, at most 500.
    pub within: Vec<FileWithin>,
    /// What it has in common with others exactly.
    pub pivots: Vec<FilePivot>,
    /// Files that are much alike, the nearest first.
    pub alike: Vec<FileAlike>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileListed {
    pub list: FileList,
    pub reason: String,
    pub owner: String,
    pub added: Timestamp,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileListedPart {
    pub part: usize,
    pub list: FileList,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileKnownPart {
    pub part: usize,
    /// The list that has it, as whoever put it in called it.
    pub source: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileSighting {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    pub source: FileSource,
    pub name: String,
    pub times: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileWithin {
    pub sha256: String,
    pub name: String,
    /// Where inside.
    pub path: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FilePivot {
    pub kind: String,
    pub value: String,
    /// Other files that have it.
    pub files: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileAlike {
    /// 0 is the same to this hash; beyond 100 files have nothing in common.
    pub distance: u32,
    pub sha256: String,
    pub name: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FileUploadQuery {
    /// The host on which the files were found.
    pub host: Option<String>,
}

/// What came of an upload, file by file.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FilesAccepted {
    pub files: Vec<FileAccepted>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileAccepted {
    pub name: String,
    pub sha256: String,
    pub size: u64,
    /// It was known; it is analysed again only when somebody asks for it.
    pub known: bool,
    pub state: FileState,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PutOnList {
    pub list: FileList,
    pub reason: String,
}

/// Publishers whose files are clean, unless they are on the deny-list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FilePublishers {
    /// By name.
    pub publishers: Vec<FilePublisher>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FilePublisher {
    /// Of the certificate that it signs with, 40 hexadecimal digits.
    pub sha1: String,
    /// As people call it.
    pub name: String,
    pub reason: String,
    pub owner: String,
    pub added: Timestamp,
    /// Files that it signed; absent where one file is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
}

/// Passwords that are tried on what is encrypted, in their order.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FilePasswords {
    pub passwords: Vec<String>,
    /// Those that are tried until somebody changes them.
    pub usual: Vec<String>,
    /// So many there may be.
    pub max: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChangeFilePasswords {
    pub passwords: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TrustPublisher {
    pub name: String,
    pub reason: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AskForFiles {
    /// What the worker calls itself.
    pub worker: String,
    /// How many files at most, 1 to 20.
    pub most: u32,
    /// How long to wait for one, 0 to 20 seconds.
    pub wait_seconds: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FilesToAnalyse {
    pub tasks: Vec<Task>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OfWorker {
    pub worker: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileResult {
    pub worker: String,
    pub opened: Opened,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LeaseStanding {
    pub standing: Standing,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AnalysedAgain {
    /// How many files wait for it.
    pub files: u64,
}

/// Rules of YARA that files are matched with.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileRules {
    /// The digest of the set in use; empty when there is none.
    pub digest: String,
    pub rules: u64,
    pub sources: Vec<FileRuleSource>,
    /// What is wrong in them, and where; all other rules are used.
    pub refused: Vec<FileRuleRefused>,
    pub left_out: Vec<FileRuleLeftOut>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileRuleSource {
    pub name: String,
    pub bytes: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileRuleRefused {
    pub file: String,
    pub line: u64,
    pub why: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileRuleLeftOut {
    pub rule: String,
    pub needs: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileRuleTexts {
    pub digest: String,
    /// By the name of their file.
    pub texts: std::collections::BTreeMap<String, String>,
}
