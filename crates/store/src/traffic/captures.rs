//! Captures: begun, grown, finished, forgotten; which are kept, and which make room.

use super::findings::put_finding;
use super::{Capture, CaptureId, CaptureState, NewCapture, Outcome, Quota, Traffic, cut, paged};
use crate::assets::Page;
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::pack::{clean, from_optional_json, from_word, json, optional_json, sure_time, time, word};
use crate::traffic_sql::{self, COLUMNS};
use crate::{Act, Error, Result, bulk};
use jiff::Timestamp;
use model::{Finding, Message, SessionRecord};
use sqlx::any::AnyRow;

impl Traffic<'_> {
    /// Begins a capture. One that is known by its digest loses what it gave before: it is read again.
    pub async fn begin(&self, new: &NewCapture, act: &Act) -> Result<CaptureId> {
        let mut tx = self.db().begin().await?;
        let row = sql!(
            "INSERT INTO captures (digest, name, kind, owner, state, job, kept, added, bytes, frames, flows, evicted, \
             odd, dropped, sessions, findings, removed, first_seen, last_seen, ending, volume, shed, evidence_shed, beat) \
             VALUES ($1, $2, $3, $4, 'reading', $5, 0, $6, $7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, $6) \
             ON CONFLICT (digest) DO UPDATE SET name = excluded.name, owner = excluded.owner, state = 'reading', \
             job = excluded.job, added = excluded.added, bytes = excluded.bytes, frames = 0, flows = 0, evicted = 0, \
             odd = 0, dropped = 0, sessions = 0, findings = 0, removed = 0, first_seen = 0, last_seen = 0, \
             ending = '', kept = 0, volume = 0, shed = 0, evidence_shed = 0, beat = excluded.beat RETURNING id",
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
}

/// Removes what a capture gave.
pub(super) async fn empty(tx: &mut Tx, capture: CaptureId) -> Result<()> {
    sql!("DELETE FROM wire_sessions WHERE capture = $1", capture).run(&mut **tx).await?;
    sql!("DELETE FROM wire_findings WHERE capture = $1", capture).run(&mut **tx).await?;
    sql!("DELETE FROM wire_notables WHERE capture = $1", capture).run(&mut **tx).await?;
    Ok(())
}

/// Sets what is known of a capture by now; gives how many rows that were.
pub(super) async fn figures(
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
        ("evidence_shed", number(outcome.evidence_shed)),
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

pub(super) fn capture(row: &AnyRow) -> Result<Capture> {
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
        evidence_shed: number("evidence_shed")?,
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
