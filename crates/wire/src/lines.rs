//! Protocols of lines: taking the next one off bytes that may not hold it yet.

/// The next line, or a piece of one that is too long to be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Without its end.
    pub text: &'a [u8],
    /// Bytes of it with its end.
    pub used: usize,
    /// The end of the line is there; otherwise more of it follows.
    pub ended: bool,
}

/// Takes a line that ends with a line feed, behind a carriage return or not. `None` while it is shorter than `most`
/// and its end is not there.
pub fn line(data: &[u8], most: usize) -> Option<Line<'_>> {
    let within = data.get(..most).unwrap_or(data);
    match memchr::memchr(b'\n', within) {
        Some(end) => {
            let text = within.get(..end).unwrap_or_default();
            Some(Line { text: text.strip_suffix(b"\r").unwrap_or(text), used: end + 1, ended: true })
        }
        None if within.len() == most => Some(Line { text: within, used: most, ended: false }),
        None => None,
    }
}

/// Splits at the first blank: a word and what follows it.
pub fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    match text.iter().position(u8::is_ascii_whitespace) {
        Some(at) => {
            let (word, rest) = text.split_at(at);
            (word, rest.trim_ascii_start())
        }
        None => (text, &[]),
    }
}

/// What follows a prefix, whatever the case of its letters.
pub fn after<'a>(text: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}

/// `Name: value` of a header as its name and its value, without the blanks around.
pub fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b':', line)?;
    let (name, value) = (line.get(..at)?.trim_ascii(), line.get(at + 1..)?.trim_ascii());
    (!name.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_when_its_end_or_enough_of_it_is_there() {
        assert_eq!(line(b"ab\r\nc", 10), Some(Line { text: b"ab", used: 4, ended: true }));
        assert_eq!(line(b"abc", 10), None);
        assert_eq!(line(b"abcdef", 4), Some(Line { text: b"abcd", used: 4, ended: false }));
        assert_eq!(word(b" a  b c"), (&b"a"[..], &b"b c"[..]));
        assert_eq!(after(b"mail FROM:<x>", "MAIL FROM:"), Some(&b"<x>"[..]));
    }
}
