//! Every message is told.

use super::message;
use super::records::HEADER_BYTES;
use crate::proto::Event;
use crate::session::*;

#[derive(Default)]
pub struct Conversation {
    transactions: u64,
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        // One byte keeps the way through address translation open; what is no IKE there is encrypted traffic.
        match message(data) {
            Some(message) => {
                if message.broken {
                    sink.mark(Mark::new("ike.malformed-payload", side));
                }
                sink.event(Event::Ike(&message), Place::said(side, self.transactions));
                self.transactions += 1;
            }
            None if data.starts_with(&[0; 4]) => sink.mark(Mark::new("ike.malformed", side)),
            None => {}
        }
        Progress::all(data)
    }
}

/// A header that fits its datagram to the byte, in a known exchange.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Tcp || data.len() < HEADER_BYTES {
        return Probe::No;
    }
    let Some(message) = message(data) else { return Probe::No };
    let known = match message.major {
        1 => matches!(message.exchange, 1..=5 | 32 | 33),
        _ => matches!(message.exchange, 34..=37),
    };
    if !known || message.minor != 0 || (message.broken && !way.touches(&[500, 4500])) {
        return Probe::No;
    }
    if message.is_response() { Probe::Server } else { Probe::Client }
}
