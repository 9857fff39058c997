//! Undoing what a lineage did, the last first.

use super::images::{Images, clone_or_copy};
use super::journal::Entry;
use super::shadow::inode;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What became of undoing it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Files that are what they were.
    pub restored: Vec<PathBuf>,
    /// Files that were put beside where they were, since somebody else's stands there.
    pub beside: Vec<PathBuf>,
    /// What the lineage made, and where it is now.
    pub evidence: Vec<PathBuf>,
    pub failed: Vec<(PathBuf, String)>,
}

/// Undoes entries of the journal. What was made goes into the folder `evidence` and is not thrown away: it says who did it.
pub fn restore(entries: &[Entry], images: &Images, evidence: &Path) -> Restored {
    let mut restored = Restored::default();
    for (count, entry) in entries.iter().enumerate().rev() {
        let done = match entry {
            Entry::Image { number, path, inode, size, mode, modified, .. } => {
                let kept = Kept { path: images.path(*number), size: *size, mode: *mode, modified: *modified };
                put_content(&path.path(), *inode, &kept).map(|at| restored.restored.push(at))
            }
            Entry::Gone { number, path, .. } => put_back(&images.path(*number), &path.path(), &mut restored),
            Entry::Renamed { from, to, inode, .. } => name_back(&from.path(), &to.path(), *inode),
            Entry::Made { path, inode, .. } => set_aside(&path.path(), *inode, evidence, count, &mut restored),
            Entry::Member { .. } | Entry::Closed { .. } => Ok(()),
        };
        if let Err(error) = done {
            let path = match entry {
                Entry::Image { path, .. } | Entry::Made { path, .. } | Entry::Gone { path, .. } => path.path(),
                Entry::Renamed { to, .. } => to.path(),
                Entry::Member { .. } | Entry::Closed { .. } => PathBuf::new(),
            };
            restored.failed.push((path, error.to_string()));
        }
    }
    restored.restored.sort();
    restored.restored.dedup();
    restored
}

/// What is kept of the content of a file.
struct Kept {
    path: PathBuf,
    size: u64,
    mode: u32,
    modified: (i64, i64),
}

/// Puts back what was in a file, into the file itself, so that all its names have it; where it is gone, into a new one.
fn put_content(path: &Path, expected: u64, kept: &Kept) -> io::Result<PathBuf> {
    let image = File::open(&kept.path)?;
    let is_there = inode(path)? == Some(expected);
    let into = if is_there {
        // Whoever took away the right to write did not mean us.
        OpenOptions::new().write(true).open(path)?
    } else {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().write(true).create(true).truncate(false).open(path)?
    };
    // A clone does not shorten what was longer.
    into.set_len(0)?;
    clone_or_copy(&image, &into, kept.size)?;
    into.set_len(kept.size)?;
    into.set_permissions(fs::Permissions::from_mode(kept.mode & 0o7777))?;
    into.set_modified(time(kept.modified))?;
    Ok(path.to_owned())
}

fn time((seconds, nanoseconds): (i64, i64)) -> SystemTime {
    let part = Duration::from_nanos(nanoseconds.unsigned_abs());
    let whole = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { SystemTime::UNIX_EPOCH - whole + part } else { SystemTime::UNIX_EPOCH + whole + part }
}

/// Gives a file that has no name its name again.
fn put_back(kept: &Path, path: &Path, restored: &mut Restored) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(kept) {
        // It was put back before, by one who was stopped then.
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_ok() => return Ok(()),
        metadata => metadata?,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let there = fs::symlink_metadata(path);
    if there.as_ref().is_ok_and(|there| there.ino() == metadata.ino()) {
        fs::remove_file(kept)?;
        return Ok(());
    }
    if there.is_ok() {
        let beside = free_name(path);
        fs::rename(kept, &beside)?;
        restored.beside.push(beside);
        return Ok(());
    }
    fs::rename(kept, path)?;
    restored.restored.push(path.to_owned());
    Ok(())
}

/// A name beside a path that nothing has.
fn free_name(path: &Path) -> PathBuf {
    (1_u32..)
        .map(|number| {
            let mut name = path.file_name().map(OsString::from).unwrap_or_default();
            name.push(format!(".restored-{number}"));
            path.with_file_name(name)
        })
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_else(|| path.to_owned())
}

fn name_back(from: &Path, to: &Path, expected: u64) -> io::Result<()> {
    // Whoever has the old name by now keeps it, and what was renamed keeps the new one.
    if fs::symlink_metadata(from).is_ok() || inode(to)? != Some(expected) {
        return Ok(());
    }
    if let Some(folder) = from.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(to, from)
}

