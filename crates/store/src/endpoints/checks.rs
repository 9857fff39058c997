//! How configuration checks stand on endpoints, and what became of them.

use super::pages::{List, PAGE_MAX};
use super::{Endpoints, happened};
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, from_json, from_word, sure_time, word};
use crate::traffic::paged;
use crate::{Error, Page, Result};
use jiff::Timestamp;
use policy::baseline::State;
use policy::telling::Checked;
use policy::{EndpointId, GroupId};
use sqlx::any::AnyRow;

/// How one check stands on one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckRow {
    pub endpoint: EndpointId,
    pub checked: Checked,
    pub since: Timestamp,
    pub at: Timestamp,
}

/// How one check stands on all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckCount {
    pub check: String,
    pub state: Option<State>,
    /// Its agents set it, and keep what was there before.
    pub held: bool,
    pub endpoints: u64,
}

/// How all checks of one endpoint stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointChecks {
    pub endpoint: EndpointId,
    pub compliant: u64,
    pub not: u64,
    pub unknown: u64,
    pub held: u64,
}

/// Something that became different, or that an agent did.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftRow {
    pub id: i64,
    pub endpoint: EndpointId,
    pub at: Timestamp,
    pub was: Option<State>,
    /// None when it is not asked any more.
    pub became: Option<State>,
    pub checked: Checked,
}

/// All conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckFilter {
    pub groups: Vec<GroupId>,
    pub endpoint: Option<EndpointId>,
    pub check: Option<String>,
    pub state: Option<State>,
}

impl CheckFilter {
    fn restriction(&self, state: &str) -> Sql {
        let mut sql = Sql::new(" WHERE 1 = 1");
        if !self.groups.is_empty() {
            sql.push(" AND endpoint IN (SELECT e.endpoint FROM endpoints e WHERE e.group_id IN ");
            sql.list(self.groups.iter().map(|group| clean(&group.0))).push(")");
        }
        if let Some(endpoint) = &self.endpoint {
            sql.push(" AND endpoint = ").value(clean(&endpoint.0));
        }
        if let Some(check) = &self.check {
            sql.push(" AND check_id = ").value(clean(check));
        }
        if let Some(wanted) = &self.state {
            sql.push(&format!(" AND {state} = ")).value(word(wanted));
        }
        sql
    }
}

pub(super) async fn put(tx: &mut Tx, endpoint: &EndpointId, at: i64, checked: &Checked) -> Result<()> {
    let (endpoint, check) = (clean(&endpoint.0), clean(&checked.check));
    let before =
        sql!("SELECT * FROM endpoint_checks WHERE endpoint = $1 AND check_id = $2", endpoint.as_str(), check.as_str());
    let before = before.optional(&mut **tx).await?.as_ref().map(self::check).transpose()?;
    let state = |checked: &Checked| checked.outcome.as_ref().map(|outcome| word(&outcome.state)).unwrap_or_default();
    let was = before.as_ref().map(|row| state(&row.checked)).unwrap_or_default();
    let became = state(checked);
    // What is told for the first time, and was always so, is no drift.
    if checked.step.is_some() || before.as_ref().is_some_and(|row| is_drift(&row.checked, checked)) {
        sql!(
            "INSERT INTO endpoint_drifts (endpoint, check_id, at, was, became, told) VALUES ($1, $2, $3, $4, $5, $6)",
            endpoint.as_str(),
            check.as_str(),
            at,
            was.as_str(),
            became.as_str(),
            happened::told(checked)?
        )
        .run(&mut **tx)
        .await?;
    }
    if checked.outcome.is_none() {
        return sql!("DELETE FROM endpoint_checks WHERE endpoint = $1 AND check_id = $2", endpoint, check)
            .run(&mut **tx)
            .await
            .map(|_| ());
    }
    let since = match &before {
        Some(row) if was == became => row.since.as_microsecond(),
        _ => at,
    };
    let told = happened::told(&Checked { step: None, ..checked.clone() })?;
    sql!(
        "INSERT INTO endpoint_checks (endpoint, check_id, state, held, since, at, told) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (endpoint, check_id) DO UPDATE SET state = excluded.state, \
         held = excluded.held, since = excluded.since, at = excluded.at, told = excluded.told",
        endpoint,
        check,
        became,
        i64::from(checked.held),
        since,
        at,
        told
    )
    .run(&mut **tx)
    .await
    .map(|_| ())
}

/// Whether it stands otherwise; of what is as it should be it does not matter how.
fn is_drift(before: &Checked, after: &Checked) -> bool {
    let state = |checked: &Checked| checked.outcome.as_ref().map(|outcome| outcome.state);
    state(before) != state(after) || state(after) != Some(State::Compliant) && before.outcome != after.outcome
}

