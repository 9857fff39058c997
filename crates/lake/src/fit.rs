//! Whether rows fit a table.

use crate::error::Refused;
use crate::files;
use crate::table::Table;
use arrow_array::{Array, RecordBatch, new_null_array};
use std::sync::Arc;

/// The first and the last time that can be written as a date.
const TIMES_US: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// The rows with the columns of the table, in its order. A column that an older source does not know yet is null; one
/// that the table does not know is refused, since it would be lost.
pub(crate) fn fit(table: &'static Table, rows: &RecordBatch) -> Result<RecordBatch, Refused> {
    let refused = |cause: String| Refused::Columns { table: table.name, cause };
    let schema = table.schema();
    for field in rows.schema().fields() {
        if schema.column_with_name(field.name()).is_none() {
            return Err(refused(format!("column `{}` is unknown", field.name())));
        }
    }
    let mut columns = Vec::new();
    for field in schema.fields() {
        let column = match rows.column_by_name(field.name()) {
            Some(column) if column.data_type() != field.data_type() => {
                return Err(refused(format!("column `{}` is {}", field.name(), column.data_type())));
            }
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), rows.num_rows()),
        };
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(refused(format!("column `{}` must not be empty", field.name())));
        }
        columns.push(column);
    }
    let rows = RecordBatch::try_new(schema, columns).map_err(|error| refused(error.to_string()))?;
    let times = files::times(table, &rows).unwrap_or_default();
    match times.iter().find(|time| !TIMES_US.contains(time)) {
        Some(time) => Err(Refused::BadTime(*time)),
        None => Ok(rows),
    }
}
