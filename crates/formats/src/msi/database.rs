//! The tables: names of streams with two letters in one, a pool of texts, and columns one behind the other.

use crate::budget::Budget;
use crate::bytes::{u16_le, u32_le};
use crate::limits::Limit;
use crate::ole::compound::Compound;
use crate::ole::properties::decode;
use std::collections::HashMap;

/// Letters of names that are packed.
const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
/// Texts of the pool, columns of all tables, and rows of one.
const TEXTS_MAX: usize = 500_000;
const COLUMNS_MAX: usize = 10_000;
const ROWS_MAX: usize = 100_000;
/// In front of the name of a table, as other programs show it.
const TABLE: char = '!';

/// Gives the entries of a package the names that the database knows them by; tables get a sign in front.
pub fn spell(compound: &mut Compound) {
    for entry in &mut compound.entries {
        entry.name = spelled(&entry.name);
        entry.path = spelled(&entry.path);
    }
}

fn spelled(name: &str) -> String {
    let letter = |value: u32| LETTERS.get(value as usize).map_or('?', |letter| char::from(*letter));
    let mut spelled = String::with_capacity(name.len());
    for packed in name.chars() {
        match u32::from(packed) {
            0x4840 => spelled.push(TABLE),
            number @ 0x3800..=0x47ff => {
                spelled.extend([letter((number - 0x3800) & 0x3f), letter((number - 0x3800) >> 6)])
            }
            number @ 0x4800..=0x483f => spelled.push(letter(number - 0x4800)),
            _ => spelled.push(packed),
        }
    }
    spelled
}

/// A column, as it is kept.
#[derive(Clone)]
struct Column {
    name: String,
    kind: u16,
}

impl Column {
    /// Texts are a number in the pool, unless they are data in a stream of their own.
    fn is_text(&self) -> bool {
        self.kind & 0x0800 != 0
    }

    fn is_data(&self) -> bool {
        self.kind & !0x1000 == 0x0900
    }

    fn width(&self, text_width: usize) -> usize {
        match self.kind {
            _ if self.is_data() => 2,
            _ if self.is_text() => text_width,
            kind if kind & 0xff <= 2 => 2,
            _ => 4,
        }
    }
}

/// A database.
pub struct Database<'a> {
    compound: &'a Compound<'a>,
    texts: Vec<String>,
    text_width: usize,
    pub code_page: u32,
    columns: HashMap<String, Vec<Column>>,
    order: Vec<String>,
    /// A table of columns ends within a row.
    pub is_short: bool,
}

/// One row: values by the names of the columns.
pub struct Row<'d> {
    columns: &'d [Column],
    values: Vec<Option<Value<'d>>>,
}

enum Value<'d> {
    Text(&'d str),
    Number(i64),
}

impl Row<'_> {
    fn value(&self, name: &str) -> Option<&Value<'_>> {
        let place = self.columns.iter().position(|column| column.name == name)?;
        self.values.get(place)?.as_ref()
    }

    pub fn text(&self, name: &str) -> String {
        match self.value(name) {
            Some(Value::Text(text)) => (*text).to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            None => String::new(),
        }
    }

    pub fn number(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Number(number)) => *number,
            _ => 0,
        }
    }
}

impl<'a> Database<'a> {
    /// Opens the database; none when it has no pool of texts.
    pub fn open(compound: &'a Compound<'a>, budget: &mut Budget) -> Result<Option<Self>, Limit> {
        let stream =
            |name: &str, budget: &mut Budget| compound.find(name).map(|entry| compound.stream(entry, budget).bytes());
        let (Some(pool), Some(data)) = (stream("!_StringPool", budget), stream("!_StringData", budget)) else {
            return Ok(None);
        };
        let head = u32_le(&pool, 0).unwrap_or(0);
        let code_page = head & 0x7fff_ffff;
        let mut database = Database {
            compound,
            texts: texts(&pool, &data, code_page as u16, budget)?,
            text_width: if head >> 31 == 1 { 3 } else { 2 },
            code_page,
            columns: HashMap::new(),
            order: Vec::new(),
            is_short: false,
        };
        database.load_columns(budget)?;
        Ok(Some(database))
    }

