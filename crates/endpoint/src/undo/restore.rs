//! Undoing what a lineage did, the last first; of what it made, what is in the way of something else goes when that comes back.

use super::images::{Images, clone_or_copy};
use super::journal::{Entry, Was};
use super::ranges::Ranges;
use super::shadow::inode;
use crate::kernel::fan::Handle;
use crate::kernel::files::Spot;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
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
    /// The inodes of files that have names by this.
    pub placed: BTreeSet<u64>,
}

/// What is known of others who are undone as well.
#[derive(Debug, Default)]
pub struct Others {
    /// The numbers of names that were handed on to one of them.
    pub handed: BTreeSet<u64>,
    /// What they made: nobody misses it.
    pub made: HashSet<Handle>,
}

/// Undoes entries of the journal. What was made goes into the folder `evidence` and is not thrown away: it says who did it.
///
/// Names under numbers that were handed on to somebody who is undone as well come back with him, where something of his
/// stands in their place. No link is followed on the way to a file: who did this may have put one there.
pub fn restore(entries: &[Entry], images: &Images, evidence: &Path, others: &Others) -> Restored {
    let made = entries.iter().enumerate().filter_map(|(count, entry)| match entry {
        Entry::Made { path, inode, .. } => Some(((path.path(), *inode), count)),
        _ => None,
    });
    let (made, renamed) = (made.collect(), renamed(entries, images));
    let mut undoing = Undoing { images, evidence, others, made, renamed, restored: Restored::default() };
    for (count, entry) in entries.iter().enumerate().rev() {
        let (done, path) = match entry {
            Entry::Image { number, path, was, .. } => (undoing.put_content(&path.path(), was, *number), path),
            Entry::Ranges { number, path, was, .. } => (undoing.put_ranges(&path.path(), was, *number), path),
            Entry::Gone { number, path, .. } => (undoing.put_back(*number, &path.path()), path),
            Entry::Made { path, inode, .. } => (undoing.set_aside(&path.path(), *inode, count), path),
            Entry::Member { .. }
            | Entry::Canary { .. }
            | Entry::Held { .. }
            | Entry::Stopped { .. }
            | Entry::Closed { .. } => continue,
        };
        if let Err(error) = done {
            undoing.restored.failed.push((path.path(), error.to_string()));
        }
    }
    let mut restored = undoing.restored;
    restored.restored.sort();
    restored.restored.dedup();
    restored
}

/// The inodes of files that are kept since a name of theirs is gone, and the first entry that says so. What was made after
/// that with such an inode was only given another name.
pub(super) fn renamed(entries: &[Entry], images: &Images) -> BTreeMap<u64, usize> {
    let gone = entries.iter().enumerate().rev().filter(|(_, entry)| matches!(entry, Entry::Gone { .. }));
    let kept = |number: u64| inode(&images.path(number)).ok().flatten();
    gone.filter_map(|(at, entry)| Some((kept(entry.number()?)?, at))).collect()
}

struct Undoing<'a> {
    images: &'a Images,
    evidence: &'a Path,
    others: &'a Others,
    /// What the lineage made, by path and inode, and the last entry that says so.
    made: BTreeMap<(PathBuf, u64), usize>,
    renamed: BTreeMap<u64, usize>,
    restored: Restored,
}

