//! The memory of the house: every record, kept without loss, and searched back in time.
//!
//! A batch goes through a log that lasts before it is acknowledged ([`Lake::append`]), can be found at once, and is later
//! written to files of columns ([`Lake::flush`]) that a Delta table names together with how far each source is. Beside
//! each file lies an index of what indicators can name, so that a hunt ([`Lake::hunt`]) reads only pages that matter.

mod delta;
mod derived;
mod disk;
mod error;
mod export;
mod files;
mod fit;
mod held;
mod hunt;
pub mod index;
mod log;
mod observe;
mod outbox;
mod sieve;
mod state;
mod storage;
mod table;
mod upkeep;
mod view;

pub use derived::whole;
pub use disk::{Act, Disk};
pub use error::{Error, Refused};
pub use export::{Export, Exported};
pub use files::DataFile;
pub use held::Held;
pub use hunt::{Goes, Hit, Hunt, Left, Progress, Wanted};
pub use log::{Batch, pack, unpack};
pub use outbox::Outbox;
pub use storage::{Bucket, Storage, Unusable};
pub use table::{TABLES, Table, has_few_values};
pub use upkeep::{Compacted, Finding, Kept, Verified};
pub use view::{Day, Hunting, Notice, Status, TableStatus, View, hunted_column};

/// What reads bytes that somebody may have made up. For fuzzing.
#[doc(hidden)]
pub mod readers {
    pub use crate::index::read_block as index_block;
    pub use crate::log::read_bytes as log;
}

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use delta::{Change, Delta};
use log::Log;
use state::{Intake, Pending, State};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use storage::Waiter;

/// Between two attempts to write files when the first failed.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How a lake behaves.
#[derive(Clone)]
pub struct Options {
    /// Rows are written to files when so many bytes of them wait, or the first has waited for so long.
    pub flush_bytes: usize,
    pub flush_after: Duration,
    /// With more bytes than this waiting nothing further is taken: a disk that fills up must not fill the memory too.
    pub waiting_max: usize,
    pub disk: Disk,
    /// Where the tables are, when not below the folder: several servers share them. The log stays in the folder.
    pub bucket: Option<Bucket>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            flush_bytes: 64 << 20,
            flush_after: Duration::from_secs(30),
            waiting_max: 512 << 20,
            disk: Disk::default(),
            bucket: None,
        }
    }
}

/// A lake that is open. One process has it at a time.
pub struct Lake {
    inner: Arc<Inner>,
    log: Arc<Log>,
    keeper: Mutex<Option<std::thread::JoinHandle<()>>>,
    options: Options,
    /// What was found broken when it was opened.
    notices: Vec<Notice>,
}

struct Inner {
    folder: PathBuf,
    disk: Disk,
    storage: Storage,
    waiter: Waiter,
    state: Mutex<State>,
    /// Whoever changes which files a table has holds this meanwhile; the tables only while it asks or commits.
    upkeep: Mutex<()>,
    /// A commit failed without it being known whether it is there all the same.
    is_unsure: AtomicBool,
    /// Files that no table names, and since when that is known.
    unnamed: Mutex<BTreeMap<PathBuf, Instant>>,
    tables: Mutex<Vec<(&'static Table, Delta)>>,
    /// Told when something waits and when the lake is closed.
    wake: Condvar,
    _lock: File,
}

/// What a flush wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flushed {
    pub files: usize,
    pub rows: u64,
}

impl Lake {
    /// Opens the lake in a folder, or makes one. What is in the log and in no file yet is found again.
    pub fn open(folder: &Path, options: Options) -> Result<Lake, Error> {
        let logs = folder.join("log");
        std::fs::create_dir_all(&logs).map_err(Error::disk(&logs))?;
        let folder = folder.canonicalize().map_err(Error::disk(folder))?;
        let lock = locked(&folder)?;
        if options.bucket.is_none() {
            Bucket::is_not_of_lake(&folder)?;
        }
        let storage = Storage::of(options.bucket.as_ref(), &options.disk);
        let waiter = Waiter::of(&storage).map_err(Error::disk(&folder))?;
        let mut tables = Vec::new();
        let mut state = State::default();
        for table in &TABLES {
            let delta = Delta::open(&waiter, &folder.join("tables"), table, storage.clone())?;
            state.add_files(table, delta.files()?);
            delta.list()?;
            tables.push((table, delta));
        }
        let inner = Arc::new(Inner {
            folder,
            disk: options.disk.clone(),
            storage,
            waiter,
            state: Mutex::new(state),
            upkeep: Mutex::new(()),
            is_unsure: AtomicBool::new(false),
            unnamed: Mutex::default(),
            tables: Mutex::new(tables),
            wake: Condvar::new(),
            _lock: lock,
        });
        let mut intake = Intake::new(inner.clone());
        let (notices, next) = inner.replay(&logs, &mut intake)?;
        // Of what is in the log some may be in its table already: a source is as far as the furthest.
        lock_of(&inner.state).marks.extend(intake.is_replayed());
        let log = Log::open(logs, next, options.disk.clone(), Box::new(intake))?;
        let lake = Lake { inner, log: Arc::new(log), keeper: Mutex::new(None), options, notices };
        let keeper = lake.keeper()?;
        *lock_of(&lake.keeper) = Some(keeper);
        lake.take_in()?;
        Ok(lake)
    }

