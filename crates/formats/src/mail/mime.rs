//! The notation of headers: folding (RFC 5322), words in other alphabets (RFC 2047), parameters (RFC 2045 and 2231).

use crate::encoded::{base64, quoted_printable};
use crate::names;
use crate::xml::days;
use encoding_rs::Encoding;
use std::io::Read;
use std::ops::Range;

/// Headers of one part.
const HEADERS_MAX: usize = 1000;
/// Bytes of one header.
const HEADER_BYTES_MAX: usize = 1 << 16;

/// One header: its name in lower case and its value without the breaks of its lines.
pub struct Header {
    pub name: String,
    pub value: Vec<u8>,
}

/// Headers, and where the body behind them begins.
pub fn headers(bytes: &[u8], range: Range<usize>) -> (Vec<Header>, usize) {
    let (mut headers, mut at): (Vec<Header>, usize) = (Vec::new(), range.start);
    while at < range.end {
        let rest = bytes.get(at..range.end).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest[..end].trim_ascii_end();
        if line.is_empty() {
            return (headers, at + end);
        }
        if rest[0] == b' ' || rest[0] == b'\t' {
            if let Some(last) = headers.last_mut().filter(|last| last.value.len() < HEADER_BYTES_MAX) {
                last.value.push(b' ');
                last.value.extend_from_slice(line.trim_ascii_start());
            }
        } else if let Some(colon) = memchr::memchr(b':', line).filter(|_| headers.len() < HEADERS_MAX) {
            let name = String::from_utf8_lossy(line[..colon].trim_ascii()).to_ascii_lowercase();
            let value = &line[colon + 1..];
            let value = value[..value.len().min(HEADER_BYTES_MAX)].trim_ascii().to_vec();
            headers.push(Header { name, value });
        } else if headers.is_empty() && !line.starts_with(b"From ") {
            // No header at all: everything is body.
            return (headers, range.start);
        }
        at += end;
    }
    (headers, range.end)
}

/// The first header of a name.
pub fn find<'h>(headers: &'h [Header], name: &str) -> Option<&'h Header> {
    headers.iter().find(|header| header.name == name)
}

/// Decodes the words of other alphabets in a value.
pub fn words(value: &[u8]) -> String {
    let text = names::decode(value);
    let (mut out, mut rest, mut between) = (String::new(), text.as_str(), false);
    while let Some((before, behind)) = rest.split_once("=?") {
        let Some((word, behind)) = encoded_word(behind) else {
            out.push_str(before);
            out.push_str("=?");
            rest = behind;
            between = false;
            continue;
        };
        // White space between two words is not of the text.
        if !between || !before.trim().is_empty() {
            out.push_str(before);
        }
        out.push_str(&word);
        rest = behind;
        between = true;
    }
    out + rest
}

fn encoded_word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.split_once('?')?;
    let (how, rest) = rest.split_once('?')?;
    let (word, rest) = rest.split_once("?=")?;
    let mut bytes = Vec::new();
    match how {
        "B" | "b" => base64(word.as_bytes()).read_to_end(&mut bytes).ok()?,
        "Q" | "q" => quoted_printable(word.replace('_', " ").as_bytes()).read_to_end(&mut bytes).ok()?,
        _ => return None,
    };
    let charset = charset.split('*').next().unwrap_or_default();
    Some((decode(&bytes, charset), rest))
}

fn decode(bytes: &[u8], charset: &str) -> String {
    match Encoding::for_label(charset.as_bytes()) {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        None => names::decode(bytes),
    }
}

/// A value with parameters: `text/plain; charset=utf-8; name*0="a"`.
pub struct Parameters {
    pub value: String,
    parameters: Vec<(String, String)>,
}

