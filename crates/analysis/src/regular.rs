//! Files at places where others may put things: opened once without waiting, and then told by what was opened.
//!
//! Between a look at a path and opening it, a pipe may take the place of a file, and whoever opens that waits for ever; or
//! a link, and what is read lies elsewhere. So what counts is asked of the open file.

use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};

/// A file that is none but a file, open for reading.
#[derive(Debug)]
pub struct Regular {
    pub file: File,
    /// As it was when it was opened.
    pub stand: Stand,
}

/// What a file is known by without reading it. Two looks that differ are of two contents, or of two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    pub size: u64,
    file: (u64, u64),
    modified: (i64, i64),
    /// The kernel's own: nobody sets it back.
    changed: (i64, i64),
}

/// Why there is no file to read.
#[derive(Debug, thiserror::Error)]
pub enum NoFile {
    #[error("it is a link, which is not followed here")]
    Link,
    #[error("it is neither a file nor a folder")]
    Special,
    #[error("it cannot be opened")]
    Open(#[source] io::Error),
}

const HOW: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const STEP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens what a person named, also by a link.
///
/// # Errors
/// When it is no file, or cannot be opened.
pub fn named(path: &Path) -> Result<Regular, NoFile> {
    Regular::of(open(path, HOW, Mode::empty()).map_err(opening)?.into())
}

/// Opens what was found below a folder that a person named. No link is followed on the way from there.
///
/// # Errors
/// When there is a link on the way, it is no file, or cannot be opened.
pub fn below(folder: &Path, path: &Path) -> Result<Regular, NoFile> {
    let outside = || NoFile::Open(io::Error::from(io::ErrorKind::InvalidInput));
    let way = path.strip_prefix(folder).map_err(|_| outside())?;
    let mut steps = way.components().peekable();
    let mut at = open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(opening)?;
    while let Some(step) = steps.next() {
        let Component::Normal(name) = step else { return Err(outside()) };
        if steps.peek().is_none() {
            let opened = openat(&at, name, HOW | OFlags::NOFOLLOW, Mode::empty());
            return Regular::of(opened.map_err(below_folder)?.into());
        }
        at = openat(&at, name, STEP, Mode::empty()).map_err(below_folder)?;
    }
    Err(NoFile::Special)
}

fn opening(error: Errno) -> NoFile {
    // Of a socket, and of a device that is not there.
    if matches!(error, Errno::NXIO | Errno::NODEV) { NoFile::Special } else { NoFile::Open(error.into()) }
}

/// Where no link is followed, a link is told as a loop, and one in place of a folder as no folder.
fn below_folder(error: Errno) -> NoFile {
    if matches!(error, Errno::LOOP | Errno::NOTDIR) { NoFile::Link } else { opening(error) }
}

impl Regular {
    fn of(file: File) -> Result<Regular, NoFile> {
        let metadata = file.metadata().map_err(NoFile::Open)?;
        if metadata.is_file() { Ok(Regular { stand: Stand::of(&metadata), file }) } else { Err(NoFile::Special) }
    }

    /// Whether it is still as it was when it was opened. What was read of a file that is not may be of two contents.
    pub fn is_unchanged(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| Stand::of(&metadata) == self.stand)
    }
}

impl Stand {
    pub fn of(metadata: &Metadata) -> Stand {
        Stand {
            size: metadata.len(),
            file: (metadata.dev(), metadata.ino()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, mknodat};
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    fn told(opened: Result<Regular, NoFile>) -> &'static str {
        match opened {
            Ok(_) => "file",
            Err(NoFile::Link) => "link",
            Err(NoFile::Special) => "special",
            Err(NoFile::Open(_)) => "error",
        }
    }

    #[test]
    fn what_is_no_file_is_told_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "words").unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        mknodat(CWD, at("pipe"), FileType::Fifo, Mode::from(0o600), 0).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink("/dev/zero", at("to-device")).unwrap();
        symlink(at("link"), at("link-to-link")).unwrap();
        symlink(at("nothing"), at("to-nothing")).unwrap();
        symlink(folder.path(), at("folder/around")).unwrap();
        std::fs::write(at("folder/deep"), "words").unwrap();
        let below = |name: &str| told(super::below(folder.path(), &at(name)));
        for (name, as_named, as_found) in [
            ("file", "file", "file"),
            ("folder", "special", "special"),
            ("pipe", "special", "special"),
            ("socket", "special", "special"),
            ("link", "file", "link"),
            ("to-device", "special", "link"),
            ("link-to-link", "file", "link"),
            ("to-nothing", "error", "link"),
            ("missing", "error", "error"),
            ("folder/deep", "file", "file"),
            ("folder/around/file", "file", "link"),
            ("folder/../file", "file", "error"),
        ] {
            assert_eq!((told(named(&at(name))), below(name)), (as_named, as_found), "{name}");
        }
        assert_eq!(told(named(Path::new("/dev/zero"))), "special");
        assert_eq!(told(super::below(&at("folder"), Path::new("/etc/hostname"))), "error");
    }

    #[test]
    fn a_file_that_changes_while_it_is_open_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "words").unwrap();
        let opened = named(&path).unwrap();
        assert!(opened.is_unchanged());
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b" and more").unwrap();
        assert!(!opened.is_unchanged());
    }
}
