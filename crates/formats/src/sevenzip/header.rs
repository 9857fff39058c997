//! The header of an archive (`7zFormat.txt` of the LZMA SDK): streams, folders of coders, files.

use crate::bytes::{slice, u32_le};

/// Files, folders, streams and coders of one archive; each number in a header meets its own before it is used.
pub const FILES_MAX: usize = 20_000;
const FOLDERS_MAX: usize = 20_000;
const STREAMS_MAX: usize = 20_000;
const CODERS_MAX: usize = 8;
const CODER_STREAMS_MAX: usize = 8;

/// One method of a folder.
#[derive(Debug, Clone, Default)]
pub struct Coder {
    pub id: Vec<u8>,
    pub inputs: usize,
    pub outputs: usize,
    pub properties: Vec<u8>,
}

/// Coders that feed one another.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    pub coders: Vec<Coder>,
    /// Inputs and the outputs that feed them.
    pub pairs: Vec<(usize, usize)>,
    /// Inputs that are fed by packed streams.
    pub packed: Vec<usize>,
    /// Sizes of outputs.
    pub sizes: Vec<u64>,
    pub crc: Option<u32>,
    /// Number of its first packed stream.
    pub first: usize,
}

impl Folder {
    /// The output that feeds nothing.
    pub fn main_output(&self) -> Option<usize> {
        (0..self.sizes.len()).find(|output| !self.pairs.iter().any(|(_, other)| other == output))
    }
}

/// What is in a folder behind its coders: a file each.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    pub folder: usize,
    pub size: u64,
    pub crc: Option<u32>,
}

#[derive(Debug, Default)]
pub struct Streams {
    /// Where packed streams begin, and how long they are.
    pub packed: Vec<(u64, u64)>,
    pub folders: Vec<Folder>,
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Default)]
pub struct File {
    pub name: String,
    pub has_stream: bool,
    pub is_folder: bool,
    pub attributes: Option<u32>,
    pub modified: u64,
}

#[derive(Debug, Default)]
pub struct Header {
    pub streams: Streams,
    pub files: Vec<File>,
}

/// What a header turns out to be.
pub enum Outer {
    Plain(Header),
    /// It is packed itself.
    Packed(Streams),
}

/// Bytes that are read from the front.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.at += 1;
        self.bytes.get(self.at - 1).copied()
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = slice(self.bytes, self.at, count)?;
        self.at += count;
        Some(taken)
    }

    /// A number whose first byte says how many follow.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let (mut mask, mut value) = (0x80_u8, 0_u64);
        for count in 0..8 {
            if first & mask == 0 {
                return Some(value | u64::from(first & (mask - 1)) << (8 * count));
            }
            value |= u64::from(self.byte()?) << (8 * count);
            mask >>= 1;
        }
        Some(value)
    }

    /// A number that counts things that are kept.
    fn count(&mut self, most: usize) -> Option<usize> {
        self.number().and_then(|count| usize::try_from(count).ok()).filter(|count| *count <= most)
    }

    fn bits(&mut self, count: usize) -> Option<Vec<bool>> {
        let bytes = self.take(count.div_ceil(8))?;
        Some((0..count).map(|at| bytes[at / 8] >> (7 - at % 8) & 1 == 1).collect())
    }

    /// Bits, which are left out when all are set.
    fn optional_bits(&mut self, count: usize) -> Option<Vec<bool>> {
        if self.byte()? != 0 { Some(vec![true; count]) } else { self.bits(count) }
    }

    fn checksums(&mut self, count: usize) -> Option<Vec<Option<u32>>> {
        let defined = self.optional_bits(count)?;
        defined.into_iter().map(|is| if is { Some(Some(u32_le(self.take(4)?, 0)?)) } else { Some(None) }).collect()
    }
}

