//! Hosts.

use super::Answer;
use crate::Problem;
use crate::wire::hosts::*;
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// The asset table.
#[utoipa::path(get, path = "/api/v1/hosts", tag = "hosts", params(HostQuery), responses((status = 200, body = HostPage)))]
pub async fn hosts(Query(_query): Query<HostQuery>) -> Answer<HostPage> {
    Err(Problem::not_wired())
}

/// All hosts that the filters let through, as CSV or JSON.
#[utoipa::path(get, path = "/api/v1/hosts.export", tag = "hosts", params(HostQuery, ExportQuery), responses((status = 200, content((Vec<u8> = "text/csv")))))]
pub async fn export_hosts(
    Query(_query): Query<HostQuery>,
    Query(_export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    Err(Problem::not_wired())
}

/// One host with all that is judged of it.
#[utoipa::path(get, path = "/api/v1/hosts/{id}", tag = "hosts", responses((status = 200, body = HostDetail)))]
pub async fn host(Path(_id): Path<String>) -> Answer<HostDetail> {
    Err(Problem::not_wired())
}

/// Forgets a host with its history.
#[utoipa::path(delete, path = "/api/v1/hosts/{id}", tag = "hosts", responses((status = 204)))]
pub async fn delete_host(Path(_id): Path<String>) -> Result<StatusCode, Problem> {
    Err(Problem::not_wired())
}

/// What each source said of a host.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/history", tag = "hosts", responses((status = 200, body = HostHistory)))]
pub async fn host_history(Path(_id): Path<String>) -> Answer<HostHistory> {
    Err(Problem::not_wired())
}

/// Sets what the business says of a host, and judges it again.
#[utoipa::path(patch, path = "/api/v1/hosts/{id}/business", tag = "hosts", responses((status = 200, body = HostDetail)))]
pub async fn change_business(Path(_id): Path<String>, Json(_request): Json<BusinessPatch>) -> Answer<HostDetail> {
    Err(Problem::not_wired())
}
