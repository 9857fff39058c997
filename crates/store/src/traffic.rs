//! What was seen on the wire: captures, session records, findings.
//!
//! Everything about them goes through [`Traffic`], so that rows can move to a columnar store without anybody noticing.

use crate::assets::{FacetCount, PAGE_MAX, Page};
use crate::bulk;
use crate::db::{Columns, Db, Sql, Tx, Value, sql};
use crate::pack::{clean, from_json, from_optional_json, from_word, json, optional_json, sure_time, time, word};
use crate::traffic_sql::{self, COLUMNS, TrafficFilter, newest};
use crate::{Act, Error, Result, Store};
use jiff::Timestamp;
use model::{Finding, FindingOutcome, Message, Port, SessionRecord, WeaponId};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

pub type CaptureId = i64;

/// Rows of a filtered list that are counted; a list with more says "at least".
const COUNTED_MAX: i64 = 20_000;
/// Rows that are looked at in one window, where no index knows the answer.
const WINDOW_ROWS: i64 = 50_000;
/// The newest rows of a filtered list that its shape is drawn from.
const SHAPE_ROWS_MAX: i64 = 10_000;
/// Values of one facet.
const FACET_VALUES_MAX: i64 = 12;
/// Bars of a histogram.
const BARS: i64 = 60;
/// Members of one group of findings that are shown.
const MEMBERS_MAX: i64 = 50;
const EXCHANGES_MAX: i64 = 500;

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

