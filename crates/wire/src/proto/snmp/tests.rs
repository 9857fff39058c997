use super::*;
use crate::session::{Over, Probe, Side, Way};
use crate::testing::{Recorder, feed};
use proptest::prelude::*;

/// RFC 1157, section 4: a `get-next` of version 2c for 1.3.6.1.530.5, a number of two bytes in it.
fn request() -> Vec<u8> {
    b"\x30\x25\x02\x01\x01\x04\x06public\xa1\x18\x02\x02\x30\x39\x02\x01\x00\x02\x01\x00\x30\x0c\x30\x0a\x06\x06\x2b\x06\x01\x84\x12\x05\x05\x00"
        .to_vec()
}

#[test]
fn a_request_is_read() {
    let way = Way { over: Over::Udp, from_port: 40000, to_port: 161 };
    assert_eq!(probe(way, &request()), Probe::Client);
    let mut sink = Recorder::default();
    feed(&mut Conversation::default(), Side::Originator, &request(), &mut sink);
    expect_test::expect![[
        r#"snmp {"snmp":{"version":2,"pdu_type":"get_next_request","vars":["1.3.6.1.530.5"],"community":"public"}}"#
    ]]
    .assert_eq(&sink.lines.join("\n"));
}

proptest! {
    #[test]
    fn no_datagram_panics(data in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = message(&data);
        let _ = message(&[&[0x30, data.len() as u8, 2, 1, 3], data.as_slice()].concat());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..40, byte in any::<u8>()) {
        let mut data = request();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        feed(&mut Conversation::default(), Side::Originator, &data, &mut Recorder::default());
    }
}
