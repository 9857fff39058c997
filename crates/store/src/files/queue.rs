//! Files that wait to be analysed: leased, and taken back with what came of it.

use super::Files;
use super::lists::restand;
use super::rows::{FileRow, FileStage, FileState, file};
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::pack::{clean, word};
use crate::{Act, Result, bulk};
use jiff::{SignedDuration, Timestamp};

/// Parts and pivots that are searched by, of one file.
const PARTS_MAX: usize = 5_001;
const PIVOTS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 400;

/// A file that somebody may analyse until the lease runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLease {
    pub sha256: String,
    pub size: u64,
    pub name: String,
    pub lease: String,
    /// Which time this is.
    pub attempt: i64,
}

/// Who takes files, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct LeaseOf<'a> {
    pub worker: &'a str,
    /// What he does with them: only files that wait for that are his.
    pub stage: FileStage,
    /// A text that nobody can guess; what is leased at once has it together.
    pub lease: &'a str,
    pub lasts: SignedDuration,
    pub now: Timestamp,
}

/// What came of analysing a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileResult {
    pub verdict: String,
    pub score: u32,
    pub kind: String,
    pub group: String,
    pub mime: String,
    pub report: String,
    pub versions: String,
    pub took_ms: u64,
    pub tlsh: String,
    /// The file itself is the first.
    pub parts: Vec<PartRow>,
    pub pivots: Vec<(String, String)>,
}

/// A part of a file that has bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    pub number: usize,
    pub sha256: String,
    pub path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueCounts {
    pub waiting: u64,
    pub leased: u64,
    pub done: u64,
    pub set_aside: u64,
    /// Since when the oldest one waits.
    pub oldest: Option<Timestamp>,
}

impl Files<'_> {
    /// Takes up to `most` files that wait. No two workers get the same one; whoever does not come back within the lease
    /// loses it.
    pub async fn lease(&self, of: LeaseOf<'_>, most: u32) -> Result<Vec<FileLease>> {
        let pick = sql!(
            "SELECT id FROM files WHERE state = 'waiting' AND stage = $1 ORDER BY priority DESC, queued, id LIMIT $2",
            word(&of.stage),
            i64::from(most.clamp(1, 100))
        );
        // A look first: with an empty queue nothing is written.
        let picked = pick.all(self.db().reader()).await?;
        if picked.is_empty() {
            return Ok(Vec::new());
        }
        let ids = picked.iter().map(|row| row.int("id")).collect::<Result<Vec<_>>>()?;
        let mut tx = self.db().begin().await?;
        let mut take = sql!(
            "UPDATE files SET state = 'leased', lease = $1, worker = $2, lease_until = $3, attempts = attempts + 1 \
             WHERE state = 'waiting' AND stage = $4 AND id IN ",
            clean(of.lease),
            clean(of.worker),
            until(of.now, of.lasts),
            word(&of.stage)
        );
        take.list(ids).push(" RETURNING sha256, size, name, attempts");
        let rows = take.all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter()
            .map(|row| {
                Ok(FileLease {
                    sha256: row.text("sha256")?,
                    size: row.int("size")?.unsigned_abs(),
                    name: row.text("name")?,
                    lease: of.lease.to_owned(),
                    attempt: row.int("attempts")?,
                })
            })
            .collect()
    }

    /// Says that whoever has a file still works on it. False when it is somebody else's by now.
    pub async fn extend_lease(&self, sha256: &str, of: LeaseOf<'_>) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let changed = sql!(
            "UPDATE files SET lease_until = $1 WHERE sha256 = $2 AND lease = $3 AND state = 'leased'",
            until(of.now, of.lasts),
            clean(sha256),
            clean(of.lease)
        )
        .run(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Whether a file is leased by this lease.
    pub async fn is_leased(&self, sha256: &str, lease: &str) -> Result<bool> {
        let row = sql!(
            "SELECT COUNT(*) AS n FROM files WHERE sha256 = $1 AND lease = $2 AND state = 'leased'",
            clean(sha256),
            clean(lease)
        )
        .one(self.db().reader())
        .await?;
        Ok(row.int("n")? > 0)
    }

    /// Takes what came of a file, once, from whoever has it. False when it is somebody else's by now, whose result counts.
    pub async fn finish(&self, sha256: &str, lease: &str, result: &FileResult, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let taken = take(&mut tx, sha256, "done", Some(lease), result, act).await?;
        if taken {
            restand(&mut tx, &[clean(sha256)]).await?;
        }
        self.store.commit(tx, act).await?;
        Ok(taken)
    }

    /// Ends a file that nobody could analyse.
    pub async fn set_aside(&self, sha256: &str, result: &FileResult, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        take(&mut tx, sha256, "set-aside", None, result, act).await?;
        restand(&mut tx, &[clean(sha256)]).await?;
        self.store.commit(tx, act).await
    }

    /// Gives files back that were not analysed, as whoever had them goes down: that was no attempt.
    pub async fn give_back(&self, lease: &str) -> Result<u64> {
        // What nobody has, has no lease: that is not somebody's to give back.
        if lease.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db().begin().await?;
        let changed = sql!(
            "UPDATE files SET state = 'waiting', lease = '', worker = '', lease_until = 0, \
             attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END WHERE lease = $1 AND state = 'leased'",
            clean(lease)
        )
        .run(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Puts back what nobody came back with. What took down its worker so many times is given instead.
    pub async fn requeue_expired(&self, attempts_max: i64, now: Timestamp) -> Result<Vec<FileRow>> {
        let mut tx = self.db().begin().await?;
        sql!(
            "UPDATE files SET state = 'waiting', lease = '', worker = '', lease_until = 0 \
             WHERE state = 'leased' AND lease_until < $1 AND attempts < $2",
            now.as_microsecond(),
            attempts_max
        )
        .run(&mut *tx)
        .await?;
        let rows = sql!(
            "SELECT f.*, '' AS list FROM files f WHERE state = 'leased' AND lease_until < $1",
            now.as_microsecond()
        )
        .all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(file).collect()
    }

    /// Has files analysed again; gives how many.
    pub async fn analyse_again(&self, sha256: &[String], priority: i64, act: &Act) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let mut sql = sql!(
            "UPDATE files SET state = 'waiting', stage = 'static', attempts = 0, queued = $1, priority = $2 \
             WHERE state IN ('done', 'set-aside') AND kept = 1 AND sha256 IN ",
            act.micros(),
            priority
        );
        sql.list(sha256.iter().map(|digest| clean(digest)));
        let changed = sql.run(&mut *tx).await?;
        self.store.commit(tx, act).await?;
        Ok(changed)
    }

    /// Has everything analysed again that was analysed with other versions; gives how many.
    pub async fn analyse_outdated(&self, versions: &str, act: &Act) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let changed = sql!(
            "UPDATE files SET state = 'waiting', stage = 'static', attempts = 0, queued = $1, priority = 0 \
             WHERE state IN ('done', 'set-aside') AND kept = 1 AND versions <> $2",
            act.micros(),
            clean(versions)
        )
        .run(&mut *tx)
        .await?;
        self.store.commit(tx, act).await?;
        Ok(changed)
    }

    pub async fn queue(&self) -> Result<QueueCounts> {
        let rows = Sql::new("SELECT state, COUNT(*) AS n FROM files GROUP BY state").all(self.db().reader()).await?;
        let oldest = Sql::new("SELECT COALESCE(MIN(queued), 0) AS at FROM files WHERE state = 'waiting'");
        let mut counts = QueueCounts {
            oldest: crate::pack::time(oldest.one(self.db().reader()).await?.int("at")?),
            ..QueueCounts::default()
        };
        for row in rows {
            let n = row.int("n")?.unsigned_abs();
            match crate::pack::from_word(&row.text("state")?) {
                Some(FileState::Waiting) => counts.waiting = n,
                Some(FileState::Leased) => counts.leased = n,
                Some(FileState::Done) => counts.done = n,
                Some(FileState::SetAside) => counts.set_aside = n,
                None => {}
            }
        }
        Ok(counts)
    }
}

