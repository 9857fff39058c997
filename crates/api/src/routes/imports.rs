//! Imports of facts and knowledge.

use super::{Answer, jobs};
use crate::extract::{Json, Path};
use crate::session::Caller;
use crate::state::App;
use crate::wire::fleet::KnowledgeAge;
use crate::wire::imports::*;
use crate::wire::jobs::JobKind;
use crate::wire::system::KnowledgeInfo;
use crate::{Problem, upload};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use model::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Folder of uploads below the data directory.
pub const UPLOADS: &str = "uploads";
const FILES_SHOWN: usize = 5000;

/// What an import job works on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportParams {
    /// Folder of the upload, below [`UPLOADS`].
    pub upload: String,
    /// The import in the store; absent for knowledge.
    #[serde(default)]
    pub import: Option<store::ImportId>,
    /// What columns of tables mean.
    #[serde(default)]
    pub mappings: Vec<TableMapping>,
    /// Only these files: an import that goes on after a mapping.
    #[serde(default)]
    pub only: Vec<String>,
}

/// What an import job leaves as its result, beside what the store keeps of its files.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportResult {
    pub counts: ImportCounts,
    pub tables: Vec<ImportTable>,
    pub oddities: BTreeMap<String, Vec<Message>>,
    pub kinds: BTreeMap<String, model::SourceKind>,
    /// Files that are captures of network traffic.
    pub captures: BTreeMap<String, store::CaptureId>,
    pub hosts: Vec<model::HostId>,
    /// What a knowledge import says of itself.
    pub notes: Vec<Message>,
}

pub(super) type Accepted = Result<(StatusCode, axum::Json<ImportAccepted>), Problem>;

/// Sends in files of facts; a job reads them. Acknowledged means: on disk.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 202, body = ImportAccepted)))]
pub async fn create_import(State(app): State<App>, caller: Caller, form: Multipart) -> Accepted {
    let (folder, upload) = receive(&app, form).await?;
    let new = store::NewImport { name: title(&upload), owner: caller.actor() };
    let detail = json!({ "files": upload.files.len(), "bytes": upload.bytes() });
    let act = caller.act(&app, "import.begin", format!("import:{}", new.name), detail);
    let import = app.store.begin_import(&new, &act).await?;
    let params = ImportParams { upload: folder, import: Some(import), mappings: Vec::new(), only: Vec::new() };
    accept(&app, &caller, JobKind::Import, params, &upload).await
}

/// Sends in knowledge: definitions, KEV, EPSS, CSAF, wsusscn2.cab.
#[utoipa::path(post, path = "/api/v1/knowledge/imports", tag = "imports",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 202, body = ImportAccepted)))]
pub async fn import_knowledge(State(app): State<App>, caller: Caller, form: Multipart) -> Accepted {
    let (folder, upload) = receive(&app, form).await?;
    let params = ImportParams { upload: folder, import: None, mappings: Vec::new(), only: Vec::new() };
    accept(&app, &caller, JobKind::KnowledgeImport, params, &upload).await
}

pub(super) async fn receive(app: &App, form: Multipart) -> Result<(String, upload::Upload), Problem> {
    upload::receive(&app.place.data_directory.join(UPLOADS), form, app.place.upload_bytes_max).await
}

pub(super) async fn accept(
    app: &App,
    caller: &Caller,
    kind: JobKind,
    params: ImportParams,
    upload: &upload::Upload,
) -> Accepted {
    let params = serde_json::to_value(params).map_err(Problem::internal)?;
    // An import of facts is in the audit log since it began; knowledge is when its job is queued.
    let act = if kind == JobKind::Import { app.act() } else { jobs::act(app, caller, kind, "import.queue") };
    let job = jobs::queue_as(app, caller, kind, params, &act).await?;
    let accepted = ImportAccepted { job, files: upload.files.len() as u64, bytes: upload.bytes() };
    Ok((StatusCode::ACCEPTED, axum::Json(accepted)))
}

fn title(upload: &upload::Upload) -> String {
    upload.files.first().map(|file| file.path.chars().take(120).collect()).unwrap_or_default()
}

/// What became of an import. The id is the job's.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", responses((status = 200, body = ImportDetail)))]
pub async fn import(State(app): State<App>, Path(id): Path<String>) -> Answer<ImportDetail> {
    let job = import_job(&app, &id).await?;
    let params: ImportParams = serde_json::from_value(job.params.clone()).map_err(Problem::internal)?;
    // While it runs, the checkpoint says how far it is.
    let result = job.result.clone().or_else(|| job.checkpoint.clone()).unwrap_or(Value::Null);
    let mut result: ImportResult = serde_json::from_value(result).unwrap_or_default();
    let mut files = Vec::new();
    if let Some(import) = params.import {
        result.counts.new_hosts = app.store.import(import).await?.new_hosts.unsigned_abs();
        for file in stored_files(&app, import).await? {
            files.push(ImportFile {
                kind: result.kinds.get(&file.path).copied(),
                oddities: result.oddities.get(&file.path).cloned().unwrap_or_default(),
                hosts: u64::from(file.hosts),
                capture: result.captures.get(&file.path).copied(),
                refusal: file.refusal,
                path: file.path,
            });
        }
    }
    Ok(axum::Json(ImportDetail {
        job: jobs::show(&job),
        counts: result.counts,
        files,
        tables: result.tables,
        hosts: result.hosts,
        notes: result.notes,
    }))
}