impl Parameters {
    pub fn read(value: &[u8]) -> Self {
        let text = names::decode(value);
        let mut pieces = pieces(&text).into_iter();
        let value = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = pieces.filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            let value = value.trim();
            let quoted = value.strip_prefix('"').map(|value| value.strip_suffix('"').unwrap_or(value));
            let value =
                quoted.map_or_else(|| value.to_owned(), |value| value.replace("\\\"", "\"").replace("\\\\", "\\"));
            Some((name.trim().to_ascii_lowercase(), value))
        });
        Parameters { value, parameters: parameters.take(64).collect() }
    }

    /// A parameter, put together from its pieces where it is written in pieces.
    pub fn get(&self, name: &str) -> Option<String> {
        let plain = self.parameters.iter().find(|(other, _)| other == name);
        if let Some((_, value)) = plain {
            return Some(words(value.as_bytes()));
        }
        let mut whole = String::new();
        let mut found = false;
        for number in 0..64 {
            let of =
                |suffix: String| self.parameters.iter().find(|(other, _)| *other == suffix).map(|(_, value)| value);
            let first = (number == 0).then(|| of(format!("{name}*"))).flatten();
            let encoded = first.or_else(|| of(format!("{name}*{number}*")));
            match (encoded, of(format!("{name}*{number}"))) {
                (Some(value), _) => whole.push_str(value),
                (None, Some(value)) => whole.push_str(value),
                (None, None) => break,
            }
            found = true;
        }
        found.then(|| extended(&whole))
    }
}

/// Splits at semicolons outside of quotes.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// `charset'language'text%20with%20numbers`.
fn extended(value: &str) -> String {
    let mut parts = value.splitn(3, '\'');
    let (charset, text) = match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_), Some(text)) => (charset, text),
        _ => ("", value),
    };
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    decode(&bytes, charset)
}

/// A date (RFC 5322, section 3.3) as microseconds since 1970.
pub fn time(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = text.split('(').next()?.replace(',', " ");
    let mut pieces =
        text.split_whitespace().skip_while(|piece| !piece.starts_with(|letter: char| letter.is_ascii_digit()));
    let day: i64 = pieces.next()?.parse().ok()?;
    let month = pieces.next()?.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|other| *other == month)? as i64 + 1;
    let year: i64 = pieces.next()?.parse().ok()?;
    let year = match year {
        0..50 => year + 2000,
        50..1000 => year + 1900,
        _ => year,
    };
    if !(1..=31).contains(&day) || year > 9999 {
        return None;
    }
    let mut clock = pieces.next()?.split(':').map(str::parse::<i64>);
    let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
    let second = clock.next().and_then(Result::ok).unwrap_or(0);
    if !(0..=24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let zone = pieces.next().and_then(|zone| {
        let number: i64 = zone.parse().ok()?;
        Some((number / 100 * 60 + number % 100) * 60)
    });
    Some((days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone.unwrap_or(0)) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_alphabets_are_decoded() {
        assert_eq!(words(b"=?UTF-8?B?57q1?= =?utf-8?q?=E6=B7=B1?= x"), "纵深 x");
        assert_eq!(words(b"=?gb2312?B?193J7g==?= a =?x"), "纵深 a =?x");
    }

    #[test]
    fn parameters_are_put_together() {
        let parameters =
            Parameters::read(b"Text/Plain; name=\"a;b\\\".txt\"; filename*0*=utf-8''%E7%BA%B5; filename*1=\".txt\"");
        assert_eq!(parameters.value, "text/plain");
        assert_eq!(parameters.get("name").as_deref(), Some("a;b\".txt"));
        assert_eq!(parameters.get("filename").as_deref(), Some("纵.txt"));
        assert_eq!(parameters.get("charset"), None);
    }

    #[test]
    fn dates_are_read() {
        assert_eq!(time("Mon, 28 Feb 2011 18:36:44 +0100 (CET)"), Some(1_298_914_604_000_000));
        assert_eq!(time("28 Feb 11 17:36 GMT"), Some(1_298_914_560_000_000));
        assert_eq!(time("today"), None);
    }
}
