//! Imports of facts and knowledge.

use super::Answer;
use crate::Problem;
use crate::wire::{imports::*, system::KnowledgeInfo};
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// Sends in files of facts; a job reads them.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports", request_body(content = UploadForm, content_type = "multipart/form-data"), responses((status = 202, body = ImportAccepted)))]
pub async fn create_import(_form: Multipart) -> Result<(StatusCode, Json<ImportAccepted>), Problem> {
    Err(Problem::not_wired())
}

/// What became of an import.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", responses((status = 200, body = ImportDetail)))]
pub async fn import(Path(_id): Path<String>) -> Answer<ImportDetail> {
    Err(Problem::not_wired())
}

/// Says what the columns of tables mean, and goes on with the import.
#[utoipa::path(post, path = "/api/v1/imports/{id}/mapping", tag = "imports", responses((status = 200, body = ImportAccepted)))]
pub async fn map_columns(Path(_id): Path<String>, Json(_request): Json<Vec<TableMapping>>) -> Answer<ImportAccepted> {
    Err(Problem::not_wired())
}

/// Sends in knowledge: definitions, KEV, EPSS, CSAF, wsusscn2.cab.
#[utoipa::path(post, path = "/api/v1/knowledge/imports", tag = "imports", request_body(content = UploadForm, content_type = "multipart/form-data"), responses((status = 202, body = ImportAccepted)))]
pub async fn import_knowledge(_form: Multipart) -> Result<(StatusCode, Json<ImportAccepted>), Problem> {
    Err(Problem::not_wired())
}

/// What the judgement stands on, with its age.
#[utoipa::path(get, path = "/api/v1/knowledge", tag = "imports", responses((status = 200, body = KnowledgeInfo)))]
pub async fn knowledge() -> Answer<KnowledgeInfo> {
    Err(Problem::not_wired())
}
