//! Tables of hosts, CSV or XLSX, through a column mapping: what each column means is proposed from its header, and a
//! person may correct it before anything is read.
//!
//! Cells are data. A cell that a spreadsheet would run as a formula is kept as the text it is and noted.

mod cells;
mod headers;
mod values;

use crate::limits::Limits;
use crate::scan::Scanned;
use crate::text::Text;
use crate::{File, Reading, Refusal, archive};
use cells::Sheet;
use model::{Message, Oddity, SourceKind};
use serde::{Deserialize, Serialize};

/// A table as it was found, for a person to check before it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePreview {
    pub path: String,
    /// Headers as they stand in the file.
    pub columns: Vec<String>,
    /// The first rows below the header.
    pub sample: Vec<Vec<String>>,
    pub mapping: Mapping,
    /// The proposal names a column that tells machines apart, so it can be read as it is.
    pub confident: bool,
}

/// What each column of a table means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Sheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// 1-based row of the headers; what stands above is left out.
    pub header_row: usize,
    /// One entry a column, in order; `None` is not read.
    pub columns: Vec<Option<Field>>,
}

/// What a column may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    Name,
    FullName,
    Address,
    Mac,
    Domain,
    Os,
    Version,
    ServicePack,
    Arch,
    Role,
    InstalledUpdates,
    WantedUpdates,
    OpenPorts,
    Group,
    Zone,
    Owner,
    Value,
    NeedsPorts,
    Alternatives,
    PatchConflict,
    Online,
    Exposed,
    Note,
}

impl Mapping {
    fn tells_machines_apart(&self) -> bool {
        self.columns.iter().flatten().any(|field| matches!(field, Field::Name | Field::FullName | Field::Address))
    }
}

const SAMPLE_ROWS: usize = 8;

/// Proposes a mapping for a CSV text; `None` when no header is known and its name is not that of a table.
pub(crate) fn preview_text(path: &str, text: &Text, limits: &Limits) -> Result<Option<TablePreview>, Message> {
    let sheet = cells::csv(&text.text, SAMPLE_ROWS + 24, limits)?;
    let named = [".csv", ".tsv"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    Ok(preview(path, &sheet).filter(|preview| preview.confident || (named && preview.columns.len() > 1)))
}

/// Proposes a mapping for each sheet of a workbook.
pub(crate) fn preview_workbook(path: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<TablePreview>, Message> {
    let sheets = cells::workbook(bytes, None, SAMPLE_ROWS + 24, limits)?;
    Ok(sheets.iter().filter_map(|sheet| preview(path, sheet)).collect())
}

fn preview(path: &str, sheet: &Sheet) -> Option<TablePreview> {
    let header = headers::find(&sheet.rows)?;
    let columns = sheet.rows.get(header)?.cells.clone();
    let line = sheet.rows.get(header)?.line;
    let mapping = Mapping { sheet: sheet.name.clone(), header_row: line, columns: headers::propose(&columns) };
    let sample = sheet.rows.iter().skip(header + 1).take(SAMPLE_ROWS).map(|row| row.cells.clone()).collect();
    let confident = mapping.tells_machines_apart();
    Some(TablePreview { path: path.to_owned(), columns, sample, mapping, confident })
}

/// Reads a table as the mapping says. `path` may name an entry of an archive (`hosts.zip!list.csv`).
pub fn read_table(path: &str, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Reading {
    let mut reading = Reading::default();
    let inner = archive::entry(path, bytes, limits);
    let rows = inner.and_then(|bytes| {
        if !archive::is_zip(&bytes) {
            crate::short_lines(&bytes, limits)?;
        }
        rows(path, &bytes, mapping, limits, &mut reading)
    });
    if let Err(message) = rows {
        reading.refusals.push(Refusal { path: path.to_owned(), message });
    }
    reading
}

/// Reads the rows of a table that is no entry of an archive.
pub(crate) fn rows(
    path: &str,
    bytes: &[u8],
    mapping: &Mapping,
    limits: &Limits,
    reading: &mut Reading,
) -> Result<(), Message> {
    if !mapping.tells_machines_apart() {
        return Err(Message::new("inventory.no-host-column"));
    }
    if bytes.len() as u64 > limits.file_bytes {
        return Err(Message::new("inventory.too-large").number("limit", limits.file_bytes as i64));
    }
    let rows_max = limits.hosts.saturating_add(mapping.header_row);
    let sheet = if archive::is_zip(bytes) {
        cells::workbook(bytes, mapping.sheet.as_deref(), rows_max, limits)?.into_iter().next()
    } else {
        Some(cells::csv(&crate::text::decode(bytes).text, rows_max, limits)?)
    };
    let sheet = sheet
        .ok_or_else(|| Message::new("inventory.no-sheet").with("sheet", mapping.sheet.clone().unwrap_or_default()))?;
    let file = File::new(path, bytes);
    for row in sheet.rows.iter().filter(|row| row.line > mapping.header_row) {
        let mut host = Scanned::default();
        let mut os = values::System::default();
        for (cell, field) in row.cells.iter().zip(&mapping.columns) {
            let cell = cell.trim();
            if let (Some(field), false) = (field, cell.is_empty()) {
                let understood = values::set(*field, cell, &mut host, &mut os, limits);
                note(cell, understood, row.line, &mut host, limits);
            }
        }
        os.finish(&mut host);
        if host.facts.name.is_some() || !host.facts.addresses.is_empty() {
            reading.observations.push(file.observation(SourceKind::Table, host.facts, host.oddities));
        }
    }
    if sheet.cut {
        let message = Message::new("inventory.too-many-rows").number("limit", limits.hosts as i64);
        reading.refusals.push(Refusal { path: path.to_owned(), message });
    }
    Ok(())
}

fn note(cell: &str, understood: bool, line: usize, host: &mut Scanned, limits: &Limits) {
    if host.oddities.len() >= limits.oddities {
        return;
    }
    let shown = crate::xml::clip(cell, 80);
    let line = Some(line as u64);
    if values::is_formula(cell) {
        host.oddities.push(Oddity { message: Message::new("inventory.formula").with("text", shown), line });
    } else if !understood {
        host.oddities.push(Oddity { message: Message::new("inventory.cell-not-understood").with("text", shown), line });
    }
}
