use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp))
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
}

/// "Message Flow" of the documentation: start-up without a password, then a query.
fn client() -> Vec<u8> {
    let body = b"\x00\x03\x00\x00user\0ana\0database\0shop\0application_name\0psql\0\0";
    let start = [&(body.len() as u32 + 4).to_be_bytes()[..], body].concat();
    [start, message(b'Q', b"SELECT 1\0"), message(b'X', b"")].concat()
}

fn server() -> Vec<u8> {
    [
        message(b'R', b"\0\0\0\0"),
        message(b'S', b"DateStyle\0ISO\0"),
        message(b'K', b"\0\0\0\x07\0\0\0\x09"),
        message(b'Z', b"I"),
        message(b'T', b"\0\x01rest"),
        message(b'D', b"\0\x01\0\0\0\x011"),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ]
    .concat()
}

#[test]
fn a_query_is_told_with_its_answer() {
    let (mut room, mut sink) = (room(), Recorder::default());
    let client = client();
    let (begin, rest) = client.split_at(client.len() - 5);
    feed(room.as_mut(), Side::Originator, begin, &mut sink);
    feed(room.as_mut(), Side::Responder, &server(), &mut sink);
    feed(room.as_mut(), Side::Originator, rest, &mut sink);
    room.end(&mut sink);
    expect_test::expect![[r#"
        pgsql {"pgsql":{"tx_id":1,"request":{"protocol_version":"3.0","startup_parameters":{"user":"ana","optional_parameters":[{"database":"shop"},{"application_name":"psql"}]}},"response":{"message":"authentication_ok","parameter_status":[{"date_style":"ISO"}],"process_id":7,"secret_key":9}}}
        pgsql {"pgsql":{"tx_id":2,"request":{"simple_query":"SELECT 1"},"response":{"field_count":1,"data_rows":1,"data_size":1,"command_completed":"SELECT 1"}}}
        pgsql {"pgsql":{"tx_id":3,"request":{"message":"termination_message"}}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn a_password_in_clear_is_not_told() {
    let (mut room, mut sink) = (room(), Recorder::default());
    let start = b"\0\0\0\x12\0\x03\0\0user\0ana\0\0";
    feed(room.as_mut(), Side::Originator, start, &mut sink);
    feed(room.as_mut(), Side::Responder, &message(b'R', b"\0\0\0\x03"), &mut sink);
    feed(room.as_mut(), Side::Originator, &message(b'p', b"secret\0"), &mut sink);
    feed(room.as_mut(), Side::Responder, &message(b'E', b"SFATAL\0C28P01\0Mno\0\0"), &mut sink);
    let told = sink.lines.join("\n");
    assert!(told.contains("password_redacted") && told.contains("28P01") && !told.contains("secret"), "{told}");
}

#[test]
fn any_split_gives_the_same_exchanges() {
    assert_eq!(split_anywhere(room, Side::Originator, &client()).len(), 3);
    split_anywhere(room, Side::Responder, &server());
}

#[test]
fn agreed_encryption_is_another_protocol() {
    let (mut room, mut sink) = (room(), Recorder::default());
    feed(room.as_mut(), Side::Originator, b"\0\0\0\x08\x04\xd2\x16\x2f", &mut sink);
    let progress = room.data(Side::Responder, b"S", &mut sink);
    assert!(matches!(progress, crate::session::Progress::Switch { used: 1, .. }));
    assert!(sink.lines[0].contains(r#""ssl_accepted":true"#));
}

#[test]
fn only_a_start_is_a_client() {
    let way = Way { over: Over::Tcp, from_port: 40000, to_port: 9999 };
    assert_eq!(probe(way, &client()), Probe::Client);
    assert_eq!(probe(way, b"\0\0\0\x08\x04\xd2"), Probe::More);
    assert_eq!(probe(way, b":"), Probe::No);
    assert_eq!(probe(way, b"\0\0\0\x55\xffSMB"), Probe::No);
}

#[test]
fn the_elements_say_who_and_what() {
    let exchange = Exchange {
        request: Some(Request::Query(b"SELECT 1".to_vec())),
        user: Some(b"ana".to_vec()),
        server_version: Some(b"15.4".to_vec()),
        ..Exchange::default()
    };
    let elements = exchange.elements();
    assert_eq!((elements.account.as_deref(), elements.object.as_deref()), (Some("ana"), Some("SELECT 1")));
    assert_eq!((elements.operation.as_deref(), elements.server.as_deref()), (Some("Query"), Some("15.4")));
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        feed(room().as_mut(), Side::Originator, &data, &mut Recorder::default());
        feed(room().as_mut(), Side::Responder, &data, &mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..90, byte in any::<u8>()) {
        let (mut asked, mut answered) = (client(), server());
        if let Some(slot) = asked.get_mut(at) { *slot = byte; }
        if let Some(slot) = answered.get_mut(at) { *slot = byte; }
        let mut room = room();
        feed(room.as_mut(), Side::Originator, &asked, &mut Recorder::default());
        feed(room.as_mut(), Side::Responder, &answered, &mut Recorder::default());
    }
}
