//! Long work: jobs with progress, log, cancel, resume.

use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    Queued,
    Running,
    /// Waits for a person, such as a column mapping.
    Waiting,
    Done,
    Failed,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    Import,
    KnowledgeImport,
    /// Judges every host again, because knowledge or the day changed.
    Reassess,
    Backup,
    Demo,
    /// Reads captures of network traffic.
    ReadCapture,
    /// Moves many plans on.
    MovePlans,
    /// Looks for indicators in everything that is kept.
    Hunt,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Job {
    pub id: String,
    pub kind: JobKind,
    pub state: JobState,
    pub title: Message,
    pub done: u64,
    /// 0 while it is not known.
    pub total: u64,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    pub by: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Message>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct JobDetail {
    pub job: Job,
    pub log: Vec<JobLine>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobLine {
    pub at: Timestamp,
    pub message: Message,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct JobList {
    pub jobs: Vec<Job>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What `GET /events` sends; the console asks again for what the notice names.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "a notice lives for a moment, and most of them are of jobs")]
pub enum Notice {
    /// A job was made, moved on or ended.
    Job {
        job: Job,
    },
    /// Hosts or their judgements changed.
    Hosts {
        changed: u64,
    },
    Plans {
        plan: String,
    },
    Knowledge,
    /// A capture was read or forgotten.
    Traffic {
        capture: i64,
    },
    /// A file was seen, or analysed, or put on a list.
    File {
        sha256: String,
    },
    /// A hunt was begun or removed, or knows more.
    Hunt {
        hunt: i64,
    },
    /// Something happened on an endpoint that somebody should see.
    Endpoint {
        endpoint: String,
    },
    /// Notices were lost because the listener was slow: ask again for everything.
    Lagged {
        missed: u64,
    },
}
