//! Counting the different texts of all rows.
//!
//! Most texts that are counted so are addresses: how many hosts, how many servers. An IPv4 address is a number, and a bit says
//! that it was met; what is none is kept as it is. The count is exact.

use super::addresses::Addresses;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringViewArray};
use arrow_schema::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datafusion::physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use hashbrown::HashSet;
use std::sync::Arc;

/// The same step with its counts of different texts made so; none when it has none, or when it sees parts of the rows only.
pub(super) fn counted(aggregate: &AggregateExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if *aggregate.mode() != AggregateMode::Single || !aggregate.group_expr().is_true_no_grouping() {
        return Ok(None);
    }
    let schema = aggregate.input_schema();
    let mut any = false;
    let functions = aggregate.aggr_expr().iter().map(|function| {
        let own = of_texts(function, &schema)?;
        any |= own.is_some();
        Ok(own.unwrap_or_else(|| function.clone()))
    });
    let functions = functions.collect::<Result<Vec<_>>>()?;
    if !any {
        return Ok(None);
    }
    let own = AggregateExec::try_new(
        AggregateMode::Single,
        aggregate.group_expr().clone(),
        functions,
        aggregate.filter_expr().to_vec(),
        aggregate.input().clone(),
        schema,
    )?;
    Ok(Some(Arc::new(own)))
}