    /// What was found broken when it was opened.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Keeps a batch. When this returns it lasts; false when this source's batch of that number was kept already.
    pub fn append(&self, batch: Batch) -> Result<bool, Refused> {
        let waiting = lock_of(&self.inner.state).waiting_bytes;
        if waiting > self.options.waiting_max {
            return Err(Refused::Full { waiting });
        }
        let rows = fit::fit(batch.table, &batch.rows)?;
        let batch = Batch { rows, ..batch };
        let record = log::encode(&batch)?;
        self.log.append(batch, record)
    }

    /// Goes past numbers of a source that do not come, up to and with the last: the next batch has the one after it. When
    /// this returns it lasts; false when the source was there already.
    pub fn skip(&self, source: &str, last: i64) -> Result<bool, Refused> {
        let table = &TABLES[0];
        self.append(Batch {
            table,
            source: source.to_owned(),
            sequence: last,
            rows: RecordBatch::new_empty(table.schema()),
        })
    }

    /// Up to where a source is: the number of its last batch that lasts.
    pub fn mark(&self, source: &str) -> Result<Option<i64>, Error> {
        let known = lock_of(&self.inner.state).marks.get(source).copied();
        known.map_or_else(|| self.inner.mark_of_tables(source), |mark| Ok(Some(mark)))
    }

    /// Writes everything that waits to files.
    pub fn flush(&self) -> Result<Flushed, Error> {
        flush(&self.inner, &self.log)
    }

    /// Sees what other servers wrote to tables that are shared; on a disk of its own there is nothing to see.
    pub fn refresh(&self) -> Result<(), Error> {
        if self.inner.storage.is_shared() {
            let _alone = lock_of(&self.inner.upkeep);
            self.inner.refresh()?;
        }
        Ok(())
    }

    /// What this server is called in tables that it shares with others; nothing when it does not.
    pub fn writer(&self) -> &str {
        match &self.inner.storage {
            Storage::Disk(_) => "",
            Storage::Bucket(bucket) => bucket.writer(),
        }
    }

    pub fn status(&self) -> Status {
        self.view().status()
    }

    /// What is in it now. A batch that moves from the log to a file meanwhile is in it once.
    pub fn view(&self) -> View {
        let state = lock_of(&self.inner.state);
        let of_files = |table| state.files(table).into_iter().map(move |file| (table, file));
        let of_waiting = |table| state.waiting(table).into_iter().map(move |rows| (table, rows));
        let files = TABLES.iter().flat_map(of_files).collect();
        let waiting = TABLES.iter().flat_map(of_waiting).collect();
        View::new(files, waiting, &self.inner.folder.join("log"))
    }

    /// The files of a table.
    pub fn files(&self, table: &'static Table) -> Vec<DataFile> {
        lock_of(&self.inner.state).files(table)
    }

    /// Rows of a table that are in no file yet.
    pub fn waiting(&self, table: &'static Table) -> Vec<RecordBatch> {
        lock_of(&self.inner.state).waiting(table)
    }

    /// Tells every record that met an indicator, of those that are in it now.
    pub fn hunt(&self, hunt: Hunt<'_>, hunting: &mut dyn Hunting) -> Progress {
        self.view().hunt(hunt, hunting)
    }

    /// Only the files that `of` chooses, without what waits.
    pub fn view_of_files(&self, of: &dyn Fn(&DataFile) -> bool) -> View {
        let mut view = self.view();
        view.files.retain(|(_, file)| of(file));
        view.waiting.clear();
        view
    }