/// Reads a header; none when it is broken or counts more than is read.
pub fn read(bytes: &[u8]) -> Option<Outer> {
    let mut cursor = Cursor { bytes, at: 0 };
    match cursor.byte()? {
        0x17 => Some(Outer::Packed(streams(&mut cursor)?)),
        0x01 => {
            let mut header = Header::default();
            loop {
                match cursor.byte()? {
                    0x00 => return Some(Outer::Plain(header)),
                    // Properties of the archive, which nothing writes.
                    0x02 => {
                        while cursor.number()? != 0 {
                            let size = cursor.number()?;
                            cursor.take(usize::try_from(size).ok()?)?;
                        }
                    }
                    0x03 => drop(streams(&mut cursor)?),
                    0x04 => header.streams = streams(&mut cursor)?,
                    0x05 => header.files = files(&mut cursor)?,
                    _ => return None,
                }
            }
        }
        _ => None,
    }
}

fn streams(cursor: &mut Cursor) -> Option<Streams> {
    let mut streams = Streams::default();
    let mut divided = false;
    loop {
        match cursor.byte()? {
            0x00 => break,
            0x06 => packed(cursor, &mut streams)?,
            0x07 => folders(cursor, &mut streams)?,
            0x08 => {
                pieces(cursor, &mut streams)?;
                divided = true;
            }
            _ => return None,
        }
    }
    if !divided {
        streams.pieces = whole(&streams.folders);
    }
    Some(streams)
}

/// A piece a folder.
fn whole(folders: &[Folder]) -> Vec<Piece> {
    let piece = |(number, folder): (usize, &Folder)| {
        let size = folder.main_output().and_then(|output| folder.sizes.get(output)).copied().unwrap_or(0);
        Piece { folder: number, size, crc: folder.crc }
    };
    folders.iter().enumerate().map(piece).collect()
}

fn packed(cursor: &mut Cursor, streams: &mut Streams) -> Option<()> {
    let mut at = cursor.number()?.checked_add(32)?;
    let count = cursor.count(STREAMS_MAX)?;
    loop {
        match cursor.byte()? {
            0x00 => return Some(()),
            0x09 => {
                for _ in 0..count {
                    let size = cursor.number()?;
                    streams.packed.push((at, size));
                    at = at.checked_add(size)?;
                }
            }
            0x0a => drop(cursor.checksums(count)?),
            _ => return None,
        }
    }
}

fn folders(cursor: &mut Cursor, streams: &mut Streams) -> Option<()> {
    if cursor.byte()? != 0x0b {
        return None;
    }
    let count = cursor.count(FOLDERS_MAX)?;
    if cursor.byte()? != 0 {
        return None;
    }
    let mut first = 0;
    for _ in 0..count {
        let mut folder = folder(cursor)?;
        folder.first = first;
        first += folder.packed.len();
        streams.folders.push(folder);
    }
    loop {
        match cursor.byte()? {
            0x00 => return Some(()),
            0x0c => {
                for folder in &mut streams.folders {
                    let outputs: usize = folder.coders.iter().map(|coder| coder.outputs).sum();
                    for _ in 0..outputs {
                        folder.sizes.push(cursor.number()?);
                    }
                }
            }
            0x0a => {
                let sums = cursor.checksums(count)?;
                streams.folders.iter_mut().zip(sums).for_each(|(folder, crc)| folder.crc = crc);
            }
            _ => return None,
        }
    }
}

fn folder(cursor: &mut Cursor) -> Option<Folder> {
    let mut folder = Folder::default();
    for _ in 0..cursor.count(CODERS_MAX)? {
        let flags = cursor.byte()?;
        let id = cursor.take(usize::from(flags & 15))?.to_vec();
        let (inputs, outputs) = if flags & 0x10 != 0 {
            (cursor.count(CODER_STREAMS_MAX)?, cursor.count(CODER_STREAMS_MAX)?)
        } else {
            (1, 1)
        };
        let properties = if flags & 0x20 != 0 {
            let length = cursor.count(256)?;
            cursor.take(length)?.to_vec()
        } else {
            Vec::new()
        };
        folder.coders.push(Coder { id, inputs, outputs, properties });
    }
    let sum = |of: fn(&Coder) -> usize| folder.coders.iter().map(of).sum::<usize>();
    let (inputs, outputs) = (sum(|coder| coder.inputs), sum(|coder| coder.outputs));
    for _ in 0..outputs.checked_sub(1)? {
        let pair = (cursor.count(inputs)?, cursor.count(outputs)?);
        folder.pairs.push(pair);
    }
    let packed = inputs.checked_sub(folder.pairs.len())?;
    if packed == 1 {
        folder.packed.push((0..inputs).find(|input| !folder.pairs.iter().any(|(other, _)| other == input))?);
    } else {
        for _ in 0..packed {
            folder.packed.push(cursor.count(inputs)?);
        }
    }
    Some(folder)
}

