use super::*;
use crate::session::{Both, Over, Probe, Progress, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

const WAY: Way = Way { over: Over::Tcp, from_port: 40000, to_port: 8443 };

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32).to_be_bytes()[1..], body].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
}

/// RFC 8446, section 4.1.2: GREASE, two ciphers, a name, `h2`, one group, one signature, TLS 1.3 and 1.2.
fn client_hello() -> Vec<u8> {
    let extensions = [
        extension(0x0a0a, &[]),
        extension(0, b"\x00\x0e\x00\x00\x0bexample.org"),
        extension(10, &[0, 2, 0, 29]),
        extension(11, &[1, 0]),
        extension(13, &[0, 2, 4, 3]),
        extension(16, b"\x00\x03\x02h2"),
        extension(43, &[4, 3, 4, 3, 3]),
    ]
    .concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 6, 0x1a, 0x1a, 0x13, 0x01, 0xc0, 0x2f, 1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    message(1, &body)
}

fn server_hello(extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, 0xc0, 0x2f, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    message(2, &body)
}

fn run(said: &[(Side, Vec<u8>)]) -> Vec<String> {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    sink.detail.ja3 = true;
    let mut waiting = Both::<Vec<u8>>::default();
    for (side, data) in said {
        let mut all = std::mem::take(waiting.of_mut(*side));
        all.extend_from_slice(data);
        *waiting.of_mut(*side) = feed(&mut room, *side, &all, &mut sink);
    }
    room.end(&mut sink);
    sink.lines
}

#[test]
fn the_hellos_of_tls_1_3_are_told_at_once() {
    let server = record(22, &server_hello(&extension(43, &[3, 4])));
    let lines = run(&[(Side::Originator, record(22, &client_hello())), (Side::Responder, server)]);
    expect_test::expect![[r#"
        [
            "tls {\"tls\":{\"version\":\"TLS 1.3\",\"sni\":\"example.org\",\"ja3\":{\"hash\":\"e857756ff458633748388d5dc1486381\",\"string\":\"771,4865-49199,0-10-11-13-16-43,29,0\"},\"ja4\":\"t13d0206h2_c1929292aa6b_5e519ef2b8a0\",\"client_alpns\":[\"h2\"],\"ja3s\":{\"hash\":\"0e3405775384b4a1a9d2222182e76972\",\"string\":\"771,49199,43\"}}}",
        ]
    "#]]
    .assert_debug_eq(&lines);
}

#[test]
fn a_server_that_agrees_without_a_certificate_resumes() {
    let lines = run(&[
        (Side::Originator, record(22, &client_hello())),
        (Side::Responder, [record(22, &server_hello(&[])), record(20, &[1])].concat()),
    ]);
    assert_eq!(lines.len(), 1);
    assert!(lines.first().unwrap().contains(r#""session_resumed":true"#), "{lines:?}");
}

#[test]
fn a_refusal_is_marked_and_the_hello_told() {
    let lines = run(&[(Side::Originator, record(22, &client_hello())), (Side::Responder, record(21, &[2, 40]))]);
    assert_eq!(lines.first().map(String::as_str), Some("mark tls.alert handshake_failure"));
    assert!(lines.get(1).unwrap().contains("example.org"));
}

#[test]
fn a_heartbeat_that_asks_for_more_than_it_carries_is_marked() {
    let beat = record(24, &[1, 0x40, 0x00]);
    let lines = run(&[(Side::Originator, record(22, &client_hello())), (Side::Originator, beat)]);
    assert_eq!(lines.first().map(String::as_str), Some("mark tls.heartbeat-overlong 16384 of 3"));
}

#[test]
fn hellos_of_ssl_2_are_read() {
    // An SSL 2.0 record (SSL 2.0 draft, section 2.5) that offers TLS 1.0 with one new and one old cipher.
    let mut hello = vec![0x80, 0, 1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 0x35, 1, 0, 0x80];
    hello.extend([5; 16]);
    let length = (hello.len() - 2) as u8;
    *hello.get_mut(1).unwrap() = length;
    assert_eq!(probe(WAY, &hello), Probe::Client);
    let lines = run(&[(Side::Originator, hello)]);
    assert!(lines.first().unwrap().contains("\"string\":\"769,53,,,\""), "{lines:?}");
}

#[test]
fn a_hole_in_private_data_costs_nothing_else() {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    feed(&mut room, Side::Responder, &record(22, &server_hello(&extension(43, &[3, 4]))), &mut sink);
    assert_eq!(feed(&mut room, Side::Responder, &[23, 3, 3, 0x10, 0, 1, 2], &mut sink), []);
    assert_eq!(room.gap(Side::Responder, &[], 0x0ffe, &mut sink), Progress::took(0));
    assert_eq!(feed(&mut room, Side::Responder, &[23, 3, 3, 0, 1, 1], &mut sink), []);
    assert_eq!(sink.lines.len(), 1);
}

#[test]
fn any_split_gives_the_same() {
    let hello = client_hello();
    let (head, tail) = hello.split_at(50);
    let stream = [record(22, head), record(22, tail), record(20, &[1]), record(23, &[1, 2, 3])].concat();
    split_anywhere(|| Box::new(Conversation::default()), Side::Originator, &stream);
}

#[test]
fn ja4_of_names_that_are_no_letters_takes_digits() {
    let with = |alpn: &[u8]| ClientHello { version: 0x0303, alpn: vec![alpn.to_vec()], ..ClientHello::default() };
    assert_eq!(with(b"-x+").ja4('t'), "t12i00002b_000000000000_000000000000");
    assert_eq!(with(&[0xab, 0xcd]).ja4('t'), "t12i000099_000000000000_000000000000");
}

#[test]
fn ja4_without_signature_algorithms_ends_with_its_extensions() {
    // SHA-256 of `0005`, and of `000a,ff01` and no underscore behind it.
    let hello = ClientHello { version: 0x0301, ciphers: vec![5], extensions: vec![0xff01, 10], ..Default::default() };
    assert_eq!(hello.ja4('t'), "t10i010200_1ed8eb363bcd_7d3557dee7eb");
}

#[test]
fn what_is_not_tls_is_not_taken() {
    assert_eq!(probe(WAY, b"GET / HTTP/1.1\r\n"), Probe::No);
    assert_eq!(probe(WAY, &[22, 3, 1, 0x7f, 0xff, 1]), Probe::No);
    assert_eq!(probe(WAY, &[22, 3]), Probe::More);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300), kind in 20u8..25) {
        let side = if kind % 2 == 0 { Side::Originator } else { Side::Responder };
        run(&[(side, data.clone())]);
        run(&[(side, record(kind, &data))]);
        run(&[(side, record(22, &message(kind - 18, &data)))]);
    }

    #[test]
    fn no_mutation_panics(at in 0usize..140, byte in any::<u8>()) {
        let mut hello = record(22, &client_hello());
        if let Some(slot) = hello.get_mut(at) { *slot = byte; }
        run(&[(Side::Originator, hello), (Side::Responder, record(22, &server_hello(&[])))]);
    }
}
