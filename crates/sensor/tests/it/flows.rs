//! What EVE's records of conversations say, on frames made here.
use sensor::output::Eve;
use sensor::{Options, Worker};
use serde_json::Value;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use wire::capture::{Frame, LinkType};

const RAW_IP: LinkType = LinkType(101);
const SYN: u8 = 2;
const ACK: u8 = 16;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An IPv4 packet (RFC 791) between two hosts: 10.0.0.1 asks and 10.0.0.2 answers.
fn ip(back: bool, protocol: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let (from, to) = if back { (2, 1) } else { (1, 2) };
    let head = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
    [&head[..], body].concat()
}

/// A TCP segment (RFC 9293) from a port above 1024 to `service`, or back.
fn tcp(back: bool, service: u16, flags: u8, sequence: u32, acknowledged: u32, data: &[u8]) -> Vec<u8> {
    let (from, to) = if back { (service, 40000) } else { (40000, service) };
    let mut body = [from.to_be_bytes(), to.to_be_bytes()].concat();
    body.extend(sequence.to_be_bytes());
    body.extend(acknowledged.to_be_bytes());
    body.extend([0x50, flags, 255, 255, 0, 0, 0, 0]);
    body.extend(data);
    ip(back, 6, &body)
}

fn records(options: Options, packets: &[Vec<u8>]) -> Vec<Value> {
    records_at(options, (1..).zip(packets))
}

