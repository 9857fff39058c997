//! The decoders of packed streams, each as a `Read` for the capped door of `unpack`, none with more memory than is named here.

use flate2::{Decompress, FlushDecompress, Status};
use lzma_rust2::{LzmaReader, XzReader};
use ppmd_rust::{Ppmd8Decoder, RestoreMethod};
use std::io::{self, BufReader, Read};

/// Memory of one decoder of LZMA, in KiB: `7z -mx9` writes dictionaries of 64 MB.
pub const LZMA_MEMORY_KIB_MAX: u32 = 160 << 10;
/// Memory of one decoder of PPMd, in MiB.
const PPMD_MEMORY_MIB_MAX: u32 = 128;
/// The window of one decoder of Zstandard, as a power of two: what `zstd --long` writes and every reader must accept.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Raw deflate (RFC 1951) that knows where it ended, and takes a stream that is cut off for broken.
pub struct Inflate<'a> {
    input: &'a [u8],
    at: usize,
    state: Decompress,
    ended: bool,
}

/// Raw deflate.
pub fn inflate(input: &[u8]) -> Inflate<'_> {
    Inflate { input, at: 0, state: Decompress::new(false), ended: false }
}

/// Deflate with the header of RFC 1950.
pub fn zlib(input: &[u8]) -> Inflate<'_> {
    Inflate { input, at: 0, state: Decompress::new(true), ended: false }
}

impl Inflate<'_> {
    /// Bytes of the input that were used.
    pub fn used(&self) -> usize {
        self.at
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            let rest = self.input.get(self.at..).unwrap_or_default();
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(rest, buffer, FlushDecompress::None);
            let used = usize::try_from(self.state.total_in() - before_in).map_err(io::Error::other)?;
            let made = usize::try_from(self.state.total_out() - before_out).map_err(io::Error::other)?;
            self.at += used;
            self.ended = matches!(status, Ok(Status::StreamEnd));
            if made > 0 {
                return Ok(made);
            }
            status.map_err(io::Error::other)?;
            if !self.ended && used == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

/// Deflate64, method 9 of ZIP.
pub fn inflate64(input: &[u8]) -> impl Read + '_ {
    deflate64::Deflate64Decoder::with_buffer(input)
}

/// One or more streams of bzip2.
pub fn bzip2(input: &[u8]) -> impl Read + '_ {
    bzip2::bufread::MultiBzDecoder::new(input)
}

/// One or more frames of Zstandard (RFC 8878).
///
/// # Errors
/// When the library has no memory left.
pub fn zstd(input: &[u8]) -> io::Result<impl Read + '_> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// One or more streams of xz.
pub fn xz(input: &[u8]) -> impl Read + '_ {
    XzReader::new_mem_limit(BufReader::new(input), true, LZMA_MEMORY_KIB_MAX)
}

/// The old container of LZMA, 13 bytes in front of the stream.
///
/// # Errors
/// When the header asks for more than may be, or is none.
pub fn lzma(input: &[u8]) -> io::Result<impl Read + '_> {
    LzmaReader::new_mem_limit(input, LZMA_MEMORY_KIB_MAX, None).map_err(io::Error::other)
}

/// LZMA with its five bytes of properties elsewhere; `u64::MAX` for a size that is not known.
///
/// # Errors
/// When the properties ask for more than may be, or are none.
pub fn lzma_raw<R: Read>(input: R, properties: &[u8], size: u64) -> io::Result<LzmaReader<R>> {
    let Some((properties, dictionary)) = properties.split_first_chunk::<1>() else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let dictionary = dictionary.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let dictionary = dictionary.ok_or(io::ErrorKind::InvalidData)?;
    let memory = lzma_rust2::lzma_get_memory_usage_by_props(dictionary, properties[0]).map_err(io::Error::other)?;
    if memory > LZMA_MEMORY_KIB_MAX {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    LzmaReader::new_with_props(input, size, properties[0], dictionary, None).map_err(io::Error::other)
}

/// PPMd version I, method 98 of ZIP, with its order and memory in two bytes in front.
///
/// # Errors
/// When these ask for more than may be, or are none.
pub fn ppmd8(input: &[u8]) -> io::Result<impl Read + '_> {
    let (head, input) = input.split_first_chunk::<2>().ok_or(io::ErrorKind::InvalidData)?;
    let head = u32::from(u16::from_le_bytes(*head));
    let (order, memory_mib) = ((head & 15) + 1, (head >> 4 & 0xff) + 1);
    let restore = match head >> 12 {
        0 => RestoreMethod::Restart,
        1 => RestoreMethod::CutOff,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    if memory_mib > PPMD_MEMORY_MIB_MAX {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    Ppmd8Decoder::new(input, order, memory_mib << 20, restore).map_err(io::Error::other)
}

/// Frames of LZ4.
pub fn lz4(input: &[u8]) -> impl Read + '_ {
    lz4_flex::frame::FrameDecoder::new(input)
}

/// The LZW of `compress`, with codes of 9 to 16 bits; the input stands behind the three bytes of its header.
pub struct Compress<'a> {
    input: &'a [u8],
    bit: usize,
    width: u32,
    width_max: u32,
    block_mode: bool,
    /// For each code its text without the last letter, as a code, and that letter.
    table: Vec<(u16, u8)>,
    previous: Option<u16>,
    /// Letters that are yet to be given, the next one last.
    pending: Vec<u8>,
    /// Where the codes of this width began: they come in groups of eight.
    group: usize,
}