impl Undoing<'_> {
    /// Puts back what was in a file, into the file itself, so that all its names have it; where it is gone, into a new one.
    fn put_content(&mut self, path: &Path, was: &Was, number: u64) -> io::Result<()> {
        let image = File::open(self.images.path(number))?;
        let (into, path) = match self.find(was) {
            Some(file) => (file, path.to_owned()),
            None if was.handle.as_ref().is_some_and(|handle| self.others.made.contains(handle)) => return Ok(()),
            None => self.place(path, was)?,
        };
        // A clone does not shorten what was longer.
        into.set_len(0)?;
        clone_or_copy(&image, &into, was.size)?;
        into.set_len(was.size)?;
        self.put_rest(into, path, was)
    }

    /// Puts back what was in parts of a file. The rest is in the file itself: where that is gone nothing can be.
    fn put_ranges(&mut self, path: &Path, was: &Was, number: u64) -> io::Result<()> {
        let log = File::open(self.images.path(number))?;
        let file = match self.find(was) {
            Some(file) => file,
            None => Spot::of(path)?.open_that(was.inode)?.ok_or(io::ErrorKind::NotFound)?,
        };
        Ranges::read(&log, was.size)?.put_back(&log, &file)?;
        self.put_rest(file, path.to_owned(), was)
    }

    /// The file itself, whatever its name is by now: who changed it may have done so by a link that is gone.
    fn find(&self, was: &Was) -> Option<File> {
        let folder = File::open(self.images.folder()).ok()?;
        let file = was.handle.as_ref()?.open(folder.as_fd()).ok()?;
        let metadata = file.metadata().ok()?;
        (metadata.is_file() && metadata.ino() == was.inode && metadata.nlink() > 0).then_some(file)
    }

    /// The file under a path if it is that one still, else a new one there, or beside what else stands there.
    fn place(&mut self, path: &Path, was: &Was) -> io::Result<(File, PathBuf)> {
        let spot = Spot::of(path)?;
        // Something else may have been given the inode of what is gone.
        if let Ok(Some(file)) = spot.open_that(was.inode) {
            return Ok((file, path.to_owned()));
        }
        if spot.inode()?.is_none() {
            return Ok((self.placed(spot.create()?)?, path.to_owned()));
        }
        let beside = free_name(path);
        let into = spot.beside(beside.file_name().unwrap_or_default()).create()?;
        self.restored.beside.push(beside.clone());
        Ok((self.placed(into)?, beside))
    }

    fn placed(&mut self, file: File) -> io::Result<File> {
        self.restored.placed.insert(file.metadata()?.ino());
        Ok(file)
    }

    fn put_rest(&mut self, into: File, path: PathBuf, was: &Was) -> io::Result<()> {
        into.set_permissions(fs::Permissions::from_mode(was.mode & 0o7777))?;
        into.set_modified(time(was.modified))?;
        self.restored.restored.push(path);
        Ok(())
    }

    /// Gives a file that has no name its name again. What is kept of it stays until it is known that the file is protected
    /// again: somebody else may take the name at once.
    fn put_back(&mut self, number: u64, path: &Path) -> io::Result<()> {
        let kept = self.images.path(number);
        let spot = Spot::of(path)?;
        if let Some(there) = spot.inode()?
            && let Some(count) = self.made.get(&(path.to_owned(), there)).copied()
            && inode(&kept)? != Some(there)
        {
            // Its own is in the way, and goes anyhow.
            self.set_aside(path, there, count)?;
        }
        let there = spot.inode()?;
        let inode = inode(&kept)?.ok_or(io::ErrorKind::NotFound)?;
        self.restored.placed.insert(inode);
        match there {
            Some(other) if other == inode => Ok(()),
            Some(_) if self.others.handed.contains(&number) => Ok(()),
            Some(_) => {
                let beside = free_name(path);
                spot.beside(beside.file_name().unwrap_or_default()).link(&kept)?;
                self.restored.beside.push(beside);
                Ok(())
            }
            None => {
                spot.link(&kept)?;
                self.restored.restored.push(path.to_owned());
                Ok(())
            }
        }
    }

    fn set_aside(&mut self, path: &Path, expected: u64, count: usize) -> io::Result<()> {
        let spot = Spot::of(path)?;
        if spot.inode()? != Some(expected) {
            return Ok(());
        }
        // Only its name is new: the file goes back to the one it had.
        if self.renamed.get(&expected).is_some_and(|first| *first < count) {
            return spot.remove();
        }
        fs::create_dir_all(self.evidence)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(60).collect();
        let place = self.evidence.join(format!("{count}-{name}"));
        spot.give(&place)?;
        // Where it lies there already, as after a stop in the middle, the kernel moves nothing.
        if spot.inode()? == Some(expected) {
            spot.remove()?;
        }
        self.restored.evidence.push(place);
        Ok(())
    }
}

