//! The whole network: overview, ranked actions, what-if, and the search across all.

use super::{Answer, hosts, imports, jobs, plans, weapons};
use crate::extract::{Json, Query};
use crate::state::App;
use crate::wire::fleet::*;
use crate::wire::system::{SearchAnswer, SearchHit, SearchKind, SearchQuery};
use crate::{Problem, fleet};
use axum::extract::State;
use jiff::{SignedDuration, ToSpan};
use model::{CveId, KbId, Message};
use std::time::Duration;
use store::{AssetFilter, JobFilter, JobState, PageQuery};

const TREND_DAYS: i64 = 90;
/// The first page waits so long for them; where a network is large it shows its numbers first.
const ACTIONS_WAIT: Duration = Duration::from_secs(3);
const ACTIONS_WAIT_LARGE: Duration = Duration::from_millis(150);
const LARGE: i64 = 5000;
const ACTIONS_SHOWN: usize = 10;
const SEARCH_HITS: u32 = 10;
const SEARCH_CHARACTERS_MAX: usize = 200;

/// What a person sees first.
#[utoipa::path(get, path = "/api/v1/overview", tag = "fleet", responses((status = 200, body = Overview)))]
pub async fn overview(State(app): State<App>) -> Answer<Overview> {
    let old_after = SignedDuration::from_hours(hosts::STALE_DAYS * 24);
    let kept = app.store.overview(app.now(), old_after).await?;
    let day = app.day();
    let since = day.saturating_sub(TREND_DAYS.days());
    let filter = JobFilter { states: vec![JobState::Queued, JobState::Running], ..JobFilter::default() };
    let wait = if kept.hosts < LARGE { ACTIONS_WAIT } else { ACTIONS_WAIT_LARGE };
    let trend = app.store.trend(since).await?;
    let running = app.store.jobs(&filter, None, 20).await?;
    let actions = actions_soon(&app, wait).await?;
    let knowledge = app.knowledge();
    let mut counts = weapons::state_counts(kept.weapons);
    let per_weapon = knowledge.weapons.iter().map(|weapon| WeaponCount {
        id: weapon.id.clone(),
        name: weapons::name(weapon),
        counts: counts.remove(&weapon.id).unwrap_or_default(),
    });
    Ok(axum::Json(Overview {
        day,
        hosts: HostCounts {
            total: kept.hosts.unsigned_abs(),
            hit: kept.open_hosts.unsigned_abs(),
            unknown: kept.unknown_hosts.unsigned_abs(),
            clear: kept.clear_hosts.unsigned_abs(),
            pending: (kept.hosts - kept.assessed).unsigned_abs(),
        },
        weapons: per_weapon.collect(),
        blind_spots: blind_spots(&kept.blind),
        actions_pending: actions.is_none(),
        actions: actions.unwrap_or_default(),
        plans: kept.board.into_iter().map(plans::count).collect(),
        knowledge: imports::ages(&app).await?,
        trend: trend.into_iter().map(point).collect(),
        kev_hosts: kept.kev_hosts.unsigned_abs(),
        unsupported_hosts: kept.unsupported_hosts.unsigned_abs(),
        oldest_seen: kept.oldest_seen,
        newest_seen: kept.newest_seen,
        jobs: running.rows.iter().map(jobs::show).collect(),
    }))
}

/// The first actions, or nothing when a large network takes its time; the work goes on for whoever asks next.
async fn actions_soon(app: &App, wait: Duration) -> Result<Option<Vec<FleetAction>>, Problem> {
    let asked = app.clone();
    let working = tokio::spawn(async move { fleet::actions(&asked).await });
    match tokio::time::timeout(wait, working).await {
        Err(_) => Ok(None),
        Ok(done) => {
            let mut actions = done.map_err(Problem::internal)??.actions;
            actions.truncate(ACTIONS_SHOWN);
            Ok(Some(actions))
        }
    }
}

fn point(kept: store::TrendPoint) -> TrendPoint {
    let assessed = kept.open_hosts + kept.unknown_hosts + kept.clear_hosts;
    TrendPoint {
        day: kept.day,
        hosts: HostCounts {
            total: kept.hosts.unsigned_abs(),
            hit: kept.open_hosts.unsigned_abs(),
            unknown: kept.unknown_hosts.unsigned_abs(),
            clear: kept.clear_hosts.unsigned_abs(),
            pending: (kept.hosts - assessed).unsigned_abs(),
        },
    }
}

fn blind_spots(blind: &store::BlindSpots) -> Vec<BlindSpot> {
    let spots = [
        (Message::new("api.blind-no-system"), blind.no_system, "blind=no-system"),
        (Message::new("api.blind-no-updates"), blind.no_updates, "blind=no-updates"),
        (Message::new("api.blind-stale").number("days", hosts::STALE_DAYS), blind.old, "blind=stale"),
        (Message::new("api.blind-not-assessed"), blind.not_assessed, "blind=not-assessed"),
    ];
    spots
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(what, count, query)| BlindSpot { what, hosts: count.unsigned_abs(), query: query.to_owned() })
        .collect()
}

