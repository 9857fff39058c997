//! Bounded summaries of much that was seen. Each can be merged with another of its kind, in any order: what two workers
//! saw is what one would have seen. Counts saturate.

use std::collections::BTreeMap;

/// Distinct things counted exactly; beyond, they are estimated. As many as the registers take up.
pub const EXACT_MAX: usize = 32;
/// Registers of an estimate: its standard error is 1.04 / sqrt(256), six and a half in a hundred.
pub const REGISTERS: usize = 256;
const REGISTER_BITS: u32 = REGISTERS.ilog2();
/// Names kept with their counts. A name seen in more than one of `TOP_MAX + 1` parts of all is among them.
pub const TOP_MAX: usize = 16;
/// Times kept of what begins again and again: the latest. Enough to tell rhythm from chance.
pub const ARRIVALS_MAX: usize = 32;

/// A number that is the same for the same bytes in every worker and on every run (FNV-1a, its bits mixed as SplitMix64
/// does).
pub fn digest(bytes: &[u8]) -> u64 {
    let begun = 0xcbf2_9ce4_8422_2325u64;
    let hash = bytes.iter().fold(begun, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

/// How many different things there were (HyperLogLog, Flajolet and others 2007; exact while they are few).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distinct {
    /// Digests, in order.
    Exact(Vec<u64>),
    Registers(Box<[u8; REGISTERS]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct::Exact(Vec::new())
    }
}

impl Distinct {
    pub fn insert(&mut self, digest: u64) {
        match self {
            Distinct::Exact(known) => {
                if let Err(place) = known.binary_search(&digest) {
                    known.insert(place, digest);
                }
                if known.len() > EXACT_MAX {
                    let mut registers = Box::new([0; REGISTERS]);
                    known.iter().for_each(|digest| note(&mut registers, *digest));
                    *self = Distinct::Registers(registers);
                }
            }
            Distinct::Registers(registers) => note(registers, digest),
        }
    }

    pub fn merge(&mut self, other: &Distinct) {
        match (&mut *self, other) {
            (_, Distinct::Exact(digests)) => digests.iter().for_each(|digest| self.insert(*digest)),
            (Distinct::Registers(ours), Distinct::Registers(theirs)) => {
                ours.iter_mut().zip(theirs.iter()).for_each(|(ours, theirs)| *ours = (*ours).max(*theirs));
            }
            (Distinct::Exact(known), Distinct::Registers(theirs)) => {
                let mut registers = theirs.clone();
                known.iter().for_each(|digest| note(&mut registers, *digest));
                *self = Distinct::Registers(registers);
            }
        }
    }

    pub fn estimate(&self) -> f64 {
        let registers = match self {
            Distinct::Exact(known) => return known.len() as f64,
            Distinct::Registers(registers) => registers,
        };
        let size = REGISTERS as f64;
        let bias = 0.7213 / (1.0 + 1.079 / size);
        let sum: f64 = registers.iter().map(|rank| 0.5f64.powi(i32::from(*rank))).sum();
        let raw = bias * size * size / sum;
        let empty = registers.iter().filter(|rank| **rank == 0).count();
        // While many registers are empty, their number says more than what is in the others.
        if raw <= 2.5 * size && empty > 0 { size * (size / empty as f64).ln() } else { raw }
    }
}

/// The upper bits choose the register; it keeps the longest run of noughts that the others began with.
fn note(registers: &mut [u8; REGISTERS], digest: u64) {
    let place = (digest >> (64 - REGISTER_BITS)) as usize;
    let rank = ((digest << REGISTER_BITS).leading_zeros().min(64 - REGISTER_BITS) + 1) as u8;
    if let Some(register) = registers.get_mut(place) {
        *register = rank.max(*register);
    }
}

/// The most frequent names with their counts: the space-saving summary in the form that merges (Misra and Gries 1982,
/// Agarwal and others 2012). Without eviction it is exact. With it, which rare names are left may depend on the order
/// of merging; that no count is too high, and none too low by more than `missed`, does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top<K> {
    pub(super) counts: BTreeMap<K, u64>,
    /// At most so many are missing from any count.
    pub missed: u64,
    /// Names that made room.
    pub evicted: u64,
}

impl<K> Default for Top<K> {
    fn default() -> Self {
        Top { counts: BTreeMap::new(), missed: 0, evicted: 0 }
    }
}

impl<K: Ord + Clone> Top<K> {
    pub fn add(&mut self, name: K, count: u64) {
        let known = self.counts.entry(name).or_default();
        *known = known.saturating_add(count);
        self.trim();
    }

