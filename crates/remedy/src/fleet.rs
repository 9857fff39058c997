//! The whole fleet: the smallest set of actions that closes what is open, its bytes and minutes, what a blocked port
//! cuts off, and what would be different if.
//!
//! Hosts are folded into [`Profile`]s as they come: a hundred thousand hosts of a few hundred kinds are a few hundred
//! numbers. Everything after the folding works on profiles.

mod actions;
mod cover;
mod cut_off;
mod delivery;
pub mod rings;
mod what_if;

pub use actions::{FleetAction, FleetActions};
pub use cover::{Choice, Problem, greedy};
pub use cut_off::CutOff;
pub use delivery::{Delivery, Link, Sizes};
pub use rings::{Caution, Ring};
pub use what_if::{HostCounts, Supposition, WeaponChange, WhatIf};

use crate::ports::{Ruling, ruling};
use model::{
    Action, ActionKind, BaseStep, Business, ExposureState, Host, HostExposure, HostId, HostPlan, KbId, Port,
    PortStatus, Reach, Timeline, WeaponId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A host as the fleet needs it: small, serialisable, and equal to every host with the same needs but for its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub host: HostId,
    /// Asset value 1 to 5; 3 where nobody rated the host.
    pub value: u8,
    pub profile: Profile,
}

/// Everything about a host that decides what is done about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Profile {
    pub system: Option<String>,
    pub group: Option<String>,
    pub zone: Option<String>,
    /// Only exposures that need action; the rest is counted by [`Fleet::states`].
    pub exposures: Vec<Need>,
    /// The plan's measures that close nothing for good: blocks, shields, isolation, collecting.
    pub measures: Vec<Measure>,
    /// What is known of the ports the weapons come in by and of those the business needs.
    pub ports: BTreeMap<Port, PortUse>,
    /// States of all weapons, by the order of the exposure.
    pub states: Vec<(WeaponId, ExposureState)>,
}

impl Profile {
    /// Raised whenever a host would give another profile than before, in content or in its JSON: profiles that were
    /// stored in an older form are made again.
    pub const FORM: u32 = 1;

    /// Whether this update would close a hole that a weapon needs.
    pub fn lacks(&self, kb: KbId) -> bool {
        self.exposures.iter().any(|need| need.fixes.contains(&kb))
    }

    /// Whether one of these weapons can hit the host.
    pub fn is_open_to(&self, weapons: &BTreeSet<WeaponId>) -> bool {
        let open = self.states.iter().filter(|(_, state)| *state == ExposureState::Open);
        open.map(|(weapon, _)| weapon).any(|weapon| weapons.contains(weapon))
    }
}

/// One weapon's exposure and everything that closes it for good.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Need {
    pub weapon: WeaponId,
    pub state: ExposureState,
    pub timeline: Timeline,
    pub reach: Reach,
    pub ports: Vec<Port>,
    /// Updates, any one of which closes it; all of the fixes, also those the business cannot bear.
    pub fixes: BTreeSet<KbId>,
    /// What the plan would do to close it, any one of which is enough.
    pub closers: Vec<Closer>,
    pub base: Vec<Base>,
}

/// A lasting way to close an exposure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Closer {
    pub kind: ActionKind,
    pub kb: Option<KbId>,
    /// The product, the target system, or the base step.
    pub control: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Base {
    pub id: String,
    pub any_of: Vec<KbId>,
}

/// A measure that holds until the exposure is closed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Measure {
    pub kind: ActionKind,
    pub control: Option<String>,
    pub ports: BTreeSet<Port>,
    pub services: BTreeSet<String>,
    pub weapons: Vec<WeaponId>,
}

/// What closing a port would mean on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortUse {
    /// A domain controller, or what may be one, lives by it.
    Domain,
    Needed,
    Alternative,
    /// Nobody was asked, and it was seen open: somebody may use it.
    OpenNotAsked,
    NotAsked,
    NotNeeded,
    Closed,
}

/// Many hosts, folded into kinds: the hosts of one profile are one kind.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    kinds: Vec<(Arc<Profile>, Tally)>,
    at: HashMap<Arc<Profile>, usize>,
}

/// The place of a kind in its fleet.
pub type Kind = usize;

/// The hosts of one profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub hosts: u64,
    /// Sum of the asset values.
    pub value: u64,
    /// Hosts of each asset value, 1 to 5.
    pub by_value: [u64; 5],
}

impl Tally {
    /// So many hosts, all of one asset value.
    pub fn of(hosts: u64, value: Option<u8>) -> Tally {
        let value = rated(value);
        let mut by_value = [0; 5];
        by_value[usize::from(value) - 1] = hosts;
        Tally { hosts, value: hosts * u64::from(value), by_value }
    }
}

/// The asset value of a host; the middle where nobody rated it.
pub fn rated(value: Option<u8>) -> u8 {
    value.unwrap_or(3).clamp(1, 5)
}

impl Fleet {
    pub fn add(&mut self, member: Member) {
        self.add_alike(&Arc::new(member.profile), Tally::of(1, Some(member.value)));
    }

    /// Adds hosts that are alike, and gives the kind they are of.
    pub fn add_alike(&mut self, profile: &Arc<Profile>, hosts: Tally) -> Kind {
        let kind = *self.at.entry(Arc::clone(profile)).or_insert_with(|| {
            self.kinds.push((Arc::clone(profile), Tally::default()));
            self.kinds.len() - 1
        });
        let tally = &mut self.kinds[kind].1;
        tally.hosts += hosts.hosts;
        tally.value += hosts.value;
        for (here, more) in tally.by_value.iter_mut().zip(hosts.by_value) {
            *here += more;
        }
        kind
    }

