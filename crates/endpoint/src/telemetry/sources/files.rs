//! What happens to entries of folders, by the kernel's own word (fanotify). Folders that come are watched from when they
//! are heard of; what came into one before that is looked for and told as created.

use super::Outlet;
use crate::kernel::fan::{
    CHILDREN, CLOSED, CREATED, DELETED, DIRECTORIES, Event, Group, Handle, MOVED_FROM, MOVED_TO, Purpose, Scope,
};
use crate::telemetry::assembly::Signal;
use crate::telemetry::event::{FileDid, Source};
use crate::telemetry::facts::{now, shown};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Somebody opened it; not asked before.
const OPENED: u64 = libc::FAN_OPEN;
const ATTRIBUTES: u64 = libc::FAN_ATTRIB;
/// Folders that are watched.
const FOLDERS_MAX: usize = 65_536;

/// Folders that are watched, by what the kernel calls them.
#[derive(Debug)]
pub struct Folders {
    group: Group,
    paths: HashMap<Handle, PathBuf>,
    /// Files of which every opening is told, and the folders they are in.
    secrets: BTreeSet<PathBuf>,
    around: HashMap<Handle, PathBuf>,
    /// There are more than are watched, or some that cannot be.
    unwatched: u64,
}

impl Folders {
    /// Watches folders with all below them.
    ///
    /// # Errors
    /// When the kernel cannot, or one of them is not there.
    pub fn new(roots: &[PathBuf]) -> io::Result<Folders> {
        let group = Group::new(Purpose::Noticing)?;
        let (paths, around) = (HashMap::new(), HashMap::new());
        let mut folders = Folders { group, paths, secrets: BTreeSet::new(), around, unwatched: 0 };
        for root in roots {
            folders.add(&root.canonicalize()?, &mut |_| {})?;
        }
        Ok(folders)
    }

    pub fn count(&self) -> usize {
        self.paths.len()
    }

    /// Folders that are not watched.
    pub fn unwatched(&self) -> u64 {
        self.unwatched
    }

    fn add(&mut self, root: &Path, found: &mut dyn FnMut(&Path)) -> io::Result<()> {
        self.watch(root)?;
        let mut left = vec![root.to_owned()];
        while let Some(folder) = left.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let path = entry.path();
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    found(&path);
                } else if self.watch(&path).is_ok() {
                    left.push(path);
                } else {
                    self.unwatched += 1;
                }
            }
        }
        Ok(())
    }

    /// Tells of every opening of a file, and of the file that takes its place one day. One that is not there is waited for
    /// in its folder.
    ///
    /// # Errors
    /// When there is no such folder, or the kernel cannot.
    pub fn keep_secret(&mut self, path: &Path) -> io::Result<()> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let folder = folder.canonicalize()?;
        let path = folder.join(name);
        self.group.watch(&folder, Scope::Inode, CREATED | MOVED_TO)?;
        if path.is_file() {
            self.group.watch(&path, Scope::Inode, OPENED)?;
        }
        self.around.insert(Handle::of(&folder)?, folder);
        self.secrets.insert(path);
        Ok(())
    }

    /// As [`Folders::keep_secret`]; one that cannot be watched is counted.
    pub fn also(&mut self, secret: &Path) {
        self.unwatched += u64::from(self.keep_secret(secret).is_err());
    }

    fn secret(&mut self, mask: u64, path: &Path, by: i32, tell: &mut dyn FnMut(Change)) {
        if !self.secrets.contains(path) {
            return tell(Change::Elsewhere);
        }
        if mask & (CREATED | MOVED_TO) != 0 && self.group.watch(path, Scope::Inode, OPENED).is_err() {
            tell(Change::Overflow);
        }
        if mask & OPENED != 0 {
            tell(Change::Did { did: FileDid::Open, path: shown(path), by });
        }
    }

    fn watch(&mut self, folder: &Path) -> io::Result<()> {
        if self.paths.len() >= FOLDERS_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let mask = CREATED | DELETED | MOVED_FROM | MOVED_TO | CLOSED | ATTRIBUTES | CHILDREN | DIRECTORIES;
        self.group.watch(folder, Scope::Inode, mask)?;
        self.paths.insert(Handle::of(folder)?, folder.to_owned());
        Ok(())
    }

    /// What happened since the last time.
    ///
    /// # Errors
    /// When the group cannot be read.
    pub fn read(&mut self, tell: &mut dyn FnMut(Change)) -> io::Result<()> {
        loop {
            let events = self.group.read()?;
            if events.is_empty() {
                return Ok(());
            }
            for event in events {
                match event {
                    Event::Entry { mask, directory, name, thread } => {
                        let name = OsStr::from_bytes(&name);
                        if let Some(folder) = self.around.get(&directory) {
                            let path = folder.join(name);
                            self.secret(mask, &path, thread, tell);
                        }
                        if let Some(folder) = self.paths.get(&directory) {
                            let path = folder.join(name);
                            self.entry(mask, &path, thread, tell);
                        } else if !self.around.contains_key(&directory) {
                            tell(Change::Elsewhere);
                        }
                    }
                    Event::Overflow => tell(Change::Overflow),
                    Event::File(_) => tell(Change::Elsewhere),
                }
            }
        }
    }

    fn entry(&mut self, mask: u64, path: &Path, by: i32, tell: &mut dyn FnMut(Change)) {
        // What is put together into one event happened in this order, as far as anybody can say.
        let order = [
            (MOVED_FROM, FileDid::RenameFrom),
            (CREATED, FileDid::Create),
            (MOVED_TO, FileDid::RenameTo),
            (ATTRIBUTES, FileDid::SetAttributes),
            (CLOSED, FileDid::Update),
            (DELETED, FileDid::Delete),
        ];
        for (bit, did) in order {
            if mask & bit != 0 {
                tell(Change::Did { did, path: shown(path), by });
            }
        }
        if mask & DIRECTORIES == 0 {
            return;
        }
        if mask & (DELETED | MOVED_FROM) != 0 {
            self.paths.retain(|_, known| !known.starts_with(path));
        }
        if mask & (CREATED | MOVED_TO) != 0 {
            let mut found = |path: &Path| tell(Change::Did { did: FileDid::Create, path: shown(path), by });
            if self.add(path, &mut found).is_err() && path.is_dir() {
                self.unwatched += 1;
                tell(Change::Overflow);
            }
        }
    }
}

