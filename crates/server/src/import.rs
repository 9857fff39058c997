//! The import job: reads uploaded files one by one, so that a broken one costs nothing but itself.
//!
//! What is read is stored in batches, each in transactions that also note how far the job is: a server that dies goes on
//! where it was, and ends with what it would have had. A large archive comes in parts and never stands in memory whole.

use crate::captures::{self, Watch};
use crate::ingest::ingest_for;
use crate::jobs::{Stop, Work};
use api::routes::imports::{ImportParams, ImportResult, UPLOADS};
use api::upload::{Upload, UploadedFile};
use api::wire::jobs::Notice;
use inventory::{Limits, Reading, Refusal};
use model::{Message, Observation};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use store::{Act, FileOutcome, ImportId, JobFilter, JobOutcome, JobState};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Observations that are merged and stored at a time: what belongs together in one import mostly meets here.
const OBSERVATIONS_AT_ONCE: usize = 5000;
const FILES_AT_ONCE: usize = 1000;
/// Oddities kept for showing; the hosts keep their own.
const ODDITIES_SHOWN: usize = 20;
const FILES_WITH_ODDITIES: usize = 500;
const HOSTS_SHOWN: usize = 1000;
const TABLES_SHOWN: usize = 50;

pub async fn run(work: &Work) -> Result<Value, Stop> {
    let params: ImportParams = serde_json::from_value(work.job.params.clone()).map_err(api::Problem::internal)?;
    let folder = work.app.place.data_directory.join(UPLOADS).join(&params.upload);
    let upload = {
        let folder = folder.clone();
        api::rooms::blocking(move || Upload::load(&folder)).await?
    };
    let upload = upload.map_err(|_| Stop::Failed(Message::new("api.upload-gone")))?;
    let import = params.import.ok_or_else(|| Stop::Failed(Message::new("api.upload-gone")))?;

    let wanted: Vec<&UploadedFile> =
        upload.files.iter().filter(|file| params.only.is_empty() || is_wanted(&file.path, &params.only)).collect();
    let paths: Vec<String> = wanted.iter().map(|file| file.path.clone()).collect();
    let stored = work.app.store.stored_files(import, &paths).await?;
    let result = work.job.checkpoint.clone().and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default();
    let mut intake = Intake { work, import, result, batch: Batch::default(), captures_seen: BTreeSet::new() };
    let total = wanted.len() as u64;
    for (done, file) in wanted.into_iter().enumerate() {
        if stored.contains_key(&file.path) {
            continue;
        }
        let phase = Message::new("api.import-reading").with("path", &file.path);
        work.step(done as u64, total, Some(phase.clone())).await?;
        let watch = Watch::File { work, done: done as u64, total, phase };
        if params.mappings.is_empty() && intake.captures(&folder, file, &watch).await? {
            continue;
        }
        intake.file(Parts::of(&folder, file, &params), file).await?;
    }
    intake.keep().await?;
    work.step(total, total, Some(Message::new("api.import-done"))).await?;
    crate::assess::refresh_fleet(&work.app).await?;
    let mut result = intake.result;
    result.counts.new_hosts = work.app.store.import(import).await?.new_hosts.unsigned_abs();
    serde_json::to_value(&result).map_err(|error| api::Problem::internal(error).into())
}

fn is_wanted(path: &str, only: &[String]) -> bool {
    only.iter().any(|wanted| wanted == path || wanted.strip_prefix(path).is_some_and(|rest| rest.starts_with('!')))
}

/// What one file gives, read away from the async threads, a part at a time.
struct Parts {
    parts: mpsc::Receiver<Reading>,
    last: JoinHandle<Reading>,
}