/// Addresses of one host that are looked for.
const ADDRESSES_MAX: usize = 64;
/// Conversations that are looked through for who talks to whom, newest first.
const TALKS_LOOKED_AT: i64 = 100_000;
const TALKS_MAX: i64 = 5000;

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

    /// Begins a capture. One that is known by its digest loses what it gave before: it is read again.
    pub async fn begin(&self, new: &NewCapture, act: &Act) -> Result<CaptureId> {
        let mut tx = self.db().begin().await?;
        let row = sql!(
            "INSERT INTO captures (digest, name, kind, owner, state, job, kept, added, bytes, frames, flows, evicted, \
             odd, dropped, sessions, findings, removed, first_seen, last_seen, ending, volume, shed, beat) \
             VALUES ($1, $2, $3, $4, 'reading', $5, 0, $6, $7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, $6) \
             ON CONFLICT (digest) DO UPDATE SET name = excluded.name, owner = excluded.owner, state = 'reading', \
             job = excluded.job, added = excluded.added, bytes = excluded.bytes, frames = 0, flows = 0, evicted = 0, \
             odd = 0, dropped = 0, sessions = 0, findings = 0, removed = 0, first_seen = 0, last_seen = 0, \
             ending = '', kept = 0, volume = 0, shed = 0, beat = excluded.beat RETURNING id",
            clean(&new.digest),
            clean(&new.name),
            clean(&new.kind),
            clean(&new.owner),
            new.job,
            act.micros(),
            i64::try_from(new.bytes).unwrap_or(i64::MAX)
        )
        .one(&mut *tx)
        .await?;
        let id = row.int("id")?;
        empty(&mut tx, id).await?;
        self.store.commit(tx, act).await?;
        Ok(id)
    }

    /// Adds what a capture gave.
    pub async fn put(&self, capture: CaptureId, records: &[SessionRecord]) -> Result<()> {
        let rows = records.iter().map(|record| traffic_sql::values(capture, record)).collect::<Result<Vec<_>>>()?;
        let mut tx = self.db().begin().await?;
        bulk::insert(&mut tx, "wire_sessions", &COLUMNS, rows, "").await?;
        Ok(tx.commit().await?)
    }

    /// Ends a capture: its findings and its figures are stored together.
    pub async fn finish(
        &self,
        capture: CaptureId,
        state: CaptureState,
        outcome: &Outcome,
        findings: &[Finding],
        act: &Act,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        for finding in findings {
            put_finding(&mut tx, capture, finding).await?;
        }
        let changed = figures(&mut tx, capture, Some(state), outcome, act).await?;
        if changed == 0 {
            return Err(Error::not_found("capture", capture));
        }
        self.store.commit(tx, act).await
    }

    /// Says how far reading is: findings that are new or grew, and the figures by now.
    pub async fn beat(&self, capture: CaptureId, outcome: &Outcome, findings: &[Finding], act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        for finding in findings {
            put_finding(&mut tx, capture, finding).await?;
        }
        if figures(&mut tx, capture, None, outcome, act).await? == 0 {
            return Err(Error::not_found("capture", capture));
        }
        self.store.commit(tx, act).await
    }

    /// Captures that somebody reads, or read until he died.
    pub async fn in_reading(&self) -> Result<Vec<Capture>> {
        let rows =
            Sql::new("SELECT * FROM captures WHERE state = 'reading' ORDER BY id").all(self.db().reader()).await?;
        rows.iter().map(capture).collect()
    }

    /// Whoever read a capture is gone: what it gave until then stays, and it says so. False when it was not being read
    /// any more.
    pub async fn break_off(&self, capture: CaptureId, ending: &Message, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let changed = sql!(
            "UPDATE captures SET state = 'broken-off', ending = $1, \
             sessions = (SELECT COUNT(*) FROM wire_sessions WHERE capture = $2), \
             findings = (SELECT COUNT(*) FROM wire_findings WHERE capture = $2) WHERE id = $2 AND state = 'reading'",
            json("ending", ending)?,
            capture
        )
        .run(&mut *tx)
        .await?;
        self.store.commit(tx, act).await?;
        Ok(changed > 0)
    }

    /// How large the file of a capture is that grew while it was captured.
    pub async fn grown(&self, capture: CaptureId, bytes: u64, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        sql!("UPDATE captures SET kept = 1, bytes = $1 WHERE id = $2", bytes, capture).run(&mut *tx).await?;
        self.store.commit(tx, act).await
    }

    /// Says whether the file of a capture lies in the data directory.
    pub async fn keep(&self, capture: CaptureId, kept: bool, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        sql!("UPDATE captures SET kept = $1 WHERE id = $2", i64::from(kept), capture).run(&mut *tx).await?;
        self.store.commit(tx, act).await
    }

    /// Removes the oldest rows beyond the quota; gives how many sessions went.
    pub async fn make_room(&self, quota: Quota) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let have = Sql::new("SELECT COUNT(*) AS n FROM wire_sessions").one(&mut *tx).await?.int("n")?;
        let over = have - i64::try_from(quota.sessions).unwrap_or(i64::MAX);
        let mut gone = 0;
        if over > 0 {
            let edge = sql!("SELECT started, id FROM wire_sessions ORDER BY started, id LIMIT 1 OFFSET $1", over - 1)
                .one(&mut *tx)
                .await?;
            let (started, id) = (edge.int("started")?, edge.int("id")?);
            sql!(
                "UPDATE captures SET removed = removed + (SELECT COUNT(*) FROM wire_sessions s \
                 WHERE s.capture = captures.id AND (s.started, s.id) <= ($1, $2))",
                started,
                id
            )
            .run(&mut *tx)
            .await?;
            gone = sql!("DELETE FROM wire_sessions WHERE (started, id) <= ($1, $2)", started, id).run(&mut *tx).await?;
        }
        let have = Sql::new("SELECT COUNT(*) AS n FROM wire_findings").one(&mut *tx).await?.int("n")?;
        let over = have - i64::try_from(quota.findings).unwrap_or(i64::MAX);
        if over > 0 {
            sql!(
                "DELETE FROM wire_findings WHERE id IN (SELECT id FROM wire_findings ORDER BY last_seen, id LIMIT $1)",
                over
            )
            .run(&mut *tx)
            .await?;
        }
        let have = Sql::new("SELECT COUNT(*) AS n FROM wire_notables").one(&mut *tx).await?.int("n")?;
        let over = have - i64::try_from(quota.findings).unwrap_or(i64::MAX);
        if over > 0 {
            sql!(
                "DELETE FROM wire_notables WHERE id IN (SELECT id FROM wire_notables ORDER BY last_seen, id LIMIT $1)",
                over
            )
            .run(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Forgets a capture with everything it gave. Its file is the caller's.
    pub async fn forget(&self, capture: CaptureId, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        empty(&mut tx, capture).await?;
        if sql!("DELETE FROM captures WHERE id = $1", capture).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("capture", capture));
        }
        self.store.commit(tx, act).await
    }

    pub async fn capture(&self, id: CaptureId) -> Result<Capture> {
        let row = sql!("SELECT * FROM captures WHERE id = $1", id).optional(self.db().reader()).await?;
        capture(&row.ok_or_else(|| Error::not_found("capture", id))?)
    }

    pub async fn capture_of(&self, digest: &str) -> Result<Option<Capture>> {
        let row = sql!("SELECT * FROM captures WHERE digest = $1", clean(digest)).optional(self.db().reader()).await?;
        row.as_ref().map(capture).transpose()
    }

    /// Newest first.
    pub async fn captures(&self, cursor: Option<&str>, limit: u32) -> Result<Page<Capture>> {
        let limit = i64::from(crate::assets::limit(limit));
        let (added, id) = cursor.map_or(Ok((i64::MAX, i64::MAX)), cut)?;
        let total = Sql::new("SELECT COUNT(*) AS n FROM captures").one(self.db().reader()).await?.int("n")?;
        let rows = sql!(
            "SELECT * FROM captures WHERE (added, id) < ($1, $2) ORDER BY added DESC, id DESC LIMIT $3",
            added,
            id,
            limit + 1
        )
        .all(self.db().reader())
        .await?;
        let rows = rows.iter().map(capture).collect::<Result<Vec<_>>>()?;
        Ok(paged(rows, limit, total, |last: &Capture| format!("{}.{}", last.added.as_microsecond(), last.id)))
    }

    /// Captures whose file is kept, the oldest first: in this order they make room.
    pub async fn kept_captures(&self) -> Result<Vec<Capture>> {
        let rows = Sql::new("SELECT * FROM captures WHERE kept = 1 ORDER BY added, id").all(self.db().reader()).await?;
        rows.iter().map(capture).collect()
    }

    /// Captures that a job began and did not end.
    pub async fn captures_of_job(&self, job: i64) -> Result<Vec<Capture>> {
        let rows = sql!("SELECT * FROM captures WHERE job = $1 ORDER BY id", job).all(self.db().reader()).await?;
        rows.iter().map(capture).collect()
    }

    /// A page of sessions, newest first. Counting stops at some number. What no index knows is searched for in windows:
    /// a page may have few rows, or none, and still a next one.
    pub async fn sessions(&self, filter: &TrafficFilter, cursor: Option<&str>, limit: u32) -> Result<SessionPage> {
        let limit = i64::from(if limit == 0 { 50 } else { limit.min(PAGE_MAX) });
        let before = cursor.map(cut).transpose()?;
        let columns = format!("id, {}", COLUMNS.join(", "));
        let edge = self.edge(filter, before, WINDOW_ROWS).await?;
        let page = newest(&columns, from_edge(filter.parts(), edge), before, limit + 1);
        let Some((started, id)) = edge else {
            // Behind the last window lies all that was searched before it: counting would read every row of it again.
            if filter.reads_rows() && before.is_some() {
                let rows = page.all(self.db().reader()).await?;
                let rows = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
                let Page { rows, next, .. } = paged(rows, limit, 0, session_key);
                let total = rows.len() as i64;
                return Ok(SessionPage { rows, next, total, total_is_least: true, searched_until: None });
            }
            let (rows, total) = tokio::try_join!(page.all(self.db().reader()), self.count(filter))?;
            let rows = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
            let Page { rows, next, total } = paged(rows, limit, total, session_key);
            let total_is_least = !filter.is_everything() && total >= COUNTED_MAX;
            return Ok(SessionPage { rows, next, total, total_is_least, searched_until: None });
        };
        let rows = page.all(self.db().reader()).await?;
        let rows = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
        let Page { rows, next, .. } = paged(rows, limit, 0, session_key);
        let searched_until = next.is_none().then(|| sure_time(started));
        let next = next.or_else(|| Some(format!("{started}.{id}")));
        let total = rows.len() as i64;
        Ok(SessionPage { rows, next, total, total_is_least: true, searched_until })
    }

    /// Where the window ends that is searched at once: at the row of so many that an index gives without reading them.
    /// None when the list ends before.
    async fn edge(&self, filter: &TrafficFilter, before: Option<(i64, i64)>, rows: i64) -> Result<Option<(i64, i64)>> {
        if !filter.reads_rows() {
            return Ok(None);
        }
        let mut edge = None;
        for part in filter.parts_by_index() {
            let mut sql = newest("started, id", vec![part], before, 1);
            sql.push(" OFFSET ").value(rows - 1);
            if let Some(row) = sql.optional(self.db().reader()).await? {
                // Of several parts the nearest end: what is beyond it may be missing from another part.
                edge = edge.max(Some((row.int("started")?, row.int("id")?)));
            }
        }
        Ok(edge)
    }

    async fn count(&self, filter: &TrafficFilter) -> Result<i64> {
        if filter.is_everything() {
            return Sql::new("SELECT COUNT(*) AS n FROM wire_sessions").one(self.db().reader()).await?.int("n");
        }
        let mut sum = 0;
        for part in filter.parts() {
            let mut sql = Sql { text: String::new(), values: part.values };
            sql.push("SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM wire_sessions WHERE ").push(&part.text);
            sql.push(" LIMIT ").value(COUNTED_MAX).push(") AS counted");
            sum += sql.one(self.db().reader()).await?.int("n")?;
        }
        Ok(sum.min(COUNTED_MAX))
    }

    pub async fn session(&self, id: i64) -> Result<StoredSession> {
        let row = sql!("SELECT * FROM wire_sessions WHERE id = $1", id).optional(self.db().reader()).await?;
        session(&row.ok_or_else(|| Error::not_found("session", id))?)
    }

    /// The conversation a row belongs to: its own row, if it is still there, and its exchanges in order, with whether
    /// there are more of them.
    pub async fn conversation(&self, of: &StoredSession) -> Result<(Option<StoredSession>, Vec<StoredSession>, bool)> {
        let community = clean(&of.record.community_id);
        let at = of.record.start.as_microsecond();
        // The same ends may meet again later: the one that was going on at the time is meant.
        let flow = sql!(
            "SELECT * FROM wire_sessions WHERE community = $1 AND capture = $2 AND exchange < 0 AND started <= $3 \
             ORDER BY started DESC, id LIMIT 1",
            community.as_str(),
            of.capture,
            at
        )
        .optional(self.db().reader())
        .await?;
        let flow = flow.as_ref().map(session).transpose()?;
        let from = flow.as_ref().map_or(i64::MIN, |flow| flow.record.start.as_microsecond());
        let next = sql!(
            "SELECT COALESCE(MIN(started), $1) AS until FROM wire_sessions \
             WHERE community = $2 AND capture = $3 AND exchange < 0 AND started > $4",
            i64::MAX,
            community.as_str(),
            of.capture,
            at
        );
        let until = next.one(self.db().reader()).await?.int("until")?;
        let rows = sql!(
            "SELECT * FROM wire_sessions WHERE community = $1 AND capture = $2 AND exchange >= 0 \
             AND started >= $3 AND started < $4 ORDER BY started, exchange, id LIMIT $5",
            community.as_str(),
            of.capture,
            from,
            until,
            EXCHANGES_MAX + 1
        )
        .all(self.db().reader())
        .await?;
        let mut exchanges = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
        let more = exchanges.len() as i64 > EXCHANGES_MAX;
        exchanges.truncate(usize::try_from(EXCHANGES_MAX).unwrap_or(usize::MAX));
        Ok((flow, exchanges, more))
    }

    /// Facets and histogram of a list, drawn from its newest rows.
    pub async fn shape(&self, filter: &TrafficFilter) -> Result<Shape> {
        let edge = self.edge(filter, None, SHAPE_ROWS_MAX).await?;
        let within = |columns: &str| newest(columns, from_edge(filter.parts(), edge), None, SHAPE_ROWS_MAX);
        let spread = within("started, id");
        let (protocols, hosts, weapons, (rows, bars, bar_us)) = tokio::try_join!(
            self.facet(within("protocol, started, id"), "protocol", &["protocol"]),
            self.facet(within("originator, responder, started, id"), "host", &["originator", "responder"]),
            self.weapons_within(within("community, capture, started, id")),
            self.bars(spread),
        )?;
        Ok(Shape { rows, protocols, hosts, weapons, bars, bar_us })
    }

    async fn facet(&self, rows: Sql, name: &'static str, columns: &[&'static str]) -> Result<Vec<FacetCount>> {
        let mut sql = Sql { text: format!("WITH newest AS ({}) ", rows.text), values: rows.values };
        let each: Vec<_> = columns.iter().map(|column| format!("SELECT {column} AS {name} FROM newest")).collect();
        sql.push(&format!("SELECT {name} AS value, COUNT(*) AS n FROM ({}) AS each_value ", each.join(" UNION ALL ")));
        sql.push(&format!("GROUP BY {name} ORDER BY n DESC, value LIMIT ")).value(FACET_VALUES_MAX);
        counts(&sql.all(self.db().reader()).await?)
    }

    async fn weapons_within(&self, rows: Sql) -> Result<Vec<FacetCount>> {
        let any = Sql::new("SELECT finding FROM wire_finding_flows LIMIT 1").optional(self.db().reader()).await?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        let mut sql = Sql { text: format!("WITH newest AS ({}) ", rows.text), values: rows.values };
        sql.push(
            "SELECT f.weapon AS value, COUNT(DISTINCT n.id) AS n FROM newest n JOIN wire_finding_flows f \
             ON f.community = n.community AND f.capture = n.capture GROUP BY f.weapon ORDER BY n DESC, value LIMIT ",
        );
        sql.value(FACET_VALUES_MAX);
        counts(&sql.all(self.db().reader()).await?)
    }

    async fn bars(&self, rows: Sql) -> Result<(u64, Vec<(Timestamp, u64)>, i64)> {
        let mut ends = Sql { text: format!("WITH newest AS ({}) ", rows.text), values: rows.values.clone() };
        ends.push(
            "SELECT COUNT(*) AS n, COALESCE(MIN(started), 0) AS low, COALESCE(MAX(started), 0) AS high FROM newest",
        );
        let ends = ends.one(self.db().reader()).await?;
        let (count, low, high) = (ends.int("n")?, ends.int("low")?, ends.int("high")?);
        if count == 0 {
            return Ok((0, Vec::new(), 0));
        }
        let width = bar_width(high.saturating_sub(low));
        let base = low - low.rem_euclid(width);
        let mut sql = Sql { text: format!("WITH newest AS ({}) ", rows.text), values: rows.values };
        // Numbers of our own: as literals they let both databases group by the expression.
        sql.push(&format!(
            "SELECT (started - ({base})) / {width} AS bar, COUNT(*) AS n FROM newest \
             GROUP BY (started - ({base})) / {width} ORDER BY bar"
        ));
        let rows = sql.all(self.db().reader()).await?;
        let bar = |row: &AnyRow| Ok((sure_time(base + row.int("bar")? * width), row.int("n")?.unsigned_abs()));
        Ok((count.unsigned_abs(), rows.iter().map(bar).collect::<Result<_>>()?, width))
    }

    /// Findings, grouped by weapon, outcome and originator; those seen last come first.
    pub async fn findings(
        &self,
        weapon: Option<&str>,
        capture: Option<CaptureId>,
        cursor: Option<&GroupKey>,
        limit: u32,
    ) -> Result<(Vec<FindingGroup>, Option<GroupKey>)> {
        let limit = i64::from(limit.clamp(1, 200));
        let mut sql = Sql::new(
            "SELECT weapon, outcome, originator, COUNT(DISTINCT responder) AS targets, CAST(SUM(times) AS BIGINT) AS n, \
             MIN(first_seen) AS low, MAX(last_seen) AS high FROM wire_findings WHERE 1 = 1",
        );
        restrict(&mut sql, weapon, capture);
        sql.push(" GROUP BY weapon, outcome, originator");
        if let Some(GroupKey(last, weapon, outcome, originator)) = cursor {
            sql.push(" HAVING (MAX(last_seen), weapon, outcome, originator) < (").value(*last).push(", ");
            sql.value(clean(weapon)).push(", ").value(clean(outcome)).push(", ").value(clean(originator)).push(")");
        }
        sql.push(" ORDER BY high DESC, weapon DESC, outcome DESC, originator DESC LIMIT ").value(limit + 1);
        let rows = sql.all(self.db().reader()).await?;
        let mut groups = Vec::new();
        let mut next = None;
        for row in &rows {
            if groups.len() as i64 == limit {
                break;
            }
            let (weapon, outcome, originator) = (row.text("weapon")?, row.text("outcome")?, row.text("originator")?);
            let members = self.members(&weapon, &outcome, &originator, capture).await?;
            next = Some(GroupKey(row.int("high")?, weapon.clone(), outcome.clone(), originator.clone()));
            groups.push(FindingGroup {
                weapon: WeaponId(weapon),
                outcome: from_word(&outcome).unwrap_or(FindingOutcome::Attempt),
                originator,
                targets: row.int("targets")?.unsigned_abs(),
                times: row.int("n")?.unsigned_abs(),
                first_seen: sure_time(row.int("low")?),
                last_seen: sure_time(row.int("high")?),
                members,
            });
        }
        let more = rows.len() as i64 > limit;
        Ok((groups, next.filter(|_| more)))
    }

    async fn members(
        &self,
        weapon: &str,
        outcome: &str,
        originator: &str,
        capture: Option<CaptureId>,
    ) -> Result<Vec<StoredFinding>> {
        let mut sql = sql!(
            "SELECT * FROM wire_findings WHERE weapon = $1 AND outcome = $2 AND originator = $3",
            weapon,
            outcome,
            originator
        );
        if let Some(capture) = capture {
            sql.push(" AND capture = ").value(capture);
        }
        sql.push(" ORDER BY last_seen DESC, id LIMIT ").value(MEMBERS_MAX);
        self.with_flows(sql).await
    }

    pub async fn finding(&self, id: i64) -> Result<StoredFinding> {
        let found = self.with_flows(sql!("SELECT * FROM wire_findings WHERE id = $1", id)).await?;
        found.into_iter().next().ok_or_else(|| Error::not_found("finding", id))
    }

    /// Findings that a conversation shows.
    /// Findings in which one of these addresses is at either end, newest first.
    pub async fn findings_on(&self, addresses: &[String], limit: u32) -> Result<Vec<StoredFinding>> {
        let addresses: Vec<_> = addresses.iter().take(ADDRESSES_MAX).map(|address| clean(address)).collect();
        let mut sql = Sql::new("SELECT * FROM wire_findings WHERE originator IN ");
        sql.list(addresses.iter().map(String::as_str)).push(" OR responder IN ");
        sql.list(addresses.iter().map(String::as_str)).push(" ORDER BY last_seen DESC, id LIMIT ");
        sql.value(i64::from(limit));
        self.with_flows(sql).await
    }

    /// Who was seen to be answered by whom at these ports, in the newest conversations.
    pub async fn talks(&self, ports: &BTreeSet<Port>) -> Result<Vec<Talk>> {
        let mut sql = Sql::new(
            "SELECT originator, responder, transport, responder_port FROM (SELECT originator, responder, transport, \
             responder_port, responder_packets FROM wire_sessions WHERE exchange < 0 ORDER BY started DESC, id DESC LIMIT ",
        );
        sql.value(TALKS_LOOKED_AT).push(") AS newest WHERE responder_packets > 0 AND responder_port IN ");
        sql.list(ports.iter().map(|port| i64::from(port.number)));
        sql.push(
            " GROUP BY originator, responder, transport, responder_port \
             ORDER BY originator, responder, transport, responder_port LIMIT ",
        )
        .value(TALKS_MAX);
        let rows = sql.all(self.db().reader()).await?;
        let talk = |row: &AnyRow| {
            let port = format!("{}/{}", row.text("transport")?, row.int("responder_port")?).parse().ok();
            let (originator, responder) = (row.text("originator")?, row.text("responder")?);
            Ok(port.map(|port| Talk { originator, responder, port }))
        };
        let talks = rows.iter().map(talk).collect::<Result<Vec<_>>>()?;
        Ok(talks.into_iter().flatten().filter(|talk| ports.contains(&talk.port)).collect())
    }

    pub async fn findings_in(&self, capture: CaptureId, community: &str) -> Result<Vec<StoredFinding>> {
        let sql = sql!(
            "SELECT * FROM wire_findings WHERE id IN (SELECT finding FROM wire_finding_flows WHERE community = $1 \
             AND capture = $2) ORDER BY last_seen DESC, id LIMIT $3",
            clean(community),
            capture,
            MEMBERS_MAX
        );
        self.with_flows(sql).await
    }

    /// Weapons that were seen in conversations, by capture and Community ID.
    pub async fn weapons_of(&self, rows: &[StoredSession]) -> Result<BTreeMap<(CaptureId, String), Vec<WeaponId>>> {
        let mut found: BTreeMap<(CaptureId, String), Vec<WeaponId>> = BTreeMap::new();
        for rows in rows.chunks(500) {
            let mut sql =
                Sql::new("SELECT DISTINCT capture, community, weapon FROM wire_finding_flows WHERE community IN ");
            sql.list(rows.iter().map(|row| clean(&row.record.community_id))).push(" ORDER BY weapon");
            for row in sql.all(self.db().reader()).await? {
                let key = (row.int("capture")?, row.text("community")?);
                found.entry(key).or_default().push(WeaponId(row.text("weapon")?));
            }
        }
        Ok(found)
    }

    async fn with_flows(&self, sql: Sql) -> Result<Vec<StoredFinding>> {
        let rows = sql.all(self.db().reader()).await?;
        let mut found = rows.iter().map(finding).collect::<Result<Vec<_>>>()?;
        let mut flows: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let mut sql = Sql::new("SELECT finding, community FROM wire_finding_flows WHERE finding IN ");
        sql.list(found.iter().map(|found| found.id)).push(" ORDER BY finding, community");
        for row in sql.all(self.db().reader()).await? {
            flows.entry(row.int("finding")?).or_default().push(row.text("community")?);
        }
        for found in &mut found {
            found.finding.community_ids = flows.remove(&found.id).unwrap_or_default();
        }
        Ok(found)
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

/// Only rows from the end of a window on.
fn from_edge(mut parts: Vec<Sql>, edge: Option<(i64, i64)>) -> Vec<Sql> {
    if let Some((started, id)) = edge {
        for part in &mut parts {
            part.push(" AND (started, id) >= (").value(started).push(", ").value(id).push(")");
        }
    }
    parts
}

fn session_key(last: &StoredSession) -> String {
    format!("{}.{}", last.record.start.as_microsecond(), last.id)
}

fn restrict(sql: &mut Sql, weapon: Option<&str>, capture: Option<CaptureId>) {
    if let Some(weapon) = weapon {
        sql.push(" AND weapon = ").value(clean(weapon));
    }
    if let Some(capture) = capture {
        sql.push(" AND capture = ").value(capture);
    }
}

/// Removes what a capture gave.
async fn empty(tx: &mut Tx, capture: CaptureId) -> Result<()> {
    sql!("DELETE FROM wire_sessions WHERE capture = $1", capture).run(&mut **tx).await?;
    sql!("DELETE FROM wire_findings WHERE capture = $1", capture).run(&mut **tx).await?;
    sql!("DELETE FROM wire_notables WHERE capture = $1", capture).run(&mut **tx).await?;
    Ok(())
}

/// Sets what is known of a capture by now; gives how many rows that were.
async fn figures(
    tx: &mut Tx,
    capture: CaptureId,
    state: Option<CaptureState>,
    outcome: &Outcome,
    act: &Act,
) -> Result<u64> {
    let number = |value: u64| Value::Int(i64::try_from(value).unwrap_or(i64::MAX));
    let seen = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_microsecond);
    let mut sql = Sql::new("UPDATE captures SET beat = ");
    sql.value(act.micros());
    let figures = [
        ("frames", number(outcome.frames)),
        ("volume", number(outcome.volume)),
        ("flows", number(outcome.flows)),
        ("evicted", number(outcome.evicted)),
        ("odd", number(outcome.odd)),
        ("dropped", number(outcome.dropped)),
        ("shed", number(outcome.shed)),
        ("sessions", number(outcome.sessions)),
        ("first_seen", seen(outcome.first_seen).into()),
        ("last_seen", seen(outcome.last_seen).into()),
        ("ending", optional_json("ending", outcome.ending.as_ref())?.into()),
    ];
    for (column, value) in figures {
        sql.push(&format!(", {column} = ")).value(value);
    }
    if let Some(state) = state {
        sql.push(", state = ").value(word(&state));
    }
    sql.push(", findings = (SELECT COUNT(*) FROM wire_findings WHERE capture = captures.id) WHERE id = ")
        .value(capture);
    // Of a beat that comes too late nothing is taken: somebody else reads the capture, or it is over.
    if state.is_none() {
        sql.push(" AND state = 'reading'");
    }
    sql.run(&mut **tx).await
}

