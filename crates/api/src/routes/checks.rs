//! Configuration checks of endpoints, and what was found in their memory.

use super::Answer;
use crate::Problem;
use crate::extract::Query;
use crate::state::App;
use crate::wire::checks::*;
use axum::extract::State;
use model::Message;
use policy::baseline::{Baseline, Check, Phase, Platform, State as Compliance, Way, commands};
use policy::{EndpointId, GroupId};
use std::collections::BTreeMap;
use store::{CheckCount, CheckFilter};

const SHOWN_MAX: u32 = 500;

/// All checks, and on how many endpoints each is as it should be.
#[utoipa::path(get, path = "/api/v1/endpoint-checks", tag = "endpoints", params(CheckQuery),
    responses((status = 200, body = CheckList)))]
pub async fn checks(State(app): State<App>, Query(query): Query<CheckQuery>) -> Answer<CheckList> {
    let groups = with_below(&app, query.group.as_deref())?;
    let mut counts: BTreeMap<String, Vec<CheckCount>> = BTreeMap::new();
    for count in app.store.endpoints().check_counts(&groups).await? {
        counts.entry(count.check.clone()).or_default().push(count);
    }
    let of = |check: &Check| counts.remove(&check.id).unwrap_or_default();
    let mut checks = summaries(&app, of);
    checks.sort_by(|one, other| (one.area, &one.id).cmp(&(other.area, &other.id)));
    let is_in = |group: &GroupId| groups.is_empty() || groups.contains(group);
    let endpoints = app.endpoints.known().values().filter(|known| is_in(&known.group)).count();
    Ok(axum::Json(CheckList { checks, endpoints: endpoints as u64 }))
}

/// How checks stand, one endpoint and check after the other.
#[utoipa::path(get, path = "/api/v1/endpoint-checks/standings", tag = "endpoints", params(StandingQuery),
    responses((status = 200, body = StandingPage)))]
pub async fn standings(State(app): State<App>, Query(query): Query<StandingQuery>) -> Answer<StandingPage> {
    let limit = query.limit.unwrap_or(50);
    let page = app.store.endpoints().checks(&filter(&app, &query)?, query.cursor.as_deref(), limit).await?;
    let row = |row: store::CheckRow| Standing {
        machine: super::endpoints::machine(&app, &row.endpoint),
        endpoint: row.endpoint,
        checked: row.checked,
        since: row.since,
        at: row.at,
    };
    Ok(axum::Json(StandingPage {
        rows: page.rows.into_iter().map(row).collect(),
        total: page.total.unsigned_abs(),
        next: page.next,
    }))
}

/// How all checks stand by endpoint, the worst first.
#[utoipa::path(get, path = "/api/v1/endpoint-checks/endpoints", tag = "endpoints", params(CheckQuery),
    responses((status = 200, body = CheckedEndpoints)))]
pub async fn by_endpoint(State(app): State<App>, Query(query): Query<CheckQuery>) -> Answer<CheckedEndpoints> {
    let groups = with_below(&app, query.group.as_deref())?;
    let rows = app.store.endpoints().checks_by_endpoint(&groups, SHOWN_MAX).await?;
    let row = |row: store::EndpointChecks| CheckedEndpoint {
        machine: super::endpoints::machine(&app, &row.endpoint),
        endpoint: row.endpoint,
        compliant: row.compliant,
        not: row.not,
        unknown: row.unknown,
        held: row.held,
    };
    Ok(axum::Json(CheckedEndpoints { rows: rows.into_iter().map(row).collect() }))
}

/// What became of checks, the newest first.
#[utoipa::path(get, path = "/api/v1/endpoint-checks/drifts", tag = "endpoints", params(StandingQuery),
    responses((status = 200, body = DriftPage)))]
