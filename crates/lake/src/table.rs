//! The tables of the lake: one for each kind of record.

use crate::index::Field;
use arrow_schema::SchemaRef;
use records::{FINDINGS, NOTABLES, SESSIONS};

/// A table and what the lake must know of its columns.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// When it was: rows lie in the order of it, and each day has its own folder.
    pub time: &'static str,
    schema: fn() -> SchemaRef,
}

/// Every table.
pub static TABLES: [Table; 3] = [
    Table { name: "session", time: "start", schema: || SESSIONS.schema() },
    Table { name: "finding", time: "first", schema: || FINDINGS.schema() },
    Table { name: "notable", time: "first", schema: || NOTABLES.schema() },
];

impl Table {
    pub fn named(name: &str) -> Option<&'static Table> {
        TABLES.iter().find(|table| table.name == name)
    }

    pub fn schema(&self) -> SchemaRef {
        (self.schema)()
    }
}

/// How a column holds what an indicator can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// An address, or a list of them.
    Addresses,
    /// A name, or a list of them: an indicator also names all below it.
    Domains,
    /// Host and target: an indicator may leave out the query.
    Urls,
    /// A value that is compared as it is.
    Exact(Field),
}

/// The columns that indicators are looked for in, of whatever table has them.
pub(crate) const OBSERVED: [(&str, Holds); 9] = [
    ("originator", Holds::Addresses),
    ("responder", Holds::Addresses),
    ("addresses", Holds::Addresses),
    ("domains", Holds::Domains),
    ("urls", Holds::Urls),
    ("file_sha256", Holds::Exact(Field::Sha256)),
    ("ja3", Holds::Exact(Field::Ja3)),
    ("ja4", Holds::Exact(Field::Ja4)),
    ("certificates", Holds::Exact(Field::Certificate)),
];
