//! Python, and what begins as it does in Ruby and JavaScript.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::is_names;
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_python(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        let next = line.next_word();
        let behind = line.behind_next();
        match line.word {
            b"def" if line.last == b':' && behind.starts_with(b"(") => self.sign(line, Kind::Python, 7),
            b"def"
                if behind.starts_with(b"(")
                    && !line.has(b"):")
                    && next.len() > 1
                    && line.last != b'{'
                    && line.last != b'='
                    && line.last != b','
                    && line.last != b'(' =>
            {
                self.sign(line, Kind::Ruby, 4)
            }
            b"def" if behind.starts_with(b"(") => self.sign(line, Kind::Python, 2),
            b"def" if behind.is_empty() && !next.is_empty() => self.sign(line, Kind::Ruby, 4),
            b"class" if line.last == b':' && !line.has(b"{") && (behind.starts_with(b"(") || behind == b":") => {
                self.sign(line, Kind::Python, 6)
            }
            b"class"
                if behind.starts_with(b"< ")
                    || (behind.is_empty() && next.first().is_some_and(u8::is_ascii_uppercase)) =>
            {
                self.sign(line, Kind::Ruby, 3)
            }
            b"class" if line.last == b'{' && (behind.starts_with(b"extends ") || behind == b"{") => {
                self.sign(line, Kind::JavaScript, 3)
            }
            b"class" if line.last == b'{' && behind.starts_with(b": public") => self.sign(line, Kind::Cpp, 8),
            b"import" => self.import(line, next, behind),
            b"from" if line.has(b" import ") => {
                let names = memchr::memmem::find(rest, b" import ").map_or(rest, |at| &rest[at + 8..]);
                let module = rest.split(|byte| *byte == b' ').nth(1) == Some(b"import");
                self.sign(line, Kind::Python, if module && is_names(names) { 10 } else { 2 });
            }
            b"if" | b"elif" | b"while" | b"for" | b"with" | b"except" | b"try" | b"else" | b"finally" | b"async"
                if line.last == b':' && !line.has(b"{") =>
            {
                let certain = line.word == b"elif"
                    || line.word == b"except"
                    || (line.word == b"for" && line.has(b" in "))
                    || line.word == b"with";
                let indented = line.indented || matches!(line.word, b"if" | b"try" | b"while" | b"for");
                if certain {
                    self.sign(line, Kind::Python, 4);
                } else if indented {
                    self.sign(line, Kind::Python, 2);
                }
            }
            _ => return false,
        }
        true
    }
}
