use super::*;
use crate::session::{Over, Probe, Side, Way};
use crate::testing::{Recorder, feed};
use proptest::prelude::*;

/// RFC 2408, section 3.1: an aggressive opening with a nonce and a vendor.
fn opening() -> Vec<u8> {
    let mut data = vec![1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0x10, 4, 0, 0, 0, 0, 0, 0, 0, 0, 44];
    data.extend([13, 0, 0, 8, 1, 2, 3, 4]);
    data.extend([0, 0, 0, 8, 0xaf, 0xca, 0xd7, 0x13]);
    data
}

#[test]
fn an_opening_is_read() {
    let way = Way { over: Over::Udp, from_port: 500, to_port: 500 };
    assert_eq!(probe(way, &opening()), Probe::Client);
    let mut sink = Recorder::default();
    feed(&mut Conversation::default(), Side::Originator, &opening(), &mut sink);
    expect_test::expect![[r#"ike {"ike":{"version_major":1,"version_minor":0,"init_spi":"0102030405060708","resp_spi":"0000000000000000","message_id":0,"exchange_type":4,"payload":["Nonce","VendorID"],"ikev1":{"encrypted_payloads":false,"client":{"vendor_ids":["afcad713"]}}}}"#]].assert_eq(&sink.lines.join("\n"));
}

proptest! {
    #[test]
    fn no_datagram_panics(data in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..44, byte in any::<u8>()) {
        let _ = message(&data);
        let mut data = opening();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        feed(&mut Conversation::default(), Side::Originator, &data, &mut Recorder::default());
    }
}
