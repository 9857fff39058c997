use super::*;
use crate::proto::Detail;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

/// An element: tag, length, value.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    let head = if value.len() < 128 { vec![tag, length[1]] } else { vec![tag, 0x82, length[0], length[1]] };
    [head, value].concat()
}

fn text(text: &str) -> Vec<u8> {
    element(4, &[text.as_bytes()])
}

fn message(id: u8, operation: Vec<u8>) -> Vec<u8> {
    element(0x30, &[&[2, 1, id], &operation])
}

/// RFC 4511, section 4.5.1.
fn search() -> Vec<u8> {
    let host = element(0xa3, &[&text("Host"), &text("WS1")]);
    let name = element(0xa4, &[&text("cn"), &element(0x30, &[b"\x80\x01a\x81\x01*\x82\x01z"])]);
    let rule = element(0xa9, &[b"\x81\x031.2\x82\x03uac\x83\x012"]);
    let filter = element(0xa0, &[&host, b"\x87\x03uid", &element(0xa2, &[&name]), &rule]);
    let fixed = b"\x0a\x01\x02\x0a\x01\x00\x02\x01\x05\x02\x01\x1e\x01\x01\x00";
    message(2, element(0x63, &[&text("dc=x"), fixed, &filter, &element(0x30, &[&text("*")])]))
}

fn outcome(tag: u8, code: u8) -> Vec<u8> {
    element(tag, &[&[0x0a, 1, code], &text(""), &text("")])
}

fn found() -> Vec<u8> {
    let values = element(0x31, &[&text("top"), &text("domain")]);
    let attribute = element(0x30, &[&text("objectClass"), &values]);
    let entry = element(0x64, &[&text("dc=x"), &element(0x30, &[&attribute])]);
    [message(2, entry), message(2, outcome(0x65, 0))].concat()
}

fn tcp() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp))
}

fn told(said: &[(Side, &[u8])]) -> Vec<String> {
    let (mut room, mut sink) = (tcp(), Recorder::default());
    for (side, data) in said {
        feed(room.as_mut(), *side, data, &mut sink);
    }
    room.end(&mut sink);
    sink.lines
}

