//! What was done to protected files, by whom, in order: one JSON object a line.

use crate::damage::{Act, Sketch, Tripped};
use crate::kernel::fan::Handle;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
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

/// What a file was before it was changed, beside what was in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Was {
    pub inode: u64,
    pub size: u64,
    pub mode: u32,
    /// Seconds and nanoseconds.
    pub modified: (i64, i64),
    /// By which it is found whatever its name is; none where its filesystem has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
}

impl Was {
    /// # Errors
    /// When the kernel does not say.
    pub fn of(file: &File) -> io::Result<Was> {
        let metadata = file.metadata()?;
        Ok(Was {
            inode: metadata.ino(),
            size: metadata.len(),
            mode: metadata.mode(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            handle: Handle::of_file(file).ok(),
        })
    }

    /// Whether nobody changed it since, by what a file says of itself.
    pub fn is_still(&self, now: &Metadata) -> bool {
        let Was { inode, size, modified, .. } = self;
        (*inode, *size, *modified) == (now.ino(), now.len(), (now.mtime(), now.mtime_nsec()))
    }
}

/// What stands for a lineage where something is of none.
pub const NOBODY: u64 = 0;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_nobody(lineage: &u64) -> bool {
    *lineage == NOBODY
}

/// Something that was done, or is about to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "entry")]
pub enum Entry {
    /// A process acts for a lineage; it is told from a later one with its number by when it began.
    Member { lineage: u64, process: i32, began: u64 },
    /// A file is about to be changed; what was in it is kept under a number.
    Image {
        lineage: u64,
        number: u64,
        path: PathBytes,
        #[serde(flatten)]
        was: Was,
    },
    /// Parts of a large file are about to be changed; what was in them is kept in a log under a number.
    Ranges {
        lineage: u64,
        number: u64,
        path: PathBytes,
        #[serde(flatten)]
        was: Was,
    },
    /// There is a file that was not there.
    Made {
        lineage: u64,
        path: PathBytes,
        inode: u64,
        /// By which it is told from a later one with its inode.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handle: Option<Handle>,
    },
    /// A name is gone; the file that had it is kept under a number. A file that was renamed is gone and made.
    Gone { lineage: u64, number: u64, path: PathBytes },
    /// A file that a guard made for nobody; one that is spoiled is nobody's whatever is in it.
    Canary {
        path: PathBytes,
        #[serde(flatten)]
        was: Was,
        spoiled: bool,
        /// The lineage that may have changed it, so that it is held against it also by another guard.
        #[serde(default, skip_serializing_if = "is_nobody")]
        by: u64,
        /// What was in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sketch: Option<Box<Sketch>>,
    },
    /// Something that is held against a lineage, and that nobody sees any more by what is there: it was done to a canary.
    Held { lineage: u64, file: u64, act: Act },
    /// A lineage is stopped, whatever becomes of the guard that decided so.
    Stopped {
        lineage: u64,
        why: Tripped,
        /// Those who want to know were told.
        told: bool,
    },
    /// What a lineage did was undone, or let be: nothing of it is needed.
    Closed { lineage: u64 },
}

impl Entry {
    pub fn lineage(&self) -> u64 {
        match self {
            Entry::Image { lineage, .. }
            | Entry::Ranges { lineage, .. }
            | Entry::Made { lineage, .. }
            | Entry::Gone { lineage, .. }
            | Entry::Member { lineage, .. }
            | Entry::Held { lineage, .. }
            | Entry::Stopped { lineage, .. }
            | Entry::Closed { lineage } => *lineage,
            Entry::Canary { .. } => NOBODY,
        }
    }

    /// The path of the file that it is about.
    pub fn path(&self) -> Option<&PathBytes> {
        match self {
            Entry::Image { path, .. }
            | Entry::Ranges { path, .. }
            | Entry::Made { path, .. }
            | Entry::Gone { path, .. }
            | Entry::Canary { path, .. } => Some(path),
            Entry::Member { .. } | Entry::Held { .. } | Entry::Stopped { .. } | Entry::Closed { .. } => None,
        }
    }

    /// The number under which something is kept for it.
    pub fn number(&self) -> Option<u64> {
        match self {
            Entry::Image { number, .. } | Entry::Ranges { number, .. } | Entry::Gone { number, .. } => Some(*number),
            _ => None,
        }
    }
}

/// An entry, and the seconds since 1970 at which it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    pub at: u64,
    #[serde(flatten)]
    pub entry: Entry,
}

