//! What is in the lake at this moment: the files of each table, and the batches that are in no file yet.

use crate::error::{Error, Refused};
use crate::files::DataFile;
use crate::log::{Accepts, Batch};
use crate::table::Table;
use crate::{Inner, Since, fit, lock_of};
use arrow_array::{Array, RecordBatch};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

#[derive(Default)]
pub(crate) struct State {
    tables: BTreeMap<&'static str, Contents>,
    pub waiting_bytes: usize,
    pub waits_since: Since,
    /// Up to where each source is that was heard since the lake was opened.
    pub marks: HashMap<String, i64>,
    pub closed: bool,
}

#[derive(Default)]
struct Contents {
    files: Vec<DataFile>,
    pending: Vec<Arc<Pending>>,
}

/// A batch that is in the log and in no file yet.
pub(crate) struct Pending {
    pub batch: Batch,
    /// The file of the log it is in.
    log: u64,
    bytes: usize,
}

impl State {
    pub fn add_files(&mut self, table: &'static Table, files: Vec<DataFile>) {
        self.tables.entry(table.name).or_default().files.extend(files);
    }

    /// What the table says now, which other servers write too.
    pub fn set_files(&mut self, table: &'static Table, files: Vec<DataFile>) {
        self.tables.entry(table.name).or_default().files = files;
    }

    pub fn files(&self, table: &'static Table) -> Vec<DataFile> {
        self.tables.get(table.name).map(|contents| contents.files.clone()).unwrap_or_default()
    }

    pub fn waiting(&self, table: &'static Table) -> Vec<RecordBatch> {
        let pending = self.tables.get(table.name).map(|contents| contents.pending.as_slice()).unwrap_or_default();
        pending.iter().map(|pending| pending.batch.rows.clone()).collect()
    }

    /// What waits of a table up to a file of the log.
    pub fn taken(&self, table: &'static Table, last: u64) -> Vec<Arc<Pending>> {
        let pending = self.tables.get(table.name).map(|contents| contents.pending.as_slice()).unwrap_or_default();
        pending.iter().filter(|pending| pending.log <= last).cloned().collect()
    }

    /// True when something in this file of the log is in no table yet.
    pub fn waits_in(&self, log: u64) -> bool {
        self.tables.values().flat_map(|contents| &contents.pending).any(|pending| pending.log == log)
    }

    /// What was taken is in files now.
    pub fn settle(&mut self, table: &'static Table, last: u64, written: Vec<DataFile>) {
        let contents = self.tables.entry(table.name).or_default();
        contents.files.extend(written);
        contents.pending.retain(|pending| pending.log > last);
        let left = self.tables.values().flat_map(|contents| &contents.pending);
        self.waiting_bytes = left.map(|pending| pending.bytes).sum();
        self.waits_since = (self.waiting_bytes > 0).then(Instant::now);
    }

    /// Files of a table lie otherwise now.
    pub fn replace(&mut self, table: &'static Table, gone: &[DataFile], new: Vec<DataFile>) {
        let contents = self.tables.entry(table.name).or_default();
        contents.files.retain(|file| gone.iter().all(|gone| gone.name != file.name));
        contents.files.extend(new);
    }

    fn add(&mut self, batch: Batch, log: u64) {
        let bytes = bytes_of(&batch.rows);
        self.waiting_bytes += bytes;
        self.waits_since.get_or_insert_with(Instant::now);
        self.marks.insert(batch.source.clone(), batch.sequence);
        let contents = self.tables.entry(batch.table.name).or_default();
        contents.pending.push(Arc::new(Pending { batch, log, bytes }));
    }
}

/// Bytes that rows take. Columns that came in one piece share it, and each would count all of it as its own.
pub(crate) fn bytes_of(rows: &RecordBatch) -> usize {
    rows.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or_default()).sum()
}

