//! RTF as messages pack it (MS-OXRTFCP): copies out of the last 4096 letters, which begin with words that RTF often has.

use crate::bytes::{array, u32_le};
use std::io::{self, Read};

const START: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4096;

/// Unpacks, a group of eight letters and copies at a time.
pub struct Packed<'a> {
    input: &'a [u8],
    plain: bool,
    window: Vec<u8>,
    at: usize,
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<'a> Packed<'a> {
    /// None when it is not packed so.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let plain = match &array::<4>(bytes, 8)? {
            b"LZFu" => false,
            b"MELA" => true,
            _ => return None,
        };
        let size = (u32_le(bytes, 0)? as usize).saturating_sub(12);
        let input = bytes.get(16..)?;
        let mut window = START.to_vec();
        window.resize(WINDOW, 0);
        let input = &input[..input.len().min(size)];
        Some(Packed { input, plain, window, at: START.len(), ready: Vec::new(), given: 0, ended: false })
    }

    fn letter(&mut self, letter: u8) {
        self.window[self.at] = letter;
        self.at = (self.at + 1) % WINDOW;
        self.ready.push(letter);
    }

    fn next(&mut self) -> io::Result<()> {
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        (self.ready, self.given) = (Vec::new(), 0);
        if self.plain {
            self.ready = self.input.to_vec();
            self.ended = true;
            return Ok(());
        }
        let (flags, mut rest) = self.input.split_first().ok_or_else(cut)?;
        for bit in 0..8 {
            if flags >> bit & 1 == 0 {
                let (letter, behind) = rest.split_first().ok_or_else(cut)?;
                rest = behind;
                self.letter(*letter);
                continue;
            }
            let (pair, behind) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
            rest = behind;
            let token = usize::from(u16::from_be_bytes(*pair));
            let (from, length) = (token >> 4, (token & 15) + 2);
            if from == self.at {
                self.ended = true;
                break;
            }
            for number in 0..length {
                self.letter(self.window[(from + number) % WINDOW]);
            }
        }
        self.input = rest;
        Ok(())
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.next()?;
        }
        let rest = &self.ready[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_unpacks() {
        // MS-OXRTFCP, section 4.1.1.
        let packed = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        let mut text = String::new();
        Packed::new(packed).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert!(Packed::new(&packed[..packed.len() - 3]).unwrap().read_to_string(&mut text).is_err());
    }
}
