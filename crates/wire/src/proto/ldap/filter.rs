//! The filter of a search as text (RFC 4515).

use crate::bytes::Bytes;
use crate::proto::krb5::der::{self, Element};

/// A filter inside a filter inside a filter... so often.
const DEPTH_MAX: usize = 32;
/// The text is cut where it is longer.
const TEXT_BYTES_MAX: usize = 4096;

/// Writes the filter. What is deeper or longer than the limits is left out as `...`.
pub fn text(element: &Element<'_>) -> String {
    let mut out = String::new();
    write(element, 0, &mut out);
    out
}

/// Calls with every assertion of equality in a filter: attribute and value.
pub fn equalities<'a>(element: &Element<'a>, depth: usize, found: &mut impl FnMut(&'a [u8], &'a [u8])) {
    match element.tag {
        0xa0..=0xa2 if depth < DEPTH_MAX => {
            der::members(element.value).for_each(|inner| equalities(&inner, depth + 1, found));
        }
        0xa3 => {
            let (name, value) = pair(element.value);
            found(name, value);
        }
        _ => {}
    }
}

fn write(element: &Element<'_>, depth: usize, out: &mut String) {
    if depth >= DEPTH_MAX || out.len() >= TEXT_BYTES_MAX {
        if !out.ends_with("...") {
            out.push_str("...");
        }
        return;
    }
    out.push('(');
    match element.tag {
        0xa0..=0xa2 => {
            out.push(match element.tag {
                0xa0 => '&',
                0xa1 => '|',
                _ => '!',
            });
            der::members(element.value).for_each(|inner| write(&inner, depth + 1, out));
        }
        0xa3 => comparison(element.value, "=", out),
        0xa4 => substrings(element.value, out),
        0xa5 => comparison(element.value, ">=", out),
        0xa6 => comparison(element.value, "<=", out),
        0x87 => {
            escape(element.value, out);
            out.push_str("=*");
        }
        0xa8 => comparison(element.value, "~=", out),
        0xa9 => extensible(element.value, out),
        _ => out.push('?'),
    }
    out.push(')');
}

fn pair(value: &[u8]) -> (&[u8], &[u8]) {
    let mut members = der::members(value).map(|element| element.value);
    (members.next().unwrap_or_default(), members.next().unwrap_or_default())
}

fn comparison(value: &[u8], sign: &str, out: &mut String) {
    let (name, value) = pair(value);
    escape(name, out);
    out.push_str(sign);
    escape(value, out);
}

fn substrings(value: &[u8], out: &mut String) {
    let mut bytes = Bytes::new(value);
    escape(der::next(&mut bytes).map(|name| name.value).unwrap_or_default(), out);
    out.push('=');
    let Some(parts) = der::next(&mut bytes) else { return };
    let mut starred = false;
    for part in der::members(parts.value) {
        if out.len() >= TEXT_BYTES_MAX {
            return;
        }
        if part.tag != 0x80 && !starred {
            out.push('*');
        }
        escape(part.value, out);
        starred = part.tag != 0x82;
        if starred {
            out.push('*');
        }
    }
}

fn extensible(value: &[u8], out: &mut String) {
    let [mut rule, mut name, mut wanted] = [&[][..]; 3];
    let mut dn = false;
    for member in der::members(value) {
        match member.tag {
            0x81 => rule = member.value,
            0x82 => name = member.value,
            0x83 => wanted = member.value,
            0x84 => dn = member.value.first().is_some_and(|byte| *byte != 0),
            _ => {}
        }
    }
    escape(name, out);
    if dn {
        out.push_str(":dn");
    }
    if !rule.is_empty() {
        out.push(':');
        escape(rule, out);
    }
    out.push_str(":=");
    escape(wanted, out);
}

/// What has a meaning in filters, and what is no text, is written as `\XX`.
fn escape(value: &[u8], out: &mut String) {
    for chunk in value.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if out.len() >= TEXT_BYTES_MAX {
                return;
            }
            match letter {
                '(' | ')' | '*' | '\\' => out.push_str(&format!("\\{:02x}", letter as u32)),
                letter if letter.is_control() => out.push_str(&format!("\\{:02x}", letter as u32)),
                letter => out.push(letter),
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\{byte:02x}")));
    }
}
