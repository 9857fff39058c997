//! Languages that are compiled: C and its relatives, Java, Go, Rust, Kotlin, Swift.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::RUST_ITEMS;
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_compiled(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        let next = line.next_word();
        let behind = line.behind_next();
        match line.word {
            b"using" if next == b"namespace" && line.last == b';' => self.sign(line, Kind::Cpp, 9),
            b"using" if line.last == b';' && next.first().is_some_and(u8::is_ascii_uppercase) && !line.has(b"=") => {
                self.sign(line, Kind::CSharp, 6)
            }
            b"virtual" | b"explicit" | b"constexpr" if line.last == b';' || line.last == b'{' => {
                self.sign(line, Kind::Cpp, 5)
            }
            b"template" if rest.starts_with(b"<") => self.sign(line, Kind::Cpp, 8),
            b"std" if rest.starts_with(b"::") => self.sign(line, Kind::Cpp, 4),
            b"public" | b"private" | b"protected" if line.bare.len() == line.word.len() + 1 && line.last == b':' => {
                self.sign(line, Kind::Cpp, 5)
            }
            b"public" | b"private" | b"protected" if matches!(line.last, b'{' | b';' | b'(' | b')' | b',') => {
                self.sign(
                    line,
                    if line.has(b"function ") {
                        Kind::Php
                    } else if matches!(
                        next,
                        b"class" | b"interface" | b"static" | b"final" | b"void" | b"enum" | b"abstract"
                    ) {
                        Kind::Java
                    } else {
                        Kind::CSharp
                    },
                    3,
                );
            }
            b"struct" | b"typedef" | b"static" | b"extern" | b"enum" | b"union" | b"int" | b"void" | b"unsigned"
            | b"char" | b"long" | b"double" | b"float" | b"size_t" | b"uint32_t" | b"bool"
                if matches!(line.last, b'{' | b';' | b')' | b',') && !line.has(b"::") =>
            {
                self.sign(line, Kind::CSource, 3);
                if matches!(line.word, b"typedef" | b"unsigned" | b"extern" | b"size_t") {
                    self.sign(line, Kind::CSource, 3);
                }
            }
            b"func" if line.last == b'{' && (rest.starts_with(b"(") || behind.starts_with(b"(")) => {
                self.sign(line, Kind::Go, 5)
            }
            b"type" if line.bare.ends_with(b" struct {") || line.bare.ends_with(b" interface {") => {
                self.sign(line, Kind::Go, 8)
            }
            b"pub" if line.bare.get(3) == Some(&b'(') || RUST_ITEMS.contains(&next) => self.sign(line, Kind::Rust, 7),
            b"fn" if behind.starts_with(b"(") || behind.starts_with(b"<") => self.sign(line, Kind::Rust, 6),
            b"impl" if line.bare.get(4) == Some(&b'<') || line.last == b'{' => self.sign(line, Kind::Rust, 6),
            b"mod" | b"trait" | b"match" | b"unsafe" if matches!(line.last, b'{' | b';') => {
                self.sign(line, Kind::Rust, 3)
            }
            b"interface" | b"declare" | b"type" if matches!(line.last, b'{' | b';') && !line.has(b"struct") => {
                self.sign(line, Kind::TypeScript, 4)
            }
            b"fun" if line.last == b'{' || line.has(b") = ") || line.has(b"): ") => self.sign(line, Kind::Kotlin, 5),
            b"val" if line.has(b" = ") && line.last != b';' => self.sign(line, Kind::Kotlin, 4),
            b"guard" if next == b"let" => self.sign(line, Kind::Swift, 10),
            _ => return false,
        }
        true
    }
}
