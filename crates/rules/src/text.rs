//! Lists of indicators as text: UTF-8, or UTF-16 with its byte order mark. A file that is no text is refused as a whole.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes of UTF-16 that are decoded at a time.
const PORTION_BYTES: usize = 8192;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the list")]
    Read(#[from] io::Error),
    #[error("the list is no text")]
    Binary,
}

/// A list as UTF-8 without a byte order mark. Bytes of other encodings stay as they are, and spoil their own line only.
pub fn utf8<'a>(mut input: impl BufRead + Send + 'a) -> Result<Box<dyn BufRead + Send + 'a>, Error> {
    let mut text: Box<dyn BufRead + Send + 'a> = match input.fill_buf()? {
        [0xff, 0xfe, ..] => Box::new(BufReader::new(Utf16::new(skip(input, 2), u16::from_le_bytes))),
        [0xfe, 0xff, ..] => Box::new(BufReader::new(Utf16::new(skip(input, 2), u16::from_be_bytes))),
        [0xef, 0xbb, 0xbf, ..] => Box::new(skip(input, 3)),
        _ => Box::new(input),
    };
    // A zip, a picture or UTF-16 without its mark has them within a few bytes; no encoding of text has them.
    if text.fill_buf()?.iter().any(|byte| is_binary(*byte)) { Err(Error::Binary) } else { Ok(text) }
}

fn skip<R: BufRead>(mut input: R, count: usize) -> R {
    input.consume(count);
    input
}

/// Control codes beside those that end and indent lines and pages, and the escape of ISO-2022 encodings.
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

/// UTF-16 as UTF-8. What is no character becomes the sign for that.
struct Utf16<R> {
    input: R,
    unit: fn([u8; 2]) -> u16,
    /// The first half of a character whose other half was not read yet.
    half: Option<u16>,
    decoded: io::Cursor<Vec<u8>>,
}

impl<R: Read> Utf16<R> {
    fn new(input: R, unit: fn([u8; 2]) -> u16) -> Self {
        Utf16 { input, unit, half: None, decoded: io::Cursor::default() }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(PORTION_BYTES);
        self.input.by_ref().take(PORTION_BYTES as u64).read_to_end(&mut bytes)?;
        let is_last = bytes.len() < PORTION_BYTES;
        let (pairs, rest) = bytes.as_chunks::<2>();
        let mut units: Vec<u16> = self.half.take().into_iter().chain(pairs.iter().copied().map(self.unit)).collect();
        if !is_last {
            self.half = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        }
        let mut text = String::from_utf16_lossy(&units);
        if !rest.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        self.decoded = io::Cursor::new(text.into_bytes());
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoded.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        self.decode_more()?;
        self.decoded.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Option<String> {
        let mut text = Vec::new();
        utf8(bytes).ok()?.read_to_end(&mut text).unwrap();
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    fn utf16(mark: bool, text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn lists_in_both_orders_of_utf16_and_with_a_mark_are_read() {
        let list = "# 名单\r\nevil.example\r\n𝔢.example\r\n";
        assert_eq!(read(&utf16(true, list, u16::to_le_bytes)).as_deref(), Some(list));
        assert_eq!(read(&utf16(true, list, u16::to_be_bytes)).as_deref(), Some(list));
        assert_eq!(read(b"\xef\xbb\xbfevil.example").as_deref(), Some("evil.example"));
        assert_eq!(read(b"").as_deref(), Some(""));
        // A list in GB18030 stays what it is: only its own lines are spoilt.
        assert_eq!(read(b"# \xc3\xfb\xb5\xa5\na.example").unwrap().lines().nth(1), Some("a.example"));
    }

    #[test]
    fn what_is_no_text_is_refused_as_a_whole() {
        assert_eq!(read(b"PK\x03\x04\x14\0\0\0a.example/b"), None);
        assert_eq!(read(b"\x7fELF\x02\x01"), None);
        assert_eq!(read(&utf16(false, "evil.example\n", u16::to_le_bytes)), None, "UTF-16 without its mark");
    }

    proptest! {
        #[test]
        fn any_text_survives_utf16_wherever_it_is_cut(text in "[^\\x00-\\x1f\\x7f]{0,40}", before in 0usize..4) {
            let text = "x".repeat(PORTION_BYTES / 2 - before) + &text;
            prop_assert_eq!(read(&utf16(true, &text, u16::to_be_bytes)), Some(text));
        }
    }
}
