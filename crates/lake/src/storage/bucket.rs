//! A bucket of S3-compatible storage, which several servers share.

use crate::disk::Disk;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, RetryConfig};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;
use url::Url;

/// Objects are read in pieces of so many bytes: a page is smaller, and asking costs more than what comes with it.
const PIECE_BYTES: u64 = 512 << 10;
/// Pieces that are kept in memory.
const PIECES_KEPT: usize = 128;
/// A request that fails is tried again for so long; what waits stays in the log meanwhile.
const RETRY_FOR: Duration = Duration::from_secs(20);
const RETRIES: usize = 4;
/// What must be said. Without it the library would go to addresses that only a cloud has.
const NEEDED: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
/// What a server is called in the names of its files.
const WRITER_CHARS: std::ops::RangeInclusive<usize> = 1..=32;

/// Why a bucket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("`{0}` is no address of a bucket, as `s3://bucket/folder` is")]
    Address(String),
    #[error("the name of a server in a bucket has up to 32 letters a-z and digits: `{0}`")]
    Writer(String),
    #[error("`{0}` is not set")]
    Unset(&'static str),
    #[error("{0}")]
    Settings(String),
    /// The lake was begun elsewhere; its rows would seem to be gone.
    #[error("the tables of this lake are in `{0}`")]
    Elsewhere(String),
    #[error("`{path}` cannot be used: {cause}")]
    Kept { path: PathBuf, cause: String },
}

/// The file in the folder of a lake that says in which bucket its tables are.
const KEPT: &str = "bucket.json";

#[derive(Serialize, Deserialize)]
struct Kept {
    address: String,
    writer: String,
}

/// A folder of a bucket in which the tables are, and who writes there.
#[derive(Clone)]
pub struct Bucket(Arc<Inside>);

struct Inside {
    location: Url,
    writer: String,
    store: Arc<dyn ObjectStore>,
    /// Whatever speaks to the bucket does so here: connections belong to the runtime that opened them.
    runtime: Option<Runtime>,
    pieces: Mutex<Pieces>,
    /// How large objects are, as far as they were written or listed here.
    sizes: Mutex<HashMap<PathBuf, u64>>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        // It may be dropped where nothing may be waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.0.location.as_str()).finish()
    }
}

impl Bucket {
    /// A folder of a bucket, by its address, such as `s3://bucket/folder`. Where the storage is and who asks is said as other
    /// tools have it: `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, and `AWS_ALLOW_HTTP=true`
    /// for a storage without TLS. Nothing is asked of it yet. `writer` is what this server is called in the names of its
    /// files: no other that writes to the bucket may have the same.
    ///
    /// # Errors
    ///
    /// When the address, the name or what is set cannot be used.
    pub fn of(
        location: &str,
        writer: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Bucket, Unusable> {
        let unusable = || Unusable::Address(location.to_owned());
        let folder = if location.ends_with('/') { location.to_owned() } else { format!("{location}/") };
        let location = Url::parse(&folder).map_err(|_| unusable())?;
        let is_plain = location.scheme() == "s3" && location.query().is_none() && location.fragment().is_none();
        // What would be written otherwise in an address than in a key is not taken.
        let is_plain =
            is_plain && location.as_str() == folder && !folder.contains('%') && location.username().is_empty();
        let bucket = location.host_str().filter(|_| is_plain).ok_or_else(unusable)?.to_owned();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !WRITER_CHARS.contains(&writer.len()) || !writer.chars().all(is_name) {
            return Err(Unusable::Writer(writer.to_owned()));
        }
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_retry(RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRY_FOR,
            ..RetryConfig::default()
        });
        let mut unset = NEEDED.to_vec();
        for (name, value) in settings {
            let key = name.starts_with("AWS_").then(|| name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().ok());
            if let Some(key) = key.flatten() {
                unset.retain(|needed| *needed != name || value.is_empty());
                builder = builder.with_config(key, value);
            }
        }
        if let Some(name) = unset.first() {
            return Err(Unusable::Unset(name));
        }
        let store = builder.build().map_err(|error| Unusable::Settings(error.to_string()))?;
        Bucket::on(Arc::new(store), location, writer)
    }

