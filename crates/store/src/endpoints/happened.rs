//! What endpoints tell, each batch once.

use super::{Endpoints, number};
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, json, word};
use crate::{Act, Result};
use policy::telling::{Alarm, Ran, Restored, Stopped, Told, What};
use policy::{EndpointId, Outcome};
use serde::Serialize;

/// A file is counted as often as this in one telling: what a machine says of itself stays a number.
const TOLD_TIMES_MAX: u64 = 1 << 32;
/// Endpoints that are asked whether they vouch for a file.
const VOUCHERS_MAX: i64 = 10_000;
/// Microseconds in a second, as times are kept.
const SECOND: i64 = 1_000_000;

/// One batch of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct ToldBatch<'a> {
    /// The endpoint and its spool, which numbers its batches without gaps.
    pub source: &'a str,
    pub endpoint: &'a EndpointId,
    pub sequence: i64,
    pub told: &'a [Told],
}

/// A file that ran on an endpoint; times are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    pub endpoint: EndpointId,
    pub ran: Ran,
    pub first: u64,
    pub last: u64,
    pub times: u64,
}

impl Endpoints<'_> {
    /// Up to which batch of a source everything is kept.
    pub async fn reached(&self, source: &str) -> Result<Option<i64>> {
        let row = sql!("SELECT reached FROM endpoint_sources WHERE source = $1", clean(source));
        row.optional(self.db().reader()).await?.map(|row| row.int("reached")).transpose()
    }

    /// Keeps a batch, once however often it is sent; false when it was kept before.
    pub async fn put_told(&self, batch: ToldBatch<'_>, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        if !reach(&mut tx, batch.source, batch.sequence).await? {
            return Ok(false);
        }
        for told in batch.told {
            let at = i64::try_from(told.at).unwrap_or(i64::MAX / SECOND).min(i64::MAX / SECOND) * SECOND;
            match &told.what {
                What::Ran(ran) => put_ran(&mut tx, batch.endpoint, at, ran).await?,
                What::Stopped(stopped) => put_stopped(&mut tx, batch.endpoint, at, stopped).await?,
                What::Restored(restored) => put_restored(&mut tx, batch.endpoint, at, restored).await?,
                What::Alarm(alarm) => put_alarm(&mut tx, batch.endpoint, at, alarm).await?,
                What::Checked(checked) => super::checks::put(&mut tx, batch.endpoint, at, checked).await?,
                What::Memory(found) => super::memory::put(&mut tx, batch.endpoint, at, found).await?,
                // What is missing now stands in the report, and what else happened in the lake.
                What::Gap { .. } | What::Happened(_) => {}
            }
        }
        self.store.commit(tx, act).await?;
        Ok(true)
    }

    /// Says that batches of a source up to one are kept elsewhere, or lost.
    pub async fn pass(&self, source: &str, sequence: i64, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let new = reach(&mut tx, source, sequence).await?;
        self.store.commit(tx, act).await?;
        Ok(new)
    }
}

/// Moves the mark of a source; false when it is there or beyond.
async fn reach(tx: &mut Tx, source: &str, sequence: i64) -> Result<bool> {
    let moved = sql!(
        "INSERT INTO endpoint_sources (source, reached) VALUES ($1, $2) ON CONFLICT (source) DO UPDATE \
         SET reached = excluded.reached WHERE endpoint_sources.reached < excluded.reached",
        clean(source),
        sequence
    );
    Ok(moved.run(&mut **tx).await? > 0)
}

