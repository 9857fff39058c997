//! RAR archives of both formats: 4, which is that of the versions 1.5 to 4, and 5, which goes on to version 7.
//!
//! The headers are read here, so that a broken archive still says what it can; the decoders are those of the `rars` crate,
//! each behind the capped door. Files of a solid archive go on where the one before them ended: one that could not be
//! unpacked takes those behind it with it, and each of them says so.

mod five;
mod four;
mod keys;
mod unpacker;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::crypt::Aes;
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{Unpacked, damaged, encrypted, unknown_method};
use crate::vector::{State, Value, vectors};
use keys::{Five, Keys, Lock};
use model::Message;
use unpacker::Unpacker;

vectors! { "rar":
    "format" integer "Which format it is: 4 or 5.";
    "entries" integer "Files and folders.";
    "names" texts "Their names.";
    "links" texts "Links, each with what it points to.";
    "encrypted" integer "Files that are encrypted.";
    "encrypted_headers" flag "Whether the headers are encrypted.";
    "solid" flag "Whether files are packed together.";
    "volume" flag "Whether it is one of several volumes.";
    "comment" flag "Whether it has a comment.";
    "unpacked_bytes" integer "Bytes of all files as the headers say.";
}

/// Names that are kept as a fact.
const NAMES_MAX: usize = 1000;
const SIGNATURE_5: &[u8] = b"Rar!\x1a\x07\x01\0";
const SIGNATURE_4: &[u8] = b"Rar!\x1a\x07\0";

/// Takes an archive apart.
pub fn read(bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = Reading::default();
    let mut archive = Archive::new(bytes, passwords);
    let (format, ended) = if bytes.starts_with(SIGNATURE_5) {
        (5_u32, five::read(&mut archive, budget, &mut reading))
    } else if bytes.starts_with(SIGNATURE_4) {
        (4, four::read(&mut archive, budget, &mut reading))
    } else {
        (0, Ok(false))
    };
    reading.know(NAMESPACE, "format", format);
    reading.know(NAMESPACE, "entries", Value::unsigned(archive.entries));
    match ended {
        Ok(true) => {}
        Ok(false) => reading.state(NAMESPACE, "entries", State::Failed(damaged()), None),
        Err(Stop::Failed(message)) => reading.state(NAMESPACE, "entries", State::Failed(message), None),
        Err(Stop::Limited(limit)) => reading.state(NAMESPACE, "entries", State::Limited(limit), None),
    }
    archive.facts(&mut reading);
    reading
}

/// Why the headers were not read to their end.
enum Stop {
    Failed(Message),
    Limited(Limit),
}

impl From<Limit> for Stop {
    fn from(limit: Limit) -> Self {
        Stop::Limited(limit)
    }
}

/// What is read of one archive, and what its files share.
struct Archive<'a> {
    bytes: &'a [u8],
    keys: Keys<'a>,
    stream: Unpacker,
    /// A file of the stream is missing, and why.
    broken: Option<Content>,
    /// The last file, which a stream beside it is of.
    last: String,
    names: Gathered,
    links: Gathered,
    entries: u64,
    encrypted: u64,
    unpacked: u64,
    headers: bool,
    solid: bool,
    volume: bool,
    comment: bool,
}

/// One file as a header tells it.
struct Entry {
    name: String,
    /// None when it was not known when the header was written.
    size: Option<u64>,
    role: Role,
    data: Data,
    packing: Packing,
    method: String,
    /// It goes on where the one before it ended.
    solid: bool,
    crc: Option<u32>,
    lock: Option<FileLock>,
    /// The name of a stream beside a file.
    stream: Option<String>,
}

#[derive(Clone, PartialEq)]
enum Role {
    File,
    Folder,
    /// And what it points to.
    Link(String),
    Comment,
    /// A stream beside a file, as NTFS has them.
    Stream,
    /// What the program keeps for itself.
    Other,
}

