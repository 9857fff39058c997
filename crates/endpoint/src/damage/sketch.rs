//! What is remembered of the content of a file to compare it with what comes after.

use formats::{By, Kind};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::io;

/// Bytes that are looked at as one.
pub const BLOCK_BYTES: usize = 4096;
/// Blocks of a large file that are looked at: the first ones, the last ones, and others spread between.
const BLOCKS_MAX: u64 = 1024;
/// The first ones, which an encryption of a part begins with.
const FIRST_BLOCKS: u64 = 64;
/// The bytes by which a type is told.
const TYPE_BYTES: usize = 64 << 10;
/// Digests of pieces that are kept.
const PIECES_MAX: usize = 128;
/// A block shorter than this says nothing of how its bytes are spread.
const SPREAD_BYTES_MIN: usize = 512;

/// What is in a file, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    pub size: u64,
    /// What it is by its content; none when nothing told.
    #[serde(serialize_with = "write_kind", deserialize_with = "read_kind")]
    pub kind: Option<Kind>,
    /// The blocks that were looked at, by their number, in order.
    pub blocks: Vec<(u64, Block)>,
    /// The least digests of pieces that are cut where the content says so, in order: however it is moved about in a file,
    /// what is the same has the same.
    pub pieces: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Block {
    pub digest: u64,
    /// Its bytes are spread as those of an encryption are.
    pub is_noise: bool,
}

#[allow(clippy::ref_option, reason = "serde asks by reference")]
fn write_kind<S: Serializer>(kind: &Option<Kind>, serializer: S) -> Result<S::Ok, S::Error> {
    kind.map(Kind::label).serialize(serializer)
}

/// A label that a later version wrote and this one does not know says nothing.
fn read_kind<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<Kind>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|label| Kind::from_label(&label)))
}

impl Sketch {
    /// Of bytes that are all there.
    pub fn of(bytes: &[u8]) -> Sketch {
        let read = |at: u64, buffer: &mut [u8]| {
            let from = bytes.get(usize::try_from(at).unwrap_or(usize::MAX)..).unwrap_or_default();
            let count = from.len().min(buffer.len());
            buffer[..count].copy_from_slice(&from[..count]);
            Ok(count)
        };
        Sketch::read(bytes.len() as u64, read).unwrap_or(Sketch {
            size: 0,
            kind: None,
            blocks: Vec::new(),
            pieces: Vec::new(),
        })
    }

    /// Of a file that is read from places of it: `read` fills a buffer and says how far.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(size: u64, mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> io::Result<Sketch> {
        let mut head = vec![0; TYPE_BYTES.min(usize::try_from(size).unwrap_or(TYPE_BYTES))];
        let filled = read(0, &mut head)?;
        head.truncate(filled);
        let identified = formats::identify(&head);
        let kind = (identified.by != By::Nothing).then_some(identified.kind);
        let (mut blocks, mut pieces) = (Vec::new(), BTreeSet::new());
        let mut buffer = [0; BLOCK_BYTES];
        for number in chosen(size.div_ceil(BLOCK_BYTES as u64)) {
            let count = read(number * BLOCK_BYTES as u64, &mut buffer)?;
            if count == 0 {
                break;
            }
            let block = buffer.get(..count).unwrap_or_default();
            blocks.push((number, Block { digest: digest(block), is_noise: is_noise(block) || is_coded_noise(block) }));
            cut(block, &mut pieces);
        }
        Ok(Sketch { size, kind, blocks, pieces: pieces.into_iter().collect() })
    }

    /// The part of its blocks that are noise, from 0 to 1.
    pub fn noise(&self) -> f64 {
        let noise = self.blocks.iter().filter(|(_, block)| block.is_noise).count();
        noise as f64 / self.blocks.len().max(1) as f64
    }
}

/// Which of so many blocks are looked at. Of the same number always the same ones, so that before and after compare.
fn chosen(blocks: u64) -> impl Iterator<Item = u64> {
    let step = blocks.saturating_sub(FIRST_BLOCKS).div_ceil(BLOCKS_MAX - FIRST_BLOCKS).max(1);
    let spread = (FIRST_BLOCKS..blocks).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    (0..FIRST_BLOCKS.min(blocks)).chain(spread)
}