/// The decoder of a file of `compress`, if it begins as one.
pub fn compress(input: &[u8]) -> Option<Compress<'_>> {
    let (header, input) = input.split_first_chunk::<3>()?;
    let width_max = u32::from(header[2] & 0x1f);
    if header[..2] != [0x1f, 0x9d] || !(9..=16).contains(&width_max) {
        return None;
    }
    let mut decoder = Compress {
        input,
        bit: 0,
        width: 9,
        width_max,
        block_mode: header[2] & 0x80 != 0,
        table: Vec::new(),
        previous: None,
        pending: Vec::new(),
        group: 0,
    };
    decoder.clear();
    Some(decoder)
}

impl Compress<'_> {
    fn clear(&mut self) {
        self.table.clear();
        self.table.extend((0..=255).map(|letter| (0, letter)));
        if self.block_mode {
            self.table.push((0, 0));
        }
        self.previous = None;
    }

    fn code(&mut self) -> Option<u16> {
        let at = self.bit / 8;
        let bytes: [u8; 4] = std::array::from_fn(|n| self.input.get(at + n).copied().unwrap_or(0));
        if self.bit + self.width as usize > self.input.len() * 8 {
            return None;
        }
        let code = u32::from_le_bytes(bytes) >> (self.bit % 8) & ((1 << self.width) - 1);
        self.bit += self.width as usize;
        u16::try_from(code).ok()
    }

    /// Codes of one width fill groups of eight; what is left of a group is skipped when the width changes.
    fn widen(&mut self, width: u32) {
        let group = self.width as usize * 8;
        let behind = self.bit - self.group;
        self.bit = self.group + behind.div_ceil(group) * group;
        self.group = self.bit;
        self.width = width;
    }

    /// Spells a code, last letter first, and returns its first letter.
    fn spell(&mut self, mut code: u16) -> Option<u8> {
        loop {
            let (rest, letter) = *self.table.get(usize::from(code))?;
            self.pending.push(letter);
            if code < 256 {
                return Some(letter);
            }
            code = rest;
        }
    }

    /// Reads one code; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        if self.table.len() >= 1 << self.width && self.width < self.width_max {
            self.widen(self.width + 1);
        }
        let Some(code) = self.code() else { return Ok(false) };
        if self.block_mode && code == 256 {
            self.widen(9);
            self.clear();
            return Ok(true);
        }
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let first = if usize::from(code) < self.table.len() {
            self.spell(code).ok_or_else(broken)?
        } else {
            // The one code that is used before it is complete: the text before it and its own first letter again.
            let previous = self.previous.filter(|_| usize::from(code) == self.table.len()).ok_or_else(broken)?;
            self.pending.push(0);
            let first = self.spell(previous).ok_or_else(broken)?;
            self.pending[0] = first;
            first
        };
        if let Some(previous) = self.previous
            && self.table.len() < 1 << self.width_max
        {
            self.table.push((previous, first));
        }
        self.previous = Some(code);
        Ok(true)
    }
}

impl Read for Compress<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        for place in buffer.iter_mut() {
            while self.pending.is_empty() {
                if !self.next()? {
                    return Ok(count);
                }
            }
            *place = self.pending.pop().unwrap_or(0);
            count += 1;
        }
        Ok(count)
    }
}
