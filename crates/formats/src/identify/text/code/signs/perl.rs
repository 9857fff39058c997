//! Perl, and words that Ruby and PHP share with it.

use super::super::Tally;
use super::super::comment::Comment;
use super::super::line::Line;
use super::super::shape::starts_any;
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_perl(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        let next = line.next_word();
        let behind = line.behind_next();
        match line.word {
            b"use" => self.used(line, rest, next),
            b"package" => self.package(line, next, behind),
            b"sub" if line.last == b'{' || behind.is_empty() && !next.is_empty() => self.sign(line, Kind::Perl, 6),
            b"my" | b"our" if starts_any(rest, &[b"$", b"@", b"%", b"($", b"(@", b"(%"]) => {
                self.sign(line, Kind::Perl, 5)
            }
            b"foreach" if rest.starts_with(b"my $") || rest.starts_with(b"(@") || rest.starts_with(b"$") => {
                self.sign(line, Kind::Perl, 5)
            }
            b"foreach" if rest.starts_with(b"($") && line.has(b" in ") => self.sign(line, Kind::PowerShell, 6),
            b"foreach" if rest.starts_with(b"($") && line.has(b" as ") => self.sign(line, Kind::Php, 6),
            b"__END__" | b"__DATA__" if line.bare == line.word => self.sign(line, Kind::Perl, 4),
            b"1" if line.bare == b"1;" => self.sign(line, Kind::Perl, 6),
            b"require" if rest.starts_with(b"'") || rest.starts_with(b"\"") => self.required(line),
            b"require" if line.last == b';' && (line.has(b"::") || !line.has(b"(")) => self.sign(line, Kind::Perl, 3),
            b"unless" if rest.starts_with(b"(") => self.sign(line, Kind::Perl, 5),
            b"elsif" if rest.starts_with(b"(") => self.sign(line, Kind::Perl, 5),
            b"return" if rest.starts_with(b"$") && line.last == b';' => self.sign(line, Kind::Perl, 1),
            b"return" | b"print" if rest.starts_with(b"<<") && line.last == b';' => self.document(line, rest),
            _ => return false,
        }
        true
    }

    /// A text up to a line with its mark alone, as Perl writes it.
    fn document(&mut self, line: &Line, rest: &[u8]) {
        self.sign(line, Kind::Perl, 10);
        let mark = rest[2..].split(|byte| matches!(byte, b'"' | b'\'' | b';')).find(|part| !part.is_empty());
        self.mark = mark.map(<[u8]>::to_vec).unwrap_or_default();
        self.comment = if self.mark.is_empty() { Comment::No } else { Comment::Document };
    }
}
