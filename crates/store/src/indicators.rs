//! Indicators that traffic is watched for. They come as lists, what a person pasted or a file; each is kept once, with
//! the list it came in first.

use crate::assets::{PAGE_MAX, Page};
use crate::bulk;
use crate::db::{Columns, Sql, Tx, sql};
use crate::files::lists::{restand, with_hashes, with_hashes_of};
use crate::pack::{clean, sure_time};
use crate::traffic::paged;
use crate::{Act, Error, Result, Store};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

/// One indicator in the form it is compared in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewIndicator {
    pub kind: String,
    pub value: String,
}

/// What was added at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorList {
    pub id: i64,
    /// The file, or what the person called it.
    pub source: String,
    pub owner: String,
    pub added: Timestamp,
    /// Lines that were none.
    pub bad: u64,
    /// Indicators that are kept under it.
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIndicator {
    pub id: i64,
    pub list: i64,
    pub kind: String,
    pub value: String,
    pub source: String,
    pub owner: String,
    pub added: Timestamp,
    /// How often it was met, and when last.
    pub hits: u64,
    pub last_hit: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndicatorFilter {
    pub kind: Option<String>,
    pub list: Option<i64>,
    /// Part of the value.
    pub search: Option<String>,
    /// Only those that were met.
    pub met: bool,
}

const VERSION: &str = "indicators.version";
/// The kind of indicators that name a file by its content.
const FILE_HASH: &str = "sha256";

impl Store {
    /// Begins a list; its indicators follow in parts.
    pub async fn begin_indicators(&self, source: &str, owner: &str, act: &Act) -> Result<i64> {
        let mut tx = self.db.begin().await?;
        let row = sql!(
            "INSERT INTO indicator_lists (source, owner, added, bad) VALUES ($1, $2, $3, 0) RETURNING id",
            clean(source),
            clean(owner),
            act.micros()
        )
        .one(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        row.int("id")
    }

    /// Adds a part of a list; gives how many of them are new. Files that have a hash of it are malicious from then on.
    pub async fn add_indicators(&self, list: i64, part: &[NewIndicator]) -> Result<u64> {
        let row = |one: &NewIndicator| vec![list.into(), clean(&one.kind).into(), clean(&one.value).into()];
        let rows = part.iter().map(row).collect();
        let mut tx = self.db.begin().await?;
        let conflict = "ON CONFLICT (value, kind) DO NOTHING";
        let added = bulk::insert(&mut tx, "indicators", &["list", "kind", "value"], rows, conflict).await?;
        let hashes = part.iter().filter(|one| one.kind == FILE_HASH).map(|one| clean(&one.value));
        for hashes in hashes.collect::<Vec<_>>().chunks(crate::hosts::IDS_MAX) {
            let files = with_hashes(&mut tx, hashes).await?;
            restand(&mut tx, &files).await?;
        }
        tx.commit().await?;
        Ok(added)
    }

    /// Ends a list: from now on whoever watches takes it. One that brought nothing new is not kept.
    pub async fn end_indicators(&self, list: i64, bad: u64, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let bad = i64::try_from(bad).unwrap_or(i64::MAX);
        sql!("UPDATE indicator_lists SET bad = $1 WHERE id = $2", bad, list).run(&mut *tx).await?;
        sweep(&mut tx, list).await?;
        raise_version(&mut tx).await?;
        self.commit(tx, act).await
    }

    /// Removes indicators; gives how many there were.
    pub async fn remove_indicators(&self, ids: &[i64], act: &Act) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let (mut gone, mut lists) = (0, BTreeSet::new());
        for ids in ids.chunks(crate::hosts::IDS_MAX) {
            let mut of = Sql::new("SELECT list, kind, value FROM indicators WHERE id IN ");
            of.list(ids.iter().copied());
            let mut hashes = Vec::new();
            for row in of.all(&mut *tx).await? {
                lists.insert(row.int("list")?);
                if row.text("kind")? == FILE_HASH {
                    hashes.push(row.text("value")?);
                }
            }
            let mut sql = Sql::new("DELETE FROM indicators WHERE id IN ");
            sql.list(ids.iter().copied());
            gone += sql.run(&mut *tx).await?;
            let files = with_hashes(&mut tx, &hashes).await?;
            restand(&mut tx, &files).await?;
        }
        for list in lists {
            sweep(&mut tx, list).await?;
        }
        raise_version(&mut tx).await?;
        self.commit(tx, act).await?;
        Ok(gone)
    }

    /// Removes a list with all its indicators.
    pub async fn remove_indicator_list(&self, list: i64, act: &Act) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let files = with_hashes_of(&mut tx, list).await?;
        let gone = sql!("DELETE FROM indicators WHERE list = $1", list).run(&mut *tx).await?;
        restand(&mut tx, &files).await?;
        if sql!("DELETE FROM indicator_lists WHERE id = $1", list).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("indicator-list", list));
        }
        raise_version(&mut tx).await?;
        self.commit(tx, act).await?;
        Ok(gone)
    }

    /// All lists, the newest first.
    pub async fn indicator_lists(&self) -> Result<Vec<IndicatorList>> {
        let rows = Sql::new(
            "SELECT l.*, (SELECT COUNT(*) FROM indicators i WHERE i.list = l.id) AS n FROM indicator_lists l \
             ORDER BY added DESC, id DESC LIMIT 500",
        )
        .all(self.db.reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(IndicatorList {
                    id: row.int("id")?,
                    source: row.text("source")?,
                    owner: row.text("owner")?,
                    added: sure_time(row.int("added")?),
                    bad: row.int("bad")?.unsigned_abs(),
                    count: row.int("n")?.unsigned_abs(),
                })
            })
            .collect()
    }

    pub async fn indicator_count(&self) -> Result<u64> {
        let row = Sql::new("SELECT COUNT(*) AS n FROM indicators").one(self.db.reader()).await?;
        Ok(row.int("n")?.unsigned_abs())
    }

    /// A page of indicators, the newest first.
    pub async fn indicators(
        &self,
        filter: &IndicatorFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<StoredIndicator>> {
        let limit = i64::from(if limit == 0 { 50 } else { limit.min(PAGE_MAX) });
        let before: i64 = cursor.map_or(Ok(i64::MAX), |cursor| cursor.parse().map_err(|_| Error::Cursor))?;
        let mut counted = Sql::new("SELECT COUNT(*) AS n FROM indicators i WHERE 1 = 1");
        filter.restrict(&mut counted);
        let mut sql = Sql::new(
            "SELECT i.id, i.list, i.kind, i.value, l.source, l.owner, l.added FROM indicators i \
             JOIN indicator_lists l ON l.id = i.list WHERE i.id < ",
        );
        sql.value(before);
        filter.restrict(&mut sql);
        sql.push(" ORDER BY i.id DESC LIMIT ").value(limit + 1);
        let (rows, total) = tokio::try_join!(sql.all(self.db.reader()), counted.one(self.db.reader()))?;
        let mut rows = rows.iter().map(indicator).collect::<Result<Vec<_>>>()?;
        self.with_hits(&mut rows).await?;
        Ok(paged(rows, limit, total.int("n")?, |last: &StoredIndicator| last.id.to_string()))
    }

    async fn with_hits(&self, rows: &mut [StoredIndicator]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(
            "SELECT name, value, CAST(SUM(times) AS BIGINT) AS n, MAX(last_seen) AS high FROM wire_notables \
             WHERE kind = 'indicator' AND (name, value) IN (VALUES ",
        );
        for (number, row) in rows.iter().enumerate() {
            sql.push(if number == 0 { "" } else { ", " });
            sql.list([row.kind.as_str(), row.value.as_str()]);
        }
        sql.push(") GROUP BY name, value");
        let mut hits = BTreeMap::new();
        for row in sql.all(self.db.reader()).await? {
            hits.insert((row.text("name")?, row.text("value")?), (row.int("n")?, row.int("high")?));
        }
        for row in rows {
            if let Some((count, high)) = hits.get(&(row.kind.clone(), row.value.clone())) {
                row.hits = count.unsigned_abs();
                row.last_hit = Some(sure_time(*high));
            }
        }
        Ok(())
    }

    /// Indicators in the order of their numbers, after one of them: all of them, in parts that fit into memory.
    pub async fn indicators_after(&self, id: i64, limit: u32) -> Result<Vec<(i64, NewIndicator)>> {
        let rows =
            sql!("SELECT id, kind, value FROM indicators WHERE id > $1 ORDER BY id LIMIT $2", id, i64::from(limit))
                .all(self.db.reader())
                .await?;
        rows.iter()
            .map(|row| Ok((row.int("id")?, NewIndicator { kind: row.text("kind")?, value: row.text("value")? })))
            .collect()
    }

    /// The same of one list.
    pub async fn indicators_of_list_after(&self, list: i64, id: i64, limit: u32) -> Result<Vec<(i64, NewIndicator)>> {
        let rows = sql!(
            "SELECT id, kind, value FROM indicators WHERE list = $1 AND id > $2 ORDER BY id LIMIT $3",
            list,
            id,
            i64::from(limit)
        )
        .all(self.db.reader())
        .await?;
        rows.iter()
            .map(|row| Ok((row.int("id")?, NewIndicator { kind: row.text("kind")?, value: row.text("value")? })))
            .collect()
    }

    /// Raised whenever the indicators change.
    pub async fn indicators_version(&self) -> Result<i64> {
        let row = sql!("SELECT CAST(value AS BIGINT) AS n FROM settings WHERE key_text = $1", VERSION);
        row.optional(self.db.reader()).await?.map_or(Ok(0), |row| row.int("n"))
    }
}