/// Where the packed bytes are.
struct Data {
    start: usize,
    packed: u64,
    /// It begins in the volume before.
    before: bool,
    /// It goes on in the next volume.
    after: bool,
}

enum Packing {
    Stored,
    Five {
        version: u8,
        dictionary: u64,
    },
    /// By the version that can unpack it.
    Old(u8),
    Unknown,
}

/// How a file is encrypted.
enum FileLock {
    Five { lock: Lock, start: [u8; 16], hides_sums: bool },
    Four(Option<[u8; 8]>),
    Unknown(&'static str),
}

/// A way to decrypt a file.
struct Cipher {
    aes: Aes,
    start: [u8; 16],
    /// The keys that also hide its checksum.
    sums: Option<Five>,
    /// The password is known to be right.
    checked: bool,
}

impl Role {
    /// What is kept beside the files, by its name.
    fn service(name: &str) -> Self {
        match name {
            "CMT" => Role::Comment,
            "STM" => Role::Stream,
            _ => Role::Other,
        }
    }
}

impl<'a> Archive<'a> {
    fn new(bytes: &'a [u8], passwords: &'a [String]) -> Self {
        Archive {
            bytes,
            keys: Keys::new(passwords),
            stream: Unpacker::default(),
            broken: None,
            last: String::new(),
            names: Gathered::new(NAMES_MAX),
            links: Gathered::new(NAMES_MAX),
            entries: 0,
            encrypted: 0,
            unpacked: 0,
            headers: false,
            solid: false,
            volume: false,
            comment: false,
        }
    }

    fn facts(self, reading: &mut Reading) {
        reading.know(NAMESPACE, "encrypted", Value::unsigned(self.encrypted));
        reading.know(NAMESPACE, "unpacked_bytes", Value::unsigned(self.unpacked));
        for (flag, name) in [
            (self.headers, "encrypted_headers"),
            (self.solid, "solid"),
            (self.volume, "volume"),
            (self.comment, "comment"),
        ] {
            reading.know(NAMESPACE, name, flag);
        }
        self.names.state(reading, NAMESPACE, "names");
        self.links.state(reading, NAMESPACE, "links");
    }

    /// Keeps what a header tells, and the content of its file.
    fn entry(&mut self, entry: Entry, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let at = entry.data.start as u64;
        let name = match &entry.role {
            Role::Other => return Ok(()),
            Role::Comment => {
                self.comment = true;
                entry.name.clone()
            }
            Role::Stream => {
                let stream = entry.stream.as_deref().unwrap_or_default().trim_start_matches(':');
                names::look(reading, stream, at);
                format!("{}:{stream}", self.last)
            }
            Role::File | Role::Folder | Role::Link(_) => {
                self.count(&entry);
                names::look(reading, &entry.name, at);
                self.last.clone_from(&entry.name);
                entry.name.clone()
            }
        };
        if let Role::Link(target) = &entry.role {
            names::look(reading, target, at);
            self.links.push(format!("{name} -> {target}"));
        }
        if matches!(entry.role, Role::Folder | Role::Link(_)) {
            return Ok(());
        }
        let storage = match (&entry.lock, &entry.packing) {
            (Some(_), _) => Storage::Encrypted,
            (None, Packing::Stored) => Storage::Plain,
            (None, _) => Storage::Packed("rar"),
        };
        let content = self.content(&entry, budget, reading);
        reading.child(budget, Child { name, content, storage, at: Some(at) })
    }

    fn count(&mut self, entry: &Entry) {
        self.entries += 1;
        self.encrypted += u64::from(entry.lock.is_some());
        self.unpacked = self.unpacked.saturating_add(entry.size.unwrap_or(0));
        self.names.push(entry.name.as_str());
    }

