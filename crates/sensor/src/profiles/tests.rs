//! Behaviour in traffic made here, and none in the negatives.

use super::profile::REACHES_MAX;
use super::sketch::HOUR_NS;
use super::*;
use crate::reading::{Progress, Reading, Summary, read};
use crate::{Options, Worker};
use proptest::prelude::*;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use wire::capture::{Frame, LinkType};
use wire::packet::{self, Layer};

const RAW_IP: LinkType = LinkType(101);
const SECOND_NS: i64 = 1_000_000_000;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

type Host = [u8; 4];
const ASKING: Host = [10, 0, 0, 1];

/// Frames with their times.
#[derive(Default)]
struct Traffic(Vec<(i64, Vec<u8>)>);

enum Answer {
    Silence,
    Refused,
    Accepted,
}

impl Traffic {
    /// A connection that opens at a second, from its own port.
    fn connect(&mut self, second: i64, from: Host, to: Host, port: u16, answer: Answer) {
        let own = 20_000 + (self.0.len() % 20_000) as u16;
        let at = second * SECOND_NS;
        self.0.push((at, tcp(from, to, (own, port), SYN, (99, 0), b"")));
        match answer {
            Answer::Silence => {}
            Answer::Refused => self.0.push((at + 1, tcp(to, from, (port, own), RST | ACK, (0, 100), b""))),
            Answer::Accepted => {
                self.0.push((at + 1, tcp(to, from, (port, own), SYN | ACK, (499, 100), b"")));
                self.0.push((at + 2, tcp(from, to, (own, port), ACK, (100, 500), b"")));
                self.0.push((at + 3, tcp(from, to, (own, port), RST | ACK, (100, 500), b"")));
            }
        }
    }

    fn profiles(mut self) -> Profiles {
        self.0.sort_by_key(|(at, _)| *at);
        let merged = Merged::default();
        let mut worker = Worker::new(Options::default(), vec![merged.output()]);
        for (number, (time_ns, data)) in (1..).zip(&self.0) {
            worker.frame(&Frame { time_ns: *time_ns, link: RAW_IP, wire_length: data.len() as u32, data }, number);
        }
        worker.finish().unwrap();
        merged.take()
    }

    fn findings(self) -> Vec<BehaviourFinding> {
        self.profiles().judge().findings
    }

    /// Writes a capture in libpcap's format with nanoseconds.
    fn write(&self, path: &Path) {
        let mut out = Vec::new();
        for word in [0xa1b2_3c4du32, 0x0004_0002, 0, 0, 1 << 16, 101] {
            out.extend(word.to_le_bytes());
        }
        for (at, data) in &self.0 {
            for word in [at / SECOND_NS, at % SECOND_NS, data.len() as i64, data.len() as i64] {
                out.extend((word as u32).to_le_bytes());
            }
            out.extend(data);
        }
        std::fs::write(path, out).unwrap();
    }
}

fn ip(from: Host, to: Host, protocol: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let head = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0];
    [&head[..], &from, &to, body].concat()
}

fn tcp(
    from: Host,
    to: Host,
    ports: (u16, u16),
    flags: u8,
    (sequence, acknowledged): (u32, u32),
    data: &[u8],
) -> Vec<u8> {
    let mut body = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    body.extend(sequence.to_be_bytes());
    body.extend(acknowledged.to_be_bytes());
    body.extend([0x50, flags, 255, 255, 0, 0, 0, 0]);
    body.extend(data);
    ip(from, to, 6, &body)
}

fn udp(from: Host, to: Host, ports: (u16, u16), data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + data.len()).unwrap();
    let mut body = [ports.0, ports.1, length, 0].map(u16::to_be_bytes).concat();
    body.extend(data);
    ip(from, to, 17, &body)
}

fn address(host: Host) -> IpAddr {
    Ipv4Addr::from(host).into()
}

