//! The whole picture: assesses hosts and fleets, makes the demo network.

pub mod demo;
pub mod falls;

use detect::graph::{Alike, Standing};
use jiff::civil::Date;
use knowledge::Knowledge;
use model::{ExposureState, Host, HostExposure, HostPlan, KbId, Reach, WeaponId};
use rayon::prelude::*;
use remedy::Fleet;
use remedy::fleet::{Member, Profile};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a host, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    pub exposure: HostExposure,
    pub plan: HostPlan,
}

/// Judges one host on a day. The same host, knowledge and day give the same assessment.
pub fn assess(host: &Host, knowledge: &Knowledge, day: Date) -> Assessment {
    let exposure = detect::exposure(host, knowledge, day);
    let plan = remedy::plan(host, &exposure, knowledge, day);
    Assessment { exposure, plan }
}

/// Judges hosts on every core and keeps of each only what the fleet needs, in the order of the hosts. `tick` is called
/// once a host, from any thread.
pub fn members(hosts: &[Host], knowledge: &Knowledge, day: Date, tick: impl Fn() + Sync) -> Vec<Member> {
    hosts
        .par_iter()
        .map(|host| {
            let exposure = detect::exposure_brief(host, knowledge, day);
            let plan = remedy::plan(host, &exposure, knowledge, day);
            tick();
            Member::of(host, &exposure, &plan)
        })
        .collect()
}

/// The hosts of a fleet as the relation graph counts them: by system and by how they stand to each weapon.
pub fn on_graph(fleet: &Fleet) -> Vec<Alike> {
    let mut alike: BTreeMap<_, u64> = BTreeMap::new();
    for (profile, tally) in fleet.kinds() {
        *alike.entry((&profile.system, standings(profile))).or_default() += tally.hosts;
    }
    let one = |((system, weapons), hosts): ((&Option<String>, _), _)| Alike { system: system.clone(), weapons, hosts };
    alike.into_iter().map(one).collect()
}

fn standings(profile: &Profile) -> Vec<(WeaponId, Standing)> {
    let reach = |weapon: &WeaponId| {
        profile.exposures.iter().find(|need| need.weapon == *weapon).map_or(Reach::Unknown, |need| need.reach)
    };
    let standing =
        |(weapon, state): &(WeaponId, ExposureState)| Some((weapon.clone(), Standing::of(*state, reach(weapon))?));
    profile.states.iter().filter_map(standing).collect()
}

/// Updates with all that they replace: what a host has once they are installed.
pub fn with_replaced(updates: &BTreeSet<KbId>, knowledge: &Knowledge) -> BTreeSet<KbId> {
    let catalogue = &knowledge.catalogue;
    let mut all = catalogue.members(&catalogue.covered(updates));
    all.extend(updates);
    all
}
