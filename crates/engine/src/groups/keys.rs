//! The groups of rows, found without a hash of each.

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, Int64Array, StringViewArray};
use arrow_schema::{DataType, TimeUnit};
use datafusion::common::{DataFusionError, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// Columns that make a group, at most.
pub const COLUMNS_MAX: usize = 4;
/// Different values of one column, and groups; more are not few.
const FEW: usize = 1 << 16;
/// Bytes of all texts of a column.
const TEXT_BYTES_MAX: usize = 8 << 20;
/// Places of a table that puts two columns together.
const PAIRS_MAX: usize = 1 << 22;
/// Numbers below are looked up by their place: every port is one of them.
const SMALL: usize = 1 << 16;
const NONE: u32 = u32::MAX;
const NOWHERE: usize = usize::MAX;

/// The groups that were met, numbered as they came.
#[derive(Debug)]
pub struct Keys {
    columns: Vec<Values>,
    /// One less than there are columns: the groups of those before, and the next.
    pairs: Vec<Pairs>,
}

/// The values of a column, numbered as they came; null is one of them.
#[derive(Debug, Default)]
struct Values {
    texts: Numbered<Arc<str>>,
    numbers: Numbered<i64>,
    text_bytes: usize,
    /// The number of each small number.
    small: Vec<u32>,
    /// The dictionary that was read last, and the number of each of its texts.
    dictionary: Option<(ArrayRef, Vec<u32>)>,
}

#[derive(Debug)]
struct Numbered<T> {
    values: Vec<Option<T>>,
    found: HashMap<Option<T>, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { values: Vec::new(), found: HashMap::new() }
    }
}

/// Two numbers that came together, each pair with a number of its own: a table of rows for the first and columns for the
/// second.
#[derive(Debug, Default)]
struct Pairs {
    pairs: Vec<(u32, u32)>,
    table: Vec<u32>,
    width: usize,
}

impl Keys {
    pub fn of(columns: usize) -> Keys {
        let pairs = std::iter::repeat_with(Pairs::default).take(columns.saturating_sub(1)).collect();
        Keys { columns: std::iter::repeat_with(Values::default).take(columns).collect(), pairs }
    }

    /// Puts the group of each row into `found`, and gives how many groups there are now; none when they are too many.
    pub fn find(&mut self, rows: &[ArrayRef], found: &mut Vec<usize>) -> Result<Option<usize>> {
        found.clear();
        let (mut next, mut groups) = (Vec::new(), 0);
        for (at, (values, rows)) in self.columns.iter_mut().zip(rows).enumerate() {
            let Some(pairs) = at.checked_sub(1).and_then(|at| self.pairs.get_mut(at)) else {
                if values.find(rows, found)?.is_none() {
                    return Ok(None);
                }
                groups = values.count();
                continue;
            };
            next.clear();
            if values.find(rows, &mut next)?.is_none() || pairs.find(found, &next, (groups, values.count())).is_none() {
                return Ok(None);
            }
            groups = pairs.pairs.len();
        }
        Ok(Some(groups))
    }

    /// The first so many groups, as columns of these kinds.
    pub fn columns<'a>(&self, groups: usize, kinds: impl Iterator<Item = &'a DataType>) -> Result<Vec<ArrayRef>> {
        // Back from the last pair to each column.
        let mut numbers: Vec<u32> = (0..groups as u32).collect();
        let mut of_columns = Vec::new();
        for pairs in self.pairs.iter().rev() {
            let pair = |number: &u32| pairs.pairs.get(*number as usize).copied().unwrap_or((NONE, NONE));
            of_columns.push(numbers.iter().map(|number| pair(number).1).collect::<Vec<_>>());
            numbers = numbers.iter().map(|number| pair(number).0).collect();
        }
        of_columns.push(numbers);
        of_columns.reverse();
        let columns = self.columns.iter().zip(of_columns).zip(kinds);
        columns.map(|((values, numbers), kind)| values.column(&numbers, kind)).collect()
    }

    /// About so much memory is taken.
    pub fn bytes(&self) -> usize {
        let of_values = |values: &Values| values.count() * 128 + values.text_bytes + values.small.len() * 4;
        let of_pairs = |pairs: &Pairs| pairs.pairs.len() * 8 + pairs.table.len() * 4;
        self.columns.iter().map(of_values).sum::<usize>() + self.pairs.iter().map(of_pairs).sum::<usize>()
    }
}

