//! Groups of endpoints, and changing what they hold to.

use super::Answer;
use super::files::reason;
use crate::Problem;
use crate::endpoints::{Held, decide, propose, seconds, stored, try_proposal};
use crate::extract::{Json, Path, Query};
use crate::session::Caller;
use crate::state::App;
use crate::wire::endpoints::*;
use axum::extract::State;
use model::Message;
use policy::approval::State as RequestState;
use policy::groups::{Group, GroupError};
use policy::{GroupId, Person};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::StoredChange;
use utoipa::IntoParams;

/// Which changes are asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Only those that wait for somebody.
    pub open: Option<bool>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// All groups.
#[utoipa::path(get, path = "/api/v1/endpoint-groups", tag = "endpoints",
    responses((status = 200, body = EndpointGroups)))]
pub async fn groups(State(app): State<App>) -> Answer<EndpointGroups> {
    let held = app.endpoints.held();
    let counts = counts(&app);
    let groups = held.tree.iter().map(|one| group(&app, &held, one, &counts)).collect::<Result<_, _>>()?;
    let denied = held.denied.values().map(|file| DeniedEverywhere {
        sha256: file.sha256,
        path: file.path.clone(),
        endpoint: file.endpoint.clone(),
        incident: file.incident.clone(),
        added: file.added,
    });
    Ok(axum::Json(EndpointGroups { version: held.version, groups, denied: denied.collect() }))
}

/// One group, with everything that holds in it.
#[utoipa::path(get, path = "/api/v1/endpoint-groups/{id}", tag = "endpoints", params(("id" = String, Path)),
    responses((status = 200, body = EndpointGroupDetail)))]
pub async fn group_detail(State(app): State<App>, Path(id): Path<String>) -> Answer<EndpointGroupDetail> {
    let held = app.endpoints.held();
    let one = app.endpoint_group(&GroupId::new(id))?;
    Ok(axum::Json(EndpointGroupDetail {
        group: group(&app, &held, &one, &counts(&app))?,
        version: held.version,
        effective: held.tree.effective(&one.id, seconds(&app)).map_err(wrong)?,
    }))
}

/// Says what would come of a change, and changes nothing.
#[utoipa::path(post, path = "/api/v1/endpoint-changes/try", tag = "endpoints", request_body = ProposeChange,
    responses((status = 200, body = PolicyTrial)))]
pub async fn try_change(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<ProposeChange>,
) -> Answer<PolicyTrial> {
    // What is only tried needs no reason, which breaking glass would ask for.
    let why = if wanted.why.trim().is_empty() { "-" } else { wanted.why.trim() };
    let tried = try_proposal(&app, &wanted.proposal, &Person::new(caller.name), why).await?;
    Ok(axum::Json(tried.trial))
}

/// Proposes a change. It holds at once when nobody else has to agree.
#[utoipa::path(post, path = "/api/v1/endpoint-changes", tag = "endpoints", request_body = ProposeChange,
    responses((status = 200, body = ChangeOutcome)))]
pub async fn propose_change(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<ProposeChange>,
) -> Answer<ChangeOutcome> {
    let why = reason(&wanted.why)?;
    Ok(axum::Json(propose(&app, &caller, wanted.proposal, wanted.basis, &why).await?))
}

/// Changes that were proposed, the newest first.
#[utoipa::path(get, path = "/api/v1/endpoint-changes", tag = "endpoints", params(ChangeQuery),
    responses((status = 200, body = PolicyChangePage)))]
pub async fn changes(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ChangeQuery>,
) -> Answer<PolicyChangePage> {
    let limit = query.limit.unwrap_or(50);
    let open = query.open == Some(true);
    let page = app.store.endpoints().changes(open, query.cursor.as_deref(), limit).await?;
    let rows = page.rows.into_iter().map(|change| row(&app, &caller, change)).collect::<Result<_, _>>()?;
    Ok(axum::Json(PolicyChangePage { rows, total: page.total.unsigned_abs(), next: page.next }))
}

/// Approves, rejects, withdraws or takes back a change.
#[utoipa::path(post, path = "/api/v1/endpoint-changes/{id}/decide", tag = "endpoints",
    params(("id" = i64, Path)), request_body = DecideChange, responses((status = 200, body = PolicyChangeRow)))]
pub async fn decide_change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(wanted): Json<DecideChange>,
) -> Answer<PolicyChangeRow> {
    let number = id.parse().map_err(|_| Problem::not_found("endpoint-change", &id))?;
    let change = decide(&app, &caller, number, wanted.decision, wanted.why.trim()).await?;
    row(&app, &caller, change).map(axum::Json)
}

fn wrong(why: GroupError) -> Problem {
    Problem::bad_request(why.message())
}

fn counts(app: &App) -> BTreeMap<GroupId, u64> {
    let mut counts = BTreeMap::new();
    for known in app.endpoints.known().into_values() {
        *counts.entry(known.group).or_default() += 1;
    }
    counts
}

fn group(app: &App, held: &Held, one: &Group, counts: &BTreeMap<GroupId, u64>) -> Result<EndpointGroup, Problem> {
    let effective = held.tree.effective(&one.id, seconds(app)).map_err(wrong)?;
    let count = |group: &GroupId| counts.get(group).copied().unwrap_or(0);
    Ok(EndpointGroup {
        id: one.id.clone(),
        name: one.name.clone(),
        parent: one.parent.clone(),
        settings: one.settings.clone(),
        mode: effective.mode_now(),
        glass: effective.break_glass,
        endpoints: count(&one.id),
        endpoints_below: held.tree.below(&one.id).into_iter().map(count).sum(),
        orders: held.orders.get(&one.id).map_or(0, |(version, _)| *version),
    })
}

fn row(app: &App, caller: &Caller, change: StoredChange) -> Result<PolicyChangeRow, Problem> {
    let by = Person::new(caller.name.clone());
    let mut request = change.request.clone();
    request.expire(seconds(app));
    let own = request.proposed_by().is_some_and(|proposed_by| proposed_by.is(&by));
    let waits = request.state == RequestState::Proposed;
    let denied = (waits && own).then(|| Message::new("policy.approval-same-person").with("who", &by));
    Ok(PolicyChangeRow {
        id: change.id,
        proposal: stored(&change)?,
        group: change.group,
        request,
        made: change.made,
        changed: change.changed,
        denied,
    })
}
