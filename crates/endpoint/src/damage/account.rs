//! What a lineage of processes did to files, added up.

use super::pair::Damage;
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// From so many points on a lineage is stopped.
pub const POINTS_MAX: f64 = 11.5;
/// It must have been at so many files: one that is encrypted is somebody's own business.
pub const FILES_MIN: usize = 3;
/// Or at so many when one of them is nobody's business.
const FILES_MIN_WITH_CANARY: usize = 2;
/// Canaries that count: who goes through everything and does no harm comes upon all there are.
const CANARIES_MAX: usize = 2;
/// What may well be honest is forgotten by half in this time, what hardly is in that.
const WEAK_HALF_LIFE: Duration = Duration::from_hours(1);
const STRONG_HALF_LIFE: Duration = Duration::from_hours(7 * 24);

/// Something that was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Its content is another one.
    Changed(Damage),
    /// A file that was not its own is gone, or another stands in its place.
    Removed,
    /// There is a new file of noise that has no form.
    NoiseMade,
    Renamed,
    /// It was one that nobody has a reason to change; beside what was done to it.
    Canary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Canary,
    Scrambled,
    PartlyScrambled,
    Emptied,
    Replaced,
    RemovedBesideNoise,
    Removed,
    NoiseMade,
    Renamed,
}

impl Counted {
    fn points(self) -> f64 {
        match self {
            Counted::Scrambled | Counted::Canary => 4.0,
            Counted::PartlyScrambled | Counted::RemovedBesideNoise => 3.0,
            Counted::Removed => 1.5,
            Counted::Emptied => 1.0,
            Counted::Replaced | Counted::Renamed => 0.25,
            // By itself that is what anybody does who packs or encrypts for himself.
            Counted::NoiseMade => 0.0,
        }
    }

    fn is_strong(self) -> bool {
        matches!(self, Counted::Canary | Counted::Scrambled | Counted::PartlyScrambled | Counted::RemovedBesideNoise)
    }

    fn code(self) -> &'static str {
        match self {
            Counted::Canary => "damage.canary",
            Counted::Scrambled => "damage.scrambled",
            Counted::PartlyScrambled => "damage.partly-scrambled",
            Counted::Emptied => "damage.emptied",
            Counted::Replaced => "damage.replaced",
            Counted::RemovedBesideNoise => "damage.removed-beside-noise",
            Counted::Removed => "damage.removed",
            Counted::NoiseMade => "damage.noise-made",
            Counted::Renamed => "damage.renamed",
        }
    }
}

/// What a lineage did so far.
#[derive(Debug, Clone, Default)]
pub struct Account {
    weak: Fading,
    strong: Fading,
    files: BTreeSet<u64>,
    counts: BTreeMap<Counted, u64>,
    noise_made: u64,
    canaries: BTreeSet<u64>,
}

/// Why a lineage was stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tripped {
    pub points: f64,
    /// Files that it was at, without canaries.
    pub files: usize,
    pub reasons: Vec<Reason>,
}

/// So many files of one kind of act, in words.
pub type Reason = Message;

impl Account {
    /// Adds what was done to a file, which is named by any number of its own, at a time since anything. Tells when it is
    /// too much.
    pub fn add(&mut self, file: u64, act: Act, at: Duration) -> Option<Tripped> {
        let counted = self.counted(file, act)?;
        self.files.insert(file);
        *self.counts.entry(counted).or_default() += 1;
        let fading = if counted.is_strong() { &mut self.strong } else { &mut self.weak };
        let half_life = if counted.is_strong() { STRONG_HALF_LIFE } else { WEAK_HALF_LIFE };
        fading.add(counted.points(), at, half_life);
        let points = self.strong.left(at, STRONG_HALF_LIFE) + self.weak.left(at, WEAK_HALF_LIFE);
        let files_min = if self.canaries.is_empty() { FILES_MIN } else { FILES_MIN_WITH_CANARY };
        (points >= POINTS_MAX && self.files.len() >= files_min).then(|| self.tripped(points))
    }

    fn counted(&mut self, file: u64, act: Act) -> Option<Counted> {
        Some(match act {
            Act::Changed(Damage::Scrambled) => Counted::Scrambled,
            Act::Changed(Damage::PartlyScrambled) => Counted::PartlyScrambled,
            Act::Changed(Damage::Emptied) => Counted::Emptied,
            Act::Changed(Damage::Replaced) => Counted::Replaced,
            Act::Changed(Damage::Edited | Damage::Unchanged) => return None,
            // A file that goes while files of noise come is most likely in one of them.
            Act::Removed if self.noise_made > 0 => {
                self.noise_made -= 1;
                Counted::RemovedBesideNoise
            }
            Act::Removed => Counted::Removed,
            Act::NoiseMade => {
                self.noise_made += 1;
                Counted::NoiseMade
            }
            Act::Renamed => Counted::Renamed,
            Act::Canary if !self.canaries.insert(file) || self.canaries.len() > CANARIES_MAX => return None,
            Act::Canary => Counted::Canary,
        })
    }

