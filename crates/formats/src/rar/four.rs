//! The headers of format 4, which is that of the versions 1.5 to 4.

use super::{Archive, Data, Entry, FileLock, Packing, Role, SIGNATURE_4, Stop};
use crate::budget::Budget;
use crate::bytes::{array, slice, u16_le, u32_le};
use crate::crypt::Aes;
use crate::limits::Limit;
use crate::names;
use crate::reading::Reading;
use crate::unpack::encrypted;
use model::Message;
use std::borrow::Cow;

const BLOCKS_MAX: usize = 50_000;
const HEADER_BYTES_MIN: usize = 7;
const SALT_BYTES: usize = 8;
const CHAIN_BYTES: usize = 16;

struct Block<'a> {
    header: Cow<'a, [u8]>,
    end: usize,
    is_sound: bool,
}

/// Reads all headers. Says whether they ended as they should.
pub fn read(archive: &mut Archive, budget: &mut Budget, reading: &mut Reading) -> Result<bool, Stop> {
    let mut at = SIGNATURE_4.len();
    for _ in 0..BLOCKS_MAX {
        budget.step(1)?;
        // The block at the end is younger than the format.
        if at == archive.bytes.len() {
            return Ok(true);
        }
        let block = if archive.headers { opened(archive, at, budget)? } else { plain(archive.bytes, at) };
        let Some(block) = block else { return Ok(false) };
        if !block.is_sound {
            reading.odd_at(Message::new("rar.checksum-wrong"), at as u64);
        }
        let header: &[u8] = &block.header;
        let flags = u16_le(header, 3).unwrap_or(0);
        let mut packed = if flags & 0x8000 != 0 { u64::from(u32_le(header, 7).unwrap_or(0)) } else { 0 };
        match header.get(2) {
            Some(0x73) => {
                (archive.volume, archive.solid, archive.comment) = (flags & 1 != 0, flags & 8 != 0, flags & 2 != 0);
                archive.headers = flags & 0x80 != 0;
            }
            Some(kind @ (0x74 | 0x7a)) => {
                let Some(mut entry) = entry(header, flags, block.end) else { return Ok(false) };
                packed = entry.data.packed;
                if *kind == 0x7a {
                    entry.role = Role::service(&entry.name);
                }
                archive.entry(entry, budget, reading)?;
            }
            Some(0x7b) => {
                archive.behind(block.end, budget, reading)?;
                return Ok(true);
            }
            _ => {}
        }
        let next = usize::try_from(packed).ok().and_then(|packed| block.end.checked_add(packed));
        let Some(next) = next else { return Ok(false) };
        at = next;
    }
    Err(Limit::Entries.into())
}

fn plain(bytes: &[u8], at: usize) -> Option<Block<'_>> {
    let header = slice(bytes, at, size(bytes, at)?)?;
    Some(Block { header: Cow::Borrowed(header), end: at + header.len(), is_sound: is_sound(header) })
}

fn size(bytes: &[u8], at: usize) -> Option<usize> {
    u16_le(bytes, at.checked_add(5)?).map(usize::from).filter(|size| *size >= HEADER_BYTES_MIN)
}

/// Whether a header is what its checksum says. Of those of the first versions it covers no comment that is in them, and
/// blocks that only they wrote have each their own rule.
fn is_sound(header: &[u8]) -> bool {
    let flags = u16_le(header, 3).unwrap_or(0);
    let covered = match header.get(2) {
        Some(0x75..=0x79) => return true,
        Some(0x73) if flags & 2 != 0 => 13,
        Some(0x74) if flags & 8 != 0 => 32 + u16_le(header, 26).map_or(0, usize::from),
        _ => header.len(),
    };
    // Two bytes of four.
    let sum = |end: usize| header.get(2..end).map(|rest| crc32fast::hash(rest) as u16);
    let told = u16_le(header, 0);
    sum(header.len()) == told || sum(covered) == told
}

/// A header that is encrypted, with the first password that makes sense of it.
fn opened<'a>(archive: &mut Archive<'a>, at: usize, budget: &mut Budget) -> Result<Option<Block<'a>>, Stop> {
    let Some(salt) = array::<SALT_BYTES>(archive.bytes, at) else { return Ok(None) };
    let at = at + SALT_BYTES;
    for number in archive.keys.order() {
        let (Some(cipher), start) = archive.keys.four(number, Some(salt), budget)? else { continue };
        let block = decrypted(archive.bytes, at, &cipher, start).filter(|block| block.is_sound);
        if block.is_some() {
            archive.keys.opened(number);
            return Ok(block);
        }
    }
    Err(Stop::Failed(encrypted()))
}

