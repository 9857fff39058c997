use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp))
}

/// RFC 959, section 7, and RFC 2428.
const CLIENT: &[u8] =
    b"USER ana\r\nPORT 192,0,2,1,4,1\r\nRETR a b.txt\r\nEPRT |2|2001:db8::1|1026|\r\nLIST\r\nQUIT\r\n";

#[test]
fn commands_are_told_with_their_answers() {
    let (mut room, mut sink) = (room(), Recorder::default());
    feed(room.as_mut(), Side::Responder, b"220-Welcome\r\n220 FTP\r\n", &mut sink);
    for (asked, answer) in [
        (&b"USER ana\r\n"[..], &b"331 Password?\r\n"[..]),
        (b"PASV\r\n", b"227 Entering Passive Mode (192,0,2,9,4,2)\r\n"),
        (b"retr a b.txt\r\n", b"150 Here\r\n226 Done\r\n"),
        (b"FEAT\r\n", b"211-Features\r\n MDTM\r\n211 End\r\n"),
        (b"QUIT\r\n", b""),
    ] {
        feed(room.as_mut(), Side::Originator, asked, &mut sink);
        feed(room.as_mut(), Side::Responder, answer, &mut sink);
    }
    room.end(&mut sink);
    expect_test::expect![[r#"
        ftp {"ftp":{"completion_code":["220","220"],"reply":["Welcome","FTP"],"reply_received":"yes","reply_truncated":false}}
        ftp {"ftp":{"command":"USER","command_data":"ana","command_truncated":false,"completion_code":["331"],"reply":["Password?"],"reply_received":"yes","reply_truncated":false}}
        ftp {"ftp":{"command":"PASV","command_truncated":false,"completion_code":["227"],"reply":["Entering Passive Mode (192,0,2,9,4,2)"],"dynamic_port":1026,"mode":"passive","reply_received":"yes","reply_truncated":false}}
        expect FtpData port 1026
        ftp {"ftp":{"command":"RETR","command_data":"a b.txt","command_truncated":false,"completion_code":["150","226"],"reply":["Here","Done"],"reply_received":"yes","reply_truncated":false}}
        ftp {"ftp":{"command":"FEAT","command_truncated":false,"completion_code":["211","211"],"reply":["Features"," MDTM","End"],"reply_received":"yes","reply_truncated":false}}
        ftp {"ftp":{"command":"QUIT","command_truncated":false,"reply_received":"no","reply_truncated":false}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn a_long_line_is_cut_and_the_next_one_found() {
    let mut sink = Recorder::default();
    let mut room = room();
    let stream = [&b"RETR "[..], &[b'A'; 5000], b"\r\nQUIT\r\n"].concat();
    feed(room.as_mut(), Side::Originator, &stream, &mut sink);
    room.end(&mut sink);
    assert_eq!(sink.lines.len(), 3);
    assert!(sink.lines[1].contains(r#""command_truncated":true"#) && sink.lines[2].contains("QUIT"));
}

#[test]
fn any_split_gives_the_same_exchanges() {
    split_anywhere(room, Side::Originator, CLIENT);
    split_anywhere(room, Side::Responder, b"220-a\r\n b\r\n220 FTP\r\n331 who\r\n");
}

#[test]
fn greetings_and_names_are_known() {
    let way = Way { over: Over::Tcp, from_port: 2121, to_port: 40000 };
    assert_eq!(probe(way, b"220 ProFTPD\r\n"), Probe::Server);
    assert_eq!(probe(way, b"220 hello\r\n"), Probe::More);
    assert_eq!(probe(way, b"USER ana\r\n"), Probe::Client);
    assert_eq!(probe(way, b"USER a 0 * :Ana\r\n"), Probe::No);
    assert_eq!(probe(way, b"GET / HTTP/1.0\r\n"), Probe::No);
}

#[test]
fn the_elements_say_who_and_what_but_no_password() {
    let exchange = |command: &[u8]| Exchange {
        command: Some(command.to_vec()),
        argument: b"word".to_vec(),
        replies: vec![(Some(*b"230"), b"in".to_vec())],
        user: Some(b"ana".to_vec()),
        ..Exchange::default()
    };
    let (login, get) = (exchange(b"PASS"), exchange(b"RETR"));
    assert_eq!((login.elements().object, login.elements().result.as_deref()), (None, Some("230")));
    assert_eq!(get.elements().object.as_deref(), Some("word"));
    assert_eq!(get.elements().account.as_deref(), Some("ana"));
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut room = room();
        feed(room.as_mut(), Side::Originator, &data, &mut Recorder::default());
        feed(room.as_mut(), Side::Responder, &data, &mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..110, byte in any::<u8>()) {
        let mut data = CLIENT.to_vec();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        feed(room().as_mut(), Side::Originator, &data, &mut Recorder::default());
    }
}
