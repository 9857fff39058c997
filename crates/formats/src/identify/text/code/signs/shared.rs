//! First words that mean something in several languages.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::starts_any;
use crate::kind::Kind;

impl Tally {
    pub(super) fn import(&mut self, line: &Line, next: &[u8], behind: &[u8]) {
        if line.last == b';'
            && (line.has(b"from '")
                || line.has(b"from \"")
                || line.rest.starts_with(b"'")
                || line.rest.starts_with(b"\""))
            || line.rest.starts_with(b"{")
            || line.rest.starts_with(b"* as")
        {
            self.sign(line, Kind::JavaScript, 8);
        } else if line.last == b';' && (behind.starts_with(b".") || next == b"static") {
            self.sign(line, Kind::Java, 6);
        } else if line.bare == b"import (" || line.rest.starts_with(b"\"") {
            self.sign(line, Kind::Go, 6);
        } else if line.has(b" from '") || line.has(b" from \"") {
            self.sign(line, Kind::JavaScript, 8);
        } else if !next.is_empty()
            && line.last != b';'
            && (behind.is_empty() || behind.starts_with(b".") || behind.starts_with(b",") || behind.starts_with(b"as "))
        {
            let dotted = behind.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._, ".contains(byte));
            self.sign(line, Kind::Python, if dotted { 5 } else { 0 });
        }
    }

    pub(super) fn then(&mut self, line: &Line) {
        if line.bare.ends_with(b" Then") {
            self.sign(line, Kind::VbScript, 4);
        } else if !line.has(b"[") {
            self.sign(line, Kind::Lua, 3);
        }
    }

    pub(super) fn exported(&mut self, line: &Line, rest: &[u8], next: &[u8]) {
        match next {
            b"interface" | b"type" | b"declare" | b"enum" | b"abstract" if line.last != b'.' => {
                self.sign(line, Kind::TypeScript, 8)
            }
            b"default" | b"const" | b"function" | b"class" | b"let" | b"async" | b"var" => {
                self.sign(line, Kind::JavaScript, 7);
                if line.has(b"): ") || line.has(b": string") || line.has(b": number") {
                    self.sign(line, Kind::TypeScript, 10);
                }
            }
            _ if rest.starts_with(b"{") || rest.starts_with(b"*") => self.sign(line, Kind::JavaScript, 7),
            _ => {}
        }
    }

    pub(super) fn set(&mut self, line: &Line, next: &[u8], behind: &[u8]) {
        if line.has_any_case(b"createobject(") {
            self.sign(line, Kind::VbScript, 10);
        } else if line.word == b"Set" && behind.starts_with(b"= ") && line.last != b';' {
            self.sign(line, Kind::VbScript, 4);
        } else if line.word == b"Set" && line.rest.starts_with(b"-") {
            self.sign(line, Kind::PowerShell, 6);
        } else if starts_any(line.rest, &[b"/a ", b"/p "])
            || behind.starts_with(b"=")
                && !line.has(b"(")
                && line.bare.get(3) == Some(&b' ')
                && !behind.starts_with(b"= ")
        {
            self.sign(line, Kind::Batch, 5);
        } else if line.rest.starts_with(b"\"") && line.has(b"=") {
            self.sign(line, Kind::Batch, 4);
        } else if line.bare.get(3) == Some(&b'(') && line.last == b')' {
            self.sign(line, Kind::CMake, 4);
        } else if matches!(
            line.bare,
            b"set -e" | b"set -eu" | b"set -x" | b"set -u" | b"set -ex" | b"set -euo pipefail"
        ) {
            self.sign(line, Kind::Shell, 10);
        } else if !next.is_empty()
            && (behind.starts_with(b"[") || behind.starts_with(b"$") || behind.starts_with(b"{"))
            && line.word == b"set"
        {
            self.sign(line, Kind::Tcl, 4);
        }
    }

    pub(super) fn used(&mut self, line: &Line, rest: &[u8], next: &[u8]) {
        match next {
            b"strict" | b"warnings" | b"utf8" | b"vars" | b"base" | b"parent" | b"constant" | b"lib" | b"feature"
            | b"overload" | b"integer" | b"bytes"
                if line.has(b";") =>
            {
                self.sign(line, Kind::Perl, 9);
            }
            b"std" | b"crate" | b"super" | b"self" | b"core" | b"alloc" if line.has(b"::") => {
                self.sign(line, Kind::Rust, 7)
            }
            _ if line.last == b';' && (next.first() == Some(&b'v') || rest.first().is_some_and(u8::is_ascii_digit)) => {
                self.sign(line, Kind::Perl, 9)
            }
            _ if line.last == b';' && line.has(b"\\") => self.sign(line, Kind::Php, 5),
            _ if line.last == b';' && next.first().is_some_and(u8::is_ascii_uppercase) => {
                self.sign(line, Kind::Perl, 6)
            }
            _ if line.has(b"::") && matches!(line.last, b';' | b'{') => self.sign(line, Kind::Rust, 5),
            _ => {}
        }
    }

    pub(super) fn package(&mut self, line: &Line, next: &[u8], behind: &[u8]) {
        if behind.is_empty()
            && line.last != b';'
            && next.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
            && !next.is_empty()
        {
            self.sign(line, Kind::Go, 6);
        } else if line.last == b';' && behind.starts_with(b".") {
            self.sign(line, Kind::Java, 7);
        } else if behind.starts_with(b"::") || line.last == b';' && behind == b";" {
            self.sign(line, Kind::Perl, if line.has(b"::") { 9 } else { 7 });
        } else if next == b"require" || next == b"provide" {
            self.sign(line, Kind::Tcl, 8);
        } else if behind.starts_with(b".") {
            self.sign(line, Kind::Kotlin, 4);
        }
    }

    pub(super) fn required(&mut self, line: &Line) {
        if line.last == b';' {
            self.sign(line, Kind::Perl, 1);
        } else {
            self.sign(line, Kind::Ruby, 6);
        }
    }

    pub(super) fn namespace(&mut self, line: &Line) {
        if line.last == b'{' {
            self.sign(line, Kind::Cpp, 5);
        } else if line.has(b"\\") {
            self.sign(line, Kind::Php, 6);
        } else {
            self.sign(line, Kind::CSharp, 4);
        }
    }

    pub(super) fn function(&mut self, line: &Line, rest: &[u8], next: &[u8], behind: &[u8]) {
        let verb = behind.starts_with(b"-") && next.first().is_some_and(u8::is_ascii_alphabetic);
        if verb {
            self.sign(line, Kind::PowerShell, 9);
        } else if line.word == b"Function" && line.last == b')' {
            self.sign(line, Kind::VbScript, 5);
        } else if line.has(b"($") || line.has(b"(&$") {
            self.sign(line, Kind::Php, 5);
        } else if line.last == b'{'
            && (behind.starts_with(b"(") || rest.starts_with(b"("))
            && !behind.starts_with(b"()")
        {
            self.sign(line, Kind::JavaScript, 5);
        } else if line.last == b'{' && behind.starts_with(b"()") {
            self.sign(line, Kind::JavaScript, 3);
            self.sign(line, Kind::Shell, 2);
        } else if behind == b"{" {
            self.sign(line, Kind::Shell, 4);
            self.sign(line, Kind::PowerShell, 3);
        } else if line.last == b')' {
            self.sign(line, Kind::Lua, 4);
        } else if line.has(b"){") || line.has(b") {") {
            self.sign(line, Kind::JavaScript, 4);
        }
    }
}
