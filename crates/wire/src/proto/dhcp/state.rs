//! Which messages are told, and how DHCP is recognised.

use super::records::{FIXED_BYTES, MAGIC};
use super::{Message, message};
use crate::bytes::u8_at;
use crate::proto::Event;
use crate::session::*;

pub struct Conversation {
    /// Every message, and not only the one that gives an address away.
    all: bool,
    transactions: u64,
}

impl Conversation {
    pub fn new(all: bool) -> Self {
        Conversation { all, transactions: 0 }
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(message) = message(data) else {
            sink.mark(Mark::new("dhcp.malformed", side));
            return Progress::all(data);
        };
        if message.broken {
            sink.mark(Mark::new("dhcp.malformed-options", side));
        }
        if self.all || message.kind == Some(Message::ACKNOWLEDGED) {
            sink.event(Event::Dhcp(&message), Place::said(side, self.transactions));
        }
        self.transactions += 1;
        Progress::all(data)
    }
}

/// The fixed head and its magic number.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Tcp || data.get(FIXED_BYTES..FIXED_BYTES + 4) != Some(&MAGIC) {
        return Probe::No;
    }
    match u8_at(data, 0) {
        Some(1) => Probe::Client,
        Some(2) => Probe::Server,
        _ => Probe::No,
    }
}
