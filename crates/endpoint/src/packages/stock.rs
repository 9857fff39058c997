//! The packages of this machine, read anew when they change.

use super::{Packages, Stamp};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

#[derive(Debug)]
pub struct Stock {
    folder: PathBuf,
    current: RwLock<Arc<Packages>>,
    stamp: Mutex<Stamp>,
}

impl Stock {
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn open(folder: &Path) -> io::Result<Stock> {
        let stamp = Packages::stamp(folder);
        let current = RwLock::new(read(folder, stamp)?);
        Ok(Stock { folder: folder.to_owned(), current, stamp: Mutex::new(stamp) })
    }

    pub fn current(&self) -> Arc<Packages> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them anew if they changed. True when they did.
    pub fn refresh(&self) -> bool {
        // One reads, the others wait for what he finds.
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Packages::stamp(&self.folder);
        if *stamp == found {
            return false;
        }
        match read(&self.folder, found) {
            Ok(packages) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = packages;
                *stamp = found;
                true
            }
            Err(error) => {
                tracing::warn!(cause = %error, "what packages say cannot be read; what they said holds");
                false
            }
        }
    }
}

/// What was read of a folder is there once in a process, however many ask: it is what an agent needs most room for.
fn read(folder: &Path, stamp: Stamp) -> io::Result<Arc<Packages>> {
    static READ: Mutex<Vec<(PathBuf, Stamp, Weak<Packages>)>> = Mutex::new(Vec::new());
    let mut all = READ.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|(.., packages)| packages.strong_count() > 0);
    let known = all.iter().find(|(place, at, _)| place == folder && *at == stamp);
    if let Some(packages) = known.and_then(|(.., packages)| packages.upgrade()) {
        return Ok(packages);
    }
    let packages = Arc::new(Packages::of_dpkg(folder)?);
    all.push((folder.to_owned(), stamp, Arc::downgrade(&packages)));
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn packages_that_come_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let info = folder.path().join("info");
        fs::create_dir(&info).unwrap();
        let stock = Stock::open(&info).unwrap();
        assert!(stock.current().is_empty() && !stock.refresh());
        assert!(Arc::ptr_eq(&stock.current(), &Stock::open(&info).unwrap().current()), "read once");
        fs::write(info.join("a.md5sums"), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n").unwrap();
        assert!(stock.refresh());
        assert_eq!(stock.current().of(Path::new("/usr/bin/a")).unwrap().package, "a");
        assert!(!stock.refresh());
    }
}
