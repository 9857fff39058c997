//! What makes a text of others: calls and casts, and what is done to a text behind it.

use super::{ARGUMENTS_MAX, OPERATIONS_MAX, Reader, TEXT_BYTES_MAX, Term, WORK_MAX};
use crate::encoded::{base64, hexadecimal};
use crate::script::Dialect;
use std::io::Read;

impl Reader<'_> {
    pub(super) fn operation(&mut self, text: &str) -> Option<String> {
        self.work += text.len();
        if self.work > WORK_MAX {
            return None;
        }
        let shell = self.dialect == Dialect::PowerShell;
        if self.take(".replace(") {
            let global = self.rest().starts_with('/');
            let (from, to) = (self.literal_or_pattern()?, self.second()?);
            let all = global || shell || self.dialect == Dialect::Hash;
            let most = if all { usize::MAX } else { 1 };
            return if self.take(")") { put_in(text, &from, &to, most) } else { None };
        }
        if self.dialect == Dialect::C && self.take(".split(") {
            let between = self.literal()?.text;
            let reversed = self.take(").reverse(") || self.take(")") && self.take(".reverse(");
            if reversed {
                return (self.take(")") && self.take(".join(") && self.literal().is_some() && self.take(")"))
                    .then(|| text.chars().rev().collect());
            }
            let joined = self.take(".join(").then(|| self.literal())??.text;
            return if self.take(")") { put_in(text, &between, &joined, usize::MAX) } else { None };
        }
        if shell && (self.take("-replace") || self.take("-creplace") || self.take("-ireplace")) {
            self.blanks();
            let (from, to) = (self.literal()?.text, self.second()?);
            let is_plain = !from.is_empty() && !from.contains(['\\', '.', '[', '(', '*', '+', '?', '^', '$', '|']);
            return if is_plain { put_in(text, &from, &to, usize::MAX) } else { None };
        }
        if shell && self.take("-f") {
            return format(text, &self.list()?);
        }
        if shell && self.take("-join") {
            // Letters with nothing between them are the text that they are.
            self.blanks();
            return self.literal()?.text.is_empty().then(|| text.to_owned());
        }
        if self.dialect == Dialect::C && self.take(".concat(") {
            let more = self.list()?.concat();
            return self.take(")").then(|| text.to_owned() + &more);
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

    /// A call or a cast that makes a text of numbers or of another text.
    pub(super) fn call(&mut self) -> Option<Term> {
        let coded = |text: String| Some(Term { coded: text.len(), text, plain: false });
        if self.dialect == Dialect::Hash {
            if self.take("chr(") {
                return coded(self.numbers(")")?);
            }
            return self.tried(Self::decoded).and_then(coded);
        }
        if self.take("string.fromcharcode.apply(null,") || self.take("string.fromcharcode(...") {
            let text = if self.take("[") { self.numbers("]") } else { None }?;
            return self.take(")").then(|| coded(text))?;
        }
        for name in ["string.fromcharcode(", "chrw(", "chrw$(", "chr(", "chr$("] {
            if self.take(name) {
                return coded(self.numbers(")")?);
            }
        }
        for way in [Self::decoded, Self::of_letters, Self::of_list, Self::replaced] {
            if let Some(text) = self.tried(way) {
                return coded(text);
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

    /// One way to read what stands here; nothing is taken when it is not that.
    fn tried(&mut self, way: fn(&mut Self) -> Option<String>) -> Option<String> {
        let before = self.at;
        let text = way(self).filter(|text| text.len() <= TEXT_BYTES_MAX);
        if text.is_none() {
            self.at = before;
        }
        text
    }

    /// Base64 that is a text when it is decoded.
    fn decoded(&mut self) -> Option<String> {
        let (mut wide, dialect) = (false, self.dialect);
        let brackets = match dialect {
            Dialect::C if self.take("atob(") || self.take("window.atob(") => 1,
            Dialect::C if self.take("buffer.from(") => 0,
            Dialect::Php if self.take("base64_decode(") => 1,
            Dialect::Hash if self.take("base64.b64decode(") => 1,
            Dialect::PowerShell if self.take("[system.text.encoding]::") || self.take("[text.encoding]::") => {
                wide = self.take("unicode");
                let known = wide || self.take("utf8") || self.take("ascii") || self.take("default");
                let called = known && self.take(".getstring(");
                let from = called && (self.take("[system.convert]::") || self.take("[convert]::"));
                if !from || !self.take("frombase64string(") {
                    return None;
                }
                2
            }
            _ => return None,
        };
        self.blanks();
        let text = self.literal()?.text;
        let closed = match brackets {
            0 => {
                self.take(",") && self.second_is("base64") && self.take(")") && self.take(".tostring(") && {
                    // In which letters the text is read.
                    self.blanks();
                    let _ = self.literal();
                    self.take(")")
                }
            }
            brackets => (0..brackets).all(|_| self.take(")")),
        };
        self.work += text.len();
        if !closed || self.work > WORK_MAX {
            return None;
        }
        let mut bytes = Vec::new();
        base64(text.as_bytes()).take(TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
        let text = if wide {
            encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned()
        } else {
            String::from_utf8(bytes).ok()?
        };
        let says = |letter: char| !letter.is_control() || matches!(letter, '\r' | '\n' | '\t');
        (!text.is_empty() && text.chars().all(says)).then_some(text)
    }

    fn second_is(&mut self, wanted: &str) -> bool {
        self.blanks();
        self.literal().is_some_and(|term| term.text == wanted)
    }

    /// Letters by their numbers, as PowerShell casts them.
    fn of_letters(&mut self) -> Option<String> {
        if self.dialect != Dialect::PowerShell {
            return None;
        }
        let _ = self.take("-join");
        let cast = self.take("[char[]]");
        let _ = self.take("@");
        if cast && self.take("(") { self.numbers(")") } else { None }
    }

    /// A list of texts that is joined, or of which one is chosen.
    fn of_list(&mut self) -> Option<String> {
        let dialect = self.dialect;
        match dialect {
            Dialect::C if !self.is_argued() && self.take("[") => {
                let mut list = self.list()?;
                if !self.take("]") {
                    return None;
                }
                if self.take("[") {
                    let text = list.get(self.number()? as usize).cloned();
                    return if self.take("]") { text } else { None };
                }
                while self.take(".reverse()") {
                    list.reverse();
                }
                let between = self.take(".join(").then(|| self.between(","))?;
                if self.take(")") { joined(&list, &between) } else { None }
            }
            Dialect::Basic if self.take("join(array(") => {
                let list = self.list()?;
                let between = if self.take(")") && self.take(",") { self.between("") } else { " ".to_owned() };
                if self.take(")") { joined(&list, &between) } else { None }
            }
            Dialect::PowerShell if self.take("[string]::join(") => {
                self.blanks();
                let between = self.literal()?.text;
                let _ = self.take(",") && self.take("@");
                let list = if self.take("(") { self.list() } else { None }?;
                if self.take(")") && self.take(")") { joined(&list, &between) } else { None }
            }
            _ => None,
        }
    }

    /// What stands between the texts of a list; the language says what does when nothing is said.
    fn between(&mut self, usual: &str) -> String {
        self.blanks();
        self.literal().map_or_else(|| usual.to_owned(), |term| term.text)
    }

    /// A call of Basic by which a text is replaced in another, everywhere.
    fn replaced(&mut self) -> Option<String> {
        if self.dialect != Dialect::Basic || !self.take("replace(") {
            return None;
        }
        let [text, from, to] = <[String; 3]>::try_from(self.list()?).ok()?;
        self.work += text.len();
        if self.take(")") && self.work <= WORK_MAX { put_in(&text, &from, &to, usize::MAX) } else { None }
    }

    /// Numbers with commas between them, up to the bracket that closes the call, as letters.
    fn numbers(&mut self, end: &str) -> Option<String> {
        let mut text = String::new();
        for _ in 0..ARGUMENTS_MAX {
            text.push(char::from_u32(self.number()?)?);
            if self.take(end) {
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
}

/// A text in which another is put in place of one, so many times at most; none that would be longer than may be, which is
/// known before it is made.
fn put_in(text: &str, from: &str, to: &str, most: usize) -> Option<String> {
    if from.is_empty() {
        return None;
    }
    let count = text.matches(from).take(most).count();
    let bytes = count.checked_mul(to.len())?.checked_add(text.len() - count * from.len())?;
    (bytes <= TEXT_BYTES_MAX).then(|| text.replacen(from, to, most))
}

/// Texts with one between each two of them, if that is not longer than may be.
fn joined(list: &[String], between: &str) -> Option<String> {
    let of_texts = list.iter().try_fold(0_usize, |sum, text| sum.checked_add(text.len()))?;
    let bytes = list.len().saturating_sub(1).checked_mul(between.len())?.checked_add(of_texts)?;
    (bytes <= TEXT_BYTES_MAX).then(|| list.join(between))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_would_be_too_long_is_not_made() {
        let long = "a".repeat(TEXT_BYTES_MAX);
        assert_eq!(put_in(&long, "a", &long, usize::MAX), None);
        assert_eq!(put_in("a$b$", "$", "", usize::MAX).as_deref(), Some("ab"));
        assert_eq!(put_in("a$b$", "$", "-", 1).as_deref(), Some("a-b$"));
        assert_eq!(put_in("a", "", "b", usize::MAX), None);
        let many = vec![String::new(); 3];
        assert_eq!(joined(&many, &long), None);
        assert_eq!(joined(&many, "-").as_deref(), Some("--"));
        assert_eq!(joined(&[], &long).as_deref(), Some(""));
    }
}
