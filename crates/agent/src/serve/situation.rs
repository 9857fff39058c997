//! How the endpoint is, as all its parts see it: what it does less than it should, what it hears, and what it counts.

use super::herald::{Herald, News};
use crate::keeping;
use endpoint::keeping::TakenOver;
use model::Message;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Gaps of one part, and gaps that are told of all.
const OF_PART_MAX: usize = 100;
pub const TOLD_MAX: usize = 32;
/// What happens and is over is a gap for so long; and what is a gap is told once in this time.
const PASSES_AFTER: Duration = Duration::from_hours(1);
/// What is over as soon as it is said.
const PASSING: &[&str] = &[
    "exec.overflow",
    "exec.taken-over",
    "exec.unheard",
    "guard.overflow",
    "guard.undo-full",
    "guard.undo-failed",
    "guard.journal",
    "guard.taken-over",
    "isolation.repaired",
    "memory.missed",
    "telemetry.lost",
    "agent.unheard",
];

/// Whose gap it is: a part that begins anew has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Home,
    Execution,
    Folders,
    /// By its state folder.
    Guard(PathBuf),
    Watch,
    Memory,
    Checks,
    Isolation,
    Inventory,
    Herald,
}

#[derive(Debug, Default)]
pub struct Gaps {
    of: BTreeMap<Part, Vec<(Message, Instant)>>,
    told: HashMap<Message, Instant>,
}

/// What parts say of themselves, for whoever reports it.
#[derive(Debug)]
pub struct Situation {
    gaps: Mutex<Gaps>,
    herald: Herald,
}

impl Situation {
    pub fn new(herald: Herald) -> Situation {
        Situation { gaps: Mutex::default(), herald }
    }

    /// A part does less than it should; that is a gap until it begins anew, or passes by itself.
    pub fn degraded(&self, part: Part, why: Message) {
        if self.gaps().add(part, &why, Instant::now()) {
            self.herald.tell(News::Gap { why, seconds: 0 });
        }
    }

    /// A part took over from one that ended without being told to. Each time is told, with for how long nobody answered.
    pub fn taken_over(&self, part: Part, what: &str, over: TakenOver) {
        let why = keeping::message(over, what);
        self.gaps().add(part, &why, Instant::now());
        self.herald.tell(News::Gap { why, seconds: over.milliseconds.div_ceil(1000) });
    }

    /// Everything that one part does less than it should.
    pub fn put(&self, part: Part, all: Vec<Message>) {
        self.begins(&part);
        all.into_iter().for_each(|why| self.degraded(part.clone(), why));
    }

    /// A part begins anew, or is not needed any more.
    pub fn begins(&self, part: &Part) {
        self.gaps().of.remove(part);
    }

    /// What is less than it should be now.
    pub fn now(&self) -> Vec<Message> {
        self.gaps().now(Instant::now())
    }

    fn gaps(&self) -> MutexGuard<'_, Gaps> {
        self.gaps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_passing(why: &Message) -> bool {
    PASSING.contains(&why.code.as_str())
}

impl Gaps {
    /// True when it is to be told.
    fn add(&mut self, part: Part, why: &Message, now: Instant) -> bool {
        let all = self.of.entry(part).or_default();
        // Of what passes the numbers differ each time.
        let is_same = |known: &Message| known == why || is_passing(why) && known.code == why.code;
        all.retain(|(known, _)| !is_same(known));
        if all.len() < OF_PART_MAX {
            all.push((why.clone(), now));
        }
        self.told.retain(|_, at| now.duration_since(*at) < PASSES_AFTER);
        let key = if is_passing(why) { Message::new(&why.code) } else { why.clone() };
        if self.told.contains_key(&key) || self.told.len() >= 10 * OF_PART_MAX {
            return false;
        }
        self.told.insert(key, now);
        true
    }

    fn now(&mut self, now: Instant) -> Vec<Message> {
        for all in self.of.values_mut() {
            all.retain(|(why, at)| !is_passing(why) || now.duration_since(*at) < PASSES_AFTER);
        }
        self.of.values().flatten().map(|(why, _)| why.clone()).take(TOLD_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_lasts_as_long_as_it_is_one() {
        let (mut gaps, start) = (Gaps::default(), Instant::now());
        let lost = |count: i64| Message::new("exec.overflow").number("count", count);
        let unwatched = Message::new("exec.unwatched").with("path", "/mnt");
        assert!(gaps.add(Part::Execution, &lost(3), start));
        assert!(!gaps.add(Part::Execution, &lost(4), start), "it was told a moment ago");
        assert!(gaps.add(Part::Execution, &unwatched, start));
        assert_eq!(gaps.now(start), [lost(4), unwatched.clone()]);
        let later = start + PASSES_AFTER;
        assert_eq!(gaps.now(later), std::slice::from_ref(&unwatched));
        assert!(gaps.add(Part::Execution, &unwatched, later), "once in a while it is told again");
        for number in 0..10_000 {
            gaps.add(Part::Watch, &Message::new("x").number("number", number), later);
        }
        assert!(gaps.now(later).len() <= TOLD_MAX && gaps.told.len() <= 10 * OF_PART_MAX);
    }
}
