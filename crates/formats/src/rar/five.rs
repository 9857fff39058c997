//! The headers of format 5: every number is written in groups of seven bits.

use super::keys::Lock;
use super::{Archive, Data, Entry, FileLock, Packing, Role, SIGNATURE_5, Stop};
use crate::budget::Budget;
use crate::bytes::{array, slice, u32_le};
use crate::crypt::Aes;
use crate::limits::Limit;
use crate::reading::Reading;
use crate::unpack::encrypted;
use model::Message;
use std::borrow::Cow;

const BLOCKS_MAX: usize = 50_000;
/// Bytes of a header in front of its own size.
const CHECKSUM_BYTES: usize = 4;
const CHAIN_BYTES: usize = 16;

/// One header and where it ends.
struct Block<'a> {
    header: Cow<'a, [u8]>,
    end: usize,
    is_sound: bool,
}

/// Reads all headers. Says whether they ended as they should.
pub fn read(archive: &mut Archive, budget: &mut Budget, reading: &mut Reading) -> Result<bool, Stop> {
    let mut at = SIGNATURE_5.len();
    let mut cipher = None;
    for _ in 0..BLOCKS_MAX {
        budget.step(1)?;
        let Some(block) = block(archive.bytes, at, cipher.as_ref()) else { return Ok(false) };
        if !block.is_sound {
            reading.odd_at(Message::new("rar.checksum-wrong"), at as u64);
        }
        let header: &[u8] = &block.header;
        let mut cursor = 0;
        let mut next = || number(header, &mut cursor);
        let (Some(kind), Some(flags)) = (next(), next()) else { return Ok(false) };
        let extra = if flags & 1 != 0 { next().unwrap_or(0) } else { 0 };
        let packed = if flags & 2 != 0 { next().unwrap_or(0) } else { 0 };
        match kind {
            1 => {
                let main = next().unwrap_or(0);
                archive.volume |= main & 1 != 0;
                archive.solid |= main & 4 != 0;
            }
            2 | 3 => {
                let data = Data { start: block.end, packed, before: flags & 8 != 0, after: flags & 16 != 0 };
                let Some(entry) = entry(header, cursor, extra, data) else { return Ok(false) };
                let role = if kind == 2 { entry.role.clone() } else { Role::service(&entry.name) };
                archive.entry(Entry { role, ..entry }, budget, reading)?;
            }
            4 => {
                archive.headers = true;
                let lock = header_lock(header, cursor).ok_or_else(|| Stop::Failed(encrypted()))?;
                cipher = Some(open(archive, block.end, &lock, budget)?);
            }
            5 => {
                archive.behind(block.end, budget, reading)?;
                return Ok(true);
            }
            _ => {}
        }
        let behind = usize::try_from(packed).ok().and_then(|packed| block.end.checked_add(packed));
        let Some(behind) = behind else { return Ok(false) };
        at = behind;
    }
    Err(Limit::Entries.into())
}

fn block<'a>(bytes: &'a [u8], at: usize, cipher: Option<&Aes>) -> Option<Block<'a>> {
    let Some(cipher) = cipher else {
        let (size_at, size) = sized(bytes, at)?;
        let header = slice(bytes, size_at, size)?;
        let is_sound = u32_le(bytes, at) == bytes.get(at + CHECKSUM_BYTES..size_at + size).map(crc32fast::hash);
        return Some(Block { header: Cow::Borrowed(header), end: size_at + size, is_sound });
    };
    let start = array::<CHAIN_BYTES>(bytes, at)?;
    let at = at + CHAIN_BYTES;
    let first = cipher.chained(start, slice(bytes, at, CHAIN_BYTES)?);
    let (size_at, size) = sized(&first, 0)?;
    let padded = size_at.checked_add(size)?.checked_next_multiple_of(CHAIN_BYTES)?;
    let plain = cipher.chained(start, slice(bytes, at, padded)?);
    let header = slice(&plain, size_at, size)?.to_vec();
    let is_sound = u32_le(&plain, 0) == plain.get(CHECKSUM_BYTES..size_at + size).map(crc32fast::hash);
    Some(Block { header: Cow::Owned(header), end: at + padded, is_sound })
}

/// Where a header begins behind its size, and its size.
fn sized(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut cursor = at.checked_add(CHECKSUM_BYTES)?;
    let size = usize::try_from(number(bytes, &mut cursor)?).ok()?;
    Some((cursor, size))
}

