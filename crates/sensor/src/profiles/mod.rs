//! How endpoints, links and users behave, kept as bounded summaries that can be merged, and what stands out in them. A
//! finding here is no weapon: it is a number beyond a threshold, told with both.

mod codec;
mod judge;
mod profile;
pub mod sketch;

pub use codec::Bytes;
pub use judge::{BehaviourFinding, BehaviourKind};
pub use profile::{Administration, Endpoint, Link, Port, Reach, Reaches, Services, Span, User};

use crate::flow::{EndReason, Flow};
use crate::output::{News, Output, Seen};
use sketch::{Volume, digest};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use wire::packet::{protocol, tcp_flags};
use wire::proto::{Event, Kind};
use wire::session::{Mark, Place};

/// Profiles kept at a time. With every summary full, an endpoint takes 12 KB and a link 15 KB, nearly all far less.
const ENDPOINTS_MAX: usize = 1 << 12;
const LINKS_MAX: usize = 1 << 12;
const USERS_MAX: usize = 1 << 12;
const ADMINISTRATIONS_MAX: usize = 1 << 12;
/// When there are too many, so many in four are left: the room is made once and not with every conversation.
const KEPT_OF_FOUR: usize = 3;
/// Characters kept of an account's name.
const ACCOUNT_CHARS_MAX: usize = 128;
const FIRST_DYNAMIC_PORT: u16 = 1024;
/// Where traceroute sends to count hops: ports nobody is to answer at.
const TRACEROUTE_PORTS: std::ops::RangeInclusive<u16> = 33_434..=33_534;
const ICMP_ECHO: u8 = 8;
const ICMP6_ECHO: u8 = 128;

/// Profiles of everything that was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profiles {
    pub endpoints: Kept<IpAddr, Endpoint>,
    pub links: Kept<(IpAddr, IpAddr), Link>,
    pub users: Kept<String, User>,
    pub administrations: Kept<(IpAddr, IpAddr), Administration>,
}

/// What stood out, and the profiles it stands out of.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    pub findings: Vec<BehaviourFinding>,
    /// Findings beyond the limit.
    pub shed: u64,
    pub profiles: Profiles,
}

impl Profiles {
    /// Adds a conversation that is over.
    pub fn flow(&mut self, flow: &Flow) {
        let (from, to) = (flow.originator.address, flow.responder.address);
        let port = port_of(flow);
        let span = Span { first_ns: flow.first.time_ns, last_ns: flow.last.time_ns };
        let volume = volume_of(flow);
        let answered = is_answered(flow);
        let tried = answered || is_attempt(flow);
        let name = flow.kind().map(Kind::name);

        self.endpoints.with(from, span, |asking| {
            asking.hours.add(span.first_ns);
            asking.volume.merge(&volume);
            asking.peers_asked.insert(digest_of(to));
            asking.ports_asked.insert(digest_of_port(port));
            asking.asked.add(port, 1);
            name.iter().for_each(|name| asking.protocols.add(name, 1));
            if tried {
                asking.reaches.add(port, digest_of(to), span, answered);
            }
        });
        // Whoever never answers may not exist: a scan must not push out those who do.
        if answered && from != to {
            self.endpoints.with(to, span, |serving| {
                serving.hours.add(span.first_ns);
                serving.volume.merge(&volume.turned());
                serving.peers_served.insert(digest_of(from));
                name.iter().for_each(|name| serving.protocols.add(name, 1));
                serving.served.add(port, 1);
                if is_service(flow) {
                    serving.services.add(port, span.first_ns);
                }
            });
        }
        self.links.with((from, to), span, |link| {
            link.hours.add(span.first_ns);
            link.volume.merge(&volume);
            link.ports.insert(digest_of_port(port));
            link.asked.add(port, 1);
            name.iter().for_each(|name| link.protocols.add(name, 1));
            if tried {
                link.reaches.add((port.0, 0), digest_of_port(port), span, answered);
            }
            if answered && port.1 != 0 {
                let bytes = volume.bytes_out.saturating_add(volume.bytes_in);
                link.rhythm(port, |arrivals| arrivals.add(span.first_ns, bytes));
            }
        });
    }

