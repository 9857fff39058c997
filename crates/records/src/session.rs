//! Session records: the 13 elements, and what the protocol's record says beyond them.

use crate::column::{Column, Holds, Kind, Value};
use model::{Payload, SessionRecord};

/// A session record as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    pub session: SessionRecord,
    /// The protocol's own record as JSON, by the names of the EVE records; absent in the row of a conversation.
    pub detail: Option<String>,
    pub observed: Observed,
}

/// What an exchange holds that an indicator can name, each value once and in the form that is compared. The addresses of
/// the ends and the digest of a file have columns of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    pub domains: Vec<String>,
    pub urls: Vec<String>,
    /// Of answers; networks are looked for in them as well.
    pub addresses: Vec<String>,
    pub emails: Vec<String>,
    /// As they were said, with their domain or realm.
    pub accounts: Vec<String>,
    pub file_names: Vec<String>,
    /// SHA-1 of certificates of both ends.
    pub certificates: Vec<String>,
    pub ja3: Option<String>,
    pub ja4: Option<String>,
    /// Values that were too many for the row: what is not found in it may have been there.
    pub left_out: u64,
}

pub static SESSIONS: Kind<SessionRow> = Kind { name: "session", version: 1, columns: COLUMNS };

const fn always(
    name: &'static str,
    holds: Holds,
    value: for<'a> fn(&'a SessionRow) -> Value<'a>,
) -> Column<SessionRow> {
    Column { name, holds, optional: false, value }
}

const fn maybe(name: &'static str, holds: Holds, value: for<'a> fn(&'a SessionRow) -> Value<'a>) -> Column<SessionRow> {
    Column { name, holds, optional: true, value }
}

const COLUMNS: &[Column<SessionRow>] = &[
    always("community_id", Holds::Text, |row| Value::text(&row.session.community_id)),
    maybe("transaction", Holds::Number, |row| row.session.transaction.map_or(Value::Null, Value::count)),
    // 1 to 5.
    always("originator", Holds::Text, |row| Value::shown(row.session.originator)),
    always("originator_port", Holds::Small, |row| Value::Small(row.session.originator_port.into())),
    always("responder", Holds::Text, |row| Value::shown(row.session.responder)),
    always("responder_port", Holds::Small, |row| Value::Small(row.session.responder_port.into())),
    always("transport", Holds::Text, |row| Value::text(&row.session.transport)),
    // 6.
    always("start", Holds::Time, |row| Value::Time(row.session.start.as_microsecond())),
    always("duration_us", Holds::Number, |row| Value::Number(row.session.duration_us)),
    always("state", Holds::Text, |row| Value::text(&row.session.state)),
    always("midstream", Holds::Flag, |row| Value::Flag(row.session.midstream)),
    // 7.
    always("originator_packets", Holds::Number, |row| Value::count(row.session.originator_packets)),
    always("originator_bytes", Holds::Number, |row| Value::count(row.session.originator_bytes)),
    always("responder_packets", Holds::Number, |row| Value::count(row.session.responder_packets)),
    always("responder_bytes", Holds::Number, |row| Value::count(row.session.responder_bytes)),
    // 8.
    maybe("protocol", Holds::Text, |row| Value::optional(row.session.protocol.as_deref())),
    maybe("version", Holds::Text, |row| Value::optional(row.session.version.as_deref())),
    // 9.
    maybe("account", Holds::Text, |row| Value::optional(row.session.account.as_deref())),
    maybe("host_name", Holds::Text, |row| Value::optional(row.session.host_name.as_deref())),
    maybe("originator_mac", Holds::Text, |row| Value::optional(row.session.originator_mac.as_deref())),
    maybe("responder_mac", Holds::Text, |row| Value::optional(row.session.responder_mac.as_deref())),
    // 10.
    maybe("object", Holds::Text, |row| Value::optional(row.session.object.as_deref())),
    // 11.
    maybe("operation", Holds::Text, |row| Value::optional(row.session.operation.as_deref())),
    maybe("result", Holds::Text, |row| Value::optional(row.session.result.as_deref())),
    // 12.
    maybe("client", Holds::Text, |row| Value::optional(row.session.client.as_deref())),
    maybe("server", Holds::Text, |row| Value::optional(row.session.server.as_deref())),
    // 13: a file, or the first bytes of each side.
    maybe("file_name", Holds::Text, |row| file(row, |file| Value::text(file.name))),
    maybe("file_size", Holds::Number, |row| file(row, |file| Value::count(file.size))),
    maybe("file_missing", Holds::Number, |row| file(row, |file| Value::count(file.missing))),
    maybe("file_complete", Holds::Flag, |row| file(row, |file| Value::Flag(file.complete))),
    maybe("file_sha256", Holds::Text, |row| file(row, |file| Value::optional(file.sha256))),
    maybe("file_media_type", Holds::Text, |row| file(row, |file| Value::optional(file.media_type))),
    maybe("first_bytes_originator", Holds::Text, |row| match &row.session.payload {
        Some(Payload::FirstBytes { originator, .. }) => Value::text(originator),
        _ => Value::Null,
    }),
    maybe("first_bytes_responder", Holds::Text, |row| match &row.session.payload {
        Some(Payload::FirstBytes { responder, .. }) => Value::text(responder),
        _ => Value::Null,
    }),
    maybe("detail", Holds::Text, |row| Value::optional(row.detail.as_deref())),
    // What an indicator can name.
    always("domains", Holds::Texts, |row| Value::Texts(&row.observed.domains)),
    always("urls", Holds::Texts, |row| Value::Texts(&row.observed.urls)),
    always("addresses", Holds::Texts, |row| Value::Texts(&row.observed.addresses)),
    always("emails", Holds::Texts, |row| Value::Texts(&row.observed.emails)),
    always("accounts", Holds::Texts, |row| Value::Texts(&row.observed.accounts)),
    always("file_names", Holds::Texts, |row| Value::Texts(&row.observed.file_names)),
    always("certificates", Holds::Texts, |row| Value::Texts(&row.observed.certificates)),
    maybe("ja3", Holds::Text, |row| Value::optional(row.observed.ja3.as_deref())),
    maybe("ja4", Holds::Text, |row| Value::optional(row.observed.ja4.as_deref())),
    always("observed_left_out", Holds::Number, |row| Value::count(row.observed.left_out)),
];

struct File<'a> {
    name: &'a str,
    size: u64,
    missing: u64,
    complete: bool,
    sha256: Option<&'a str>,
    media_type: Option<&'a str>,
}

fn file(row: &SessionRow, value: for<'a> fn(File<'a>) -> Value<'a>) -> Value<'_> {
    match &row.session.payload {
        Some(Payload::File { name, size, missing, complete, sha256, media_type }) => value(File {
            name,
            size: *size,
            missing: *missing,
            complete: *complete,
            sha256: sha256.as_deref(),
            media_type: media_type.as_deref(),
        }),
        _ => Value::Null,
    }
}
