//! As much of ASN.1's distinguished encoding rules (X.690) as Kerberos and SPNEGO need.

use crate::bytes::Bytes;

/// A tag with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub value: &'a [u8],
    /// The value is longer than the bytes that are there.
    pub cut: bool,
}

pub const INTEGER: u8 = 0x02;
pub const OCTETS: u8 = 0x04;
pub const OBJECT_ID: u8 = 0x06;
pub const ENUMERATED: u8 = 0x0a;
pub const SEQUENCE: u8 = 0x30;

/// The tag of a context-specific, constructed element.
pub const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of an application-specific, constructed element.
pub const fn application(number: u8) -> u8 {
    0x60 | number
}

/// Reads the tag and the length of an element: both, and how many bytes they take.
pub fn header(input: &[u8]) -> Option<(u8, usize, usize)> {
    let mut bytes = Bytes::new(input);
    let tag = bytes.u8()?;
    // Tags of more than one byte are used by neither protocol.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let length = match bytes.u8()? {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let mut length = 0usize;
            for _ in 0..long & 0x7f {
                length = length << 8 | usize::from(bytes.u8()?);
            }
            length
        }
        _ => return None,
    };
    Some((tag, length, input.len() - bytes.len()))
}

/// Takes the next element. One whose value breaks off is given with what there is of it.
pub fn next<'a>(bytes: &mut Bytes<'a>) -> Option<Element<'a>> {
    let (tag, length, head) = header(bytes.rest())?;
    bytes.skip(head)?;
    let cut = length > bytes.len();
    let value = bytes.take(length.min(bytes.len()))?;
    Some(Element { tag, value, cut })
}

/// Takes the next element, which must have this tag; its value.
pub fn expect<'a>(bytes: &mut Bytes<'a>, tag: u8) -> Option<&'a [u8]> {
    let mut ahead = *bytes;
    let element = next(&mut ahead).filter(|element| element.tag == tag)?;
    *bytes = ahead;
    Some(element.value)
}

/// The value of the first element with this tag among those of a constructed value.
pub fn member(value: &[u8], tag: u8) -> Option<&[u8]> {
    members(value).find(|element| element.tag == tag).map(|element| element.value)
}

pub fn members(value: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut bytes = Bytes::new(value);
    std::iter::from_fn(move || next(&mut bytes))
}

/// A number that fits, signed as DER has it.
pub fn integer(value: &[u8]) -> Option<i64> {
    if value.is_empty() || value.len() > 8 {
        return None;
    }
    let negative = value.first().is_some_and(|first| first & 0x80 != 0);
    Some(value.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte)))
}

/// An integer wrapped in a context-specific element, as in Kerberos' sequences.
pub fn integer_in(value: &[u8], number: u8) -> Option<i64> {
    integer(member(member(value, context(number))?, INTEGER)?)
}

/// A string of any string type wrapped in a context-specific element.
pub fn string_in(value: &[u8], number: u8) -> Option<&[u8]> {
    members(member(value, context(number))?).next().map(|element| element.value)
}