fn pieces(cursor: &mut Cursor, streams: &mut Streams) -> Option<()> {
    let mut counts = vec![1; streams.folders.len()];
    let mut kind = cursor.byte()?;
    if kind == 0x0d {
        let mut total = 0;
        for count in &mut counts {
            *count = cursor.count(FILES_MAX)?;
            total += *count;
        }
        if total > FILES_MAX {
            return None;
        }
        kind = cursor.byte()?;
    }
    for (number, (folder, count)) in streams.folders.iter().zip(&counts).enumerate() {
        let whole = folder.main_output().and_then(|output| folder.sizes.get(output)).copied().unwrap_or(0);
        let mut left = whole;
        for at in 0..*count {
            let last = at + 1 == *count;
            let size = if last {
                left
            } else if kind == 0x09 {
                cursor.number()?
            } else {
                0
            };
            left = left.checked_sub(size)?;
            let crc = if *count == 1 { folder.crc } else { None };
            streams.pieces.push(Piece { folder: number, size, crc });
        }
    }
    if kind == 0x09 {
        kind = cursor.byte()?;
    }
    loop {
        match kind {
            0x00 => return Some(()),
            0x0a => {
                let unknown: Vec<usize> =
                    (0..streams.pieces.len()).filter(|at| streams.pieces[*at].crc.is_none()).collect();
                let sums = cursor.checksums(unknown.len())?;
                unknown.into_iter().zip(sums).for_each(|(at, crc)| streams.pieces[at].crc = crc);
            }
            _ => return None,
        }
        kind = cursor.byte()?;
    }
}

fn files(cursor: &mut Cursor) -> Option<Vec<File>> {
    let count = cursor.count(FILES_MAX)?;
    let mut files = vec![File { has_stream: true, ..File::default() }; count];
    let mut empty = vec![false; count];
    let mut empty_files = Vec::new();
    loop {
        let kind = cursor.byte()?;
        if kind == 0 {
            break;
        }
        let size = usize::try_from(cursor.number()?).ok()?;
        let mut data = Cursor { bytes: cursor.take(size)?, at: 0 };
        match kind {
            0x0e => empty = data.bits(count)?,
            0x0f => empty_files = data.bits(empty.iter().filter(|is| **is).count())?,
            0x11 if data.byte()? == 0 => names(&mut data, &mut files),
            0x14 => {
                let defined = data.optional_bits(count)?;
                let _ = data.byte()?;
                for (file, _) in files.iter_mut().zip(defined).filter(|(_, is)| *is) {
                    file.modified = u64::from_le_bytes(*data.take(8)?.first_chunk()?);
                }
            }
            0x15 => {
                let defined = data.optional_bits(count)?;
                let _ = data.byte()?;
                for (file, _) in files.iter_mut().zip(defined).filter(|(_, is)| *is) {
                    file.attributes = Some(u32_le(data.take(4)?, 0)?);
                }
            }
            _ => {}
        }
    }
    let mut number = 0;
    for (file, is_empty) in files.iter_mut().zip(empty) {
        file.has_stream = !is_empty;
        if is_empty {
            file.is_folder = !empty_files.get(number).copied().unwrap_or(false);
            number += 1;
        }
    }
    Some(files)
}

fn names(data: &mut Cursor, files: &mut [File]) {
    for file in files {
        let mut letters = Vec::new();
        while let Some(pair) = data.take(2) {
            match u16::from_le_bytes([pair[0], pair[1]]) {
                0 => break,
                letter => letters.push(letter),
            }
        }
        file.name = String::from_utf16_lossy(&letters);
    }
}
