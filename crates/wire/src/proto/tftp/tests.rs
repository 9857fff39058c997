use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed};
use proptest::prelude::*;

/// RFC 1350, section 5.
const REQUEST: &[u8] = b"\x00\x01boot.cfg\x00octet\x00blksize\x008\x00";

#[test]
fn a_transfer_is_one_file() {
    let way = Way { over: Over::Udp, from_port: 40000, to_port: 69 };
    assert_eq!(probe(way, REQUEST), Probe::Client);
    let mut sink = Recorder::default();
    feed(&mut Conversation::default(), Side::Originator, REQUEST, &mut sink);
    let mut transfer = Conversation::of(REQUEST);
    for packet in [
        &b"\x00\x06blksize\x008\x00"[..],
        b"\x00\x03\x00\x01abcdefgh",
        b"\x00\x03\x00\x01abcdefgh",
        b"\x00\x03\x00\x02ij",
    ] {
        feed(&mut transfer, Side::Originator, packet, &mut sink);
    }
    transfer.end(&mut sink);
    assert_eq!(
        sink.lines,
        [
            r#"tftp {"tftp":{"packet":"read","file":"boot.cfg","mode":"octet"}}"#,
            "expect Tftp port 0",
            r#"file "boot.cfg" Complete 10 bytes 0 missing "abcdefghij""#,
        ]
    );
}

#[test]
fn a_lost_block_is_a_hole() {
    let mut sink = Recorder::default();
    let mut transfer = Conversation::of(b"\x00\x01a\x00octet\x00");
    feed(&mut transfer, Side::Originator, b"\x00\x03\x00\x02end", &mut sink);
    assert_eq!(sink.lines, [r#"file "a" Complete 3 bytes 512 missing "end""#]);
}

proptest! {
    #[test]
    fn no_datagrams_panic(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..5), kind in 0u8..8) {
        let mut transfer = Conversation::of(REQUEST);
        let mut sink = Recorder::default();
        for packet in packets {
            feed(&mut transfer, Side::Originator, &[&[0, kind], packet.as_slice()].concat(), &mut sink);
            feed(&mut transfer, Side::Responder, &packet, &mut sink);
        }
        transfer.end(&mut sink);
    }
}
