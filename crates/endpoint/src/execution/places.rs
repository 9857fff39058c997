//! The filesystems that are asked about, and who keeps what is on them.

use super::Error;
use crate::keeping::Lent;
use crate::kernel::facts::{self, Facts};
use crate::kernel::fan::{Group, Scope};
use crate::kernel::mounts::{self, Mount};
use inventory::linux::mounts::shows_the_kernel;
use model::Message;
use rustix::fs::{CWD, Mode, OFlags};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Who keeps what is in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// This kernel, on a disk or in memory.
    Local,
    /// This kernel, with layers that may change below it.
    Layered,
    Remote,
    /// A program of somebody who is not the administrator: it may say something else each time.
    Program,
}

/// The filesystem that a folder was on when it was named, and stays: when its mount is gone, the folder is on the one below,
/// which nobody named, and which may be the machine's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filesystem {
    folder: PathBuf,
    device: (u32, u32),
}

impl Filesystem {
    /// As somebody found it before: its [`Filesystem::device`]. Nothing is looked for, since it may be gone.
    pub fn known(folder: &Path, device: (u32, u32)) -> Filesystem {
        Filesystem { folder: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()), device }
    }

    /// Its numbers in the kernel.
    pub fn device(&self) -> (u32, u32) {
        self.device
    }

    /// # Errors
    /// When there is no such folder.
    pub fn of(folder: &Path) -> Result<Filesystem, Error> {
        let of = |folder: PathBuf| Facts::at(&folder).map(|facts| Filesystem { folder, device: facts.version.device });
        fs::canonicalize(folder).and_then(of).map_err(|source| Error::Path { path: folder.to_owned(), source })
    }

    /// Its folder, held open, so that what is asked about is what was looked at.
    fn open(&self) -> Result<File, Cause> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, &self.folder, flags, Mode::empty()).map_err(io::Error::from)?;
        let is_it = Facts::of(folder.as_fd())?.version.device == self.device;
        if is_it { Ok(folder.into()) } else { Err(Cause::Another) }
    }
}

pub struct Places {
    group: Arc<Lent<Group>>,
    /// None: all that there are.
    only: Vec<Filesystem>,
    /// By mount; what is here is asked about.
    known: RwLock<HashMap<u64, Keeper>>,
    /// Where nobody was asked at the last look.
    troubled: Mutex<HashSet<PathBuf>>,
}

/// A filesystem that is not watched.
#[derive(Debug)]
pub struct Trouble {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Kernel(io::Error),
    /// Another filesystem is there than the one that was named.
    Another,
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Cause {
        Cause::Kernel(error)
    }
}

impl Trouble {
    pub fn message(&self) -> Message {
        let path = self.path.display();
        match &self.cause {
            Cause::Kernel(cause) => Message::new("exec.unwatched").with("path", path).reason("cause", cause),
            Cause::Another => Message::new("exec.another-filesystem").with("path", path),
        }
    }
}