impl Endpoints<'_> {
    /// How checks stand, added up over endpoints.
    pub async fn check_counts(&self, groups: &[GroupId]) -> Result<Vec<CheckCount>> {
        let filter = CheckFilter { groups: groups.to_vec(), ..CheckFilter::default() };
        let restriction = filter.restriction("state");
        let mut sql = Sql {
            text: format!("SELECT check_id, state, held, COUNT(*) AS n FROM endpoint_checks{}", restriction.text),
            values: restriction.values,
        };
        sql.push(" GROUP BY check_id, state, held ORDER BY check_id, state, held");
        let count = |row: &AnyRow| {
            Ok(CheckCount {
                check: row.text("check_id")?,
                state: from_word(&row.text("state")?),
                held: row.flag("held")?,
                endpoints: row.int("n")?.unsigned_abs(),
            })
        };
        sql.all(self.db().reader()).await?.iter().map(count).collect()
    }

    /// The same by endpoint: those first on which most is not as it should be.
    pub async fn checks_by_endpoint(&self, groups: &[GroupId], limit: u32) -> Result<Vec<EndpointChecks>> {
        let filter = CheckFilter { groups: groups.to_vec(), ..CheckFilter::default() };
        let restriction = filter.restriction("state");
        let counts = ["compliant", "not", "unknown"]
            .map(|state| format!("COUNT(CASE WHEN state = '{state}' THEN 1 END) AS n_{state}, "))
            .concat();
        let mut sql = Sql {
            text: format!(
                "SELECT endpoint, {counts}COUNT(CASE WHEN held = 1 THEN 1 END) AS n_held FROM endpoint_checks{} \
                 GROUP BY endpoint ORDER BY n_not DESC, n_unknown DESC, endpoint LIMIT ",
                restriction.text
            ),
            values: restriction.values,
        };
        sql.value(i64::from(limit).clamp(1, PAGE_MAX));
        let checks = |row: &AnyRow| {
            let count = |name: &str| Ok::<_, Error>(row.int(name)?.unsigned_abs());
            Ok(EndpointChecks {
                endpoint: EndpointId(row.text("endpoint")?),
                compliant: count("n_compliant")?,
                not: count("n_not")?,
                unknown: count("n_unknown")?,
                held: count("n_held")?,
            })
        };
        sql.all(self.db().reader()).await?.iter().map(checks).collect()
    }

    /// How checks stand one by one: by endpoint and check.
    pub async fn checks(&self, filter: &CheckFilter, cursor: Option<&str>, limit: u32) -> Result<Page<CheckRow>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let restriction = filter.restriction("state");
        let select = |what: &str| Sql {
            text: format!("SELECT {what} FROM endpoint_checks{}", restriction.text),
            values: restriction.values.clone(),
        };
        let total = select("COUNT(*) AS n").one(self.db().reader()).await?.int("n")?;
        let mut page = select("*");
        if let Some(cursor) = cursor {
            let (endpoint, check) = cursor.split_once(' ').ok_or(Error::Cursor)?;
            page.push(" AND (endpoint, check_id) > (").value(endpoint).push(", ").value(check).push(")");
        }
        page.push(" ORDER BY endpoint, check_id LIMIT ").value(limit + 1);
        let rows = page.all(self.db().reader()).await?;
        let rows = rows.iter().map(check).collect::<Result<Vec<_>>>()?;
        Ok(paged(rows, limit, total, |row| format!("{} {}", row.endpoint, row.checked.check)))
    }

    /// What became of checks, the newest first.
    pub async fn drifts(&self, filter: &CheckFilter, cursor: Option<&str>, limit: u32) -> Result<Page<DriftRow>> {
        let restriction = filter.restriction("became");
        let list = List { table: "endpoint_drifts", column: "at", restriction, row: drift };
        self.list(list, &|row| (row.at.as_microsecond(), row.id), cursor, limit).await
    }
}

fn check(row: &AnyRow) -> Result<CheckRow> {
    let endpoint = row.text("endpoint")?;
    Ok(CheckRow {
        checked: from_json("check", &endpoint, &row.text("told")?)?,
        endpoint: EndpointId(endpoint),
        since: sure_time(row.int("since")?),
        at: sure_time(row.int("at")?),
    })
}

fn drift(row: &AnyRow) -> Result<DriftRow> {
    let id = row.int("id")?;
    Ok(DriftRow {
        id,
        endpoint: EndpointId(row.text("endpoint")?),
        at: sure_time(row.int("at")?),
        was: from_word(&row.text("was")?),
        became: from_word(&row.text("became")?),
        checked: from_json("drift", id, &row.text("told")?)?,
    })
}
