//! What is made to cost more than it weighs: crumbs, floods of small requests, nesting, half-open connections, overlaps.
//! Each is large enough that a cost which grows with the square of the size would take hours.
#![allow(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use sensor::output::Eve;
use sensor::{Counts, Options, Worker};
use std::io;
use std::time::{Duration, Instant};
use testkit::packets::{ACK, Cut, Ends, SYN, Shape, Who, cases, frames};
use wire::capture::{Frame, LinkType};

/// For one of them, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(600);
const SEGMENT_BYTES: usize = 1400;

struct Strain {
    worker: Worker,
    frames: u64,
    began: Instant,
}

impl Strain {
    fn new() -> Strain {
        let mut options = Options { sha256: true, sessions: true, ..Options::only("midstream").unwrap() };
        options.detail.postgres = true;
        let worker = Worker::new(options, vec![Box::new(Eve::new(io::sink()))]);
        Strain { worker, frames: 0, began: Instant::now() }
    }

    /// Takes one packet of IP.
    fn packet(&mut self, packet: &[u8]) {
        self.frames += 1;
        let time_ns = self.frames as i64 * 1000;
        let frame = Frame { time_ns, link: LinkType::RAW, wire_length: packet.len() as u32, data: packet };
        self.worker.frame(&frame, self.frames);
    }

    fn says(&mut self, ends: &mut Ends, who: Who, data: &[u8], segment_bytes: usize) {
        for piece in data.chunks(segment_bytes) {
            let packet = ends.segment(who, ACK, piece);
            self.packet(&packet);
        }
    }

    fn ends(mut self, what: &str) -> Counts {
        self.worker.finish().unwrap();
        let took = self.began.elapsed();
        eprintln!("{:8} ms for {:8} frames: {what}", took.as_millis(), self.frames);
        assert!(took < PATIENCE, "{what} took {took:?}");
        self.worker.counts
    }
}

