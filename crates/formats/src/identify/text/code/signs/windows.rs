//! VBScript and PowerShell.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::{is_cmdlet, starts_any};
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_windows(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        let next = line.next_word();
        let behind = line.behind_next();
        match line.word {
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
            _ => return false,
        }
        true
    }
}
