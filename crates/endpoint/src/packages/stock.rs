//! The packages of this machine, read anew when they change.

use super::{Packages, Stamp};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

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
        let current = RwLock::new(Arc::new(Packages::of_dpkg(folder)?));
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
        match Packages::of_dpkg(&self.folder) {
            Ok(packages) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(packages);
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
        fs::write(info.join("a.md5sums"), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n").unwrap();
        assert!(stock.refresh());
        assert_eq!(stock.current().of(Path::new("/usr/bin/a")).unwrap().package, "a");
        assert!(!stock.refresh());
    }
}
