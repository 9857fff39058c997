//! The server itself and its audit log.

use super::{Answer, jobs};
use crate::Problem;
use crate::access::Role;
use crate::extract::Query;
use crate::session::{self, Caller};
use crate::state::App;
use crate::wire::jobs::{Job, JobKind};
use crate::wire::system::*;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use store::{AuditBreak, AuditFilter};

/// The audit log, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "system", params(AuditQuery), responses((status = 200, body = AuditPage)))]
pub async fn audit(State(app): State<App>, Query(query): Query<AuditQuery>) -> Answer<AuditPage> {
    let filter = AuditFilter { actor: query.actor, action: query.action, object: query.object, ..Default::default() };
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let found = app.store.audit(&filter, query.cursor.as_deref(), limit).await?;
    Ok(Json(AuditPage { entries: found.rows.into_iter().map(entry).collect(), next: found.next }))
}

fn entry(record: store::AuditRecord) -> AuditEntry {
    let mut detail = record.params;
    let address = detail.as_object_mut().and_then(|map| map.remove("address"));
    AuditEntry {
        sequence: record.seq,
        at: record.at,
        actor: record.actor,
        address: address.and_then(|address| address.as_str().map(str::to_owned)),
        action: record.action,
        object: record.object,
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