    fn keeper(&self) -> Result<std::thread::JoinHandle<()>, Error> {
        let (inner, log, options) = (self.inner.clone(), self.log.clone(), self.options.clone());
        let keep = move || keep(&inner, &log, &options);
        let thread = std::thread::Builder::new().name("lake-keeper".to_owned()).spawn(keep);
        thread.map_err(Error::disk(&self.inner.folder))
    }
}

/// The rows of a file, part by part.
pub fn rows_of(file: &DataFile) -> Result<Vec<RecordBatch>, Error> {
    let failed = Error::table(file.table);
    files::read(file)?.map(|rows| Ok(whole(&rows.map_err(|error| failed(&error))?))).collect()
}

/// The latest time of rows.
pub fn latest_us(table: &Table, rows: &RecordBatch) -> Option<i64> {
    files::times(table, rows)?.iter().max().copied()
}

impl Drop for Lake {
    fn drop(&mut self) {
        lock_of(&self.inner.state).closed = true;
        self.inner.wake.notify_all();
        if let Some(keeper) = lock_of(&self.keeper).take() {
            let _ = keeper.join();
        }
    }
}

/// Writes to files what has waited long enough, until the lake is closed.
fn keep(inner: &Inner, log: &Log, options: &Options) {
    let mut state = lock_of(&inner.state);
    // When writing failed, the next attempt; a full disk is not asked again at once.
    let mut not_before = Instant::now();
    while !state.closed {
        let now = Instant::now();
        let due = match state.waits_since {
            None => now + options.flush_after,
            Some(_) if state.waiting_bytes >= options.flush_bytes => now,
            Some(since) => since + options.flush_after,
        };
        let due = due.max(not_before);
        if due > now {
            let waited = inner.wake.wait_timeout(state, due - now);
            state = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
            continue;
        }
        drop(state);
        if let Err(error) = flush(inner, log) {
            tracing::warn!(%error, "the lake cannot write its files; it tries again");
            not_before = Instant::now() + AGAIN_AFTER;
        }
        state = lock_of(&inner.state);
    }
}

fn flush(inner: &Inner, log: &Log) -> Result<Flushed, Error> {
    let _alone = lock_of(&inner.upkeep);
    let last = log.rotate()?;
    // What a commit that nobody heard of has written is not written again.
    let is_unsure = inner.is_unsure.load(Ordering::Relaxed);
    if is_unsure {
        inner.refresh()?;
    }
    let mut flushed = Flushed::default();
    for table in &TABLES {
        let mut taken = lock_of(&inner.state).taken(table, last);
        if taken.is_empty() {
            continue;
        }
        if is_unsure {
            inner.forget_written(table, &mut taken)?;
        }
        let written = if taken.is_empty() { Vec::new() } else { inner.write(table, &taken)? };
        flushed.files += written.len();
        flushed.rows += written.iter().map(|file| file.rows).sum::<u64>();
        lock_of(&inner.state).settle(table, last, written);
    }
    if is_unsure {
        inner.is_unsure.store(false, Ordering::Relaxed);
    }
    // Everything up to there is in the tables.
    let folder = inner.folder.join("log");
    for number in log::numbers(&folder).map_err(Error::disk(&folder))?.into_iter().filter(|number| *number <= last) {
        let path = log::path(&folder, number);
        inner.disk.remove(&path).map_err(Error::disk(&path))?;
    }
    Ok(flushed)
}

impl Inner {
    /// Writes what waits to files and names them in the table, with how far its sources are.
    fn write(&self, table: &'static Table, taken: &[Arc<Pending>]) -> Result<Vec<DataFile>, Error> {
        let rows = concat_batches(&table.schema(), taken.iter().map(|pending| &pending.batch.rows));
        let rows = rows.map_err(|error| Error::table(table.name)(&error))?;
        let mut marks = BTreeMap::new();
        for Pending { batch, .. } in taken.iter().map(AsRef::as_ref) {
            let mark = marks.entry(batch.source.clone()).or_insert(batch.sequence);
            *mark = batch.sequence.max(*mark);
        }
        self.put(table, &rows, &[], marks)
    }

