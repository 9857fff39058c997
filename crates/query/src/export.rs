//! An answer to take away.

use crate::{Error, Rows, csv, value};
use arrow_array::ArrayRef;
use arrow_schema::FieldRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Csv,
    /// One object a line.
    Json,
    Parquet,
}

impl Form {
    pub fn extension(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Json => "jsonl",
            Form::Parquet => "parquet",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::Json => "application/x-ndjson",
            Form::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Writes the rows of an answer in a form; memory is that of a part of them.
pub fn write(rows: &Path, form: Form, out: impl Write + Send) -> Result<(), Error> {
    let answer = Rows::open(rows)?;
    let mut out = BufWriter::new(out);
    match form {
        Form::Csv => write_csv(answer, rows, &mut out)?,
        Form::Json => write_json(answer, rows, &mut out)?,
        Form::Parquet => write_parquet(answer, rows, &mut out)?,
    }
    out.flush().map_err(Error::disk(rows))
}

fn write_csv(answer: Rows, path: &Path, out: &mut impl Write) -> Result<(), Error> {
    let mut text = String::from(csv::BYTE_ORDER_MARK);
    csv::line(&mut text, answer.schema().fields().iter().map(|field| field.name().clone()));
    for batch in answer {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            csv::line(&mut text, batch.columns().iter().map(|column| value::text(column, row)));
            out.write_all(text.as_bytes()).map_err(Error::disk(path))?;
            text.clear();
        }
    }
    out.write_all(text.as_bytes()).map_err(Error::disk(path))
}

fn write_json(answer: Rows, path: &Path, out: &mut impl Write) -> Result<(), Error> {
    let schema = answer.schema();
    for batch in answer {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            // In the order that was asked for, which a map would lose.
            let cells = schema.fields().iter().zip(batch.columns());
            let pair = |(field, column): (&FieldRef, &ArrayRef)| {
                format!("{}:{}", Value::from(field.name().as_str()), value::json(column, row))
            };
            writeln!(out, "{{{}}}", cells.map(pair).collect::<Vec<_>>().join(",")).map_err(Error::disk(path))?;
        }
    }
    Ok(())
}

fn write_parquet(answer: Rows, path: &Path, out: &mut (impl Write + Send)) -> Result<(), Error> {
    let damaged = Error::damaged(path);
    let packed = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder().set_compression(packed).build();
    let mut file = ArrowWriter::try_new(out, answer.schema(), Some(properties)).map_err(|error| damaged(&error))?;
    for batch in answer {
        file.write(&batch?).map_err(|error| damaged(&error))?;
    }
    file.close().map_err(|error| damaged(&error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Writer;
    use arrow_array::{Int64Array, RecordBatch, StringArray};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use std::sync::Arc;

    fn written(form: Form) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.arrow");
        let names: Arc<StringArray> = Arc::new(vec![Some("财务,一"), None, Some("=1+1")].into());
        let counts: Arc<Int64Array> = Arc::new(vec![1, 2, i64::MAX].into());
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("name", names as _, true),
            ("count", counts as arrow_array::ArrayRef, false),
        ]);
        let batch = batch.unwrap();
        let mut writer = Writer::create(&path, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        let mut out = Vec::new();
        write(&path, form, &mut out).unwrap();
        out
    }

    #[test]
    fn every_form_has_every_row() {
        let text = String::from_utf8(written(Form::Csv)).unwrap();
        assert_eq!(text, "\u{feff}name,count\r\n\"财务,一\",1\r\n,2\r\n'=1+1,9223372036854775807\r\n");
        let text = String::from_utf8(written(Form::Json)).unwrap();
        let last = r#"{"name":"=1+1","count":"9223372036854775807"}"#;
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [r#"{"name":"财务,一","count":1}"#, r#"{"name":null,"count":2}"#, last]
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), written(Form::Parquet)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file.reopen().unwrap()).unwrap().build().unwrap();
        assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 3);
    }
}
