//! Proposals to change what endpoints are held to, and who agreed.

use super::{Endpoints, groups};
use crate::db::{Columns, Tx, sql};
use crate::pack::{clean, from_json, json, sure_time};
use crate::traffic::paged;
use crate::{Act, Error, Page, Result};
use jiff::Timestamp;
use policy::GroupId;
use policy::approval::ChangeRequest;
use serde_json::Value;
use sqlx::any::AnyRow;

pub type ChangeId = i64;

#[derive(Debug, Clone, PartialEq)]
pub struct StoredChange {
    pub id: ChangeId,
    pub group: GroupId,
    /// What is to be, in the form in which it is signed for by its digest.
    pub proposal: Value,
    pub request: ChangeRequest,
    pub made: Timestamp,
    pub changed: Timestamp,
}

impl Endpoints<'_> {
    pub async fn propose(
        &self,
        group: &GroupId,
        proposal: &Value,
        request: &ChangeRequest,
        act: &Act,
    ) -> Result<ChangeId> {
        let mut tx = self.db().begin().await?;
        let row = sql!(
            "INSERT INTO endpoint_changes (group_id, proposal, request, state, made, changed) \
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
            clean(&group.0),
            clean(&json("proposal", proposal)?),
            clean(&json("request", request)?),
            groups::state(request),
            act.micros()
        )
        .one(&mut *tx)
        .await?;
        let id = row.int("id")?;
        self.store.commit(tx, act).await?;
        Ok(id)
    }

    pub async fn change(&self, id: ChangeId) -> Result<StoredChange> {
        let row = sql!("SELECT * FROM endpoint_changes WHERE id = $1", id).optional(self.db().reader()).await?;
        change(&row.ok_or_else(|| Error::not_found("endpoint-change", id))?)
    }

    /// Writes down what somebody did about a proposal, unless somebody else did before.
    pub async fn decide(&self, before: &StoredChange, request: &ChangeRequest, act: &Act) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let written = sql!(
            "UPDATE endpoint_changes SET request = $1, state = $2, changed = $3 WHERE id = $4 AND request = $5",
            clean(&json("request", request)?),
            groups::state(request),
            act.micros(),
            before.id,
            clean(&json("request", &before.request)?)
        );
        let written = written.run(&mut *tx).await? > 0;
        if written {
            self.store.commit(tx, act).await?;
        }
        Ok(written)
    }

    /// The newest first.
    pub async fn changes(&self, open: bool, cursor: Option<&str>, limit: u32) -> Result<Page<StoredChange>> {
        let limit = i64::from(limit).clamp(1, 500);
        let before: i64 = cursor.map_or(Ok(i64::MAX), str::parse).map_err(|_| Error::Cursor)?;
        let wanted = i64::from(open);
        let total = sql!(
            "SELECT COUNT(*) AS n FROM endpoint_changes WHERE $1 = 0 OR state IN ('proposed', 'approved')",
            wanted
        );
        let total = total.one(self.db().reader()).await?.int("n")?;
        let rows = sql!(
            "SELECT * FROM endpoint_changes WHERE id < $1 AND ($2 = 0 OR state IN ('proposed', 'approved')) \
             ORDER BY id DESC LIMIT $3",
            before,
            wanted,
            limit + 1
        );
        let rows = rows.all(self.db().reader()).await?;
        let rows = rows.iter().map(change).collect::<Result<Vec<_>>>()?;
        Ok(paged(rows, limit, total, |row| row.id.to_string()))
    }
}

pub(super) async fn put(tx: &mut Tx, id: ChangeId, request: &ChangeRequest, act: &Act) -> Result<()> {
    sql!(
        "UPDATE endpoint_changes SET request = $1, state = $2, changed = $3 WHERE id = $4",
        clean(&json("request", request)?),
        groups::state(request),
        act.micros(),
        id
    )
    .run(&mut **tx)
    .await
    .map(|_| ())
}

fn change(row: &AnyRow) -> Result<StoredChange> {
    let id = row.int("id")?;
    Ok(StoredChange {
        id,
        group: GroupId(row.text("group_id")?),
        proposal: from_json("proposal", id, &row.text("proposal")?)?,
        request: from_json("request", id, &row.text("request")?)?,
        made: sure_time(row.int("made")?),
        changed: sure_time(row.int("changed")?),
    })
}
