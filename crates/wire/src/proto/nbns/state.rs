//! Which answer belongs to which question, and how NetBIOS over UDP is recognised.

use super::events::Packet;
use super::records;
use crate::bytes::u16_be_at;
use crate::proto::Event;
use crate::session::{Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

/// Questions that wait for their answer; the oldest is forgotten.
const OPEN_MAX: usize = 256;
const NAME_PORT: u16 = 137;
const DATAGRAM_PORT: u16 = 138;
/// Operations of the name service.
const OPERATIONS: &[u16] = &[0, 5, 6, 7, 8, 9, 15];

#[derive(Default)]
pub struct Conversation {
    open: VecDeque<(u16, u64)>,
    transactions: u64,
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let packet = match records::datagram(data) {
            Some(datagram) => Some(Packet::Datagram(datagram)),
            None => records::message(data).map(Packet::Message),
        };
        match packet {
            Some(packet) => {
                let transaction = self.transaction(&packet);
                sink.event(Event::Nbns(&packet), Place::said(side, transaction));
            }
            None => sink.mark(Mark::new("nbns.malformed", side)),
        }
        Progress::all(data)
    }
}

impl Conversation {
    /// An answer belongs to the transaction of its question.
    fn transaction(&mut self, packet: &Packet) -> u64 {
        if let Packet::Message(message) = packet
            && message.is_answer()
            && let Some(at) = self.open.iter().position(|(id, _)| *id == message.id)
            && let Some((_, transaction)) = self.open.remove(at)
        {
            return transaction;
        }
        let transaction = self.transactions;
        self.transactions += 1;
        if let Packet::Message(message) = packet
            && !message.is_answer()
        {
            if self.open.len() >= OPEN_MAX {
                self.open.pop_front();
            }
            self.open.push_back((message.id, transaction));
        }
        transaction
    }
}

/// Names have an encoding of their own, which nothing else has.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over != Over::Udp {
        return Probe::No;
    }
    if way.touches(&[DATAGRAM_PORT]) && records::datagram(data).is_some() {
        return Probe::Client;
    }
    if !way.touches(&[NAME_PORT]) || records::message(data).is_none() {
        return Probe::No;
    }
    let flags = u16_be_at(data, 2).unwrap_or_default();
    match (OPERATIONS.contains(&(flags >> 11 & 0x0f)), flags & 0x8000 != 0) {
        (false, _) => Probe::No,
        (true, true) => Probe::Server,
        (true, false) => Probe::Client,
    }
}