/// The kernel's own, and yet there may be files that run.
const MAY_HOLD_PROGRAMS: &[&str] = &["devtmpfs", "hugetlbfs"];
/// Filesystems of this kernel alone.
const LOCAL: &[&str] =
    &["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "devtmpfs", "squashfs", "erofs", "iso9660", "vfat"];
/// Mounts that are known; somebody may make as many as he likes.
const KNOWN_MAX: usize = 100_000;

impl Places {
    pub fn new(group: Arc<Lent<Group>>, only: Vec<Filesystem>) -> Places {
        Places { group, only, known: RwLock::default(), troubled: Mutex::default() }
    }

    /// Asks about everything that this process sees, or only about what it is to.
    pub fn watch_all(&self, mask: u64) -> Vec<Trouble> {
        let mounts = mounts::of(None).unwrap_or_default();
        let found: Vec<Trouble> = if self.only.is_empty() {
            let real = mounts.iter().filter(|mount| is_real(mount));
            real.filter_map(|mount| self.watch(&mount.place, keeper(mount), mask)).collect()
        } else {
            self.only.iter().filter_map(|named| self.watch_named(named, &mounts, mask)).collect()
        };
        *self.troubled() = found.iter().map(|trouble| trouble.path.clone()).collect();
        found
    }

    /// The same once more, and what was not so at the last look.
    pub fn watch_again(&self, mask: u64) -> Vec<Trouble> {
        let before = self.troubled().clone();
        self.watch_all(mask).into_iter().filter(|trouble| !before.contains(&trouble.path)).collect()
    }

    fn troubled(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch_named(&self, named: &Filesystem, mounts: &[Mount], mask: u64) -> Option<Trouble> {
        let trouble = |cause| Some(Trouble { path: named.folder.clone(), cause });
        let folder = match named.open() {
            Ok(folder) => folder,
            Err(cause) => return trouble(cause),
        };
        let mount = mounts.iter().rev().find(|mount| named.folder.starts_with(&mount.place));
        let open = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        match self.ask_about(&open, mount.map_or(Keeper::Remote, keeper), mask) {
            Ok(()) => None,
            Err(cause) => trouble(cause.into()),
        }
    }

    /// Asks about what another process sees.
    pub fn watch_seen_by(&self, process: i32, mask: u64) -> Vec<Trouble> {
        if !self.only.is_empty() {
            return Vec::new();
        }
        let root = PathBuf::from(format!("/proc/{}/root", mounts::name(Some(process))));
        let place = |mount: &Mount| root.join(mount.place.strip_prefix("/").unwrap_or(&mount.place));
        let mounts = mounts::of(Some(process)).unwrap_or_default();
        let real = mounts.iter().filter(|mount| is_real(mount));
        real.filter_map(|mount| self.watch(&place(mount), keeper(mount), mask)).collect()
    }

    fn watch(&self, path: &Path, keeper: Keeper, mask: u64) -> Option<Trouble> {
        let cause = self.ask_about(path, keeper, mask).err()?;
        // What is below another mount, or gone, is reached by nobody.
        let gone = matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        (!gone).then(|| Trouble { path: path.to_owned(), cause: cause.into() })
    }

    fn ask_about(&self, path: &Path, keeper: Keeper, mask: u64) -> io::Result<()> {
        self.group.watch(path, Scope::Filesystem, mask)?;
        if let Ok(facts) = Facts::at(path) {
            self.learn(facts.mount, keeper);
        }
        Ok(())
    }

    /// Who keeps what is on a mount, as far as is known. A mount of which nothing is known was never asked about.
    pub fn keeper(&self, mount: u64) -> Option<Keeper> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&mount).copied()
    }

    /// Who keeps a file. Asks whoever does, and may wait for him.
    pub fn keeper_of(&self, mount: u64, file: &File) -> Keeper {
        let said = || rustix::fs::fstatfs(file).map(|said| by_number(said.f_type.cast_unsigned()));
        self.keeper(mount).unwrap_or_else(|| said().unwrap_or(Keeper::Program))
    }

    /// The kernel asked about a file: its mount is one that is asked about.
    pub fn was_asked(&self, mount: u64, file: &File) {
        if self.keeper(mount).is_none() {
            self.learn(mount, self.keeper_of(mount, file));
        }
    }

    fn learn(&self, mount: u64, keeper: Keeper) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(mount, keeper);
    }

    /// Forgets which mounts are asked about, where another may have the number of one that is gone.
    pub fn forget(&self) {
        if !facts::mounts_are_unique() {
            self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    pub fn count(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether what a process runs that was not asked about is to be looked at: always; where only some filesystems are asked
    /// about, what has no name if the process works on one of those.
    pub fn concerns(&self, process: i32, program: &Facts) -> bool {
        let works_at = || Facts::at(Path::new(&format!("/proc/{process}/cwd"))).map(|facts| facts.version.device);
        let is_named = |device| self.only.iter().any(|named| named.device == device);
        self.only.is_empty() || program.links == 0 && works_at().is_ok_and(is_named)
    }
}

fn is_real(mount: &Mount) -> bool {
    // What only shows the kernel has no files that run, or cannot be asked about.
    let name = mount.filesystem.as_str();
    !shows_the_kernel(name) || MAY_HOLD_PROGRAMS.contains(&name)
}

fn keeper(mount: &Mount) -> Keeper {
    let name = mount.filesystem.as_str();
    if LOCAL.contains(&name) {
        Keeper::Local
    } else if name == "overlay" {
        Keeper::Layered
    } else if name.starts_with("fuse") && !mount.options.split(',').any(|option| option == "user_id=0") {
        Keeper::Program
    } else {
        Keeper::Remote
    }
}

/// By the number of a filesystem, where its mount is seen by nobody here.
fn by_number(number: u64) -> Keeper {
    match number {
        // ext, xfs, btrfs, f2fs, tmpfs
        0xef53 | 0x5846_5342 | 0x9123_683e | 0xf2f5_2010 | 0x0102_1994 => Keeper::Local,
        0x794c_7630 => Keeper::Layered,
        // FUSE
        0x6573_5546 => Keeper::Program,
        _ => Keeper::Remote,
    }
}

/// The path of a file that is open, as the kernel shows it now.
pub fn path_of(file: &File) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_a_file_is_told_by_its_filesystem() {
        for (filesystem, options, expected) in [
            ("ext4", "rw", Keeper::Local),
            ("tmpfs", "rw", Keeper::Local),
            ("overlay", "rw", Keeper::Layered),
            ("nfs4", "rw", Keeper::Remote),
            ("fuse.sshfs", "rw,user_id=1000,group_id=1000", Keeper::Program),
            ("fuseblk", "rw,user_id=0,group_id=0", Keeper::Remote),
            ("virtiofs", "rw", Keeper::Remote),
        ] {
            let mount = Mount { place: "/x".into(), filesystem: filesystem.into(), options: options.into() };
            assert_eq!(keeper(&mount), expected, "{filesystem}");
        }
    }
}
