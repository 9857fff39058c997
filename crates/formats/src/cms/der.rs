//! Items of ASN.1 in DER and BER (ITU-T X.690), borrowed from the bytes they stand in.

use crate::bytes::slice;

/// An item within items of unknown length, so many steps down. What is met in signatures has four.
const DEPTH_MAX: usize = 12;

pub const OCTETS: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// One item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Class, form and number in one byte; longer numbers are not met in what is read here.
    pub tag: u8,
    pub content: &'a [u8],
    /// The item with its tag and length.
    pub whole: &'a [u8],
}

/// The first item of some bytes, and what follows it.
pub fn item(input: &[u8]) -> Option<(Item<'_>, &[u8])> {
    at_depth(input, 0)
}

/// The first item, if it has that tag.
pub fn expect(input: &[u8], tag: u8) -> Option<(Item<'_>, &[u8])> {
    item(input).filter(|(item, _)| item.tag == tag)
}

/// The items one after another, up to the first that is none.
pub fn items(mut input: &[u8]) -> impl Iterator<Item = Item<'_>> {
    std::iter::from_fn(move || {
        let (item, rest) = item(input)?;
        input = rest;
        Some(item)
    })
}

fn at_depth(input: &[u8], depth: usize) -> Option<(Item<'_>, &[u8])> {
    let (tag, length) = (*input.first()?, *input.get(1)?);
    if tag & 0x1f == 0x1f || depth > DEPTH_MAX {
        return None;
    }
    let (head, length) = match length {
        0..=0x7f => (2, usize::from(length)),
        0x80 if tag & 0x20 != 0 => return unknown_length(input, depth),
        0x81..=0x84 => {
            let count = usize::from(length & 0x7f);
            let number = slice(input, 2, count)?.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            (2 + count, usize::try_from(number).ok()?)
        }
        _ => return None,
    };
    let whole = slice(input, 0, head.checked_add(length)?)?;
    Some((Item { tag, content: &whole[head..], whole }, &input[whole.len()..]))
}

/// An item that ends where two zeros stand in place of the next one (BER).
fn unknown_length(input: &[u8], depth: usize) -> Option<(Item<'_>, &[u8])> {
    let mut rest = &input[2..];
    while !rest.starts_with(&[0, 0]) {
        rest = at_depth(rest, depth + 1)?.1;
    }
    let end = input.len() - rest.len();
    Some((Item { tag: input[0], content: &input[2..end], whole: &input[..end + 2] }, &rest[2..]))
}

impl<'a> Item<'a> {
    pub fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        items(self.content)
    }

    /// The first item inside, if it has that tag.
    pub fn first(&self, tag: u8) -> Option<Item<'a>> {
        expect(self.content, tag).map(|(item, _)| item)
    }

    /// The numbers of an object identifier with dots between them.
    pub fn dotted(&self) -> Option<String> {
        if self.tag != OID || self.content.len() > 64 {
            return None;
        }
        let (mut numbers, mut number) = (Vec::new(), 0_u64);
        for byte in self.content {
            number = number.checked_mul(128)? | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                numbers.push(number);
                number = 0;
            }
        }
        let (first, rest) = numbers.split_first()?;
        let root = (*first / 40).min(2);
        let mut text = format!("{root}.{}", first - root * 40);
        for number in rest {
            text.push('.');
            text.push_str(&number.to_string());
        }
        Some(text)
    }

    /// A time in microseconds since 1970; both spellings that certificates have, in UTC.
    pub fn time(&self) -> Option<i64> {
        let text = std::str::from_utf8(self.content).ok()?.strip_suffix('Z')?;
        let (year, rest) = match self.tag {
            UTC_TIME => {
                let year: i64 = text.get(..2)?.parse().ok()?;
                (if year < 50 { year + 2000 } else { year + 1900 }, text.get(2..)?)
            }
            GENERALIZED_TIME => (text.get(..4)?.parse().ok()?, text.get(4..)?),
            _ => return None,
        };
        let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        let two = |at: usize| rest.get(at..at + 2).and_then(|digits| digits.parse::<i64>().ok());
        let (month, day, hour, minute) = (two(0)?, two(2)?, two(4)?, two(6)?);
        let second = if rest.len() > 8 { two(8)? } else { 0 };
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let micros = format!("{fraction:0<6}").get(..6)?.parse::<i64>().ok()?;
        let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
        Some(seconds * 1_000_000 + micros)
    }
}

/// Days since 1970 of a day of the Gregorian calendar, by counting years from March on, so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_short_long_and_unknown() {
        let (short, rest) = item(&[4, 2, 1, 2, 9]).unwrap();
        assert_eq!((short.content, rest), ([1, 2].as_slice(), [9].as_slice()));
        assert_eq!(item(&[4, 0x81, 1, 7]).unwrap().0.content, [7]);
        let (unknown, rest) = item(&[0x30, 0x80, 4, 1, 5, 0, 0, 8]).unwrap();
        assert_eq!((unknown.content, unknown.whole.len(), rest), ([4, 1, 5].as_slice(), 7, [8].as_slice()));
        assert_eq!(item(&[4, 0x84, 0xff, 0xff, 0xff, 0xff, 1]), None);
        assert_eq!(item(&[0x30, 0x80].repeat(500)), None);
    }

    #[test]
    fn identifiers_and_times() {
        let oid = item(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]).unwrap().0;
        assert_eq!(oid.dotted().as_deref(), Some("1.2.840.113549.1.7.2"));
        let time = |tag, text: &str| Item { tag, content: text.as_bytes(), whole: &[] }.time();
        assert_eq!(time(UTC_TIME, "700101000001Z"), Some(1_000_000));
        assert_eq!(time(UTC_TIME, "170512080000Z"), Some(1_494_576_000_000_000));
        assert_eq!(time(GENERALIZED_TIME, "20240229235959.5Z"), Some(1_709_251_199_500_000));
        assert_eq!(time(GENERALIZED_TIME, "20241331000000Z"), None);
        assert_eq!(time(UTC_TIME, "1705120800+0100"), None);
    }
}
