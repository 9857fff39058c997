//! What is kept though it is old, or one too many: somebody works on it.

use crate::files::DataFile;
use crate::table::Table;
use std::collections::BTreeMap;

/// Times of which records are kept, of one table or of all. A file is kept whole when it may have a record of such a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held(BTreeMap<&'static str, Vec<(i64, i64)>>);

impl Held {
    /// Of times that are given as the first and the last microsecond since 1970 of each; `None` stands for every table.
    pub fn of(times: impl IntoIterator<Item = (Option<&'static Table>, i64, i64)>) -> Held {
        let mut held: BTreeMap<&'static str, Vec<(i64, i64)>> = BTreeMap::new();
        for (table, first, last) in times.into_iter().filter(|(_, first, last)| first <= last) {
            held.entry(table.map_or(EVERY, |table| table.name)).or_default().push((first, last));
        }
        for times in held.values_mut() {
            *times = joined(std::mem::take(times));
        }
        Held(held)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file is kept.
    pub fn has(&self, file: &DataFile) -> bool {
        [EVERY, file.table].iter().any(|table| {
            let times = self.0.get(table).map(Vec::as_slice).unwrap_or_default();
            // They do not overlap and are in order: only the first that ends late enough can have something of the file.
            let next = times.partition_point(|(_, last)| *last < file.first_us);
            times.get(next).is_some_and(|(first, _)| *first <= file.last_us)
        })
    }
}

/// No table is called like this.
const EVERY: &str = "";

/// The same times in order, those that overlap as one.
fn joined(mut times: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    times.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::with_capacity(times.len());
    for (first, last) in times {
        match joined.last_mut() {
            Some((_, end)) if first <= *end => *end = last.max(*end),
            _ => joined.push((first, last)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Storage;
    use proptest::prelude::*;

    fn file(table: &'static str, first_us: i64, last_us: i64) -> DataFile {
        DataFile {
            table,
            name: String::new(),
            path: Default::default(),
            storage: Storage::default(),
            day: String::new(),
            bytes: 0,
            rows: 0,
            first_us,
            last_us,
            named_ms: 0,
        }
    }

    proptest! {
        /// As if every time were looked at.
        #[test]
        fn a_file_is_kept_when_a_time_meets_it(
            times in prop::collection::vec((prop::option::of(0..2_usize), -50..50_i64, -3..20_i64), 0..12),
            first in -60..60_i64,
            length in 0..15_i64,
            of in 0..2_usize,
        ) {
            let tables = [Table::named("session"), Table::named("finding")];
            let times: Vec<_> = times
                .into_iter()
                .map(|(table, first, length)| (table.and_then(|table| tables[table]), first, first + length))
                .collect();
            let file = file(tables[of].map_or("", |table| table.name), first, first + length);
            let expected = times.iter().any(|(table, first, last)| {
                table.is_none_or(|table| table.name == file.table)
                    && first <= last && *first <= file.last_us && *last >= file.first_us
            });
            prop_assert_eq!(Held::of(times).has(&file), expected);
        }
    }
}
