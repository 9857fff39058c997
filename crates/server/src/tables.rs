//! Tables of an import: read with the mapping a person gave or the reader is sure of, else shown for one.

use api::session::word;
use api::wire::imports::{ImportTable, TableMapping};
use inventory::{Field, Limits, Mapping, Reading, TablePreview};

/// Observations after which a part of an archive is handed over.
const OBSERVATIONS_IN_PART: usize = 1000;

/// Reads a file. A table is read when a person mapped it, or when no person was asked yet and its headers speak for
/// themselves. A large archive is handed over in parts; the last one comes back.
pub fn read(
    path: &str,
    bytes: &[u8],
    limits: &Limits,
    mappings: &[TableMapping],
    part: &mut dyn FnMut(Reading),
) -> Reading {
    if mappings.is_empty() {
        return inventory::read_in_parts(path, bytes, limits, OBSERVATIONS_IN_PART, part);
    }
    // The rest of the file was read by the import before; only its tables are wanted now.
    let mut reading = Reading { tables: inventory::read(path, bytes, limits).tables, ..Reading::default() };
    for preview in std::mem::take(&mut reading.tables) {
        let Some(wanted) = mappings.iter().find(|wanted| is_for(wanted, &preview)) else { continue };
        let table = inventory::read_table(&preview.path, bytes, &mapping(&preview, wanted), limits);
        reading.observations.extend(table.observations);
        reading.refusals.extend(table.refusals);
    }
    reading
}

fn is_for(wanted: &TableMapping, preview: &TablePreview) -> bool {
    wanted.path == preview.path && (wanted.sheet.is_none() || wanted.sheet == preview.mapping.sheet)
}

fn mapping(preview: &TablePreview, wanted: &TableMapping) -> Mapping {
    let field = |column: &String| wanted.columns.get(column).and_then(|name| field(name));
    Mapping { columns: preview.columns.iter().map(field).collect(), ..preview.mapping.clone() }
}

fn field(name: &str) -> Option<Field> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

/// The tables that wait for a mapping, as a person sees them.
pub fn previews(tables: Vec<TablePreview>) -> Vec<ImportTable> {
    tables.into_iter().map(preview).collect()
}

fn preview(table: TablePreview) -> ImportTable {
    let guess = table
        .columns
        .iter()
        .zip(&table.mapping.columns)
        .filter_map(|(column, field)| field.map(|field| (column.clone(), word(&field))))
        .collect();
    ImportTable {
        path: table.path,
        sheet: table.mapping.sheet,
        columns: table.columns,
        rows: table.sample,
        guess,
        fields: FIELDS.iter().map(word).collect(),
    }
}

const FIELDS: [Field; 23] = [
    Field::Name,
    Field::FullName,
    Field::Address,
    Field::Mac,
    Field::Domain,
    Field::Os,
    Field::Version,
    Field::ServicePack,
    Field::Arch,
    Field::Role,
    Field::InstalledUpdates,
    Field::WantedUpdates,
    Field::OpenPorts,
    Field::Group,
    Field::Zone,
    Field::Owner,
    Field::Value,
    Field::NeedsPorts,
    Field::Alternatives,
    Field::PatchConflict,
    Field::Online,
    Field::Exposed,
    Field::Note,
];
