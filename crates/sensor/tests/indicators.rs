//! Indicators are met inline, and a new set is taken while conversations go on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use rules::Indicators;
use sensor::{LiveIndicators, Options, Worker};
use std::sync::Arc;
use wire::capture::{Frame, LinkType};

/// A DNS question for a name, from one host to another, as an IPv4 datagram.
fn question(from: u8, port: u16, name: &[&str]) -> Vec<u8> {
    let mut dns = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name {
        dns.push(label.len() as u8);
        dns.extend(label.as_bytes());
    }
    dns.extend([0, 0, 1, 0, 1]);
    let mut udp = [port.to_be_bytes(), 53u16.to_be_bytes(), (8 + dns.len() as u16).to_be_bytes(), [0, 0]].concat();
    udp.extend(dns);
    let mut packet = vec![0x45, 0];
    packet.extend((20 + udp.len() as u16).to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, 53]);
    packet.extend(udp);
    packet
}

fn put(worker: &mut Worker, number: u64, data: &[u8]) {
    let time_ns = number as i64 * 1_000_000_000;
    worker.frame(&Frame { time_ns, link: LinkType::RAW, wire_length: data.len() as u32, data }, number);
}

fn met(worker: &Worker) -> Vec<String> {
    let shown = |sighting: &sensor::Sighting| {
        format!(
            "{} {} in {} by {} x{}",
            sighting.indicator.kind.name(),
            sighting.indicator.value,
            sighting.place,
            sighting.originator,
            sighting.count
        )
    };
    let mut met: Vec<String> = worker.sightings().map(shown).collect();
    met.sort();
    met
}

#[test]
fn a_new_set_is_used_at_once_and_the_old_sightings_stay() {
    let live = Arc::new(LiveIndicators::new(Indicators::read("evil.example\n10.0.0.9").0));
    let mut worker = Worker::new(Options::default(), Vec::new()).watch_for(Some(Arc::clone(&live)));
    put(&mut worker, 1, &question(5, 4000, &["www", "evil", "example"]));
    put(&mut worker, 2, &question(5, 4000, &["cdn", "evil", "example"]));
    put(&mut worker, 3, &question(9, 4001, &["fine", "example"]));
    put(&mut worker, 4, &question(6, 4002, &["later", "example"]));
    let before = ["domain evil.example in question by 10.0.0.5 x2", "ip 10.0.0.9 in address by 10.0.0.9 x1"];
    assert_eq!(met(&worker), before);
    live.replace(Indicators::read("later.example").0);
    put(&mut worker, 5, &question(6, 4002, &["later", "example"]));
    put(&mut worker, 6, &question(5, 4000, &["www", "evil", "example"]));
    let after = [before[0], "domain later.example in question by 10.0.0.6 x1", before[1]];
    assert_eq!(met(&worker), after);
}
