//! Session records: pages, searches in windows, conversations, and the shape of a list.

use super::{SessionPage, Shape, StoredSession, Talk, Traffic, cut, paged};
use crate::assets::{FacetCount, PAGE_MAX, Page};
use crate::db::{Columns, Sql, sql};
use crate::pack::{clean, sure_time};
use crate::traffic_sql::{self, COLUMNS, TrafficFilter, all, newest};
use crate::{Error, Result};
use jiff::Timestamp;
use model::Port;
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

/// Rows of a filtered list that are counted; a list with more says "at least".
const COUNTED_MAX: i64 = 20_000;
/// Rows that are looked at in one window, where no index knows the answer.
const WINDOW_ROWS: i64 = 50_000;
/// The newest rows of a filtered list that its shape is drawn from.
const SHAPE_ROWS_MAX: i64 = 10_000;
/// Values of one facet.
const FACET_VALUES_MAX: i64 = 12;
/// Bars of a histogram.
const BARS: i64 = 60;
const EXCHANGES_MAX: i64 = 500;
/// Conversations that are looked through for who talks to whom, newest first.
const TALKS_LOOKED_AT: i64 = 100_000;
const TALKS_MAX: i64 = 5000;

impl Traffic<'_> {
    /// A page of sessions, newest first. Counting stops at some number. What no index knows is searched for in windows:
    /// a page may have few rows, or none, and still a next one.
    pub async fn sessions(&self, filter: &TrafficFilter, cursor: Option<&str>, limit: u32) -> Result<SessionPage> {
        let limit = i64::from(if limit == 0 { 50 } else { limit.min(PAGE_MAX) });
        let before = cursor.map(cut).transpose()?;
        let columns = format!("id, {}", COLUMNS.join(", "));
        let edge = self.edge(filter, before, WINDOW_ROWS).await?;
        let page = newest(&columns, from_edge(filter.parts(), edge), before, limit + 1);
        let Some((started, id)) = edge else {
            // Behind the last window lies all that was searched before it: counting would read every row of it again.
            if filter.reads_rows() && before.is_some() {
                let rows = page.all(self.db().reader()).await?;
                let rows = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
                let Page { rows, next, .. } = paged(rows, limit, 0, session_key);
                let total = rows.len() as i64;
                return Ok(SessionPage { rows, next, total, total_is_least: true, searched_until: None });
            }
            let (rows, total) = tokio::try_join!(page.all(self.db().reader()), self.count(filter))?;
            let rows = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
            let Page { rows, next, total } = paged(rows, limit, total, session_key);
            let total_is_least = !filter.is_everything() && total >= COUNTED_MAX;
            return Ok(SessionPage { rows, next, total, total_is_least, searched_until: None });
        };
        let rows = page.all(self.db().reader()).await?;
        let rows = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
        let Page { rows, next, .. } = paged(rows, limit, 0, session_key);
        let searched_until = next.is_none().then(|| sure_time(started));
        let next = next.or_else(|| Some(format!("{started}.{id}")));
        let total = rows.len() as i64;
        Ok(SessionPage { rows, next, total, total_is_least: true, searched_until })
    }

    /// Where the window ends that is searched at once: at the row of so many that an index gives without reading them.
    /// None when the list ends before.
    async fn edge(&self, filter: &TrafficFilter, before: Option<(i64, i64)>, rows: i64) -> Result<Option<(i64, i64)>> {
        if !filter.reads_rows() {
            return Ok(None);
        }
        let mut edge = None;
        for part in filter.parts_by_index() {
            let mut sql = newest("started, id", vec![part], before, 1);
            sql.push(" OFFSET ").value(rows - 1);
            if let Some(row) = sql.optional(self.db().reader()).await? {
                // Of several parts the nearest end: what is beyond it may be missing from another part.
                edge = edge.max(Some((row.int("started")?, row.int("id")?)));
            }
        }
        Ok(edge)
    }

    async fn count(&self, filter: &TrafficFilter) -> Result<i64> {
        if filter.is_everything() {
            return Sql::new("SELECT COUNT(*) AS n FROM wire_sessions").one(self.db().reader()).await?.int("n");
        }
        let mut sum = 0;
        for part in filter.parts() {
            let mut sql = Sql { text: String::new(), values: part.values };
            sql.push("SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM wire_sessions WHERE ").push(&part.text);
            sql.push(" LIMIT ").value(COUNTED_MAX).push(") AS counted");
            sum += sql.one(self.db().reader()).await?.int("n")?;
        }
        Ok(sum.min(COUNTED_MAX))
    }

    pub async fn session(&self, id: i64) -> Result<StoredSession> {
        let row = sql!("SELECT * FROM wire_sessions WHERE id = $1", id).optional(self.db().reader()).await?;
        session(&row.ok_or_else(|| Error::not_found("session", id))?)
    }

    /// The conversation a row belongs to: its own row, if it is still there, and its exchanges in order, with whether
    /// there are more of them.
    pub async fn conversation(&self, of: &StoredSession) -> Result<(Option<StoredSession>, Vec<StoredSession>, bool)> {
        let community = clean(&of.record.community_id);
        let at = of.record.start.as_microsecond();
        // The same ends may meet again later: the one that was going on at the time is meant.
        let flow = sql!(
            "SELECT * FROM wire_sessions WHERE community = $1 AND capture = $2 AND exchange < 0 AND started <= $3 \
             ORDER BY started DESC, id LIMIT 1",
            community.as_str(),
            of.capture,
            at
        )
        .optional(self.db().reader())
        .await?;
        let flow = flow.as_ref().map(session).transpose()?;
        let from = flow.as_ref().map_or(i64::MIN, |flow| flow.record.start.as_microsecond());
        let next = sql!(
            "SELECT COALESCE(MIN(started), $1) AS until FROM wire_sessions \
             WHERE community = $2 AND capture = $3 AND exchange < 0 AND started > $4",
            i64::MAX,
            community.as_str(),
            of.capture,
            at
        );
        let until = next.one(self.db().reader()).await?.int("until")?;
        let rows = sql!(
            "SELECT * FROM wire_sessions WHERE community = $1 AND capture = $2 AND exchange >= 0 \
             AND started >= $3 AND started < $4 ORDER BY started, exchange, id LIMIT $5",
            community.as_str(),
            of.capture,
            from,
            until,
            EXCHANGES_MAX + 1
        )
        .all(self.db().reader())
        .await?;
        let mut exchanges = rows.iter().map(session).collect::<Result<Vec<_>>>()?;
        let more = exchanges.len() as i64 > EXCHANGES_MAX;
        exchanges.truncate(usize::try_from(EXCHANGES_MAX).unwrap_or(usize::MAX));
        Ok((flow, exchanges, more))
    }

    /// Facets and histogram of a list, drawn from its newest rows.
    pub async fn shape(&self, filter: &TrafficFilter) -> Result<Shape> {
        let edge = self.edge(filter, None, SHAPE_ROWS_MAX).await?;
        let Some(span) =
            self.span(newest("started, id", from_edge(filter.parts(), edge), None, SHAPE_ROWS_MAX)).await?
        else {
            return Ok(Shape::default());
        };
        // Where the newest rows end is found once. From there on the two ends of a host are not put in order any more,
        // which is most of the work; what has one part comes in the order of its index. Each part is drawn for itself
        // (`MATERIALIZED`): SQLite would rather walk all rows in the order of what is counted.
        let within = |columns: &str| match filter.host {
            Some(_) => all(columns, from_edge(filter.parts(), Some(span.edge))),
            None => newest(columns, from_edge(filter.parts(), edge), None, SHAPE_ROWS_MAX),
        };
        let (protocols, hosts, weapons, (bars, bar_us)) = tokio::try_join!(
            self.facet(within("protocol"), "protocol", &["protocol"]),
            self.facet(within("originator, responder"), "host", &["originator", "responder"]),
            self.weapons_within(within("community, capture, id")),
            self.bars(within("started"), &span),
        )?;
        Ok(Shape { rows: span.rows, protocols, hosts, weapons, bars, bar_us })
    }

    /// How many rows there are, from when to when, and which is the oldest.
    async fn span(&self, rows: Sql) -> Result<Option<Span>> {
        let mut sql = Sql { text: format!("WITH newest AS MATERIALIZED ({}) ", rows.text), values: rows.values };
        sql.push(
            "SELECT COUNT(*) AS n, COALESCE(MIN(started), 0) AS low, COALESCE(MAX(started), 0) AS high, \
             COALESCE((SELECT MIN(id) FROM newest WHERE started = (SELECT MIN(started) FROM newest)), 0) AS first \
             FROM newest",
        );
        let row = sql.one(self.db().reader()).await?;
        let (rows, low, high) = (row.int("n")?.unsigned_abs(), row.int("low")?, row.int("high")?);
        Ok(if rows == 0 { None } else { Some(Span { rows, low, high, edge: (low, row.int("first")?) }) })
    }

    async fn facet(&self, rows: Sql, name: &'static str, columns: &[&'static str]) -> Result<Vec<FacetCount>> {
        let mut sql = Sql { text: format!("WITH newest AS MATERIALIZED ({}) ", rows.text), values: rows.values };
        let each: Vec<_> = columns.iter().map(|column| format!("SELECT {column} AS {name} FROM newest")).collect();
        sql.push(&format!("SELECT {name} AS value, COUNT(*) AS n FROM ({}) AS each_value ", each.join(" UNION ALL ")));
        sql.push(&format!("GROUP BY {name} ORDER BY n DESC, value LIMIT ")).value(FACET_VALUES_MAX);
        counts(&sql.all(self.db().reader()).await?)
    }

    async fn weapons_within(&self, rows: Sql) -> Result<Vec<FacetCount>> {
        let any = Sql::new("SELECT finding FROM wire_finding_flows LIMIT 1").optional(self.db().reader()).await?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        let mut sql = Sql { text: format!("WITH newest AS MATERIALIZED ({}) ", rows.text), values: rows.values };
        sql.push(
            "SELECT f.weapon AS value, COUNT(DISTINCT n.id) AS n FROM newest n JOIN wire_finding_flows f \
             ON f.community = n.community AND f.capture = n.capture GROUP BY f.weapon ORDER BY n DESC, value LIMIT ",
        );
        sql.value(FACET_VALUES_MAX);
        counts(&sql.all(self.db().reader()).await?)
    }

    async fn bars(&self, rows: Sql, span: &Span) -> Result<(Vec<(Timestamp, u64)>, i64)> {
        let width = bar_width(span.high.saturating_sub(span.low));
        let base = span.low - span.low.rem_euclid(width);
        let mut sql = Sql { text: format!("WITH newest AS MATERIALIZED ({}) ", rows.text), values: rows.values };
        // Numbers of our own: as literals they let both databases group by the expression.
        sql.push(&format!(
            "SELECT (started - ({base})) / {width} AS bar, COUNT(*) AS n FROM newest \
             GROUP BY (started - ({base})) / {width} ORDER BY bar"
        ));
        let rows = sql.all(self.db().reader()).await?;
        let bar = |row: &AnyRow| Ok((sure_time(base + row.int("bar")? * width), row.int("n")?.unsigned_abs()));
        Ok((rows.iter().map(bar).collect::<Result<_>>()?, width))
    }

    /// Who was seen to be answered by whom at these ports, in the newest conversations.
    pub async fn talks(&self, ports: &BTreeSet<Port>) -> Result<Vec<Talk>> {
        let mut sql = Sql::new(
            "SELECT originator, responder, transport, responder_port FROM (SELECT originator, responder, transport, \
             responder_port, responder_packets FROM wire_sessions WHERE exchange < 0 ORDER BY started DESC, id DESC LIMIT ",
        );
        sql.value(TALKS_LOOKED_AT).push(") AS newest WHERE responder_packets > 0 AND responder_port IN ");
        sql.list(ports.iter().map(|port| i64::from(port.number)));
        sql.push(
            " GROUP BY originator, responder, transport, responder_port \
             ORDER BY originator, responder, transport, responder_port LIMIT ",
        )
        .value(TALKS_MAX);
        let rows = sql.all(self.db().reader()).await?;
        let talk = |row: &AnyRow| {
            let port = format!("{}/{}", row.text("transport")?, row.int("responder_port")?).parse().ok();
            let (originator, responder) = (row.text("originator")?, row.text("responder")?);
            Ok(port.map(|port| Talk { originator, responder, port }))
        };
        let talks = rows.iter().map(talk).collect::<Result<Vec<_>>>()?;
        Ok(talks.into_iter().flatten().filter(|talk| ports.contains(&talk.port)).collect())
    }
}

