//! Endpoints: who there is, and what happened on them.

use super::Answer;
use super::files::reason;
use crate::Problem;
use crate::extract::{Json, Path, Query};
use crate::session::Caller;
use crate::state::App;
use crate::wire::endpoints::*;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use model::{Digest, Message};
use policy::telling::Level;
use policy::{EndpointId, GroupId, Mode, Outcome};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::{Endpoint, EndpointFilter, ExecutedFilter, Execution, IncidentRow};

/// An endpoint that has not been heard for so long is away: it says how it is each minute.
const AWAY: SignedDuration = SignedDuration::from_secs(180);
/// Incidents that a summary counts are of so many days.
const LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);
const SHOWN_MAX: u32 = 500;

/// Endpoints by the name of their machine, and all of them summed up.
#[utoipa::path(get, path = "/api/v1/endpoints", tag = "endpoints", params(EndpointQuery),
    responses((status = 200, body = EndpointPage)))]
pub async fn endpoints(State(app): State<App>, Query(query): Query<EndpointQuery>) -> Answer<EndpointPage> {
    let lately = app.now().checked_sub(AWAY).map_err(Problem::internal)?;
    let groups = match query.group.as_deref().filter(|group| !group.is_empty()) {
        Some(group) => {
            let group = app.endpoint_group(&GroupId::new(group))?.id;
            app.endpoints.held().tree.below(&group).into_iter().cloned().collect()
        }
        None => Vec::new(),
    };
    let filter = EndpointFilter {
        groups,
        mode: query.mode,
        silent_since: (query.away == Some(true)).then_some(lately),
        heard_since: (query.away == Some(false)).then_some(lately),
        with_gaps: query.gaps == Some(true),
        behind: query.behind == Some(true),
        isolated: query.isolated == Some(true),
        version: query.version.filter(|version| !version.is_empty()),
        text: query.q.filter(|text| !text.is_empty()),
        host: None,
    };
    let limit = query.limit.unwrap_or(50);
    let page = app.store.endpoints().page(&filter, query.cursor.as_deref(), limit).await?;
    let shown = Shown::of(&app);
    Ok(axum::Json(EndpointPage {
        link: app.link.get().is_some(),
        health: health(&app).await?,
        rows: page.rows.into_iter().map(|endpoint| shown.row(endpoint)).collect(),
        total: page.total.unsigned_abs(),
        next: page.next,
    }))
}

/// One endpoint, as it said it is, and what it is held to.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}", tag = "endpoints", params(("id" = String, Path)),
    responses((status = 200, body = EndpointDetail)))]
pub async fn endpoint(State(app): State<App>, Path(id): Path<String>) -> Answer<EndpointDetail> {
    detail(&app, &EndpointId::new(id)).await.map(axum::Json)
}

pub(super) async fn detail(app: &App, id: &EndpointId) -> Result<EndpointDetail, Problem> {
    let endpoint = app.store.endpoints().find(id).await?.ok_or_else(|| Problem::not_found("endpoint", &id.0))?;
    let now = crate::endpoints::seconds(app);
    let effective = app.endpoints.held().tree.effective(&endpoint.group, now).ok();
    let report = app.endpoints.report(id).unwrap_or_else(|| endpoint.report.clone());
    Ok(EndpointDetail { row: Shown::of(app).row(endpoint), report, effective })
}

/// Moves an endpoint to another group. Refused when that would lock it out.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/group", tag = "endpoints", params(("id" = String, Path)),
    request_body = MoveEndpoint, responses((status = 200, body = EndpointDetail)))]
pub async fn move_endpoint(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(wanted): Json<MoveEndpoint>,
) -> Answer<EndpointDetail> {
    let id = EndpointId::new(id);
    let known = app.endpoints.find(&id).ok_or_else(|| Problem::not_found("endpoint", &id.0))?;
    let group = app.endpoint_group(&wanted.group)?.id;
    let why = reason(&wanted.why)?;
    crate::endpoints::may_move(&app, &id, &group).await?;
    let detail_of = json!({ "machine": known.machine, "from": known.group, "to": group, "why": why });
    let act = caller.act(&app, "endpoint.move", format!("endpoint:{id}"), detail_of);
    app.move_endpoint(&id, &group, &act).await?;
    detail(&app, &id).await.map(axum::Json)
}