    /// The bucket that the tables of the lake in a folder are in; none when they are in the folder.
    ///
    /// # Errors
    ///
    /// When what is kept there cannot be read, or what is set cannot be used.
    pub fn of_lake(
        folder: &Path,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Option<Bucket>, Unusable> {
        let path = folder.join(KEPT);
        let unusable = |cause: &dyn fmt::Display| Unusable::Kept { path: path.clone(), cause: cause.to_string() };
        let kept = match std::fs::read(&path) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&error)),
        };
        let kept: Kept = serde_json::from_slice(&kept).map_err(|error| unusable(&error))?;
        Bucket::of(&kept.address, &kept.writer, settings).map(Some)
    }

    /// Whether the tables of the lake in a folder are in a bucket.
    pub fn has_tables_of(folder: &Path) -> bool {
        folder.join(KEPT).exists()
    }

    /// An error when the tables of the lake in a folder are in a bucket: without it nothing would seem to be there.
    pub(crate) fn is_not_of_lake(folder: &Path) -> Result<(), Unusable> {
        let path = folder.join(KEPT);
        match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Unusable::Kept { path, cause: error.to_string() }),
            Ok(kept) => {
                let kept: Option<Kept> = serde_json::from_slice(&kept).ok();
                Err(Unusable::Elsewhere(kept.map_or_else(|| path.display().to_string(), |kept| kept.address)))
            }
        }
    }

    /// The same of a lake that is to have its tables in a bucket, which the folder knows from then on.
    ///
    /// # Errors
    ///
    /// When its tables are elsewhere already.
    pub fn for_lake(
        folder: &Path,
        address: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Bucket, Unusable> {
        Bucket::for_folder(folder, address, settings, || {
            let tables = folder.join("tables");
            tables.exists().then_some(tables)
        })
    }

    /// A bucket for what is otherwise in a folder, which knows it from then on. `has` is where something of it is already.
    ///
    /// # Errors
    ///
    /// When something of it is elsewhere already.
    pub fn for_folder(
        folder: &Path,
        address: &str,
        settings: impl IntoIterator<Item = (String, String)>,
        has: impl FnOnce() -> Option<PathBuf>,
    ) -> Result<Bucket, Unusable> {
        let settings: Vec<_> = settings.into_iter().collect();
        if let Some(kept) = Bucket::of_lake(folder, settings.clone())? {
            let same = kept.location().as_str().trim_end_matches('/') == address.trim_end_matches('/');
            return if same { Ok(kept) } else { Err(Unusable::Elsewhere(kept.location().to_string())) };
        }
        if let Some(place) = has() {
            return Err(Unusable::Elsewhere(place.display().to_string()));
        }
        let writer = new_name();
        let bucket = Bucket::of(address, &writer, settings)?;
        let path = folder.join(KEPT);
        let kept = Kept { address: address.to_owned(), writer };
        let keep = || {
            std::fs::create_dir_all(folder)?;
            Disk::default().put(&path, &serde_json::to_vec(&kept)?)
        };
        keep().map_err(|error: io::Error| Unusable::Kept { path: path.clone(), cause: error.to_string() })?;
        Ok(bucket)
    }

    fn on(store: Arc<dyn ObjectStore>, location: Url, writer: &str) -> Result<Bucket, Unusable> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Unusable::Settings(error.to_string()))?;
        let (pieces, sizes) = (Mutex::default(), Mutex::default());
        let writer = writer.to_owned();
        Ok(Bucket(Arc::new(Inside { location, writer, store, runtime: Some(runtime), pieces, sizes })))
    }

    pub fn location(&self) -> &Url {
        &self.0.location
    }

    /// What this server is called in the names of its files.
    pub fn writer(&self) -> &str {
        &self.0.writer
    }

    /// The bucket as other engines take it.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.0.store.clone()
    }

    /// Where a table is.
    pub(crate) fn root(&self, table: &str) -> PathBuf {
        PathBuf::from(format!("{}{table}", self.0.location))
    }

    /// Waits for something that is asked of the bucket.
    pub(crate) fn wait<F: Future>(&self, future: F) -> F::Output {
        match &self.0.runtime {
            Some(runtime) => runtime.block_on(future),
            None => unreachable!("the runtime goes last"),
        }
    }

    pub(super) fn key(&self, path: &Path) -> io::Result<Key> {
        let text = path.to_str().unwrap_or_default();
        let below = text.strip_prefix(self.0.location.as_str());
        let below = below.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not in the bucket"))?;
        let folder = self.0.location.path().trim_start_matches('/');
        Key::parse(format!("{folder}{below}")).map_err(io::Error::other)
    }

    fn path(&self, key: &Key) -> Option<PathBuf> {
        let folder = self.0.location.path().trim_start_matches('/');
        Some(PathBuf::from(format!("{}{}", self.0.location, key.as_ref().strip_prefix(folder)?)))
    }

    pub(crate) fn object(&self, path: &Path) -> io::Result<Object> {
        let key = self.key(path)?;
        let head = self.wait(self.0.store.head(&key)).map_err(of_store)?;
        // One that was written anew under its name is another.
        let version = format!("{} {} {}", head.e_tag.unwrap_or_default(), head.last_modified, head.size);
        Ok(Object { bucket: self.clone(), key, version: version.into(), length: head.size })
    }

    pub(super) fn put(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        let (key, size) = (self.key(path)?, bytes.len() as u64);
        self.wait(self.0.store.put(&key, bytes.into())).map_err(of_store)?;
        crate::lock_of(&self.0.sizes).insert(path.to_owned(), size);
        Ok(())
    }

    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        let key = self.key(path)?;
        self.wait(self.0.store.delete(&key)).map_err(of_store)?;
        crate::lock_of(&self.0.sizes).remove(path);
        Ok(())
    }

    pub(super) fn list(&self, root: &Path) -> io::Result<Vec<PathBuf>> {
        let root = self.key(root)?;
        let listed = self.wait(self.0.store.list(Some(&root)).try_collect::<Vec<_>>()).map_err(of_store)?;
        let file = |object: object_store::ObjectMeta| {
            let below = object.location.as_ref().strip_prefix(root.as_ref())?.trim_start_matches('/');
            let is_ours = below.starts_with("day=") || below.starts_with("_index/");
            let path = is_ours.then(|| self.path(&object.location))??;
            crate::lock_of(&self.0.sizes).insert(path.clone(), object.size);
            Some(path)
        };
        Ok(listed.into_iter().filter_map(file).collect())
    }

    /// How large an object is, without asking for it; none when it was neither written nor listed here.
    pub(super) fn known_bytes(&self, path: &Path) -> Option<u64> {
        crate::lock_of(&self.0.sizes).get(path).copied()
    }
}

