//! Lua, Ruby and Tcl.

use super::super::Tally;
use super::super::line::Line;
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_embedded(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        let next = line.next_word();
        let behind = line.behind_next();
        match line.word {
            b"local" if next == b"function" || (behind.starts_with(b"=") && line.last != b';' && !line.has(b"$")) => {
                self.sign(line, Kind::Lua, 4)
            }
            b"module" | b"attr_accessor" | b"attr_reader" | b"require_relative" | b"describe"
                if rest.starts_with(b":")
                    || rest.starts_with(b"'")
                    || (line.word == b"module"
                        && behind.is_empty()
                        && next.first().is_some_and(u8::is_ascii_uppercase)) =>
            {
                self.sign(line, Kind::Ruby, 5)
            }
            b"proc" if line.last == b'{' && line.has(b"{") => self.sign(line, Kind::Tcl, 8),
            b"namespace" if next == b"eval" => self.sign(line, Kind::Tcl, 10),
            b"namespace" => self.namespace(line),
            b"puts" if rest.starts_with(b"\"") || rest.starts_with(b"'") => self.sign(line, Kind::Ruby, 2),
            _ => return false,
        }
        true
    }
}