/// What ran on an endpoint, the last first.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/executions", tag = "endpoints",
    params(("id" = String, Path), OutcomeQuery), responses((status = 200, body = EndpointExecutions)))]
pub async fn endpoint_executions(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<OutcomeQuery>,
) -> Answer<EndpointExecutions> {
    let id = EndpointId::new(id);
    let rows = app.store.endpoints().executions(Some(&id), None, query.outcome, SHOWN_MAX).await?;
    Ok(axum::Json(EndpointExecutions { rows: executions(&app, rows) }))
}

/// Files that ran anywhere, or would have.
#[utoipa::path(get, path = "/api/v1/executions", tag = "endpoints", params(ExecutionQuery),
    responses((status = 200, body = ExecutedPage)))]
pub async fn executed(State(app): State<App>, Query(query): Query<ExecutionQuery>) -> Answer<ExecutedPage> {
    let filter =
        ExecutedFilter { outcome: query.outcome, kind: query.kind, text: query.q.filter(|text| !text.is_empty()) };
    let sort = query.sort.unwrap_or_default();
    let limit = query.limit.unwrap_or(50);
    let page = app.store.endpoints().executed(&filter, sort, query.cursor.as_deref(), limit).await?;
    let table = app.endpoints.reputation_table();
    let row = |file: store::ExecutedFile| ExecutedRow {
        reputation: file.ran.sha256.and_then(|sha256| table.as_ref()?.get(&sha256)),
        ran: file.ran,
        first: file.first,
        last: file.last,
        times: file.times,
        endpoints: file.endpoints,
        would_block: file.would_block,
        blocked: file.blocked,
    };
    Ok(axum::Json(ExecutedPage {
        rows: page.rows.into_iter().map(row).collect(),
        total: page.total.unsigned_abs(),
        next: page.next,
    }))
}

/// Where a file ran, the last first.
#[utoipa::path(get, path = "/api/v1/executions/{sha256}", tag = "endpoints", params(("sha256" = String, Path)),
    responses((status = 200, body = EndpointExecutions)))]
pub async fn executed_where(State(app): State<App>, Path(sha256): Path<String>) -> Answer<EndpointExecutions> {
    let sha256 = digest(&sha256)?.to_string();
    let rows = app.store.endpoints().executions(None, Some(&sha256), None, SHOWN_MAX).await?;
    Ok(axum::Json(EndpointExecutions { rows: executions(&app, rows) }))
}

/// How far a file is trusted by how it spread, with every term.
#[utoipa::path(get, path = "/api/v1/executions/{sha256}/reputation", tag = "endpoints",
    params(("sha256" = String, Path)), responses((status = 200, body = FileReputation)))]
pub async fn reputation(State(app): State<App>, Path(sha256): Path<String>) -> Answer<FileReputation> {
    Ok(axum::Json(app.file_reputation(digest(&sha256)?).await?))
}

/// Lineages that were stopped for what they did to files, the newest first.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "endpoints", params(IncidentQuery),
    responses((status = 200, body = IncidentPage)))]
pub async fn incidents(State(app): State<App>, Query(query): Query<IncidentQuery>) -> Answer<IncidentPage> {
    let on = query.endpoint.filter(|id| !id.is_empty()).map(EndpointId);
    let limit = query.limit.unwrap_or(50);
    let page = app.store.endpoints().incidents(on.as_ref(), query.cursor.as_deref(), limit).await?;
    Ok(axum::Json(IncidentPage {
        rows: page.rows.iter().map(|row| summary(&app, row)).collect(),
        total: page.total.unsigned_abs(),
        next: page.next,
    }))
}

