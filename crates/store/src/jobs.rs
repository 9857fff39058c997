//! Long work: queued, claimed under a lease, watched, cancelled, and taken up again where a dead process left it.

use crate::assets::Page;
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{from_json, from_optional_json, from_word, json, micros, optional_json, sure_time, time, word};
use crate::{Act, Error, Result, Store};
use jiff::{SignedDuration, Timestamp};
use model::Message;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::any::AnyRow;

/// Tries to win a queued job against other workers before the next poll.
const CLAIM_TRIES: u32 = 8;
const PAGE_MAX: i64 = 500;

pub type JobId = i64;

#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    pub kind: String,
    pub params: Value,
    pub owner: String,
    /// The server that has what it needs, such as files that were sent in; any when empty.
    pub home: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    pub kind: String,
    pub params: Value,
    pub owner: String,
    pub state: JobState,
    pub progress: Progress,
    /// Where the work stood when it was last saved; a resumed job starts here.
    pub checkpoint: Option<Value>,
    pub result: Option<Value>,
    pub error: Option<Message>,
    /// Somebody asked for it to stop; the worker sees it at its next heartbeat.
    pub cancel: bool,
    /// How many times a worker has claimed it.
    pub attempts: i64,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl JobState {
    pub fn is_over(self) -> bool {
        matches!(self, JobState::Done | JobState::Failed | JobState::Cancelled)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u64,
    /// 0 while the amount is not known.
    pub total: u64,
    pub phase: Option<Message>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum JobOutcome {
    Done(Value),
    Failed(Message),
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    pub seq: i64,
    pub at: Timestamp,
    pub message: Message,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFilter {
    pub kinds: Vec<String>,
    pub states: Vec<JobState>,
    pub owner: Option<String>,
}

/// Where the work of a job stands; written only while the job is this worker's.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    pub job: JobId,
    pub worker: String,
    pub state: Value,
}

impl Store {
    pub async fn queue_job(&self, job: &NewJob, act: &Act) -> Result<JobId> {
        let mut tx = self.db.begin().await?;
        let id = insert_job(&mut tx, job, act).await?;
        self.commit(tx, act).await?;
        Ok(id)
    }

    /// Takes the oldest queued job of one of these kinds that the server `home` can do. No two workers get the same one; a worker that does not
    /// beat within the lease loses it.
    pub async fn claim_job(
        &self,
        worker: &str,
        home: &str,
        kinds: &[&str],
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<Job>> {
        for _ in 0..CLAIM_TRIES {
            let mut pick = Sql::new("SELECT id FROM jobs WHERE state = 'queued' AND kind IN ");
            pick.list(kinds.iter().copied()).push(" AND home IN ").list(["", home]).push(" ORDER BY id LIMIT 1");
            let Some(row) = pick.optional(self.db.reader()).await? else { return Ok(None) };
            let mut tx = self.db.begin().await?;
            let claimed = sql!(
                "UPDATE jobs SET state = 'running', worker = $1, lease_until = $2, attempts = attempts + 1, \
                 started = CASE WHEN started = 0 THEN $3 ELSE started END \
                 WHERE id = $4 AND state = 'queued' RETURNING *",
                worker,
                until(now, lease),
                now.as_microsecond(),
                row.int("id")?
            )
            .optional(&mut *tx)
            .await?;
            tx.commit().await?;
            if let Some(row) = claimed {
                return job(&row).map(Some);
            }
        }
        Ok(None)
    }

    /// Says that the worker lives and how far it is; returns true when it should stop.
    pub async fn beat_job(
        &self,
        id: JobId,
        worker: &str,
        progress: &Progress,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let row = sql!(
            "UPDATE jobs SET done = $1, total = $2, phase = $3, lease_until = $4 \
             WHERE id = $5 AND worker = $6 AND state = 'running' RETURNING cancel",
            count(progress.done),
            count(progress.total),
            optional_json("job phase", progress.phase.as_ref())?,
            until(now, lease),
            id,
            worker
        )
        .optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.ok_or(Error::LeaseLost { job: id })?.flag("cancel")
    }

    /// Saves where the work stands, so that another process can go on from there.
    pub async fn checkpoint_job(&self, id: JobId, worker: &str, checkpoint: &Value) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let checkpoint = Checkpoint { job: id, worker: worker.to_owned(), state: checkpoint.clone() };
        write_checkpoint(&mut tx, &checkpoint).await?;
        Ok(tx.commit().await?)
    }

    pub async fn log_job(&self, id: JobId, lines: &[Message], now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        // Locks the job's row, so that two writers do not take the same number.
        let known = sql!("UPDATE jobs SET kind = kind WHERE id = $1", id).run(&mut *tx).await?;
        if known == 0 {
            return Err(Error::not_found("job", id));
        }
        let last = sql!("SELECT COALESCE(MAX(seq), 0) AS n FROM job_log WHERE job = $1", id).one(&mut *tx).await?;
        let mut seq = last.int("n")?;
        for line in lines {
            seq += 1;
            sql!(
                "INSERT INTO job_log (job, seq, at, message) VALUES ($1, $2, $3, $4)",
                id,
                seq,
                now.as_microsecond(),
                json("log line", line)?
            )
            .run(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    pub async fn finish_job(&self, id: JobId, worker: &str, outcome: &JobOutcome, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        finish(&mut tx, id, worker, outcome, act).await?;
        self.commit(tx, act).await
    }

    /// Cancels a queued job at once and asks a running one to stop; one that is over stays as it is.
    pub async fn cancel_job(&self, id: JobId, act: &Act) -> Result<JobState> {
        let mut tx = self.db.begin().await?;
        let row = sql!(
            "UPDATE jobs SET cancel = CASE WHEN state IN ('queued', 'running') THEN 1 ELSE cancel END, \
             finished = CASE WHEN state = 'queued' THEN $1 ELSE finished END, \
             state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END \
             WHERE id = $2 RETURNING state",
            act.micros(),
            id
        )
        .optional(&mut *tx)
        .await?
        .ok_or_else(|| Error::not_found("job", id))?;
        self.commit(tx, act).await?;
        Ok(from_word(&row.text("state")?).unwrap_or(JobState::Failed))
    }

    /// Ends for good a job that is over but kept open for an answer: the answer came, or nobody will give it.
    pub async fn settle_job(&self, id: JobId, state: JobState, result: &Value, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!(
            "UPDATE jobs SET state = $1, result = $2 WHERE id = $3 AND state = 'done'",
            word(&state),
            json("job result", result)?,
            id
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await
    }

    /// Puts running jobs whose worker has not beaten within its lease back into the queue.
    pub async fn requeue_expired_jobs(&self, now: Timestamp) -> Result<u64> {
        self.requeue(sql!("lease_until < $1", now.as_microsecond()), now).await
    }

    /// Puts every running job back into the queue: for the start of a program that is the only one on its database.
    pub async fn requeue_all_jobs(&self, now: Timestamp) -> Result<u64> {
        self.requeue(Sql::new("1 = 1"), now).await
    }

    /// A job that was asked to stop is not taken up again.
    async fn requeue(&self, which: Sql, now: Timestamp) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let mut sql = which;
        let condition = std::mem::take(&mut sql.text);
        sql.push(
            "UPDATE jobs SET state = CASE WHEN cancel = 1 THEN 'cancelled' ELSE 'queued' END, finished = CASE \
                  WHEN cancel = 1 THEN ",
        );
        sql.value(now.as_microsecond());
        sql.push(" ELSE 0 END, worker = '', lease_until = 0 WHERE state = 'running' AND ").push(&condition);
        let changed = sql.run(&mut *tx).await?;
        tx.commit().await?;
        Ok(changed)
    }

    pub async fn job(&self, id: JobId) -> Result<Job> {
        let row = sql!("SELECT * FROM jobs WHERE id = $1", id).optional(self.db.reader()).await?;
        job(&row.ok_or_else(|| Error::not_found("job", id))?)
    }

    /// Newest first.
    pub async fn jobs(&self, filter: &JobFilter, cursor: Option<&str>, limit: u32) -> Result<Page<Job>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let before = cursor.map(|text| text.parse::<i64>().map_err(|_| Error::Cursor)).transpose()?;
        let mut total = Sql::new("SELECT COUNT(*) AS n FROM jobs WHERE 1 = 1");
        restrict(&mut total, filter);
        let mut page = Sql::new("SELECT * FROM jobs WHERE 1 = 1");
        restrict(&mut page, filter);
        if let Some(before) = before {
            page.push(" AND id < ").value(before);
        }
        page.push(" ORDER BY id DESC LIMIT ").value(limit + 1);
        let total = total.one(self.db.reader()).await?.int("n")?;
        let mut rows: Vec<Job> = page.all(self.db.reader()).await?.iter().map(job).collect::<Result<_>>()?;
        let more = rows.len() as i64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = if more { rows.last().map(|job| job.id.to_string()) } else { None };
        Ok(Page { rows, next, total })
    }

    /// Lines after `after`, oldest first; 0 starts at the beginning.
    pub async fn job_log(&self, id: JobId, after: i64, limit: u32) -> Result<Vec<LogLine>> {
        let rows = sql!(
            "SELECT seq, at, message FROM job_log WHERE job = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            id,
            after,
            i64::from(limit).clamp(1, 10_000)
        )
        .all(self.db.reader())
        .await?;
        rows.iter()
            .map(|row| {
                let message = from_json("log line", id, &row.text("message")?)?;
                Ok(LogLine { seq: row.int("seq")?, at: sure_time(row.int("at")?), message })
            })
            .collect()
    }

    /// Forgets jobs that were over before a time, with their logs.
    pub async fn forget_jobs(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let gone = sql!(
            "DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND finished < $1",
            micros(Some(before))
        )
        .run(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone)
    }
}

pub(crate) async fn insert_job(tx: &mut Tx, job: &NewJob, act: &Act) -> Result<JobId> {
    let row = sql!(
        "INSERT INTO jobs (kind, owner, params, state, done, total, phase, checkpoint, result, error, cancel, \
         attempts, worker, lease_until, created, started, finished, home) \
         VALUES ($1, $2, $3, 'queued', 0, 0, '', '', '', '', 0, 0, '', 0, $4, 0, 0, $5) RETURNING id",
        job.kind.as_str(),
        job.owner.as_str(),
        json("job parameters", &job.params)?,
        act.micros(),
        job.home.as_str()
    )
    .one(&mut **tx)
    .await?;
    row.int("id")
}

pub(crate) async fn write_checkpoint(tx: &mut Tx, checkpoint: &Checkpoint) -> Result<()> {
    let changed = sql!(
        "UPDATE jobs SET checkpoint = $1 WHERE id = $2 AND worker = $3 AND state = 'running'",
        json("job checkpoint", &checkpoint.state)?,
        checkpoint.job,
        checkpoint.worker.as_str()
    )
    .run(&mut **tx)
    .await?;
    if changed == 0 { Err(Error::LeaseLost { job: checkpoint.job }) } else { Ok(()) }
}

pub(crate) async fn finish(tx: &mut Tx, id: JobId, worker: &str, outcome: &JobOutcome, act: &Act) -> Result<()> {
    let (state, result, error) = match outcome {
        JobOutcome::Done(result) => (JobState::Done, json("job result", result)?, String::new()),
        JobOutcome::Failed(message) => (JobState::Failed, String::new(), json("job error", message)?),
        JobOutcome::Cancelled => (JobState::Cancelled, String::new(), String::new()),
    };
    let changed = sql!(
        "UPDATE jobs SET state = $1, result = $2, error = $3, finished = $4, worker = '', lease_until = 0 \
         WHERE id = $5 AND worker = $6 AND state = 'running'",
        word(&state),
        result,
        error,
        act.micros(),
        id,
        worker
    )
    .run(&mut **tx)
    .await?;
    if changed == 0 { Err(Error::LeaseLost { job: id }) } else { Ok(()) }
}

fn restrict(sql: &mut Sql, filter: &JobFilter) {
    if !filter.kinds.is_empty() {
        sql.push(" AND kind IN ").list(filter.kinds.iter().map(String::as_str));
    }
    if !filter.states.is_empty() {
        sql.push(" AND state IN ").list(filter.states.iter().map(word));
    }
    if let Some(owner) = &filter.owner {
        sql.push(" AND owner = ").value(owner.as_str());
    }
}

fn until(now: Timestamp, lease: SignedDuration) -> i64 {
    now.checked_add(lease).unwrap_or(Timestamp::MAX).as_microsecond()
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn job(row: &AnyRow) -> Result<Job> {
    let id = row.int("id")?;
    Ok(Job {
        id,
        kind: row.text("kind")?,
        params: from_json("job parameters", id, &row.text("params")?)?,
        owner: row.text("owner")?,
        state: from_word(&row.text("state")?).unwrap_or(JobState::Failed),
        progress: Progress {
            done: u64::try_from(row.int("done")?).unwrap_or(0),
            total: u64::try_from(row.int("total")?).unwrap_or(0),
            phase: from_optional_json("job phase", id, &row.text("phase")?)?,
        },
        checkpoint: from_optional_json("job checkpoint", id, &row.text("checkpoint")?)?,
        result: from_optional_json("job result", id, &row.text("result")?)?,
        error: from_optional_json("job error", id, &row.text("error")?)?,
        cancel: row.flag("cancel")?,
        attempts: row.int("attempts")?,
        created: sure_time(row.int("created")?),
        started: time(row.int("started")?),
        finished: time(row.int("finished")?),
    })
}
