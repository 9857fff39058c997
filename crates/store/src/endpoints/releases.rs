//! Releases of the agent, with their bundles, and the keys that sign them.
//!
//! They are part of what orders are made of: whatever becomes of them raises the orders of every group.

use super::{Endpoints, number};
use crate::db::{Columns, Tx, sql};
use crate::pack::{clean, from_json, json, sure_time};
use crate::{Act, Result};
use jiff::Timestamp;
use policy::orders::{PublicKey, Release};
use sqlx::any::AnyRow;

const PART_BYTES: usize = 1 << 20;

/// A release that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRelease {
    pub release: Release,
    /// The id of the key that signed it.
    pub key: String,
    /// Of the bundle.
    pub bytes: u64,
    pub imported: Timestamp,
    pub owner: String,
}

/// A key whose releases are imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKey {
    pub public: PublicKey,
    /// Whose it is, as people call him.
    pub name: String,
    pub added: Timestamp,
    pub owner: String,
}

impl Endpoints<'_> {
    /// Keeps a release; false when there is one of that version for that kind of machine.
    pub async fn put_release(&self, new: &StoredRelease, bundle: &[u8], made: u64, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let (version, target) = (clean(&new.release.version), clean(&new.release.target));
        let is_new = sql!(
            "INSERT INTO agent_releases (version, target, header, key_id, bytes, imported, owner) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (version, target) DO NOTHING",
            version.as_str(),
            target.as_str(),
            clean(&json("release", &new.release)?),
            clean(&new.key),
            number(new.bytes),
            new.imported.as_microsecond(),
            clean(&new.owner)
        );
        let is_new = is_new.run(&mut *tx).await? > 0;
        if is_new {
            for (part, body) in (0_i64..).zip(bundle.chunks(PART_BYTES)) {
                sql!(
                    "INSERT INTO agent_release_parts (version, target, part, body) VALUES ($1, $2, $3, $4)",
                    version.as_str(),
                    target.as_str(),
                    part,
                    body.to_vec()
                )
                .run(&mut *tx)
                .await?;
            }
        }
        self.everybody(tx, is_new, made, act).await
    }

    /// Forgets a release; false when there is none.
    pub async fn remove_release(&self, version: &str, target: &str, made: u64, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let (version, target) = (clean(version), clean(target));
        sql!("DELETE FROM agent_release_parts WHERE version = $1 AND target = $2", version.as_str(), target.as_str())
            .run(&mut *tx)
            .await?;
        let gone = sql!("DELETE FROM agent_releases WHERE version = $1 AND target = $2", version, target);
        let gone = gone.run(&mut *tx).await?;
        self.everybody(tx, gone > 0, made, act).await
    }

    /// The bundle of a release, as it was imported.
    pub async fn bundle(&self, version: &str, target: &str) -> Result<Option<Vec<u8>>> {
        let rows = sql!(
            "SELECT body FROM agent_release_parts WHERE version = $1 AND target = $2 ORDER BY part",
            clean(version),
            clean(target)
        )
        .all(self.db().reader())
        .await?;
        let parts = rows.iter().map(|row| row.bytes("body")).collect::<Result<Vec<_>>>()?;
        Ok(if parts.is_empty() { None } else { Some(parts.concat()) })
    }

    /// Trusts a key for releases from now on.
    pub async fn trust_agent_key(&self, key: &AgentKey, made: u64, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        sql!(
            "INSERT INTO agent_keys (public, name, added, owner) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (public) DO UPDATE SET name = excluded.name, added = excluded.added, owner = excluded.owner",
            key.public.to_string(),
            clean(&key.name),
            key.added.as_microsecond(),
            clean(&key.owner)
        )
        .run(&mut *tx)
        .await?;
        self.everybody(tx, true, made, act).await.map(|_| ())
    }

    /// Trusts it no longer; false when it was not trusted. What it signed and is here stays.
    pub async fn distrust_agent_key(&self, public: &PublicKey, made: u64, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let gone = sql!("DELETE FROM agent_keys WHERE public = $1", public.to_string()).run(&mut *tx).await? > 0;
        self.everybody(tx, gone, made, act).await
    }
}

/// All of both, in an order that is always the same.
pub(super) async fn all(tx: &mut Tx) -> Result<(Vec<StoredRelease>, Vec<AgentKey>)> {
    let releases = sql!("SELECT * FROM agent_releases ORDER BY imported, version, target").all(&mut **tx).await?;
    let keys = sql!("SELECT * FROM agent_keys ORDER BY added, public").all(&mut **tx).await?;
    let keys = keys.iter().map(key).collect::<Result<Vec<_>>>()?;
    Ok((releases.iter().map(release).collect::<Result<_>>()?, keys.into_iter().flatten().collect()))
}

fn release(row: &AnyRow) -> Result<StoredRelease> {
    Ok(StoredRelease {
        release: from_json("release", &row.text("version")?, &row.text("header")?)?,
        key: row.text("key_id")?,
        bytes: row.int("bytes")?.unsigned_abs(),
        imported: sure_time(row.int("imported")?),
        owner: row.text("owner")?,
    })
}

/// None for what is no key, which nobody can have put there.
fn key(row: &AnyRow) -> Result<Option<AgentKey>> {
    let Ok(public) = row.text("public")?.parse() else { return Ok(None) };
    let (name, owner) = (row.text("name")?, row.text("owner")?);
    Ok(Some(AgentKey { public, name, added: sure_time(row.int("added")?), owner }))
}
