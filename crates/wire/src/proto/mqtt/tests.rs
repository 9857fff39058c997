use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

const TCP: Way = Way { over: Over::Tcp, from_port: 40000, to_port: 1883 };

/// MQTT 5, section 3.1: a CONNECT with a property, a will, an account; then a PUBLISH of quality 1 and a DISCONNECT.
fn client() -> Vec<u8> {
    let mut connect = b"\x00\x04MQTT\x05\xc6\x00\x3c\x03\x21\x00\x14\x00\x02id".to_vec();
    connect.extend(b"\x07\x26\x00\x01k\x00\x01v\x00\x01w\x00\x03bye\x00\x04user\x00\x04pass");
    let mut stream = vec![0x10, connect.len() as u8];
    stream.extend(connect);
    stream.extend(b"\x32\x0c\x00\x05topic\x00\x07\x00hi");
    stream.extend(b"\xe0\x00");
    stream
}

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp))
}

#[test]
fn an_exchange_is_told_with_its_acknowledgement() {
    let (mut room, mut sink) = (room(), Recorder::default());
    feed(room.as_mut(), Side::Originator, &client(), &mut sink);
    feed(room.as_mut(), Side::Responder, b"\x20\x06\x00\x00\x03\x22\x00\x0a\x40\x02\x00\x07", &mut sink);
    room.end(&mut sink);
    expect_test::expect![[r#"
        mqtt {"mqtt":{"disconnect":{"qos":0,"retain":false,"dup":false,"reason_code":0}}}
        mqtt {"mqtt":{"connect":{"qos":0,"retain":false,"dup":false,"protocol_string":"MQTT","protocol_version":5,"flags":{"username":true,"password":true,"will_retain":false,"will":true,"clean_session":true},"client_id":"id","username":"user","password":"pass","will":{"topic":"w","message":"bye","properties":{"k":"v"}},"properties":{"receive_maximum":20}},"connack":{"qos":0,"retain":false,"dup":false,"session_present":false,"return_code":0,"properties":{"topic_alias_maximum":10}}}}
        mqtt {"mqtt":{"publish":{"qos":1,"retain":false,"dup":false,"topic":"topic","message_id":7,"message":"hi"},"puback":{"qos":0,"retain":false,"dup":false,"message_id":7,"reason_code":0}}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

/// MQTT 5, section 3.14.2: without a reason it is a normal one; a reason may come without properties.
#[test]
fn a_reason_is_told_though_no_properties_follow_it() {
    let reason = |disconnect: &[u8]| {
        let (mut room, mut sink) = (room(), Recorder::default());
        feed(room.as_mut(), Side::Originator, b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01a", &mut sink);
        feed(room.as_mut(), Side::Originator, disconnect, &mut sink);
        let line = sink.lines.last().cloned().unwrap_or_default();
        line.split_once("reason_code\":").map(|(_, rest)| rest.trim_end_matches('}').to_owned())
    };
    assert_eq!(reason(b"\xe0\x00").as_deref(), Some("0"));
    assert_eq!(reason(b"\xe0\x01\x04").as_deref(), Some("4"));
    assert_eq!(reason(b"\xe0\x02\x04\x00").as_deref(), Some("4"));
}

#[test]
fn any_split_gives_the_same_exchanges() {
    let lines = split_anywhere(room, Side::Originator, &client());
    assert_eq!(lines.len(), 3);
}

#[test]
fn what_is_too_long_is_passed_over() {
    let (mut room, mut sink) = (room(), Recorder::default());
    // A PUBLISH of 2 MiB (length 80 80 80 01), then a PINGREQ.
    let mut stream = b"\x30\x80\x80\x80\x01".to_vec();
    stream.resize(5 + (1 << 21), b'x');
    stream.extend(b"\xc0\x00");
    feed(room.as_mut(), Side::Originator, &stream, &mut sink);
    assert_eq!(sink.lines.len(), 2, "{:?}", sink.lines);
    assert!(
        sink.lines[0]
            .contains(r#""publish":{"qos":0,"retain":false,"dup":false,"truncated":true,"skipped_length":2097152"#)
    );
    assert!(sink.lines[1].contains("pingreq"));
}

#[test]
fn a_hole_within_a_packet_costs_that_packet() {
    let (mut room, mut sink) = (room(), Recorder::default());
    room.gap(Side::Originator, b"\x30\x10\x00\x01t", 5, &mut sink);
    feed(room.as_mut(), Side::Originator, b"12345678\xc0\x00", &mut sink);
    assert!(sink.lines[0].contains("truncated") && sink.lines[1].contains("pingreq"), "{:?}", sink.lines);
}

#[test]
fn only_what_names_the_protocol_is_a_client() {
    assert_eq!(probe(TCP, &client()), Probe::Client);
    assert_eq!(probe(TCP, b"\x10\x20\x00\x04MQ"), Probe::More);
    assert_eq!(probe(TCP, b"\x10\x20\x00\x04NOPE\x04"), Probe::No);
    assert_eq!(probe(TCP, b"GET / HTTP/1.1"), Probe::No);
}

#[test]
fn the_elements_say_who_and_what() {
    let Read::Is(header) = header(&client()) else { panic!("a header") };
    let message = packet(header, &client()[header.bytes..header.bytes + header.length], 0).unwrap();
    let exchange = Exchange { messages: vec![message] };
    let elements = exchange.elements();
    assert_eq!(elements.account.as_deref(), Some("user"));
    assert_eq!(elements.host_name.as_deref(), Some("id"));
    assert_eq!((elements.version.as_deref(), elements.operation.as_deref()), (Some("5"), Some("connect")));
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        feed(room().as_mut(), Side::Originator, &data, &mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..70, byte in any::<u8>()) {
        let mut data = client();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        let mut room = room();
        feed(room.as_mut(), Side::Originator, &data, &mut Recorder::default());
        feed(room.as_mut(), Side::Responder, &data, &mut Recorder::default());
    }
}
