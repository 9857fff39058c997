//! What stands out in profiles. Every threshold has its reason here, and is told beside the number that passed it.

use super::profile::{Port, Reach, Reaches, Span};
use super::sketch::{Arrivals, Rhythm};
use super::{Link, Profiles};
use crate::output::transport;
use jiff::Timestamp;
use model::{Notable, NotableKind};
use std::collections::BTreeMap;
use std::net::IpAddr;
use wire::packet::protocol;

/// Findings told at most.
pub const FINDINGS_MAX: usize = 1 << 14;
/// Hosts tried at one port within two hours. Clients of an intranet use a dozen servers of a kind; twice that many
/// which mostly do not answer are not servers somebody knows.
pub const SCAN_PEERS_MIN: f64 = 24.0;
/// Ports tried at one host within two hours. Programs that look for a service try a handful.
pub const SCAN_PORTS_MIN: f64 = 24.0;
/// Of a hundred attempts so many go unanswered in a scan. Where a server is down or a firewall is new, less does.
pub const SCAN_UNANSWERED_MIN: f64 = 0.7;
/// Hosts whose SMB answered within two hours. A workstation uses its file servers and domain controllers; an
/// administrator's tools and worms go on to everything.
pub const FAN_OUT_PEERS_MIN: f64 = 12.0;
pub const FAN_OUT_PORT: u16 = 445;
/// How long a host is watched before a service is new. A day shows what runs every day.
pub const LEARNING_SECONDS: f64 = 86_400.0;
/// And how many conversations of the host must be known: of one hardly seen, everything is new.
pub const LEARNING_CONVERSATIONS_MIN: u64 = 32;
/// Intervals of a beacon: with fewer, people look regular too.
pub const BEACON_INTERVALS_MIN: usize = 8;
/// Standard deviation of the intervals over their mean. People and pages are above one; programs with a clock and a
/// busy network stay below a tenth, also with a little jitter.
pub const BEACON_VARIATION_MAX: f64 = 0.1;
/// Shorter intervals are the steps of one job.
pub const BEACON_MEAN_SECONDS_MIN: f64 = 5.0;
/// Bytes of one exchange on average, both ways: asking for orders is short, fetching and saving are not.
pub const BEACON_BYTES_MAX: f64 = 16_384.0;
/// What is regular by design: time, addresses, names and browsing of NetBIOS, supervision.
const REGULAR_UDP_PORTS: &[u16] = &[67, 68, 123, 137, 138, 161, 162, 546, 547];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BehaviourKind {
    HorizontalScan,
    VerticalScan,
    FanOut445,
    AdminShare,
    FirstSeenService,
    Beacon,
}

impl BehaviourKind {
    pub const ALL: [BehaviourKind; 6] = [
        BehaviourKind::HorizontalScan,
        BehaviourKind::VerticalScan,
        BehaviourKind::FanOut445,
        BehaviourKind::AdminShare,
        BehaviourKind::FirstSeenService,
        BehaviourKind::Beacon,
    ];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            BehaviourKind::HorizontalScan => "horizontal-scan",
            BehaviourKind::VerticalScan => "vertical-scan",
            BehaviourKind::FanOut445 => "fan-out-445",
            BehaviourKind::AdminShare => "admin-share",
            BehaviourKind::FirstSeenService => "first-seen-service",
            BehaviourKind::Beacon => "beacon",
        }
    }

    /// Its number in alert records, apart from those of the detectors' signs.
    pub fn number(self) -> u32 {
        const FIRST: u32 = 9_900_001;
        FIRST + self as u32
    }
}

/// Something that stands out, explained by numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct BehaviourFinding {
    pub kind: BehaviourKind,
    /// Who does it; of a service, who offers it.
    pub originator: IpAddr,
    /// Where it is done to one.
    pub responder: Option<IpAddr>,
    /// Transport and port, where it is one.
    pub port: Option<Port>,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Conversations or, of administration, uses.
    pub count: u64,
    /// What was measured, each threshold (`_min`, `_max`) beside it.
    pub facts: Vec<(&'static str, f64)>,
}

impl BehaviourFinding {
    /// The finding as it is kept.
    pub fn notable(&self) -> Notable {
        Notable {
            kind: NotableKind::Behaviour,
            name: self.kind.name().to_owned(),
            value: String::new(),
            place: String::new(),
            originator: self.originator,
            responder: self.responder,
            transport: self.port.map(|(number, _)| transport(number)),
            port: self.port.map(|(_, port)| port).filter(|port| *port > 0),
            count: self.count,
            first: self.first,
            last: self.last,
            facts: self.facts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            community_ids: Vec::new(),
            frames: Vec::new(),
        }
    }
}

