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
    let reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut sheet = Sheet::default();
    for record in reader.into_records() {
        // The text is UTF-8 and the form flexible: what is left to fail is nothing a row could be made of.
        let Ok(record) = record else { continue };
        if record.len() > limits.columns {
            return Err(Message::new("inventory.too-many-columns").number("limit", limits.columns as i64));
        }
        if record.as_slice().len() > limits.line_bytes {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(Message::new("inventory.long-line")
                .number("line", line as i64)
                .number("limit", limits.line_bytes as i64));
        }
        if sheet.rows.len() >= rows_max {
            sheet.cut = true;
            break;
        }
        let line = record.position().map_or(0, csv::Position::line) as usize;
        sheet.rows.push(Row { line, cells: record.iter().map(|cell| cell.trim().to_owned()).collect() });
    }
    Ok(sheet)
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
