//! The packages of this machine, read anew when they change.

use super::{Databases, Packages, Stamp};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

#[derive(Debug)]
pub struct Stock {
    databases: Databases,
    current: RwLock<Arc<Packages>>,
    stamp: Mutex<Stamp>,
}

impl Stock {
    pub fn open(databases: &Databases) -> Stock {
        let stamp = Packages::stamp(databases);
        let current = RwLock::new(read(databases, stamp));
        Stock { databases: databases.clone(), current, stamp: Mutex::new(stamp) }
    }

    pub fn current(&self) -> Arc<Packages> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them anew if they changed. True when they did.
    pub fn refresh(&self) -> bool {
        // One reads, the others wait for what he finds.
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Packages::stamp(&self.databases);
        if *stamp == found {
            return false;
        }
        let packages = read(&self.databases, found);
        *stamp = found;
        // Somebody may be writing it: what packages said holds, until it is changed once more.
        if !packages.unread().is_empty() && self.current().unread().is_empty() {
            return false;
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = packages;
        true
    }
}

/// What was read of databases is there once in a process, however many ask: it is what an agent needs most room for.
fn read(databases: &Databases, stamp: Stamp) -> Arc<Packages> {
    static READ: Mutex<Vec<(Databases, Stamp, Weak<Packages>)>> = Mutex::new(Vec::new());
    let mut all = READ.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|(.., packages)| packages.strong_count() > 0);
    let known = all.iter().find(|(place, at, _)| place == databases && *at == stamp);
    if let Some(packages) = known.and_then(|(.., packages)| packages.upgrade()) {
        return packages;
    }
    let packages = Arc::new(Packages::read(databases));
    all.push((databases.clone(), stamp, Arc::downgrade(&packages)));
    packages
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn packages_that_come_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let info = folder.path().join("info");
        fs::create_dir(&info).unwrap();
        let databases = Databases { dpkg: info.clone(), rpm: folder.path().join("rpm") };
        let stock = Stock::open(&databases);
        assert!(stock.current().is_empty() && !stock.refresh());
        assert!(Arc::ptr_eq(&stock.current(), &Stock::open(&databases).current()), "read once");
        fs::write(info.join("a.md5sums"), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n").unwrap();
        assert!(stock.refresh());
        assert_eq!(stock.current().of(Path::new("/usr/bin/a")).unwrap().package, "a");
        assert!(!stock.refresh());
    }
}
