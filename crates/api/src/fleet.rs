//! Questions about the whole fleet. The fleet is folded once and kept until hosts change.

use crate::state::App;
use crate::wire::fleet::*;
use crate::wire::weapons::StateCounts;
use crate::{Problem, rooms, session};
use model::{ActionKind, HostId};
use remedy::Fleet;
use remedy::fleet::{FleetAction as Kept, Link, Member, Sizes, Supposition};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HOSTS_AT_ONCE: u32 = 500;
/// While hosts change without pause, folding takes at most one part in so many of the time.
const FOLDING_SHARE: u32 = 5;

/// The folded fleet, and how long folding took.
#[derive(Default)]
pub struct FleetCache {
    fleet: Option<Arc<Fleet>>,
    changes: u64,
    folded: Option<Instant>,
    took: Duration,
}

/// The fleet as it is now, or as it was a moment ago while it changes without pause.
pub async fn fleet(app: &App) -> Result<Arc<Fleet>, Problem> {
    let mut cache = app.fleet.lock().await;
    let changes = app.changes();
    if let Some(fleet) = &cache.fleet {
        let rests = cache.folded.is_some_and(|at| at.elapsed() < cache.took * FOLDING_SHARE);
        if cache.changes == changes || rests {
            return Ok(Arc::clone(fleet));
        }
    }
    let began = Instant::now();
    let fleet = Arc::new(fold(app).await?);
    *cache =
        FleetCache { fleet: Some(Arc::clone(&fleet)), changes, folded: Some(Instant::now()), took: began.elapsed() };
    Ok(fleet)
}

async fn fold(app: &App) -> Result<Fleet, Problem> {
    let mut fleet = Fleet::default();
    let mut after: Option<HostId> = None;
    loop {
        let hosts = app.store.hosts_after(after.as_ref(), HOSTS_AT_ONCE).await?;
        let Some(last) = hosts.last() else { return Ok(fleet) };
        after = Some(last.id.clone());
        let ids: Vec<HostId> = hosts.iter().map(|host| host.id.clone()).collect();
        let judgements = app.store.judgements(&ids).await?;
        fleet = rooms::blocking(move || {
            for host in &hosts {
                if let Some(judged) = judgements.get(&host.id) {
                    fleet.add(Member::of(host, &judged.exposure, &judged.plan));
                }
            }
            fleet
        })
        .await?;
    }
}

pub async fn actions(app: &App) -> Result<FleetActions, Problem> {
    let fleet = fleet(app).await?;
    let found = rooms::blocking(move || fleet.actions(&Sizes::default(), &Link::default())).await?;
    Ok(FleetActions {
        day: app.day(),
        actions: found.actions.into_iter().map(show).collect(),
        exposures: found.exposures,
        left: found.left,
    })
}

fn show(kept: Kept) -> FleetAction {
    FleetAction {
        query: query(&kept),
        rank: kept.rank,
        lasting: kept.lasting,
        kind: kept.kind,
        title: kept.title,
        kb: kept.kb,
        control: kept.control,
        ports: kept.ports,
        services: kept.services.into_iter().collect(),
        base: kept.base.into_iter().map(|base| BaseUpdate { id: base.id, any_of: base.any_of }).collect(),
        weapons: kept.weapons.into_iter().collect(),
        systems: kept.systems.into_iter().collect(),
        timeline: kept.timeline,
        hosts: kept.hosts,
        exposures_closed: kept.exposures,
        risk_removed: kept.risk_removed,
        bytes: kept.delivery.bytes,
        bytes_estimated: kept.delivery.estimated,
        minutes: kept.delivery.minutes,
        why: kept.why,
    }
}

/// Filters of the asset table that come closest to the action's hosts: those the first weapon needs action on.
fn query(kept: &Kept) -> String {
    match (kept.kind, kept.weapons.first()) {
        (ActionKind::CollectFacts, _) => "blind=no-updates".to_owned(),
        // What follows a sign of an implant concerns only the hosts that show one.
        (ActionKind::Isolate | ActionKind::Examine, Some(weapon)) => format!("weapon={weapon}&weapon_state=open"),
        (_, Some(weapon)) => format!("weapon={weapon}"),
        (kind, None) => format!("action={}", session::word(&kind)),
    }
}

pub async fn what_if(app: &App, request: WhatIf) -> Result<WhatIfAnswer, Problem> {
    let fleet = fleet(app).await?;
    let knowledge = app.knowledge();
    rooms::blocking(move || {
        let supposition = Supposition {
            updates: situation::with_replaced(&request.updates, &knowledge),
            close_ports: request.close_ports,
            group: request.group,
            zone: request.zone,
        };
        let answer = fleet.what_if(&supposition);
        let weapons = answer.weapons.into_iter().map(|(id, change)| WhatIfWeapon {
            id,
            before: StateCounts { open: change.open_before, unknown: change.unknown_before, ..StateCounts::default() },
            after: StateCounts { open: change.open_after, unknown: change.unknown_after, ..StateCounts::default() },
            reachable_before: change.reachable_before,
            reachable_after: change.reachable_after,
        });
        WhatIfAnswer {
            before: counts(&answer.before),
            after: counts(&answer.after),
            weapons: weapons.collect(),
            touched: answer.touched,
            warnings: answer.warnings,
        }
    })
    .await
}

fn counts(kept: &remedy::fleet::HostCounts) -> HostCounts {
    HostCounts { total: kept.total, hit: kept.hit, unknown: kept.unknown, clear: kept.clear, pending: 0 }
}
