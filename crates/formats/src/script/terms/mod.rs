//! Texts in pieces: literals that are joined, letters by their number, escapes, formats and replacements of literals. What
//! can be told without running anything is put together; everything else stays as it stands.

mod literal;
mod made;

pub(super) use literal::quote;

use super::{Dialect, Undone};
use crate::budget::Budget;
use crate::limits::Limit;

/// Letters of one text that is put together.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Arguments of one call, and operations on one text.
const ARGUMENTS_MAX: usize = 100_000;
const OPERATIONS_MAX: usize = 1000;
/// Letters that are gone over or made for one script; beyond them literals stay as they are.
const WORK_MAX: usize = 16 << 20;
/// Bytes beyond which a script does not grow while its replacements are done.
const GROWN_BYTES_MAX: usize = 16 << 20;

/// Puts together what a script has in pieces.
pub fn undo(source: &str, dialect: Dialect, budget: &mut Budget) -> Result<Undone, Limit> {
    let mut reader = Reader::new(source, dialect);
    let mut undone = Undone { text: String::with_capacity(source.len()), pieces: 0, coded: 0 };
    while let Some(letter) = reader.peek() {
        let start = reader.at;
        if reader.skip_comment() {
            undone.text.push_str(&source[start..reader.at]);
            continue;
        }
        // What is filled in while it runs stays as it stands.
        if let Some(end) = reader.filled() {
            undone.text.push_str(&source[start..end]);
            reader.at = end;
            continue;
        }
        if let Some(joined) = (!letter.is_whitespace()).then(|| reader.joined()).flatten() {
            budget.step(1)?;
            if joined.plain {
                undone.text.push_str(&source[start..reader.at]);
            } else {
                undone.pieces += 1;
                undone.coded += joined.coded;
                quote(&joined.text, dialect, &mut undone.text);
            }
            if undone.text.len() > GROWN_BYTES_MAX {
                return Err(Limit::TextBytes);
            }
            continue;
        }
        reader.at = start + letter.len_utf8();
        // A backtick in a word of PowerShell says nothing; at the end of a line it goes on.
        if dialect == Dialect::PowerShell && letter == '`' {
            let in_word = source[..start].ends_with(|before: char| before.is_alphanumeric() || before == '-');
            let next = reader.peek().is_some_and(char::is_alphanumeric);
            undone.pieces += usize::from(in_word && next);
            continue;
        }
        // The rest of a name cannot begin a call.
        undone.text.push(letter);
        if letter.is_alphanumeric() || letter == '_' {
            let rest = &source[reader.at..];
            let stops = |letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '.');
            let end = rest.find(stops).unwrap_or(rest.len());
            // `String.fromCharCode` has a name in front of it, and is met at the beginning of that.
            undone.text.push_str(&rest[..end]);
            reader.at += end;
        }
    }
    Ok(undone)
}

/// A text that could be told.
pub(super) struct Term {
    pub(super) text: String,
    /// Letters of it that stood in codes.
    coded: usize,
    /// It is one literal that says what it says.
    plain: bool,
}

