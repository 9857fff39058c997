use super::*;
use crate::session::{Over, Probe, Side, Way};
use crate::testing::{Recorder, feed};
use expect_test::expect;
use proptest::prelude::*;

/// The first-level encoding of a name (RFC 1001, section 14.1).
fn encoded(name: &str, service: u8) -> Vec<u8> {
    let mut padded: Vec<u8> = name.bytes().chain(std::iter::repeat(b' ')).take(15).collect();
    padded.push(service);
    let halves = padded.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    [&[32][..], &halves.collect::<Vec<u8>>(), &[0]].concat()
}

fn question() -> Vec<u8> {
    [&[0x12, 0x34, 0x01, 0x10, 0, 1, 0, 0, 0, 0, 0, 0][..], &encoded("FILES", 0x20), &[0, 0x20, 0, 1]].concat()
}

fn answer() -> Vec<u8> {
    let mut answer = [&[0x12, 0x34, 0x85, 0, 0, 0, 0, 1, 0, 0, 0, 0][..], &encoded("FILES", 0x20)].concat();
    answer.extend([0, 0x20, 0, 1, 0, 0, 0, 60, 0, 6, 0, 0, 192, 0, 2, 7]);
    answer
}

fn status() -> Vec<u8> {
    let mut answer = [&[0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0][..], &encoded("*", 0)].concat();
    answer.extend([0, 0x21, 0, 1, 0, 0, 0, 0, 0, 43, 2]);
    answer.extend(b"PC             \0\x04\0WORKGROUP      \0\x84\0");
    answer.extend([2, 0, 0, 0, 0, 1]);
    answer
}

fn announcement() -> Vec<u8> {
    let mut datagram = vec![0x11, 2, 0, 1, 192, 0, 2, 1, 0, 138, 0, 0, 0, 0];
    datagram.extend([encoded("PC", 0x20), encoded("WORKGROUP", 0x1d)].concat());
    let mut message = b"\xffSMB\x25".to_vec();
    message.resize(32, 0);
    message.push(17);
    message.resize(55, 0);
    message.extend([33, 0, 86, 0]);
    message.resize(67, 0);
    message.extend([0, 0]);
    message.extend(b"\\MAILSLOT\\BROWSE\0");
    message.extend([1, 0, 0, 0, 0, 0]);
    message.extend(b"PC\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    message.extend([5, 1, 3, 0x10, 0, 0, 15, 1, 0x55, 0xaa, 0]);
    datagram.extend(message);
    datagram
}

#[test]
fn names_and_announcements_are_read() {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    feed(&mut room, Side::Originator, &question(), &mut sink);
    feed(&mut room, Side::Responder, &answer(), &mut sink);
    feed(&mut room, Side::Responder, &status(), &mut sink);
    feed(&mut room, Side::Originator, &announcement(), &mut sink);
    expect![[r#"
        nbns {"nbns":{"type":"request","tx_id":0,"id":4660,"opcode":"query","rrname":"FILES<20>","rrtype":"NB"}}
        nbns {"nbns":{"type":"response","tx_id":0,"id":4660,"opcode":"query","rcode":"NOERROR","answer":{"rrname":"FILES<20>","rrtype":"NB","ttl":60,"addresses":["192.0.2.7"]}}}
        nbns {"nbns":{"type":"response","tx_id":1,"id":1,"opcode":"query","rcode":"NOERROR","answer":{"rrname":"*<00>","rrtype":"NBSTAT","ttl":0,"names":["PC<00>","WORKGROUP<00>"],"mac":"02:00:00:00:00:01"}}}
        nbdgm {"nbdgm":{"source_name":"PC<20>","destination_name":"WORKGROUP<1d>","mailslot":"\\MAILSLOT\\BROWSE","announcement":{"command":1,"host":"PC","os_version":"5.1","server_type":"0x00001003","comment":""}}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn only_encoded_names_are_taken() {
    let way = Way { over: Over::Udp, from_port: 137, to_port: 137 };
    assert_eq!(probe(way, &question()), Probe::Client);
    assert_eq!(probe(way, &answer()), Probe::Server);
    assert_eq!(probe(Way { from_port: 138, to_port: 138, ..way }, &announcement()), Probe::Client);
    assert_eq!(probe(way, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x01\0\x01"), Probe::No);
}

#[test]
fn counts_that_no_message_can_hold_are_read() {
    let head = [[0, 1, 0x85, 0].as_slice(), &[0, 0], &[0xff; 6]].concat();
    assert_eq!(records::message(&head), None);
}

proptest! {
    #[test]
    fn no_datagram_panics(which in 0usize..4, changes in proptest::collection::vec((0usize..200, any::<u8>()), 0..5), cut in 0usize..200) {
        let mut data = [question(), answer(), status(), announcement()][which].clone();
        for (at, value) in changes {
            if let Some(slot) = data.get_mut(at) { *slot = value; }
        }
        data.truncate(data.len().saturating_sub(cut / 2));
        feed(&mut Conversation::default(), Side::Originator, &data, &mut Recorder::default());
    }
}
