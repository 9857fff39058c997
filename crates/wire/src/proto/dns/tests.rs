use super::*;
use crate::json::Object;
use crate::session::{Over, Side};
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
