//! Datagrams from their fragments. Bytes that came first win over bytes that overlap them; an overlap is told.

use super::{Fragment, Net, Piece};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// Larger than any datagram can be.
const DATAGRAM_BYTES_MAX: u32 = 65_535;
/// Datagrams that wait for pieces; the oldest makes room.
const WAITING_MAX: usize = 4096;
const PIECES_MAX: usize = 8192 / 8;
/// A datagram that is not whole by then never will be (RFC 8200 gives a minute).
const WAIT_NS: i64 = 60_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    id: u32,
    vlan: u16,
}

#[derive(Debug, Default)]
struct Waiting {
    began_ns: i64,
    /// Pieces in the order of their offsets, without overlaps.
    pieces: Vec<(u32, Vec<u8>)>,
    /// Known once the last piece is here.
    total: Option<u32>,
    wire_length: u32,
}

/// Collects pieces until their datagram is whole.
#[derive(Debug, Default)]
pub struct Defragmenter {
    waiting: HashMap<Key, Waiting>,
    order: VecDeque<(Key, i64)>,
    pub counts: Counts,
}

/// What became of the pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub pieces: u64,
    pub assembled: u64,
    pub overlaps: u64,
    /// Beyond the size of a datagram, or too many of one.
    pub refused: u64,
    /// Datagrams given up: too old, or to make room.
    pub abandoned: u64,
}

/// A datagram put together, and the link it came over.
#[derive(Debug)]
pub struct Assembled {
    pub net: Net,
    pub wire_length: u32,
    pub data: Vec<u8>,
}

impl Defragmenter {
    /// Takes a piece, and gives the datagram when it was the last one missing.
    pub fn add(&mut self, piece: &Piece<'_>, now_ns: i64) -> Option<Assembled> {
        self.counts.pieces += 1;
        self.make_room(now_ns);
        let Net { source, destination, protocol, .. } = piece.net;
        let vlan = piece.link.vlan_ids().first().copied().unwrap_or_default();
        let key = Key { source, destination, protocol, id: piece.fragment.id, vlan };
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            self.order.push_back((key, now_ns));
            Waiting { began_ns: now_ns, ..Waiting::default() }
        });
        if !waiting.add(piece, &mut self.counts) {
            self.counts.refused += 1;
            return None;
        }
        let data = waiting.whole()?;
        let wire_length = waiting.wire_length;
        self.waiting.remove(&key);
        self.counts.assembled += 1;
        Some(Assembled { net: piece.net, wire_length, data })
    }

    /// No further piece belongs to any of what waits.
    pub fn give_up(&mut self) {
        self.order.clear();
        self.counts.abandoned += self.waiting.drain().count() as u64;
    }

    fn make_room(&mut self, now_ns: i64) {
        while let Some((key, began_ns)) = self.order.front().copied() {
            let current = self.waiting.get(&key).is_some_and(|waiting| waiting.began_ns == began_ns);
            if current && self.waiting.len() < WAITING_MAX && now_ns - began_ns < WAIT_NS {
                return;
            }
            self.order.pop_front();
            if current {
                self.waiting.remove(&key);
                self.counts.abandoned += 1;
            }
        }
    }
}

impl Waiting {
    /// Puts a piece to its place; false when it cannot belong to any datagram.
    fn add(&mut self, piece: &Piece<'_>, counts: &mut Counts) -> bool {
        let Fragment { offset, more, .. } = piece.fragment;
        let Ok(length) = u32::try_from(piece.data.len()) else { return false };
        let end = offset + length;
        if end > DATAGRAM_BYTES_MAX || self.pieces.len() >= PIECES_MAX || (more && length == 0) {
            return false;
        }
        self.wire_length = self.wire_length.saturating_add(piece.wire_length);
        if !more {
            self.total.get_or_insert(end);
        }
        self.fill(offset, piece.data, counts);
        true
    }

    /// Keeps of a new piece only what nobody sent before.
    fn fill(&mut self, offset: u32, data: &[u8], counts: &mut Counts) {
        let end = offset + data.len() as u32;
        let mut from = offset;
        let mut fresh = Vec::new();
        for (start, kept) in &self.pieces {
            let kept_end = start + kept.len() as u32;
            if kept_end <= from || *start >= end {
                continue;
            }
            counts.overlaps += 1;
            if *start > from {
                fresh.push((from, *start));
            }
            from = from.max(kept_end);
        }
        if from < end {
            fresh.push((from, end));
        }
        for (start, end) in fresh {
            let bytes = data.get((start - offset) as usize..(end - offset) as usize).unwrap_or_default();
            let at = self.pieces.partition_point(|(other, _)| *other < start);
            self.pieces.insert(at, (start, bytes.to_vec()));
        }
    }

    fn whole(&self) -> Option<Vec<u8>> {
        let total = self.total?;
        let mut reached = 0;
        for (start, data) in &self.pieces {
            if *start != reached {
                return None;
            }
            reached += data.len() as u32;
        }
        if reached < total {
            return None;
        }
        let mut data = Vec::with_capacity(reached as usize);
        self.pieces.iter().for_each(|(_, piece)| data.extend_from_slice(piece));
        data.truncate(total as usize);
        Some(data)
    }
}
