//! Routes and wire types of the HTTP API, with its OpenAPI description. No judgement happens here.

pub mod access;
pub mod analysis;
pub mod captures;
pub mod endpoints;
mod extract;
mod falls;
pub mod file_rules;
pub mod fleet;
mod graph;
mod guard;
pub mod holds;
pub mod hunts;
pub mod indicators;
pub mod lake;
pub mod link;
pub mod moves;
pub mod openapi;
mod problem;
mod questions;
mod results;
pub mod rollouts;
pub mod rooms;
pub mod routes;
pub mod secret;
pub mod session;
mod shelf;
pub mod state;
mod table;
mod timeline;
pub mod upload;
pub mod wire;

pub use problem::Problem;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use state::App;

/// Bytes of a JSON body.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The whole API with its guards; the console is served by whoever mounts this.
pub fn router(app: App) -> Router {
    let (routes, _) = routes::all().split_for_parts();
    routes
        .route("/api/v1/openapi.json", axum::routing::get(openapi::serve))
        // Inside the router, so that the guard knows which route a request is for.
        .route_layer(from_fn_with_state(app.clone(), guard::admit))
        .route("/api/{*rest}", any(no_such_route))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(guard::shape_problems))
        .with_state(app)
}

/// What surrounds everything the server answers, console and API alike.
pub fn surround(router: Router, app: App) -> Router {
    router.layer(from_fn_with_state(app, guard::named_as_loopback)).layer(from_fn(guard::add_headers))
}

async fn no_such_route() -> axum::http::StatusCode {
    axum::http::StatusCode::NOT_FOUND
}
