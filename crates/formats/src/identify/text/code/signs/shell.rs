//! Shells of Unix, and batch files.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::starts_any;
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_shell(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        let next = line.next_word();
        let behind = line.behind_next();
        match line.word {
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
            _ => return false,
        }
        true
    }
}