    fn tripped(&self, points: f64) -> Tripped {
        let reason = |(counted, count): (&Counted, &u64)| {
            Message::new(counted.code()).number("files", i64::try_from(*count).unwrap_or(i64::MAX))
        };
        let files = self.files.difference(&self.canaries).count();
        Tripped { points, files, reasons: self.counts.iter().map(reason).collect() }
    }
}

/// Points that are forgotten in time.
#[derive(Debug, Clone, Copy, Default)]
struct Fading {
    points: f64,
    at: Duration,
}

impl Fading {
    fn left(&self, now: Duration, half_life: Duration) -> f64 {
        // A clock that is set back makes nothing younger.
        let passed = now.saturating_sub(self.at);
        self.points * 0.5_f64.powf(passed.as_secs_f64() / half_life.as_secs_f64())
    }

    fn add(&mut self, points: f64, now: Duration, half_life: Duration) {
        *self = Fading { points: self.left(now, half_life) + points, at: now.max(self.at) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(acts: &[Act], every: Duration) -> Option<usize> {
        let mut account = Account::default();
        (0_u32..)
            .zip(acts)
            .position(|(number, act)| account.add(u64::from(number), *act, every * number).is_some())
            .map(|at| at + 1)
    }

    #[test]
    fn those_who_scramble_are_stopped_after_few_files() {
        let soon = Duration::from_millis(1);
        assert_eq!(after(&[Act::Changed(Damage::Scrambled); 20], soon), Some(3));
        assert_eq!(after(&[Act::Changed(Damage::PartlyScrambled); 20], soon), Some(4));
        assert_eq!(after(&[Act::NoiseMade, Act::Removed].repeat(20), soon), Some(8), "four files in two acts each");
        assert!(after(&[Act::Removed; 20], soon).is_some_and(|files| files <= 10));
        // However slowly.
        assert!(
            after(&[Act::Changed(Damage::Scrambled); 20], Duration::from_hours(24)).is_some_and(|files| files <= 5)
        );
    }

    #[test]
    fn honest_work_never_adds_up() {
        let soon = Duration::from_millis(1);
        assert_eq!(after(&[Act::Changed(Damage::Edited); 10_000], soon), None);
        assert_eq!(after(&[Act::Removed; 1000], Duration::from_mins(30)), None);
        assert_eq!(after(&[Act::Changed(Damage::Scrambled); 2], soon), None);
        assert_eq!(after(&[Act::NoiseMade; 1000], soon), None);
    }

    #[test]
    fn who_comes_upon_a_canary_is_stopped_earlier_and_never_for_it_alone() {
        let soon = Duration::from_millis(1);
        let mut account = Account::default();
        assert_eq!(account.add(1, Act::Canary, soon), None);
        assert_eq!(account.add(1, Act::Changed(Damage::Scrambled), soon), None);
        let tripped = account.add(2, Act::Changed(Damage::Scrambled), soon).unwrap();
        assert_eq!((tripped.points, tripped.files), (12.0, 1));
        // One who rewrites everything, and harms nothing.
        let mut account = Account::default();
        for file in 0..1000 {
            assert_eq!(account.add(file, Act::Canary, soon), None);
            assert_eq!(account.add(file, Act::Changed(Damage::Edited), soon), None);
        }
    }

    proptest! {
        /// More of it never makes it less.
        #[test]
        fn what_is_added_never_lowers(acts in proptest::collection::vec(0_u8..6, 1..60)) {
            let act = |number: u8| match number {
                0 => Act::Changed(Damage::Scrambled),
                1 => Act::Changed(Damage::PartlyScrambled),
                2 => Act::Removed,
                3 => Act::NoiseMade,
                4 => Act::Renamed,
                _ => Act::Changed(Damage::Edited),
            };
            let acts: Vec<Act> = acts.into_iter().map(act).collect();
            let soon = Duration::from_millis(1);
            let all = after(&acts, soon);
            let more: Vec<Act> = acts.iter().flat_map(|act| [*act, Act::Changed(Damage::Scrambled)]).collect();
            prop_assert!(all.is_none() || after(&more, soon).is_some());
        }
    }
}