/// Sixty-four bits that differ when two blocks do; nobody gains anything by making two alike.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Cuts a block into pieces of some fifty bytes, and keeps the least of their digests.
fn cut(block: &[u8], pieces: &mut BTreeSet<u64>) {
    const SHORTEST: usize = 16;
    let (mut start, mut rolling) = (0, 0_u32);
    for (at, byte) in block.iter().enumerate() {
        // Of the last 32 bytes: each is shifted out.
        rolling = (rolling << 1).wrapping_add(u32::from(*byte).wrapping_mul(0x9e37_79b1));
        let is_end = rolling >> 27 == 0 && at - start >= SHORTEST;
        if is_end || at + 1 == block.len() {
            keep_least(digest(block.get(start..=at).unwrap_or_default()), pieces);
            start = at + 1;
        }
    }
}

fn keep_least(piece: u64, pieces: &mut BTreeSet<u64>) {
    if pieces.len() < PIECES_MAX || pieces.last().is_some_and(|last| piece < *last) {
        pieces.insert(piece);
        if pieces.len() > PIECES_MAX {
            pieces.pop_last();
        }
    }
}

/// Whether a text is noise in an alphabet: sixty-four or sixteen signs and ends of lines, all about equally often.
fn is_coded_noise(bytes: &[u8]) -> bool {
    if bytes.len() < SPREAD_BYTES_MIN {
        return false;
    }
    let mut counts = [0_u32; 256];
    for byte in bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | b'=')) {
        counts[usize::from(*byte)] += 1;
    }
    let used = counts.iter().filter(|count| **count > 0);
    let (signs, total) = used.fold((0.0, 0.0), |(signs, total), count| (signs + 1.0, total + f64::from(*count)));
    if !(14.0..=17.0).contains(&signs) && !(58.0..=66.0).contains(&signs) {
        return false;
    }
    let expected = total / signs;
    let spread: f64 =
        counts.iter().filter(|count| **count > 0).map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    spread < signs - 1.0 + 5.0 * (2.0 * (signs - 1.0)).sqrt()
}

/// Whether bytes are spread as those of an encryption are: all about equally often. The sum of squares over the expected
/// number lies, for such bytes, within 255 ± 5 × 22.6; texts are at thousands, what is packed often at four hundred and more.
fn is_noise(bytes: &[u8]) -> bool {
    const UPPER: f64 = 255.0 + 5.0 * 22.6;
    if bytes.len() < SPREAD_BYTES_MIN {
        return false;
    }
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let expected = bytes.len() as f64 / 256.0;
    let spread: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    spread < UPPER
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn noise(count: usize, mut seed: u64) -> Vec<u8> {
        std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        })
        .take(count)
        .collect()
    }

    #[test]
    fn noise_is_told_from_what_has_a_form() {
        assert!((1..200).all(|seed| is_noise(&noise(BLOCK_BYTES, seed))));
        assert!((1..50).all(|seed| is_noise(&noise(1024, seed))));
        assert!(!is_noise(&b"All work and no play makes Jack a dull boy. ".repeat(100)));
        assert!(!is_noise(&[0; BLOCK_BYTES]));
        assert!(!is_noise(&noise(100, 1)), "too little to say");
        let coded = |alphabet: &[u8]| {
            let signs = noise(BLOCK_BYTES, 3);
            signs.iter().map(|byte| alphabet[usize::from(*byte) % alphabet.len()]).collect::<Vec<u8>>()
        };
        assert!(is_coded_noise(&coded(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")));
        assert!(is_coded_noise(&coded(b"0123456789abcdef")));
        assert!(!is_coded_noise(&b"All work and no play makes Jack a dull boy. ".repeat(100)));
    }

    #[test]
    fn a_large_file_is_looked_at_in_places() {
        let many: Vec<u64> = chosen(1_000_000).collect();
        assert!(many.len() <= BLOCKS_MAX as usize + 1, "{}", many.len());
        assert!(many.windows(2).all(|two| two[0] < two[1]));
        assert!(*many.last().unwrap() > 990_000);
        assert_eq!(chosen(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(chosen(0).count(), 0);
    }
}