    pub fn hosts(&self) -> u64 {
        self.kinds.iter().map(|(_, tally)| tally.hosts).sum()
    }

    /// The kinds of hosts there are, by their places.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = (&Profile, Tally)> {
        self.kinds.iter().map(|(profile, tally)| (&**profile, *tally))
    }

    /// Hosts by state for every weapon.
    pub fn states(&self) -> BTreeMap<WeaponId, BTreeMap<ExposureState, u64>> {
        let mut states = BTreeMap::<WeaponId, BTreeMap<ExposureState, u64>>::new();
        for (profile, tally) in self.kinds() {
            for (weapon, state) in &profile.states {
                *states.entry(weapon.clone()).or_default().entry(*state).or_default() += tally.hosts;
            }
        }
        states
    }

    /// The profiles in an order that does not depend on hashing: most hosts first.
    fn sorted(&self) -> Vec<Sorted<'_>> {
        let sorted = self.kinds().enumerate().map(|(kind, (profile, tally))| Sorted { kind, profile, tally });
        let mut sorted: Vec<_> = sorted.collect();
        sorted.sort_by_cached_key(|one| (std::cmp::Reverse(one.tally.hosts), format!("{:?}", one.profile)));
        sorted
    }
}

/// A kind of hosts in an order that stays the same.
#[derive(Debug, Clone, Copy)]
struct Sorted<'a> {
    kind: Kind,
    profile: &'a Profile,
    tally: Tally,
}

impl FromIterator<Member> for Fleet {
    fn from_iter<T: IntoIterator<Item = Member>>(members: T) -> Self {
        let mut fleet = Fleet::default();
        members.into_iter().for_each(|member| fleet.add(member));
        fleet
    }
}

impl Member {
    pub fn of(host: &Host, exposure: &HostExposure, plan: &HostPlan) -> Member {
        let needs = exposure.weapons.iter().zip(&plan.disposals).filter(|(weapon, _)| weapon.state.needs_action());
        let exposures = needs
            .map(|(weapon, disposal)| Need {
                weapon: weapon.weapon.clone(),
                state: weapon.state,
                timeline: disposal.urgency.timeline,
                reach: weapon.reach,
                ports: weapon.ports.clone(),
                fixes: weapon.fixes.clone(),
                closers: disposal.actions.iter().flat_map(closers).collect(),
                base: weapon.base.iter().flat_map(|base| &base.steps).map(Base::of).collect(),
            })
            .collect();
        let Business { group, zone, value, .. } = &host.facts.business;
        let profile = Profile {
            system: exposure.system.clone(),
            group: group.clone(),
            zone: zone.clone(),
            exposures,
            measures: plan.steps.iter().filter(|step| is_measure(step.action.kind)).map(measure).collect(),
            ports: port_uses(host, exposure),
            states: exposure.weapons.iter().map(|weapon| (weapon.weapon.clone(), weapon.state)).collect(),
        };
        Member { host: host.id.clone(), value: rated(*value), profile }
    }
}

impl Base {
    fn of(step: &BaseStep) -> Base {
        Base { id: step.id.clone(), any_of: step.any_of.clone() }
    }
}

/// The lasting ways of one action: one for each update that would do.
fn closers(action: &Action) -> Vec<Closer> {
    let closer = |kb| Closer { kind: action.kind, kb, control: action.control.clone() };
    match action.kind {
        ActionKind::KeyPatch => action.any_of.iter().map(|kb| closer(Some(*kb))).collect(),
        ActionKind::UpgradeApplication | ActionKind::UpgradeSystem | ActionKind::ReplaceSystem => vec![closer(None)],
        _ => Vec::new(),
    }
}

fn is_measure(kind: ActionKind) -> bool {
    use ActionKind::{
        BlockPort, CollectFacts, DetectOutside, DisableFeature, DisableService, Examine, Isolate, Shield,
    };
    matches!(
        kind,
        Isolate | CollectFacts | BlockPort | DisableService | DisableFeature | Shield | DetectOutside | Examine
    )
}

fn measure(step: &model::Step) -> Measure {
    let model::Step { action, weapons, .. } = step;
    Measure {
        kind: action.kind,
        control: action.control.clone(),
        ports: action.ports.clone(),
        services: action.services.clone(),
        weapons: weapons.clone(),
    }
}

fn port_uses(host: &Host, exposure: &HostExposure) -> BTreeMap<Port, PortUse> {
    let weapons = exposure.weapons.iter().filter(|weapon| weapon.state.needs_action());
    let ports = weapons.flat_map(|weapon| weapon.ports.iter().copied());
    let needed = host.facts.business.needs_ports.iter().flatten().copied();
    ports.chain(needed).map(|port| (port, port_use(host, port))).collect()
}

fn port_use(host: &Host, port: Port) -> PortUse {
    let open = host.facts.ports.get(&port).is_some_and(|state| state.status == PortStatus::Open);
    match ruling(host, port) {
        Ruling::NeverOnDomainController | Ruling::NeverOnUnknownRole => PortUse::Domain,
        Ruling::Needed => PortUse::Needed,
        Ruling::Alternative => PortUse::Alternative,
        Ruling::AskFirst | Ruling::ClientDefault if open => PortUse::OpenNotAsked,
        Ruling::AskFirst | Ruling::ClientDefault => PortUse::NotAsked,
        Ruling::NotNeeded => PortUse::NotNeeded,
        Ruling::Closed => PortUse::Closed,
    }
}
