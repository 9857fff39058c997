use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp, false))
}

const SERVER: &[u8] = b"+OK ready\r\n+OK\r\n-ERR no\r\n";
const MAIL: &[u8] =
    b"+OK 9 octets\r\nFrom: a@example\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\n..one\r\n.\r\n";

#[test]
fn commands_are_told_with_their_answers() {
    // RFC 1939, section 10.
    let (mut room, mut sink) = (room(), Recorder::default());
    for (asked, answer) in [
        (&b""[..], &b"+OK POP3 ready\r\n"[..]),
        (b"USER ana\r\n", b"+OK\r\n"),
        (b"PASS secret\r\n", b"-ERR no\r\n"),
        (b"LIST\r\n", b"+OK 1\r\n1 120\r\n.\r\n"),
        (b"RETR 1\r\n", MAIL),
    ] {
        feed(room.as_mut(), Side::Originator, asked, &mut sink);
        feed(room.as_mut(), Side::Responder, answer, &mut sink);
    }
    room.end(&mut sink);
    expect_test::expect![[r#"
        pop3 {"pop3":{"response":{"success":true,"status":"OK","header":"POP3 ready"}}}
        pop3 {"pop3":{"request":{"command":"USER","args":["ana"]},"response":{"success":true,"status":"OK","header":""}}}
        pop3 {"pop3":{"request":{"command":"PASS"},"response":{"success":false,"status":"ERR","header":"no"}}}
        pop3 {"pop3":{"request":{"command":"LIST"},"response":{"success":true,"status":"OK","header":"1","data":["1 120"]}}}
        file "n.txt" Complete 4 bytes 0 missing ".one"
        pop3 {"pop3":{"request":{"command":"RETR","args":["1"]},"response":{"success":true,"status":"OK","header":"9 octets"}},"email":{"status":"PARSE_DONE","from":"a@example","attachment":["n.txt"]}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn any_split_gives_the_same_exchanges() {
    split_anywhere(room, Side::Originator, b"USER ana\r\nPASS x\r\nRETR 1\r\n");
    split_anywhere(room, Side::Responder, SERVER);
}

#[test]
fn a_greeting_is_ours() {
    let way = Way { over: Over::Tcp, from_port: 8110, to_port: 40000 };
    assert_eq!(probe(way, SERVER), Probe::Server);
    assert_eq!(probe(way, b"+O"), Probe::More);
    assert_eq!(probe(way, b"+PONG\r\n"), Probe::No);
    assert_eq!(probe(way, b"USER ana\r\n"), Probe::No);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..90, byte in any::<u8>()) {
        let mut room = room();
        feed(room.as_mut(), Side::Originator, b"RETR 1\r\n", &mut Recorder::default());
        let mut mail = MAIL.to_vec();
        if let Some(slot) = mail.get_mut(at) { *slot = byte; }
        let mut sink = Recorder::default();
        feed(room.as_mut(), Side::Responder, &mail, &mut sink);
        feed(room.as_mut(), Side::Originator, &data, &mut sink);
        feed(room.as_mut(), Side::Responder, &data, &mut sink);
        room.end(&mut sink);
    }
}
