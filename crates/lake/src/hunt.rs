//! Searching back in time: which records met an indicator.

use crate::derived;
use crate::error::Error;
use crate::files::{self, DataFile, Opened, Part};
use crate::index::{Answer, PAGE_ROWS, Pages, Question};
use crate::observe;
use crate::sieve::Sieve;
use crate::table::Table;
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, Schema};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use rules::{Indicator, Indicators};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// With a greater part of its pages wanted a file is read whole.
const WHOLE_FROM: f64 = 0.6;
/// Pages that are looked through before their hits are told: what met something meanwhile is in memory.
const PAGES_AT_ONCE: usize = 64;
/// Columns that are told of a hit.
const TOLD: [&str; 8] = ["start", "first", "time", "originator", "endpoint", "responder", "community_id", "protocol"];

/// What is looked for: indicators, and what is asked of the indexes for them.
pub struct Wanted {
    pub indicators: Arc<Indicators>,
    question: Question,
}

impl Wanted {
    /// Of a million indicators this takes a fifth of a second: it is made once for many hunts.
    pub fn new(indicators: impl Into<Arc<Indicators>>) -> Wanted {
        let indicators = indicators.into();
        Wanted { question: Question::new(indicators.iter()), indicators }
    }
}

/// What is looked for, and when.
#[derive(Clone, Copy)]
pub struct Hunt<'a> {
    pub wanted: &'a Wanted,
    /// From this time on, and before that one; microseconds since 1970.
    pub since_us: Option<i64>,
    pub until_us: Option<i64>,
}

impl Hunt<'_> {
    /// True when something of the file can be in the time asked about.
    pub(crate) fn concerns(&self, file: &DataFile) -> bool {
        self.since_us.is_none_or(|since| file.last_us >= since)
            && self.until_us.is_none_or(|until| file.first_us < until)
    }
}

/// A row that met an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub table: &'static str,
    pub indicator: Indicator,
    /// The column it was met in, and what stands there.
    pub column: &'static str,
    pub value: String,
    pub time_us: i64,
    pub originator: String,
    pub responder: Option<String>,
    pub community_id: Option<String>,
    pub protocol: Option<String>,
}

/// How far a hunt is, and in the end what it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Files that are done, of how many in the time that was asked about.
    pub files: usize,
    pub of_files: usize,
    /// Files whose index said that there is nothing, and files that were read by it or whole.
    pub ruled_out: usize,
    pub by_index: usize,
    pub whole: usize,
    /// Pages that were read of how many there are.
    pub pages: usize,
    pub of_pages: usize,
    /// Rows that were looked through, and of the files the bytes of their pages.
    pub rows: u64,
    pub bytes: u64,
    pub hits: u64,
    /// Files that could not be searched, with the reason: what they hold is unknown.
    pub unreadable: Vec<Left>,
    /// Files that had no index to be asked, and were read whole for that.
    pub without_index: Vec<Left>,
    pub stopped: bool,
}

/// A file that was not read as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Left {
    pub path: PathBuf,
    pub cause: String,
}

impl Progress {
    /// What another part of the same hunt has read.
    pub fn add(&mut self, other: Progress) {
        self.files += other.files;
        self.of_files += other.of_files;
        self.ruled_out += other.ruled_out;
        self.by_index += other.by_index;
        self.whole += other.whole;
        self.pages += other.pages;
        self.of_pages += other.of_pages;
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.hits += other.hits;
        self.unreadable.extend(other.unreadable);
        self.without_index.extend(other.without_index);
        self.stopped |= other.stopped;
    }
}

/// What is to happen after a hit or a file.
pub type Goes = std::ops::ControlFlow<()>;

pub(crate) struct Search<'h, 'e> {
    hunt: Hunt<'h>,
    pub progress: Progress,
    each: &'e mut dyn FnMut(Hit, &Progress) -> Goes,
}

impl<'h, 'e> Search<'h, 'e> {
    pub fn new(hunt: Hunt<'h>, each: &'e mut dyn FnMut(Hit, &Progress) -> Goes) -> Self {
        Search { hunt, progress: Progress::default(), each }
    }

