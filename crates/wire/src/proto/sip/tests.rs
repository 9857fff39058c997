use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

/// RFC 3261, section 24.2, shortened, with the description of RFC 8866, section 5.
const INVITE: &[u8] =
    b"INVITE sip:bob@biloxi.example SIP/2.0\r\nFrom: Alice <sip:alice@atlanta.example>;tag=9\r\nCSeq: 1 INVITE\r\n\
User-Agent: phone\r\nContent-Type: application/sdp\r\nContent-Length: 95\r\n\r\n\
v=0\r\no=jdoe 1 2 IN IP4 10.47.16.5\r\ns=call\r\nt=0 0\r\nr=7d 1h\r\nm=audio 49170 RTP/AVP 0\r\na=x\r\na=yy\r\n";

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp))
}

fn stream() -> Vec<u8> {
    [INVITE, b"\r\n\r\nSIP/2.0 401 Unauthorized\r\nCSeq: 1 INVITE\r\nl: 2\r\n\r\nhi"].concat()
}

#[test]
fn messages_are_told_with_what_they_describe() {
    let mut sink = Recorder::default();
    let rest = feed(room().as_mut(), Side::Originator, &stream(), &mut sink);
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    expect_test::expect![[r#"
        sip {"sip":{"method":"INVITE","uri":"sip:bob@biloxi.example","version":"SIP/2.0","request_line":"INVITE sip:bob@biloxi.example SIP/2.0","sdp":{"version":0,"origin":"jdoe 1 2 IN IP4 10.47.16.5","session_name":"call","time_descriptions":[{"time":"0 0","repeat_time":"7d 1h"}],"media_descriptions":[{"media":"audio 49170 RTP/AVP 0","attributes":["x","yy"]}]}}}
        sip {"sip":{"version":"SIP/2.0","code":"401","reason":"Unauthorized","response_line":"SIP/2.0 401 Unauthorized"}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn who_calls_is_known() {
    let message = head(INVITE).unwrap();
    assert_eq!(message.elements().account.as_deref(), Some("alice@atlanta.example"));
    assert_eq!(message.elements().client.as_deref(), Some("phone"));
}

#[test]
fn any_split_gives_the_same_messages() {
    split_anywhere(room, Side::Originator, &stream());
}

#[test]
fn only_lines_of_the_protocol_are_ours() {
    let way = Way { over: Over::Udp, from_port: 1, to_port: 2 };
    assert_eq!(probe(way, INVITE), Probe::Client);
    assert_eq!(probe(way, b"OPTIONS * HTTP/1.1\r\n"), Probe::No);
    assert_eq!(probe(way, b"SIP/2.0 200 OK\r\n"), Probe::Server);
    assert_eq!(probe(way, b"REG"), Probe::More);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        feed(room().as_mut(), Side::Originator, &data, &mut Recorder::default());
        feed(&mut Conversation::over(Over::Udp), Side::Originator, &data, &mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..350, byte in any::<u8>()) {
        let mut data = stream();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        feed(room().as_mut(), Side::Originator, &data, &mut Recorder::default());
        feed(&mut Conversation::over(Over::Udp), Side::Originator, &data, &mut Recorder::default());
    }
}
