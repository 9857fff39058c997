//! One line of a backup file, read so that it takes no more memory than it has bytes: a hostile line `[1,1,1,…` would
//! take thirty times as much as a tree of values.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};
use std::fmt;

/// No table has as many columns.
const CELLS_MAX: usize = 64;
/// The header, the heading of a table and the end are short.
const HEADING_BYTES_MAX: usize = 64 << 10;

pub(crate) fn parse(line: &[u8]) -> serde_json::Result<Json> {
    if line.first() == Some(&b'[') {
        return serde_json::from_slice(line).map(|Row(cells)| Json::Array(cells));
    }
    if line.len() > HEADING_BYTES_MAX {
        return Err(Error::custom(format_args!("longer than `{HEADING_BYTES_MAX}` bytes")));
    }
    serde_json::from_slice(line)
}

struct Row(Vec<Json>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Row, D::Error> {
        deserializer.deserialize_seq(Cells)
    }
}

struct Cells;

impl<'de> Visitor<'de> for Cells {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of at most {CELLS_MAX} cells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Row, A::Error> {
        let mut row = Vec::new();
        while let Some(OneCell(cell)) = cells.next_element()? {
            if row.len() >= CELLS_MAX {
                return Err(A::Error::invalid_length(row.len() + 1, &self));
            }
            row.push(cell);
        }
        Ok(Row(row))
    }
}

/// A number, a text, or bytes as `{"b":"hex"}`.
struct OneCell(Json);

impl<'de> Deserialize<'de> for OneCell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneCell, D::Error> {
        deserializer.deserialize_any(Cell)
    }
}

struct Cell;

impl<'de> Visitor<'de> for Cell {
    type Value = OneCell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text or bytes")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<OneCell, E> {
        Ok(OneCell(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<OneCell, E> {
        Ok(OneCell(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<OneCell, E> {
        Ok(OneCell(value.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<OneCell, A::Error> {
        let field = fields.next_entry::<String, String>()?;
        match (field, fields.next_key::<serde::de::IgnoredAny>()?) {
            (Some((key, value)), None) => Ok(OneCell(Json::Object(Map::from_iter([(key, value.into())])))),
            _ => Err(A::Error::custom("bytes are one field")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: Option<&str>) {
        assert_eq!(parse(line.as_bytes()).ok().map(|json| json.to_string()).as_deref(), want, "{line:.60}");
    }

    #[test]
    fn rows_and_headings_come_through_and_nothing_that_grows() {
        let row = r#"[1,-2,"纵深",{"b":"00ff"}]"#;
        check(row, Some(row));
        check(r#"{"end":2,"sha256":"00"}"#, Some(r#"{"end":2,"sha256":"00"}"#));
        check("[[1]]", None);
        check(r#"[{"b":"00","c":"11"}]"#, None);
        check(r#"[{"b":[1]}]"#, None);
        check("[null]", None);
        check(&format!("[1{}]", ",1".repeat(CELLS_MAX)), None);
        check(&format!(r#"{{"table":"{}"}}"#, "x".repeat(HEADING_BYTES_MAX)), None);
    }
}
