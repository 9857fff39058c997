//! What the bytes of any file say in letters: printable strings, and among them what names a resource of somebody's:
//! addresses, paths, keys, wallets.
//!
//! Every byte is gone over a fixed number of times, whatever they are: strings are found in one pass, what is looked for
//! in them begins at a sign that a search finds (`://`, `@`, `HKLM\`), reaches so far and no farther, and where one thing
//! was looked for nothing of its kind begins again before its end. What a file names may be anything; these are places to
//! look, and judgement is the business of others.

mod gathering;
mod hosts;
mod indicator;
mod known;
mod layers;
mod runs;
mod scan;
mod wallet;
mod windows;

#[cfg(test)]
mod tests;

pub use indicator::{Indicator, IndicatorKind, Layer};
pub use runs::{Run, runs};

use gathering::Gathering;

/// Letters of a string that is one.
pub const LETTERS_MIN: usize = 6;

/// What a file names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indicators {
    /// Each once, where it stands first; in the order of these places.
    pub indicators: Vec<Indicator>,
    /// Whether there were more than are kept or looked at.
    pub more: bool,
}

/// Finds what some bytes name.
pub fn indicators(bytes: &[u8]) -> Indicators {
    let mut gathering = Gathering::default();
    for run in runs(bytes, LETTERS_MIN) {
        scan::run(&run, &mut gathering);
    }
    gathering.end()
}