impl Values {
    /// A column is either of texts or of numbers.
    fn count(&self) -> usize {
        self.texts.values.len().max(self.numbers.values.len())
    }

    fn find(&mut self, rows: &ArrayRef, found: &mut Vec<usize>) -> Result<Option<()>> {
        found.reserve(rows.len());
        match rows.data_type() {
            DataType::Dictionary(..) => match rows.as_dictionary_opt::<Int32Type>() {
                Some(rows) => self.find_in_dictionary(rows, found),
                None => Err(unexpected(rows.data_type())),
            },
            DataType::Utf8View => {
                Ok(self.find_texts(rows.as_string_view().iter(), |number| found.push(number as usize)))
            }
            DataType::Int32 => Ok(self.find_small(rows.as_primitive(), found)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Ok(self.find_primitive::<TimestampMicrosecondType>(rows, found))
            }
            DataType::Boolean => Ok(self.find_numbers(rows.as_boolean().iter().map(|flag| flag.map(i64::from)), found)),
            other => Err(unexpected(other)),
        }
    }

    fn find_in_dictionary(&mut self, rows: &DictionaryArray<Int32Type>, found: &mut Vec<usize>) -> Result<Option<()>> {
        let (keys, texts) = (rows.keys(), rows.values());
        let numbers = match self.dictionary.take() {
            // The same dictionary serves for all of a part of a file.
            Some((of, numbers)) if of.to_data().ptr_eq(&texts.to_data()) => numbers,
            _ => {
                let mut numbers = Vec::with_capacity(texts.len());
                let Some(texts) = texts.as_string_opt::<i32>() else { return Err(unexpected(texts.data_type())) };
                if self.find_texts(texts.iter(), |number| numbers.push(number)).is_none() {
                    return Ok(None);
                }
                numbers
            }
        };
        let number = |key: i32| numbers.get(key as usize).map_or(NOWHERE, |number| *number as usize);
        let before = found.len();
        match (numbers.as_slice(), keys.null_count()) {
            ([one], 0) => found.resize(before + rows.len(), *one as usize),
            (_, 0) => found.extend(keys.values().iter().map(|key| number(*key))),
            _ => {
                let Some(null) = self.text_number(None) else { return Ok(None) };
                found.extend(keys.iter().map(|key| key.map_or(null as usize, number)));
            }
        }
        self.dictionary = Some((texts.clone(), numbers));
        match found.get(before..).is_some_and(|found| !found.contains(&NOWHERE)) {
            true => Ok(Some(())),
            false => Err(DataFusionError::Execution("a number that is not in its dictionary".into())),
        }
    }