/// Everything that stands out, in a fixed order, and how many findings did not fit.
pub fn all(profiles: &Profiles) -> (Vec<BehaviourFinding>, u64) {
    let mut found = Vec::new();
    for (address, endpoint) in profiles.endpoints.iter() {
        found.extend(scans_of_hosts(*address, &endpoint.reaches));
        found.extend(fan_outs(*address, &endpoint.reaches));
        let learned = endpoint.volume.conversations >= LEARNING_CONVERSATIONS_MIN;
        let services = endpoint.services.iter().filter(|_| learned);
        found.extend(services.filter_map(|(port, first_ns)| first_seen(*address, port, first_ns, endpoint.span)));
    }
    for (pair, link) in profiles.links.iter() {
        found.extend(scans_of_ports(*pair, &link.reaches));
        found.extend(beacons(*pair, link));
    }
    found.extend(administrations(profiles));
    found.sort_by_key(|finding| (finding.kind, finding.originator, finding.responder, finding.port));
    let shed = found.len().saturating_sub(FINDINGS_MAX) as u64;
    found.truncate(FINDINGS_MAX);
    (found, shed)
}

/// Many hosts at one port, most of them silent.
fn scans_of_hosts(originator: IpAddr, reaches: &Reaches) -> Vec<BehaviourFinding> {
    let is_scan = |_: Port, reach: &Reach| reach.tried.estimate() >= SCAN_PEERS_MIN && is_unanswered(reach);
    let widest = widest(reaches, is_scan, |reach| reach.tried.estimate());
    let told = widest.into_iter().map(|(port, reach)| BehaviourFinding {
        port: Some(port),
        ..scan(BehaviourKind::HorizontalScan, originator, &reach, ("peers", "peers_min", SCAN_PEERS_MIN))
    });
    told.collect()
}

/// Many ports at one host, most of them closed.
fn scans_of_ports((originator, responder): (IpAddr, IpAddr), reaches: &Reaches) -> Vec<BehaviourFinding> {
    let is_scan = |_: Port, reach: &Reach| reach.tried.estimate() >= SCAN_PORTS_MIN && is_unanswered(reach);
    let widest = widest(reaches, is_scan, |reach| reach.tried.estimate());
    let told = widest.into_values().map(|reach| BehaviourFinding {
        responder: Some(responder),
        ..scan(BehaviourKind::VerticalScan, originator, &reach, ("ports", "ports_min", SCAN_PORTS_MIN))
    });
    told.collect()
}

fn fan_outs(originator: IpAddr, reaches: &Reaches) -> Vec<BehaviourFinding> {
    let smb = (protocol::TCP, FAN_OUT_PORT);
    let is_wide = |port: Port, reach: &Reach| port == smb && reach.accepted.estimate() >= FAN_OUT_PEERS_MIN;
    let told = widest(reaches, is_wide, |reach| reach.accepted.estimate()).into_iter().map(|(port, reach)| {
        let facts = vec![
            ("peers_answering", reach.accepted.estimate()),
            ("peers_answering_min", FAN_OUT_PEERS_MIN),
            ("peers", reach.tried.estimate()),
            ("attempts", reach.attempts as f64),
            ("seconds", reach.span.seconds()),
        ];
        let finding = about(BehaviourKind::FanOut445, originator, reach.span, reach.attempts);
        BehaviourFinding { port: Some(port), facts, ..finding }
    });
    told.collect()
}

/// Administration from afar is told once for two hosts: whether it is new to them is for who knows them, with how long
/// they had been seen to talk before.
fn administrations(profiles: &Profiles) -> impl Iterator<Item = BehaviourFinding> {
    profiles.administrations.iter().map(|(pair, use_of)| {
        let uses = use_of.shares.saturating_add(use_of.programs).saturating_add(use_of.services);
        let mut facts = vec![
            ("admin_shares", use_of.shares as f64),
            ("programs_written", use_of.programs as f64),
            ("services_created", use_of.services as f64),
        ];
        if let Some(link) = profiles.links.get(pair) {
            let before = Span { first_ns: link.span.first_ns, last_ns: use_of.span.first_ns };
            facts.push(("seconds_known_before", before.seconds()));
        }
        let finding = about(BehaviourKind::AdminShare, pair.0, use_of.span, uses);
        BehaviourFinding { responder: Some(pair.1), facts, ..finding }
    })
}

