//! Weapons, and the host × weapon table.

use super::{Answer, hosts};
use crate::extract::{Path, Query};
use crate::session;
use crate::state::App;
use crate::table::{self, Column};
use crate::wire::hosts::{ExportQuery, HostQuery, HostRow};
use crate::wire::problem::Bilingual;
use crate::wire::weapons::*;
use crate::{Problem, graph as relation};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use detect::graph::Standing;
use knowledge::{Fact, Knowledge, Weapon};
use model::{ExposureState, Message, Reach, WeaponId};
use std::collections::{BTreeMap, BTreeSet};
use store::{AssetFilter, ExposureFilter};

/// All weapons with how many hosts are in each state.
#[utoipa::path(get, path = "/api/v1/weapons", tag = "weapons", responses((status = 200, body = Vec<WeaponRow>)))]
pub async fn weapons(State(app): State<App>) -> Answer<Vec<WeaponRow>> {
    let knowledge = app.knowledge();
    let counts = state_counts(app.store.exposure_counts(&AssetFilter::default()).await?.weapons);
    Ok(Json(knowledge.weapons.iter().map(|weapon| row(&knowledge, weapon, &counts)).collect()))
}

pub(super) fn state_counts(counts: Vec<store::WeaponCount>) -> BTreeMap<WeaponId, StateCounts> {
    let states = |count: &store::WeaponCount| StateCounts {
        open: count.open.unsigned_abs(),
        unknown: count.unknown.unsigned_abs(),
        fixed: count.fixed.unsigned_abs(),
        not_affected: count.not_affected.unsigned_abs(),
    };
    counts.into_iter().map(|count| (count.weapon.clone(), states(&count))).collect()
}

fn row(knowledge: &Knowledge, weapon: &Weapon, counts: &BTreeMap<WeaponId, StateCounts>) -> WeaponRow {
    WeaponRow {
        id: weapon.id.clone(),
        name: name(weapon),
        kind: session::word(&weapon.kind),
        cves: weapon.cves.iter().map(|cve| cve.id.clone()).collect(),
        bulletin: knowledge.weapons.fixset_of(weapon).map(|set| set.bulletin.clone()),
        ports: weapon.ports.iter().map(|port| port.port).collect(),
        exploited_since: weapon.exploited_since(),
        confidence: weapon.confidence,
        counts: counts.get(&weapon.id).copied().unwrap_or_default(),
    }
}

pub(super) fn name(weapon: &Weapon) -> Bilingual {
    Bilingual { en: weapon.name.en.clone(), zh_cn: weapon.name.zh.clone() }
}

/// Everything the knowledge says of a weapon.
#[utoipa::path(get, path = "/api/v1/weapons/{id}", tag = "weapons", responses((status = 200, body = WeaponDetail)))]
pub async fn weapon(State(app): State<App>, Path(id): Path<String>) -> Answer<WeaponDetail> {
    let knowledge = app.knowledge();
    let weapon = knowledge.weapons.get(&WeaponId(id.clone())).ok_or_else(|| Problem::not_found("weapon", &id))?;
    let counts = state_counts(app.store.exposure_counts(&AssetFilter::default()).await?.weapons);
    Ok(Json(detail(&knowledge, weapon, row(&knowledge, weapon, &counts))))
}

