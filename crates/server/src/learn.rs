//! The knowledge import job, and what it leaves for the next start.

use crate::jobs::{Stop, Work};
use api::Problem;
use api::routes::imports::{ImportParams, ImportResult, UPLOADS};
use api::state::{App, KnowledgeHandle};
use api::upload::Upload;
use api::wire::imports::ImportCounts;
use knowledge::Knowledge;
use knowledge::import::{self, Imported, Limits, Update};
use model::Message;
use serde_json::{Value, json};
use std::io::{Cursor, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Act, NewOverlay};

/// Raw files of these parts are kept and read again at every start; a catalogue is kept as we write it.
const KEV: &str = "kev";
const EPSS: &str = "epss";
const CATALOGUE: &str = "catalogue";

pub async fn run(work: &Work) -> Result<Value, Stop> {
    let params: ImportParams = serde_json::from_value(work.job.params.clone()).map_err(Problem::internal)?;
    let folder = work.app.place.data_directory.join(UPLOADS).join(&params.upload);
    let at = folder.clone();
    let upload = api::rooms::blocking(move || Upload::load(&at)).await?;
    let upload = upload.map_err(|_| Stop::Failed(Message::new("api.upload-gone")))?;
    let mut result = ImportResult::default();
    let total = upload.files.len() as u64;
    for (done, file) in upload.files.iter().enumerate() {
        let phase = Message::new("api.import-reading").with("path", &file.path);
        work.step(done as u64, total, Some(phase)).await?;
        result.counts.files += 1;
        match learn(work, &folder.join(&file.stored), &file.path).await? {
            Ok(note) => {
                result.counts.read += 1;
                result.notes.push(note);
            }
            Err(refusal) => {
                result.counts.refused += 1;
                work.log(std::slice::from_ref(&refusal)).await?;
                result.notes.push(refusal);
            }
        }
    }
    let ImportCounts { read, .. } = result.counts;
    if read == 0 {
        return Err(Stop::Failed(result.notes.into_iter().next().unwrap_or_else(|| Message::new("api.no-files"))));
    }
    work.step(total, total, Some(Message::new("api.import-done"))).await?;
    // All hosts are judged again with it: the runner queues that job by itself.
    serde_json::to_value(&result).map_err(|error| Problem::internal(error).into())
}

/// Reads one file, keeps it, and puts it in the place of what was known.
async fn learn(work: &Work, stored: &Path, path: &str) -> Result<Result<Message, Message>, Stop> {
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, file, name) = (Arc::clone(&stop), stored.to_owned(), path.to_owned());
    let reading = api::rooms::blocking(move || {
        let mut progress =
            |_| if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let opened = std::fs::File::open(&file).map_err(import::ImportError::Read);
        opened
            .and_then(|file| import::read(file, &Limits::default(), &mut progress))
            .map_err(|error| error.message(&name))
    });
    tokio::pin!(reading);
    let imported = loop {
        tokio::select! {
            imported = &mut reading => break imported?,
            () = tokio::time::sleep(std::time::Duration::from_millis(500)) => {
                if work.check().is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
    };
    work.check()?;
    let imported = match imported {
        Ok(imported) => imported,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let detail = json!({ "file": path, "rows": imported.report.rows });
    let act = |kind: &str| work.act("knowledge.import", &format!("knowledge:{kind}"), detail.clone());
    Ok(Ok(keep(&work.app, imported, stored, path, act).await?))
}

/// Keeps an import for the next start, and judges with it from now on. `act` says who did it, for the kind it is of.
pub async fn keep(
    app: &App,
    imported: Imported,
    file: &Path,
    name: &str,
    act: impl FnOnce(&str) -> Act,
) -> Result<Message, Problem> {
    let rows = i64::try_from(imported.report.rows).unwrap_or(i64::MAX);
    let (known, file) = (app.knowledge(), file.to_owned());
    let (kind, body, learnt) = api::rooms::blocking(move || keepable(&known, imported, &file)).await??;
    let released = learnt.as_ref().and_then(|learnt| learnt.catalogue.as_of()).map(|day| day.to_string());
    let overlay = NewOverlay {
        kind: kind.to_owned(),
        name: name.to_owned(),
        released: released.unwrap_or_else(|| app.day().to_string()),
        body,
    };
    app.store.put_overlay(&overlay, &act(kind)).await?;
    if let Some(learnt) = learnt {
        app.replace_knowledge(KnowledgeHandle::Loaded(Arc::new(learnt)));
    }
    Ok(Message::new("api.knowledge-read").with("path", name).with("kind", kind).number("rows", rows))
}

type Keepable = (&'static str, Vec<u8>, Option<Knowledge>);

/// What is kept of an import, and the knowledge with it.
fn keepable(known: &Knowledge, imported: Imported, stored: &Path) -> Result<Keepable, Problem> {
    Ok(match imported.update {
        Update::Catalogue(_) => {
            let learnt = with(known, imported.update);
            let body = learnt.catalogue.to_bytes().map_err(Problem::internal)?;
            (CATALOGUE, body, Some(learnt))
        }
        Update::Kev(_) => (KEV, std::fs::read(stored).map_err(Problem::internal)?, Some(with(known, imported.update))),
        Update::Epss(_) => {
            (EPSS, std::fs::read(stored).map_err(Problem::internal)?, Some(with(known, imported.update)))
        }
    })
}

fn with(known: &Knowledge, update: Update) -> Knowledge {
    match update {
        Update::Catalogue(new) => {
            let (merged, _) = known.catalogue.clone().merge(&new);
            known.with_catalogue(merged)
        }
        Update::Kev(new) => {
            let mut kev = known.kev.clone();
            kev.merge(&new);
            known.with_catalogue(known.catalogue.clone()).with_kev(kev)
        }
        Update::Epss(scores) => known.with_catalogue(known.catalogue.clone()).with_epss(&scores),
    }
}

/// Puts imported parts of the knowledge in the place of those the product ships.
pub async fn restore(app: &App) -> Result<(), Problem> {
    for overlay in app.store.overlays().await? {
        let body = app.store.overlay_body(&overlay.kind).await?;
        let known = app.knowledge();
        let learnt = api::rooms::blocking(move || parse(Cursor::new(body)).map(|update| with(&known, update))).await?;
        match learnt {
            Ok(learnt) => app.replace_knowledge(KnowledgeHandle::Loaded(Arc::new(learnt))),
            // The product's own knowledge still judges; a person imports the part again.
            Err(error) => tracing::error!(part = %overlay.kind, cause = %error, "cannot read kept knowledge"),
        }
    }
    Ok(())
}

fn parse(body: impl Read + Seek) -> Result<Update, import::ImportError> {
    Ok(import::read(body, &Limits::default(), &mut import::silent)?.update)
}
