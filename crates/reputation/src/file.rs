//! What is kept of one file: a sample of the hosts that have it, and the weeks in which it was in use.

use crate::arrival::{Arrival, Seconds};
use crate::hash;
use crate::names::GroupNumber;
use crate::weights::WEEK_OF_ONE_GROUP;
use serde::{Deserialize, Serialize};

/// Hosts of a file are kept exactly up to here; of more, those that come first in an order of the file's own. This is the same
/// sample in whatever order hosts come, and its last says how many there are (bottom-k, Cohen and Kaplan 2007).
pub(crate) const SAMPLE_MAX: usize = 64;

/// Later weeks push out earlier ones. Age counts to 90 days.
const WEEKS_MAX: usize = 16;

const WEEK_SECONDS: Seconds = 7 * 86_400;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct File {
    /// In the order of [`rank`].
    arrivals: Vec<Arrival>,
    /// Whether there are hosts beyond the sample.
    sampled: bool,
    /// In order of time.
    weeks: Vec<Week>,
    pub first: Seconds,
    pub last: Seconds,
}

/// A week in which hosts used the file that did not just get it from each other. Two are all that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Week {
    number: u16,
    hosts: Two<u32>,
    groups: Two<GroupNumber>,
}

/// The two least of what was added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Two<T>(Option<T>, Option<T>);

impl<T: Copy + Ord> Two<T> {
    fn add(&mut self, one: T) {
        match (self.0, self.1) {
            (None, _) => self.0 = Some(one),
            (Some(least), _) if one < least => *self = Two(Some(one), Some(least)),
            (Some(least), second) if one > least && second.is_none_or(|second| one < second) => self.1 = Some(one),
            _ => {}
        }
    }
}

impl File {
    pub fn new(first: Seconds) -> File {
        // Most files have one host: room for four, which a list begins with, is half of what all files take.
        File { arrivals: Vec::with_capacity(1), sampled: false, weeks: Vec::new(), first, last: first }
    }

    /// Adds a sighting. `own` says whether its host did more than get it from another.
    pub fn add(&mut self, key: u64, arrival: Arrival, own: bool) {
        self.first = self.first.min(arrival.first);
        self.last = self.last.max(arrival.first);
        if own {
            self.add_week(&arrival);
        }
        let place = rank(key, arrival.host);
        match self.arrivals.binary_search_by_key(&place, |known| rank(key, known.host)) {
            Ok(at) => {
                if let Some(known) = self.arrivals.get_mut(at) {
                    *known = (*known).min(arrival);
                }
            }
            Err(at) if at < SAMPLE_MAX => {
                self.sampled |= self.arrivals.len() == SAMPLE_MAX;
                self.arrivals.truncate(SAMPLE_MAX - 1);
                self.arrivals.insert(at, arrival);
            }
            Err(_) => self.sampled = true,
        }
    }

    fn add_week(&mut self, arrival: &Arrival) {
        let number = week(arrival.first);
        let at = match self.weeks.binary_search_by_key(&number, |week| week.number) {
            Ok(at) => at,
            Err(0) if self.weeks.len() == WEEKS_MAX => return,
            Err(at) => {
                let made = Week { number, hosts: Two(None, None), groups: Two(None, None) };
                if self.weeks.is_empty() {
                    self.weeks.reserve_exact(1);
                }
                self.weeks.insert(at, made);
                let over = self.weeks.len().saturating_sub(WEEKS_MAX);
                self.weeks.drain(..over);
                at - over
            }
        };
        if let Some(week) = self.weeks.get_mut(at) {
            week.hosts.add(u32::try_from(arrival.host >> 32).unwrap_or(u32::MAX));
            week.groups.add(arrival.group);
        }
    }

    /// Hosts it was seen on by a moment, of the sample; the first of each.
    pub fn arrivals(&self, now: i64) -> impl Iterator<Item = &Arrival> + Clone {
        self.arrivals.iter().filter(move |arrival| i64::from(arrival.first) <= now)
    }