async fn put_ran(tx: &mut Tx, endpoint: &EndpointId, at: i64, ran: &Ran) -> Result<()> {
    let (endpoint, sha256, path) = (clean(&endpoint.0), digest(ran.sha256.as_ref()), clean(&ran.path));
    let (kind, outcome, times) = (word(&ran.kind), word(&ran.outcome), number(ran.count.clamp(1, TOLD_TIMES_MAX)));
    let told = clean(&json("execution", ran)?);
    let before = sql!(
        "SELECT outcome FROM endpoint_executions WHERE endpoint = $1 AND sha256 = $2 AND path = $3 AND kind = $4",
        endpoint.as_str(),
        sha256.as_str(),
        path.as_str(),
        kind.as_str()
    );
    let before = before.optional(&mut **tx).await?.map(|row| row.text("outcome")).transpose()?;
    sql!(
        "INSERT INTO endpoint_executions (endpoint, sha256, path, kind, outcome, first, last, times, essential, told) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9) ON CONFLICT (endpoint, sha256, path, kind) DO UPDATE SET \
         outcome = excluded.outcome, \
         last = CASE WHEN endpoint_executions.last < excluded.last THEN excluded.last ELSE endpoint_executions.last END, \
         times = endpoint_executions.times + excluded.times, told = excluded.told, \
         essential = CASE WHEN excluded.essential = 1 THEN 1 ELSE endpoint_executions.essential END",
        endpoint,
        sha256.as_str(),
        path.as_str(),
        kind.as_str(),
        outcome,
        at,
        times,
        i64::from(ran.essential),
        told.as_str()
    )
    .run(&mut **tx)
    .await?;
    // Only what became different is added, so that no endpoint is counted twice.
    let counts = |wanted: Outcome| {
        i64::from(ran.outcome == wanted) - i64::from(before.as_ref().is_some_and(|before| *before == word(&wanted)))
    };
    sql!(
        "INSERT INTO endpoint_files (sha256, path, kind, first, last, times, endpoints, would_block, blocked, told) \
         VALUES ($1, $2, $3, $4, $4, $5, 1, $6, $7, $8) ON CONFLICT (sha256, path, kind) DO UPDATE SET \
         first = CASE WHEN endpoint_files.first > excluded.first THEN excluded.first ELSE endpoint_files.first END, \
         last = CASE WHEN endpoint_files.last < excluded.last THEN excluded.last ELSE endpoint_files.last END, \
         times = endpoint_files.times + excluded.times, endpoints = endpoint_files.endpoints + $9, \
         would_block = endpoint_files.would_block + excluded.would_block, \
         blocked = endpoint_files.blocked + excluded.blocked, told = excluded.told",
        sha256,
        path,
        kind,
        at,
        times,
        counts(Outcome::WouldBlock),
        counts(Outcome::Blocked),
        told,
        i64::from(before.is_none())
    )
    .run(&mut **tx)
    .await?;
    Ok(())
}

async fn put_stopped(tx: &mut Tx, endpoint: &EndpointId, at: i64, stopped: &Stopped) -> Result<()> {
    let program = stopped.program.as_ref();
    sql!(
        "INSERT INTO endpoint_incidents (endpoint, incident, at, program, sha256, touched, restored, beside, failed, \
         stopped, undone) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, $7, '') \
         ON CONFLICT (endpoint, incident) DO UPDATE SET at = excluded.at, program = excluded.program, \
         sha256 = excluded.sha256, touched = excluded.touched, stopped = excluded.stopped",
        clean(&endpoint.0),
        clean(&stopped.incident),
        at,
        clean(program.map_or("", |program| &program.path)),
        digest(program.and_then(|program| program.sha256.as_ref())),
        number(stopped.touched),
        told(stopped)?
    )
    .run(&mut **tx)
    .await
    .map(|_| ())
}

