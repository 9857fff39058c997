//! The record of who did what: each row carries the hash of the one before, so that a change to any row shows.

use crate::assets::Page;
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, from_json, json, sha256_hex, sure_time};
use crate::{Error, Result, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::any::AnyRow;

const PAGE_MAX: i64 = 1000;

/// When a change is made and, where it is to be recorded, by whom.
#[derive(Debug, Clone)]
pub struct Act {
    pub now: Timestamp,
    pub audit: Option<AuditEntry>,
}

impl Act {
    /// A change that leaves no record: progress, sessions, the import's own chunks.
    pub fn at(now: Timestamp) -> Self {
        Act { now, audit: None }
    }

    /// Records the change in the same transaction.
    #[must_use]
    pub fn recorded(mut self, actor: &str, action: &str, object: &str, params: Value) -> Self {
        self.audit =
            Some(AuditEntry { actor: actor.to_owned(), action: action.to_owned(), object: object.to_owned(), params });
        self
    }

    pub(crate) fn micros(&self) -> i64 {
        self.now.as_microsecond()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// User name, `token:<name>`, or `system`.
    pub actor: String,
    /// `user.create`, `plan.move`, `import.finish`…
    pub action: String,
    /// `user:alice`, `plan:…`, `host:…`
    pub object: String,
    pub params: Value,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    pub seq: i64,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub params: Value,
    pub previous: String,
    pub hash: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    pub actor: Option<String>,
    /// `user` selects `user.create` and `user.change`; `user.create` only itself.
    pub action: Option<String>,
    pub object: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// The outcome of walking the whole chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    pub records: i64,
    /// The first link that does not hold.
    pub broken: Option<AuditBreak>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AuditBreak {
    /// The row's content is not what was hashed.
    Changed { seq: i64 },
    /// A row is missing, or a row was put in.
    Gap { seq: i64 },
    /// Rows are missing at the end.
    CutOff { seq: i64 },
}

impl Store {
    /// Commits a change together with its record.
    pub(crate) async fn commit(&self, mut tx: Tx, act: &Act) -> Result<()> {
        if let Some(entry) = &act.audit {
            append(&mut tx, entry, act.now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Records something that changes nothing in the store: a login, a download.
    pub async fn record(&self, entry: &AuditEntry, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        append(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }

    /// Newest first.
    pub async fn audit(&self, filter: &AuditFilter, cursor: Option<&str>, limit: u32) -> Result<Page<AuditRecord>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let before = cursor.map(|text| text.parse::<i64>().map_err(|_| Error::Cursor)).transpose()?;
        let mut count = Sql::new("SELECT COUNT(*) AS n FROM audit WHERE 1 = 1");
        restrict(&mut count, filter);
        let mut rows = Sql::new("SELECT * FROM audit WHERE 1 = 1");
        restrict(&mut rows, filter);
        if let Some(before) = before {
            rows.push(" AND seq < ").value(before);
        }
        rows.push(" ORDER BY seq DESC LIMIT ").value(limit + 1);
        let total = count.one(self.db.reader()).await?.int("n")?;
        let mut rows: Vec<AuditRecord> = rows.all(self.db.reader()).await?.iter().map(record).collect::<Result<_>>()?;
        let more = rows.len() as i64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = if more { rows.last().map(|row| row.seq.to_string()) } else { None };
        Ok(Page { rows, next, total })
    }

    /// Walks the chain from its first row.
    pub async fn verify_audit(&self) -> Result<AuditReport> {
        let mut tx = self.db.snapshot().await?;
        let (mut seq, mut previous) = (0, String::new());
        loop {
            let rows = sql!("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT 1000", seq).all(&mut *tx).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let found = row.int("seq")?;
                if found != seq + 1 || row.text("previous")? != previous {
                    return Ok(AuditReport { records: seq, broken: Some(AuditBreak::Gap { seq: seq + 1 }) });
                }
                if link_of(row)? != row.text("hash")? {
                    return Ok(AuditReport { records: seq, broken: Some(AuditBreak::Changed { seq: found }) });
                }
                (seq, previous) = (found, row.text("hash")?);
            }
        }
        let head = Sql::new("SELECT seq, hash FROM audit_head WHERE id = 1").optional(&mut *tx).await?;
        let whole = match head {
            Some(head) => head.int("seq")? == seq && head.text("hash")? == previous,
            None => false,
        };
        let broken = (!whole).then_some(AuditBreak::CutOff { seq: seq + 1 });
        Ok(AuditReport { records: seq, broken })
    }
}

fn restrict(sql: &mut Sql, filter: &AuditFilter) {
    if let Some(actor) = &filter.actor {
        sql.push(" AND actor = ").value(actor.as_str());
    }
    if let Some(action) = &filter.action {
        sql.push(" AND (action = ").value(action.as_str());
        // `.` and `/` are neighbours, so the range holds exactly the actions below this one.
        sql.push(" OR (action >= ").value(format!("{action}.")).push(" AND action < ").value(format!("{action}/"));
        sql.push("))");
    }
    if let Some(object) = &filter.object {
        sql.push(" AND object = ").value(object.as_str());
    }
    if let Some(since) = filter.since {
        sql.push(" AND at >= ").value(since.as_microsecond());
    }
    if let Some(until) = filter.until {
        sql.push(" AND at < ").value(until.as_microsecond());
    }
}

/// Appends at the end of the chain. The update of the head row is what keeps two appends apart: the second waits for
/// the first to commit and then reads the hash it left.
pub(crate) async fn append(tx: &mut Tx, entry: &AuditEntry, now: Timestamp) -> Result<()> {
    let head = Sql::new("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash").one(&mut **tx).await?;
    let (seq, previous, at) = (head.int("seq")?, head.text("hash")?, now.as_microsecond());
    let (actor, action, object) = (clean(&entry.actor), clean(&entry.action), clean(&entry.object));
    let params = json("audit parameters", &entry.params)?;
    let hash = link(seq, at, [&actor, &action, &object, &params], &previous)?;
    sql!(
        "INSERT INTO audit (seq, at, actor, action, object, params, previous, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        seq,
        at,
        actor,
        action,
        object,
        params,
        previous,
        hash.as_str()
    )
    .run(&mut **tx)
    .await?;
    sql!("UPDATE audit_head SET hash = $1 WHERE id = 1", hash).run(&mut **tx).await?;
    Ok(())
}

/// SHA-256 over the JSON array of all fields: unambiguous, and the same on both databases.
fn link(seq: i64, at: i64, fields: [&str; 4], previous: &str) -> Result<String> {
    Ok(sha256_hex(json("audit row", &(seq, at, fields, previous))?.as_bytes()))
}

fn link_of(row: &AnyRow) -> Result<String> {
    let (actor, action, object, params) =
        (row.text("actor")?, row.text("action")?, row.text("object")?, row.text("params")?);
    link(row.int("seq")?, row.int("at")?, [&actor, &action, &object, &params], &row.text("previous")?)
}

fn record(row: &AnyRow) -> Result<AuditRecord> {
    let seq = row.int("seq")?;
    Ok(AuditRecord {
        seq,
        at: sure_time(row.int("at")?),
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        params: from_json("audit parameters", seq, &row.text("params")?)?,
        previous: row.text("previous")?,
        hash: row.text("hash")?,
    })
}
