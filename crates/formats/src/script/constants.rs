//! Names that stand for a text: a name that is given one literal, once in all of a script, is that literal wherever it is
//! used. Nothing is run, so that a name that is given something twice, or counted up, or an argument, stays a name.

use super::terms::{Reader, quote};
use super::{Dialect, Undone};
use crate::budget::Budget;
use crate::limits::Limit;
use std::collections::HashMap;

/// Names of one script.
const NAMES_MAX: usize = 50_000;
/// Bytes of all texts that are put in.
const PUT_BYTES_MAX: usize = 4 << 20;

/// What a name stands for.
enum Value {
    Text(String),
    List(Vec<String>),
}

/// A name where it stands.
#[derive(Clone, Copy)]
struct Token {
    start: usize,
    end: usize,
}

/// Puts literals where names stand for them.
pub fn put_in(source: &str, dialect: Dialect, budget: &mut Budget) -> Result<Undone, Limit> {
    budget.pass(source.len())?;
    let unchanged = || Undone { text: source.to_owned(), pieces: 0, coded: 0 };
    let values = values(source, dialect, budget)?;
    if values.is_empty() {
        return Ok(unchanged());
    }
    let (mut text, mut from, mut pieces, mut put) = (String::with_capacity(source.len()), 0, 0, 0);
    let mut names = Names { reader: Reader::new(source, dialect), dialect };
    while let Some(token) = names.next() {
        let Some(value) = values.get(&spelled(source, token, dialect)) else { continue };
        let Some((value, end)) = used(source, token, dialect, value) else { continue };
        put += value.len();
        if put > PUT_BYTES_MAX {
            return Err(Limit::TextBytes);
        }
        text.push_str(&source[from..token.start]);
        quote(value, dialect, &mut text);
        (from, pieces) = (end, pieces + 1);
        names.reader.at = names.reader.at.max(end);
    }
    text.push_str(&source[from..]);
    Ok(Undone { text, pieces, coded: 0 })
}

