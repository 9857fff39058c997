//! Jobs and notices.

use super::Answer;
use crate::Problem;
use crate::wire::{PageQuery, jobs::*};
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// Jobs, newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(PageQuery), responses((status = 200, body = JobList)))]
pub async fn jobs(Query(_query): Query<PageQuery>) -> Answer<JobList> {
    Err(Problem::not_wired())
}

/// One job with its log.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "jobs", responses((status = 200, body = JobDetail)))]
pub async fn job(Path(_id): Path<String>) -> Answer<JobDetail> {
    Err(Problem::not_wired())
}

/// Asks a job to stop.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs", responses((status = 200, body = Job)))]
pub async fn cancel_job(Path(_id): Path<String>) -> Answer<Job> {
    Err(Problem::not_wired())
}

/// Progress of one job as server-sent events; each `data` is a `Job`.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/events", tag = "jobs", responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn job_events(Path(_id): Path<String>) -> Result<Response, Problem> {
    Err(Problem::not_wired())
}

/// Notices as server-sent events; each `data` is a `Notice`.
#[utoipa::path(get, path = "/api/v1/events", tag = "jobs", responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn events() -> Result<Response, Problem> {
    Err(Problem::not_wired())
}