/// The first files of an import by path.
async fn stored_files(app: &App, import: store::ImportId) -> Result<Vec<store::FileOutcome>, Problem> {
    const PAGE: u32 = 1000;
    let mut files: Vec<store::FileOutcome> = Vec::new();
    loop {
        let after = files.last().map(|file| file.path.clone()).unwrap_or_default();
        let page = app.store.import_files(import, false, &after, PAGE).await?;
        let last = page.len() < PAGE as usize;
        files.extend(page);
        if last || files.len() >= FILES_SHOWN {
            return Ok(files);
        }
    }
}

/// Says what the columns of tables mean, and reads those tables with it. The answer's job is a new one.
#[utoipa::path(post, path = "/api/v1/imports/{id}/mapping", tag = "imports", responses((status = 202, body = ImportAccepted)))]
pub async fn map_columns(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(mappings): Json<Vec<TableMapping>>,
) -> Accepted {
    if mappings.is_empty() {
        return Err(Problem::bad_request(Message::new("api.mapping-empty")));
    }
    let job = import_job(&app, &id).await?;
    let params: ImportParams = serde_json::from_value(job.params.clone()).map_err(Problem::internal)?;
    let folder = app.place.data_directory.join(UPLOADS).join(&params.upload);
    let upload = crate::rooms::blocking(move || upload::Upload::load(&folder)).await?;
    let upload = upload.map_err(|_| Problem::conflict(Message::new("api.upload-gone")))?;
    let new = store::NewImport { name: title(&upload), owner: caller.actor() };
    let act = caller.act(&app, "import.mapping", format!("import:{}", new.name), json!({ "tables": mappings.len() }));
    let import = app.store.begin_import(&new, &act).await?;
    let only = mappings.iter().map(|mapping| mapping.path.clone()).collect();
    let params = ImportParams { upload: params.upload, import: Some(import), mappings, only };
    let accepted = accept(&app, &caller, JobKind::Import, params, &upload).await?;
    // The new job reads the tables; the one that asked about them is over.
    jobs::settle(&app, &job, store::JobState::Done, &app.act()).await?;
    Ok(accepted)
}

/// The files of an import that nobody will read any more.
pub(super) async fn forget_upload(app: &App, job: &store::Job) {
    if let Ok(params) = serde_json::from_value::<ImportParams>(job.params.clone())
        && !params.upload.is_empty()
    {
        let _ = tokio::fs::remove_dir_all(app.place.data_directory.join(UPLOADS).join(params.upload)).await;
    }
}

async fn import_job(app: &App, id: &str) -> Result<store::Job, Problem> {
    let job = app.store.job(jobs::job_id(id)?).await?;
    let imports = [JobKind::Import, JobKind::KnowledgeImport].map(|kind| crate::session::word(&kind));
    if imports.contains(&job.kind) { Ok(job) } else { Err(Problem::not_found("import", id)) }
}

/// What the judgement stands on, with its age.
#[utoipa::path(get, path = "/api/v1/knowledge", tag = "imports", responses((status = 200, body = KnowledgeInfo)))]
pub async fn knowledge(State(app): State<App>) -> Answer<KnowledgeInfo> {
    let knowledge = app.knowledge();
    Ok(axum::Json(KnowledgeInfo {
        parts: ages(&app).await?,
        weapons: knowledge.weapons.len() as u64,
        version: crate::rooms::knowledge_version(&knowledge),
    }))
}

/// Knowledge older than this is marked.
const STALE_DAYS: i32 = 120;

/// Age of each part of the knowledge.
pub(super) async fn ages(app: &App) -> Result<Vec<KnowledgeAge>, Problem> {
    let knowledge = app.knowledge();
    let today = app.day();
    let stale = |date: Option<jiff::civil::Date>| date.is_none_or(|date| (today - date).get_days() > STALE_DAYS);
    let content = Some(knowledge.dated());
    let catalogue = knowledge.catalogue.as_of();
    let mut parts = vec![
        KnowledgeAge {
            part: "weapons".to_owned(),
            version: knowledge.digest().chars().take(12).collect(),
            date: content,
            rows: knowledge.weapons.len() as u64,
            stale: stale(content),
        },
        KnowledgeAge {
            part: "catalogue".to_owned(),
            version: knowledge.catalogue.sources().iter().cloned().collect::<Vec<_>>().join(", "),
            date: catalogue,
            rows: knowledge.catalogue.counts().vulnerabilities,
            stale: stale(catalogue),
        },
    ];
    for overlay in app.store.overlays().await? {
        let date = overlay.released.get(..10).and_then(|text| text.parse().ok());
        parts.push(KnowledgeAge {
            part: format!("import:{}", overlay.kind),
            version: overlay.name,
            date,
            rows: 0,
            stale: stale(date),
        });
    }
    Ok(parts)
}
