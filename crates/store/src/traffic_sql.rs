//! The statements of the session list: conditions, order, and how a record is laid into columns.

use crate::CaptureId;
use crate::db::{Columns, Sql, Value};
use crate::pack::{clean, from_optional_json, optional_json, sure_time};
use crate::{Error, Result};
use jiff::Timestamp;
use model::{Payload, SessionRecord, WeaponId};
use sqlx::any::AnyRow;

/// Which rows of conversations are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rows {
    #[default]
    All,
    Conversations,
    Exchanges,
}

/// All conditions hold together. Texts are compared whole, except `object`, which is searched for its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrafficFilter {
    pub rows: Rows,
    pub from: Option<Timestamp>,
    /// Not included.
    pub to: Option<Timestamp>,
    /// An address at either end.
    pub host: Option<String>,
    pub originator: Option<String>,
    pub responder: Option<String>,
    /// A port at either end.
    pub port: Option<u16>,
    pub transport: Option<String>,
    /// `''` for what was not identified.
    pub protocol: Option<String>,
    pub account: Option<String>,
    pub object: Option<String>,
    pub operation: Option<String>,
    pub result: Option<String>,
    pub sha256: Option<String>,
    pub community: Option<String>,
    pub capture: Option<CaptureId>,
    /// Conversations that show this weapon at work.
    pub weapon: Option<WeaponId>,
}

/// Words that are searched for in an object.
const WORDS_MAX: usize = 8;
const NO_EXCHANGE: i64 = -1;

impl TrafficFilter {
    /// The statements whose rows together are the list. A host stands at either end, and each end has its own index:
    /// asked one after the other both answer at once, asked together neither does.
    pub(crate) fn parts(&self) -> Vec<Sql> {
        self.of_ends(|| {
            let mut sql = self.condition();
            self.read_condition(&mut sql);
            sql
        })
    }

    /// The same without what only the rows themselves can answer.
    pub(crate) fn parts_by_index(&self) -> Vec<Sql> {
        self.of_ends(|| self.condition())
    }

    /// True when something is asked for that no index knows: then a list is searched in windows.
    pub(crate) fn reads_rows(&self) -> bool {
        self.object.is_some()
            || self.operation.is_some()
            || self.result.is_some()
            || self.transport.is_some()
            || self.port.is_some()
    }

    fn of_ends(&self, condition: impl Fn() -> Sql) -> Vec<Sql> {
        let Some(host) = &self.host else { return vec![condition()] };
        let host = clean(host);
        let (mut from, mut to) = (condition(), condition());
        from.push(" AND originator = ").value(host.as_str());
        to.push(" AND responder = ").value(host.as_str()).push(" AND originator <> ").value(host.as_str());
        vec![from, to]
    }

    fn condition(&self) -> Sql {
        let mut sql = Sql::new("1 = 1");
        sql.push(match self.rows {
            Rows::All => "",
            Rows::Conversations => " AND exchange < 0",
            Rows::Exchanges => " AND exchange >= 0",
        });
        if let Some(from) = self.from {
            sql.push(" AND started >= ").value(from.as_microsecond());
        }
        if let Some(to) = self.to {
            sql.push(" AND started < ").value(to.as_microsecond());
        }
        // Beside a host the protocol is no way in: one protocol is most of the network, and its index knows no hosts.
        let protocol = if self.host.is_some() { "protocol || ''" } else { "protocol" };
        let texts = [
            ("originator", &self.originator),
            ("responder", &self.responder),
            (protocol, &self.protocol),
            ("community", &self.community),
        ];
        for (column, text) in texts {
            if let Some(text) = text {
                sql.push(" AND ").push(column).push(" = ").value(clean(text));
            }
        }
        // Said again in the index's own words, so that the planner sees that it fits.
        for (column, text) in [("account", &self.account), ("sha256", &self.sha256)] {
            if let Some(text) = text {
                sql.push(&format!(" AND {column} <> '' AND {column} = ")).value(clean(text));
            }
        }
        if let Some(capture) = self.capture {
            sql.push(" AND capture = ").value(capture);
        }
        if let Some(weapon) = &self.weapon {
            sql.push(" AND (community, capture) IN (SELECT community, capture FROM wire_finding_flows WHERE weapon = ");
            sql.value(clean(weapon.as_str())).push(")");
        }
        sql
    }