fn decrypted<'a>(bytes: &'a [u8], at: usize, cipher: &Aes, start: [u8; 16]) -> Option<Block<'a>> {
    let first = cipher.chained(start, slice(bytes, at, CHAIN_BYTES)?);
    let size = size(&first, 0)?;
    let padded = size.next_multiple_of(CHAIN_BYTES);
    let mut header = cipher.chained(start, slice(bytes, at, padded)?);
    header.truncate(size);
    let is_sound = is_sound(&header);
    Some(Block { header: Cow::Owned(header), end: at + padded, is_sound })
}

fn entry(header: &[u8], flags: u16, end: usize) -> Option<Entry> {
    let big = flags & 0x100 != 0;
    let high = |at: usize| if big { u32_le(header, at).map(u64::from) } else { Some(0) };
    let (high_packed, high_size) = (high(32)?, high(36)?);
    let name_at = if big { 40 } else { 32 };
    let length = usize::from(u16_le(header, 26)?);
    let raw = slice(header, name_at, length)?;
    let (version, method) = (*header.get(24)?, *header.get(25)?);
    let salt = if flags & 0x400 != 0 { array(header, name_at + length) } else { None };
    let lock = match version {
        _ if flags & 4 == 0 => None,
        29.. => Some(FileLock::Four(salt)),
        _ => Some(FileLock::Unknown("rar2-encryption")),
    };
    let size = u64::from(u32_le(header, 11)?) | high_size << 32;
    Some(Entry {
        name: if flags & 0x200 != 0 { wide_name(raw) } else { names::decode(names::until_zero(raw)) },
        // All bits mean that it was not known when it was written.
        size: (size & 0xffff_ffff != 0xffff_ffff || !big).then_some(size),
        role: if flags & 0xe0 == 0xe0 { Role::Folder } else { Role::File },
        data: Data {
            start: end,
            packed: u64::from(u32_le(header, 7)?) | high_packed << 32,
            before: flags & 1 != 0,
            after: flags & 2 != 0,
        },
        packing: match method {
            0x30 => Packing::Stored,
            0x31..=0x35 => Packing::Old(version),
            _ => Packing::Unknown,
        },
        method: format!("rar4-{method:02x}"),
        solid: flags & 0x10 != 0,
        crc: u32_le(header, 16),
        lock,
        stream: None,
    })
}

/// A name with letters of any script: behind a zero it says how it differs from the plain one in front. Without a zero all
/// of it is UTF-8.
pub(super) fn wide_name(raw: &[u8]) -> String {
    let Some(zero) = raw.iter().position(|byte| *byte == 0) else { return String::from_utf8_lossy(raw).into_owned() };
    let (plain, packed) = (&raw[..zero], raw.get(zero + 1..).unwrap_or_default());
    wide_letters(plain, packed).map_or_else(|| names::decode(plain), |letters| String::from_utf16_lossy(&letters))
}

fn wide_letters(plain: &[u8], packed: &[u8]) -> Option<Vec<u16>> {
    let (page, mut rest) = packed.split_first().map(|(page, rest)| (u16::from(*page) << 8, rest))?;
    let (mut flags, mut bits) = (0, 0);
    let mut letters: Vec<u16> = Vec::new();
    while let Some((byte, behind)) = rest.split_first() {
        if bits == 0 {
            (flags, bits, rest) = (*byte, 8, behind);
            continue;
        }
        bits -= 2;
        rest = behind;
        match flags >> bits & 3 {
            0 => letters.push(u16::from(*byte)),
            1 => letters.push(u16::from(*byte) | page),
            2 => {
                let (high, behind) = rest.split_first()?;
                rest = behind;
                letters.push(u16::from_le_bytes([*byte, *high]));
            }
            _ => {
                // Letters of the plain name, as they are or moved within the page.
                let moved = if byte & 0x80 != 0 { Some(rest.split_off_first().copied()?) } else { None };
                for _ in 0..usize::from(byte & 0x7f) + 2 {
                    let Some(letter) = plain.get(letters.len()) else { break };
                    letters.push(match moved {
                        Some(by) => u16::from(letter.wrapping_add(by)) | page,
                        None => u16::from(*letter),
                    });
                }
            }
        }
    }
    Some(letters)
}