    pub fn merge(&mut self, other: &Top<K>) {
        for (name, count) in &other.counts {
            let known = self.counts.entry(name.clone()).or_default();
            *known = known.saturating_add(*count);
        }
        self.missed = self.missed.saturating_add(other.missed);
        self.evicted = self.evicted.saturating_add(other.evicted);
        self.trim();
    }

    /// Names with counts, the most frequent first.
    pub fn names(&self) -> Vec<(&K, u64)> {
        let mut names: Vec<_> = self.counts.iter().map(|(name, count)| (name, *count)).collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        names
    }

    /// Takes from every count what the first one too many has; who has nothing left goes.
    fn trim(&mut self) {
        let before = self.counts.len();
        if before <= TOP_MAX {
            return;
        }
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let taken = counts.get(TOP_MAX).copied().unwrap_or(0);
        self.counts.retain(|_, count| {
            *count -= taken.min(*count);
            *count > 0
        });
        self.missed = self.missed.saturating_add(taken);
        self.evicted = self.evicted.saturating_add((before - self.counts.len()) as u64);
    }
}

/// How often something was at each hour of the day, UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours(pub [u64; 24]);

impl Hours {
    pub fn add(&mut self, time_ns: i64) {
        let hour = time_ns.div_euclid(HOUR_NS).rem_euclid(24) as usize;
        if let Some(count) = self.0.get_mut(hour) {
            *count = count.saturating_add(1);
        }
    }

    pub fn merge(&mut self, other: &Hours) {
        self.0.iter_mut().zip(other.0).for_each(|(ours, theirs)| *ours = ours.saturating_add(theirs));
    }
}

pub const HOUR_NS: i64 = 3_600_000_000_000;

/// When something began again and again. Times are kept and not only their moments: conversations are told when they
/// end, which is not the order they began in, and the parts of several workers may lie between each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// The latest, in order.
    pub(super) times_ns: Vec<i64>,
    pub seen: u64,
    pub bytes: u64,
}

/// What the times between say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    pub intervals: usize,
    pub mean_seconds: f64,
    /// Standard deviation of the intervals over their mean: nought is a clock, one is chance.
    pub variation: f64,
    pub first_ns: i64,
    pub last_ns: i64,
}

