//! Keeping the files in good order: fewer and larger ones, none older or more than wanted, and all of them whole.

use crate::delta::Change;
use crate::error::Error;
use crate::files::{self, DataFile, FILE_ROWS_MAX};
use crate::held::Held;
use crate::index::{self, Builder, Index};
use crate::table::{TABLES, Table};
use crate::view::View;
use crate::{Lake, lock_of, observe};
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A file with fewer rows is worth being put together with others of its day.
const SMALL_ROWS: u64 = (FILE_ROWS_MAX / 2) as u64;
/// Together so many at least: what is rewritten must be worth it.
const SMALL_FILES: usize = 4;

/// What compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    pub files_before: usize,
    pub files_after: usize,
    pub rows: u64,
    pub bytes_before: u64,
    pub bytes_after: u64,
    /// Indexes that were made anew: of an earlier version, damaged, or gone.
    pub indexes: usize,
}

/// What is to be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Rows before this time go, by whole files; microseconds since 1970.
    pub since_us: Option<i64>,
    /// Files that came after this time stay, however old what they tell of is: a capture of last year that was read
    /// today is wanted today.
    pub came_since_us: Option<i64>,
    /// When files and indexes are more than this, the oldest go.
    pub bytes_max: Option<u64>,
    /// What stays in any case. It does not count among the bytes: otherwise what comes in would go at once when there is
    /// much of it.
    pub held: Held,
}

/// A file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub path: PathBuf,
    pub what: String,
}

/// What looking through everything gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub files: usize,
    pub rows: u64,
    pub findings: Vec<Finding>,
}

impl Lake {
    /// Puts small files of a day together, and makes indexes anew that cannot be asked, until `go_on` says no. Reading and
    /// taking go on meanwhile.
    pub fn compact(&self, go_on: &dyn Fn(&Compacted) -> bool) -> Result<Compacted, Error> {
        let mut done = Compacted::default();
        self.join_small(go_on, &mut done)?;
        for file in TABLES.iter().flat_map(|table| self.files(table)) {
            if !go_on(&done) {
                break;
            }
            done.indexes += usize::from(!files::has_index(&file) && self.index_anew(&file)?);
        }
        Ok(done)
    }

    /// False when the file cannot be read, or is gone meanwhile.
    fn index_anew(&self, file: &DataFile) -> Result<bool, Error> {
        let _alone = lock_of(&self.inner.upkeep);
        let index = match index_of_rows(file) {
            Ok((rows, index)) if rows as u64 == file.rows => index,
            _ => return Ok(false),
        };
        let path = file.index();
        file.storage.replace(&path, index).map_err(Error::disk(&path))?;
        Ok(true)
    }

    fn join_small(&self, go_on: &dyn Fn(&Compacted) -> bool, done: &mut Compacted) -> Result<(), Error> {
        for table in &TABLES {
            let mut days: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
            for file in self.files(table).into_iter().filter(|file| file.rows < SMALL_ROWS) {
                days.entry(file.day.clone()).or_default().push(file);
            }
            for mut small in days.into_values() {
                small.sort_by_key(|file| (file.first_us, file.name.clone()));
                for group in groups(small) {
                    if !go_on(done) {
                        return Ok(());
                    }
                    self.join(table, &group, done)?;
                }
            }
        }
        Ok(())
    }

    fn join(&self, table: &'static Table, group: &[DataFile], done: &mut Compacted) -> Result<(), Error> {
        let failed = Error::table(table.name);
        let _alone = lock_of(&self.inner.upkeep);
        // Another may have taken them away since they were chosen.
        let there: BTreeSet<String> = self.files(table).into_iter().map(|file| file.name).collect();
        if !group.iter().all(|file| there.contains(&file.name)) {
            return Ok(());
        }
        let mut rows = Vec::new();
        for file in group {
            for part in files::read(file)? {
                rows.push(conformed(table, &part.map_err(|error| failed(&error))?)?);
            }
        }
        let rows = concat_batches(&table.schema(), &rows).map_err(|error| failed(&error))?;
        let written = self.inner.put(table, &rows, group, BTreeMap::new())?;
        done.files_before += group.len();
        done.files_after += written.len();
        done.rows += rows.num_rows() as u64;
        done.bytes_before += group.iter().map(|file| file.bytes).sum::<u64>();
        done.bytes_after += written.iter().map(|file| file.bytes).sum::<u64>();
        lock_of(&self.inner.state).replace(table, group, written);
        Ok(())
    }

    /// Takes away whole files that are too old, and then the oldest that are too many. Gives what went.
    pub fn retain(&self, kept: &Kept) -> Result<Vec<DataFile>, Error> {
        let _alone = lock_of(&self.inner.upkeep);
        let mut all: Vec<DataFile> = TABLES.iter().flat_map(|table| self.files(table)).collect();
        all.retain(|file| !kept.held.has(file));
        all.sort_by_key(|file| (file.last_us, file.name.clone()));
        let mut bytes: u64 = all.iter().map(DataFile::bytes_with_index).sum();
        let mut gone = Vec::new();
        for file in all {
            let is_new = kept.came_since_us.is_some_and(|since| file.named_ms.saturating_mul(1000) >= since);
            let is_old = !is_new && kept.since_us.is_some_and(|since| file.last_us < since);
            let is_too_much = kept.bytes_max.is_some_and(|max| bytes > max);
            if is_old || is_too_much {
                bytes -= file.bytes_with_index();
                gone.push(file);
            }
        }
        let mut tables = lock_of(&self.inner.tables);
        for (table, delta) in tables.iter_mut() {
            let of_table: Vec<DataFile> = gone.iter().filter(|file| file.table == table.name).cloned().collect();
            if !of_table.is_empty() {
                let change = Change { removed: &of_table, new_rows: true, ..Change::default() };
                delta.commit(&self.inner.waiter, &change)?;
                lock_of(&self.inner.state).replace(table, &of_table, Vec::new());
                of_table.iter().for_each(forget);
            }
        }
        Ok(gone)
    }

