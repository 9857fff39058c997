//! The central directory, the records behind it, and the header in front of each entry.

use crate::budget::Budget;
use crate::bytes::{array, has, slice, u16_le, u32_le, u64_le};
use crate::limits::Limit;
use crate::names;
use memchr::memmem;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// Entries that are read of one archive: more than may become parts, so that facts are whole where parts are not.
const ENTRIES_MAX: usize = 20_000;
/// The end record, and a comment behind it.
const END_BYTES_MAX: usize = 22 + 0xffff;
/// Fields behind the name of one entry.
const EXTRAS_MAX: usize = 64;

/// All entries of an archive, from wherever they are told.
#[derive(Default)]
pub struct Directory<'a> {
    pub entries: Vec<Entry>,
    /// Entries that the directory lists.
    pub listed: usize,
    /// Entries that the end record counts.
    pub counted: Option<u64>,
    /// Where the archive ends, comment included; none when it has no end record.
    pub end: Option<usize>,
    pub comment: &'a [u8],
    pub zip64: bool,
    pub limited: Option<Limit>,
}

/// One entry.
#[derive(Default)]
pub struct Entry {
    pub name: String,
    pub raw_name: Vec<u8>,
    pub made_by: u8,
    pub flags: u16,
    pub method: u16,
    pub time: u32,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    /// Offset of its local header.
    pub local: u64,
    /// Offset of what tells it.
    pub at: u64,
    pub aes: Option<Aes>,
    pub header: Option<Header>,
    /// Told only by its own header.
    pub unlisted: bool,
}

/// The local header of an entry.
#[derive(Clone)]
pub struct Header {
    pub name: Vec<u8>,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    pub time: u32,
    pub data: usize,
    aes: Option<Aes>,
}

/// How an entry is encrypted by AES (APPNOTE, appendix E).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aes {
    /// Version 2 has no checksum.
    pub version: u16,
    pub strength: u8,
    pub method: u16,
}

impl Entry {
    pub fn is_folder(&self) -> bool {
        self.name.ends_with(['/', '\\'])
    }

    pub fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The method behind the encryption.
    pub fn real_method(&self) -> u16 {
        self.aes.map_or(self.method, |aes| aes.method)
    }

    /// Its header and data, from where to where, if it has them.
    pub fn extent(&self) -> Option<(u64, u64, &Entry)> {
        let header = self.header.as_ref()?;
        Some((self.local, (header.data as u64).saturating_add(self.packed), self))
    }
}

/// Reads everything that tells entries.
pub fn read<'a>(bytes: &'a [u8], budget: &mut Budget) -> Directory<'a> {
    let mut directory = Directory::default();
    let mut limit = || -> Result<(), Limit> {
        if let Some(end) = end_record(bytes) {
            directory.end = Some(end.behind);
            directory.counted = Some(end.counted);
            directory.comment = end.comment;
            directory.zip64 = end.zip64;
            central(bytes, &end, &mut directory, budget)?;
        }
        directory.listed = directory.entries.len();
        unlisted(bytes, &mut directory, budget)
    };
    directory.limited = limit().err();
    directory
}

struct EndRecord<'a> {
    directory: usize,
    /// What stands in front of the archive: offsets count from behind it.
    shift: usize,
    counted: u64,
    behind: usize,
    comment: &'a [u8],
    zip64: bool,
}

/// The last end record whose directory is there, or that says there is nothing.
fn end_record(bytes: &[u8]) -> Option<EndRecord<'_>> {
    let floor = bytes.len().saturating_sub(END_BYTES_MAX);
    memmem::rfind_iter(bytes.get(floor..)?, END).take(16).find_map(|found| {
        let at = floor + found;
        let comment = slice(bytes, at + 22, usize::from(u16_le(bytes, at + 20)?)).unwrap_or_default();
        let (mut counted, mut size, mut told) = (
            u64::from(u16_le(bytes, at + 10)?),
            u64::from(u32_le(bytes, at + 12)?),
            u64::from(u32_le(bytes, at + 16)?),
        );
        let (mut end, mut zip64) = (at, false);
        if let Some(big) = at.checked_sub(20).filter(|at| has(bytes, *at, LOCATOR64)).and_then(|at| end64(bytes, at)) {
            (counted, size, told) = (u64_le(bytes, big + 32)?, u64_le(bytes, big + 40)?, u64_le(bytes, big + 48)?);
            (end, zip64) = (big, true);
        }
        let (size, told) = (usize::try_from(size).ok()?, usize::try_from(told).ok()?);
        // The directory ends where the record begins, so it is found also when bytes were put in front of everything.
        let start = end.checked_sub(size).filter(|start| size > 0 && has(bytes, *start, CENTRAL));
        let start = start.or_else(|| has(bytes, told, CENTRAL).then_some(told));
        let start = start.or((counted == 0).then_some(end))?;
        let shift = start.saturating_sub(told);
        Some(EndRecord { directory: start, shift, counted, behind: at + 22 + comment.len(), comment, zip64 })
    })
}