/// A finding that is known of the capture grows; a new one is added.
async fn put_finding(tx: &mut Tx, capture: CaptureId, finding: &Finding) -> Result<()> {
    let known = sql!(
        "UPDATE wire_findings SET times = $1, last_seen = $2, frames = $3, \
         first_seen = CASE WHEN first_seen < $9 THEN first_seen ELSE $9 END \
         WHERE outcome = $4 AND capture = $5 AND sign = $6 AND originator = $7 AND responder = $8 RETURNING id",
        i64::try_from(finding.count).unwrap_or(i64::MAX),
        finding.last.as_microsecond(),
        json("frames", &finding.frames)?,
        word(&finding.outcome),
        capture,
        clean(&finding.sign),
        finding.originator.to_string(),
        finding.responder.to_string(),
        finding.first.as_microsecond()
    )
    .optional(&mut **tx)
    .await?;
    let row = match known {
        Some(row) => row,
        None => add_finding(tx, capture, finding).await?,
    };
    let id = row.int("id")?;
    let weapon = clean(finding.weapon.as_str());
    let flow = |community: &String| -> Vec<Value> {
        vec![id.into(), weapon.as_str().into(), capture.into(), clean(community).into()]
    };
    let rows = finding.community_ids.iter().map(flow).collect();
    let columns = ["finding", "weapon", "capture", "community"];
    bulk::insert(tx, "wire_finding_flows", &columns, rows, "ON CONFLICT (finding, community) DO NOTHING").await?;
    Ok(())
}