    /// The content of a file; what is left of the stream goes to those behind it.
    fn content(&mut self, entry: &Entry, budget: &mut Budget, reading: &mut Reading) -> Content {
        if entry.size == Some(0) && entry.data.packed == 0 {
            return Content::Bytes(Vec::new());
        }
        let is_in_stream = entry.role == Role::File && !matches!(entry.packing, Packing::Stored);
        let solid = is_in_stream && self.is_solid(entry);
        if solid && let Some(broken) = &self.broken {
            return broken.clone();
        }
        let content = self.bytes(entry, solid, budget, reading);
        if is_in_stream {
            self.broken = match &content {
                Content::Bytes(_) | Content::Range(_) => None,
                // All of it came out, and is not what it was.
                Content::Partial(_, why) if *why == checksum_wrong() => None,
                Content::Limited(limit) => Some(Content::Limited(*limit)),
                Content::Partial(..) | Content::Failed(_) => {
                    Some(Content::Failed(Message::new("rar.builds-on-missing")))
                }
            };
        }
        content
    }

    fn is_solid(&self, entry: &Entry) -> bool {
        match entry.packing {
            Packing::Five { .. } => entry.solid,
            // The first versions had no sign of it with the file.
            Packing::Old(version) => {
                let follows = self.stream.has_begun() || self.broken.is_some();
                self.solid && follows && (version < 20 || entry.solid)
            }
            Packing::Stored | Packing::Unknown => false,
        }
    }

    fn bytes(&mut self, entry: &Entry, solid: bool, budget: &mut Budget, reading: &mut Reading) -> Content {
        if entry.data.before {
            return Content::Failed(Message::new("rar.in-another-volume"));
        }
        if entry.size.is_some_and(|size| size > budget.file_bytes()) {
            return Content::Limited(Limit::FileBytes);
        }
        let length = usize::try_from(entry.data.packed).unwrap_or(usize::MAX);
        let rest = self.bytes.get(entry.data.start..).unwrap_or_default();
        let (packed, is_cut) = rest.get(..length).map_or((rest, true), |packed| (packed, false));
        let ended = match (&entry.lock, &entry.packing) {
            (Some(FileLock::Unknown(method)), _) => return Content::Failed(unknown_method(method)),
            (Some(lock), _) => self.locked(entry, lock, packed, solid, budget, reading),
            (None, Packing::Stored) if !is_cut && !entry.data.after => {
                return self.stored(entry, packed, budget, reading);
            }
            (None, _) => {
                let unpacked = self.unpacked(entry, packed, solid, budget);
                Ok(unpacked.map_or_else(Content::Failed, |unpacked| checked(entry, None, unpacked, reading)))
            }
        };
        match ended.unwrap_or_else(Content::Limited) {
            Content::Bytes(bytes) | Content::Partial(bytes, _) if entry.data.after => {
                Content::Partial(bytes, Message::new("rar.in-another-volume"))
            }
            Content::Failed(_) if entry.data.after => Content::Failed(Message::new("rar.in-another-volume")),
            Content::Bytes(bytes) if is_cut => Content::Partial(bytes, damaged()),
            content => content,
        }
    }