fn end64(bytes: &[u8], locator: usize) -> Option<usize> {
    let told = usize::try_from(u64_le(bytes, locator + 8)?).ok()?;
    // Usually it stands right in front of what points to it.
    [Some(told), locator.checked_sub(56)].into_iter().flatten().find(|at| has(bytes, *at, END64))
}

fn central(bytes: &[u8], end: &EndRecord, directory: &mut Directory, budget: &mut Budget) -> Result<(), Limit> {
    let mut at = end.directory;
    while has(bytes, at, CENTRAL) {
        budget.step(1)?;
        if directory.entries.len() >= ENTRIES_MAX {
            return Err(Limit::Entries);
        }
        let Some((entry, next)) = listed(bytes, at, end.shift) else { break };
        directory.entries.push(entry);
        at = next;
    }
    Ok(())
}

fn listed(bytes: &[u8], at: usize, shift: usize) -> Option<(Entry, usize)> {
    let head = slice(bytes, at, 46)?;
    let (name_bytes, extra_bytes) = (usize::from(u16_le(head, 28)?), usize::from(u16_le(head, 30)?));
    let next = at + 46 + name_bytes + extra_bytes + usize::from(u16_le(head, 32)?);
    let raw_name = slice(bytes, at + 46, name_bytes)?;
    let extra = slice(bytes, at + 46 + name_bytes, extra_bytes).unwrap_or_default();
    let mut sizes = [u32_le(head, 24)?, u32_le(head, 20)?, u32_le(head, 42)?].map(u64::from);
    wide(extra, &mut sizes);
    let [size, packed, told] = sizes;
    // Where bytes stand between the directory and its record, offsets are right as they are.
    let at_told = |local: u64| usize::try_from(local).ok().and_then(|local| header(bytes, local));
    let (local, header) = match at_told(told.saturating_add(shift as u64)) {
        None if shift > 0 && at_told(told).is_some() => (told, at_told(told)),
        header => (told.saturating_add(shift as u64), header),
    };
    let mut entry = Entry {
        name: name(raw_name, u16_le(head, 8)?, extra),
        raw_name: raw_name.to_vec(),
        made_by: head[5],
        flags: u16_le(head, 8)?,
        method: u16_le(head, 10)?,
        time: u32_le(head, 12)?,
        crc: u32_le(head, 16)?,
        packed,
        size,
        local,
        at: at as u64,
        aes: aes(extra),
        header,
        unlisted: false,
    };
    entry.aes = entry.aes.or_else(|| entry.header.as_ref()?.aes).filter(|_| entry.method == 99);
    Some((entry, next))
}

/// The header at an offset.
fn header(bytes: &[u8], at: usize) -> Option<Header> {
    let head = slice(bytes, at, 30).filter(|head| head.starts_with(LOCAL))?;
    let (name_bytes, extra_bytes) = (usize::from(u16_le(head, 26)?), usize::from(u16_le(head, 28)?));
    let name = slice(bytes, at + 30, name_bytes)?;
    let extra = slice(bytes, at + 30 + name_bytes, extra_bytes).unwrap_or_default();
    let mut sizes = [u32_le(head, 22)?, u32_le(head, 18)?, 0].map(u64::from);
    wide(extra, &mut sizes);
    Some(Header {
        name: name.to_vec(),
        flags: u16_le(head, 6)?,
        method: u16_le(head, 8)?,
        time: u32_le(head, 10)?,
        crc: u32_le(head, 14)?,
        packed: sizes[1],
        size: sizes[0],
        data: at + 30 + name_bytes + extra_bytes,
        aes: aes(extra),
    })
}

/// The fields behind a name, by their numbers.
fn extras(extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (id, length) = (u16_le(extra, at)?, usize::from(u16_le(extra, at + 2)?));
        let field = slice(extra, at + 4, length)?;
        at += 4 + length;
        Some((id, field))
    })
    .take(EXTRAS_MAX)
}

/// Takes sizes that do not fit their places from the field that has them: only those, in this order.
fn wide(extra: &[u8], sizes: &mut [u64; 3]) {
    let Some((_, field)) = extras(extra).find(|(id, _)| *id == 1) else { return };
    let mut numbers = field.chunks_exact(8).filter_map(|chunk| u64_le(chunk, 0));
    for size in sizes.iter_mut().filter(|size| **size == u64::from(u32::MAX)) {
        if let Some(number) = numbers.next() {
            *size = number;
        }
    }
}

