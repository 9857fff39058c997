//! What was below a directory at one time, to compare with what is there later.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    size: u64,
    sha256: [u8; 32],
    mode: u32,
    modified_ns: i128,
}

pub struct Manifest(BTreeMap<PathBuf, Entry>);

/// What an earlier manifest has and a later one has not, or has otherwise.
#[derive(Debug, Default)]
pub struct Changes {
    /// Missing, or with other content.
    pub lost: Vec<PathBuf>,
    pub extra: Vec<PathBuf>,
    /// Whole, but with other rights.
    pub modes: Vec<PathBuf>,
    /// Whole, but with another time of change.
    pub times: Vec<PathBuf>,
}

impl Manifest {
    pub fn of(folder: &Path) -> Manifest {
        Manifest::try_of(folder).unwrap()
    }

    /// While somebody is at work there, something may be gone before it is read.
    pub fn try_of(folder: &Path) -> io::Result<Manifest> {
        let mut entries = BTreeMap::new();
        try_below(folder, &mut |path| {
            entries.insert(path.strip_prefix(folder).unwrap().to_owned(), entry(path)?);
            Ok(())
        })?;
        Ok(Manifest(entries))
    }

    /// Without the files that a guard puts there for as long as it runs.
    pub fn without_canaries(mut self) -> Manifest {
        self.0.retain(|path, _| !crate::canaries::is_one(path));
        self
    }

    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.keys()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many hold anything.
    pub fn filled(&self) -> usize {
        self.0.values().filter(|entry| entry.size > 0).count()
    }

    pub fn changes_until(&self, later: &Manifest) -> Changes {
        let mut changes = Changes::default();
        for (path, was) in &self.0 {
            match later.0.get(path) {
                Some(is) if is.size == was.size && is.sha256 == was.sha256 => {
                    if is.mode != was.mode {
                        changes.modes.push(path.clone());
                    }
                    if is.modified_ns != was.modified_ns {
                        changes.times.push(path.clone());
                    }
                }
                _ => changes.lost.push(path.clone()),
            }
        }
        changes.extra = later.0.keys().filter(|path| !self.0.contains_key(*path)).cloned().collect();
        changes
    }
}

/// Calls `each` with every file below a directory; symbolic links are not followed.
pub fn below(folder: &Path, each: &mut dyn FnMut(&Path)) {
    let mut each = |path: &Path| {
        each(path);
        Ok(())
    };
    try_below(folder, &mut each).unwrap();
}

fn try_below(folder: &Path, each: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            try_below(&entry.path(), each)?;
        } else if kind.is_file() {
            each(&entry.path())?;
        }
    }
    Ok(())
}

fn entry(path: &Path) -> io::Result<Entry> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    let (mut hash, mut block) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut block)? {
            0 => break,
            n => hash.update(&block[..n]),
        }
    }
    let modified_ns = i128::from(about.mtime()) * 1_000_000_000 + i128::from(about.mtime_nsec());
    Ok(Entry { size: about.size(), sha256: hash.finalize().into(), mode: about.mode(), modified_ns })
}