/// Protocols by port, with what opens each of them: what the server says first, and what the client says.
const OPENINGS: &[(u16, &[u8], &[u8])] = &[
    (21, b"220 ready\r\n", b"USER a\r\n"),
    (22, b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n"),
    (25, b"220 ready\r\n", b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\n"),
    (53, b"", b"\0\x1d\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x01\0\x01"),
    (80, b"", b"GET / HTTP/1.1\r\nHost: a\r\n"),
    (80, b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
    (88, b"", b"\0\0\x80\0\x6a\x82\x7f\xfc"),
    (110, b"+OK ready\r\n", b"USER a\r\n"),
    (135, b"", b"\x05\0\x0b\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0"),
    (143, b"* OK IMAP4rev1\r\n", b"a1 LOGIN a b\r\n"),
    (389, b"", b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0\x30\x84\0\x03\xff\xff"),
    (443, b"", b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03"),
    (445, b"", b"\0\x01\0\0\xffSMB\x72\0\0\0\0"),
    (445, b"", b"\0\x01\0\0\xfeSMB\x40\0\0\0"),
    (1080, b"", b"\x05\x01\0"),
    (1883, b"", b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a\x30\xff\xff\x3f\0\x01t"),
    (2049, b"", b"\x80\x03\xff\xff\0\0\0\x01\0\0\0\0\0\0\0\x02\0\x01\x86\xa3\0\0\0\x03\0\0\0\0"),
    (3389, b"", b"\x03\0\0\x0b\x06\xe0\0\0\0\0\0\x03\0\xff\xff"),
    (5060, b"", b"INVITE sip:a SIP/2.0\r\n"),
    (5432, b"", b"\0\0\0\x0f\0\x03\0\0user\0a\0\0Q\0\x03\xff\xff"),
    (5900, b"RFB 003.008\n", b"RFB 003.008\n"),
];

/// A port, what the server greets with, what the client opens with, and the request that is repeated.
type Flood = (u16, &'static [u8], &'static [u8], &'static [u8]);

#[test]
fn a_line_without_end_in_crumbs() {
    const BYTES: usize = 100_000;
    for (port, greeting, opening) in OPENINGS {
        for filler in [b'A', b'\n', 0, b' '] {
            let (mut strain, mut ends) = (Strain::new(), Ends::new(40_000, *port, false));
            ends.open().iter().for_each(|packet| strain.packet(packet));
            strain.says(&mut ends, Who::Server, greeting, SEGMENT_BYTES);
            strain.says(&mut ends, Who::Client, opening, SEGMENT_BYTES);
            strain.says(&mut ends, Who::Client, &vec![filler; BYTES], 1);
            strain.says(&mut ends, Who::Server, &vec![filler; BYTES], 1);
            strain.ends(&format!("port {port}, {opening:?} and then bytes {filler}"));
        }
    }
}

#[test]
fn conversations_again_and_again_in_crumbs() {
    const TIMES: usize = 40;
    for case in cases().into_iter().filter(|case| !case.signs.is_empty()) {
        let mut again = case.clone();
        for conversation in &mut again.conversations {
            let once = conversation.said.clone();
            conversation.said = std::iter::repeat_n(once, TIMES).flatten().collect();
        }
        let mut strain = Strain::new();
        for (_, frame) in frames(&again, Shape { cut: Cut::Every(1), ..Shape::default() }) {
            strain.packet(&frame[14..]);
        }
        strain.ends(&case.file_name());
    }
}

#[test]
fn a_million_small_requests_without_an_answer() {
    const TIMES: usize = 1_000_000;
    let requests: &[Flood] = &[
        (80, b"", b"", b"GET / HTTP/1.1\r\n\r\n"),
        (80, b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", b"\0\0\x08\x06\0\0\0\0\0AAAAAAAA"),
        (21, b"220 ready\r\n", b"USER a\r\n", b"NOOP\r\n"),
        (25, b"220 ready\r\n", b"EHLO a\r\n", b"NOOP\r\n"),
        (110, b"+OK ready\r\n", b"USER a\r\n", b"NOOP\r\n"),
        (143, b"* OK IMAP4rev1\r\n", b"a1 LOGIN a b\r\n", b"a NOOP\r\n"),
        (389, b"", b"", b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"),
        (445, b"", b"", b"\0\0\0\x23\xffSMB\x2b\0\0\0\0\x18\x01\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        (1883, b"", b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a", b"\xc0\0"),
        (5432, b"", b"\0\0\0\x0f\0\x03\0\0user\0a\0\0", b"Q\0\0\0\x06;\0"),
        (53, b"", b"", b"\0\x15\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03org\0\0\x01\0\x01"),
        (5060, b"", b"", b"OPTIONS sip:a SIP/2.0\r\n\r\n"),
    ];
    for (port, greeting, opening, request) in requests {
        let (mut strain, mut ends) = (Strain::new(), Ends::new(40_000, *port, false));
        ends.open().iter().for_each(|packet| strain.packet(packet));
        strain.says(&mut ends, Who::Server, greeting, SEGMENT_BYTES);
        strain.says(&mut ends, Who::Client, opening, SEGMENT_BYTES);
        strain.says(&mut ends, Who::Client, &request.repeat(TIMES), SEGMENT_BYTES);
        strain.ends(&format!("a million of {request:?}"));
    }
}

#[test]
fn deep_nesting() {
    const DEPTH: usize = 20_000;
    let nested = |head: &str, tail: &str| head.repeat(DEPTH) + tail;
    let mut mail = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\n".to_owned();
    for level in 0..DEPTH {
        mail += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    let comment = format!("EHLO a\r\nMAIL FROM:<a@b>\r\nDATA\r\nTo: {}\r\n", nested("(", "x"));
    // Filters of LDAP and messages of SNMP are elements in elements.
    let mut der = vec![0xa2, 0];
    for _ in 0..DEPTH {
        let length = der.len();
        let head = [&[0xa2, 0x84][..], &(length as u32).to_be_bytes()].concat();
        der = [head, der].concat();
        if der.len() > 60_000 {
            break;
        }
    }
    let search = [&[0x04, 0, 0x0a, 1, 2, 0x0a, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0][..], &der, &[0x30, 0]].concat();
    let operation = [&[0x63, 0x84][..], &(search.len() as u32).to_be_bytes(), &search].concat();
    let message = [&[2, 1, 1][..], &operation].concat();
    let ldap = [&[0x30, 0x84][..], &(message.len() as u32).to_be_bytes(), &message].concat();
    let json = format!("POST / HTTP/1.1\r\nContent-Length: {DEPTH}\r\n\r\n{}", nested("[", ""));
    let said: &[(u16, &[u8], &[u8])] = &[
        (25, b"220 ready\r\n", mail.as_bytes()),
        (25, b"220 ready\r\n", comment.as_bytes()),
        (389, b"", &ldap),
        (80, b"", json.as_bytes()),
    ];
    for (port, greeting, content) in said {
        for segment_bytes in [SEGMENT_BYTES, 3] {
            let (mut strain, mut ends) = (Strain::new(), Ends::new(40_000, *port, false));
            ends.open().iter().for_each(|packet| strain.packet(packet));
            strain.says(&mut ends, Who::Server, greeting, SEGMENT_BYTES);
            strain.says(&mut ends, Who::Client, content, segment_bytes);
            strain.ends(&format!("nesting at port {port} in {segment_bytes}"));
        }
    }
}

#[test]
fn half_open_connections_without_end() {
    const PORTS: u16 = 60_000;
    const SERVERS: u16 = 8;
    let mut strain = Strain::new();
    for server in 0..SERVERS {
        for port in 1..=PORTS {
            let packet = Ends::new(port, 1000 + server, false).segment(Who::Client, SYN, b"");
            strain.packet(&packet);
        }
    }
    let counts = strain.ends("half-open connections");
    assert_eq!(counts.flows, u64::from(PORTS) * u64::from(SERVERS));
    assert!(counts.evicted > 0, "the table is bounded");
}

#[test]
fn overlaps_and_holes() {
    const SEGMENTS: u32 = 300_000;
    // How far each segment is from the one before it, how long it is, and how many there are.
    for (step, length) in [(1, 1400), (2, 1), (1399, 1400), (0, 1400), (1_000_003, 700)] {
        let (mut strain, mut ends) = (Strain::new(), Ends::new(40_000, 80, false));
        ends.open().iter().for_each(|packet| strain.packet(packet));
        strain.says(&mut ends, Who::Client, b"POST / HTTP/1.1\r\nContent-Length: 4000000000\r\n\r\n", SEGMENT_BYTES);
        for at in 0..SEGMENTS {
            let data = vec![(at % 251) as u8; length];
            let sequence = 2_000u32.wrapping_add(at.wrapping_mul(step));
            strain.packet(&ends.segment_at(Who::Client, ACK, &data, sequence, 0x8000_0001));
        }
        strain.ends(&format!("segments of {length} bytes, {step} apart, behind a hole"));
    }
}