/// Names by what they stand for.
fn values(source: &str, dialect: Dialect, budget: &mut Budget) -> Result<HashMap<String, Value>, Limit> {
    // One that is changed stays here, and stands for nothing.
    let mut values: HashMap<String, Option<Value>> = HashMap::new();
    // Literals without an end are gone over from each name that is given one.
    let (mut arguments_end, mut count, mut work) = (0, 0, 0);
    let mut names = Names { reader: Reader::new(source, dialect), dialect };
    while let Some(token) = names.next() {
        budget.step(1)?;
        let name = spelled(source, token, dialect);
        if matches!(name.as_str(), "function" | "sub" | "param" | "def") {
            let line = source[token.end..].split('\n').next().unwrap_or_default();
            arguments_end = token.end + line.find(')').unwrap_or(0);
            continue;
        }
        let given = if token.start < arguments_end { Some(None) } else { given(source, token, dialect, &mut work) };
        let Some(given) = given else { continue };
        count += 1;
        if count > NAMES_MAX {
            return Err(Limit::Entries);
        }
        values.entry(name).and_modify(|value| *value = None).or_insert(given);
    }
    Ok(values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// What a name is given where it stands; none when it is not given anything there.
fn given(source: &str, token: Token, dialect: Dialect, work: &mut usize) -> Option<Option<Value>> {
    let rest = source[token.end..].trim_start_matches([' ', '\t']);
    let before = source[..token.start].trim_end_matches([' ', '\t']);
    let counted = ["+=", "-=", "*=", "/=", ".=", "&=", "|=", "^=", "%=", "++", "--", "??=", "||="];
    let looped = ["in ", "of "].iter().any(|word| crate::bytes::starts_ignoring_case(rest.as_bytes(), word.as_bytes()));
    if counted.iter().any(|sign| rest.starts_with(sign)) || before.ends_with("++") || before.ends_with("--") || looped {
        return Some(None);
    }
    if !assigns(rest) || dialect == Dialect::Basic && !begins(before) {
        return None;
    }
    let mut reader = Reader::new(source, dialect);
    reader.at = source.len() - rest.len() + 1;
    reader.work = *work;
    reader.blanks();
    let value = value(&mut reader, dialect);
    *work = reader.work;
    let behind = reader.rest().trim_start_matches([' ', '\t']);
    let ended = match dialect {
        Dialect::Basic => behind.starts_with(['\n', '\r', ':', '\'']),
        Dialect::C | Dialect::Php => behind.starts_with(['\n', '\r', ';', ',', '}']),
        _ => behind.starts_with(['\n', '\r', ';', '#']),
    };
    Some(value.filter(|_| ended || behind.is_empty()))
}

fn assigns(rest: &str) -> bool {
    rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>") && !rest.starts_with("=~")
}

/// Whether a statement of Basic begins there; elsewhere the sign compares.
fn begins(before: &str) -> bool {
    let word = before.rsplit(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    before.is_empty()
        || before.ends_with(['\n', '\r', ':'])
        || ["const", "then", "else", "let"].iter().any(|wanted| word.eq_ignore_ascii_case(wanted))
}

fn value(reader: &mut Reader, dialect: Dialect) -> Option<Value> {
    let open = match dialect {
        Dialect::Basic => "array(",
        Dialect::PowerShell => "@(",
        _ => "[",
    };
    if reader.take(open) {
        let list = reader.list()?;
        return (reader.take("]") || reader.take(")")).then_some(Value::List(list));
    }
    reader.literal().map(|term| Value::Text(term.text))
}

/// The text that stands for a name where it is used, and the end of what it stands for.
fn used<'v>(source: &str, token: Token, dialect: Dialect, value: &'v Value) -> Option<(&'v str, usize)> {
    let rest = source[token.end..].trim_start_matches([' ', '\t']);
    let before = source[..token.start].trim_end_matches([' ', '\t']);
    let is_target = assigns(rest) && (dialect != Dialect::Basic || begins(before));
    // Names of properties stand in front of what they are.
    let is_key = dialect == Dialect::C && rest.starts_with(':') && before.ends_with(['{', ',']);
    if is_target || is_key || declared(before) {
        return None;
    }
    match value {
        Value::Text(text) => Some((text.as_str(), token.end)),
        Value::List(list) => {
            let close = if rest.starts_with('[') { ']' } else { ')' };
            let inside = rest.strip_prefix('[').or(rest.strip_prefix('(').filter(|_| dialect == Dialect::Basic))?;
            let (number, behind) = inside.split_once(close)?;
            let number = number.trim();
            let number = match number.strip_prefix("0x") {
                Some(digits) => usize::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            Some((list.get(number)?.as_str(), source.len() - behind.len()))
        }
    }
}

/// Whether a word stands in front by which a name is made known and nothing else.
fn declared(before: &str) -> bool {
    let word = before.rsplit(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    ["var", "let", "const", "dim", "redim", "set", "global"].iter().any(|wanted| word.eq_ignore_ascii_case(wanted))
}

/// A name as it is compared: two languages do not tell large letters from small ones.
fn spelled(source: &str, token: Token, dialect: Dialect) -> String {
    let name = &source[token.start..token.end];
    if matches!(dialect, Dialect::Basic | Dialect::PowerShell) { name.to_ascii_lowercase() } else { name.to_owned() }
}

/// The names of a script, without those in comments and literals, and those of properties.
struct Names<'a> {
    reader: Reader<'a>,
    dialect: Dialect,
}

impl Names<'_> {
    fn next(&mut self) -> Option<Token> {
        let mut before = '\0';
        while let Some(letter) = self.reader.peek() {
            let start = self.reader.at;
            if self.reader.skip_comment() {
                before = '\n';
                continue;
            }
            if let Some(end) = self.reader.filled() {
                (self.reader.at, before) = (end, '"');
                continue;
            }
            if self.reader.literal().is_some() {
                before = '"';
                continue;
            }
            self.reader.at = start + letter.len_utf8();
            if !(letter.is_alphanumeric() || matches!(letter, '_' | '$')) {
                before = letter;
                continue;
            }
            let rest = self.reader.rest();
            let stops = |letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$'));
            self.reader.at += rest.find(stops).unwrap_or(rest.len());
            // These mark their names; a word by which arguments are made known has no mark.
            let marked = matches!(self.dialect, Dialect::PowerShell | Dialect::Php);
            let end = self.reader.at;
            let word = self.reader.source.get(start..end).unwrap_or_default();
            let is_word = ["function", "param"].iter().any(|wanted| word.eq_ignore_ascii_case(wanted));
            let is_property = before == '.' && self.dialect != Dialect::Php;
            if !is_property && !letter.is_ascii_digit() && (!marked || letter == '$' || is_word) {
                return Some(Token { start, end });
            }
            before = 'a';
        }
        None
    }
}
