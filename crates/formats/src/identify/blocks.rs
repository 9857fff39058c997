//! Formats without letters in front: told by checksums, by sizes that agree, or by what stands at their end.

use super::{image, media};
use crate::bytes::{contains, has, head, slice, tail, u8_at, u16_le, u32_be, u32_le};
use crate::kind::Kind;

/// A tape archive from before `ustar`: the sum of the header's bytes stands in the header.
pub fn by_checksum(bytes: &[u8]) -> Option<Kind> {
    let header: &[u8; 512] = bytes.first_chunk()?;
    // A name comes first, and an octal number stands where the sum is; so almost nothing is added up in vain.
    if header[0] == 0 || !header[148..155].iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0)) {
        return None;
    }
    let told = octal(&header[148..156])?;
    let blank = 8 * u32::from(b' ');
    let sum = |range: &[u8]| range.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let signed = |range: &[u8]| range.iter().map(|byte| i32::from(byte.cast_signed())).sum::<i32>();
    let unsigned_sum = sum(&header[..148]) + blank + sum(&header[156..]);
    let signed_sum = signed(&header[..148]) + blank.cast_signed() + signed(&header[156..]);
    (told == unsigned_sum || i64::from(told) == i64::from(signed_sum)).then_some(Kind::Tar)
}

fn octal(field: &[u8]) -> Option<u32> {
    let digits = field.trim_ascii_start().split(|byte| matches!(byte, b' ' | 0)).next()?;
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8)?.checked_add(u32::from(digit - b'0')),
        _ => None,
    })
}

/// What is neither marked nor text, by its end or by numbers that only make sense together.
pub fn unmarked(bytes: &[u8]) -> Option<Kind> {
    type Ask = fn(&[u8]) -> Option<Kind>;
    const ASKED: &[Ask] = &[
        image::targa,
        apple_disk,
        virtual_disk,
        boot_record,
        dbase,
        media::mpeg_m2ts,
        media::elementary,
        image::stl,
        image::targa_old,
    ];
    ASKED.iter().find_map(|ask| ask(bytes))
}

/// Apple's disk images end with a block that names itself.
fn apple_disk(bytes: &[u8]) -> Option<Kind> {
    let block = tail(bytes, 512);
    has(block, 0, b"koly\x00\x00\x00\x04").then_some(Kind::Dmg)
}

/// A virtual disk of fixed size has its header only at the end.
fn virtual_disk(bytes: &[u8]) -> Option<Kind> {
    has(tail(bytes, 512), 0, b"conectix").then_some(Kind::Vhd)
}

/// The first sector of a disk or of a file system of DOS.
fn boot_record(bytes: &[u8]) -> Option<Kind> {
    if !has(bytes, 510, &[0x55, 0xaa]) {
        return None;
    }
    let jump = matches!(slice(bytes, 0, 3)?, [0xeb, _, 0x90] | [0xe9, ..]);
    let sector = matches!(u16_le(bytes, 11)?, 512 | 1024 | 2048 | 4096) && u8_at(bytes, 13)?.is_power_of_two();
    if jump && sector && (has(bytes, 54, b"FAT") || has(bytes, 82, b"FAT") || u8_at(bytes, 16)? == 2) {
        return Some(Kind::FatFs);
    }
    // Four partitions: each is marked active or not, and at least one has a type.
    let partitions = bytes.get(446..510)?;
    let sound = partitions.chunks_exact(16).all(|entry| entry[0] & 0x7f == 0);
    (sound && partitions.chunks_exact(16).any(|entry| entry[4] != 0)).then_some(Kind::Mbr)
}

/// A table of dBase: its version, the day it was changed, and sizes of header and record that lead to its fields' end.
fn dbase(bytes: &[u8]) -> Option<Kind> {
    let known = matches!(u8_at(bytes, 0)?, 0x02 | 0x03 | 0x30 | 0x31 | 0x32 | 0x43 | 0x83 | 0x8b | 0xcb | 0xf5);
    let (month, day) = (u8_at(bytes, 2)?, u8_at(bytes, 3)?);
    let header = usize::from(u16_le(bytes, 8)?);
    let dated = (1..=12).contains(&month) && (1..=31).contains(&day);
    let ended = header > 32 && bytes.get(32..header)?.contains(&0x0d) && u16_le(bytes, 10)? > 0;
    let named = u8_at(bytes, 32)?.is_ascii_graphic();
    (known && dated && ended && named).then_some(Kind::Dbf)
}

/// The superblock of ext2 and its successors: a state and a version that there are.
pub fn ext(bytes: &[u8]) -> Option<Kind> {
    let (state, errors) = (u16_le(bytes, 0x43a)?, u16_le(bytes, 0x43c)?);
    (state <= 7 && (1..=3).contains(&errors) && u32_le(bytes, 0x44c)? <= 1).then_some(Kind::ExtFs)
}

/// Compiled messages: a version, and tables that lie inside.
pub fn gettext(bytes: &[u8]) -> Option<Kind> {
    let number = if u8_at(bytes, 0)? == 0xde { u32_le } else { u32_be };
    let inside = |at| number(bytes, at).is_some_and(|offset| offset as usize <= bytes.len());
    (number(bytes, 4)? >> 16 <= 1 && inside(12) && inside(16)).then_some(Kind::Mo)
}

pub fn parquet(bytes: &[u8]) -> Option<Kind> {
    let end = tail(bytes, 4);
    (end == b"PAR1" || end == b"PARE" || u8_at(bytes, 4)? < 0x20).then_some(Kind::Parquet)
}

pub fn orc(bytes: &[u8]) -> Option<Kind> {
    contains(tail(bytes, 5), b"ORC").then_some(Kind::Orc)
}

/// Pickled objects of Python since protocol 2: a protocol, and a stop as the last byte.
pub fn pickle(bytes: &[u8]) -> Option<Kind> {
    let (protocol, next) = (u8_at(bytes, 1)?, u8_at(bytes, 2)?);
    let begins = match protocol {
        2 | 3 => b"}]()cXUKMNJGBCVl\x8a\x88\x89\x8c".contains(&next),
        4 | 5 => next == 0x95 || b"}])NKMJG\x8c\x8f".contains(&next),
        _ => false,
    };
    (begins && bytes.last() == Some(&b'.')).then_some(Kind::Pickle)
}

/// A section header of a capture has its byte order behind its size.
pub fn pcapng(bytes: &[u8]) -> Option<Kind> {
    (has(bytes, 8, b"\x1a\x2b\x3c\x4d") || has(bytes, 8, b"\x4d\x3c\x2b\x1a")).then_some(Kind::Pcapng)
}

/// A dictionary in bencoding that has what torrents have.
pub fn torrent(bytes: &[u8]) -> Option<Kind> {
    let first = head(bytes, 4096);
    let starts =
        [b"d8:announce".as_slice(), b"d13:announce-list", b"d10:created by", b"d13:creation date", b"d7:comment"];
    let named = starts.iter().any(|start| first.starts_with(start)) || first.starts_with(b"d4:infod");
    (named && contains(first, b"4:infod")).then_some(Kind::Torrent)
}

/// A compiled terminal: sizes of its names and tables, and a name.
pub fn terminfo(bytes: &[u8]) -> Option<Kind> {
    let names = usize::from(u16_le(bytes, 2)?);
    let text = slice(bytes, 12, names)?;
    let (last, name) = text.split_last()?;
    let printable = name.iter().all(|byte| (0x20..0x7f).contains(byte));
    (*last == 0 && !name.is_empty() && printable && u16_le(bytes, 4)? <= 100).then_some(Kind::Terminfo)
}