pub async fn drifts(State(app): State<App>, Query(query): Query<StandingQuery>) -> Answer<DriftPage> {
    let limit = query.limit.unwrap_or(50);
    let page = app.store.endpoints().drifts(&filter(&app, &query)?, query.cursor.as_deref(), limit).await?;
    let row = |row: store::DriftRow| CheckDrift {
        id: row.id,
        machine: super::endpoints::machine(&app, &row.endpoint),
        endpoint: row.endpoint,
        at: row.at,
        title: title(&row.checked.check),
        was: row.was,
        became: row.became,
        checked: row.checked,
    };
    Ok(axum::Json(DriftPage {
        rows: page.rows.into_iter().map(row).collect(),
        total: page.total.unsigned_abs(),
        next: page.next,
    }))
}

/// What was found in memory, the newest first.
#[utoipa::path(get, path = "/api/v1/endpoint-memory", tag = "endpoints", params(MemoryQuery),
    responses((status = 200, body = MemoryPage)))]
pub async fn memory(State(app): State<App>, Query(query): Query<MemoryQuery>) -> Answer<MemoryPage> {
    let on = query.endpoint.filter(|id| !id.is_empty()).map(EndpointId);
    let (from, limit) = (query.points.unwrap_or(0), query.limit.unwrap_or(50));
    let page = app.store.endpoints().in_memory(on.as_ref(), from, query.cursor.as_deref(), limit).await?;
    let row = |row: store::MemoryRow| MemoryFound {
        id: row.id,
        machine: super::endpoints::machine(&app, &row.endpoint),
        endpoint: row.endpoint,
        at: row.at,
        found: row.found,
    };
    Ok(axum::Json(MemoryPage {
        rows: page.rows.into_iter().map(row).collect(),
        total: page.total.unsigned_abs(),
        next: page.next,
    }))
}

fn filter(app: &App, query: &StandingQuery) -> Result<CheckFilter, Problem> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Ok(CheckFilter {
        groups: with_below(app, query.group.as_deref())?,
        endpoint: text(&query.endpoint).map(EndpointId),
        check: text(&query.check),
        state: query.state,
    })
}

/// A group with all below it; nothing when none is asked about.
fn with_below(app: &App, group: Option<&str>) -> Result<Vec<GroupId>, Problem> {
    let Some(group) = group.filter(|group| !group.is_empty()) else { return Ok(Vec::new()) };
    let group = app.endpoint_group(&GroupId::new(group))?.id;
    Ok(app.endpoints.held().tree.below(&group).into_iter().cloned().collect())
}

/// What a check is called; one that only a later version knows is called by its id.
fn title(id: &str) -> Message {
    match Baseline::builtin().get(id) {
        Some(check) => check.title(),
        None => Message::new("baseline.unknown-title").with("id", id),
    }
}

fn summaries(app: &App, mut counts: impl FnMut(&Check) -> Vec<CheckCount>) -> Vec<CheckSummary> {
    let held = app.endpoints.held();
    let ways = Baseline::builtin().iter().filter_map(|check| check.way(Platform::Linux).map(|way| (check, way)));
    let summary = |(check, way): (&Check, &Way)| {
        let counts = counts(check);
        let sum = |is: &dyn Fn(&CheckCount) -> bool| counts.iter().filter(|one| is(one)).map(|one| one.endpoints).sum();
        let of = |state: Compliance| sum(&|one| one.state == Some(state));
        let typed = |phase| commands(check, Platform::Linux, phase, None).unwrap_or_default();
        let groups = |is: &dyn Fn(&policy::groups::Settings) -> bool| {
            held.tree.iter().filter(|group| is(&group.settings)).map(|group| group.id.clone()).collect()
        };
        CheckSummary {
            id: check.id.clone(),
            title: check.title(),
            why: check.why(),
            area: check.area,
            severity: check.severity,
            source: check.source.clone(),
            breaks: check.breaks().collect(),
            wanted: way.expect.words(),
            sets: way.set.clone(),
            read_by: typed(Phase::ReadBack),
            set_by: typed(Phase::Set),
            undo_by: typed(Phase::Undo),
            asked_by: groups(&|settings| settings.baseline.contains(&check.id)),
            set_in: groups(&|settings| settings.baseline_set.contains(&check.id)),
            compliant: of(Compliance::Compliant),
            not: of(Compliance::Not),
            unknown: of(Compliance::Unknown),
            held: sum(&|one| one.held),
        }
    };
    ways.map(summary).collect()
}
