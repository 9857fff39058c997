//! Where the files of tables lie: on a disk of this machine, or in a bucket that several servers share. Everything else in
//! the lake reads and writes whole files and parts of them, and does not know which of the two it is.

mod bucket;
mod objects;

pub use bucket::{Bucket, Unusable};

use crate::disk::Disk;
use bytes::Bytes;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Where files lie. Their paths are those of the disk, or addresses such as `s3://bucket/lake/session/…`.
#[derive(Debug, Clone)]
pub enum Storage {
    Disk(Disk),
    Bucket(Bucket),
}

impl Default for Storage {
    fn default() -> Self {
        Storage::Disk(Disk::default())
    }
}

impl PartialEq for Storage {
    /// The same path means the same file in both.
    fn eq(&self, other: &Storage) -> bool {
        match (self, other) {
            (Storage::Disk(_), Storage::Disk(_)) => true,
            (Storage::Bucket(one), Storage::Bucket(other)) => one.location() == other.location(),
            _ => false,
        }
    }
}

impl Eq for Storage {}

impl Storage {
    pub(crate) fn of(bucket: Option<&Bucket>, disk: &Disk) -> Storage {
        bucket.map_or_else(|| Storage::Disk(disk.clone()), |bucket| Storage::Bucket(bucket.clone()))
    }

    /// Whether others write there too.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Storage::Bucket(_))
    }

    pub(crate) fn open(&self, path: &Path) -> io::Result<Stored> {
        Ok(match self {
            Storage::Disk(_) => Stored::File(File::open(path)?),
            Storage::Bucket(bucket) => Stored::Object(bucket.object(path)?),
        })
    }

    /// A whole new file that lasts, its name too.
    pub(crate) fn put(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        match self {
            Storage::Disk(disk) => disk.put(path, &bytes),
            Storage::Bucket(bucket) => bucket.put(path, bytes),
        }
    }

    /// A whole file that lasts in place of another, at once.
    pub(crate) fn replace(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        match self {
            Storage::Disk(disk) => {
                let made = path.with_extension("partial");
                // What an earlier attempt left.
                let _ = std::fs::remove_file(&made);
                disk.put(&made, &bytes)?;
                std::fs::rename(&made, path)?;
                path.parent().map_or(Ok(()), |folder| disk.sync_folder(folder))
            }
            Storage::Bucket(bucket) => bucket.put(path, bytes),
        }
    }

    /// Makes sure that files of a table can be put into a folder of it. A bucket has none.
    pub(crate) fn make_folder(&self, root: &Path, folder: &Path) -> io::Result<()> {
        match self {
            Storage::Disk(disk) if !folder.is_dir() => {
                std::fs::create_dir_all(folder)?;
                disk.sync_folder(root)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        match self {
            Storage::Disk(disk) => disk.remove(path),
            Storage::Bucket(bucket) => bucket.remove(path),
        }
    }

    pub(crate) fn bytes(&self, path: &Path) -> io::Result<u64> {
        match self {
            Storage::Disk(_) => Ok(path.metadata()?.len()),
            Storage::Bucket(bucket) => Ok(bucket.object(path)?.length),
        }
    }

    /// The same where it is known without waiting for anybody.
    pub(crate) fn known_bytes(&self, path: &Path) -> Option<u64> {
        match self {
            Storage::Disk(_) => path.metadata().ok().map(|data| data.len()),
            Storage::Bucket(bucket) => bucket.known_bytes(path),
        }
    }

    /// Everything in the folders of a table that files of rows and indexes are in.
    pub(crate) fn list(&self, root: &Path) -> io::Result<Vec<PathBuf>> {
        match self {
            Storage::Disk(_) => list(root),
            Storage::Bucket(bucket) => bucket.list(root),
        }
    }
}

fn list(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root)?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_ours(path)) {
        files.extend(std::fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path())));
    }
    Ok(files)
}

fn is_ours(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    folder.is_dir() && (name.starts_with("day=") || name == "_index")
}

/// Waits for what a table's library does: on a runtime of our own, or on that of the bucket.
pub(crate) enum Waiter {
    Own(tokio::runtime::Runtime),
    Bucket(Bucket),
}

impl Waiter {
    pub fn of(storage: &Storage) -> io::Result<Waiter> {
        Ok(match storage {
            Storage::Disk(_) => Waiter::Own(tokio::runtime::Builder::new_current_thread().enable_all().build()?),
            Storage::Bucket(bucket) => Waiter::Bucket(bucket.clone()),
        })
    }

    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        match self {
            Waiter::Own(runtime) => runtime.block_on(future),
            Waiter::Bucket(bucket) => bucket.wait(future),
        }
    }
}

/// A file that can be read in parts, from several places at once.
#[derive(Debug)]
pub(crate) enum Stored {
    File(File),
    Object(bucket::Object),
}

impl Stored {
    pub fn bytes(&self) -> io::Result<u64> {
        match self {
            Stored::File(file) => Ok(file.metadata()?.len()),
            Stored::Object(object) => Ok(object.length),
        }
    }

    pub fn read_exact_at(&self, into: &mut [u8], at: u64) -> io::Result<()> {
        match self {
            Stored::File(file) => std::os::unix::fs::FileExt::read_exact_at(file, into, at),
            Stored::Object(object) => {
                let part = object.part(at, into.len())?;
                into.copy_from_slice(&part);
                Ok(())
            }
        }
    }

    /// All of it.
    pub fn whole(&self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.bytes()?).map_err(io::Error::other)?;
        let mut whole = vec![0; length];
        self.read_exact_at(&mut whole, 0)?;
        Ok(whole)
    }

    pub fn another(&self) -> io::Result<Stored> {
        Ok(match self {
            Stored::File(file) => Stored::File(file.try_clone()?),
            Stored::Object(object) => Stored::Object(object.clone()),
        })
    }
}

impl Length for Stored {
    fn len(&self) -> u64 {
        self.bytes().unwrap_or_default()
    }
}

impl ChunkReader for Stored {
    type T = Reading;

    fn get_read(&self, start: u64) -> ParquetResult<Reading> {
        Ok(match self {
            Stored::File(file) => Reading::File(file.get_read(start)?),
            Stored::Object(object) => Reading::Object { object: object.clone(), at: start },
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        match self {
            Stored::File(file) => file.get_bytes(start, length),
            Stored::Object(object) => {
                object.part(start, length).map_err(|error| ParquetError::External(Box::new(error)))
            }
        }
    }
}

/// A file that is read from one place on.
pub(crate) enum Reading {
    File(BufReader<File>),
    Object { object: bucket::Object, at: u64 },
}

impl Read for Reading {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Reading::File(file) => file.read(into),
            Reading::Object { object, at } => {
                let read = object.some(*at, into)?;
                *at += read as u64;
                Ok(read)
            }
        }
    }
}
