//! The ZIP family (APPNOTE 6.3.10): the central directory and the local headers are both read and compared, because
//! programs differ in which of the two they believe.

mod content;
mod crypto;
mod directory;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading};
use crate::vector::{State, Value, vectors};
use directory::{Directory, Entry};
use model::Message;
use std::collections::HashSet;

vectors! { "zip":
    "entries" integer "Entries of the central directory, or local headers where there is none.";
    "folders" integer "Entries that are folders.";
    "encrypted" integer "Entries that are encrypted.";
    "packed_bytes" integer "Bytes of all entries as they are kept.";
    "unpacked_bytes" integer "Bytes of all entries as the directory says they are when unpacked.";
    "methods" texts "Methods of packing, each once.";
    "made_by" texts "Systems on which entries were made, each once.";
    "names" texts "Names of entries in the order of the directory.";
    "comment" text "Comment of the archive.";
    "zip64" flag "Whether the directory has sizes beyond 4 GB.";
    "oldest" text "Oldest time of an entry, local to where it was made.";
    "newest" text "Newest time of an entry, local to where it was made.";
}

/// Names that are kept as a fact.
const NAMES_MAX: usize = 1000;
/// Methods and systems, of which there are few.
const KINDS_MAX: usize = 32;

/// Takes an archive apart.
pub fn read(bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = Reading::default();
    let directory = directory::read(bytes, budget);
    facts(&directory, &mut reading);
    around(&directory, &mut reading);
    let mut passwords = crypto::Passwords::new(passwords);
    let mut names = HashSet::new();
    for entry in &directory.entries {
        compare(entry, &mut reading);
        names::look(&mut reading, &entry.name, entry.at);
        if !names.insert(entry.name.to_lowercase().replace('\\', "/")) {
            reading.odd_at(about("zip.duplicate-name", entry), entry.at);
        }
        if entry.is_folder() && entry.packed == 0 {
            continue;
        }
        let (content, storage) = content::of(bytes, entry, &mut passwords, budget, &mut reading);
        let child = Child { name: entry.name.clone(), content, storage, at: Some(entry.local) };
        if reading.child(budget, child).is_err() {
            return reading;
        }
    }
    if let Some(end) = directory.end.filter(|end| *end < bytes.len()) {
        let count = i64::try_from(bytes.len() - end).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("zip.data-behind").number("bytes", count), end as u64);
        // A limit is a fact by then.
        let _ = reading.child(budget, Child::range("", end..bytes.len()));
    }
    reading
}

fn about(code: &str, entry: &Entry) -> Message {
    Message::new(code).with("name", names::shown(&entry.name))
}

fn facts(directory: &Directory, reading: &mut Reading) {
    let entries = &directory.entries;
    let sum =
        |of: fn(&Entry) -> u64| Value::unsigned(entries.iter().fold(0, |sum, entry| of(entry).saturating_add(sum)));
    let count = |of: fn(&Entry) -> bool| Value::unsigned(entries.iter().filter(|entry| of(entry)).count() as u64);
    reading.know(NAMESPACE, "entries", Value::unsigned(entries.len() as u64));
    if let Some(limit) = directory.limited {
        reading.state(NAMESPACE, "entries", State::Limited(limit), None);
    }
    reading.know(NAMESPACE, "folders", count(Entry::is_folder));
    reading.know(NAMESPACE, "encrypted", count(Entry::is_encrypted));
    reading.know(NAMESPACE, "packed_bytes", sum(|entry| entry.packed));
    reading.know(NAMESPACE, "unpacked_bytes", sum(|entry| entry.size));
    if directory.zip64 {
        reading.know(NAMESPACE, "zip64", true);
    }
    text(reading, NAMESPACE, "comment", names::decode(directory.comment));
    let (mut listed, mut methods, mut systems) =
        (Gathered::new(NAMES_MAX), Gathered::new(KINDS_MAX), Gathered::new(KINDS_MAX));
    for entry in entries {
        listed.push(entry.name.as_str());
        methods.push(content::method_label(entry.real_method()));
        systems.push(directory::system(entry.made_by));
    }
    listed.state(reading, NAMESPACE, "names");
    methods.state(reading, NAMESPACE, "methods");
    systems.state(reading, NAMESPACE, "made_by");
    let times = || entries.iter().filter_map(|entry| directory::time(entry.time));
    if let (Some(oldest), Some(newest)) = (times().min(), times().max()) {
        reading.know(NAMESPACE, "oldest", oldest);
        reading.know(NAMESPACE, "newest", newest);
    }
}

