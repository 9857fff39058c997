//! What rows hold that an indicator can name: asked when an index is made, and when rows are searched.

use crate::index::{self, Field};
use crate::table::{Holds, OBSERVED};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use rules::{Indicator, IndicatorKind, Indicators};
use std::net::IpAddr;

/// Labels of a name that are noted, from the whole name to its last label.
const LABELS_MAX: usize = 128;

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
    for (column, holds) in OBSERVED {
        let Some(texts) = Texts::of(rows, column) else { continue };
        // The same value often stands in rows that follow each other.
        let mut before: (&str, Option<(Field, u64)>) = ("", None);
        texts.each(|row, text| match holds {
            Holds::Addresses => {
                if before.0 != text {
                    before = (text, text.parse::<IpAddr>().ok().map(index::address_key));
                }
                if let Some((field, key)) = before.1 {
                    each(row, field, key);
                }
            }
            Holds::Domains => names_above(text).for_each(|name| each(row, Field::Domain, index::text_key(name))),
            Holds::Urls => {
                each(row, Field::Url, index::text_key(text.as_bytes()));
                if let Some((without_query, _)) = text.split_once('?') {
                    each(row, Field::Url, index::text_key(without_query.as_bytes()));
                }
            }
            Holds::Exact(field) => each(row, field, index::text_key(text.as_bytes())),
        });
    }
}

/// A name and all above it, to its last label.
fn names_above(name: &str) -> impl Iterator<Item = &[u8]> {
    let whole = name.strip_suffix('.').unwrap_or(name).as_bytes();
    let mut rest = Some(whole);
    std::iter::from_fn(move || {
        let name = rest?;
        rest = name.iter().position(|byte| *byte == b'.').and_then(|dot| name.get(dot + 1..));
        Some(name)
    })
    .take(LABELS_MAX)
}

/// Tells every row that met an indicator: the row, the column, what stands there, and the indicator.
pub(crate) fn meetings<'a>(
    rows: &'a RecordBatch,
    indicators: &'a Indicators,
    each: &mut dyn FnMut(usize, &'static str, &'a str, &'a Indicator),
) {
    for (column, holds) in OBSERVED {
        if !is_wanted(holds, indicators) {
            continue;
        }
        let Some(texts) = Texts::of(rows, column) else { continue };
        let mut before: (&str, Option<&Indicator>) = ("", None);
        texts.each(|row, text| {
            if before.0 != text {
                before = (text, ask(indicators, holds, text));
            }
            if let Some(met) = before.1 {
                each(row, column, text, met);
            }
        });
    }
}

fn is_wanted(holds: Holds, indicators: &Indicators) -> bool {
    match holds {
        Holds::Addresses => indicators.has(IndicatorKind::Address) || indicators.has(IndicatorKind::Network),
        Holds::Domains => indicators.has(IndicatorKind::Domain),
        Holds::Urls => indicators.has(IndicatorKind::Url),
        Holds::Exact(field) => kind_of(field).is_some_and(|kind| indicators.has(kind)),
    }
}

fn ask<'a>(indicators: &'a Indicators, holds: Holds, text: &str) -> Option<&'a Indicator> {
    match holds {
        Holds::Addresses => indicators.address(text.parse().ok()?),
        Holds::Domains => indicators.domain(text.as_bytes()),
        Holds::Urls => {
            let (host, target) = text.split_at(text.find('/').unwrap_or(text.len()));
            indicators.url(host.as_bytes(), target.as_bytes())
        }
        Holds::Exact(field) => indicators.exact(kind_of(field)?, text),
    }
}

fn kind_of(field: Field) -> Option<IndicatorKind> {
    match field {
        Field::Sha256 => Some(IndicatorKind::Sha256),
        Field::Ja3 => Some(IndicatorKind::Ja3),
        Field::Ja4 => Some(IndicatorKind::Ja4),
        Field::Certificate => Some(IndicatorKind::Certificate),
        _ => None,
    }
}
