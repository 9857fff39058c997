//! An endpoint's folder on this machine: who it is, which server it belongs to, and what it holds to.

use link::{Identity, Spool};
use model::Message;
use policy::orders::PublicKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes of a small file of ours.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The folder of one endpoint.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

/// Where it delivers to, and with how much room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    pub server: String,
    pub spool_mib: u64,
    /// Whose releases of the agent are believed from the beginning.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub release_keys: BTreeSet<PublicKey>,
}

impl Home {
    /// The folder, which nobody else can look into, made when there is none.
    pub fn make(folder: &Path) -> Result<Home, Message> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        // One that was there may be open to others.
        let closed = made.and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o700)));
        closed.map_err(|error| unwritten(folder, &error))?;
        Home::of(folder)
    }

    /// The folder as it is.
    pub fn of(folder: &Path) -> Result<Home, Message> {
        Ok(Home { folder: std::path::absolute(folder).map_err(|error| unread(folder, &error))? })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn identity(&self) -> Result<Identity, Message> {
        let missing = || Message::new("agent.not-enrolled").with("path", self.folder.display());
        Identity::load(&self.folder).map_err(|error| error.message())?.ok_or_else(missing)
    }

    pub fn setup(&self) -> Result<Setup, Message> {
        self.read("agent.json")
    }

    pub fn put_setup(&self, setup: &Setup) -> Result<(), Message> {
        let path = self.path("agent.json");
        let bytes = serde_json::to_vec(setup).map_err(|error| damaged(&path, &error))?;
        put(&path, &bytes).map_err(|error| unwritten(&path, &error))
    }

    pub fn spool(&self, setup: &Setup) -> Result<Spool, Message> {
        let limit_bytes = setup.spool_mib.saturating_mul(1 << 20);
        let options = link::spool::Options { limit_bytes, ..Default::default() };
        Spool::open(&self.path("spool"), options).map_err(|error| error.message())
    }

    /// A small file of JSON.
    pub fn read<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Result<T, Message> {
        let path = self.path(name);
        let bytes = read(&path, FILE_BYTES_MAX).map_err(|error| unread(&path, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| damaged(&path, &error))
    }

    /// Keeps others from serving out of the same folder, for as long as the file is open; none when somebody does.
    pub fn lock(&self) -> Result<Option<File>, Message> {
        let path = self.path("lock");
        let failed = |error: &io::Error| unwritten(&path, error);
        let file = private().append(true).create(true).open(&path).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}

/// The file before this one, which counts when this one is damaged.
pub fn before(path: &Path) -> PathBuf {
    path.with_extension("before")
}

/// Writes a file that lasts; a crash leaves the one before or this one. The one before stays beside it.
pub fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = private().write(true).create(true).truncate(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let before = before(path);
    let _ = fs::remove_file(&before);
    match fs::hard_link(path, &before) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::rename(&new, path)?,
    }
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Writes a file that need not last, in one piece.
pub fn show(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    private().write(true).create(true).truncate(true).open(&new)?.write_all(bytes)?;
    fs::rename(&new, path)
}

/// What is in a file, up to so many bytes.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    endpoint::kernel::files::open_regular(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(bytes)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

pub fn damaged(path: &Path, why: &dyn std::fmt::Display) -> Message {
    Message::new("agent.damaged").with("path", path.display()).with("why", why)
}

pub fn unread(path: &Path, error: &io::Error) -> Message {
    Message::new("agent.unread").with("path", path.display()).reason("cause", error)
}

pub fn unwritten(path: &Path, error: &io::Error) -> Message {
    Message::new("agent.unwritten").with("path", path.display()).reason("cause", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_leaves_the_one_before_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders");
        put(&path, b"one").unwrap();
        assert!(!before(&path).exists());
        put(&path, b"two").unwrap();
        put(&path, b"three").unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::read(before(&path)).unwrap()), (b"three".into(), b"two".into()));
        assert!(read(&path, 4).is_err());
        // One who is killed in the middle of it leaves a file that nobody reads.
        fs::write(path.with_extension("new"), "fo").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"three");
    }

    #[test]
    fn one_at_a_time_serves() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::make(&folder.path().join("home")).unwrap();
        let first = home.lock().unwrap();
        assert!(first.is_some() && home.lock().unwrap().is_none());
        drop(first);
        assert!(home.lock().unwrap().is_some());
    }
}
