//! The filesystems that are asked about, and who keeps what is on them.

use super::Error;
use crate::keeping::Lent;
use crate::kernel::facts::{self, Facts};
use crate::kernel::fan::{Group, Scope};
use crate::kernel::mounts::{self, Mount};
use inventory::linux::mounts::shows_the_kernel;
use model::Message;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

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

pub struct Places {
    group: Arc<Lent<Group>>,
    only: Vec<PathBuf>,
    only_devices: HashSet<(u32, u32)>,
    /// By mount; what is here is asked about.
    known: RwLock<HashMap<u64, Keeper>>,
}

/// A filesystem that is not watched.
#[derive(Debug)]
pub struct Trouble {
    path: PathBuf,
    cause: io::Error,
}

impl Trouble {
    pub fn message(&self) -> Message {
        Message::new("exec.unwatched").with("path", self.path.display()).reason("cause", &self.cause)
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
    pub fn new(group: Arc<Lent<Group>>, only: &[PathBuf]) -> Result<Places, Error> {
        let real = |path: &PathBuf| -> io::Result<(PathBuf, (u32, u32))> {
            let real = fs::canonicalize(path)?;
            let device = Facts::at(&real)?.version.device;
            Ok((real, device))
        };
        let found = only
            .iter()
            .map(|path| real(path).map_err(|source| Error::Path { path: path.clone(), source }))
            .collect::<Result<Vec<_>, _>>()?;
        let only_devices = found.iter().map(|(_, device)| *device).collect();
        let only = found.into_iter().map(|(path, _)| path).collect();
        Ok(Places { group, only, only_devices, known: RwLock::default() })
    }

    /// Asks about everything that this process sees, or only about what it is to.
    pub fn watch_all(&self, mask: u64) -> Vec<Trouble> {
        let mounts = mounts::of(None).unwrap_or_default();
        if !self.only.is_empty() {
            let of = |path: &Path| mounts.iter().rev().find(|mount| path.starts_with(&mount.place));
            let each = |path: &PathBuf| self.watch(path, of(path).map_or(Keeper::Remote, keeper), mask);
            return self.only.iter().filter_map(each).collect();
        }
        let real = mounts.iter().filter(|mount| is_real(mount));
        real.filter_map(|mount| self.watch(&mount.place, keeper(mount), mask)).collect()
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
        if let Err(cause) = self.group.watch(path, Scope::Filesystem, mask) {
            // What is below another mount, or gone, is reached by nobody.
            let gone = matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
            return (!gone).then(|| Trouble { path: path.to_owned(), cause });
        }
        if let Ok(facts) = Facts::at(path) {
            self.learn(facts.mount, keeper);
        }
        None
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
        self.only.is_empty() || program.links == 0 && works_at().is_ok_and(|device| self.only_devices.contains(&device))
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