#[test]
fn a_search_is_told_with_all_its_answers() {
    let lines = told(&[(Side::Originator, &search()), (Side::Responder, &found())]);
    expect_test::expect![[r#"ldap {"ldap":{"request":{"message_id":2,"operation":"search_request","search_request":{"base_object":"dc=x","scope":2,"deref_alias":0,"size_limit":5,"time_limit":30,"types_only":false,"filter":"(&(Host=WS1)(uid=*)(!(cn=a*\\2a*z))(uac:1.2:=2))","attributes":["*"]}},"responses":[{"operation":"search_result_entry","search_result_entry":{"base_object":"dc=x","attributes":[{"type":"objectClass","values":["top","domain"]}]}},{"operation":"search_result_done","search_result_done":{"result_code":"success","matched_dn":"","message":""}}]}}"#]]
        .assert_eq(&lines.join("\n"));
}

#[test]
fn a_password_is_never_shown() {
    let bind = message(1, element(0x60, &[&[2, 1, 3], &text("cn=a"), b"\x80\x06secret"]));
    let lines = told(&[(Side::Originator, &bind), (Side::Responder, &message(1, outcome(0x61, 49)))]);
    expect_test::expect![[r#"
        mark ldap.password-in-clear
        ldap {"ldap":{"request":{"message_id":1,"operation":"bind_request","bind_request":{"version":3,"name":"cn=a"}},"responses":[{"operation":"bind_response","bind_response":{"result_code":"invalid_credentials","matched_dn":"","message":""}}]}}"#]]
        .assert_eq(&lines.join("\n"));
}

#[test]
fn after_starttls_another_protocol_is_spoken() {
    let ask = message(1, element(0x77, &[b"\x80\x161.3.6.1.4.1.1466.20037"]));
    let yes = [message(1, outcome(0x78, 0)), b"\x16\x03\x01".to_vec()].concat();
    let (mut room, mut sink) = (Conversation::over(Over::Tcp), Recorder::default());
    feed(&mut room, Side::Originator, &ask, &mut sink);
    let progress = room.data(Side::Responder, &yes, &mut sink);
    assert_eq!(progress, crate::session::Progress::Switch { used: yes.len() - 3, to: None });
    assert_eq!(sink.lines.len(), 1);
}

/// RFC 4121, section 4.2.6.2: a token around messages, with its checksum at the end.
fn wrap(flags: u8, content: &[u8]) -> Vec<u8> {
    let token = [&[5, 4, flags, 0xff, 0, 2, 0, 0], &[0; 8][..], content, &[9, 9]].concat();
    [&u32::try_from(token.len()).unwrap().to_be_bytes()[..], &token].concat()
}

#[test]
fn after_a_hole_the_next_wrapped_record_is_found() {
    for portion in [1, 5, 1000] {
        let (mut room, mut sink) = (tcp(), Recorder::default());
        assert_eq!(feed(room.as_mut(), Side::Responder, &wrap(0, &found()), &mut sink), []);
        let lost = wrap(0, &found());
        let rest = feed(room.as_mut(), Side::Responder, &lost[..12], &mut sink);
        room.gap(Side::Responder, &rest, 9, &mut sink);
        let mut waiting = Vec::new();
        for more in [&lost[21..], &wrap(0, &found())].concat().chunks(portion) {
            waiting.extend_from_slice(more);
            waiting = feed(room.as_mut(), Side::Responder, &waiting.clone(), &mut sink);
        }
        assert_eq!(waiting, [], "in portions of {portion}");
        // Of three records the one with the hole in it is lost; each holds two messages.
        assert_eq!(sink.lines.len(), 4, "in portions of {portion}: {:?}", sink.lines);
    }
}

/// RFC 4121, section 4.2.6.2: a wrap token that is not sealed, its checksum at the end.
#[test]
fn signed_messages_are_read_and_sealed_ones_noted() {
    let signed = told(&[(Side::Originator, &wrap(0, &search())), (Side::Responder, &wrap(1, &found()))]);
    assert_eq!(signed, told(&[(Side::Originator, &search()), (Side::Responder, &found())]));
    assert_eq!(told(&[(Side::Originator, &[wrap(2, b"??"), wrap(2, b"!!")].concat())]), ["mark ldap.sealed"]);
}

#[test]
fn after_a_hole_the_next_message_is_found() {
    let (mut room, mut sink) = (tcp(), Recorder::default());
    let stream = found();
    feed(room.as_mut(), Side::Responder, &stream[..9], &mut sink);
    room.gap(Side::Responder, &stream[..9], 3, &mut sink);
    let rest = feed(room.as_mut(), Side::Responder, &stream[12..], &mut sink);
    assert_eq!(rest, []);
    assert_eq!(sink.lines.len(), 1, "{:?}", sink.lines);
    assert!(sink.lines[0].contains("search_result_done"));
}

#[test]
fn any_split_gives_the_same_exchanges() {
    split_anywhere(tcp, Side::Originator, &[search(), message(3, b"\x42\x00".to_vec())].concat());
    split_anywhere(tcp, Side::Responder, &[found(), found()].concat());
}

#[test]
fn it_is_recognised_by_its_bytes_and_not_mistaken() {
    let way = Way { over: Over::Tcp, from_port: 1, to_port: 2 };
    assert_eq!(probe(way, &search()), Probe::Client);
    assert_eq!(probe(way, &found()), Probe::Server);
    assert_eq!(probe(way, &search()[..5]), Probe::More);
    // SNMP begins alike: a sequence with a number.
    assert_eq!(probe(way, b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19"), Probe::No);
    assert_eq!(probe(way, b"GET / HTTP/1.1"), Probe::No);
}

#[test]
fn nesting_without_end_ends() {
    let mut filter = b"\x87\x01a".to_vec();
    for _ in 0..2000 {
        filter = element(0xa2, &[&filter]);
    }
    let fixed = b"\x0a\x01\x02\x0a\x01\x00\x02\x01\x05\x02\x01\x1e\x01\x01\x00";
    let search = message(2, element(0x63, &[&text(""), fixed, &filter, b"\x30\x00"]));
    assert!(told(&[(Side::Originator, &search)])[0].contains("..."));
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..200), over in 0..2) {
        let over = if over == 0 { Over::Tcp } else { Over::Udp };
        let mut room = crate::proto::Kind::Ldap.start(over, Detail::default());
        feed(room.as_mut(), Side::Originator, &data, &mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..200, byte in any::<u8>(), hole in 0usize..200) {
        let mut data = [search(), found()].concat();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        let mut sink = Recorder::default();
        let mut room = tcp();
        let (head, tail) = data.split_at(hole.min(data.len()));
        let rest = feed(room.as_mut(), Side::Responder, head, &mut sink);
        room.gap(Side::Responder, &rest, 1, &mut sink);
        feed(room.as_mut(), Side::Responder, tail, &mut sink);
        room.end(&mut sink);
    }
}
