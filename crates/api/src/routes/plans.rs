//! Plans: the board, moving plans on, and the results that scripts bring back.

use super::{Answer, hosts, jobs};
use crate::access::Permission;
use crate::extract::{Json, Path, Query};
use crate::moves::{self, Chosen, Order};
use crate::rollouts::Gate;
use crate::session::{self, Caller};
use crate::state::App;
use crate::wire::hosts::HostQuery;
use crate::wire::imports::UploadForm;
use crate::wire::jobs::{JobKind, Notice};
use crate::wire::plans::*;
use crate::{Problem, upload};
use axum::extract::{Multipart, State};
use model::{Message, PlanId, PlanState};
use serde_json::json;
use store::{PageQuery, PlanFilter, PlanMove, PlanRecord};

const NOTE_CHARACTERS_MAX: usize = 2000;
/// Plans named one by one in a request.
const PLANS_NAMED_MAX: usize = 500;
/// Plans moved while the caller waits: half a second of work. Those that are named are never a job's, which after a
/// restart could not tell the ones it moved from the ones that stay.
const MOVED_NOW_MAX: usize = PLANS_NAMED_MAX;
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
        rollout: query.rollout,
        ring: query.ring,
        ..HostQuery::default()
    };
    let mut assets = hosts::filter(&app, &hosts_query).await?;
    let counts = app.store.board(&assets, app.day()).await?;
    assets.plan_state = query.state.into_iter().collect();
    let page =
        PageQuery { sort: Vec::new(), cursor: query.cursor.clone(), limit: query.limit.unwrap_or(50).clamp(1, 500) };
    let found = app.store.plans(&PlanFilter { assets, due_before: None }, &page).await?;
    let ids: Vec<_> = found.rows.iter().map(|card| card.asset.id.clone()).collect();
    let mut held = Gate::now(&app).await?.held(&app, &ids).await?;
    let cards = found.rows.into_iter().map(|card| PlanCard {
        standing: standing(&card.record, &caller, held.remove(&card.asset.id)),
        host: hosts::row(card.asset),
    });
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
    let note = request.note.unwrap_or_default();
    check_move(&app, &caller, request.to, &note, request.until)?;
    let step = PlanMove {
        plan: PlanId(id.clone()),
        from: request.from,
        to: request.to,
        due: request.until,
        note: note.clone(),
        actor: caller.actor(),
    };
    if step.to == PlanState::Running {
        let host = app.store.plan(&step.plan).await?.host;
        let held = Gate::now(&app).await?.held(&app, std::slice::from_ref(&host)).await?;
        if let Some(reason) = held.into_values().next() {
            return Err(Problem::conflict(reason));
        }
    }
    let detail = json!({ "from": step.from, "to": step.to, "until": step.due, "note": note });
    let act = caller.act(&app, "plan.move", format!("plan:{id}"), detail);
    let record = app.store.move_plan(&step, &act).await?;
    app.notify(Notice::Plans { plan: id });
    standing_now(&app, &record, &caller).await.map(axum::Json)
}

