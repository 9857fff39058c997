//! Files of records: Arrow IPC, its batches packed with LZ4.

use crate::column::{Batch, Kind};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::ArrowError;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Rows of one batch: enough for packing, few enough that a batch is small.
const ROWS: usize = 8192;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot write records to `{path}`")]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("records for `{path}` are not as their columns say")]
    Columns {
        path: PathBuf,
        #[source]
        source: ArrowError,
    },
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub path: PathBuf,
    pub rows: u64,
}

/// Writes records of one kind to a file. It has its name once it is whole; until then, and when writing is broken off,
/// `.partial` is behind it.
pub struct Writer<R: 'static> {
    path: PathBuf,
    partial: PathBuf,
    batch: Batch<R>,
    file: FileWriter<BufWriter<File>>,
    rows: u64,
}

impl<R> Writer<R> {
    pub fn create(kind: &'static Kind<R>, path: &Path) -> Result<Self, Error> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|source| Error::Write { path: partial.clone(), source })?;
        let packed = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME));
        let file = packed
            .and_then(|options| FileWriter::try_new_with_options(BufWriter::new(file), &kind.schema(), options))
            .map_err(|source| told(&partial, source))?;
        Ok(Writer { path: path.to_owned(), partial, batch: Batch::new(kind), file, rows: 0 })
    }

    pub fn push(&mut self, record: &R) -> Result<(), Error> {
        self.batch.push(record);
        self.rows += 1;
        if self.batch.len() >= ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = self.batch.take().and_then(|batch| self.file.write(&batch));
        batch.map_err(|source| told(&self.partial, source))
    }

    /// Completes the file, on the disk, and gives it its name.
    pub fn finish(mut self) -> Result<Kept, Error> {
        self.flush()?;
        let failed = |source| Error::Write { path: self.path.clone(), source };
        self.file.finish().map_err(|source| told(&self.partial, source))?;
        let file = self.file.into_inner().map_err(|source| told(&self.partial, source))?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&self.partial, &self.path).map_err(failed)?;
        Ok(Kept { path: self.path, rows: self.rows })
    }
}

