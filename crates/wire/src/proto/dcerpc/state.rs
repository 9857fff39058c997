//! Conversations over TCP and UDP, and how they are recognised.

use super::calls::{Calls, Heard};
use super::events::{Call, Datagram, Syntax};
use super::records::{self, HEADER_BYTES, Words, kind};
use crate::bytes::{Bytes, u8_at, u16_be_at, u16_le_at};
use crate::proto::Event;
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

/// Calls over UDP that wait for an answer; the oldest is told without one.
const OPEN_MAX: usize = 256;
/// The header of a unit without connection (C706, section 12.5).
const DATAGRAM_HEADER_BYTES: usize = 80;

/// One conversation over TCP.
#[derive(Default)]
pub struct Connection {
    calls: Calls<u64>,
    transactions: u64,
    skip: Both<u64>,
    searching: Both<bool>,
}

impl Connection {
    fn tell(heard: Heard<u64>, sink: &mut dyn Sink) {
        heard.marks.into_iter().for_each(|mark| sink.mark(mark));
        for (call, transaction) in &heard.done {
            sink.event(Event::Dcerpc(call), Place::exchange(*transaction));
        }
    }
}

impl Protocol for Connection {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let skip = self.skip.of_mut(side);
        if *skip > 0 {
            let used = usize::try_from(*skip).unwrap_or(usize::MAX).min(data.len());
            *skip -= used as u64;
            return Progress::took(used);
        }
        if data.len() < HEADER_BYTES {
            return Progress::Took { used: 0, wants: HEADER_BYTES };
        }
        let Some(header) = records::header(data) else {
            if !std::mem::replace(self.searching.of_mut(side), true) {
                sink.mark(Mark::new("dcerpc.not-a-unit", side));
            }
            let last = data.len() - HEADER_BYTES;
            let found = (1..=last).find(|at| data.get(*at..).and_then(records::header).is_some());
            return Progress::took(found.unwrap_or(last + 1));
        };
        *self.searching.of_mut(side) = false;
        let Some(unit) = data.get(..header.length) else { return Progress::Took { used: 0, wants: header.length } };
        let mut heard = Heard::default();
        let transactions = &mut self.transactions;
        let mut number = || {
            *transactions += 1;
            *transactions - 1
        };
        self.calls.unit(side, &header, unit, &mut heard, &mut number);
        Self::tell(heard, sink);
        Progress::took(header.length)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, _sink: &mut dyn Sink) -> Progress {
        let missing = match records::header(rest) {
            Some(header) => header.length.saturating_sub(rest.len()) as u64,
            None => *self.skip.of(side),
        };
        *self.skip.of_mut(side) = missing.saturating_sub(length);
        *self.searching.of_mut(side) = true;
        Progress::took(0)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        for (call, transaction) in self.calls.end() {
            sink.event(Event::Dcerpc(&call), Place::exchange(transaction));
        }
    }
}

/// One conversation over UDP.
#[derive(Default)]
pub struct Datagrams {
    open: VecDeque<(Call, u64)>,
    transactions: u64,
}

struct DatagramHeader {
    kind: u8,
    interface: Syntax,
    datagram: Datagram,
    operation: u16,
    length: usize,
    fragment: u16,
}

fn datagram_header(input: &[u8]) -> Option<DatagramHeader> {
    let mut bytes = Bytes::new(input);
    let (version, kind) = (bytes.u8()?, bytes.u8()?);
    bytes.skip(2)?;
    let [order, float, character] = bytes.array::<3>()?;
    if version != 4 || kind > 10 || order & 0xee != 0 || float > 3 || character != 0 {
        return None;
    }
    bytes.skip(1)?;
    let mut words = Words { bytes, little: order & 0x10 != 0 };
    words.uuid()?;
    let uuid = words.uuid()?;
    // Other tools show the activity in this order, whatever the sender's is.
    let activity = Words { little: true, ..words }.uuid()?;
    words.bytes.skip(16)?;
    words.u32()?;
    let version = words.u32()?;
    let (sequence, operation) = (words.u32()?, words.u16()?);
    words.u32()?;
    let (length, fragment) = (words.u16()?.into(), words.u16()?);
    words.u16()?;
    let [major_low, major_high, minor_low, minor_high] = version.to_le_bytes();
    let interface = Syntax {
        uuid,
        major: u16::from_le_bytes([major_low, major_high]),
        minor: u16::from_le_bytes([minor_low, minor_high]),
    };
    Some(DatagramHeader { kind, interface, datagram: Datagram { activity, sequence }, operation, length, fragment })
}

