//! Old documents outside of containers: streams of Excel before 5.0, and what TeX makes.

use crate::bytes::{u8_at, u16_le};
use crate::kind::Kind;

/// A workbook of Excel 2 to 4, or the bare stream of a later one: the first record says its version and that it is a
/// sheet, a chart, a macro or a workbook.
pub fn biff(bytes: &[u8]) -> Option<Kind> {
    let length = u16_le(bytes, 2)?;
    let substream = u16_le(bytes, 6)?;
    let known = matches!(substream, 0x0005 | 0x0006 | 0x0010 | 0x0020 | 0x0040 | 0x0100);
    let version = match u8_at(bytes, 1)? {
        8 => matches!(u16_le(bytes, 4)?, 0x0500 | 0x0600),
        _ => true,
    };
    (known && version && (4..=16).contains(&length)).then_some(Kind::XlsOld)
}

/// A file of TeX's device-independent pages: its format, and the numerator everyone writes.
pub fn dvi(bytes: &[u8]) -> Option<Kind> {
    crate::bytes::has(bytes, 2, &[0x01, 0x83, 0x92, 0xc0]).then_some(Kind::Dvi)
}