impl Parts {
    fn of(folder: &Path, file: &UploadedFile, params: &ImportParams) -> Parts {
        let (send, parts) = mpsc::channel(1);
        let (file, stored, mappings) = (file.clone(), folder.join(&file.stored), params.mappings.clone());
        let last = tokio::task::spawn_blocking(move || {
            let limits = Limits::default();
            if file.bytes > limits.file_bytes {
                let limit = format!("{} MiB", limits.file_bytes >> 20);
                return refused(&file, Message::new("api.file-too-large").with("limit", limit));
            }
            match std::fs::read(stored) {
                Err(error) => refused(&file, Message::new("api.file-unreadable").reason("cause", error)),
                // Nobody listens to a part once the job has stopped; then it is read again by the one that goes on.
                Ok(bytes) => crate::tables::read(&file.path, &bytes, &limits, &mappings, &mut |part| {
                    let _ = send.blocking_send(part);
                }),
            }
        });
        Parts { parts, last }
    }
}

fn refused(file: &UploadedFile, message: Message) -> Reading {
    Reading { refusals: vec![Refusal { path: file.path.clone(), message }], ..Reading::default() }
}

/// The import as it goes: what is stored of it, and what was read and is not stored yet.
struct Intake<'a> {
    work: &'a Work,
    import: ImportId,
    /// What the stored files gave.
    result: ImportResult,
    batch: Batch,
    /// Entries of the archive in hand that are captures: no reader of facts knows them.
    captures_seen: BTreeSet<String>,
}

#[derive(Default)]
struct Batch {
    observations: Vec<Observation>,
    files: Vec<FileOutcome>,
    /// What its files add to the result.
    gives: ImportResult,
}

impl Intake<'_> {
    /// Reads the captures in a file; true when it is one itself, so that nothing else is in it.
    async fn captures(&mut self, folder: &Path, file: &UploadedFile, watch: &Watch<'_>) -> Result<bool, Stop> {
        let found = captures::find(folder, file).await?;
        let itself = found.iter().any(|found| found.name == file.path);
        for capture in found {
            let taken = capture.take_in(&self.work.app, folder, &self.work.job.owner, watch).await;
            let refusal = match taken {
                Ok(taken) => {
                    self.batch.gives.captures.insert(capture.name.clone(), taken.id);
                    self.batch.gives.counts.read += 1;
                    None
                }
                Err(Stop::Failed(why)) => {
                    self.batch.gives.counts.refused += 1;
                    Some(why)
                }
                Err(stop) => return Err(stop),
            };
            self.batch.gives.counts.files += 1;
            let size = if itself { file.bytes } else { 0 };
            let outcome = FileOutcome { path: capture.name.clone(), sha256: String::new(), size, hosts: 0, refusal };
            self.batch.files.push(outcome);
            self.captures_seen.insert(capture.name);
        }
        if self.batch.files.len() >= FILES_AT_ONCE {
            self.keep().await?;
        }
        Ok(itself)
    }

    /// Takes in one file; a reader that fails itself costs only what it had not handed over.
    async fn file(&mut self, mut parts: Parts, file: &UploadedFile) -> Result<(), Stop> {
        // What is said of the archive itself belongs to its last part, with which it counts as read.
        let mut own = Vec::new();
        while let Some(mut part) = parts.parts.recv().await {
            own.extend(part.refusals.extract_if(.., |refusal| refusal.path == file.path));
            self.part(file, part, false).await?;
        }
        let mut last = parts.last.await.unwrap_or_else(|error| {
            tracing::error!(path = %file.path, cause = %error, "a reader failed");
            refused(file, Message::new("api.reader-failed"))
        });
        last.refusals.splice(0..0, own);
        self.part(file, last, true).await
    }

    async fn part(&mut self, file: &UploadedFile, mut reading: Reading, last: bool) -> Result<(), Stop> {
        self.leave_out_stored(file, &mut reading).await?;
        reading.refusals.retain(|refusal| !self.captures_seen.contains(&refusal.path));
        if last {
            self.captures_seen.clear();
        }
        // The source did not say when: then it is as old as its import, however often that was interrupted.
        self.batch.take(file, reading, last, self.work.job.created);
        let full = self.batch.observations.len() >= OBSERVATIONS_AT_ONCE || self.batch.files.len() >= FILES_AT_ONCE;
        if full { self.keep().await } else { Ok(()) }
    }

    /// An archive that was interrupted is read again; its entries that are stored are not taken a second time.
    async fn leave_out_stored(&self, file: &UploadedFile, reading: &mut Reading) -> Result<(), Stop> {
        let inside: BTreeSet<String> = paths(reading).filter(|path| **path != file.path).cloned().collect();
        let stored = self.work.app.store.stored_files(self.import, &Vec::from_iter(inside)).await?;
        reading.observations.retain(|seen| !stored.contains_key(&seen.source.path));
        reading.refusals.retain(|refusal| !stored.contains_key(&refusal.path));
        reading.tables.retain(|table| !stored.contains_key(&table.path));
        Ok(())
    }

    async fn keep(&mut self) -> Result<(), Stop> {
        let Batch { observations, files, gives } = std::mem::take(&mut self.batch);
        if observations.is_empty() && files.is_empty() {
            return Ok(());
        }
        self.work.check()?;
        let refusal = |file: &FileOutcome| file.refusal.clone().map(|refusal| refusal.with("path", &file.path));
        let lines: Vec<Message> = files.iter().filter_map(refusal).take(100).collect();
        let (app, act) = (&self.work.app, Act::at(self.work.app.now()));
        let mut result = std::mem::take(&mut self.result);
        add(&mut result, gives);
        let ingested = ingest_for(app, Some(self.import), observations, files, &act, |ingested| {
            result.counts.hosts += ingested.hosts.len() as u64;
            let room = HOSTS_SHOWN.saturating_sub(result.hosts.len());
            result.hosts.extend(ingested.hosts.iter().take(room).cloned());
            Some(self.work.reached(json!(result)))
        })
        .await?;
        self.result = result;
        self.work.log(&lines).await?;
        app.notify(Notice::Hosts { changed: ingested.hosts.len() as u64 });
        Ok(())
    }
}

