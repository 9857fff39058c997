use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp, false))
}

const MAIL: &[u8] = b"From: a@example\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\none\r\n";

fn server() -> Vec<u8> {
    let fetch = format!("* 1 FETCH (BODY[] {{{}}}\r\n", MAIL.len());
    [b"* OK ready\r\na1 OK in\r\n", fetch.as_bytes(), MAIL, b" FLAGS ())\r\na2 OK done\r\n"].concat()
}

fn client() -> Vec<u8> {
    let append = format!("a3 APPEND box {{{}+}}\r\n", MAIL.len());
    [b"a1 LOGIN {3}\r\nana secret\r\na2 FETCH 1 BODY[]\r\n", append.as_bytes(), MAIL, b"\r\na4 LOGOUT\r\n"].concat()
}

#[test]
fn commands_are_told_with_their_answers_and_mails() {
    let (mut room, mut sink) = (room(), Recorder::default());
    feed(room.as_mut(), Side::Originator, &client(), &mut sink);
    feed(room.as_mut(), Side::Responder, &server(), &mut sink);
    room.end(&mut sink);
    expect_test::expect![[r#"
        file "n.txt" Complete 3 bytes 0 missing "one"
        imap {"imap":{"request":{"tag":"a1","command":"LOGIN","args":"ana"},"response":{"status":"OK","text":"in"}}}
        file "n.txt" Complete 3 bytes 0 missing "one"
        imap {"imap":{"request":{"command":"FETCH"}},"email":{"status":"PARSE_DONE","from":"a@example","attachment":["n.txt"]}}
        imap {"imap":{"request":{"tag":"a2","command":"FETCH","args":"1 BODY[]"},"response":{"status":"OK","text":"done"}}}
        imap {"imap":{"request":{"tag":"a3","command":"APPEND","args":"box "}},"email":{"status":"PARSE_DONE","from":"a@example","attachment":["n.txt"]}}
        imap {"imap":{"request":{"tag":"a4","command":"LOGOUT"}}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn what_is_longer_than_names_are_is_marked() {
    let (mut room, mut sink) = (room(), Recorder::default());
    let long = "A".repeat(600);
    let stream = format!(
        "a1 EXAMINE {long}\r\na2 SELECT {{900}}\r\n{}\r\na3 AUTHENTICATE CRAM-MD5\r\n{long}\r\n",
        "B".repeat(900)
    );
    feed(room.as_mut(), Side::Originator, stream.as_bytes(), &mut sink);
    assert_eq!(
        sink.lines,
        [
            "mark imap.argument-too-long EXAMINE 600",
            "mark imap.literal-too-long SELECT 900",
            "mark imap.cram-md5-too-long 450"
        ]
    );
}

/// RFC 3501, section 5.1.3: a mailbox of many letters in few words, and one of as many bytes.
#[test]
fn letters_count_and_not_the_bytes_they_are_spelled_by() {
    let marks = |name: &str| {
        let (mut room, mut sink) = (room(), Recorder::default());
        let stream = format!("a1 EXAMINE {name}\r\na2 EXAMINE {{{}}}\r\n{name}\r\n", name.len());
        feed(room.as_mut(), Side::Originator, stream.as_bytes(), &mut sink);
        sink.lines
    };
    // Eight bytes of base64 are three letters.
    assert_eq!(marks(&format!("&{}-", "ZeVnLIqe".repeat(50))), [""; 0]);
    assert_eq!(
        marks(&"A".repeat(402)),
        ["mark imap.argument-too-long EXAMINE 402", "mark imap.literal-too-long EXAMINE 402"]
    );
    assert_eq!(marks(&format!("&{}", "ZeVnLIqe".repeat(50))).len(), 2);
    // What breaks off is measured as far as it came.
    let (mut room, mut sink) = (room(), Recorder::default());
    feed(room.as_mut(), Side::Originator, format!("a1 EXAMINE {{800}}\r\n{}", "A".repeat(500)).as_bytes(), &mut sink);
    room.close(Side::Originator, &[], &mut sink);
    assert_eq!(sink.lines, ["mark imap.literal-too-long EXAMINE 500"]);
    assert_eq!(records::letters(b"a&-b&ZeVnLIqe-"), 6);
}

#[test]
fn any_split_gives_the_same_exchanges() {
    split_anywhere(room, Side::Originator, &client());
    split_anywhere(room, Side::Responder, &server());
}

#[test]
fn greetings_and_first_commands_are_ours() {
    let way = Way { over: Over::Tcp, from_port: 40000, to_port: 1143 };
    assert_eq!(probe(way, b"* OK [CAPABILITY IMAP4rev1]\r\n"), Probe::Server);
    assert_eq!(probe(way, b"a001 CAPABILITY\r\n"), Probe::Client);
    assert_eq!(probe(way, b"GET / HTTP/1.1\r\n"), Probe::No);
    assert_eq!(probe(way, b"*"), Probe::More);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (mut room, mut sink) = (room(), Recorder::default());
        feed(room.as_mut(), Side::Originator, &data, &mut sink);
        feed(room.as_mut(), Side::Responder, &data, &mut sink);
        room.end(&mut sink);
    }

    #[test]
    fn no_mutation_panics(at in 0usize..180, byte in any::<u8>()) {
        let (mut asked, mut answered) = (client(), server());
        if let Some(slot) = asked.get_mut(at) { *slot = byte; }
        if let Some(slot) = answered.get_mut(at) { *slot = byte; }
        let (mut room, mut sink) = (room(), Recorder::default());
        feed(room.as_mut(), Side::Originator, &asked, &mut sink);
        feed(room.as_mut(), Side::Responder, &answered, &mut sink);
        room.end(&mut sink);
    }
}
