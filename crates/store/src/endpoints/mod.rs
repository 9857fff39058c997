//! Endpoints: machines with an agent, what their groups hold them to, and what happened on them.

mod changes;
mod checks;
mod groups;
mod happened;
mod memory;
mod pages;
mod releases;

pub use changes::{ChangeId, StoredChange};
pub use checks::{CheckCount, CheckFilter, CheckRow, DriftRow, EndpointChecks};
pub use groups::{Applied, DeniedFile, PolicyChange, StoredGroup, StoredPolicy};
pub use happened::{PastRun, ToldBatch};
pub use memory::MemoryRow;
pub use pages::{
    AlarmRow, EndpointCount, EndpointFilter, ExecutedFile, ExecutedFilter, ExecutedSort, Execution, IncidentRow,
};
pub use releases::{AgentKey, StoredRelease};

use crate::db::{Columns, Db, Sql, sql};
use crate::pack::{clean, from_json, from_optional_json, json, sure_time, word};
use crate::{Act, Result, Store};
use jiff::Timestamp;
use policy::telling::Report;
use policy::{EndpointId, GroupId};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

/// What the store knows of endpoints.
pub struct Endpoints<'a> {
    pub(crate) store: &'a Store,
}

impl Store {
    pub fn endpoints(&self) -> Endpoints<'_> {
        Endpoints { store: self }
    }
}

/// A machine with an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    pub endpoint: EndpointId,
    /// The name under which it delivers.
    pub collector: String,
    pub group: GroupId,
    pub added: Timestamp,
    pub heard: Timestamp,
    /// Version of the orders that were made for it alone, by which it came to its group, and when they were made: seconds
    /// since 1970.
    pub own_orders: u64,
    pub own_made: u64,
    pub report: Report,
    /// The host that its inventory is of.
    pub host: Option<String>,
    /// What was asked last about its isolation.
    pub isolation: Option<AskedIsolation>,
}

/// What somebody asked of an endpoint: to speak with nobody but its server, or to do so no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedIsolation {
    /// False when it is to be released.
    pub isolate: bool,
    pub by: String,
    pub why: String,
    /// Seconds since 1970.
    pub at: u64,
    /// Version of the orders by which it was isolated, and when they were made.
    pub id: u64,
    pub since: u64,
}

