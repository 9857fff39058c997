//! Signs of languages: what the first letter, the first word and the parts of a line speak for.

use super::comment::Comment;
use super::line::Line;
use super::shape::{RUST_ITEMS, is_cmdlet, is_declaration, is_names, is_rule, is_selector, starts_any};
use super::{LINE_BYTES, Tally};
use crate::kind::Kind;

impl Tally {
    pub(super) fn by_first_letter(&mut self, line: &Line) {
        let bare = line.bare;
        match bare[0] {
            b'@' if line.tabbed && line.bare.get(1).is_some_and(u8::is_ascii_alphabetic) => {
                self.sign(line, Kind::Makefile, 1);
            }
            b'.' if line.starts(b".PHONY") => self.sign(line, Kind::Makefile, 10),
            b'@' if line.has_any_case(b"@echo ") || line.has_any_case(b"@setlocal") || line.has_any_case(b"@if ") => {
                self.sign(line, Kind::Batch, 8);
            }
            b'@' if line.starts(b"@rem") || line.starts(b"@REM") => self.sign(line, Kind::Batch, 8),
            b'@' if line.starts(b"@Override") => self.sign(line, Kind::Java, 5),
            b'@' if line.starts(b"@media") || line.starts(b"@charset") || line.starts(b"@font-face") => {
                self.sign(line, Kind::Css, 8);
            }
            b'@' if line.starts(b"@import url") => self.sign(line, Kind::Css, 6),
            b':' if line.starts(b"::") && bare.get(2).is_none_or(|byte| *byte == b' ') => {
                self.sign(line, Kind::Batch, 2)
            }
            b':' if bare.len() > 1 && bare[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') => {
                self.sign(line, Kind::Batch, 3);
            }
            b'$' => self.dollar(line),
            b'#' => self.hash(line),
            b'[' if line.starts(b"[CmdletBinding(") || line.starts(b"[Parameter(") => {
                self.sign(line, Kind::PowerShell, 9)
            }
            b'[' if line.has(b"[System.")
                || line.has(b"[Net.")
                || line.has(b"[string]$")
                || line.has(b"[string] $") =>
            {
                self.sign(line, Kind::PowerShell, 5)
            }
            b'[' if line.starts(b"[DllImport(") || line.starts(b"[assembly:") => self.sign(line, Kind::CSharp, 7),
            b'.' | b'*' if line.last == b'{' && is_selector(bare) => self.sign(line, Kind::Css, 4),
            b'<' if line.starts(b"<#") => self.sign(line, Kind::PowerShell, 8),
            b'\'' if bare.get(1).is_some_and(|byte| *byte == b' ' || *byte == b'\'') && line.last != b'\'' => {
                self.sign(line, Kind::VbScript, 1);
            }
            b'\\'
                if line.starts(b"\\begin{")
                    || line.starts(b"\\section{")
                    || line.starts(b"\\usepackage")
                    || line.starts(b"\\newcommand") =>
            {
                self.sign(line, Kind::Tex, 6)
            }
            b'\\' if line.starts(b"\\documentclass") => self.sign(line, Kind::Tex, 12),
            b'\\' if line.starts(b"\\def\\") || line.starts(b"\\let\\") || line.starts(b"\\ProvidesPackage") => {
                self.sign(line, Kind::Tex, 5)
            }
            b'/' if line.starts(b"//# sourceMappingURL=") || line.starts(b"// @ts-") => {
                self.sign(line, Kind::JavaScript, 8)
            }
            b'(' if line.starts(b"(function") || line.starts(b"(() =>") || line.starts(b"(async ") => {
                self.sign(line, Kind::JavaScript, 8);
            }
            b'(' if line.starts(b"(defun ")
                || line.starts(b"(defvar ")
                || line.starts(b"(defcustom ")
                || line.starts(b"(require '") =>
            {
                self.sign(line, Kind::EmacsLisp, 9);
            }
            b'"' if line.starts(b"\" Vim ") || line.starts(b"\" Maintainer:") || line.starts(b"\" Language:") => {
                self.sign(line, Kind::VimScript, 8);
            }
            b'!' if line.starts(b"!function(") => self.sign(line, Kind::JavaScript, 10),
            b'"' | b'\'' if bare.get(1..11) == Some(b"use strict") && bare.get(11) == bare.first() => {
                self.sign(line, Kind::JavaScript, 12);
            }
            b'}' if line.starts(b"} elsif (") => self.sign(line, Kind::Perl, 5),
            b'}' if line.starts(b"})();") || line.starts(b"}());") || line.starts(b"}(") => {
                self.sign(line, Kind::JavaScript, 4)
            }
            _ => {}
        }
    }

