//! The server and its audit log.

use super::Answer;
use crate::Problem;
use crate::wire::{jobs::Job, system::*};
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// The audit log, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "system", params(AuditQuery), responses((status = 200, body = AuditPage)))]
pub async fn audit(Query(_query): Query<AuditQuery>) -> Answer<AuditPage> {
    Err(Problem::not_wired())
}

/// Checks the hash chain of the whole audit log.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "system", responses((status = 200, body = AuditVerification)))]
pub async fn verify_audit() -> Answer<AuditVerification> {
    Err(Problem::not_wired())
}

/// The server itself.
#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses((status = 200, body = SystemInfo)))]
pub async fn system() -> Answer<SystemInfo> {
    Err(Problem::not_wired())
}

/// Makes a backup in the data directory.
#[utoipa::path(post, path = "/api/v1/system/backup", tag = "system", responses((status = 202, body = Job)))]
pub async fn backup() -> Result<(StatusCode, Json<Job>), Problem> {
    Err(Problem::not_wired())
}