fn kinds(findings: &[BehaviourFinding]) -> Vec<BehaviourKind> {
    findings.iter().map(|finding| finding.kind).collect()
}

fn fact(finding: &BehaviourFinding, name: &str) -> f64 {
    finding.facts.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn many_silent_hosts_at_one_port_are_a_horizontal_scan() {
    let mut traffic = Traffic::default();
    // It begins before the full hour and goes on after it.
    for host in 0..30 {
        let answer = if host < 4 { Answer::Accepted } else { Answer::Silence };
        traffic.connect(3590 + i64::from(host), ASKING, [10, 0, 1, host], 3389, answer);
    }
    let findings = traffic.findings();
    assert_eq!(kinds(&findings), [BehaviourKind::HorizontalScan]);
    let scan = &findings[0];
    assert_eq!((scan.originator, scan.responder, scan.port), (address(ASKING), None, Some((6, 3389))));
    assert_eq!((fact(scan, "peers"), scan.count, fact(scan, "seconds")), (30.0, 30, 29.0));
    assert!((fact(scan, "unanswered_share") - 26.0 / 30.0).abs() < 1e-9);
}

#[test]
fn many_hosts_that_answer_are_no_scan_and_neither_are_few() {
    let mut traffic = Traffic::default();
    for host in 0..60 {
        traffic.connect(i64::from(host), ASKING, [10, 0, 1, host], 443, Answer::Accepted);
    }
    for host in 0..20 {
        traffic.connect(i64::from(host), ASKING, [10, 0, 2, host], 80, Answer::Silence);
    }
    assert_eq!(traffic.findings(), []);
    let mut slow = Traffic::default();
    for host in 0..60 {
        slow.connect(i64::from(host) * 3600, ASKING, [10, 0, 1, host], 80, Answer::Silence);
    }
    assert_eq!(slow.findings(), [], "a host an hour is not known for a scan");
}

#[test]
fn many_closed_ports_at_one_host_are_a_vertical_scan() {
    let mut traffic = Traffic::default();
    for port in 1..=2000 {
        let answer = if port == 80 { Answer::Accepted } else { Answer::Refused };
        traffic.connect(i64::from(port) / 10, ASKING, [10, 0, 0, 2], port, answer);
    }
    let findings = traffic.findings();
    assert_eq!(kinds(&findings), [BehaviourKind::VerticalScan]);
    let scan = &findings[0];
    assert_eq!((scan.responder, scan.port, scan.count), (Some(address([10, 0, 0, 2])), None, 2000));
    assert!((fact(scan, "ports") - 2000.0).abs() < 2000.0 * 0.195, "{scan:?}");
}

#[test]
fn answers_without_questions_and_traceroute_are_no_scan() {
    let mut traffic = Traffic::default();
    for number in 0..60u16 {
        let at = i64::from(number) * SECOND_NS;
        traffic.0.push((at, udp([10, 0, 0, 2], ASKING, (53, 40_000 + number), b"answer")));
        traffic.0.push((at, udp(ASKING, [10, 0, 0, 9], (50_000, 33_434 + number), b"hop")));
    }
    assert_eq!(traffic.findings(), []);
}

#[test]
fn smb_to_many_hosts_is_a_fan_out() {
    let mut traffic = Traffic::default();
    for host in 0..15 {
        traffic.connect(i64::from(host) * 60, ASKING, [10, 0, 1, host], 445, Answer::Accepted);
    }
    let findings = traffic.findings();
    assert_eq!(kinds(&findings), [BehaviourKind::FanOut445]);
    assert_eq!((findings[0].originator, fact(&findings[0], "peers_answering")), (address(ASKING), 15.0));
}

/// A conversation as it begins with a frame.
fn flow(frame: &[u8]) -> Flow {
    let mut flow = None;
    packet::decode(RAW_IP, frame, frame.len() as u32, packet::Rules::default(), &mut |layer| {
        if let Layer::Packet(packet) = layer {
            flow = Some(Flow::new(1, crate::flow::Key::of(&packet), &packet, crate::Moment::default()));
        }
    });
    flow.unwrap()
}

#[test]
fn use_of_admin_shares_is_told_once_for_two_hosts() {
    let flow = flow(&tcp(ASKING, [10, 0, 0, 2], (40_000, 445), SYN, (99, 0), b""));
    let mut profiles = Profiles::default();
    profiles.flow(&flow);
    for (second, code) in
        [(60, "smb2.admin-share"), (61, "smb2.program-to-admin-share"), (62, "dcerpc.svcctl-create-service")]
    {
        profiles.mark(&flow, code, second * SECOND_NS);
    }
    profiles.mark(&flow, "smb2.something-else", 0);
    let findings = profiles.judge().findings;
    assert_eq!(kinds(&findings), [BehaviourKind::AdminShare]);
    assert_eq!((findings[0].count, findings[0].responder), (3, Some(address([10, 0, 0, 2]))));
    let facts =
        [("admin_shares", 1.0), ("programs_written", 1.0), ("services_created", 1.0), ("seconds_known_before", 60.0)];
    assert_eq!(findings[0].facts, facts);
}

#[test]
fn a_service_is_new_after_a_day_of_watching_and_not_before() {
    let server = [10, 0, 0, 2];
    let days = |learned: i64| {
        let mut traffic = Traffic::default();
        for time in 0..40 {
            // Not by a clock: that would be a beacon.
            traffic.connect(time * time * 20, [10, 0, 3, time as u8], server, 80, Answer::Accepted);
        }
        traffic.connect(learned, ASKING, server, 4444, Answer::Accepted);
        traffic.findings()
    };
    assert_eq!(days(80_000), []);
    let findings = days(90_000);
    assert_eq!(kinds(&findings), [BehaviourKind::FirstSeenService]);
    let told = (findings[0].originator, findings[0].port, fact(&findings[0], "seconds_watched_before"));
    assert_eq!(told, (address(server), Some((6, 4444)), 90_000.0));
}

#[test]
fn short_exchanges_by_a_clock_are_a_beacon() {
    let to = [203, 0, 113, 7];
    let with = |times: &mut dyn Iterator<Item = i64>| {
        let mut traffic = Traffic::default();
        times.for_each(|second| traffic.connect(second, ASKING, to, 443, Answer::Accepted));
        traffic.findings()
    };
    // A second early or late, in turn.
    let findings = with(&mut (0..12).map(|time| time * 60 + time % 2));
    assert_eq!(kinds(&findings), [BehaviourKind::Beacon]);
    let beacon = &findings[0];
    assert_eq!((beacon.responder, beacon.port, fact(beacon, "intervals")), (Some(address(to)), Some((6, 443)), 11.0));
    assert!((fact(beacon, "mean_seconds") - 60.0).abs() < 0.2 && fact(beacon, "variation") < 0.02, "{beacon:?}");
    assert_eq!(with(&mut (0..8).map(|time| time * 60)), [], "seven intervals are too few");
    assert_eq!(with(&mut (0..12).map(|time| time * time * 7)), [], "no clock");
    assert_eq!(with(&mut (0..12).map(|time| time * 2)), [], "steps of one job");
}

#[test]
fn time_and_broadcasts_are_regular_by_design() {
    let mut traffic = Traffic::default();
    for time in 0..20 {
        let at = time * 64 * SECOND_NS;
        let own = 30_000 + time as u16;
        for (to, port) in [([10, 0, 0, 2], 123), ([10, 0, 0, 255], 5000), ([239, 1, 1, 1], 5000)] {
            traffic.0.push((at, udp(ASKING, to, (own, port), b"question")));
            traffic.0.push((at + 1, udp(to, ASKING, (port, own), b"answer")));
        }
    }
    assert_eq!(traffic.findings(), []);
}

#[test]
fn endpoints_links_and_users_have_profiles() {
    let server = [10, 0, 0, 2];
    let mut traffic = Traffic::default();
    let at = 5 * HOUR_NS;
    let ports = (40_000, 21);
    let back = (21, 40_000);
    let said: [(bool, u8, u32, u32, &[u8]); 8] = [
        (false, SYN, 99, 0, b""),
        (true, SYN | ACK, 499, 100, b""),
        (false, ACK, 100, 500, b""),
        (true, ACK, 500, 100, b"220 hello\r\n"),
        (false, ACK, 100, 511, b"USER Bob\r\n"),
        (true, ACK, 511, 110, b"331 go on\r\n"),
        (false, ACK, 110, 522, b"PASS x\r\n"),
        (true, ACK, 522, 118, b"230 welcome\r\n"),
    ];
    for (number, (is_back, flags, sequence, acknowledged, data)) in (0..).zip(said) {
        let (from, to, ports) = if is_back { (server, ASKING, back) } else { (ASKING, server, ports) };
        traffic.0.push((at + number, tcp(from, to, ports, flags, (sequence, acknowledged), data)));
    }
    let profiles = traffic.profiles();
    let asking = profiles.endpoints.get(&address(ASKING)).unwrap();
    let serving = profiles.endpoints.get(&address(server)).unwrap();
    assert_eq!((asking.peers_asked.estimate(), serving.peers_served.estimate()), (1.0, 1.0));
    assert_eq!((asking.hours.0[5], asking.volume.conversations), (1, 1));
    assert_eq!((asking.volume.packets_out, asking.volume.packets_in), (4, 4));
    assert_eq!(serving.volume, asking.volume.turned());
    assert_eq!(serving.services.iter().collect::<Vec<_>>(), [((6, 21), at)]);
    assert_eq!(asking.protocols.names(), [(&"ftp", 1)]);
    let link = profiles.links.get(&(address(ASKING), address(server))).unwrap();
    assert_eq!((link.ports.estimate(), link.volume), (1.0, asking.volume));
    let user = profiles.users.get("bob").unwrap();
    assert_eq!((user.from.estimate(), user.at.estimate(), user.hours.0[5]), (1.0, 1.0, user.exchanges));
    assert!(user.exchanges > 0 && asking.accounts.names()[0].0 == "bob");
}

fn reading(paths: Vec<PathBuf>, options: Options, workers: usize, eve: Option<PathBuf>) -> Summary {
    let reading = Reading { paths, options, workers, merged: false, eve, files: None, filter: None, indicators: None };
    read(&reading, &Progress::default()).unwrap()
}

#[test]
fn several_workers_find_what_one_finds_and_tell_it_in_eve() {
    let mut traffic = Traffic::default();
    for host in 0..40 {
        let answer = if host % 5 == 0 { Answer::Accepted } else { Answer::Refused };
        traffic.connect(i64::from(host), ASKING, [10, 0, host, host], 445, answer);
    }
    (41..53).for_each(|time| traffic.connect(time * 60, ASKING, [10, 9, 9, 9], 8080, Answer::Accepted));
    let folder = tempfile::tempdir().unwrap();
    let (capture, eve) = (folder.path().join("made.pcap"), folder.path().join("eve.json"));
    traffic.write(&capture);
    let one = reading(vec![capture.clone()], Options::default(), 1, None).behaviour;
    let three = reading(vec![capture.clone()], Options::default(), 3, Some(eve.clone())).behaviour;
    assert_eq!(kinds(&one.findings), [BehaviourKind::HorizontalScan, BehaviourKind::Beacon]);
    assert_eq!(one.findings, three.findings);
    assert_eq!(one.profiles, three.profiles);

    let alerts = |eve: &Path| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(eve).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        records.filter(|record| record["event_type"] == "alert").collect()
    };
    let told = alerts(&eve);
    let metadata: Vec<_> = told.iter().map(|record| &record["alert"]["metadata"]).collect();
    assert_eq!(metadata[0]["behaviour"], serde_json::json!(["horizontal-scan"]));
    assert_eq!(metadata[0]["unanswered_share"], serde_json::json!(["0.8"]));
    assert_eq!(metadata[1]["behaviour"], serde_json::json!(["beacon"]));
    assert!(told.len() == 2 && metadata.iter().all(|metadata| metadata.get("weapon").is_none()));
    assert_eq!((&told[0]["dest_port"], &told[1]["dest_ip"]), (&445.into(), &"10.9.9.9".into()));

    let nothing = reading(vec![capture], Options::only("none").unwrap(), 1, Some(eve.clone())).behaviour;
    assert!(nothing.findings.is_empty() && nothing.profiles == Profiles::default() && alerts(&eve).is_empty());
}