fn aes(extra: &[u8]) -> Option<Aes> {
    let (_, field) = extras(extra).find(|(id, _)| *id == 0x9901)?;
    Some(Aes { version: u16_le(field, 0)?, strength: *field.get(4)?, method: u16_le(field, 5)? })
}

/// A name in its own alphabet, or the better one of the field that repeats it in UTF-8.
fn name(raw: &[u8], flags: u16, extra: &[u8]) -> String {
    let unicode = extras(extra).find(|(id, _)| *id == 0x7075).and_then(|(_, field)| {
        let crc = array(field, 1).map(u32::from_le_bytes)?;
        (field[0] == 1 && crc == crc32fast::hash(raw)).then(|| String::from_utf8_lossy(&field[5..]).into_owned())
    });
    unicode.unwrap_or_else(|| {
        if flags & 0x800 != 0 { String::from_utf8_lossy(raw).into_owned() } else { names::decode(raw) }
    })
}

/// Adds the entries that no directory lists: all of them where there is none, else those in the gaps.
fn unlisted(bytes: &[u8], directory: &mut Directory, budget: &mut Budget) -> Result<(), Limit> {
    let mut extents: Vec<(u64, u64)> =
        directory.entries.iter().filter_map(Entry::extent).map(|(start, end, _)| (start, end)).collect();
    extents.sort_unstable();
    budget.pass(bytes.len())?;
    let (mut at, mut next) = (0, 0);
    while let Some(found) = bytes.get(at..).and_then(|rest| memmem::find(rest, LOCAL)).map(|found| at + found) {
        budget.step(1)?;
        // Signatures inside of what is listed are content.
        while next < extents.len() && extents[next].1 <= found as u64 {
            next += 1;
        }
        if let Some((_, end)) = extents.get(next).filter(|(start, _)| *start <= found as u64) {
            at = usize::try_from(*end).unwrap_or(usize::MAX).max(found + 4);
            continue;
        }
        at = found + 4;
        let Some(header) = header(bytes, found).filter(plausible) else { continue };
        if directory.entries.len() >= ENTRIES_MAX {
            return Err(Limit::Entries);
        }
        let packed = if header.flags & 8 != 0 && header.packed == 0 {
            until_next(bytes.get(header.data..).unwrap_or_default()) as u64
        } else {
            header.packed
        };
        let fits = (header.data as u64).checked_add(packed).and_then(|end| usize::try_from(end).ok());
        at = fits.filter(|end| *end <= bytes.len()).unwrap_or(at).max(at);
        directory.entries.push(Entry {
            name: name(&header.name, header.flags, &[]),
            raw_name: header.name.clone(),
            made_by: u8::MAX,
            flags: header.flags,
            method: header.method,
            time: header.time,
            crc: header.crc,
            packed,
            size: header.size,
            local: found as u64,
            at: found as u64,
            aes: header.aes.filter(|_| header.method == 99),
            header: Some(header),
            unlisted: true,
        });
    }
    Ok(())
}

/// Whether a signature that was come across is a header at all.
fn plausible(header: &Header) -> bool {
    matches!(header.method, 0..=20 | 93..=99) && !header.name.is_empty() && !header.name.contains(&0)
}

/// How far data go whose size stands behind them: to the record that has it, or to the next header.
fn until_next(data: &[u8]) -> usize {
    memmem::find_iter(data, b"PK")
        .find(|at| [DESCRIPTOR, LOCAL, CENTRAL].iter().any(|signature| has(data, *at, signature)))
        .unwrap_or(data.len())
}

/// A time of DOS, whose halves are the time and the date, as text that sorts.
pub fn time(time: u32) -> Option<String> {
    let (date, time) = (time >> 16, time & 0xffff);
    let (month, day) = (date >> 5 & 15, date & 31);
    let plausible = (1..=12).contains(&month) && (1..=31).contains(&day);
    plausible.then(|| {
        let (hour, minute, second) = (time >> 11, time >> 5 & 63, (time & 31) * 2);
        format!("{:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}", 1980 + (date >> 9))
    })
}

/// The system that an entry was made on.
pub fn system(made_by: u8) -> &'static str {
    match made_by {
        0 => "dos",
        3 => "unix",
        7 => "macintosh",
        10 => "ntfs",
        14 => "vfat",
        19 => "macos",
        // Of an entry that only its header tells.
        u8::MAX => "",
        _ => "other",
    }
}
