//! Lists of endpoints and of what happened on them, a page at a time.

use super::{Endpoint, Endpoints, endpoint};
use crate::db::{Columns, Sql, sql};
use crate::pack::{clean, from_json, from_optional_json, from_word, sure_time, word};
use crate::traffic::paged;
use crate::{Error, Page, Result};
use jiff::Timestamp;
use policy::telling::{Alarm, Level, Ran, Restored, Stopped};
use policy::{EndpointId, GroupId, Kind, Mode, Outcome};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

pub(super) const PAGE_MAX: i64 = 500;

/// All conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointFilter {
    pub groups: Vec<GroupId>,
    pub mode: Option<Mode>,
    /// Heard of before this time only, or since.
    pub silent_since: Option<Timestamp>,
    pub heard_since: Option<Timestamp>,
    /// With something that it does less than it should.
    pub with_gaps: bool,
    /// Holding to older orders than it is to have, or to none.
    pub behind: bool,
    /// Isolated, or asked to be.
    pub isolated: bool,
    /// Of the agent.
    pub version: Option<String>,
    /// Part of the name of the machine, its system or its id.
    pub text: Option<String>,
    pub host: Option<String>,
}

/// Endpoints that are alike in what a page sums up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCount {
    pub group: GroupId,
    pub mode: Option<Mode>,
    pub version: String,
    pub with_gaps: bool,
    pub heard_lately: bool,
    pub count: u64,
}

/// A file that ran on an endpoint, or would have.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    pub endpoint: EndpointId,
    pub ran: Ran,
    pub first: Timestamp,
    pub last: Timestamp,
    pub times: u64,
}