async fn take(
    tx: &mut Tx,
    sha256: &str,
    state: &str,
    lease: Option<&str>,
    result: &FileResult,
    act: &Act,
) -> Result<bool> {
    let sha256 = clean(sha256);
    let mut sql = sql!(
        "UPDATE files SET state = $1, lease = '', worker = '', lease_until = 0, priority = 0, analysed = $2, \
         verdict = $3, standing = $3, overruled = '', score = $4, kind = $5, kind_group = $6, mime = $7, report = $8, \
         parts = $9, versions = $10, took_ms = $11, tlsh = $12, lake_batch = 0, lake_by = '' WHERE state = 'leased' AND sha256 = $13",
        state,
        act.micros(),
        clean(&result.verdict),
        i64::from(result.score),
        clean(&result.kind),
        clean(&result.group),
        clean(&result.mime),
        clean(&result.report),
        i64::try_from(result.parts.len().saturating_sub(1)).unwrap_or(i64::MAX),
        clean(&result.versions),
        i64::try_from(result.took_ms).unwrap_or(i64::MAX),
        clean(&result.tlsh),
        sha256.as_str()
    );
    if let Some(lease) = lease {
        sql.push(" AND lease = ").value(clean(lease));
    }
    if sql.run(&mut **tx).await? == 0 {
        return Ok(false);
    }
    // What is in the lake tells of the analysis before.
    sql!("UPDATE file_sightings SET lake_batch = 0, lake_by = '' WHERE sha256 = $1", sha256.as_str())
        .run(&mut **tx)
        .await?;
    sql!("DELETE FROM file_parts WHERE root = $1", sha256.as_str()).run(&mut **tx).await?;
    sql!("DELETE FROM file_pivots WHERE sha256 = $1", sha256.as_str()).run(&mut **tx).await?;
    let parts = result.parts.iter().take(PARTS_MAX).map(|part| {
        vec![
            Value::from(sha256.as_str()),
            Value::from(i64::try_from(part.number).unwrap_or(i64::MAX)),
            Value::from(clean(&part.sha256)),
            Value::from(shortened(&part.path)),
        ]
    });
    bulk::insert(tx, "file_parts", &["root", "number", "part", "path"], parts.collect(), "").await?;
    let pivots = result.pivots.iter().take(PIVOTS_MAX).map(|(kind, value)| {
        vec![Value::from(sha256.as_str()), Value::from(clean(kind)), Value::from(shortened(value))]
    });
    bulk::insert(tx, "file_pivots", &["sha256", "kind", "value"], pivots.collect(), "ON CONFLICT DO NOTHING").await?;
    Ok(true)
}

fn shortened(text: &str) -> String {
    clean(text).chars().take(TEXT_CHARS_MAX).collect()
}

fn until(now: Timestamp, lease: SignedDuration) -> i64 {
    now.checked_add(lease).unwrap_or(Timestamp::MAX).as_microsecond()
}
