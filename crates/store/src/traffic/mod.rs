//! What was seen on the wire: captures, session records, findings.
//!
//! Everything about them goes through [`Traffic`], so that rows can move to a columnar store without anybody noticing.

mod captures;
mod findings;
mod sessions;

pub(crate) use findings::add_up;

use crate::assets::{FacetCount, Page};
use crate::db::{Columns, Db, Sql};
use crate::{Error, Result, Store};
use jiff::Timestamp;
use model::{Finding, FindingOutcome, Message, Port, SessionRecord, WeaponId};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

pub type CaptureId = i64;

/// Rows that are kept; the oldest make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub sessions: u64,
    pub findings: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Quota { sessions: 2_000_000, findings: 200_000 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCapture {
    /// SHA-256 of the file, or a name of its own for what was captured live.
    pub digest: String,
    pub name: String,
    /// `file` or `live`.
    pub kind: String,
    pub owner: String,
    pub job: i64,
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureState {
    Reading,
    Done,
    Failed,
    Cancelled,
    /// Whoever read it is gone without a word.
    BrokenOff,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    pub id: CaptureId,
    pub digest: String,
    pub name: String,
    pub kind: String,
    pub owner: String,
    pub state: CaptureState,
    pub job: i64,
    pub kept: bool,
    pub added: Timestamp,
    pub bytes: u64,
    pub removed: u64,
    /// When its reader was last heard of; absent before it said anything.
    pub beat: Option<Timestamp>,
    pub outcome: Outcome,
}

/// What reading a capture came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub frames: u64,
    /// Bytes of the frames on the wire.
    pub volume: u64,
    pub flows: u64,
    pub evicted: u64,
    pub odd: u64,
    /// Frames the kernel had no room for.
    pub dropped: u64,
    /// Findings that did not fit.
    pub shed: u64,
    /// Frames of evidence that were not written: the disk was too slow.
    pub evidence_shed: u64,
    pub sessions: u64,
    /// Counted by the store: what a reader says is not believed.
    pub findings: u64,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
    /// Why it is not whole.
    pub ending: Option<Message>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoredSession {
    pub id: i64,
    pub capture: CaptureId,
    pub record: SessionRecord,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoredFinding {
    pub id: i64,
    pub capture: CaptureId,
    pub finding: Finding,
}

/// One host was answered by another at a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Talk {
    pub originator: String,
    pub responder: String,
    pub port: Port,
}

/// Findings of one weapon with one outcome by one originator.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingGroup {
    pub weapon: WeaponId,
    pub outcome: FindingOutcome,
    pub originator: String,
    /// Hosts it was used against.
    pub targets: u64,
    pub times: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// The newest ones, one for each host, sign and capture.
    pub members: Vec<StoredFinding>,
}

/// Where a page of groups ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupKey(i64, String, String, String);

/// A list of sessions, seen from above.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Rows it is drawn from: the newest ones.
    pub rows: u64,
    pub protocols: Vec<FacetCount>,
    pub hosts: Vec<FacetCount>,
    pub weapons: Vec<FacetCount>,
    /// Beginning of each bar, and how many rows begin in it.
    pub bars: Vec<(Timestamp, u64)>,
    pub bar_us: i64,
}

/// A page of sessions, and how far was searched.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionPage {
    pub rows: Vec<StoredSession>,
    pub next: Option<String>,
    /// Those that were counted.
    pub total: i64,
    /// There may be more than `total`.
    pub total_is_least: bool,
    /// Rows from before this time were not looked at yet; the next page goes on there.
    pub searched_until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrafficCounts {
    pub captures: u64,
    pub frames: u64,
    pub flows: u64,
    pub odd: u64,
    pub dropped: u64,
    pub sessions: u64,
    pub removed: u64,
    pub findings: u64,
    pub weapons: u64,
    pub weapons_successful: u64,
    /// Bytes of the capture files that are kept.
    pub kept_bytes: u64,
}

/// The room for everything from the wire.
#[derive(Clone, Copy)]
pub struct Traffic<'a> {
    pub(crate) store: &'a Store,
}

impl Store {
    pub fn traffic(&self) -> Traffic<'_> {
        Traffic { store: self }
    }
}

impl Traffic<'_> {
    pub(crate) fn db(&self) -> &Db {
        &self.store.db
    }

    pub async fn counts(&self) -> Result<TrafficCounts> {
        let sums = Sql::new(
            "SELECT COUNT(*) AS captures, CAST(COALESCE(SUM(frames), 0) AS BIGINT) AS frames, \
             CAST(COALESCE(SUM(flows), 0) AS BIGINT) AS flows, CAST(COALESCE(SUM(odd), 0) AS BIGINT) AS odd, \
             CAST(COALESCE(SUM(dropped), 0) AS BIGINT) AS dropped, \
             CAST(COALESCE(SUM(removed), 0) AS BIGINT) AS removed, \
             CAST(COALESCE(SUM(CASE WHEN kept = 1 THEN bytes ELSE 0 END), 0) AS BIGINT) AS kept_bytes FROM captures",
        );
        let found = Sql::new(
            "SELECT COUNT(*) AS n, COUNT(DISTINCT weapon) AS weapons, \
             COUNT(DISTINCT CASE WHEN outcome = 'success' THEN weapon END) AS successful FROM wire_findings",
        );
        let sessions = Sql::new("SELECT COUNT(*) AS n FROM wire_sessions");
        let (sums, found, sessions) = tokio::try_join!(
            sums.one(self.db().reader()),
            found.one(self.db().reader()),
            sessions.one(self.db().reader())
        )?;
        let of = |row: &AnyRow, name: &str| row.int(name).map(i64::unsigned_abs);
        Ok(TrafficCounts {
            captures: of(&sums, "captures")?,
            frames: of(&sums, "frames")?,
            flows: of(&sums, "flows")?,
            odd: of(&sums, "odd")?,
            dropped: of(&sums, "dropped")?,
            removed: of(&sums, "removed")?,
            kept_bytes: of(&sums, "kept_bytes")?,
            sessions: of(&sessions, "n")?,
            findings: of(&found, "n")?,
            weapons: of(&found, "weapons")?,
            weapons_successful: of(&found, "successful")?,
        })
    }
}

/// `time.id` of the last row of a page.
pub(crate) fn cut(cursor: &str) -> Result<(i64, i64)> {
    let (time, id) = cursor.split_once('.').ok_or(Error::Cursor)?;
    Ok((time.parse().map_err(|_| Error::Cursor)?, id.parse().map_err(|_| Error::Cursor)?))
}

pub(crate) fn paged<T>(mut rows: Vec<T>, limit: i64, total: i64, key: impl Fn(&T) -> String) -> Page<T> {
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(key);
    Page { rows, next, total }
}