/// Moves many plans on: those that are named, or all that a filter lets through. Each move is recorded by itself; plans
/// that stay are told with their reasons. More than a few hundred are moved by a job.
#[utoipa::path(post, path = "/api/v1/plans/moves", tag = "plans", responses((status = 200, body = Moved)))]
pub async fn move_many(State(app): State<App>, caller: Caller, Json(request): Json<MoveMany>) -> Answer<Moved> {
    let note = request.note.clone().unwrap_or_default();
    check_move(&app, &caller, request.to, &note, request.until)?;
    let chosen = match &request.filter {
        _ if request.plans.len() > PLANS_NAMED_MAX => {
            return Err(Problem::bad_request(Message::new("api.plans-named").number("max", PLANS_NAMED_MAX as i64)));
        }
        _ if !request.plans.is_empty() => Chosen::Plans(request.plans.clone()),
        Some(filter) => Chosen::Filter(Box::new(hosts::filter(&app, &selected(filter)).await?)),
        None => return Err(Problem::bad_request(Message::new("api.plans-none"))),
    };
    let order = Order {
        from: request.from,
        to: request.to,
        note,
        until: request.until,
        actor: caller.actor(),
        address: caller.address.clone(),
        asked_at: app.now(),
        chosen,
    };
    let plans = moves::chosen(&app, &order).await?;
    if let Chosen::Plans(named) = &order.chosen
        && let Some(missing) = named.iter().find(|named| plans.iter().all(|plan| plan.plan != **named))
    {
        return Err(Problem::not_found("plan", missing.as_str()));
    }
    let mut moved = Moved { asked: plans.len() as u64, ..Moved::default() };
    if plans.len() > MOVED_NOW_MAX {
        let params = serde_json::to_value(&order).map_err(Problem::internal)?;
        moved.job = Some(jobs::queue(&app, &caller, JobKind::MovePlans, params, "plan.move-many").await?);
        return Ok(axum::Json(moved));
    }
    for plans in plans.chunks(moves::AT_ONCE) {
        moves::some(&app, &order, plans, &mut moved, |_| None).await?;
    }
    app.notify(Notice::Hosts { changed: moved.moved });
    Ok(axum::Json(moved))
}

fn selected(filter: &PlanSelection) -> HostQuery {
    let PlanSelection { weapon, zone, group, timeline, q, rollout, ring } = filter.clone();
    HostQuery { weapon, zone, group, timeline, q, rollout, ring, ..HostQuery::default() }
}

/// What became of many moves that a job works on. The id is the job's.
#[utoipa::path(get, path = "/api/v1/plans/moves/{id}", tag = "plans", responses((status = 200, body = Moved)))]
pub async fn moved(State(app): State<App>, Path(id): Path<String>) -> Answer<Moved> {
    let job = app.store.job(jobs::job_id(&id)?).await?;
    if job.kind != session::word(&JobKind::MovePlans) {
        return Err(Problem::not_found("job", &id));
    }
    let kept = job.result.clone().or_else(|| job.checkpoint.clone()).unwrap_or_default();
    let moved: Moved = serde_json::from_value(kept).unwrap_or_default();
    Ok(axum::Json(Moved { job: Some(jobs::show(&job)), ..moved }))
}

/// What holds for every move, of one plan or of many.
fn check_move(
    app: &App,
    caller: &Caller,
    to: PlanState,
    note: &str,
    until: Option<jiff::civil::Date>,
) -> Result<(), Problem> {
    if !may_go_to(caller, to) {
        return Err(Problem::forbidden(Message::new("api.forbidden").with("needs", "approve-plans")));
    }
    if note.chars().count() > NOTE_CHARACTERS_MAX {
        return Err(Problem::bad_request(Message::new("api.text-long").number("max", NOTE_CHARACTERS_MAX as i64)));
    }
    if to == PlanState::Exception && until.is_none() {
        return Err(store::Error::ExceptionWithoutDue.into());
    }
    if until.is_some_and(|until| until <= app.day()) {
        return Err(Problem::bad_request(Message::new("api.until-past")));
    }
    Ok(())
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

/// Where a plan stands, with what the roll-outs hold back at this moment.
pub(super) async fn standing_now(app: &App, record: &PlanRecord, caller: &Caller) -> Result<PlanStanding, Problem> {
    let held = Gate::now(app).await?.held(app, std::slice::from_ref(&record.host)).await?;
    Ok(standing(record, caller, held.into_values().next()))
}

fn standing(record: &PlanRecord, caller: &Caller, held: Option<Message>) -> PlanStanding {
    let may_move = |to: PlanState| record.current && store::may_move(record.state, to) && may_go_to(caller, to);
    let held = held.filter(|_| may_move(PlanState::Running));
    let may_now = |to: PlanState| may_move(to) && (to != PlanState::Running || held.is_none());
    let next = store::BOARD.into_iter().filter(|to| may_now(*to)).collect();
    PlanStanding {
        plan: record.plan.clone(),
        state: record.state,
        until: record.due,
        changed: record.changed,
        current: record.current,
        next,
        held,
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
