//! Signs that stand anywhere on a line.

use super::super::line::Line;
use super::super::shape::{is_declaration, is_rule, is_selector};
use super::super::{LINE_BYTES, Tally};
use crate::kind::Kind;

impl Tally {
    /// Signs that stand anywhere on a line.
    pub(in super::super) fn by_parts(&mut self, line: &Line) {
        if line.bare.len() < 4 {
            return;
        }
        let (mut arrow, mut dollar, mut colons, mut percent, mut dash, mut brace) =
            (false, false, false, false, false, false);
        for pair in line.bare.windows(2) {
            match pair {
                b"=>" => arrow = true,
                b"$_" | b"@_" | b"$$" | b"$1" => dollar = true,
                b"::" => colons = true,
                b"%~" | b"%%" => percent = true,
                b" -" => dash = true,
                b"{\"" | b"${" => brace = true,
                _ => {}
            }
        }
        if line.bare[0] == b'#' {
            return;
        }
        if line.bare.len() >= LINE_BYTES - 100 {
            self.by_long_line(line);
        }
        if arrow && (line.has(b") =>") || line.last == b'{' && line.has(b"=> {")) {
            self.sign(line, Kind::JavaScript, 4);
        } else if arrow && line.has(b" => ") && line.last == b',' {
            self.sign(line, Kind::Perl, 1);
        }
        if dollar && (line.has(b"= @_;") || line.has(b"shift;") || line.has(b"$_[") || line.has(b"@_)")) {
            self.sign(line, Kind::Perl, 7);
        }
        if line.last == b';' && (line.has(b" =~ /") || line.has(b" =~ s/") || line.has(b" =~ m/") || line.has(b"->{")) {
            self.sign(line, Kind::Perl, 5);
        }
        if colons && line.has(b"std::") && line.word != b"use" && !line.has(b"`") {
            self.sign(line, Kind::Cpp, 4);
        }
        if line.has(b"static_cast<") || line.has(b"reinterpret_cast<") || line.has(b"nullptr") {
            self.sign(line, Kind::Cpp, 5);
        }
        if percent && (line.has(b"%~dp0") || line.has(b"%%~") || line.has(b"%~1") || line.has(b"%%i")) {
            self.sign(line, Kind::Batch, 7);
        }
        if dash {
            if line.has(b" -eq ") || line.has(b" -ne ") || line.has(b" -like ") || line.has(b" -match ") {
                let shell = line.has(b"[ ") || line.has(b"test ");
                self.sign(line, if shell { Kind::Shell } else { Kind::PowerShell }, 4);
            }
            if line.has_any_case(b"| where-object")
                || line.has_any_case(b"| foreach-object")
                || line.has_any_case(b" -erroraction ")
                || line.has_any_case(b"| out-null")
                || line.has_any_case(b"iex (")
                || line.has_any_case(b"new-object ")
                || line.has_any_case(b"invoke-expression")
            {
                self.sign(line, Kind::PowerShell, 8);
            }
        }
        if brace
            && line.has(b"${")
            && line.last != b';'
            && line.last != b'`'
            && !line.has(b"`")
            && (line.has(b"\"${") || !line.word.is_empty() && line.rest.starts_with(b"="))
        {
            self.sign(line, Kind::Shell, 2);
        }
        if line.rest.starts_with(b"=")
            && line.bare.get(line.word.len()) == Some(&b'=')
            && (line.has(b"=`") || line.has(b"=$(") || line.has(b"=\"$"))
            && line.last != b';'
        {
            self.sign(line, Kind::Shell, 5);
        }
        if line.last == b'}' || line.last == b';' {
            if line.has(b"self.") {
                self.sign(line, Kind::Rust, 1);
            }
            if line.has(b"function(") || line.has(b"function (") {
                self.sign(line, Kind::JavaScript, 4);
            }
            if line.has(b"===") || line.has(b"!==") {
                self.sign(line, Kind::JavaScript, 2);
            }
        } else if line.last == b'{' {
            if line.has(b"function(") || line.has(b"function (") {
                self.sign(line, Kind::JavaScript, 5);
            } else if line.has(b"===") || line.has(b"!==") {
                self.sign(line, Kind::JavaScript, 3);
            } else if is_selector(line.bare) {
                self.sign(line, Kind::Css, 2);
            }
        } else if line.indented && (line.starts(b"self.") || line.has(b" self.") || line.has(b"(self")) {
            self.sign(line, Kind::Python, 4);
        }
        if line.last == b';' && is_declaration(line) {
            self.declared += 1;
            self.sign(line, Kind::Css, 2);
        }
        if line.last == b'}' && is_rule(line.bare) {
            self.declared += 1;
            self.sign(line, Kind::Css, 3);
        }
        if line.has(b"$(") && matches!(line.rest, [b'=', ..] | [b':' | b'?' | b'+', b'=', ..]) && !line.has(b"=$(") {
            self.sign(line, Kind::Makefile, 3);
        }
        let constant = line.word.len() > 1 && !line.word.iter().any(u8::is_ascii_lowercase);
        if !line.indented && constant && line.rest.starts_with(b"= ") && matches!(line.last, b'[' | b'{' | b'(') {
            self.sign(line, Kind::Python, 3);
        }
        if line.has_any_case(b"new activexobject(") {
            self.sign(line, Kind::JavaScript, 10);
        } else if line.has_any_case(b"createobject(\"") && line.last != b';' {
            self.sign(line, Kind::VbScript, 8);
        }
        if line.last == b'(' || line.last == b'{' || line.bare.ends_with(b"do |") {
            return;
        }
        if line.bare.ends_with(b"|") && line.has(b" do |") {
            self.sign(line, Kind::Ruby, 6);
        }
    }

    /// Scripts that were made small.
    fn by_long_line(&mut self, line: &Line) {
        const SIGNS: [(&[u8], u32); 7] = [
            (b"function(", 5),
            (b")=>", 5),
            (b"=>{", 4),
            (b"void 0", 6),
            (b"===", 3),
            (b"){return ", 4),
            (b"module.exports", 8),
        ];
        for (sign, points) in SIGNS {
            if line.has(sign) {
                self.sign(line, Kind::JavaScript, points);
            }
        }
    }
}
