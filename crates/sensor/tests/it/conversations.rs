//! Hand-made conversations through the whole sensor, into EVE JSON.
#![allow(clippy::indexing_slicing)]

use sensor::output::Eve;
use sensor::{Options, Worker};
use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex};
use wire::capture::{Frame, LinkType};

const SYN: u8 = 2;
const ACK: u8 = 16;
const FIN: u8 = 1;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One TCP connection between 192.0.2.1 and 192.0.2.2.
struct Connection {
    ports: [u16; 2],
    next: [u32; 2],
}

impl Connection {
    fn new(client: u16, server: u16) -> Connection {
        Connection { ports: [client, server], next: [100, 900] }
    }

    /// A segment of one of the two, which acknowledges all that the other one said.
    fn says(&mut self, who: usize, flags: u8, data: &[u8]) -> Vec<u8> {
        let other = 1 - who;
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0];
        packet.extend([192, 0, 2, who as u8 + 1, 192, 0, 2, other as u8 + 1]);
        packet.extend(self.ports[who].to_be_bytes());
        packet.extend(self.ports[other].to_be_bytes());
        packet.extend(self.next[who].to_be_bytes());
        packet.extend(if flags & ACK != 0 { self.next[other] } else { 0 }.to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(data);
        let length = (packet.len() as u16).to_be_bytes();
        packet[2..4].copy_from_slice(&length);
        self.next[who] += data.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        packet
    }

    fn opens(&mut self) -> Vec<Vec<u8>> {
        vec![self.says(0, SYN, b""), self.says(1, SYN | ACK, b""), self.says(0, ACK, b"")]
    }
}

fn records(packets: &[Vec<u8>], options: &str) -> Vec<Value> {
    let out = Shared::default();
    let mut worker = Worker::new(Options::only(options).unwrap(), vec![Box::new(Eve::new(out.clone()))]);
    for (at, packet) in packets.iter().enumerate() {
        let frame = Frame { time_ns: at as i64, link: LinkType::RAW, wire_length: packet.len() as u32, data: packet };
        worker.frame(&frame, at as u64 + 1);
    }
    worker.finish().unwrap();
    let bytes = out.0.lock().unwrap().clone();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn of<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["event_type"] == kind).collect()
}

#[test]
fn a_record_counts_with_the_packet_that_acknowledges_its_bytes() {
    let mut connection = Connection::new(40000, 1883);
    let mut packets = connection.opens();
    packets.push(connection.says(0, ACK, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a"));
    packets.push(connection.says(0, ACK, b"\x30\x04\x00\x01th"));
    packets.push(connection.says(1, ACK, b"\x20\x02\x00\x00"));
    packets.push(connection.says(0, ACK, b"\xe0\x00"));
    let records = records(&packets, "none");
    let told = of(&records, "mqtt");
    let number = |name: &str| {
        let record = told.iter().find(|record| record["mqtt"].get(name).is_some());
        record.and_then(|record| record["pcap_cnt"].as_u64())
    };
    // What was published is acknowledged by the answer, which is the sixth packet; nothing acknowledges the last one.
    assert_eq!(number("publish"), Some(6), "{told:#?}");
    assert_eq!(number("connack"), Some(6), "{told:#?}");
    assert_eq!(number("disconnect"), Some(7), "{told:#?}");
}

#[test]
fn a_file_that_ftp_moves_has_its_name_though_its_connection_came_first() {
    let (mut control, mut data) = (Connection::new(40000, 21), Connection::new(40001, 1026));
    let mut packets = control.opens();
    packets.push(control.says(1, ACK, b"220 FTP\r\n"));
    packets.push(control.says(0, ACK, b"PASV\r\n"));
    packets.push(control.says(1, ACK, b"227 Entering Passive Mode (192,0,2,2,4,2)\r\n"));
    packets.extend(data.opens());
    packets.push(control.says(0, ACK, b"RETR a.txt\r\n"));
    packets.push(control.says(1, ACK, b"150 Here\r\n"));
    packets.push(data.says(1, ACK, b"hello"));
    packets.push(data.says(1, ACK | FIN, b""));
    packets.push(data.says(0, ACK | FIN, b""));
    packets.push(control.says(1, ACK, b"226 Done\r\n"));
    let records = records(&packets, "file-hash");
    let file = of(&records, "fileinfo")[0];
    assert_eq!(file["app_proto"], "ftp-data");
    assert_eq!(file["fileinfo"]["filename"], "a.txt");
    assert_eq!(file["fileinfo"]["md5"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(of(&records, "ftp_data")[0]["ftp_data"]["command"], "RETR");
    let protocols: Vec<_> = of(&records, "flow").iter().map(|flow| flow["app_proto"].clone()).collect();
    assert_eq!(protocols, ["ftp", "ftp-data"]);
}

#[test]
fn behind_an_empty_line_a_broken_handshake_in_a_tunnel_is_tls() {
    let mut connection = Connection::new(40000, 8080);
    let mut packets = connection.opens();
    packets.push(connection.says(0, ACK, b"CONNECT example.org:443 HTTP/1.1\r\n\r\n\n"));
    packets.push(connection.says(1, ACK, b"HTTP/1.1 200 Connected\r\n\r\n\n"));
    packets.push(connection.says(0, ACK, &[22, 3, 0, 0, 0, 0, 0, 0, 0, 0]));
    packets.push(connection.says(1, ACK, b""));
    let records = records(&packets, "none");
    let flow = of(&records, "flow")[0];
    assert_eq!((&flow["app_proto"], &flow["app_proto_orig"]), (&"tls".into(), &"http".into()));
    assert_eq!(flow["flow"]["tx_cnt"], 1);
}
