//! `date_trunc` of times in UTC, which all times of the lake are. The engine's own looks up the offset of the time zone for
//! every row, and takes ten times as long; UTC has none.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, FieldRef, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions::datetime::date_trunc::DateTruncFunc;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
};
use std::sync::Arc;

const UTC: [&str; 3] = ["UTC", "+00:00", "Z"];

#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct DateTrunc(DateTruncFunc);

impl ScalarUDFImpl for DateTrunc {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        self.0.return_type(kinds)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.0.return_field_from_args(arguments)
    }

    fn output_ordering(&self, input: &[ExprProperties]) -> Result<SortProperties> {
        self.0.output_ordering(input)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }

    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(time) = arguments.args.get(1) else { return self.0.invoke_with_args(arguments) };
        let zone = match time.data_type() {
            DataType::Timestamp(_, Some(zone)) if UTC.contains(&zone.as_ref()) => zone,
            _ => return self.0.invoke_with_args(arguments),
        };
        if let [ColumnarValue::Scalar(to), ColumnarValue::Array(times)] = arguments.args.as_slice()
            && let Some(truncated) = by_unit(to, times)
        {
            return Ok(ColumnarValue::Array(Arc::new(truncated)));
        }
        let Some(time) = arguments.args.get_mut(1) else { return self.0.invoke_with_args(arguments) };
        *time = in_zone(time, None);
        Ok(in_zone(&self.0.invoke_with_args(arguments)?, Some(zone)))
    }
}

/// Times of which each is a whole number of units: most are in that of the time before, and need no division.
fn by_unit(to: &ScalarValue, times: &ArrayRef) -> Option<TimestampMicrosecondArray> {
    let unit = match to.try_as_str()??.to_ascii_lowercase().as_str() {
        "second" => 1_000_000,
        "minute" => 60_000_000,
        "hour" => 3_600_000_000,
        "day" => 86_400_000_000,
        _ => return None,
    };
    let times = times.as_primitive_opt::<TimestampMicrosecondType>()?;
    let mut last = 0..unit;
    // What is no time may be any number.
    let truncated = times.values().iter().map(|time| {
        if !last.contains(time) {
            let start = time.div_euclid(unit).saturating_mul(unit);
            last = start..start.saturating_add(unit);
        }
        last.start
    });
    let truncated = TimestampMicrosecondArray::new(truncated.collect(), times.nulls().cloned());
    Some(truncated.with_data_type(times.data_type().clone()))
}

/// The same numbers with another time zone beside them, or none.
fn in_zone(time: &ColumnarValue, zone: Option<Arc<str>>) -> ColumnarValue {
    match time {
        ColumnarValue::Array(times) => ColumnarValue::Array(match times.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => array::<TimestampSecondType>(times, zone),
            DataType::Timestamp(TimeUnit::Millisecond, _) => array::<TimestampMillisecondType>(times, zone),
            DataType::Timestamp(TimeUnit::Microsecond, _) => array::<TimestampMicrosecondType>(times, zone),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => array::<TimestampNanosecondType>(times, zone),
            _ => times.clone(),
        }),
        ColumnarValue::Scalar(time) => ColumnarValue::Scalar(match time {
            ScalarValue::TimestampSecond(time, _) => ScalarValue::TimestampSecond(*time, zone),
            ScalarValue::TimestampMillisecond(time, _) => ScalarValue::TimestampMillisecond(*time, zone),
            ScalarValue::TimestampMicrosecond(time, _) => ScalarValue::TimestampMicrosecond(*time, zone),
            ScalarValue::TimestampNanosecond(time, _) => ScalarValue::TimestampNanosecond(*time, zone),
            other => other.clone(),
        }),
    }
}

fn array<T: ArrowTimestampType>(times: &ArrayRef, zone: Option<Arc<str>>) -> ArrayRef {
    let times: PrimitiveArray<T> = times.as_primitive::<T>().clone();
    Arc::new(times.with_timezone_opt(zone))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use arrow_schema::Field;
    use datafusion::config::ConfigOptions;
    use proptest::prelude::*;

    fn truncated(of: &dyn ScalarUDFImpl, to: &str, times: ColumnarValue) -> ArrayRef {
        let kinds = [DataType::Utf8, times.data_type()];
        let fields = kinds.map(|kind| Arc::new(Field::new("x", kind, true)));
        let rows = if let ColumnarValue::Array(times) = &times { times.len() } else { 1 };
        let arguments = ScalarFunctionArgs {
            args: vec![ColumnarValue::Scalar(ScalarValue::from(to)), times],
            return_field: fields[1].clone(),
            arg_fields: fields.to_vec(),
            number_rows: rows,
            config_options: Arc::new(ConfigOptions::default()),
        };
        of.invoke_with_args(arguments).unwrap().into_array(rows).unwrap()
    }

    proptest! {
        /// Times from the year 1684 to 2255, what the engine can truncate, as arrays and single ones.
        #[test]
        fn the_result_is_that_of_the_engine(times in prop::collection::vec(prop::option::of(-9 * 10_i64.pow(15)..9 * 10_i64.pow(15)), 1..20)) {
            let (ours, theirs) = (DateTrunc::default(), DateTruncFunc::default());
            for zone in [None, Some("UTC"), Some("+00:00"), Some("Asia/Shanghai")] {
                let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone_opt(zone));
                let single = ScalarValue::TimestampMicrosecond(times[0], zone.map(Into::into));
                for to in ["microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "YEAR"] {
                    for times in [ColumnarValue::Array(array.clone()), ColumnarValue::Scalar(single.clone())] {
                        let (one, other) = (truncated(&ours, to, times.clone()), truncated(&theirs, to, times));
                        prop_assert_eq!(one.data_type(), array.data_type());
                        prop_assert_eq!(&one, &other, "{:?} {}", zone, to);
                    }
                }
            }
        }
    }
}