fn of_texts(
    function: &AggregateFunctionExpr,
    schema: &arrow_schema::SchemaRef,
) -> Result<Option<Arc<AggregateFunctionExpr>>> {
    let arguments = function.expressions();
    let [text] = arguments.as_slice() else { return Ok(None) };
    if function.fun().name() != "count" || !function.is_distinct() || text.data_type(schema)? != DataType::Utf8View {
        return Ok(None);
    }
    let own = Arc::new(AggregateUDF::from(CountTexts(Signature::any(1, Volatility::Immutable))));
    let own = AggregateExprBuilder::new(own, arguments).schema(schema.clone()).alias(function.name()).distinct();
    own.build().map(|own| Some(Arc::new(own)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CountTexts(Signature);

impl AggregateUDFImpl for CountTexts {
    fn name(&self) -> &str {
        "count"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Err(in_one_step())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Texts::default()))
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }
}

/// The texts that were met.
#[derive(Debug, Default)]
struct Texts {
    addresses: Addresses,
    others: HashSet<Box<str>>,
    other_bytes: usize,
}

impl Accumulator for Texts {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let texts = columns.first().and_then(|texts| texts.as_string_view_opt());
        let texts = texts.ok_or_else(|| DataFusionError::Internal("texts are counted that are none".into()))?;
        for at in 0..texts.len() {
            if texts.is_valid(at) {
                self.take(texts, at);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some((self.addresses.len() + self.others.len()) as i64)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.addresses.bytes() + self.others.allocation_size() + self.other_bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Err(in_one_step())
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        Err(in_one_step())
    }
}

impl Texts {
    fn take(&mut self, texts: &StringViewArray, at: usize) {
        let text = texts.value(at);
        match ipv4(text.as_bytes()) {
            Some(address) => self.addresses.insert(address),
            None if self.others.contains(text) => {}
            None => {
                self.other_bytes += text.len();
                self.others.insert(text.into());
            }
        }
    }
}

fn in_one_step() -> DataFusionError {
    DataFusionError::Internal("what is counted in one step has no parts".into())
}

/// An IPv4 address as it is always written: four numbers up to 255 without zeros before them, so that each text comes back as it
/// was. Its fifteen bytes are looked at together and not one by one, since nobody can foretell where the next dot is.
fn ipv4(text: &[u8]) -> Option<u32> {
    let bytes = match text.len() {
        // Two halves that overlap.
        8..=15 => {
            let (first, last) = (text.first_chunk::<8>()?, text.last_chunk::<8>()?);
            let last = u128::from(u64::from_le_bytes(*last)) << (8 * (text.len() - 8));
            u128::from(u64::from_le_bytes(*first)) | last
        }
        7 => {
            let (first, last) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
            u128::from(u32::from_le_bytes(*first)) | u128::from(u32::from_le_bytes(*last)) << 24
        }
        _ => return None,
    };
    // A dot at the end makes each number end with one.
    let bytes = bytes | u128::from(b'.') << (8 * text.len());
    let mut dots = is_zero(bytes ^ (EACH * u128::from(b'.')));
    let (mut address, mut from) = (0_u32, 0_u32);
    for _ in 0..4 {
        let dot = dots.trailing_zeros() / 8;
        dots &= dots.wrapping_sub(1);
        let digits = dot.wrapping_sub(from);
        if !(1..=3).contains(&digits) {
            return None;
        }
        // The digits of a number, moved to the end of three places.
        let number = (bytes >> (8 * from)) as u32 ^ 0x0030_3030;
        let number = number << (8 * (3 - digits)) & 0x00ff_ffff;
        let [hundreds, tens, ones, _] = number.to_le_bytes().map(u32::from);
        let value = hundreds * 100 + tens * 10 + ones;
        let first = (number >> (8 * (3 - digits))) & 0xff;
        if hundreds > 9 || tens > 9 || ones > 9 || value > 255 || (first == 0 && digits > 1) {
            return None;
        }
        address = address << 8 | value;
        from = dot + 1;
    }
    (dots == 0 && from as usize == text.len() + 1).then_some(address)
}

/// One in each byte.
const EACH: u128 = u128::from_le_bytes([1; 16]);

/// The highest bit of each byte that is zero, and of no other.
fn is_zero(bytes: u128) -> u128 {
    let low = EACH * 0x7f;
    !(((bytes & low) + low) | bytes | low)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::net::Ipv4Addr;

    /// What is an address is one for the library of the language, which takes no other form of it either.
    fn check(text: &str) {
        let expected = text.parse::<Ipv4Addr>().ok().filter(|address| address.to_string() == text);
        assert_eq!(ipv4(text.as_bytes()).map(Ipv4Addr::from_bits), expected, "{text:?}");
    }

    #[test]
    fn only_the_usual_form_of_an_address_is_a_number() {
        for text in [
            "",
            "1.2.3.4",
            "0.0.0.0",
            "255.255.255.255",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.04",
            "1..2.3",
            ".1.2.3.4",
            "1.2.3.4.",
            "1.2.3.4 ",
            " 1.2.3.4",
            "1.2.3.a",
            "1.2.3./",
            "1.2.3.:",
            "1111.2.3.4",
            "1.2.3.1111",
            "00.0.0.0",
            "::1",
            "fe80::1",
            "100.100.100.100",
            "1.2.3.4\0",
            "999.999.999.999",
            "١.2.3.4",
            "1,2.3.4.5",
            "....",
            ".......",
            "12345678",
            "123456789012345",
        ] {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn an_address_is_the_number_it_says(address: u32) {
            let text = Ipv4Addr::from_bits(address).to_string();
            prop_assert_eq!(ipv4(text.as_bytes()), Some(address));
        }

        #[test]
        fn what_is_nearly_an_address_is_one_or_a_text(text in "[0-9.]{0,17}|[0-9]{1,4}(\\.[0-9]{1,4}){2,4}|\\PC{0,16}") {
            check(&text);
        }

        #[test]
        fn different_texts_are_counted_once(
            parts in prop::collection::vec(prop::collection::vec(prop::option::of("10\\.0\\.0\\.[0-9]{1,2}|[a-c]{0,14}|1\\.1\\.1\\.01"), 0..40), 0..4),
        ) {
            let mut texts = Texts::default();
            for part in &parts {
                let part: ArrayRef = Arc::new(part.iter().map(Option::as_deref).collect::<StringViewArray>());
                texts.update_batch(&[part]).unwrap();
            }
            let different: HashSet<&String> = parts.iter().flatten().flatten().collect();
            prop_assert_eq!(texts.evaluate().unwrap(), ScalarValue::Int64(Some(different.len() as i64)));
        }
    }
}
