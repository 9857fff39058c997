use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use expect_test::{Expect, expect};
use proptest::prelude::*;

const CLIENT: Side = Side::Originator;
const SERVER: Side = Side::Responder;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;
const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const FAULT: u8 = 3;

const SRVSVC: &[u8] = &[0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88];
const SPOOLSS: &[u8] =
    &[0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab];
const SVCCTL: &[u8] = &[0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03];

/// A unit in little endian (C706, section 12.6.1).
fn unit(kind: u8, flags: u8, call: u32, body: &[u8]) -> Vec<u8> {
    let mut unit = vec![5, 0, kind, flags, 0x10, 0, 0, 0];
    unit.extend((16 + body.len() as u16).to_le_bytes());
    unit.extend([0, 0]);
    unit.extend(call.to_le_bytes());
    unit.extend(body);
    unit
}

fn bind(uuid: &[u8], major: u16) -> Vec<u8> {
    let mut body = vec![0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
    body.extend(uuid);
    body.extend(major.to_le_bytes());
    body.extend([0; 22]);
    unit(BIND, 3, 1, &body)
}

fn bind_ack() -> Vec<u8> {
    let mut body = vec![0xd0, 0x16, 0xd0, 0x16, 1, 0, 0, 0, 4, 0];
    body.extend(b"135\0");
    body.extend([0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    body.extend([0; 20]);
    unit(BIND_ACK, 3, 1, &body)
}

fn request(flags: u8, call: u32, operation: u16, stub: &[u8]) -> Vec<u8> {
    let mut body = vec![0; 6];
    body.extend(operation.to_le_bytes());
    body.extend(stub);
    unit(REQUEST, flags, call, &body)
}

fn response(flags: u8, call: u32, stub: &[u8]) -> Vec<u8> {
    unit(RESPONSE, flags, call, &[&[0; 8], stub].concat())
}

/// A conformant and varying string of NDR with its end, padded to four bytes.
fn string(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    let mut bytes = Vec::new();
    for number in [units.len() as u32, 0, units.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn run(said: &[(Side, Vec<u8>)]) -> Vec<String> {
    let (mut room, mut sink) = (Connection::default(), Recorder::default());
    for (side, bytes) in said {
        assert!(feed(&mut room, *side, bytes, &mut sink).is_empty());
    }
    room.end(&mut sink);
    sink.lines
}

fn check(said: &[(Side, Vec<u8>)], expected: Expect) {
    expected.assert_eq(&(run(said).join("\n") + "\n"));
}

fn call() -> Vec<(Side, Vec<u8>)> {
    vec![
        (CLIENT, bind(SRVSVC, 3)),
        (SERVER, bind_ack()),
        (CLIENT, request(1, 2, 15, &[1; 8])),
        (CLIENT, request(2, 2, 15, &[2; 8])),
        (SERVER, response(1, 2, &[3; 12])),
        (SERVER, response(2, 2, &[4; 4])),
        (CLIENT, request(3, 3, 15, &[])),
        (SERVER, unit(FAULT, 3, 3, &[0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0])),
        (CLIENT, request(3, 4, 99, &[])),
    ]
}

#[test]
fn a_call_is_joined_from_its_fragments() {
    check(
        &call(),
        expect![[r#"
        dcerpc {"dcerpc":{"request":"BIND","response":"BINDACK","interfaces":[{"uuid":"4b324fc8-1670-01d3-1278-5a47bf6ee188","version":"3.0","ack_result":0,"ack_reason":0}],"call_id":1,"rpc_version":"5.0"}}
        dcerpc {"dcerpc":{"request":"REQUEST","req":{"opnum":15,"frag_cnt":2,"stub_data_size":16},"response":"RESPONSE","res":{"frag_cnt":2,"stub_data_size":32},"interfaces":[{"uuid":"4b324fc8-1670-01d3-1278-5a47bf6ee188","version":"3.0"}],"call_id":2,"rpc_version":"5.0"}}
        dcerpc {"dcerpc":{"request":"REQUEST","req":{"opnum":15,"frag_cnt":1,"stub_data_size":0},"response":"FAULT","interfaces":[{"uuid":"4b324fc8-1670-01d3-1278-5a47bf6ee188","version":"3.0"}],"call_id":3,"rpc_version":"5.0"}}
        dcerpc {"dcerpc":{"request":"REQUEST","req":{"opnum":99,"frag_cnt":1,"stub_data_size":0},"response":"UNREPLIED","interfaces":[{"uuid":"4b324fc8-1670-01d3-1278-5a47bf6ee188","version":"3.0"}],"call_id":4,"rpc_version":"5.0"}}
    "#]],
    );
}

#[test]
fn a_path_that_climbs_above_its_root_is_marked() {
    let pointer = 0x0002_0000u32.to_le_bytes();
    let parameters =
        |path| [&pointer[..], &string("srv"), &string(path), &64u32.to_le_bytes(), &string("\\"), &[0; 8]].concat();
    let mut said = vec![(CLIENT, bind(SRVSVC, 3)), (SERVER, bind_ack())];
    for (call, path) in ["\\a\\..\\..\\b", "\\a\\b\\..\\c"].into_iter().enumerate() {
        said.push((CLIENT, request(3, 2 + call as u32, 31, &parameters(path))));
    }
    let marks: Vec<String> = run(&said).into_iter().filter(|line| line.starts_with("mark")).collect();
    assert_eq!(marks, ["mark dcerpc.srvsvc-path-above-root \\a\\..\\..\\b"]);
}

/// The parameters of a document that is printed into a file ([MS-RPRN] 3.1.4.9.1).
fn document(file: &str) -> Vec<u8> {
    let mut start = vec![0; 20];
    for number in [1u32, 1, 0x20000, 0x20004, 0x20008, 0] {
        start.extend(number.to_le_bytes());
    }
    start.extend([string("doc"), string(file)].concat());
    start
}

fn marks(said: &[(Side, Vec<u8>)]) -> Vec<String> {
    run(said).into_iter().filter(|line| line.starts_with("mark")).collect()
}

#[test]
fn printing_into_a_file_is_marked_and_marked_again_when_it_was_written() {
    const DONE: &[u8] = &[0; 8];
    const DENIED: &[u8] = &[0, 0, 0, 0, 5, 0, 0, 0];
    let printed = |file: &str, started: &[u8], written: &[u8]| {
        marks(&[
            (CLIENT, bind(SPOOLSS, 1)),
            (SERVER, bind_ack()),
            (CLIENT, request(3, 2, 19, &[0; 30])),
            (SERVER, response(3, 2, DONE)),
            (CLIENT, request(3, 3, 17, &document(file))),
            (SERVER, response(3, 3, started)),
            (CLIENT, request(3, 4, 19, &[0; 30])),
            (SERVER, response(3, 4, written)),
        ])
    };
    let (begun, written) =
        ("mark dcerpc.spoolss-print-to-file ..\\a.exe", "mark dcerpc.spoolss-write-to-file ..\\a.exe 30 bytes");
    assert_eq!(printed("..\\a.exe", DONE, DONE), [begun, written]);
    assert_eq!(printed("..\\a.exe", DENIED, DONE), [begun]);
    assert_eq!(printed("..\\a.exe", DONE, DENIED), [begun]);
    assert_eq!(printed("LPT1:", DONE, DONE), [""; 0]);
}

#[test]
fn a_new_service_is_marked_with_its_program() {
    let mut create = vec![0; 20];
    create.extend(string("svc"));
    create.extend([0; 4]);
    create.extend([0; 16]);
    create.extend(string("%COMSPEC% /c x"));
    let said = [(CLIENT, bind(SVCCTL, 2)), (SERVER, bind_ack()), (CLIENT, request(3, 2, 12, &create))];
    let marks: Vec<String> = run(&said).into_iter().filter(|line| line.starts_with("mark")).collect();
    assert_eq!(marks, ["mark dcerpc.svcctl-create-service svc %COMSPEC% /c x"]);
}

#[test]
fn known_interfaces_are_sorted_and_named() {
    let read = |uuid: &[u8]| {
        let header = header(&bind(uuid, 1)).unwrap();
        super::records::bind(&header, bind(uuid, 1).get(16..).unwrap()).first().unwrap().syntax.uuid
    };
    let name = |uuid| interfaces::interface(&read(uuid)).map(|interface| interface.name);
    assert_eq!([SRVSVC, SPOOLSS, SVCCTL].map(name), [Some("srvsvc"), Some("spoolss"), Some("svcctl")]);
    let srvsvc = interfaces::interface(&read(SRVSVC)).unwrap();
    assert_eq!(srvsvc.operation(31), Some("NetprPathCanonicalize"));
    interfaces::check_sorted();
}

#[test]
fn any_split_gives_the_same_events() {
    for side in [CLIENT, SERVER] {
        let stream: Vec<u8> = call().into_iter().filter(|(by, _)| *by == side).flat_map(|(_, bytes)| bytes).collect();
        split_anywhere(|| Box::<Connection>::default(), side, &stream);
    }
}

#[test]
fn a_gap_in_a_unit_is_passed_over() {
    let (mut room, mut sink) = (Connection::default(), Recorder::default());
    feed(&mut room, CLIENT, &bind(SRVSVC, 3), &mut sink);
    let long = request(3, 2, 15, &[7; 100]);
    room.gap(CLIENT, &long[..60], 30, &mut sink);
    feed(&mut room, CLIENT, &long[90..], &mut sink);
    assert!(feed(&mut room, CLIENT, &request(3, 3, 16, &[]), &mut sink).is_empty());
    room.end(&mut sink);
    assert!(sink.lines.iter().any(|line| line.contains("\"opnum\":16")), "{:#?}", sink.lines);
}

#[test]
fn other_things_are_not_taken_for_calls() {
    let way = Way { over: Over::Tcp, from_port: 40000, to_port: 135 };
    assert_eq!(probe(way, &bind(SRVSVC, 3)), Probe::Client);
    assert_eq!(probe(way, &bind_ack()), Probe::Server);
    assert_eq!(probe(way, b"\x05\x00"), Probe::More);
    for other in [&b"\x05\x01\x00 socks and more"[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 32], &[5; 32]] {
        assert_eq!(probe(way, other), Probe::No);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300), udp in any::<bool>()) {
        let mut recorder = Recorder::default();
        let mut room: Box<dyn Protocol> = if udp { Box::<Datagrams>::default() } else { Box::<Connection>::default() };
        feed(room.as_mut(), CLIENT, &data, &mut recorder);
        room.end(&mut recorder);
    }

    #[test]
    fn no_unit_panics(kind in 0u8..21, flags in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut recorder = Recorder::default();
        let mut room = Connection::default();
        for uuid in [SRVSVC, SPOOLSS, SVCCTL] {
            feed(&mut room, CLIENT, &bind(uuid, 1), &mut recorder);
            for operation in [12, 17, 19, 31, 32] {
                feed(&mut room, CLIENT, &request(3, 9, operation, &body), &mut recorder);
            }
            feed(&mut room, CLIENT, &unit(kind, flags, 1, &body), &mut recorder);
        }
        room.end(&mut recorder);
    }
}
