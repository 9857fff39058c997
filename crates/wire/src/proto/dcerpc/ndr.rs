//! As much of NDR (C706, chapter 14) as it takes to read strings among the first parameters of a call.

use super::records::Words;
use crate::bytes::Bytes;
use crate::proto::smb::text;

/// Characters of a string that are looked at.
const CHARS_MAX: usize = 4096;

/// Parameters of a call, read from the front.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    words: Words<'a>,
    whole: usize,
}

impl<'a> Parameters<'a> {
    pub fn new(stub: &'a [u8], little: bool) -> Self {
        Parameters { words: Words { bytes: Bytes::new(stub), little }, whole: stub.len() }
    }

    /// Numbers stand at multiples of four from the beginning.
    fn align(&mut self) -> Option<()> {
        let at = self.whole - self.words.bytes.len();
        self.words.bytes.skip(at.next_multiple_of(4) - at)
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.words.bytes.skip(count)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.align()?;
        self.words.u32()
    }

    /// A conformant and varying string.
    pub fn text(&mut self, wide: bool) -> Option<String> {
        let (_max, _offset, count) = (self.u32()?, self.u32()?, self.u32()?);
        let bytes = (count as usize).checked_mul(if wide { 2 } else { 1 })?;
        // One that breaks off is read as far as it goes.
        let bytes = self.words.bytes.take(bytes.min(self.words.bytes.len()))?;
        let bytes = bytes.get(..CHARS_MAX * 2).unwrap_or(bytes);
        Some(if wide { text::utf16_terminated(bytes).0 } else { text::oem_terminated(bytes).0 })
    }

    pub fn wide(&mut self) -> Option<String> {
        self.text(true)
    }

    /// A string behind a pointer that may be null.
    pub fn optional_wide(&mut self) -> Option<Option<String>> {
        match self.u32()? {
            0 => Some(None),
            _ => self.wide().map(Some),
        }
    }
}