/// Decides on the writer's thread what is taken, and keeps what lasts.
pub(crate) struct Intake {
    inner: Arc<Inner>,
    /// Up to where each source is, with what is being written.
    marks: HashMap<String, i64>,
    /// What `marks` said before each of what is being written.
    before: Vec<(String, Option<i64>)>,
    /// Up to where each source is in each table, while the log is read again: asking the table for every batch takes longer
    /// than reading it.
    in_tables: HashMap<(&'static str, String), Option<i64>>,
}

impl Intake {
    pub fn new(inner: Arc<Inner>) -> Intake {
        Intake { inner, marks: HashMap::new(), before: Vec::new(), in_tables: HashMap::new() }
    }

    /// The log was read again: up to where each source is that it told of.
    pub fn is_replayed(&mut self) -> HashMap<String, i64> {
        self.in_tables.clear();
        self.marks.clone()
    }

    fn mark(&mut self, source: &str) -> Result<Option<i64>, Error> {
        if let Some(mark) = self.marks.get(source) {
            return Ok(Some(*mark));
        }
        let known = self.inner.mark_of_tables(source)?;
        if let Some(mark) = known {
            self.marks.insert(source.to_owned(), mark);
        }
        Ok(known)
    }

    fn in_table(&mut self, batch: &Batch) -> Result<Option<i64>, Error> {
        let key = (batch.table.name, batch.source.clone());
        if let Some(known) = self.in_tables.get(&key) {
            return Ok(*known);
        }
        let tables = lock_of(&self.inner.tables);
        let delta = tables.iter().find(|(table, _)| table.name == batch.table.name);
        let mark = delta.map(|(_, delta)| delta.mark(&self.inner.waiter, &batch.source)).transpose()?.flatten();
        self.in_tables.insert(key, mark);
        Ok(mark)
    }

    /// Takes a batch that was found in the log, unless it is in its table or was there before.
    pub fn replayed(&mut self, batch: Batch, log: u64) -> Result<(), Error> {
        let in_table = self.in_table(&batch)?;
        let is_twice = lock_of(&self.inner.state).marks.get(&batch.source).is_some_and(|mark| batch.sequence <= *mark);
        if !is_twice {
            let known = self.mark(&batch.source)?.unwrap_or(batch.sequence);
            self.marks.insert(batch.source.clone(), known.max(batch.sequence));
        }
        if is_twice || in_table.is_some_and(|mark| batch.sequence <= mark) {
            return Ok(());
        }
        // It fitted when it was taken: a table only ever gets further columns.
        let rows = fit::fit(batch.table, &batch.rows).map_err(|refused| Error::table(batch.table.name)(&refused))?;
        lock_of(&self.inner.state).add(Batch { rows, ..batch }, log);
        Ok(())
    }
}

impl Accepts for Intake {
    fn is_due(&mut self, batch: &Batch) -> Result<bool, Refused> {
        if batch.sequence < 0 {
            return Err(Refused::Damaged("sequence".to_owned()));
        }
        let mark = self.mark(&batch.source)?;
        match mark {
            Some(mark) if batch.sequence <= mark => return Ok(false),
            // One without rows says that the numbers before it do not come.
            Some(mark) if batch.sequence > mark + 1 && batch.rows.num_rows() > 0 => {
                let (expected, got) = (mark + 1, batch.sequence);
                return Err(Refused::Gap { origin: batch.source.clone(), expected, got });
            }
            _ => {}
        }
        self.before.push((batch.source.clone(), mark));
        self.marks.insert(batch.source.clone(), batch.sequence);
        Ok(true)
    }

    fn lasts(&mut self, batch: Batch, file: u64) {
        self.before.clear();
        lock_of(&self.inner.state).add(batch, file);
        self.inner.wake.notify_all();
    }

    fn failed(&mut self) {
        for (source, mark) in self.before.drain(..).rev() {
            match mark {
                Some(mark) => self.marks.insert(source, mark),
                None => self.marks.remove(&source),
            };
        }
    }
}
