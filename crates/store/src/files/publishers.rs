//! Publishers that the house trusts: what they signed is clean, unless it is on the deny-list.
//!
//! They are known by the certificate they sign with, not by name: a name can be had by anybody who issues a certificate
//! to himself.

use super::Files;
use super::lists::restand_signed;
use crate::db::{Columns, sql};
use crate::pack::{clean, sure_time};
use crate::{Act, Result};
use jiff::Timestamp;
use sqlx::any::AnyRow;

/// A publisher that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// Of the certificate, 40 hexadecimal digits in lower case.
    pub sha1: String,
    /// As people call it.
    pub name: String,
    pub reason: String,
    pub owner: String,
    pub added: Timestamp,
    /// Files that it signed; not read when it is stored.
    pub files: u64,
}

impl Files<'_> {
    /// Trusts a publisher from now on, and for what it signed before. What was said of it before is replaced.
    pub async fn trust(&self, publisher: &Publisher, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        sql!(
            "INSERT INTO file_publishers (sha1, name, reason, owner, added) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (sha1) DO UPDATE SET name = excluded.name, reason = excluded.reason, owner = excluded.owner, \
             added = excluded.added",
            clean(&publisher.sha1),
            clean(&publisher.name),
            clean(&publisher.reason),
            clean(&publisher.owner),
            publisher.added.as_microsecond()
        )
        .run(&mut *tx)
        .await?;
        restand_signed(&mut tx, &clean(&publisher.sha1)).await?;
        self.store.commit(tx, act).await
    }

    /// Trusts a publisher no longer; false when it was not trusted.
    pub async fn trust_no_longer(&self, sha1: &str, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let gone = sql!("DELETE FROM file_publishers WHERE sha1 = $1", clean(sha1)).run(&mut *tx).await?;
        if gone == 0 {
            return Ok(false);
        }
        restand_signed(&mut tx, &clean(sha1)).await?;
        self.store.commit(tx, act).await?;
        Ok(true)
    }

    /// All publishers that are trusted, by name.
    pub async fn publishers(&self) -> Result<Vec<Publisher>> {
        let rows = sql!(
            "SELECT t.*, (SELECT COUNT(*) FROM file_pivots p WHERE p.kind = 'signed-by' AND p.value = t.sha1) AS n \
             FROM file_publishers t ORDER BY t.name, t.sha1"
        )
        .all(self.db().reader())
        .await?;
        rows.iter().map(publisher).collect()
    }

    /// The trusted publishers who signed a file.
    pub async fn publishers_of(&self, sha256: &str) -> Result<Vec<Publisher>> {
        let rows = sql!(
            "SELECT t.*, 0 AS n FROM file_publishers t JOIN file_pivots p ON p.kind = 'signed-by' AND p.value = t.sha1 \
             WHERE p.sha256 = $1 ORDER BY t.sha1",
            clean(sha256)
        )
        .all(self.db().reader())
        .await?;
        rows.iter().map(publisher).collect()
    }
}

fn publisher(row: &AnyRow) -> Result<Publisher> {
    Ok(Publisher {
        sha1: row.text("sha1")?,
        name: row.text("name")?,
        reason: row.text("reason")?,
        owner: row.text("owner")?,
        added: sure_time(row.int("added")?),
        files: row.int("n")?.unsigned_abs(),
    })
}
