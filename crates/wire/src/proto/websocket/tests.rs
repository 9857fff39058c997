use super::*;
use crate::session::{Protocol, Side};
use crate::testing::{Recorder, feed, split_anywhere};
use expect_test::expect;
use proptest::prelude::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let body = payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key);
    [first, 0x80 | payload.len() as u8].into_iter().chain(MASK).chain(body).collect()
}

/// The examples of RFC 6455, section 5.7, and a close.
#[test]
fn frames_are_told_however_they_are_cut() {
    let said =
        [masked(0x81, b"Hello"), masked(0x01, b"Hel"), masked(0x80, b"lo"), masked(0x88, b"\x03\xe9bye")].concat();
    let lines = split_anywhere(|| Box::<Conversation>::default(), Side::Originator, &said);
    expect![[r#"
        websocket {"websocket":{"fin":true,"mask":939139389,"opcode":"text","payload_length":5}}
        websocket {"websocket":{"fin":false,"mask":939139389,"opcode":"text","payload_length":3}}
        websocket {"websocket":{"fin":true,"mask":939139389,"opcode":"continuation","payload_length":2}}
        websocket {"websocket":{"fin":true,"mask":939139389,"opcode":"connection_close","payload_length":5,"close_code":1001,"close_reason":"bye"}}
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
    let long = [&[0xc2, 126, 1, 0][..], &[b'x'; 256], &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], &[b'x'; 65536]].concat();
    let mut sink = Recorder::default();
    assert!(feed(&mut Conversation::default(), Side::Responder, &long, &mut sink).is_empty());
    expect![[r#"
        websocket {"websocket":{"fin":true,"opcode":"binary","payload_length":256,"compressed":true}}
        websocket {"websocket":{"fin":true,"opcode":"binary","payload_length":65536}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn what_no_browser_sends_is_marked_once() {
    let mut sink = Recorder::default();
    let said = [&[0x83, 0][..], &[0x83, 0], &[0x89, 126, 1, 0]].concat();
    feed(&mut Conversation::default(), Side::Originator, &said, &mut sink);
    let marks: Vec<_> = sink.lines.iter().filter(|line| line.starts_with("mark")).collect();
    assert_eq!(
        marks,
        ["mark websocket.unknown-opcode 3", "mark websocket.wrong-masking 3", "mark websocket.control-too-long 256"]
    );
}

#[test]
fn a_hole_within_a_payload_is_passed_over() {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    feed(&mut room, Side::Responder, &[&[0x82, 100][..], &[b'x'; 40]].concat(), &mut sink);
    room.gap(Side::Responder, &[], 50, &mut sink);
    feed(&mut room, Side::Responder, &[&[b'x'; 10][..], &[0x89, 0]].concat(), &mut sink);
    room.gap(Side::Responder, &[], 1, &mut sink);
    feed(&mut room, Side::Responder, &[0x89, 0], &mut sink);
    assert_eq!(sink.lines.len(), 2, "{:?}", sink.lines);
}

proptest! {
    #[test]
    fn nothing_panics(data in proptest::collection::vec(any::<u8>(), 0..200), hole in 0u64..300) {
        let (mut room, mut sink) = (Conversation::default(), Recorder::default());
        let rest = feed(&mut room, Side::Originator, &data, &mut sink);
        room.gap(Side::Originator, &rest, hole, &mut sink);
        feed(&mut room, Side::Originator, &data, &mut sink);
    }
}
