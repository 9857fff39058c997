//! Processes that open files, as many at a time as are asked.

use crate::opener::{Ended, Error, Opener, Request, Setup};
use crate::report::{File as Known, Report, Versions, hex};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of a file that are digested at a time.
const PORTION_BYTES: usize = 1 << 20;

/// Has files opened, each by a process that does nothing else meanwhile. Doors to one crew are references.
pub struct Crew {
    program: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    setup: Setup,
    /// Counts changes of the setup: whoever was started before the last one is not asked again.
    generation: u64,
    idle: Vec<Opener>,
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileOpened))]
pub struct Opened {
    pub report: Report,
    pub ended: Ended,
}

impl Crew {
    pub fn new(program: PathBuf, setup: Setup) -> Crew {
        Crew { program, inner: Mutex::new(Inner { setup, generation: 0, idle: Vec::new() }) }
    }

    /// Starts one process, so that whoever is to be told that this is not possible is told at once.
    ///
    /// # Errors
    /// When it does not start, or cannot load its rules.
    pub fn try_out(&self) -> Result<(), Error> {
        let (setup, generation) = self.setup();
        let opener = Opener::start(&self.program, &setup)?;
        self.put_back(opener, generation);
        Ok(())
    }

    /// From now on files are opened with other rules. Those that are being opened go on as they are.
    pub fn change_rules(&self, rules: Option<PathBuf>) {
        let mut inner = self.lock();
        inner.setup.rules = rules;
        inner.generation += 1;
        inner.idle.clear();
    }

    /// Opens a file. Whatever is wrong with it is in the report. When the process that read it broke down, another says
    /// only what it is and which bytes it has.
    ///
    /// # Errors
    /// When no process can be had that opens files.
    pub fn open(&self, request: &Request, file: &File) -> Result<Opened, Error> {
        let (ended, report) = match self.ask(request, file) {
            // It was ended in the middle of the file, or had been before: another one is asked once.
            Err(Error::Line(_) | Error::Words(_)) => self.ask(request, file)?,
            other => other?,
        };
        let why = ended.how.message(&request.costs);
        let report = match (report, why) {
            (Some(report), None) if !report.parts.is_empty() => report,
            (_, why) => {
                let why = why.unwrap_or_else(|| model::Message::new("analysis.broken-failed"));
                let (known, versions) = self.identified(request, file);
                Report::broken(&request.name, known, why, versions)
            }
        };
        Ok(Opened { report, ended })
    }

    /// What a file is that broke down who read it. Telling that reads bytes as well, so it is a copy that does it; if that
    /// breaks down too, the bytes are digested here, which looks into none of them.
    fn identified(&self, request: &Request, file: &File) -> (Option<Known>, Versions) {
        let request = Request { only_identify: true, ..request.clone() };
        match self.ask(&request, file) {
            Ok((_, Some(mut report))) if !report.parts.is_empty() => (report.parts.remove(0).file, report.versions),
            _ => (digested(file, Duration::from_secs(request.costs.seconds)), Versions::default()),
        }
    }

    fn ask(&self, request: &Request, file: &File) -> Result<(Ended, Option<Report>), Error> {
        let (idle, setup, generation) = {
            let mut inner = self.lock();
            (inner.idle.pop(), inner.setup.clone(), inner.generation)
        };
        let mut opener = match idle {
            Some(opener) => opener,
            None => Opener::start(&self.program, &setup)?,
        };
        let opened = opener.open(request, file);
        self.put_back(opener, generation);
        opened
    }

    fn put_back(&self, opener: Opener, generation: u64) {
        let mut inner = self.lock();
        if opener.is_sound() && inner.generation == generation {
            inner.idle.push(opener);
        }
    }

    fn setup(&self) -> (Setup, u64) {
        let inner = self.lock();
        (inner.setup.clone(), inner.generation)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which bytes a file has, when they can be read within a time.
fn digested(file: &File, within: Duration) -> Option<Known> {
    let began = Instant::now();
    let (mut digest, mut size, mut portion) = (Sha256::new(), 0, vec![0; PORTION_BYTES]);
    while began.elapsed() < within {
        match file.read_at(&mut portion, size).ok()? {
            0 => return Some(Known::unread(&hex(&digest.finalize()), size)),
            read => {
                digest.update(portion.get(..read)?);
                size += read as u64;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn bytes_that_nobody_reads_have_a_digest() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        let known = digested(&file, Duration::from_secs(600)).unwrap();
        assert_eq!((known.size, known.kind.as_str(), known.by.as_str()), (3, "data", "nothing"));
        assert_eq!(known.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digested(&file, Duration::ZERO), None);
    }
}
