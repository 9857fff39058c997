//! Reading captures with several workers. Frames are read in blocks, and of each frame is said whose it is; every worker
//! is given every block and follows the conversations that fall to it, so that no frame is handed over by itself.

mod deal;
mod feed;

use crate::files::{Kept, Policy, Store};
use crate::output::{Eve, Output};
use crate::profiles::{Behaviour, BehaviourFinding, Merged};
use crate::source::{self, Ending};
use crate::{Counts, LiveIndicators, Options, Sighting, Worker, findings};
use feed::Feed;
use model::{Finding, Notable};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use wire::filter::Filter;

/// What is read, and where it goes.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Files and folders; `-` is standard input.
    pub paths: Vec<PathBuf>,
    pub options: Options,
    pub workers: usize,
    /// Read all captures as one, in the order of time.
    pub merged: bool,
    /// Where EVE records go; `-` is standard output.
    pub eve: Option<PathBuf>,
    /// Where files are kept, and which.
    pub files: Option<(PathBuf, Policy)>,
    /// Only packets that it wants; everything when absent.
    pub filter: Option<Filter>,
    /// Indicators that are looked for; the set can be replaced meanwhile.
    pub indicators: Option<Arc<LiveIndicators>>,
}

/// Makes the further outputs of a worker, by its number.
pub type Outputs<'a> = dyn Fn(usize) -> Vec<Box<dyn Output>> + Sync + 'a;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Source(#[from] source::Error),
    #[error("cannot write `{path}`")]
    Write { path: PathBuf, source: io::Error },
    #[error("there is no capture at `{0}`")]
    NoCapture(PathBuf),
    #[error("a worker of the sensor failed")]
    Worker,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Summary {
    pub counts: Counts,
    pub captures: Vec<(PathBuf, Result<Ending, source::Error>)>,
    pub findings: Vec<Finding>,
    pub sightings: Vec<Sighting>,
    /// What stands out in how hosts behave, by the profiles of all workers. Empty when that was not asked for.
    pub behaviour: Behaviour,
    pub kept: Kept,
    /// Why some file could not be kept.
    pub keeping_failed: Option<io::Error>,
}

/// How far reading is, and whether it is to stop.
#[derive(Debug, Default)]
pub struct Progress {
    /// Frames, and bytes of the files as they lie on disk, that went to the workers.
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
    /// Set from outside: what was read until then is told, the rest is not read.
    pub stop: AtomicBool,
}

/// Reads everything. A capture that cannot be read costs only itself.
pub fn read(reading: &Reading, progress: &Progress) -> Result<Summary, Error> {
    read_into(reading, &|_| Vec::new(), progress)
}

/// The same, telling further outputs as well.
pub fn read_into(reading: &Reading, outputs: &Outputs<'_>, progress: &Progress) -> Result<Summary, Error> {
    let mut files = Vec::new();
    for path in &reading.paths {
        let found = if path.as_os_str() == "-" { vec![path.clone()] } else { source::files(path)? };
        if found.is_empty() {
            return Err(Error::NoCapture(path.clone()));
        }
        files.extend(found);
    }
    let eve = reading.eve.as_deref().map(Shared::create).transpose()?;
    let store = reading.files.as_ref().map(|(folder, policy)| {
        let failed = |source| Error::Write { path: folder.clone(), source };
        Store::open(folder, policy.clone()).map_err(failed)
    });
    let store = store.transpose()?;
    let merged = Merged::default();
    let workers = reading.workers.max(1);
    let employ = |number: usize| {
        let mut told = outputs(number);
        told.extend(reading.options.behaviour.then(|| merged.output()));
        told.extend(eve.clone().map(|eve| Box::new(Eve::new(eve)) as Box<dyn Output>));
        Worker::new(reading.options, told)
            .share(number, workers)
            .keep_files(store.clone())
            .only(reading.filter.clone())
            .watch_for(reading.indicators.clone())
    };
    let feed = Feed::new(reading, &files, progress);
    let (followed, feed) = deal::work((0..workers).map(employ).collect(), feed, finish).ok_or(Error::Worker)?;
    let mut summary = Summary { captures: files.iter().cloned().zip(feed.endings()).collect(), ..Summary::default() };
    for followed in followed {
        let path = reading.eve.clone().unwrap_or_default();
        summary.add(followed.map_err(|source| Error::Write { path, source })?);
    }
    summary.findings = findings::merged(std::mem::take(&mut summary.findings));
    summary.sightings.sort_by_key(|sighting| (sighting.first_ns, sighting.originator, sighting.responder));
    summary.behaviour = merged.take().judge();
    if let Some(eve) = eve {
        tell_behaviour(&summary.behaviour, Eve::new(eve), reading)?;
    }
    if let Some(store) = store {
        summary.kept = store.counts();
        summary.keeping_failed = store.take_error();
    }
    Ok(summary)
}

/// Behaviour is judged when everything was seen: a host that tries many is seen by all workers in part.
fn tell_behaviour(behaviour: &Behaviour, mut eve: Eve<Shared>, reading: &Reading) -> Result<(), Error> {
    behaviour.findings.iter().for_each(|finding| eve.behaviour(finding));
    let path = reading.eve.clone().unwrap_or_default();
    eve.finish().map_err(|source| Error::Write { path, source })
}

/// What one worker followed.
struct Followed {
    counts: Counts,
    findings: Vec<Finding>,
    sightings: Vec<Sighting>,
}

/// Ends all conversations of a worker that go on. That and giving back its memory is work as well: each does it for its
/// own, or why its outputs failed.
fn finish(mut worker: Worker) -> io::Result<Followed> {
    worker.finish()?;
    let (findings, sightings) = (worker.findings().all().cloned().collect(), worker.sightings().cloned().collect());
    Ok(Followed { counts: worker.counts, findings, sightings })
}

impl Summary {
    /// Everything that stands out and claims no weapon.
    pub fn notables(&self) -> Vec<Notable> {
        let met = self.sightings.iter().map(Sighting::notable);
        self.behaviour.findings.iter().map(BehaviourFinding::notable).chain(met).collect()
    }

    fn add(&mut self, followed: Followed) {
        self.counts.add(&followed.counts);
        self.findings.extend(followed.findings);
        self.sightings.extend(followed.sightings);
    }
}

/// One file that several workers write whole lines to.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Box<dyn Write + Send>>>);

impl Shared {
    /// Makes the file; `-` is standard output.
    pub fn create(path: &Path) -> Result<Shared, Error> {
        let out: Box<dyn Write + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).map_err(|source| Error::Write { path: path.to_owned(), source })?)
        };
        Ok(Shared(Arc::new(Mutex::new(out))))
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Lines must not be torn apart: all of it, or an error.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}
