//! What is kept of an endpoint, of two endpoints with each other, and of an account.

use super::sketch::{Arrivals, Distinct, HOUR_NS, Hours, Top, Volume};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Services of an endpoint whose first use is kept: the earliest.
pub const SERVICES_MAX: usize = 32;
/// Hours of ports for which it is kept whom an endpoint tried; the least tried make room.
pub const REACHES_MAX: usize = 16;
/// Ports of two endpoints for which the beginnings of conversations are kept; the least used make room.
pub const RHYTHMS_MAX: usize = 8;
/// Of a profile that outlives a reading, whom it tried is known for two days back from when it was last seen.
const REACHES_NS: i64 = 48 * HOUR_NS;

/// The number of a transport protocol and a port of it.
pub type Port = (u8, u16);

/// When something was seen first and last, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first_ns: i64,
    pub last_ns: i64,
}

impl Default for Span {
    /// Nothing was seen: any time is before its first and after its last.
    fn default() -> Self {
        Span { first_ns: i64::MAX, last_ns: i64::MIN }
    }
}

impl Span {
    pub fn merge(&mut self, other: Span) {
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
    }

    pub fn seconds(&self) -> f64 {
        self.last_ns.saturating_sub(self.first_ns).max(0) as f64 / 1e9
    }
}

/// Attempts at something within an hour: how many, at how many different ends, and how many were answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    pub span: Span,
    pub tried: Distinct,
    pub accepted: Distinct,
    pub attempts: u64,
    pub unanswered: u64,
}

impl Reach {
    pub fn merge(&mut self, other: &Reach) {
        self.span.merge(other.span);
        self.tried.merge(&other.tried);
        self.accepted.merge(&other.accepted);
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.unanswered = self.unanswered.saturating_add(other.unanswered);
    }
}

/// Attempts by hour and port. With neighbouring hours merged, an hour is looked at that begins anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaches {
    pub(super) hours: BTreeMap<(i64, Port), Reach>,
    pub evicted: u64,
}

impl Reaches {
    pub fn add(&mut self, port: Port, end: u64, span: Span, answered: bool) {
        self.with((span.first_ns.div_euclid(HOUR_NS), port), |reach| {
            reach.span.merge(span);
            reach.attempts = reach.attempts.saturating_add(1);
            reach.tried.insert(end);
            if answered {
                reach.accepted.insert(end);
            } else {
                reach.unanswered = reach.unanswered.saturating_add(1);
            }
        });
    }

    pub fn merge(&mut self, other: &Reaches) {
        other.hours.iter().for_each(|(key, reach)| self.with(*key, |known| known.merge(reach)));
        self.evicted = self.evicted.saturating_add(other.evicted);
    }

    fn with(&mut self, key: (i64, Port), change: impl FnOnce(&mut Reach)) {
        change(self.hours.entry(key).or_default());
        if self.hours.len() > REACHES_MAX {
            // The least tried goes, but not the one just put: it would always be the one, and never collect anything.
            let others = self.hours.iter().filter(|(other, _)| **other != key);
            if let Some(key) = others.min_by_key(|(key, reach)| (reach.attempts, **key)).map(|(key, _)| *key) {
                self.hours.remove(&key);
                self.evicted = self.evicted.saturating_add(1);
            }
        }
    }

    /// Leaves what was tried since then: what is over was told, and must not keep what is new from being kept.
    fn only_since(&mut self, time_ns: i64) {
        let first = time_ns.div_euclid(HOUR_NS);
        self.hours.retain(|(hour, _), _| *hour >= first);
    }

    /// Every port with what was tried within two neighbouring hours.
    pub fn windows(&self) -> impl Iterator<Item = (Port, Reach)> {
        self.hours.iter().map(|((hour, port), reach)| {
            let mut window = reach.clone();
            if let Some(next) = self.hours.get(&(hour + 1, *port)) {
                window.merge(next);
            }
            (*port, window)
        })
    }
}

/// The services an endpoint answered at, with when each did so first; the earliest are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    pub(super) first_ns: BTreeMap<Port, i64>,
    pub evicted: u64,
}

impl Services {
    pub fn add(&mut self, port: Port, time_ns: i64) {
        let first = self.first_ns.entry(port).or_insert(i64::MAX);
        *first = time_ns.min(*first);
        if self.first_ns.len() > SERVICES_MAX
            && let Some(latest) =
                self.first_ns.iter().max_by_key(|(port, first)| (**first, **port)).map(|(port, _)| *port)
        {
            self.first_ns.remove(&latest);
            self.evicted = self.evicted.saturating_add(1);
        }
    }

    pub fn merge(&mut self, other: &Services) {
        other.first_ns.iter().for_each(|(port, first)| self.add(*port, *first));
        self.evicted = self.evicted.saturating_add(other.evicted);
    }

