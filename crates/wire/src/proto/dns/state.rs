//! Which message answers which, and how DNS is recognised.

use super::records::{self, HEADER_BYTES};
use super::{Flavour, Message, message};
use crate::bytes::{u8_at, u16_be_at};
use crate::proto::Event;
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};

/// One conversation over UDP or TCP.
pub struct Conversation {
    over: Over,
    flavour: Flavour,
    transactions: u64,
    sides: Both<Whereabouts>,
}

/// Where a side of a TCP conversation is after a hole.
#[derive(Default)]
struct Whereabouts {
    /// Bytes of a message with a hole that are still to come.
    skip: usize,
    /// Where the next message begins is not known.
    lost: bool,
}

impl Conversation {
    pub fn over(over: Over) -> Self {
        Conversation::of(Flavour::Dns, over)
    }

    pub fn of(flavour: Flavour, over: Over) -> Self {
        Conversation { over, flavour, transactions: 0, sides: Both::default() }
    }

    fn tell(&mut self, side: Side, mut message: Message, sink: &mut dyn Sink) {
        message.flavour = self.flavour;
        for code in &message.oddities {
            sink.mark(Mark::new(code, side));
        }
        // Each message is one of its own: its number and its names tie an answer to its question.
        sink.event(Event::Dns(&message), Place::said(side, self.transactions));
        self.transactions += 1;
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.over == Over::Udp {
            match message(data) {
                Some(message) => self.tell(side, message, sink),
                None => sink.mark(Mark::new("dns.malformed-header", side)),
            }
            return Progress::all(data);
        }
        let place = self.sides.of_mut(side);
        if place.skip > 0 {
            let used = place.skip.min(data.len());
            place.skip -= used;
            return Progress::took(used);
        }
        if place.lost {
            match looks_like(data.get(2..).unwrap_or_default()) {
                Some(true) => place.lost = false,
                _ => return Progress::all(data),
            }
        }
        let Some(length) = u16_be_at(data, 0).map(usize::from) else {
            return Progress::Took { used: 0, wants: 2 };
        };
        let Some(body) = data.get(2..2 + length) else { return Progress::Took { used: 0, wants: 2 + length } };
        match message(body) {
            Some(message) => self.tell(side, message, sink),
            None if length > 0 => return Progress::Lost,
            None => {}
        }
        Progress::took(2 + length)
    }

    /// A hole inside of a message whose length is known costs that message; any other, until one begins again.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        if self.over == Over::Udp {
            return Progress::all(rest);
        }
        sink.mark(Mark::new("dns.gap", side).with(length));
        let place = self.sides.of_mut(side);
        let (had, missing) = (rest.len() + place.skip, usize::try_from(length).unwrap_or(usize::MAX));
        let whole = match place.skip {
            0 => u16_be_at(rest, 0).map(|length| usize::from(length) + 2),
            skip => Some(skip),
        };
        let come = if place.skip > 0 { missing } else { had.saturating_add(missing) };
        match whole.and_then(|whole| whole.checked_sub(come)) {
            Some(left) => place.skip = left,
            None => (place.skip, place.lost) = (0, true),
        }
        Progress::took(rest.len())
    }
}

/// Whether the head of a message makes sense; `None` while there is too little of it.
fn looks_like(body: &[u8]) -> Option<bool> {
    let (flags, questions, answers) = (u16_be_at(body, 2)?, u16_be_at(body, 4)?, u16_be_at(body, 6)?);
    let operation = flags >> 11 & 0x0f;
    let starts_with_name = u8_at(body, HEADER_BYTES).is_none_or(|length| length <= 0x3f || length >= 0xc0);
    let sane = operation <= 6 && questions <= 32 && answers <= records::ANSWERS_PLAUSIBLE && starts_with_name;
    Some(sane && !(questions == 0 && answers == 0 && flags & 0x8000 == 0))
}

const PORT: u16 = 53;
const MDNS_PORT: u16 = 5353;
const LLMNR_PORT: u16 = 5355;
const NETBIOS_NAMES_PORT: u16 = 137;

/// DNS has no magic: on its port the header must make sense; elsewhere everything must, to the last byte.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.touches(&[PORT]) {
        return probe_header(way, data);
    }
    if way.touches(&[MDNS_PORT, LLMNR_PORT, NETBIOS_NAMES_PORT]) {
        return Probe::No;
    }
    let body = match (way.over, u16_be_at(data, 0)) {
        (Over::Udp, _) => data,
        (Over::Tcp, Some(length)) if usize::from(length) + 2 == data.len() => data.get(2..).unwrap_or_default(),
        _ => return Probe::No,
    };
    if looks_like(body) == Some(true) && records::is_strict(body) { said_by(body) } else { Probe::No }
}

/// Multicast DNS: everybody asks and answers on one port.
pub fn probe_mdns(way: Way, data: &[u8]) -> Probe {
    let ours = way.over == Over::Udp && way.touches(&[MDNS_PORT]);
    if ours && looks_like(data) == Some(true) { Probe::Either } else { Probe::No }
}

pub fn probe_llmnr(way: Way, data: &[u8]) -> Probe {
    if way.touches(&[LLMNR_PORT]) { probe_header(way, data) } else { Probe::No }
}

fn probe_header(way: Way, data: &[u8]) -> Probe {
    let body = match way.over {
        Over::Udp => data,
        Over::Tcp => match u16_be_at(data, 0).map(usize::from) {
            None => return Probe::More,
            Some(length) if length < HEADER_BYTES => return Probe::No,
            Some(length) => data.get(2..(2 + length).min(data.len())).unwrap_or_default(),
        },
    };
    match looks_like(body) {
        None if way.over == Over::Tcp => Probe::More,
        Some(true) => said_by(body),
        _ => Probe::No,
    }
}

fn said_by(body: &[u8]) -> Probe {
    if u8_at(body, 2).is_some_and(|flags| flags & 0x80 != 0) { Probe::Server } else { Probe::Client }
}
