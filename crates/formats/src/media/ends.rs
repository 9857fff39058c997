//! Where the simpler formats end: GIF89a, bitmaps and icons of Windows, RIFF, and fonts (ISO/IEC 14496-22, WOFF, EOT).

use super::Walked;
use crate::budget::Budget;
use crate::bytes::{has, slice, u8_at, u16_be, u16_le, u32_be, u32_le};
use crate::limits::Limit;
use crate::names::decode;

/// Tables of one font, and icons of one file.
const TABLES_MAX: u16 = 500;

pub fn gif(bytes: &[u8], budget: &mut Budget) -> Result<Walked, Limit> {
    let size = u16_le(bytes, 6).zip(u16_le(bytes, 8)).map(|(width, height)| (width.into(), height.into()));
    let mut walked = Walked { size, ..Walked::default() };
    let palette = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + u8_at(bytes, 10).map_or(0, palette);
    loop {
        budget.step(1)?;
        walked.pieces += 1;
        let label = bytes.get(at + 1).copied();
        match bytes.get(at) {
            Some(0x21) => at += 2,
            Some(0x2c) => at += 11 + u8_at(bytes, at + 9).map_or(0, palette),
            Some(0x3b) => {
                walked.end = Some(at + 1);
                return Ok(walked);
            }
            _ => return Ok(walked),
        }
        let is_comment = bytes.get(at - 2) == Some(&0x21) && label == Some(0xfe);
        while let Some(length) = bytes.get(at).map(|length| usize::from(*length)) {
            budget.step(1)?;
            if is_comment && let Some(comment) = slice(bytes, at + 1, length) {
                walked.comments.push(decode(comment));
            }
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
}

pub fn bmp(bytes: &[u8]) -> Walked {
    let size = if u32_le(bytes, 14) == Some(12) {
        u16_le(bytes, 18).zip(u16_le(bytes, 20)).map(|(width, height)| (width.into(), height.into()))
    } else {
        // A height below zero says that the first line is the upper one.
        u32_le(bytes, 18).zip(u32_le(bytes, 22).map(|height| (height as i32).unsigned_abs()))
    };
    let told = u32_le(bytes, 2).map(|size| size as usize);
    // Some programs leave the size of the file empty.
    let end = told.filter(|size| *size > 14).or(Some(bytes.len()));
    Walked { end, size, pieces: 1, ..Walked::default() }
}

pub fn icon(bytes: &[u8]) -> Walked {
    let count = u16_le(bytes, 4).unwrap_or(0).min(TABLES_MAX);
    let ends = (0..usize::from(count)).map(|number| {
        let at = 6 + number * 16;
        let (size, place) = (u32_le(bytes, at + 8)? as usize, u32_le(bytes, at + 12)? as usize);
        place.checked_add(size)
    });
    let side = |at: usize| u8_at(bytes, at).map(|side| if side == 0 { 256 } else { side.into() });
    let end = ends.collect::<Option<Vec<usize>>>().and_then(|ends| ends.into_iter().max());
    Walked { end, size: side(6).zip(side(7)), pieces: count.into(), ..Walked::default() }
}

/// Chunks that begin with `RIFF`: large films are several of them, one behind the other.
pub fn riff(bytes: &[u8], budget: &mut Budget) -> Result<Walked, Limit> {
    let (mut walked, mut at) = (Walked::default(), 0_usize);
    while has(bytes, at, b"RIFF") && u32_le(bytes, at + 4).is_some() {
        budget.step(1)?;
        walked.pieces += 1;
        let length = u32_le(bytes, at + 4).unwrap_or(0) as usize;
        at = at.saturating_add(8).saturating_add(length).saturating_add(length & 1);
        walked.end = Some(at.min(bytes.len().max(at.saturating_sub(length & 1))));
    }
    if let Some(canvas) = slice(bytes, 12, 18).filter(|chunk| chunk.starts_with(b"VP8X")) {
        let side = |at: usize| {
            u16_le(canvas, at)
                .zip(u8_at(canvas, at + 2))
                .map(|(low, high)| u32::from(low) + (u32::from(high) << 16) + 1)
        };
        walked.size = side(12).zip(side(15));
    }
    Ok(walked)
}

/// A font whose directory of tables stands there; where each table stands is told from the beginning of the file.
pub fn font(bytes: &[u8], start: usize) -> Walked {
    let count = u16_be(bytes, start.saturating_add(4)).unwrap_or(0).min(TABLES_MAX);
    let ends = (0..usize::from(count)).map(|number| {
        let at = start + 12 + number * 16;
        let (place, size) = (u32_be(bytes, at + 8)? as usize, u32_be(bytes, at + 12)? as usize);
        place.checked_add(size)
    });
    let end = ends.collect::<Option<Vec<usize>>>().and_then(|ends| ends.into_iter().max());
    // Tables are filled up to four bytes, the last one mostly too.
    let end = end.map(|end| if end <= bytes.len() { end.next_multiple_of(4).min(bytes.len()) } else { end });
    Walked { end, pieces: count.into(), ..Walked::default() }
}

/// Fonts in one file: they share tables, and what signs them stands behind (ISO/IEC 14496-22, section 4.6).
pub fn collection(bytes: &[u8]) -> Walked {
    let count = u32_be(bytes, 8).unwrap_or(0).min(TABLES_MAX.into()) as usize;
    let fonts = (0..count).map(|number| {
        let font = font(bytes, u32_be(bytes, 12 + number * 4)? as usize);
        Some((font.end?, font.pieces))
    });
    let Some(fonts) = fonts.collect::<Option<Vec<_>>>() else { return Walked::default() };
    let signed = Some(12 + count * 4)
        .filter(|at| has(bytes, *at, b"DSIG"))
        .and_then(|at| (u32_be(bytes, at + 8)? as usize).checked_add(u32_be(bytes, at + 4)? as usize));
    let end = fonts.iter().map(|(end, _)| *end).chain(signed).max();
    Walked { end, pieces: fonts.iter().map(|(_, pieces)| pieces).sum(), ..Walked::default() }
}

/// A font for pages, which begins with its own length.
pub fn eot(bytes: &[u8]) -> Walked {
    Walked { end: u32_le(bytes, 0).map(|length| length as usize), pieces: 1, ..Walked::default() }
}

pub fn woff(bytes: &[u8]) -> Walked {
    let end = u32_be(bytes, 8).map(|length| length as usize);
    Walked { end, pieces: u16_be(bytes, 12).unwrap_or(0).into(), ..Walked::default() }
}
