//! What the link does to a disk, in one place: so that it is always made to last, and so that tests can make it fail.

use std::fs::{DirBuilder, File, OpenOptions};
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
    Cut,
    Remove,
}

type Fault = dyn Fn(Act, &Path) -> io::Result<()> + Send + Sync;

/// The disk, as it is or as a test wants it.
#[derive(Clone, Default)]
pub struct Disk(Option<Arc<Fault>>);

impl Disk {
    /// A disk that asks before everything it does; an error is what that comes to.
    pub fn failing(fault: impl Fn(Act, &Path) -> io::Result<()> + Send + Sync + 'static) -> Disk {
        Disk(Some(Arc::new(fault)))
    }

    fn may(&self, act: Act, path: &Path) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |fault| fault(act, path))
    }

    /// A new file that nobody else may read; what was there of that name is gone.
    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        self.may(Act::Create, path)?;
        private().write(true).create(true).truncate(true).open(path)
    }

    /// A file to write to, made when there is none.
    pub(crate) fn open(&self, path: &Path) -> io::Result<File> {
        self.may(Act::Create, path)?;
        private().read(true).write(true).create(true).truncate(false).open(path)
    }

    pub(crate) fn write(&self, file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.may(Act::Write, path)?;
        file.write_all(bytes)
    }

    pub(crate) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.may(Act::Sync, path)?;
        file.sync_data()
    }

    /// Makes names in a folder last.
    pub(crate) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.may(Act::SyncFolder, path)?;
        // Elsewhere a folder cannot be opened, and names last by themselves.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    /// Makes a file as short as that, and that it is lasts.
    pub(crate) fn cut(&self, file: &File, path: &Path, length: u64) -> io::Result<()> {
        self.may(Act::Cut, path)?;
        file.set_len(length)?;
        file.sync_all()
    }

    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.may(Act::Remove, path)?;
        std::fs::remove_file(path)
    }

    /// A whole file that lasts, its name too; a crash leaves the one before or this one.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = path.with_extension("new");
        let mut file = self.create(&beside)?;
        self.write(&mut file, &beside, bytes)?;
        self.sync(&file, &beside)?;
        std::fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| self.sync_folder(folder))
    }
}

fn private() -> OpenOptions {
    #[allow(unused_mut, reason = "there are no modes elsewhere")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Makes a folder, with its parents, that nobody else can look into.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// The lock of a folder; it goes with the process. `None` when another has it.
pub(crate) fn locked(path: &Path) -> io::Result<Option<File>> {
    let file = private().create(true).append(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(source)) => Err(source),
    }
}
