//! A file that a server sends from another port than the one it was asked at.

use sensor::output::{Eve, Output};
use sensor::{Options, Worker};
use serde_json::Value;
use std::fs::File;
use wire::capture::{Frame, LinkType};

const CLIENT: [u8; 4] = [192, 0, 2, 1];
const SERVER: [u8; 4] = [192, 0, 2, 2];

fn datagram(from: ([u8; 4], u16), to: ([u8; 4], u16), data: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    frame.extend([0x45, 0]);
    frame.extend((data.len() as u16 + 28).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend(from.0);
    frame.extend(to.0);
    frame.extend(from.1.to_be_bytes());
    frame.extend(to.1.to_be_bytes());
    frame.extend((data.len() as u16 + 8).to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(data);
    frame
}

#[test]
fn the_transfer_is_found_at_its_new_port() {
    let out = tempfile::NamedTempFile::new().unwrap();
    let eve: Box<dyn Output> = Box::new(Eve::new(File::create(out.path()).unwrap()));
    let mut worker = Worker::new(Options::default(), vec![eve]);
    let frames = [
        datagram((CLIENT, 4000), (SERVER, 69), b"\x00\x01boot.cfg\x00octet\x00"),
        datagram((SERVER, 5000), (CLIENT, 4000), b"\x00\x03\x00\x01content"),
        datagram((CLIENT, 4000), (SERVER, 5000), b"\x00\x04\x00\x01"),
    ];
    for (number, data) in frames.iter().enumerate() {
        let time_ns = 1_500_000_000_000_000_000 + number as i64;
        let frame = Frame { time_ns, link: LinkType::ETHERNET, wire_length: data.len() as u32, data };
        worker.frame(&frame, number as u64 + 1);
    }
    worker.finish().unwrap();
    let text = std::fs::read_to_string(out.path()).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let file = events.iter().find(|event| event["event_type"] == "fileinfo").unwrap();
    assert_eq!(file["fileinfo"]["filename"], "boot.cfg");
    assert_eq!(file["fileinfo"]["size"], 7);
    assert_eq!(file["fileinfo"]["state"], "CLOSED");
    assert_eq!(file["src_ip"], "192.0.2.2");
    let flows: Vec<_> = events.iter().filter(|event| event["event_type"] == "flow").collect();
    assert!(flows.len() == 2 && flows.iter().all(|flow| flow["app_proto"] == "tftp"), "{flows:?}");
}
