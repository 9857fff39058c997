//! Hosts: the asset table, one host, and what the business says of it.

use super::Answer;
use super::plans;
use crate::extract::{Json, Path, Query};
use crate::fleet::{self, ProfileFilter};
use crate::session::{self, Caller};
use crate::state::App;
use crate::table::{self, Column};
use crate::wire::Facet;
use crate::wire::hosts::*;
use crate::wire::jobs::Notice;
use crate::wire::story::{HostFalls, HostTimeline};
use crate::{Problem, rooms};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use model::{BadId, Business, HostId, Message};
use serde_json::json;
use std::collections::BTreeMap;
use std::str::FromStr;
use store::{AssetColumn, AssetFilter, AssetRow, AssetSort, Blind, PageQuery, RingFilter, WeaponFilter};

/// A host nobody heard of for longer counts as a blind spot.
pub(super) const STALE_DAYS: i64 = 90;
const NOTE_CHARACTERS_MAX: usize = 4000;

/// The asset table.
#[utoipa::path(get, path = "/api/v1/hosts", tag = "hosts", params(HostQuery), responses((status = 200, body = HostPage)))]
pub async fn hosts(State(app): State<App>, Query(query): Query<HostQuery>) -> Answer<HostPage> {
    let filter = filter(&app, &query).await?;
    let page = PageQuery {
        sort: query.sort.map(|sort| sorted(sort, query.descending)).into_iter().collect(),
        cursor: query.cursor.clone(),
        limit: query.limit.unwrap_or(50).clamp(1, 500),
    };
    let found = app.store.assets(&filter, &page).await?;
    let facets = if query.facets { facets(app.store.facets(&filter).await?) } else { BTreeMap::new() };
    Ok(axum::Json(HostPage {
        rows: found.rows.into_iter().map(row).collect(),
        next: found.next,
        total: found.total.unsigned_abs(),
        facets,
    }))
}

/// All hosts that the filters let through, as CSV or JSON.
#[utoipa::path(get, path = "/api/v1/hosts.export", tag = "hosts", params(HostQuery, ExportQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<HostRow> = "application/json")))))]
pub async fn export_hosts(
    State(app): State<App>,
    Query(query): Query<HostQuery>,
    Query(export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let filter = filter(&app, &query).await?;
    let sort: Vec<AssetSort> = query.sort.map(|sort| sorted(sort, query.descending)).into_iter().collect();
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageQuery { sort: sort.clone(), cursor, limit: 1000 };
        let found = app.store.assets(&filter, &page).await?;
        rows.extend(found.rows.into_iter().map(row));
        cursor = found.next;
        if cursor.is_none() {
            break;
        }
    }
    table::download("hosts", export.format, export.lang.into(), COLUMNS, &rows)
}

const COLUMNS: &[Column<HostRow>] = &[
    ("label", |row| row.label.clone()),
    ("address", |row| row.address.clone().unwrap_or_default()),
    ("product", |row| row.product.clone().unwrap_or_default()),
    ("edition", |row| row.edition.clone().unwrap_or_default()),
    ("service-pack", |row| table::shown(row.service_pack)),
    ("build", |row| table::shown(row.build)),
    ("arch", |row| row.arch.as_ref().map(session::word).unwrap_or_default()),
    ("role", |row| row.role.as_ref().map(session::word).unwrap_or_default()),
    ("group", |row| row.group.clone().unwrap_or_default()),
    ("zone", |row| row.zone.clone().unwrap_or_default()),
    ("owner", |row| row.owner.clone().unwrap_or_default()),
    ("value", |row| table::shown(row.value)),
    ("standing", |row| row.standing.as_ref().map(session::word).unwrap_or_default()),
    ("open-weapons", |row| row.open_weapons.to_string()),
    ("unknown-weapons", |row| row.unknown_weapons.to_string()),
    ("open-cves", |row| row.open_cves.to_string()),
    ("open-kev", |row| row.open_kev.to_string()),
    ("timeline", |row| row.timeline.as_ref().map(session::word).unwrap_or_default()),
    ("plan-state", |row| row.plan_state.as_ref().map(session::word).unwrap_or_default()),
    ("last-seen", |row| row.last_seen.to_string()),
    ("id", |row| row.id.to_string()),
];

