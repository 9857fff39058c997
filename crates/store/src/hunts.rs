//! Looking back: hunts, what they look for, and who met it.
//!
//! Who met what is kept by the hour, as what the lake says of that hour: an hour that is looked at again is written anew,
//! so that a hunt may be taken up again, and rows that came late be looked at, without anything counting twice.

use crate::assets::Page;
use crate::bulk;
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::holds::is_held;
use crate::jobs::{Checkpoint, JobId, NewJob, insert_job, write_checkpoint};
use crate::pack::{clean, from_json, from_word, json, micros, sure_time, time, word};
use crate::traffic::paged;
use crate::{Act, Error, NewIndicator, Result, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

pub type HuntId = i64;

/// Rows of who met what that are kept of one hunt; what is more is counted.
pub const HITS_MAX: i64 = 500_000;
const PAGE_MAX: i64 = 500;
/// Hours that are told of one hunt: ten years.
const HOURS_MAX: i64 = 90_000;

#[derive(Debug, Clone, PartialEq)]
pub struct NewHunt {
    pub name: String,
    pub owner: String,
    /// The list of indicators that starts it.
    pub list: Option<i64>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hunt {
    pub id: HuntId,
    pub name: String,
    pub owner: String,
    pub created: Timestamp,
    pub list: Option<i64>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub job: JobId,
    pub state: HuntState,
    /// How many indicators.
    pub wanted: u64,
    /// Meetings, those that met, and of how many indicators.
    pub hits: u64,
    pub hosts: u64,
    pub met: u64,
    /// Meetings that are not told one by one because there were too many.
    pub left_out: u64,
    pub figures: Figures,
    pub finished: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

impl HuntState {
    pub fn is_over(self) -> bool {
        matches!(self, HuntState::Done | HuntState::Failed | HuntState::Cancelled)
    }
}

/// What a hunt has read so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    pub days: u64,
    pub of_days: u64,
    pub files: u64,
    /// Files that their index ruled out, that were read by it, and that were read whole.
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

/// Who met what within one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuntHit {
    pub kind: String,
    pub value: String,
    pub host: String,
    pub place: String,
    pub record: String,
    pub hour: Timestamp,
    pub peer: Option<String>,
    pub community: Option<String>,
    pub protocol: Option<String>,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// What is written anew: the hours from one time on and before another, of all indicators or of some.
#[derive(Debug, Clone, Copy)]
pub struct Anew<'a> {
    pub since: Timestamp,
    pub until: Timestamp,
    pub only: Option<&'a [NewIndicator]>,
}

/// Who met an indicator, over all hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuntGroup {
    pub kind: String,
    pub value: String,
    pub host: String,
    pub peer: String,
    pub place: String,
    pub record: String,
    pub community: String,
    pub protocol: String,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// All conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HuntFilter {
    pub kind: Option<String>,
    pub value: Option<String>,
    pub host: Option<String>,
    /// Part of the value or of the host.
    pub search: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// How often something was met: an indicator, a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuntTop {
    pub kind: String,
    pub name: String,
    pub count: u64,
    /// How many of the other side.
    pub others: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GroupEnd(i64, String, String, String);

impl Store {
    /// Begins a hunt; what it looks for follows, and then [`Store::queue_hunt`].
    pub async fn begin_hunt(&self, new: &NewHunt, act: &Act) -> Result<HuntId> {
        let mut tx = self.db.begin().await?;
        let row = sql!(
            "INSERT INTO hunts (name, owner, created, list, since, until, job, state, wanted, left_out, figures, finished) \
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, 0, '{}', 0) RETURNING id",
            clean(&new.name),
            clean(&new.owner),
            act.micros(),
            new.list.unwrap_or(0),
            micros(new.since),
            micros(new.until),
            word(&HuntState::Filling)
        )
        .one(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        row.int("id")
    }

    /// Adds what is looked for; gives how many of them are new.
    pub async fn add_hunt_wanted(&self, hunt: HuntId, part: &[NewIndicator]) -> Result<u64> {
        let row = |one: &NewIndicator| vec![hunt.into(), clean(&one.kind).into(), clean(&one.value).into()];
        let mut tx = self.db.begin().await?;
        let conflict = "ON CONFLICT (hunt, kind, value) DO NOTHING";
        let rows = part.iter().map(row).collect();
        let added = bulk::insert(&mut tx, "hunt_wanted", &["hunt", "kind", "value"], rows, conflict).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Queues the job of a hunt that looks for so many indicators.
    pub async fn queue_hunt(&self, hunt: HuntId, wanted: u64, job: &NewJob, act: &Act) -> Result<JobId> {
        let mut tx = self.db.begin().await?;
        let job = insert_job(&mut tx, job, act).await?;
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        let changed = sql!(
            "UPDATE hunts SET job = $1, wanted = $2, state = $3, finished = 0 WHERE id = $4",
            job,
            wanted,
            word(&HuntState::Queued),
            hunt
        )
        .run(&mut *tx)
        .await?;
        if changed == 0 {
            return Err(Error::not_found("hunt", hunt));
        }
        self.commit(tx, act).await?;
        Ok(job)
    }

    /// What a person's hunt looks for, after one of them: all, in parts that fit into memory.
    pub async fn hunt_wanted_after(&self, hunt: HuntId, after: &NewIndicator, limit: u32) -> Result<Vec<NewIndicator>> {
        let rows = sql!(
            "SELECT kind, value FROM hunt_wanted WHERE hunt = $1 AND (kind, value) > ($2, $3) ORDER BY kind, value LIMIT $4",
            hunt,
            after.kind.as_str(),
            after.value.as_str(),
            i64::from(limit)
        )
        .all(self.db.reader())
        .await?;
        rows.iter().map(|row| Ok(NewIndicator { kind: row.text("kind")?, value: row.text("value")? })).collect()
    }

    /// The hunts that lists have started, of those lists that hold one of these indicators.
    pub async fn hunts_of_indicators(&self, met: &[NewIndicator]) -> Result<Vec<(HuntId, NewIndicator)>> {
        let mut found = Vec::new();
        for met in met.chunks(crate::hosts::IDS_MAX / 2) {
            let mut sql = Sql::new(
                "SELECT h.id, i.kind, i.value FROM indicators i JOIN hunts h ON h.list = i.list WHERE (i.value, i.kind) IN (VALUES ",
            );
            for (number, one) in met.iter().enumerate() {
                sql.push(if number == 0 { "" } else { ", " });
                sql.list([one.value.as_str(), one.kind.as_str()]);
            }
            sql.push(") ORDER BY h.id");
            for row in sql.all(self.db.reader()).await? {
                let one = NewIndicator { kind: row.text("kind")?, value: row.text("value")? };
                found.push((row.int("id")?, one));
            }
        }
        Ok(found)
    }

    /// Writes who met what in some hours, in the place of what was there; `left_out` are meetings that its sender had no
    /// room for. The checkpoint of the job goes with it.
    pub async fn put_hunt_hits(
        &self,
        hunt: HuntId,
        anew: Anew<'_>,
        hits: &[HuntHit],
        left_out: u64,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        // Locks the hunt, so that two writers count what is kept one after the other.
        if sql!("UPDATE hunts SET name = name WHERE id = $1", hunt).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("hunt", hunt));
        }
        clear(&mut tx, hunt, anew).await?;
        let kept = sql!("SELECT COUNT(*) AS n FROM hunt_hits WHERE hunt = $1", hunt).one(&mut *tx).await?.int("n")?;
        let room = usize::try_from(HITS_MAX - kept).unwrap_or(0);
        let (kept, rest) = hits.split_at(room.min(hits.len()));
        let rows = kept.iter().map(|hit| values(hunt, hit)).collect();
        bulk::insert(&mut tx, "hunt_hits", &COLUMNS, rows, "").await?;
        let left_out = rest.iter().fold(left_out, |sum, hit| sum.saturating_add(hit.count));
        if left_out > 0 {
            let left_out = i64::try_from(left_out).unwrap_or(i64::MAX);
            sql!("UPDATE hunts SET left_out = left_out + $1 WHERE id = $2", left_out, hunt).run(&mut *tx).await?;
        }
        if let Some(checkpoint) = checkpoint {
            write_checkpoint(&mut tx, checkpoint).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Says how far a hunt is.
    pub async fn note_hunt(&self, hunt: HuntId, state: HuntState, figures: &Figures, act: &Act) -> Result<()> {
        let finished = if state.is_over() { act.micros() } else { 0 };
        let mut tx = self.db.begin().await?;
        sql!(
            "UPDATE hunts SET state = $1, figures = $2, finished = $3 WHERE id = $4",
            word(&state),
            json("figures of a hunt", figures)?,
            finished,
            hunt
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await
    }

    /// Ends hunts whose job is over without having said so: it was cancelled in the queue, or broke down.
    pub async fn settle_hunts(&self, act: &Act) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let mut changed = 0;
        for (of_job, state) in [("cancelled", HuntState::Cancelled), ("failed", HuntState::Failed)] {
            changed += sql!(
                "UPDATE hunts SET state = $1, finished = $2 WHERE state IN ('queued', 'running') AND job IN \
                 (SELECT id FROM jobs WHERE state = $3)",
                word(&state),
                act.micros(),
                of_job
            )
            .run(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Newest first.
    pub async fn hunts(&self, cursor: Option<&str>, limit: u32) -> Result<Page<Hunt>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let before: i64 = cursor.map_or(Ok(i64::MAX), |cursor| cursor.parse().map_err(|_| Error::Cursor))?;
        let total = Sql::new("SELECT COUNT(*) AS n FROM hunts").one(self.db.reader()).await?.int("n")?;
        let rows = sql!("SELECT * FROM hunts WHERE id < $1 ORDER BY id DESC LIMIT $2", before, limit + 1)
            .all(self.db.reader())
            .await?;
        let mut hunts = rows.iter().map(hunt).collect::<Result<Vec<_>>>()?;
        self.with_meetings(&mut hunts).await?;
        Ok(paged(hunts, limit, total, |last: &Hunt| last.id.to_string()))
    }

    pub async fn hunt(&self, id: HuntId) -> Result<Hunt> {
        let row = sql!("SELECT * FROM hunts WHERE id = $1", id).optional(self.db.reader()).await?;
        let mut hunts = vec![hunt(&row.ok_or_else(|| Error::not_found("hunt", id))?)?];
        self.with_meetings(&mut hunts).await?;
        hunts.pop().ok_or_else(|| Error::not_found("hunt", id))
    }

    async fn with_meetings(&self, hunts: &mut [Hunt]) -> Result<()> {
        if hunts.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(
            "SELECT hunt, CAST(SUM(n) AS BIGINT) AS n, COUNT(DISTINCT host) AS hosts, COUNT(DISTINCT wanted) AS met \
             FROM (SELECT hunt, host, kind || ' ' || value AS wanted, SUM(times) AS n FROM hunt_hits WHERE hunt IN ",
        );
        sql.list(hunts.iter().map(|hunt| hunt.id)).push(" GROUP BY hunt, kind, value, host) AS each_one GROUP BY hunt");
        for row in sql.all(self.db.reader()).await? {
            let id = row.int("hunt")?;
            if let Some(hunt) = hunts.iter_mut().find(|hunt| hunt.id == id) {
                hunt.hits = row.int("n")?.unsigned_abs();
                hunt.hosts = row.int("hosts")?.unsigned_abs();
                hunt.met = row.int("met")?.unsigned_abs();
            }
        }
        Ok(())
    }

    /// Removes a hunt with everything that is known of it; an error while a hold keeps what it met.
    pub async fn remove_hunt(&self, id: HuntId, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        // Locks it, so that nobody holds it meanwhile.
        sql!("UPDATE hunts SET name = name WHERE id = $1", id).run(&mut *tx).await?;
        if is_held(&mut tx, id).await? {
            return Err(Error::Held { hunt: id });
        }
        if sql!("DELETE FROM hunts WHERE id = $1", id).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("hunt", id));
        }
        sql!("DELETE FROM hunt_wanted WHERE hunt = $1", id).run(&mut *tx).await?;
        sql!("DELETE FROM hunt_hits WHERE hunt = $1", id).run(&mut *tx).await?;
        self.commit(tx, act).await
    }

    /// A page of who met what, that seen last first.
    pub async fn hunt_groups(
        &self,
        id: HuntId,
        filter: &HuntFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<HuntGroup>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let end: Option<GroupEnd> =
            cursor.map(|cursor| serde_json::from_str(cursor).map_err(|_| Error::Cursor)).transpose()?;
        let mut counted =
            sql!("SELECT COUNT(*) AS n FROM (SELECT DISTINCT kind, value, host FROM hunt_hits WHERE hunt = $1", id);
        filter.restrict(&mut counted);
        counted.push(") AS each_one");
        let mut sql = sql!(
            "SELECT kind, value, host, MIN(peer) AS peer, MIN(place) AS place, MIN(record) AS record, \
             MIN(community) AS community, MIN(protocol) AS protocol, CAST(SUM(times) AS BIGINT) AS n, \
             MIN(first_seen) AS low, MAX(last_seen) AS high FROM hunt_hits WHERE hunt = $1",
            id
        );
        filter.restrict(&mut sql);
        sql.push(" GROUP BY kind, value, host");
        if let Some(GroupEnd(high, kind, value, host)) = &end {
            sql.push(" HAVING (MAX(last_seen), kind, value, host) < (").value(*high);
            for text in [kind, value, host] {
                sql.push(", ").value(text.as_str());
            }
            sql.push(")");
        }
        sql.push(" ORDER BY high DESC, kind DESC, value DESC, host DESC LIMIT ").value(limit + 1);
        let (rows, total) = tokio::try_join!(sql.all(self.db.reader()), counted.one(self.db.reader()))?;
        let groups = rows.iter().map(group).collect::<Result<Vec<_>>>()?;
        let end = |last: &HuntGroup| {
            let end = GroupEnd(last.last.as_microsecond(), last.kind.clone(), last.value.clone(), last.host.clone());
            serde_json::to_string(&end).unwrap_or_default()
        };
        Ok(paged(groups, limit, total.int("n")?, end))
    }

    /// How often something was met in each hour.
    pub async fn hunt_hours(&self, id: HuntId, filter: &HuntFilter) -> Result<Vec<(Timestamp, u64)>> {
        let mut sql = sql!("SELECT hour, CAST(SUM(times) AS BIGINT) AS n FROM hunt_hits WHERE hunt = $1", id);
        filter.restrict(&mut sql);
        sql.push(" GROUP BY hour ORDER BY hour LIMIT ").value(HOURS_MAX);
        let rows = sql.all(self.db.reader()).await?;
        rows.iter().map(|row| Ok((sure_time(row.int("hour")?), row.int("n")?.unsigned_abs()))).collect()
    }

    /// The indicators that were met most often, and the hosts that met most.
    pub async fn hunt_tops(&self, id: HuntId, filter: &HuntFilter, limit: u32) -> Result<(Vec<HuntTop>, Vec<HuntTop>)> {
        let of = async |columns: &str, others: &str| {
            let mut sql = Sql::new("SELECT ");
            sql.push(columns).push(", COUNT(DISTINCT ").push(others);
            sql.push(
                ") AS others, CAST(SUM(times) AS BIGINT) AS n, MIN(first_seen) AS low, MAX(last_seen) AS high FROM hunt_hits WHERE hunt = ",
            );
            sql.value(id);
            filter.restrict(&mut sql);
            sql.push(" GROUP BY 1, 2 ORDER BY n DESC, 2 LIMIT ").value(i64::from(limit.clamp(1, 100)));
            let rows = sql.all(self.db.reader()).await?;
            rows.iter().map(top).collect::<Result<Vec<_>>>()
        };
        let indicators = of("kind, value AS name", "host").await?;
        // PostgreSQL groups by a word only when it is no constant.
        let hosts = of("SUBSTR(host, 1, 0) AS kind, host AS name", "kind || ' ' || value").await?;
        Ok((indicators, hosts))
    }
}

const COLUMNS: [&str; 13] = [
    "hunt",
    "kind",
    "value",
    "host",
    "place",
    "record",
    "hour",
    "peer",
    "community",
    "protocol",
    "times",
    "first_seen",
    "last_seen",
];

fn values(hunt: HuntId, hit: &HuntHit) -> Vec<Value> {
    let text = |text: &Option<String>| Value::from(clean(text.as_deref().unwrap_or_default()));
    vec![
        hunt.into(),
        clean(&hit.kind).into(),
        clean(&hit.value).into(),
        clean(&hit.host).into(),
        clean(&hit.place).into(),
        clean(&hit.record).into(),
        hit.hour.as_microsecond().into(),
        text(&hit.peer),
        text(&hit.community),
        text(&hit.protocol),
        i64::try_from(hit.count).unwrap_or(i64::MAX).into(),
        hit.first.as_microsecond().into(),
        hit.last.as_microsecond().into(),
    ]
}

async fn clear(tx: &mut Tx, hunt: HuntId, anew: Anew<'_>) -> Result<()> {
    let of_hours = || {
        let (since, until) = (anew.since.as_microsecond(), anew.until.as_microsecond());
        sql!("DELETE FROM hunt_hits WHERE hunt = $1 AND hour >= $2 AND hour < $3", hunt, since, until)
    };
    let Some(only) = anew.only else {
        of_hours().run(&mut **tx).await?;
        return Ok(());
    };
    for only in only.chunks(crate::hosts::IDS_MAX / 2) {
        let mut sql = of_hours();
        sql.push(" AND (kind, value) IN (VALUES ");
        for (number, one) in only.iter().enumerate() {
            sql.push(if number == 0 { "" } else { ", " });
            sql.list([one.kind.as_str(), one.value.as_str()]);
        }
        sql.push(")");
        sql.run(&mut **tx).await?;
    }
    Ok(())
}

impl HuntFilter {
    fn restrict(&self, sql: &mut Sql) {
        for (column, wanted) in [("kind", &self.kind), ("value", &self.value), ("host", &self.host)] {
            if let Some(wanted) = wanted {
                sql.push(" AND ").push(column).push(" = ").value(clean(wanted));
            }
        }
        if let Some(search) = &self.search {
            let part = clean(search).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let part = format!("%{part}%");
            sql.push(" AND (LOWER(value) LIKE LOWER(").value(part.clone()).push(") ESCAPE '\\' OR host LIKE ");
            sql.value(part).push(" ESCAPE '\\')");
        }
        if let Some(since) = self.since {
            sql.push(" AND hour >= ").value(since.as_microsecond());
        }
        if let Some(until) = self.until {
            sql.push(" AND hour < ").value(until.as_microsecond());
        }
    }
}

fn hunt(row: &AnyRow) -> Result<Hunt> {
    let id = row.int("id")?;
    Ok(Hunt {
        id,
        name: row.text("name")?,
        owner: row.text("owner")?,
        created: sure_time(row.int("created")?),
        list: Some(row.int("list")?).filter(|list| *list != 0),
        since: time(row.int("since")?),
        until: time(row.int("until")?),
        job: row.int("job")?,
        state: from_word(&row.text("state")?).unwrap_or(HuntState::Failed),
        wanted: row.int("wanted")?.unsigned_abs(),
        hits: 0,
        hosts: 0,
        met: 0,
        left_out: row.int("left_out")?.unsigned_abs(),
        figures: from_json("figures of a hunt", id, &row.text("figures")?)?,
        finished: time(row.int("finished")?),
    })
}

fn group(row: &AnyRow) -> Result<HuntGroup> {
    Ok(HuntGroup {
        kind: row.text("kind")?,
        value: row.text("value")?,
        host: row.text("host")?,
        peer: row.text("peer")?,
        place: row.text("place")?,
        record: row.text("record")?,
        community: row.text("community")?,
        protocol: row.text("protocol")?,
        count: row.int("n")?.unsigned_abs(),
        first: sure_time(row.int("low")?),
        last: sure_time(row.int("high")?),
    })
}

fn top(row: &AnyRow) -> Result<HuntTop> {
    Ok(HuntTop {
        kind: row.text("kind")?,
        name: row.text("name")?,
        count: row.int("n")?.unsigned_abs(),
        others: row.int("others")?.unsigned_abs(),
        first: sure_time(row.int("low")?),
        last: sure_time(row.int("high")?),
    })
}
