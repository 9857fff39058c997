//! Network traffic: captures, conversations with their exchanges, weapons at work.

use super::{Facet, jobs::Job};
use jiff::Timestamp;
use model::{Confidence, Finding, FindingOutcome, HostId, Message, SessionRecord, WeaponId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What was seen so far.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NetworkCounts {
    pub captures: u64,
    pub frames: u64,
    /// Conversations.
    pub flows: u64,
    /// Frames that are not as they should be.
    pub odd: u64,
    /// Frames the kernel had no room for while capturing live.
    pub dropped: u64,
    /// Session records that are kept.
    pub sessions: u64,
    /// Session records that made room for newer ones.
    pub removed: u64,
    pub findings: u64,
    /// Different weapons seen, and those of them that had success.
    pub weapons: u64,
    pub weapons_successful: u64,
    /// Behaviours beyond a threshold, and indicators that were met between two hosts.
    pub behaviours: u64,
    pub indicators: u64,
    /// Bytes of capture files that are kept for evidence, and how many may be.
    pub kept_bytes: u64,
    pub kept_bytes_max: u64,
}

/// Rows of the session list that are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    #[default]
    All,
    Conversation,
    Exchange,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct SessionQuery {
    #[param(inline)]
    pub kind: Option<SessionKind>,
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// Not included.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
    /// An address at either end.
    pub host: Option<String>,
    pub originator: Option<String>,
    pub responder: Option<String>,
    /// A port at either end.
    pub port: Option<u16>,
    pub transport: Option<String>,
    /// `unknown` for what was not identified.
    pub protocol: Option<String>,
    pub account: Option<String>,
    /// Words of the object: a domain, a path, an operation's interface.
    pub object: Option<String>,
    pub operation: Option<String>,
    pub result: Option<String>,
    /// Of a file that was carried.
    pub sha256: Option<String>,
    pub community: Option<String>,
    pub capture: Option<i64>,
    /// Conversations that show this weapon at work.
    pub weapon: Option<String>,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
    /// Also give facets and a histogram of the list.
    pub facets: bool,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionPage {
    pub rows: Vec<SessionRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
    /// There are more than `total`: counting stopped.
    pub total_is_least: bool,
    /// What was asked for is in no index, and rows from before this time were not looked at yet: `next` goes on there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<SessionShape>,
}

/// A list of sessions seen from above.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionShape {
    /// How many of the newest rows it is drawn from.
    pub rows: u64,
    /// `protocol`, `host`, `weapon`.
    pub facets: BTreeMap<String, Vec<Facet>>,
    pub bars: Vec<TimeBar>,
    /// Microseconds of one bar.
    pub bar_us: i64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TimeBar {
    pub at: Timestamp,
    pub count: u64,
}

/// One row of the session list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionRow {
    pub id: i64,
    pub capture: i64,
    pub record: SessionRecord,
    /// Weapons its conversation shows at work.
    pub weapons: Vec<WeaponId>,
}

/// An address, and the host of the asset table that has it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NetworkEnd {
    pub address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

/// A conversation with what was said in it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    /// The row that was asked for.
    pub asked: i64,
    /// Absent when its own row made room already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<SessionRow>,
    /// In order; the first 500.
    pub exchanges: Vec<SessionRow>,
    pub more: bool,
    pub originator: NetworkEnd,
    pub responder: NetworkEnd,
    pub findings: Vec<FindingRow>,
    /// Indicators that were met in it.
    pub notables: Vec<super::behaviour::NotableRow>,
    pub capture: CaptureRow,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FindingQuery {
    pub weapon: Option<String>,
    pub capture: Option<i64>,
    pub cursor: Option<String>,
    /// Groups in a page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FindingPage {
    pub groups: Vec<FindingGroup>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One weapon, used with one outcome by one host.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FindingGroup {
    pub weapon: WeaponId,
    pub outcome: FindingOutcome,
    pub originator: NetworkEnd,
    /// Hosts it was used against.
    pub targets: u64,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// The newest 50, one for each target, sign and capture.
    pub findings: Vec<FindingRow>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FindingRow {
    pub id: i64,
    pub capture: i64,
    pub finding: Finding,
    pub confidence: Confidence,
    pub responder: NetworkEnd,
    /// The capture's file is kept, so the frames can be had.
    pub evidence: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureState {
    Reading,
    Done,
    Failed,
    Cancelled,
    /// Whoever read it is gone; what it gave until then is there.
    BrokenOff,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CaptureRow {
    pub id: i64,
    pub name: String,
    /// Captured live, not read from a file.
    pub live: bool,
    /// Everything that a collector delivers: it never ends, and its sessions are in the lake alone.
    pub collector: bool,
    pub by: String,
    pub state: CaptureState,
    pub added: Timestamp,
    /// SHA-256 of the file.
    pub digest: String,
    pub bytes: u64,
    pub frames: u64,
    /// Bytes of the frames on the wire.
    pub volume: u64,
    pub flows: u64,
    pub sessions: u64,
    pub removed: u64,
    pub findings: u64,
    pub odd: u64,
    /// Conversations that were given up to make room.
    pub evicted: u64,
    pub dropped: u64,
    /// Findings that did not fit.
    pub shed: u64,
    /// Frames of evidence that were not written: the disk was too slow.
    pub evidence_shed: u64,
    /// When its reader was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Timestamp>,
    /// Its file is kept and nobody reads it: it can be read again.
    pub resumable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Where it broke off and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Message>,
    /// Its file is kept for evidence.
    pub kept: bool,
    /// The job that reads it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CapturePage {
    pub rows: Vec<CaptureRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
}
