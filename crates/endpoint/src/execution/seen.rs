//! What was found before, bounded: contents by the version of a file, outcomes by that and its name, and what was told.

use crate::kernel::facts::Version;
use crate::sums::Sums;
use policy::Outcome;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const CONTENTS_MAX: usize = 50_000;
const OUTCOMES_MAX: usize = 50_000;
const TOLD_MAX: usize = 100_000;

#[derive(Debug, Default)]
pub struct Seen {
    state: RandomState,
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    contents: HashMap<Version, Sums>,
    /// Under the rules of a number only.
    outcomes: HashMap<(Version, u64), Known>,
    number: u64,
    /// Since these rules.
    told: HashSet<u64>,
    /// Of each file, whatever the rules.
    told_last: HashMap<u64, u64>,
    /// How often what is told again was met before, by the same.
    untold: HashMap<(Version, u64), u64>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    outcome: Outcome,
    /// Since it was told.
    times: u64,
}

impl Seen {
    pub fn sums(&self, version: &Version) -> Option<Sums> {
        self.lock().contents.get(version).copied()
    }

    pub fn keep_sums(&self, version: Version, sums: Sums) {
        let mut known = self.lock();
        if known.contents.len() >= CONTENTS_MAX {
            known.contents.clear();
        }
        known.contents.insert(version, sums);
    }

    pub fn outcome(&self, version: &Version, path: &Path) -> Option<Outcome> {
        let path = self.state.hash_one(path);
        let mut known = self.lock();
        let known = known.outcomes.get_mut(&(*version, path))?;
        known.times = known.times.saturating_add(1);
        Some(known.outcome)
    }

    /// Remembers what came of a verdict, unless other rules are in force than those under which it was made.
    pub fn keep_outcome(&self, version: Version, path: &Path, outcome: Outcome, rules: u64) {
        let path = self.state.hash_one(path);
        let mut known = self.lock();
        if known.number != rules {
            return;
        }
        if known.outcomes.len() >= OUTCOMES_MAX {
            known.outcomes.clear();
        }
        known.outcomes.insert((version, path), Known { outcome, times: 0 });
    }

    /// Forgets all outcomes; from now on those count that were found under the rules of a number. Of what was told the last
    /// of each file is remembered: whoever heard of another one since believes that one.
    pub fn begin_again(&self, rules: u64) {
        let mut known = self.lock();
        known.forget_outcomes();
        known.number = rules;
        known.told.clear();
    }

    /// Forgets what was told, so that it is told once more when it is met.
    pub fn tell_anew(&self) {
        let mut known = self.lock();
        known.forget_outcomes();
        known.forget_told();
    }

    /// Forgets outcomes that may be better by now.
    pub fn forget_what_was_kept(&self) {
        self.lock().outcomes.retain(|_, known| known.outcome == Outcome::Ran);
    }

    /// The first time for a file and an outcome, how often it was met since it was told before; none when it is known.
    pub fn news(&self, file: impl Hash, outcome: impl Hash, version: &Version, path: &Path) -> Option<u64> {
        let (file, path) = (self.state.hash_one(file), self.state.hash_one(path));
        let what = self.state.hash_one((file, self.state.hash_one(outcome)));
        let mut known = self.lock();
        if known.told.len().max(known.told_last.len()) >= TOLD_MAX {
            known.forget_told();
        }
        if known.told_last.get(&file) == Some(&what) || !known.told.insert(what) {
            return None;
        }
        known.told_last.insert(file, what);
        let since = known.untold.remove(&(*version, path)).unwrap_or(0);
        Some(since.saturating_add(1))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn forget_told(&mut self) {
        self.told.clear();
        self.told_last.clear();
    }

    /// Their counts stay until they are told.
    fn forget_outcomes(&mut self) {
        for (key, known) in self.outcomes.drain().filter(|(_, known)| known.times > 0) {
            if self.untold.len() >= OUTCOMES_MAX {
                self.untold.clear();
            }
            *self.untold.entry(key).or_default() += known.times;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Digest;

    fn version(inode: u64) -> Version {
        Version { device: (8, 1), inode, bytes: 1, modified: (1, 1), changed: (1, 1) }
    }

    #[test]
    fn an_outcome_holds_for_a_name_and_as_long_as_the_rules() {
        let seen = Seen::default();
        let (a, b) = (Path::new("/a"), Path::new("/b"));
        seen.keep_outcome(version(1), a, Outcome::Blocked, 0);
        assert_eq!(seen.outcome(&version(1), a), Some(Outcome::Blocked));
        assert_eq!((seen.outcome(&version(1), b), seen.outcome(&version(2), a)), (None, None));
        seen.keep_outcome(version(2), a, Outcome::Ran, 0);
        seen.forget_what_was_kept();
        assert_eq!((seen.outcome(&version(1), a), seen.outcome(&version(2), a)), (None, Some(Outcome::Ran)));
        seen.begin_again(1);
        // Whoever began before that comes too late.
        seen.keep_outcome(version(1), a, Outcome::Ran, 0);
        assert_eq!((seen.outcome(&version(1), a), seen.outcome(&version(2), a)), (None, None));
    }

    #[test]
    fn nothing_grows_without_end_and_news_are_told_once() {
        let seen = Seen::default();
        for inode in 0..120_000 {
            seen.keep_outcome(version(inode), Path::new("/a"), Outcome::Ran, 0);
            seen.keep_sums(version(inode), Sums { sha256: Digest([0; 32]), md5: None });
            seen.news(inode, Outcome::Ran as u8, &version(inode), Path::new("/a"));
        }
        let known = seen.lock();
        assert!(known.outcomes.len() <= OUTCOMES_MAX && known.contents.len() <= CONTENTS_MAX);
        assert!(known.told.len() <= TOLD_MAX && known.told_last.len() <= TOLD_MAX);
        drop(known);
        seen.tell_anew();
        assert!(seen.lock().untold.len() <= OUTCOMES_MAX);
    }

    #[test]
    fn what_goes_on_being_met_is_told_again_with_how_often_it_was() {
        let (seen, path) = (Seen::default(), Path::new("/a"));
        let news = |what: &str| seen.news("a", what, &version(1), path);
        assert_eq!((news("blocked"), news("ran"), news("ran")), (Some(1), Some(1), None));
        seen.keep_outcome(version(1), path, Outcome::Ran, 0);
        for _ in 0..3 {
            seen.outcome(&version(1), path);
        }
        seen.begin_again(0);
        assert_eq!(news("ran"), None, "other rules make no news of the same outcome");
        seen.tell_anew();
        assert_eq!((news("ran"), news("ran")), (Some(4), None));
        seen.tell_anew();
        assert_eq!(news("ran"), Some(1));
    }

    #[test]
    fn what_runs_again_once_other_rules_hold_is_told_again() {
        let seen = Seen::default();
        let news = |file: &str, what: &str| seen.news(file, what, &version(1), Path::new("/a"));
        assert_eq!((news("a", "ran"), news("b", "ran")), (Some(1), Some(1)));
        seen.begin_again(1);
        assert_eq!((news("a", "ran"), news("b", "ran")), (None, None));
        assert_eq!((news("a", "blocked"), news("a", "blocked")), (Some(1), None));
        seen.begin_again(2);
        assert_eq!((news("a", "blocked"), news("a", "ran"), news("b", "ran")), (None, Some(1), None));
        // To and fro under the same rules is told once each.
        assert_eq!((news("a", "blocked"), news("a", "ran"), news("a", "blocked")), (Some(1), None, None));
    }
}
