//! Bits one by one, the highest of each byte first.

use std::io;

/// Bits of packed data.
pub struct Bits<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Bits { input, at: 0 }
    }

    pub fn bit(&mut self) -> io::Result<usize> {
        let byte = self.input.get(self.at / 8).ok_or(io::ErrorKind::UnexpectedEof)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(usize::from(bit))
    }

    pub fn take(&mut self, count: u32) -> io::Result<usize> {
        (0..count).try_fold(0, |number, _| Ok(number << 1 | self.bit()?))
    }
}