fn told(path: &Path, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, source) => Error::Write { path: path.to_owned(), source },
        source => Error::Columns { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use crate::{FINDINGS, Observed, SESSIONS, SessionRow};
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
    use arrow_array::{Array, RecordBatch};
    use arrow_ipc::reader::FileReader;
    use model::{Confidence, Finding, FindingOutcome, Payload, SessionRecord};

    fn row(number: u64) -> SessionRow {
        let payload = match number % 3 {
            0 => None,
            1 => Some(Payload::FirstBytes { originator: "00ff".to_owned(), responder: String::new() }),
            _ => Some(Payload::File {
                name: "文件.exe".to_owned(),
                size: u64::MAX,
                missing: number,
                complete: false,
                sha256: None,
                media_type: Some("application/x-dosexec".to_owned()),
            }),
        };
        let session = SessionRecord {
            community_id: format!("1:{number}"),
            transaction: (!number.is_multiple_of(3)).then_some(number),
            originator: "10.0.0.1".parse().unwrap(),
            originator_port: u16::MAX,
            responder: "fe80::1".parse().unwrap(),
            responder_port: 445,
            transport: "tcp".to_owned(),
            start: jiff::Timestamp::from_microsecond(1_494_590_400_000_001).unwrap(),
            duration_us: -1,
            state: "closed".to_owned(),
            midstream: number.is_multiple_of(2),
            originator_packets: number,
            originator_bytes: u64::MAX,
            responder_packets: 0,
            responder_bytes: 0,
            protocol: Some("smb".to_owned()),
            version: None,
            account: None,
            host_name: None,
            originator_mac: None,
            responder_mac: None,
            object: Some("\\\\host\\IPC$".to_owned()),
            operation: None,
            result: None,
            client: None,
            server: None,
            payload,
        };
        let ja3 = number.is_multiple_of(2).then(|| "e7d705a3286e19ea42f587b344ee6865".to_owned());
        let domains = (0..number % 3).map(|at| format!("{at}.例子.example")).collect();
        let observed = Observed { domains, ja3, left_out: number, ..Observed::default() };
        SessionRow { session, detail: Some("{}".to_owned()), observed }
    }

    fn batches(path: &Path) -> Vec<RecordBatch> {
        FileReader::try_new(File::open(path).unwrap(), None).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn session_records_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.arrow");
        let mut writer = Writer::create(&SESSIONS, &path).unwrap();
        let rows: Vec<SessionRow> = (0..20_000).map(row).collect();
        rows.iter().for_each(|row| writer.push(row).unwrap());
        assert!(!path.exists(), "a file that is not whole has not its name");
        assert_eq!(writer.finish().unwrap(), Kept { path: path.clone(), rows: 20_000 });
        let batches = batches(&path);
        let schema = batches[0].schema();
        assert_eq!(schema.metadata()["redoubt.record"], "session");
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows.len());
        let places = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| (batch, at)));
        for ((batch, at), SessionRow { session, detail, observed }) in places.zip(&rows) {
            let text = |name: &str| {
                let column = batch.column_by_name(name).unwrap().as_string::<i32>();
                column.is_valid(at).then(|| column.value(at).to_owned())
            };
            let number = |name: &str| {
                let column = batch.column_by_name(name).unwrap().as_primitive::<Int64Type>();
                column.is_valid(at).then(|| column.value(at))
            };
            assert_eq!(text("community_id").as_ref(), Some(&session.community_id));
            assert_eq!(number("transaction"), session.transaction.map(|number| number as i64));
            assert_eq!(text("responder").as_deref(), Some("fe80::1"));
            let port = batch.column_by_name("originator_port").unwrap().as_primitive::<Int32Type>();
            assert_eq!(port.value(at), 65_535);
            let start = batch.column_by_name("start").unwrap().as_primitive::<TimestampMicrosecondType>();
            assert_eq!(start.value(at), 1_494_590_400_000_001);
            assert_eq!(number("originator_bytes"), Some(i64::MAX), "what no signed number holds is the greatest");
            assert_eq!(number("duration_us"), Some(-1));
            assert_eq!(batch.column_by_name("midstream").unwrap().as_boolean().value(at), session.midstream);
            assert_eq!((text("version"), text("object")), (None, session.object.clone()));
            assert_eq!(text("detail").as_ref(), detail.as_ref());
            let texts = |name: &str| {
                let column = batch.column_by_name(name).unwrap().as_list::<i32>();
                assert!(column.is_valid(at), "a list of nothing is empty");
                let items = column.value(at);
                items.as_string::<i32>().iter().map(|item| item.unwrap().to_owned()).collect::<Vec<_>>()
            };
            assert_eq!((texts("domains"), texts("urls")), (observed.domains.clone(), Vec::new()));
            assert_eq!((text("ja3"), text("ja4")), (observed.ja3.clone(), None));
            assert_eq!(number("observed_left_out"), Some(observed.left_out as i64));
            let (name, missing, bytes) = match &session.payload {
                None => (None, None, None),
                Some(Payload::File { name, missing, .. }) => (Some(name.clone()), Some(*missing as i64), None),
                Some(Payload::FirstBytes { originator, .. }) => (None, None, Some(originator.clone())),
            };
            assert_eq!(
                (text("file_name"), number("file_missing"), text("first_bytes_originator")),
                (name, missing, bytes)
            );
        }
    }

    #[test]
    fn findings_keep_their_lists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("findings.arrow");
        let time = jiff::Timestamp::UNIX_EPOCH;
        let finding = Finding {
            weapon: "eternalblue".into(),
            sign: "a".to_owned(),
            outcome: FindingOutcome::Success,
            confidence: Confidence::Verified,
            originator: "10.0.0.1".parse().unwrap(),
            responder: "10.0.0.2".parse().unwrap(),
            count: 3,
            first: time,
            last: time,
            community_ids: vec!["1:a".to_owned(), "1:b".to_owned()],
            frames: vec![1, u64::MAX],
        };
        let mut writer = Writer::create(&FINDINGS, &path).unwrap();
        writer.push(&finding).unwrap();
        writer.finish().unwrap();
        let batch = &batches(&path)[0];
        let ids = batch.column_by_name("community_ids").unwrap().as_list::<i32>().value(0);
        assert_eq!(ids.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["1:a", "1:b"]);
        let frames = batch.column_by_name("frames").unwrap().as_list::<i32>().value(0);
        assert_eq!(frames.as_primitive::<Int64Type>().values()[..], [1, i64::MAX]);
        assert_eq!(batch.column_by_name("outcome").unwrap().as_string::<i32>().value(0), "success");
    }

    #[test]
    fn what_was_broken_off_has_not_the_name_of_a_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.arrow");
        let mut writer = Writer::create(&SESSIONS, &path).unwrap();
        writer.push(&row(1)).unwrap();
        drop(writer);
        assert!(!path.exists());
        assert!(path.with_extension("arrow.partial").exists());
        let missing = folder.path().join("none/sessions.arrow");
        assert!(matches!(Writer::create(&SESSIONS, &missing), Err(Error::Write { .. })));
    }
}
