//! Keeping files: each once, under its digest, within a quota. What cannot be kept is counted and never stops reading.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Which files are kept.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Larger files are not kept.
    pub bytes_max: Option<u64>,
    /// Beginnings of media types, such as `application/` or `image/png`; all when empty.
    pub types: Vec<String>,
    /// Only files to or from these hosts; all when empty.
    pub hosts: Vec<IpAddr>,
    /// All kept files together.
    pub quota_bytes: Option<u64>,
}

/// What became of files that were to be kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    pub stored: u64,
    pub bytes: u64,
    /// Stored before.
    pub known: u64,
    pub over_quota: u64,
    pub too_large: u64,
    /// Incomplete: they have no digest to be kept under.
    pub incomplete: u64,
    pub failed: u64,
}

/// A folder of files by digest, shared by all workers.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    policy: Policy,
    used: AtomicU64,
    next: AtomicU64,
    counts: Mutex<Kept>,
    first_error: Mutex<Option<io::Error>>,
}

/// A file on its way into the store.
pub struct Incoming {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Store {
    /// Opens a folder as a store and counts what is in it already.
    pub fn open(folder: &Path, policy: Policy) -> io::Result<Store> {
        fs::create_dir_all(folder.join("incoming"))?;
        // What an earlier run left half written is of no use.
        for entry in fs::read_dir(folder.join("incoming"))? {
            fs::remove_file(entry?.path())?;
        }
        let used = AtomicU64::new(size_of(folder)?);
        let (next, counts, first_error) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Ok(Store { shared: Arc::new(Shared { folder: folder.to_owned(), policy, used, next, counts, first_error }) })
    }

    pub fn counts(&self) -> Kept {
        *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first error there was, for the person who asked to keep files.
    pub fn take_error(&self) -> Option<io::Error> {
        self.shared.first_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Begins to keep a file between two hosts; `None` when it is not to be kept.
    pub fn begin(&self, ends: [IpAddr; 2], announced: Option<u64>) -> Option<Incoming> {
        let Policy { hosts, bytes_max, quota_bytes, .. } = &self.shared.policy;
        if !hosts.is_empty() && !ends.iter().any(|end| hosts.contains(end)) {
            return None;
        }
        if announced.zip(*bytes_max).is_some_and(|(size, most)| size > most) {
            self.count(|counts| counts.too_large += 1);
            return None;
        }
        if quota_bytes.is_some_and(|quota| self.shared.used.load(Ordering::Relaxed) >= quota) {
            self.count(|counts| counts.over_quota += 1);
            return None;
        }
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let path = self.shared.folder.join("incoming").join(number.to_string());
        match File::create(&path) {
            Ok(file) => Some(Incoming { file, path, bytes: 0 }),
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// Adds to an incoming file; `None` when it can no longer be kept.
    pub fn add(&self, mut incoming: Incoming, data: &[u8]) -> Option<Incoming> {
        incoming.bytes += data.len() as u64;
        if self.shared.policy.bytes_max.is_some_and(|most| incoming.bytes > most) {
            self.count(|counts| counts.too_large += 1);
            self.discard(incoming);
            return None;
        }
        match incoming.file.write_all(data) {
            Ok(()) => Some(incoming),
            Err(error) => {
                self.discard(incoming);
                self.fail(error);
                None
            }
        }
    }

    /// Puts a whole file to its place; true when it is in the store now.
    pub fn finish(&self, incoming: Incoming, sha256: Option<&[u8; 32]>, media_type: Option<&str>) -> bool {
        let Policy { types, quota_bytes, .. } = &self.shared.policy;
        let wanted = types.is_empty() || media_type.is_some_and(|of| types.iter().any(|start| of.starts_with(start)));
        let Some(digest) = sha256.filter(|_| wanted) else {
            self.count(|counts| counts.incomplete += u64::from(wanted));
            self.discard(incoming);
            return false;
        };
        let target = self.shared.path_of(digest);
        if target.exists() {
            self.count(|counts| counts.known += 1);
            self.discard(incoming);
            return true;
        }
        let used = self.shared.used.fetch_add(incoming.bytes, Ordering::Relaxed) + incoming.bytes;
        if quota_bytes.is_some_and(|quota| used > quota) {
            self.shared.used.fetch_sub(incoming.bytes, Ordering::Relaxed);
            self.count(|counts| counts.over_quota += 1);
            self.discard(incoming);
            return false;
        }
        let moved =
            target.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::rename(&incoming.path, &target));
        match moved {
            Ok(()) => {
                self.count(|counts| {
                    counts.stored += 1;
                    counts.bytes += incoming.bytes;
                });
                true
            }
            Err(error) => {
                self.shared.used.fetch_sub(incoming.bytes, Ordering::Relaxed);
                self.discard(incoming);
                self.fail(error);
                false
            }
        }
    }

    fn discard(&self, incoming: Incoming) {
        // What stays behind is swept away when the store is opened again.
        let _ = fs::remove_file(&incoming.path);
    }

    fn fail(&self, error: io::Error) {
        self.count(|counts| counts.failed += 1);
        self.shared.first_error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn count(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Shared {
    /// `ab/ab12…`: no folder grows without bound.
    fn path_of(&self, digest: &[u8; 32]) -> PathBuf {
        let name = wire::json::hex(digest);
        self.folder.join(name.get(..2).unwrap_or_default()).join(name)
    }
}

fn size_of(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        bytes += if kind.is_dir() { size_of(&entry.path())? } else { kind.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest;

    fn put(store: &Store, data: &[u8]) -> bool {
        let ends = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
        let Some(incoming) = store.begin(ends, None) else { return false };
        let Some(incoming) = store.add(incoming, data) else { return false };
        store.finish(incoming, Some(&sha2::Sha256::digest(data).into()), Some("image/png"))
    }

    #[test]
    fn a_file_is_kept_once_within_the_quota() {
        let folder = tempfile::tempdir().unwrap();
        let policy = Policy { quota_bytes: Some(10), bytes_max: Some(8), ..Policy::default() };
        let store = Store::open(folder.path(), policy.clone()).unwrap();
        assert!(put(&store, b"abcdef"));
        assert!(put(&store, b"abcdef"));
        assert!(!put(&store, b"ghijkl"));
        assert!(!put(&store, b"too large for it"));
        let counts = Kept { stored: 1, bytes: 6, known: 1, over_quota: 1, too_large: 1, ..Kept::default() };
        assert_eq!(store.counts(), counts);
        assert_eq!(fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
        let again = Store::open(folder.path(), policy).unwrap();
        assert!(!put(&again, b"ghijkl"), "what is there already counts");
    }

    #[test]
    fn only_wanted_types_and_hosts_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let policy = Policy { types: vec!["application/".to_owned()], ..Policy::default() };
        assert!(!put(&Store::open(folder.path(), policy).unwrap(), b"a"));
        let policy = Policy { hosts: vec![IpAddr::from([10, 0, 0, 9])], ..Policy::default() };
        assert!(!put(&Store::open(folder.path(), policy).unwrap(), b"a"));
    }

    #[test]
    fn a_store_that_fails_says_so_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Policy::default()).unwrap();
        fs::remove_dir_all(folder.path().join("incoming")).unwrap();
        assert!(!put(&store, b"a"));
        assert_eq!(store.counts().failed, 1);
        assert!(store.take_error().is_some());
    }
}
