//! Assesses and plans N synthetic hosts in full, on every core, and prints one JSON line; part of `./dev bench`.
//!
//! Every host goes through the whole judgement (weapons, all CVEs, plan), nothing is shared between equal hosts, and
//! nothing is kept but what the fleet needs.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use jiff::Timestamp;
use jiff::civil::date;
use knowledge::Knowledge;
use model::{Host, Observation};
use rayon::prelude::*;
use remedy::fleet::{Fleet, Link, Member, Sizes};
use std::time::Instant;

/// Hosts in memory at a time.
const BATCH: usize = 4096;

fn main() {
    let size: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let began = Instant::now();
    let knowledge = Knowledge::builtin();
    let load_ms = began.elapsed().as_secs_f64() * 1e3;
    let day = date(2026, 11, 23);

    let began = Instant::now();
    let mut fleet = Fleet::default();
    let (mut open_cves, mut steps) = (0_u64, 0_u64);
    let mut machines = situation::demo::network(size, Timestamp::UNIX_EPOCH).peekable();
    while machines.peek().is_some() {
        let batch: Vec<Observation> = machines.by_ref().take(BATCH).collect();
        let judged: Vec<_> = batch
            .into_par_iter()
            .map(|seen| {
                let host = host(seen);
                let judged = situation::assess(&host, knowledge, day);
                let counts = (u64::from(judged.exposure.open_cves), judged.plan.steps.len() as u64);
                (Member::of(&host, &judged.exposure, &judged.plan), counts)
            })
            .collect();
        for (member, (cves, host_steps)) in judged {
            open_cves += cves;
            steps += host_steps;
            fleet.add(member);
        }
    }
    let actions = fleet.actions(&Sizes::default(), &Link::default());
    let wall_s = began.elapsed().as_secs_f64();

    println!(
        "{{\"hosts\":{},\"kinds\":{},\"actions\":{},\"open_cves\":{open_cves},\"steps\":{steps},\"load_ms\":{load_ms:.2},\
         \"wall_s\":{wall_s:.2},\"cves_us_per_host\":{:.1},\"rss_mb\":{:.0}}}",
        fleet.hosts(),
        fleet.kinds().len(),
        actions.actions.len(),
        cves_us_per_host(knowledge),
        peak_mb(),
    );
}

fn host(seen: Observation) -> Host {
    inventory::merge(inventory::identity(&seen.facts), &[seen])
}

/// One core, the demo network, everything known of every host.
fn cves_us_per_host(knowledge: &Knowledge) -> f64 {
    let hosts: Vec<Host> = situation::demo::network(situation::demo::SIZE, Timestamp::UNIX_EPOCH).map(host).collect();
    let began = Instant::now();
    let rounds = 10;
    for _ in 0..rounds {
        for host in &hosts {
            std::hint::black_box(detect::exposure(host, knowledge, date(2026, 11, 23)));
        }
    }
    began.elapsed().as_secs_f64() * 1e6 / (rounds * hosts.len()) as f64
}

/// The most memory the process has had resident, MB; 0 where the system does not tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
