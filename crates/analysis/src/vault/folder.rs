//! Packed files in a folder of this machine.

use super::{Packed, Shelf};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Folder(pub PathBuf);

impl Shelf for Folder {
    fn put(&self, name: &str, packed: Packed) -> io::Result<()> {
        let place = self.0.join(name);
        packed.as_file().sync_all()?;
        let folder = place.parent().ok_or(io::ErrorKind::InvalidInput)?;
        private_folder(folder)?;
        packed.persist(&place).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(self.0.join(name))?))
    }

    fn has(&self, name: &str) -> io::Result<bool> {
        Ok(self.0.join(name).is_file())
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        match fs::remove_file(self.0.join(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}
