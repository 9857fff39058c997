//! A cell of an answer as JSON and as text.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};
use serde_json::Value;

/// The greatest whole number that every reader of JSON keeps exactly.
const EXACT_MAX: i64 = (1 << 53) - 1;

/// A cell. Whole numbers that some readers would round are text; so is what JSON has no form for.
pub(crate) fn json(array: &dyn Array, row: usize) -> Value {
    if row >= array.len() || array.is_null(row) || *array.data_type() == DataType::Null {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => whole(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => whole(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => whole(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => whole(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => whole(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => whole(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => whole(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => {
            let number = array.as_primitive::<UInt64Type>().value(row);
            i64::try_from(number).map_or_else(|_| Value::String(number.to_string()), whole)
        }
        DataType::Float32 => measure(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => measure(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row)),
        DataType::Timestamp(unit, _) => time(array, unit, row).map_or_else(|| shown(array, row), Value::String),
        _ => shown(array, row),
    }
}

/// A cell to look at: what is longer than so many letters is cut.
pub(crate) fn clipped(array: &dyn Array, row: usize, most: usize) -> Value {
    match json(array, row) {
        Value::String(text) => Value::String(clip(text, most)),
        list @ Value::Array(_) => {
            let text = list.to_string();
            if text.len() <= most { list } else { Value::String(clip(text, most)) }
        }
        cell => cell,
    }
}

fn clip(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Bytes of rows as they are written out: shared parts count wherever they stand.
pub(crate) fn written_out(array: &dyn Array) -> u64 {
    let of_views = |views: &[u128]| views.iter().map(|view| u64::from(*view as u32) + 16).sum();
    match array.data_type() {
        DataType::Utf8View => of_views(array.as_string_view().views()),
        DataType::BinaryView => of_views(array.as_binary_view().views()),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (first, last) = (list.value_offsets().first(), list.value_offsets().last());
            let (first, last) = (first.map_or(0, |at| *at as usize), last.map_or(0, |at| *at as usize));
            written_out(&list.values().slice(first, last - first)) + 4 * list.len() as u64
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let (first, last) = (list.value_offsets().first(), list.value_offsets().last());
            let (first, last) = (first.map_or(0, |at| *at as usize), last.map_or(0, |at| *at as usize));
            written_out(&list.values().slice(first, last - first)) + 8 * list.len() as u64
        }
        DataType::Struct(_) => {
            array.as_struct().columns().iter().fold(0_u64, |bytes, column| bytes.saturating_add(written_out(column)))
        }
        // Kinds of which one part may stand in many places.
        DataType::Dictionary(_, of) => arrow_cast::cast(array, of).map_or(u64::MAX, |plain| written_out(&plain)),
        kind if kind.is_nested() => u64::MAX,
        _ => array.to_data().get_slice_memory_size().map_or(u64::MAX, |bytes| bytes as u64),
    }
}

/// A cell as it stands in CSV: empty when there is nothing.
pub(crate) fn text(array: &dyn Array, row: usize) -> String {
    match json(array, row) {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn whole(number: i64) -> Value {
    if number.unsigned_abs() <= EXACT_MAX.unsigned_abs() { number.into() } else { Value::String(number.to_string()) }
}

fn measure(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

fn list(items: &ArrayRef) -> Value {
    (0..items.len()).map(|item| json(items, item)).collect()
}

/// A moment in UTC, as in every other answer of the house.
fn time(array: &dyn Array, unit: &TimeUnit, row: usize) -> Option<String> {
    let time = match unit {
        TimeUnit::Second => jiff::Timestamp::from_second(array.as_primitive::<TimestampSecondType>().value(row)),
        TimeUnit::Millisecond => {
            jiff::Timestamp::from_millisecond(array.as_primitive::<TimestampMillisecondType>().value(row))
        }
        TimeUnit::Microsecond => {
            jiff::Timestamp::from_microsecond(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        TimeUnit::Nanosecond => {
            jiff::Timestamp::from_nanosecond(array.as_primitive::<TimestampNanosecondType>().value(row).into())
        }
    };
    time.ok().map(|time| time.to_string())
}

/// What has no form of its own: as the columns' library shows it.
fn shown(array: &dyn Array, row: usize) -> Value {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(array, &options) {
        Ok(formatter) => Value::String(formatter.value(row).to_string()),
        Err(error) => Value::String(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::{ListBuilder, StringBuilder};
    use arrow_array::{Float64Array, Int64Array, TimestampMicrosecondArray, UInt64Array};
    use serde_json::json as j;

    #[test]
    fn a_cell_is_what_json_can_hold_without_loss() {
        let numbers = Int64Array::from(vec![Some(1), None, Some(EXACT_MAX), Some(EXACT_MAX + 1), Some(i64::MIN)]);
        let told: Vec<Value> = (0..5).map(|row| json(&numbers, row)).collect();
        assert_eq!(told, [j!(1), j!(null), j!(EXACT_MAX), j!("9007199254740992"), j!("-9223372036854775808")]);
        assert_eq!(json(&UInt64Array::from(vec![u64::MAX]), 0), j!("18446744073709551615"));
        assert_eq!(json(&Float64Array::from(vec![0.5, f64::NAN]), 1), j!("NaN"));
        let time = TimestampMicrosecondArray::from(vec![1_494_575_040_000_000]).with_timezone("UTC");
        assert_eq!(json(&time, 0), j!("2017-05-12T07:44:00Z"));
        let mut names = ListBuilder::new(StringBuilder::new());
        names.append_value([Some("a"), None]);
        let names = names.finish();
        assert_eq!(json(&names, 0), j!(["a", null]));
        assert_eq!(text(&names, 0), r#"["a",null]"#);
        assert_eq!(json(&names, 1), j!(null), "there is no such row");
    }
}
