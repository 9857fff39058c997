//! Scripts, bundles and runbooks.

use super::Answer;
use crate::Problem;
use crate::wire::hosts::*;
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// The scripts of a host's plan.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/scripts", tag = "downloads", responses((status = 200, body = Vec<ScriptInfo>)))]
pub async fn scripts(Path(_id): Path<String>) -> Answer<Vec<ScriptInfo>> {
    Err(Problem::not_wired())
}

/// One script, with the bytes to run.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/scripts/{name}", tag = "downloads", responses((status = 200, content((Vec<u8> = "application/octet-stream")))))]
pub async fn script(Path((_id, _name)): Path<(String, String)>) -> Result<Response, Problem> {
    Err(Problem::not_wired())
}

/// All scripts of a host and its runbook.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/bundle.zip", tag = "downloads", responses((status = 200, content((Vec<u8> = "application/zip")))))]
pub async fn bundle(Path(_id): Path<String>) -> Result<Response, Problem> {
    Err(Problem::not_wired())
}

/// The printable runbook of a host.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/runbook", tag = "downloads", params(RunbookQuery, ("id" = String, Path)), responses((status = 200, content((Vec<u8> = "text/html"), (Vec<u8> = "application/pdf")))))]
pub async fn runbook(Path(_id): Path<String>, Query(_query): Query<RunbookQuery>) -> Result<Response, Problem> {
    Err(Problem::not_wired())
}