/// An object of a bucket, as it was when it was opened.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    bucket: Bucket,
    key: Key,
    version: Arc<str>,
    pub length: u64,
}

impl Object {
    /// A part of it, all of which must be there.
    pub fn part(&self, at: u64, length: usize) -> io::Result<Bytes> {
        let end = at.checked_add(length as u64).filter(|end| *end <= self.length);
        let end = end.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let first = at / PIECE_BYTES;
        if length == 0 || end <= (first + 1) * PIECE_BYTES {
            let piece = self.piece(first)?;
            let from = (at % PIECE_BYTES) as usize;
            return piece_of(&piece, from, from + length);
        }
        // What is longer than a piece comes at once, and is not kept: it is not read again soon.
        if length as u64 > 2 * PIECE_BYTES {
            return self.fetch(at, end);
        }
        let mut whole = BytesMut::with_capacity(length);
        let mut at = at;
        while at < end {
            let until = end.min((at / PIECE_BYTES + 1) * PIECE_BYTES);
            let (piece, from) = (self.piece(at / PIECE_BYTES)?, (at % PIECE_BYTES) as usize);
            whole.extend_from_slice(&piece_of(&piece, from, from + (until - at) as usize)?);
            at = until;
        }
        Ok(whole.freeze())
    }

    /// What follows a place, as much of it as comes easily; nothing at the end.
    pub fn some(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        if at >= self.length || into.is_empty() {
            return Ok(0);
        }
        let piece = self.piece(at / PIECE_BYTES)?;
        let rest = piece.get((at % PIECE_BYTES) as usize..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            into.copy_from_slice(from);
        }
        Ok(count)
    }

    fn piece(&self, number: u64) -> io::Result<Bytes> {
        let named = (self.key.clone(), self.version.clone(), number);
        if let Some(piece) = crate::lock_of(&self.bucket.0.pieces).get(&named) {
            return Ok(piece);
        }
        let piece = self.fetch(number * PIECE_BYTES, ((number + 1) * PIECE_BYTES).min(self.length))?;
        crate::lock_of(&self.bucket.0.pieces).keep(named, piece.clone());
        Ok(piece)
    }

