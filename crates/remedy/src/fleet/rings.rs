//! Rings: an action goes to 5 % of its hosts, then to 25 %, then to all, those that are missed least first.
//!
//! The order is a pure function of the hosts: the same hosts fall into the same rings, however they are listed. Domain
//! controllers come last, before them the hosts whose ports the business needs, and among equals the lower asset value
//! goes first. A ring opens when [`opens`] says so of the one before it.

use super::{Fleet, FleetAction, Member, PortUse, Profile, Tally};
use model::HostId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The share of the hosts that has the action when a ring is done, in percent.
pub const PERCENT: [u8; 3] = [5, 25, 100];
/// The share of a ring that has to be verified before the next one opens, in percent, where nobody says otherwise.
pub const VERIFIED_PERCENT: u8 = 95;

/// How much a host would be missed, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caution {
    /// Nothing that is known of it leans on the ports in question.
    Replaceable,
    /// Nobody was asked what the business needs of a port that was seen open.
    NotAsked,
    /// The business needs one of its ports.
    Needed,
    /// A domain controller, or a server that may be one.
    Domain,
}

/// One ring of an action: how many hosts, and how much they would be missed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// 1-based.
    pub ring: u8,
    /// Of all hosts, with the rings before it.
    pub percent: u8,
    pub hosts: u64,
    pub caution: BTreeMap<Caution, u64>,
    /// The highest asset value in it; 0 when it is empty.
    pub value_max: u8,
}

/// A host with its place in the order of the rings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    pub caution: Caution,
    /// Asset value 1 to 5.
    pub value: u8,
    pub host: HostId,
}

impl Profile {
    pub fn caution(&self) -> Caution {
        let of = |port_use: &PortUse| match port_use {
            PortUse::Domain => Caution::Domain,
            PortUse::Needed => Caution::Needed,
            PortUse::OpenNotAsked => Caution::NotAsked,
            PortUse::Alternative | PortUse::NotAsked | PortUse::NotNeeded | PortUse::Closed => Caution::Replaceable,
        };
        self.ports.values().map(of).max().unwrap_or(Caution::Replaceable)
    }
}

/// The hosts of each ring, in order: rings are cut at whole hosts, and the first one is never empty.
pub fn sizes(hosts: u64) -> [u64; 3] {
    let until = PERCENT.map(|percent| hosts.saturating_mul(u64::from(percent)).div_ceil(100));
    [until[0], until[1] - until[0], until[2] - until[1]]
}

/// Each host with its ring, 1 to 3, in the order of the roll-out.
pub fn assign(mut hosts: Vec<Candidate>) -> Vec<(HostId, u8)> {
    hosts.sort_unstable();
    let mut rings = (1u8..).zip(sizes(hosts.len() as u64)).flat_map(|(ring, size)| (0..size).map(move |_| ring));
    hosts.into_iter().map(|candidate| (candidate.host, rings.next().unwrap_or(3))).collect()
}

/// Whether the ring after this one opens: nothing failed in it, and enough is verified. A ring without hosts holds
/// nothing up.
pub fn opens(hosts: u64, verified: u64, failed: u64, needed_percent: u8) -> bool {
    failed == 0 && verified.saturating_mul(100) >= hosts.saturating_mul(u64::from(needed_percent))
}

/// The rings of the hosts of some kinds, counted without looking at any host.
pub(super) fn counted<'a>(kinds: impl Iterator<Item = (&'a Profile, Tally)>) -> Vec<Ring> {
    let mut groups = BTreeMap::<(Caution, u8), u64>::new();
    for (profile, tally) in kinds {
        for (value, hosts) in (1u8..).zip(tally.by_value) {
            *groups.entry((profile.caution(), value)).or_default() += hosts;
        }
    }
    let total = groups.values().sum();
    let mut groups = groups.into_iter().filter(|(_, hosts)| *hosts > 0);
    let mut next = groups.next();
    let rings = (1u8..).zip(PERCENT).zip(sizes(total));
    let ring = |((ring, percent), size): ((u8, u8), u64)| {
        let mut made = Ring { ring, percent, hosts: size, ..Ring::default() };
        let mut room = size;
        while let Some(((caution, value), left)) = next.as_mut().filter(|_| room > 0) {
            let taken = room.min(*left);
            *made.caution.entry(*caution).or_default() += taken;
            made.value_max = made.value_max.max(*value);
            room -= taken;
            *left -= taken;
            if *left == 0 {
                next = groups.next();
            }
        }
        made
    };
    rings.map(ring).collect()
}

impl Fleet {
    /// The ring of each of these members in an action of the fleet they were folded into; those it is not done on are
    /// left out.
    pub fn rings_of(&self, action: &FleetAction, members: &[Member]) -> Vec<(HostId, u8)> {
        let done_on = |member: &&Member| self.at.get(&member.profile).is_some_and(|kind| action.kinds.contains(kind));
        let candidate = |member: &Member| Candidate {
            caution: member.profile.caution(),
            value: member.value,
            host: member.host.clone(),
        };
        assign(members.iter().filter(done_on).map(candidate).collect())
    }
}
