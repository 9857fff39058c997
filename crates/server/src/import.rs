//! The import job: reads uploaded files one by one, so that a broken one costs nothing but itself.

use crate::ingest::ingest;
use crate::jobs::{Stop, Work};
use api::routes::imports::{ImportParams, ImportResult, UPLOADS};
use api::upload::{Upload, UploadedFile};
use api::wire::jobs::Notice;
use inventory::{Limits, Reading, Refusal};
use model::{Message, Observation};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use store::{Act, FileOutcome, ImportState, JobOutcome};

/// Observations that are merged and stored at a time: what belongs together in one import mostly meets here.
const OBSERVATIONS_AT_ONCE: usize = 5000;
/// Oddities kept for showing; the hosts keep their own.
const ODDITIES_SHOWN: usize = 20;
const FILES_WITH_ODDITIES: usize = 500;
const HOSTS_SHOWN: usize = 1000;
const TABLES_SHOWN: usize = 50;

/// What was read and is not stored yet.
#[derive(Default)]
struct Batch {
    observations: Vec<Observation>,
    files: Vec<FileOutcome>,
}

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
    let mut result: ImportResult =
        work.job.checkpoint.clone().and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default();
    let total = wanted.len() as u64;
    let mut batch = Batch::default();
    for (done, file) in wanted.into_iter().enumerate() {
        if stored.contains_key(&file.path) {
            continue;
        }
        let phase = Message::new("api.import-reading").with("path", &file.path);
        work.step(done as u64, total, Some(phase)).await?;
        let reading = read(&folder, file, &params).await?;
        take(file, reading, &mut result, &mut batch, work.app.now());
        if batch.observations.len() >= OBSERVATIONS_AT_ONCE || batch.files.len() >= 1000 {
            keep(work, import, &mut batch, &mut result).await?;
        }
    }
    keep(work, import, &mut batch, &mut result).await?;
    work.step(total, total, Some(Message::new("api.import-done"))).await?;
    crate::assess::refresh_fleet(&work.app).await?;
    if result.tables.is_empty() {
        let _ = tokio::fs::remove_dir_all(&folder).await;
    }
    serde_json::to_value(&result).map_err(|error| api::Problem::internal(error).into())
}

fn is_wanted(path: &str, only: &[String]) -> bool {
    only.iter().any(|wanted| wanted == path || wanted.strip_prefix(path).is_some_and(|rest| rest.starts_with('!')))
}

/// Reads one file away from the async threads; a reader that fails itself costs only this file.
async fn read(folder: &Path, file: &UploadedFile, params: &ImportParams) -> Result<Reading, Stop> {
    let limits = Limits::default();
    if file.bytes > limits.file_bytes {
        let limit = format!("{} MiB", limits.file_bytes >> 20);
        return Ok(refused(file, Message::new("api.file-too-large").with("limit", limit)));
    }
    let (path, stored) = (file.path.clone(), folder.join(&file.stored));
    let mappings = params.mappings.clone();
    let reading = tokio::task::spawn_blocking(move || {
        std::fs::read(stored).map(|bytes| crate::tables::read(&path, &bytes, &limits, &mappings))
    });
    match reading.await {
        Ok(Ok(reading)) => Ok(reading),
        Ok(Err(error)) => Ok(refused(file, Message::new("api.file-unreadable").reason("cause", error))),
        Err(error) => {
            tracing::error!(path = %file.path, cause = %error, "a reader failed");
            Ok(refused(file, Message::new("api.reader-failed")))
        }
    }
}

fn refused(file: &UploadedFile, message: Message) -> Reading {
    Reading { refusals: vec![Refusal { path: file.path.clone(), message }], ..Reading::default() }
}

/// Notes what a file gave, for the store and for the person.
fn take(file: &UploadedFile, reading: Reading, result: &mut ImportResult, batch: &mut Batch, now: jiff::Timestamp) {
    let mut hosts_of: BTreeMap<String, (u32, String)> = BTreeMap::new();
    for mut seen in reading.observations {
        let path = seen.source.path.clone();
        let entry = hosts_of.entry(path.clone()).or_insert_with(|| (0, seen.source.sha256.clone()));
        entry.0 += 1;
        result.counts.oddities += seen.oddities.len() as u64;
        result.kinds.insert(path.clone(), seen.source.kind);
        note_oddities(result, path, &seen);
        // The source did not say when: then it is as old as its import.
        seen.source.observed.get_or_insert(now);
        batch.observations.push(seen);
    }
    let mut refusals: BTreeMap<String, Message> =
        reading.refusals.into_iter().map(|refusal| (refusal.path, refusal.message)).collect();
    result.counts.refused += refusals.len() as u64;
    result.counts.read += hosts_of.len() as u64;
    let room = TABLES_SHOWN.saturating_sub(result.tables.len());
    result.tables.extend(crate::tables::previews(reading.tables).into_iter().take(room));
    // The file itself stands in the list too, also when it is an archive: that is how a resumed import knows it.
    let mut paths: BTreeSet<String> = hosts_of.keys().cloned().chain(refusals.keys().cloned()).collect();
    paths.insert(file.path.clone());
    result.counts.files += paths.len() as u64;
    for path in paths {
        let (hosts, sha256) = hosts_of.remove(&path).unwrap_or_default();
        let size = if path == file.path { file.bytes } else { 0 };
        batch.files.push(FileOutcome { refusal: refusals.remove(&path), path, sha256, size, hosts });
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

async fn keep(work: &Work, import: store::ImportId, batch: &mut Batch, result: &mut ImportResult) -> Result<(), Stop> {
    let Batch { observations, files } = std::mem::take(batch);
    if observations.is_empty() && files.is_empty() {
        return Ok(());
    }
    work.check()?;
    let lines: Vec<Message> = files
        .iter()
        .filter_map(|file| file.refusal.clone().map(|refusal| refusal.with("path", &file.path)))
        .take(100)
        .collect();
    let ingested = ingest(&work.app, Some(import), observations, files, &Act::at(work.app.now())).await?;
    result.counts.new_hosts += ingested.new;
    result.counts.hosts += ingested.new + ingested.known;
    let room = HOSTS_SHOWN.saturating_sub(result.hosts.len());
    result.hosts.extend(ingested.hosts.into_iter().take(room));
    work.checkpoint(&json!(result)).await?;
    work.log(&lines).await?;
    work.app.notify(Notice::Hosts { changed: ingested.new + ingested.known });
    Ok(())
}

/// Ends the import in the store when its job has ended.
pub async fn close(work: &Work, outcome: &JobOutcome) -> Result<(), store::Error> {
    let Ok(ImportParams { import: Some(import), .. }) = serde_json::from_value(work.job.params.clone()) else {
        return Ok(());
    };
    let state = match outcome {
        JobOutcome::Done(_) => ImportState::Done,
        JobOutcome::Failed(_) => ImportState::Failed,
        JobOutcome::Cancelled => ImportState::Cancelled,
    };
    let act = work.act("import.finish", &format!("import:{import}"), json!({ "state": state }));
    work.app.store.finish_import(import, state, &act).await?;
    Ok(())
}