async fn add_finding(tx: &mut Tx, capture: CaptureId, finding: &Finding) -> Result<AnyRow> {
    sql!(
        "INSERT INTO wire_findings (capture, weapon, sign, outcome, confidence, originator, responder, times, \
         first_seen, last_seen, frames) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        capture,
        clean(finding.weapon.as_str()),
        clean(&finding.sign),
        word(&finding.outcome),
        word(&finding.confidence),
        finding.originator.to_string(),
        finding.responder.to_string(),
        i64::try_from(finding.count).unwrap_or(i64::MAX),
        finding.first.as_microsecond(),
        finding.last.as_microsecond(),
        json("frames", &finding.frames)?
    )
    .one(&mut **tx)
    .await
}

/// A width that people read clocks by, so that there are some [`BARS`] bars.
fn bar_width(span_us: i64) -> i64 {
    const SECOND: i64 = 1_000_000;
    const STEPS: [i64; 20] = [
        1_000,
        10_000,
        100_000,
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        30 * SECOND,
        60 * SECOND,
        120 * SECOND,
        300 * SECOND,
        600 * SECOND,
        1_800 * SECOND,
        3_600 * SECOND,
        10_800 * SECOND,
        21_600 * SECOND,
        43_200 * SECOND,
        86_400 * SECOND,
        604_800 * SECOND,
        2_592_000 * SECOND,
    ];
    let least = span_us / BARS + 1;
    STEPS.into_iter().find(|step| *step >= least).unwrap_or(least)
}

