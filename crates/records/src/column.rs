//! From records to batches of columns.

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A kind of record: its name, the version of its columns, and the columns.
pub struct Kind<R: 'static> {
    pub name: &'static str,
    /// Goes up when a column changes its meaning; a further column does not change it.
    pub version: u32,
    pub(crate) columns: &'static [Column<R>],
}

/// A column and how a record's value in it is found.
pub(crate) struct Column<R: 'static> {
    pub name: &'static str,
    pub holds: Holds,
    /// May be null.
    pub optional: bool,
    pub value: for<'a> fn(&'a R) -> Value<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    Small,
    Number,
    Real,
    Flag,
    Time,
    Texts,
    Numbers,
    Measures,
}

/// What stands in one place of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    Small(i32),
    Number(i64),
    Real(f64),
    Flag(bool),
    /// Microseconds since 1970, UTC.
    Time(i64),
    Texts(&'a [String]),
    Numbers(&'a [u64]),
    /// The names of what was measured, and in the same order what came of it.
    Names(&'a BTreeMap<String, f64>),
    Measures(&'a BTreeMap<String, f64>),
}

impl<'a> Value<'a> {
    pub fn text(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }

    pub fn shown(value: impl ToString) -> Self {
        Value::Text(Cow::Owned(value.to_string()))
    }

    pub fn optional(text: Option<&'a str>) -> Self {
        text.map_or(Value::Null, Value::text)
    }

    /// A count; what no signed number holds is the greatest one.
    pub fn count(count: u64) -> Self {
        Value::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// A column of a table.
pub(crate) const fn column<R>(
    name: &'static str,
    holds: Holds,
    optional: bool,
    value: for<'a> fn(&'a R) -> Value<'a>,
) -> Column<R> {
    Column { name, holds, optional, value }
}

/// A number that may not be known.
pub(crate) fn number(value: Option<i64>) -> Value<'static> {
    value.map_or(Value::Null, Value::Number)
}

impl<R> Column<R> {
    fn field(&self) -> Field {
        let of_items = |kind| DataType::List(Arc::new(Field::new_list_field(kind, true)));
        let kind = match self.holds {
            Holds::Text => DataType::Utf8,
            Holds::Small => DataType::Int32,
            Holds::Number => DataType::Int64,
            Holds::Real => DataType::Float64,
            Holds::Flag => DataType::Boolean,
            Holds::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Holds::Texts => of_items(DataType::Utf8),
            Holds::Numbers => of_items(DataType::Int64),
            Holds::Measures => of_items(DataType::Float64),
        };
        Field::new(self.name, kind, self.optional)
    }
}

impl<R> Kind<R> {
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self.columns.iter().map(Column::field).collect();
        let about = [("redoubt.record", self.name.to_owned()), ("redoubt.version", self.version.to_string())];
        let about: HashMap<String, String> = about.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Arc::new(Schema::new_with_metadata(fields, about))
    }
}

/// Records of one kind that are being collected.
pub struct Batch<R: 'static> {
    kind: &'static Kind<R>,
    builders: Vec<Builder>,
    rows: usize,
}

enum Builder {
    Text(StringBuilder),
    Small(Int32Builder),
    Number(Int64Builder),
    Real(Float64Builder),
    Flag(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Texts(ListBuilder<StringBuilder>),
    Numbers(ListBuilder<Int64Builder>),
    Measures(ListBuilder<Float64Builder>),
}

impl<R> Batch<R> {
    pub fn new(kind: &'static Kind<R>) -> Self {
        Batch { kind, builders: kind.columns.iter().map(|column| Builder::new(column.holds)).collect(), rows: 0 }
    }

    pub fn push(&mut self, record: &R) {
        for (column, builder) in self.kind.columns.iter().zip(&mut self.builders) {
            builder.push((column.value)(record));
        }
        self.rows += 1;
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Takes what was collected.
    ///
    /// # Errors
    /// When a column that may not be null is: a mistake in its table.
    pub fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.kind.schema(), arrays)
    }
}

impl Builder {
    fn new(holds: Holds) -> Builder {
        match holds {
            Holds::Text => Builder::Text(StringBuilder::new()),
            Holds::Small => Builder::Small(Int32Builder::new()),
            Holds::Number => Builder::Number(Int64Builder::new()),
            Holds::Real => Builder::Real(Float64Builder::new()),
            Holds::Flag => Builder::Flag(BooleanBuilder::new()),
            Holds::Time => Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Holds::Texts => Builder::Texts(ListBuilder::new(StringBuilder::new())),
            Holds::Numbers => Builder::Numbers(ListBuilder::new(Int64Builder::new())),
            Holds::Measures => Builder::Measures(ListBuilder::new(Float64Builder::new())),
        }
    }

    /// A value of another kind than the column's is null.
    fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Builder::Text(texts), Value::Text(text)) => texts.append_value(text),
            (Builder::Text(texts), _) => texts.append_null(),
            (Builder::Small(numbers), Value::Small(number)) => numbers.append_value(number),
            (Builder::Small(numbers), _) => numbers.append_null(),
            (Builder::Number(numbers), Value::Number(number)) => numbers.append_value(number),
            (Builder::Number(numbers), _) => numbers.append_null(),
            (Builder::Real(numbers), Value::Real(number)) => numbers.append_value(number),
            (Builder::Real(numbers), _) => numbers.append_null(),
            (Builder::Flag(flags), Value::Flag(flag)) => flags.append_value(flag),
            (Builder::Flag(flags), _) => flags.append_null(),
            (Builder::Time(times), Value::Time(time)) => times.append_value(time),
            (Builder::Time(times), _) => times.append_null(),
            (Builder::Texts(lists), Value::Texts(texts)) => lists.append_value(texts.iter().map(Some)),
            (Builder::Texts(lists), Value::Names(facts)) => lists.append_value(facts.keys().map(Some)),
            (Builder::Texts(lists), _) => lists.append_null(),
            (Builder::Numbers(lists), Value::Numbers(numbers)) => {
                lists.append_value(numbers.iter().map(|number| Some(i64::try_from(*number).unwrap_or(i64::MAX))));
            }
            (Builder::Numbers(lists), _) => lists.append_null(),
            (Builder::Measures(lists), Value::Measures(facts)) => {
                lists.append_value(facts.values().map(|value| Some(*value)));
            }
            (Builder::Measures(lists), _) => lists.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Text(builder) => ArrayBuilder::finish(builder),
            Builder::Small(builder) => ArrayBuilder::finish(builder),
            Builder::Number(builder) => ArrayBuilder::finish(builder),
            Builder::Real(builder) => ArrayBuilder::finish(builder),
            Builder::Flag(builder) => ArrayBuilder::finish(builder),
            Builder::Time(builder) => ArrayBuilder::finish(builder),
            Builder::Texts(builder) => ArrayBuilder::finish(builder),
            Builder::Numbers(builder) => ArrayBuilder::finish(builder),
            Builder::Measures(builder) => ArrayBuilder::finish(builder),
        }
    }
}
