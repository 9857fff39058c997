//! The tables of the lake: one for each kind of record.

use arrow_schema::SchemaRef;
use records::{ACTIVITIES, FILE_VECTORS, FILES, FINDINGS, NOTABLES, SESSIONS};
use rules::IndicatorKind;

/// A table and what the lake must know of its columns.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// When it was: rows lie in the order of it, and each day has its own folder.
    pub time: &'static str,
    /// Whether indicators are looked for in it. What stands out is made of sessions, with the indicators of its time:
    /// looking for them there would find what was found.
    pub is_hunted: bool,
    schema: fn() -> SchemaRef,
}

/// Every table.
pub static TABLES: [Table; 6] = [
    Table { name: "session", time: "start", is_hunted: true, schema: || SESSIONS.schema() },
    Table { name: "finding", time: "first", is_hunted: true, schema: || FINDINGS.schema() },
    Table { name: "notable", time: "first", is_hunted: false, schema: || NOTABLES.schema() },
    Table { name: "file", time: "first", is_hunted: true, schema: || FILES.schema() },
    // Who met a file stands in the table of files; this one says what is in it.
    Table { name: "file_vector", time: "analysed", is_hunted: false, schema: || FILE_VECTORS.schema() },
    Table { name: "activity", time: "time", is_hunted: true, schema: || ACTIVITIES.schema() },
];

impl Table {
    pub fn named(name: &str) -> Option<&'static Table> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// By what another machine says that rows are of it: the name, and the version of what its columns mean.
    pub fn of_kind(kind: &str) -> Option<&'static Table> {
        TABLES.iter().find(|table| table.kind() == kind)
    }

    pub fn kind(&self) -> String {
        let schema = self.schema();
        let version = schema.metadata().get("redoubt.version").map_or("", String::as_str);
        format!("{}/{version}", self.name)
    }

    pub fn schema(&self) -> SchemaRef {
        (self.schema)()
    }
}

/// Columns with few values, however many rows have them: what a protocol, or our own rules, have names for, and ports.
const FEW_VALUES: [&str; 21] = [
    "transport",
    "state",
    "midstream",
    "responder_port",
    "port",
    "protocol",
    "version",
    "operation",
    "result",
    "weapon",
    "sign",
    "outcome",
    "kind",
    "type",
    "type_group",
    "verdict",
    "source",
    "namespace",
    "holds",
    "did",
    "origin",
];

/// Whether there are few values in a column, as far as can be said before one has looked.
pub fn has_few_values(column: &str) -> bool {
    FEW_VALUES.contains(&column)
}

/// The columns that indicators are looked for in, of whatever table has them, and what they hold: a value, or a list.
pub(crate) const OBSERVED: [(&str, IndicatorKind); 13] = [
    ("originator", IndicatorKind::Address),
    ("responder", IndicatorKind::Address),
    ("addresses", IndicatorKind::Address),
    ("domains", IndicatorKind::Domain),
    ("urls", IndicatorKind::Url),
    ("emails", IndicatorKind::Email),
    ("accounts", IndicatorKind::Account),
    ("file_names", IndicatorKind::FileName),
    ("file_sha256", IndicatorKind::Sha256),
    ("certificates", IndicatorKind::Certificate),
    ("ja3", IndicatorKind::Ja3),
    ("ja4", IndicatorKind::Ja4),
    ("imphash", IndicatorKind::Imphash),
];
