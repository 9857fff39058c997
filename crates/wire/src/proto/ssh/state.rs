//! What each side is at, and how SSH is recognised.

use super::Session;
use super::records::{self, BANNER_BYTES_MAX, KEX_INIT, NEW_KEYS, Offer, PACKET_BYTES_MAX};
use crate::bytes::{u8_at, u32_be_at};
use crate::proto::Event;
use crate::session::*;

/// Lines that a server may say before its banner.
const LINES_MAX: u8 = 64;
/// Packets that are looked at before both sides are private.
const PACKETS_MAX: u8 = 32;
/// An authentication's first packet after the banner in version 1 is not read.
const VERSION_2: &[&[u8]] = &[b"2.0", b"1.99"];

#[derive(Default)]
pub struct Conversation {
    session: Session,
    sides: Both<Stage>,
    told: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Begun,
    /// Lines before the banner.
    Lines(u8),
    /// Packets so far.
    Packets(u8),
    Private,
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        match *self.sides.of(side) {
            Stage::Begun => self.line(side, 0, data, sink),
            Stage::Lines(count) => self.line(side, count, data, sink),
            Stage::Packets(count) => self.packet(side, count, data, sink),
            Stage::Private => Progress::all(data),
        }
    }

    fn gap(&mut self, side: Side, rest: &[u8], _length: u64, _sink: &mut dyn Sink) -> Progress {
        *self.sides.of_mut(side) = Stage::Private;
        Progress::took(rest.len())
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        if self.session.client.is_known() || self.session.server.is_known() {
            self.tell(sink);
        }
    }

    fn waiting_max(&self) -> usize {
        PACKET_BYTES_MAX as usize + 8
    }
}

impl Conversation {
    fn line(&mut self, side: Side, count: u8, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(end) = memchr::memchr(b'\n', data.get(..data.len().min(BANNER_BYTES_MAX + 1)).unwrap_or_default())
        else {
            return match data.len() > BANNER_BYTES_MAX {
                true => self.overlong(side, data, sink),
                false => Progress::took(0),
            };
        };
        let line = data.get(..end).unwrap_or_default();
        match records::banner(line) {
            Some((version, software)) => self.banner(side, version, software, sink),
            None if count >= LINES_MAX => return Progress::Lost,
            None => *self.sides.of_mut(side) = Stage::Lines(count + 1),
        }
        Progress::took(end + 1)
    }

    /// A banner without an end: what it says is kept, and nothing after it can be read.
    fn overlong(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        sink.mark(Mark::new("ssh.banner-too-long", side));
        let head = data.get(..BANNER_BYTES_MAX).unwrap_or(data);
        let Some((version, software)) = records::banner(head) else { return Progress::Lost };
        self.banner(side, version, software, sink);
        *self.sides.of_mut(side) = Stage::Private;
        Progress::all(data)
    }

    fn banner(&mut self, side: Side, version: &[u8], software: &[u8], sink: &mut dyn Sink) {
        let peer = match side {
            Side::Originator => &mut self.session.client,
            Side::Responder => &mut self.session.server,
        };
        (peer.version, peer.software) = (version.to_vec(), software.to_vec());
        let modern = VERSION_2.contains(&version);
        *self.sides.of_mut(side) = if modern { Stage::Packets(0) } else { Stage::Private };
        if !modern {
            sink.mark(Mark::new("ssh.old-version", side).with(String::from_utf8_lossy(version)));
        }
    }

    fn packet(&mut self, side: Side, count: u8, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(length) = u32_be_at(data, 0) else { return Progress::Took { used: 0, wants: 4 } };
        if !(2..=PACKET_BYTES_MAX).contains(&length) || count >= PACKETS_MAX {
            // Not a packet, or private already: the other side may still have something to say.
            if count == 0 {
                sink.mark(Mark::new("ssh.bad-packet", side).with(length));
            }
            *self.sides.of_mut(side) = Stage::Private;
            return Progress::all(data);
        }
        let whole = length as usize + 4;
        let Some(packet) = data.get(4..whole) else { return Progress::Took { used: 0, wants: whole } };
        *self.sides.of_mut(side) = Stage::Packets(count + 1);
        let padding = usize::from(u8_at(packet, 0).unwrap_or_default());
        let payload = packet.get(1..packet.len().saturating_sub(padding)).unwrap_or_default();
        match u8_at(payload, 0) {
            Some(KEX_INIT) => self.offer(side, payload, sink),
            Some(NEW_KEYS) => {
                *self.sides.of_mut(side) = Stage::Private;
                self.session.agreed = true;
            }
            _ => {}
        }
        Progress::took(whole)
    }

    fn offer(&mut self, side: Side, payload: &[u8], sink: &mut dyn Sink) {
        let offer = Offer::read(payload);
        if offer.is_none() {
            sink.mark(Mark::new("ssh.malformed-kexinit", side));
        }
        match side {
            Side::Originator => self.session.client.offer = offer,
            Side::Responder => self.session.server.offer = offer,
        }
        if self.session.client.offer.is_some() && self.session.server.offer.is_some() {
            self.tell(sink);
        }
    }

    fn tell(&mut self, sink: &mut dyn Sink) {
        if !std::mem::replace(&mut self.told, true) {
            sink.event(Event::Ssh(&self.session), Place::exchange(0));
        }
    }
}

/// The banner says it all.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const BANNER: &[u8] = b"SSH-";
    if way.over == Over::Udp {
        return Probe::No;
    }
    if data.len() < BANNER.len() && BANNER.starts_with(data) {
        return Probe::More;
    }
    if data.starts_with(BANNER) { Probe::Either } else { Probe::No }
}