fn detail(knowledge: &Knowledge, weapon: &Weapon, row: WeaponRow) -> WeaponDetail {
    let fix = knowledge.weapons.fixset_of(weapon).map(|set| FixFact {
        id: set.id.clone(),
        bulletin: set.bulletin.clone(),
        published: set.published,
        cves: set.cves.clone(),
        fact: Provenance { source: set.source.clone(), confidence: set.confidence },
    });
    let cves: Vec<_> = weapon
        .cves
        .iter()
        .map(|cve| WeaponCveFact {
            cve: cve.id.clone(),
            kev: cve.kev,
            ransomware: cve.ransomware,
            fact: provenance(&cve.fact),
        })
        .collect();
    let ports: Vec<_> = weapon
        .ports
        .iter()
        .map(|port| WeaponPortFact { port: port.port, service: port.service.clone(), fact: provenance(&port.fact) })
        .collect();
    let stated = |code: &str, kind: Option<String>, fact: &Fact| StatedFact {
        message: Message::new(code),
        kind,
        fact: provenance(fact),
    };
    let mitigations: Vec<_> = weapon
        .mitigations
        .iter()
        .map(|mitigation| MitigationFact {
            control: mitigation.name().to_owned(),
            arguments: mitigation.arguments().map(str::to_owned).collect(),
            fact: provenance(&mitigation.fact),
        })
        .collect();
    WeaponDetail {
        sources: sources(knowledge, weapon),
        row,
        report: report(weapon),
        attack: weapon.attack.clone(),
        role: weapon.role.as_ref().map(session::word),
        services: weapon.services.iter().cloned().collect(),
        delivered_by: weapon.delivered_by.clone(),
        cves,
        ports,
        preconditions: weapon.preconditions.iter().map(|known| stated(&known.code, None, &known.fact)).collect(),
        remarks: weapon
            .remarks
            .iter()
            .map(|remark| stated(&remark.code, Some(session::word(&remark.kind)), &remark.fact))
            .collect(),
        mitigations,
        triage: TriageFact {
            automatable: weapon.triage.automatable,
            automatable_confidence: weapon.triage.automatable_confidence,
            total_impact: weapon.triage.total_impact,
            total_impact_confidence: weapon.triage.total_impact_confidence,
            source: weapon.triage.source.clone(),
        },
        product: weapon.product.as_ref().map(|product| product.title.clone()),
        fix,
    }
}

fn report(weapon: &Weapon) -> ReportRow {
    let report = &weapon.report;
    ReportRow {
        affects: report.affects.clone(),
        remedy: report.remedy.clone(),
        ports: report.ports.clone(),
        advice: report.advice.clone(),
        links: report.links.clone(),
        source: report.source.clone(),
    }
}

fn provenance(fact: &Fact) -> Provenance {
    Provenance { source: fact.source.clone(), confidence: fact.confidence }
}

fn sources(knowledge: &Knowledge, weapon: &Weapon) -> Vec<SourceFact> {
    let facts = weapon.cves.iter().map(|cve| &cve.fact);
    let facts = facts.chain(weapon.ports.iter().map(|port| &port.fact));
    let facts = facts.chain(weapon.preconditions.iter().map(|known| &known.fact));
    let facts = facts.chain(weapon.mitigations.iter().map(|known| &known.fact));
    let facts = facts.chain(weapon.remarks.iter().map(|known| &known.fact));
    let facts = facts.chain(weapon.flaw.iter().map(|flaw| &flaw.fact));
    let mut ids: BTreeSet<&str> = facts.map(|fact| fact.source.as_str()).collect();
    ids.extend([weapon.report.source.as_str(), weapon.triage.source.as_str()]);
    if let Some(set) = knowledge.weapons.fixset_of(weapon) {
        ids.insert(&set.source);
    }
    let known = ids.into_iter().filter_map(|id| knowledge.weapons.source(id));
    known
        .map(|source| SourceFact {
            id: source.id.clone(),
            title: source.title.clone(),
            published: source.published.to_string(),
        })
        .collect()
}

/// The host × weapon table.
#[utoipa::path(get, path = "/api/v1/exposures", tag = "weapons", params(ExposureQuery), responses((status = 200, body = ExposurePage)))]
pub async fn exposures(State(app): State<App>, Query(query): Query<ExposureQuery>) -> Answer<ExposurePage> {
    let filter = filter(&app, &query).await?;
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let found = app.store.exposures(&filter, query.cursor.as_deref(), limit).await?;
    Ok(Json(ExposurePage {
        rows: found.rows.into_iter().map(exposure_row).collect(),
        next: found.next,
        total: found.total.unsigned_abs(),
    }))
}