    pub fn file(&mut self, table: &'static Table, file: &DataFile) -> Goes {
        let answer = match files::ask(file, &self.hunt.wanted.question) {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.progress.without_index.push(Left { path: file.index(), cause: error.to_string() });
                None
            }
        };
        let of_pages = (file.rows as usize).div_ceil(PAGE_ROWS);
        self.progress.of_pages += of_pages;
        let answer = answer.filter(|answer| !is_most(&answer.pages));
        match answer.as_ref().map(|answer| &answer.pages) {
            Some(pages) if pages.is_empty() => {
                self.progress.ruled_out += 1;
                self.progress.files += 1;
                return Goes::Continue(());
            }
            Some(pages) => {
                self.progress.by_index += 1;
                let (wanted, all) = pages.share();
                self.progress.pages += wanted;
                self.progress.bytes += file.bytes * wanted as u64 / all.max(1) as u64;
            }
            None => {
                self.progress.whole += 1;
                self.progress.pages += of_pages;
                self.progress.bytes += file.bytes;
            }
        }
        match self.read(table, file, answer.as_ref()) {
            Ok(goes) => {
                self.progress.files += 1;
                goes
            }
            Err(error) => {
                self.progress.unreadable.push(Left { path: file.path.clone(), cause: cause(&error) });
                Goes::Continue(())
            }
        }
    }

    fn read(&mut self, table: &'static Table, file: &DataFile, answer: Option<&Answer>) -> Result<Goes, Error> {
        let Some(answer) = answer else { return self.read_whole(table, file) };
        let Wanted { indicators, question } = self.hunt.wanted;
        let sieve = Sieve::new(answer, question, indicators);
        let (opened, pages) = (Opened::for_parts(file)?, answer.pages.iter().collect::<Vec<_>>());
        for pages in pages.chunks(PAGES_AT_ONCE) {
            let met = self.met(table, file, &opened, &sieve, pages)?;
            if !met.all.is_empty() && self.tell(table, file, &opened, &met)?.is_break() {
                return Ok(Goes::Break(()));
            }
        }
        Ok(Goes::Continue(()))
    }

    fn read_whole(&mut self, table: &'static Table, file: &DataFile) -> Result<Goes, Error> {
        let columns = present(table, self.searched().chain(told()));
        for rows in Opened::whole(file)?.read(Part::All, Some(&columns))? {
            let rows = rows.map_err(|error| Error::table(table.name)(&error))?;
            if self.rows(table, &rows).is_break() {
                return Ok(Goes::Break(()));
            }
        }
        Ok(Goes::Continue(()))
    }

    fn searched(&self) -> impl Iterator<Item = &'static str> + use<'h> {
        let indicators: &'h Indicators = &self.hunt.wanted.indicators;
        observe::columns(indicators).map(|(name, _)| name)
    }

    /// Looks through pages, reading no more than what is looked for; what is told of a hit is read for the hits alone.
    fn met(
        &mut self,
        table: &'static Table,
        file: &DataFile,
        opened: &Opened,
        sieve: &Sieve,
        pages: &[usize],
    ) -> Result<Meetings<'h>, Error> {
        let columns = present(table, self.searched());
        let (mut met, mut known, mut before) = (Vec::new(), Vec::new(), 0);
        for rows in opened.read(files::pages(pages, file.rows), Some(&columns))? {
            let rows = rows.map_err(|error| Error::table(table.name)(&error))?;
            let indicators: &'h Indicators = &self.hunt.wanted.indicators;
            let mut chosen: Vec<u32> = Vec::new();
            observe::meetings(&rows, indicators, Some(sieve), &mut |row, column, value, indicator| {
                chosen.push(row as u32);
                // Only the last page of a file is not full, and it is the last one here.
                let row = before + row;
                let page = pages.get(row / PAGE_ROWS).copied().unwrap_or_default();
                met.push(Met { row: page * PAGE_ROWS + row % PAGE_ROWS, column, value: value.to_owned(), indicator });
            });
            before += rows.num_rows();
            if !chosen.is_empty() {
                known.extend(told_of(&rows, chosen).map_err(|error| Error::table(table.name)(&error))?);
            }
        }
        self.progress.rows += before as u64;
        met.sort_by_key(|met| met.row);
        Ok(Meetings { all: met, known })
    }

    /// Tells of rows that met something, which are in order.
    fn tell(
        &mut self,
        table: &'static Table,
        file: &DataFile,
        opened: &Opened,
        met: &Meetings<'h>,
    ) -> Result<Goes, Error> {
        let failed = Error::table(table.name);
        let is_known = |name: &str| met.known.iter().any(|known| known.column_by_name(name).is_some());
        let columns = present(table, told().filter(|name| !is_known(name)));
        let known = met.known.first().map(|first| concat_batches(first.schema_ref(), &met.known));
        let known = known.transpose().map_err(|error| failed(&error))?;
        let mut chosen: Vec<usize> = met.all.iter().map(|met| met.row).collect();
        chosen.dedup();
        let (mut chosen_met, mut goes, mut before) = (met.all.chunk_by(|a, b| a.row == b.row), Goes::Continue(()), 0);
        for rows in opened.read(files::rows(&chosen, file.rows), Some(&columns))? {
            let rows = rows.map_err(|error| failed(&error))?;
            let rows = match &known {
                Some(known) => beside(&rows, &known.slice(before, rows.num_rows())).map_err(|error| failed(&error))?,
                None => rows,
            };
            before += rows.num_rows();
            for (row, met) in (0..rows.num_rows()).zip(chosen_met.by_ref()) {
                for Met { column, value, indicator, .. } in met {
                    if goes.is_continue() {
                        goes = self.hit(table, &rows, row, column, value, indicator);
                    }
                }
            }
        }
        Ok(goes)
    }

    /// Looks through rows.
    pub fn rows(&mut self, table: &'static Table, rows: &RecordBatch) -> Goes {
        self.progress.rows += rows.num_rows() as u64;
        let (mut goes, indicators): (_, &'h Indicators) = (Goes::Continue(()), &self.hunt.wanted.indicators);
        observe::meetings(rows, indicators, None, &mut |row, column, value, indicator| {
            if goes.is_continue() {
                goes = self.hit(table, rows, row, column, value, indicator);
            }
        });
        goes
    }

    /// Tells of a row that met an indicator, if that was in the time asked about.
    fn hit(
        &mut self,
        table: &'static Table,
        rows: &RecordBatch,
        row: usize,
        column: &'static str,
        value: &str,
        indicator: &Indicator,
    ) -> Goes {
        let Some(time_us) = files::times(table, rows).and_then(|times| times.get(row).copied()) else {
            return Goes::Continue(());
        };
        let Hunt { since_us, until_us, .. } = self.hunt;
        if since_us.is_some_and(|since| time_us < since) || until_us.is_some_and(|until| time_us >= until) {
            return Goes::Continue(());
        }
        let text = |name: &str| {
            let column = rows.column_by_name(name)?.as_string_opt::<i32>()?;
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        self.progress.hits += 1;
        let hit = Hit {
            table: table.name,
            indicator: indicator.clone(),
            column,
            value: value.to_owned(),
            time_us,
            // An endpoint whose inventory did not come yet has a name only.
            originator: text("originator").or_else(|| text("endpoint")).unwrap_or_default(),
            responder: text("responder"),
            community_id: derived::community_id(rows, row),
            protocol: text("protocol"),
        };
        (self.each)(hit, &self.progress)
    }
}

/// Rows of a file that met indicators.
struct Meetings<'h> {
    all: Vec<Met<'h>>,
    /// Of what is told of them, what was looked through anyway, a row for each in order.
    known: Vec<RecordBatch>,
}

