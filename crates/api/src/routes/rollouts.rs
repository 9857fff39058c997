//! Roll-outs: beginning one, how far each is, and ending one.

use super::Answer;
use crate::extract::{Json, Path};
use crate::session::Caller;
use crate::state::App;
use crate::wire::jobs::Notice;
use crate::wire::rollouts::*;
use crate::{Problem, rollouts as room};
use axum::extract::State;
use serde_json::Value;

/// The roll-outs that go on.
#[utoipa::path(get, path = "/api/v1/rollouts", tag = "fleet", responses((status = 200, body = RolloutList)))]
pub async fn rollouts(State(app): State<App>) -> Answer<RolloutList> {
    let rollouts = app.store.rollouts().await?.into_iter().map(room::show).collect();
    Ok(axum::Json(RolloutList { rollouts }))
}

/// Rolls an action out in rings. Until a ring opens, the plans of its hosts are not approved.
#[utoipa::path(post, path = "/api/v1/rollouts", tag = "fleet", responses((status = 200, body = Rollout)))]
pub async fn start_rollout(State(app): State<App>, caller: Caller, Json(request): Json<NewRollout>) -> Answer<Rollout> {
    let started = room::start(&app, &caller, request).await?;
    app.notify(Notice::Hosts { changed: 0 });
    Ok(axum::Json(started))
}

/// Ends a roll-out: its rings hold nothing back any more. What was done stays done.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/end", tag = "fleet", responses((status = 200, body = Rollout)))]
pub async fn end_rollout(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<Rollout> {
    let number = id.parse().map_err(|_| Problem::not_found("rollout", &id))?;
    let act = caller.act(&app, "rollout.end", format!("rollout:{id}"), Value::Null);
    app.store.end_rollout(number, &act).await?;
    app.notify(Notice::Hosts { changed: 0 });
    Ok(axum::Json(room::show(app.store.rollout(number).await?)))
}
