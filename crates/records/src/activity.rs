//! What happened on endpoints: programs that ran or were kept from it, connections with who has them, logons, alarms.

use crate::column::{Column, Holds, Kind, Value, column, number};

/// Something that happened on an endpoint. What is not known, or has no place in what happened, is null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Activity {
    /// By the clock of the endpoint; microseconds since 1970.
    pub time: i64,
    /// The host as the asset table names it, where the server knows which one it is.
    pub host: Option<String>,
    /// Its address, as the host has it.
    pub address: Option<String>,
    pub endpoint: String,
    /// `ran`, `launched`, `injected`, `became`, `opened`, `listened`, `missed`, `logged_on`, `logon_failed`, `loaded`,
    /// `stopped`, `alarmed`, `in_memory`.
    pub did: String,
    /// Of what ran: `ran`, `would_be_blocked`, `blocked`.
    pub outcome: Option<String>,
    /// The program, or the library or script, that it is about.
    pub path: Option<String>,
    /// The last part of its path, in the form that is compared.
    pub file_names: Vec<String>,
    pub sha256: Option<String>,
    /// Whose file it is: `package`, `changed`, `publisher`, `nobody`; and the package or publisher.
    pub origin: Option<String>,
    pub package: Option<String>,
    pub command_line: Option<String>,
    pub pid: Option<i64>,
    /// Who it acts for, by name where that is known.
    pub account: Option<String>,
    /// Accounts that an indicator may name.
    pub accounts: Vec<String>,
    /// Paths of those it comes from, the nearest first.
    pub ancestors: Vec<String>,
    pub transport: Option<String>,
    /// The end here.
    pub port: Option<u16>,
    /// The other end.
    pub peer: Option<String>,
    pub peer_port: Option<u16>,
    /// The rule that raised an alarm, or decided; of a finding in memory its first reason.
    pub rule: Option<String>,
    pub techniques: Vec<String>,
    /// The incident that it belongs to, on its endpoint.
    pub incident: Option<String>,
    /// How often, since it was told last.
    pub count: i64,
}

pub static ACTIVITIES: Kind<Activity> = Kind { name: "activity", version: 1, columns: COLUMNS };

fn port(port: Option<u16>) -> Value<'static> {
    port.map_or(Value::Null, |port| Value::Small(port.into()))
}

const COLUMNS: &[Column<Activity>] = &[
    column("time", Holds::Time, false, |row| Value::Time(row.time)),
    column("endpoint", Holds::Text, false, |row| Value::text(&row.endpoint)),
    column("host", Holds::Text, true, |row| Value::optional(row.host.as_deref())),
    column("originator", Holds::Text, true, |row| Value::optional(row.address.as_deref())),
    column("did", Holds::Text, false, |row| Value::text(&row.did)),
    column("outcome", Holds::Text, true, |row| Value::optional(row.outcome.as_deref())),
    column("path", Holds::Text, true, |row| Value::optional(row.path.as_deref())),
    column("file_names", Holds::Texts, false, |row| Value::Texts(&row.file_names)),
    column("file_sha256", Holds::Text, true, |row| Value::optional(row.sha256.as_deref())),
    column("origin", Holds::Text, true, |row| Value::optional(row.origin.as_deref())),
    column("package", Holds::Text, true, |row| Value::optional(row.package.as_deref())),
    column("command_line", Holds::Text, true, |row| Value::optional(row.command_line.as_deref())),
    column("pid", Holds::Number, true, |row| number(row.pid)),
    column("account", Holds::Text, true, |row| Value::optional(row.account.as_deref())),
    column("accounts", Holds::Texts, false, |row| Value::Texts(&row.accounts)),
    column("ancestors", Holds::Texts, false, |row| Value::Texts(&row.ancestors)),
    column("transport", Holds::Text, true, |row| Value::optional(row.transport.as_deref())),
    column("port", Holds::Small, true, |row| port(row.port)),
    column("responder", Holds::Text, true, |row| Value::optional(row.peer.as_deref())),
    column("responder_port", Holds::Small, true, |row| port(row.peer_port)),
    column("rule", Holds::Text, true, |row| Value::optional(row.rule.as_deref())),
    column("techniques", Holds::Texts, false, |row| Value::Texts(&row.techniques)),
    column("incident", Holds::Text, true, |row| Value::optional(row.incident.as_deref())),
    column("count", Holds::Number, false, |row| Value::Number(row.count)),
];