impl Arrivals {
    pub fn add(&mut self, time_ns: i64, bytes: u64) {
        self.insert(time_ns);
        self.seen = self.seen.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn insert(&mut self, time_ns: i64) {
        let place = self.times_ns.partition_point(|known| *known <= time_ns);
        self.times_ns.insert(place, time_ns);
        if self.times_ns.len() > ARRIVALS_MAX {
            self.times_ns.remove(0);
        }
    }

    pub fn merge(&mut self, other: &Arrivals) {
        other.times_ns.iter().for_each(|time_ns| self.insert(*time_ns));
        self.seen = self.seen.saturating_add(other.seen);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    /// Nothing when there are not two times.
    pub fn rhythm(&self) -> Option<Rhythm> {
        let (first_ns, last_ns) = (*self.times_ns.first()?, *self.times_ns.last()?);
        let intervals = self.times_ns.len().checked_sub(1).filter(|intervals| *intervals > 0)?;
        let seconds = |ns: i64| ns as f64 / 1e9;
        let mean_seconds = seconds(last_ns.saturating_sub(first_ns)) / intervals as f64;
        let off = |pair: &[i64]| match pair {
            [before, after] => seconds(after.saturating_sub(*before)) - mean_seconds,
            _ => 0.0,
        };
        let variance = self.times_ns.windows(2).map(|pair| off(pair).powi(2)).sum::<f64>() / intervals as f64;
        let variation = if mean_seconds > 0.0 { variance.sqrt() / mean_seconds } else { 0.0 };
        Some(Rhythm { intervals, mean_seconds, variation, first_ns, last_ns })
    }
}

/// How much went there and back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Volume {
    pub conversations: u64,
    pub packets_out: u64,
    pub packets_in: u64,
    pub bytes_out: u64,
    pub bytes_in: u64,
}

impl Volume {
    pub fn merge(&mut self, other: &Volume) {
        self.conversations = self.conversations.saturating_add(other.conversations);
        self.packets_out = self.packets_out.saturating_add(other.packets_out);
        self.packets_in = self.packets_in.saturating_add(other.packets_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
    }

    /// The same, as the other end sees it.
    pub fn turned(self) -> Volume {
        let Volume { conversations, packets_out, packets_in, bytes_out, bytes_in } = self;
        Volume {
            conversations,
            packets_out: packets_in,
            packets_in: packets_out,
            bytes_out: bytes_in,
            bytes_in: bytes_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// That merging does not depend on order, for three summaries.
    fn in_any_order<S: Clone + PartialEq + std::fmt::Debug>([a, b, c]: &[S; 3], merge: impl Fn(&mut S, &S)) {
        let merged = |x: &S, y: &S| {
            let mut sum = x.clone();
            merge(&mut sum, y);
            sum
        };
        assert_eq!(merged(a, b), merged(b, a), "commutative");
        assert_eq!(merged(&merged(a, b), c), merged(a, &merged(b, c)), "associative");
    }

    fn three<T: Clone, S: Default>(parts: &[Vec<T>; 3], add: impl Fn(&mut S, T)) -> [S; 3] {
        parts.each_ref().map(|part| {
            let mut summary = S::default();
            part.iter().cloned().for_each(|item| add(&mut summary, item));
            summary
        })
    }

    fn parts<T: std::fmt::Debug>(item: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = [Vec<T>; 3]> {
        prop::array::uniform3(prop::collection::vec(item, 0..120))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn distinct_merges_in_any_order(parts in parts(0..200u64)) {
            let add = |all: &mut Distinct, item: u64| all.insert(digest(&item.to_be_bytes()));
            in_any_order(&three(&parts, add), Distinct::merge);
        }

        #[test]
        fn hours_and_arrivals_merge_in_any_order(parts in parts(0..1_000_000_000_000_000i64)) {
            in_any_order(&three(&parts, Hours::add), Hours::merge);
            in_any_order(&three(&parts, |all: &mut Arrivals, at| all.add(at, 7)), Arrivals::merge);
        }

        #[test]
        fn volumes_merge_in_any_order(parts in parts(any::<u64>())) {
            let add = |all: &mut Volume, n| all.merge(&Volume { conversations: 1, bytes_in: n, ..Volume::default() });
            in_any_order(&three(&parts, add), Volume::merge);
        }

        #[test]
        fn names_that_fit_merge_in_any_order(parts in parts(0..TOP_MAX as u64)) {
            in_any_order(&three(&parts, |top: &mut Top<u64>, name| top.add(name, 1)), Top::merge);
        }

        #[test]
        fn counts_keep_their_bounds_however_they_are_merged(parts in parts((0..60u64).prop_map(|n| n * n / 60))) {
            let [a, b, c] = three(&parts, |top: &mut Top<u64>, name| top.add(name, 1));
            let mut commuted = (b.clone(), a.clone());
            commuted.0.merge(&a);
            commuted.1.merge(&b);
            prop_assert_eq!(&commuted.0, &commuted.1, "commutative even with eviction");
            let (mut left, mut right) = (commuted.1, b);
            left.merge(&c);
            right.merge(&c);
            right.merge(&a);
            for top in [left, right] {
                prop_assert!(top.names().len() <= TOP_MAX);
                for name in 0..60 {
                    let truth = parts.iter().flatten().filter(|seen| **seen == name).count() as u64;
                    let told = top.names().iter().find(|(known, _)| **known == name).map_or(0, |(_, count)| *count);
                    prop_assert!(told <= truth && truth <= told + top.missed, "{} {} {:?}", told, truth, top);
                }
            }
        }
    }

    #[test]
    fn distinct_things_are_estimated_within_three_standard_errors() {
        for truth in [10u64, 32, 100, 1000, 20_000] {
            let mut distinct = Distinct::default();
            (0..truth).chain(0..truth).for_each(|item| distinct.insert(digest(&item.to_be_bytes())));
            let off = (distinct.estimate() - truth as f64).abs() / truth as f64;
            assert!(off <= if truth <= EXACT_MAX as u64 { 0.0 } else { 0.195 }, "{truth}: {}", distinct.estimate());
        }
    }

    #[test]
    fn a_rhythm_is_told_whatever_the_order_of_the_ends() {
        let mut arrivals = Arrivals::default();
        [3, 1, 2, 0, 4].iter().for_each(|minute| arrivals.add(minute * 60_000_000_000, 10));
        let rhythm = arrivals.rhythm().unwrap();
        assert_eq!((rhythm.intervals, rhythm.mean_seconds, rhythm.variation), (4, 60.0, 0.0));
        assert_eq!((arrivals.seen, arrivals.bytes), (5, 50));
        assert_eq!(Arrivals::default().rhythm(), None);
    }
}