    /// Variables of several languages begin alike.
    fn dollar(&mut self, line: &Line) {
        let name_end =
            line.bare[1..].iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_' && *byte != b':');
        let rest = line.bare.get(1 + name_end.unwrap_or(line.bare.len())..).unwrap_or_default().trim_ascii_start();
        if line.has_any_case(b"= new-object")
            || line.has_any_case(b"= get-")
            || line.has_any_case(b"$_.")
            || line.starts(b"$env:")
            || line.starts(b"$PS")
            || line.starts(b"$ErrorActionPreference")
        {
            self.sign(line, Kind::PowerShell, 8);
        } else if line.starts(b"$(") || line.starts(b"$ ") {
            // Makefiles, and commands in prose.
        } else if line.starts(b"$this->") {
            self.sign(line, Kind::Php, 3);
        } else if rest.starts_with(b"=") && line.last != b';' {
            self.sign(line, Kind::PowerShell, 2);
        } else if rest.starts_with(b"=~") {
            self.sign(line, Kind::Perl, 6);
        } else if line.has(b"->{")
            || rest.starts_with(b"->")
            || rest.starts_with(b"{")
            || rest.starts_with(b".=")
            || rest.starts_with(b"=")
        {
            self.sign(line, Kind::Perl, 2);
        }
    }

