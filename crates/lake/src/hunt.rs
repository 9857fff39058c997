//! Searching back in time: which records met an indicator.

use crate::error::Error;
use crate::files::{self, DataFile};
use crate::index::{Pages, Question};
use crate::observe;
use crate::table::Table;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use rules::{Indicator, Indicators};
use std::path::PathBuf;
use std::sync::Arc;

/// With a greater part of its pages wanted a file is read whole.
const WHOLE_FROM: f64 = 0.6;
/// Columns that are told of a hit.
const TOLD: [&str; 6] = ["start", "first", "originator", "responder", "community_id", "protocol"];

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    pub unreadable: Vec<(PathBuf, String)>,
    /// Files that had no index to be asked, and were read whole for that.
    pub without_index: Vec<(PathBuf, String)>,
    pub stopped: bool,
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
        let pages = match files::ask(file, &self.hunt.wanted.question) {
            Ok(pages) => Some(pages),
            Err(error) => {
                self.progress.without_index.push((file.index(), error.to_string()));
                None
            }
        };
        let of_pages = (file.rows as usize).div_ceil(crate::index::PAGE_ROWS);
        self.progress.of_pages += of_pages;
        let pages = pages.filter(|pages| !is_most(pages));
        match &pages {
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
        match self.read(table, file, pages.as_ref()) {
            Ok(goes) => {
                self.progress.files += 1;
                goes
            }
            Err(error) => {
                self.progress.unreadable.push((file.path.clone(), cause(&error)));
                Goes::Continue(())
            }
        }
    }

    fn read(&mut self, table: &'static Table, file: &DataFile, pages: Option<&Pages>) -> Result<Goes, Error> {
        let schema = table.schema();
        let searched = observe::columns(&self.hunt.wanted.indicators).map(|(name, _)| name);
        let columns = searched.chain(TOLD).filter(|name| schema.column_with_name(name).is_some());
        let columns: Vec<&str> = columns.collect();
        for rows in files::read(file, pages, Some(&columns))? {
            let rows = rows.map_err(|error| Error::table(table.name)(&error))?;
            if self.rows(table, &rows).is_break() {
                return Ok(Goes::Break(()));
            }
        }
        Ok(Goes::Continue(()))
    }

    /// Looks through rows.
    pub fn rows(&mut self, table: &'static Table, rows: &RecordBatch) -> Goes {
        self.progress.rows += rows.num_rows() as u64;
        let Some(times) =
            rows.column_by_name(table.time).and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>())
        else {
            return Goes::Continue(());
        };
        let mut goes = Goes::Continue(());
        let Search { hunt, progress, each, .. } = self;
        observe::meetings(rows, &hunt.wanted.indicators, &mut |row, column, value, indicator| {
            let time_us = times.value(row);
            let is_then =
                hunt.since_us.is_none_or(|since| time_us >= since) && hunt.until_us.is_none_or(|until| time_us < until);
            if goes.is_break() || !is_then {
                return;
            }
            let text = |name: &str| {
                let column = rows.column_by_name(name)?.as_string_opt::<i32>()?;
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            progress.hits += 1;
            let hit = Hit {
                table: table.name,
                indicator: indicator.clone(),
                column,
                value: value.to_owned(),
                time_us,
                originator: text("originator").unwrap_or_default(),
                responder: text("responder"),
                community_id: text("community_id"),
                protocol: text("protocol"),
            };
            goes = each(hit, progress);
        });
        goes
    }
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
