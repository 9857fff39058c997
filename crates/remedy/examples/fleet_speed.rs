//! How long a hundred thousand hosts take: planning, folding, covering. Prints times; `cargo run --example fleet_speed`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use jiff::civil::date;
use knowledge::Knowledge;
use model::{
    BaseGap, BaseStep, Confidence, Exposure, ExposureState, Family, Host, HostExposure, HostFacts, HostId, KbId,
    OsBasis, PatchState, Port, Reach, Role,
};
use remedy::fleet::{Link, Member, Sizes, Supposition};
use remedy::{Fleet, plan};
use std::collections::BTreeMap;
use std::time::Instant;

const SYSTEMS: [(&str, &str, &[u32]); 6] = [
    ("xp-sp3-x86", "5.1.2600", &[4012598]),
    ("2003-sp2-x86", "5.2.3790", &[4012598]),
    ("7-sp1-x64", "6.1.7601", &[4012212, 4012215]),
    ("2008r2-sp1-x64", "6.1.7601", &[4012212, 4012215]),
    ("2012r2", "6.3.9600", &[4012213, 4012216]),
    ("10-1607-x64", "10.0.14393", &[4013429]),
];

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let knowledge = Knowledge::builtin();
    let hosts: Vec<_> = (0..count).map(|at| host(at, knowledge)).collect();
    let start = Instant::now();
    let members: Vec<_> = hosts
        .iter()
        .map(|(host, exposure)| Member::of(host, exposure, &plan(host, exposure, knowledge, date(2026, 11, 23))))
        .collect();
    println!("planned {count} hosts in {:.2?}", start.elapsed());
    let start = Instant::now();
    let fleet: Fleet = members.into_iter().collect();
    println!("folded into {} kinds in {:.2?}", fleet.kinds().len(), start.elapsed());
    let start = Instant::now();
    let actions = fleet.actions(&Sizes::default(), &Link::default());
    println!(
        "{} actions in {:.2?}, {} of {} exposures left",
        actions.actions.len(),
        start.elapsed(),
        actions.left,
        actions.exposures
    );
    let start = Instant::now();
    let supposed = Supposition { updates: [KbId(4012598), KbId(4012212)].into(), ..Supposition::default() };
    let answer = fleet.what_if(&supposed);
    println!("what-if in {:.2?}: hit {} -> {}", start.elapsed(), answer.before.hit, answer.after.hit);
}

/// Hosts that differ as real ones do: by system, role, needs, zone, and which weapons are open. No randomness: the
/// bits of a multiplied counter do.
fn host(at: usize, knowledge: &Knowledge) -> (Host, HostExposure) {
    let bits = (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    let (system, version, fixes) = SYSTEMS[at % SYSTEMS.len()];
    let mut facts = HostFacts { name: Some(format!("HOST{at}")), ..HostFacts::default() };
    facts.os.version = Some(version.to_owned());
    facts.os.basis = OsBasis::Stated;
    let server = system.starts_with("20");
    facts.os.family = Some(if server { Family::Server } else { Family::Client });
    facts.os.role = Some(if server { Role::MemberServer } else { Role::MemberWorkstation });
    facts.updates.known = true;
    facts.updates.complete = bits & 1 == 0;
    if bits & 6 == 0 {
        facts.business.needs_ports = Some([Port::tcp(445)].into());
    }
    facts.business.zone = Some(format!("zone-{}", at % 8));
    let weapons = knowledge.weapons.iter().enumerate().map(|(index, weapon)| {
        let state = match bits >> (8 + 2 * (index % 4)) & 3 {
            0 => ExposureState::Open,
            1 if bits & 1 == 1 => ExposureState::Unknown,
            2 => ExposureState::Fixed,
            _ => ExposureState::NotAffected,
        };
        let step = BaseStep { id: "7-sp1".into(), any_of: vec![KbId(976932)], reboot: true };
        Exposure {
            weapon: weapon.id.clone(),
            state,
            why: Vec::new(),
            patch: PatchState::Missing,
            base: (bits & 0x70 == 0 && state.needs_action()).then(|| BaseGap { steps: vec![step] }),
            fixes: if weapon.flaw.is_some() { fixes.iter().copied().map(KbId).collect() } else { Default::default() },
            reach: Reach::Unknown,
            ports: weapon.ports.iter().map(|port| port.port).collect(),
            confidence: Confidence::Known,
            preconditions: Vec::new(),
        }
    });
    let id = HostId(format!("host-{at}"));
    let exposure = HostExposure {
        host: id.clone(),
        system: Some(system.to_owned()),
        support_ended: None,
        supported: Some(false),
        weapons: weapons.collect(),
        cves: Vec::new(),
        open_cves: 0,
        open_kev: 0,
        gaps: Vec::new(),
    };
    let host = Host {
        id,
        facts,
        provenance: BTreeMap::new(),
        sources: Vec::new(),
        conflicts: Vec::new(),
        oddities: Vec::new(),
    };
    (host, exposure)
}
