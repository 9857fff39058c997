//! Whether a weapon's way in can be reached: ports, and services that are known to be off.

use model::{HostFacts, Message, Port, PortStatus, Reach, ServiceState};

/// The best an attacker can hope for over all ports; a port nobody looked at may be open.
pub fn reach(facts: &HostFacts, ports: &[Port]) -> Reach {
    let status = |port: &Port| facts.ports.get(port).map(|state| state.status);
    let mut worst = None;
    for port in ports {
        let reach = match status(port) {
            Some(PortStatus::Open) => return Reach::Open,
            None => Reach::Unknown,
            Some(PortStatus::Filtered) => Reach::Filtered,
            Some(PortStatus::Closed) => Reach::Closed,
        };
        worst = Some(worst.map_or(reach, |worst: Reach| worst.min(reach)));
    }
    worst.unwrap_or(Reach::Unknown)
}

/// What is known of each port of a weapon.
pub fn told(facts: &HostFacts, ports: &[Port]) -> Vec<Message> {
    let known = ports.iter().filter_map(|port| Some((port, facts.ports.get(port)?)));
    known
        .map(|(port, state)| {
            let code = match state.status {
                PortStatus::Open => "exposure.port-open",
                PortStatus::Filtered => "exposure.port-filtered",
                PortStatus::Closed => "exposure.port-closed",
            };
            Message::new(code).with("port", port)
        })
        .collect()
}

/// Services of the way in that are known to be off, and SMB1 where the weapon needs it.
pub fn services_off<'a>(facts: &HostFacts, services: impl Iterator<Item = &'a String>) -> Vec<Message> {
    let off = services.filter_map(|name| Some((name, *facts.services.get(name)?)));
    off.filter_map(|(name, state)| match state {
        ServiceState::Running => None,
        ServiceState::Stopped => Some(Message::new("exposure.service-stopped").with("service", name)),
        ServiceState::Disabled => Some(Message::new("exposure.service-disabled").with("service", name)),
    })
    .collect()
}
