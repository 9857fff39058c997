//! Every known vulnerability that is open on a host, grouped by the update that closes most.

use crate::context::Context;
use knowledge::System;
use knowledge::catalogue::{Open, Scope, SystemQuery};
use knowledge::epss::Epss;
use model::{CveGroup, HostExposure, Message, OpenCve};
use std::cmp::Reverse;
use std::sync::Arc;

/// Lists and counts what is open.
pub fn fill(context: &Context<'_>, exposure: &mut HostExposure) {
    let Some((scope, open)) = open(context, exposure) else { return };
    let catalogue = &context.knowledge.catalogue;
    exposure.cves = open.cve_groups(catalogue, &scope, |cve| context.knowledge.is_kev(cve));
    exposure.cves.iter_mut().for_each(|group| order(group, &context.knowledge.epss));
    let listed = || exposure.cves.iter().flat_map(|group| &group.cves);
    (exposure.open_cves, exposure.open_kev) = (listed().count() as u32, listed().filter(|cve| cve.kev).count() as u32);
}

/// The worst of a group first: known to be exploited, then the likeliest by EPSS where scores were imported, then the
/// gravest. Groups stay in the order of what their update closes: EPSS says what to look at, not what to install.
fn order(group: &mut CveGroup, scores: &Epss) {
    let millionths = |open: &OpenCve| scores.get(&open.cve).map(|score| score.probability);
    for open in &mut group.cves {
        open.epss = millionths(open).map(|score| f64::from(score) / 1_000_000.0);
    }
    group.cves.sort_by_cached_key(|open| Reverse((open.kev, millionths(open), open.severity)));
}

/// Counts what is open without listing it.
pub fn count(context: &Context<'_>, exposure: &mut HostExposure) {
    let Some((_, open)) = open(context, exposure) else { return };
    let kev = open.cves(&context.knowledge.catalogue).filter(|cve| context.knowledge.is_kev(cve)).count();
    (exposure.open_cves, exposure.open_kev) = (open.len() as u32, kev as u32);
}

fn open(context: &Context<'_>, exposure: &mut HostExposure) -> Option<(Arc<Scope>, Open)> {
    let system = context.system()?;
    if !context.facts.updates.known {
        return None;
    }
    let scope = context.knowledge.catalogue.scope(&query(context, system));
    if !scope.is_known() {
        exposure.gaps.push(Message::new("exposure.system-uncatalogued").with("system", &system.name));
        return None;
    }
    let open = context.knowledge.catalogue.open_cves(&scope, &context.covered);
    Some((scope, open))
}

fn query(context: &Context<'_>, system: &System) -> SystemQuery {
    let os = &context.facts.os;
    SystemQuery {
        product: system.catalogue.first().unwrap_or(&system.product).clone(),
        release: system.release.clone(),
        build: None,
        arch: Some(system.arch),
        service_pack: system.service_pack.filter(|_| system.builds.iter().all(|build| *build < 9200)),
        core: None,
        r2: os.r2,
        edition: os.edition.clone(),
    }
}
