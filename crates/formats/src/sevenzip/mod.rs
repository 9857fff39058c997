//! 7z archives (`7zFormat.txt` of the LZMA SDK).

mod coders;
mod header;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::bytes::{slice, u32_le, u64_le};
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::names;
use crate::ole::properties::filetime;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{Unpacked, damaged, encrypted, unpack_up_to};
use crate::vector::{State, Value, vectors};
use coders::{Assembly, Stop};
use header::{File, Header, Outer, Streams};
use model::Message;
use std::io::Read;

vectors! { "sevenzip":
    "entries" integer "Files and folders.";
    "names" texts "Their names.";
    "methods" texts "Methods of packing, each once.";
    "encrypted" flag "Whether files are encrypted.";
    "encrypted_header" flag "Whether the list of files is encrypted.";
    "solid" flag "Whether files are packed together.";
    "unpacked_bytes" integer "Bytes of all files as the header says.";
    "oldest" time "Oldest time of a file.";
    "newest" time "Newest time of a file.";
}

/// Names that are kept as a fact.
const NAMES_MAX: usize = 1000;
/// Headers that are packed within packed headers.
const HEADERS_MAX: usize = 4;
/// Passwords that are tried.
const PASSWORDS_MAX: usize = 20;

/// Takes an archive apart.
pub fn read(bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = Reading::default();
    let passwords = &passwords[..passwords.len().min(PASSWORDS_MAX)];
    match header(bytes, budget, passwords, &mut reading) {
        Ok(header) => {
            facts(&header, &mut reading);
            if let Err(limit) = files(bytes, &header, budget, passwords, &mut reading) {
                reading.state(NAMESPACE, "entries", State::Limited(limit), None);
            }
        }
        Err(Stop::Failed(message)) => reading.state(NAMESPACE, "entries", State::Failed(message), None),
        Err(Stop::Limited(limit)) => reading.state(NAMESPACE, "entries", State::Limited(limit), None),
    }
    reading
}

/// The header, unpacked as often as it is packed.
fn header(bytes: &[u8], budget: &mut Budget, passwords: &[String], reading: &mut Reading) -> Result<Header, Stop> {
    let broken = || Stop::Failed(damaged());
    let start = slice(bytes, 12, 20).ok_or_else(broken)?;
    if u32_le(bytes, 8) != Some(crc32fast::hash(start)) {
        reading.odd_at(Message::new("sevenzip.checksum-wrong"), 8);
    }
    let (at, size) = (u64_le(start, 0).ok_or_else(broken)?, u64_le(start, 8).ok_or_else(broken)?);
    if size == 0 {
        return Ok(Header::default());
    }
    let (at, size) = (usize::try_from(at), usize::try_from(size));
    let (Ok(at), Ok(size)) = (at, size) else { return Err(broken()) };
    let at = at.checked_add(32).ok_or_else(broken)?;
    let raw = slice(bytes, at, size).ok_or_else(broken)?;
    if u32_le(start, 16) != Some(crc32fast::hash(raw)) {
        reading.odd_at(Message::new("sevenzip.checksum-wrong"), at as u64);
    }
    if at + size < bytes.len() {
        let count = i64::try_from(bytes.len() - at - size).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("sevenzip.data-behind").number("bytes", count), (at + size) as u64);
        // A limit is a fact by then.
        let _ = reading.child(budget, Child::range("", at + size..bytes.len()));
    }
    let mut raw = raw.to_vec();
    for _ in 0..HEADERS_MAX {
        match header::read(&raw).ok_or_else(broken)? {
            Outer::Plain(header) => return Ok(header),
            Outer::Packed(streams) => {
                reading.know(NAMESPACE, "encrypted_header", streams.folders.iter().any(coders::is_encrypted));
                raw = packed_header(bytes, &streams, budget, passwords)?;
            }
        }
    }
    Err(broken())
}

fn packed_header(bytes: &[u8], streams: &Streams, budget: &mut Budget, passwords: &[String]) -> Result<Vec<u8>, Stop> {
    let (Some(folder), Some(piece)) = (streams.folders.first(), streams.pieces.first()) else {
        return Err(Stop::Failed(damaged()));
    };
    let is_encrypted = coders::is_encrypted(folder);
    let tried: Vec<Option<&str>> =
        if is_encrypted { passwords.iter().map(|password| Some(password.as_str())).collect() } else { vec![None] };
    for password in tried {
        let mut assembly =
            Assembly { bytes, packed: &streams.packed, folder, password, budget: &mut *budget, memory_kib: 0 };
        let source = assembly.whole()?;
        match unpack_up_to(source.take(piece.size), 0, piece.size, budget) {
            Unpacked::Whole(header) if piece.crc.is_none_or(|crc| crc == crc32fast::hash(&header)) => {
                return Ok(header);
            }
            Unpacked::Limited(limit) => return Err(Stop::Limited(limit)),
            _ => {}
        }
    }
    Err(Stop::Failed(if is_encrypted { encrypted() } else { damaged() }))
}