    /// What only the rows themselves can answer.
    fn read_condition(&self, sql: &mut Sql) {
        let texts = [("transport", &self.transport), ("operation", &self.operation), ("result", &self.result)];
        for (column, text) in texts {
            if let Some(text) = text {
                sql.push(" AND ").push(column).push(" = ").value(clean(text));
            }
        }
        if let Some(port) = self.port.map(i64::from) {
            sql.push(" AND (responder_port = ").value(port).push(" OR originator_port = ").value(port).push(")");
        }
        for word in self.object.iter().flat_map(|text| text.split_whitespace()).take(WORDS_MAX) {
            let word = clean(&word.to_lowercase()).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            sql.push(" AND LOWER(object) LIKE ").value(format!("%{word}%")).push(" ESCAPE '\\'");
        }
    }

    /// True when nothing is asked for.
    pub(crate) fn is_everything(&self) -> bool {
        *self == TrafficFilter::default()
    }
}

/// Puts statements over the parts of a list together: `SELECT columns … ORDER BY newest first LIMIT limit`, each part
/// cut by itself and then all of them.
pub(crate) fn newest(columns: &str, parts: Vec<Sql>, before: Option<(i64, i64)>, limit: i64) -> Sql {
    const ORDER: &str = " ORDER BY started DESC, id DESC LIMIT ";
    let mut whole = Sql::new("");
    let several = parts.len() > 1;
    for (number, part) in parts.into_iter().enumerate() {
        let shift = whole.values.len();
        whole.push(if number > 0 { " UNION ALL " } else { "" });
        whole.push(if several { "SELECT * FROM (SELECT " } else { "SELECT " });
        whole.push(columns).push(" FROM wire_sessions WHERE ").push(&shifted(&part.text, shift));
        whole.values.extend(part.values);
        if let Some((started, id)) = before {
            whole.push(" AND (started, id) < (").value(started).push(", ").value(id).push(")");
        }
        whole.push(ORDER).value(limit);
        if several {
            whole.push(&format!(") AS part{number}"));
        }
    }
    if several {
        whole.push(ORDER).value(limit);
    }
    whole
}

/// `SELECT columns` of the parts of a list, in no order.
pub(crate) fn all(columns: &str, parts: Vec<Sql>) -> Sql {
    let mut whole = Sql::new("");
    for (number, part) in parts.into_iter().enumerate() {
        let shift = whole.values.len();
        whole.push(if number > 0 { " UNION ALL SELECT " } else { "SELECT " });
        whole.push(columns).push(" FROM wire_sessions WHERE ").push(&shifted(&part.text, shift));
        whole.values.extend(part.values);
    }
    whole
}

/// The same condition with its placeholders behind those of another statement.
fn shifted(text: &str, by: usize) -> String {
    if by == 0 {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, tail) = after.split_at(digits);
        out.push_str(&number.parse::<usize>().map_or_else(|_| number.to_owned(), |n| (n + by).to_string()));
        rest = tail;
    }
    out + rest
}

pub(crate) const COLUMNS: [&str; 29] = [
    "capture",
    "community",
    "exchange",
    "originator",
    "originator_port",
    "responder",
    "responder_port",
    "transport",
    "started",
    "duration",
    "state",
    "midstream",
    "originator_packets",
    "originator_bytes",
    "responder_packets",
    "responder_bytes",
    "protocol",
    "version",
    "account",
    "host_name",
    "originator_mac",
    "responder_mac",
    "object",
    "operation",
    "result",
    "client",
    "server",
    "sha256",
    "payload",
];

