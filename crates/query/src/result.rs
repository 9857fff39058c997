//! The rows of an answer, in a file.

use crate::{Column, Error, value};
use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

/// Rows of every batch but the last: where a row is follows from its number.
pub const BATCH_ROWS: usize = 1000;
/// Bytes of such a batch at most, so that whoever reads it knows what it costs.
const BATCH_BYTES_MAX: u64 = 64 << 20;
/// Letters of a page together, and of one cell, at most.
const PAGE_CHARS: usize = 8 << 20;
const CELL_CHARS: usize = 10_000;

/// Writes an answer.
pub struct Writer {
    path: PathBuf,
    file: FileWriter<BufWriter<File>>,
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    rows: u64,
    bytes: u64,
}

impl Writer {
    pub fn create(path: &Path, schema: &SchemaRef) -> Result<Writer, Error> {
        let file = File::create(path).map_err(Error::disk(path))?;
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME));
        let file = options.and_then(|options| FileWriter::try_new_with_options(BufWriter::new(file), schema, options));
        let file = file.map_err(|error| Error::damaged(path)(&error))?;
        let schema = schema.clone();
        Ok(Writer { path: path.to_owned(), file, schema, waiting: Vec::new(), waiting_rows: 0, rows: 0, bytes: 0 })
    }

    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), Error> {
        let mut from = 0;
        while from < rows.num_rows() {
            let count = (BATCH_ROWS - self.waiting_rows).min(rows.num_rows() - from);
            self.waiting.push(rows.slice(from, count));
            self.waiting_rows += count;
            from += count;
            if self.waiting_rows == BATCH_ROWS {
                self.put()?;
            }
        }
        Ok(())
    }

    pub fn rows(&self) -> u64 {
        self.rows + self.waiting_rows as u64
    }

    /// Bytes of what was written, as it is when nothing is packed or shared.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn finish(mut self) -> Result<u64, Error> {
        if self.waiting_rows > 0 {
            self.put()?;
        }
        self.file.finish().map_err(|error| Error::damaged(&self.path)(&error))?;
        Ok(self.rows)
    }

    fn put(&mut self) -> Result<(), Error> {
        let parts = self.waiting.iter().flat_map(RecordBatch::columns);
        let bytes = parts.fold(0_u64, |bytes, column| bytes.saturating_add(value::written_out(column)));
        if bytes > BATCH_BYTES_MAX {
            return Err(Error::Wide);
        }
        self.bytes += bytes;
        let batch = concat_batches(&self.schema, &self.waiting);
        batch.and_then(|batch| self.file.write(&batch)).map_err(|error| Error::damaged(&self.path)(&error))?;
        self.rows += self.waiting_rows as u64;
        (self.waiting, self.waiting_rows) = (Vec::new(), 0);
        Ok(())
    }
}

/// Reads an answer.
pub struct Rows {
    path: PathBuf,
    file: FileReader<BufReader<File>>,
}

impl Rows {
    pub fn open(path: &Path) -> Result<Rows, Error> {
        let file = File::open(path).map_err(Error::disk(path))?;
        let file = FileReader::try_new(BufReader::new(file), None).map_err(|error| Error::damaged(path)(&error))?;
        Ok(Rows { path: path.to_owned(), file })
    }

    pub fn schema(&self) -> SchemaRef {
        self.file.schema()
    }

    pub fn columns(&self) -> Vec<Column> {
        self.schema().fields().iter().map(|field| Column::of(field)).collect()
    }

    /// Some rows to look at as JSON, one list a row. Long cells are cut, the shorter the more there are.
    pub fn page(&mut self, from: u64, count: usize) -> Result<Vec<Vec<Value>>, Error> {
        let mut page = Vec::new();
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        if from / BATCH_ROWS >= self.file.num_batches() {
            return Ok(page);
        }
        self.file.set_index(from / BATCH_ROWS).map_err(|error| Error::damaged(&self.path)(&error))?;
        let mut skip = from % BATCH_ROWS;
        let cells = count.max(1) * self.schema().fields().len().max(1);
        let most = (PAGE_CHARS / cells).clamp(16, CELL_CHARS);
        while page.len() < count {
            let Some(batch) = self.next() else { break };
            let batch = batch?;
            let rows = (skip..batch.num_rows()).take(count - page.len());
            page.extend(
                rows.map(|row| batch.columns().iter().map(|column| value::clipped(column, row, most)).collect()),
            );
            skip = 0;
        }
        Ok(page)
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.file.next()?.map_err(|error| Error::damaged(&self.path)(&error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;
    use arrow_schema::{DataType, Field, Schema};
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn a_page_is_the_same_however_the_rows_came(parts in prop::collection::vec(0_usize..1500, 0..6), from in 0_u64..5000, count in 0_usize..1200) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rows.arrow");
            let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
            let mut writer = Writer::create(&path, &schema).unwrap();
            let mut next = 0_i64;
            for rows in parts {
                let numbers = Int64Array::from_iter_values(next..next + rows as i64);
                next += rows as i64;
                writer.write(&RecordBatch::try_new(schema.clone(), vec![Arc::new(numbers)]).unwrap()).unwrap();
                prop_assert_eq!(writer.rows(), next as u64);
            }
            prop_assert_eq!(writer.finish().unwrap(), next as u64);
            let page = Rows::open(&path).unwrap().page(from, count).unwrap();
            let expected: Vec<Vec<Value>> = (from as i64..next).take(count).map(|n| vec![n.into()]).collect();
            prop_assert_eq!(page, expected);
        }
    }

    #[test]
    fn bytes_that_are_no_answer_are_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.arrow");
        for bytes in [&b""[..], b"ARROW1", &[0xff; 4096]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(Rows::open(&path).is_err());
        }
        assert!(matches!(Rows::open(&folder.path().join("absent")), Err(Error::Disk { .. })));
    }
}
