//! What an endpoint and a server tell each other: how the endpoint is, what happened on it, and the kinds of what it is told.
//!
//! A report says how an endpoint is now, and takes the place of the one before it. What happened is delivered once and in
//! order, as lines of JSON, each one a [`Told`]. Everything here was made by a machine that may be an attacker's by now: a
//! server reads it with [`Report::read`] and [`read`], which keep to bounds and never take a name of a group from it.

mod checked;
mod happened;
mod memory;
mod read;
#[cfg(test)]
mod tests;

pub use checked::{Checked, Did, Step};
pub use happened::{Activity, Connection, Happened, Transport};
pub use memory::{InMemory, MemoryOrigin, MemoryReason};
pub use read::{BadTelling, LINE_BYTES_MAX, LINES_MAX, REPORT_BYTES_MAX, TEXT_BYTES_MAX, lines, read};

use crate::groups::Telemetry;
use crate::ids::GroupId;
use crate::{Digest, Kind, Mode, Origin, Outcome, Rung, Verdict};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The kind of a batch of what happened: lines of JSON.
pub const TOLD_KIND: &str = "endpoint-told/1";
/// The kind of a batch that is one inventory document, as `redoubt-agent inventory --json` tells it.
pub const INVENTORY_KIND: &str = "endpoint-inventory/1";

/// What a server tells: public keys that sign for it, as [`Keys`] in JSON. An endpoint takes them only while it has none, on
/// the connection whose authority it enrolled with; from then on keys change by signed orders.
pub const KEYS_GUIDE: &str = "keys";
/// Signed orders; see [`crate::orders`].
pub const ORDERS_GUIDE: &str = "orders";
/// A signed table of reputation.
pub const REPUTATION_GUIDE: &str = "reputation";
/// A signed release of the agent, for whoever says that he wants it.
pub const RELEASE_GUIDE: &str = "release";

/// The first keys of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub keys: BTreeSet<crate::orders::PublicKey>,
}

/// How an endpoint is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointReport))]
pub struct Report {
    /// Of the agent.
    pub version: String,
    /// The program that it is, by its content; none while that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Digest>,
    /// How far it is with another release; none when none is ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<Update>,
    /// What the machine calls itself, its system as people read it, and the release of its kernel.
    #[serde(default)]
    pub machine: String,
    #[serde(default)]
    pub system: String,
    #[serde(default)]
    pub kernel: String,
    /// Seconds since 1970: when the agent began, and its clock now.
    #[serde(default)]
    pub began: u64,
    #[serde(default)]
    pub now: u64,
    /// Versions of what it holds to; none while it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reputation: Option<u64>,
    /// The group that its orders are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// What it does now, with a broken glass taken into account.
    #[serde(default)]
    pub mode: Mode,
    /// Why the last orders, keys or table were not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Message>,
    /// What it does less than it should, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Message>,
    /// What it hears of the machine.
    #[serde(default)]
    pub telemetry: BTreeSet<Telemetry>,
    /// Told while it is to speak with nobody but its server, and for as long as it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolated>,
    #[serde(default)]
    pub counts: Counts,
}

/// How an endpoint keeps to itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointIsolated))]
pub struct Isolated {
    /// Version of the orders by which it began.
    #[serde(default)]
    pub id: u64,
    /// Nothing gets in or out but what its server needs: so the kernel said when it was asked last.
    pub holds: bool,
    /// Seconds since 1970: since when that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Why it is not as it was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
    /// How often somebody on the machine took it away or changed it, and it was put back.
    #[serde(default)]
    pub repaired: u64,
}

/// How far an agent is with the release that it is ordered to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointUpdate))]
pub struct Update {
    pub version: String,
    /// The kind of machine that it is for.
    #[serde(default)]
    pub target: String,
    pub state: UpdateState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointUpdateState))]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    /// It has to be told the bundle.
    Wanted,
    /// It has the program, and begins to try it.
    Fetched,
    /// The program is at work, and has to prove itself.
    Tried,
    Done,
    /// It went back to what ran before, and tries no more until orders change.
    Failed,
}

/// Since the agent began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointCounts))]
#[serde(default)]
pub struct Counts {
    /// Executions that were decided, kept from running, and not decided in time.
    pub decided: u64,
    pub blocked: u64,
    pub undecided: u64,
    /// Questions of the kernel that were lost, since there were too many.
    pub overflows: u64,
    /// Files that are protected.
    pub protected: u64,
    /// Bytes that are kept to undo, and that may be.
    pub undo_bytes: u64,
    pub undo_bytes_max: u64,
    /// Lines that wait to be delivered, and that were let go for want of room.
    pub waiting: u64,
    pub shed: u64,
}

/// Something that happened on an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Seconds since 1970, by the clock of the endpoint.
    pub at: u64,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum What {
    Ran(Box<Ran>),
    Stopped(Box<Stopped>),
    Restored(Box<Restored>),
    Alarm(Box<Alarm>),
    Checked(Box<Checked>),
    Memory(Box<InMemory>),
    Happened(Box<Happened>),
    /// For a while less was done or heard than should be.
    Gap {
        why: Message,
        seconds: u64,
    },
}

/// A file that ran, or would have. Told when it is met in an outcome for the first time, and again once a day while it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointRan))]
pub struct Ran {
    pub kind: Kind,
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    pub origin: Origin,
    /// What wrote the file and what started it, as paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    pub outcome: Outcome,
    pub verdict: Verdict,
    /// How often since it was told last, this time included.
    pub count: u64,
    /// The machine cannot do without it, by what the machine itself knows: its first process, its loader, its shell.
    #[serde(default)]
    pub essential: bool,
}

/// A lineage that was stopped for what it did to files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointStopped))]
pub struct Stopped {
    /// The same in everything that is told of it, and of no other one on this endpoint.
    pub incident: String,
    pub program: Option<Program>,
    /// Programs it comes from, the nearest first.
    #[serde(default)]
    pub ancestors: Vec<Program>,
    /// Processes that were ended.
    pub processes: u64,
    /// Files it was at.
    pub touched: u64,
    pub points: f64,
    pub reasons: Vec<Message>,
}

/// A program as it is told: its path, and the digest and origin of what runs there when they are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointProgram))]
pub struct Program {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_line: Option<String>,
}

/// What was undone of it. Lists may be cut short; the numbers are of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointRestored))]
pub struct Restored {
    pub incident: String,
    pub restored: u64,
    /// Put beside where it was, since something of somebody else stands there.
    pub beside: u64,
    pub evidence: u64,
    pub failed: u64,
    #[serde(default)]
    pub files: Vec<FileUndone>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileUndone {
    pub path: String,
    pub how: Undone,
    /// Why it could not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = UndoneHow))]
#[serde(rename_all = "snake_case")]
pub enum Undone {
    Restored,
    Beside,
    /// Made by the lineage, and kept apart.
    Evidence,
    Failed,
}

/// A rule of behaviour, or a sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointAlarm))]
pub struct Alarm {
    pub rule: String,
    pub message: Message,
    pub level: Level,
    /// As the rule has them: `attack.t1059.004`.
    #[serde(default)]
    pub tags: Vec<String>,
    pub program: Option<Program>,
    #[serde(default)]
    pub ancestors: Vec<Program>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AlarmLevel))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Informational,
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

impl Ran {
    /// Which rule decided.
    pub fn rung(&self) -> Rung {
        self.verdict.rung
    }
}