/// One incident: what was stopped, what was undone, and where else its program was met.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "endpoints", params(("id" = i64, Path)),
    responses((status = 200, body = IncidentDetail)))]
pub async fn incident(State(app): State<App>, Path(id): Path<String>) -> Answer<IncidentDetail> {
    let number = id.parse().map_err(|_| Problem::not_found("incident", &id))?;
    let row = app.store.endpoints().incident(number).await?;
    let elsewhere = match &row.sha256 {
        Some(sha256) => app.store.endpoints().executions(None, Some(sha256), None, SHOWN_MAX).await?,
        None => Vec::new(),
    };
    Ok(axum::Json(IncidentDetail {
        summary: summary(&app, &row),
        stopped: row.stopped,
        undone: row.undone,
        elsewhere: executions(&app, elsewhere),
    }))
}

/// What rules of behaviour, sequences and memory told, the newest first.
#[utoipa::path(get, path = "/api/v1/endpoint-alarms", tag = "endpoints", params(AlarmQuery),
    responses((status = 200, body = AlarmPage)))]
pub async fn alarms(State(app): State<App>, Query(query): Query<AlarmQuery>) -> Answer<AlarmPage> {
    let on = query.endpoint.filter(|id| !id.is_empty()).map(EndpointId);
    let from = query.level.unwrap_or(Level::Informational);
    let limit = query.limit.unwrap_or(50);
    let page = app.store.endpoints().alarms(on.as_ref(), from, query.cursor.as_deref(), limit).await?;
    let row = |row: store::AlarmRow| AlarmSummary {
        id: row.id,
        machine: machine(&app, &row.endpoint),
        endpoint: row.endpoint,
        at: row.at,
        alarm: row.alarm,
    };
    Ok(axum::Json(AlarmPage {
        rows: page.rows.into_iter().map(row).collect(),
        total: page.total.unsigned_abs(),
        next: page.next,
    }))
}

/// Denies a file everywhere no longer. What groups deny themselves stays.
#[utoipa::path(delete, path = "/api/v1/endpoint-denied/{sha256}", tag = "endpoints",
    params(("sha256" = String, Path)), responses((status = 204)))]