/// A row of a file that met an indicator.
struct Met<'h> {
    row: usize,
    column: &'static str,
    value: String,
    indicator: &'h Indicator,
}

/// The columns that are told of a hit, and those that they follow from.
fn told() -> impl Iterator<Item = &'static str> {
    TOLD.into_iter().chain(derived::ENDS)
}

/// What some rows have of the columns that are told, each row once and in order; none when they have none of them.
fn told_of(rows: &RecordBatch, mut chosen: Vec<u32>) -> Result<Option<RecordBatch>, ArrowError> {
    chosen.sort_unstable();
    chosen.dedup();
    let mut places: Vec<usize> = told().filter_map(|name| rows.schema_ref().index_of(name).ok()).collect();
    places.sort_unstable();
    places.dedup();
    if places.is_empty() {
        return Ok(None);
    }
    take_record_batch(&rows.project(&places)?, &UInt32Array::from(chosen)).map(Some)
}

/// Columns of the same rows together.
fn beside(rows: &RecordBatch, others: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let fields: Vec<_> = rows.schema_ref().fields().iter().chain(others.schema_ref().fields()).cloned().collect();
    let columns = rows.columns().iter().chain(others.columns()).cloned().collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// Those of some columns that a table has.
fn present(table: &Table, columns: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let schema = table.schema();
    columns.filter(|name| schema.column_with_name(name).is_some()).collect()
}

fn is_most(pages: &Pages) -> bool {
    let (wanted, all) = pages.share();
    wanted as f64 > all as f64 * WHOLE_FROM
}

fn cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
