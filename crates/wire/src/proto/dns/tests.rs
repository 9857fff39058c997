use super::*;
use crate::json::Object;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn example() -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    message.extend(b"\x03www\x07example\x03org\x00\x00\x01\x00\x01");
    message.extend(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01");
    message
}

#[test]
fn an_answer_with_a_compressed_name_is_read() {
    let message = message(&example()).unwrap();
    let mut out = Vec::new();
    let mut record = Object::new(&mut out);
    eve::write(&message, &mut record, 0);
    drop(record);
    expect_test::expect![[r#"{"dns":{"version":3,"type":"response","tx_id":0,"id":4660,"flags":"8180","qr":true,"rd":true,"ra":true,"opcode":0,"rcode":"NOERROR","queries":[{"rrname":"www.example.org","rrtype":"A"}],"answers":[{"rrname":"www.example.org","rrtype":"A","ttl":60,"rdata":"192.0.2.1"}],"grouped":{"A":["192.0.2.1"]}}}"#]]
        .assert_eq(&String::from_utf8(out).unwrap());
}

#[test]
fn a_name_that_points_at_itself_ends() {
    let mut looping = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    looping.extend(b"\xc0\x0c\x00\x01\x00\x01");
    let message = message(&looping).unwrap();
    assert_eq!(message.oddities, ["dns.name-too-long"]);
}

#[test]
fn over_tcp_any_split_gives_the_same_messages() {
    let framed = |message: Vec<u8>| [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let stream = [framed(example()), framed(example())].concat();
    split_anywhere(|| Box::new(Conversation::over(Over::Tcp)), Side::Responder, &stream);
}

#[test]
fn a_hole_costs_the_message_it_is_in() {
    let framed = |message: Vec<u8>| [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let (mut room, mut sink) = (Conversation::over(Over::Tcp), Recorder::default());
    let whole = framed(example());
    let (head, tail) = whole.split_at(10);
    assert_eq!(feed(&mut room, Side::Responder, head, &mut sink), head);
    room.gap(Side::Responder, head, 5, &mut sink);
    let rest = [tail.get(5..).unwrap(), &whole].concat();
    assert_eq!(feed(&mut room, Side::Responder, &rest, &mut sink), []);
    // Between messages: the next thing that looks like one is one.
    room.gap(Side::Responder, &[], 100, &mut sink);
    feed(&mut room, Side::Responder, &whole, &mut sink);
    let messages = sink.lines.iter().filter(|line| line.starts_with("dns ")).count();
    assert_eq!(messages, 2, "{:?}", sink.lines);
}

#[test]
fn outside_of_its_port_only_perfect_dns_is_dns() {
    let way = Way { over: Over::Udp, from_port: 40000, to_port: 40053 };
    assert_eq!(probe(way, &example()), Probe::Server);
    assert_eq!(probe(way, &[example(), vec![0]].concat()), Probe::No);
}

#[test]
fn relatives_have_names_of_their_own() {
    let mut sink = Recorder::default();
    feed(&mut Conversation::of(Flavour::Llmnr, Over::Udp), Side::Originator, &example(), &mut sink);
    assert!(sink.lines.first().unwrap().starts_with(r#"llmnr {"llmnr":"#), "{:?}", sink.lines);
}

#[test]
fn records_of_newer_kinds_are_read() {
    // RFC 8659 (CAA), RFC 9460 (HTTPS), RFC 6891 (OPT).
    let mut message_bytes = vec![0, 1, 0x81, 0x80, 0, 0, 0, 2, 0, 0, 0, 1];
    message_bytes.extend(b"\x01a\x00\x01\x01\x00\x01\x00\x00\x00\x3c\x00\x09\x00\x05issueca");
    message_bytes.extend(b"\x01a\x00\x00\x41\x00\x01\x00\x00\x00\x3c\x00\x09\x00\x01\x00\x00\x03\x00\x02\x01\xbb\x00");
    message_bytes.truncate(message_bytes.len() - 1);
    message_bytes.extend(b"\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x06\x00\x0a\x00\x02\xab\xcd");
    let message = message(&message_bytes).unwrap();
    let shown: Vec<_> = message.answers.iter().map(|answer| answer.data.shown().unwrap().into_owned()).collect();
    assert_eq!(shown, [b"0 issue ca".to_vec(), b"1 .".to_vec()], "{message:?}");
    assert_eq!(message.additionals.first().unwrap().data, Data::Options(vec![(10, vec![0xab, 0xcd])]));
}

proptest! {
    #[test]
    fn no_datagram_panics(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut recorder = Recorder::default();
        feed(&mut Conversation::over(Over::Udp), Side::Originator, &data, &mut recorder);
    }

    #[test]
    fn no_mutation_panics(at in 0usize..50, byte in any::<u8>()) {
        let mut data = example();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        let mut recorder = Recorder::default();
        feed(&mut Conversation::over(Over::Udp), Side::Responder, &data, &mut recorder);
    }
}
