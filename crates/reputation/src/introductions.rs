//! How often a file was brought in, by people who did so by themselves.
//!
//! A host says something of its own only when somebody brought the file there from beyond the network, on a medium, or made it
//! there. Two such are independent when they are of different people and of different days; and no group counts more than
//! [`GROUP_INTRODUCTIONS_MAX`]. What has no person, or came from host to host, is a copy.
//!
//! How many there are at most is no more than can be matched of days with groups, of accounts with groups, and of accounts with
//! days: the least counts. Matchings and not counts, or one account in ten groups and ten accounts in one group would be ten
//! together. And the largest ones, so that leaving something out never makes more.

use crate::arrival::Arrival;
use crate::weights::{GROUP_INTRODUCTIONS_MAX, INTRODUCTIONS_MAX, SLOT_SECONDS};

/// Independent introductions among hosts that have a file: at least one, if anybody has it.
pub(crate) fn count<'a>(arrivals: impl Iterator<Item = &'a Arrival> + Clone) -> u32 {
    let own = arrivals.clone().filter(|arrival| arrival.source.is_own() && arrival.account != 0);
    let day = |arrival: &Arrival| arrival.first / SLOT_SECONDS;
    let group = |arrival: &Arrival| u32::from(arrival.group);
    let of_groups = |left: &dyn Fn(&Arrival) -> u32| {
        matching(own.clone().map(|arrival| (left(arrival), group(arrival))).collect(), GROUP_INTRODUCTIONS_MAX)
    };
    let of_days = matching(own.clone().map(|arrival| (arrival.account, day(arrival))).collect(), 1);
    let most = of_days.min(of_groups(&day)).min(of_groups(&|arrival| arrival.account));
    let seen = u32::from(arrivals.clone().next().is_some());
    u32::try_from(most).unwrap_or(INTRODUCTIONS_MAX).clamp(seen, INTRODUCTIONS_MAX)
}

/// How many of the left can have one of the right each, when one of the right may be had `room` times.
fn matching(mut pairs: Vec<(u32, u32)>, room: usize) -> usize {
    if pairs.len() < 2 {
        return pairs.len();
    }
    pairs.sort_unstable();
    pairs.dedup();
    let mut lefts: Vec<u32> = pairs.iter().map(|(left, _)| *left).collect();
    lefts.dedup();
    let mut had = Had { pairs, room, by: Vec::new() };
    lefts.into_iter().filter(|left| had.give(*left, &mut Vec::new())).count()
}

/// Who has which of the right. Kuhn's algorithm over at most [`crate::file::SAMPLE_MAX`] pairs.
struct Had {
    pairs: Vec<(u32, u32)>,
    room: usize,
    by: Vec<(u32, u32)>,
}

impl Had {
    /// Gives one of the right to `left`, moving others on where that helps. `tried` holds what was looked at already, so this
    /// goes no deeper than there are of the right.
    fn give(&mut self, left: u32, tried: &mut Vec<u32>) -> bool {
        let wanted: Vec<u32> = self.pairs.iter().filter(|pair| pair.0 == left).map(|pair| pair.1).collect();
        for right in wanted {
            if tried.contains(&right) {
                continue;
            }
            tried.push(right);
            let holders: Vec<u32> = self.by.iter().filter(|pair| pair.1 == right).map(|pair| pair.0).collect();
            if holders.len() < self.room {
                self.by.push((left, right));
                return true;
            }
            for holder in holders {
                if self.give(holder, tried) {
                    self.by.retain(|pair| *pair != (holder, right));
                    self.by.push((left, right));
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::matching;

    #[test]
    fn moves_others_on_where_that_makes_more() {
        assert_eq!(matching(vec![], 1), 0);
        assert_eq!(matching(vec![(1, 1), (1, 2), (2, 1)], 1), 2);
        assert_eq!(matching(vec![(1, 1), (1, 2), (2, 1), (3, 2), (4, 1)], 1), 2);
        assert_eq!(matching(vec![(1, 9), (2, 9), (3, 9), (4, 9)], 2), 2);
        // One account on ten days, and ten accounts on one day.
        let mixed: Vec<_> = (0..10).map(|day| (1, day)).chain((0..10).map(|account| (account, 5))).collect();
        assert_eq!(matching(mixed, 1), 2);
    }
}
