use super::*;
use proptest::prelude::*;

/// The same as it is described: level by level, byte by byte.
fn slowly(bytes: &[u8]) -> String {
    let mut level = 0;
    while (3 << level) * 64 < bytes.len() {
        level += 1;
    }
    while level > 0 && strings(bytes, level).2 < 32 {
        level -= 1;
    }
    let (one, ..) = strings(bytes, level);
    let (_, two, _) = strings(bytes, level + 1);
    format!("{}:{one}:{two}", 3 << level)
}

/// The strings of pieces of one length, of up to 64 and up to 32 letters, and how many pieces end.
fn strings(bytes: &[u8], level: u32) -> (String, String, usize) {
    let mut count = 0;
    let (mut sum, mut weighted, mut shifted) = (0_u32, 0_u32, 0_u32);
    let mut strings = [(64, String::new(), None, 0x1967_u32), (32, String::new(), None, 0x1967_u32)];
    let letter = |hash: u32| ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).nth(hash as usize % 64);
    for (at, byte) in bytes.iter().enumerate() {
        let new = u32::from(*byte);
        let oldest = at.checked_sub(7).map_or(0, |at| u32::from(bytes[at]));
        weighted = weighted.wrapping_sub(sum).wrapping_add(7 * new);
        sum = sum + new - oldest;
        shifted = (shifted << 5) ^ new;
        let ends = sum.wrapping_add(weighted).wrapping_add(shifted) % (3 << level) == (3 << level) - 1;
        count += usize::from(ends);
        for (most, text, last, hash) in &mut strings {
            *hash = hash.wrapping_mul(0x0100_0193) ^ new;
            if ends && text.len() < *most - 1 {
                text.extend(letter(*hash));
                *hash = 0x1967;
            } else if ends {
                *last = letter(*hash);
            }
        }
    }
    let rest = sum.wrapping_add(weighted).wrapping_add(shifted) != 0;
    let [one, two] =
        strings.map(|(_, text, last, hash)| text + &String::from_iter(if rest { letter(hash) } else { last }));
    (one, two, count)
}

#[test]
fn even_bytes_are_hashed_as_others() {
    for byte in [0, 1, 3, 0x15, 0x80, 0xff] {
        for count in [0, 1, 6, 7, 8, 22, 23, 200, 5_000, 100_000] {
            let bytes = vec![byte; count];
            assert_eq!(hash(&bytes), slowly(&bytes), "{count} times {byte}");
        }
    }
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    let of = |most: u8, count: usize| proptest::collection::vec(0..=most, 0..count);
    let piece = prop_oneof![4 => of(255, 300), 2 => of(3, 300), 1 => of(0, 40), 1 => of(255, 6_000)];
    // The same again and again ends pieces more often than chance does, or never.
    (proptest::collection::vec(piece, 1..4), 1_usize..12, 0_usize..12)
        .prop_map(|(pieces, times, zeros)| [pieces.concat().repeat(times), vec![0; zeros]].concat())
}

proptest! {
    #[test]
    fn hashes_are_as_described(bytes in some_bytes()) {
        prop_assert_eq!(hash(&bytes), slowly(&bytes));
    }
}
