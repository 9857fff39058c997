//! Reading captures with several workers. One thread reads blocks of frames and says of each whose it is; every worker
//! is given every block and follows the conversations that fall to it, so that no frame is handed over by itself.

mod deal;

use crate::files::{Kept, Policy, Store};
use crate::output::{Eve, Output};
use crate::profiles::{Behaviour, Merged};
use crate::source::{self, Block, Ending, Merge, Stopped};
use crate::{Counts, LiveIndicators, Options, Sighting, Worker};
use model::Finding;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    let pass = &mut |give: &mut Give<'_>| pass(reading, &files, progress, give);
    let (endings, workers) = deal::work((0..workers).map(employ).collect(), pass).ok_or(Error::Worker)?;
    let mut summary = Summary { captures: files.iter().cloned().zip(endings).collect(), ..Summary::default() };
    for worker in workers {
        let path = reading.eve.clone().unwrap_or_default();
        summary.add(&worker.map_err(|source| Error::Write { path, source })?);
    }
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

/// Takes a block with the number of its first frame, and gives an empty one to fill next.
type Give<'a> = dyn FnMut(Block, u64) -> Result<Block, Stopped> + 'a;

/// Reads all captures, block by block. Gives how each ended.
fn pass(
    reading: &Reading,
    files: &[PathBuf],
    progress: &Progress,
    give: &mut Give<'_>,
) -> Vec<Result<Ending, source::Error>> {
    let passed = Arc::<AtomicU64>::default();
    let mut first = 1;
    let mut each = |block: Block| {
        let frames = block.len() as u64;
        let empty = give(block, first)?;
        first += frames;
        progress.frames.store(first - 1, Ordering::Relaxed);
        progress.bytes.store(passed.load(Ordering::Relaxed), Ordering::Relaxed);
        if progress.stop.load(Ordering::Relaxed) { Err(Stopped) } else { Ok(empty) }
    };
    if !reading.merged {
        // Once it was said to stop, what is left is not even opened.
        let read = |path: &PathBuf| match progress.stop.load(Ordering::Relaxed) {
            true => Ok(Ending::Whole),
            false => source::read_blocks(path, &passed, &mut each),
        };
        return files.iter().map(read).collect();
    }
    let mut merge = Merge::new(files, &passed);
    let mut block = Block::default();
    while merge.next_block(&mut block) {
        match each(block) {
            Ok(empty) => block = empty,
            Err(Stopped) => break,
        }
    }
    merge.endings()
}

impl Summary {
    /// Adds what a worker followed.
    fn add(&mut self, worker: &Worker) {
        self.counts.add(&worker.counts);
        self.findings.extend(worker.findings().all().cloned());
        self.sightings.extend(worker.sightings().cloned());
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
