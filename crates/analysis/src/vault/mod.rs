//! Where the bytes of files and reports are kept: by their digest, each once, packed, so that nothing lies there as what
//! it is.
//!
//! A file of the vault is `ab/cd/<SHA-256>.zst`, in a folder or wherever several servers find it. It appears whole, after
//! whoever keeps it said that it lasts.

mod folder;

use crate::report::hex;
use folder::Folder;
pub(crate) use folder::private_folder;
use sha2::{Digest, Sha256};
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use tempfile::NamedTempFile as Packed;

/// Fast rather than small: most of what comes is packed already.
const LEVEL: i32 = 1;

/// Bytes by their digest.
#[derive(Debug, Clone)]
pub struct Vault {
    shelf: Arc<dyn Shelf>,
    /// Where they are packed as they come, before their digest is known.
    incoming: PathBuf,
}

/// Where packed files lie, each under a name such as `ab/cd/abcd….zst`.
pub trait Shelf: Debug + Send + Sync {
    /// Keeps a whole file. When this comes back it lasts.
    ///
    /// # Errors
    /// When it cannot be kept; nothing is under the name then.
    fn put(&self, name: &str, packed: Packed) -> io::Result<()>;

    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none, others when nobody can say.
    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>>;

    /// # Errors
    /// When nobody can say.
    fn has(&self, name: &str) -> io::Result<bool>;

    /// Lets go of a file; false when there was none.
    ///
    /// # Errors
    /// When it cannot be let go of.
    fn remove(&self, name: &str) -> io::Result<bool>;
}

/// Bytes that are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub sha256: String,
    pub size: u64,
    /// They were not there before.
    pub is_new: bool,
}

/// Bytes that come in.
pub struct Incoming {
    vault: Vault,
    packed: zstd::Encoder<'static, tempfile::NamedTempFile>,
    digest: Sha256,
    size: u64,
}

impl Vault {
    /// A vault in a folder, which is made when it is not there. What somebody began and did not end is let go of.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Vault> {
        Vault::on(Arc::new(Folder(folder.to_owned())), &folder.join("incoming"))
    }

    /// A vault on a shelf of any kind. `incoming` is a folder of this vault alone, in which files are packed as they come.
    ///
    /// # Errors
    /// When that folder cannot be made.
    pub fn on(shelf: Arc<dyn Shelf>, incoming: &Path) -> io::Result<Vault> {
        match fs::remove_dir_all(incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        private_folder(incoming)?;
        Ok(Vault { shelf, incoming: incoming.to_owned() })
    }

    /// Takes bytes in.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn incoming(&self) -> io::Result<Incoming> {
        let file = tempfile::NamedTempFile::new_in(&self.incoming)?;
        let packed = zstd::Encoder::new(file, LEVEL)?;
        Ok(Incoming { vault: self.clone(), packed, digest: Sha256::new(), size: 0 })
    }

    /// Keeps some bytes.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<Kept> {
        let mut incoming = self.incoming()?;
        incoming.write_all(bytes)?;
        incoming.finish()
    }

    /// The bytes of a digest, unpacked as they are read.
    ///
    /// # Errors
    /// When there are none, or the disk refuses.
    pub fn read(&self, sha256: &str) -> io::Result<impl Read + use<>> {
        zstd::Decoder::new(self.shelf.read(&name(sha256)?)?)
    }

    /// All bytes of a digest, when they are no more than a number.
    ///
    /// # Errors
    /// When there are none, or more.
    pub fn bytes(&self, sha256: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read(sha256)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most { Err(io::Error::from(io::ErrorKind::FileTooLarge)) } else { Ok(bytes) }
    }

    /// The first bytes of a digest as a file in memory, which can be handed to another process: they never lie on a disk
    /// unpacked.
    ///
    /// # Errors
    /// When there are none, or no memory for them.
    pub fn in_memory(&self, sha256: &str, most: u64) -> io::Result<File> {
        in_memory(self.read(sha256)?.take(most))
    }

    /// Whether the bytes of a digest are there, as far as anybody can say.
    pub fn has(&self, sha256: &str) -> bool {
        name(sha256).is_ok_and(|name| self.shelf.has(&name).unwrap_or(false))
    }

    /// Lets go of the bytes of a digest; false when there were none.
    ///
    /// # Errors
    /// When they cannot be let go of.
    pub fn remove(&self, sha256: &str) -> io::Result<bool> {
        self.shelf.remove(&name(sha256)?)
    }
}

/// A digest becomes a name only when it is one.
fn name(sha256: &str) -> io::Result<String> {
    let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match (sha256.get(..2), sha256.get(2..4)) {
        (Some(first), Some(second)) if is_digest => Ok(format!("{first}/{second}/{sha256}.zst")),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

impl Incoming {
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Keeps what came, under its digest.
    ///
    /// # Errors
    /// When the disk refuses; nothing is kept then.
    pub fn finish(self) -> io::Result<Kept> {
        let sha256 = hex(&self.digest.finalize());
        let file = self.packed.finish()?;
        let name = name(&sha256)?;
        let is_new = !self.vault.shelf.has(&name)?;
        if is_new {
            self.vault.shelf.put(&name, file)?;
        }
        Ok(Kept { sha256, size: self.size, is_new })
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.packed.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packed.flush()
    }
}

/// Bytes as a file that is only in memory.
///
/// # Errors
/// When they cannot be read, or there is no memory for them.
pub fn in_memory(mut bytes: impl Read) -> io::Result<File> {
    let memory = rustix::fs::memfd_create("file", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = File::from(memory);
    io::copy(&mut bytes, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_kept_once_and_not_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        let kept = vault.keep(b"some words, some words, some words").unwrap();
        assert!(kept.is_new);
        assert!(!vault.keep(b"some words, some words, some words").unwrap().is_new);
        assert_eq!(vault.bytes(&kept.sha256, 100).unwrap(), b"some words, some words, some words");
        assert_eq!(vault.bytes(&kept.sha256, 10).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let on_disk = fs::read(folder.path().join(name(&kept.sha256).unwrap())).unwrap();
        assert!(!on_disk.windows(22).any(|window| window == b"some words, some words"));
        assert!(vault.remove(&kept.sha256).unwrap());
        assert!(!vault.has(&kept.sha256));
    }

    #[test]
    fn what_is_no_digest_is_no_path() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        for name in ["", "../../etc/passwd", &"A".repeat(64), &"/".repeat(64), &"0".repeat(63), "é"] {
            assert!(vault.read(name).is_err(), "{name}");
            assert!(!vault.has(name));
        }
    }

    #[test]
    fn what_was_begun_and_not_ended_is_let_go_of() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        let mut incoming = vault.incoming().unwrap();
        incoming.write_all(b"half").unwrap();
        std::mem::forget(incoming);
        assert_eq!(fs::read_dir(folder.path().join("incoming")).unwrap().count(), 1);
        Vault::open(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
    }
}
