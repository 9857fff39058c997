//! From an entry to its bytes.

use super::crypto::{self, Passwords};
use super::directory::Entry;
use super::{about, limited};
use crate::budget::Budget;
use crate::bytes::{slice, u16_le};
use crate::decode;
use crate::reading::{Content, Reading, Storage};
use crate::unpack::{Unpacked, damaged, encrypted, unknown_method, unpack, unpack_up_to};
use std::io::Read;

/// The name of a method.
pub fn method_label(method: u16) -> String {
    let label = match method {
        0 => "stored",
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        8 => "deflate",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        20 | 93 => "zstd",
        95 => "xz",
        98 => "ppmd",
        99 => "aes",
        other => return other.to_string(),
    };
    label.to_owned()
}

fn storage(entry: &Entry) -> Storage {
    if entry.is_encrypted() {
        return Storage::Encrypted;
    }
    match entry.method {
        0 => Storage::Plain,
        8 => Storage::Packed("deflate"),
        9 => Storage::Packed("deflate64"),
        12 => Storage::Packed("bzip2"),
        14 => Storage::Packed("lzma"),
        20 | 93 => Storage::Packed("zstd"),
        95 => Storage::Packed("xz"),
        98 => Storage::Packed("ppmd"),
        _ => Storage::Packed("other"),
    }
}

/// The content of an entry, and how it is kept.
pub fn of(
    bytes: &[u8],
    entry: &Entry,
    passwords: &mut Passwords,
    budget: &mut Budget,
    reading: &mut Reading,
) -> (Content, Storage) {
    let storage = storage(entry);
    let Some(start) = entry.header.as_ref().map(|header| header.data) else {
        return (Content::Failed(damaged()), storage);
    };
    let rest = bytes.get(start..).unwrap_or_default();
    let length = usize::try_from(entry.packed).unwrap_or(usize::MAX);
    let (packed, cut) = slice(rest, 0, length).map_or((rest, true), |packed| (packed, false));
    let content = if entry.is_encrypted() {
        opened(packed, entry, passwords, budget)
    } else if entry.method == 0 && !cut {
        match budget.pass(packed.len()) {
            Err(limit) => limited(limit),
            Ok(()) => {
                check(entry, packed, reading);
                return (Content::Range(start..start + packed.len()), storage);
            }
        }
    } else {
        let mut unpacked = decoded(packed, entry.method, entry, budget);
        if let (true, Unpacked::Whole(bytes)) = (cut && entry.method == 0, &mut unpacked) {
            unpacked = Unpacked::Broken(std::mem::take(bytes));
        }
        if entry.method != 0 && !is_known(entry.method) {
            return (Content::Failed(unknown_method(method_label(entry.method))), storage);
        }
        unpacked.content()
    };
    if let Content::Bytes(bytes) = &content {
        check(entry, bytes, reading);
    }
    (content, storage)
}

/// Compares what came out to what was told of it.
fn check(entry: &Entry, bytes: &[u8], reading: &mut Reading) {
    let later = entry.unlisted && entry.flags & 8 != 0;
    if bytes.len() as u64 != entry.size && !later {
        let message =
            about("zip.unpacked-size-differs", entry).number("bytes", i64::try_from(bytes.len()).unwrap_or(0));
        reading.odd_at(message, entry.local);
    }
    let unchecked = entry.aes.is_some_and(|aes| aes.version == 2) || later;
    if !unchecked && crc32fast::hash(bytes) != entry.crc {
        reading.odd_at(about("zip.checksum-wrong", entry), entry.local);
    }
}

fn is_known(method: u16) -> bool {
    matches!(method, 0 | 8 | 9 | 12 | 14 | 20 | 93 | 95 | 98)
}

/// Unpacks some bytes by a method.
fn decoded(packed: &[u8], method: u16, entry: &Entry, budget: &mut Budget) -> Unpacked {
    let length = packed.len();
    match method {
        0 => unpack(packed, length, budget),
        8 => unpack(decode::inflate(packed), length, budget),
        9 => unpack(decode::inflate64(packed), length, budget),
        12 => unpack(decode::bzip2(packed), length, budget),
        14 => lzma(packed, entry, budget).unwrap_or(Unpacked::Broken(Vec::new())),
        20 | 93 => decode::zstd(packed).map_or(Unpacked::Broken(Vec::new()), |source| unpack(source, length, budget)),
        95 => unpack(decode::xz(packed), length, budget),
        // Nothing in it says where it ends.
        98 => decode::ppmd8(packed).map_or(Unpacked::Broken(Vec::new()), |source| {
            unpack_up_to(source.take(entry.size), length, entry.size, budget)
        }),
        _ => Unpacked::Broken(Vec::new()),
    }
}

/// LZMA with a version and its properties in front; the size is told, or an end is marked.
fn lzma(packed: &[u8], entry: &Entry, budget: &mut Budget) -> Option<Unpacked> {
    let properties = slice(packed, 4, usize::from(u16_le(packed, 2)?))?;
    let stream = packed.get(4 + properties.len()..)?;
    let marked = entry.flags & 2 != 0;
    let source = decode::lzma_raw(stream, properties, if marked { u64::MAX } else { entry.size }).ok()?;
    Some(unpack_up_to(source, packed.len(), if marked { u64::MAX } else { entry.size }, budget))
}

/// Tries the passwords until one opens the entry.
fn opened(packed: &[u8], entry: &Entry, passwords: &mut Passwords, budget: &mut Budget) -> Content {
    let method = entry.real_method();
    if entry.method == 99 && entry.aes.is_none() || entry.flags & 0x40 != 0 {
        return Content::Failed(unknown_method("strong-encryption"));
    }
    for number in passwords.order() {
        let Some(password) = passwords.get(number) else { continue };
        if let Err(limit) = budget.step(if entry.aes.is_some() { crypto::AES_STEPS } else { 1 }) {
            return limited(limit);
        }
        let plain = match entry.aes {
            Some(aes) => crypto::aes(packed, &aes, password, budget),
            None => crypto::traditional(packed, entry, password, budget),
        };
        let plain = match plain {
            Ok(Some(plain)) => plain,
            Ok(None) => continue,
            Err(limit) => return limited(limit),
        };
        if !is_known(method) {
            return Content::Failed(unknown_method(method_label(method)));
        }
        let unpacked = decoded(&plain, method, entry, budget);
        let right = match &unpacked {
            // One byte told the old kind of password right, which it does by chance as well.
            Unpacked::Whole(bytes) => entry.aes.is_some() || crc32fast::hash(bytes) == entry.crc,
            Unpacked::Broken(_) => entry.aes.is_some(),
            Unpacked::Limited(_) => true,
        };
        if right {
            passwords.opened(number);
            return unpacked.content();
        }
    }
    Content::Failed(encrypted())
}
