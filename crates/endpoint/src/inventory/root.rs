//! The files of a machine below one folder, whether it is the machine that runs or a disk that is mounted somewhere: no link
//! leads out of the folder, nothing but regular files is opened, and of each no more is read than it may have.

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Times that a look-up is tried again while things are renamed.
const TRIES_MAX: usize = 16;

/// The folder that holds the files of a machine.
#[derive(Debug)]
pub struct Root(OwnedFd);

/// A file that was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    Whole(Vec<u8>),
    /// It is larger than it may be; nothing of it is kept.
    TooLarge,
}

impl Root {
    /// # Errors
    /// When the folder cannot be opened.
    pub fn open(folder: &Path) -> io::Result<Root> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Root(rustix::fs::openat(CWD, folder, flags, Mode::empty())?))
    }

    /// What is in a regular file.
    ///
    /// # Errors
    /// When there is none, or it is something else: a device or a pipe is not even opened.
    pub fn read(&self, path: &str, bytes_max: usize) -> io::Result<Content> {
        let found = self.look_up(path, OFlags::PATH)?;
        let stat = rustix::fs::fstat(&found)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        // By its descriptor, so that it is the file that was looked at; the folder is the own one, whatever the root is.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(format!("/proc/self/fd/{}", found.as_raw_fd()), flags, Mode::empty())?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        File::from(file).take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(if bytes.len() > bytes_max { Content::TooLarge } else { Content::Whole(bytes) })
    }

    /// The names in a folder, sorted; no more than so many.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn names(&self, path: &str, names_max: usize) -> io::Result<Vec<String>> {
        let folder = self.look_up(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&folder)? {
            if names.len() >= names_max {
                break;
            }
            // What is no text has no name that could be said.
            let entry = entry?;
            names
                .extend(entry.file_name().to_str().ok().filter(|name| !matches!(*name, "." | "..")).map(str::to_owned));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Where a link points, as it is written; none when it is no link.
    pub fn link(&self, path: &str) -> Option<String> {
        let found = self.look_up(path, OFlags::PATH | OFlags::NOFOLLOW).ok()?;
        let target = rustix::fs::readlinkat(&found, "", Vec::new()).ok()?;
        target.into_string().ok()
    }

    /// Bytes of a file without reading it; none when it is no regular file.
    pub fn size(&self, path: &str) -> Option<u64> {
        let found = self.look_up(path, OFlags::PATH).ok()?;
        let stat = rustix::fs::statat(&found, "", AtFlags::EMPTY_PATH).ok()?;
        let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        u64::try_from(stat.st_size).ok().filter(|_| regular)
    }

    pub fn is_folder(&self, path: &str) -> bool {
        self.look_up(path, OFlags::PATH | OFlags::DIRECTORY).is_ok()
    }

    fn look_up(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        below(self.0.as_fd(), path, flags)
    }
}

/// Opens a path as if the folder were the root of everything, with links that begin with a stroke.
fn below(folder: BorrowedFd<'_>, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES_MAX {
        match rustix::fs::openat2(folder, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // Something was renamed or mounted somewhere while it looked.
            Err(Errno::AGAIN | Errno::INTR) => {}
            found => return Ok(found?),
        }
    }
    Err(io::Error::from(io::ErrorKind::ResourceBusy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn folder() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        (folder, root)
    }

    #[test]
    fn no_link_leads_out_of_the_root() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "not yours").unwrap();
        let (folder, root) = folder();
        fs::create_dir_all(folder.path().join("etc")).unwrap();
        fs::write(folder.path().join("etc/passwd"), "inside").unwrap();
        symlink(outside.path().join("secret"), folder.path().join("etc/absolute")).unwrap();
        symlink("../../../../../../../../etc/passwd", folder.path().join("etc/upwards")).unwrap();
        symlink(outside.path(), folder.path().join("etc/away")).unwrap();
        symlink("/proc/self/cwd/passwd", folder.path().join("etc/magic")).unwrap();
        assert!(root.read("etc/absolute", 100).is_err());
        assert!(root.read("etc/away/secret", 100).is_err());
        assert!(root.read("etc/magic", 100).is_err());
        assert!(root.names("etc/away", 100).is_err());
        assert_eq!(root.read("etc/upwards", 100).unwrap(), Content::Whole(b"inside".to_vec()));
        assert_eq!(root.read("/etc/../../etc/passwd", 100).unwrap(), Content::Whole(b"inside".to_vec()));
        assert_eq!(root.link("etc/upwards").as_deref(), Some("../../../../../../../../etc/passwd"));
        assert_eq!(root.link("etc/passwd"), None);
    }

    #[test]
    fn only_regular_files_are_opened_and_only_so_much_of_them() {
        let (folder, root) = folder();
        rustix::fs::mkfifoat(CWD, folder.path().join("pipe"), Mode::RWXU).unwrap();
        symlink("/dev/zero", folder.path().join("zero")).unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        fs::write(folder.path().join("large"), [b'a'; 100]).unwrap();
        for name in ["pipe", "zero", "folder", "nothing"] {
            assert!(root.read(name, 100).is_err(), "{name}");
        }
        assert_eq!(root.read("large", 99).unwrap(), Content::TooLarge);
        assert_eq!(root.read("large", 100).unwrap(), Content::Whole(vec![b'a'; 100]));
        assert_eq!(root.names(".", 10).unwrap(), ["folder", "large", "pipe", "zero"]);
        assert_eq!(root.names(".", 2).unwrap().len(), 2);
        assert_eq!((root.size("large"), root.size("folder")), (Some(100), None));
    }

    /// The devices of the machine that runs are there, and are not opened.
    #[test]
    fn a_device_is_not_opened() {
        let root = Root::open(Path::new("/")).unwrap();
        assert_eq!(root.read("dev/null", 10).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
