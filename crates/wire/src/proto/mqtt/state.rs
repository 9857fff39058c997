//! Which packets belong together, and how MQTT is recognised.

use super::events::{Body, Exchange, Message};
use super::records::{CONNACK, CONNECT, Header, PUBLISH, Read, header, packet};
use crate::bytes::{u8_at, u16_be_at};
use crate::proto::Event;
use crate::session::{Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

/// Longer packets are passed over.
const PACKET_BYTES_MAX: usize = 1 << 20;
/// Exchanges that wait for an acknowledgement; the oldest is told as it is.
const OPEN_MAX: usize = 256;
/// Bytes of the packets in them, of which no more is kept.
const OPEN_BYTES_MAX: usize = 1 << 20;
/// Packets of one exchange.
const MESSAGES_MAX: usize = 8;

#[derive(Default)]
pub struct Conversation {
    version: u8,
    open: VecDeque<Open>,
    transactions: u64,
    open_bytes: usize,
    /// Of the packet that is being read.
    packet_bytes: usize,
    /// Bytes to be passed over of the originator and of the responder.
    skip: crate::session::Both<u64>,
}

struct Open {
    key: Key,
    side: Side,
    number: u64,
    exchange: Exchange,
    bytes: usize,
}

/// By what the packets of an exchange find each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Connect,
    /// The identifiers of the two sides are each side's own.
    Id(Side, u16),
}

/// What a packet does to an exchange.
enum Part {
    Begins(Key),
    GoesOn(Key),
    Ends(Key),
    Alone,
}

impl Conversation {
    pub fn over(_over: Over) -> Self {
        Conversation::default()
    }

    fn take(&mut self, side: Side, header: Header, body: &[u8], sink: &mut dyn Sink) {
        // A conversation whose beginning was not seen: the answer's length tells the version.
        if self.version == 0 && header.kind == CONNACK {
            self.version = if header.length > 2 { 5 } else { 4 };
        }
        let Some(message) = packet(header, body, self.version) else {
            sink.mark(Mark::new("mqtt.malformed-packet", side).with(super::events::packet_name(header.kind)));
            return;
        };
        if let Body::Connect { version, .. } = message.body {
            self.version = version;
        }
        self.packet_bytes = header.length;
        self.place(side, message, sink);
    }

    fn place(&mut self, side: Side, message: Message, sink: &mut dyn Sink) {
        match part(side, &message) {
            Part::Alone => {
                let number = self.number();
                tell(&Exchange { messages: vec![message] }, side, number, sink);
            }
            Part::Begins(key) => self.open(key, side, message, sink),
            Part::GoesOn(key) => self.go_on(key, side, message, sink),
            Part::Ends(key) => {
                let at = self.open.iter().position(|open| open.key == key);
                match at.and_then(|at| self.open.remove(at)) {
                    Some(mut open) => {
                        self.open_bytes -= open.bytes;
                        open.exchange.messages.push(message);
                        tell(&open.exchange, open.side, open.number, sink);
                    }
                    None => {
                        sink.mark(Mark::new("mqtt.answer-without-question", side).with(message.body.name()));
                        let number = self.number();
                        tell(&Exchange { messages: vec![message] }, side, number, sink);
                    }
                }
            }
        }
    }

    fn open(&mut self, key: Key, side: Side, message: Message, sink: &mut dyn Sink) {
        self.make_room(sink);
        let number = self.number();
        let bytes = self.packet_bytes;
        self.open_bytes += bytes;
        self.open.push_back(Open { key, side, number, exchange: Exchange { messages: vec![message] }, bytes });
    }

    /// Tells the oldest exchanges as they are until there is room for the packet that is being read.
    fn make_room(&mut self, sink: &mut dyn Sink) {
        while (self.open.len() >= OPEN_MAX || self.open_bytes + self.packet_bytes > OPEN_BYTES_MAX)
            && let Some(oldest) = self.open.pop_front()
        {
            self.open_bytes -= oldest.bytes;
            tell(&oldest.exchange, oldest.side, oldest.number, sink);
        }
    }

    /// A packet in the middle of its exchange.
    fn go_on(&mut self, key: Key, side: Side, message: Message, sink: &mut dyn Sink) {
        self.make_room(sink);
        let Some(open) = self.open.iter_mut().find(|open| open.key == key) else {
            self.open(key, side, message, sink);
            return;
        };
        if open.exchange.messages.len() < MESSAGES_MAX {
            open.exchange.messages.push(message);
            open.bytes += self.packet_bytes;
            self.open_bytes += self.packet_bytes;
        }
    }

    fn number(&mut self) -> u64 {
        self.transactions += 1;
        self.transactions - 1
    }

