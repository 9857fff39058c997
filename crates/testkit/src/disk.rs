//! A small disk of the test's own, to fill up.

use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A file system in memory that holds so many bytes; gone when dropped.
pub struct SmallDisk {
    folder: TempDir,
}

/// `None` with a loud line where this process may not mount one.
pub fn small_disk(bytes: u64) -> Option<SmallDisk> {
    let folder = tempfile::tempdir().expect("make a folder to mount on");
    let size = format!("size={bytes}");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
    if mounted.is_ok_and(|output| output.status.success()) {
        return Some(SmallDisk { folder });
    }
    eprintln!("SKIPPED: this process may not mount a small disk; run as root to run this test");
    None
}

impl SmallDisk {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is still closing its files must not keep the test from ending.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}
