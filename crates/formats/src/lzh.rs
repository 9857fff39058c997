//! The packing of LHA and ARJ: Lempel and Ziv's copies, told apart from letters by Huffman codes that are sent in blocks. The
//! methods differ in how far back a copy may reach.

use crate::bits::Bits;
use std::io::{self, Read};

/// Codes for letters and lengths, for distances, and for the lengths of codes.
const LETTERS: usize = 510;
const LENGTHS: usize = 19;
const WINDOW_BYTES: usize = 1 << 16;
const COPY_MIN: usize = 3;
const CODE_BITS_MAX: usize = 16;

/// What one method has of its own.
#[derive(Clone, Copy)]
pub struct Method {
    /// Codes for distances, and the bits in which their count is told.
    distances: usize,
    distance_bits: u32,
}

impl Method {
    /// `-lh4-` and `-lh5-`, which reach back 4 and 8 KiB.
    pub const LH5: Method = Method { distances: 14, distance_bits: 4 };
    pub const LH6: Method = Method { distances: 16, distance_bits: 5 };
    pub const LH7: Method = Method { distances: 17, distance_bits: 5 };
    /// Methods 1 to 3 of ARJ.
    pub const ARJ: Method = Method { distances: 17, distance_bits: 5 };
}

/// A decoder of packed bytes.
pub struct Lzh<'a> {
    bits: Bits<'a>,
    method: Method,
    /// Codes that are left of this block.
    left: u32,
    letters: Codes,
    distances: Codes,
    window: Vec<u8>,
    at: usize,
    copy: usize,
    distance: usize,
}

/// Unpacks bytes; how many come out is told by the archive.
pub fn lzh(input: &[u8], method: Method) -> Lzh<'_> {
    Lzh {
        bits: Bits::new(input),
        method,
        left: 0,
        letters: Codes::default(),
        distances: Codes::default(),
        // In front of the first letter there are blanks.
        window: vec![b' '; WINDOW_BYTES],
        at: 0,
        copy: 0,
        distance: 0,
    }
}

/// Codes by their lengths, shorter ones first.
#[derive(Default)]
struct Codes {
    counts: [u16; CODE_BITS_MAX + 1],
    symbols: Vec<u16>,
    /// There is one symbol, which takes no bits.
    single: Option<usize>,
}

impl Codes {
    fn new(lengths: &[u8]) -> io::Result<Self> {
        let mut codes = Codes::default();
        for length in lengths {
            *codes.counts.get_mut(usize::from(*length)).ok_or(io::ErrorKind::InvalidData)? += 1;
        }
        codes.counts[0] = 0;
        for wanted in 1..=CODE_BITS_MAX {
            let of_length = (0_u16..).zip(lengths).filter(|(_, length)| usize::from(**length) == wanted);
            codes.symbols.extend(of_length.map(|(symbol, _)| symbol));
        }
        Ok(codes)
    }

    fn single(symbol: usize) -> Self {
        Codes { single: Some(symbol), ..Codes::default() }
    }

    fn next(&self, bits: &mut Bits) -> io::Result<usize> {
        if let Some(symbol) = self.single {
            return Ok(symbol);
        }
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in self.counts.iter().skip(1).map(|count| usize::from(*count)) {
            code |= bits.bit()?;
            if code < first + count {
                let symbol = self.symbols.get(index + code - first).ok_or(io::ErrorKind::InvalidData)?;
                return Ok(usize::from(*symbol));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(io::ErrorKind::InvalidData.into())
    }
}

impl Lzh<'_> {
    fn block(&mut self) -> io::Result<()> {
        self.left = self.bits.take(16)? as u32;
        if self.left == 0 {
            self.left = 1 << 16;
        }
        let lengths = self.short_codes(LENGTHS, 5, Some(3))?;
        self.letters = self.long_codes(&lengths)?;
        self.distances = self.short_codes(self.method.distances, self.method.distance_bits, None)?;
        Ok(())
    }

    /// Codes whose lengths stand in three bits each, longer ones in ones up to a zero. Behind some of them zeros are left out.
    fn short_codes(&mut self, most: usize, bits: u32, gap_behind: Option<usize>) -> io::Result<Codes> {
        let count = self.bits.take(bits)?;
        if count == 0 {
            return Ok(Codes::single(self.bits.take(bits)?));
        }
        let mut lengths = Vec::new();
        while lengths.len() < count.min(most) {
            let mut length = self.bits.take(3)? as u8;
            while length >= 7 && usize::from(length) <= CODE_BITS_MAX && self.bits.bit()? == 1 {
                length += 1;
            }
            lengths.push(length);
            if Some(lengths.len()) == gap_behind {
                let gap = self.bits.take(2)?;
                lengths.resize(lengths.len() + gap, 0);
            }
        }
        Codes::new(&lengths)
    }

    /// Codes whose lengths are themselves coded, with runs of zeros.
    fn long_codes(&mut self, coded: &Codes) -> io::Result<Codes> {
        let count = self.bits.take(9)?;
        if count == 0 {
            return Ok(Codes::single(self.bits.take(9)?));
        }
        let mut lengths: Vec<u8> = Vec::new();
        while lengths.len() < count.min(LETTERS) {
            let zeros = match coded.next(&mut self.bits)? {
                0 => 1,
                1 => self.bits.take(4)? + 3,
                2 => self.bits.take(9)? + 20,
                length => {
                    lengths.push(u8::try_from(length - 2).map_err(io::Error::other)?);
                    0
                }
            };
            lengths.resize(lengths.len() + zeros, 0);
        }
        Codes::new(&lengths)
    }

    fn byte(&mut self) -> io::Result<u8> {
        if self.copy == 0 {
            if self.left == 0 {
                self.block()?;
            }
            self.left -= 1;
            let code = self.letters.next(&mut self.bits)?;
            if let Ok(letter) = u8::try_from(code) {
                return Ok(self.keep(letter));
            }
            self.copy = code - 256 + COPY_MIN;
            let bits = self.distances.next(&mut self.bits)?;
            let distance = match u32::try_from(bits).map_err(io::Error::other)? {
                0 => 0,
                bits if bits as usize > CODE_BITS_MAX => return Err(io::ErrorKind::InvalidData.into()),
                bits => (1 << (bits - 1)) + self.bits.take(bits - 1)?,
            };
            self.distance = distance + 1;
        }
        self.copy -= 1;
        let from = (self.at + WINDOW_BYTES - self.distance) % WINDOW_BYTES;
        let byte = self.window.get(from).copied().unwrap_or(0);
        Ok(self.keep(byte))
    }

    fn keep(&mut self, byte: u8) -> u8 {
        if let Some(place) = self.window.get_mut(self.at) {
            *place = byte;
        }
        self.at = (self.at + 1) % WINDOW_BYTES;
        byte
    }
}

impl Read for Lzh<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for (count, place) in buffer.iter_mut().enumerate() {
            match self.byte() {
                Ok(byte) => *place = byte,
                // What came before the break is given first.
                Err(_) if count > 0 => return Ok(count),
                Err(error) => return Err(error),
            }
        }
        Ok(buffer.len())
    }
}

/// The checksum of LHA: CRC-16 with the polynomial of ARC.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 != 0 { sum >> 1 ^ 0xa001 } else { sum >> 1 })
    })
}
