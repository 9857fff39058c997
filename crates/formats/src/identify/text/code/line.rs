//! A line, taken apart once for all languages.

use crate::bytes::{contains, contains_ignoring_case, head as first};

/// One line, taken apart once.
pub struct Line<'a> {
    pub bare: &'a [u8],
    /// Its first word of letters, digits and underscores.
    pub word: &'a [u8],
    /// What follows the word, from the next letter that is no space.
    pub rest: &'a [u8],
    pub last: u8,
    pub indented: bool,
    pub tabbed: bool,
}

impl<'a> Line<'a> {
    pub fn new(line: &'a [u8]) -> Option<Self> {
        let bare = line.trim_ascii();
        let last = *bare.last()?;
        let end = bare.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(bare.len());
        let (word, rest) = bare.split_at(end);
        let indented = matches!(line.first(), Some(b' ' | b'\t'));
        Some(Line { bare, word, rest: rest.trim_ascii_start(), last, indented, tabbed: line.first() == Some(&b'\t') })
    }

    pub fn starts(&self, words: &[u8]) -> bool {
        self.bare.starts_with(words)
    }

    pub fn has(&self, words: &[u8]) -> bool {
        contains(self.bare, words)
    }

    pub fn has_any_case(&self, words: &[u8]) -> bool {
        contains_ignoring_case(self.bare, words)
    }

    pub fn is_comment(&self) -> bool {
        [b"#".as_slice(), b"//", b"*", b"--", b";", b"%", b"\" "].iter().any(|mark| self.starts(mark))
    }

    /// A value of a table, or a bracket around some.
    pub fn is_data(&self) -> bool {
        self.bare[0].is_ascii_digit() || b"'\"([{)]}-".contains(&self.bare[0])
    }

    /// A number that lines with another first word seldom have.
    pub fn beginning(&self) -> usize {
        let word = if self.word.is_empty() { first(self.bare, 6) } else { self.word };
        word.iter().fold(7, |number: usize, byte| (number * 33 + usize::from(*byte)) & 0xffff)
    }

    /// The word behind the first one.
    pub fn next_word(&self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        &self.rest[..end.unwrap_or(self.rest.len())]
    }

    /// What follows the second word.
    pub fn behind_next(&self) -> &'a [u8] {
        self.rest[self.next_word().len()..].trim_ascii_start()
    }
}
