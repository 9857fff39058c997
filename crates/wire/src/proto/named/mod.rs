//! Protocols that are named and not read: their conversations are told apart, nothing more.

mod probes;

pub use probes::{bittorrent_dht, dnp3, enip, modbus, ntp, telnet};

use crate::session::{Progress, Protocol, Side, Sink};

/// Takes everything and says nothing.
#[derive(Default)]
pub struct Conversation;

impl Protocol for Conversation {
    fn data(&mut self, _side: Side, data: &[u8], _sink: &mut dyn Sink) -> Progress {
        Progress::all(data)
    }

    fn gap(&mut self, _side: Side, rest: &[u8], _length: u64, _sink: &mut dyn Sink) -> Progress {
        Progress::took(rest.len())
    }
}

#[cfg(test)]
mod tests;