/// A number in groups of seven bits, the lowest first.
fn number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in 0..10 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift * 7)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn header_lock(header: &[u8], mut at: usize) -> Option<Lock> {
    let _version = number(header, &mut at)?;
    let flags = number(header, &mut at)?;
    let power = *header.get(at)?;
    let salt = array(header, at + 1)?;
    let check = if flags & 1 != 0 { array(header, at + 17).and_then(Lock::check) } else { None };
    Some(Lock { power, salt, check })
}

/// The cipher of the headers. Without a check the first of them tells whether it is right.
fn open(archive: &mut Archive, at: usize, lock: &Lock, budget: &mut Budget) -> Result<Aes, Stop> {
    for number in archive.keys.order() {
        let Some(keys) = archive.keys.five(number, lock, budget)? else { continue };
        let Some(cipher) = Aes::new(&keys.cipher) else { continue };
        if block(archive.bytes, at, Some(&cipher)).is_some_and(|block| block.is_sound) {
            archive.keys.opened(number);
            return Ok(cipher);
        }
    }
    Err(Stop::Failed(encrypted()))
}

fn entry(header: &[u8], mut at: usize, extra: u64, data: Data) -> Option<Entry> {
    let flags = number(header, &mut at)?;
    let size = number(header, &mut at)?;
    let _attributes = number(header, &mut at)?;
    at += if flags & 2 != 0 { 4 } else { 0 };
    let crc = if flags & 4 != 0 { u32_le(header, at) } else { None };
    at += if flags & 4 != 0 { 4 } else { 0 };
    let packing = number(header, &mut at)?;
    let _system = number(header, &mut at)?;
    let length = usize::try_from(number(header, &mut at)?).ok()?;
    let name = String::from_utf8_lossy(slice(header, at, length)?).into_owned();
    let method = packing >> 7 & 7;
    let mut entry = Entry {
        name,
        size: (flags & 8 == 0).then_some(size),
        role: if flags & 1 != 0 { Role::Folder } else { Role::File },
        data,
        packing: packing_of(packing),
        method: format!("rar5-{method}"),
        solid: packing & 0x40 != 0,
        crc,
        lock: None,
        stream: None,
    };
    records(header, header.len().checked_sub(usize::try_from(extra).ok()?)?, &mut entry);
    Some(entry)
}

fn packing_of(packing: u64) -> Packing {
    let version = (packing & 0x3f) as u8;
    let power = packing >> 10 & if version == 0 { 15 } else { 31 };
    let base = (128 << 10) << power;
    // Of version 1 on, parts of 32 beyond a power of two.
    let dictionary = if version == 0 { base } else { base + base / 32 * (packing >> 15 & 31) };
    match packing >> 7 & 7 {
        0 => Packing::Stored,
        1..=5 => Packing::Five { version, dictionary },
        _ => Packing::Unknown,
    }
}

/// What stands behind the name: each record with its size.
fn records(header: &[u8], mut at: usize, entry: &mut Entry) {
    while let Some(size) = number(header, &mut at).and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
    {
        let Some(record) = slice(header, at, size) else { break };
        let mut inside = 0;
        match number(record, &mut inside) {
            Some(1) => entry.lock = Some(lock(record, inside).unwrap_or(FileLock::Unknown("rar5-encryption"))),
            Some(5) => entry.role = link(record, inside).map_or(Role::File, Role::Link),
            Some(7) => entry.stream = record.get(inside..).map(|name| String::from_utf8_lossy(name).into_owned()),
            _ => {}
        }
        at += size;
    }
}

fn lock(record: &[u8], mut at: usize) -> Option<FileLock> {
    let version = number(record, &mut at)?;
    let flags = number(record, &mut at)?;
    let power = *record.get(at)?;
    let lock = Lock {
        power,
        salt: array(record, at + 1)?,
        check: if flags & 1 != 0 { array(record, at + 33).and_then(Lock::check) } else { None },
    };
    let start = array(record, at + 17)?;
    (version == 0).then_some(FileLock::Five { lock, start, hides_sums: flags & 2 != 0 })
}

/// What a link points to.
fn link(record: &[u8], mut at: usize) -> Option<String> {
    let _kind = number(record, &mut at)?;
    let _flags = number(record, &mut at)?;
    let length = usize::try_from(number(record, &mut at)?).ok()?;
    Some(String::from_utf8_lossy(slice(record, at, length)?).into_owned())
}
