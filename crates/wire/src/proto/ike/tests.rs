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
    expect_test::expect![[r#"ike {"ike":{"version_major":1,"version_minor":0,"init_spi":"0102030405060708","resp_spi":"0000000000000000","message_id":0,"exchange_type":4,"payload":["Nonce","VendorID"],"ikev1":{"encrypted_payloads":false,"client":{"nonce_payload":"01020304","nonce_payload_length":4,"vendor_ids":["afcad713"]}}}}"#]].assert_eq(&sink.lines.join("\n"));
}

fn payload(next: u8, body: &[u8]) -> Vec<u8> {
    let mut payload = vec![next, 0];
    payload.extend((body.len() as u16 + 4).to_be_bytes());
    payload.extend(body);
    payload
}

fn header(answers: bool, next: u8, version: u8, exchange: u8, flags: u8, payloads: &[u8]) -> Vec<u8> {
    let mut data = vec![1, 2, 3, 4, 5, 6, 7, 8];
    data.extend([if answers { 9 } else { 0 }; 8]);
    data.extend([next, version, exchange, flags, 0, 0, 0, 0]);
    data.extend((28 + payloads.len() as u32).to_be_bytes());
    data.extend(payloads);
    data
}

fn told(side: Side, data: &[u8]) -> String {
    let mut sink = Recorder::default();
    feed(&mut Conversation::default(), side, data, &mut sink);
    sink.lines.join("\n")
}

/// RFC 2409, appendix A: AES with 256 bits, SHA, a shared key, group 2, for a day in four bytes; and 3DES.
#[test]
fn offers_of_version_1_and_the_chosen_one_are_told() {
    let aes =
        [0x80, 1, 0, 7, 0x80, 14, 1, 0, 0x80, 2, 0, 2, 0x80, 3, 0, 1, 0x80, 4, 0, 2, 0, 12, 0, 4, 0, 1, 0x51, 0x80];
    let transforms =
        [payload(3, &[&[1, 1, 0, 0], &aes[..]].concat()), payload(0, &[2, 1, 0, 0, 0x80, 1, 0, 5])].concat();
    let proposal = payload(0, &[&[1, 1, 0, 2], &transforms[..]].concat());
    let association = payload(0, &[&[0, 0, 0, 1, 0, 0, 0, 1], &proposal[..]].concat());
    let aes = r#""alg_enc":"EncAesCbc","alg_enc_raw":7,"sa_key_length":"Unknown","sa_key_length_raw":256,"alg_hash":"HashSha","alg_hash_raw":2,"alg_auth":"AuthPreSharedKey","alg_auth_raw":1,"alg_dh":"GroupAlternate1024BitModpGroup","alg_dh_raw":2,"sa_life_duration":"Unknown","sa_life_duration_raw":86400"#;
    let asked = told(Side::Originator, &header(false, 1, 0x10, 2, 0, &association));
    let offers = format!(r#""client":{{"proposals":[{{{aes}}},{{"alg_enc":"Enc3DesCbc","alg_enc_raw":5}}]}}"#);
    assert!(asked.contains(&offers), "{asked}");
    let answered = told(Side::Responder, &header(true, 1, 0x10, 2, 0, &association));
    assert!(answered.contains(&format!(r#""exchange_type":2,{aes},"payload""#)), "{answered}");
}

/// RFC 7296, section 3.3.
#[test]
fn what_version_2_settles_on_is_told() {
    let transform = |next, kind, id: u16, rest: &[u8]| payload(next, &[&[kind, 0, 0, id as u8], rest].concat());
    let transforms = [
        transform(3, 1, 12, &[0x80, 14, 1, 0]),
        transform(3, 2, 5, &[]),
        transform(3, 3, 12, &[]),
        transform(0, 4, 14, &[]),
    ];
    let proposal = payload(0, &[&[1, 1, 0, 4], &transforms.concat()[..]].concat());
    let payloads = [payload(34, &proposal), payload(0, &[&[0, 14, 0, 0][..], &[7; 16]].concat())].concat();
    let answered = told(Side::Responder, &header(true, 33, 0x20, 34, 0x20, &payloads));
    let chosen = r#""alg_enc":"ENCR_AES_CBC","alg_enc_raw":12,"sa_key_length":"Unknown","sa_key_length_raw":256,"alg_prf":"PRF_HMAC_SHA2_256","alg_prf_raw":5,"alg_auth":"AUTH_HMAC_SHA2_256_128","alg_auth_raw":12,"alg_dh":"Modp2048","alg_dh_raw":14"#;
    assert!(answered.contains(chosen), "{answered}");
}

proptest! {
    #[test]
    fn no_association_panics(data in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = (proposals::offers(&data), proposals::proposals(&data));
    }

    #[test]
    fn no_datagram_panics(data in proptest::collection::vec(any::<u8>(), 0..80), at in 0usize..44, byte in any::<u8>()) {
        let _ = message(&data);
        let mut data = opening();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        feed(&mut Conversation::default(), Side::Originator, &data, &mut Recorder::default());
    }
}
