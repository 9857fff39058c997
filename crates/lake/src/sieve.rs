//! Tells, of the texts of a file, nearly all that no indicator names by one look each.
//!
//! The index of a file says which numbers of those that are looked for are in it. They are few, and what they are numbers of
//! is known: a text of the file that is none of these meets nothing. Looking at it costs less than making its number.

use crate::index::{Answer, Field, Question};
use rules::{IndicatorKind, Indicators};
use std::net::{IpAddr, Ipv4Addr};

/// Places for each text that is known: of so many others one has to be looked up.
const PLACES_EACH: usize = 128;
/// With more known texts than this the number of each text is looked up instead.
const TEXTS_MAX: usize = 1 << 16;

/// What is known of a file.
pub(crate) struct Sieve<'a> {
    answer: &'a Answer,
    fields: Vec<(Field, Marks)>,
    /// Whether some address of IPv6 is looked for and may be there.
    by_halves: bool,
}

impl<'a> Sieve<'a> {
    /// Of a file whose index answered a question for these indicators.
    pub fn new(answer: &'a Answer, question: &Question, indicators: &Indicators) -> Sieve<'a> {
        let mut fields = Vec::new();
        for (field, keys) in answer.found() {
            if let Some(texts) = texts(field, keys, question, indicators) {
                fields.push((field, Marks::new(&texts)));
            }
        }
        let by_halves = answer.found().any(|(field, keys)| field == Field::Address6 && !keys.is_empty());
        Sieve { answer, fields, by_halves }
    }

    /// False when no indicator names a text that stands in the file.
    pub fn may_meet(&self, kind: IndicatorKind, text: &str) -> bool {
        match Field::of(kind) {
            None if self.by_halves && text.contains(':') => self.may_be_address(text),
            None => match self.marks(Field::Address4) {
                // An address of IPv4 is written in one way only.
                Some(marks) => marks.has(text.as_bytes()),
                None => self.may_be_address(text),
            },
            Some(field) => match self.marks(field) {
                Some(marks) if field == Field::Domain => marks.has_name_or_one_above(text.as_bytes()),
                Some(marks) => any_name(kind, text, &mut |name| marks.has(name.as_bytes())),
                None => any_name(kind, text, &mut |name| self.answer.may_be_text(field, name)),
            },
        }
    }

    fn marks(&self, field: Field) -> Option<&Marks> {
        self.fields.iter().find_map(|(of, marks)| (*of == field).then_some(marks))
    }

    fn may_be_address(&self, text: &str) -> bool {
        text.parse::<IpAddr>().is_ok_and(|address| self.answer.may_be_address(address))
    }
}

fn any_name(kind: IndicatorKind, text: &str, is_one: &mut dyn FnMut(&str) -> bool) -> bool {
    let mut any = false;
    rules::forms::names(kind, text, &mut |name| any = any || is_one(name));
    any
}

/// What the numbers of a field that were found are the numbers of; none when that is too much, or not known.
fn texts(field: Field, keys: &[u64], question: &Question, indicators: &Indicators) -> Option<Vec<String>> {
    if keys.len() > TEXTS_MAX {
        return None;
    }
    match field {
        // It is a half of an address.
        Field::Address6 => None,
        Field::Address4 => Some(keys.iter().map(|key| Ipv4Addr::from_bits(*key as u32).to_string()).collect()),
        _ => {
            let named = question.named(field)?;
            let all = keys.iter().flat_map(|key| named.of(*key));
            Some(all.filter_map(|at| Some(indicators.nth(at)?.value.to_string())).collect())
        }
    }
}

/// A bit for each of some texts.
struct Marks {
    bits: Vec<u64>,
    shift: u32,
    /// A bit for each length that occurs.
    lengths: u64,
}

impl Marks {
    fn new(texts: &[String]) -> Marks {
        let places = (texts.len() * PLACES_EACH).next_power_of_two().max(64);
        let mut marks = Marks { bits: vec![0; places / 64], shift: u64::BITS - places.trailing_zeros(), lengths: 0 };
        for text in texts {
            marks.lengths |= 1 << (text.len() % 64);
            let place = mixed(text.as_bytes()) >> marks.shift;
            if let Some(word) = marks.bits.get_mut((place / 64) as usize) {
                *word |= 1 << (place % 64);
            }
        }
        marks
    }

