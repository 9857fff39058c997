//! The yard: the one directory in which stand-ins for ransomware may work, and the fence around it.
//!
//! A test makes a yard and puts a word into a marker file in it. A stand-in is told the directory and the word, and refuses
//! to enter where the two do not belong together. Inside it opens everything relative to the yard's own descriptor, and
//! the kernel refuses paths that lead out of it, over symbolic links or onto other file systems.

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the name of the temporary directory around every yard begins with.
pub const PREFIX: &str = "redoubt-it-";
pub const MARKER: &str = ".made-by-the-test";
/// What is protected, and what is not, in a yard.
pub const DOCUMENTS: &str = "documents";
pub const OUTSIDE: &str = "outside";
pub const STATE: &str = "state";

/// The test's side: a place with a marker, and the word in it.
pub struct Yard {
    pub root: PathBuf,
    pub word: String,
}

impl Yard {
    /// Makes a yard of an empty directory that the test made.
    pub fn make(root: &Path) -> Yard {
        let root = root.canonicalize().unwrap();
        let word: String = std::iter::repeat_with(random_byte).take(24).map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(root.join(MARKER), &word).unwrap();
        let yard = Yard { root, word };
        yard.clear();
        yard
    }

    /// Empties what documents and guards left from the round before.
    pub fn clear(&self) {
        for name in [DOCUMENTS, OUTSIDE, STATE] {
            let folder = self.root.join(name);
            if folder.exists() {
                std::fs::remove_dir_all(&folder).unwrap();
            }
            std::fs::create_dir(&folder).unwrap();
        }
    }

    pub fn documents(&self) -> PathBuf {
        self.root.join(DOCUMENTS)
    }

    pub fn state(&self) -> PathBuf {
        self.root.join(STATE)
    }
}

fn random_byte() -> u8 {
    let mut byte = [0];
    File::open("/dev/urandom").unwrap().read_exact(&mut byte).unwrap();
    byte[0]
}

/// The stand-in's side: a yard that was entered.
pub struct Inside {
    root: OwnedFd,
}

impl Inside {
    /// Refuses where anything says that this is not a yard of the test that has the word.
    pub fn enter(root: &Path, word: &str) -> Result<Inside, String> {
        if word.len() < 32 || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("there is no word".to_owned());
        }
        let real = root.canonicalize().map_err(|error| format!("no such directory: {error}"))?;
        let temporary =
            std::env::temp_dir().canonicalize().map_err(|error| format!("no temporary directory: {error}"))?;
        let made = real.strip_prefix(&temporary).ok().and_then(|path| path.components().next());
        if real != root || !made.is_some_and(|made| made.as_os_str().as_bytes().starts_with(PREFIX.as_bytes())) {
            return Err("not below a temporary directory of the test".to_owned());
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root =
            rustix::fs::openat(CWD, root, flags, Mode::empty()).map_err(|error| format!("cannot enter: {error}"))?;
        let inside = Inside { root };
        let marker = inside.open(Path::new(MARKER), OFlags::RDONLY).map_err(|error| format!("no marker: {error}"))?;
        let mut said = String::new();
        marker.take(1024).read_to_string(&mut said).map_err(|error| format!("cannot read the marker: {error}"))?;
        if said != word {
            return Err("the marker is of another test".to_owned());
        }
        Ok(inside)
    }

    pub fn open(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        self.resolve(path, flags, ResolveFlags::NO_SYMLINKS)
    }

    /// Symbolic links are followed, as long as they stay inside.
    pub fn open_through_links(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        self.resolve(path, flags, ResolveFlags::empty())
    }

    fn resolve(&self, path: &Path, flags: OFlags, more: ResolveFlags) -> io::Result<File> {
        let fence = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o600) } else { Mode::empty() };
        // Over `..` the kernel says `EAGAIN` when something was renamed or mounted meanwhile, anywhere on the machine.
        loop {
            match rustix::fs::openat2(&self.root, path, flags | OFlags::CLOEXEC, mode, fence | more) {
                Err(rustix::io::Errno::AGAIN) => std::thread::yield_now(),
                opened => return Ok(File::from(opened?)),
            }
        }
    }

    /// The directory that a path is in, opened inside the fence, and the path's last part.
    pub fn parent<'a>(&self, path: &'a Path) -> io::Result<(File, &'a OsStr)> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        Ok((self.open(parent, OFlags::PATH | OFlags::DIRECTORY)?, name))
    }

    pub fn unlink(&self, path: &Path) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        Ok(rustix::fs::unlinkat(parent, name, AtFlags::empty())?)
    }

    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let ((from, old), (to, new)) = (self.parent(from)?, self.parent(to)?);
        Ok(rustix::fs::renameat(from, old, to, new)?)
    }

    pub fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let ((from, old), (to, new)) = (self.parent(from)?, self.parent(to)?);
        Ok(rustix::fs::linkat(from, old, to, new, AtFlags::empty())?)
    }

    /// Makes a symbolic link at `at`, whose target is given as seen from there.
    pub fn symlink(&self, target: &Path, at: &Path) -> io::Result<()> {
        let (parent, name) = self.parent(at)?;
        Ok(rustix::fs::symlinkat(target, parent, name)?)
    }

    /// A path of a file for calls and programs that take only paths: it leads through a descriptor that was opened inside
    /// the fence, and the file is no link. The directory must stay open as long as the path is used.
    pub fn spelled(&self, path: &Path) -> io::Result<(File, PathBuf)> {
        let (parent, name) = self.parent(path)?;
        let about = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let spelled = Path::new("/proc/self/fd").join(parent.as_raw_fd().to_string()).join(name);
        Ok((parent, spelled))
    }

    /// Every file below a directory of the yard, in the order of their names.
    pub fn files(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let opened = self.open(folder, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut entries = entries(opened.as_fd())?;
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut files = Vec::new();
        for (name, kind) in entries {
            let path = folder.join(name);
            match kind {
                FileType::Directory => files.extend(self.files(&path)?),
                FileType::RegularFile => files.push(path),
                _ => {}
            }
        }
        Ok(files)
    }
}

fn entries(folder: BorrowedFd<'_>) -> io::Result<Vec<(OsString, FileType)>> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
        if name != "." && name != ".." {
            // Some file systems do not say the kind with the name.
            let about = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
            entries.push((name, FileType::from_raw_mode(about.st_mode)));
        }
    }
    Ok(entries)
}
