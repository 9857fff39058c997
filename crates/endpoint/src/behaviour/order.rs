//! Brings events into the order of their time. Each is held until others are so much later that none before it comes any
//! more, as far as anybody knows; one that comes later still is handed on when it comes.

use crate::telemetry::event::Event;
use std::collections::BTreeMap;

/// How long an event is held, by the time of events: as long as the slowest source is looked at, and some.
pub const HELD_NS: u64 = 2_500_000_000;
/// Events that are held; beyond, the first ones go on.
pub const HELD_MAX: usize = 65_536;

#[derive(Debug, Default)]
pub struct Order {
    held: BTreeMap<(u64, u64), Event>,
    latest: u64,
}

impl Order {
    pub fn put(&mut self, event: Event, hand_on: &mut dyn FnMut(Event)) {
        self.latest = self.latest.max(event.time);
        self.held.insert((event.time, event.sequence), event);
        let due = self.latest.saturating_sub(HELD_NS);
        while let Some(first) = self.held.first_entry() {
            let (time, _) = *first.key();
            if time > due && self.held.len() <= HELD_MAX {
                return;
            }
            if let Some((_, event)) = self.held.pop_first() {
                hand_on(event);
            }
        }
    }

    pub fn end(&mut self, hand_on: &mut dyn FnMut(Event)) {
        while let Some((_, event)) = self.held.pop_first() {
            hand_on(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::event::{Class, Report, VERSION};
    use proptest::prelude::*;

    fn event(sequence: u64, time: u64) -> Event {
        Event { version: VERSION, sequence, time, what: Class::TelemetryReport(Report::default()) }
    }

    proptest! {
        /// Whatever comes in whatever order comes out once; and in order, if nothing is later than it is waited for.
        #[test]
        fn all_come_out_once_and_in_order(times in proptest::collection::vec(0..HELD_NS, 0..80)) {
            let (mut order, mut out) = (Order::default(), Vec::new());
            for (sequence, time) in (1..).zip(&times) {
                order.put(event(sequence, *time), &mut |event| out.push((event.time, event.sequence)));
            }
            order.end(&mut |event| out.push((event.time, event.sequence)));
            let mut expected: Vec<_> = times.iter().copied().zip(1..).collect();
            expected.sort_unstable();
            prop_assert_eq!(out, expected);
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        let (mut order, mut out) = (Order::default(), 0);
        for sequence in 0..100_000 {
            order.put(event(sequence, 5), &mut |_| out += 1);
        }
        assert_eq!(order.held.len(), HELD_MAX);
        assert_eq!(out, 100_000 - HELD_MAX);
    }
}
