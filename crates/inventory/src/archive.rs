//! ZIP archives of any mixture of files. Nothing is ever written; every entry is unpacked inside limits, and one that
//! breaks them is refused by name while the rest is read.

use crate::limits::Limits;
use crate::{Walk, text};
use model::Message;
use std::borrow::Cow;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

/// Sizes below this may grow by any factor: a short text packs very well.
const RATIO_FROM: u64 = 1 << 20;

/// What may still be unpacked in this import of one archive, nested ones included.
pub struct Budget {
    bytes: u64,
    entries: usize,
}

impl Budget {
    pub fn new(limits: &Limits) -> Self {
        Budget { bytes: limits.unpacked_bytes, entries: limits.entries }
    }
}

/// What is done with each entry: its path and bytes.
pub type Each<'a> = dyn FnMut(&str, &[u8], &mut Walk<'_>) + 'a;

pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// An XLSX workbook is a ZIP too.
pub fn is_workbook(bytes: &[u8]) -> bool {
    open(bytes).is_ok_and(|archive| archive.index_for_name_raw(b"xl/workbook.xml").is_some())
}

/// Reads every entry with `each`, which is given the entry's path (`archive.zip!folder/file.txt`) and bytes.
pub fn read(path: &str, bytes: &[u8], walk: &mut Walk<'_>, each: &mut Each<'_>) -> Result<(), Message> {
    let limits = walk.limits;
    let mut archive = open(bytes)?;
    for index in 0..archive.len() {
        if walk.budget.entries == 0 {
            return Err(Message::new("inventory.archive-entries").number("limit", limits.entries as i64));
        }
        walk.budget.entries -= 1;
        let (name, unpacked) = match unpack(&mut archive, index, limits, &mut walk.budget) {
            Entry::File(name, unpacked) => (name, unpacked),
            Entry::Skipped => continue,
        };
        let inner = format!("{path}!{name}");
        match unpacked {
            Ok(unpacked) => each(&inner, &unpacked, walk),
            Err(message) => walk.refuse(inner, message),
        }
        if walk.budget.bytes == 0 {
            return Err(Message::new("inventory.archive-size").number("limit", limits.unpacked_bytes as i64));
        }
    }
    Ok(())
}

/// The bytes that a path inside an archive names; for any other path, the bytes themselves.
pub fn entry<'a>(path: &str, bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Message> {
    let mut bytes = Cow::Borrowed(bytes);
    let mut names: Vec<&str> = path.split('!').skip(1).collect();
    names.truncate(limits.nesting + 1);
    for wanted in names {
        if !is_zip(&bytes) || is_workbook(&bytes) {
            break;
        }
        let mut archive = open(&bytes)?;
        let index =
            (0..archive.len()).find(|index| archive.by_index_raw(*index).is_ok_and(|file| name_of(&file) == wanted));
        let missing = || Message::new("inventory.archive-no-entry").with("name", crate::xml::clip(wanted, 200));
        let unpacked = match unpack(&mut archive, index.ok_or_else(missing)?, limits, &mut Budget::new(limits)) {
            Entry::File(_, unpacked) => unpacked?,
            Entry::Skipped => return Err(missing()),
        };
        bytes = Cow::Owned(unpacked);
    }
    Ok(bytes)
}

/// Unpacks everything once without keeping it: for readers that unpack by themselves and without limits.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<(), Message> {
    let mut archive = open(bytes)?;
    let mut budget = Budget { bytes: limits.file_bytes, entries: limits.entries };
    if archive.len() > limits.entries {
        return Err(Message::new("inventory.archive-entries").number("limit", limits.entries as i64));
    }
    for index in 0..archive.len() {
        if let Entry::File(_, unpacked) = unpack(&mut archive, index, limits, &mut budget) {
            unpacked?;
        }
    }
    Ok(())
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Message> {
    ZipArchive::new(Cursor::new(bytes)).map_err(broken)
}

fn broken(error: ZipError) -> Message {
    let reason = match error {
        ZipError::Io(error) => Message::from(error),
        ZipError::UnsupportedArchive(_) => Message::new("inventory.archive-method"),
        ZipError::InvalidArchive(detail) => Message::new("inventory.archive-directory").with("detail", detail),
        other => Message::new("os.other").with("text", other),
    };
    Message::new("inventory.archive-broken").reason("error", reason)
}

enum Entry {
    File(String, Result<Vec<u8>, Message>),
    /// A folder, or what an operating system leaves in archives.
    Skipped,
}

fn unpack(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, limits: &Limits, budget: &mut Budget) -> Entry {
    let (name, packed) = match archive.by_index_raw(index) {
        Err(error) => return Entry::File(format!("#{}", index + 1), Err(broken(error))),
        Ok(file) => {
            let name = name_of(&file);
            if file.is_dir() || name.starts_with("__MACOSX/") || name.ends_with("/.DS_Store") {
                return Entry::Skipped;
            }
            if let Some(message) = refusal(&name, &file, limits) {
                return Entry::File(shown(&name), Err(message));
            }
            (shown(&name), file.compressed_size())
        }
    };
    let unpacked = match archive.by_index(index) {
        Err(error) => Err(broken(error)),
        Ok(mut file) => read_capped(&mut file, packed, limits, budget),
    };
    Entry::File(name, unpacked)
}

/// Why an entry is not even unpacked.
fn refusal(name: &str, file: &ZipFile<'_, Cursor<&[u8]>>, limits: &Limits) -> Option<Message> {
    if is_unsafe(name) {
        return Some(Message::new("inventory.archive-name"));
    }
    if file.encrypted() {
        return Some(Message::new("inventory.archive-encrypted"));
    }
    if file.is_symlink() {
        return Some(Message::new("inventory.archive-link"));
    }
    (file.size() > limits.file_bytes)
        .then(|| Message::new("inventory.too-large").number("limit", limits.file_bytes as i64))
}

/// Names that reach out of the archive's folder, or try to.
fn is_unsafe(name: &str) -> bool {
    name.is_empty()
        || name.starts_with('/')
        || name.contains(['\\', '\0'])
        || name.split('/').any(|part| part == "..")
        || name.as_bytes().get(1) == Some(&b':')
}

/// The sizes an archive states are not believed: unpacking itself stops at the limits.
fn read_capped(file: &mut impl Read, packed: u64, limits: &Limits, budget: &mut Budget) -> Result<Vec<u8>, Message> {
    let by_ratio = packed.saturating_mul(limits.ratio).max(RATIO_FROM);
    let cap = limits.file_bytes.min(budget.bytes).min(by_ratio);
    let mut out = Vec::new();
    let read = file.take(cap + 1).read_to_end(&mut out);
    budget.bytes = budget.bytes.saturating_sub(out.len() as u64);
    if let Err(error) = read {
        return Err(Message::new("inventory.archive-broken").reason("error", error));
    }
    match out.len() as u64 {
        length if length <= cap => Ok(out),
        _ if cap == by_ratio => Err(Message::new("inventory.archive-ratio").number("limit", limits.ratio as i64)),
        _ if cap == limits.file_bytes => {
            Err(Message::new("inventory.too-large").number("limit", limits.file_bytes as i64))
        }
        _ => {
            budget.bytes = 0;
            Err(Message::new("inventory.archive-size").number("limit", limits.unpacked_bytes as i64))
        }
    }
}

/// Entry names are UTF-8 or the packing machine's code page, whatever the flag says.
fn name_of(file: &ZipFile<'_, Cursor<&[u8]>>) -> String {
    text::decode(file.name_raw()).text
}

fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(400).collect()
}
