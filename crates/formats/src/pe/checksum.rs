//! The checksum of the header, as `MapFileAndCheckSum` of Windows makes it.

use super::image::Image;
use super::{facts, oddities};
use crate::Reading;
use crate::bytes::u32_le;

/// Tells the stated and the computed checksum.
pub fn read(image: &Image, reading: &mut Reading) {
    let at = image.optional + 64;
    let Some(stated) = u32_le(image.bytes, at) else { return };
    let computed = checksum(image.bytes, at);
    facts::CHECKSUM.known_at(reading, stated, at);
    facts::CHECKSUM_COMPUTED.known(reading, computed);
    if stated == 0 {
        facts::CHECKSUM_MATCHES.absent(reading);
        return;
    }
    facts::CHECKSUM_MATCHES.known(reading, stated == computed);
    if stated != computed {
        oddities::CHECKSUM_WRONG.note_at(reading, at);
    }
}

/// Adds up the words of 16 bits with their carries, without the four bytes at `skipped`, and then the length.
fn checksum(bytes: &[u8], skipped: usize) -> u32 {
    let mut eights = bytes.chunks_exact(8);
    let mut sum: u64 = (&mut eights).map(|eight| two_words(eight.try_into().unwrap_or_default())).sum();
    let mut last = [0; 8];
    last[..eights.remainder().len()].copy_from_slice(eights.remainder());
    sum += two_words(last);
    for at in skipped..skipped + 4 {
        sum -= bytes.get(at).map_or(0, |byte| u64::from(*byte) << (8 * (at % 4)));
    }
    let folded = fold(fold(fold(sum)));
    (folded as u32).wrapping_add(bytes.len() as u32)
}

/// Words of 16 bits fold the same way when they are added as 32.
fn two_words(eight: [u8; 8]) -> u64 {
    let number = u64::from_le_bytes(eight);
    (number & 0xffff_ffff) + (number >> 32)
}

fn fold(sum: u64) -> u64 {
    (sum & 0xffff) + (sum >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by the letter of the description: word by word, each with its carry.
    fn slowly(bytes: &[u8], skipped: usize) -> u32 {
        let mut blank = bytes.to_vec();
        blank[skipped..skipped + 4].fill(0);
        let mut sum = 0_u32;
        for two in blank.chunks(2) {
            sum += u32::from(two[0]) | u32::from(two.get(1).copied().unwrap_or(0)) << 8;
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum.wrapping_add(bytes.len() as u32)
    }

    #[test]
    fn sums_of_all_lengths_and_places() {
        let bytes: Vec<u8> = (0..200_u32).map(|number| (number * 167 + 13) as u8).collect();
        for length in 10..bytes.len() {
            for skipped in [0, 1, 3, length - 4] {
                assert_eq!(
                    checksum(&bytes[..length], skipped),
                    slowly(&bytes[..length], skipped),
                    "{length} {skipped}"
                );
            }
        }
    }
}
