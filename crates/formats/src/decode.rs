//! The decoders of packed streams, each as a `Read` for the capped door of `unpack`, none with more memory than is named here.

use crate::lzw::{Lzw, Rule};
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

/// The decoder of a file of `compress`, if it begins as one.
pub fn compress(input: &[u8]) -> Option<Lzw<'_>> {
    let (header, input) = input.split_first_chunk::<3>()?;
    let width_max = u32::from(header[2] & 0x1f);
    let known = header[..2] == [0x1f, 0x9d] && (9..=16).contains(&width_max);
    known.then(|| Lzw::new(input, Rule::compress(width_max, header[2] & 0x80 != 0)))
}