pub async fn deny_no_longer(
    State(app): State<App>,
    caller: Caller,
    Path(sha256): Path<String>,
) -> Result<StatusCode, Problem> {
    let sha256 = digest(&sha256)?;
    let act = caller.act(&app, "endpoint.deny-no-longer", format!("file:{sha256}"), json!({}));
    let made = crate::endpoints::seconds(&app);
    if !app.store.endpoints().deny_no_longer(&sha256, made, &act).await? {
        return Err(Problem::not_found("endpoint-denied", &sha256.to_string()));
    }
    app.refresh_policy().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn digest(text: &str) -> Result<Digest, Problem> {
    text.parse().map_err(|_| Problem::bad_request(Message::new("api.bad-value").with("name", "sha256")))
}

pub(super) fn machine(app: &App, id: &EndpointId) -> String {
    app.endpoints.find(id).map(|known| known.machine).unwrap_or_default()
}

fn executions(app: &App, rows: Vec<Execution>) -> Vec<EndpointExecution> {
    let row = |row: Execution| EndpointExecution {
        machine: machine(app, &row.endpoint),
        endpoint: row.endpoint,
        ran: row.ran,
        first: row.first,
        last: row.last,
        times: row.times,
    };
    rows.into_iter().map(row).collect()
}

fn summary(app: &App, row: &IncidentRow) -> IncidentSummary {
    let sha256: Option<Digest> = row.sha256.as_deref().and_then(|sha256| sha256.parse().ok());
    IncidentSummary {
        id: row.id,
        machine: machine(app, &row.endpoint),
        endpoint: row.endpoint.clone(),
        at: row.at,
        program: row.program.clone(),
        sha256: row.sha256.clone(),
        touched: row.touched,
        restored: row.restored,
        beside: row.beside,
        failed: row.failed,
        denied: sha256.is_some_and(|sha256| app.endpoints.held().denied.contains_key(&sha256)),
    }
}

async fn health(app: &App) -> Result<EndpointHealth, Problem> {
    let since = |span: SignedDuration| app.now().checked_sub(span).map_err(Problem::internal);
    let store = app.store.endpoints();
    let mut health = EndpointHealth::default();
    for of in store.counts(since(AWAY)?).await? {
        health.endpoints += of.count;
        health.with_gaps += if of.with_gaps { of.count } else { 0 };
        let mode = of.mode.map(mode_word).unwrap_or_default();
        *health.modes.entry(mode).or_default() += of.count;
        *health.versions.entry(of.version).or_default() += of.count;
    }
    health.connected = app.endpoints.connected().len() as u64;
    let behind = EndpointFilter { behind: true, ..EndpointFilter::default() };
    health.behind = store.page(&behind, None, 1).await?.total.unsigned_abs();
    let isolated = EndpointFilter { isolated: true, ..EndpointFilter::default() };
    health.isolated = store.page(&isolated, None, 1).await?.total.unsigned_abs();
    health.incidents = store.incidents_since(since(LATELY)?).await?;
    let would = ExecutedFilter { outcome: Some(Outcome::WouldBlock), ..ExecutedFilter::default() };
    health.would_block = store.executed(&would, store::ExecutedSort::Last, None, 1).await?.total.unsigned_abs();
    health.proposed = store.changes(true, None, 1).await?.total.unsigned_abs();
    Ok(health)
}

fn mode_word(mode: Mode) -> String {
    match mode {
        Mode::Observe => "observe",
        Mode::Simulate => "simulate",
        Mode::Enforce => "enforce",
    }
    .to_owned()
}

/// What all rows of a page are made with.
struct Shown {
    connected: BTreeSet<EndpointId>,
    revoked: BTreeSet<String>,
    groups: BTreeMap<GroupId, String>,
    app: App,
}

impl Shown {
    fn of(app: &App) -> Shown {
        let collectors = app.link.get().map(|link| link.register().collectors()).unwrap_or_default();
        let revoked = collectors.into_iter().filter(|one| one.revoked.is_some()).map(|one| one.collector);
        let groups = app.endpoints.held().tree.iter().map(|group| (group.id.clone(), group.name.clone())).collect();
        Shown { connected: app.endpoints.connected(), revoked: revoked.collect(), groups, app: app.clone() }
    }

    fn row(&self, endpoint: Endpoint) -> EndpointRow {
        let report = self.app.endpoints.report(&endpoint.endpoint).unwrap_or(endpoint.report);
        let state = match () {
            () if self.revoked.contains(&endpoint.collector) => EndpointState::Revoked,
            () if self.connected.contains(&endpoint.endpoint) => EndpointState::Connected,
            () => EndpointState::Away,
        };
        let known = self.app.endpoints.find(&endpoint.endpoint);
        let wanted = known.as_ref().map_or(0, |known| self.app.endpoints.wanted(known));
        let now = crate::endpoints::seconds(&self.app);
        let version_wanted = known.and_then(|known| self.app.endpoints.agent_wanted(&known, now));
        EndpointRow {
            state,
            isolation: super::isolation::of(endpoint.isolation.as_ref(), &report, wanted),
            group_name: self.groups.get(&endpoint.group).cloned().unwrap_or_else(|| endpoint.group.0.clone()),
            heard: if state == EndpointState::Connected { self.app.now() } else { endpoint.heard },
            endpoint: endpoint.endpoint,
            collector: endpoint.collector,
            machine: report.machine,
            system: report.system,
            version: report.version,
            group: endpoint.group,
            mode: report.mode,
            orders: report.orders,
            orders_wanted: wanted,
            version_wanted,
            update: report.update,
            refused: report.refused,
            gaps: report.gaps,
            added: endpoint.added,
            host: endpoint.host,
        }
    }
}