    fn find_texts<'a>(
        &mut self,
        texts: impl Iterator<Item = Option<&'a str>>,
        mut push: impl FnMut(u32),
    ) -> Option<()> {
        let mut last = None;
        for text in texts {
            let number = match last {
                Some((same, number)) if same == text => number,
                _ => self.text_number(text)?,
            };
            last = Some((text, number));
            push(number);
        }
        Some(())
    }

    /// None when there are too many.
    fn text_number(&mut self, text: Option<&str>) -> Option<u32> {
        let (before, bytes) = (self.texts.values.len(), text.map_or(0, str::len));
        let number = self.texts.number(text.map(Arc::from), self.text_bytes + bytes <= TEXT_BYTES_MAX)?;
        if self.texts.values.len() > before {
            self.text_bytes += bytes;
        }
        Some(number)
    }

    fn find_primitive<T: ArrowPrimitiveType<Native: Into<i64>>>(
        &mut self,
        rows: &ArrayRef,
        found: &mut Vec<usize>,
    ) -> Option<()> {
        let rows = rows.as_primitive_opt::<T>()?;
        if rows.null_count() > 0 {
            return self.find_numbers(rows.iter().map(|number| number.map(Into::into)), found);
        }
        // Times by the hour come in runs.
        for run in rows.values().chunk_by(|one, next| one == next) {
            let number = self.number_number(run.first().map(|number| (*number).into()))?;
            found.resize(found.len() + run.len(), number as usize);
        }
        Some(())
    }

    fn find_small(&mut self, rows: &Int32Array, found: &mut Vec<usize>) -> Option<()> {
        if rows.null_count() > 0 {
            return self.find_numbers(rows.iter().map(|number| number.map(Into::into)), found);
        }
        for row in rows.values() {
            let number = match self.small.get(*row as usize) {
                Some(number) if *number != NONE => *number,
                _ => self.number_number(Some((*row).into()))?,
            };
            found.push(number as usize);
        }
        Some(())
    }

    fn find_numbers(&mut self, rows: impl Iterator<Item = Option<i64>>, found: &mut Vec<usize>) -> Option<()> {
        for row in rows {
            found.push(self.number_number(row)? as usize);
        }
        Some(())
    }

    fn number_number(&mut self, value: Option<i64>) -> Option<u32> {
        let place = value.and_then(|value| usize::try_from(value).ok()).filter(|value| *value < SMALL);
        if let Some(number) = place.and_then(|place| self.small.get(place)).filter(|number| **number != NONE) {
            return Some(*number);
        }
        let number = self.numbers.number(value, true)?;
        if let Some(place) = place {
            self.small.resize(SMALL, NONE);
            *self.small.get_mut(place)? = number;
        }
        Some(number)
    }

    fn column(&self, numbers: &[u32], kind: &DataType) -> Result<ArrayRef> {
        let long = |number: &u32| self.numbers.values.get(*number as usize).copied().flatten();
        Ok(match kind {
            DataType::Utf8View => {
                let text = |number: &u32| self.texts.values.get(*number as usize)?.as_deref();
                Arc::new(numbers.iter().map(text).collect::<StringViewArray>())
            }
            DataType::Int32 => {
                let small = |number| long(number).and_then(|value| i32::try_from(value).ok());
                Arc::new(numbers.iter().map(small).collect::<Int32Array>())
            }
            DataType::Boolean => {
                Arc::new(numbers.iter().map(|number| long(number).map(|flag| flag != 0)).collect::<BooleanArray>())
            }
            DataType::Timestamp(..) => arrow_cast::cast(&numbers.iter().map(long).collect::<Int64Array>(), kind)?,
            other => return Err(unexpected(other)),
        })
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    /// None when there are too many, or when there is no room for another.
    fn number(&mut self, value: Option<T>, room: bool) -> Option<u32> {
        if let Some(number) = self.found.get(&value) {
            return Some(*number);
        }
        if self.values.len() >= FEW || !room {
            return None;
        }
        let number = self.values.len() as u32;
        self.values.push(value.clone());
        self.found.insert(value, number);
        Some(number)
    }
}

impl Pairs {
    /// Makes of each number before, and the one that goes with it, the number of both; the counts are beyond all of either.
    /// None when there are too many.
    fn find(&mut self, before: &mut [usize], next: &[usize], counts: (usize, usize)) -> Option<()> {
        self.widen(counts.1)?;
        let places = counts.0.next_power_of_two().checked_mul(self.width).filter(|places| *places <= PAIRS_MAX)?;
        if places > self.table.len() {
            self.table.resize(places, NONE);
        }
        for (before, next) in before.iter_mut().zip(next) {
            let number = self.table.get_mut(*before * self.width + *next)?;
            if *number == NONE {
                if self.pairs.len() >= FEW {
                    return None;
                }
                *number = self.pairs.len() as u32;
                self.pairs.push((*before as u32, *next as u32));
            }
            *before = *number as usize;
        }
        Some(())
    }

    fn widen(&mut self, count: usize) -> Option<()> {
        if count <= self.width {
            return Some(());
        }
        self.width = count.next_power_of_two();
        let rows = self.pairs.iter().map(|(before, _)| *before as usize + 1).max().unwrap_or(0).next_power_of_two();
        let places = rows.checked_mul(self.width).filter(|places| *places <= PAIRS_MAX)?;
        self.table.clear();
        self.table.resize(places, NONE);
        for (number, (before, next)) in self.pairs.iter().enumerate() {
            *self.table.get_mut(*before as usize * self.width + *next as usize)? = number as u32;
        }
        Some(())
    }
}

