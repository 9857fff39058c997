//! Conversations as frames on the wire, in the shapes that a mirrored port shows them in, and as a capture.

use super::{Case, Conversation, Over, Who};
use std::net::{Ipv4Addr, Ipv6Addr};

pub const CLIENT_V4: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 66);
pub const SERVER_V4: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);
pub const CLIENT_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0x77, 0, 0, 0, 0x66);
pub const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0x77, 0, 0, 0, 9);

/// Data of one segment on Ethernet.
const SEGMENT_BYTES_MAX: usize = 1460;
/// Between two frames.
const STEP_NS: i64 = 1_000_000;
/// 2017-05-12, which is when all this mattered.
const BEGIN_NS: i64 = 1_494_547_200_000_000_000;

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
const PUSH: u8 = 8;
pub const ACK: u8 = 16;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// How messages are cut into segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cut {
    /// Only where a frame is full.
    #[default]
    Full,
    /// Every so many bytes.
    Every(usize),
    /// Each message once more at this place, counted from its beginning.
    At(usize),
}

/// In which order the segments of one message come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    AsSent,
    Reversed,
    /// Each comes twice.
    Repeated,
}

/// How a conversation looks on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    pub cut: Cut,
    pub order: Order,
    pub v6: bool,
    pub vlan: Option<u16>,
    /// Inside of VXLAN between two other hosts.
    pub vxlan: bool,
    /// The capture begins with the first message that is needed.
    pub midstream: bool,
}

/// All frames of a case in order, conversation after conversation, with their times.
pub fn frames(case: &Case, shape: Shape) -> Vec<(i64, Vec<u8>)> {
    let packets = case.conversations.iter().flat_map(|conversation| match conversation.over {
        Over::Tcp => connection(conversation, shape),
        Over::Udp => datagrams(conversation, shape),
    });
    let framed = packets.map(|packet| encapsulated(&packet, shape));
    framed.enumerate().map(|(at, frame)| (BEGIN_NS + at as i64 * STEP_NS, frame)).collect()
}

/// Frames as a capture in the classic format, with Ethernet and nanoseconds.
pub fn pcap(frames: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 0x0004_0000, 1] {
        out.extend(number.to_le_bytes());
    }
    for (time_ns, frame) in frames {
        let (seconds, rest) = (time_ns / 1_000_000_000, time_ns % 1_000_000_000);
        for number in [seconds as u32, rest as u32, frame.len() as u32, frame.len() as u32] {
            out.extend(number.to_le_bytes());
        }
        out.extend(frame);
    }
    out
}

/// The two ends of a connection, as far as segments need them.
#[derive(Debug, Clone)]
pub struct Ends {
    ports: [u16; 2],
    next: [u32; 2],
    v6: bool,
}

impl Ends {
    pub fn new(client_port: u16, server_port: u16, v6: bool) -> Ends {
        Ends { ports: [client_port, server_port], next: [1000, 0x8000_0000], v6 }
    }

    /// The three packets that open the connection.
    pub fn open(&mut self) -> [Vec<u8>; 3] {
        let synchronize = self.segment(Who::Client, SYN, b"");
        [synchronize, self.segment(Who::Server, SYN | ACK, b""), self.segment(Who::Client, ACK, b"")]
    }

    /// The next segment of one of the two as a packet of IP, which acknowledges all that the other one said.
    pub fn segment(&mut self, who: Who, flags: u8, data: &[u8]) -> Vec<u8> {
        let (me, other) = if who == Who::Client { (0, 1) } else { (1, 0) };
        let packet = self.segment_at(who, flags, data, self.next[me], self.next[other]);
        self.next[me] = self.next[me].wrapping_add(data.len() as u32 + u32::from(flags & (SYN | FIN) != 0));
        packet
    }

    /// A segment at any place.
    pub fn segment_at(&self, who: Who, flags: u8, data: &[u8], sequence: u32, acknowledged: u32) -> Vec<u8> {
        let [from, to] = self.ports_of(who);
        let mut segment = Vec::new();
        segment.extend(from.to_be_bytes());
        segment.extend(to.to_be_bytes());
        segment.extend(sequence.to_be_bytes());
        segment.extend(if flags & ACK != 0 { acknowledged } else { 0 }.to_be_bytes());
        segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(data);
        datagram(who, self.v6, TCP, segment, 16)
    }

    fn ports_of(&self, who: Who) -> [u16; 2] {
        match who {
            Who::Client => self.ports,
            Who::Server => [self.ports[1], self.ports[0]],
        }
    }
}

