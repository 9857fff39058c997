//! What the first letter of a line speaks for.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::is_selector;
use crate::kind::Kind;

impl Tally {
    pub(in super::super) fn by_first_letter(&mut self, line: &Line) {
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
}
