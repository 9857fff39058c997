//! Weapons that call an interface over a pipe: EclipsedWing, EmeraldThread, ErraticGopher.

use super::{attempt, neighbour};
use crate::packets::rpc::{self, DIMSVC, Interface, SPOOLSS, SRVSVC, number, pointed, string};
use crate::packets::{Case, Conversation, filler, smb1, smb2};

const ACCESS_DENIED: u32 = 5;
const PATH_CANONICALIZE: u16 = 31;
const PATH_COMPARE: u16 = 32;

pub fn cases() -> Vec<Case> {
    [eclipsedwing(), emeraldthread(), erraticgopher()].concat()
}

/// Calls of one interface over a pipe of SMB 1, each with its answer.
fn over_pipe(port: u16, pipe: &str, interface: &Interface, calls: &[(u16, Vec<u8>, Vec<u8>)]) -> Conversation {
    let mut opened = smb1::Pipe::open(port, pipe);
    // The pipe's number and its interface are told by the bind.
    opened.conversation.from_here();
    opened.transact(&rpc::bind(interface), Some(&rpc::bind_ack()));
    for (call, (operation, asks, answer)) in (2..).zip(calls) {
        opened.transact(&rpc::request(call, *operation, asks), Some(&rpc::response(call, answer)));
    }
    opened.conversation
}

/// The parameters of NetPathCanonicalize ([MS-SRVS] 3.1.4.30).
fn canonicalize(path: &str, prefix: &str) -> (u16, Vec<u8>, Vec<u8>) {
    let asks = [pointed("10.77.0.9"), string(path), number(1000), string(prefix), number(1), number(0)].concat();
    (PATH_CANONICALIZE, asks, [number(0), number(0), number(0), number(0)].concat())
}

/// The parameters of NetPathCompare (3.1.4.31).
fn compare(one: &str, other: &str) -> (u16, Vec<u8>, Vec<u8>) {
    let asks = [pointed("10.77.0.9"), string(one), string(other), number(1), number(0)].concat();
    (PATH_COMPARE, asks, number(0))
}

fn eclipsedwing() -> Vec<Case> {
    const SIGN: &str = "eclipsedwing.path-above-root";
    let climbing = || canonicalize("\\AAAAAAAA\\..\\..\\AAAA", "\\");
    let over = |port, pipe, calls: &[_]| over_pipe(port, pipe, &SRVSVC, calls);
    let mut second = smb2::Pipe::open(40002, "srvsvc");
    second.conversation.from_here();
    second.transact(&rpc::bind(&SRVSVC), &rpc::bind_ack());
    let (operation, asks, answer) = climbing();
    second.transact(&rpc::request(2, operation, &asks), &rpc::response(2, &answer));
    let (operation, asks, answer) = climbing();
    // Many interfaces in one bind, and a call in crumbs that are written one by one.
    let mut crumbs = smb1::Pipe::open(40004, "\\browser");
    crumbs.conversation.from_here();
    crumbs.write_bytes(smb1::FILE, &rpc::bind_all(&[&SPOOLSS, &DIMSVC, &SRVSVC]));
    crumbs.read(smb1::FILE, &rpc::bind_ack_of(3));
    for fragment in rpc::fragments(2, 2, operation, &asks, 24) {
        crumbs.write_bytes(smb1::FILE, &fragment);
    }
    crumbs.read(smb1::FILE, &rpc::response(2, &answer));
    let legal = [
        canonicalize("C:\\data\\.\\reports\\..\\2017", ""),
        canonicalize("\\\\10.77.0.9\\share\\one\\two\\..\\..\\three", "\\"),
        compare("\\share\\a\\..\\b", "\\share\\b"),
        canonicalize(&"\\deep".repeat(100), ""),
    ];
    vec![
        attempt("eclipsedwing", "canonicalize", SIGN, vec![over(40001, "\\browser", &[climbing()])]),
        attempt("eclipsedwing", "compare", SIGN, vec![over(40001, "\\srvsvc", &[compare("\\a\\..\\..\\b", "\\")])]),
        attempt("eclipsedwing", "fragments", SIGN, vec![crumbs.conversation]),
        attempt("eclipsedwing", "smb2", SIGN, vec![second.conversation]),
        neighbour("eclipsedwing", "paths-below-root", vec![over(40001, "\\srvsvc", &legal)]),
    ]
}