/// The host × weapon table as CSV or JSON.
#[utoipa::path(get, path = "/api/v1/exposures.export", tag = "weapons", params(ExposureQuery, ExportQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<ExposureRow> = "application/json")))))]
pub async fn export_exposures(
    State(app): State<App>,
    Query(query): Query<ExposureQuery>,
    Query(export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    const ROWS_MAX: usize = 200_000;
    let filter = filter(&app, &query).await?;
    let mut rows = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let found = app.store.exposures(&filter, cursor.as_deref(), 1000).await?;
        rows.extend(found.rows.into_iter().map(exposure_row));
        cursor = found.next;
        if cursor.is_none() {
            break;
        }
        if rows.len() >= ROWS_MAX {
            return Err(Problem::bad_request(Message::new("api.export-large").number("max", ROWS_MAX as i64)));
        }
    }
    table::download("exposures", export.format, export.lang.into(), COLUMNS, &rows)
}

const COLUMNS: &[Column<ExposureRow>] = &[
    ("label", |row| row.host.label.clone()),
    ("address", |row| row.host.address.clone().unwrap_or_default()),
    ("product", |row| row.host.product.clone().unwrap_or_default()),
    ("zone", |row| row.host.zone.clone().unwrap_or_default()),
    ("group", |row| row.host.group.clone().unwrap_or_default()),
    ("weapon", |row| row.weapon.to_string()),
    ("state", |row| session::word(&row.state)),
    ("color", |row| session::word(&row.color)),
    ("reach", |row| row.exposure.as_ref().map(|exposure| session::word(&exposure.reach)).unwrap_or_default()),
    ("ports", |row| joined(row.exposure.iter().flat_map(|exposure| &exposure.ports))),
    ("fixes", |row| joined(row.exposure.iter().flat_map(|exposure| &exposure.fixes))),
    ("actions", |row| {
        let actions = row.disposal.iter().flat_map(|disposal| &disposal.actions);
        joined(actions.map(|action| session::word(&action.kind)))
    }),
    ("id", |row| row.host.id.to_string()),
];

fn joined(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

async fn filter(app: &App, query: &ExposureQuery) -> Result<ExposureFilter, Problem> {
    let hosts_query = HostQuery {
        q: query.q.clone(),
        system: query.system.clone(),
        zone: query.zone.clone(),
        group: query.group.clone(),
        ..HostQuery::default()
    };
    let states = match (query.state, query.all) {
        (Some(state), _) => vec![state],
        (None, true) => {
            vec![ExposureState::Open, ExposureState::Unknown, ExposureState::Fixed, ExposureState::NotAffected]
        }
        (None, false) => Vec::new(),
    };
    Ok(ExposureFilter {
        weapons: query.weapon.iter().map(|weapon| weapon.as_str().into()).collect(),
        states,
        assets: hosts::filter(app, &hosts_query).await?,
    })
}

fn exposure_row(kept: store::ExposureRow) -> ExposureRow {
    let host: HostRow = hosts::row(kept.asset);
    let reach = kept.exposure.as_ref().map_or(Reach::Unknown, |exposure| exposure.reach);
    ExposureRow {
        weapon: kept.weapon,
        state: kept.state,
        color: color(kept.state, reach),
        host,
        exposure: kept.exposure,
        disposal: kept.disposal,
    }
}

fn color(state: ExposureState, reach: Reach) -> ExposureColor {
    match Standing::of(state, reach) {
        Some(Standing::Reachable) => ExposureColor::ReachableNow,
        Some(Standing::Blocked) => ExposureColor::PresentBlocked,
        Some(Standing::Unknown) => ExposureColor::Unknown,
        Some(Standing::Remediated) | None => ExposureColor::Remediated,
    }
}

/// The relation graph weapon – vulnerability – system, with the hosts of this network.
#[utoipa::path(get, path = "/api/v1/graph", tag = "weapons", params(GraphQuery),
    responses((status = 200, content((Graph = "application/json"), (String = "text/csv"),
        (String = "application/graphml+xml"), (String = "text/vnd.graphviz")))))]
pub async fn graph(State(app): State<App>, Query(query): Query<GraphQuery>) -> Result<Response, Problem> {
    relation::answer(&app, &query).await
}