impl IndicatorFilter {
    fn restrict(&self, sql: &mut Sql) {
        if let Some(kind) = &self.kind {
            sql.push(" AND i.kind = ").value(clean(kind));
        }
        if let Some(list) = self.list {
            sql.push(" AND i.list = ").value(list);
        }
        if let Some(search) = &self.search {
            let part = clean(search).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            sql.push(" AND LOWER(i.value) LIKE LOWER(").value(format!("%{part}%")).push(") ESCAPE '\\'");
        }
        if self.met {
            sql.push(" AND (i.value, i.kind) IN (SELECT value, name FROM wire_notables WHERE kind = 'indicator')");
        }
    }
}

/// A list without any indicator is not kept.
async fn sweep(tx: &mut Tx, list: i64) -> Result<()> {
    sql!("DELETE FROM indicator_lists WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM indicators WHERE list = $1)", list)
        .run(&mut **tx)
        .await?;
    Ok(())
}

async fn raise_version(tx: &mut Tx) -> Result<()> {
    sql!(
        "INSERT INTO settings (key_text, value) VALUES ($1, '1') ON CONFLICT (key_text) \
         DO UPDATE SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT)",
        VERSION
    )
    .run(&mut **tx)
    .await?;
    Ok(())
}

fn indicator(row: &AnyRow) -> Result<StoredIndicator> {
    Ok(StoredIndicator {
        id: row.int("id")?,
        list: row.int("list")?,
        kind: row.text("kind")?,
        value: row.text("value")?,
        source: row.text("source")?,
        owner: row.text("owner")?,
        added: sure_time(row.int("added")?),
        hits: 0,
        last_hit: None,
    })
}
