//! Which deployer wrote a file last, as far as that was seen.

use crate::kernel::facts::{Facts, Version};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

const FILES_MAX: usize = 200_000;

/// A file for as long as nobody writes into it: renaming it, and setting its times and rights as packages do, changes
/// nothing of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Written {
    device: (u32, u32),
    inode: u64,
    born: (i64, u32),
    bytes: u64,
}

/// A deployer as it was when it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    pub path: PathBuf,
    pub version: Version,
}

/// What a thread runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    Deployer(Writer),
    Another,
}

#[derive(Debug, Default)]
pub struct Writers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    files: HashMap<Written, Writer>,
    /// Deployers that opened something, by their threads.
    threads: HashMap<i32, Writer>,
}

const THREADS_MAX: usize = 4096;

impl Writers {
    /// A thread opens something, and runs this.
    pub fn opened(&self, thread: i32, runs: Option<Runs>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Runs::Deployer(writer)) = runs else {
            known.threads.remove(&thread);
            return;
        };
        if known.threads.len() >= THREADS_MAX {
            known.threads.clear();
        }
        known.threads.insert(thread, writer);
    }

    /// A thread closed a file into which it may have written. When it is gone it counts what it ran as it opened something.
    pub fn closed(&self, facts: &Facts, thread: i32, runs: Option<Runs>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = match runs {
            Some(Runs::Deployer(writer)) => Some(writer),
            Some(Runs::Another) => None,
            None => known.threads.get(&thread).cloned(),
        };
        let Some(writer) = writer else {
            known.files.remove(&written(facts));
            return;
        };
        if known.files.len() >= FILES_MAX {
            known.files.clear();
        }
        known.files.insert(written(facts), writer);
    }

    pub fn of(&self, facts: &Facts) -> Option<Writer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).files.get(&written(facts)).cloned()
    }
}

fn written(facts: &Facts) -> Written {
    Written { device: facts.version.device, inode: facts.version.inode, born: facts.born, bytes: facts.version.bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_file_is_its_deployers_until_another_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"x").unwrap();
        let facts = Facts::at(&path).unwrap();
        let writer = Writer { path: "/usr/bin/deploy".into(), version: facts.version };
        let writers = Writers::default();
        writers.closed(&facts, 7, Some(Runs::Deployer(writer.clone())));
        std::fs::rename(&path, folder.path().join("b")).unwrap();
        let moved = Facts::at(&folder.path().join("b")).unwrap();
        assert_ne!(moved.version.inode, 0);
        assert_eq!(writers.of(&moved), Some(writer.clone()));
        assert_eq!(writers.of(&Facts::at(Path::new("/")).unwrap()), None);
        writers.closed(&moved, 7, Some(Runs::Another));
        assert_eq!(writers.of(&moved), None);
        // One that is gone by then.
        writers.opened(7, Some(Runs::Deployer(writer.clone())));
        writers.closed(&moved, 8, None);
        assert_eq!(writers.of(&moved), None);
        writers.closed(&moved, 7, None);
        assert_eq!(writers.of(&moved), Some(writer));
        writers.opened(7, Some(Runs::Another));
        writers.closed(&moved, 7, None);
        assert_eq!(writers.of(&moved), None);
    }
}
