//! The knowledge import job.

use crate::jobs::{Stop, Work};
use model::Message;
use serde_json::Value;

pub async fn run(_work: &Work) -> Result<Value, Stop> {
    Err(Stop::Failed(Message::new("api.internal")))
}

/// Puts imported parts of the knowledge in the place of those the product ships.
pub async fn restore(_app: &api::state::App) -> Result<(), api::Problem> {
    Ok(())
}
