//! Cuts the frames of some conversations out of a capture, as a capture of their own.

use crate::flow::{Flow, Key};
use crate::{Moment, source};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::Path;
use wire::capture::{Frame, LinkType};
use wire::packet::{self, Layer, Packet};

/// What libpcap calls a capture with nanoseconds.
const MAGIC_NS: u32 = 0xa1b2_3c4d;
const VERSION: [u16; 2] = [2, 4];
/// Conversations of one capture whose belonging is remembered; beyond it, it is worked out anew.
const REMEMBERED_MAX: usize = 1 << 18;

/// What is wanted of a capture.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Community IDs (seed 0) of conversations.
    pub conversations: BTreeSet<String>,
    /// Hosts whose pieces of datagrams are taken along: a piece does not say which conversation it is of.
    pub hosts: BTreeSet<IpAddr>,
    /// Frames by number, whatever they are.
    pub frames: BTreeSet<u64>,
    pub bytes_max: usize,
}

/// A capture in libpcap's classic format.
#[derive(Debug, Default)]
pub struct Cut {
    pub bytes: Vec<u8>,
    pub frames: u64,
    /// Frames that did not fit, or whose link is another than the first one's: the format has one link for all.
    pub left_out: u64,
}

/// Reads a capture and takes what is wanted of it.
pub fn cut(path: &Path, wanted: &Wanted) -> Result<Cut, source::Error> {
    let mut taking = Taking { wanted, known: HashMap::new(), link: None, cut: Cut::default() };
    let mut number = 0;
    source::read(path, &mut |frame| {
        number += 1;
        taking.frame(frame, number);
        true
    })?;
    Ok(taking.cut)
}

struct Taking<'a> {
    wanted: &'a Wanted,
    known: HashMap<Key, bool>,
    link: Option<LinkType>,
    cut: Cut,
}

impl Taking<'_> {
    fn frame(&mut self, frame: &Frame<'_>, number: u64) {
        if !(self.wanted.frames.contains(&number) || self.is_wanted(frame)) {
            return;
        }
        let link = *self.link.get_or_insert(frame.link);
        let fits = self.cut.bytes.len() + frame.data.len() + RECORD_HEADER_BYTES <= self.wanted.bytes_max;
        if link != frame.link || !fits {
            self.cut.left_out += 1;
            return;
        }
        if self.cut.bytes.is_empty() {
            self.cut.bytes = header(link);
        }
        record(frame, &mut self.cut.bytes);
        self.cut.frames += 1;
    }

    fn is_wanted(&mut self, frame: &Frame<'_>) -> bool {
        let mut found = false;
        packet::decode(frame.link, frame.data, frame.wire_length, packet::Rules::default(), &mut |layer| match layer {
            Layer::Packet(packet) => found |= self.is_of_one(&packet),
            Layer::Piece(piece) => {
                let hosts = &self.wanted.hosts;
                found |= hosts.contains(&piece.net.source) && hosts.contains(&piece.net.destination);
            }
            _ => {}
        });
        found
    }

    fn is_of_one(&mut self, packet: &Packet<'_>) -> bool {
        let key = Key::of(packet);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let id = Flow::new(0, key, packet, Moment::default()).community_id(0);
        let is = self.wanted.conversations.contains(&id);
        if self.known.len() < REMEMBERED_MAX {
            self.known.insert(key, is);
        }
        is
    }
}

pub(crate) const RECORD_HEADER_BYTES: usize = 16;

pub(crate) fn header(link: LinkType) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(MAGIC_NS.to_le_bytes());
    VERSION.iter().for_each(|part| out.extend(part.to_le_bytes()));
    // Zone and accuracy of the times; nobody sets them.
    out.extend([0; 8]);
    out.extend(wire::capture::FRAME_BYTES_MAX.to_le_bytes());
    out.extend(u32::from(link.0).to_le_bytes());
    out
}

pub(crate) fn record(frame: &Frame<'_>, out: &mut Vec<u8>) {
    const SECOND_NS: i64 = 1_000_000_000;
    let seconds = u32::try_from(frame.time_ns.div_euclid(SECOND_NS)).unwrap_or(0);
    let rest = u32::try_from(frame.time_ns.rem_euclid(SECOND_NS)).unwrap_or(0);
    let length = u32::try_from(frame.data.len()).unwrap_or(u32::MAX);
    for value in [seconds, rest, length, frame.wire_length.max(length)] {
        out.extend(value.to_le_bytes());
    }
    out.extend_from_slice(frame.data);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Ethernet frame with a UDP datagram between two hosts.
    fn udp(from: [u8; 4], to: [u8; 4], ports: (u16, u16)) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0]);
        frame.extend(from.into_iter().chain(to));
        frame.extend(ports.0.to_be_bytes());
        frame.extend(ports.1.to_be_bytes());
        frame.extend([0, 12, 0, 0]);
        frame.extend(*b"test");
        frame
    }

    fn capture(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut out = header(LinkType::ETHERNET);
        for (number, data) in frames.iter().enumerate() {
            let wire_length = u32::try_from(data.len()).unwrap();
            record(&Frame { time_ns: number as i64 * 7, link: LinkType::ETHERNET, wire_length, data }, &mut out);
        }
        out
    }

    #[test]
    fn a_conversation_is_cut_out_with_both_directions_and_nothing_else() {
        let (a, b, c) = ([10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 0, 3]);
        let frames = [
            udp(a, b, (1000, 53)),
            udp(c, b, (1000, 53)),
            udp(b, a, (53, 1000)),
            udp(a, b, (1001, 53)),
            b"no packet at all".to_vec(),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.pcap");
        std::fs::write(&path, capture(&frames)).unwrap();
        let mut id = String::new();
        packet::decode(LinkType::ETHERNET, &frames[0], 46, packet::Rules::default(), &mut |layer| {
            if let Layer::Packet(packet) = layer {
                id = Flow::new(0, Key::of(&packet), &packet, Moment::default()).community_id(0);
            }
        });
        let wanted = Wanted { conversations: [id].into(), frames: [5].into(), bytes_max: 1 << 20, ..Wanted::default() };
        let cut = super::cut(&path, &wanted).unwrap();
        assert_eq!((cut.frames, cut.left_out), (3, 0));
        let part = folder.path().join("part.pcap");
        std::fs::write(&part, &cut.bytes).unwrap();
        let mut seen = Vec::new();
        source::read(&part, &mut |frame| {
            seen.push((frame.time_ns, frame.data.to_vec()));
            true
        })
        .unwrap();
        assert_eq!(seen, [(0, frames[0].clone()), (14, frames[2].clone()), (28, frames[4].clone())]);
        let little = super::cut(&path, &Wanted { bytes_max: 100, ..wanted }).unwrap();
        assert_eq!((little.frames, little.left_out), (1, 2), "what does not fit is counted");
    }
}
