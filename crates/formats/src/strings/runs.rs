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
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let start = at;
            let narrow = rest.iter().position(|byte| !is_printable(*byte)).unwrap_or(rest.len());
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
        None
    })
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
}
