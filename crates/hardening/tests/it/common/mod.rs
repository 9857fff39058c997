//! Hosts and plans made by hand, as the flow would make them.
#![allow(dead_code, reason = "each test file uses its own part")]

use model::*;
use std::collections::BTreeSet;

pub fn day() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 2)
}

pub fn urgency() -> Urgency {
    let basis =
        UrgencyBasis { kev: true, exposed: false, exposed_assumed: true, automatable: true, total_impact: true };
    Urgency { timeline: Timeline::ThreeDays, basis }
}

pub fn host(name: &str, version: &str, role: Role) -> Host {
    let server = !matches!(role, Role::StandaloneWorkstation | Role::MemberWorkstation);
    let build = version.rsplit('.').next().and_then(|build| build.parse().ok());
    let os = OsFacts {
        version: Some(version.to_owned()),
        build,
        service_pack: Some(match build {
            Some(2600) => 3,
            Some(3790) => 2,
            Some(7601) => 1,
            _ => 0,
        }),
        arch: Some(Arch::X64),
        family: Some(if server { Family::Server } else { Family::Client }),
        role: Some(role),
        basis: OsBasis::Stated,
        ..OsFacts::default()
    };
    let facts = HostFacts { name: Some(name.to_owned()), os, ..HostFacts::default() };
    Host {
        id: HostId(format!("h-{name}")),
        facts,
        provenance: Default::default(),
        sources: Vec::new(),
        conflicts: Vec::new(),
        oddities: Vec::new(),
    }
}

pub fn action(kind: ActionKind) -> Action {
    Action {
        kind,
        control: None,
        any_of: Vec::new(),
        ports: BTreeSet::new(),
        services: BTreeSet::new(),
        temporary: false,
        reboot: false,
        review_on: None,
        why: Vec::new(),
    }
}

pub fn control(id: &str) -> Action {
    let kind = match id {
        "block-port" => ActionKind::BlockPort,
        "disable-service" => ActionKind::DisableService,
        "allow-list" | "app-control" => ActionKind::Shield,
        _ => ActionKind::DisableFeature,
    };
    Action { control: Some(id.to_owned()), ..action(kind) }
}

pub fn block(ports: &[&str]) -> Action {
    Action { ports: ports.iter().map(|port| port.parse().unwrap()).collect(), temporary: true, ..control("block-port") }
}

pub fn disable(services: &[&str]) -> Action {
    Action { services: services.iter().map(|name| (*name).to_owned()).collect(), ..control("disable-service") }
}

pub fn patch(kind: ActionKind, kbs: &[u32], reboot: bool) -> Action {
    Action { any_of: kbs.iter().map(|kb| KbId(*kb)).collect(), reboot, ..action(kind) }
}

pub fn plan(id: &str, host: &Host, actions: Vec<Action>) -> HostPlan {
    let step = |(number, action)| Step { number, action, weapons: vec!["eternalblue".into()] };
    HostPlan {
        id: id.into(),
        host: host.id.clone(),
        day: day(),
        disposals: Vec::new(),
        steps: (1..).zip(actions).map(step).collect(),
        urgency: urgency(),
    }
}
