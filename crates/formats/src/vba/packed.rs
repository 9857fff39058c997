//! The packing of MS-OVBA, section 2.4.1: chunks of at most 4096 bytes, each of them letters and copies of what came before.

use crate::bytes::{u8_at, u16_le};
use std::io::{self, Read};

const CHUNK_BYTES: usize = 4096;

/// Unpacks a container, a chunk at a time.
pub struct Container<'a> {
    packed: &'a [u8],
    at: usize,
    chunk: Vec<u8>,
    given: usize,
}

impl<'a> Container<'a> {
    pub fn new(packed: &'a [u8]) -> Self {
        Container { packed, at: 0, chunk: Vec::new(), given: 0 }
    }

    /// Unpacks the next chunk; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        if self.at == 0 {
            if u8_at(self.packed, 0) != Some(1) {
                return Err(broken());
            }
            self.at = 1;
        }
        self.chunk.clear();
        self.given = 0;
        let Some(header) = u16_le(self.packed, self.at) else { return Ok(false) };
        if header >> 12 & 7 != 3 {
            // What follows the last chunk is no chunk.
            return if self.at > 1 { Ok(false) } else { Err(broken()) };
        }
        let start = self.at + 2;
        let end = (self.at + usize::from(header & 0xfff) + 3).min(self.packed.len());
        let data = self.packed.get(start..end).unwrap_or_default();
        self.at = end;
        if header & 0x8000 == 0 {
            self.chunk.extend_from_slice(data);
        } else if !chunk(data, &mut self.chunk) {
            return if self.chunk.is_empty() { Err(broken()) } else { Ok(true) };
        }
        Ok(true)
    }
}

/// Unpacks one chunk; false when it refers to what is not there.
fn chunk(data: &[u8], out: &mut Vec<u8>) -> bool {
    let mut at = 0;
    while let Some(flags) = u8_at(data, at) {
        at += 1;
        for bit in 0..8 {
            if out.len() >= CHUNK_BYTES {
                return true;
            }
            if flags >> bit & 1 == 0 {
                let Some(letter) = u8_at(data, at) else { return true };
                out.push(letter);
                at += 1;
                continue;
            }
            let Some(token) = u16_le(data, at) else { return true };
            at += 2;
            // The more there is to point back to, the more bits point and the fewer count.
            let bits = (usize::BITS - out.len().saturating_sub(1).leading_zeros()).max(4);
            let length = usize::from(token & (0xffff >> bits)) + 3;
            let back = usize::from(token >> (16 - bits)) + 1;
            let Some(from) = out.len().checked_sub(back) else { return false };
            for number in 0..length.min(CHUNK_BYTES - out.len()) {
                out.push(out[from + number]);
            }
        }
    }
    true
}

impl Read for Container<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let rest = &self.chunk[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

/// Whether a container may begin at an offset.
pub fn begins(stream: &[u8], at: usize) -> bool {
    u8_at(stream, at) == Some(1) && u16_le(stream, at.saturating_add(1)).is_some_and(|header| header >> 12 & 7 == 3)
}

/// Finds the container of a source by the letters that every source begins with.
pub fn find(stream: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(stream, b"\0Attribut").find_map(|at| at.checked_sub(3).filter(|at| begins(stream, *at)))
}
