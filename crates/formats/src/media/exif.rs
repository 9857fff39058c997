//! What a camera or a program writes into a picture (Exif 2.3, tables of TIFF 6.0).

use super::NAMESPACE;
use crate::bytes::{has, slice, u16_be, u16_le, u32_be, u32_le};
use crate::gather::text;
use crate::names::{decode, until_zero};
use crate::reading::Reading;

/// Entries of one table.
const ENTRIES_MAX: usize = 500;
const TEXTS: &[(u16, &str)] = &[
    (0x010e, "description"),
    (0x010f, "make"),
    (0x0110, "model"),
    (0x0131, "software"),
    (0x0132, "taken"),
    (0x013b, "artist"),
    (0x8298, "copyright"),
];
const POSITION: u16 = 0x8825;

/// Reads the first table; what is broken in it says nothing.
pub fn read(data: &[u8], reading: &mut Reading) {
    let low_first = has(data, 0, b"II");
    let short = |at: usize| if low_first { u16_le(data, at) } else { u16_be(data, at) };
    let long = |at: usize| if low_first { u32_le(data, at) } else { u32_be(data, at) }.map(|number| number as usize);
    let Some(table) = long(4) else { return };
    let count = short(table).map_or(0, usize::from).min(ENTRIES_MAX);
    for number in 0..count {
        let Some(at) = table.checked_add(2 + number * 12) else { return };
        let (Some(tag), Some(kind), Some(size)) = (short(at), short(at + 2), long(at + 4)) else { return };
        if tag == POSITION {
            reading.know(NAMESPACE, "has_position", true);
        }
        let Some((_, name)) = TEXTS.iter().find(|(other, _)| *other == tag && kind == 2) else { continue };
        let place = if size <= 4 { Some(at + 8) } else { long(at + 8) };
        if let Some(value) = place.and_then(|place| slice(data, place, size))
            && reading.value(NAMESPACE, name).is_none()
        {
            text(reading, NAMESPACE, name, decode(until_zero(value)).trim());
        }
    }
}