fn set_aside(path: &Path, expected: u64, evidence: &Path, count: usize, restored: &mut Restored) -> io::Result<()> {
    if inode(path)? != Some(expected) {
        return Ok(());
    }
    fs::create_dir_all(evidence)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(60).collect();
    let place = evidence.join(format!("{count}-{name}"));
    fs::rename(path, &place)?;
    restored.evidence.push(place);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::undo::{PathBytes, images};

    struct House {
        folder: tempfile::TempDir,
        images: Images,
        entries: Vec<Entry>,
        numbers: u64,
    }

    impl House {
        fn new() -> House {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("docs")).unwrap();
            let images = Images::open(&folder.path().join("images"), 1 << 30).unwrap();
            House { folder, images, entries: Vec::new(), numbers: 0 }
        }
        fn doc(&self, name: &str) -> PathBuf {
            self.folder.path().join("docs").join(name)
        }
        fn number(&mut self) -> u64 {
            self.numbers += 1;
            self.numbers
        }
        fn image(&mut self, name: &str) {
            let (path, number) = (self.doc(name), self.number());
            let image = images::keep(&File::open(&path).unwrap(), &self.images.path(number)).unwrap();
            let images::Image { inode, size, mode, modified, .. } = image;
            let path = PathBytes::of(&path);
            self.entries.push(Entry::Image { lineage: 1, number, path, inode, size, mode, modified });
        }
        /// Unlinks, with a link kept as the shadow does.
        fn unlink(&mut self, name: &str) {
            let (path, number) = (self.doc(name), self.number());
            fs::hard_link(&path, self.images.path(number)).unwrap();
            fs::remove_file(&path).unwrap();
            self.entries.push(Entry::Gone { lineage: 1, number, path: PathBytes::of(&path) });
        }
        fn make(&mut self, name: &str, content: &[u8]) {
            fs::write(self.doc(name), content).unwrap();
            let path = self.doc(name);
            let inode = inode(&path).unwrap().unwrap();
            self.entries.push(Entry::Made { lineage: 1, path: PathBytes::of(&path), inode });
        }
        fn rename(&mut self, from: &str, to: &str) {
            let (from, to) = (self.doc(from), self.doc(to));
            fs::rename(&from, &to).unwrap();
            let inode = inode(&to).unwrap().unwrap();
            self.entries.push(Entry::Renamed { lineage: 1, from: PathBytes::of(&from), to: PathBytes::of(&to), inode });
        }
        fn restore(&self) -> Restored {
            restore(&self.entries, &self.images, &self.folder.path().join("evidence"))
        }
        fn all(&self) -> Vec<(String, Vec<u8>)> {
            let mut all: Vec<_> = fs::read_dir(self.folder.path().join("docs"))
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
                .collect();
            all.sort();
            all
        }
    }

    #[test]
    fn whatever_was_done_is_undone() {
        let mut house = House::new();
        for name in ["a", "b", "c", "d", "e"] {
            fs::write(house.doc(name), format!("what {name} says")).unwrap();
        }
        fs::set_permissions(house.doc("a"), fs::Permissions::from_mode(0o640)).unwrap();
        let before = house.all();
        let modified = fs::metadata(house.doc("a")).unwrap().modified().unwrap();
        // In place, longer and then shorter, and renamed.
        house.image("a");
        fs::write(house.doc("a"), [0xff; 5000]).unwrap();
        house.rename("a", "a.locked");
        fs::set_permissions(house.doc("a.locked"), fs::Permissions::from_mode(0o400)).unwrap();
        // A copy, and the original unlinked.
        house.make("b.locked", b"xxxx");
        house.unlink("b");
        // Another moved over it.
        house.make("tmp", b"yyyy");
        house.unlink("c");
        house.rename("tmp", "c");
        // Changed, then unlinked.
        house.image("d");
        fs::write(house.doc("d"), b"").unwrap();
        house.unlink("d");
        house.make("README", b"pay");
        let restored = house.restore();
        assert_eq!(restored.failed, []);
        assert_eq!(house.all(), before);
        assert_eq!(restored.evidence.len(), 3);
        let metadata = fs::metadata(house.doc("a")).unwrap();
        assert_eq!((metadata.mode() & 0o777, metadata.modified().unwrap()), (0o640, modified));
        // Once more, as after a stop in the middle, does no harm.
        house.restore();
        assert_eq!(house.all(), before);
    }

    #[test]
    fn what_somebody_else_put_there_stays() {
        let mut house = House::new();
        fs::write(house.doc("a"), b"old").unwrap();
        house.unlink("a");
        fs::write(house.doc("a"), b"somebody else's").unwrap();
        let restored = house.restore();
        assert_eq!(restored.beside, [house.doc("a.restored-1")]);
        let names: Vec<_> = house
            .all()
            .into_iter()
            .map(|(name, content)| format!("{name}: {}", String::from_utf8_lossy(&content)))
            .collect();
        assert_eq!(names, ["a: somebody else's", "a.restored-1: old"]);
    }
}
