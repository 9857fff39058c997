//! Printable strings: runs of ASCII letters, and of the same written as UTF-16 with the low byte first.

use std::borrow::Cow;

/// One string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<'a> {
    /// Where it begins.
    pub at: u64,
    /// Whether each letter has two bytes.
    pub wide: bool,
    /// Its letters, each printable.
    pub text: Cow<'a, [u8]>,
}

/// The strings of some bytes that have so many letters at least, in their order.
pub fn runs(bytes: &[u8], letters_min: usize) -> impl Iterator<Item = Run<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at = ahead(bytes, at, letters_min);
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            let start = at;
            let narrow = printable_letters(rest);
            if narrow >= letters_min.max(2) {
                at += narrow;
                return Some(Run { at: start as u64, wide: false, text: Cow::Borrowed(&rest[..narrow]) });
            }
            // The last letter of a short run may be the first of a wide one.
            let from = narrow.saturating_sub(1);
            let wide = if narrow > 0 { wide_letters(&rest[from..]) } else { 0 };
            if wide >= letters_min.max(1) {
                at += from + wide * 2;
                let text = rest[from..from + wide * 2].iter().copied().step_by(2).collect();
                return Some(Run { at: (start + from) as u64, wide: true, text: Cow::Owned(text) });
            }
            // Of a wide run that is too short nothing begins within it either.
            at += (narrow + 1).max(from + wide * 2);
        }
    })
}

/// A place at or behind `at` in front of which no run begins, found from the bytes that the last letter of one would be:
/// where that is none, all in front of it is passed over at once.
fn ahead(bytes: &[u8], mut at: usize, letters_min: usize) -> usize {
    // Of fewer letters wide runs do not reach over so many bytes.
    let last = letters_min.saturating_sub(1);
    while last > 1
        && let Some(window) = bytes.get(at..=at + last)
    {
        let (front, back) = window.split_at(last);
        let (before, letter) = (front[last - 1], back[0]);
        if !is_printable(letter) {
            if letter == 0 && is_printable(before) {
                return at;
            }
            at += last + 1;
            continue;
        }
        let letters = front.iter().rev().take_while(|byte| is_printable(**byte)).count();
        if letters == last || letters == 0 && before == 0 {
            return at;
        }
        at += last - letters;
    }
    at
}

/// How many letters of one byte some bytes begin with.
fn printable_letters(bytes: &[u8]) -> usize {
    // Many at once, which the compiler makes few steps of.
    let (chunks, _) = bytes.as_chunks::<16>();
    let whole =
        chunks.iter().take_while(|chunk| chunk.iter().fold(true, |all, byte| all & is_printable(*byte))).count() * 16;
    whole + bytes[whole..].iter().take_while(|byte| is_printable(**byte)).count()
}

/// How many letters of two bytes some bytes begin with.
fn wide_letters(bytes: &[u8]) -> usize {
    bytes.chunks_exact(2).take_while(|pair| is_printable(pair[0]) && pair[1] == 0).count()
}

pub fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &[(u64, bool, &str)]) {
        let found: Vec<_> =
            runs(bytes, 4).map(|run| (run.at, run.wide, String::from_utf8_lossy(&run.text).into_owned())).collect();
        let found: Vec<_> = found.iter().map(|(at, wide, text)| (*at, *wide, text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn strings_of_both_widths_are_found() {
        check(b"", &[]);
        check(b"abc\0defg\0", &[(4, false, "defg")]);
        check(b"\x01a\0b\0c\0d\0\0\0xx", &[(1, true, "abcd")]);
        check(b"zz\xffa\0b\0c\0d\0", &[(3, true, "abcd")]);
        check(b"xya\0b\0c\0d\0", &[(2, true, "abcd")]);
        check(b"a\0b\0c\0", &[]);
        check(b"long enough\x80\xffa\0b\0c\0d", &[(0, false, "long enough")]);
    }

    /// The same without passing over anything.
    fn slowly(bytes: &[u8], letters_min: usize) -> Vec<(u64, bool, Vec<u8>)> {
        let (mut at, mut found) = (0, Vec::new());
        while at < bytes.len() {
            let rest = &bytes[at..];
            let narrow = rest.iter().take_while(|byte| is_printable(**byte)).count();
            let from = narrow.saturating_sub(1);
            let wide = if narrow > 0 { wide_letters(&rest[from..]) } else { 0 };
            if narrow >= letters_min {
                found.push((at as u64, false, rest[..narrow].to_vec()));
                at += narrow;
            } else if wide >= letters_min {
                let text = rest[from..from + wide * 2].iter().copied().step_by(2).collect();
                found.push(((at + from) as u64, true, text));
                at += from + wide * 2;
            } else {
                at += (narrow + 1).max(from + wide * 2);
            }
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn passing_over_bytes_misses_nothing(
            bytes in proptest::collection::vec(proptest::prop_oneof![4 => proptest::strategy::Just(b'a'), 3 => proptest::strategy::Just(0_u8), 1 => proptest::strategy::Just(7_u8)], 0..200),
            letters_min in 2_usize..8,
        ) {
            let found: Vec<_> = runs(&bytes, letters_min).map(|run| (run.at, run.wide, run.text.into_owned())).collect();
            proptest::prop_assert_eq!(found, slowly(&bytes, letters_min));
        }
    }
}