#[test]
fn tables_stay_within_their_bounds_and_count_what_goes() {
    let mut profiles = Profiles::default();
    for number in 0..(LINKS_MAX as u32 * 3) {
        let [_, a, b, c] = number.to_be_bytes();
        profiles.flow(&flow(&udp([10, a, b, c], [192, 168, b, c], (40_000, number as u16), b"x")));
    }
    assert!(profiles.links.len() <= LINKS_MAX && profiles.endpoints.len() <= ENDPOINTS_MAX);
    assert_eq!(profiles.links.len() as u64 + profiles.links.evicted, LINKS_MAX as u64 * 3);
    let mut merged = profiles.clone();
    merged.merge(&profiles);
    assert!(merged.links.len() <= LINKS_MAX && merged.links.evicted == profiles.links.evicted * 2);
}

/// Both are the same whole. Where an endpoint tried more than is kept of one, which of it goes depends on the order:
/// then its bound holds on both sides, and everything else is the same.
fn alike(mut one: Profiles, mut other: Profiles) -> Result<(), TestCaseError> {
    for (address, endpoint) in &mut one.endpoints.all {
        let Some(twin) = other.endpoints.all.get_mut(address) else { continue };
        let (reaches, others) = (&mut endpoint.reaches, &mut twin.reaches);
        if reaches.evicted + others.evicted > 0 {
            prop_assert_eq!((reaches.hours.len(), others.hours.len()), (REACHES_MAX, REACHES_MAX));
            (*reaches, *others) = Default::default();
        }
    }
    prop_assert_eq!(one, other);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn profiles_merge_in_any_order(
        parts in prop::array::uniform3(prop::collection::vec((0..4u8, 0..4u8, 1..6u16, 0..20_000i64), 0..30)),
    ) {
        let [a, b, c] = parts.map(|part| {
            let mut profiles = Profiles::default();
            for (from, to, port, second) in part {
                let mut flow = flow(&udp([10, 0, 0, from], [10, 0, 1, to], (40_000, port), b"question"));
                (flow.first.time_ns, flow.last.time_ns) = (second * SECOND_NS, second * SECOND_NS + 1);
                flow.packets.responder = u64::from(port % 2);
                profiles.flow(&flow);
                profiles.account(&flow, &format!("user{to}"), "ftp", second);
                profiles.mark(&flow, "smb1.admin-share", second);
            }
            profiles
        });
        let merged = |x: &Profiles, y: &Profiles| {
            let mut sum = x.clone();
            sum.merge(y);
            sum
        };
        alike(merged(&a, &b), merged(&b, &a))?;
        alike(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)))?;
    }
}

#[test]
fn nothing_stands_out_in_the_negatives() {
    let Some(folder) = testkit::data("captures/negatives") else { return };
    let mut told = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let behaviour = reading(vec![path], Options::default(), 1, None).behaviour;
        assert!(!behaviour.profiles.links.is_empty(), "{name} was not read");
        told.extend(behaviour.findings.into_iter().map(|finding| (name.clone(), finding.kind.name(), finding.facts)));
    }
    assert_eq!(told, []);
}
