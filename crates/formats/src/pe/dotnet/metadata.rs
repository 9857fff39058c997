//! The streams of the metadata (ECMA-335, section II.24.2).

use crate::bytes::{array, head, slice, u8_at, u16_le, u32_le};
use crate::exe::{spelled, text_at, until_zero};

const STREAMS_MAX: usize = 32;
const NAME_BYTES_MAX: usize = 1_024;

/// The metadata by its streams.
#[derive(Default)]
pub struct Metadata<'a> {
    pub runtime: String,
    pub streams: Vec<(String, &'a [u8])>,
    pub more: bool,
    pub tables: Option<&'a [u8]>,
    strings: &'a [u8],
    blobs: &'a [u8],
    guids: &'a [u8],
}

impl<'a> Metadata<'a> {
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(b"BSJB") {
            return None;
        }
        let length = u32_le(bytes, 12)? as usize;
        let runtime = spelled(until_zero(slice(bytes, 16, length.min(256))?, 256));
        let mut at = length.checked_add(16)?;
        let count = usize::from(u16_le(bytes, at.checked_add(2)?)?);
        at += 4;
        let mut metadata = Metadata { runtime, more: count > STREAMS_MAX, ..Metadata::default() };
        for _ in 0..count.min(STREAMS_MAX) {
            let (Some(start), Some(size)) = (u32_le(bytes, at), u32_le(bytes, at + 4)) else { break };
            let Some(name) = bytes.get(at + 8..).map(|rest| until_zero(rest, 32)) else { break };
            let stream = head(bytes.get(start as usize..).unwrap_or_default(), size as usize);
            match name {
                b"#~" | b"#-" => metadata.tables = metadata.tables.or(Some(stream)),
                b"#Strings" => metadata.strings = stream,
                b"#Blob" => metadata.blobs = stream,
                b"#GUID" => metadata.guids = stream,
                _ => {}
            }
            metadata.streams.push((spelled(name), stream));
            at += 8 + (name.len() + 1).next_multiple_of(4);
        }
        Some(metadata)
    }

    pub fn names(&self) -> Vec<String> {
        self.streams.iter().map(|(name, _)| name.clone()).collect()
    }

    pub fn string(&self, at: u32) -> String {
        text_at(self.strings, at as usize, NAME_BYTES_MAX).unwrap_or_default()
    }

    pub fn blob(&self, at: u32) -> Option<&'a [u8]> {
        let (length, start) = compressed(self.blobs, at as usize)?;
        slice(self.blobs, start, length)
    }

    /// Identifiers are counted from one.
    pub fn guid(&self, number: u32) -> Option<[u8; 16]> {
        array(self.guids, (number.checked_sub(1)? as usize).checked_mul(16)?)
    }
}

/// A number in one, two or four bytes, and where the next byte is (section II.23.2).
pub fn compressed(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = u8_at(bytes, at)?;
    match first >> 5 {
        0..=3 => Some((usize::from(first), at + 1)),
        4 | 5 => {
            let [high, low] = array(bytes, at)?;
            Some((usize::from(high & 0x3f) << 8 | usize::from(low), at + 2))
        }
        6 => Some(((u32::from_be_bytes(array(bytes, at)?) & 0x1fff_ffff) as usize, at + 4)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_two_and_four_bytes() {
        assert_eq!(compressed(&[0x03], 0), Some((3, 1)));
        assert_eq!(compressed(&[0x80, 0x80], 0), Some((0x80, 2)));
        assert_eq!(compressed(&[0xdf, 0xff, 0xff, 0xff], 0), Some((0x1fff_ffff, 4)));
        assert_eq!((compressed(&[0xff], 0), compressed(&[0x80], 0)), (None, None));
    }
}