/// Every path a reading says something of.
fn paths(reading: &Reading) -> impl Iterator<Item = &String> {
    let observed = reading.observations.iter().map(|seen| &seen.source.path);
    let refused = reading.refusals.iter().map(|refusal| &refusal.path);
    observed.chain(refused).chain(reading.tables.iter().map(|table| &table.path))
}

impl Batch {
    /// Notes what a file, or the next part of it, gave, for the store and for the person.
    fn take(&mut self, file: &UploadedFile, reading: Reading, last: bool, imported: jiff::Timestamp) {
        // The file itself stands in the list too, also when it is an archive: that is how a resumed import knows it.
        let own = last.then_some(&file.path);
        let all: BTreeSet<String> = paths(&reading).chain(own).cloned().collect();
        let mut hosts_of: BTreeMap<String, (u32, String)> = BTreeMap::new();
        for mut seen in reading.observations {
            let path = seen.source.path.clone();
            let entry = hosts_of.entry(path.clone()).or_insert_with(|| (0, seen.source.sha256.clone()));
            entry.0 += 1;
            self.gives.counts.oddities += seen.oddities.len() as u64;
            self.gives.kinds.insert(path.clone(), seen.source.kind);
            note_oddities(&mut self.gives, path, &seen);
            seen.source.observed.get_or_insert(imported);
            self.observations.push(seen);
        }
        let mut refusals: BTreeMap<String, Message> =
            reading.refusals.into_iter().map(|refusal| (refusal.path, refusal.message)).collect();
        self.gives.counts.refused += refusals.len() as u64;
        self.gives.counts.read += hosts_of.len() as u64;
        self.gives.counts.files += all.len() as u64;
        self.gives.tables.extend(crate::tables::previews(reading.tables));
        for path in all {
            let (hosts, sha256) = hosts_of.remove(&path).unwrap_or_default();
            let size = if path == file.path { file.bytes } else { 0 };
            self.files.push(FileOutcome { refusal: refusals.remove(&path), path, sha256, size, hosts });
        }
    }
}