    fn hash(&mut self, line: &Line) {
        let rest = line.bare[1..].trim_ascii_start();
        let directive = |word: &[u8]| rest.starts_with(word);
        if directive(b"include <") || directive(b"include \"") {
            // Other languages have files put in as well, with other names.
            let header = line.has(b".h") || line.has(b".inc\"") || rest.ends_with(b".c\"");
            self.sign(line, Kind::CSource, if header { 10 } else { 2 });
            let cpp = rest.ends_with(b">") && !line.has(b".") && !line.has(b"/");
            if cpp {
                self.sign(line, Kind::Cpp, 9);
            }
        } else if directive(b"pragma once")
            || directive(b"ifndef ")
            || directive(b"ifdef ")
            || directive(b"define ")
            || directive(b"undef ")
            || directive(b"elif defined")
            || directive(b"if defined")
            || directive(b"endif") && rest.len() < 10
        {
            self.sign(line, Kind::CSource, 4);
        } else if directive(b"import ") && rest.ends_with(b".h>") {
            self.sign(line, Kind::CSource, 6);
        } else if directive(b"NoTrayIcon") || directive(b"include-once") || directive(b"RequireAdmin") {
            self.sign(line, Kind::AutoIt, 10);
        } else if line.starts(b"#[derive(")
            || line.starts(b"#![")
            || line.starts(b"#[cfg(")
            || line.starts(b"#[test]")
            || line.starts(b"#[inline")
            || line.starts(b"#[must_use")
            || line.starts(b"#[allow(")
            || line.starts(b"#[doc")
            || line.starts(b"#[non_exhaustive]")
            || line.starts(b"#[repr(")
        {
            self.sign(line, Kind::Rust, 7);
        } else if line.starts(b"#requires -") || line.starts(b"#Requires -") || line.starts(b"#region") {
            self.sign(line, Kind::PowerShell, 4);
        } else if directive(b"-*- coding:")
            || directive(b"coding:")
            || directive(b"type: ")
            || directive(b"noqa")
            || directive(b"pylint:")
        {
            self.sign(line, Kind::Python, 6);
        } else if directive(b"shellcheck ") {
            self.sign(line, Kind::Shell, 10);
        } else if directive(b"frozen_string_literal:") {
            self.sign(line, Kind::Ruby, 12);
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm a word is easier to read than many tables")]
    pub(super) fn by_word(&mut self, line: &Line) {
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
            b"if"
                if line.starts(b"if [ ")
                    || line.starts(b"if [[ ")
                    || line.starts(b"if test ")
                    || line.starts(b"if ! ") && line.has(b"; then") =>
            {
                self.sign(line, Kind::Shell, 6)
            }
            b"if" | b"while" | b"for" | b"until" if line.has(b"; then") || line.bare.ends_with(b"; do") => {
                self.sign(line, Kind::Shell, 6)
            }
            b"if" if line.bare.len() > 8 && line.bare.to_ascii_lowercase().ends_with(b" then") => self.then(line),
            b"if" | b"IF" | b"If"
                if rest.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"not exist"))
                    || starts_any(
                        rest,
                        &[
                            b"exist ",
                            b"errorlevel ",
                            b"not defined ",
                            b"defined ",
                            b"\"%",
                            b"/i ",
                            b"not \"%",
                            b"%errorlevel%",
                        ],
                    ) =>
            {
                self.sign(line, Kind::Batch, 7)
            }
            b"fi" | b"esac" | b"done"
                if matches!(line.bare, b"fi" | b"esac" | b"done") || starts_any(rest, &[b"<", b"|", b";", b">"]) =>
            {
                self.sign(line, Kind::Shell, 4)
            }
            b"then" | b"do" if line.bare == line.word => self.sign(line, Kind::Shell, 2),
            b"case" if line.bare.ends_with(b" in") && (line.has(b"$") || line.has(b"`")) => {
                self.sign(line, Kind::Shell, 6)
            }
            b"case" if line.last == b':' || rest.starts_with(b"'") || rest.starts_with(b"\"") => {
                self.sign(line, Kind::CSource, 1)
            }
            b"export"
                if line.has(b"=")
                    && line.last != b';'
                    && next.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_') =>
            {
                self.sign(line, Kind::Shell, 5)
            }
            b"export" => self.exported(line, rest, next),
            b"echo" if line.has(b"$") || line.has(b">&2") => self.sign(line, Kind::Shell, 2),
            b"echo" | b"ECHO" | b"Echo" if line.has(b"%") || rest.is_empty() || line.bare.get(4) == Some(&b'.') => {
                self.sign(line, Kind::Batch, 4)
            }
            b"set" | b"SET" | b"Set" => self.set(line, next, behind),
            b"unset" | b"shift" | b"exec" | b"eval" | b"trap" | b"local" | b"readonly" | b"source"
                if line.last != b';' && (line.has(b"$") || matches!(line.word, b"trap" | b"unset")) =>
            {
                self.sign(line, Kind::Shell, 4)
            }
            b"exit"
                if line.last != b';'
                    && !line.has(b"(")
                    && (rest.is_empty() || rest.iter().all(u8::is_ascii_digit) || rest.starts_with(b"$")) =>
            {
                self.sign(line, Kind::Shell, 1)
            }
            b"exit" | b"EXIT" if rest.starts_with(b"/b") || rest.starts_with(b"/B") => self.sign(line, Kind::Batch, 10),
            b"rem" | b"REM" | b"Rem" if rest.len() != line.bare.len() && line.bare.get(3) == Some(&b' ') => {
                self.sign(line, Kind::Batch, 3)
            }
            b"goto" | b"GOTO" | b"Goto" | b"call" | b"CALL"
                if line.last != b';' && (rest.starts_with(b":") || line.has(b"%~") || line.has(b"%")) =>
            {
                self.sign(line, Kind::Batch, 6)
            }
            b"goto" | b"GOTO" if line.last != b';' && behind.is_empty() => self.sign(line, Kind::Batch, 4),
            b"setlocal" | b"SETLOCAL" | b"Setlocal" | b"endlocal" | b"ENDLOCAL"
                if rest.is_empty() || starts_any(rest, &[b"enable", b"disable", b"&"]) =>
            {
                self.sign(line, Kind::Batch, 8)
            }
            b"pause" | b"PAUSE" if line.bare.len() == 5 => self.sign(line, Kind::Batch, 3),
            b"cd" | b"CD" | b"pushd" | b"copy" | b"COPY" | b"xcopy" | b"del" | b"DEL" | b"start" | b"mkdir" | b"md"
            | b"reg" | b"taskkill" | b"schtasks" | b"wscript" | b"cscript" | b"powershell" | b"certutil"
            | b"bitsadmin"
                if line.has(b"%")
                    || starts_any(rest, &[b"/d ", b"/f ", b"/q ", b"/y ", b"/im "])
                    || (line.has(b"\\") && rest.get(1) == Some(&b':')) =>
            {
                self.sign(line, Kind::Batch, 4)
            }
            b"for" | b"FOR" | b"For" if starts_any(rest, &[b"/f ", b"/l ", b"/r ", b"/d "]) || line.has(b"%%") => {
                self.sign(line, Kind::Batch, 9)
            }
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
            b"Dim" | b"ReDim" | b"dim" if !next.is_empty() && line.last != b';' => self.sign(line, Kind::VbScript, 5),
            b"Sub" | b"Private" | b"Public"
                if line.last == b')' && (next == b"Sub" || next == b"Function" || line.word == b"Sub") =>
            {
                self.sign(line, Kind::VbScript, 6)
            }
            b"End" | b"end"
                if matches!(
                    rest,
                    b"Sub" | b"Function" | b"If" | b"With" | b"Select" | b"Class" | b"Property" | b"Type"
                ) =>
            {
                self.sign(line, Kind::VbScript, 6)
            }
            b"end" if line.bare == b"end" => {
                self.sign(line, Kind::Ruby, 1);
                self.sign(line, Kind::Lua, 1);
            }
            b"Option" if rest.eq_ignore_ascii_case(b"explicit") => self.sign(line, Kind::VbScript, 10),
            b"On" if rest.eq_ignore_ascii_case(b"error resume next") => self.sign(line, Kind::VbScript, 10),
            b"Attribute" if rest.starts_with(b"VB_") => self.sign(line, Kind::VbScript, 12),
            b"Const" | b"Else" | b"ElseIf" | b"Next" | b"Loop" | b"Wend" if line.last != b';' && line.last != b'.' => {
                self.sign(line, Kind::VbScript, 2)
            }
            b"MsgBox" => self.sign(line, Kind::VbScript, 6),
            b"param" | b"Param" if rest.starts_with(b"(") && line.last != b';' => self.sign(line, Kind::PowerShell, 6),
            b"Write" if starts_any(rest, &[b"-Host", b"-Output", b"-Verbose", b"-Error", b"-Warning"]) => {
                self.sign(line, Kind::PowerShell, 10)
            }
            b"Get" | b"New" | b"Remove" | b"Add" | b"Import" | b"Invoke" | b"Start" | b"Stop" | b"Out" | b"Export"
            | b"Install" | b"Test" | b"Copy"
                if is_cmdlet(line.bare) =>
            {
                self.sign(line, Kind::PowerShell, 6)
            }
            b"begin" | b"process" | b"Begin" | b"Process" if line.bare.ends_with(b"{") && behind == b"" => {
                self.sign(line, Kind::PowerShell, 2)
            }
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
            b"SELECT" | b"select" if line.has_any_case(b" from ") && !line.has(b"(\"") => self.sign(line, Kind::Sql, 6),
            b"CREATE" | b"create" | b"ALTER" | b"DROP" | b"drop" | b"alter"
                if starts_any(
                    rest,
                    &[
                        b"table ",
                        b"index ",
                        b"view ",
                        b"database ",
                        b"procedure ",
                        b"function ",
                        b"or replace ",
                        b"schema ",
                        b"unique index ",
                        b"user ",
                        b"trigger ",
                        b"extension ",
                        b"temp",
                        b"aggregate ",
                        b"operator ",
                        b"type ",
                    ],
                ) =>
            {
                self.sign(line, Kind::Sql, 10)
            }
            b"INSERT" | b"insert" if starts_any(rest, &[b"into "]) => self.sign(line, Kind::Sql, 9),
            b"BEGIN" | b"COMMIT" | b"GRANT" | b"DELETE" | b"UPDATE" if line.last == b';' => {
                self.sign(line, Kind::Sql, 5)
            }
            b"cmake_minimum_required"
            | b"add_executable"
            | b"add_library"
            | b"target_link_libraries"
            | b"find_package"
            | b"include_directories"
            | b"add_subdirectory"
            | b"set_target_properties"
            | b"message"
            | b"endif"
            | b"elseif"
            | b"foreach"
            | b"endforeach"
            | b"endfunction"
            | b"include"
                if rest.starts_with(b"(") && line.last != b';' =>
            {
                self.sign(
                    line,
                    Kind::CMake,
                    if line.word.contains(&b'_') || line.word.starts_with(b"end") { 6 } else { 2 },
                )
            }
            b"ifeq" | b"ifneq" | b"endif" | b"ifdef" | b"define"
                if line.bare.len() == line.word.len() || rest.starts_with(b"(") =>
            {
                self.sign(line, Kind::Makefile, 4)
            }
            b"section" | b"global" | b"mov" | b"push" | b"pop" | b"jmp" | b"lea" | b"ret" | b"xor"
                if line.indented && line.last != b';' && line.last != b'{' =>
            {
                self.sign(line, Kind::Assembly, 3)
            }
            b"endif" | b"endfunction" | b"augroup" | b"autocmd" | b"au" | b"syn" | b"hi" | b"nnoremap"
                if line.last != b';' && !line.has(b"(") =>
            {
                self.sign(
                    line,
                    Kind::VimScript,
                    if matches!(line.word, b"endif" | b"syn" | b"hi" | b"au") { 2 } else { 6 },
                )
            }
            b"dnl" | b"AC_DEFUN" | b"AC_REQUIRE" | b"AU_ALIAS" | b"m4_define" | b"AC_PREREQ" | b"AC_INIT"
            | b"m4_include" => {
                self.sign(line, Kind::M4, 8);
            }
            word if word.starts_with(b"AC_")
                || word.starts_with(b"AS_")
                || word.starts_with(b"m4_")
                || word.starts_with(b"AM_") =>
            {
                self.sign(line, Kind::M4, 3);
            }
            b"unit" | b"program" | b"uses" | b"implementation" | b"procedure"
                if line.last == b';' || line.bare == b"implementation" =>
            {
                self.sign(line, Kind::Pascal, 4)
            }
            b"Func" | b"EndFunc" | b"Global" | b"Local" if line.bare == b"EndFunc" || rest.starts_with(b"$") => {
                self.sign(line, Kind::AutoIt, 6)
            }
            b"raise" | b"pass" | b"yield" | b"assert" | b"global" | b"nonlocal" | b"del"
                if line.indented && line.last != b';' && line.last != b'.' =>
            {
                self.sign(line, Kind::Python, if line.word == b"pass" && line.bare.len() > 4 { 0 } else { 2 });
            }
            b"__all__" | b"__version__" | b"__author__" | b"__slots__"
                if rest.starts_with(b"=") || rest.starts_with(b":") =>
            {
                self.sign(line, Kind::Python, 7)
            }
            b"print" if rest.starts_with(b"(") && line.last == b')' => self.sign(line, Kind::Python, 2),
            b"print"
                if line.last == b';'
                    && (rest.starts_with(b"\"") || rest.starts_with(b"STDERR") || rest.starts_with(b"$")) =>
            {
                self.sign(line, Kind::Perl, 4)
            }
            b"return"
                if line.indented
                    && line.last != b';'
                    && line.last != b'{'
                    && line.last != b'.'
                    && line.last != b',' =>
            {
                self.sign(line, Kind::Python, 1)
            }
            _ => {}
        }
    }

    /// A text up to a line with its mark alone, as Perl writes it.
    fn document(&mut self, line: &Line, rest: &[u8]) {
        self.sign(line, Kind::Perl, 10);
        let mark = rest[2..].split(|byte| matches!(byte, b'"' | b'\'' | b';')).find(|part| !part.is_empty());
        self.mark = mark.map(<[u8]>::to_vec).unwrap_or_default();
        self.comment = if self.mark.is_empty() { Comment::No } else { Comment::Document };
    }

    fn import(&mut self, line: &Line, next: &[u8], behind: &[u8]) {
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

    fn then(&mut self, line: &Line) {
        if line.bare.ends_with(b" Then") {
            self.sign(line, Kind::VbScript, 4);
        } else if !line.has(b"[") {
            self.sign(line, Kind::Lua, 3);
        }
    }

    fn exported(&mut self, line: &Line, rest: &[u8], next: &[u8]) {
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

    fn set(&mut self, line: &Line, next: &[u8], behind: &[u8]) {
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

    fn used(&mut self, line: &Line, rest: &[u8], next: &[u8]) {
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

    fn package(&mut self, line: &Line, next: &[u8], behind: &[u8]) {
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

    fn required(&mut self, line: &Line) {
        if line.last == b';' {
            self.sign(line, Kind::Perl, 1);
        } else {
            self.sign(line, Kind::Ruby, 6);
        }
    }

    fn namespace(&mut self, line: &Line) {
        if line.last == b'{' {
            self.sign(line, Kind::Cpp, 5);
        } else if line.has(b"\\") {
            self.sign(line, Kind::Php, 6);
        } else {
            self.sign(line, Kind::CSharp, 4);
        }
    }

    fn function(&mut self, line: &Line, rest: &[u8], next: &[u8], behind: &[u8]) {
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

    /// Signs that stand anywhere on a line.
    pub(super) fn by_parts(&mut self, line: &Line) {
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
}