    /// The host, if it is the only one.
    pub fn only_host(&self) -> Option<u64> {
        match self.arrivals.as_slice() {
            [only] => Some(only.host),
            _ => None,
        }
    }

    /// By how many hosts each of the sample stands for.
    pub fn scale(&self, key: u64) -> f64 {
        let Some(last) = self.arrivals.last().filter(|_| self.sampled) else { return 1.0 };
        // The last of k has (k - 1) before it, in this share of all there could be.
        let share = rank(key, last.host) as f64 / 2_f64.powi(64);
        let many = (SAMPLE_MAX - 1) as f64 / share.max(f64::MIN_POSITIVE);
        (many / SAMPLE_MAX as f64).max(1.0)
    }

    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// Days in which it was in use on hosts that did not just get it from each other.
    pub fn age_days(&self, now: i64) -> f64 {
        let since_first = (now - i64::from(self.first)).max(0) as f64 / 86_400.0;
        let this_week = week(Seconds::try_from(now.max(0)).unwrap_or(Seconds::MAX));
        let weeks = self.weeks.iter().filter(|week| week.number <= this_week).map(Week::counts);
        (7.0 * weeks.sum::<f64>()).min(since_first)
    }
}

impl Week {
    fn counts(&self) -> f64 {
        match (self.groups.1, self.hosts.1) {
            (Some(_), Some(_)) => 1.0,
            (None, Some(_)) => WEEK_OF_ONE_GROUP,
            _ => 0.0,
        }
    }
}

fn week(at: Seconds) -> u16 {
    u16::try_from(at / WEEK_SECONDS).unwrap_or(u16::MAX)
}

/// Where a host stands in the order of a file: another one for each, so that nobody is in every sample.
fn rank(key: u64, host: u64) -> u64 {
    hash::mix(key ^ host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::ProgramKey;
    use crate::{Place, Remote, Source, UserRole};

    fn arrival(host: u64, first: Seconds, group: u16) -> Arrival {
        Arrival {
            first,
            source: Source::Outside,
            account: 1,
            writer: ProgramKey::Unknown,
            parent: None,
            place: Place::Unknown,
            user: UserRole::Unknown,
            hour: None,
            remote: Remote::Unknown,
            group,
            role: 0,
            host: hash::mix(host),
        }
    }

    #[test]
    fn a_sample_tells_how_many_hosts_there_are_in_whatever_order_they_came() {
        for many in [1_u64, 64, 65, 500, 10_000] {
            let mut forth = File::new(7);
            (0..many).for_each(|host| forth.add(99, arrival(host, 7, 0), true));
            let mut back = File::new(7);
            (0..many).rev().for_each(|host| back.add(99, arrival(host, 7, 0), true));
            assert_eq!(forth, back);
            let hosts = forth.scale(99) * forth.arrivals(7).count() as f64;
            assert!((hosts - many as f64).abs() <= 0.35 * many as f64, "{hosts} of {many}");
            assert_eq!(forth.is_sampled(), many > 64);
        }
    }

    #[test]
    fn only_weeks_with_two_hosts_make_old() {
        let day = 86_400;
        let mut file = File::new(0);
        for week in 0..10 {
            file.add(1, arrival(1, week * WEEK_SECONDS, 1), true);
        }
        let now = i64::from(10 * WEEK_SECONDS);
        assert_eq!(file.age_days(now), 0.0);
        // It comes back after it slept; a second host of the group, and one of another.
        file.add(1, arrival(2, 9 * WEEK_SECONDS + day, 1), true);
        assert_eq!(file.age_days(now), 3.5);
        file.add(1, arrival(3, 9 * WEEK_SECONDS + day, 2), true);
        assert_eq!(file.age_days(now), 7.0);
        file.add(1, arrival(4, 8 * WEEK_SECONDS, 2), false);
        assert_eq!((file.age_days(now), file.age_days(0)), (7.0, 0.0));
    }
}
