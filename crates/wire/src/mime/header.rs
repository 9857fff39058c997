//! Values of header fields and their parameters.

use super::encoding::hex;

/// Parameters of one field that are looked at.
const PARAMETERS_MAX: usize = 64;
/// Pieces of one parameter that was continued (RFC 2231, section 3).
const PIECES_MAX: usize = 64;
/// A name of a file is cut to this.
const NAME_BYTES_MAX: usize = 255;

/// What stands before the parameters: `text/plain`.
pub fn main(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// The parameters behind the first semicolon.
fn parameters(value: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = value.iter().position(|byte| *byte == b';').and_then(|at| value.get(at + 1..)).unwrap_or_default();
    while !rest.is_empty() && found.len() < PARAMETERS_MAX {
        let name_end = rest.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
        let name = rest.get(..name_end).unwrap_or_default().trim_ascii().to_ascii_lowercase();
        let has_value = rest.get(name_end) == Some(&b'=');
        rest = rest.get(name_end + 1..).unwrap_or_default();
        if !has_value {
            continue;
        }
        let (own, after) = parameter_value(rest.trim_ascii_start());
        rest = after;
        found.push((name, own));
    }
    found
}

/// A value, quoted or not, and what stands behind the semicolon after it.
fn parameter_value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => {
                value.push(*byte);
                escaped = false;
            }
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                let value = value.trim_ascii_end().to_vec();
                return (value, text.get(at + 1..).unwrap_or_default());
            }
            _ => value.push(*byte),
        }
    }
    (value.trim_ascii_end().to_vec(), &[])
}

/// A parameter's value, put together and unescaped where it was written in the way of RFC 2231.
pub fn parameter(value: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let parameters = parameters(value);
    if let Some((_, value)) = parameters.iter().find(|(name, _)| name == wanted.as_bytes()) {
        return Some(value.clone());
    }
    let mut pieces: Vec<(usize, bool, &[u8])> = Vec::new();
    for (name, value) in &parameters {
        let Some(rest) = name.strip_prefix(wanted.as_bytes()).and_then(|rest| rest.strip_prefix(b"*")) else {
            continue;
        };
        let (number, extended) = match rest.strip_suffix(b"*") {
            Some(number) => (number, true),
            None => (rest, rest.is_empty()),
        };
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or(0);
        if pieces.len() < PIECES_MAX {
            pieces.push((number, extended, value));
        }
    }
    if pieces.is_empty() {
        return None;
    }
    pieces.sort_by_key(|(number, _, _)| *number);
    let mut whole = Vec::new();
    for (place, (_, extended, piece)) in pieces.into_iter().enumerate() {
        // Only the first piece names the character set and the language.
        let text =
            if extended && place == 0 { piece.splitn(3, |byte| *byte == b'\'').nth(2).unwrap_or(piece) } else { piece };
        if extended { unescape(text, &mut whole) } else { whole.extend_from_slice(text) }
    }
    Some(whole)
}

fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high << 4 | low);
            rest = after;
        } else {
            out.push(*first);
        }
    }
}

/// The name of the file that a part with these fields is.
pub fn file_name(disposition: &[u8], kind: &[u8]) -> Option<Vec<u8>> {
    let mut name = parameter(disposition, "filename").or_else(|| parameter(kind, "name"))?;
    name.truncate(NAME_BYTES_MAX);
    Some(name).filter(|name| !name.is_empty())
}