    pub fn iter(&self) -> impl Iterator<Item = (Port, i64)> {
        self.first_ns.iter().map(|(port, first)| (*port, *first))
    }
}

/// A host by its address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    pub span: Span,
    /// Whom it went to, and who came.
    pub peers_asked: Distinct,
    pub peers_served: Distinct,
    pub ports_asked: Distinct,
    /// The ports it went to, and those it answered at, by conversations.
    pub asked: Top<Port>,
    pub served: Top<Port>,
    pub protocols: Top<&'static str>,
    pub accounts: Top<String>,
    pub hours: Hours,
    pub volume: Volume,
    pub services: Services,
    /// Hosts tried, by port.
    pub reaches: Reaches,
}

impl Endpoint {
    pub fn merge(&mut self, other: &Endpoint) {
        self.span.merge(other.span);
        self.peers_asked.merge(&other.peers_asked);
        self.peers_served.merge(&other.peers_served);
        self.ports_asked.merge(&other.ports_asked);
        self.asked.merge(&other.asked);
        self.served.merge(&other.served);
        self.protocols.merge(&other.protocols);
        self.accounts.merge(&other.accounts);
        self.hours.merge(&other.hours);
        self.volume.merge(&other.volume);
        self.services.merge(&other.services);
        self.reaches.merge(&other.reaches);
    }

    /// Forgets what is of no use any more to who looks at it later.
    pub fn age(&mut self) {
        self.reaches.only_since(self.span.last_ns.saturating_sub(REACHES_NS));
    }
}

/// Two endpoints, by who opens and who answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    pub span: Span,
    pub ports: Distinct,
    /// The ports that were used, by conversations.
    pub asked: Top<Port>,
    pub protocols: Top<&'static str>,
    pub hours: Hours,
    pub volume: Volume,
    /// Ports tried, all as port nought of their transport.
    pub reaches: Reaches,
    pub rhythms: BTreeMap<Port, Arrivals>,
    pub rhythms_evicted: u64,
}

impl Link {
    pub fn merge(&mut self, other: &Link) {
        self.span.merge(other.span);
        self.ports.merge(&other.ports);
        self.asked.merge(&other.asked);
        self.protocols.merge(&other.protocols);
        self.hours.merge(&other.hours);
        self.volume.merge(&other.volume);
        self.reaches.merge(&other.reaches);
        other.rhythms.iter().for_each(|(port, arrivals)| self.rhythm(*port, |known| known.merge(arrivals)));
        self.rhythms_evicted = self.rhythms_evicted.saturating_add(other.rhythms_evicted);
    }

    /// Forgets what is of no use any more to who looks at it later.
    pub fn age(&mut self) {
        self.reaches.only_since(self.span.last_ns.saturating_sub(REACHES_NS));
    }

    pub fn rhythm(&mut self, port: Port, change: impl FnOnce(&mut Arrivals)) {
        change(self.rhythms.entry(port).or_default());
        if self.rhythms.len() > RHYTHMS_MAX {
            let others = self.rhythms.iter().filter(|(other, _)| **other != port);
            if let Some(port) = others.min_by_key(|(port, arrivals)| (arrivals.seen, **port)).map(|(port, _)| *port) {
                self.rhythms.remove(&port);
                self.rhythms_evicted = self.rhythms_evicted.saturating_add(1);
            }
        }
    }
}

/// An account, by its name in small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub span: Span,
    /// Hosts it was used from, and at.
    pub from: Distinct,
    pub at: Distinct,
    /// The hosts it was used from and at most, by exchanges.
    pub hosts_from: Top<IpAddr>,
    pub hosts_at: Top<IpAddr>,
    pub protocols: Top<&'static str>,
    pub hours: Hours,
    pub exchanges: u64,
}

impl User {
    pub fn merge(&mut self, other: &User) {
        self.span.merge(other.span);
        self.from.merge(&other.from);
        self.at.merge(&other.at);
        self.hosts_from.merge(&other.hosts_from);
        self.hosts_at.merge(&other.hosts_at);
        self.protocols.merge(&other.protocols);
        self.hours.merge(&other.hours);
        self.exchanges = self.exchanges.saturating_add(other.exchanges);
    }
}

/// Use of shares and services that only administrators reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Administration {
    pub span: Span,
    pub shares: u64,
    pub programs: u64,
    pub services: u64,
}

impl Administration {
    pub fn merge(&mut self, other: &Administration) {
        self.span.merge(other.span);
        self.shares = self.shares.saturating_add(other.shares);
        self.programs = self.programs.saturating_add(other.programs);
        self.services = self.services.saturating_add(other.services);
    }
}
