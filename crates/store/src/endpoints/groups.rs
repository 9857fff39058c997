//! The groups of endpoints, and everything else that their orders are made of.
//!
//! A change names the version of the groups that it was made on top of: of two at once the second is refused.

use super::releases::{self, AgentKey, StoredRelease};
use super::{Endpoints, number};
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, from_json, json, sure_time, word};
use crate::{Act, Result};
use jiff::Timestamp;
use model::Digest;
use policy::GroupId;
use policy::approval::ChangeRequest;
use policy::groups::{BreakGlass, Group, Settings};

/// A group with the version of the orders that its endpoints are to have, and when they were made: seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredGroup {
    pub group: Group,
    pub orders: u64,
    pub made: u64,
}

/// A file that is denied everywhere, since an incident was made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedFile {
    pub sha256: Digest,
    pub path: String,
    pub endpoint: String,
    pub incident: String,
    pub added: Timestamp,
}

/// What orders are made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoredPolicy {
    /// Raised by every change; 0 before there are groups.
    pub version: u64,
    pub groups: Vec<StoredGroup>,
    pub glass: Vec<BreakGlass>,
    pub denied: Vec<DeniedFile>,
    /// Releases of the agent, and the keys that sign them.
    pub releases: Vec<StoredRelease>,
    pub agent_keys: Vec<AgentKey>,
}

/// What becomes of the groups.
#[derive(Debug, Clone, Default)]
pub struct PolicyChange {
    /// The version that it was made on top of.
    pub basis: u64,
    /// Groups as they are from now on, new ones too.
    pub put: Vec<Group>,
    pub removed: Vec<GroupId>,
    /// Glass that is broken, and groups of which it is whole again.
    pub glass: Vec<BreakGlass>,
    pub mended: Vec<GroupId>,
    /// Groups whose endpoints get new orders.
    pub ordered: Vec<GroupId>,
    /// When the orders are made: seconds since 1970.
    pub made: u64,
    /// The request that this carries out.
    pub request: Option<(super::ChangeId, ChangeRequest)>,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The groups have this version now.
    Now(u64),
    /// They had another version than the change was made on top of.
    Stale(u64),
}

