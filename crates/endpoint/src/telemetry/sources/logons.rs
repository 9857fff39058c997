//! Logons, as login programs write them: `wtmp` and, of those that failed, `btmp` (`utmp(5)`).

use super::Outlet;
use crate::telemetry::assembly::Signal;
use crate::telemetry::event::{Authentication, LogonDid, LogonSource, Source};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

/// A record that a login program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub kind: u16,
    pub process: i32,
    pub line: String,
    pub user: String,
    pub host: String,
    /// Nanoseconds since 1970.
    pub time: u64,
}

const BOOTED: u16 = 2;
const LOGIN: u16 = 6;
const USER: u16 = 7;
const DEAD: u16 = 8;

/// Where the time stands, and how long a record is: with numbers of 32 bits where a machine has had them before.
#[cfg(not(target_arch = "aarch64"))]
const TIME: (usize, usize, usize) = (340, 344, 4);
#[cfg(not(target_arch = "aarch64"))]
pub const RECORD_BYTES: usize = 384;
#[cfg(target_arch = "aarch64")]
const TIME: (usize, usize, usize) = (344, 352, 8);
#[cfg(target_arch = "aarch64")]
pub const RECORD_BYTES: usize = 400;

/// Records that are read at a time.
const RECORDS_MAX: usize = 4096;
/// Lines whose user is remembered until he logs off.
const LINES_MAX: usize = 4096;

/// Reads a record.
pub fn record(bytes: &[u8]) -> Option<Record> {
    let number = |at: usize, bytes_of: usize| {
        let mut number = [0; 8];
        number.get_mut(..bytes_of)?.copy_from_slice(bytes.get(at..at + bytes_of)?);
        Some(u64::from_le_bytes(number))
    };
    let text = |at: usize, length: usize| {
        let text = bytes.get(at..at + length)?;
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(length);
        Some(String::from_utf8_lossy(text.get(..end)?).into_owned())
    };
    let (seconds_at, micros_at, width) = TIME;
    let seconds = number(seconds_at, width)?;
    let micros = number(micros_at, width)?.min(999_999);
    Some(Record {
        kind: u16::try_from(number(0, 2)?).ok()?,
        process: i32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?),
        line: text(8, 32)?,
        user: text(44, 32)?,
        host: text(76, 256)?,
        time: seconds.saturating_mul(1_000_000_000).saturating_add(micros * 1000),
    })
}

/// A file of records, read from where one was.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    said_by: LogonSource,
    inode: u64,
    at: u64,
    users: HashMap<String, String>,
}

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    pub logons: Vec<(u64, Authentication)>,
    pub left_out: u64,
    /// Something stood there that nobody can read any more.
    pub gap: bool,
    /// There is more to read.
    pub more: bool,
}

impl Book {
    /// From the end of what is there; a file that comes later is read from its beginning.
    pub fn at_end(path: PathBuf, said_by: LogonSource) -> Book {
        let metadata = std::fs::metadata(&path);
        let (inode, at) = metadata.map_or((0, 0), |it| (it.ino(), it.len() - it.len() % RECORD_BYTES as u64));
        Book { path, said_by, inode, at, users: HashMap::new() }
    }

    /// What was written since the last time.
    ///
    /// # Errors
    /// When the file cannot be read; none that is not there.
    pub fn read(&mut self) -> io::Result<Page> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Page::default()),
            file => file?,
        };
        let metadata = file.metadata()?;
        let mut page = Page::default();
        if metadata.ino() != self.inode || metadata.len() < self.at {
            // Another file, or it was cut: what came behind where one was is gone.
            page.gap = self.inode != 0;
            (self.inode, self.at) = (metadata.ino(), 0);
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        file.take((RECORDS_MAX * RECORD_BYTES) as u64).read_to_end(&mut bytes)?;
        let records = bytes.chunks_exact(RECORD_BYTES);
        page.more = records.len() == RECORDS_MAX;
        for bytes in records {
            self.at += RECORD_BYTES as u64;
            match record(bytes).and_then(|record| self.logon(record)) {
                Some(logon) => page.logons.push(logon),
                None => page.left_out += 1,
            }
        }
        Ok(page)
    }

    fn logon(&mut self, record: Record) -> Option<(u64, Authentication)> {
        let Record { kind, line, user, host, time, .. } = record;
        let (activity, user) = match (self.said_by, kind) {
            (LogonSource::Btmp, LOGIN | USER) => (LogonDid::Failed, user),
            (_, USER) => {
                if self.users.len() < LINES_MAX {
                    self.users.insert(line.clone(), user.clone());
                }
                (LogonDid::Logon, user)
            }
            // Who it was is only said when he came.
            (_, DEAD) => (LogonDid::Logoff, self.users.remove(&line).unwrap_or(user)),
            (_, BOOTED) => (LogonDid::Boot, user),
            _ => return None,
        };
        let said_by = self.said_by;
        Some((time, Authentication { activity, user, terminal: line, from: host, said_by, process: None }))
    }
}

