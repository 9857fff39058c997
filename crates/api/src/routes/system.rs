//! The server itself and its audit log.

use super::{Answer, jobs};
use crate::Problem;
use crate::access::Role;
use crate::extract::{Path, Query};
use crate::session::{self, Caller};
use crate::state::App;
use crate::table::{self, Column};
use crate::wire::hosts::ExportQuery;
use crate::wire::jobs::{Job, JobKind};
use crate::wire::system::*;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use model::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{AuditBreak, AuditFilter};
use tokio::io::AsyncReadExt;

/// A backup goes out in pieces of this size: it may be larger than the memory.
const PIECE_BYTES: usize = 256 * 1024;

/// The audit log, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "system", params(AuditQuery), responses((status = 200, body = AuditPage)))]
pub async fn audit(State(app): State<App>, Query(query): Query<AuditQuery>) -> Answer<AuditPage> {
    let filter = filter(&query);
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let found = app.store.audit(&filter, query.cursor.as_deref(), limit).await?;
    Ok(Json(AuditPage { entries: entries(&app, found.rows).await?, next: found.next }))
}

fn filter(query: &AuditQuery) -> AuditFilter {
    AuditFilter {
        actor: query.actor.clone(),
        action: query.action.clone(),
        object: query.object.clone(),
        ..Default::default()
    }
}

/// The audit log that the filters let through, as CSV or JSON, newest first.
#[utoipa::path(get, path = "/api/v1/audit.export", tag = "system", params(AuditQuery, ExportQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<AuditEntry> = "application/json")))))]
pub async fn export_audit(
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
    Query(export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    const ROWS_MAX: usize = 200_000;
    let filter = filter(&query);
    let mut rows = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let found = app.store.audit(&filter, cursor.as_deref(), 500).await?;
        rows.extend(entries(&app, found.rows).await?);
        cursor = found.next;
        if cursor.is_none() {
            break;
        }
        if rows.len() >= ROWS_MAX {
            return Err(Problem::bad_request(Message::new("api.export-large").number("max", ROWS_MAX as i64)));
        }
    }
    table::download("audit", export.format, export.lang.into(), COLUMNS, &rows)
}

const COLUMNS: &[Column<AuditEntry>] = &[
    ("sequence", |row| row.sequence.to_string()),
    ("at", |row| row.at.to_string()),
    ("actor", |row| row.actor.clone()),
    ("address", |row| row.address.clone().unwrap_or_default()),
    ("action", |row| row.action.clone()),
    ("object", |row| row.object.clone()),
    ("name", |row| row.name.clone().unwrap_or_default()),
    ("detail", |row| row.detail.to_string()),
    ("hash", |row| row.hash.clone()),
];

async fn entries(app: &App, records: Vec<store::AuditRecord>) -> Result<Vec<AuditEntry>, Problem> {
    let objects = records.iter().map(|record| record.object.as_str()).collect();
    let names = app.store.object_names(&objects).await?;
    Ok(records.into_iter().map(|record| entry(record, &names)).collect())
}

fn entry(record: store::AuditRecord, names: &BTreeMap<String, String>) -> AuditEntry {
    let mut detail = record.params;
    // What is gone has its name only where the record took it along.
    let kept = || detail.get("label").or(detail.get("name")).and_then(Value::as_str).map(str::to_owned);
    let name = names.get(&record.object).cloned().or_else(kept);
    let address = detail.as_object_mut().and_then(|map| map.remove("address"));
    AuditEntry {
        sequence: record.seq,
        at: record.at,
        actor: record.actor,
        address: address.and_then(|address| address.as_str().map(str::to_owned)),
        action: record.action,
        object: record.object,
        name,
        detail,
        hash: record.hash,
    }
}

/// Checks the hash chain of the whole audit log.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "system", responses((status = 200, body = AuditVerification)))]
pub async fn verify_audit(State(app): State<App>) -> Answer<AuditVerification> {
    let report = app.store.verify_audit().await?;
    let broken_at = report.broken.map(|broken| match broken {
        AuditBreak::Changed { seq } | AuditBreak::Gap { seq } | AuditBreak::CutOff { seq } => seq,
    });
    Ok(Json(AuditVerification { whole: broken_at.is_none(), entries: report.records.unsigned_abs(), broken_at }))
}

/// The server itself.
#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses((status = 200, body = SystemInfo)))]
pub async fn system(State(app): State<App>) -> Answer<SystemInfo> {
    let users = app.store.users().await?;
    let separated = users.iter().filter(|user| !user.disabled).all(|user| Role::may_be_combined(&session::roles(user)));
    let place = &app.place;
    Ok(Json(SystemInfo {
        version: place.version.clone(),
        started: place.started,
        now: app.now(),
        data_directory: place.data_directory.display().to_string(),
        database: app.store.describe(),
        schema: store::Store::schema_version(),
        memory_bytes: memory_bytes(),
        listen: place.listen.clone(),
        tls: place.tls.clone(),
        accounts: users.len() as u64,
        duties_separated: separated,
        backups: backups(&app).await,
    }))
}

/// Makes a backup in the data directory.
#[utoipa::path(post, path = "/api/v1/system/backup", tag = "system", responses((status = 202, body = Job)))]
pub async fn backup(State(app): State<App>, caller: Caller) -> Result<(StatusCode, Json<Job>), Problem> {
    let job = jobs::queue(&app, &caller, JobKind::Backup, Value::Null, "backup.create").await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// One backup, to keep it elsewhere: a disk that dies takes its own backups with it.
#[utoipa::path(get, path = "/api/v1/system/backups/{name}", tag = "system",
    responses((status = 200, content((Vec<u8> = "application/octet-stream")))))]
pub async fn download_backup(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    // Only a name of the list: it cannot lead out of the folder.
    let kept = backups(&app).await.into_iter().find(|file| file.name == name);
    let kept = kept.ok_or_else(|| Problem::not_found("backup", &name))?;
    let place = app.place.data_directory.join("backups").join(&kept.name);
    let file = tokio::fs::File::open(place).await.map_err(Problem::internal)?;
    let entry = store::AuditEntry {
        actor: caller.actor(),
        action: "backup.download".to_owned(),
        object: format!("backup:{}", kept.name),
        params: session::with_address(json!({ "bytes": kept.bytes }), &caller.address),
    };
    app.store.record(&entry, app.now()).await?;
    let mut response = table::file(&kept.name, "application/octet-stream", Vec::new());
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(kept.bytes));
    *response.body_mut() = pieces(file.take(kept.bytes));
    Ok(response)
}

pub(super) fn pieces(file: tokio::io::Take<tokio::fs::File>) -> Body {
    Body::from_stream(stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
    }))
}

async fn backups(app: &App) -> Vec<BackupFile> {
    let mut found = Vec::new();
    let Ok(mut folder) = tokio::fs::read_dir(app.place.data_directory.join("backups")).await else { return found };
    while let Ok(Some(entry)) = folder.next_entry().await {
        let Ok(meta) = entry.metadata().await else { continue };
        let made = meta.modified().ok().and_then(|at| jiff::Timestamp::try_from(at).ok());
        if let (true, Some(made)) = (meta.is_file(), made) {
            found.push(BackupFile { name: entry.file_name().to_string_lossy().into_owned(), bytes: meta.len(), made });
        }
    }
    found.sort_by_key(|file| std::cmp::Reverse(file.made));
    found
}

/// Resident memory, where the system tells (Linux).
pub(crate) fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}
