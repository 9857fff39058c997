//! Opening files that somebody else may have put there: never one that makes whoever opens it wait, and never by a link to
//! somewhere else.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path};
use std::time::UNIX_EPOCH;

/// A file, told from a later one that has its inode by when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey {
    pub inode: u64,
    /// Nanoseconds since 1970; 0 where the filesystem does not say.
    born: u64,
}

impl FileKey {
    pub fn of(metadata: &Metadata) -> FileKey {
        let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        let born = born.map_or(0, |born| u64::try_from(born.as_nanos()).unwrap_or(0));
        FileKey { inode: metadata.ino(), born }
    }

    /// A number by which it is counted.
    pub fn number(self) -> u64 {
        self.inode ^ self.born.rotate_left(17)
    }
}

/// Opens a regular file for reading. A pipe in its place would make one wait for whoever writes into it.
///
/// # Errors
/// When there is none, or it is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::from(io::ErrorKind::InvalidInput)) }
}

/// A name in a directory that was reached without following a link.
#[derive(Debug)]
pub struct Spot {
    folder: OwnedFd,
    name: OsString,
}

const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Spot {
    /// The place of an absolute path. Directories that are gone are made again.
    ///
    /// # Errors
    /// When a link or something else stands where a directory should be.
    pub fn of(path: &Path) -> io::Result<Spot> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let mut folder = rustix::fs::open("/", FOLDER, Mode::empty())?;
        for component in path.parent().into_iter().flat_map(Path::components) {
            match component {
                Component::RootDir => {}
                Component::Normal(name) => folder = below(&folder, name)?,
                _ => return Err(io::Error::from(io::ErrorKind::InvalidInput)),
            }
        }
        Ok(Spot { folder, name })
    }

    /// What stands there, not followed if it is a link.
    pub fn inode(&self) -> io::Result<Option<u64>> {
        match rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat.st_ino)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the regular file that stands there for writing.
    pub fn open(&self) -> io::Result<File> {
        self.file(OFlags::WRONLY | OFlags::NONBLOCK)
    }

    /// The same if it is the file with an inode.
    pub fn open_that(&self, inode: u64) -> io::Result<Option<File>> {
        if self.inode()? != Some(inode) {
            return Ok(None);
        }
        let file = self.open()?;
        Ok((file.metadata()?.ino() == inode).then_some(file))
    }

    /// Makes a file where nothing stands.
    pub fn create(&self) -> io::Result<File> {
        self.file(OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)
    }

    fn file(&self, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = File::from(rustix::fs::openat(&self.folder, &self.name, flags, Mode::RUSR | Mode::WUSR)?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::from(io::ErrorKind::InvalidInput)) }
    }

    /// Gives a file that has a path of one's own this name as well, where nothing may stand.
    pub fn link(&self, from: &Path) -> io::Result<()> {
        Ok(rustix::fs::linkat(CWD, from, &self.folder, &self.name, AtFlags::empty())?)
    }

    /// Moves what stands here to a path of one's own.
    pub fn give(&self, to: &Path) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, &self.name, CWD, to)?)
    }

    pub fn remove(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::empty())?)
    }

    /// The same directory with another name.
    pub fn beside(self, name: &OsStr) -> Spot {
        Spot { folder: self.folder, name: name.to_owned() }
    }
}

fn below(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let open = || rustix::fs::openat2(folder.as_fd(), name, FOLDER, Mode::empty(), ResolveFlags::NO_SYMLINKS);
    loop {
        match open() {
            Ok(folder) => return Ok(folder),
            // Something was renamed or mounted somewhere while it looked.
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::NOENT) => match rustix::fs::mkdirat(folder, name, Mode::RWXU) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_link_leads_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("elsewhere")).unwrap();
        fs::write(root.join("elsewhere/a"), b"not yours").unwrap();
        symlink(root.join("elsewhere"), root.join("docs")).unwrap();
        assert!(Spot::of(&root.join("docs/a")).is_err(), "a folder that is a link");
        fs::create_dir(root.join("real")).unwrap();
        symlink(root.join("elsewhere/a"), root.join("real/a")).unwrap();
        let spot = Spot::of(&root.join("real/a")).unwrap();
        assert!(spot.open().is_err() && spot.create().is_err(), "a file that is a link");
        assert!(Spot::of(&root.join("gone/below/a")).unwrap().create().is_ok(), "folders are made again");
        assert!(root.join("gone/below/a").is_file());
        assert_eq!(fs::read(root.join("elsewhere/a")).unwrap(), b"not yours");
    }

    #[test]
    fn a_pipe_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
        assert!(open_regular(&pipe).is_err());
        assert!(Spot::of(&pipe.canonicalize().unwrap()).unwrap().open().is_err());
    }

    #[test]
    fn an_inode_that_is_used_again_is_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, name).unwrap();
            (FileKey::of(&fs::metadata(&path).unwrap()), path)
        };
        let (first, path) = key("a");
        fs::remove_file(path).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_ne!(first, key("b").0);
    }
}
