//! What this kernel knows of a file without asking anybody for it, and whether somebody may be changing it.
//!
//! Everything here but [`read_at`] comes back at once, also for a file that a program or another machine keeps.

use rustix::fs::{AtFlags, CWD, Statx, StatxFlags, StatxTimestamp};
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is in a file, by everything that a change of it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    pub device: (u32, u32),
    pub inode: u64,
    pub bytes: u64,
    /// Seconds and nanoseconds: of what is in it, and of anything about it.
    pub modified: (i64, u32),
    pub changed: (i64, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub version: Version,
    /// When it was made, where the filesystem says.
    pub born: (i64, u32),
    /// Type and permissions.
    pub mode: u32,
    pub owner: u32,
    /// Names that it has.
    pub links: u32,
    /// The mount through which it was reached; since Linux 6.8 a number that no later mount has.
    pub mount: u64,
}

/// `STATX_MNT_ID_UNIQUE`.
const UNIQUE_MOUNT: u32 = 0x4000;
/// `AT_STATX_DONT_SYNC`.
const AS_IT_IS: u32 = 0x4000;
/// On older kernels a clock of files moves so seldom that two changes may have one time.
const YOUNG: Duration = Duration::from_millis(100);

impl Facts {
    /// # Errors
    /// When the kernel does not say.
    pub fn of(file: impl AsFd) -> io::Result<Facts> {
        statx(file.as_fd(), Path::new(""), AtFlags::EMPTY_PATH)
    }

    /// Of what a path leads to.
    ///
    /// # Errors
    /// When there is nothing.
    pub fn at(path: &Path) -> io::Result<Facts> {
        statx(CWD, path, AtFlags::empty())
    }

    pub fn is_regular(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// Nobody but the administrator may change it.
    pub fn is_administrators(&self) -> bool {
        self.owner == 0 && self.mode & (libc::S_IWGRP | libc::S_IWOTH) == 0
    }

    /// It was changed so lately that a further change might not show.
    pub fn is_young(&self) -> bool {
        let (seconds, nanoseconds) = self.version.changed;
        let changed = u64::try_from(seconds).map(|seconds| UNIX_EPOCH + Duration::new(seconds, nanoseconds));
        // What is of tomorrow was changed under another clock.
        changed.is_ok_and(|changed| SystemTime::now().duration_since(changed).unwrap_or_default() < YOUNG)
    }
}

/// Whether mounts have numbers that no later one has.
pub fn mounts_are_unique() -> bool {
    let wanted = StatxFlags::from_bits_retain(UNIQUE_MOUNT);
    rustix::fs::statx(CWD, "/", AtFlags::empty(), wanted).is_ok_and(|said| said.stx_mask & UNIQUE_MOUNT != 0)
}

fn statx(folder: BorrowedFd, path: &Path, flags: AtFlags) -> io::Result<Facts> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::from_bits_retain(UNIQUE_MOUNT);
    let flags = flags | AtFlags::from_bits_retain(AS_IT_IS);
    let mut said = rustix::fs::statx(folder, path, flags, wanted)?;
    if said.stx_mask & UNIQUE_MOUNT == 0 {
        said.stx_mnt_id = rustix::fs::statx(folder, path, flags, StatxFlags::MNT_ID)?.stx_mnt_id;
    }
    Ok(facts(&said))
}

fn facts(said: &Statx) -> Facts {
    let time = |time: StatxTimestamp| (time.tv_sec, time.tv_nsec);
    Facts {
        version: Version {
            device: (said.stx_dev_major, said.stx_dev_minor),
            inode: said.stx_ino,
            bytes: said.stx_size,
            modified: time(said.stx_mtime),
            changed: time(said.stx_ctime),
        },
        born: if said.stx_mask & StatxFlags::BTIME.bits() == 0 { (0, 0) } else { time(said.stx_btime) },
        mode: said.stx_mode.into(),
        owner: said.stx_uid,
        links: said.stx_nlink,
        mount: said.stx_mnt_id,
    }
}

/// Whether somebody has a file open for writing, or a mapping of it that he writes into. Needs a file that is open for
/// reading only; none where its filesystem does not say.
pub fn has_writers(file: &File) -> Option<bool> {
    /// `F_SETSIG`: who breaks the lease in its microsecond is told of by a signal that nobody minds.
    const SET_SIGNAL: i32 = 10;
    let set = |command: i32, value: i32| {
        // SAFETY: numbers in, a number out, of a descriptor that is open.
        unsafe { libc::fcntl(file.as_raw_fd(), command, value) }
    };
    set(SET_SIGNAL, libc::SIGURG);
    // A lease for reading is had only while nobody writes.
    if set(libc::F_SETLEASE, libc::F_RDLCK) == 0 {
        set(libc::F_SETLEASE, libc::F_UNLCK);
        return Some(false);
    }
    (io::Error::last_os_error().raw_os_error() == Some(libc::EAGAIN)).then_some(true)
}

/// The first bytes of a file if they are in memory; none when one would have to wait for them.
pub fn read_now<'b>(file: &File, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let flags = rustix::io::ReadWriteFlags::NOWAIT;
    let read = rustix::io::preadv2(file, &mut [IoSliceMut::new(buffer)], 0, flags).ok()?;
    buffer.get(..read)
}

/// The bytes from a place on, as many as there are and have room.
///
/// # Errors
/// When they cannot be read.
pub fn read_at<'b>(file: &File, buffer: &'b mut [u8], place: u64) -> io::Result<&'b [u8]> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, place + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(buffer.get(..filled).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, OpenOptions};

    #[test]
    fn a_change_is_another_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"one").unwrap();
        let file = File::open(&path).unwrap();
        let before = Facts::of(&file).unwrap();
        assert_eq!(before, Facts::at(&path).unwrap());
        assert!(before.is_regular() && before.is_young() && before.mount != 0);
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&path, b"two").unwrap();
        assert_ne!(before.version, Facts::of(&file).unwrap().version);
        fs::remove_file(&path).unwrap();
        assert_eq!(Facts::of(&file).unwrap().links, 0);
    }

    #[test]
    fn who_writes_is_seen_also_through_a_mapping() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, vec![7; 4096]).unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(has_writers(&file), Some(false));
        let writer = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        assert_eq!(has_writers(&file), Some(true));
        // SAFETY: the kernel chooses the place, and nothing reads or writes there.
        let place = unsafe {
            let rights = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), 4096, rights, libc::MAP_SHARED, writer.as_raw_fd(), 0)
        };
        assert_ne!(place, libc::MAP_FAILED);
        drop(writer);
        assert_eq!(has_writers(&file), Some(true));
        // SAFETY: the range is the one that was mapped.
        unsafe { libc::munmap(place, 4096) };
        assert_eq!(has_writers(&file), Some(false));
    }

    #[test]
    fn bytes_are_read_to_the_end_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"0123456789").unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(read_at(&file, &mut [0; 4], 8).unwrap(), b"89");
        assert_eq!(read_at(&file, &mut [0; 4], 2).unwrap(), b"2345");
        assert_eq!(read_at(&file, &mut [0; 4], 20).unwrap(), b"");
        if let Some(now) = read_now(&file, &mut [0; 4]) {
            assert_eq!(now, b"0123");
        }
    }
}
