use super::crypto::Keys;
use super::*;
use crate::session::{Over, Probe, Side, Way};
use crate::testing::{Recorder, feed};
use proptest::prelude::*;

/// RFC 9001, appendix A.3: the server's Initial packet of the example connection.
const SERVER_INITIAL: &str = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

#[test]
fn the_example_of_the_rfc_opens() {
    let keys = Keys::of(1, &bytes("8394c8f03e515708")).unwrap();
    let datagram = bytes(SERVER_INITIAL);
    let mut rest = datagram.as_slice();
    let packet = records::packet(&mut rest).unwrap();
    let frames = keys.open(false, packet.bytes, packet.number_at).unwrap();
    let mut pieces = Vec::new();
    records::crypto_frames(&frames, |at, piece| pieces.push((at, piece.to_vec()))).unwrap();
    let [(0, hello)] = pieces.as_slice() else { panic!("{pieces:?}") };
    assert!(hello.starts_with(&bytes("020000560303eefce7f7b37ba1d1632e96677825ddf7")));
}

/// The salts of version 1 and of the drafts before it, by the versions that have them.
#[test]
fn drafts_are_read_with_their_own_keys() {
    let opened = |version: u32| {
        let mut datagram = bytes(SERVER_INITIAL);
        let keys = Keys::of(version, &bytes("8394c8f03e515708"))?;
        let mut rest = datagram.as_mut_slice() as &[u8];
        let packet = records::packet(&mut rest)?;
        Some(keys.open(false, packet.bytes, packet.number_at).is_some())
    };
    // The example is one of version 1: drafts 33 and 34 have its salt, the earlier ones have not.
    assert_eq!([1, 0xff00_0021, 0xff00_0022].map(opened), [Some(true); 3]);
    assert_eq!([0xff00_0020, 0xff00_001c, 0xff00_0015].map(opened), [Some(false); 3]);
    assert_eq!([0xff00_0014, 2].map(opened), [None; 2]);
}

#[test]
fn the_hello_of_google_gives_its_tags() {
    let mut datagram = vec![0xc3];
    datagram.extend(b"Q046\x50\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x01");
    datagram.extend([0; 12]);
    datagram.extend(b"\xa0\x01\x00CHLO\x02\x00\x00\x00SNI\x00\x0b\x00\x00\x00UAID\x0f\x00\x00\x00example.orgtest");
    let way = Way { over: Over::Udp, from_port: 40000, to_port: 443 };
    assert_eq!(probe(way, &datagram), Probe::Client);
    let mut sink = Recorder::default();
    feed(&mut Conversation::default(), Side::Originator, &datagram, &mut sink);
    expect_test::expect![[r#"
        [
            "quic {\"quic\":{\"version\":\"Q046\",\"sni\":\"example.org\",\"ua\":\"test\",\"cyu\":[{\"hash\":\"3ee85c355061ebe189ec4ca49623e324\",\"string\":\"46,SNI-UAID\"}]}}",
        ]
    "#]]
    .assert_debug_eq(&sink.lines);
}

proptest! {
    #[test]
    fn no_datagram_panics(data in proptest::collection::vec(any::<u8>(), 0..300), server in any::<bool>()) {
        let side = if server { Side::Responder } else { Side::Originator };
        feed(&mut Conversation::default(), side, &data, &mut Recorder::default());
        let long = [&[0xc0, 0, 0, 0, 1][..], &data].concat();
        feed(&mut Conversation::default(), side, &long, &mut Recorder::default());
        let _ = records::crypto_frames(&data, |_, _| {});
        let _ = records::google_hello(&[b"CHLO", data.as_slice()].concat());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..130, byte in any::<u8>()) {
        let mut data = bytes(SERVER_INITIAL);
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        feed(&mut Conversation::default(), Side::Responder, &data, &mut Recorder::default());
    }
}
