//! Property sets (MS-OLEPS): what a document says of itself in `SummaryInformation` and `DocumentSummaryInformation`.

use super::NAMESPACE;
use crate::bytes::{slice, u16_le, u32_le, u64_le};
use crate::gather::{Gathered, text};
use crate::names;
use crate::reading::Reading;
use crate::vector::{State, Value};
use encoding_rs::Encoding;

/// Properties of one set.
const PROPERTIES_MAX: usize = 512;
/// Bytes of one text.
const TEXT_BYTES_MAX: usize = 1 << 16;
/// Names and values of properties that users define.
const CUSTOM_MAX: usize = 200;
/// Microseconds between 1601 and 1970.
const EPOCH_MICROSECONDS: i64 = 11_644_473_600_000_000;

/// A value of a property.
enum Property {
    Text(String),
    Number(i64),
    Flag(bool),
    Time(u64),
}

/// A time of Windows as microseconds since 1970; zero is none.
pub fn filetime(time: u64) -> Option<i64> {
    let microseconds = i64::try_from(time / 10).ok().filter(|time| *time > 0)?;
    Some(microseconds - EPOCH_MICROSECONDS)
}

/// Facts of the set in the stream `SummaryInformation`.
pub fn summary(stream: &[u8], reading: &mut Reading) {
    let Some(set) = sets(stream).next() else { return };
    for (id, value) in properties(set) {
        let name = match id {
            2 => "title",
            3 => "subject",
            4 => "author",
            5 => "keywords",
            6 => "comments",
            7 => "template",
            8 => "last_author",
            9 => "revision",
            18 => "application",
            12 => "created",
            13 => "saved",
            11 => "printed",
            10 => "edited_minutes",
            14 => "pages",
            15 => "words",
            19 => "security",
            _ => continue,
        };
        match value {
            Property::Text(value) => text(reading, NAMESPACE, name, value),
            // The time that was spent is kept as a time since the beginning of time.
            Property::Time(time) if id == 10 => reading.know(NAMESPACE, name, Value::unsigned(time / 600_000_000)),
            Property::Time(time) => match filetime(time) {
                Some(time) => reading.know(NAMESPACE, name, Value::Time(time)),
                None => reading.state(NAMESPACE, name, State::Absent, None),
            },
            Property::Number(number) if matches!(id, 14 | 15 | 19) => reading.know(NAMESPACE, name, number),
            _ => {}
        }
    }
}

/// Facts of the two sets in the stream `DocumentSummaryInformation`.
pub fn document_summary(stream: &[u8], reading: &mut Reading) {
    let mut sets = sets(stream);
    if let Some(set) = sets.next() {
        for (id, value) in properties(set) {
            match (id, value) {
                (15, Property::Text(value)) => text(reading, NAMESPACE, "company", value),
                (14, Property::Text(value)) => text(reading, NAMESPACE, "manager", value),
                (2, Property::Text(value)) => text(reading, NAMESPACE, "category", value),
                (16, Property::Flag(flag)) => reading.know(NAMESPACE, "links_dirty", flag),
                _ => {}
            }
        }
    }
    if let Some(set) = sets.next() {
        let names = dictionary(set);
        let mut custom = Gathered::new(CUSTOM_MAX);
        for (id, value) in properties(set) {
            let Some((_, name)) = names.iter().find(|(of, _)| *of == id) else { continue };
            let value = match value {
                Property::Text(text) => text,
                Property::Number(number) => number.to_string(),
                Property::Flag(flag) => flag.to_string(),
                Property::Time(time) => filetime(time).unwrap_or(0).to_string(),
            };
            custom.push(format!("{name}={value}"));
        }
        custom.state(reading, NAMESPACE, "custom_properties");
    }
}

/// The sets of a stream: each a piece of it that begins with its own size.
fn sets(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = u32_le(stream, 24).filter(|_| u16_le(stream, 0) == Some(0xfffe)).unwrap_or(0).min(2) as usize;
    (0..count).filter_map(|number| {
        let at = u32_le(stream, 28 + number * 20 + 16)? as usize;
        stream.get(at..)
    })
}

fn entries(set: &[u8]) -> impl Iterator<Item = (u32, usize)> {
    let count = (u32_le(set, 4).unwrap_or(0) as usize).min(PROPERTIES_MAX);
    (0..count).map_while(|number| Some((u32_le(set, 8 + number * 8)?, u32_le(set, 12 + number * 8)? as usize)))
}

fn code_page(set: &[u8]) -> u16 {
    entries(set).find(|(id, _)| *id == 1).and_then(|(_, at)| u16_le(set, at.checked_add(4)?)).unwrap_or(1252)
}

fn properties(set: &[u8]) -> impl Iterator<Item = (u32, Property)> + '_ {
    let page = code_page(set);
    entries(set).filter(|(id, _)| *id > 1).filter_map(move |(id, at)| Some((id, property(set, at, page)?)))
}

fn property(set: &[u8], at: usize, page: u16) -> Option<Property> {
    let body = at.checked_add(4)?;
    Some(match u16_le(set, at)? {
        2 => Property::Number(i64::from(u16_le(set, body)? as i16)),
        3 | 22 => Property::Number(i64::from(u32_le(set, body)? as i32)),
        19 | 23 => Property::Number(i64::from(u32_le(set, body)?)),
        11 => Property::Flag(u16_le(set, body)? != 0),
        64 => Property::Time(u64_le(set, body)?),
        30 => {
            let length = (u32_le(set, body)? as usize).min(TEXT_BYTES_MAX);
            let bytes = slice(set, body + 4, length)?;
            Property::Text(if page == 1200 { names::utf16(bytes) } else { decode(names::until_zero(bytes), page) })
        }
        31 => {
            let length = (u32_le(set, body)? as usize).min(TEXT_BYTES_MAX / 2) * 2;
            Property::Text(names::utf16(slice(set, body + 4, length)?))
        }
        _ => return None,
    })
}

/// The names that users gave to properties.
fn dictionary(set: &[u8]) -> Vec<(u32, String)> {
    let page = code_page(set);
    let mut names = Vec::new();
    let Some((_, mut at)) = entries(set).find(|(id, _)| *id == 0) else { return names };
    let count = (u32_le(set, at).unwrap_or(0) as usize).min(CUSTOM_MAX);
    at = at.saturating_add(4);
    for _ in 0..count {
        let (Some(id), Some(length)) = (u32_le(set, at), u32_le(set, at + 4)) else { break };
        let bytes = (length as usize).min(TEXT_BYTES_MAX) * if page == 1200 { 2 } else { 1 };
        let Some(name) = slice(set, at + 8, bytes) else { break };
        names.push((id, if page == 1200 { names::utf16(name) } else { decode(names::until_zero(name), page) }));
        at += 8 + if page == 1200 { bytes.next_multiple_of(4) } else { bytes };
    }
    names
}

/// Decodes bytes in a code page of Windows.
pub fn decode(bytes: &[u8], page: u16) -> String {
    encoding(page).decode_without_bom_handling(bytes).0.into_owned()
}

/// The alphabet with the number of a code page of Windows.
pub fn encoding(page: u16) -> &'static Encoding {
    match page {
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1200 => encoding_rs::UTF_16LE,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        10000 => encoding_rs::MACINTOSH,
        54936 => encoding_rs::GB18030,
        65001 => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    }
}