fn unexpected(kind: &DataType) -> DataFusionError {
    DataFusionError::Internal(format!("{kind} is grouped by as if there were few"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::prelude::*;

    type Row = (Option<String>, Option<String>, Option<i32>);

    fn columns(as_dictionary: bool, rows: &[Row]) -> Vec<ArrayRef> {
        let first = rows.iter().map(|row| row.0.as_deref());
        let first: ArrayRef = if as_dictionary {
            Arc::new(first.collect::<DictionaryArray<Int32Type>>())
        } else {
            Arc::new(first.collect::<StringViewArray>())
        };
        let second = rows.iter().map(|row| row.1.as_deref()).collect::<DictionaryArray<Int32Type>>();
        let third = rows.iter().map(|row| row.2).collect::<Int32Array>();
        vec![first, Arc::new(second), Arc::new(third)]
    }

    const KINDS: [DataType; 3] = [DataType::Utf8View, DataType::Utf8View, DataType::Int32];

    proptest! {
        #[test]
        fn a_group_is_made_of_the_rows_that_are_the_same(
            parts in prop::collection::vec(
                (any::<bool>(), prop::collection::vec((prop::option::of("[a-d]{0,2}"), prop::option::of("[ab]"), prop::option::of(-2..3_i32)), 0..40)),
                1..6,
            ),
        ) {
            let mut keys = Keys::of(3);
            let (mut all, mut found, mut groups) = (Vec::new(), Vec::new(), 0);
            for (as_dictionary, rows) in parts {
                let mut part = Vec::new();
                groups = keys.find(&columns(as_dictionary, &rows), &mut part).unwrap().unwrap();
                prop_assert_eq!(part.len(), rows.len());
                all.extend(rows);
                found.extend(part);
            }
            let told = keys.columns(groups, KINDS.iter()).unwrap();
            let (first, second, third) = (told[0].as_string_view(), told[1].as_string_view(), told[2].as_primitive::<Int32Type>());
            let text = |of: &StringViewArray, at: usize| of.is_valid(at).then(|| of.value(at).to_owned());
            let group = |at: usize| (text(first, at), text(second, at), third.is_valid(at).then(|| third.value(at)));
            for (row, at) in all.iter().zip(&found) {
                prop_assert_eq!(row, &group(*at));
            }
            let different: std::collections::HashSet<&Row> = all.iter().collect();
            prop_assert_eq!(different.len(), groups);
        }
    }

    #[test]
    fn more_groups_than_are_few_are_refused() {
        let texts = |from: usize, to: usize| -> ArrayRef {
            Arc::new((from..to).map(|n| Some(n.to_string())).collect::<StringViewArray>())
        };
        let (mut keys, mut found) = (Keys::of(1), Vec::new());
        assert_eq!(keys.find(&[texts(0, FEW)], &mut found).unwrap(), Some(FEW));
        assert_eq!(keys.find(&[texts(FEW, FEW + 1)], &mut found).unwrap(), None);

        let long: ArrayRef = Arc::new(StringViewArray::from(vec!["x".repeat(TEXT_BYTES_MAX + 1)]));
        assert_eq!(Keys::of(1).find(&[long], &mut found).unwrap(), None);

        let numbers: ArrayRef = Arc::new((0..FEW as i32 + 1).map(Some).collect::<Int32Array>());
        assert_eq!(Keys::of(1).find(&[numbers], &mut found).unwrap(), None);

        // Each has few, and together they are many.
        let both = |by: fn(i32) -> i32| -> ArrayRef {
            Arc::new((0..FEW as i32 + 1).map(|n| Some(by(n))).collect::<Int32Array>())
        };
        assert_eq!(Keys::of(2).find(&[both(|n| n / 300), both(|n| n % 300)], &mut found).unwrap(), None);
    }
}
