//! What stands out and claims no weapon: behaviours beyond a threshold, and indicators that were met.
//!
//! Each has one row for a capture, so that a capture can be read again or forgotten; told they are together.

use crate::bulk;
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::pack::{clean, from_json, from_word, json, sure_time, word};
use crate::traffic::{CaptureId, Traffic};
use crate::{Act, Error, Result};
use model::{Notable, NotableKind};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

const COLUMNS: [&str; 15] = [
    "capture",
    "kind",
    "name",
    "value",
    "place",
    "originator",
    "responder",
    "transport",
    "port",
    "times",
    "first_seen",
    "last_seen",
    "facts",
    "communities",
    "frames",
];
/// Meetings of an indicator add up (to 2^45, so that all together are a number too); a behaviour is judged anew each
/// time, from everything that is known.
const CONFLICT: &str = "ON CONFLICT (kind, name, value, originator, responder, transport, port, capture) DO UPDATE SET \
     times = CASE WHEN wire_notables.kind = 'indicator' AND wire_notables.times + excluded.times > 35184372088832 \
             THEN 35184372088832 WHEN wire_notables.kind = 'indicator' THEN wire_notables.times + excluded.times \
             WHEN wire_notables.times > excluded.times THEN wire_notables.times ELSE excluded.times END, \
     first_seen = CASE WHEN wire_notables.first_seen < excluded.first_seen THEN wire_notables.first_seen \
                  ELSE excluded.first_seen END, \
     last_seen = CASE WHEN wire_notables.last_seen > excluded.last_seen THEN wire_notables.last_seen \
                 ELSE excluded.last_seen END, \
     facts = excluded.facts, communities = excluded.communities, frames = excluded.frames";
const KEY: &str = "kind, name, value, originator, responder, transport, port";
const NO_PORT: i64 = -1;

/// One thing that stands out, over all captures that show it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredNotable {
    /// Its newest row, and the capture that is of.
    pub id: i64,
    pub capture: CaptureId,
    pub captures: u64,
    /// With the count and the times over all captures; facts, conversations and frames are those of the newest.
    pub notable: Notable,
}

/// All conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotableFilter {
    pub kind: Option<NotableKind>,
    pub name: Option<String>,
    pub value: Option<String>,
    /// An address at either end.
    pub host: Option<String>,
    /// The other address, where a host is given too.
    pub other: Option<String>,
    pub capture: Option<CaptureId>,
    /// A conversation that shows it, by Community ID.
    pub community: Option<String>,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotableKey(i64, i64);

impl Traffic<'_> {
    /// Adds what stands out in a capture to what is known of it.
    pub async fn put_notables(&self, capture: CaptureId, notables: &[Notable], act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        put_rows(&mut tx, capture, notables).await?;
        self.store.commit(tx, act).await
    }

    /// A page of what stands out, that seen last first.
    pub async fn notables(
        &self,
        filter: &NotableFilter,
        cursor: Option<&NotableKey>,
        limit: u32,
    ) -> Result<(Vec<StoredNotable>, Option<NotableKey>)> {
        let limit = i64::from(limit.clamp(1, 200));
        let mut sql = Sql { text: format!("{GROUPS} WHERE 1 = 1"), values: Vec::new() };
        filter.restrict(&mut sql);
        sql.push(" GROUP BY ").push(KEY);
        if let Some(NotableKey(high, newest)) = cursor {
            sql.push(" HAVING (MAX(last_seen), MAX(id)) < (").value(*high).push(", ").value(*newest).push(")");
        }
        sql.push(" ORDER BY high DESC, newest DESC LIMIT ").value(limit + 1);
        let groups = sql.all(self.db().reader()).await?;
        let more = groups.len() as i64 > limit;
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let groups: Vec<&AnyRow> = groups.iter().take(shown).collect();
        let mut newest = Sql::new("SELECT * FROM wire_notables WHERE id IN ");
        newest.list(groups.iter().map(|row| row.int("newest")).collect::<Result<Vec<_>>>()?);
        let rows = newest.all(self.db().reader()).await?;
        let rows = rows.iter().map(|row| Ok((row.int("id")?, row))).collect::<Result<BTreeMap<_, _>>>()?;
        let mut found = Vec::new();
        for group in &groups {
            // A row that went meanwhile has nothing to tell any more.
            if let Some(row) = rows.get(&group.int("newest")?) {
                found.push(together(group, notable(row)?)?);
            }
        }
        let last =
            groups.last().map(|row| Ok::<_, Error>(NotableKey(row.int("high")?, row.int("newest")?))).transpose()?;
        Ok((found, last.filter(|_| more)))
    }

    pub async fn notable(&self, id: i64) -> Result<StoredNotable> {
        let row = sql!("SELECT * FROM wire_notables WHERE id = $1", id).optional(self.db().reader()).await?;
        notable(&row.ok_or_else(|| Error::not_found("finding", id))?)
    }

    /// How many things stand out, by kind and name.
    pub async fn notable_counts(&self, filter: &NotableFilter) -> Result<Vec<(NotableKind, String, u64)>> {
        let mut sql = Sql {
            text: format!(
                "SELECT kind, name, COUNT(*) AS n FROM (SELECT DISTINCT {KEY} FROM wire_notables WHERE 1 = 1"
            ),
            values: Vec::new(),
        };
        filter.restrict(&mut sql);
        sql.push(") AS each_one GROUP BY kind, name ORDER BY kind, n DESC, name");
        let rows = sql.all(self.db().reader()).await?;
        rows.iter().map(|row| Ok((kind_of(row)?, row.text("name")?, row.int("n")?.unsigned_abs()))).collect()
    }
}

