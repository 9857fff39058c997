//! What may be done to a port of a host: the one place that decides it, so that all weapons of a host agree.
//!
//! The order of the questions is the decision. A port that makes a domain controller work is never blocked on one,
//! nor on a server that is not known to be none. Then the business is asked. Where it was not asked, a client's
//! inbound port is blocked for the time being (clients serve nobody by default, and the block is rolled back after
//! the fix), while a server keeps its port behind a shield and the question goes to its owner first: a wrongly
//! blocked client costs one call, a wrongly blocked server stops a business.

use model::{Family, Host, Message, Port, PortStatus};
use std::collections::BTreeSet;

/// The answer for one port of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ruling {
    /// A domain controller cannot work without it.
    NeverOnDomainController,
    /// The host may be a domain controller: nobody stated its role.
    NeverOnUnknownRole,
    /// The business needs it and has nothing else.
    Needed,
    /// A server, and nobody was asked.
    AskFirst,
    /// The business needs it but can do without for a while.
    Alternative,
    /// A client, and nobody was asked.
    ClientDefault,
    NotNeeded,
    /// Seen closed: nothing listens.
    Closed,
}

impl Ruling {
    pub fn blocks(self) -> bool {
        matches!(self, Ruling::Alternative | Ruling::ClientDefault | Ruling::NotNeeded)
    }

    pub fn shields(self) -> bool {
        self < Ruling::Alternative
    }

    /// Why, for these ports.
    pub fn message(self, ports: &BTreeSet<Port>) -> Message {
        let message = match self {
            Ruling::NeverOnDomainController => Message::new("disposal.never-on-dc"),
            Ruling::NeverOnUnknownRole => Message::new("disposal.never-on-unknown-role"),
            Ruling::Needed => Message::new("disposal.port.needed"),
            Ruling::AskFirst => Message::new("disposal.port.ask-first"),
            Ruling::Alternative => Message::new("disposal.port.alternative"),
            Ruling::ClientDefault => Message::new("disposal.port.client-default"),
            Ruling::NotNeeded => Message::new("disposal.port.not-needed"),
            Ruling::Closed => Message::new("disposal.port.closed"),
        };
        message.list("ports", ports)
    }

    /// What would change it, for these ports.
    pub fn would_change(self, ports: &BTreeSet<Port>) -> Option<Message> {
        let message = match self {
            Ruling::NeverOnDomainController => Message::new("disposal.change.no-longer-dc"),
            Ruling::NeverOnUnknownRole => Message::new("disposal.change.role-known"),
            Ruling::Needed => Message::new("disposal.change.port-not-needed"),
            Ruling::AskFirst => Message::new("disposal.change.asked"),
            Ruling::Alternative | Ruling::ClientDefault | Ruling::NotNeeded => {
                Message::new("disposal.change.port-needed")
            }
            Ruling::Closed => Message::new("disposal.change.port-opened"),
        };
        Some(message.list("ports", ports))
    }
}

/// What may be done to this port.
pub fn ruling(host: &Host, port: Port) -> Ruling {
    let business = &host.facts.business;
    let needed = business.needs_ports.as_ref().map(|ports| ports.contains(&port));
    if host.facts.ports.get(&port).is_some_and(|state| state.status == PortStatus::Closed) {
        return Ruling::Closed;
    }
    if is_domain_port(port) {
        match domain_controller(host) {
            Maybe::Yes => return Ruling::NeverOnDomainController,
            Maybe::Unknown => return Ruling::NeverOnUnknownRole,
            Maybe::No => {}
        }
    }
    match needed {
        Some(true) if business.alternatives.contains(&port) => Ruling::Alternative,
        Some(true) => Ruling::Needed,
        Some(false) => Ruling::NotNeeded,
        None if is_client(host) => Ruling::ClientDefault,
        None => Ruling::AskFirst,
    }
}

/// Groups ports by what may be done to them.
pub fn rulings(
    host: &Host,
    ports: impl IntoIterator<Item = Port>,
) -> std::collections::BTreeMap<Ruling, BTreeSet<Port>> {
    let mut groups = std::collections::BTreeMap::<Ruling, BTreeSet<Port>>::new();
    for port in ports {
        groups.entry(ruling(host, port)).or_default().insert(port);
    }
    groups
}

/// DNS, Kerberos, RPC, NetBIOS, LDAP, SMB, password change and the global catalogue: what logging on, SYSVOL and
/// replication run over.
pub fn is_domain_port(port: Port) -> bool {
    matches!(port.number, 53 | 88 | 135 | 137..=139 | 389 | 445 | 464 | 636 | 3268 | 3269)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maybe {
    Yes,
    No,
    Unknown,
}

/// Whether the host is a domain controller. Without a stated role only a client is known to be none.
pub fn domain_controller(host: &Host) -> Maybe {
    match (host.is_domain_controller(), host.facts.os.family) {
        (Some(true), _) => Maybe::Yes,
        (Some(false), _) => Maybe::No,
        (None, Some(Family::Client)) => Maybe::No,
        (None, _) => Maybe::Unknown,
    }
}

fn is_client(host: &Host) -> bool {
    use model::Role::{MemberWorkstation, StandaloneWorkstation};
    match host.facts.os.role {
        Some(role) => matches!(role, MemberWorkstation | StandaloneWorkstation),
        None => host.facts.os.family == Some(Family::Client),
    }
}
