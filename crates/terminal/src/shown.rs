//! Lines for a terminal, or for whoever reads them instead.

use serde::Serialize;
use std::io::{self, Write};

/// Writes a value as one line of JSON. What [`printable`] would not show is written as `\u202e`: the same value for a
/// program, nothing to obey for a terminal.
///
/// # Errors
/// When it cannot be written.
pub fn json_line(mut out: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Escaped);
    value.serialize(&mut serializer)?;
    writeln!(out)
}

struct Escaped;

impl serde_json::ser::Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_obeyed(*c)) {
            writer.write_all(fragment.get(from..at).unwrap_or_default().as_bytes())?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            from = at + c.len_utf8();
        }
        writer.write_all(fragment.get(from..).unwrap_or_default().as_bytes())
    }
}

/// Text from foreign files may hold terminal control codes, line ends by which a name passes for a message of ours, and marks
/// that turn the reading order so that a name looks like another; they are shown, not obeyed.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// Control codes, and the marks of the reading order; all of them have four hexadecimal digits.
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn a_line_of_json_is_the_same_value_and_nothing_for_a_terminal() {
        let value = serde_json::json!({ "a\u{9b}": "x\u{202e}y\u{7f}\u{1b}\n\"主机\"", "n": [1, null] });
        let mut line = Vec::new();
        json_line(&mut line, &value).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "{\"a\\u009b\":\"x\\u202ey\\u007f\\u001b\\n\\\"主机\\\"\",\"n\":[1,null]}\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }

    #[test]
    fn control_codes_of_foreign_text_are_not_obeyed() {
        assert_eq!(printable("a\x1b[2Jb\u{9b}c\nerror: x"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}error: x");
        assert_eq!(printable("exe\u{202e}txt 主机"), "exe\u{fffd}txt 主机");
    }
}