/// The smallest set of actions that closes most, in order.
#[utoipa::path(get, path = "/api/v1/fleet/actions", tag = "fleet", responses((status = 200, body = FleetActions)))]
pub async fn fleet_actions(State(app): State<App>) -> Answer<FleetActions> {
    fleet::actions(&app).await.map(axum::Json)
}

/// What would change if updates were installed or ports closed. Changes nothing.
#[utoipa::path(post, path = "/api/v1/fleet/what-if", tag = "fleet", responses((status = 200, body = WhatIfAnswer)))]
pub async fn what_if(State(app): State<App>, Json(request): Json<WhatIf>) -> Answer<WhatIfAnswer> {
    if request.updates.is_empty() && request.close_ports.is_empty() {
        return Err(Problem::bad_request(Message::new("api.what-if-empty")));
    }
    fleet::what_if(&app, request).await.map(axum::Json)
}

/// Finds hosts, weapons, updates and vulnerabilities.
#[utoipa::path(get, path = "/api/v1/search", tag = "fleet", params(SearchQuery), responses((status = 200, body = SearchAnswer)))]
pub async fn search(State(app): State<App>, Query(query): Query<SearchQuery>) -> Answer<SearchAnswer> {
    let text: String = query.q.trim().chars().take(SEARCH_CHARACTERS_MAX).collect();
    if text.is_empty() {
        return Ok(axum::Json(SearchAnswer { hits: Vec::new() }));
    }
    let mut hits = known_things(&app, &text).await?;
    let filter = AssetFilter { text: Some(text), ..AssetFilter::default() };
    let found = app.store.assets(&filter, &PageQuery { limit: SEARCH_HITS, ..PageQuery::default() }).await?;
    hits.extend(found.rows.into_iter().map(|asset| SearchHit {
        kind: SearchKind::Host,
        id: asset.id.to_string(),
        label: asset.label,
        detail: None,
        text: [asset.address, asset.product].into_iter().flatten().collect::<Vec<_>>().join(" · "),
        hosts: None,
    }));
    Ok(axum::Json(SearchAnswer { hits }))
}

/// What the knowledge knows under the words: weapons by name, an update, a vulnerability.
async fn known_things(app: &App, text: &str) -> Result<Vec<SearchHit>, Problem> {
    let knowledge = app.knowledge();
    let counts = weapons::state_counts(app.store.exposure_counts(&AssetFilter::default()).await?.weapons);
    let wanted = text.to_lowercase();
    let cve: Option<CveId> = text.parse().ok();
    let kb: Option<KbId> = text.parse().ok();
    let mut hits = Vec::new();
    for weapon in knowledge.weapons.iter() {
        let names = [weapon.id.as_str(), &weapon.name.en, &weapon.name.zh];
        let named = names.iter().any(|name| name.to_lowercase().contains(&wanted));
        let by_cve = cve.as_ref().is_some_and(|cve| weapon.cves.iter().any(|known| known.id == *cve));
        let set = knowledge.weapons.fixset_of(weapon);
        let by_bulletin = set.is_some_and(|set| set.bulletin.to_lowercase() == wanted);
        if named || by_cve || by_bulletin {
            let counts = counts.get(&weapon.id).copied().unwrap_or_default();
            hits.push(SearchHit {
                kind: SearchKind::Weapon,
                id: weapon.id.to_string(),
                label: weapon.name.en.clone(),
                detail: None,
                text: set.map(|set| set.bulletin.clone()).unwrap_or_default(),
                hosts: Some(counts.open + counts.unknown),
            });
        }
    }
    if let Some(cve) = cve.filter(|cve| knowledge.catalogue.cve(cve).is_some()) {
        let kev = knowledge.is_kev(&cve);
        let detail = if kev { Some(Message::new("api.search-kev")) } else { None };
        hits.push(SearchHit {
            kind: SearchKind::Vulnerability,
            id: cve.to_string(),
            label: cve.to_string(),
            detail,
            text: String::new(),
            hosts: None,
        });
    }
    if let Some(kb) = kb.filter(|kb| knowledge.catalogue.knows_update(*kb)) {
        let posted = knowledge.catalogue.posted(kb);
        let detail = posted.map(|day| Message::new("api.search-update").with("day", day));
        hits.push(SearchHit {
            kind: SearchKind::Update,
            id: kb.to_string(),
            label: kb.to_string(),
            detail,
            text: String::new(),
            hosts: None,
        });
    }
    Ok(hits)
}