fn connection(conversation: &Conversation, shape: Shape) -> Vec<Vec<u8>> {
    let mut ends = Ends::new(conversation.client_port, conversation.server_port, shape.v6);
    let mut packets = Vec::new();
    let from = if shape.midstream { conversation.needed_from } else { 0 };
    if !shape.midstream {
        packets.extend(ends.open());
    }
    for (who, message) in conversation.said.iter().skip(from) {
        let pieces = cut(message, shape.cut);
        let mut segments: Vec<_> = pieces.iter().map(|piece| ends.segment(*who, ACK | PUSH, piece)).collect();
        match shape.order {
            Order::AsSent => {}
            Order::Reversed => segments.reverse(),
            Order::Repeated => segments = segments.into_iter().flat_map(|segment| [segment.clone(), segment]).collect(),
        }
        packets.extend(segments);
    }
    packets.push(ends.segment(Who::Client, FIN | ACK, b""));
    packets.push(ends.segment(Who::Server, FIN | ACK, b""));
    packets.push(ends.segment(Who::Client, ACK, b""));
    packets
}

fn cut(message: &[u8], cut: Cut) -> Vec<&[u8]> {
    match cut {
        Cut::Full => message.chunks(SEGMENT_BYTES_MAX).collect(),
        Cut::Every(bytes) => message.chunks(bytes.clamp(1, SEGMENT_BYTES_MAX)).collect(),
        Cut::At(place) => {
            let (head, tail) = message.split_at(place.min(message.len()));
            let pieces = [head, tail].into_iter().flat_map(|part| part.chunks(SEGMENT_BYTES_MAX));
            pieces.filter(|piece| !piece.is_empty()).collect()
        }
    }
}

fn datagrams(conversation: &Conversation, shape: Shape) -> Vec<Vec<u8>> {
    let said = conversation.said.iter().map(|(who, message)| {
        let ports = [conversation.client_port, conversation.server_port];
        let [from, to] = if *who == Who::Client { ports } else { [ports[1], ports[0]] };
        let mut datagram_bytes = Vec::new();
        for number in [from, to, message.len() as u16 + 8, 0] {
            datagram_bytes.extend(number.to_be_bytes());
        }
        datagram_bytes.extend(message);
        datagram(*who, shape.v6, UDP, datagram_bytes, 6)
    });
    said.collect()
}

/// A packet of IP with the checksum of its transport, which stands at `checksum_at`.
fn datagram(who: Who, v6: bool, protocol: u8, mut payload: Vec<u8>, checksum_at: usize) -> Vec<u8> {
    let (client, server) = if v6 {
        (CLIENT_V6.octets().to_vec(), SERVER_V6.octets().to_vec())
    } else {
        (CLIENT_V4.octets().to_vec(), SERVER_V4.octets().to_vec())
    };
    let addresses = if who == Who::Client { [client, server].concat() } else { [server, client].concat() };
    let pseudo = [&addresses[..], &(payload.len() as u32).to_be_bytes(), &[0, 0, 0, protocol], &payload].concat();
    let sum = checksum(&pseudo);
    // A sum of nought means that there is none in UDP; both spellings are equal.
    let sum = if sum == 0 { 0xffff } else { sum };
    if let Some(place) = payload.get_mut(checksum_at..checksum_at + 2) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    let mut packet = if v6 {
        let mut head = vec![0x60, 0, 0, 0];
        head.extend((payload.len() as u16).to_be_bytes());
        head.extend([protocol, 64]);
        head.extend(&addresses);
        head
    } else {
        let mut head = vec![0x45, 0];
        head.extend((payload.len() as u16 + 20).to_be_bytes());
        head.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
        head.extend(&addresses);
        let sum = checksum(&head).to_be_bytes();
        head[10..12].copy_from_slice(&sum);
        head
    };
    packet.extend(payload);
    packet
}

/// The sum of the internet protocols (RFC 1071).
fn checksum(data: &[u8]) -> u16 {
    let words = data.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn encapsulated(packet: &[u8], shape: Shape) -> Vec<u8> {
    let kind: u16 = if packet.first().is_some_and(|first| first >> 4 == 6) { 0x86dd } else { 0x0800 };
    let frame = ethernet(kind, shape.vlan.filter(|_| !shape.vxlan), packet);
    if !shape.vxlan {
        return frame;
    }
    // RFC 7348: a datagram between the ends of the tunnel with the number of the network in front of the frame.
    let mut payload = vec![0x08, 0, 0, 0, 0, 0, 42, 0];
    payload.extend(frame);
    let mut udp = Vec::new();
    for number in [49152, 4789, payload.len() as u16 + 8, 0] {
        udp.extend(u16::to_be_bytes(number));
    }
    udp.extend(payload);
    let mut head = vec![0x45, 0];
    head.extend((udp.len() as u16 + 20).to_be_bytes());
    head.extend([0, 0, 0x40, 0, 64, UDP, 0, 0, 172, 16, 9, 1, 172, 16, 9, 2]);
    let sum = checksum(&head).to_be_bytes();
    head[10..12].copy_from_slice(&sum);
    ethernet(0x0800, shape.vlan, &[head, udp].concat())
}

fn ethernet(kind: u16, vlan: Option<u16>, packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 0x66];
    if let Some(vlan) = vlan {
        frame.extend(0x8100u16.to_be_bytes());
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend(kind.to_be_bytes());
    frame.extend(packet);
    frame
}