impl Endpoints<'_> {
    fn db(&self) -> &Db {
        &self.store.db
    }

    /// Every endpoint, by its id.
    pub async fn all(&self) -> Result<Vec<Endpoint>> {
        let rows = Sql::new("SELECT * FROM endpoints ORDER BY endpoint").all(self.db().reader()).await?;
        rows.iter().map(endpoint).collect()
    }

    pub async fn find(&self, id: &EndpointId) -> Result<Option<Endpoint>> {
        let row =
            sql!("SELECT * FROM endpoints WHERE endpoint = $1", clean(&id.0)).optional(self.db().reader()).await?;
        row.as_ref().map(endpoint).transpose()
    }

    /// Keeps an endpoint that was not known, with orders of its own; gives their version, or that of before when it was
    /// known all the same.
    pub async fn add(&self, new: &Endpoint, act: &Act) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let id = clean(&new.endpoint.0);
        let known =
            sql!("SELECT own_orders FROM endpoints WHERE endpoint = $1", id.as_str()).optional(&mut *tx).await?;
        if let Some(known) = known {
            return Ok(known.int("own_orders")?.unsigned_abs());
        }
        let version = groups::next_orders(&mut tx).await?;
        sql!(
            "INSERT INTO endpoints (endpoint, collector, group_id, added, heard, own_orders, own_made, machine, system, \
             version, mode, orders, gaps, report, host, isolation, isolate, isolated) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', '', 0, $15)",
            id,
            clean(&new.collector),
            clean(&new.group.0),
            new.added.as_microsecond(),
            new.heard.as_microsecond(),
            version,
            number(new.own_made),
            clean(&new.report.machine),
            clean(&new.report.system),
            clean(&new.report.version),
            word(&new.report.mode),
            new.report.orders.map_or(-1, number),
            number(new.report.gaps.len() as u64),
            clean(&json("report", &new.report)?),
            is_isolated(&new.report)
        )
        .run(&mut *tx)
        .await?;
        self.store.commit(tx, act).await?;
        Ok(version.unsigned_abs())
    }

    /// Writes down when endpoints were heard, and what they said if that is new.
    pub async fn put_heard(&self, heard: &[(EndpointId, Timestamp, Option<Report>)], act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        for (id, at, report) in heard {
            let Some(report) = report else {
                sql!(
                    "UPDATE endpoints SET heard = $1 WHERE endpoint = $2 AND heard < $1",
                    at.as_microsecond(),
                    clean(&id.0)
                )
                .run(&mut *tx)
                .await?;
                continue;
            };
            sql!(
                "UPDATE endpoints SET heard = $1, machine = $2, system = $3, version = $4, mode = $5, orders = $6, \
                 gaps = $7, report = $8, isolated = $9 WHERE endpoint = $10",
                at.as_microsecond(),
                clean(&report.machine),
                clean(&report.system),
                clean(&report.version),
                word(&report.mode),
                report.orders.map_or(-1, number),
                number(report.gaps.len() as u64),
                clean(&json("report", report)?),
                is_isolated(report),
                clean(&id.0)
            )
            .run(&mut *tx)
            .await?;
        }
        self.store.commit(tx, act).await
    }

    /// Says which host an endpoint's inventory is of.
    pub async fn put_host(&self, id: &EndpointId, host: &str, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        sql!("UPDATE endpoints SET host = $1 WHERE endpoint = $2", clean(host), clean(&id.0)).run(&mut *tx).await?;
        self.store.commit(tx, act).await
    }

    /// Moves an endpoint to another group; gives the version of the orders that tell it so.
    pub async fn move_to(&self, id: &EndpointId, group: &GroupId, made: u64, act: &Act) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let version = groups::next_orders(&mut tx).await?;
        let moved = sql!(
            "UPDATE endpoints SET group_id = $1, own_orders = $2, own_made = $3 WHERE endpoint = $4",
            clean(&group.0),
            version,
            number(made),
            clean(&id.0)
        )
        .run(&mut *tx)
        .await?;
        if moved == 0 {
            return Err(crate::Error::not_found("endpoint", id));
        }
        self.store.commit(tx, act).await?;
        Ok(version.unsigned_abs())
    }

    /// Has an endpoint isolated or released; gives the version of the orders that tell it so, and what was asked. Of
    /// one that is released, what is kept of its isolation stays.
    pub async fn isolate(
        &self,
        id: &EndpointId,
        isolate: bool,
        by: &str,
        why: &str,
        at: u64,
        act: &Act,
    ) -> Result<(u64, AskedIsolation)> {
        let mut tx = self.db().begin().await?;
        let version = groups::next_orders(&mut tx).await?;
        let row = sql!("SELECT isolation FROM endpoints WHERE endpoint = $1", clean(&id.0)).optional(&mut *tx).await?;
        let row = row.ok_or_else(|| crate::Error::not_found("endpoint", id))?;
        let before = asked(id, &row)?;
        let (number_of, since) = match before {
            Some(before) if !isolate => (before.id, before.since),
            _ => (version.unsigned_abs(), at),
        };
        let asked = AskedIsolation { isolate, by: by.to_owned(), why: why.to_owned(), at, id: number_of, since };
        sql!(
            "UPDATE endpoints SET isolation = $1, isolate = $2, own_orders = $3, own_made = $4 WHERE endpoint = $5",
            clean(&json("isolation", &asked)?),
            i64::from(isolate),
            version,
            number(at),
            clean(&id.0)
        )
        .run(&mut *tx)
        .await?;
        self.store.commit(tx, act).await?;
        Ok((version.unsigned_abs(), asked))
    }

    /// Endpoints that got orders of their own after those of a version.
    pub async fn ordered_after(&self, version: u64) -> Result<Vec<Endpoint>> {
        let rows =
            sql!("SELECT * FROM endpoints WHERE own_orders > $1", number(version)).all(self.db().reader()).await?;
        rows.iter().map(endpoint).collect()
    }
}

fn is_isolated(report: &Report) -> i64 {
    i64::from(report.isolation.as_ref().is_some_and(|told| told.holds))
}

fn asked(id: &EndpointId, row: &AnyRow) -> Result<Option<AskedIsolation>> {
    from_optional_json("isolation", id, &row.text("isolation")?)
}

/// A count or a version as it is kept.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn endpoint(row: &AnyRow) -> Result<Endpoint> {
    let id = EndpointId(row.text("endpoint")?);
    Ok(Endpoint {
        report: from_json("report", &id, &row.text("report")?)?,
        isolation: asked(&id, row)?,
        endpoint: id,
        collector: row.text("collector")?,
        group: GroupId(row.text("group_id")?),
        added: sure_time(row.int("added")?),
        heard: sure_time(row.int("heard")?),
        own_orders: row.int("own_orders")?.unsigned_abs(),
        own_made: row.int("own_made")?.unsigned_abs(),
        host: Some(row.text("host")?).filter(|host| !host.is_empty()),
    })
}
