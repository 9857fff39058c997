//! How long one host takes: `cargo run --release -p detect --example speed`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use knowledge::Knowledge;
use model::{Family, Host, HostFacts, HostId, KbId, OsBasis, OsFacts, Role, UpdateList};
use std::time::{Duration, Instant};

fn main() {
    let started = Instant::now();
    let knowledge = Knowledge::builtin();
    println!("knowledge ready in {:?}", started.elapsed());
    let hosts: Vec<Host> = knowledge.systems.iter().map(host).collect();
    // The first pass works out what the catalogue keeps per system.
    hosts.iter().for_each(|host| drop(detect::exposure_brief(host, knowledge, day())));
    report("weapons alone", &hosts, |host| drop(detect::weapons(host, knowledge)));
    report("brief", &hosts, |host| drop(detect::exposure_brief(host, knowledge, day())));
    report("full", &hosts, |host| drop(detect::exposure(host, knowledge, day())));
}

fn report(what: &str, hosts: &[Host], judge: impl Fn(&Host)) {
    const ROUNDS: u32 = 20;
    let started = Instant::now();
    for _ in 0..ROUNDS {
        hosts.iter().for_each(&judge);
    }
    let each: Duration = started.elapsed() / (ROUNDS * hosts.len() as u32);
    println!("{what}: {each:?} a host");
}

fn day() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23)
}

/// A host of each system with some two hundred updates, the old ones among them.
fn host(system: &knowledge::System) -> Host {
    let os = OsFacts {
        product: Some(system.product.clone()),
        version: Some(system.version.clone()),
        build: system.builds.first().copied(),
        service_pack: system.service_pack,
        arch: Some(system.arch),
        family: system.family,
        basis: OsBasis::Stated,
        role: Some(if system.family == Some(Family::Client) { Role::MemberWorkstation } else { Role::MemberServer }),
        ..OsFacts::default()
    };
    let installed = (0..200).map(|n| KbId(2_500_000 + n * 7_919)).chain([KbId(4019264)]).collect();
    let updates = UpdateList { known: true, complete: true, installed, ..UpdateList::default() };
    let facts = HostFacts { os, updates, ..HostFacts::default() };
    Host {
        id: HostId::from(system.id.as_str()),
        facts,
        provenance: Default::default(),
        sources: vec![],
        conflicts: vec![],
        oddities: vec![],
    }
}
