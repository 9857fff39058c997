//! What was in files before they were changed: as clones of their extents where the filesystem can, else as copies.

use super::journal::Journal;
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes that are copied at a time.
const PORTION_BYTES: usize = 1 << 20;

/// A folder of what was in files, by number.
#[derive(Debug, Clone)]
pub struct Images {
    folder: PathBuf,
    bytes_max: u64,
    bytes: u64,
    last_number: u64,
}

impl Images {
    /// Opens a folder. What lies there under a number that the journal does not claim, as when a guard was killed between the
    /// two, is moved to the folder `unclaimed`: nobody can say whose it is, and it may be the last of it.
    ///
    /// # Errors
    /// When a folder cannot be made or read.
    pub fn open(folder: &Path, bytes_max: u64, journal: &Journal, unclaimed: &Path) -> io::Result<Images> {
        fs::create_dir_all(folder)?;
        let claimed: BTreeSet<u64> = journal.all().iter().filter_map(|written| written.entry.number()).collect();
        let mut images = Images { folder: folder.to_owned(), bytes_max, bytes: 0, last_number: journal.last_number() };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            images.last_number = images.last_number.max(number);
            if claimed.contains(&number) {
                images.bytes += entry.metadata()?.blocks() * 512;
            } else {
                fs::create_dir_all(unclaimed)?;
                fs::rename(entry.path(), free_path(unclaimed, number))?;
            }
        }
        Ok(images)
    }

    /// A number under which nothing is kept.
    pub fn new_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub fn path(&self, number: u64) -> PathBuf {
        self.folder.join(number.to_string())
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether so many more bytes may be kept. The disk itself is left some room as well, so that those who are honest are
    /// not stopped by what is kept of those who may not be.
    pub fn has_room(&self, bytes: u64) -> bool {
        const LEFT_BYTES_MAX: u64 = 64 << 20;
        const LEFT_PART: u64 = 256;
        let Ok(disk) = rustix::fs::statvfs(&self.folder) else { return false };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let left = (disk.f_blocks.saturating_mul(disk.f_frsize) / LEFT_PART).min(LEFT_BYTES_MAX);
        self.bytes.saturating_add(bytes) <= self.bytes_max && free >= bytes.saturating_add(left)
    }

    /// Counts what was kept or let go of.
    pub fn count(&mut self, kept: u64, gone: u64) {
        self.bytes = self.bytes.saturating_add(kept).saturating_sub(gone);
    }

    /// What is kept, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Has the same under another number as under one, instead of what was there.
    ///
    /// # Errors
    /// When it cannot be; what was there is there still.
    pub fn put_instead(&mut self, from: u64, to: u64) -> io::Result<()> {
        let (new, into) = (self.folder.join("instead"), self.path(to));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::hard_link(self.path(from), &new)?,
        }
        let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.blocks() * 512);
        let (kept, gone) = (bytes(&new), bytes(&into));
        fs::rename(&new, &into)?;
        self.count(kept, gone);
        // Where both were the same already, nothing was moved.
        let _ = fs::remove_file(&new);
        Ok(())
    }

    /// Lets go of what is under a number.
    pub fn remove(&mut self, number: u64) {
        let path = self.path(number);
        let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.blocks() * 512);
        if fs::remove_file(&path).is_ok() {
            self.count(0, bytes);
        }
    }
}

fn free_path(folder: &Path, number: u64) -> PathBuf {
    let names = std::iter::once(number.to_string()).chain((1_u64..).map(|again| format!("{number}-{again}")));
    names
        .map(|name| folder.join(name))
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_else(|| folder.into())
}

/// Keeps what is in a file under a path; tells how many bytes that takes: none where it is a clone, until one of the two
/// changes.
///
/// # Errors
/// When it cannot all be read or written; nothing is under the path then.
pub fn keep(file: &File, path: &Path) -> io::Result<u64> {
    let size = file.metadata()?.len();
    let into = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    clone_or_copy(file, &into, size).inspect_err(|_| drop(fs::remove_file(path)))
}

/// Keeps what is in a file under a path if that is done by a clone; tells whether it was.
///
/// # Errors
/// When a file cannot be made; nothing is under the path then, nor where it is none.
pub fn keep_clone(file: &File, path: &Path) -> io::Result<bool> {
    let into = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let cloned = clone(file, &into);
    if !matches!(cloned, Ok(true)) {
        let _ = fs::remove_file(path);
    }
    cloned
}

/// Makes the content of one file that of another; tells how many bytes had to be copied for it.
pub(super) fn clone_or_copy(from: &File, into: &File, size: u64) -> io::Result<u64> {
    if clone(from, into)? { Ok(0) } else { copy(from, into, size) }
}

fn clone(from: &File, into: &File) -> io::Result<bool> {
    match rustix::fs::ioctl_ficlone(into, from) {
        Ok(()) => Ok(true),
        // Another filesystem, or one that cannot.
        Err(Errno::OPNOTSUPP | Errno::XDEV | Errno::INVAL | Errno::NOTTY | Errno::ISDIR | Errno::BADF) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn copy(from: &File, into: &File, size: u64) -> io::Result<u64> {
    let mut portion = vec![0; PORTION_BYTES.min(usize::try_from(size).unwrap_or(PORTION_BYTES))];
    let mut at = 0;
    while at < size {
        let read = from.read_at(&mut portion, at)?;
        if read == 0 {
            break;
        }
        into.write_all_at(portion.get(..read).unwrap_or_default(), at)?;
        at += read as u64;
    }
    Ok(at)
}
