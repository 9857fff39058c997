//! Every message is told; an answer in the transaction of its question.

use super::message;
use crate::proto::Event;
use crate::session::*;
use std::collections::VecDeque;

/// Questions that wait for their answer; the oldest is forgotten.
const OPEN_MAX: usize = 256;

#[derive(Default)]
pub struct Conversation {
    open: VecDeque<(i64, u64)>,
    transactions: u64,
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(message) = message(data) else {
            sink.mark(Mark::new("snmp.malformed", side));
            return Progress::all(data);
        };
        if message.broken {
            sink.mark(Mark::new("snmp.malformed", side));
        }
        let transaction = self.transaction(message.request, message.kind == Some(0xa2));
        sink.event(Event::Snmp(&message), Place::said(side, transaction));
        Progress::all(data)
    }
}

impl Conversation {
    fn transaction(&mut self, request: i64, is_answer: bool) -> u64 {
        if is_answer
            && let Some(at) = self.open.iter().position(|(id, _)| *id == request)
            && let Some((_, transaction)) = self.open.remove(at)
        {
            return transaction;
        }
        let transaction = self.transactions;
        self.transactions += 1;
        if !is_answer {
            if self.open.len() >= OPEN_MAX {
                self.open.pop_front();
            }
            self.open.push_back((request, transaction));
        }
        transaction
    }
}

/// A message that is one from its first byte to its last kind; over the ports of SNMP also a broken one.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    // Where DNS is spoken, a message that looks like this is somebody's joke.
    if way.over == Over::Tcp || way.touches(&[53]) || data.first() != Some(&0x30) {
        return Probe::No;
    }
    let Some(message) = message(data) else { return Probe::No };
    let known = message.encrypted || matches!(message.kind, Some(0xa0..=0xa8));
    if !known || (message.broken && !way.touches(&[161, 162])) {
        return Probe::No;
    }
    if message.kind == Some(0xa2) { Probe::Server } else { Probe::Client }
}
