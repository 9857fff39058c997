use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp, false))
}

/// RFC 5321, appendix D.1, with an attachment and a doubled dot.
const CLIENT: &[u8] = b"EHLO foo.example\r\nMAIL FROM:<a@foo.example> SIZE=9\r\nRCPT TO:<b@bar.example>\r\nDATA\r\n\
From: a@foo.example\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\none\r\n..two\r\n.\r\nQUIT\r\n";

#[test]
fn a_mail_is_told_with_its_file() {
    let (mut room, mut sink) = (room(), Recorder::default());
    feed(room.as_mut(), Side::Responder, b"220 foo SMTP\r\n", &mut sink);
    feed(room.as_mut(), Side::Originator, CLIENT, &mut sink);
    room.end(&mut sink);
    expect_test::expect![[r#"
        file "n.txt" Complete 9 bytes 0 missing "one\r\n.two"
        smtp {"smtp":{"helo":"foo.example","mail_from":"<a@foo.example>","rcpt_to":["<b@bar.example>"]},"email":{"status":"PARSE_DONE","from":"a@foo.example","attachment":["n.txt"]}}
        smtp {"smtp":{"helo":"foo.example"}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn chunks_are_one_mail() {
    let (mut room, mut sink) = (room(), Recorder::default());
    let stream = b"EHLO x\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nBDAT 52\r\nContent-Disposition: attachment; filename=n\r\nFrom: aBDAT 10 LAST\r\n@b\r\n\r\nbodyQUIT\r\n";
    feed(room.as_mut(), Side::Originator, stream, &mut sink);
    room.end(&mut sink);
    let told = sink.lines.join("\n");
    assert!(told.contains(r#"file "n" Complete 4 bytes"#), "{told}");
    split_anywhere(self::room, Side::Originator, stream);
}

#[test]
fn a_refused_mail_is_no_mail() {
    let (mut room, mut sink) = (room(), Recorder::default());
    feed(room.as_mut(), Side::Responder, b"220 x ESMTP\r\n", &mut sink);
    feed(room.as_mut(), Side::Originator, b"HELO a\r\nMAIL FROM:<a>\r\nDATA\r\n", &mut sink);
    feed(room.as_mut(), Side::Responder, b"250 ok\r\n250 ok\r\n503 no\r\n", &mut sink);
    feed(room.as_mut(), Side::Originator, b"RSET\r\nMAIL FROM:<b>\r\n", &mut sink);
    room.end(&mut sink);
    assert_eq!(sink.lines.len(), 2, "{:?}", sink.lines);
    assert!(!sink.lines[0].contains("email") && sink.lines[1].contains("<b>"));
}

#[test]
fn who_logs_in_is_known() {
    // RFC 4616: nothing, the account, the password.
    assert_eq!(records::account(b"plain", b"AGFuYQBzZWNyZXQ="), Some(b"ana".to_vec()));
    assert_eq!(records::account(b"LOGIN", b"YW5h"), Some(b"ana".to_vec()));
}

#[test]
fn any_split_gives_the_same_mails() {
    split_anywhere(room, Side::Originator, CLIENT);
}

#[test]
fn a_greeting_alone_may_be_of_files() {
    let way = Way { over: Over::Tcp, from_port: 2121, to_port: 40000 };
    assert_eq!(probe(way, b"220 hello\r\n"), Probe::More);
    assert_eq!(probe(way, b"220 hello ESMTP\r\n"), Probe::Server);
    assert_eq!(probe(way, b"220 FTP\r\n"), Probe::No);
    assert_eq!(probe(way, b"EHLO x\r\n"), Probe::Client);
    assert_eq!(probe(way, b"\x16\x03\x01"), Probe::No);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        feed(room().as_mut(), Side::Originator, &data, &mut Recorder::default());
        feed(room().as_mut(), Side::Responder, &data, &mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..200, byte in any::<u8>()) {
        let mut data = CLIENT.to_vec();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        let (mut room, mut sink) = (room(), Recorder::default());
        feed(room.as_mut(), Side::Originator, &data, &mut sink);
        room.end(&mut sink);
    }
}
