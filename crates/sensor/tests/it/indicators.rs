//! Indicators are met inline, and a new set is taken while conversations go on.
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

/// A TCP segment from a service to a client, of a conversation whose beginning was not seen.
fn answer(data: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((40 + data.len() as u16).to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 53, 10, 0, 0, 5, 0, 80, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 1]);
    packet.extend([0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    packet.extend(data);
    packet
}

#[test]
fn addresses_of_a_conversation_that_turns_round_are_met_the_right_way() {
    for list in ["10.0.0.53", "10.0.0.0/8"] {
        let live = Arc::new(LiveIndicators::new(Indicators::read(list).0));
        let mut worker = Worker::new(Options::default(), Vec::new()).watch_for(Some(live));
        put(&mut worker, 1, &answer(b""));
        let met: Vec<_> = worker.sightings().map(|sighting| sighting.originator.to_string()).collect();
        assert_eq!(met, ["10.0.0.53"], "{list}");
        put(&mut worker, 2, &answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        let met: Vec<_> = worker.sightings().collect();
        assert_eq!(
            (met.len(), met[0].originator.to_string(), met[0].first_ns),
            (1, "10.0.0.5".to_owned(), 1_000_000_000)
        );
        assert_eq!(met[0].count, if list.contains('/') { 2 } else { 1 });
    }
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
