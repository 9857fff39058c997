//! The directories that are protected: by the handles under which the kernel speaks of them, and by their paths, so that what
//! is below one is found at once, however many there are.

use crate::kernel::fan::Handle;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// A protected directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub inode: u64,
    pub path: PathBuf,
}

#[derive(Debug, Default)]
pub struct Directories {
    by_handle: HashMap<Handle, Place>,
    /// Those below another follow it.
    by_path: BTreeMap<PathBuf, Handle>,
}

impl Directories {
    pub fn get(&self, handle: &Handle) -> Option<&Place> {
        self.by_handle.get(handle)
    }

    /// The one at a path.
    pub fn at(&self, path: &Path) -> Option<&Place> {
        self.by_path.get(path).and_then(|handle| self.by_handle.get(handle))
    }

    pub fn all(&self) -> impl Iterator<Item = &Place> {
        self.by_handle.values()
    }

    pub fn len(&self) -> usize {
        self.by_handle.len()
    }

    /// A directory has a path: it has no other, and no other has that.
    pub fn put(&mut self, handle: Handle, place: Place) {
        if let Some(other) = self.by_path.insert(place.path.clone(), handle.clone())
            && other != handle
        {
            self.by_handle.remove(&other);
        }
        let path = place.path.clone();
        if let Some(before) = self.by_handle.insert(handle, place)
            && before.path != path
        {
            self.by_path.remove(&before.path);
        }
    }

    /// Forgets one with all that are below it.
    pub fn forget(&mut self, path: &Path) {
        let from = (Bound::Included(path), Bound::Unbounded);
        let below = self.by_path.range::<Path, _>(from).map(|(path, _)| path);
        let below: Vec<PathBuf> = below.take_while(|below| below.starts_with(path)).cloned().collect();
        for path in below {
            if let Some(handle) = self.by_path.remove(&path) {
                self.by_handle.remove(&handle);
            }
        }
    }

    pub fn clear(&mut self) {
        self.by_handle.clear();
        self.by_path.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn put(directories: &mut Directories, path: &Path, called: &str) {
        let handle = Handle::of(path).unwrap();
        directories.put(handle, Place { inode: 1, path: called.into() });
    }

    fn paths(directories: &Directories) -> Vec<&Path> {
        let mut paths: Vec<&Path> = directories.all().map(|place| place.path.as_path()).collect();
        paths.sort();
        assert_eq!(directories.by_path.len(), paths.len());
        assert!(directories.by_path.iter().all(|(path, handle)| directories.get(handle).unwrap().path == *path));
        paths
    }

    #[test]
    fn what_is_below_one_goes_with_it_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let real: Vec<PathBuf> = (0..6).map(|number| folder.path().join(number.to_string())).collect();
        real.iter().for_each(|path| fs::create_dir(path).unwrap());
        let mut directories = Directories::default();
        for (path, called) in real.iter().zip(["/p", "/p/a", "/p/a/b", "/p/a-b", "/p/a b", "/p/ab"]) {
            put(&mut directories, path, called);
        }
        directories.forget(Path::new("/p/a"));
        assert_eq!(paths(&directories), ["/p", "/p/a b", "/p/a-b", "/p/ab"].map(Path::new));
        // One has another path by now; one has the path of another.
        put(&mut directories, &real[5], "/p/c");
        put(&mut directories, &real[3], "/p/a b");
        assert_eq!(paths(&directories), ["/p", "/p/a b", "/p/c"].map(Path::new));
        directories.forget(Path::new("/p/x"));
        assert_eq!(directories.len(), 3);
        directories.forget(Path::new("/p"));
        assert_eq!(directories.len(), 0);
    }
}