    /// Leaves out what is in the table already.
    fn forget_written(&self, table: &'static Table, taken: &mut Vec<Arc<Pending>>) -> Result<(), Error> {
        let tables = lock_of(&self.tables);
        let Some((_, delta)) = tables.iter().find(|(of, _)| of.name == table.name) else { return Ok(()) };
        let mut marks: BTreeMap<String, Option<i64>> = BTreeMap::new();
        for Pending { batch, .. } in taken.iter().map(AsRef::as_ref) {
            if !marks.contains_key(&batch.source) {
                marks.insert(batch.source.clone(), delta.mark(&self.waiter, &batch.source)?);
            }
        }
        taken.retain(|pending| {
            let mark = marks.get(&pending.batch.source).copied().flatten();
            mark.is_none_or(|mark| pending.batch.sequence > mark)
        });
        Ok(())
    }

    /// Puts rows into files of their own, in place of others if there are any.
    fn put(
        &self,
        table: &'static Table,
        rows: &RecordBatch,
        removed: &[DataFile],
        marks: BTreeMap<String, i64>,
    ) -> Result<Vec<DataFile>, Error> {
        let rows = files::in_order(table, rows)?;
        let root = self.root(table);
        let mut written = Vec::new();
        let put = files::parts(table, &rows).iter().try_for_each(|(day, rows)| {
            written.push(files::write(&self.storage, &root, table, *day, rows)?);
            Ok(())
        });
        let mut tables = lock_of(&self.tables);
        let Some((_, delta)) = tables.iter_mut().find(|(of, _)| of.name == table.name) else { return Ok(written) };
        let change = Change { added: &written, removed, marks, new_rows: removed.is_empty() };
        let outcome = put.and_then(|()| delta.commit(&self.waiter, &change));
        let named_ms = delta.named_ms;
        written.iter_mut().for_each(|file| file.named_ms = named_ms);
        let Err(error) = outcome else { return Ok(written) };
        // Whether a commit that failed is there all the same is only known when the table's log is read again, and when
        // that fails too its files must stay.
        self.is_unsure.store(true, Ordering::Relaxed);
        delta.reload(&self.waiter)?;
        let named: BTreeSet<String> = delta.files()?.into_iter().map(|file| file.name).collect();
        if !written.is_empty() && written.iter().all(|file| named.contains(&file.name)) {
            return Ok(written);
        }
        written.iter().for_each(upkeep::forget);
        Err(error)
    }

    /// Reads every table's log again. Whoever calls it changes no table meanwhile: what was committed and is not yet taken
    /// note of would be there twice.
    fn refresh(&self) -> Result<(), Error> {
        let mut tables = lock_of(&self.tables);
        for (table, delta) in tables.iter_mut() {
            delta.reload(&self.waiter)?;
            lock_of(&self.state).set_files(table, delta.files()?);
        }
        Ok(())
    }

    /// Where a table is.
    fn root(&self, table: &'static Table) -> PathBuf {
        match &self.storage {
            Storage::Disk(_) => self.folder.join("tables").join(table.name),
            Storage::Bucket(bucket) => bucket.root(table.name),
        }
    }

    fn mark_of_tables(&self, source: &str) -> Result<Option<i64>, Error> {
        let tables = lock_of(&self.tables);
        let marks: Result<Vec<_>, Error> = tables.iter().map(|(_, delta)| delta.mark(&self.waiter, source)).collect();
        Ok(marks?.into_iter().flatten().max())
    }

    /// Finds again what is in the log and in no table. Gives what was broken, and the number for the next file.
    fn replay(&self, logs: &Path, intake: &mut Intake) -> Result<(Vec<Notice>, u64), Error> {
        let (mut notices, mut next) = (Vec::new(), 1);
        for number in log::numbers(logs).map_err(Error::disk(logs))? {
            let path = log::path(logs, number);
            let mut failed = None;
            let broken = log::read(&path, &mut |batch| {
                if failed.is_none() {
                    failed = intake.replayed(batch, number).err();
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
            let broken = broken.map_err(Error::disk(&path))?;
            if !broken.is_empty() {
                let aside = log::set_aside(&self.disk, &path)?;
                notices.extend(broken.into_iter().map(|log::Broken { at, why }| Notice {
                    path: aside.clone(),
                    at,
                    why,
                }));
            } else if !lock_of(&self.state).waits_in(number) {
                // Everything in it is in the tables.
                self.disk.remove(&path).map_err(Error::disk(&path))?;
            }
            next = number + 1;
        }
        Ok((notices, next))
    }
}

/// The lock of a lake; it goes with the process.
fn locked(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let file = File::options().create(true).append(true).open(&path).map_err(Error::disk(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::disk(&path)(source)),
    }
}

pub(crate) fn lock_of<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When something began to wait.
pub(crate) type Since = Option<Instant>;
