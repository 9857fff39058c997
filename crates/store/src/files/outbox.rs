//! What is to go into the lake: files that were analysed, and each place where one was seen.
//!
//! Rows are numbered before they go, so that a server that ended in between sends the same ones under the same number,
//! which the lake takes once.

use super::Files;
use super::rows::SightingSource;
use crate::Result;
use crate::db::{Columns, Sql, sql};
use crate::pack::{clean, from_word, sure_time};
use jiff::Timestamp;

/// A batch of one server: everything that has its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LakeBatch<'a> {
    pub server: &'a str,
    pub number: i64,
}

/// An analysed file whose facts are to go into the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntoldFile {
    pub sha256: String,
    pub analysed: Timestamp,
    pub report: String,
}

/// A place where an analysed file was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntoldSighting {
    pub sha256: String,
    pub analysed: Timestamp,
    pub report: String,
    pub host: Option<String>,
    pub source: SightingSource,
    pub name: String,
    pub first_seen: Timestamp,
}

impl Files<'_> {
    /// The greatest number that a server gave to files, and to sightings.
    pub async fn last_lake_batches(&self, server: &str) -> Result<(i64, i64)> {
        let last = async |table: &str| -> Result<i64> {
            let mut sql = Sql::new("SELECT COALESCE(MAX(lake_batch), 0) AS n FROM ");
            sql.push(table).push(" WHERE lake_by = ").value(clean(server));
            sql.one(self.db().reader()).await?.int("n")
        };
        Ok((last("files").await?, last("file_sightings").await?))
    }

    /// Gives a number to files that have none; how many there were.
    pub async fn number_files(&self, batch: LakeBatch<'_>, most: u32) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let changed = sql!(
            "UPDATE files SET lake_batch = $1, lake_by = $2 WHERE id IN (SELECT id FROM files \
             WHERE lake_by = '' AND lake_batch = 0 AND report <> '' AND state IN ('done', 'set-aside') LIMIT $3)",
            batch.number,
            clean(batch.server),
            i64::from(most)
        )
        .run(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(changed)
    }

    pub async fn files_of_batch(&self, batch: LakeBatch<'_>) -> Result<Vec<UntoldFile>> {
        let rows = sql!(
            "SELECT sha256, analysed, report FROM files WHERE lake_by = $1 AND lake_batch = $2 AND report <> '' ORDER BY id",
            clean(batch.server),
            batch.number
        )
        .all(self.db().reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(UntoldFile {
                    sha256: row.text("sha256")?,
                    analysed: sure_time(row.int("analysed")?),
                    report: row.text("report")?,
                })
            })
            .collect()
    }

    /// Gives a number to sightings of analysed files that have none; how many there were.
    pub async fn number_sightings(&self, batch: LakeBatch<'_>, most: u32) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let changed = sql!(
            "UPDATE file_sightings SET lake_batch = $1, lake_by = $2 WHERE (sha256, host, source, name) IN \
             (SELECT s.sha256, s.host, s.source, s.name FROM file_sightings s JOIN files f ON f.sha256 = s.sha256 \
             WHERE s.lake_by = '' AND s.lake_batch = 0 AND f.report <> '' AND f.state IN ('done', 'set-aside') LIMIT $3)",
            batch.number,
            clean(batch.server),
            i64::from(most)
        )
        .run(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(changed)
    }

    pub async fn sightings_of_batch(&self, batch: LakeBatch<'_>) -> Result<Vec<UntoldSighting>> {
        let rows = sql!(
            "SELECT s.sha256, s.host, s.source, s.name, s.first_seen, f.analysed, f.report FROM file_sightings s \
             JOIN files f ON f.sha256 = s.sha256 WHERE s.lake_by = $1 AND s.lake_batch = $2 AND f.report <> '' \
             ORDER BY s.sha256, s.host, s.source, s.name",
            clean(batch.server),
            batch.number
        )
        .all(self.db().reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(UntoldSighting {
                    sha256: row.text("sha256")?,
                    analysed: sure_time(row.int("analysed")?),
                    report: row.text("report")?,
                    host: Some(row.text("host")?).filter(|host| !host.is_empty()),
                    source: from_word(&row.text("source")?).unwrap_or(SightingSource::Upload),
                    name: row.text("name")?,
                    first_seen: sure_time(row.int("first_seen")?),
                })
            })
            .collect()
    }
}
