//! Records as files of columns.

use super::{Output, Sessions};
use model::{Finding, Notable};
use records::{Error, FINDINGS, Kept, Kind, NOTABLES, SESSIONS, SessionRow, Writer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Rows a worker hands over at a time.
const HANDED_OVER: usize = 512;

/// The files of one folder, one for each kind of record. All workers write to them.
#[derive(Clone)]
pub struct RecordFiles {
    folder: PathBuf,
    sessions: Arc<Mutex<Sink>>,
}

struct Sink {
    /// Gone once the file is complete.
    writer: Option<Writer<SessionRow>>,
    /// The first that failed; what comes after it is not written.
    failed: Option<Error>,
}

impl Sink {
    fn take(&mut self, rows: &mut Vec<SessionRow>) {
        for row in rows.drain(..) {
            if self.failed.is_none()
                && let Some(writer) = &mut self.writer
            {
                self.failed = writer.push(&row).err();
            }
        }
    }
}

/// Rows on their way from one worker; what is left goes with it.
struct Waiting {
    rows: Vec<SessionRow>,
    sink: Arc<Mutex<Sink>>,
}

impl Waiting {
    fn hand_over(&mut self) {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).take(&mut self.rows);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl RecordFiles {
    /// Makes the folder if there is none, and the files in it.
    pub fn create(folder: &Path) -> Result<RecordFiles, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
        let writer = Writer::create(&SESSIONS, &folder.join("sessions.arrow"))?;
        let sessions = Arc::new(Mutex::new(Sink { writer: Some(writer), failed: None }));
        Ok(RecordFiles { folder: folder.to_owned(), sessions })
    }

    /// An output for one worker.
    pub fn output(&self) -> Box<dyn Output> {
        let mut waiting = Waiting { rows: Vec::with_capacity(HANDED_OVER), sink: self.sessions.clone() };
        Box::new(Sessions::detailed(move |row| {
            waiting.rows.push(row);
            if waiting.rows.len() >= HANDED_OVER {
                waiting.hand_over();
            }
        }))
    }

    /// Completes the files, after the last output is gone. The first that failed is told.
    pub fn finish(self, findings: &[Finding], notables: &[Notable]) -> Result<Vec<Kept>, Error> {
        let mut kept = Vec::new();
        let mut sink = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = sink.failed.take() {
            return Err(error);
        }
        kept.extend(sink.writer.take().map(Writer::finish).transpose()?);
        kept.push(self.whole(&FINDINGS, "findings.arrow", findings)?);
        kept.push(self.whole(&NOTABLES, "notables.arrow", notables)?);
        Ok(kept)
    }

    /// A file of records that are all there.
    fn whole<R>(&self, kind: &'static Kind<R>, name: &str, rows: &[R]) -> Result<Kept, Error> {
        let mut writer = Writer::create(kind, &self.folder.join(name))?;
        rows.iter().try_for_each(|row| writer.push(row))?;
        writer.finish()
    }
}
