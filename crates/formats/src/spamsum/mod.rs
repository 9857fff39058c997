//! Context triggered piecewise hashing (J. Kornblum, Digital Investigation 3S, 2006), spelled as `ssdeep` does.
//!
//! A rolling hash of the last seven bytes says where a piece ends; each piece gives one letter, of a hash of its bytes.
//! How long pieces are doubles from three bytes on, so that a file has about 64 of them. Where they end is looked for
//! first, at many places at a time and for the few lengths that may be wanted of so many bytes; then the pieces of the two
//! lengths that are, which do not depend on each other, are hashed several at a time. What the paper leaves open (a string
//! that is full, an end of seven zeros) is as `ssdeep` answers it. The crate `fuzzyhash` is not used: it counts bytes in 32
//! bits, makes strings in unsafe code, and its steps are those of a program under the GPL.

mod ends;
mod letters;
#[cfg(test)]
mod tests;

use ends::{Ends, LEVELS, Level};

/// The shortest piece; it is doubled from level to level.
const PIECE_BYTES_MIN: u64 = 3;
/// Letters of the first string; the second, of pieces twice as long, has half as many.
const LETTERS_MAX: usize = 64;
const HALF_MAX: usize = LETTERS_MAX / 2;
/// How many levels below the one that the size asks for are looked at before all are: few files are so even that none of
/// these has enough pieces.
const LEVELS_BELOW: usize = 2;

/// The hash of some bytes, as it is spelled.
pub fn hash(bytes: &[u8]) -> String {
    let (level, ends) = wanted(bytes);
    // Behind seven zeros or more the rest says nothing, and the last end of a piece counts.
    let rest = bytes.len().checked_sub(1).is_some_and(|last| ends::value(bytes, last) != 0);
    let mut pieces = pieces(bytes, ends.level(level), LETTERS_MAX - 1, rest);
    let first = pieces.len();
    pieces.extend(self::pieces(bytes, ends.level(level + 1), HALF_MAX - 1, rest));
    let letters = letters::of(&pieces);
    let (one, two) = letters.split_at(first.min(letters.len()));
    let text = |letters| String::from_utf8_lossy(letters).into_owned();
    format!("{}:{}:{}", PIECE_BYTES_MIN << level, text(one), text(two))
}

/// The level whose pieces are told, and where these end: the one that the size asks for, or the next below it that has
/// enough of them.
fn wanted(bytes: &[u8]) -> (usize, Ends) {
    let fits = |level: &usize| (PIECE_BYTES_MIN << level) * LETTERS_MAX as u64 >= bytes.len() as u64;
    let longest = (0..LEVELS - 2).find(fits).unwrap_or(LEVELS - 2);
    let mut least = longest.saturating_sub(LEVELS_BELOW);
    loop {
        let ends = Ends::of(bytes, least);
        let enough = (least..=longest).rev().find(|level| ends.level(*level).first.len() >= HALF_MAX);
        match enough {
            Some(level) => return (level, ends),
            None if least == 0 => return (0, ends),
            None => least = 0,
        }
    }
}

/// The pieces that become letters. The last letter stands for everything behind `most` pieces: up to the end, or where the
/// end says nothing up to the last end of a piece.
fn pieces<'b>(bytes: &'b [u8], level: &Level, most: usize, rest: bool) -> Vec<&'b [u8]> {
    let mut pieces = Vec::with_capacity(most + 1);
    let mut behind = bytes;
    let mut from = 0;
    for end in level.first.iter().take(most) {
        let (piece, more) = behind.split_at((end - from).min(behind.len()));
        pieces.push(piece);
        (behind, from) = (more, *end);
    }
    if rest {
        pieces.push(behind);
    } else if level.last > from && level.first.len() >= most {
        pieces.extend(behind.get(..level.last - from));
    }
    pieces
}