    fn fetch(&self, from: u64, to: u64) -> io::Result<Bytes> {
        let part = self.bucket.wait(self.bucket.0.store.get_range(&self.key, from..to)).map_err(of_store)?;
        // One that got shorter gives less without a word.
        if part.len() as u64 != to - from {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(part)
    }
}

/// A name for a server that no other has: sixty-four bits that the system has thrown.
fn new_name() -> String {
    let thrown = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
    format!("{thrown:016x}")
}

fn piece_of(piece: &Bytes, from: usize, to: usize) -> io::Result<Bytes> {
    if to > piece.len() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(piece.slice(from..to))
}

pub(super) fn of_store(error: object_store::Error) -> io::Error {
    let kind = match &error {
        object_store::Error::NotFound { .. } => io::ErrorKind::NotFound,
        object_store::Error::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

type Name = (Key, Arc<str>, u64);

/// The pieces that were read last.
#[derive(Default)]
struct Pieces {
    kept: HashMap<Name, Bytes>,
    order: VecDeque<Name>,
}

impl Pieces {
    fn get(&self, name: &Name) -> Option<Bytes> {
        self.kept.get(name).cloned()
    }

    fn keep(&mut self, name: Name, piece: Bytes) {
        if self.kept.insert(name.clone(), piece).is_none() {
            self.order.push_back(name);
        }
        while self.order.len() > PIECES_KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.kept.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use object_store::memory::InMemory;

    fn keys() -> [(String, String); 3] {
        NEEDED.map(|name| (name.to_owned(), "http://one".to_owned()))
    }

    #[test]
    fn an_address_that_cannot_be_used_is_told() {
        for address in
            ["", "bucket", "http://host/bucket", "s3://", "s3:///folder", "s3://b/a%20b", "s3://b/a?c", "s3://u@b/c"]
        {
            let told = Bucket::of(address, "one", keys()).unwrap_err();
            assert!(matches!(told, Unusable::Address(_)), "{address}: {told}");
        }
        for writer in ["", "A", "a-b", "a/b", &"a".repeat(33)] {
            assert!(matches!(Bucket::of("s3://b", writer, keys()), Err(Unusable::Writer(_))), "{writer}");
        }
        assert!(matches!(Bucket::of("s3://b", "one", []), Err(Unusable::Unset("AWS_ENDPOINT_URL"))));
        assert_eq!(Bucket::of("s3://b/c", "one", keys()).unwrap().location().as_str(), "s3://b/c/");
    }

    #[test]
    fn a_lake_stays_where_it_was_begun() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Bucket::of_lake(folder.path(), keys()).unwrap().is_none());
        let begun = Bucket::for_lake(folder.path(), "s3://b/lake", keys()).unwrap();
        let again = Bucket::for_lake(folder.path(), "s3://b/lake/", keys()).unwrap();
        let kept = Bucket::of_lake(folder.path(), keys()).unwrap().unwrap();
        assert_eq!((begun.writer(), begun.location()), (again.writer(), again.location()));
        assert_eq!((begun.writer(), begun.location()), (kept.writer(), kept.location()));
        let without = crate::View::of(folder.path()).err().unwrap();
        assert!(matches!(without, crate::Error::Bucket(Unusable::Elsewhere(place)) if place == "s3://b/lake"));
        let without = crate::Lake::open(folder.path(), crate::Options::default()).err().unwrap();
        assert!(matches!(without, crate::Error::Bucket(Unusable::Elsewhere(_))));
        let elsewhere = Bucket::for_lake(folder.path(), "s3://b/other", keys());
        assert!(matches!(elsewhere, Err(Unusable::Elsewhere(place)) if place == "s3://b/lake/"));
        let other = tempfile::tempdir().unwrap();
        std::fs::create_dir(other.path().join("tables")).unwrap();
        assert!(matches!(Bucket::for_lake(other.path(), "s3://b/lake", keys()), Err(Unusable::Elsewhere(_))));
        std::fs::write(folder.path().join(KEPT), "{").unwrap();
        assert!(matches!(Bucket::of_lake(folder.path(), keys()), Err(Unusable::Kept { .. })));
    }

    #[test]
    fn parts_are_what_was_put() {
        let bucket = Bucket::on(Arc::new(InMemory::new()), Url::parse("s3://b/c/").unwrap(), "one").unwrap();
        let whole: Vec<u8> = (0..3 * PIECE_BYTES + 5).map(|at| (at % 251) as u8).collect();
        let path = bucket.root("session").join("day=1/a.parquet");
        bucket.put(&path, whole.clone()).unwrap();
        let object = bucket.object(&path).unwrap();
        assert_eq!(object.length, whole.len() as u64);
        let piece = PIECE_BYTES as usize;
        for (at, length) in
            [(0, 0), (0, 1), (piece - 1, 2), (5, piece), (1, 2 * piece + 9), (3 * piece, 5), (whole.len(), 0)]
        {
            assert_eq!(object.part(at as u64, length).unwrap(), whole[at..at + length], "{at} {length}");
        }
        assert_eq!(object.part(whole.len() as u64, 1).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(object.part(u64::MAX, 1).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut read = super::super::Reading::Object { object, at: 7 };
        let mut rest = Vec::new();
        io::Read::read_to_end(&mut read, &mut rest).unwrap();
        assert_eq!(rest, whole[7..]);
        assert_eq!(bucket.list(&bucket.root("session")).unwrap().len(), 1);
        bucket.remove(&path).unwrap();
        assert_eq!(bucket.object(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_path_elsewhere_is_not_in_the_bucket() {
        let bucket = Bucket::on(Arc::new(InMemory::new()), Url::parse("s3://b/c/").unwrap(), "one").unwrap();
        for path in ["/etc/passwd", "s3://other/c/x", "s3://b/cc/x"] {
            assert!(bucket.object(Path::new(path)).is_err(), "{path}");
        }
    }
}