/// The same with the time of each packet, in nanoseconds.
fn records_at<'a>(options: Options, packets: impl Iterator<Item = (i64, &'a Vec<u8>)>) -> Vec<Value> {
    let out = Shared::default();
    let mut worker = Worker::new(options, vec![Box::new(Eve::new(out.clone()))]);
    for (number, (time_ns, packet)) in (1..).zip(packets) {
        worker.frame(&Frame { time_ns, link: RAW_IP, wire_length: packet.len() as u32, data: packet }, number);
    }
    worker.finish().unwrap();
    let written = out.0.lock().unwrap().clone();
    String::from_utf8(written).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn flows(options: Options, packets: &[Vec<u8>]) -> Vec<Value> {
    let mut found = records(options, packets);
    found.retain(|record| record["event_type"] == "flow");
    found
}

/// A search of LDAP (RFC 4511, section 4.5.1) and the answer.
const SEARCH: &[u8] =
    b"\x30\x1a\x02\x01\x01\x63\x15\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x00\x30\x00";
const DONE: &[u8] = b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00";
/// SMB 2, a negotiation's header ([MS-SMB2], section 2.2.1), in a NetBIOS message.
const SMB: &[u8] = b"\x00\x00\x00\x40\xfeSMB\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\
\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

fn handshake(service: u16) -> Vec<Vec<u8>> {
    vec![
        tcp(false, service, SYN, 99, 0, b""),
        tcp(true, service, SYN | ACK, 499, 100, b""),
        tcp(false, service, ACK, 100, 500, b""),
    ]
}

#[test]
fn an_answer_in_another_protocol_is_named() {
    let mut packets = handshake(389);
    packets.push(tcp(false, 389, ACK, 100, 500, SEARCH));
    packets.push(tcp(true, 389, ACK, 500, 100 + SEARCH.len() as u32, SMB));
    let flows = flows(Options::default(), &packets);
    assert_eq!((&flows[0]["app_proto"], &flows[0]["app_proto_tc"]), (&"ldap".into(), &"smb".into()), "{flows:?}");
    assert!(flows[0].get("app_proto_ts").is_none());
}

#[test]
fn sides_that_agree_are_named_once() {
    let mut packets = handshake(389);
    packets.push(tcp(false, 389, ACK, 100, 500, SEARCH));
    packets.push(tcp(true, 389, ACK, 500, 100 + SEARCH.len() as u32, DONE));
    let flows = flows(Options::default(), &packets);
    assert_eq!(flows[0]["app_proto"], "ldap");
    let keys = flows[0].as_object().unwrap().keys().filter(|key| key.starts_with("app_proto")).count();
    assert_eq!(keys, 1, "{flows:?}");
}

#[test]
fn what_was_met_midway_is_turned_by_what_is_said_or_by_the_port() {
    for (service, answer, name) in [(389, DONE, "ldap"), (445, SMB, "smb")] {
        let flows = flows(Options::default(), &[tcp(true, service, ACK, 500, 100, answer)]);
        let flow = &flows[0];
        assert_eq!((&flow["app_proto"], &flow["dest_port"]), (&name.into(), &service.into()), "{flow}");
        assert_eq!((&flow["flow"]["pkts_toserver"], &flow["flow"]["pkts_toclient"]), (&0.into(), &1.into()));
    }
}

#[test]
fn data_in_the_first_segment_is_heard() {
    let packets = [
        tcp(false, 389, SYN, 99, 0, SEARCH),
        tcp(true, 389, SYN | ACK, 499, 100 + SEARCH.len() as u32, b""),
        tcp(false, 389, ACK, 100 + SEARCH.len() as u32, 500, b""),
        tcp(true, 389, ACK, 500, 100 + SEARCH.len() as u32, DONE),
    ];
    let found = records(Options::only("none").unwrap(), &packets);
    assert!(found.iter().any(|record| record["event_type"] == "ldap"), "{found:?}");
}

#[test]
fn what_came_back_of_icmp_is_told_and_other_protocols_are_no_flows() {
    let packets = [
        ip(false, 1, &[8, 0, 0, 0, 0, 1, 0, 1]),
        ip(true, 1, &[0, 0, 0, 0, 0, 1, 0, 1]),
        ip(false, 2, &[0x16, 0, 0, 0, 224, 0, 0, 1]),
    ];
    let flows = flows(Options::default(), &packets);
    assert_eq!(flows.len(), 1, "{flows:?}");
    assert_eq!((&flows[0]["icmp_type"], &flows[0]["response_icmp_type"]), (&8.into(), &0.into()));
}

#[test]
fn a_hole_is_told_of_the_side_it_is_in() {
    let mut packets = handshake(389);
    packets.push(tcp(false, 389, ACK, 100, 500, SEARCH));
    packets.push(tcp(true, 389, ACK, 600, 100 + SEARCH.len() as u32, DONE));
    let flows = flows(Options::default(), &packets);
    assert_eq!((&flows[0]["tcp"]["tc_gap"], flows[0]["tcp"].get("ts_gap")), (&true.into(), None), "{flows:?}");
}

/// Packets of the same hosts and ports by the second they came in; gives how many each conversation has, and why it ended.
fn conversations(seconds: &[i64]) -> Vec<String> {
    let asks = [&[0x9c, 0x40, 0, 7, 0, 9, 0, 0][..], b"?"].concat();
    let packet = ip(false, 17, &asks);
    let packets = seconds.iter().map(|second| (second * 1_000_000_000, &packet));
    let mut flows = records_at(Options::default(), packets);
    flows.retain(|record| record["event_type"] == "flow");
    let shown =
        |flow: &Value| format!("{} {}", flow["flow"]["pkts_toserver"], flow["flow"]["reason"].as_str().unwrap());
    flows.iter().map(shown).collect()
}

#[test]
fn a_conversation_ends_by_the_time_of_frames_and_not_by_their_number() {
    // Nothing was heard for more than the thirty seconds that one-sided datagrams are waited for.
    assert_eq!(conversations(&[100, 120, 151]), ["2 timeout", "1 shutdown"]);
    // Time goes back a little where a capture was put together of several.
    assert_eq!(conversations(&[100, 90, 400, 110, 111]), ["2 timeout", "3 shutdown"]);
    // Another recording, of an earlier day: whether the first one was long over does not matter.
    assert_eq!(conversations(&[90_000, 3_600, 3_601]), ["1 timeout", "2 shutdown"]);
    assert_eq!(conversations(&[100, 90_000, 110]), ["1 timeout", "1 timeout", "1 shutdown"]);
}
