//! Header compression (RFC 7541): what each side remembers of the other's headers, within limits.

use super::tables::{CODES, FIXED};
use crate::bytes::Bytes;
use std::collections::VecDeque;
use std::sync::LazyLock;

/// A side may ask for a larger table; more than this is not remembered.
const TABLE_BYTES_MAX: usize = 1 << 16;
/// What an entry costs beside its bytes (section 4.1).
const ENTRY_BYTES: usize = 32;
/// A string of a header.
const STRING_BYTES_MAX: usize = 1 << 16;
/// Fields of one block; references cost one byte and can name long strings.
const FIELDS_MAX: usize = 512;
/// Bytes of the fields of one block.
const BLOCK_BYTES_MAX: usize = 1 << 18;

/// Why a block could not be read to its end. The table is then of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// Reads the header blocks of one side.
pub struct Decoder {
    /// The newest first.
    remembered: VecDeque<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
    bytes_max: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder { remembered: VecDeque::new(), bytes: 0, bytes_max: 4096 }
    }
}

impl Decoder {
    /// Hands on the fields of a block.
    pub fn block(&mut self, block: &[u8], field: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Unreadable> {
        self.fields(Bytes::new(block), field).ok_or(Unreadable)
    }

    fn fields(&mut self, mut block: Bytes<'_>, field: &mut dyn FnMut(&[u8], &[u8])) -> Option<()> {
        let (mut count, mut bytes) = (0, 0);
        while !block.is_empty() {
            let first = block.rest().first().copied()?;
            if first & 0xe0 == 0x20 {
                let size = integer(&mut block, 5)?;
                self.resize(usize::try_from(size).unwrap_or(usize::MAX).min(TABLE_BYTES_MAX));
                continue;
            }
            let (name, value) = match first {
                0x80.. => {
                    let number = integer(&mut block, 7)?;
                    self.entry(number)?
                }
                0x40.. => self.literal(&mut block, 6)?,
                _ => self.literal(&mut block, 4)?,
            };
            count += 1;
            bytes += name.len() + value.len();
            if count > FIELDS_MAX || bytes > BLOCK_BYTES_MAX {
                return None;
            }
            field(&name, &value);
            if first & 0xc0 == 0x40 {
                self.remember(name, value);
            }
        }
        Some(())
    }

    fn literal(&self, block: &mut Bytes<'_>, bits: u8) -> Option<(Vec<u8>, Vec<u8>)> {
        let name = match integer(block, bits)? {
            0 => string(block)?,
            number => self.entry(number)?.0,
        };
        Some((name, string(block)?))
    }

    fn entry(&self, number: u64) -> Option<(Vec<u8>, Vec<u8>)> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        if let Some((name, value)) = FIXED.get(at) {
            return Some((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
        self.remembered.get(at - FIXED.len()).cloned()
    }

    fn remember(&mut self, name: Vec<u8>, value: Vec<u8>) {
        self.bytes += name.len() + value.len() + ENTRY_BYTES;
        self.remembered.push_front((name, value));
        self.forget();
    }

    fn resize(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.forget();
    }

    fn forget(&mut self) {
        while self.bytes > self.bytes_max
            && let Some((name, value)) = self.remembered.pop_back()
        {
            self.bytes -= name.len() + value.len() + ENTRY_BYTES;
        }
    }
}

/// A number in the last `bits` of a byte and in further ones (section 5.1).
fn integer(block: &mut Bytes<'_>, bits: u8) -> Option<u64> {
    let full = (1u64 << bits) - 1;
    let mut value = u64::from(block.u8()?) & full;
    if value < full {
        return Some(value);
    }
    for shift in (0..32).step_by(7) {
        let byte = block.u8()?;
        value += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn string(block: &mut Bytes<'_>) -> Option<Vec<u8>> {
    let packed = block.rest().first()? & 0x80 != 0;
    let length = usize::try_from(integer(block, 7)?).ok()?;
    let bytes = block.take(length)?;
    let text = if packed { unpacked(bytes)? } else { bytes.to_vec() };
    (text.len() <= STRING_BYTES_MAX).then_some(text)
}

/// Codes by their number of bits: the first code of that length and the bytes in the order of their codes.
struct Lengths {
    /// `(first code, bytes)` for 0 to 30 bits.
    by_bits: Vec<(u32, Vec<u16>)>,
}

static LENGTHS: LazyLock<Lengths> = LazyLock::new(|| {
    let mut by_bits: Vec<(u32, Vec<u16>)> = vec![(0, Vec::new()); 31];
    let mut codes: Vec<(u8, u32, u16)> =
        CODES.iter().zip(0u16..).map(|((code, bits), byte)| (*bits, *code, byte)).collect();
    codes.sort_unstable();
    for (bits, code, byte) in codes {
        if let Some((first, bytes)) = by_bits.get_mut(usize::from(bits)) {
            if bytes.is_empty() {
                *first = code;
            }
            bytes.push(byte);
        }
    }
    Lengths { by_bits }
});

/// Section 5.2. The code is canonical: those of one length follow one another.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(packed.len() * 2);
    let (mut code, mut bits) = (0u32, 0usize);
    for byte in packed {
        for shift in (0..8).rev() {
            code = code << 1 | u32::from(byte >> shift & 1);
            bits += 1;
            let (first, bytes) = LENGTHS.by_bits.get(bits)?;
            let found = code.checked_sub(*first).and_then(|at| bytes.get(at as usize));
            if let Some(byte) = found {
                // The end of a string stands in none.
                out.push(u8::try_from(*byte).ok()?);
                (code, bits) = (0, 0);
            }
        }
    }
    // Filled up with ones.
    (bits < 8 && code == (1 << bits) - 1).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(decoder: &mut Decoder, block: &[u8]) -> Result<String, Unreadable> {
        let mut out = Vec::new();
        decoder.block(block, &mut |name, value| {
            out.push(format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
        })?;
        Ok(out.join(" "))
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            text.bytes().filter_map(|digit| char::from(digit).to_digit(16).map(|d| d as u8)).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// RFC 7541, appendix C.4: three requests with Huffman coding.
    #[test]
    fn the_examples_of_the_rfc() {
        let mut decoder = Decoder::default();
        for (block, expected) in [
            ("828684418cf1e3c2e5f23a6ba0ab90f4ff", ":method=GET :scheme=http :path=/ :authority=www.example.com"),
            (
                "828684be5886a8eb10649cbf",
                ":method=GET :scheme=http :path=/ :authority=www.example.com cache-control=no-cache",
            ),
            (
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
                ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value",
            ),
        ] {
            assert_eq!(fields(&mut decoder, &hex(block)).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_is_not_remembered_and_what_breaks_off_is_refused() {
        let mut decoder = Decoder::default();
        for block in ["be", "80", "4003", "ffffffffffffffff", "418400000000", "3fffffffffff7f"] {
            assert_eq!(fields(&mut decoder, &hex(block)), Err(Unreadable), "{block}");
        }
        // A table of no size remembers nothing.
        assert_eq!(fields(&mut decoder, &hex("20 400161 0162")).as_deref(), Ok("a=b"));
        assert_eq!(fields(&mut decoder, &hex("be")), Err(Unreadable));
    }
}
