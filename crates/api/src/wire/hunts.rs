//! Looking back: hunts, and who met what.

use super::indicators::IndicatorsTaken;
use super::jobs::Job;
use super::network::NetworkEnd;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is to be looked for in everything that is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct NewHunt {
    /// What the person calls it.
    pub name: String,
    /// Indicators, one a line: a value, or `kind,value`.
    pub text: String,
    /// From this time on, and before that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct HuntFileQuery {
    /// What the person calls it; the name of the file when absent.
    pub name: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntAccepted {
    pub hunt: i64,
    pub job: Job,
    /// What came of the text.
    pub taken: IndicatorsTaken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HuntState {
    /// What it looks for is being taken in.
    Filling,
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntPage {
    pub rows: Vec<HuntRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
    /// Rows and time that can be looked through; absent where there is no lake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// What is kept to look back into.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Kept {
    pub tables: Vec<KeptTable>,
    pub files: u64,
    pub rows: u64,
    /// Bytes of files and of their indexes.
    pub bytes: u64,
    /// Bytes of those that are held: they stay, and do not count against what may be kept.
    pub held_bytes: u64,
    /// Bytes that may be kept: then the oldest records make room. And days after which they go, if ever.
    pub bytes_max: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_max: Option<u32>,
    /// What came in a day, of the last seven, and after how many more such days the oldest records make room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_day: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<u64>,
    /// Rows that are in the log and in no file yet; they are found all the same.
    pub waiting_rows: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KeptTable {
    /// `session`, `finding`, `notable`.
    pub record: String,
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
    pub index_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntRow {
    pub id: i64,
    pub name: String,
    pub by: String,
    pub created: Timestamp,
    /// The list of indicators that started it. Such a hunt goes on: what comes in later is looked at as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    pub state: HuntState,
    /// The job that does it, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// How many indicators it looks for, and how many of them were met.
    pub wanted: u64,
    pub met: u64,
    /// Meetings, and hosts that met something.
    pub hits: u64,
    pub hosts: u64,
    /// Meetings that are not told one by one, because there were too many.
    pub left_out: u64,
    pub figures: HuntFigures,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
}

/// What was read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct HuntFigures {
    pub days: u64,
    pub of_days: u64,
    pub files: u64,
    /// Files that their index ruled out, that were read by it, and that were read whole: what costs less is chosen.
    pub ruled_out: u64,
    pub by_index: u64,
    pub whole: u64,
    pub pages: u64,
    pub of_pages: u64,
    pub rows: u64,
    pub bytes: u64,
    /// Files that could not be searched: what they hold is unknown. The first of them by name.
    pub unreadable: u64,
    pub unreadable_files: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct HuntHitQuery {
    pub kind: Option<String>,
    /// The indicator.
    pub value: Option<String>,
    pub host: Option<String>,
    /// Part of the indicator or of the host.
    pub q: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntHitPage {
    pub rows: Vec<HuntHitRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
}

/// A host that met an indicator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntHitRow {
    pub kind: String,
    pub value: String,
    pub host: NetworkEnd,
    /// With whom the first of the meetings was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<NetworkEnd>,
    /// The column of the record it stood in.
    pub place: String,
    pub record: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// The meetings of a hunt as a picture: when, of what, by whom.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntShape {
    /// Seconds that a bar stands for.
    pub step: i64,
    pub bars: Vec<HuntBar>,
    pub indicators: Vec<HuntTop>,
    pub hosts: Vec<HuntTop>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntBar {
    pub at: Timestamp,
    pub count: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HuntTop {
    /// The kind of an indicator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub name: String,
    /// The label of a host that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub count: u64,
    /// Hosts that met the indicator, or indicators that the host met.
    pub others: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}