/// What happened in watched folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Did {
        did: FileDid,
        path: String,
        by: i32,
    },
    /// In a folder that is not watched any more.
    Elsewhere,
    /// Some was lost.
    Overflow,
}

/// Hands on what happens until it is told to stop, and then what happened until then.
pub fn run(folders: &mut Folders, outlet: &Outlet) {
    let me = i32::try_from(std::process::id()).unwrap_or(0);
    loop {
        let stopped = outlet.is_stopped();
        let time = now();
        let read = folders.read(&mut |change| {
            outlet.put(match change {
                Change::Did { by, .. } if by == me => Signal::LeftOut { source: Source::Files, count: 1 },
                Change::Did { did, path, by } => Signal::File { time, did, path, by },
                Change::Elsewhere => Signal::LeftOut { source: Source::Files, count: 1 },
                Change::Overflow => Signal::Lost { source: Source::Files, count: None },
            });
        });
        if read.is_err() {
            outlet.put(Signal::Lost { source: Source::Files, count: None });
        }
        if stopped {
            return;
        }
        let mut ready = [PollFd::new(&folders.group, PollFlags::IN)];
        let _ = rustix::event::poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 50_000_000 }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_to_files_is_told_with_who_did_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let Ok(mut folders) = Folders::new(std::slice::from_ref(&root)) else {
            eprintln!("SKIPPED: the kernel lets nobody but root watch files");
            return;
        };
        let at = |name: &str| root.join(name);
        fs::write(at("a"), "x").unwrap();
        fs::rename(at("a"), at("b")).unwrap();
        fs::remove_file(at("b")).unwrap();
        let mut told = Vec::new();
        folders.read(&mut |change| told.push(change)).unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        let did = |did, name: &str| Change::Did { did, path: shown(&at(name)), by: me };
        for expected in [
            did(FileDid::Create, "a"),
            did(FileDid::Update, "a"),
            did(FileDid::RenameFrom, "a"),
            did(FileDid::RenameTo, "b"),
            did(FileDid::Delete, "b"),
        ] {
            assert!(told.contains(&expected), "{expected:?} is not in {told:?}");
        }
    }

    #[test]
    fn a_secret_is_told_of_when_it_is_opened_also_after_it_was_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().canonicalize().unwrap().join("shadow");
        fs::write(&secret, "x").unwrap();
        let Ok(mut folders) = Folders::new(&[]) else {
            eprintln!("SKIPPED: the kernel lets nobody but root watch files");
            return;
        };
        folders.keep_secret(&secret).unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        let opened = Change::Did { did: FileDid::Open, path: shown(&secret), by: me };
        let look = |folders: &mut Folders| {
            let mut told = Vec::new();
            folders.read(&mut |change| told.push(change)).unwrap();
            told
        };
        fs::read(&secret).unwrap();
        assert_eq!(look(&mut folders), std::slice::from_ref(&opened));
        fs::write(folder.path().join("new"), "y").unwrap();
        fs::rename(folder.path().join("new"), &secret).unwrap();
        look(&mut folders);
        fs::read(&secret).unwrap();
        assert_eq!(look(&mut folders), [opened]);
    }

    #[test]
    fn folders_that_come_and_move_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let Ok(mut folders) = Folders::new(std::slice::from_ref(&root)) else {
            eprintln!("SKIPPED: the kernel lets nobody but root watch files");
            return;
        };
        fs::create_dir_all(root.join("new/deep")).unwrap();
        fs::write(root.join("new/deep/early"), "x").unwrap();
        let mut paths = Vec::new();
        let mut look = |folders: &mut Folders| {
            folders.read(&mut |change| {
                if let Change::Did { did, path, .. } = change {
                    paths.push(format!("{did:?} {}", path.strip_prefix(root.to_str().unwrap()).unwrap()));
                }
            })
        };
        look(&mut folders).unwrap();
        fs::rename(root.join("new"), root.join("old")).unwrap();
        look(&mut folders).unwrap();
        fs::write(root.join("old/deep/late"), "x").unwrap();
        look(&mut folders).unwrap();
        for expected in ["Create /new/deep/early", "RenameTo /old", "Create /old/deep/late"] {
            assert!(paths.iter().any(|path| path == expected), "{expected} is not in {paths:?}");
        }
    }
}