/// What stands in front of, behind and between the entries, and whether they share bytes.
fn around(directory: &Directory, reading: &mut Reading) {
    let number = |code: &str, bytes: u64| Message::new(code).number("bytes", i64::try_from(bytes).unwrap_or(i64::MAX));
    if directory.end.is_none() && !directory.entries.is_empty() {
        reading.odd(Message::new("zip.no-directory"));
    } else if directory.entries.is_empty() && directory.end.is_none() {
        reading.state(NAMESPACE, "entries", State::Failed(crate::unpack::damaged()), None);
    }
    if directory.counted.is_some_and(|counted| counted != directory.listed as u64) {
        let counted = directory.counted.and_then(|counted| i64::try_from(counted).ok()).unwrap_or(i64::MAX);
        let message = Message::new("zip.count-differs").number("told", counted);
        reading.odd(message.number("found", i64::try_from(directory.listed).unwrap_or(i64::MAX)));
    }
    let mut extents: Vec<(u64, u64, &Entry)> = directory.entries.iter().filter_map(Entry::extent).collect();
    extents.sort_by_key(|(start, end, _)| (*start, *end));
    if let Some((first, _, _)) = extents.first().filter(|(start, _, _)| *start > 0) {
        reading.odd_at(number("zip.data-before", *first), 0);
    }
    let overlaps = |pair: &&[(u64, u64, &Entry)]| pair[1].0 < pair[0].1;
    let mut overlapping = extents.windows(2).filter(overlaps);
    if let Some(first) = overlapping.next() {
        let message = about("zip.overlapping-entries", first[1].2);
        let count = i64::try_from(overlapping.count()).unwrap_or(i64::MAX).saturating_add(1);
        reading.odd_at(message.number("entries", count), first[1].0);
    }
    let unlisted = directory.entries.iter().filter(|entry| entry.unlisted).count();
    if unlisted > 0 && directory.end.is_some() {
        reading
            .odd(Message::new("zip.unlisted-entries").number("entries", i64::try_from(unlisted).unwrap_or(i64::MAX)));
    }
}

/// Compares what the directory says of an entry to what its own header says.
fn compare(entry: &Entry, reading: &mut Reading) {
    let Some(header) = &entry.header else {
        if !entry.unlisted {
            reading.odd_at(about("zip.header-missing", entry), entry.at);
        }
        return;
    };
    let at = entry.local;
    if header.name != entry.raw_name {
        reading.odd_at(about("zip.name-differs", entry).with("local", names::shown(&names::decode(&header.name))), at);
    }
    if header.method != entry.method {
        let message = about("zip.method-differs", entry).number("told", i64::from(entry.method));
        reading.odd_at(message.number("local", i64::from(header.method)), at);
    }
    if header.flags & 1 != entry.flags & 1 {
        reading.odd_at(about("zip.encryption-differs", entry), at);
    }
    // Where the sizes stand behind the data, those in front may be empty.
    let later = header.flags & 8 != 0;
    let same = |there: u64, here: u64| there == here || later && there == 0;
    if !same(header.packed, entry.packed) || !same(header.size, entry.size) {
        reading.odd_at(about("zip.size-differs", entry), at);
    }
    if !same(header.crc.into(), entry.crc.into()) {
        reading.odd_at(about("zip.checksum-differs", entry), at);
    }
}

/// The limit under which an entry's content is not there.
fn limited(limit: Limit) -> Content {
    Content::Limited(limit)
}
