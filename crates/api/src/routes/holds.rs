//! Holding records: what stays although it is old or too much.

use super::Answer;
use crate::extract::{Json, Path};
use crate::session::Caller;
use crate::state::App;
use crate::wire::holds::*;
use crate::{Problem, holds};
use axum::extract::State;
use axum::http::StatusCode;
use model::Message;
use serde_json::json;
use store::HeldRecords;

const NAME_CHARS_MAX: usize = 120;

/// What is held, and how much that is.
#[utoipa::path(get, path = "/api/v1/holds", tag = "network", responses((status = 200, body = HoldList)))]
pub async fn held(State(app): State<App>) -> Answer<HoldList> {
    let all = app.store.holds().await?;
    // Of a lake that cannot be read it is not known how much is held; it is held all the same.
    let view = app.lake.get().ok().map(|lake| lake.view());
    let size = |held: &lake::Held| view.as_ref().map_or((0, 0), |view| holds::size(view, held));
    let mut rows = Vec::new();
    for hold in &all {
        let (files, bytes) = size(&holds::held(&app, std::slice::from_ref(hold)).await?);
        let (hunt, since, until) = match hold.of {
            HeldRecords::Hunt(hunt) => (Some(hunt), None, None),
            HeldRecords::Time { since, until } => (None, since, until),
        };
        let (name, by) = (hold.name.clone(), hold.owner.clone());
        rows.push(HoldRow { id: hold.id, name, by, created: hold.created, hunt, since, until, files, bytes });
    }
    let (files, bytes) = size(&holds::held(&app, &all).await?);
    Ok(axum::Json(HoldList { rows, files, bytes }))
}

/// Has records stay until the hold is removed.
#[utoipa::path(post, path = "/api/v1/holds", tag = "network", request_body = NewHold,
    responses((status = 201, body = HoldMade)))]
pub async fn hold(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewHold>,
) -> Result<(StatusCode, axum::Json<HoldMade>), Problem> {
    let name: String = new.name.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    if name.is_empty() {
        return Err(Problem::bad_request(Message::new("api.hold-no-name")));
    }
    // There are no records of before 1970: a time that begins then has no beginning, and none ends then.
    let since = new.since.filter(|since| since.as_microsecond() > 0);
    if new.until.is_some_and(|until| until.as_microsecond() <= 0) {
        return Err(Problem::bad_request(Message::new("api.hold-nothing")));
    }
    let of = match (new.hunt, since, new.until) {
        (Some(hunt), None, None) => HeldRecords::Hunt(hunt),
        (None, since, until) if since.is_some() || until.is_some() => HeldRecords::Time { since, until },
        _ => return Err(Problem::bad_request(Message::new("api.hold-nothing"))),
    };
    if let HeldRecords::Time { since: Some(since), until: Some(until) } = of
        && since >= until
    {
        return Err(Problem::bad_request(Message::new("api.hunt-no-time")));
    }
    let params = json!({ "hunt": new.hunt, "since": new.since, "until": new.until });
    let act = caller.act(&app, "hold.add", format!("hold:{name}"), params);
    let new = store::NewHold { name, owner: caller.actor(), of };
    match app.store.add_hold(&new, &act).await? {
        Some(id) => Ok((StatusCode::CREATED, axum::Json(HoldMade { id }))),
        None => Err(Problem::bad_request(Message::new("api.hold-too-many").number("count", store::HOLDS_MAX))),
    }
}

/// Lets the records go with the others of their age again.
#[utoipa::path(delete, path = "/api/v1/holds/{id}", tag = "network", responses((status = 204)))]
pub async fn release_hold(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let number = id.parse().map_err(|_| Problem::not_found("hold", &id))?;
    let hold = app.store.hold(number).await?;
    let act = caller.act(&app, "hold.release", format!("hold:{}", hold.name), json!({}));
    app.store.remove_hold(number, &act).await?;
    Ok(StatusCode::NO_CONTENT)
}
