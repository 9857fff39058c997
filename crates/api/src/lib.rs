//! Routes and wire types of the HTTP API, with its OpenAPI description. No judgement happens here.

pub mod access;
pub mod openapi;
mod problem;
pub mod routes;
pub mod session;
pub mod state;
pub mod wire;

pub use problem::Problem;
