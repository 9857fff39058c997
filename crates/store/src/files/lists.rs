//! What stands above the points of a file: what the house wants and does not want, by content, and hashes that lists of
//! indicators know for bad ones.
//!
//! A file that is not wanted, or known for a bad one, makes everything bad that has it inside; one that is wanted clears only
//! itself, and is not held against what holds it.

use super::Files;
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, from_word, sure_time, word};
use crate::{Act, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Containers of a listed file that are looked at.
const ROOTS_MAX: i64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileList {
    Allow,
    Deny,
}

/// A file that is on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub sha256: String,
    pub list: FileList,
    pub reason: String,
    pub owner: String,
    pub added: Timestamp,
}

impl Files<'_> {
    /// Puts a content on a list, known or not; what was on the other one is on this one then.
    pub async fn put_on_list(&self, listed: &Listed, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        let sha256 = clean(&listed.sha256);
        sql!(
            "INSERT INTO file_lists (sha256, list, reason, owner, added) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (sha256) DO UPDATE SET list = excluded.list, reason = excluded.reason, \
             owner = excluded.owner, added = excluded.added",
            sha256.as_str(),
            word(&listed.list),
            clean(&listed.reason),
            clean(&listed.owner),
            listed.added.as_microsecond()
        )
        .run(&mut *tx)
        .await?;
        stand_anew(&mut tx, &sha256).await?;
        self.store.commit(tx, act).await
    }

    /// Takes a content off its list; false when it was on none.
    pub async fn take_off_list(&self, sha256: &str, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let sha256 = clean(sha256);
        let gone = sql!("DELETE FROM file_lists WHERE sha256 = $1", sha256.as_str()).run(&mut *tx).await?;
        stand_anew(&mut tx, &sha256).await?;
        self.store.commit(tx, act).await?;
        Ok(gone > 0)
    }

    pub async fn listed(&self, sha256: &str) -> Result<Option<Listed>> {
        let row =
            sql!("SELECT * FROM file_lists WHERE sha256 = $1", clean(sha256)).optional(self.db().reader()).await?;
        row.map(|row| {
            Ok(Listed {
                sha256: row.text("sha256")?,
                list: from_word(&row.text("list")?).unwrap_or(FileList::Deny),
                reason: row.text("reason")?,
                owner: row.text("owner")?,
                added: sure_time(row.int("added")?),
            })
        })
        .transpose()
    }

    /// The parts of a file whose hash is known for a bad one, with the name of the list that has it.
    pub async fn known_within(&self, sha256: &str) -> Result<Vec<(usize, String)>> {
        let rows = sql!(
            "SELECT 0 AS number, l.source FROM indicators i JOIN indicator_lists l ON l.id = i.list \
             WHERE i.kind = 'sha256' AND i.value = $1 UNION ALL \
             SELECT p.number, l.source FROM file_parts p JOIN indicators i ON i.kind = 'sha256' AND i.value = p.part \
             JOIN indicator_lists l ON l.id = i.list WHERE p.root = $1 AND p.number > 0 ORDER BY number",
            clean(sha256)
        )
        .all(self.db().reader())
        .await?;
        rows.iter().map(|row| Ok((usize::try_from(row.int("number")?).unwrap_or(0), row.text("source")?))).collect()
    }

    /// The lists on which a file and the parts inside it are, by number of the part.
    pub async fn lists_within(&self, sha256: &str) -> Result<Vec<(usize, FileList)>> {
        let rows = sql!(
            "SELECT 0 AS number, list FROM file_lists WHERE sha256 = $1 UNION ALL \
             SELECT p.number, l.list FROM file_parts p JOIN file_lists l ON l.sha256 = p.part \
             WHERE p.root = $1 AND p.number > 0",
            clean(sha256)
        )
        .all(self.db().reader())
        .await?;
        rows.iter()
            .map(|row| {
                let number = usize::try_from(row.int("number")?).unwrap_or(0);
                Ok((number, from_word(&row.text("list")?).unwrap_or(FileList::Deny)))
            })
            .collect()
    }
}

