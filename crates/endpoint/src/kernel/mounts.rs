//! What is mounted where (`/proc/N/mountinfo`, proc(5)).

use inventory::linux::mounts;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One mount as a process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub place: PathBuf,
    /// `ext4`, `fuse.sshfs`.
    pub filesystem: String,
    /// Options of the filesystem itself, with commas.
    pub options: String,
}

/// Mounts that are read of one process; it may make as many as it likes.
const MOUNTS_MAX: usize = 100_000;

/// The mounts that a process sees, this one if none is said.
///
/// # Errors
/// When there is no such process.
pub fn of(process: Option<i32>) -> io::Result<Vec<Mount>> {
    let text = fs::read(format!("/proc/{}/mountinfo", name(process)))?;
    Ok(text.split(|byte| *byte == b'\n').filter_map(parse).take(MOUNTS_MAX).collect())
}

/// A file on which one waits for [`rustix::event::PollFlags::PRI`] when mounts of this process change.
///
/// # Errors
/// When `/proc` is not there.
pub fn changes() -> io::Result<File> {
    File::open("/proc/self/mountinfo")
}

/// `/proc/N` by name.
pub fn name(process: Option<i32>) -> String {
    process.map_or_else(|| "self".to_owned(), |number| number.to_string())
}

fn parse(line: &[u8]) -> Option<Mount> {
    let entry = mounts::entry(line)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let place = PathBuf::from(OsString::from_vec(entry.place));
    let (filesystem, options) = (text(entry.filesystem), text(entry.filesystem_options));
    place.is_absolute().then_some(Mount { place, filesystem, options })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_read() {
        let line = br"36 35 98:0 /mnt1 /mnt/a\040b rw,noatime master:1 shared:2 - fuse.sshfs host:/x rw,user_id=1000";
        let mount = parse(line).unwrap();
        assert_eq!(mount.place, PathBuf::from("/mnt/a b"));
        assert_eq!((mount.filesystem.as_str(), mount.options.as_str()), ("fuse.sshfs", "rw,user_id=1000"));
        for bad in [&b""[..], b"1 2 3", b"36 35 98:0 / /x rw", b"36 35 98:0 / x rw - ext4 a b"] {
            assert_eq!(parse(bad), None);
        }
        assert!(of(None).unwrap().iter().any(|mount| mount.filesystem == "proc"));
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_reader(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(&line);
        }
    }
}
