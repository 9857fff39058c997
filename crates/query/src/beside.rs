//! Tables that lie beside the lake while they are asked: what a server knows of hosts.

use crate::Error;
use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;
use records::{Batch, Kind};
use std::fs::File;
use std::path::Path;

/// Rows that are collected before they are written.
const ROWS: usize = 8192;

/// Writes a table of records as `NAME.parquet` into a folder ([`crate::Asked::tables`]).
pub struct Table<R: 'static> {
    path: std::path::PathBuf,
    rows: Batch<R>,
    file: ArrowWriter<File>,
}

impl<R> Table<R> {
    pub fn create(folder: &Path, kind: &'static Kind<R>) -> Result<Table<R>, Error> {
        let path = folder.join(kind.name).with_extension("parquet");
        let file = File::create(&path).map_err(Error::disk(&path))?;
        let file = ArrowWriter::try_new(file, kind.schema(), None).map_err(|error| Error::damaged(&path)(&error))?;
        Ok(Table { path, rows: Batch::new(kind), file })
    }

    pub fn push(&mut self, row: &R) -> Result<(), Error> {
        self.rows.push(row);
        if self.rows.len() >= ROWS { self.write() } else { Ok(()) }
    }

    pub fn finish(mut self) -> Result<(), Error> {
        self.write()?;
        self.file.close().map(|_| ()).map_err(|error| Error::damaged(&self.path)(&error))
    }

    fn write(&mut self) -> Result<(), Error> {
        let rows = self.rows.take().map_err(|error: ArrowError| Error::damaged(&self.path)(&error))?;
        self.file.write(&rows).map_err(|error| Error::damaged(&self.path)(&error))
    }
}
