//! Disks of the test's own: an image in a temporary directory, with a file system on it, mounted; gone when dropped. They
//! are mounted for the test's thread and its children only, so that a test that is killed leaves none behind.

use crate::needs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// Sparse: it takes only what is written. XFS makes nothing below 300 MB.
const SIZE: u64 = 1 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ext4,
    Xfs,
    Btrfs,
}

pub struct Disk {
    folder: TempDir,
    more: Vec<PathBuf>,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Ext4, Kind::Xfs, Kind::Btrfs];

    fn tool(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Kind::Ext4 => ("mkfs.ext4", "e2fsprogs", &["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard"]),
            Kind::Xfs => ("mkfs.xfs", "xfsprogs", &["-q", "-f", "-m", "reflink=1"]),
            Kind::Btrfs => ("mkfs.btrfs", "btrfs-progs", &["-q", "-f"]),
        }
    }
}

impl Disk {
    /// `None` with a loud line where no disk can be made.
    pub fn new(kind: Kind) -> Option<Disk> {
        let (tool, package, arguments) = kind.tool();
        if !needs::root() || !needs::tool(tool, package) {
            return None;
        }
        let folder = tempfile::Builder::new().prefix(crate::yard::PREFIX).tempdir().unwrap();
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(SIZE).unwrap();
        run(Command::new(tool).args(arguments).arg(&image));
        crate::raw::own_mounts().unwrap();
        run(Command::new("mount").args(["--make-rprivate", "/"]));
        let disk = Disk { folder, more: Vec::new() };
        std::fs::create_dir(disk.path()).unwrap();
        // What is removed leaves the image too: many tests on one disk do not fill the machine's.
        run(Command::new("mount").args(["-o", "loop,discard"]).arg(&image).arg(disk.path()));
        Some(disk)
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The whole disk at a second place.
    pub fn elsewhere(&mut self) -> PathBuf {
        let place = self.folder.path().join(format!("elsewhere-{}", self.more.len()));
        std::fs::create_dir(&place).unwrap();
        run(Command::new("mount").arg("--bind").arg(self.path()).arg(&place));
        self.more.push(place.clone());
        place
    }

    /// Fills the disk until about so many bytes are free.
    pub fn nearly_full(&self, left: u64) {
        let file = File::create(self.path().join("filler")).unwrap();
        // Metadata takes some of what was free, and some file systems know only after a sync how much.
        for _ in 0..8 {
            let free = self.free();
            if free <= left + (1 << 20) {
                break;
            }
            let len = file.metadata().unwrap().len();
            let flags = rustix::fs::FallocateFlags::empty();
            let more = if free - left > (64 << 20) { (free - left) / 8 * 7 } else { free - left };
            if rustix::fs::fallocate(&file, flags, len, more).is_err() {
                break;
            }
            file.sync_all().unwrap();
        }
    }

    pub fn free(&self) -> u64 {
        let told = rustix::fs::statvfs(self.path()).unwrap();
        told.f_bavail * told.f_frsize
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let main = self.path();
        for place in self.more.iter().rev().chain([&main]) {
            unmount(place);
        }
    }
}

/// Waits a little for what still holds files; then takes the mount away from under it, since an image that stays mounted
/// stays on the machine.
fn unmount(place: &Path) {
    for _ in 0..20 {
        if umount(place, false) {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    umount(place, true);
}

fn umount(place: &Path, lazily: bool) -> bool {
    let mut command = Command::new("umount");
    if lazily {
        command.arg("-l");
    }
    command.arg(place).output().is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}