async fn stand_anew(tx: &mut Tx, sha256: &str) -> Result<()> {
    let rows = sql!("SELECT $1 AS root UNION SELECT root FROM file_parts WHERE part = $1 LIMIT $2", sha256, ROOTS_MAX)
        .all(&mut **tx)
        .await?;
    let roots = rows.iter().map(|row| row.text("root")).collect::<Result<Vec<_>>>()?;
    restand(tx, &roots).await
}

/// What counts of a file: the lists, what is not wanted first; then hashes that are known; then its publisher; else the
/// verdict.
const STANDING: &str = "UPDATE files SET standing = CASE \
    WHEN EXISTS (SELECT 1 FROM file_lists l WHERE l.sha256 = files.sha256 AND l.list = 'deny') THEN 'malicious' \
    WHEN EXISTS (SELECT 1 FROM file_parts p JOIN file_lists l ON l.sha256 = p.part \
        WHERE p.root = files.sha256 AND l.list = 'deny') THEN 'malicious' \
    WHEN EXISTS (SELECT 1 FROM file_lists l WHERE l.sha256 = files.sha256 AND l.list = 'allow') THEN 'clean' \
    WHEN EXISTS (SELECT 1 FROM indicators i WHERE i.kind = 'sha256' AND i.value = files.sha256) THEN 'malicious' \
    WHEN EXISTS (SELECT 1 FROM file_parts p JOIN indicators i ON i.kind = 'sha256' AND i.value = p.part \
        WHERE p.root = files.sha256 \
        AND NOT EXISTS (SELECT 1 FROM file_lists l WHERE l.sha256 = p.part AND l.list = 'allow')) THEN 'malicious' \
    WHEN EXISTS (SELECT 1 FROM file_pivots s JOIN file_publishers t ON t.sha1 = s.value \
        WHERE s.sha256 = files.sha256 AND s.kind = 'signed-by') THEN 'clean' \
    ELSE verdict END WHERE sha256 ";

/// Says anew what counts of some files.
pub(crate) async fn restand(tx: &mut Tx, roots: &[String]) -> Result<()> {
    for root in roots {
        let mut update = Sql::new(STANDING);
        update.push("= ").value(root.as_str());
        update.run(&mut **tx).await?;
    }
    Ok(())
}

/// Says anew what counts of all files that a publisher signed.
pub(super) async fn restand_signed(tx: &mut Tx, sha1: &str) -> Result<()> {
    let mut update = Sql::new(STANDING);
    update.push("IN (SELECT sha256 FROM file_pivots WHERE kind = 'signed-by' AND value = ").value(sha1).push(")");
    update.run(&mut **tx).await?;
    Ok(())
}

/// The files that have one of some hashes, themselves or inside: what counts of these changes with what is known of the
/// hashes.
pub(crate) async fn with_hashes(tx: &mut Tx, hashes: &[String]) -> Result<Vec<String>> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT sha256 AS root FROM files WHERE sha256 IN ");
    sql.list(hashes.iter().map(String::as_str));
    sql.push(" UNION SELECT root FROM file_parts WHERE part IN ").list(hashes.iter().map(String::as_str));
    sql.all(&mut **tx).await?.iter().map(|row| row.text("root")).collect()
}

/// The files that have a hash of a list of indicators.
pub(crate) async fn with_hashes_of(tx: &mut Tx, list: i64) -> Result<Vec<String>> {
    sql!(
        "SELECT f.sha256 AS root FROM indicators i JOIN files f ON f.sha256 = i.value \
         WHERE i.kind = 'sha256' AND i.list = $1 UNION \
         SELECT p.root FROM indicators i JOIN file_parts p ON p.part = i.value WHERE i.kind = 'sha256' AND i.list = $1",
        list
    )
    .all(&mut **tx)
    .await?
    .iter()
    .map(|row| row.text("root"))
    .collect()
}
