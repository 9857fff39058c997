//! Starts hunts: by a person, and by a list of indicators that came in.

use crate::Problem;
use crate::session::word;
use crate::state::App;
use crate::wire::jobs::{JobKind, Notice};
use model::Message;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, HuntId, NewHunt, NewJob};

/// What the job of a hunt is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HuntParams {
    pub hunt: HuntId,
}

/// Queues the job of a hunt that has what it looks for.
pub async fn queue(app: &App, hunt: HuntId, wanted: u64, owner: &str, act: &Act) -> Result<i64, Problem> {
    let params = serde_json::to_value(HuntParams { hunt }).map_err(Problem::internal)?;
    let job = NewJob { kind: word(&JobKind::Hunt), params, owner: owner.to_owned(), home: String::new() };
    let job = app.store.queue_hunt(hunt, wanted, &job, act).await?;
    app.notify(Notice::Hunt { hunt });
    app.ring();
    Ok(job)
}

/// New intelligence: who met it before, in everything that is kept. Gives nothing where there is no lake to ask.
pub async fn of_list(app: &App, list: i64, source: &str, added: u64, owner: &str) -> Result<Option<HuntId>, Problem> {
    if app.lake.get().is_err() {
        return Ok(None);
    }
    let new = NewHunt { name: source.to_owned(), owner: owner.to_owned(), list: Some(list), since: None, until: None };
    let params = json!({ "list": list, "indicators": added });
    let act = app.act().recorded(owner, "hunt.start", &format!("hunt:{source}"), params);
    let hunt = app.store.begin_hunt(&new, &act).await?;
    queue(app, hunt, added, owner, &app.act()).await?;
    Ok(Some(hunt))
}

/// A hunt whose list could not be read looks for nothing.
pub async fn give_up(app: &App, hunt: HuntId) {
    if let Err(error) = app.store.remove_hunt(hunt, &app.act()).await {
        tracing::error!(cause = %error, hunt, "cannot remove a hunt that was not begun");
    }
}

/// That nothing to look for was said.
pub fn nothing() -> Problem {
    Problem::bad_request(Message::new("api.hunt-nothing"))
}
