//! Plans and results.

use super::Answer;
use crate::Problem;
use crate::wire::{imports::UploadForm, plans::*};
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// The board of plans.
#[utoipa::path(get, path = "/api/v1/plans", tag = "plans", params(PlanQuery), responses((status = 200, body = PlanBoard)))]
pub async fn plans(Query(_query): Query<PlanQuery>) -> Answer<PlanBoard> {
    Err(Problem::not_wired())
}

/// Moves a plan on; approving and exceptions need the permission for it.
#[utoipa::path(post, path = "/api/v1/plans/{id}/transition", tag = "plans", responses((status = 200, body = PlanStanding)))]
pub async fn move_plan(Path(_id): Path<String>, Json(_request): Json<Transition>) -> Answer<PlanStanding> {
    Err(Problem::not_wired())
}

/// Result files that the scripts wrote: plans become verified or failed.
#[utoipa::path(post, path = "/api/v1/results", tag = "plans", request_body(content = UploadForm, content_type = "multipart/form-data"), responses((status = 200, body = ResultsReport)))]
pub async fn results(_form: Multipart) -> Answer<ResultsReport> {
    Err(Problem::not_wired())
}