/// Reads terms of a language from a place on.
pub(super) struct Reader<'a> {
    pub(super) source: &'a str,
    pub(super) at: usize,
    dialect: Dialect,
    /// Letters that were gone over or made.
    pub(super) work: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str, dialect: Dialect) -> Self {
        Reader { source, at: 0, dialect, work: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn blanks(&mut self) {
        let rest = self.rest();
        let basic = self.dialect == Dialect::Basic;
        let is_blank = |letter: char| if basic { matches!(letter, ' ' | '\t') } else { letter.is_ascii_whitespace() };
        self.at += rest.find(|letter| !is_blank(letter)).unwrap_or(rest.len());
        // Basic goes on with the next line behind an underscore.
        if basic && let Some(line) = self.rest().strip_prefix('_') {
            let line = line.strip_prefix('\r').unwrap_or(line);
            if let Some(line) = line.strip_prefix('\n') {
                self.at = self.source.len() - line.trim_start_matches([' ', '\t']).len();
            }
        }
    }

    /// Takes this, if it stands here in any case of its letters, with blanks in front.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let start = self.at;
        self.blanks();
        if crate::bytes::starts_ignoring_case(self.rest().as_bytes(), wanted.as_bytes()) {
            self.at += wanted.len();
            return true;
        }
        self.at = start;
        false
    }

    /// Takes the sign that joins two texts.
    fn take_joint(&mut self) -> bool {
        match self.dialect {
            Dialect::Php => self.take("."),
            Dialect::Basic => self.take("+") || self.take("&"),
            _ => self.take("+"),
        }
    }

    pub(super) fn skip_comment(&mut self) -> bool {
        let rest = self.rest();
        let line = match self.dialect {
            Dialect::Basic => rest.starts_with('\''),
            Dialect::C | Dialect::Php => rest.starts_with("//") && !self.source[..self.at].ends_with(':'),
            Dialect::PowerShell | Dialect::Hash => {
                rest.starts_with('#') && self.source[..self.at].ends_with(['\n', ' ', '\t', ';'])
            }
            Dialect::Batch => false,
        };
        let ends: &[(&str, &str)] = match self.dialect {
            Dialect::C | Dialect::Php => &[("/*", "*/")],
            Dialect::PowerShell => &[("<#", "#>")],
            _ => &[],
        };
        if line {
            self.at += rest.find('\n').unwrap_or(rest.len());
            return true;
        }
        if let Some((_, end)) = ends.iter().find(|(start, _)| rest.starts_with(start)) {
            self.at += rest.find(end).map_or(rest.len(), |found| found + end.len());
            return true;
        }
        false
    }

    /// One or more terms with signs of joining between them.
    fn joined(&mut self) -> Option<Term> {
        let mut joined = self.operated()?;
        loop {
            let before = self.at;
            let plus = self.take_joint();
            let behind = if plus && !self.rest().starts_with(['+', '=']) {
                self.blanks();
                self.operated()
            } else {
                None
            };
            let Some(next) = behind.filter(|next| joined.text.len() + next.text.len() <= TEXT_BYTES_MAX) else {
                self.at = before;
                return Some(joined);
            };
            joined.text.push_str(&next.text);
            joined.coded += next.coded;
            joined.plain = false;
        }
    }

    /// A term and what is done to it.
    fn operated(&mut self) -> Option<Term> {
        let mut term = self.term()?;
        for _ in 0..OPERATIONS_MAX {
            let before = self.at;
            let Some(text) = self.operation(&term.text).filter(|text| text.len() <= TEXT_BYTES_MAX) else {
                self.at = before;
                break;
            };
            term.coded += text.len();
            (term.text, term.plain) = (text, false);
        }
        Some(term)
    }

    /// Literals with commas between them.
    pub(super) fn list(&mut self) -> Option<Vec<String>> {
        let mut list = Vec::new();
        loop {
            self.blanks();
            list.push(self.literal()?.text);
            if list.len() > ARGUMENTS_MAX || !self.take(",") {
                return Some(list);
            }
        }
    }

    fn term(&mut self) -> Option<Term> {
        let start = self.at;
        let found = self.literal().or_else(|| {
            self.at = start;
            self.call()
        });
        let found = found.or_else(|| {
            self.at = start;
            self.in_brackets()
        });
        if found.is_none() {
            self.at = start;
        }
        found
    }

    /// A term in brackets, or literals that are joined by an operator of PowerShell.
    fn in_brackets(&mut self) -> Option<Term> {
        let shell = self.dialect == Dialect::PowerShell;
        if shell && self.take("-join") && self.take("(") {
            return self.joined_list(")");
        }
        if self.is_argued() || !self.rest().starts_with('(') {
            return None;
        }
        self.at += 1;
        let start = self.at;
        self.blanks();
        if shell
            && let Some(list) = self.list().filter(|list| list.len() > 1)
            && self.take(")")
            && self.take("-join")
        {
            self.blanks();
            let between = self.literal()?.text;
            let text = list.join(&between);
            return Some(Term { coded: text.len(), text, plain: false });
        }
        self.at = start;
        self.blanks();
        // Only one level: brackets in brackets are undone from within, a round each.
        let first = self.literal().or_else(|| {
            self.at = start;
            self.call()
        })?;
        let mut term = Term { plain: false, ..first };
        if let Some(text) = self.operation_or_none(&term.text) {
            (term.coded, term.text) = (term.coded + text.len(), text);
        }
        while let Some(next) = self.next_joined() {
            term.text.push_str(&next.text);
            term.coded += next.coded;
            if term.text.len() > TEXT_BYTES_MAX {
                return None;
            }
        }
        self.take(")").then_some(term)
    }

    /// Whether a name or a value stands in front: brackets behind these hold arguments, or an index.
    fn is_argued(&self) -> bool {
        let before = self.source[..self.at].trim_end();
        before.ends_with(|before: char| before.is_alphanumeric() || "_)]\"'}".contains(before))
    }

    fn operation_or_none(&mut self, text: &str) -> Option<String> {
        let before = self.at;
        let done = self.operation(text).filter(|text| text.len() <= TEXT_BYTES_MAX);
        if done.is_none() {
            self.at = before;
        }
        done
    }

    fn next_joined(&mut self) -> Option<Term> {
        let before = self.at;
        let plus = self.take_joint();
        self.blanks();
        let start = self.at;
        let found = if plus {
            self.literal().or_else(|| {
                self.at = start;
                self.call()
            })
        } else {
            None
        };
        if found.is_none() {
            self.at = before;
        }
        found
    }

    fn joined_list(&mut self, end: &str) -> Option<Term> {
        let text = self.list()?.concat();
        self.take(end).then_some(Term { coded: text.len(), text, plain: false })
    }
}
