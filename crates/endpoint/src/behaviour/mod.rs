//! What events mean: rules of Sigma look at one event each ([`rules`]), sequences at what a lineage does one after the other
//! ([`sequence`]). Both are data. Events are brought into the order of their time first ([`order`]), as sources are heard
//! at different speeds.

pub mod alarm;
mod builtin;
pub mod fields;
pub mod order;
pub mod rules;
pub mod sequence;
mod steps;

use crate::telemetry::event::Event;
use alarm::Alarm;
use order::Order;
use rules::Rules;
use sequence::Sequences;

/// Judges events as they come.
#[derive(Debug)]
pub struct Behaviour {
    rules: Rules,
    sequences: Sequences,
    order: Order,
}

impl Behaviour {
    pub fn new(rules: Rules, sequences: Sequences) -> Behaviour {
        Behaviour { rules, sequences, order: Order::default() }
    }

    /// Takes in an event, and tells what those mean that are due.
    pub fn take(&mut self, event: Event, tell: &mut dyn FnMut(Alarm)) {
        let (rules, sequences) = (&self.rules, &mut self.sequences);
        self.order.put(event, &mut |event| judge(rules, sequences, &event, tell));
    }

    /// Nothing more comes.
    pub fn end(&mut self, tell: &mut dyn FnMut(Alarm)) {
        let (rules, sequences) = (&self.rules, &mut self.sequences);
        self.order.end(&mut |event| judge(rules, sequences, &event, tell));
    }

    /// What sequences began and had to be forgotten for want of room.
    pub fn forgotten(&self) -> u64 {
        self.sequences.forgotten()
    }
}

fn judge(rules: &Rules, sequences: &mut Sequences, event: &Event, tell: &mut dyn FnMut(Alarm)) {
    rules.judge(event, tell);
    sequences.judge(event, tell);
}