/// Reads until it is told to stop, and once more then.
pub fn run(outlet: &Outlet, mut books: Vec<Book>, every: Duration) {
    loop {
        let goes_on = outlet.wait(every);
        for book in &mut books {
            let mut more = true;
            while more {
                let Ok(page) = book.read() else {
                    outlet.put(Signal::Lost { source: Source::Logons, count: None });
                    break;
                };
                more = page.more;
                if page.gap {
                    outlet.put(Signal::Lost { source: Source::Logons, count: None });
                }
                if page.left_out > 0 {
                    outlet.put(Signal::LeftOut { source: Source::Logons, count: page.left_out });
                }
                for (time, logon) in page.logons {
                    outlet.put(Signal::Logon { time, logon });
                }
            }
        }
        if !goes_on {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn bytes(kind: u16, line: &str, user: &str, host: &str, seconds: u32) -> Vec<u8> {
        let mut bytes = vec![0; RECORD_BYTES];
        bytes[..2].copy_from_slice(&kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&77_i32.to_le_bytes());
        for (at, text) in [(8, line), (44, user), (76, host)] {
            bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        bytes[TIME.0..TIME.0 + 4].copy_from_slice(&seconds.to_le_bytes());
        bytes
    }

    #[test]
    fn who_comes_and_goes_is_read_from_where_one_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wtmp");
        std::fs::write(&path, bytes(USER, "tty1", "early", "", 1)).unwrap();
        let mut book = Book::at_end(path.clone(), LogonSource::Wtmp);
        assert_eq!(book.read().unwrap(), Page::default(), "what was there before is not told");
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(&bytes(USER, "pts/0", "wang", "10.0.0.7", 1_700_000_000)).unwrap();
        file.write_all(&bytes(1, "~", "runlevel", "", 2)).unwrap();
        file.write_all(&bytes(DEAD, "pts/0", "", "", 1_700_000_060)).unwrap();
        // Half a record is written: it is read when it is whole.
        file.write_all(&bytes(USER, "pts/1", "li", "", 3)[..100]).unwrap();
        let page = book.read().unwrap();
        let shown: Vec<_> =
            page.logons.iter().map(|(time, it)| format!("{time} {:?} {} {}", it.activity, it.user, it.from)).collect();
        assert_eq!(shown, ["1700000000000000000 Logon wang 10.0.0.7", "1700000060000000000 Logoff wang "]);
        assert_eq!((page.left_out, page.gap), (1, false));
        file.write_all(&bytes(USER, "pts/1", "li", "", 3)[100..]).unwrap();
        assert_eq!(book.read().unwrap().logons[0].1.user, "li");
        // Another file stands there: what came in between nobody knows.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(folder.path().join("other"), "").unwrap();
        std::fs::write(&path, bytes(USER, "tty1", "late", "", 9)).unwrap();
        let page = book.read().unwrap();
        assert_eq!((page.gap, page.logons[0].1.user.as_str()), (true, "late"));
    }

    #[test]
    fn what_failed_is_told_as_that() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("btmp");
        let mut book = Book::at_end(path.clone(), LogonSource::Btmp);
        assert_eq!(book.read().unwrap(), Page::default(), "there is none");
        std::fs::write(&path, bytes(LOGIN, "ssh:notty", "root", "10.0.0.9", 5)).unwrap();
        let page = book.read().unwrap();
        assert_eq!((page.logons[0].1.activity, page.gap), (LogonDid::Failed, false));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..420)) {
            record(&bytes);
        }
    }
}
