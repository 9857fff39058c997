//! What a blocked port cuts off: hosts that lose a service someone uses, as far as anyone said.

use super::{Fleet, PortUse};
use model::Port;
use serde::{Deserialize, Serialize};

/// The hosts on which a port would be blocked, by what that would mean there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutOff {
    /// Domain controllers, or hosts that may be one: logging on would stop.
    pub domain: u64,
    /// The business needs it and has nothing else.
    pub needed: u64,
    pub alternative: u64,
    /// Nobody was asked, and the port was seen open.
    pub open_not_asked: u64,
    pub not_asked: u64,
    pub not_needed: u64,
    pub closed: u64,
}

impl CutOff {
    /// Hosts that would lose something for certain.
    pub fn certain(&self) -> u64 {
        self.domain + self.needed
    }

    /// Hosts that might lose something.
    pub fn possible(&self) -> u64 {
        self.open_not_asked + self.not_asked
    }

    pub(super) fn count(&mut self, port_use: PortUse, hosts: u64) {
        let field = match port_use {
            PortUse::Domain => &mut self.domain,
            PortUse::Needed => &mut self.needed,
            PortUse::Alternative => &mut self.alternative,
            PortUse::OpenNotAsked => &mut self.open_not_asked,
            PortUse::NotAsked => &mut self.not_asked,
            PortUse::NotNeeded => &mut self.not_needed,
            PortUse::Closed => &mut self.closed,
        };
        *field += hosts;
    }
}

impl Fleet {
    /// What blocking this port would cut off, on a group and a zone or, without them, everywhere.
    pub fn cut_off(&self, port: Port, group: Option<&str>, zone: Option<&str>) -> CutOff {
        let mut cut_off = CutOff::default();
        for (profile, tally) in self.kinds() {
            if let (true, Some(port_use)) = (profile.is_in(group, zone), profile.ports.get(&port)) {
                cut_off.count(*port_use, tally.hosts);
            }
        }
        cut_off
    }
}

impl super::Profile {
    /// Whether the host stands in this group and this zone; what is not asked for is met.
    pub(super) fn is_in(&self, group: Option<&str>, zone: Option<&str>) -> bool {
        let meets =
            |has: &Option<String>, wanted: Option<&str>| wanted.is_none_or(|wanted| has.as_deref() == Some(wanted));
        meets(&self.group, group) && meets(&self.zone, zone)
    }
}