impl Endpoints<'_> {
    pub async fn policy(&self) -> Result<StoredPolicy> {
        let mut tx = self.db().snapshot().await?;
        let version = Sql::new("SELECT version FROM endpoint_policy").optional(&mut *tx).await?;
        let groups = Sql::new("SELECT * FROM endpoint_groups ORDER BY id").all(&mut *tx).await?;
        let glass = Sql::new("SELECT * FROM endpoint_glass ORDER BY group_id").all(&mut *tx).await?;
        let denied = Sql::new("SELECT * FROM endpoint_denied ORDER BY added, sha256").all(&mut *tx).await?;
        let group = |row: &sqlx::any::AnyRow| {
            let id = row.text("id")?;
            let settings: Settings = from_json("settings", &id, &row.text("settings")?)?;
            let parent = Some(row.text("parent")?).filter(|parent| !parent.is_empty()).map(GroupId);
            let (orders, made) = (row.int("orders")?.unsigned_abs(), row.int("made")?.unsigned_abs());
            Ok(StoredGroup {
                group: Group { id: GroupId(id), name: row.text("name")?, parent, settings },
                orders,
                made,
            })
        };
        let denied = denied.iter().filter_map(|row| {
            let file = || {
                let Ok(sha256) = row.text("sha256")?.parse() else { return Ok(None) };
                let (endpoint, incident) = (row.text("endpoint")?, row.text("incident")?);
                let added = sure_time(row.int("added")?);
                Ok(Some(DeniedFile { sha256, path: row.text("path")?, endpoint, incident, added }))
            };
            file().transpose()
        });
        let (releases, agent_keys) = releases::all(&mut tx).await?;
        Ok(StoredPolicy {
            releases,
            agent_keys,
            version: version.map_or(Ok(0), |row| row.int("version"))?.unsigned_abs(),
            groups: groups.iter().map(group).collect::<Result<_>>()?,
            glass: glass
                .iter()
                .map(|row| from_json("glass", row.text("group_id")?, &row.text("glass")?))
                .collect::<Result<_>>()?,
            denied: denied.collect::<Result<_>>()?,
        })
    }

    /// The version of the groups, to see whether another server changed them.
    pub async fn policy_version(&self) -> Result<u64> {
        let row = Sql::new("SELECT version FROM endpoint_policy").optional(self.db().reader()).await?;
        Ok(row.map_or(Ok(0), |row| row.int("version"))?.unsigned_abs())
    }

    /// Changes the groups, if they still are what the change was made on top of.
    pub async fn apply(&self, change: &PolicyChange, act: &Act) -> Result<Applied> {
        let mut tx = self.db().begin().await?;
        begin(&mut tx).await?;
        let (basis, version) = (number(change.basis), number(change.basis) + 1);
        let raised = sql!("UPDATE endpoint_policy SET version = $1 WHERE version = $2", version, basis);
        if raised.run(&mut *tx).await? == 0 {
            let now = Sql::new("SELECT version FROM endpoint_policy").one(&mut *tx).await?.int("version")?;
            return Ok(Applied::Stale(now.unsigned_abs()));
        }
        for group in &change.put {
            put_group(&mut tx, group).await?;
        }
        for group in &change.removed {
            sql!("DELETE FROM endpoint_groups WHERE id = $1", clean(&group.0)).run(&mut *tx).await?;
        }
        for group in change.removed.iter().chain(&change.mended) {
            sql!("DELETE FROM endpoint_glass WHERE group_id = $1", clean(&group.0)).run(&mut *tx).await?;
        }
        for glass in &change.glass {
            sql!(
                "INSERT INTO endpoint_glass (group_id, glass) VALUES ($1, $2) \
                 ON CONFLICT (group_id) DO UPDATE SET glass = excluded.glass",
                clean(&glass.group.0),
                clean(&json("glass", glass)?)
            )
            .run(&mut *tx)
            .await?;
        }
        order(&mut tx, &change.ordered, change.made).await?;
        if let Some((id, request)) = &change.request {
            super::changes::put(&mut tx, *id, request, act).await?;
        }
        self.store.commit(tx, act).await?;
        Ok(Applied::Now(version.unsigned_abs()))
    }

    /// Denies a file everywhere, or lets go of that; false when that is so already. All groups get new orders.
    pub async fn deny(&self, file: &DeniedFile, made: u64, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let new = sql!(
            "INSERT INTO endpoint_denied (sha256, path, endpoint, incident, added) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (sha256) DO NOTHING",
            file.sha256.to_string(),
            clean(&file.path),
            clean(&file.endpoint),
            clean(&file.incident),
            file.added.as_microsecond()
        );
        let new = new.run(&mut *tx).await? > 0;
        self.everybody(tx, new, made, act).await
    }

    pub async fn deny_no_longer(&self, sha256: &Digest, made: u64, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let gone = sql!("DELETE FROM endpoint_denied WHERE sha256 = $1", sha256.to_string()).run(&mut *tx).await? > 0;
        self.everybody(tx, gone, made, act).await
    }

    /// Raises the orders of all groups, when something changed that all of them are made of.
    pub(super) async fn everybody(&self, mut tx: Tx, changed: bool, made: u64, act: &Act) -> Result<bool> {
        if !changed {
            return Ok(false);
        }
        begin(&mut tx).await?;
        Sql::new("UPDATE endpoint_policy SET version = version + 1").run(&mut *tx).await?;
        let rows = Sql::new("SELECT id FROM endpoint_groups ORDER BY id").all(&mut *tx).await?;
        let all = rows.iter().map(|row| Ok(GroupId(row.text("id")?))).collect::<Result<Vec<_>>>()?;
        order(&mut tx, &all, made).await?;
        self.store.commit(tx, act).await?;
        Ok(true)
    }
}

/// The number of the orders that are signed next.
pub(super) async fn next_orders(tx: &mut Tx) -> Result<i64> {
    begin(tx).await?;
    let row = Sql::new("UPDATE endpoint_policy SET orders = orders + 1 RETURNING orders").one(&mut **tx).await?;
    row.int("orders")
}

async fn begin(tx: &mut Tx) -> Result<()> {
    let row =
        Sql::new("INSERT INTO endpoint_policy (one, version, orders) VALUES (1, 0, 0) ON CONFLICT (one) DO NOTHING");
    row.run(&mut **tx).await.map(|_| ())
}

async fn put_group(tx: &mut Tx, group: &Group) -> Result<()> {
    sql!(
        "INSERT INTO endpoint_groups (id, name, parent, settings, orders, made) VALUES ($1, $2, $3, $4, 0, 0) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent = excluded.parent, settings = excluded.settings",
        clean(&group.id.0),
        clean(&group.name),
        clean(group.parent.as_ref().map_or("", |parent| &parent.0)),
        clean(&json("settings", &group.settings)?)
    )
    .run(&mut **tx)
    .await
    .map(|_| ())
}

async fn order(tx: &mut Tx, groups: &[GroupId], made: u64) -> Result<()> {
    for group in groups {
        let version = next_orders(tx).await?;
        sql!("UPDATE endpoint_groups SET orders = $1, made = $2 WHERE id = $3", version, number(made), clean(&group.0))
            .run(&mut **tx)
            .await?;
    }
    Ok(())
}

/// A state of a request as it is kept.
pub(super) fn state(request: &ChangeRequest) -> String {
    word(&request.state)
}