/// The newest rows of a list: how many, from when to when, and the oldest of them.
struct Span {
    rows: u64,
    low: i64,
    high: i64,
    edge: (i64, i64),
}

/// Only rows from the end of a window on.
pub(super) fn from_edge(mut parts: Vec<Sql>, edge: Option<(i64, i64)>) -> Vec<Sql> {
    if let Some((started, id)) = edge {
        for part in &mut parts {
            part.push(" AND (started, id) >= (").value(started).push(", ").value(id).push(")");
        }
    }
    parts
}

pub(super) fn session_key(last: &StoredSession) -> String {
    format!("{}.{}", last.record.start.as_microsecond(), last.id)
}

/// A width that people read clocks by, so that there are some [`BARS`] bars.
pub(super) fn bar_width(span_us: i64) -> i64 {
    const SECOND: i64 = 1_000_000;
    const STEPS: [i64; 20] = [
        1_000,
        10_000,
        100_000,
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        30 * SECOND,
        60 * SECOND,
        120 * SECOND,
        300 * SECOND,
        600 * SECOND,
        1_800 * SECOND,
        3_600 * SECOND,
        10_800 * SECOND,
        21_600 * SECOND,
        43_200 * SECOND,
        86_400 * SECOND,
        604_800 * SECOND,
        2_592_000 * SECOND,
    ];
    let least = span_us / BARS + 1;
    STEPS.into_iter().find(|step| *step >= least).unwrap_or(least)
}

pub(super) fn counts(rows: &[AnyRow]) -> Result<Vec<FacetCount>> {
    rows.iter().map(|row| Ok(FacetCount { value: row.text("value")?, hosts: row.int("n")? })).collect()
}

pub(super) fn session(row: &AnyRow) -> Result<StoredSession> {
    Ok(StoredSession { id: row.int("id")?, capture: row.int("capture")?, record: traffic_sql::record(row)? })
}
