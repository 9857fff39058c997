//! What rows hold that an indicator can name: asked when an index is made, and when rows are searched.

use crate::index::{self, Field};
use crate::sieve::Sieve;
use crate::table::OBSERVED;
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use rules::{Indicator, IndicatorKind, Indicators, forms};
use std::net::IpAddr;

/// The texts of one column, with the row of each.
struct Texts<'a> {
    texts: &'a StringArray,
    /// Of a list, where each row's part begins, and where the last ends.
    offsets: Option<&'a [i32]>,
}

impl<'a> Texts<'a> {
    fn of(rows: &'a RecordBatch, column: &str) -> Option<Texts<'a>> {
        let column = rows.column_by_name(column)?;
        match column.data_type() {
            DataType::Utf8 => Some(Texts { texts: column.as_string_opt()?, offsets: None }),
            DataType::List(_) => {
                let list = column.as_list_opt::<i32>()?;
                Some(Texts { texts: list.values().as_string_opt()?, offsets: Some(list.value_offsets()) })
            }
            _ => None,
        }
    }

    fn each(&self, mut each: impl FnMut(usize, &'a str)) {
        let mut tell = |row: usize, at: usize| {
            if self.texts.is_valid(at) {
                each(row, self.texts.value(at));
            }
        };
        match self.offsets {
            None => (0..self.texts.len()).for_each(|at| tell(at, at)),
            Some(offsets) => {
                for (row, ends) in offsets.windows(2).enumerate() {
                    let &[from, to] = ends else { continue };
                    (from..to).for_each(|at| tell(row, at as usize));
                }
            }
        }
    }
}

/// Tells every value of these rows that an index keeps.
pub(crate) fn keys(rows: &RecordBatch, each: &mut dyn FnMut(usize, Field, u64)) {
    for (column, kind) in OBSERVED {
        let Some(texts) = Texts::of(rows, column) else { continue };
        // The same value often stands in rows that follow each other.
        let mut before: (&str, Option<(Field, u64)>) = ("", None);
        texts.each(|row, text| match Field::of(kind) {
            None => {
                if before.0 != text {
                    before = (text, text.parse::<IpAddr>().ok().map(index::address_key));
                }
                if let Some((field, key)) = before.1 {
                    each(row, field, key);
                }
            }
            Some(field) => forms::names(kind, text, &mut |name| each(row, field, index::text_key(name.as_bytes()))),
        });
    }
}

/// The columns that something is looked for in, with what they hold.
pub(crate) fn columns(indicators: &Indicators) -> impl Iterator<Item = (&'static str, IndicatorKind)> + use<'_> {
    let by_network = indicators.has(IndicatorKind::Network);
    let is_wanted = move |kind| indicators.has(kind) || (kind == IndicatorKind::Address && by_network);
    OBSERVED.into_iter().filter(move |(_, kind)| is_wanted(*kind))
}

/// Tells every row that met an indicator: the row, the column, what stands there, and the indicator. What is known of the
/// file of the rows, if it has an index, spares looking up most values.
pub(crate) fn meetings<'r, 'i>(
    rows: &'r RecordBatch,
    indicators: &'i Indicators,
    sieve: Option<&Sieve>,
    each: &mut dyn FnMut(usize, &'static str, &'r str, &'i Indicator),
) {
    for (column, kind) in columns(indicators) {
        let Some(texts) = Texts::of(rows, column) else { continue };
        let (mut before, mut met): (&str, Vec<&'i Indicator>) = ("", Vec::new());
        texts.each(|row, text| {
            if sieve.is_some_and(|sieve| !sieve.may_meet(kind, text)) {
                return;
            }
            if before != text {
                before = text;
                met.clear();
                indicators.each_held(kind, text, &mut |indicator| met.push(indicator));
            }
            met.iter().for_each(|indicator| each(row, column, text, indicator));
        });
    }
}
