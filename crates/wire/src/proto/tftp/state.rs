//! Requests arrange transfers, which go on from another port of the server.

use super::events::number;
use super::files::Transfer;
use super::records::{Packet, packet};
use crate::proto::{Event, Kind};
use crate::session::*;

#[derive(Default)]
pub struct Conversation {
    transfer: Option<Transfer>,
    transactions: u64,
}

impl Conversation {
    /// The transfer that a request arranged, with that request.
    pub fn of(about: &[u8]) -> Self {
        let transfer = match packet(about) {
            Some(Packet::Request(request)) => Some(Transfer::of(request)),
            _ => None,
        };
        Conversation { transfer, transactions: 0 }
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        match packet(data) {
            Some(Packet::Request(request)) => {
                sink.event(Event::Tftp(&request), Place::said(side, self.transactions));
                self.transactions += 1;
                sink.expect(Expected {
                    over: Over::Udp,
                    address: None,
                    responder: side,
                    port: 0,
                    kind: Kind::Tftp,
                    about: data.to_vec(),
                });
                self.finish(sink);
                self.transfer = Some(Transfer::of(request));
            }
            Some(Packet::Data { block, data }) => {
                if let Some(transfer) = &mut self.transfer {
                    transfer.data(side, block, data, sink);
                }
            }
            Some(Packet::Options(options)) => {
                if let Some(transfer) = &mut self.transfer {
                    transfer.agree(number(&options, b"blksize"));
                }
            }
            Some(Packet::Error(code)) => {
                sink.mark(Mark::new("tftp.error", side).with(code));
                self.finish(sink);
            }
            Some(Packet::Acknowledged) => {}
            None => sink.mark(Mark::new("tftp.malformed", side)),
        }
        Progress::all(data)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.finish(sink);
    }
}

impl Conversation {
    fn finish(&mut self, sink: &mut dyn Sink) {
        if let Some(transfer) = &mut self.transfer {
            transfer.close(FileEnd::Truncated, sink);
        }
    }
}

/// A whole request; its transfer is known by it.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Tcp || data.len() < 10 {
        return Probe::No;
    }
    if matches!(packet(data), Some(Packet::Request(_))) { Probe::Client } else { Probe::No }
}
