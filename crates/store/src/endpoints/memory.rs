//! What endpoints found in memory.

use super::pages::List;
use super::{Endpoints, happened};
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, from_json, sure_time};
use crate::{Page, Result};
use jiff::Timestamp;
use policy::EndpointId;
use policy::telling::InMemory;
use sqlx::any::AnyRow;

#[derive(Debug, Clone, PartialEq)]
pub struct MemoryRow {
    pub id: i64,
    pub endpoint: EndpointId,
    pub at: Timestamp,
    pub found: InMemory,
}

pub(super) async fn put(tx: &mut Tx, endpoint: &EndpointId, at: i64, found: &InMemory) -> Result<()> {
    sql!(
        "INSERT INTO endpoint_memory (endpoint, at, program, points, told) VALUES ($1, $2, $3, $4, $5)",
        clean(&endpoint.0),
        at,
        clean(&found.program.path),
        i64::from(found.points),
        happened::told(found)?
    )
    .run(&mut **tx)
    .await
    .map(|_| ())
}

impl Endpoints<'_> {
    /// The newest first; of so many points or more.
    pub async fn in_memory(
        &self,
        on: Option<&EndpointId>,
        from: u32,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<MemoryRow>> {
        let mut restriction = Sql::new(" WHERE points >= ");
        restriction.value(i64::from(from));
        if let Some(endpoint) = on {
            restriction.push(" AND endpoint = ").value(clean(&endpoint.0));
        }
        let list = List { table: "endpoint_memory", column: "at", restriction, row: found };
        self.list(list, &|row| (row.at.as_microsecond(), row.id), cursor, limit).await
    }
}

fn found(row: &AnyRow) -> Result<MemoryRow> {
    let id = row.int("id")?;
    Ok(MemoryRow {
        id,
        endpoint: EndpointId(row.text("endpoint")?),
        at: sure_time(row.int("at")?),
        found: from_json("memory", id, &row.text("told")?)?,
    })
}