    /// Removes files that no table has named for so long, as far as this process knows: what compaction left for those who
    /// were still reading, and what a crash left. By no clock but our own: what another server is writing at this moment is
    /// in no table yet either. Gives how many went.
    pub fn sweep(&self, unnamed_for: Duration) -> Result<usize, Error> {
        let _alone = lock_of(&self.inner.upkeep);
        let mut gone = 0;
        let mut unnamed = lock_of(&self.inner.unnamed);
        let (before, now) = (std::mem::take(&mut *unnamed), Instant::now());
        for table in &TABLES {
            let (root, storage) = (self.inner.root(table), &self.inner.storage);
            // Listed first: what is named meanwhile is not looked for in what is older than its name.
            let listed = storage.list(&root).map_err(Error::disk(&root))?;
            if storage.is_shared() {
                self.inner.refresh()?;
            }
            let named: BTreeSet<PathBuf> =
                self.files(table).into_iter().flat_map(|file| [file.index(), file.path]).collect();
            for path in listed {
                let is_ours = path.extension().is_some_and(|is| is == "parquet" || is == "idx" || is == "partial");
                if !is_ours || named.contains(&path) {
                    continue;
                }
                let since = before.get(&path).copied().unwrap_or(now);
                if now.duration_since(since) >= unnamed_for {
                    storage.remove(&path).map_err(Error::disk(&path))?;
                    gone += 1;
                } else {
                    unnamed.insert(path, since);
                }
            }
        }
        Ok(gone)
    }
}

impl View {
    /// Reads every file whole and compares it with what its table and its index say.
    pub fn verify(&self, each: &mut dyn FnMut(&Verified)) -> Verified {
        let mut verified = Verified::default();
        for file in self.files() {
            let found = verify(file);
            verified.files += 1;
            verified.rows += file.rows;
            verified.findings.extend(found.into_iter().map(|what| Finding { path: file.path.clone(), what }));
            each(&verified);
        }
        verified
    }
}

/// What is wrong with a file.
fn verify(file: &DataFile) -> Vec<String> {
    let mut found = Vec::new();
    match file.storage.bytes(&file.path) {
        Ok(bytes) if bytes != file.bytes => found.push(format!("{bytes} bytes instead of {}", file.bytes)),
        Ok(_) => {}
        Err(error) => return vec![error.to_string()],
    }
    match index_of_rows(file) {
        Err(error) => found.push(error.to_string()),
        Ok((rows, _)) if rows as u64 != file.rows => found.push(format!("{rows} rows instead of {}", file.rows)),
        Ok((_, index)) => match index_of(file) {
            Err(error) => found.push(format!("index: {error}")),
            Ok(stored) if stored != index => found.push("the index is not that of the rows".to_owned()),
            Ok(_) => {}
        },
    }
    found
}

/// An index as it is stored, if it is one.
fn index_of(file: &DataFile) -> Result<Vec<u8>, index::Error> {
    let stored = file.storage.open(&file.index())?;
    let bytes = stored.whole()?;
    Index::of(stored).map(|_| bytes)
}

/// How many rows a file has, and what its index must be.
fn index_of_rows(file: &DataFile) -> Result<(usize, Vec<u8>), Error> {
    let (mut rows, mut builder) = (0_usize, Builder::default());
    for part in files::read(file)? {
        let part = part.map_err(|error| Error::table(file.table)(&error))?;
        observe::keys(&part, &mut |row, field, key| builder.note(field, key, rows + row));
        rows += part.num_rows();
    }
    Ok((rows, builder.finish(rows)))
}

/// Groups of small files that become one each.
fn groups(small: Vec<DataFile>) -> Vec<Vec<DataFile>> {
    let (mut groups, mut group, mut rows) = (Vec::new(), Vec::new(), 0);
    for file in small {
        if rows + file.rows > FILE_ROWS_MAX as u64 {
            groups.push(std::mem::take(&mut group));
            rows = 0;
        }
        rows += file.rows;
        group.push(file);
    }
    groups.push(group);
    groups.retain(|group| group.len() >= SMALL_FILES);
    groups
}

/// Rows of an older file with the columns of today.
fn conformed(table: &'static Table, rows: &RecordBatch) -> Result<RecordBatch, Error> {
    crate::fit::fit(table, rows).map_err(|refused| Error::table(table.name)(&refused))
}

/// Removes a file that no table names any longer; what cannot be removed is swept up later.
pub(crate) fn forget(file: &DataFile) {
    let _ = file.storage.remove(&file.path);
    let _ = file.storage.remove(&file.index());
}