    /// Adds the use of an account in a conversation.
    pub fn account(&mut self, flow: &Flow, account: &str, protocol: &'static str, time_ns: i64) {
        // No database keeps a NUL in a text: two names must not become one there that are two here.
        let name = account.chars().take(ACCOUNT_CHARS_MAX).collect::<String>().to_lowercase().replace('\0', "\u{fffd}");
        if name.is_empty() {
            return;
        }
        let span = Span { first_ns: time_ns, last_ns: time_ns };
        let (from, to) = (flow.originator.address, flow.responder.address);
        self.endpoints.with(from, span, |endpoint| endpoint.accounts.add(name.clone(), 1));
        self.users.with(name, span, |user| {
            user.from.insert(digest_of(from));
            user.at.insert(digest_of(to));
            user.hosts_from.add(from, 1);
            user.hosts_at.add(to, 1);
            user.protocols.add(protocol, 1);
            user.hours.add(time_ns);
            user.exchanges = user.exchanges.saturating_add(1);
        });
    }

    /// Adds a mark, when it tells of administration from afar.
    pub fn mark(&mut self, flow: &Flow, code: &str, time_ns: i64) {
        let span = Span { first_ns: time_ns, last_ns: time_ns };
        let once = match code {
            "smb1.admin-share" | "smb2.admin-share" => Administration { shares: 1, ..Administration::default() },
            "dcerpc.svcctl-create-service" => Administration { services: 1, ..Administration::default() },
            code if code.ends_with(".program-to-admin-share") => {
                Administration { programs: 1, ..Administration::default() }
            }
            _ => return,
        };
        let pair = (flow.originator.address, flow.responder.address);
        self.administrations.with(pair, span, |known| known.merge(&once));
    }

    pub fn merge(&mut self, other: &Profiles) {
        self.endpoints.merge(&other.endpoints);
        self.links.merge(&other.links);
        self.users.merge(&other.users);
        self.administrations.merge(&other.administrations);
    }

    /// What stands out.
    pub fn judge(self) -> Behaviour {
        let (findings, shed) = judge::all(&self);
        Behaviour { findings, shed, profiles: self }
    }
}

/// Something that knows when it was seen and can be merged.
pub trait Profile: Default {
    fn span(&mut self) -> &mut Span;
    fn add(&mut self, other: &Self);
    const MAX: usize;
}

macro_rules! profiles {
    ($($kind:ty, $max:expr;)*) => {
        $(impl Profile for $kind {
            const MAX: usize = $max;
            fn span(&mut self) -> &mut Span {
                &mut self.span
            }
            fn add(&mut self, other: &Self) {
                self.merge(other);
            }
        })*
    };
}

profiles! {
    Endpoint, ENDPOINTS_MAX;
    Link, LINKS_MAX;
    User, USERS_MAX;
    Administration, ADMINISTRATIONS_MAX;
}

/// Profiles by name; those silent longest make room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<K: Eq + Hash, P> {
    all: HashMap<K, P>,
    pub evicted: u64,
}

impl<K: Eq + Hash, P> Default for Kept<K, P> {
    fn default() -> Self {
        Kept { all: HashMap::new(), evicted: 0 }
    }
}

impl<K: Eq + Hash + Ord + Clone, P: Profile> Kept<K, P> {
    pub fn iter(&self) -> impl Iterator<Item = (&K, &P)> {
        self.all.iter()
    }

    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&P>
    where
        K: Borrow<Q>,
    {
        self.all.get(key)
    }