fn facts(header: &Header, reading: &mut Reading) {
    let (mut listed, mut methods) = (Gathered::new(NAMES_MAX), Gathered::new(NAMES_MAX));
    for file in &header.files {
        listed.push(file.name.as_str());
    }
    for coder in header.streams.folders.iter().flat_map(|folder| &folder.coders) {
        methods.push(coders::label(&coder.id));
    }
    reading.know(NAMESPACE, "entries", Value::unsigned(header.files.len() as u64));
    listed.state(reading, NAMESPACE, "names");
    methods.state(reading, NAMESPACE, "methods");
    reading.know(NAMESPACE, "encrypted", header.streams.folders.iter().any(coders::is_encrypted));
    reading.know(NAMESPACE, "solid", header.streams.pieces.len() > header.streams.folders.len());
    let sum = header.streams.pieces.iter().fold(0_u64, |sum, piece| sum.saturating_add(piece.size));
    reading.know(NAMESPACE, "unpacked_bytes", Value::unsigned(sum));
    let times = || header.files.iter().filter_map(|file| filetime(file.modified));
    if let (Some(oldest), Some(newest)) = (times().min(), times().max()) {
        reading.know(NAMESPACE, "oldest", Value::Time(oldest));
        reading.know(NAMESPACE, "newest", Value::Time(newest));
    }
}

/// The files, folder by folder, each folder unpacked once.
fn files(
    bytes: &[u8],
    header: &Header,
    budget: &mut Budget,
    passwords: &[String],
    reading: &mut Reading,
) -> Result<(), Limit> {
    let mut with_streams = header.files.iter().filter(|file| file.has_stream);
    let mut at = 0;
    let pieces = &header.streams.pieces;
    while let Some(piece) = pieces.get(at) {
        let count = pieces[at..].iter().take_while(|other| other.folder == piece.folder).count();
        let files: Vec<Option<&File>> = (0..count).map(|_| with_streams.next()).collect();
        folder(bytes, header, at..at + count, &files, budget, passwords, reading)?;
        at += count;
    }
    if with_streams.next().is_some() {
        reading.odd(Message::new("sevenzip.files-without-data"));
    }
    for file in header.files.iter().filter(|file| !file.has_stream) {
        names::look(reading, &file.name, 0);
        if !file.is_folder {
            reading.child(budget, Child::made(file.name.clone(), Vec::new(), Storage::Plain))?;
        }
    }
    Ok(())
}

fn folder(
    bytes: &[u8],
    header: &Header,
    range: std::ops::Range<usize>,
    files: &[Option<&File>],
    budget: &mut Budget,
    passwords: &[String],
    reading: &mut Reading,
) -> Result<(), Limit> {
    let pieces = &header.streams.pieces[range];
    let Some(folder) = pieces.first().and_then(|piece| header.streams.folders.get(piece.folder)) else { return Ok(()) };
    let is_encrypted = coders::is_encrypted(folder);
    let storage = if is_encrypted { Storage::Encrypted } else { storage(folder) };
    let mut tried: Vec<Option<&str>> = vec![None];
    if is_encrypted {
        tried = passwords.iter().map(|password| Some(password.as_str())).collect();
    }
    let mut contents: Vec<Content> = vec![Content::Failed(encrypted()); pieces.len()];
    for password in tried {
        let mut assembly =
            Assembly { bytes, packed: &header.streams.packed, folder, password, budget: &mut *budget, memory_kib: 0 };
        let mut source = match assembly.whole() {
            Ok(source) => source,
            Err(Stop::Failed(message)) => {
                contents = vec![Content::Failed(message); pieces.len()];
                break;
            }
            Err(Stop::Limited(limit)) => return Err(limit),
        };
        let mut wrong = false;
        let mut stopped: Option<Content> = None;
        for (number, piece) in pieces.iter().enumerate() {
            if let Some(content) = &stopped {
                contents[number] = content.clone();
                continue;
            }
            let unpacked = unpack_up_to(source.by_ref().take(piece.size), 0, piece.size, budget);
            let unpacked = match unpacked {
                Unpacked::Whole(bytes) => {
                    let right =
                        bytes.len() as u64 == piece.size && piece.crc.is_none_or(|crc| crc == crc32fast::hash(&bytes));
                    if right { Unpacked::Whole(bytes) } else { Unpacked::Broken(bytes) }
                }
                other => other,
            };
            wrong = is_encrypted && number == 0 && matches!(unpacked, Unpacked::Broken(_));
            if wrong {
                break;
            }
            // What follows in the same stream is not to be had either.
            stopped = match &unpacked {
                Unpacked::Limited(limit) => Some(Content::Limited(*limit)),
                _ => None,
            };
            contents[number] = unpacked.content();
        }
        if !wrong {
            break;
        }
    }
    for (content, file) in contents.into_iter().zip(files) {
        let name = file.map(|file| file.name.clone()).unwrap_or_default();
        names::look(reading, &name, 0);
        reading.child(budget, Child { name, content, storage: storage.clone(), at: None })?;
    }
    Ok(())
}

fn storage(folder: &header::Folder) -> Storage {
    let labels: Vec<String> = folder.coders.iter().map(|coder| coders::label(&coder.id)).collect();
    let known = ["lzma2", "lzma", "ppmd", "bzip2", "deflate64", "deflate", "zstd", "lz4"];
    known
        .iter()
        .find(|name| labels.iter().any(|label| label == *name))
        .map_or(Storage::Plain, |name| Storage::Packed(name))
}
