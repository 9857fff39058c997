//! What a collector has recorded and the server does not have yet, on the collector's disk.
//!
//! A batch that was added lasts ([`Spool::append`] returns after the disk said so), has a number one higher than the one
//! before, and stays until the server has it ([`Spool::acknowledge`]). When the spool is full a new batch is refused and
//! counted: what was taken before is never let go for it. A process that is killed leaves at most the beginning of a batch
//! that nobody was told lasts; it is cut off. What is damaged is copied aside, told, and counted as lost; it is never
//! passed over without a word.

mod format;
mod opening;
mod reader;
mod state;
mod writer;

pub use reader::{Entry, Reader, Why};

use crate::batch::{BATCH_BYTES_MAX, Batch, is_kind};
use crate::disk::{self, Disk};
use crate::error::{Error, Refused};
use state::StateFile;
use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Notices kept at most; a disk that is damaged all over is told by the first of them.
const NOTICES_MAX: usize = 100;
/// A file is followed by the next when it has an eighth of the limit, and no more than this.
const SEGMENT_BYTES_MAX: u64 = 16 << 20;
const SEGMENT_BYTES_MIN: u64 = 4 << 10;

/// How a spool behaves.
#[derive(Clone)]
pub struct Options {
    /// Bytes on the disk at most, beside an eighth of it for what is set aside.
    pub limit_bytes: u64,
    pub disk: Disk,
}

impl Default for Options {
    fn default() -> Self {
        Options { limit_bytes: 1 << 30, disk: Disk::default() }
    }
}

/// A spool that is open. One process has it at a time; clones are doors to the same.
#[derive(Clone)]
pub struct Spool {
    door: Arc<Door>,
}

/// Something that was not as it was left. A copy of what is damaged is kept where `path` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub path: PathBuf,
    /// Where in it, in bytes.
    pub at: u64,
    pub what: Damage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The end of the newest file was cut off: a batch that nobody was told lasts.
    TornEnd,
    /// A file's beginning, or a batch in it.
    Header,
    Batch,
    /// What the spool knew of itself; its counters begin anew.
    State,
    /// Files are gone.
    Missing,
}

/// Figures of a spool. All of them outlast a restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches that the server does not have yet, and bytes on the disk.
    pub waiting_batches: u64,
    pub used_bytes: u64,
    pub limit_bytes: u64,
    /// Batches that the server has acknowledged.
    pub delivered_batches: u64,
    /// Batches, and rows of them, that were refused since the spool was full or its disk failed.
    pub shed_batches: u64,
    pub shed_rows: u64,
    /// Batches that were damaged on the disk; and those that the server refused for good and that were set aside.
    pub lost_batches: u64,
    pub aside_batches: u64,
    /// The last that the server has.
    pub acknowledged: Option<i64>,
}