/// The journal, and all that is open in it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    open: Vec<Written>,
    /// The greatest number and lineage that were ever used.
    last_number: u64,
    last_lineage: u64,
}

impl Journal {
    /// Reads a journal and goes on with it, without what is closed. A line that was not written to its end was never acted on.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Journal> {
        let before = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(BufReader::new(opened?)),
        };
        let new = path.with_extension("new");
        let mut journal = Journal { file: File::create(&new)?, open: Vec::new(), last_number: 0, last_lineage: 0 };
        for line in before.into_iter().flat_map(|before| before.split(b'\n')) {
            match serde_json::from_slice::<Written>(&line?) {
                Ok(written) => journal.take(written),
                Err(error) => tracing::warn!(cause = %error, "a line of the journal cannot be read"),
            }
        }
        // So that no later lineage has the name of one whose evidence lies there.
        let last = Entry::Closed { lineage: journal.last_lineage };
        for written in [Written { at: 0, entry: last }].into_iter().chain(journal.open.clone()) {
            journal.put(&written)?;
        }
        journal.file.sync_all()?;
        std::fs::rename(&new, path)?;
        Ok(journal)
    }

    /// Writes down what is about to be acted on.
    ///
    /// # Errors
    /// When the disk refuses: it must not be acted on then.
    pub fn write(&mut self, at: u64, entry: Entry) -> io::Result<()> {
        let written = Written { at, entry };
        self.put(&written)?;
        self.take(written);
        Ok(())
    }

    fn put(&mut self, written: &Written) -> io::Result<()> {
        let mut line = serde_json::to_vec(written)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    fn take(&mut self, written: Written) {
        let is_known = written.entry.number().is_some_and(|number| number <= self.last_number);
        self.last_number = self.last_number.max(written.entry.number().unwrap_or(0));
        self.last_lineage = self.last_lineage.max(written.entry.lineage());
        match written.entry {
            Entry::Closed { lineage } => self.open.retain(|open| open.entry.lineage() != lineage),
            // What is kept under its number is another thing by now: it is undone where it was done.
            Entry::Image { number, .. } if is_known && let Some(before) = self.image(number) => *before = written,
            _ => self.open.push(written),
        }
    }

    fn image(&mut self, number: u64) -> Option<&mut Written> {
        let is_it = |open: &&mut Written| matches!(open.entry, Entry::Image { number: it, .. } if it == number);
        self.open.iter_mut().rev().find(is_it)
    }

    pub fn last_number(&self) -> u64 {
        self.last_number
    }

    pub fn last_lineage(&self) -> u64 {
        self.last_lineage
    }

    /// What a lineage did, in order.
    pub fn of(&self, lineage: u64) -> Vec<Entry> {
        self.open.iter().map(|open| &open.entry).filter(|entry| entry.lineage() == lineage).cloned().collect()
    }

    /// Everything that is neither undone nor let be.
    pub fn all(&self) -> &[Written] {
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
        let made = |lineage: u64| Entry::Made { lineage, path: PathBytes::of(odd), inode: 7, handle: None };
        let mut journal = Journal::open(&path).unwrap();
        journal.write(5, made(1)).unwrap();
        journal.write(6, Entry::Gone { lineage: 2, number: 9, path: PathBytes::of(Path::new("/b")) }).unwrap();
        journal.write(7, made(4)).unwrap();
        journal.write(7, Entry::Closed { lineage: 1 }).unwrap();
        journal.write(7, Entry::Closed { lineage: 4 }).unwrap();
        drop(journal);
        // Whoever wrote was stopped in the middle of a line.
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"at\":1,\"entry\":\"made\",\"lin").unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!((journal.all().len(), journal.last_number(), journal.last_lineage()), (1, 9, 4));
        assert_eq!(journal.all()[0].at, 6);
        journal.write(8, made(5)).unwrap();
        drop(journal);
        let length = std::fs::metadata(&path).unwrap().len();
        let journal = Journal::open(&path).unwrap();
        assert_eq!((journal.of(5), journal.last_lineage()), (vec![made(5)], 5));
        let Entry::Made { path: kept, .. } = &journal.of(5)[0] else { panic!() };
        assert_eq!(kept.path(), odd);
        drop(journal);
        // What is closed is not carried along for ever.
        assert!(std::fs::metadata(&path).unwrap().len() <= length);
    }
}