    /// A file that stands there as it is.
    fn stored(&self, entry: &Entry, bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Content {
        if let Err(limit) = budget.pass(bytes.len()) {
            return Content::Limited(limit);
        }
        if entry.crc.is_some_and(|crc| crc != crc32fast::hash(bytes)) {
            tell_checksum(entry, reading);
        }
        Content::Range(entry.data.start..entry.data.start + bytes.len())
    }

    /// A file that is encrypted, opened with the first password that fits.
    fn locked(
        &mut self,
        entry: &Entry,
        lock: &FileLock,
        packed: &[u8],
        solid: bool,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<Content, Limit> {
        let before = if solid { Some(self.stream.clone()) } else { None };
        for number in self.keys.order() {
            let Some(cipher) = self.cipher(number, lock, budget)? else { continue };
            budget.pass(packed.len())?;
            let plain = cipher.aes.chained(cipher.start, packed);
            if let Some(before) = &before {
                self.stream.clone_from(before);
            }
            let unpacked = match self.unpacked(entry, &plain, solid, budget) {
                Err(message) => return Ok(Content::Failed(message)),
                Ok(unpacked) => unpacked,
            };
            let is_right = match &unpacked {
                Unpacked::Whole(bytes) => is_content(entry, cipher.sums.as_ref(), bytes) == Some(true),
                Unpacked::Broken(_) | Unpacked::Limited(_) => false,
            };
            if cipher.checked || is_right {
                self.keys.opened(number);
                return Ok(checked(entry, cipher.sums.as_ref(), unpacked, reading));
            }
            if let Unpacked::Limited(limit) = unpacked {
                return Err(limit);
            }
        }
        Ok(Content::Failed(encrypted()))
    }

    /// None when the password is not the one.
    fn cipher(&mut self, number: usize, lock: &FileLock, budget: &mut Budget) -> Result<Option<Cipher>, Limit> {
        match lock {
            FileLock::Five { lock, start, hides_sums } => {
                let Some(keys) = self.keys.five(number, lock, budget)? else { return Ok(None) };
                let Some(aes) = Aes::new(&keys.cipher) else { return Ok(None) };
                let sums = hides_sums.then_some(keys);
                Ok(Some(Cipher { aes, start: *start, sums, checked: lock.check.is_some() }))
            }
            FileLock::Four(salt) => {
                let (aes, start) = self.keys.four(number, *salt, budget)?;
                Ok(aes.map(|aes| Cipher { aes, start, sums: None, checked: false }))
            }
            FileLock::Unknown(_) => Ok(None),
        }
    }

    fn unpacked(
        &mut self,
        entry: &Entry,
        packed: &[u8],
        solid: bool,
        budget: &mut Budget,
    ) -> Result<Unpacked, Message> {
        if matches!(entry.packing, Packing::Stored) {
            // What was encrypted has some bytes behind its end.
            let most = entry.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
            let bytes = &packed[..packed.len().min(most)];
            return Ok(match budget.expand(bytes.len()) {
                Ok(()) => Unpacked::Whole(bytes.to_vec()),
                Err(limit) => Unpacked::Limited(limit),
            });
        }
        if entry.role == Role::File {
            return self.stream.unpack(packed, entry, solid, budget);
        }
        Unpacker::default().unpack(packed, entry, false, budget)
    }

    /// What stands behind the end of the archive.
    fn behind(&mut self, at: usize, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        if at < self.bytes.len() {
            let count = i64::try_from(self.bytes.len() - at).unwrap_or(i64::MAX);
            reading.odd_at(Message::new("rar.data-behind").number("bytes", count), at as u64);
            reading.child(budget, Child::range("", at..self.bytes.len()))?;
        }
        Ok(())
    }
}

/// Whether some bytes are what a header says of its file, if it does.
fn is_content(entry: &Entry, sums: Option<&Five>, bytes: &[u8]) -> Option<bool> {
    if entry.size.is_some_and(|size| size != bytes.len() as u64) {
        return Some(false);
    }
    let crc = crc32fast::hash(bytes);
    entry.crc.map(|expected| expected == sums.map_or(crc, |keys| keys.hidden(crc)))
}

/// What was unpacked, compared to what was told of it.
fn checked(entry: &Entry, sums: Option<&Five>, unpacked: Unpacked, reading: &mut Reading) -> Content {
    match unpacked {
        // The checksum of a part is that of its packed bytes.
        Unpacked::Whole(bytes) if !entry.data.after && is_content(entry, sums, &bytes) == Some(false) => {
            tell_checksum(entry, reading);
            Content::Partial(bytes, checksum_wrong())
        }
        unpacked => unpacked.content(),
    }
}

fn checksum_wrong() -> Message {
    Message::new("rar.content-checksum-wrong")
}

fn tell_checksum(entry: &Entry, reading: &mut Reading) {
    reading.odd_at(checksum_wrong().with("name", names::shown(&entry.name)), entry.data.start as u64);
}
