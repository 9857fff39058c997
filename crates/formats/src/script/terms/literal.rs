//! Literals of each language: what they say, how they are written, and which of them are filled while a script runs.

use super::{Reader, TEXT_BYTES_MAX, Term, WORK_MAX};
use crate::script::Dialect;

impl Reader<'_> {
    /// A literal of the language.
    pub(in crate::script) fn literal(&mut self) -> Option<Term> {
        let start = self.at;
        let mark = self.peek()?;
        let basic = self.dialect == Dialect::Basic;
        let (has_places, has_lines) = (self.has_places(mark), mark == '`');
        let is_mark = mark == '"' || mark == '\'' && !basic || has_lines && self.dialect == Dialect::C;
        // Literals without an end are gone over from each of their marks.
        if self.work > WORK_MAX || !is_mark {
            return None;
        }
        let (mut text, mut coded) = (String::new(), 0);
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            self.work += 1;
            let doubled = || basic || self.dialect == Dialect::PowerShell;
            if letter == mark {
                if doubled() && letters.peek().is_some_and(|(_, next)| *next == mark) {
                    letters.next();
                    text.push(mark);
                    continue;
                }
                self.at = start + at + 1;
                return Some(Term { text, coded, plain: coded == 0 });
            }
            // Only texts of PowerShell and of shells go over lines, and those are none to put together; nor are those in
            // which something is filled in.
            let is_filled = has_places && self.is_place(letter, letters.peek().map(|(_, next)| *next));
            if letter == '\n' && !has_lines || is_filled || text.len() > TEXT_BYTES_MAX {
                return None;
            }
            match (self.dialect, letter) {
                (Dialect::C | Dialect::Php | Dialect::Hash, '\\') => {
                    let (_, escape) = letters.next()?;
                    let digits = match escape {
                        'x' => 2,
                        'u' => 4,
                        _ => 0,
                    };
                    let written = self.rest().get(at + 2..at + 2 + digits).unwrap_or_default();
                    let number = u32::from_str_radix(written, 16).ok().and_then(char::from_u32);
                    if let Some(spelled) = number.filter(|_| digits > 0) {
                        letters.nth(digits - 1);
                        coded += 1;
                        text.push(spelled);
                    } else {
                        text.push(match escape {
                            'n' => '\n',
                            'r' => '\r',
                            't' => '\t',
                            other => other,
                        });
                    }
                }
                (Dialect::PowerShell, '`') if mark == '"' => {
                    let (_, escape) = letters.next()?;
                    text.push(match escape {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        other => other,
                    });
                }
                _ => text.push(letter),
            }
        }
        None
    }

    /// The end of a literal with places in it that are filled while the script runs, if one begins here.
    pub(in crate::script) fn filled(&mut self) -> Option<usize> {
        let mark = self.peek().filter(|mark| self.has_places(*mark))?;
        let (mut letters, mut filled, mut inside) = (self.rest().char_indices().skip(1).peekable(), false, None);
        let mut depth = 0_u32;
        while let Some((at, letter)) = letters.next() {
            self.work += 1;
            if self.work > WORK_MAX {
                return None;
            }
            let next = letters.peek().map(|(_, next)| *next);
            if let Some((open, close)) = inside.filter(|_| depth > 0) {
                depth = depth + u32::from(letter == open) - u32::from(letter == close);
            } else if letter == self.escape() {
                letters.next();
            } else if self.is_place(letter, next) {
                filled = true;
                inside =
                    [('(', ')'), ('{', '}')].into_iter().find(|(open, _)| [Some(letter), next].contains(&Some(*open)));
                depth = u32::from(letter == '{');
                if inside.is_some() && depth == 0 {
                    (_, depth) = (letters.next(), 1);
                }
            } else if letter == mark {
                return filled.then_some(self.at + at + mark.len_utf8());
            }
        }
        None
    }

    /// Whether literals with this mark may have places that are filled.
    pub(super) fn has_places(&self, mark: char) -> bool {
        match self.dialect {
            Dialect::PowerShell | Dialect::Php => mark == '"',
            Dialect::C => mark == '`',
            // Of Python, with a letter in front.
            Dialect::Hash => matches!(mark, '"' | '\'') && self.source[..self.at].ends_with(['f', 'F']),
            Dialect::Basic | Dialect::Batch => false,
        }
    }

    /// Whether a place begins with these letters, where literals have some.
    fn is_place(&self, letter: char, next: Option<char>) -> bool {
        let named = |signs: &str| next.is_some_and(|next| next.is_alphabetic() || signs.contains(next));
        match self.dialect {
            Dialect::PowerShell => letter == '$' && named("({_:?^$"),
            Dialect::Php => letter == '$' && named("_{") || letter == '{' && next == Some('$'),
            Dialect::C => letter == '$' && next == Some('{'),
            Dialect::Hash => letter == '{',
            Dialect::Basic | Dialect::Batch => false,
        }
    }

    /// The sign in front of a letter that stands for itself.
    fn escape(&self) -> char {
        if self.dialect == Dialect::PowerShell { '`' } else { '\\' }
    }
}

/// Writes a text as a literal of the language.
pub(in crate::script) fn quote(text: &str, dialect: Dialect, into: &mut String) {
    into.push('"');
    for letter in text.chars() {
        match (dialect, letter) {
            (Dialect::Basic, '"') => into.push_str("\"\""),
            (Dialect::PowerShell, '"' | '`' | '$') => into.extend(['`', letter]),
            (Dialect::Php, '$') => into.push_str("\\$"),
            (Dialect::C | Dialect::Php | Dialect::Hash, '"' | '\\') => into.extend(['\\', letter]),
            (Dialect::C | Dialect::Php | Dialect::Hash, '\n') => into.push_str("\\n"),
            (Dialect::C | Dialect::Php | Dialect::Hash, '\r') => into.push_str("\\r"),
            _ => into.push(letter),
        }
    }
    into.push('"');
}
