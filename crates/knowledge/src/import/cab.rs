//! Cabinets, read from front to back.
//!
//! The `cab` crate finds a file by unpacking its folder from the beginning, which is hopeless for folders of tens of
//! thousands of files. So we read the file table ourselves (MS-CAB, section 2.3) and show the crate the same cabinet with
//! another table: one file per folder, which is the folder as a whole.

use super::guard::Guard;
use super::{ImportError, LimitKind, Limits};
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// A file of a cabinet: where it lies in its folder.
struct Entry {
    name: String,
    folder: u16,
    offset: u64,
    size: u64,
}

const HEADER_BYTES: usize = 36;
const SIGNATURE: &[u8] = b"MSCF";
const NAME_BYTES_MAX: u64 = 1024;
const FORMAT: &str = "cabinet";

/// Walks the files of a cabinet in the order they are packed. `take` gets the name, the size and the bytes; what it
/// does not read is skipped. Returns the unpacked bytes, `spent` included.
pub(super) fn walk<R: Read + Seek>(
    mut reader: R,
    limits: &Limits,
    spent: u64,
    mut take: impl FnMut(&str, u64, &mut dyn Read) -> Result<(), ImportError>,
) -> Result<u64, ImportError> {
    let mut head = [0; HEADER_BYTES];
    reader.seek(SeekFrom::Start(0))?;
    reader.read_exact(&mut head).map_err(cut_off)?;
    if !head.starts_with(SIGNATURE) {
        return Err(ImportError::malformed(FORMAT, "no cabinet signature"));
    }
    let (folders, files) = (u16::from_le_bytes([head[26], head[27]]), u16::from_le_bytes([head[28], head[29]]));
    if u64::from(files) > limits.entries_max as u64 {
        return Err(ImportError::Limit { what: LimitKind::Entries, limit: limits.entries_max as u64 });
    }
    let table = u32::from_le_bytes([head[16], head[17], head[18], head[19]]);
    let mut entries = entries(&mut reader, table, files)?;
    entries.sort_by_key(|entry| (entry.folder, entry.offset));
    let view = View::new(reader, head, folders)?;
    let mut cabinet = cab::Cabinet::new(view).map_err(|error| ImportError::malformed(FORMAT, error))?;
    let mut bytes = spent;
    for files in entries.chunk_by(|a, b| a.folder == b.folder) {
        let Some(folder) = files.first().map(|entry| entry.folder).filter(|folder| *folder < folders) else {
            // A file that goes on in the next cabinet of a set; these sets have none.
            continue;
        };
        let stream = cabinet.read_file(&folder.to_string()).map_err(|error| ImportError::malformed(FORMAT, error))?;
        let whole = Limits { row_bytes_max: u64::MAX / 2, ..limits.clone() };
        let mut stream = Guard::new(stream, &whole, bytes);
        let start = bytes;
        for entry in files {
            let at = stream.passed() - start;
            let Some(gap) = entry.offset.checked_sub(at) else { continue };
            skip(&mut stream, gap)?;
            take(&entry.name, entry.size, &mut (&mut stream).take(entry.size))?;
        }
        bytes = stream.passed();
    }
    Ok(bytes)
}

fn entries(reader: &mut (impl Read + Seek), table: u32, files: u16) -> Result<Vec<Entry>, ImportError> {
    reader.seek(SeekFrom::Start(table.into()))?;
    let mut reader = io::BufReader::new(reader);
    let mut entries = Vec::new();
    for _ in 0..files {
        let mut fixed = [0; 16];
        reader.read_exact(&mut fixed).map_err(cut_off)?;
        let word = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let mut name = Vec::new();
        io::BufRead::read_until(&mut (&mut reader).take(NAME_BYTES_MAX), 0, &mut name)?;
        if name.pop() != Some(0) {
            return Err(ImportError::malformed(FORMAT, "a file name without end"));
        }
        entries.push(Entry {
            name: String::from_utf8_lossy(&name).replace('\\', "/"),
            size: word(0).into(),
            offset: word(4).into(),
            folder: u16::from_le_bytes([fixed[8], fixed[9]]),
        });
    }
    Ok(entries)
}

fn skip(reader: &mut impl Read, count: u64) -> Result<(), ImportError> {
    let skipped = io::copy(&mut reader.take(count), &mut io::sink())?;
    if skipped == count { Ok(()) } else { Err(ImportError::malformed(FORMAT, "the cabinet is cut off")) }
}

fn cut_off(error: io::Error) -> ImportError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ImportError::malformed(FORMAT, "the cabinet is cut off"),
        _ => error.into(),
    }
}

/// The cabinet with another head and a table of our own behind its end.
struct View<R> {
    inner: R,
    head: [u8; HEADER_BYTES],
    inner_len: u64,
    tail: Cursor<Vec<u8>>,
    at: u64,
}

impl<R: Read + Seek> View<R> {
    fn new(mut inner: R, mut head: [u8; HEADER_BYTES], folders: u16) -> Result<View<R>, ImportError> {
        let inner_len = inner.seek(SeekFrom::End(0))?;
        let table = u32::try_from(inner_len).map_err(|_| ImportError::malformed(FORMAT, "larger than 4 GiB"))?;
        head[16..20].copy_from_slice(&table.to_le_bytes());
        head[28..30].copy_from_slice(&folders.to_le_bytes());
        // The crate wants the field in its bounds; it reads nothing by it.
        head[8..12].copy_from_slice(&(HEADER_BYTES as u32).to_le_bytes());
        let mut tail = Vec::new();
        for folder in 0..folders {
            tail.extend_from_slice(&u32::MAX.to_le_bytes());
            tail.extend_from_slice(&0u32.to_le_bytes());
            tail.extend_from_slice(&folder.to_le_bytes());
            tail.extend_from_slice(&[0; 6]);
            tail.extend_from_slice(format!("{folder}\0").as_bytes());
        }
        Ok(View { inner, head, inner_len, tail: Cursor::new(tail), at: 0 })
    }
}

impl<R: Read + Seek> Read for View<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if let Some(head) = self.head.get(self.at as usize..).filter(|head| !head.is_empty()) {
            let count = head.len().min(buffer.len());
            buffer[..count].copy_from_slice(&head[..count]);
            count
        } else if self.at < self.inner_len {
            let room = buffer.len().min((self.inner_len - self.at) as usize);
            self.inner.seek(SeekFrom::Start(self.at))?;
            self.inner.read(&mut buffer[..room])?
        } else {
            self.tail.set_position(self.at - self.inner_len);
            self.tail.read(buffer)?
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for View<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = self.inner_len + self.tail.get_ref().len() as u64;
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => end.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
