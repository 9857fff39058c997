//! JavaScript.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::starts_any;
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_javascript(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        let next = line.next_word();
        let behind = line.behind_next();
        match line.word {
            b"throw" if line.has(b" new Error(") || line.has(b" new TypeError(") => {
                self.sign(line, Kind::JavaScript, 4)
            }
            b"require" if line.has(b"('./") || line.has(b"(\"./") => self.sign(line, Kind::JavaScript, 7),
            b"function" | b"Function" => self.function(line, rest, next, behind),
            b"var" if line.has(b"=") || line.last == b';' => self.sign(
                line,
                Kind::JavaScript,
                if line.last == b';' || line.last == b'{' || line.last == b',' { 4 } else { 2 },
            ),
            b"let" if next == b"mut" || line.last == b'?' || line.bare.ends_with(b"?;") => {
                self.sign(line, Kind::Rust, 8)
            }
            b"const" | b"let"
                if line.has(b" = ") && !rest.starts_with(b"char") && !line.has(b"::") && !next.is_empty() =>
            {
                self.sign(
                    line,
                    Kind::JavaScript,
                    if line.has(b"require(") || line.has(b"=> ") || line.has(b"function") { 8 } else { 3 },
                )
            }
            b"const" | b"let" if rest.starts_with(b"{") || rest.starts_with(b"[") => {
                self.sign(line, Kind::JavaScript, 5)
            }
            b"module" if rest.starts_with(b".exports") => self.sign(line, Kind::JavaScript, 12),
            b"exports" if rest.starts_with(b".") && line.has(b"=") => self.sign(line, Kind::JavaScript, 7),
            b"define" if starts_any(rest, &[b"([", b"(function", b"( ["]) => self.sign(line, Kind::JavaScript, 8),
            b"window" | b"document" | b"console" | b"process" | b"Object" | b"WScript" | b"JSON"
                if rest.starts_with(b".") =>
            {
                self.sign(
                    line,
                    if line.word == b"WScript" && line.last != b';' { Kind::VbScript } else { Kind::JavaScript },
                    5,
                );
            }
            _ => return false,
        }
        true
    }
}
