//! Files while they are being sent: their digests, their sizes, what is missing of them.

mod joined;
mod store;

pub use store::{Kept, Policy, Store};

use joined::{Joiner, Use};
use sha2::Digest;
use std::collections::HashMap;
use std::net::IpAddr;
use store::Incoming;
use wire::session::{FileEnd, FileId, NewFile, PartOf, Side};

/// Files followed at a time; of what is beyond, only size and name are known.
const OPEN_MAX: usize = 1 << 16;
/// The first bytes kept to tell what a file is.
const HEAD_BYTES: usize = 1 << 10;

/// Digests of a whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hashes {
    pub md5: Option<[u8; 16]>,
    pub sha1: Option<[u8; 20]>,
    pub sha256: Option<[u8; 32]>,
}

/// A file as it ended.
#[derive(Debug, Clone)]
pub struct FileRecord {
    pub number: u64,
    pub sender: Side,
    pub name: Vec<u8>,
    pub size: u64,
    pub announced: Option<u64>,
    /// First and last byte of it in a larger file, where it is a part of one.
    pub range: Option<(u64, u64)>,
    /// Bytes that were never captured.
    pub missing: u64,
    pub end: FileEnd,
    pub hashes: Hashes,
    /// What it is by its content.
    pub media_type: Option<&'static str>,
    pub stored: bool,
}

/// What is done with files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    pub sha256: bool,
    pub all_hashes: bool,
}

#[derive(Default)]
pub struct Files {
    wanted: Wanted,
    store: Option<Store>,
    open: HashMap<FileId, OpenFile>,
    joiner: Joiner,
    opened: u64,
    pub not_followed: u64,
}

struct OpenFile {
    sender: Side,
    name: Vec<u8>,
    size: u64,
    announced: Option<u64>,
    range: Option<(u64, u64)>,
    missing: u64,
    head: Vec<u8>,
    md5: Option<md5::Md5>,
    sha1: Option<sha1::Sha1>,
    sha256: Option<sha2::Sha256>,
    incoming: Option<Incoming>,
}

impl Files {
    pub fn new(wanted: Wanted) -> Files {
        Files { wanted, ..Files::default() }
    }

    /// Keeps files from now on.
    pub fn keep_in(&mut self, store: Store) {
        self.store = Some(store);
    }

    /// Begins a file between two hosts.
    pub fn open(&mut self, file: &NewFile<'_>, ends: [IpAddr; 2]) -> FileId {
        self.opened += 1;
        let id = FileId(self.opened);
        if self.open.len() >= OPEN_MAX {
            self.not_followed += 1;
            return id;
        }
        let Wanted { sha256, all_hashes } = self.wanted;
        let incoming = self.store.as_ref().and_then(|store| store.begin(ends, file.size));
        let open = OpenFile {
            sender: file.side,
            name: file.name.to_vec(),
            size: 0,
            announced: file.size,
            range: None,
            missing: 0,
            head: Vec::new(),
            md5: all_hashes.then(md5::Md5::new),
            sha1: all_hashes.then(sha1::Sha1::new),
            // A kept file is found again by this digest.
            sha256: (sha256 || incoming.is_some()).then(sha2::Sha256::new),
            incoming,
        };
        self.open.insert(id, open);
        id
    }

    /// A file that was opened is a part of a larger one, which is put together beside it.
    pub fn is_part(&mut self, id: FileId, part: PartOf<'_>, ends: [IpAddr; 2]) {
        let Some(file) = self.open.get_mut(&id) else { return };
        file.range = Some((part.start, part.end));
        let (sender, name) = (file.sender, file.name.clone());
        let mut joiner = std::mem::take(&mut self.joiner);
        let open = || self.open(&NewFile { side: sender, name: &name, size: Some(part.size) }, ends);
        if let Some(given_up) = joiner.begin(id, part, open) {
            self.close(given_up, FileEnd::Truncated);
        }
        self.joiner = joiner;
    }

    /// The larger file that this one, which is about to end, was the last missing part of.
    pub fn close_whole(&mut self, part: FileId) -> Option<FileRecord> {
        let whole = self.joiner.end(part)?;
        self.close(whole, FileEnd::Complete)
    }

    pub fn data(&mut self, id: FileId, data: &[u8]) {
        if let Use::Append(whole, fresh) = self.joiner.data(id, data) {
            self.append(whole, fresh);
            while let Some((whole, bytes)) = self.joiner.ready(id) {
                self.append(whole, &bytes);
            }
        }
        self.append(id, data);
    }

    fn append(&mut self, id: FileId, data: &[u8]) {
        let Some(file) = self.open.get_mut(&id) else { return };
        file.size = file.size.saturating_add(data.len() as u64);
        let room = HEAD_BYTES.saturating_sub(file.head.len());
        file.head.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
        if let Some(hash) = &mut file.md5 {
            hash.update(data);
        }
        if let Some(hash) = &mut file.sha1 {
            hash.update(data);
        }
        if let Some(hash) = &mut file.sha256 {
            hash.update(data);
        }
        if let (Some(store), Some(incoming)) = (&self.store, file.incoming.take()) {
            file.incoming = store.add(incoming, data);
        }
    }

    pub fn gap(&mut self, id: FileId, length: u64) {
        self.joiner.gap(id, length);
        let Some(file) = self.open.get_mut(&id) else { return };
        // An offset is a claim: no sum of claims may be more than a number can be.
        file.missing = file.missing.saturating_add(length);
        file.size = file.size.saturating_add(length);
        // A digest of half a file names nothing.
        (file.md5, file.sha1, file.sha256) = (None, None, None);
    }

    pub fn close(&mut self, id: FileId, end: FileEnd) -> Option<FileRecord> {
        let file = self.open.remove(&id)?;
        // A handle may never be closed although all that was announced came through it.
        let all_came = end == FileEnd::Complete || file.announced == Some(file.size);
        let whole = all_came && file.missing == 0;
        let hashes = Hashes {
            md5: file.md5.filter(|_| whole).map(|hash| hash.finalize().into()),
            sha1: file.sha1.filter(|_| whole).map(|hash| hash.finalize().into()),
            sha256: file.sha256.filter(|_| whole).map(|hash| hash.finalize().into()),
        };
        let media_type = infer::get(&file.head).map(|kind| kind.mime_type());
        let stored = match (&self.store, file.incoming) {
            (Some(store), Some(incoming)) => store.finish(incoming, hashes.sha256.as_ref(), media_type),
            _ => false,
        };
        Some(FileRecord {
            number: id.0,
            sender: file.sender,
            name: file.name,
            size: file.size,
            announced: file.announced,
            range: file.range,
            missing: file.missing,
            end,
            hashes,
            media_type,
            stored,
        })
    }
}
