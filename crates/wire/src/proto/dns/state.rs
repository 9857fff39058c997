//! Which message answers which, and how DNS is recognised.

use super::records::{self, HEADER_BYTES};
use super::{Message, message};
use crate::bytes::{u8_at, u16_be_at};
use crate::proto::Event;
use crate::session::{Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

/// Questions that wait for their answer; the oldest is forgotten.
const OPEN_MAX: usize = 1024;

/// One conversation over UDP or TCP.
pub struct Conversation {
    over: Over,
    open: VecDeque<(u16, u64)>,
    transactions: u64,
}

impl Conversation {
    pub fn over(over: Over) -> Self {
        Conversation { over, open: VecDeque::new(), transactions: 0 }
    }

    fn tell(&mut self, side: Side, message: &Message, sink: &mut dyn Sink) {
        for code in &message.oddities {
            sink.mark(Mark::new(code, side));
        }
        let transaction = self.transaction(message);
        sink.event(Event::Dns(message), Place::said(side, transaction));
    }

    /// An answer belongs to the transaction of its question.
    fn transaction(&mut self, message: &Message) -> u64 {
        if message.is_answer()
            && let Some(at) = self.open.iter().position(|(id, _)| *id == message.id)
            && let Some((_, transaction)) = self.open.remove(at)
        {
            return transaction;
        }
        let transaction = self.transactions;
        self.transactions += 1;
        if !message.is_answer() {
            if self.open.len() >= OPEN_MAX {
                self.open.pop_front();
            }
            self.open.push_back((message.id, transaction));
        }
        transaction
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.over == Over::Udp {
            if let Some(message) = message(data) {
                self.tell(side, &message, sink);
            }
            return Progress::all(data);
        }
        let Some(length) = u16_be_at(data, 0).map(usize::from) else {
            return Progress::Took { used: 0, wants: 2 };
        };
        let Some(body) = data.get(2..2 + length) else { return Progress::Took { used: 0, wants: 2 + length } };
        match message(body) {
            Some(message) => self.tell(side, &message, sink),
            None if length > 0 => return Progress::Lost,
            None => {}
        }
        Progress::took(2 + length)
    }
}

/// DNS has no magic: the header must make sense, the question must be a name, and one port must be a known one.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const PORTS: &[u16] = &[53, 5353, 5355];
    if !way.touches(PORTS) {
        return Probe::No;
    }
    let body = match way.over {
        Over::Udp => data,
        Over::Tcp => match u16_be_at(data, 0).map(usize::from) {
            None => return Probe::More,
            Some(length) if length < HEADER_BYTES => return Probe::No,
            Some(length) => data.get(2..(2 + length).min(data.len())).unwrap_or_default(),
        },
    };
    let (Some(flags), Some(questions), Some(answers)) = (u16_be_at(body, 2), u16_be_at(body, 4), u16_be_at(body, 6))
    else {
        return if way.over == Over::Tcp { Probe::More } else { Probe::No };
    };
    let operation = flags >> 11 & 0x0f;
    let starts_with_name = u8_at(body, HEADER_BYTES).is_none_or(|length| length <= 0x3f || length >= 0xc0);
    let sane = operation <= 6 && questions <= 32 && answers <= records::ANSWERS_PLAUSIBLE && starts_with_name;
    if !sane || (questions == 0 && answers == 0 && flags & 0x8000 == 0) {
        return Probe::No;
    }
    if flags & 0x8000 == 0 { Probe::Client } else { Probe::Server }
}
