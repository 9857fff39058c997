//! Where sounds end: frames of MPEG audio with the tags around them (ID3v2, APE, ID3v1), and pages of Ogg (RFC 3533).

use super::Walked;
use crate::budget::Budget;
use crate::bytes::{has, slice, u8_at, u32_be, u32_le};
use crate::identify::frame_length;
use crate::limits::Limit;
use crate::names::{decode, until_zero, utf16};
use crate::reading::{Child, Reading};

/// Tags in front of a sound or behind it, and pieces of one.
const TAGS_MAX: usize = 32;
const PIECES_MAX: usize = 1000;

pub fn mpeg(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<Walked, Limit> {
    let (mut walked, mut at) = (Walked::default(), 0);
    for _ in 0..TAGS_MAX {
        let Some(length) = id3(bytes, at) else { break };
        pieces(bytes, at, length, &mut walked, budget, reading)?;
        at += length;
        at += bytes.get(at..).unwrap_or_default().iter().take_while(|byte| **byte == 0).count();
    }
    let first = at;
    while let Some(length) = frame_length(bytes, at) {
        budget.step(1)?;
        walked.pieces += 1;
        // The last one is often cut off where somebody stopped to record.
        at = at.saturating_add(length).min(bytes.len());
    }
    if at > first {
        walked.end = Some(tags(bytes, at));
    }
    Ok(walked)
}

/// The length of a tag with its header, and with a footer where it says that it has one.
fn id3(bytes: &[u8], at: usize) -> Option<usize> {
    let header = slice(bytes, at, 10).filter(|header| header.starts_with(b"ID3"))?;
    Some(10 + seven(&header[6..10]) + if header[5] & 0x10 != 0 { 10 } else { 0 })
}

/// A number with seven bits in each byte.
fn seven(raw: &[u8]) -> usize {
    raw.iter().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f))
}

/// The pieces of a tag: texts, and pictures and files, which are parts.
fn pieces(
    bytes: &[u8],
    start: usize,
    length: usize,
    walked: &mut Walked,
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let version = u8_at(bytes, start + 3).unwrap_or(0);
    let (wide, header) = if version < 3 { (3, 6) } else { (4, 10) };
    let (end, mut at) = (start + length, start + 10);
    for number in 0.. {
        let Some(name) = slice(bytes, at, wide).filter(|name| name[0] != 0 && at + header <= end) else { break };
        if number >= PIECES_MAX {
            return Err(Limit::Entries);
        }
        budget.step(1)?;
        let size = match version {
            0..3 => u32_be(bytes, at + 2).unwrap_or(0) as usize & 0xff_ffff,
            3 => u32_be(bytes, at + 4).unwrap_or(0) as usize,
            _ => slice(bytes, at + 4, 4).map_or(0, seven),
        };
        let inside = at + header;
        let Some(data) = slice(bytes, inside, size).filter(|_| inside + size <= end) else { break };
        match name {
            [b'T', ..] => walked.texts.push(format!("{}={}", decode(name), letters(data))),
            b"APIC" | b"GEOB" | b"PIC" | b"GEO" => {
                let from = inside + before_file(name, data);
                reading.child(budget, Child::range("", from..inside + size))?;
            }
            _ => {}
        }
        at = inside + size;
    }
    Ok(())
}

/// A text whose first byte says in which alphabet it is.
fn letters(data: &[u8]) -> String {
    match data.split_first() {
        Some((1, rest)) => utf16(rest.strip_prefix(b"\xff\xfe").unwrap_or(rest)),
        Some((_, rest)) => decode(until_zero(rest)),
        None => String::new(),
    }
}

/// Bytes in front of the file in a piece: its alphabet, its type, and of pictures what they show; then one or two texts.
fn before_file(name: &[u8], data: &[u8]) -> usize {
    let wide = matches!(data.first(), Some(1 | 2));
    let text = |at: usize, wide: bool| {
        let rest = data.get(at..).unwrap_or_default();
        let end = if wide {
            rest.chunks_exact(2).position(|pair| pair == [0, 0]).map(|pair| pair * 2 + 2)
        } else {
            memchr::memchr(0, rest).map(|zero| zero + 1)
        };
        at + end.unwrap_or(rest.len())
    };
    match name {
        b"PIC" => text(5, wide),
        b"APIC" => text(text(1, false) + 1, wide),
        _ => text(text(text(1, false), wide), wide),
    }
    .min(data.len())
}

/// Where the tags end that stand behind a sound.
fn tags(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..TAGS_MAX {
        let length = if has(bytes, at, b"TAG+") {
            227
        } else if has(bytes, at, b"TAG") {
            128
        } else if has(bytes, at, b"APETAGEX") {
            // With a header in front the size counts what follows it, and the footer with that.
            32_usize.saturating_add(u32_le(bytes, at + 12).unwrap_or(0) as usize)
        } else if let Some(length) = id3(bytes, at) {
            length
        } else {
            break;
        };
        at = at.saturating_add(length);
    }
    at
}

pub fn ogg(bytes: &[u8], budget: &mut Budget) -> Result<Walked, Limit> {
    let (mut walked, mut at) = (Walked::default(), 0);
    while has(bytes, at, b"OggS") {
        budget.step(1)?;
        let Some(table) = u8_at(bytes, at + 26).and_then(|count| slice(bytes, at + 27, count.into())) else { break };
        walked.pieces += 1;
        at += 27 + table.len() + table.iter().map(|length| usize::from(*length)).sum::<usize>();
        walked.end = Some(at);
    }
    Ok(walked)
}