fn first_seen(address: IpAddr, port: Port, first_ns: i64, of_host: Span) -> Option<BehaviourFinding> {
    let before = Span { first_ns: of_host.first_ns, last_ns: first_ns }.seconds();
    (before >= LEARNING_SECONDS).then(|| {
        let facts = vec![("seconds_watched_before", before), ("seconds_watched_before_min", LEARNING_SECONDS)];
        let span = Span { first_ns, last_ns: first_ns };
        BehaviourFinding { port: Some(port), facts, ..about(BehaviourKind::FirstSeenService, address, span, 1) }
    })
}

/// Short exchanges with one peer, as by a clock.
fn beacons((originator, responder): (IpAddr, IpAddr), link: &Link) -> Vec<BehaviourFinding> {
    if is_for_all(responder) {
        return Vec::new();
    }
    let told = link.rhythms.iter().filter_map(|(port, arrivals)| {
        let rhythm = arrivals.rhythm().filter(|rhythm| is_beacon(*port, arrivals, rhythm))?;
        let facts = vec![
            ("intervals", rhythm.intervals as f64),
            ("intervals_min", BEACON_INTERVALS_MIN as f64),
            ("mean_seconds", rhythm.mean_seconds),
            ("variation", rhythm.variation),
            ("variation_max", BEACON_VARIATION_MAX),
            ("mean_bytes", mean_bytes(arrivals)),
            ("mean_bytes_max", BEACON_BYTES_MAX),
        ];
        let span = Span { first_ns: rhythm.first_ns, last_ns: rhythm.last_ns };
        let finding = about(BehaviourKind::Beacon, originator, span, arrivals.seen);
        Some(BehaviourFinding { responder: Some(responder), port: Some(*port), facts, ..finding })
    });
    told.collect()
}

fn is_beacon((transport, port): Port, arrivals: &Arrivals, rhythm: &Rhythm) -> bool {
    rhythm.intervals >= BEACON_INTERVALS_MIN
        && rhythm.variation <= BEACON_VARIATION_MAX
        && rhythm.mean_seconds >= BEACON_MEAN_SECONDS_MIN
        && mean_bytes(arrivals) <= BEACON_BYTES_MAX
        && !(transport == protocol::UDP && REGULAR_UDP_PORTS.contains(&port))
}

fn mean_bytes(arrivals: &Arrivals) -> f64 {
    arrivals.bytes as f64 / arrivals.seen.max(1) as f64
}

/// Groups and everybody: announcements are regular. How long the prefix is nobody says; 255 ends most broadcasts.
fn is_for_all(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.octets().ends_with(&[255]),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

fn is_unanswered(reach: &Reach) -> bool {
    unanswered_share(reach) >= SCAN_UNANSWERED_MIN
}

fn unanswered_share(reach: &Reach) -> f64 {
    reach.unanswered as f64 / reach.attempts.max(1) as f64
}

/// Of each port the two hours that went widest, if any will do.
fn widest(
    reaches: &Reaches,
    will_do: impl Fn(Port, &Reach) -> bool,
    width: impl Fn(&Reach) -> f64,
) -> BTreeMap<Port, Reach> {
    let mut widest: BTreeMap<Port, Reach> = BTreeMap::new();
    for (port, reach) in reaches.windows().filter(|(port, reach)| will_do(*port, reach)) {
        if widest.get(&port).is_none_or(|known| width(known) < width(&reach)) {
            widest.insert(port, reach);
        }
    }
    widest
}

fn scan(
    kind: BehaviourKind,
    originator: IpAddr,
    reach: &Reach,
    (what, least, threshold): (&'static str, &'static str, f64),
) -> BehaviourFinding {
    let facts = vec![
        (what, reach.tried.estimate()),
        (least, threshold),
        ("attempts", reach.attempts as f64),
        ("unanswered_share", unanswered_share(reach)),
        ("unanswered_share_min", SCAN_UNANSWERED_MIN),
        ("seconds", reach.span.seconds()),
    ];
    BehaviourFinding { facts, ..about(kind, originator, reach.span, reach.attempts) }
}

fn about(kind: BehaviourKind, originator: IpAddr, span: Span, count: u64) -> BehaviourFinding {
    let (first, last) = (crate::timestamp(span.first_ns), crate::timestamp(span.last_ns));
    BehaviourFinding { kind, originator, responder: None, port: None, first, last, count, facts: Vec::new() }
}
