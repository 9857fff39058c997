//! CSV text and XLSX workbooks to rows of text, inside the limits.

use crate::limits::Limits;
use crate::xml::clip;
use calamine::{DataRef, Reader, Xlsx};
use model::Message;
use std::collections::BTreeMap;
use std::io::Cursor;

/// A sheet, or a CSV file as one.
#[derive(Debug, Default)]
pub struct Sheet {
    pub name: Option<String>,
    pub rows: Vec<Row>,
    /// There were more rows than were read.
    pub cut: bool,
}

#[derive(Debug, Default)]
pub struct Row {
    /// 1-based row of the file.
    pub line: usize,
    pub cells: Vec<String>,
}

/// Reads CSV with whatever delimiter it has.
pub fn csv(text: &str, rows_max: usize, limits: &Limits) -> Result<Sheet, Message> {
    let head = clip(text, 64 << 10);
    let delimiter = delimiter(head);
    let source = Rows { rest: text.as_bytes(), left: limits.line_bytes + AHEAD };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(AHEAD)
        .from_reader(source);
    let mut sheet = Sheet::default();
    let mut record = csv::StringRecord::new();
    let mut lines = Lines { bytes: text.as_bytes(), counted: 0, line: 1 };
    loop {
        let line = lines.of(reader.position().byte());
        match reader.read_record(&mut record) {
            Ok(true) => reader.get_mut().left = limits.line_bytes + AHEAD,
            Ok(false) => break,
            Err(error) if error.is_io_error() => return Err(long_row(line, limits)),
            // The text is UTF-8 and the form flexible: what is left to fail is nothing a row could be made of.
            Err(_) => continue,
        }
        if record.len() > limits.columns {
            return Err(Message::new("inventory.too-many-columns").number("limit", limits.columns as i64));
        }
        if record.as_slice().len() > limits.line_bytes {
            return Err(long_row(line, limits));
        }
        if sheet.rows.len() >= rows_max {
            sheet.cut = true;
            break;
        }
        sheet.rows.push(Row { line, cells: record.iter().map(|cell| cell.trim().to_owned()).collect() });
    }
    Ok(sheet)
}

/// Bytes the reader takes ahead of the row it is at.
const AHEAD: usize = 64 << 10;

/// The text of a table, until one row takes more than a row may: a quote that never closes would swallow all of it.
struct Rows<'a> {
    rest: &'a [u8],
    left: usize,
}

impl std::io::Read for Rows<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.rest.len()).min(self.left);
        if count == 0 && !self.rest.is_empty() {
            return Err(std::io::Error::other("the row is too long"));
        }
        let (now, rest) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(now);
        (self.rest, self.left) = (rest, self.left - count);
        Ok(count)
    }
}

fn long_row(line: usize, limits: &Limits) -> Message {
    Message::new("inventory.long-line").number("line", line as i64).number("limit", limits.line_bytes as i64)
}

/// Lines counted as far as a place in the text. The reader's own count is one short where lines end in CR LF: it meets
/// the LF only with the next record.
struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of the record that begins at or behind `at`; places come in ascending order.
    fn of(&mut self, at: u64) -> usize {
        let from = usize::try_from(at).unwrap_or(usize::MAX).clamp(self.counted, self.bytes.len());
        let rest = self.bytes.get(from..).unwrap_or_default();
        let begin = from + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.bytes.get(self.counted..begin).unwrap_or_default();
        // A CR ends a line unless an LF follows, which then does.
        self.line += passed
            .iter()
            .enumerate()
            .filter(|(place, byte)| match byte {
                b'\n' => true,
                b'\r' => passed.get(place + 1) != Some(&b'\n'),
                _ => false,
            })
            .count();
        self.counted = begin;
        self.line
    }
}

/// The delimiter that most lines have the same number of.
fn delimiter(head: &str) -> u8 {
    let lines: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(20).collect();
    let score = |delimiter: &u8| {
        let counts: Vec<usize> =
            lines.iter().map(|line| line.bytes().filter(|byte| byte == delimiter).count()).collect();
        let most = counts.iter().copied().max().unwrap_or(0);
        let even = counts.iter().filter(|count| **count == most).count();
        if most == 0 { 0 } else { even * 100 + most }
    };
    // The last of equals wins, so the comma stands last.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(score).unwrap_or(b',')
}

/// Reads the sheets of a workbook, or one of them. Cells are streamed: a lone cell in the last row costs one cell.
pub fn workbook(bytes: &[u8], only: Option<&str>, rows_max: usize, limits: &Limits) -> Result<Vec<Sheet>, Message> {
    crate::archive::check(bytes, limits)?;
    let broken = |error: calamine::XlsxError| Message::new("inventory.workbook-broken").with("error", error);
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let names: Vec<String> =
        workbook.sheet_names().into_iter().filter(|name| only.is_none_or(|only| only == name)).take(64).collect();
    let mut sheets = Vec::new();
    for name in names {
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(broken)?;
        let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
        let mut sheet = Sheet { name: Some(name), ..Sheet::default() };
        let mut budget = limits.file_bytes as usize;
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            let text = shown(cell.get_value(), limits);
            if text.is_empty() || column as usize >= limits.columns {
                continue;
            }
            budget = budget.saturating_sub(text.len() + 32);
            if budget == 0 || (rows.len() >= rows_max && !rows.contains_key(&row)) {
                sheet.cut = true;
                break;
            }
            let row = rows.entry(row).or_insert_with(|| Row { line: row as usize + 1, cells: Vec::new() });
            if row.cells.len() <= column as usize {
                row.cells.resize(column as usize + 1, String::new());
            }
            if let Some(place) = row.cells.get_mut(column as usize) {
                *place = text;
            }
        }
        sheet.rows = rows.into_values().collect();
        sheets.push(sheet);
    }
    Ok(sheets)
}

fn shown(value: &DataRef<'_>, limits: &Limits) -> String {
    match value {
        DataRef::String(text) => clip(text.trim(), limits.text_bytes).to_owned(),
        DataRef::SharedString(text) => clip(text.trim(), limits.text_bytes).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[(usize, &str)]) {
        let sheet = csv(text, 10, &Limits::default()).unwrap();
        let got: Vec<_> = sheet.rows.iter().map(|row| (row.line, row.cells[0].as_str())).collect();
        assert_eq!(got, want, "{text:?}");
    }

    #[test]
    fn a_row_knows_its_line_however_lines_end() {
        check("a,b\nc,d\ne,f", &[(1, "a"), (2, "c"), (3, "e")]);
        check("a,b\r\nc,d\r\ne,f\r\n", &[(1, "a"), (2, "c"), (3, "e")]);
        check("a,b\rc,d\r", &[(1, "a"), (2, "c")]);
        check("\r\n\r\na,b\r\n\r\nc,d", &[(3, "a"), (5, "c")]);
        check("a,\"b\r\nb\"\r\nc,d", &[(1, "a"), (3, "c")]);
    }
}