fn note_oddities(result: &mut ImportResult, path: String, seen: &Observation) {
    if seen.oddities.is_empty()
        || (result.oddities.len() >= FILES_WITH_ODDITIES && !result.oddities.contains_key(&path))
    {
        return;
    }
    let shown = result.oddities.entry(path).or_default();
    let room = ODDITIES_SHOWN.saturating_sub(shown.len());
    shown.extend(seen.oddities.iter().take(room).map(|oddity| oddity.message.clone()));
}

/// Adds what a batch gave to what was there, as far as there is room to show it.
fn add(result: &mut ImportResult, gives: ImportResult) {
    let (counts, more) = (&mut result.counts, gives.counts);
    counts.files += more.files;
    counts.read += more.read;
    counts.refused += more.refused;
    counts.oddities += more.oddities;
    result.kinds.extend(gives.kinds);
    result.captures.extend(gives.captures);
    let room = FILES_WITH_ODDITIES.saturating_sub(result.oddities.len());
    result.oddities.extend(gives.oddities.into_iter().take(room));
    let room = TABLES_SHOWN.saturating_sub(result.tables.len());
    result.tables.extend(gives.tables.into_iter().take(room));
}

/// The import in the store that a job works on; none for other jobs.
pub fn of(job: &store::Job) -> Option<ImportId> {
    serde_json::from_value::<ImportParams>(job.params.clone()).ok().and_then(|params| params.import)
}

/// Throws away what was uploaded, once the job is over and no table in it waits for a mapping.
pub async fn clear(work: &Work, outcome: &JobOutcome) {
    let Ok(params) = serde_json::from_value::<ImportParams>(work.job.params.clone()) else { return };
    let keeps = match outcome {
        JobOutcome::Done(result) => waits_for_mapping(Some(result)),
        // Facts stay for whoever looks into it; knowledge is sent in again.
        JobOutcome::Failed(_) => params.import.is_some(),
        JobOutcome::Cancelled => false,
    };
    if !keeps {
        let _ = tokio::fs::remove_dir_all(work.app.place.data_directory.join(UPLOADS).join(params.upload)).await;
    }
}

fn waits_for_mapping(result: Option<&Value>) -> bool {
    let result: Option<ImportResult> = result.and_then(|result| serde_json::from_value(result.clone()).ok());
    result.is_some_and(|result| !result.tables.is_empty())
}

/// Throws away uploads that a server left behind when it died: those whose job never came to be, or is over. Only for
/// the start, when nothing is being uploaded.
pub async fn sweep(app: &api::state::App) -> Result<(), api::Problem> {
    let uploads = app.place.data_directory.join(UPLOADS);
    let listed = uploads.clone();
    let mut left: BTreeMap<String, PathBuf> = api::rooms::blocking(move || folders(&listed)).await?;
    if left.is_empty() {
        return Ok(());
    }
    let mut cursor = None;
    loop {
        let page = app.store.jobs(&JobFilter::default(), cursor.as_deref(), 500).await?;
        for job in &page.rows {
            let over = match job.state {
                JobState::Done => !waits_for_mapping(job.result.as_ref()),
                JobState::Cancelled => true,
                JobState::Queued | JobState::Running | JobState::Failed => false,
            };
            if let (false, Ok(params)) = (over, serde_json::from_value::<ImportParams>(job.params.clone())) {
                left.remove(&params.upload);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    for folder in left.into_values() {
        tracing::info!(folder = %folder.display(), "removing an upload that nobody waits for");
        let _ = tokio::fs::remove_dir_all(folder).await;
    }
    Ok(())
}

fn folders(uploads: &Path) -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(uploads).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect()
}