impl Datagrams {
    fn request(&mut self, header: &DatagramHeader, sink: &mut dyn Sink) {
        let same = |(call, _): &(Call, u64)| call.datagram == Some(header.datagram) && call.request.is_some();
        if let Some((call, _)) = self.open.iter_mut().find(|open| same(open)) {
            call.request_fragments = call.request_fragments.saturating_add(1);
            call.request_bytes += header.length as u64;
            return;
        }
        if self.open.len() >= OPEN_MAX
            && let Some((call, transaction)) = self.open.pop_front()
        {
            sink.event(Event::Dcerpc(&call), Place::exchange(transaction));
        }
        let call = Call {
            request: Some(kind::REQUEST),
            operation: header.operation,
            interface: Some(header.interface),
            request_fragments: 1,
            request_bytes: header.length as u64,
            datagram: Some(header.datagram),
            ..Call::default()
        };
        self.open.push_back((call, self.transactions));
        self.transactions += 1;
    }

    fn answer(&mut self, header: &DatagramHeader, sink: &mut dyn Sink) {
        let waits = |(call, _): &(Call, u64)| {
            call.datagram.is_some_and(|datagram| datagram.activity == header.datagram.activity)
        };
        let Some((mut call, transaction)) = self.open.iter().position(waits).and_then(|at| self.open.remove(at)) else {
            return;
        };
        call.response = Some(header.kind);
        call.response_fragments = 1;
        call.response_bytes = header.length as u64;
        sink.event(Event::Dcerpc(&call), Place::exchange(transaction));
    }
}

impl Protocol for Datagrams {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(header) = datagram_header(data) else {
            sink.mark(Mark::new("dcerpc.not-a-unit", side));
            return Progress::all(data);
        };
        match header.kind {
            kind::REQUEST => self.request(&header, sink),
            // Only the first fragment of an answer finds its call; the others say no more.
            kind::RESPONSE | kind::FAULT | kind::REJECT if header.fragment == 0 => self.answer(&header, sink),
            _ => {}
        }
        Progress::all(data)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        for (call, transaction) in self.open.drain(..) {
            sink.event(Event::Dcerpc(&call), Place::exchange(transaction));
        }
    }
}

/// RPC names itself by a header in which much is fixed.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Udp {
        return probe_datagram(data);
    }
    if data.len() < HEADER_BYTES {
        return if data.is_empty() || begins_like_unit(data) { Probe::More } else { Probe::No };
    }
    let Some(header) = records::header(data) else { return Probe::No };
    match header.kind {
        kind::BIND | kind::ALTER if header.length >= 28 => Probe::Client,
        kind::REQUEST if header.length >= 24 => Probe::Client,
        kind::AUTH3 => Probe::Client,
        kind::BIND_ACK | kind::BIND_NAK | kind::ALTER_RESPONSE | kind::RESPONSE | kind::FAULT => Probe::Server,
        _ => Probe::No,
    }
}

fn begins_like_unit(data: &[u8]) -> bool {
    u8_at(data, 0) == Some(5)
        && u8_at(data, 1).is_none_or(|minor| minor <= 1)
        && u8_at(data, 2).is_none_or(|kind| kind <= 20)
        && u8_at(data, 4).is_none_or(|order| matches!(order, 0 | 0x10))
}

fn probe_datagram(data: &[u8]) -> Probe {
    let Some(header) = datagram_header(data) else { return Probe::No };
    if data.len() < DATAGRAM_HEADER_BYTES || header.length > data.len() - DATAGRAM_HEADER_BYTES {
        return Probe::No;
    }
    // The flags that are reserved are nought in everything that was ever sent.
    let reserved = u16_be_at(data, 2).unwrap_or_default() & 0x80fd != 0;
    let serial = u16_le_at(data, 76).is_some();
    match header.kind {
        _ if reserved || !serial => Probe::No,
        kind::REQUEST | 1 | 8 => Probe::Client,
        kind::RESPONSE | kind::FAULT | kind::REJECT => Probe::Server,
        _ => Probe::Either,
    }
}
