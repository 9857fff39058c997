//! Questions about the whole fleet.
use crate::{Problem, state::App, wire::fleet::*};
pub async fn actions(app: &App) -> Result<FleetActions, Problem> {
    Ok(FleetActions { day: app.day(), actions: Vec::new(), left: 0 })
}
pub async fn what_if(_app: &App, _request: WhatIf) -> Result<WhatIfAnswer, Problem> {
    Err(Problem::not_wired())
}
