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
    // Where a string ends that names what follows as a version.
    let mut version_from = None;
    for run in runs(bytes, LETTERS_MIN) {
        let end = run.at + run.text.len() as u64 * if run.wide { 2 } else { 1 };
        let is_version = version_from.is_some_and(|from| run.at - from <= LABEL_GAP_BYTES);
        scan::run(&run, is_version, &mut gathering);
        version_from = is_version_label(&run.text).then_some(end);
    }
    gathering.end()
}

/// Between a name and its value stand zeros, up to where a word of four bytes begins, and the header of the value.
const LABEL_GAP_BYTES: u64 = 12;

/// Whether a string is the name of a version, as resources of Windows (`FileVersion`) and properties have them.
fn is_version_label(text: &[u8]) -> bool {
    text.len() <= 24 && text.trim_ascii_end().to_ascii_lowercase().ends_with(b"version")
}
