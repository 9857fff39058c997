//! What is asked about of one field, made so that a file is asked for the numbers it has and not for all that are looked for.

use super::bits::mask;
use super::read::jump;
use super::{Asked, HASH_BITS};

/// Cells for each that is asked about: of sixteen other numbers one has to be looked up.
const CELLS_EACH: usize = 16;
/// Four megabytes, which stay near.
const CELLS_MAX: usize = 1 << 25;

/// Ranges of numbers in order, none of which overlaps another.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    all: Vec<Asked>,
    /// A bit for each stretch of numbers from the lowest one on, set where some are asked about. Numbers are asked in order,
    /// so that the bits are walked through and not jumped about in.
    cells: Vec<u64>,
    lowest: u64,
    /// How many of the lowest bits of a number are the same stretch.
    shift: u32,
    named: Option<Named>,
}

/// Which indicators hashes are of.
#[derive(Debug, Clone)]
pub(crate) struct Named(Vec<u64>);

impl Named {
    /// In order; none of indicators that are too many for a hash and a place to be one number.
    fn new(hashes: &[(u64, usize)]) -> Option<Named> {
        const PLACE_BITS: u32 = u64::BITS - HASH_BITS;
        let last = hashes.last().map_or(0, |(_, at)| *at);
        let packed = |(hash, at): &(u64, usize)| hash << PLACE_BITS | *at as u64;
        let mut all: Vec<u64> = (last >> PLACE_BITS == 0).then(|| hashes.iter().map(packed).collect())?;
        all.sort_unstable();
        Some(Named(all))
    }

    fn hashes(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|both| both >> (u64::BITS - HASH_BITS))
    }

    /// The places of the indicators that have a hash.
    pub fn of(&self, hash: u64) -> impl Iterator<Item = usize> {
        let from = self.0.partition_point(|both| both >> (u64::BITS - HASH_BITS) < hash);
        let rest = self.0.get(from..).unwrap_or_default().iter();
        let of_hash = rest.take_while(move |both| *both >> (u64::BITS - HASH_BITS) == hash);
        of_hash.map(|both| (both & mask(u64::BITS - HASH_BITS)) as usize)
    }
}

impl Sought {
    /// Ranges, and hashes with the place of the indicator of each; the places are in order.
    pub fn new(mut all: Vec<Asked>, hashes: &[(u64, usize)]) -> Sought {
        let named = Named::new(hashes);
        let single = |hash: u64| Asked { first: hash, last: hash };
        match &named {
            Some(named) => all.extend(named.hashes().map(single)),
            None => all.extend(hashes.iter().map(|(hash, _)| single(*hash))),
        }
        join(&mut all);
        let lowest = all.first().map_or(0, |asked| asked.first);
        let span = all.last().map_or(0, |asked| asked.last - lowest);
        let count = (all.len() * CELLS_EACH).next_power_of_two().clamp(64, CELLS_MAX);
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(count.trailing_zeros());
        let mut cells = vec![0_u64; count / 64];
        for asked in &all {
            for cell in (asked.first - lowest) >> shift..=(asked.last - lowest) >> shift {
                if let Some(word) = cells.get_mut((cell / 64) as usize) {
                    *word |= 1 << (cell % 64);
                }
            }
        }
        Sought { all, cells, lowest, shift, named }
    }

    pub fn all(&self) -> &[Asked] {
        &self.all
    }

    pub(super) fn named(&self) -> Option<&Named> {
        self.named.as_ref()
    }

    /// False when this number is not asked about, and for most of those that are not.
    pub(super) fn may_be(&self, number: u64) -> bool {
        // What is below the lowest one is beyond the last cell, or in it.
        let cell = number.wrapping_sub(self.lowest) >> self.shift;
        self.cells.get((cell / 64) as usize).is_some_and(|word| word >> (cell % 64) & 1 == 1)
    }

    /// Whether a number is asked about. `from` is where the last one was looked up, which was not greater.
    pub(super) fn has(&self, number: u64, from: &mut usize) -> bool {
        let is_past = |at: usize| self.all.get(at).is_some_and(|asked| asked.last < number);
        *from = jump(*from, self.all.len(), is_past);
        self.all.get(*from).is_some_and(|asked| asked.first <= number)
    }
}

/// In order, and those that overlap as one: a value is looked up once.
fn join(all: &mut Vec<Asked>) {
    // Compared as one number each, without a branch. Hashes are in order already.
    all.sort_unstable_by_key(|asked| u128::from(asked.first) << 64 | u128::from(asked.last));
    all.dedup_by(|next, kept| {
        let overlaps = next.first <= kept.last;
        if overlaps {
            kept.last = kept.last.max(next.last);
        }
        overlaps
    });
}
