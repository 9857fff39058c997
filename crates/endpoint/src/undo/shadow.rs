//! A second link to each protected file, made ahead, by the directory it is in and its name there.
//!
//! `<folder>/<inode of the directory>/<name>`: when a name is gone, or another file has it, the file that had it is found
//! here. Whatever happened is not told but looked at, so that it does not matter in which order one hears of it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub struct Shadow {
    folder: PathBuf,
}

/// What was found when a name was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is as it was.
    Same,
    /// There is a file that was not there; what was there before, if anything was, lies now where it was put.
    New { inode: u64, instead: bool },
    /// What was there is gone, and lies now where it was put.
    Gone,
}

impl Found {
    /// What was there before lies now where it was put.
    pub fn put_aside(&self) -> bool {
        matches!(self, Found::Gone | Found::New { instead: true, .. })
    }
}

/// A second link.
#[derive(Debug)]
pub struct Kept {
    pub directory: u64,
    pub name: OsString,
    pub path: PathBuf,
}

impl Shadow {
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Shadow> {
        fs::create_dir_all(folder)?;
        Ok(Shadow { folder: folder.to_owned() })
    }

    /// Where the second link to a file is.
    pub fn path(&self, directory: u64, name: &OsStr) -> PathBuf {
        self.folder.join(directory.to_string()).join(name)
    }

    /// All second links there are.
    pub fn all(&self) -> impl Iterator<Item = Kept> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let numbered = folders.filter_map(|folder| Some((folder.file_name().to_str()?.parse().ok()?, folder.path())));
        numbered.flat_map(|(directory, path)| {
            let files = fs::read_dir(path).into_iter().flatten().flatten();
            files.map(move |file| Kept { directory, name: file.file_name(), path: file.path() })
        })
    }

    /// Looks at a name in a directory, and makes what is kept of it so again. What had the name and has it no more is moved
    /// to `aside`.
    ///
    /// # Errors
    /// When it cannot be looked at, or no link can be made.
    pub fn look(&self, directory: u64, name: &OsStr, real: &Path, aside: &Path) -> io::Result<Found> {
        let kept_path = self.path(directory, name);
        let kept = inode(&kept_path)?;
        let there = inode(real)?;
        if kept == there {
            return Ok(Found::Same);
        }
        if kept.is_some() {
            fs::rename(&kept_path, aside)?;
        }
        let Some(inode) = there else { return Ok(Found::Gone) };
        if let Some(folder) = kept_path.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::hard_link(real, &kept_path) {
            Ok(()) => Ok(Found::New { inode, instead: kept.is_some() }),
            // It went in the meantime; one hears of that.
            Err(error) if error.kind() == io::ErrorKind::NotFound && kept.is_some() => Ok(Found::Gone),
            Err(error) => Err(error),
        }
    }
}

/// The inode of a regular file; none when there is no such file.
pub fn inode(path: &Path) -> io::Result<Option<u64>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_file().then(|| metadata.ino())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_a_name_is_there_when_the_name_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let shadow = Shadow::open(&folder.path().join("shadow")).unwrap();
        let (real, aside) = (folder.path().join("a"), folder.path().join("aside"));
        let name = OsStr::new("a");
        let look = || shadow.look(1, name, &real, &aside).unwrap();
        assert_eq!(look(), Found::Same);
        fs::write(&real, b"first").unwrap();
        assert!(matches!(look(), Found::New { instead: false, .. }));
        assert_eq!(look(), Found::Same);
        // Another is moved over it.
        fs::write(folder.path().join("b"), b"second").unwrap();
        fs::rename(folder.path().join("b"), &real).unwrap();
        assert!(matches!(look(), Found::New { instead: true, .. }));
        assert_eq!(fs::read(&aside).unwrap(), b"first");
        fs::remove_file(&real).unwrap();
        assert_eq!(look(), Found::Gone);
        assert_eq!(fs::read(&aside).unwrap(), b"second");
        // A link to somewhere is no file.
        std::os::unix::fs::symlink("/etc/passwd", &real).unwrap();
        assert_eq!(look(), Found::Same);
    }
}
