//! The inventory of the machine that runs, or of a disk that is mounted somewhere: its files are read within bounds and
//! become one document. What cannot be read is told as a gap, and everything else is read all the same.

mod packages;
mod processes;
mod root;
mod running;
mod stored;

pub use root::Root;

use inventory::linux::{Document, Gap, KIND, Reading};
use jiff::Timestamp;
use model::Message;
use root::Content;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Gaps that are told one by one.
const GAPS_MAX: usize = 200;
/// Bytes of any file without a limit of its own.
const FILE_BYTES_MAX: usize = 4 << 20;
/// Names in one folder.
const NAMES_MAX: usize = 20_000;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder that holds the files of the machine: `/`, or where its disk is mounted.
    pub root: PathBuf,
    /// The root is no running machine, even if it is `/`.
    pub offline: bool,
    /// What `rpm -qa` printed elsewhere, for machines whose database is older than SQLite.
    pub rpm_list: Option<RpmList>,
    /// So long it looks; what is not looked at by then is told as a gap.
    pub within: Duration,
}

#[derive(Debug, Clone)]
pub struct RpmList {
    /// Where it is from, to say so.
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

impl Settings {
    /// A root that is not there is told when it is collected.
    pub fn new(root: PathBuf) -> Settings {
        let offline = root.canonicalize().map_or(true, |root| root != std::path::Path::new("/"));
        Settings { root, offline, rpm_list: None, within: Duration::from_secs(60) }
    }
}

/// Reads everything.
///
/// # Errors
/// When the root cannot be opened.
pub fn collect(settings: &Settings, now: Timestamp) -> io::Result<Document> {
    let mut look = Look {
        root: Root::open(&settings.root)?,
        until: Instant::now() + settings.within,
        late: false,
        document: Document {
            kind: KIND.to_owned(),
            collected: Some(now),
            offline: settings.offline,
            ..Document::default()
        },
    };
    stored::system(&mut look);
    stored::accounts(&mut look);
    packages::all(&mut look, settings.rpm_list.as_ref());
    stored::certificates(&mut look);
    stored::containers(&mut look);
    if !settings.offline {
        running::machine(&mut look);
        running::network(&mut look);
    }
    let processes = if settings.offline { None } else { processes::all(&mut look) };
    stored::units(&mut look, processes.as_ref());
    if let Some(processes) = processes {
        processes.into_document(&mut look);
    }
    Ok(look.document)
}

/// One look at a machine.
struct Look {
    root: Root,
    until: Instant,
    late: bool,
    document: Document,
}

impl Look {
    /// What is in a file that should be there; a gap where it is not.
    fn needed(&mut self, path: &str, bytes_max: usize) -> Option<Vec<u8>> {
        let read = self.root.read(path, bytes_max);
        self.taken(path, bytes_max, read)
    }

    /// What is in a file that many machines do not have.
    fn file(&mut self, path: &str, bytes_max: usize) -> Option<Vec<u8>> {
        match self.root.read(path, bytes_max) {
            Err(error) if is_absent(&error) => None,
            read => self.taken(path, bytes_max, read),
        }
    }

    fn taken(&mut self, path: &str, bytes_max: usize, read: io::Result<Content>) -> Option<Vec<u8>> {
        let why = match read {
            Ok(Content::Whole(bytes)) => return Some(bytes),
            Ok(Content::TooLarge) => {
                Message::new("linux.too-large").number("limit", i64::try_from(bytes_max).unwrap_or(i64::MAX))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Message::new("linux.no-regular-file"),
            Err(error) => Message::from(&error),
        };
        self.gap(path, why, None);
        None
    }

    /// The first line of a small file, such as those of `/sys`.
    fn line(&self, path: &str) -> Option<String> {
        let Ok(Content::Whole(bytes)) = self.root.read(path, FILE_BYTES_MAX) else { return None };
        let text = String::from_utf8_lossy(&bytes);
        text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
    }

    fn names(&self, path: &str) -> Vec<String> {
        self.root.names(path, NAMES_MAX).unwrap_or_default()
    }

    /// What a reader gave; what it found odd is a gap.
    fn value<T>(&mut self, path: &str, reading: Reading<T>) -> T {
        for oddity in reading.oddities {
            self.gap(path, oddity.message, oddity.line);
        }
        reading.value
    }

    fn gap(&mut self, path: &str, message: Message, line: Option<u64>) {
        if self.document.gaps.len() < GAPS_MAX {
            self.document.gaps.push(Gap { path: format!("/{}", path.trim_start_matches('/')), message, line });
        }
    }

    /// True when there is no time left; that is told once.
    fn is_late(&mut self, path: &str) -> bool {
        let late = Instant::now() >= self.until;
        if late && !std::mem::replace(&mut self.late, true) {
            self.gap(path, Message::new("linux.out-of-time"), None);
        }
        late
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
