use super::*;
use crate::proto::{Detail, Kind};
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Bytes with their length, filled up to a multiple of four (RFC 4506, section 4.10).
fn opaque(data: &[u8]) -> Vec<u8> {
    let mut out = words(&[data.len() as u32]);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A call with the credentials of a Unix system (RFC 5531, section 9 and appendix A).
fn call(xid: u32, version: u32, procedure: u32, arguments: &[Vec<u8>]) -> Vec<u8> {
    let credential = [words(&[0]), opaque(b"box"), words(&[1000, 100, 0])].concat();
    let head = [words(&[xid, 0, 2, 100_003, version, procedure, 1]), opaque(&credential), words(&[0, 0])];
    record(&[head.concat(), arguments.concat()].concat())
}

fn reply(xid: u32, results: &[Vec<u8>]) -> Vec<u8> {
    record(&[words(&[xid, 1, 0, 0, 0, 0]), results.concat()].concat())
}

/// Record marking (RFC 5531, section 11), in two fragments.
fn record(message: &[u8]) -> Vec<u8> {
    let (head, tail) = message.split_at(8);
    [words(&[8]), head.to_vec(), words(&[tail.len() as u32 | 1 << 31]), tail.to_vec()].concat()
}

/// Attributes of a file of five bytes (RFC 1813, section 2.6).
fn attributes() -> Vec<u8> {
    let mut words = words(&[1, 1, 0o644, 1, 0, 0, 0, 5]);
    words.resize(4 + 84, 0);
    words
}

/// A lookup and two reads that are answered the wrong way round (RFC 1813, sections 3.3.3 and 3.3.6).
fn asked() -> Vec<u8> {
    let read = |xid, offset| call(xid, 3, 6, &[opaque(b"handle"), words(&[0, offset, 3])]);
    [call(1, 3, 3, &[opaque(b"root"), opaque(b"file")]), read(2, 0), read(3, 3)].concat()
}

fn answered() -> Vec<u8> {
    let read = |xid, end, data: &[u8]| {
        reply(xid, &[words(&[0]), attributes(), words(&[data.len() as u32, end]), opaque(data)])
    };
    let found = reply(1, &[words(&[0]), opaque(b"handle"), attributes(), words(&[0])]);
    [found, read(3, 0, b"lo"), read(2, 0, b"hel")].concat()
}

fn tcp() -> Box<dyn Protocol> {
    Box::new(Conversation::over(Over::Tcp))
}

fn told(said: &[(Side, Vec<u8>)]) -> Vec<String> {
    let (mut room, mut sink) = (tcp(), Recorder::default());
    for (side, data) in said {
        feed(room.as_mut(), *side, data, &mut sink);
    }
    room.end(&mut sink);
    sink.lines
}

#[test]
fn a_file_that_is_read_out_of_order_is_whole() {
    let lookup = call(1, 3, 3, &[opaque(b"root"), opaque(b"file")]);
    let found = reply(1, &[words(&[0]), opaque(b"handle"), attributes(), words(&[0])]);
    let reads = asked()[lookup.len()..].to_vec();
    let data = answered()[found.len()..].to_vec();
    let lines = told(&[
        (Side::Originator, lookup),
        (Side::Responder, found),
        (Side::Originator, reads),
        (Side::Responder, data),
    ]);
    expect_test::expect![[r#"
        nfs {"rpc":{"xid":1,"status":"ACCEPTED","auth_type":"UNIX","creds":{"machine_name":"box","uid":1000,"gid":100}},"nfs":{"version":3,"procedure":"LOOKUP","filename":"file","hhash":"16f4f95b","id":0,"file_tx":false,"type":"response","status":"OK"}}
        file "file" Complete 5 bytes 0 missing "hello"
        nfs {"rpc":{"xid":3,"status":"ACCEPTED","auth_type":"UNIX","creds":{"machine_name":"box","uid":1000,"gid":100}},"nfs":{"version":3,"procedure":"READ","filename":"file","hhash":"918020d9","id":3,"file_tx":true,"type":"response","status":"OK","read":{"first":true,"last":true,"last_xid":2,"chunks":2}}}"#]]
    .assert_eq(&lines.join("\n"));
}

/// RFC 7530, sections 16.16, 16.36 and 16.2.
#[test]
fn a_file_of_a_compound_is_written_and_closed() {
    let compound = |xid, operations: &[Vec<u8>]| {
        call(xid, 4, 1, &[opaque(b""), words(&[0, operations.len() as u32]), operations.concat()])
    };
    let result = |xid, results: &[Vec<u8>]| {
        reply(xid, &[words(&[0]), opaque(b""), words(&[results.len() as u32]), results.concat()])
    };
    let state = words(&[0; 4]);
    let claim = [words(&[1, 0, 0, 0]), words(&[0]), opaque(b"new")].concat();
    let open = [words(&[18, 0, 2, 0, 0, 0]), opaque(b"owner"), claim].concat();
    let opened = [words(&[18, 0]), state.clone(), words(&[0; 5]), words(&[0, 0, 0])].concat();
    let here = [words(&[22]), opaque(b"fh")].concat();
    let write = [words(&[38]), state.clone(), words(&[0, 0, 2]), opaque(b"data!")].concat();
    let close = [words(&[4, 0]), state.clone()].concat();
    let lines = told(&[
        (Side::Originator, compound(1, &[words(&[24]), open, words(&[10])])),
        (Side::Responder, result(1, &[words(&[24, 0]), opened, [words(&[10, 0]), opaque(b"fh")].concat()])),
        (Side::Originator, compound(2, &[here.clone(), write])),
        (Side::Responder, result(2, &[words(&[22, 0]), words(&[38, 0, 5, 2, 0, 0])])),
        (Side::Originator, compound(3, &[here, close])),
        (Side::Responder, result(3, &[words(&[22, 0]), [words(&[4, 0]), state].concat()])),
    ]);
    let short: Vec<&str> =
        lines.iter().map(|line| line.split_once("\"nfs\":").map_or(&**line, |(_, nfs)| nfs)).collect();
    expect_test::expect![[r#"
        {"version":4,"procedure":"OPEN","filename":"new","id":0,"file_tx":false,"type":"response","status":"OK"}}
        file "new" Complete 5 bytes 0 missing "data!"
        {"version":4,"procedure":"WRITE","filename":"new","hhash":"311737b4","id":1,"file_tx":true,"type":"response","status":"OK","write":{"first":true,"last":true,"last_xid":2,"chunks":1}}}
        {"version":4,"procedure":"CLOSE","filename":"new","hhash":"311737b4","id":3,"file_tx":false,"type":"response","status":"OK"}}"#]]
    .assert_eq(&short.join("\n"));
}

#[test]
fn a_hole_in_a_file_is_a_hole_in_its_record_only() {
    let write = call(1, 3, 7, &[opaque(b"h"), words(&[0, 0, 8, 2]), opaque(b"abcdefgh")]);
    let (mut room, mut sink) = (tcp(), Recorder::default());
    // The hole is in the second fragment: it is not known where the next record begins, and it is looked for.
    room.gap(Side::Originator, &write[..write.len() - 4], 4, &mut sink);
    let next = call(2, 3, 12, &[opaque(b"root"), opaque(b"gone")])[12..].to_vec();
    let mut whole = call(2, 3, 12, &[opaque(b"root"), opaque(b"gone")])[4..12].to_vec();
    whole.extend_from_slice(&next[4..]);
    let next = [words(&[whole.len() as u32 | 1 << 31]), whole].concat();
    feed(room.as_mut(), Side::Originator, &next, &mut sink);
    room.end(&mut sink);
    assert!(sink.lines.iter().any(|line| line.contains("\"REMOVE\",\"filename\":\"gone\"")), "{:?}", sink.lines);
}

#[test]
fn an_offset_at_the_end_of_all_numbers_does_no_harm() {
    let far = call(1, 3, 7, &[opaque(b"h"), words(&[u32::MAX, u32::MAX, 1, 2]), opaque(b"x")]);
    assert!(told(&[(Side::Originator, far)]).iter().any(|line| line.starts_with("file")));
}

#[test]
fn any_split_gives_the_same_events() {
    split_anywhere(tcp, Side::Originator, &asked());
    split_anywhere(tcp, Side::Responder, &answered());
}

#[test]
fn only_calls_of_nfs_are_recognised() {
    let way = Way { over: Over::Udp, from_port: 1023, to_port: 2049 };
    assert_eq!(probe(way, &words(&[7, 0, 2, 100_003, 3, 1, 0, 0, 0, 0])), Probe::Client);
    // The port mapper and the mount daemon.
    assert_eq!(probe(way, &words(&[7, 0, 2, 100_000, 2, 3, 0, 0, 0, 0])), Probe::No);
    assert_eq!(probe(way, &words(&[7, 0, 2, 100_005, 3, 1, 0, 0, 0, 0])), Probe::No);
    let back = Way { over: Over::Udp, from_port: 2049, to_port: 1023 };
    assert_eq!(probe(back, &words(&[7, 1, 0, 0, 0, 0])), Probe::Server);
    assert_eq!(probe(way, &words(&[7, 1, 0, 0, 0, 0])), Probe::No);
    assert_eq!(probe(Way { over: Over::Tcp, ..way }, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Probe::No);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300), over in 0..2) {
        let over = if over == 0 { Over::Tcp } else { Over::Udp };
        let mut room = Kind::Nfs.start(over, Detail::default());
        feed(room.as_mut(), Side::Originator, &data, &mut Recorder::default());
        room.end(&mut Recorder::default());
    }

    #[test]
    fn no_mutation_panics(at in 0usize..600, byte in any::<u8>(), hole in 0usize..600) {
        let (mut asked, mut answered) = (asked(), answered());
        if let Some(slot) = asked.get_mut(at) { *slot = byte; }
        if let Some(slot) = answered.get_mut(at) { *slot = byte; }
        let (mut room, mut sink) = (tcp(), Recorder::default());
        feed(room.as_mut(), Side::Originator, &asked, &mut sink);
        let (head, tail) = answered.split_at(hole.min(answered.len()));
        let rest = feed(room.as_mut(), Side::Responder, head, &mut sink);
        room.gap(Side::Responder, &rest, 1, &mut sink);
        feed(room.as_mut(), Side::Responder, tail, &mut sink);
        room.end(&mut sink);
    }
}
