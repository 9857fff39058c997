//! What files have in common: pivots, which are the same, and hashes that are near.

use super::Files;
use crate::Result;
use crate::db::{Columns, sql};
use crate::pack::clean;

/// Something exact that files may have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pivot {
    pub kind: String,
    pub value: String,
    /// Other files that have it.
    pub files: u64,
}

/// A file by what is compared of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    pub id: i64,
    pub sha256: String,
    pub tlsh: String,
}

impl Files<'_> {
    /// What a file has in common with others, the rarest first.
    pub async fn pivots(&self, sha256: &str) -> Result<Vec<Pivot>> {
        let rows = sql!(
            "SELECT p.kind, p.value, (SELECT COUNT(*) FROM file_pivots o WHERE o.kind = p.kind AND o.value = p.value) \
             AS n FROM file_pivots p WHERE p.sha256 = $1 ORDER BY p.kind, p.value",
            clean(sha256)
        )
        .all(self.db().reader())
        .await?;
        rows.iter()
            .map(|row| {
                let files = row.int("n")?.saturating_sub(1).unsigned_abs();
                Ok(Pivot { kind: row.text("kind")?, value: row.text("value")?, files })
            })
            .collect()
    }

    /// Files with a hash that can be compared, in the order in which they came, behind one.
    pub async fn likenesses(&self, after: i64, limit: u32) -> Result<Vec<Alike>> {
        let rows = sql!(
            "SELECT id, sha256, tlsh FROM files WHERE id > $1 AND tlsh <> '' ORDER BY id LIMIT $2",
            after,
            i64::from(limit)
        )
        .all(self.db().reader())
        .await?;
        rows.iter()
            .map(|row| Ok(Alike { id: row.int("id")?, sha256: row.text("sha256")?, tlsh: row.text("tlsh")? }))
            .collect()
    }
}
