use super::*;
use crate::session::{Protocol, Side};
use crate::testing::{Recorder, feed, split_anywhere};

#[test]
fn what_is_moved_is_a_file() {
    let lines = split_anywhere(|| Box::new(Conversation::about(b"RETR\0a.txt")), Side::Responder, b"hello");
    assert_eq!(
        lines,
        [
            r#"file "a.txt" Complete 5 bytes 0 missing "hello""#,
            r#"ftp_data {"ftp_data":{"filename":"a.txt","command":"RETR"}}"#
        ]
    );
}

#[test]
fn a_list_is_none_and_a_hole_is_counted() {
    let (mut list, mut sink) = (Conversation::about(b"NLST\0"), Recorder::default());
    feed(&mut list, Side::Originator, b"a\r\nb\r\n", &mut sink);
    list.end(&mut sink);
    assert_eq!(sink.lines, [r#"ftp_data {"ftp_data":{"command":"NLST"}}"#]);
    let (mut file, mut sink) = (Conversation::about(b"STOR\0x"), Recorder::default());
    feed(&mut file, Side::Originator, b"ab", &mut sink);
    file.gap(Side::Originator, b"", 7, &mut sink);
    file.end(&mut sink);
    assert_eq!(sink.lines[0], r#"file "x" Truncated 2 bytes 7 missing "ab""#);
}