    fn has(&self, text: &[u8]) -> bool {
        if self.lengths >> (text.len() % 64) & 1 == 0 {
            return false;
        }
        let place = mixed(text) >> self.shift;
        self.bits.get((place / 64) as usize).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn has_name_or_one_above(&self, name: &[u8]) -> bool {
        let mut rest = name;
        loop {
            if self.has(rest) {
                return true;
            }
            let Some(dot) = rest.iter().position(|byte| *byte == b'.') else { return false };
            rest = rest.get(dot + 1..).unwrap_or_default();
        }
    }
}

/// A number made of all bytes of a text. Nobody gains by texts that have the same one: they are looked up.
fn mixed(text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let last = rest.iter().fold(text.len() as u64, |word, byte| word << 8 | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    words.fold(spread(last), |mixed, word| spread(mixed ^ word))
}

/// Both halves of a product, since names that follow each other differ in few bits.
fn spread(value: u64) -> u64 {
    let product = u128::from(value) * 0x9e37_79b9_7f4a_7c15;
    (product as u64 ^ (product >> 64) as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use crate::index::{Builder, Index, address_key, text_key};
    use proptest::prelude::*;
    use rules::{Indicator, forms};

    fn text(kind: IndicatorKind) -> BoxedStrategy<String> {
        match kind {
            IndicatorKind::Address => {
                prop_oneof!["10\\.0\\.[0-2]\\.[0-3]", "2001:db8:[0-2]::[1-3]", "::ffff:10\\.0\\.0\\.[0-3]"].boxed()
            }
            _ => "[ab.?/:0@\\\\]{1,12}".boxed(),
        }
    }

    fn cases() -> impl Strategy<Value = (IndicatorKind, Vec<String>, Vec<String>, u8)> {
        let kinds = [
            IndicatorKind::Address,
            IndicatorKind::Domain,
            IndicatorKind::Url,
            IndicatorKind::Account,
            IndicatorKind::FileName,
        ];
        proptest::sample::select(kinds.to_vec()).prop_flat_map(|kind| {
            let texts = || proptest::collection::vec(text(kind), 0..30);
            (Just(kind), texts(), texts(), 20_u8..33)
        })
    }

    proptest! {
        /// What an indicator names is never left out, whatever else is in the file and looked for.
        #[test]
        fn what_is_met_is_looked_up((kind, held, wanted, length) in cases(), by_network in any::<bool>()) {
            let mut wanted: Vec<Indicator> =
                wanted.into_iter().map(|value| Indicator { kind, value: value.into() }).collect();
            if by_network && kind == IndicatorKind::Address {
                wanted.extend(rules::Indicators::read(&format!("10.0.0.1/{length}\n2001:db8::/{length}")).0.into_list());
            }
            let indicators = Indicators::new(wanted);
            let mut builder = Builder::default();
            for text in &held {
                match Field::of(kind) {
                    None => {
                        let (field, key) = address_key(text.parse().unwrap());
                        builder.note(field, key, 0);
                    }
                    Some(field) => {
                        forms::names(kind, text, &mut |name| builder.note(field, text_key(name.as_bytes()), 0));
                    }
                }
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.idx");
            std::fs::write(&path, builder.finish(1)).unwrap();
            let question = Question::new(indicators.iter());
            let answer = Index::open(&path).unwrap().ask(&question).unwrap();
            let sieve = Sieve::new(&answer, &question, &indicators);
            for text in &held {
                let mut is_met = false;
                indicators.each_held(kind, text, &mut |_| is_met = true);
                prop_assert!(!is_met || sieve.may_meet(kind, text), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_met_is_mostly_left_out() {
        let names = |from: u32| (from..from + 1000).map(|number| format!("h{number}.example"));
        let marks = Marks::new(&names(1000).collect::<Vec<_>>());
        assert!(
            names(1000)
                .all(|name| marks.has(name.as_bytes()) && marks.has_name_or_one_above(format!("a.{name}").as_bytes()))
        );
        let passed = names(2000).filter(|name| marks.has(name.as_bytes())).count();
        assert!(passed < 30, "{passed} of 1000");
    }
}
