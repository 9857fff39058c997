//! Processes that open files, as many at a time as are asked.

use crate::opener::{Ended, Error, Opener, Request, Setup};
use crate::report::{File as Known, Report, Versions};
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

    /// Opens a file. Whatever is wrong with it is in the report; `known` is what is known of its bytes otherwise, for when
    /// the process that read it broke down.
    ///
    /// # Errors
    /// When no process can be had that opens files.
    pub fn open(&self, request: &Request, file: &File, known: Option<Known>) -> Result<Opened, Error> {
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
                Report::broken(&request.name, known, why, Versions::default())
            }
        };
        Ok(Opened { report, ended })
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
