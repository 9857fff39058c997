//! One file before and after.

use super::sketch::{Block, Sketch};
use formats::Kind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// It is what it was.
    Unchanged,
    /// It is another of its kind: parts are as they were, or what is new has a form.
    Edited,
    /// Nothing of it is left, and what stands in its place has a form.
    Replaced,
    /// It was cut to nothing.
    Emptied,
    /// Parts of it became noise, and others are as they were.
    PartlyScrambled,
    /// It had a form, and is noise now.
    Scrambled,
}

/// The least part of changed blocks that must be noise before a change is one to noise.
const NOISE_MIN: f64 = 0.75;
/// What noise a file may have had before and still be said to have become noise.
const NOISE_GROWTH_MIN: f64 = 0.5;

/// What was done to a file that was one thing and is another.
pub fn compare(before: &Sketch, after: &Sketch) -> Damage {
    if before == after {
        return Damage::Unchanged;
    }
    if after.size == 0 && before.size > 0 {
        return Damage::Emptied;
    }
    if before.size == 0 {
        return Damage::Edited;
    }
    let kept = kept(before, after);
    let lost_its_type = before.kind.is_some() && !is_still(before.kind, after.kind);
    let changed: Vec<&Block> = changed(before, after);
    let noise = changed.iter().filter(|block| block.is_noise).count() as f64 / changed.len().max(1) as f64;
    let became_noise = !changed.is_empty() && noise >= NOISE_MIN;
    let was_noise = noise_where_changed(before, after);
    match (became_noise, kept) {
        // What is packed is noise before and after; only its type tells that it can be read no more.
        (true, kept) if kept < 0.5 && lost_its_type => Damage::Scrambled,
        (true, kept) if kept < 0.5 && was_noise < 1.0 - NOISE_GROWTH_MIN && !is_packed(after) => Damage::Scrambled,
        (true, kept) if kept >= 0.5 && (lost_its_type || was_noise < 1.0 - NOISE_GROWTH_MIN) => Damage::PartlyScrambled,
        // A short file has too few bytes to say how they are spread: what it was is gone, and it is nothing.
        (false, kept) if lost_its_type && after.kind.is_none() && kept < 0.5 => Damage::Scrambled,
        (false, _) if lost_its_type && after.kind.is_none() => Damage::PartlyScrambled,
        (_, kept) if kept < 0.1 && lost_its_type => Damage::Replaced,
        _ => Damage::Edited,
    }
}

/// Whether a file is of a type whose content may be noise. A text is not: noise that is written in letters is noise.
fn is_packed(sketch: &Sketch) -> bool {
    sketch.kind.is_some_and(|kind| !kind.is_text())
}

/// Whether a type is what a file had, or one of the same family: a text may become one in another notation.
fn is_still(before: Option<Kind>, after: Option<Kind>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            before == after || before.is(after) || after.is(before) || (before.is_text() && after.is_text())
        }
        (None, _) => true,
        (Some(_), None) => false,
    }
}

/// The part of what a file was that is still in it, wherever it is now.
fn kept(before: &Sketch, after: &Sketch) -> f64 {
    let there: BTreeSet<u64> = after.blocks.iter().map(|(_, block)| block.digest).collect();
    let blocks = before.blocks.iter().filter(|(_, block)| there.contains(&block.digest)).count();
    let blocks = blocks as f64 / before.blocks.len().max(1) as f64;
    blocks.max(pieces_kept(before, after))
}

/// The same by pieces: of those that are least in both together, how many are in both; and from that, of what was, how much
/// is.
fn pieces_kept(before: &Sketch, after: &Sketch) -> f64 {
    let (had, has): (BTreeSet<u64>, BTreeSet<u64>) =
        (before.pieces.iter().copied().collect(), after.pieces.iter().copied().collect());
    // Of a file with few pieces all are kept, and nothing needs to be guessed.
    let whole = |pieces: &BTreeSet<u64>| pieces.len() < 100;
    if whole(&had) && whole(&has) {
        return had.intersection(&has).count() as f64 / had.len().max(1) as f64;
    }
    let most = had.len().max(has.len()).max(1);
    let least: Vec<&u64> = had.union(&has).take(most).collect();
    let both = least.iter().filter(|piece| had.contains(piece) && has.contains(piece)).count();
    let alike = both as f64 / least.len().max(1) as f64;
    2.0 * alike / (1.0 + alike)
}

/// The blocks of a file that it did not have before.
fn changed<'s>(before: &Sketch, after: &'s Sketch) -> Vec<&'s Block> {
    let had: BTreeSet<u64> = before.blocks.iter().map(|(_, block)| block.digest).collect();
    after.blocks.iter().map(|(_, block)| block).filter(|block| !had.contains(&block.digest)).collect()
}

