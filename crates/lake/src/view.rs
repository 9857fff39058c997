//! What is in a lake at one moment: what looking back asks. A lake that is open gives one, and whoever does not have the
//! lake makes one of its folder, beside the process that has it.

use crate::delta::Delta;
use crate::disk::Disk;
use crate::error::Error;
use crate::files::{self, DAY_US, DataFile};
use crate::hunt::{Goes, Hit, Hunt, Progress, Search};
use crate::state::bytes_of;
use crate::storage::{Bucket, Storage, Waiter};
use crate::table::{OBSERVED, TABLES, Table};
use crate::{fit, log};
use arrow_array::RecordBatch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files of every table, and the rows that are in no file yet.
pub struct View {
    pub(crate) files: Vec<(&'static Table, DataFile)>,
    pub(crate) waiting: Vec<(&'static Table, RecordBatch)>,
    log_bytes: u64,
    /// Files of the log and deliveries in which something was broken.
    broken: Vec<Notice>,
}

/// Something that was found broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub path: PathBuf,
    pub at: u64,
    pub why: String,
}

/// What is in a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub tables: Vec<TableStatus>,
    /// Rows and bytes in memory that wait to be written to files; they are in the log, and found.
    pub waiting_rows: u64,
    pub waiting_bytes: u64,
    /// Bytes of the log on the disk.
    pub log_bytes: u64,
}

/// What is in one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStatus {
    pub table: &'static str,
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
    pub index_bytes: u64,
    pub first_us: Option<i64>,
    pub last_us: Option<i64>,
}

/// A day of which something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub since_us: i64,
    pub until_us: i64,
    pub files: usize,
}

/// Who hunts: is told every hit and every file that is done, and says whether to go on.
pub trait Hunting {
    fn hit(&mut self, hit: Hit, progress: &Progress) -> Goes;

    fn file(&mut self, _progress: &Progress) -> Goes {
        Goes::Continue(())
    }
}