    /// Passes over what is left of a packet that is too long.
    fn skipped(&mut self, side: Side, data: &[u8]) -> Progress {
        let left = self.skip.of_mut(side);
        let used = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
        *left -= used as u64;
        Progress::took(used)
    }
}

fn part(side: Side, message: &Message) -> Part {
    let (own, theirs) = (|id| Key::Id(side, id), |id| Key::Id(side.other(), id));
    match &message.body {
        Body::Connect { .. } => Part::Begins(Key::Connect),
        Body::ConnectAnswer { .. } => Part::Ends(Key::Connect),
        Body::Publish { id: Some(id), .. } | Body::Subscribe { id, .. } | Body::Unsubscribe { id, .. } => {
            Part::Begins(own(*id))
        }
        Body::SubscribeAnswer { id, .. } | Body::UnsubscribeAnswer { id, .. } => Part::Ends(theirs(*id)),
        Body::Acknowledge { kind: 5, id, .. } => Part::GoesOn(theirs(*id)),
        Body::Acknowledge { kind: 6, id, .. } => Part::GoesOn(own(*id)),
        Body::Acknowledge { id, .. } => Part::Ends(theirs(*id)),
        _ => Part::Alone,
    }
}

fn tell(exchange: &Exchange, side: Side, number: u64, sink: &mut dyn Sink) {
    sink.event(Event::Mqtt(exchange), Place::said(side, number));
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if *self.skip.of(side) > 0 {
            return self.skipped(side, data);
        }
        let header = match header(data) {
            Read::Is(header) => header,
            Read::More => return Progress::took(0),
            Read::Bad => return Progress::Lost,
        };
        if header.length > PACKET_BYTES_MAX {
            *self.skip.of_mut(side) = header.length as u64;
            let body = Body::Skipped { kind: header.kind, length: header.length };
            self.packet_bytes = 0;
            self.place(side, Message { flags: header.flags, body }, sink);
            return Progress::took(header.bytes);
        }
        let end = header.bytes + header.length;
        let Some(body) = data.get(header.bytes..end) else { return Progress::Took { used: 0, wants: end } };
        self.take(side, header, body, sink);
        Progress::took(end)
    }

    /// A hole within a packet that is passed over, or is now, does no harm; any other leaves no packet to be found.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        if rest.is_empty() && *self.skip.of(side) >= length {
            *self.skip.of_mut(side) -= length;
            return Progress::took(0);
        }
        let Read::Is(header) = header(rest) else { return Progress::Lost };
        let here = (rest.len() - header.bytes) as u64;
        let Some(after) = (header.length as u64).checked_sub(here + length) else { return Progress::Lost };
        let body = Body::Skipped { kind: header.kind, length: header.length };
        self.packet_bytes = 0;
        self.place(side, Message { flags: header.flags, body }, sink);
        *self.skip.of_mut(side) = after;
        Progress::took(0)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        for open in std::mem::take(&mut self.open) {
            tell(&open.exchange, open.side, open.number, sink);
        }
    }

    fn waiting_max(&self) -> usize {
        PACKET_BYTES_MAX + 8
    }
}

/// A client names the protocol in its first packet; a server's answer says too little without the port.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const PORTS: &[u16] = &[1883];
    if way.over != Over::Tcp {
        return Probe::No;
    }
    let Some(first) = u8_at(data, 0) else { return Probe::More };
    if first != CONNECT << 4 && first != CONNACK << 4 && !(first >> 4 == PUBLISH && way.touches(PORTS)) {
        return Probe::No;
    }
    let header = match header(data) {
        Read::Is(header) => header,
        Read::More => return Probe::More,
        Read::Bad => return Probe::No,
    };
    let body = data.get(header.bytes..).unwrap_or_default();
    if header.kind == CONNACK {
        let sane = way.touches(PORTS) && header.length >= 2 && u8_at(body, 0).is_none_or(|flags| flags <= 1);
        return if sane { Probe::Server } else { Probe::No };
    }
    if header.kind != CONNECT {
        return Probe::No;
    }
    for (name, versions) in [(&b"\x00\x04MQTT"[..], 4..=5), (b"\x00\x06MQIsdp", 3..=3)] {
        if body.len() < name.len() && name.starts_with(body) {
            return Probe::More;
        }
        if body.starts_with(name) {
            let version = u8_at(body, name.len());
            let fits = version.is_none_or(|version| versions.contains(&(version & 0x7f)));
            let announced = u16_be_at(body, 0).is_some_and(|length| usize::from(length) + 2 <= header.length);
            return if fits && announced { Probe::Client } else { Probe::No };
        }
    }
    Probe::No
}