/// Files may be put back in several goes: their numbers add up, and their names are those of the last.
async fn put_restored(tx: &mut Tx, endpoint: &EndpointId, at: i64, restored: &Restored) -> Result<()> {
    sql!(
        "INSERT INTO endpoint_incidents (endpoint, incident, at, program, sha256, touched, restored, beside, failed, \
         stopped, undone) VALUES ($1, $2, $3, '', '', 0, $4, $5, $6, '', $7) \
         ON CONFLICT (endpoint, incident) DO UPDATE SET restored = endpoint_incidents.restored + excluded.restored, \
         beside = endpoint_incidents.beside + excluded.beside, failed = endpoint_incidents.failed + excluded.failed, \
         undone = excluded.undone",
        clean(&endpoint.0),
        clean(&restored.incident),
        at,
        number(restored.restored),
        number(restored.beside),
        number(restored.failed),
        told(restored)?
    )
    .run(&mut **tx)
    .await
    .map(|_| ())
}

async fn put_alarm(tx: &mut Tx, endpoint: &EndpointId, at: i64, alarm: &Alarm) -> Result<()> {
    sql!(
        "INSERT INTO endpoint_alarms (endpoint, at, rule, level, told) VALUES ($1, $2, $3, $4, $5)",
        clean(&endpoint.0),
        at,
        clean(&alarm.rule),
        word(&alarm.level),
        told(alarm)?
    )
    .run(&mut **tx)
    .await
    .map(|_| ())
}

pub(super) fn told<T: Serialize>(told: &T) -> Result<String> {
    Ok(clean(&json("telling", told)?))
}

fn digest(sha256: Option<&model::Digest>) -> String {
    sha256.map(ToString::to_string).unwrap_or_default()
}

impl Endpoints<'_> {
    /// What ran since a time, the last first, for trying rules on it.
    pub async fn executions_since(&self, since: i64, most: i64) -> Result<Vec<PastRun>> {
        let rows = sql!(
            "SELECT endpoint, told, times, first, last, essential FROM endpoint_executions WHERE last >= $1 \
             ORDER BY last DESC LIMIT $2",
            since.saturating_mul(SECOND),
            most
        );
        let rows = rows.all(self.db().reader()).await?;
        let execution = |row: &sqlx::any::AnyRow| {
            let endpoint = row.text("endpoint")?;
            let mut ran: Ran = crate::pack::from_json("execution", &endpoint, &row.text("told")?)?;
            ran.essential |= row.flag("essential")?;
            let second = |name: &str| Ok::<_, crate::Error>((row.int(name)? / SECOND).unsigned_abs());
            let (first, last, times) = (second("first")?, second("last")?, row.int("times")?.unsigned_abs());
            Ok(PastRun { endpoint: EndpointId(endpoint), ran, first, last, times })
        };
        rows.iter().map(execution).collect()
    }

    /// Whether a package or a publisher vouches for a file on any endpoint, or a machine cannot do without it.
    pub async fn is_vouched_for(&self, sha256: &model::Digest) -> Result<bool> {
        let rows = sql!(
            "SELECT told, essential FROM endpoint_executions WHERE sha256 = $1 LIMIT $2",
            sha256.to_string(),
            VOUCHERS_MAX
        );
        for row in rows.all(self.db().reader()).await? {
            let ran: Ran = crate::pack::from_json("execution", sha256, &row.text("told")?)?;
            let vouched = matches!(ran.origin, policy::Origin::Package { .. } | policy::Origin::Publisher { .. });
            if vouched || row.flag("essential")? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forgets executions, alarms, drifts and what was in memory that were last seen before a time; gives how many.
    pub async fn forget_before(&self, micros: i64, act: &Act) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let mut gone = 0;
        for table in ["endpoint_executions", "endpoint_files"] {
            let mut sql = Sql::new("DELETE FROM ");
            sql.push(table).push(" WHERE last < ").value(micros);
            gone += sql.run(&mut *tx).await?;
        }
        for table in ["endpoint_alarms", "endpoint_drifts", "endpoint_memory"] {
            let mut sql = Sql::new("DELETE FROM ");
            sql.push(table).push(" WHERE at < ").value(micros);
            gone += sql.run(&mut *tx).await?;
        }
        self.store.commit(tx, act).await?;
        Ok(gone)
    }
}