pub(crate) async fn put_rows(tx: &mut Tx, capture: CaptureId, notables: &[Notable]) -> Result<()> {
    // In one statement no row may come twice.
    let mut rows: BTreeMap<Vec<String>, Notable> = BTreeMap::new();
    for notable in notables {
        rows.entry(key(notable)).and_modify(|known| add(known, notable)).or_insert_with(|| notable.clone());
    }
    let rows = rows.values().map(|notable| values(capture, notable)).collect::<Result<Vec<_>>>()?;
    bulk::insert(tx, "wire_notables", &COLUMNS, rows, CONFLICT).await?;
    Ok(())
}

const GROUPS: &str = "SELECT kind, name, value, originator, responder, transport, port, COUNT(*) AS captures, \
    CAST(CASE WHEN kind = 'indicator' THEN SUM(times) ELSE MAX(times) END AS BIGINT) AS n, MIN(first_seen) AS low, \
    MAX(last_seen) AS high, MAX(id) AS newest FROM wire_notables";

impl NotableFilter {
    fn restrict(&self, sql: &mut Sql) {
        if let Some(kind) = &self.kind {
            sql.push(" AND kind = ").value(word(kind));
        }
        for (column, text) in [("name", &self.name), ("value", &self.value)] {
            if let Some(text) = text {
                sql.push(&format!(" AND {column} = ")).value(clean(text));
            }
        }
        for host in [&self.host, &self.other].into_iter().flatten() {
            let host = clean(host);
            sql.push(" AND (originator = ").value(host.as_str()).push(" OR responder = ").value(host).push(")");
        }
        if let Some(capture) = self.capture {
            sql.push(" AND capture = ").value(capture);
        }
        if let Some(community) = &self.community {
            let quoted = serde_json::Value::from(clean(community)).to_string();
            let quoted = quoted.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            sql.push(" AND communities LIKE ").value(format!("%{quoted}%")).push(" ESCAPE '\\'");
        }
    }
}

fn key(notable: &Notable) -> Vec<String> {
    vec![
        word(&notable.kind),
        notable.name.clone(),
        notable.value.clone(),
        notable.originator.to_string(),
        notable.responder.map(|address| address.to_string()).unwrap_or_default(),
        notable.transport.clone().unwrap_or_default(),
        notable.port.map(|port| port.to_string()).unwrap_or_default(),
    ]
}

fn add(known: &mut Notable, other: &Notable) {
    known.count = match known.kind {
        NotableKind::Indicator => known.count.saturating_add(other.count),
        NotableKind::Behaviour => known.count.max(other.count),
    };
    known.first = known.first.min(other.first);
    known.last = known.last.max(other.last);
    for id in &other.community_ids {
        if !known.community_ids.contains(id) {
            known.community_ids.push(id.clone());
        }
    }
}

fn values(capture: CaptureId, notable: &Notable) -> Result<Vec<Value>> {
    Ok(vec![
        capture.into(),
        word(&notable.kind).into(),
        clean(&notable.name).into(),
        clean(&notable.value).into(),
        clean(&notable.place).into(),
        notable.originator.to_string().into(),
        notable.responder.map(|address| address.to_string()).unwrap_or_default().into(),
        clean(notable.transport.as_deref().unwrap_or_default()).into(),
        notable.port.map_or(NO_PORT, i64::from).into(),
        i64::try_from(notable.count).unwrap_or(i64::MAX).into(),
        notable.first.as_microsecond().into(),
        notable.last.as_microsecond().into(),
        json("facts", &notable.facts)?.into(),
        clean(&json("communities", &notable.community_ids)?).into(),
        json("frames", &notable.frames)?.into(),
    ])
}

fn kind_of(row: &AnyRow) -> Result<NotableKind> {
    Ok(from_word(&row.text("kind")?).unwrap_or(NotableKind::Behaviour))
}

fn together(group: &AnyRow, newest: StoredNotable) -> Result<StoredNotable> {
    let notable = Notable {
        count: group.int("n")?.unsigned_abs(),
        first: sure_time(group.int("low")?),
        last: sure_time(group.int("high")?),
        ..newest.notable
    };
    Ok(StoredNotable { captures: group.int("captures")?.unsigned_abs(), notable, ..newest })
}

fn notable(row: &AnyRow) -> Result<StoredNotable> {
    let id = row.int("id")?;
    let address = |name: &str| {
        let text = row.text(name)?;
        text.parse().map_err(|source: std::net::AddrParseError| Error::Damaged {
            what: "finding",
            id: id.to_string(),
            source: source.into(),
        })
    };
    let text = |name: &str| row.text(name).map(|text| Some(text).filter(|text| !text.is_empty()));
    let notable = Notable {
        kind: kind_of(row)?,
        name: row.text("name")?,
        value: row.text("value")?,
        place: row.text("place")?,
        originator: address("originator")?,
        responder: if row.text("responder")?.is_empty() { None } else { Some(address("responder")?) },
        transport: text("transport")?,
        port: u16::try_from(row.int("port")?).ok(),
        count: row.int("times")?.unsigned_abs(),
        first: sure_time(row.int("first_seen")?),
        last: sure_time(row.int("last_seen")?),
        facts: from_json("facts", id, &row.text("facts")?)?,
        community_ids: from_json("communities", id, &row.text("communities")?)?,
        frames: from_json("frames", id, &row.text("frames")?)?,
    };
    Ok(StoredNotable { id, capture: row.int("capture")?, captures: 1, notable })
}