impl View {
    pub(crate) fn new(
        files: Vec<(&'static Table, DataFile)>,
        waiting: Vec<(&'static Table, RecordBatch)>,
        logs: &Path,
    ) -> View {
        View { files, waiting, log_bytes: bytes_in(logs), broken: Vec::new() }
    }

    /// What the lake in a folder holds, whoever has it. Nothing is changed. What becomes durable meanwhile may be missing;
    /// what lasted before is there once.
    pub fn of(folder: &Path) -> Result<View, Error> {
        View::with(folder, None)
    }

    /// The same, of tables that are in a bucket. Of what is in no file yet only what is in the log of this folder is seen.
    pub fn shared(folder: &Path, bucket: &Bucket) -> Result<View, Error> {
        View::with(folder, Some(bucket))
    }

    fn with(folder: &Path, bucket: Option<&Bucket>) -> Result<View, Error> {
        if bucket.is_none() {
            Bucket::is_not_of_lake(folder)?;
        }
        let storage = Storage::of(bucket, &Disk::default());
        let waiter = Waiter::of(&storage).map_err(Error::disk(folder))?;
        // In the order of its way: a batch that moves on meanwhile is in two places then, and is taken once.
        let (mut batches, mut broken) = (Vec::new(), Vec::new());
        for part in ["incoming", "log"] {
            for path in logs_in(&folder.join(part))? {
                let read = match log::read(&path, &mut |batch| batches.push(batch)) {
                    // It was let go since it was listed: what was in it is in a table.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    read => read.map_err(Error::disk(&path))?,
                };
                // The end of a file that is being written is no damage.
                let damage = read.into_iter().filter(|broken| broken.why != log::CUT_OFF);
                broken.extend(damage.map(|log::Broken { at, why }| Notice { path: path.clone(), at, why }));
            }
        }
        let (mut files, mut marks) = (Vec::new(), BTreeMap::new());
        let mut waiting = Vec::new();
        for table in &TABLES {
            let delta = Delta::look(&waiter, &folder.join("tables"), table, storage.clone())?;
            if let Some(delta) = &delta {
                delta.list()?;
                files.extend(delta.files()?.into_iter().map(|file| (table, file)));
            }
            for batch in batches.iter().filter(|batch| batch.table.name == table.name) {
                let of_table = || delta.as_ref().map(|delta| delta.mark(&waiter, &batch.source)).transpose();
                let mark = match marks.get(&(table.name, batch.source.clone())) {
                    Some(mark) => Some(*mark),
                    None => of_table()?.flatten(),
                };
                // Also of what comes twice on its way the first is kept.
                if mark.is_none_or(|mark| batch.sequence > mark) {
                    marks.insert((table.name, batch.source.clone()), batch.sequence);
                    let rows = fit::fit(table, &batch.rows).map_err(|error| Error::table(table.name)(&error))?;
                    waiting.push((table, rows));
                }
            }
        }
        Ok(View { files, waiting, log_bytes: bytes_in(&folder.join("log")), broken })
    }

    /// Some files, for whoever was told of them by another.
    pub fn of_files(files: Vec<DataFile>) -> View {
        let named = |file: DataFile| Some((Table::named(file.table)?, file));
        let files = files.into_iter().filter_map(named).collect();
        View { files, waiting: Vec::new(), log_bytes: 0, broken: Vec::new() }
    }

    /// The same without its files: the rows that are in none yet.
    pub fn without_files(mut self) -> View {
        self.files.clear();
        self
    }

    /// What was found broken in the log.
    pub fn notices(&self) -> &[Notice] {
        &self.broken
    }

    pub fn status(&self) -> Status {
        let of = |table: &'static Table| {
            let files: Vec<&DataFile> = self.files().filter(|file| file.table == table.name).collect();
            TableStatus {
                table: table.name,
                files: files.len() as u64,
                rows: files.iter().map(|file| file.rows).sum(),
                bytes: files.iter().map(|file| file.bytes).sum(),
                index_bytes: files.iter().filter_map(|file| file.index_bytes()).sum(),
                first_us: files.iter().map(|file| file.first_us).min(),
                last_us: files.iter().map(|file| file.last_us).max(),
            }
        };
        Status {
            tables: TABLES.iter().map(of).collect(),
            waiting_rows: self.waiting.iter().map(|(_, rows)| rows.num_rows() as u64).sum(),
            waiting_bytes: self.waiting.iter().map(|(_, rows)| bytes_of(rows) as u64).sum(),
            log_bytes: self.log_bytes,
        }
    }

    /// Bytes of files that came in a day, of those since a time (milliseconds since 1970) until another; none when nothing
    /// came. Files that were put together since are told by what became of them.
    pub fn bytes_per_day(&self, since_ms: i64, now_ms: i64) -> Option<u64> {
        const DAY_MS: f64 = 86_400_000.0;
        let came: Vec<&DataFile> = self.files().filter(|file| (since_ms..=now_ms).contains(&file.named_ms)).collect();
        let first = came.iter().map(|file| file.named_ms).min()?;
        let bytes: u64 = came.iter().map(|file| file.bytes).sum();
        // Of less than a day nothing is known of the rest of it: it is taken as a whole one.
        let days = ((now_ms - first) as f64 / DAY_MS).max(1.0);
        Some((bytes as f64 / days) as u64)
    }

    pub fn files(&self) -> impl Iterator<Item = &DataFile> {
        self.files.iter().map(|(_, file)| file)
    }

    /// Rows of a table that are in no file yet.
    pub fn waiting(&self, table: &'static Table) -> impl Iterator<Item = &RecordBatch> {
        self.waiting.iter().filter(|(of, _)| of.name == table.name).map(|(_, rows)| rows)
    }

    /// The days of which something is kept to hunt in, the newest first, of those that a time concerns.
    pub fn days(&self, since_us: Option<i64>, until_us: Option<i64>) -> Vec<Day> {
        let mut days: BTreeMap<i64, usize> = BTreeMap::new();
        for (_, file) in self.files.iter().filter(|(table, _)| table.is_hunted) {
            // A file holds rows of one day; one whose times are unknown says that it may hold any, and has its day.
            *days.entry(file.day_number()).or_default() += 1;
        }
        for (table, rows) in &self.waiting {
            for time in files::times(table, rows).unwrap_or_default() {
                days.entry(time.div_euclid(DAY_US)).or_default();
            }
        }
        let day = |(day, files): (i64, usize)| {
            let first = day.saturating_mul(DAY_US);
            let (since, until) = (first.max(since_us.unwrap_or(i64::MIN)), first.saturating_add(DAY_US));
            Day { since_us: since, until_us: until.min(until_us.unwrap_or(i64::MAX)), files }
        };
        days.into_iter().rev().map(day).filter(|day| day.since_us < day.until_us).collect()
    }

    /// Tells every record that met an indicator, the newest files first.
    pub fn hunt(&self, hunt: Hunt<'_>, hunting: &mut dyn Hunting) -> Progress {
        let mut files: Vec<_> =
            self.files.iter().filter(|(table, file)| table.is_hunted && hunt.concerns(file)).collect();
        files.sort_by_key(|(_, file)| std::cmp::Reverse(file.last_us));
        let cell = std::cell::RefCell::new(hunting);
        let mut each = |hit: Hit, progress: &Progress| cell.borrow_mut().hit(hit, progress);
        let mut search = Search::new(hunt, &mut each);
        search.progress.of_files = files.len();
        for (table, rows) in self.waiting.iter().filter(|(table, _)| table.is_hunted) {
            if search.rows(table, rows).is_break() {
                search.progress.stopped = true;
                return search.progress;
            }
        }
        for (table, file) in files {
            if search.file(table, file).is_break() || cell.borrow_mut().file(&search.progress).is_break() {
                search.progress.stopped = true;
                break;
            }
        }
        search.progress
    }
}

/// A column that indicators are looked for in, by its name.
pub fn hunted_column(name: &str) -> Option<&'static str> {
    OBSERVED.iter().map(|(column, _)| *column).find(|column| *column == name)
}

/// Files of batches in a folder, in the order of their names.
fn logs_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::disk(folder)(error)),
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|is| is == "log")).collect();
    paths.sort();
    Ok(paths)
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}
