//! What the lake does to a disk, in one place: so that it is always made to last, and so that tests can make it fail.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Create,
    Write,
    Sync,
    SyncFolder,
    Remove,
    /// A table's log is about to take a commit.
    Commit,
}

type Fault = dyn Fn(Act, &Path) -> io::Result<()> + Send + Sync;

/// The disk, as it is or as a test wants it.
#[derive(Clone, Default)]
pub struct Disk(Option<Arc<Fault>>);

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Disk(failing)" } else { "Disk" })
    }
}

impl Disk {
    /// A disk that asks before everything it does; an error is what that comes to.
    pub fn failing(fault: impl Fn(Act, &Path) -> io::Result<()> + Send + Sync + 'static) -> Disk {
        Disk(Some(Arc::new(fault)))
    }

    pub(crate) fn may(&self, act: Act, path: &Path) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |fault| fault(act, path))
    }

    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        self.may(Act::Create, path)?;
        File::options().write(true).create_new(true).open(path)
    }

    pub(crate) fn write(&self, file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.may(Act::Write, path)?;
        file.write_all(bytes)
    }

    pub(crate) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.may(Act::Sync, path)?;
        file.sync_all()
    }

    /// Makes names in a folder last.
    pub(crate) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.may(Act::SyncFolder, path)?;
        File::open(path)?.sync_all()
    }

    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.may(Act::Remove, path)?;
        std::fs::remove_file(path)
    }

    /// A whole new file that lasts, its name too.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.create(path)?;
        self.write(&mut file, path, bytes)?;
        self.sync(&file, path)?;
        path.parent().map_or(Ok(()), |folder| self.sync_folder(folder))
    }
}