struct Door {
    shared: Arc<Shared>,
    commands: Mutex<Option<SyncSender<writer::Append>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

pub(crate) struct Shared {
    folder: PathBuf,
    disk: Disk,
    limit_bytes: u64,
    kept: Mutex<Kept>,
    /// The last sequence that lasts.
    durable: watch::Sender<i64>,
    _lock: File,
}

/// What is on the disk.
struct Kept {
    /// In order, the last is being added to. There is always one.
    segments: VecDeque<Segment>,
    state: StateFile,
    /// The number of the next batch.
    next: i64,
    /// Go on in a new file: the spool has another name now.
    rotate_due: bool,
    aside_bytes: u64,
    notices: Vec<Notice>,
}

/// One file: the number of its first batch, and how much of it lasts.
#[derive(Debug, Clone, Copy)]
struct Segment {
    first: i64,
    bytes: u64,
}

impl Spool {
    /// Opens the spool in a folder, or makes one.
    pub fn open(folder: &Path, options: Options) -> Result<Spool, Error> {
        let aside = folder.join("aside");
        disk::private_folder(&aside).map_err(Error::disk(&aside))?;
        let lock = folder.join("lock");
        let lock = disk::locked(&lock).map_err(Error::disk(&lock))?.ok_or_else(|| Error::InUse(folder.to_owned()))?;
        let (kept, file) = opening::open(folder, &options.disk)?;
        let (durable, _) = watch::channel(kept.next - 1);
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            disk: options.disk,
            limit_bytes: options.limit_bytes,
            kept: Mutex::new(kept),
            durable,
            _lock: lock,
        });
        shared.let_go(&mut shared.kept()).map_err(Error::disk(folder))?;
        let (commands, waiting) = sync_channel(writer::WAITING_MAX);
        let mut writer = writer::Writer::new(shared.clone(), file);
        let thread = std::thread::Builder::new().name("spool".to_owned()).spawn(move || writer.run(&waiting));
        let thread = Mutex::new(Some(thread.map_err(Error::disk(folder))?));
        Ok(Spool { door: Arc::new(Door { shared, commands: Mutex::new(Some(commands)), thread }) })
    }

    /// Keeps a batch and gives its number; when this returns it lasts. Blocks as long as the disk takes.
    pub fn append(&self, kind: &str, rows: u32, bytes: &[u8]) -> Result<i64, Refused> {
        if !is_kind(kind) {
            return Err(Refused::BadKind(kind.chars().take(80).collect()));
        }
        let max = BATCH_BYTES_MAX.min(usize::try_from(self.door.shared.limit_bytes).unwrap_or(usize::MAX));
        if bytes.len() > max {
            return Err(Refused::TooLarge { bytes: bytes.len(), max });
        }
        let (done, told) = sync_channel(1);
        let commands = lock_of(&self.door.commands).clone().ok_or(Error::Closed)?;
        let append = writer::Append { kind: kind.to_owned(), rows, bytes: bytes.to_vec(), done };
        commands.send(append).map_err(|_| Error::Closed)?;
        told.recv().map_err(|_| Error::Closed)?
    }

    /// The server has everything up to that number: it may go.
    pub fn acknowledge(&self, sequence: i64) -> Result<(), Error> {
        let shared = &self.door.shared;
        let mut kept = shared.kept();
        let sequence = sequence.min(kept.next - 1);
        let new = sequence - kept.state.state.acknowledged;
        if new <= 0 {
            return Ok(());
        }
        kept.state.state.acknowledged = sequence;
        kept.state.state.delivered_batches += new.cast_unsigned();
        shared.let_go(&mut kept).map_err(Error::disk(&shared.folder))
    }

    /// Reads batches from that number on. A reader that is at the end goes on when there is more.
    pub fn reader(&self, from: i64) -> Reader {
        Reader::new(self.door.shared.clone(), from)
    }

    pub fn counts(&self) -> Counts {
        let kept = self.door.shared.kept();
        let state = &kept.state.state;
        Counts {
            waiting_batches: (kept.next - 1 - state.acknowledged).cast_unsigned(),
            used_bytes: kept.used_bytes(),
            limit_bytes: self.door.shared.limit_bytes,
            delivered_batches: state.delivered_batches,
            shed_batches: state.shed_batches,
            shed_rows: state.shed_rows,
            lost_batches: state.lost_batches,
            aside_batches: state.aside_batches,
            acknowledged: Some(state.acknowledged).filter(|sequence| *sequence >= 0),
        }
    }

    /// What was not as it was left, since the spool was opened.
    pub fn notices(&self) -> Vec<Notice> {
        self.door.shared.kept().notices.clone()
    }

    /// Which spool this is. Another one that is made in the same place is another, and numbers are of one spool.
    pub fn id(&self) -> String {
        format!("{:016x}", self.door.shared.kept().state.state.spool)
    }

    /// The number after the last that the server has.
    pub fn oldest(&self) -> i64 {
        self.door.shared.kept().state.state.acknowledged + 1
    }

    /// The last number that lasts, now and whenever there is another; -1 when there is none.
    pub fn lasts(&self) -> watch::Receiver<i64> {
        self.door.shared.durable.subscribe()
    }

    /// Keeps a batch that the server will never take beside the others, and counts it. False when there is no room.
    pub(crate) fn set_aside(&self, batch: &Batch) -> Result<bool, Error> {
        let shared = &self.door.shared;
        let mut kept = shared.kept();
        let name = format!("{:016x}-{:020}.batch", kept.state.state.spool, batch.sequence);
        let path = shared.folder.join("aside").join(name);
        if path.exists() {
            return Ok(true);
        }
        let mut bytes = format::header(kept.state.state.spool, batch.sequence);
        format::put_record(&mut bytes, batch.sequence, &batch.kind, batch.rows, &batch.bytes);
        if !shared.put_aside(&mut kept, &path, &bytes).map_err(Error::disk(&path))? {
            return Ok(false);
        }
        kept.state.state.aside_batches += 1;
        kept.state.keep().map_err(Error::disk(&shared.folder))?;
        Ok(true)
    }

    /// Batches that were found damaged and that the server knows of now.
    pub(crate) fn count_lost(&self, batches: u64) -> Result<(), Error> {
        let mut kept = self.door.shared.kept();
        kept.state.state.lost_batches += batches;
        kept.state.keep().map_err(Error::disk(&self.door.shared.folder))
    }

    /// Takes another name: the server has numbers of this one that it never gave. What waits is sent under the new name.
    pub(crate) fn begin_anew(&self) -> Result<(), Error> {
        let mut kept = self.door.shared.kept();
        kept.state.state.spool = rand::random();
        kept.rotate_due = true;
        kept.state.keep().map_err(Error::disk(&self.door.shared.folder))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(lock_of(&self.commands).take());
        if let Some(thread) = lock_of(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock_of(&self.kept)
    }

    fn path(&self, first: i64) -> PathBuf {
        path(&self.folder, first)
    }

    /// Removes files that the server has all of. How far it is lasts before: what is missing later is missed.
    fn let_go(&self, kept: &mut Kept) -> std::io::Result<()> {
        let acknowledged = kept.state.state.acknowledged;
        let done = |kept: &Kept| kept.segments.get(1).is_some_and(|next| next.first <= acknowledged + 1);
        if !done(kept) {
            return kept.state.write();
        }
        kept.state.keep()?;
        while done(kept) {
            let Some(segment) = kept.segments.front() else { break };
            match self.disk.remove(&self.path(segment.first)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => drop(kept.segments.pop_front()),
            }
        }
        self.disk.sync_folder(&self.folder)
    }

    /// Keeps a copy of a file in which something is damaged, once for each place, and tells it.
    fn tell(&self, kept: &mut Kept, segment: i64, at: u64, what: Damage) {
        let path = self.path(segment);
        let aside = self.folder.join("aside").join(format!("{segment:020}-{at}.damaged"));
        let known = aside.exists();
        if !known && let Ok(bytes) = std::fs::read(&path) {
            // That there is no copy must not keep from telling.
            let _ = self.put_aside(kept, &aside, &bytes);
        }
        let path = if aside.exists() { aside } else { path };
        kept.notice(Notice { path, at, what });
    }

    fn put_aside(&self, kept: &mut Kept, path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
        let after = kept.aside_bytes + bytes.len() as u64;
        if after > self.limit_bytes / 8 {
            return Ok(false);
        }
        self.disk.put(path, bytes)?;
        kept.aside_bytes = after;
        Ok(true)
    }
}

impl Kept {
    fn used_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn notice(&mut self, notice: Notice) {
        if self.notices.len() < NOTICES_MAX && !self.notices.contains(&notice) {
            tracing::warn!(path = %notice.path.display(), at = notice.at, what = ?notice.what, "the spool was not as it was left");
            self.notices.push(notice);
        }
    }
}

fn path(folder: &Path, first: i64) -> PathBuf {
    folder.join(format!("{first:020}.spool"))
}

fn segment_bytes(limit_bytes: u64) -> u64 {
    (limit_bytes / 8).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX)
}

pub(crate) fn lock_of<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a file of a spool from its bytes: how many whole batches are in it. For fuzzing.
#[doc(hidden)]
pub fn read_bytes(bytes: &[u8]) -> usize {
    let _ = (format::read_header(bytes), state::read(bytes));
    let mut rest = bytes.get(format::HEADER_BYTES as usize..).unwrap_or_default();
    let mut whole = 0;
    while let Ok(format::Found::Record { batch, .. }) = format::next(&mut rest) {
        whole += usize::from(batch.is_some());
    }
    whole
}
