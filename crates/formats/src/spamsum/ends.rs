//! Where pieces end: a sum of the last seven bytes tells it, whatever stands before them, so that it is computed for many
//! places at a time.

use super::{LETTERS_MAX, PIECE_BYTES_MIN};

/// Levels that there are: a sum has 32 bits, and one more level of which nothing ends.
pub const LEVELS: usize = 33;
/// Bytes that the sum is of.
const WINDOW: usize = 7;
/// Places that are looked at together.
const PLACES: usize = 16;

/// Where the pieces of each level end.
pub struct Ends {
    levels: Vec<Level>,
    /// The shortest pieces that are looked for.
    least: usize,
}

/// Where the pieces of one length end.
#[derive(Clone, Default)]
pub struct Level {
    /// As many as become letters, in their order.
    pub first: Vec<usize>,
    /// The last one; 0 when there is none.
    pub last: usize,
}

impl Ends {
    /// The ends of pieces of a level and all longer ones.
    pub fn of(bytes: &[u8], least: usize) -> Ends {
        let mut ends = Ends { levels: vec![Level::default(); LEVELS], least };
        let head = bytes.len().min(WINDOW - 1);
        (0..head).for_each(|at| ends.look(at, value(bytes, at)));
        if least == 0 {
            // Every place may end the shortest pieces.
            let windows = bytes.windows(WINDOW).filter_map(|window| window.first_chunk());
            (head..).zip(windows).for_each(|(at, window)| ends.look(at, sum(window)));
            ends.last_of_longer_are_of_shorter();
            return ends;
        }
        // Sums whose lowest bits are set, as many of eight as the level asks for, are rare and looked at one by one.
        let rest = u8::MAX.checked_shl(u32::try_from(least).unwrap_or(u32::MAX)).unwrap_or(0);
        let mut at = head;
        while let Some(window) = bytes.get(at - head..).and_then(|bytes| bytes.first_chunk()) {
            let mut set = all_set(&low_bytes(window), rest);
            while set != 0 {
                let place = set.trailing_zeros() / 8;
                let last = window.get(place as usize..).and_then(|bytes| bytes.first_chunk());
                ends.look(at + place as usize, last.map_or(0, sum));
                set &= !(0xff << (8 * place));
            }
            at += PLACES;
        }
        (at..bytes.len()).for_each(|at| ends.look(at, value(bytes, at)));
        ends.last_of_longer_are_of_shorter();
        ends
    }

    pub fn level(&self, level: usize) -> &Level {
        &self.levels[level.min(LEVELS - 1)]
    }

    /// Whether a piece ends behind the byte at `at`, and up to which level. Where a long piece ends, all shorter ones end.
    fn look(&mut self, at: usize, sum: u32) {
        // The sum is then one less than a multiple of the length, which is three times a power of two.
        let behind = u64::from(sum) + 1;
        let level = behind.trailing_zeros() as usize;
        if level < self.least || !behind.is_multiple_of(PIECE_BYTES_MIN) {
            return;
        }
        let levels = self.levels.get_mut(self.least..=level).unwrap_or_default();
        if let Some(level) = levels.last_mut() {
            level.last = at + 1;
        }
        // A level that is full has only full ones below it.
        for level in levels.iter_mut().rev().take_while(|level| level.first.len() < LETTERS_MAX - 1) {
            level.first.push(at + 1);
        }
    }

    fn last_of_longer_are_of_shorter(&mut self) {
        let mut last = 0;
        for level in self.levels.iter_mut().rev() {
            last = last.max(level.last);
            level.last = last;
        }
    }
}

/// The sum at a place of some bytes. In front of the first one stand zeros.
pub fn value(bytes: &[u8], at: usize) -> u32 {
    let there = bytes.get((at + 1).saturating_sub(WINDOW)..=at).unwrap_or_default();
    let mut window = [0; WINDOW];
    window.iter_mut().rev().zip(there.iter().rev()).for_each(|(to, byte)| *to = *byte);
    sum(&window)
}

/// The sum of seven bytes, in three parts that each forget in a way of their own: the bytes, the bytes by their age, and
/// the bytes moved by it.
fn sum(window: &[u8; WINDOW]) -> u32 {
    let (mut sum, mut moved) = (0_u32, 0_u32);
    for (age, byte) in (0_u32..).zip(window.iter().rev()) {
        sum += (WINDOW as u32 + 1 - age) * u32::from(*byte);
        moved ^= u32::from(*byte) << (5 * age);
    }
    sum.wrapping_add(moved)
}

/// The lowest bytes of the sums of [`PLACES`] places.
fn low_bytes(window: &[u8; PLACES + WINDOW - 1]) -> [u8; PLACES] {
    let aged = |age: usize| window[WINDOW - 1 - age..].first_chunk::<PLACES>().copied().unwrap_or_default();
    let add = |sum: &mut [u8; PLACES], more: &[u8; PLACES]| {
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.wrapping_add(*more));
    };
    // Sums of sums: the youngest byte is in all of them.
    let mut plain = aged(0);
    let mut sum = plain;
    for age in 1..WINDOW {
        add(&mut plain, &aged(age));
        add(&mut sum, &plain);
    }
    add(&mut sum, &plain);
    let (mut moved, next) = (aged(0), aged(1));
    moved.iter_mut().zip(&next).for_each(|(moved, next)| *moved ^= next << 5);
    add(&mut sum, &moved);
    sum
}

/// Eight set bits for each byte that has all bits set beside those of `rest`.
fn all_set(bytes: &[u8; PLACES], rest: u8) -> u128 {
    u128::from_le_bytes(bytes.map(|byte| if byte | rest == u8::MAX { u8::MAX } else { 0 }))
}
