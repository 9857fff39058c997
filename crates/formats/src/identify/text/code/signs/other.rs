//! Databases, builds, editors, assembly, and what is left when nothing else was told.

use super::super::Tally;
use super::super::line::Line;
use super::super::shape::starts_any;
use crate::kind::Kind;

impl Tally {
    /// Whether the first word of a line says something.
    pub(super) fn by_word_of_other(&mut self, line: &Line) -> bool {
        let rest = line.rest;
        match line.word {
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
            _ => return false,
        }
        true
    }
}