pub(crate) fn values(capture: CaptureId, record: &SessionRecord) -> Result<Vec<Value>> {
    let text = |text: &Option<String>| Value::from(clean(text.as_deref().unwrap_or_default()));
    let number = |value: u64| Value::from(i64::try_from(value).unwrap_or(i64::MAX));
    let digest = match &record.payload {
        Some(Payload::File { sha256: Some(sha256), .. }) => sha256.as_str(),
        _ => "",
    };
    Ok(vec![
        capture.into(),
        clean(&record.community_id).into(),
        record.transaction.map_or(NO_EXCHANGE, |number| i64::try_from(number).unwrap_or(i64::MAX)).into(),
        record.originator.to_string().into(),
        i64::from(record.originator_port).into(),
        record.responder.to_string().into(),
        i64::from(record.responder_port).into(),
        clean(&record.transport).into(),
        record.start.as_microsecond().into(),
        record.duration_us.into(),
        clean(&record.state).into(),
        i64::from(record.midstream).into(),
        number(record.originator_packets),
        number(record.originator_bytes),
        number(record.responder_packets),
        number(record.responder_bytes),
        text(&record.protocol),
        text(&record.version),
        text(&record.account),
        text(&record.host_name),
        text(&record.originator_mac),
        text(&record.responder_mac),
        text(&record.object),
        text(&record.operation),
        text(&record.result),
        text(&record.client),
        text(&record.server),
        clean(digest).into(),
        clean(&optional_json("payload", record.payload.as_ref())?).into(),
    ])
}

pub(crate) fn record(row: &AnyRow) -> Result<SessionRecord> {
    let id = row.int("id")?;
    let text = |name: &str| row.text(name).map(|text| Some(text).filter(|text| !text.is_empty()));
    let number = |name: &str| row.int(name).map(i64::unsigned_abs);
    let port = |name: &str| row.int(name).map(|port| u16::try_from(port).unwrap_or_default());
    let address = |name: &str| {
        let text = row.text(name)?;
        text.parse().map_err(|source: std::net::AddrParseError| Error::Damaged {
            what: "session",
            id: id.to_string(),
            source: source.into(),
        })
    };
    Ok(SessionRecord {
        community_id: row.text("community")?,
        transaction: u64::try_from(row.int("exchange")?).ok(),
        originator: address("originator")?,
        originator_port: port("originator_port")?,
        responder: address("responder")?,
        responder_port: port("responder_port")?,
        transport: row.text("transport")?,
        start: sure_time(row.int("started")?),
        duration_us: row.int("duration")?,
        state: row.text("state")?,
        midstream: row.flag("midstream")?,
        originator_packets: number("originator_packets")?,
        originator_bytes: number("originator_bytes")?,
        responder_packets: number("responder_packets")?,
        responder_bytes: number("responder_bytes")?,
        protocol: text("protocol")?,
        version: text("version")?,
        account: text("account")?,
        host_name: text("host_name")?,
        originator_mac: text("originator_mac")?,
        responder_mac: text("responder_mac")?,
        object: text("object")?,
        operation: text("operation")?,
        result: text("result")?,
        client: text("client")?,
        server: text("server")?,
        payload: from_optional_json("payload", id, &row.text("payload")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_list_keep_their_own_values() {
        assert_eq!(shifted("a = $1 AND b = $12 AND c LIKE '$'", 3), "a = $4 AND b = $15 AND c LIKE '$'");
        let filter =
            TrafficFilter { host: Some("10.0.0.1".into()), protocol: Some("smb".into()), ..TrafficFilter::default() };
        let sql = newest("id", filter.parts(), Some((7, 8)), 50);
        let placeholders = sql.text.matches('$').count();
        assert_eq!(placeholders, sql.values.len());
        for number in 1..=placeholders {
            assert!(sql.text.contains(&format!("${number}")), "{}", sql.text);
        }
    }
}
