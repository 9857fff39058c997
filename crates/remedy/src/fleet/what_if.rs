//! What would be different if: updates installed, ports closed, on a group, a zone, or everywhere.

use super::{CutOff, Fleet, Need, Profile, Sorted};
use model::{ExposureState, KbId, Message, Port, Reach, WeaponId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is supposed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Supposition {
    /// Installed wherever they apply; with them whatever they replace, which the caller adds.
    pub updates: BTreeSet<KbId>,
    pub close_ports: BTreeSet<Port>,
    pub group: Option<String>,
    pub zone: Option<String>,
}

/// Hosts by their worst state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCounts {
    pub total: u64,
    pub hit: u64,
    pub unknown: u64,
    pub clear: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIf {
    pub before: HostCounts,
    pub after: HostCounts,
    pub weapons: BTreeMap<WeaponId, WeaponChange>,
    /// Hosts the supposition concerns.
    pub touched: u64,
    pub warnings: Vec<Message>,
}

/// Hosts one weapon can hit, or may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeaponChange {
    pub open_before: u64,
    pub open_after: u64,
    pub unknown_before: u64,
    pub unknown_after: u64,
    /// Open or unknown, and not behind a closed port.
    pub reachable_before: u64,
    pub reachable_after: u64,
}

/// What becomes of one exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Fixed,
    /// Still there, and out of reach.
    CutOff,
}

impl Fleet {
    pub fn what_if(&self, supposition: &Supposition) -> WhatIf {
        let mut answer = WhatIf::default();
        let mut base_missing = 0;
        for Sorted { profile, tally, .. } in self.sorted() {
            let concerned = profile.is_in(supposition.group.as_deref(), supposition.zone.as_deref());
            answer.touched += if concerned { tally.hosts } else { 0 };
            let fate = |need: &Need| if concerned { fate(need, supposition) } else { Fate::Stays };
            let left = || profile.exposures.iter().filter(|need| fate(need) == Fate::Stays);
            answer.before.count(profile.exposures.iter(), tally.hosts);
            answer.after.count(left(), tally.hosts);
            for need in &profile.exposures {
                answer.weapons.entry(need.weapon.clone()).or_default().count(need, fate(need), tally.hosts);
            }
            if concerned && waits_for_base(profile, supposition) {
                base_missing += tally.hosts;
            }
        }
        answer.warnings = self.warnings(supposition, base_missing);
        answer
    }

    fn warnings(&self, supposition: &Supposition, base_missing: u64) -> Vec<Message> {
        let mut warnings = Vec::new();
        if base_missing > 0 {
            warnings.push(Message::new("fleet.what-if.base-missing").number("hosts", clamp(base_missing)));
        }
        for port in &supposition.close_ports {
            let cut: CutOff = self.cut_off(*port, supposition.group.as_deref(), supposition.zone.as_deref());
            let cases = [
                (cut.domain, Message::new("fleet.cut-off.domain")),
                (cut.needed, Message::new("fleet.cut-off.needed")),
                (cut.alternative, Message::new("fleet.cut-off.alternative")),
                (cut.possible(), Message::new("fleet.cut-off.not-asked")),
            ];
            let some = cases.into_iter().filter(|(hosts, _)| *hosts > 0);
            warnings.extend(some.map(|(hosts, message)| message.with("port", port).number("hosts", clamp(hosts))));
        }
        warnings
    }
}

/// An update closes the hole when its base patches are there or supposed as well.
fn fate(need: &Need, supposition: &Supposition) -> Fate {
    let updates = &supposition.updates;
    if need.fixes.iter().any(|kb| updates.contains(kb)) && has_base(need, updates) {
        return Fate::Fixed;
    }
    let closed = !need.ports.is_empty() && need.ports.iter().all(|port| supposition.close_ports.contains(port));
    if closed { Fate::CutOff } else { Fate::Stays }
}

fn has_base(need: &Need, updates: &BTreeSet<KbId>) -> bool {
    need.base.iter().all(|base| base.any_of.iter().any(|kb| updates.contains(kb)))
}

fn waits_for_base(profile: &Profile, supposition: &Supposition) -> bool {
    let updates = &supposition.updates;
    profile.exposures.iter().any(|need| need.fixes.iter().any(|kb| updates.contains(kb)) && !has_base(need, updates))
}

impl HostCounts {
    fn count<'a>(&mut self, exposures: impl Iterator<Item = &'a Need>, hosts: u64) {
        self.total += hosts;
        match exposures.map(|need| need.state).min() {
            Some(ExposureState::Open) => self.hit += hosts,
            Some(ExposureState::Unknown) => self.unknown += hosts,
            _ => self.clear += hosts,
        }
    }
}

impl WeaponChange {
    fn count(&mut self, need: &Need, fate: Fate, hosts: u64) {
        let (before, after) = match need.state {
            ExposureState::Open => (&mut self.open_before, &mut self.open_after),
            _ => (&mut self.unknown_before, &mut self.unknown_after),
        };
        let reachable = need.reach != Reach::Closed;
        *before += hosts;
        *after += if fate == Fate::Fixed { 0 } else { hosts };
        self.reachable_before += if reachable { hosts } else { 0 };
        self.reachable_after += if reachable && fate == Fate::Stays { hosts } else { 0 };
    }
}

pub(super) fn clamp(hosts: u64) -> i64 {
    i64::try_from(hosts).unwrap_or(i64::MAX)
}