    fn load_columns(&mut self, budget: &mut Budget) -> Result<(), Limit> {
        let column = |name: &str, kind| Column { name: name.into(), kind };
        let columns =
            [column("Table", 0x0d40), column("Number", 0x0502), column("Name", 0x0d40), column("Type", 0x0502)];
        self.columns.insert("_Columns".into(), columns.to_vec());
        let mut found: Vec<(String, i64, Column)> = Vec::new();
        for row in self.rows("_Columns", budget)? {
            if found.len() >= COLUMNS_MAX {
                return Err(Limit::Entries);
            }
            let kind = row.number("Type") as u16;
            found.push((row.text("Table"), row.number("Number"), Column { name: row.text("Name"), kind }));
        }
        found.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        for (table, _, column) in found {
            if !self.columns.contains_key(&table) {
                self.order.push(table.clone());
            }
            self.columns.entry(table).or_default().push(column);
        }
        let tables: Vec<&String> = self.order.iter().collect();
        self.is_short = tables.into_iter().any(|table| {
            let width = self.row_bytes(table);
            let size = self.compound.find(&format!("{TABLE}{table}")).map_or(0, |entry| entry.size);
            width > 0 && !size.is_multiple_of(width as u64)
        });
        Ok(())
    }

    /// Names of the tables that have columns.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    fn row_bytes(&self, table: &str) -> usize {
        let columns = self.columns.get(table).map(Vec::as_slice).unwrap_or_default();
        columns.iter().map(|column| column.width(self.text_width)).sum()
    }

    /// Rows of a table.
    pub fn count(&self, table: &str, budget: &mut Budget) -> Result<u32, Limit> {
        budget.step(1)?;
        let width = self.row_bytes(table).max(1) as u64;
        let size = self.compound.find(&format!("{TABLE}{table}")).map_or(0, |entry| entry.size);
        Ok(u32::try_from(size / width).unwrap_or(u32::MAX))
    }

    /// The rows of a table; none when there is no such table.
    pub fn rows(&self, table: &str, budget: &mut Budget) -> Result<Vec<Row<'_>>, Limit> {
        let (Some(columns), Some(entry)) = (self.columns.get(table), self.compound.find(&format!("{TABLE}{table}")))
        else {
            return Ok(Vec::new());
        };
        let bytes = self.compound.stream(entry, budget).bytes();
        let count = bytes.len() / self.row_bytes(table).max(1);
        if count > ROWS_MAX {
            return Err(Limit::Entries);
        }
        let mut rows: Vec<Row> = Vec::new();
        for number in 0..count {
            budget.step(1)?;
            let mut start = 0;
            let values = columns.iter().map(|column| {
                let width = column.width(self.text_width);
                let value = self.value(column, &bytes, start + number * width);
                start += count * width;
                value
            });
            let values: Vec<Option<Value>> = values.collect();
            // Rows may name the same long text again and again.
            let texts = values.iter().flatten().map(|value| match value {
                Value::Text(text) => text.len(),
                Value::Number(_) => 0,
            });
            budget.expand(texts.sum())?;
            rows.push(Row { columns, values });
        }
        budget.expand(bytes.len())?;
        Ok(rows)
    }

    fn value(&self, column: &Column, bytes: &[u8], at: usize) -> Option<Value<'_>> {
        if column.is_text() && !column.is_data() {
            let low = usize::from(u16_le(bytes, at)?);
            let high = if self.text_width == 3 { usize::from(*bytes.get(at + 2)?) } else { 0 };
            return self.texts.get(high << 16 | low).filter(|text| !text.is_empty()).map(|text| Value::Text(text));
        }
        // Zero is no value; numbers are moved up by half of what fits.
        let number = match column.width(self.text_width) {
            2 => i64::from(u16_le(bytes, at).filter(|raw| *raw != 0)?) - 0x8000,
            _ => i64::from(u32_le(bytes, at).filter(|raw| *raw != 0)?) - 0x8000_0000,
        };
        Some(Value::Number(number))
    }
}

/// The texts of the pool: a length and a count of uses each; the first place says the code page.
fn texts(pool: &[u8], data: &[u8], code_page: u16, budget: &mut Budget) -> Result<Vec<String>, Limit> {
    let (mut texts, mut at, mut start) = (vec![String::new()], 4, 0_usize);
    while let (Some(length), Some(uses)) = (u16_le(pool, at), u16_le(pool, at + 2)) {
        budget.step(1)?;
        if texts.len() > TEXTS_MAX {
            return Err(Limit::Entries);
        }
        let mut length = usize::from(length);
        at += 4;
        // A length of zero that is used says that the next place holds a long one.
        if length == 0 && uses != 0 {
            length = u32_le(pool, at).unwrap_or(0) as usize;
            at += 4;
        }
        let end = start.saturating_add(length).min(data.len());
        let raw = data.get(start..end).unwrap_or_default();
        budget.expand(raw.len())?;
        texts.push(decode(raw, code_page));
        start = end;
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_of_streams_are_spelled() {
        assert_eq!(super::spelled("\u{4840}\u{3b3f}\u{43f2}\u{4438}\u{45b1}"), "!_Columns");
        assert_eq!(super::spelled("\u{5}SummaryInformation"), "\u{5}SummaryInformation");
    }
}
