//! What was done to protected files, by whom, in order: one JSON object a line.

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A path as it is; those that are no text in digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathBytes {
    Text(String),
    Digits { hex: String },
}

impl PathBytes {
    pub fn of(path: &Path) -> PathBytes {
        match path.to_str() {
            Some(text) => PathBytes::Text(text.to_owned()),
            None => PathBytes::Digits {
                hex: path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
            },
        }
    }

    pub fn path(&self) -> PathBuf {
        match self {
            PathBytes::Text(text) => text.into(),
            PathBytes::Digits { hex } => {
                let two = |at: usize| hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
                OsString::from_vec((0..hex.len()).step_by(2).map_while(two).collect()).into()
            }
        }
    }
}

/// Something that was done, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "entry")]
pub enum Entry {
    /// A process acts for a lineage; it is told from a later one with its number by when it began.
    Member {
        lineage: u64,
        process: i32,
        began: u64,
    },
    /// A file is about to be changed; what was in it is kept under a number.
    Image {
        lineage: u64,
        number: u64,
        path: PathBytes,
        inode: u64,
        size: u64,
        mode: u32,
        modified: (i64, i64),
    },
    /// There is a file that was not there.
    Made {
        lineage: u64,
        path: PathBytes,
        inode: u64,
    },
    /// A file has no name any more; it is itself kept under a number.
    Gone {
        lineage: u64,
        number: u64,
        path: PathBytes,
    },
    Renamed {
        lineage: u64,
        from: PathBytes,
        to: PathBytes,
        inode: u64,
    },
    /// What a lineage did was undone, or let be: nothing of it is needed.
    Closed {
        lineage: u64,
    },
}

impl Entry {
    pub fn lineage(&self) -> u64 {
        match self {
            Entry::Image { lineage, .. }
            | Entry::Made { lineage, .. }
            | Entry::Gone { lineage, .. }
            | Entry::Renamed { lineage, .. }
            | Entry::Member { lineage, .. }
            | Entry::Closed { lineage } => *lineage,
        }
    }

    /// The number under which something is kept for it.
    pub fn number(&self) -> Option<u64> {
        match self {
            Entry::Image { number, .. } | Entry::Gone { number, .. } => Some(*number),
            _ => None,
        }
    }
}

/// The journal, and all that is open in it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    open: Vec<Entry>,
    /// The greatest number and lineage that were ever used.
    last_number: u64,
    last_lineage: u64,
}

impl Journal {
    /// Reads a journal and goes on with it. A line that was not written to its end was never acted on.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Journal> {
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let mut journal = Journal { file, open: Vec::new(), last_number: 0, last_lineage: 0 };
        let mut whole = 0;
        for line in BufReader::new(File::open(path)?).split(b'\n') {
            let line = line?;
            match serde_json::from_slice::<Entry>(&line) {
                Ok(entry) => journal.take(entry),
                Err(error) => tracing::warn!(cause = %error, "a line of the journal cannot be read"),
            }
            whole += line.len() as u64 + 1;
        }
        // The next line must not stand behind half of one.
        if whole > journal.file.metadata()?.len() {
            journal.file.write_all(b"\n")?;
        }
        Ok(journal)
    }

    /// Writes down what is about to be acted on.
    ///
    /// # Errors
    /// When the disk refuses: it must not be acted on then.
    pub fn write(&mut self, entry: Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.take(entry);
        Ok(())
    }

    fn take(&mut self, entry: Entry) {
        self.last_number = self.last_number.max(entry.number().unwrap_or(0));
        self.last_lineage = self.last_lineage.max(entry.lineage());
        match entry {
            Entry::Closed { lineage } => self.open.retain(|entry| entry.lineage() != lineage),
            entry => self.open.push(entry),
        }
    }

    /// A number that nothing is kept under.
    pub fn next_number(&self) -> u64 {
        self.last_number + 1
    }

    pub fn last_lineage(&self) -> u64 {
        self.last_lineage
    }

    /// What a lineage did, in order.
    pub fn of(&self, lineage: u64) -> Vec<Entry> {
        self.open.iter().filter(|entry| entry.lineage() == lineage).cloned().collect()
    }

    /// Everything that is neither undone nor let be.
    pub fn all(&self) -> &[Entry] {
        &self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let odd = Path::new(OsStr::from_bytes(b"/a/\xff\n\"x"));
        let made = |lineage: u64| Entry::Made { lineage, path: PathBytes::of(odd), inode: 7 };
        let mut journal = Journal::open(&path).unwrap();
        journal.write(made(1)).unwrap();
        journal.write(Entry::Gone { lineage: 2, number: 9, path: PathBytes::of(Path::new("/b")) }).unwrap();
        journal.write(Entry::Closed { lineage: 1 }).unwrap();
        drop(journal);
        // Whoever wrote was stopped in the middle of a line.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"entry\":\"made\",\"lin").unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!((journal.all().len(), journal.next_number(), journal.last_lineage()), (1, 10, 2));
        journal.write(made(3)).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.of(3), [made(3)]);
        let Entry::Made { path, .. } = &journal.of(3)[0] else { panic!() };
        assert_eq!(path.path(), odd);
    }
}
