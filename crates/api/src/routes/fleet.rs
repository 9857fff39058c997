//! The whole network.

use super::Answer;
use crate::Problem;
use crate::wire::{
    fleet::*,
    system::{SearchAnswer, SearchQuery},
};
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// What a person sees first.
#[utoipa::path(get, path = "/api/v1/overview", tag = "fleet", responses((status = 200, body = Overview)))]
pub async fn overview() -> Answer<Overview> {
    Err(Problem::not_wired())
}

/// The smallest set of actions that closes most, in order.
#[utoipa::path(get, path = "/api/v1/fleet/actions", tag = "fleet", responses((status = 200, body = FleetActions)))]
pub async fn fleet_actions() -> Answer<FleetActions> {
    Err(Problem::not_wired())
}

/// What would change if updates were installed or ports closed. Changes nothing.
#[utoipa::path(post, path = "/api/v1/fleet/what-if", tag = "fleet", responses((status = 200, body = WhatIfAnswer)))]
pub async fn what_if(Json(_request): Json<WhatIf>) -> Answer<WhatIfAnswer> {
    Err(Problem::not_wired())
}

/// Finds hosts, weapons, updates and vulnerabilities.
#[utoipa::path(get, path = "/api/v1/search", tag = "fleet", params(SearchQuery), responses((status = 200, body = SearchAnswer)))]
pub async fn search(Query(_query): Query<SearchQuery>) -> Answer<SearchAnswer> {
    Err(Problem::not_wired())
}
