//! Files while they are being sent: their digests, their sizes, what is missing of them.

use sha2::Digest;
use std::collections::HashMap;
use wire::session::{FileEnd, FileId, NewFile, Side};

/// Files followed at a time; of what is beyond, only size and name are known.
const OPEN_MAX: usize = 1 << 16;
/// The first bytes kept to tell what a file is.
pub const HEAD_BYTES: usize = 1 << 10;

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
    /// Bytes that were never captured.
    pub missing: u64,
    pub end: FileEnd,
    pub hashes: Hashes,
    pub head: Vec<u8>,
    pub stored: bool,
}

/// What is done with files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    pub sha256: bool,
    pub all_hashes: bool,
    pub keep: bool,
}

#[derive(Default)]
pub struct Files {
    wanted: Wanted,
    open: HashMap<FileId, OpenFile>,
    opened: u64,
    pub not_followed: u64,
}

struct OpenFile {
    sender: Side,
    name: Vec<u8>,
    size: u64,
    announced: Option<u64>,
    missing: u64,
    head: Vec<u8>,
    md5: Option<md5::Md5>,
    sha1: Option<sha1::Sha1>,
    sha256: Option<sha2::Sha256>,
}

impl Files {
    pub fn new(wanted: Wanted) -> Files {
        Files { wanted, ..Files::default() }
    }

    pub fn open(&mut self, file: &NewFile<'_>) -> FileId {
        self.opened += 1;
        let id = FileId(self.opened);
        if self.open.len() >= OPEN_MAX {
            self.not_followed += 1;
            return id;
        }
        let Wanted { sha256, all_hashes, .. } = self.wanted;
        let open = OpenFile {
            sender: file.side,
            name: file.name.to_vec(),
            size: 0,
            announced: file.size,
            missing: 0,
            head: Vec::new(),
            md5: all_hashes.then(md5::Md5::new),
            sha1: all_hashes.then(sha1::Sha1::new),
            sha256: sha256.then(sha2::Sha256::new),
        };
        self.open.insert(id, open);
        id
    }

    pub fn data(&mut self, id: FileId, data: &[u8]) {
        let Some(file) = self.open.get_mut(&id) else { return };
        file.size += data.len() as u64;
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
    }

    pub fn gap(&mut self, id: FileId, length: u64) {
        let Some(file) = self.open.get_mut(&id) else { return };
        file.missing += length;
        file.size += length;
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
        Some(FileRecord {
            number: id.0,
            sender: file.sender,
            name: file.name,
            size: file.size,
            announced: file.announced,
            missing: file.missing,
            end,
            hashes,
            head: file.head,
            stored: self.wanted.keep,
        })
    }
}
