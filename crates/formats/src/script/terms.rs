//! Texts in pieces: literals that are joined, letters by their number, escapes, formats and replacements of literals. What
//! can be told without running anything is put together; everything else stays as it stands.

use super::{Dialect, Undone};
use crate::budget::Budget;
use crate::encoded::hexadecimal;
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
    let mut reader = Reader { source, at: 0, dialect, work: 0 };
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

/// Writes a text as a literal of the language.
fn quote(text: &str, dialect: Dialect, into: &mut String) {
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

/// A text that could be told.
struct Term {
    text: String,
    /// Letters of it that stood in codes.
    coded: usize,
    /// It is one literal that says what it says.
    plain: bool,
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    dialect: Dialect,
    /// Letters that were gone over or made.
    work: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blanks(&mut self) {
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
    fn take(&mut self, wanted: &str) -> bool {
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

    /// The end of a literal with places in it that are filled while the script runs, if one begins here.
    fn filled(&mut self) -> Option<usize> {
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
    fn has_places(&self, mark: char) -> bool {
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

    fn skip_comment(&mut self) -> bool {
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

    fn operation(&mut self, text: &str) -> Option<String> {
        self.work += text.len();
        if self.work > WORK_MAX {
            return None;
        }
        let shell = self.dialect == Dialect::PowerShell;
        if self.take(".replace(") {
            let global = self.rest().starts_with('/');
            let (from, to) = (self.literal_or_pattern()?, self.second()?);
            let all = global || shell || self.dialect == Dialect::Hash;
            return (self.take(")") && !from.is_empty())
                .then(|| if all { text.replace(&from, &to) } else { text.replacen(&from, &to, 1) });
        }
        if self.dialect == Dialect::C && self.take(".split(") {
            let between = self.literal()?.text;
            let reversed = self.take(").reverse(") || self.take(")") && self.take(".reverse(");
            if reversed {
                return (self.take(")") && self.take(".join(") && self.literal().is_some() && self.take(")"))
                    .then(|| text.chars().rev().collect());
            }
            let joined = self.take(".join(").then(|| self.literal())??.text;
            return (self.take(")") && !between.is_empty()).then(|| text.replace(&between, &joined));
        }
        if shell && (self.take("-replace") || self.take("-creplace") || self.take("-ireplace")) {
            self.blanks();
            let (from, to) = (self.literal()?.text, self.second()?);
            let is_plain = !from.is_empty() && !from.contains(['\\', '.', '[', '(', '*', '+', '?', '^', '$', '|']);
            return is_plain.then(|| text.replace(&from, &to));
        }
        if shell && self.take("-f") {
            return format(text, &self.list()?);
        }
        None
    }

    fn second(&mut self) -> Option<String> {
        self.take(",").then(|| {
            self.blanks();
            self.literal().map(|term| term.text)
        })?
    }

    /// What is replaced: a literal, or a pattern of plain letters that is for all places.
    fn literal_or_pattern(&mut self) -> Option<String> {
        self.blanks();
        let Some(rest) = self.rest().strip_prefix('/') else { return Some(self.literal()?.text) };
        let end = rest.find('/')?;
        let pattern = &rest[..end];
        let flags = rest[end + 1..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let plain = !pattern.contains(['\\', '.', '[', '(', '*', '+', '?', '^', '$', '|']);
        self.at += end + 2 + flags;
        (plain && rest[end + 1..][..flags].contains('g')).then(|| pattern.to_owned())
    }

    /// Literals with commas between them.
    fn list(&mut self) -> Option<Vec<String>> {
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
        // Behind a name or a value brackets hold arguments, or an index.
        let argued = self.source[..self.at]
            .trim_end()
            .ends_with(|before: char| before.is_alphanumeric() || "_)]\"'}".contains(before));
        if argued || !self.rest().starts_with('(') {
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

    /// A call or a cast that makes a text of numbers or of another text.
    fn call(&mut self) -> Option<Term> {
        let coded = |text: String| Some(Term { coded: text.len(), text, plain: false });
        if self.dialect == Dialect::Hash {
            return if self.take("chr(") { coded(self.numbers()?) } else { None };
        }
        for name in ["string.fromcharcode(", "chrw(", "chrw$(", "chr(", "chr$("] {
            if self.take(name) {
                return coded(self.numbers()?);
            }
        }
        if self.dialect == Dialect::PowerShell && self.take("[char]") {
            let wrapped = self.take("(");
            let number = self.number()?;
            return (!wrapped || self.take(")")).then(|| coded(char::from_u32(number)?.into()))?;
        }
        for name in ["unescape(", "decodeuricomponent(", "decodeuri("] {
            if self.take(name) {
                let text = self.literal()?.text;
                return self.take(")").then(|| coded(unescape(&text)))?;
            }
        }
        if self.take("strreverse(") {
            let text = self.literal()?.text;
            return self.take(")").then(|| coded(text.chars().rev().collect()))?;
        }
        None
    }

    /// Numbers with commas between them, up to the bracket that closes the call, as letters.
    fn numbers(&mut self) -> Option<String> {
        let mut text = String::new();
        for _ in 0..ARGUMENTS_MAX {
            text.push(char::from_u32(self.number()?)?);
            if self.take(")") {
                return Some(text);
            }
            if !self.take(",") {
                return None;
            }
        }
        None
    }

    /// A number, or a sum, difference or exclusive or of numbers.
    fn number(&mut self) -> Option<u32> {
        let mut value = self.plain_number()?;
        for _ in 0..OPERATIONS_MAX {
            let before = self.at;
            let next = if self.take("+") {
                self.plain_number().and_then(|number| value.checked_add(number))
            } else if self.take("^") || self.take("xor ") || self.take("-bxor") {
                self.plain_number().map(|number| value ^ number)
            } else if self.take("-") {
                self.plain_number().and_then(|number| value.checked_sub(number))
            } else {
                None
            };
            let Some(next) = next else {
                self.at = before;
                break;
            };
            value = next;
        }
        Some(value)
    }

    fn plain_number(&mut self) -> Option<u32> {
        let radix = if self.take("0x") || self.take("&h") { 16 } else { 10 };
        if radix == 10 {
            self.blanks();
        }
        let rest = self.rest();
        let end = rest.find(|letter: char| !letter.is_digit(radix)).unwrap_or(rest.len());
        self.at += end;
        let value = u32::from_str_radix(&rest[..end], radix).ok();
        if radix == 16 {
            self.at += usize::from(self.rest().starts_with('&'));
        }
        value
    }

    /// A literal of the language.
    fn literal(&mut self) -> Option<Term> {
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
}

/// Fills the places of a format, `{0}` and its like, with texts.
fn format(text: &str, list: &[String]) -> Option<String> {
    let (mut made, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once('{') {
        let (number, behind) = behind.split_once('}')?;
        made.push_str(before);
        made.push_str(list.get(number.trim().parse::<usize>().ok()?)?);
        if made.len() > TEXT_BYTES_MAX {
            return None;
        }
        rest = behind;
    }
    made.push_str(rest);
    Some(made)
}

/// Undoes `%41` and `%u0041`.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let wide = behind.first().is_some_and(|byte| matches!(byte, b'u' | b'U'));
        let digits = if wide { behind.get(1..5) } else { behind.get(..2) };
        let digits = digits.filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else {
            bytes.push(*first);
            rest = behind;
            continue;
        };
        let number = hexadecimal(digits).fold(0_u32, |number, byte| number << 8 | u32::from(byte));
        let letter = char::from_u32(number).unwrap_or('\u{fffd}');
        if wide {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            bytes.push(number as u8);
        }
        rest = &behind[digits.len() + usize::from(wide)..];
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        // Bytes beyond ASCII that are no UTF-8 are letters by their number.
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    }
}
