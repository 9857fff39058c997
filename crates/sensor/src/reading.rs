//! Reading captures with several workers. Each worker reads everything and follows only the conversations that fall to
//! it, so that no frame is handed from thread to thread: finding out whose a frame is costs less than handing it over.

use crate::files::{Kept, Policy, Store};
use crate::output::{Eve, Output};
use crate::profiles::{Behaviour, Merged};
use crate::source::{self, Ending};
use crate::{Counts, LiveIndicators, Options, Sighting, Worker};
use model::Finding;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use wire::filter::Filter;

/// Frames between two looks at the progress.
const PROGRESS_EVERY: u64 = 4096;

/// What is read, and where it goes.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Files and folders; `-` is standard input.
    pub paths: Vec<PathBuf>,
    pub options: Options,
    /// Standard input is read by one, however many are asked for.
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
    /// Frames, and bytes of the files as they lie on disk, by the worker that is ahead.
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
    let piped = files.iter().any(|path| !path.is_file());
    let workers = if piped { 1 } else { reading.workers.max(1) };
    let merged = Merged::default();
    let one = |number: usize| {
        let mut told = outputs(number);
        told.extend(reading.options.behaviour.then(|| merged.output()));
        told.extend(eve.clone().map(|eve| Box::new(Eve::new(eve)) as Box<dyn Output>));
        work(reading, &files, (number, workers), told, store.clone(), progress)
    };
    let parts: Vec<Result<Summary, Error>> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|number| scope.spawn(move || one(number))).collect();
        let first = one(0);
        let others = others.into_iter().map(|other| other.join().unwrap_or(Err(Error::Worker)));
        std::iter::once(first).chain(others).collect()
    });
    let mut summary = Summary::default();
    for (number, part) in parts.into_iter().enumerate() {
        summary.add(part?, number == 0);
    }
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

fn work(
    reading: &Reading,
    files: &[PathBuf],
    (number, workers): (usize, usize),
    outputs: Vec<Box<dyn Output>>,
    store: Option<Store>,
    progress: &Progress,
) -> Result<Summary, Error> {
    let path = reading.eve.clone().unwrap_or_default();
    let filter = reading.filter.clone();
    let mut worker = Worker::new(reading.options, outputs)
        .share(number, workers)
        .keep_files(store)
        .only(filter)
        .watch_for(reading.indicators.clone());
    let passed = Arc::<AtomicU64>::default();
    let mut frames = 0u64;
    let mut each = |frame: &wire::capture::Frame<'_>| {
        frames += 1;
        worker.frame(frame, frames);
        if frames.is_multiple_of(PROGRESS_EVERY) {
            progress.frames.fetch_max(frames, Ordering::Relaxed);
            progress.bytes.fetch_max(passed.load(Ordering::Relaxed), Ordering::Relaxed);
            return !progress.stop.load(Ordering::Relaxed);
        }
        true
    };
    let endings = if reading.merged {
        source::read_merged(files, &passed, &mut each)
    } else {
        files.iter().map(|path| source::read_counted(path, &passed, &mut each)).collect()
    };
    let captures = files.iter().cloned().zip(endings).collect();
    worker.finish().map_err(|source| Error::Write { path, source })?;
    let findings = worker.findings().all().cloned().collect();
    let mut sightings: Vec<Sighting> = worker.sightings().cloned().collect();
    sightings.sort_by_key(|sighting| (sighting.first_ns, sighting.originator, sighting.responder));
    Ok(Summary { counts: worker.counts, captures, findings, sightings, ..Summary::default() })
}

impl Summary {
    /// Adds what another worker followed. Frames were read by each; the first counts them.
    fn add(&mut self, part: Summary, first: bool) {
        let Counts { packets, flows, evicted, .. } = part.counts;
        if first {
            self.captures = part.captures;
            self.counts.frames = part.counts.frames;
            self.counts.bytes = part.counts.bytes;
            self.counts.odd = part.counts.odd;
        }
        self.counts.packets += packets;
        self.counts.flows += flows;
        self.counts.evicted += evicted;
        self.findings.extend(part.findings);
        self.sightings.extend(part.sightings);
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