/// One host with all that is judged of it.
#[utoipa::path(get, path = "/api/v1/hosts/{id}", tag = "hosts", responses((status = 200, body = HostDetail)))]
pub async fn host(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<HostDetail> {
    detail(&app, &caller, &HostId(id)).await.map(axum::Json)
}

async fn detail(app: &App, caller: &Caller, id: &HostId) -> Result<HostDetail, Problem> {
    let kept = app.store.host_detail(id).await?;
    let (judgement, knowledge) = match (kept.judgement, kept.knowledge) {
        (Some(judgement), Some(knowledge)) => (judgement, knowledge),
        // Stored but not judged yet: the answer is judged now, and the job that is under way keeps it.
        _ => {
            let (judged, knowledge) = rooms::judge(app, kept.host.clone()).await?;
            (judged.judgement, knowledge)
        }
    };
    let history = app.store.plan_history(id).await?;
    let standing = match &kept.plan {
        Some(record) => Some(plans::standing_now(app, record, caller).await?),
        None => None,
    };
    Ok(HostDetail {
        host: kept.host,
        row: row(kept.asset),
        exposure: judgement.exposure,
        plan: judgement.plan,
        knowledge,
        standing,
        history: history.into_iter().map(plans::event).collect(),
    })
}

/// Forgets a host with its history.
#[utoipa::path(delete, path = "/api/v1/hosts/{id}", tag = "hosts", responses((status = 204)))]
pub async fn delete_host(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = HostId(id);
    let asset = app.store.asset(&id).await?;
    let act = caller.act(&app, "host.delete", format!("host:{id}"), json!({ "label": asset.label }));
    app.store.forget_hosts(&[id], &act).await?;
    app.notify(Notice::Hosts { changed: 1 });
    Ok(StatusCode::NO_CONTENT)
}

/// What each source said of a host.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/history", tag = "hosts", responses((status = 200, body = HostHistory)))]
pub async fn host_history(State(app): State<App>, Path(id): Path<String>) -> Answer<HostHistory> {
    let id = HostId(id);
    let host = app.store.host(&id).await?;
    let mut observations: Vec<HistoryEntry> = app
        .store
        .observations(&id)
        .await?
        .into_iter()
        .map(|kept| HistoryEntry { stored: kept.stored, digest: kept.digest, observation: kept.observation })
        .collect();
    observations.reverse();
    Ok(axum::Json(HostHistory { observations, conflicts: host.conflicts }))
}

/// What can be hit from a host if it falls, with the way to it, as far as is known.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/falls", tag = "hosts", responses((status = 200, body = HostFalls)))]
pub async fn host_falls(State(app): State<App>, Path(id): Path<String>) -> Answer<HostFalls> {
    crate::falls::of(&app, &HostId(id)).await.map(axum::Json)
}

/// What happened to a host so far: facts, updates, judgements, plans, scripts, and what was seen on the wire.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/timeline", tag = "hosts", responses((status = 200, body = HostTimeline)))]
pub async fn host_timeline(State(app): State<App>, Path(id): Path<String>) -> Answer<HostTimeline> {
    crate::timeline::of(&app, &HostId(id)).await.map(axum::Json)
}

/// Sets what the business says of a host, and judges it again.
#[utoipa::path(patch, path = "/api/v1/hosts/{id}/business", tag = "hosts", responses((status = 200, body = HostDetail)))]
pub async fn change_business(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(BusinessPatch(business)): Json<BusinessPatch>,
) -> Answer<HostDetail> {
    check_business(&business)?;
    let id = HostId(id);
    let detail_of_change = serde_json::to_value(&business).unwrap_or_default();
    let act = caller.act(&app, "host.business", format!("host:{id}"), detail_of_change);
    rooms::say_business(&app, &id, business, &caller.actor(), &act).await?;
    app.notify(Notice::Hosts { changed: 1 });
    detail(&app, &caller, &id).await.map(axum::Json)
}

fn check_business(business: &Business) -> Result<(), Problem> {
    if business.value.is_some_and(|value| !(1..=5).contains(&value)) {
        return Err(Problem::bad_request(Message::new("api.value-range")));
    }
    let texts = [&business.group, &business.zone, &business.owner, &business.note];
    if texts.into_iter().flatten().any(|text| text.chars().count() > NOTE_CHARACTERS_MAX) {
        return Err(Problem::bad_request(Message::new("api.text-long").number("max", NOTE_CHARACTERS_MAX as i64)));
    }
    Ok(())
}

pub(super) async fn filter(app: &App, query: &HostQuery) -> Result<AssetFilter, Problem> {
    let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let blind = match query.blind {
        None => None,
        Some(BlindKind::NoSystem) => Some(Blind::NoSystem),
        Some(BlindKind::NoUpdates) => Some(Blind::NoUpdates),
        Some(BlindKind::NotAssessed) => Some(Blind::NotAssessed),
        Some(BlindKind::Stale) => Some(Blind::Old { before: stale_since(app)? }),
    };
    let profiles = ProfileFilter {
        action: query.fleet_action.clone(),
        missing: id(query.missing.as_deref())?,
        cve: id(query.cve.as_deref())?,
    };
    Ok(AssetFilter {
        profiles: fleet::matching(app, profiles).await?,
        rollout: query.rollout.map(|rollout| RingFilter { rollout, ring: query.ring }),
        text: query.q.clone().filter(|text| !text.trim().is_empty()),
        product: one(&query.product),
        group: one(&query.group),
        zone: one(&query.zone),
        role: one(&query.role),
        value: query.value.into_iter().collect(),
        weapon: query
            .weapon
            .as_deref()
            .map(|weapon| WeaponFilter { weapon: weapon.into(), states: query.weapon_state.into_iter().collect() }),
        worst: one(&query.worst),
        plan_state: query.plan_state.into_iter().collect(),
        urgency: query.timeline.into_iter().collect(),
        action: query.action.into_iter().collect(),
        system: one(&query.system),
        open: query.open,
        supported: query.supported,
        blind,
    })
}

fn id<T: FromStr<Err = BadId>>(text: Option<&str>) -> Result<Option<T>, Problem> {
    let bad = |_: BadId| {
        Problem::bad_request(Message::new("api.bad-request").reason("detail", Message::new("api.detail.id")))
    };
    text.map(str::parse).transpose().map_err(bad)
}

pub(super) fn stale_since(app: &App) -> Result<jiff::Timestamp, Problem> {
    app.now().checked_sub(SignedDuration::from_hours(STALE_DAYS * 24)).map_err(Problem::internal)
}

fn sorted(sort: HostSort, descending: bool) -> AssetSort {
    let column = match sort {
        HostSort::Urgency => AssetColumn::Urgency,
        HostSort::Label => AssetColumn::Label,
        HostSort::Address => AssetColumn::Address,
        HostSort::Product => AssetColumn::Product,
        HostSort::ServicePack => AssetColumn::ServicePack,
        HostSort::Build => AssetColumn::Build,
        HostSort::Arch => AssetColumn::Arch,
        HostSort::Role => AssetColumn::Role,
        HostSort::Group => AssetColumn::Group,
        HostSort::Zone => AssetColumn::Zone,
        HostSort::Value => AssetColumn::Value,
        HostSort::LastSeen => AssetColumn::LastSeen,
        HostSort::Worst => AssetColumn::Worst,
        HostSort::OpenWeapons => AssetColumn::OpenWeapons,
        HostSort::UnknownWeapons => AssetColumn::UnknownWeapons,
        HostSort::OpenCves => AssetColumn::OpenCves,
        HostSort::OpenKev => AssetColumn::OpenKev,
        HostSort::PlanState => AssetColumn::PlanState,
    };
    AssetSort { column, descending }
}

fn facets(kept: store::Facets) -> BTreeMap<String, Vec<Facet>> {
    let columns = [
        ("product", kept.product),
        ("group", kept.group),
        ("zone", kept.zone),
        ("role", kept.role),
        ("worst", kept.worst),
        ("plan_state", kept.plan_state),
        ("timeline", kept.urgency),
    ];
    let facet = |count: store::FacetCount| Facet { value: count.value, count: count.hosts.unsigned_abs() };
    columns.into_iter().map(|(name, counts)| (name.to_owned(), counts.into_iter().map(facet).collect())).collect()
}

pub(super) fn row(asset: AssetRow) -> HostRow {
    let standing = asset.assessed.map(|_| match (asset.open_weapons, asset.unknown_weapons) {
        (0, 0) => Standing::Clear,
        (0, _) => Standing::Unknown,
        _ => Standing::Hit,
    });
    HostRow {
        id: asset.id,
        label: asset.label,
        address: asset.address,
        product: asset.product,
        edition: asset.edition,
        service_pack: asset.service_pack,
        build: asset.build,
        arch: asset.arch,
        role: asset.role,
        system: asset.system,
        supported: asset.supported,
        group: asset.group,
        zone: asset.zone,
        owner: asset.owner,
        value: asset.value,
        standing,
        weapons: asset.weapons,
        worst: asset.worst,
        open_weapons: asset.open_weapons,
        unknown_weapons: asset.unknown_weapons,
        open_cves: asset.open_cves,
        open_kev: asset.open_kev,
        timeline: asset.urgency,
        next_action: asset.next_action,
        plan: asset.plan,
        plan_state: asset.plan_state,
        updates_known: asset.updates_known,
        updates_complete: asset.updates_complete,
        first_seen: asset.first_seen,
        last_seen: asset.last_seen,
        assessed: asset.assessed,
        sources: asset.sources,
    }
}
