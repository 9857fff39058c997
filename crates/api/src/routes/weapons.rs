//! Weapons, exposures and the relation graph.

use super::Answer;
use crate::Problem;
use crate::wire::{hosts::ExportQuery, weapons::*};
use axum::{
    Json,
    extract::{Multipart, Path, Query},
    http::StatusCode,
    response::Response,
};

/// All weapons with how many hosts are in each state.
#[utoipa::path(get, path = "/api/v1/weapons", tag = "weapons", responses((status = 200, body = Vec<WeaponRow>)))]
pub async fn weapons() -> Answer<Vec<WeaponRow>> {
    Err(Problem::not_wired())
}

/// Everything the knowledge says of a weapon.
#[utoipa::path(get, path = "/api/v1/weapons/{id}", tag = "weapons", responses((status = 200, body = WeaponDetail)))]
pub async fn weapon(Path(_id): Path<String>) -> Answer<WeaponDetail> {
    Err(Problem::not_wired())
}

/// The host × weapon table.
#[utoipa::path(get, path = "/api/v1/exposures", tag = "weapons", params(ExposureQuery), responses((status = 200, body = ExposurePage)))]
pub async fn exposures(Query(_query): Query<ExposureQuery>) -> Answer<ExposurePage> {
    Err(Problem::not_wired())
}

/// The host × weapon table as CSV or JSON.
#[utoipa::path(get, path = "/api/v1/exposures.export", tag = "weapons", params(ExposureQuery, ExportQuery), responses((status = 200, content((Vec<u8> = "text/csv")))))]
pub async fn export_exposures(
    Query(_query): Query<ExposureQuery>,
    Query(_export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    Err(Problem::not_wired())
}

/// The relation graph weapon – vulnerability – system, with the hosts of this network.
#[utoipa::path(get, path = "/api/v1/graph", tag = "weapons", params(GraphQuery), responses((status = 200, content((Graph = "application/json"), (String = "text/csv"), (String = "application/graphml+xml"), (String = "text/vnd.graphviz")))))]
pub async fn graph(Query(_query): Query<GraphQuery>) -> Result<Response, Problem> {
    Err(Problem::not_wired())
}