/// How much of it was noise before, where it changed.
fn noise_where_changed(before: &Sketch, after: &Sketch) -> f64 {
    let now: BTreeMap<u64, u64> = after.blocks.iter().map(|(number, block)| (*number, block.digest)).collect();
    let changed = before.blocks.iter().filter(|(number, block)| now.get(number) != Some(&block.digest));
    let (noise, all) = changed.fold((0, 0), |(noise, all), (_, block)| (noise + usize::from(block.is_noise), all + 1));
    noise as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::sketch::BLOCK_BYTES;

    fn noise(count: usize, mut seed: u64) -> Vec<u8> {
        std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        })
        .take(count)
        .collect()
    }

    fn text(lines: usize) -> Vec<u8> {
        (0..lines)
            .flat_map(|line| format!("line {line}: the quick brown fox jumps over the dog\n").into_bytes())
            .collect()
    }

    /// What a picture looks like from far: a sign at its beginning, and then what is packed.
    fn picture(seed: u64) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x02\0\0\0\xd3\x10\x3f\x31".to_vec();
        bytes.extend(b"\0\0\xff\xffIDAT");
        bytes.extend(noise(60_000, seed));
        bytes
    }

    fn compared(before: &[u8], after: &[u8]) -> Damage {
        compare(&Sketch::of(before), &Sketch::of(after))
    }

    #[test]
    fn what_becomes_noise_is_scrambled() {
        for lines in [3, 30, 300, 30_000] {
            let text = text(lines);
            assert_eq!(compared(&text, &noise(text.len(), 7)), Damage::Scrambled, "{lines}");
            // With something before or behind it, as those who want money leave.
            let more = [b"LOCKED01".to_vec(), noise(text.len() + 512, 8)].concat();
            assert_eq!(compared(&text, &more), Damage::Scrambled, "{lines}");
        }
        assert_eq!(compared(&picture(1), &noise(60_000, 9)), Damage::Scrambled);
        let letters =
            |byte: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[usize::from(byte % 64)];
        let coded: Vec<u8> = noise(20_000, 3).into_iter().map(letters).collect();
        assert_eq!(compared(&text(300), &coded), Damage::Scrambled, "noise in letters is noise");
    }

    #[test]
    fn what_becomes_noise_in_places_is_partly_scrambled() {
        let whole = text(30_000);
        for every in [2_usize, 16] {
            let mut partly = whole.clone();
            for (number, block) in partly.chunks_mut(BLOCK_BYTES).enumerate().filter(|(number, _)| number % every == 0)
            {
                let noise = noise(block.len(), number as u64 + 5);
                block.copy_from_slice(&noise);
            }
            let damage = compared(&whole, &partly);
            assert!(matches!(damage, Damage::PartlyScrambled | Damage::Scrambled), "{every}: {damage:?}");
        }
        // The first bytes of a picture only: nobody can open it.
        let (before, mut after) = (picture(3), picture(3));
        after[..3000].copy_from_slice(&noise(3000, 4));
        assert_eq!(compared(&before, &after), Damage::PartlyScrambled);
    }

    #[test]
    fn honest_work_is_none_of_it() {
        let before = text(500);
        let mut edited = before.clone();
        edited.splice(700..720, b"another word".iter().copied());
        assert_eq!(compared(&before, &edited), Damage::Edited);
        assert_eq!(compared(&before, &[before.clone(), text(20)].concat()), Damage::Edited);
        // A picture that is packed anew is noise as before, and a picture as before.
        assert!(matches!(compared(&picture(1), &picture(2)), Damage::Replaced | Damage::Edited));
        assert_eq!(compared(&before, &text(3).repeat(2)), Damage::Edited);
        // Everything behind a word moves.
        let large = text(30_000);
        assert_eq!(compared(&large, &[b"a title\n".to_vec(), large.clone()].concat()), Damage::Edited);
        let other = b"Something else altogether, about nothing that was there.\n".repeat(90);
        assert_eq!(compared(&before, &other), Damage::Edited, "a text is a text");
        assert_eq!(compared(b"", &before), Damage::Edited);
        assert_eq!(compared(&before, &before), Damage::Unchanged);
        assert_eq!(compared(&before, b""), Damage::Emptied);
        // A text that is packed is a file of another type, and has a form.
        let packed = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), noise(9000, 3)].concat();
        assert_ne!(compared(&noise(9000, 1), &noise(9000, 2)), Damage::Scrambled);
        assert!(matches!(compared(&before, &packed), Damage::Replaced | Damage::Scrambled));
    }
}