/// A file, added up over the endpoints that it was met on.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutedFile {
    pub id: i64,
    /// As it was told last.
    pub ran: Ran,
    pub first: Timestamp,
    pub last: Timestamp,
    pub times: u64,
    pub endpoints: u64,
    pub would_block: u64,
    pub blocked: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutedFilter {
    pub outcome: Option<Outcome>,
    pub kind: Option<Kind>,
    /// Part of a path, or the beginning of a digest.
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutedSort {
    #[default]
    Last,
    Endpoints,
}

#[derive(Debug, Clone, PartialEq)]
pub struct IncidentRow {
    pub id: i64,
    pub endpoint: EndpointId,
    pub incident: String,
    pub at: Timestamp,
    pub program: Option<String>,
    pub sha256: Option<String>,
    pub touched: u64,
    pub restored: u64,
    pub beside: u64,
    pub failed: u64,
    pub stopped: Option<Stopped>,
    pub undone: Option<Restored>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AlarmRow {
    pub id: i64,
    pub endpoint: EndpointId,
    pub at: Timestamp,
    pub alarm: Alarm,
}

impl EndpointFilter {
    fn restrict(&self, sql: &mut Sql) {
        sql.push(" WHERE 1 = 1");
        if !self.groups.is_empty() {
            sql.push(" AND group_id IN ").list(self.groups.iter().map(|group| clean(&group.0)));
        }
        if let Some(mode) = &self.mode {
            sql.push(" AND mode = ").value(word(mode));
        }
        if let Some(since) = self.silent_since {
            sql.push(" AND heard < ").value(since.as_microsecond());
        }
        if let Some(since) = self.heard_since {
            sql.push(" AND heard >= ").value(since.as_microsecond());
        }
        if self.with_gaps {
            sql.push(" AND gaps > 0");
        }
        if let Some(host) = &self.host {
            sql.push(" AND host = ").value(clean(host));
        }
        if self.behind {
            sql.push(" AND (orders < own_orders OR orders < ");
            sql.push("(SELECT g.orders FROM endpoint_groups g WHERE g.id = endpoints.group_id))");
        }
        if self.isolated {
            sql.push(" AND (isolate = 1 OR isolated = 1)");
        }
        if let Some(version) = &self.version {
            sql.push(" AND version = ").value(clean(version));
        }
        if let Some(text) = &self.text {
            let like = like(text);
            sql.push(" AND (LOWER(machine) LIKE ").value(like.as_str()).push(" ESCAPE '!' OR LOWER(system) LIKE ");
            sql.value(like.as_str()).push(" ESCAPE '!' OR endpoint LIKE ").value(like).push(" ESCAPE '!')");
        }
    }
}

impl ExecutedFilter {
    fn restrict(&self, sql: &mut Sql) {
        sql.push(" WHERE 1 = 1");
        match self.outcome {
            Some(Outcome::WouldBlock) => sql.push(" AND would_block > 0"),
            Some(Outcome::Blocked) => sql.push(" AND blocked > 0"),
            Some(Outcome::Ran) => sql.push(" AND would_block + blocked < endpoints"),
            None => sql,
        };
        if let Some(kind) = &self.kind {
            sql.push(" AND kind = ").value(word(kind));
        }
        if let Some(text) = &self.text {
            let like = like(text);
            sql.push(" AND (LOWER(path) LIKE ").value(like).push(" ESCAPE '!' OR sha256 LIKE ");
            sql.value(format!("{}%", escaped(text))).push(" ESCAPE '!')");
        }
    }
}

impl Endpoints<'_> {
    /// By the name of the machine.
    pub async fn page(&self, filter: &EndpointFilter, cursor: Option<&str>, limit: u32) -> Result<Page<Endpoint>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let mut count = Sql::new("SELECT COUNT(*) AS n FROM endpoints");
        filter.restrict(&mut count);
        let total = count.one(self.db().reader()).await?.int("n")?;
        let mut page = Sql::new("SELECT * FROM endpoints");
        filter.restrict(&mut page);
        if let Some(cursor) = cursor {
            let (id, machine) = cursor.split_once(' ').ok_or(Error::Cursor)?;
            page.push(" AND (machine, endpoint) > (").value(machine).push(", ").value(id).push(")");
        }
        page.push(" ORDER BY machine, endpoint LIMIT ").value(limit + 1);
        let rows = page.all(self.db().reader()).await?;
        let rows = rows.iter().map(endpoint).collect::<Result<Vec<_>>>()?;
        Ok(paged(rows, limit, total, |row| format!("{} {}", row.endpoint, clean(&row.report.machine))))
    }

    /// How many there are of each kind; lately is since a time.
    pub async fn counts(&self, lately: Timestamp) -> Result<Vec<EndpointCount>> {
        let rows = sql!(
            "SELECT group_id, mode, version, CASE WHEN gaps > 0 THEN 1 ELSE 0 END AS gap, \
             CASE WHEN heard >= $1 THEN 1 ELSE 0 END AS lately, COUNT(*) AS n FROM endpoints \
             GROUP BY group_id, mode, version, CASE WHEN gaps > 0 THEN 1 ELSE 0 END, \
             CASE WHEN heard >= $1 THEN 1 ELSE 0 END",
            lately.as_microsecond()
        );
        let rows = rows.all(self.db().reader()).await?;
        let count = |row: &AnyRow| {
            Ok(EndpointCount {
                group: GroupId(row.text("group_id")?),
                mode: from_word(&row.text("mode")?),
                version: row.text("version")?,
                with_gaps: row.flag("gap")?,
                heard_lately: row.flag("lately")?,
                count: row.int("n")?.unsigned_abs(),
            })
        };
        rows.iter().map(count).collect()
    }

    /// Files that ran anywhere, those met last or on most endpoints first.
    pub async fn executed(
        &self,
        filter: &ExecutedFilter,
        sort: ExecutedSort,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<ExecutedFile>> {
        let mut restriction = Sql::default();
        filter.restrict(&mut restriction);
        let column = match sort {
            ExecutedSort::Last => "last",
            ExecutedSort::Endpoints => "endpoints",
        };
        let of = |row: &ExecutedFile| match sort {
            ExecutedSort::Last => row.last.as_microsecond(),
            ExecutedSort::Endpoints => super::number(row.endpoints),
        };
        let list = List { table: "endpoint_files", column, restriction, row: executed };
        self.list(list, &|row| (of(row), row.id), cursor, limit).await
    }

    /// What ran on one endpoint, or where one file ran; the last ones first.
    pub async fn executions(
        &self,
        on: Option<&EndpointId>,
        sha256: Option<&str>,
        outcome: Option<Outcome>,
        limit: u32,
    ) -> Result<Vec<Execution>> {
        let mut sql = Sql::new("SELECT * FROM endpoint_executions WHERE 1 = 1");
        if let Some(endpoint) = on {
            sql.push(" AND endpoint = ").value(clean(&endpoint.0));
        }
        if let Some(sha256) = sha256 {
            sql.push(" AND sha256 = ").value(clean(sha256));
        }
        if let Some(outcome) = &outcome {
            sql.push(" AND outcome = ").value(word(outcome));
        }
        sql.push(" ORDER BY last DESC, endpoint, path LIMIT ").value(i64::from(limit).clamp(1, PAGE_MAX));
        sql.all(self.db().reader()).await?.iter().map(execution).collect()
    }

    /// The newest first.
    pub async fn incidents(
        &self,
        on: Option<&EndpointId>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<IncidentRow>> {
        let mut restriction = Sql::new(" WHERE 1 = 1");
        if let Some(endpoint) = on {
            restriction.push(" AND endpoint = ").value(clean(&endpoint.0));
        }
        let list = List { table: "endpoint_incidents", column: "at", restriction, row: incident };
        self.list(list, &|row| (row.at.as_microsecond(), row.id), cursor, limit).await
    }

    /// How many there were since a time.
    pub async fn incidents_since(&self, since: Timestamp) -> Result<u64> {
        let count = sql!("SELECT COUNT(*) AS n FROM endpoint_incidents WHERE at >= $1", since.as_microsecond());
        Ok(count.one(self.db().reader()).await?.int("n")?.unsigned_abs())
    }

    pub async fn incident(&self, id: i64) -> Result<IncidentRow> {
        let row = sql!("SELECT * FROM endpoint_incidents WHERE id = $1", id).optional(self.db().reader()).await?;
        incident(&row.ok_or_else(|| Error::not_found("incident", id))?)
    }

    /// The newest first; of a level or above.
    pub async fn alarms(
        &self,
        on: Option<&EndpointId>,
        from: Level,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<AlarmRow>> {
        let all = [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];
        let mut restriction = Sql::new(" WHERE level IN ");
        restriction.list(all.iter().filter(|level| **level >= from).map(word));
        if let Some(endpoint) = on {
            restriction.push(" AND endpoint = ").value(clean(&endpoint.0));
        }
        let list = List { table: "endpoint_alarms", column: "at", restriction, row: alarm };
        self.list(list, &|row| (row.at.as_microsecond(), row.id), cursor, limit).await
    }

    /// A page of a list; where it goes on is what the last row has in the column, and its number.
    pub(super) async fn list<T>(
        &self,
        list: List<T>,
        place: &(dyn Fn(&T) -> (i64, i64) + Sync),
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<T>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let List { table, column, restriction, row } = list;
        let select = |what: &str| Sql {
            text: format!("SELECT {what} FROM {table}{}", restriction.text),
            values: restriction.values.clone(),
        };
        let total = select("COUNT(*) AS n").one(self.db().reader()).await?.int("n")?;
        let mut page = select("*");
        if let Some(cursor) = cursor {
            let (value, id) = two(cursor)?;
            page.push(&format!(" AND ({column}, id) < (")).value(value).push(", ").value(id).push(")");
        }
        page.push(&format!(" ORDER BY {column} DESC, id DESC LIMIT ")).value(limit + 1);
        let rows = page.all(self.db().reader()).await?.iter().map(row).collect::<Result<Vec<_>>>()?;
        Ok(paged(rows, limit, total, |row| {
            let (value, id) = place(row);
            format!("{value}.{id}")
        }))
    }
}

/// A list of rows that have numbers, those first that have most in a column.
pub(super) struct List<T> {
    pub table: &'static str,
    pub column: &'static str,
    /// Which rows, with a condition at least.
    pub restriction: Sql,
    pub row: fn(&AnyRow) -> Result<T>,
}

fn two(cursor: &str) -> Result<(i64, i64)> {
    let (value, id) = cursor.split_once('.').ok_or(Error::Cursor)?;
    Ok((value.parse().map_err(|_| Error::Cursor)?, id.parse().map_err(|_| Error::Cursor)?))
}

fn escaped(text: &str) -> String {
    clean(text).to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

fn like(text: &str) -> String {
    format!("%{}%", escaped(text))
}

fn execution(row: &AnyRow) -> Result<Execution> {
    let endpoint = row.text("endpoint")?;
    Ok(Execution {
        ran: from_json("execution", &endpoint, &row.text("told")?)?,
        endpoint: EndpointId(endpoint),
        first: sure_time(row.int("first")?),
        last: sure_time(row.int("last")?),
        times: row.int("times")?.unsigned_abs(),
    })
}

fn executed(row: &AnyRow) -> Result<ExecutedFile> {
    let id = row.int("id")?;
    let count = |name: &str| Ok::<_, Error>(row.int(name)?.max(0).unsigned_abs());
    Ok(ExecutedFile {
        id,
        ran: from_json("execution", id, &row.text("told")?)?,
        first: sure_time(row.int("first")?),
        last: sure_time(row.int("last")?),
        times: count("times")?,
        endpoints: count("endpoints")?,
        would_block: count("would_block")?,
        blocked: count("blocked")?,
    })
}

fn incident(row: &AnyRow) -> Result<IncidentRow> {
    let id = row.int("id")?;
    let text = |name: &str| Ok::<_, Error>(Some(row.text(name)?).filter(|text| !text.is_empty()));
    let count = |name: &str| Ok::<_, Error>(row.int(name)?.unsigned_abs());
    Ok(IncidentRow {
        id,
        endpoint: EndpointId(row.text("endpoint")?),
        incident: row.text("incident")?,
        at: sure_time(row.int("at")?),
        program: text("program")?,
        sha256: text("sha256")?,
        touched: count("touched")?,
        restored: count("restored")?,
        beside: count("beside")?,
        failed: count("failed")?,
        stopped: from_optional_json("incident", id, &row.text("stopped")?)?,
        undone: from_optional_json("incident", id, &row.text("undone")?)?,
    })
}

fn alarm(row: &AnyRow) -> Result<AlarmRow> {
    let id = row.int("id")?;
    Ok(AlarmRow {
        id,
        endpoint: EndpointId(row.text("endpoint")?),
        at: sure_time(row.int("at")?),
        alarm: from_json("alarm", id, &row.text("told")?)?,
    })
}
