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
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    contents: HashMap<Version, Sums>,
    /// Under the rules of a number only.
    outcomes: HashMap<(Version, u64), Outcome>,
    number: u64,
    told: HashSet<u64>,
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
        self.lock().outcomes.get(&(*version, path)).copied()
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
        known.outcomes.insert((version, path), outcome);
    }

    /// Forgets all outcomes; from now on those count that were found under the rules of a number.
    pub fn begin_again(&self, rules: u64) {
        let mut known = self.lock();
        known.outcomes.clear();
        known.number = rules;
    }

    /// Forgets outcomes that may be better by now.
    pub fn forget_what_was_kept(&self) {
        self.lock().outcomes.retain(|_, outcome| *outcome == Outcome::Ran);
    }

    /// True the first time for a file and an outcome.
    pub fn is_news(&self, what: impl Hash) -> bool {
        let what = self.state.hash_one(what);
        let mut known = self.lock();
        if known.told.len() >= TOLD_MAX {
            known.told.clear();
        }
        known.told.insert(what)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
            seen.is_news(inode);
        }
        let known = seen.lock();
        assert!(known.outcomes.len() <= OUTCOMES_MAX && known.contents.len() <= CONTENTS_MAX);
        assert!(known.told.len() <= TOLD_MAX);
        drop(known);
        assert!(seen.is_news(("a", "ran")));
        assert!(!seen.is_news(("a", "ran")));
        assert!(seen.is_news(("a", "blocked")));
    }
}
