use super::*;
use crate::session::{Over, Probe, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use expect_test::expect;
use proptest::prelude::*;

fn element(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = match value.len() {
        short @ 0..=127 => vec![short as u8],
        long => [&[0x82][..], &(long as u16).to_be_bytes()].concat(),
    };
    [&[tag][..], &length, value].concat()
}

fn context(number: u8, value: &[u8]) -> Vec<u8> {
    element(0xa0 | number, value)
}

fn sequence(members: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &members.concat())
}

fn integer(value: u8) -> Vec<u8> {
    element(2, &[value])
}

fn text(value: &str) -> Vec<u8> {
    element(0x1b, value.as_bytes())
}

fn name(kind: u8, parts: &[&str]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| text(part)).collect();
    sequence(&[context(0, &integer(kind)), context(1, &sequence(&parts))])
}

/// A request for a ticket (RFC 4120, section 5.4.1) that wants no PAC, with or without authorization data.
fn request(kind: u8, authorization: bool) -> Vec<u8> {
    let wants_none = sequence(&[context(0, &element(1, &[0]))]);
    let pac = sequence(&[context(1, &element(2, &[0, 128])), context(2, &element(4, &wants_none))]);
    let mut body = vec![
        context(0, &element(3, &[0, 0x50, 0, 0, 0])),
        context(1, &name(1, &["user"])),
        context(2, &text("EXAMPLE.ORG")),
        context(3, &name(2, &["krbtgt", "EXAMPLE.ORG"])),
        context(8, &sequence(&[integer(23), integer(18)])),
    ];
    if authorization {
        body.push(context(10, &sequence(&[context(0, &integer(23))])));
    }
    let fields = sequence(&[
        context(1, &integer(5)),
        context(2, &integer(kind)),
        context(3, &sequence(&[pac])),
        context(4, &sequence(&body)),
    ]);
    element(0x60 | kind, &fields)
}

fn encrypted(kind: u8) -> Vec<u8> {
    sequence(&[context(0, &integer(kind)), context(2, &element(4, &[1, 2, 3]))])
}

fn reply() -> Vec<u8> {
    let ticket = sequence(&[
        context(0, &integer(5)),
        context(1, &text("EXAMPLE.ORG")),
        context(2, &name(2, &["cifs", "srv"])),
        context(3, &encrypted(18)),
    ]);
    let fields = sequence(&[
        context(0, &integer(5)),
        context(1, &integer(13)),
        context(3, &text("EXAMPLE.ORG")),
        context(4, &name(1, &["user"])),
        context(5, &element(0x61, &ticket)),
        context(6, &encrypted(23)),
    ]);
    element(0x60 | 13, &fields)
}

fn error(code: u8) -> Vec<u8> {
    let fields = sequence(&[
        context(0, &integer(5)),
        context(1, &integer(30)),
        context(6, &integer(code)),
        context(9, &text("EXAMPLE.ORG")),
        context(10, &name(2, &["krbtgt", "EXAMPLE.ORG"])),
    ]);
    element(0x60 | 30, &fields)
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

#[test]
fn requests_replies_and_errors_are_read() {
    let (mut room, mut sink) = (Conversation::over(Over::Udp), Recorder::default());
    feed(&mut room, Side::Originator, &request(10, false), &mut sink);
    feed(&mut room, Side::Responder, &error(25), &mut sink);
    feed(&mut room, Side::Originator, &request(12, true), &mut sink);
    feed(&mut room, Side::Responder, &reply(), &mut sink);
    expect![[r#"
        mark krb5.as-req-without-pac user@EXAMPLE.ORG
        krb5 {"krb5":{"msg_type":"KRB_AS_REQ","cname":"user","realm":"EXAMPLE.ORG","sname":"krbtgt/EXAMPLE.ORG","encryption":"<none>","weak_encryption":false}}
        krb5 {"krb5":{"msg_type":"KRB_ERROR","failed_request":"KRB_AS_REQ","error_code":"KDC_ERR_PREAUTH_REQUIRED","cname":"<empty>","realm":"<empty>","sname":"krbtgt/EXAMPLE.ORG","encryption":"<none>","weak_encryption":false}}
        mark krb5.tgs-req-without-pac user@EXAMPLE.ORG
        mark krb5.tgs-req-with-authorization-data krbtgt/EXAMPLE.ORG
        krb5 {"krb5":{"msg_type":"KRB_TGS_REQ","cname":"user","realm":"EXAMPLE.ORG","sname":"krbtgt/EXAMPLE.ORG","encryption":"<none>","weak_encryption":false}}
        mark krb5.own-authorization-granted cifs/srv
        krb5 {"krb5":{"msg_type":"KRB_TGS_REP","cname":"user","realm":"EXAMPLE.ORG","sname":"cifs/srv","encryption":"rc4-hmac","weak_encryption":true,"ticket_encryption":"aes256-cts-hmac-sha1-96","ticket_weak_encryption":false}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn any_split_gives_the_same_messages() {
    let stream = [framed(&request(10, false)), framed(&request(12, true))].concat();
    split_anywhere(|| Box::new(Conversation::over(Over::Tcp)), Side::Originator, &stream);
}

#[test]
fn a_message_names_itself() {
    let udp = Way { over: Over::Udp, from_port: 40000, to_port: 8888 };
    let tcp = Way { over: Over::Tcp, ..udp };
    assert_eq!(probe(udp, &request(10, false)), Probe::Client);
    assert_eq!(probe(udp, &reply()), Probe::Server);
    assert_eq!(probe(tcp, &framed(&request(12, true))), Probe::Client);
    assert_eq!(probe(tcp, &framed(&request(12, true))[..5]), Probe::More);
    // A search of LDAP begins like the same family of bytes.
    assert_eq!(probe(udp, b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"), Probe::No);
    assert_eq!(probe(tcp, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Probe::No);
}

proptest! {
    #[test]
    fn no_datagram_panics(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        feed(&mut Conversation::over(Over::Udp), Side::Originator, &data, &mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(which in 0usize..4, changes in proptest::collection::vec((0usize..300, any::<u8>()), 1..4), cut in 0usize..300) {
        let mut data = [request(10, false), request(12, true), reply(), error(6)][which].clone();
        for (at, value) in changes {
            if let Some(slot) = data.get_mut(at) { *slot = value; }
        }
        data.truncate(data.len().saturating_sub(cut / 4));
        let mut recorder = Recorder::default();
        feed(&mut Conversation::over(Over::Udp), Side::Responder, &data, &mut recorder);
        feed(&mut Conversation::over(Over::Tcp), Side::Responder, &framed(&data), &mut recorder);
    }
}