fn counts(rows: &[AnyRow]) -> Result<Vec<FacetCount>> {
    rows.iter().map(|row| Ok(FacetCount { value: row.text("value")?, hosts: row.int("n")? })).collect()
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

fn session(row: &AnyRow) -> Result<StoredSession> {
    Ok(StoredSession { id: row.int("id")?, capture: row.int("capture")?, record: traffic_sql::record(row)? })
}

fn finding(row: &AnyRow) -> Result<StoredFinding> {
    let id = row.int("id")?;
    let address = |name: &str| {
        let text = row.text(name)?;
        text.parse().map_err(|source: std::net::AddrParseError| Error::Damaged {
            what: "finding",
            id: id.to_string(),
            source: source.into(),
        })
    };
    let finding = Finding {
        weapon: WeaponId(row.text("weapon")?),
        sign: row.text("sign")?,
        outcome: from_word(&row.text("outcome")?).unwrap_or(FindingOutcome::Attempt),
        confidence: from_word(&row.text("confidence")?).unwrap_or(model::Confidence::Unverified),
        originator: address("originator")?,
        responder: address("responder")?,
        count: row.int("times")?.unsigned_abs(),
        first: sure_time(row.int("first_seen")?),
        last: sure_time(row.int("last_seen")?),
        community_ids: Vec::new(),
        frames: from_json("frames", id, &row.text("frames")?)?,
    };
    Ok(StoredFinding { id, capture: row.int("capture")?, finding })
}

fn capture(row: &AnyRow) -> Result<Capture> {
    let id = row.int("id")?;
    let number = |name: &str| row.int(name).map(i64::unsigned_abs);
    let outcome = Outcome {
        frames: number("frames")?,
        flows: number("flows")?,
        evicted: number("evicted")?,
        odd: number("odd")?,
        dropped: number("dropped")?,
        volume: number("volume")?,
        shed: number("shed")?,
        sessions: number("sessions")?,
        findings: number("findings")?,
        first_seen: time(row.int("first_seen")?),
        last_seen: time(row.int("last_seen")?),
        ending: from_optional_json("ending", id, &row.text("ending")?)?,
    };
    Ok(Capture {
        id,
        digest: row.text("digest")?,
        name: row.text("name")?,
        kind: row.text("kind")?,
        owner: row.text("owner")?,
        state: from_word(&row.text("state")?).unwrap_or(CaptureState::Failed),
        job: row.int("job")?,
        kept: row.flag("kept")?,
        added: sure_time(row.int("added")?),
        bytes: number("bytes")?,
        removed: number("removed")?,
        beat: time(row.int("beat")?),
        outcome,
    })
}
