use super::*;
use crate::session::{Progress, Protocol, Side};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

#[test]
fn a_granted_request_switches() {
    // RFC 1928, sections 3 to 6.
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    assert_eq!(feed(&mut room, Side::Originator, &[5, 1, 0], &mut sink), []);
    assert_eq!(feed(&mut room, Side::Responder, &[5, 0], &mut sink), []);
    assert_eq!(feed(&mut room, Side::Originator, b"\x05\x01\x00\x03\x0bexample.org\x01\xbb", &mut sink), []);
    let answer = [5, 0, 0, 1, 192, 0, 2, 1, 0, 80];
    assert_eq!(room.data(Side::Responder, &answer, &mut sink), Progress::Switch { used: 10, to: None });
    assert_eq!(
        sink.lines,
        [
            r#"socks {"socks":{"version":5,"command":"connect","host":"example.org","port":443,"reply":0,"granted":true}}"#
        ]
    );
}

#[test]
fn version_4_with_a_name_in_any_portions() {
    let lines = split_anywhere(
        || Box::new(Conversation::default()),
        Side::Originator,
        b"\x04\x01\x01\xbb\x00\x00\x00\x01user\x00example.org\x00",
    );
    assert_eq!(
        lines,
        [r#"socks {"socks":{"version":4,"command":"connect","host":"example.org","port":443,"user":"user"}}"#]
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..60), answer in proptest::collection::vec(any::<u8>(), 0..20)) {
        for version in [4, 5] {
            let (mut room, mut sink) = (Conversation::default(), Recorder::default());
            feed(&mut room, Side::Originator, &[&[version], data.as_slice()].concat(), &mut sink);
            feed(&mut room, Side::Responder, &answer, &mut sink);
        }
    }
}