/// A document printed to a port or a file: opened, one page written, closed ([MS-RPRN] 3.1.4.9).
fn print(output: Option<&str>, result: u32) -> Vec<(u16, Vec<u8>, Vec<u8>)> {
    let handle = [0x5a; 20].to_vec();
    let name = pointed("\\\\10.77.0.9\\Office");
    let client = [number(1), number(1), number(0x0002_0004), number(28), number(0), number(0), number(2600)].concat();
    let open = [name, number(0), number(0), number(0), number(0), number(8), client, vec![0; 16]].concat();
    let mut document = [handle.clone(), number(1), number(1), number(0x0002_0000), number(0x0002_0004)].concat();
    document.extend(number(if output.is_some() { 0x0002_0008 } else { 0 }));
    document.extend(number(0x0002_000c));
    document.extend(string("document"));
    document.extend(output.map(string).unwrap_or_default());
    document.extend(string("RAW"));
    let write = [handle.clone(), number(64), filler(64), number(64)].concat();
    let mut calls = vec![(69, open, [handle.clone(), number(0)].concat())];
    calls.push((17, document, [number(u32::from(result == 0)), number(result)].concat()));
    if result == 0 {
        calls.push((18, handle.clone(), number(0)));
        calls.push((19, write, [number(64), number(0)].concat()));
        calls.push((20, handle.clone(), number(0)));
        calls.push((23, handle.clone(), number(0)));
    }
    calls.push((29, handle.clone(), [vec![0; 20], number(0)].concat()));
    calls
}

fn emeraldthread() -> Vec<Case> {
    let over = |calls: &[_]| over_pipe(40001, "\\spoolss", &SPOOLSS, calls);
    let written = Case {
        weapon: "emeraldthread",
        name: "written",
        signs: vec![("emeraldthread.print-to-file", false), ("emeraldthread.write-to-file", true)],
        conversations: vec![over(&print(Some("C:\\filler.txt"), 0))],
    };
    let refused = over(&print(Some("C:\\filler.txt"), ACCESS_DENIED));
    vec![
        written,
        attempt("emeraldthread", "refused", "emeraldthread.print-to-file", vec![refused]),
        neighbour("emeraldthread", "printing", vec![over(&print(None, 0))]),
        neighbour("emeraldthread", "printing-to-a-port", vec![over(&print(Some("LPT1:"), 0))]),
    ]
}

fn erraticgopher() -> Vec<Case> {
    const MIB_ENTRY_GET: u16 = 29;
    let query = |length| [number(0x2710), number(0), number(length as u32), filler(length), number(0)].concat();
    let over = |calls: &[_]| over_pipe(40001, "\\browser", &DIMSVC, calls);
    // An administrator's console proves who it is with every call.
    let mut proven = smb1::Pipe::open(40001, "\\ROUTER");
    proven.transact(&rpc::bind(&DIMSVC), Some(&rpc::bind_ack()));
    let asks = rpc::signed_request(2, MIB_ENTRY_GET, &query(16), &[1; 16]);
    proven.transact(&asks, Some(&rpc::response(2, &[0; 16])));
    let looks = [(0, number(0), vec![0; 32]), (4, query(4), vec![0; 16]), (11, query(4), vec![0; 8])];
    vec![
        attempt(
            "erraticgopher",
            "entry",
            "erraticgopher.mib-entry",
            vec![over(&[(MIB_ENTRY_GET, query(600), number(0))])],
        ),
        neighbour("erraticgopher", "administration", vec![over(&looks), proven.conversation]),
    ]
}