fn time((seconds, nanoseconds): (i64, i64)) -> SystemTime {
    let part = Duration::from_nanos(nanoseconds.unsigned_abs());
    let whole = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { SystemTime::UNIX_EPOCH - whole + part } else { SystemTime::UNIX_EPOCH + whole + part }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::undo::{Journal, PathBytes, images};

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
            let journal = Journal::open(&folder.path().join("journal")).unwrap();
            let at = |name: &str| folder.path().join(name);
            let images = Images::open(&at("images"), 1 << 30, &journal, &at("unclaimed")).unwrap();
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
            let file = File::open(&path).unwrap();
            images::keep(&file, &self.images.path(number)).unwrap();
            let was = Was::of(&file).unwrap();
            self.entries.push(Entry::Image { lineage: 1, number, path: PathBytes::of(&path), was });
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
            self.entries.push(Entry::Made { lineage: 1, path: PathBytes::of(&path), inode, handle: None });
        }
        /// As the guard hears of it: a name is gone, and another is there.
        fn rename(&mut self, from: &str, to: &str) {
            let (path, number) = (self.doc(from), self.number());
            fs::hard_link(&path, self.images.path(number)).unwrap();
            fs::rename(&path, self.doc(to)).unwrap();
            self.entries.push(Entry::Gone { lineage: 1, number, path: PathBytes::of(&path) });
            let inode = inode(&self.doc(to)).unwrap().unwrap();
            self.entries.push(Entry::Made { lineage: 1, path: PathBytes::of(&self.doc(to)), inode, handle: None });
        }
        fn restore(&self) -> Restored {
            restore(&self.entries, &self.images, &self.folder.path().join("evidence"), &Others::default())
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
        assert_eq!(restored.evidence.len(), 3, "{restored:?}");
        let metadata = fs::metadata(house.doc("a")).unwrap();
        assert_eq!((metadata.mode() & 0o777, metadata.modified().unwrap()), (0o640, modified));
        // Once more, as after a stop in the middle, does no harm.
        house.restore();
        assert_eq!(house.all(), before);
        let numbers: Vec<u64> = house.entries.iter().filter_map(Entry::number).collect();
        numbers.into_iter().for_each(|number| house.images.remove(number));
        assert_eq!(fs::metadata(house.doc("a")).unwrap().nlink(), 1, "no other name of it is left lying");
    }

    #[test]
    fn what_was_changed_by_a_link_that_is_gone_is_undone() {
        let mut house = House::new();
        fs::write(house.doc("a"), b"old").unwrap();
        fs::hard_link(house.doc("a"), house.folder.path().join("elsewhere")).unwrap();
        house.image("../elsewhere");
        fs::write(house.doc("a"), b"new").unwrap();
        fs::remove_file(house.folder.path().join("elsewhere")).unwrap();
        let restored = house.restore();
        assert_eq!(restored.failed, []);
        assert_eq!(house.all(), [("a".to_owned(), b"old".to_vec())]);
        assert!(!house.folder.path().join("elsewhere").exists());
    }

    #[test]
    fn a_link_leads_nobody_to_what_is_elsewhere() {
        let mut house = House::new();
        let secret = house.folder.path().join("secret");
        fs::write(&secret, b"not theirs").unwrap();
        fs::write(house.doc("a"), b"old").unwrap();
        house.image("a");
        fs::remove_file(house.doc("a")).unwrap();
        std::os::unix::fs::symlink(&secret, house.doc("a")).unwrap();
        let restored = house.restore();
        assert_eq!(fs::read(&secret).unwrap(), b"not theirs");
        assert_eq!(restored.beside, [house.doc("a.restored-1")]);
        assert_eq!(fs::read(house.doc("a.restored-1")).unwrap(), b"old");
        // Nor does one in place of a folder.
        fs::remove_dir_all(house.folder.path().join("docs")).unwrap();
        fs::create_dir(house.folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(house.folder.path().join("elsewhere"), house.folder.path().join("docs")).unwrap();
        let restored = house.restore();
        assert_eq!(restored.failed.len(), 1);
        assert_eq!(fs::read_dir(house.folder.path().join("elsewhere")).unwrap().count(), 0);
    }

    #[test]
    fn what_nobody_claims_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut journal = Journal::open(&at("journal")).unwrap();
        fs::create_dir(at("images")).unwrap();
        for number in ["3", "8"] {
            fs::write(at("images").join(number), number).unwrap();
        }
        journal.write(1, Entry::Gone { lineage: 1, number: 3, path: PathBytes::of(&at("docs/a")) }).unwrap();
        let mut images = Images::open(&at("images"), 1 << 30, &journal, &at("unclaimed")).unwrap();
        assert_eq!(images.new_number(), 9);
        assert!(images.path(3).exists() && !images.path(8).exists());
        assert_eq!(fs::read(at("unclaimed").join("8")).unwrap(), b"8");
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