    /// Adds what is known of one from elsewhere.
    pub fn put(&mut self, key: K, profile: &P) {
        self.all.entry(key).or_default().add(profile);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn with(&mut self, key: K, span: Span, change: impl FnOnce(&mut P)) {
        let profile = self.all.entry(key).or_default();
        profile.span().merge(span);
        change(profile);
        if self.all.len() > P::MAX {
            self.make_room(P::MAX / 4 * KEPT_OF_FOUR);
        }
    }

    fn merge(&mut self, other: &Self) {
        for (key, profile) in &other.all {
            self.all.entry(key.clone()).or_default().add(profile);
        }
        self.evicted = self.evicted.saturating_add(other.evicted);
        if self.all.len() > P::MAX {
            self.make_room(P::MAX);
        }
    }

    /// Leaves the profiles seen last.
    fn make_room(&mut self, kept: usize) {
        let mut seen: Vec<(i64, K)> = self.all.iter_mut().map(|(key, all)| (all.span().last_ns, key.clone())).collect();
        let gone = seen.len().saturating_sub(kept);
        seen.sort_unstable();
        seen.iter().take(gone).for_each(|(_, key)| drop(self.all.remove(key)));
        self.evicted = self.evicted.saturating_add(gone as u64);
    }
}

/// The port of who answers; echoes of ICMP and others have none.
fn port_of(flow: &Flow) -> Port {
    match flow.protocol {
        protocol::TCP | protocol::UDP | protocol::SCTP => (flow.protocol, flow.responder.port),
        other => (other, 0),
    }
}

fn volume_of(flow: &Flow) -> Volume {
    Volume {
        conversations: 1,
        packets_out: flow.packets.originator,
        packets_in: flow.packets.responder,
        bytes_out: flow.bytes.originator,
        bytes_in: flow.bytes.responder,
    }
}

/// The responder took part: it accepted the connection, or said something where there are none. A connection whose
/// beginning was not captured was accepted, if both sides speak.
fn is_answered(flow: &Flow) -> bool {
    match &flow.tcp {
        Some(tcp) => {
            let accepted = tcp.flags.responder & tcp_flags::SYN != 0;
            let began = tcp.flags.originator & tcp_flags::SYN != 0;
            accepted || (!began && flow.packets.responder > 0 && flow.heard.responder > 0)
        }
        None => flow.packets.responder > 0,
    }
}

/// Somebody tried to reach something: the first packet asks. A lone answer, whose question was not captured, would
/// look like a question to a port of the client.
fn is_attempt(flow: &Flow) -> bool {
    match flow.protocol {
        protocol::TCP => flow.tcp.as_ref().is_some_and(|tcp| tcp.flags.originator & tcp_flags::SYN != 0),
        protocol::UDP => flow.originator.port >= FIRST_DYNAMIC_PORT && !TRACEROUTE_PORTS.contains(&flow.responder.port),
        protocol::ICMP => flow.icmp.is_some_and(|(kind, _)| kind == ICMP_ECHO),
        protocol::ICMPV6 => flow.icmp.is_some_and(|(kind, _)| kind == ICMP6_ECHO),
        _ => false,
    }
}

/// The responder's port is a service's and not one arranged for a single transfer.
fn is_service(flow: &Flow) -> bool {
    /// From here on ports are given out for a while (RFC 6335, section 6).
    const FIRST_EPHEMERAL_PORT: u16 = 49_152;
    let arranged = matches!(flow.kind(), Some(Kind::FtpData | Kind::Dcerpc | Kind::Tftp));
    let port = flow.responder.port;
    match flow.protocol {
        protocol::TCP => {
            !flow.direction_guessed && port < FIRST_EPHEMERAL_PORT && (!arranged || port < FIRST_DYNAMIC_PORT)
        }
        protocol::UDP => port < FIRST_DYNAMIC_PORT,
        _ => false,
    }
}

fn digest_of(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => digest(&address.octets()),
        IpAddr::V6(address) => digest(&address.octets()),
    }
}

fn digest_of_port((protocol, port): Port) -> u64 {
    let [high, low] = port.to_be_bytes();
    digest(&[protocol, high, low])
}

/// Where the profiles of several workers come together.
#[derive(Debug, Clone, Default)]
pub struct Merged(Arc<Mutex<Profiles>>);

impl Merged {
    /// An output of one worker, whose profiles are added with every beat: what it holds itself stays small.
    pub fn output(&self) -> Box<dyn Output> {
        Box::new(Profiling { profiles: Profiles::default(), merged: self.clone() })
    }

    /// What came together since this was last asked.
    pub fn take(&self) -> Profiles {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Profiling {
    profiles: Profiles,
    merged: Merged,
}

impl Output for Profiling {
    fn event(&mut self, seen: &Seen<'_>, event: Event<'_>, _place: Place) {
        // Those that are many and never say who asks are not asked for it.
        let nameless = [Kind::Dns, Kind::Tls, Kind::Quic, Kind::Dhcp, Kind::Nbns, Kind::Tftp, Kind::Ssh];
        if nameless.contains(&event.kind()) {
            return;
        }
        if let Some(account) = event.elements().account {
            self.profiles.account(seen.flow, &account, event.kind().name(), seen.now.time_ns);
        }
    }

    fn mark(&mut self, seen: &Seen<'_>, mark: &Mark) {
        self.profiles.mark(seen.flow, mark.code, seen.now.time_ns);
    }

    fn flow(&mut self, seen: &Seen<'_>, _reason: EndReason) {
        self.profiles.flow(seen.flow);
    }

    fn beat(&mut self, _news: &News) {
        let profiles = std::mem::take(&mut self.profiles);
        self.merged.0.lock().unwrap_or_else(PoisonError::into_inner).merge(&profiles);
    }
}

#[cfg(test)]
mod tests;
