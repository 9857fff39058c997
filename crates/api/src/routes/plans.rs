//! Plans: the board, moving plans on, and the results that scripts bring back.

use super::{Answer, hosts};
use crate::access::Permission;
use crate::extract::{Json, Path, Query};
use crate::session::Caller;
use crate::state::App;
use crate::wire::hosts::HostQuery;
use crate::wire::imports::UploadForm;
use crate::wire::jobs::Notice;
use crate::wire::plans::*;
use crate::{Problem, upload};
use axum::extract::{Multipart, State};
use model::{Message, PlanId, PlanState};
use serde_json::json;
use store::{PageQuery, PlanFilter, PlanMove, PlanRecord};

const NOTE_CHARACTERS_MAX: usize = 2000;
/// A result file is a few kilobytes; ten thousand hosts may bring theirs at once.
const RESULT_BYTES_MAX: u64 = 1 << 20;

/// The board of plans.
#[utoipa::path(get, path = "/api/v1/plans", tag = "plans", params(PlanQuery), responses((status = 200, body = PlanBoard)))]
pub async fn plans(State(app): State<App>, caller: Caller, Query(query): Query<PlanQuery>) -> Answer<PlanBoard> {
    let hosts_query = HostQuery {
        q: query.q.clone(),
        weapon: query.weapon.clone(),
        zone: query.zone.clone(),
        group: query.group.clone(),
        timeline: query.timeline,
        ..HostQuery::default()
    };
    let mut assets = hosts::filter(&app, &hosts_query).await?;
    let counts = app.store.board(&assets, app.day()).await?;
    assets.plan_state = query.state.into_iter().collect();
    let page =
        PageQuery { sort: Vec::new(), cursor: query.cursor.clone(), limit: query.limit.unwrap_or(50).clamp(1, 500) };
    let found = app.store.plans(&PlanFilter { assets, due_before: None }, &page).await?;
    let cards = found
        .rows
        .into_iter()
        .map(|card| PlanCard { standing: standing(&card.record, &caller), host: hosts::row(card.asset) });
    Ok(axum::Json(PlanBoard {
        counts: counts.into_iter().map(count).collect(),
        cards: cards.collect(),
        total: found.total.unsigned_abs(),
        next: found.next,
    }))
}

/// Moves a plan on; approving and exceptions need the permission for it.
#[utoipa::path(post, path = "/api/v1/plans/{id}/transition", tag = "plans", responses((status = 200, body = PlanStanding)))]
pub async fn move_plan(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<Transition>,
) -> Answer<PlanStanding> {
    if !may_go_to(&caller, request.to) {
        return Err(Problem::forbidden(Message::new("api.forbidden").with("needs", "approve-plans")));
    }
    let note = request.note.unwrap_or_default();
    if note.chars().count() > NOTE_CHARACTERS_MAX {
        return Err(Problem::bad_request(Message::new("api.text-long").number("max", NOTE_CHARACTERS_MAX as i64)));
    }
    if request.until.is_some_and(|until| until <= app.day()) {
        return Err(Problem::bad_request(Message::new("api.until-past")));
    }
    let step = PlanMove {
        plan: PlanId(id.clone()),
        from: request.from,
        to: request.to,
        due: request.until,
        note: note.clone(),
        actor: caller.actor(),
    };
    let detail = json!({ "from": step.from, "to": step.to, "until": step.due, "note": note });
    let act = caller.act(&app, "plan.move", format!("plan:{id}"), detail);
    let record = app.store.move_plan(&step, &act).await?;
    app.notify(Notice::Plans { plan: id });
    Ok(axum::Json(standing(&record, &caller)))
}

/// Result files that the scripts wrote: plans become verified or failed.
#[utoipa::path(post, path = "/api/v1/results", tag = "plans",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ResultsReport)))]
pub async fn results(State(app): State<App>, caller: Caller, form: Multipart) -> Answer<ResultsReport> {
    let files = upload::small_files(form, RESULT_BYTES_MAX, app.place.upload_bytes_max).await?;
    let mut outcomes = Vec::with_capacity(files.len());
    for file in files {
        outcomes.push(crate::results::take(&app, &caller, file).await?);
    }
    Ok(axum::Json(ResultsReport { files: outcomes }))
}

/// Approving is the security administrator's: to run, and to leave as it is for a while.
pub(super) fn may_go_to(caller: &Caller, to: PlanState) -> bool {
    match to {
        PlanState::Running | PlanState::Exception => caller.may(Permission::ApprovePlans),
        _ => caller.may(Permission::WorkPlans),
    }
}

pub(super) fn standing(record: &PlanRecord, caller: &Caller) -> PlanStanding {
    let next = store::BOARD
        .into_iter()
        .filter(|to| record.current && store::may_move(record.state, *to) && may_go_to(caller, *to))
        .collect();
    PlanStanding {
        plan: record.plan.clone(),
        state: record.state,
        until: record.due,
        changed: record.changed,
        current: record.current,
        next,
    }
}

pub(super) fn event(kept: store::PlanEvent) -> PlanEvent {
    PlanEvent {
        plan: kept.plan,
        at: kept.at,
        from: kept.from,
        to: kept.to,
        by: kept.actor,
        until: kept.due,
        note: kept.note,
    }
}

pub(super) fn count(column: store::BoardColumn) -> PlanCount {
    PlanCount { state: column.state, count: column.plans.unsigned_abs(), overdue: column.overdue.unsigned_abs() }
}
