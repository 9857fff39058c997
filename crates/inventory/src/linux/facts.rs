//! What a document says of a host, in the words that all sources share. Accounts, certificates, mounts, containers and
//! hardware have no place there; they stay in the document.

use super::{Document, Gap, UnitState, tidy};
use crate::limits::Limits;
use crate::{os, scan};
use model::{HostFacts, Message, Oddity, OsBasis, OsFacts, Param, Port, PortState, PortStatus, ServiceState, Software};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Gaps that are told one by one.
const GAPS_MAX: usize = 50;
/// Bytes of the name of a machine (RFC 1035).
const NAME_BYTES_MAX: usize = 255;

/// The facts, and what the document lacks.
pub fn facts(document: &Document) -> (HostFacts, Vec<Oddity>) {
    let limits = Limits::default();
    let mut facts = HostFacts { os: system(document), ..HostFacts::default() };
    let mut oddities: Vec<Oddity> = document.gaps.iter().take(GAPS_MAX).map(gap).collect();
    if let Some(name) = &document.name {
        match good_name(name) {
            Some((name, domain)) => (facts.name, facts.domain) = (Some(name), domain),
            None => oddities.push(Oddity { message: Message::new("linux.bad-name"), line: None }),
        }
    }
    for interface in document.interfaces.iter().flatten() {
        facts.macs.extend(interface.mac.as_deref().and_then(scan::mac));
        facts.addresses.extend(interface.addresses.iter().filter(|address| is_reachable(address)));
    }
    facts.ports = ports(document, &limits);
    facts.services = services(document, &limits);
    facts.software = document.packages.as_ref().map(|packages| {
        let program =
            |package: &super::Package| Software { name: tidy(&package.name), version: Some(tidy(&package.version)) };
        packages.iter().take(limits.software).map(program).collect()
    });
    if document.packages.as_ref().is_some_and(|packages| packages.len() > limits.software) {
        let limit = i64::try_from(limits.software).unwrap_or(i64::MAX);
        oddities.push(Oddity { message: Message::new("linux.list-full").number("limit", limit), line: None });
    }
    (facts, oddities)
}

fn system(document: &Document) -> OsFacts {
    let release = &document.os;
    let clean = |text: &Option<String>| text.as_deref().map(tidy).filter(|text| !text.is_empty());
    let version = clean(&release.version_id);
    let name = clean(&release.name).or_else(|| clean(&release.id)).unwrap_or_else(|| "Linux".to_owned());
    // Whatever it calls itself, it is none of the systems that are told apart by that word.
    let name = if name.to_lowercase().contains("windows") { "Linux".to_owned() } else { name };
    let product = match &version {
        Some(version) => format!("{name} {version}"),
        None => name,
    };
    OsFacts {
        name: clean(&release.pretty_name).or_else(|| Some(product.clone())),
        product: Some(product),
        version,
        arch: document.kernel.architecture.as_deref().and_then(os::arch),
        basis: OsBasis::Stated,
        ..OsFacts::default()
    }
}

/// The name of the machine, and its domain where the name has one.
fn good_name(name: &str) -> Option<(String, Option<String>)> {
    let odd = |c: char| c.is_whitespace() || scan::never_in_a_name(c);
    let name = name.trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.starts_with('.') || name.contains(odd) {
        return None;
    }
    Some(match name.split_once('.') {
        Some((host, domain)) => (host.to_owned(), Some(domain.to_owned()).filter(|domain| !domain.is_empty())),
        None => (name.to_owned(), None),
    })
}

/// Addresses by which another machine can mean this one.
fn is_reachable(address: &IpAddr) -> bool {
    let address = address.to_canonical();
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !address.is_multicast() && !link_local
}

/// Ports that others can reach, as far as the machine itself is asked: a filter in front of it may still drop them.
fn ports(document: &Document, limits: &Limits) -> BTreeMap<Port, PortState> {
    let mut ports: BTreeMap<Port, PortState> = BTreeMap::new();
    for listener in document.listening.iter().flatten() {
        if listener.address.to_canonical().is_loopback() || listener.port == 0 || ports.len() >= limits.ports {
            continue;
        }
        let port = Port { transport: listener.transport, number: listener.port };
        let state = ports.entry(port).or_insert(PortState { status: PortStatus::Open, service: None, product: None });
        state.product = state.product.take().or_else(|| listener.process.as_deref().map(tidy));
    }
    ports
}

fn services(document: &Document, limits: &Limits) -> BTreeMap<String, ServiceState> {
    let mut services = BTreeMap::new();
    for unit in document.units.iter().flatten().take(limits.items) {
        let Some(name) = unit.name.strip_suffix(".service") else { continue };
        let state = match (unit.running, unit.state) {
            (Some(true), _) => ServiceState::Running,
            (_, UnitState::Masked | UnitState::Disabled) => ServiceState::Disabled,
            (Some(false), _) => ServiceState::Stopped,
            // Of a disk nobody can say what would run.
            (None, _) => continue,
        };
        services.insert(tidy(name).to_lowercase(), state);
    }
    services
}

/// A gap as it is told.
fn gap(gap: &Gap) -> Oddity {
    let why = Message::new("linux.gap").with("path", tidy(&gap.path)).reason("why", cleaned(&gap.message, REASONS_MAX));
    Oddity { message: why, line: gap.line }
}

/// Reasons within reasons that are kept.
const REASONS_MAX: usize = 3;

/// A message from outside with nothing in it but what a collector may have said.
fn cleaned(message: &Message, reasons_left: usize) -> Message {
    let known = ["linux.", "os."].iter().any(|family| message.code.starts_with(family)) && message.code.len() <= 64;
    let mut kept = Message::new(if known { message.code.as_str() } else { "linux.unknown" });
    for (name, value) in message.params.iter().take(8) {
        let value = match value {
            Param::Number(number) => Param::Number(*number),
            Param::Text(text) => Param::Text(tidy(text)),
            Param::Reason(reason) if reasons_left > 0 => Param::Reason(Box::new(cleaned(reason, reasons_left - 1))),
            _ => continue,
        };
        kept.params.insert(name.chars().take(32).collect(), value);
    }
    kept
}
