//! Writing JSON straight into a buffer: an event is written once and never built as a tree.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;

/// An object or an array that is being written. Closing happens when it goes out of use.
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
    close: u8,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of the buffer.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Object { out, empty: true, close: b'}' }
    }

    fn key(&mut self, key: &str) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        string(self.out, key.as_bytes());
        self.out.push(b':');
    }

    pub fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.bytes(key, value.as_bytes())
    }

    /// Text of unknown encoding: what is no UTF-8 is written as `\xNN`.
    pub fn bytes(&mut self, key: &str, value: &[u8]) -> &mut Self {
        self.key(key);
        string(self.out, value);
        self
    }

    /// A value that may be missing; nothing is written then.
    pub fn optional(&mut self, key: &str, value: Option<&[u8]>) -> &mut Self {
        if let Some(value) = value {
            self.bytes(key, value);
        }
        self
    }

    pub fn show(&mut self, key: &str, value: impl std::fmt::Display) -> &mut Self {
        self.key(key);
        displayed(self.out, value);
        self
    }

    pub fn number(&mut self, key: &str, value: impl Into<i128>) -> &mut Self {
        self.key(key);
        number(self.out, value.into());
        self
    }

    pub fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    pub fn address(&mut self, key: &str, value: IpAddr) -> &mut Self {
        self.key(key);
        address(self.out, value);
        self
    }

    pub fn hex(&mut self, key: &str, value: &[u8]) -> &mut Self {
        self.key(key);
        self.out.push(b'"');
        value.iter().for_each(|byte| self.out.extend_from_slice(&hex_digits(*byte)));
        self.out.push(b'"');
        self
    }

    /// A nested object, written while it is held.
    pub fn object(&mut self, key: &str) -> Object<'_> {
        self.key(key);
        Object::new(self.out)
    }

    /// A nested array, written while it is held.
    pub fn array(&mut self, key: &str) -> Array<'_> {
        self.key(key);
        Array::new(self.out)
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.out.push(self.close);
    }
}

pub struct Array<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Array<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Array { out, empty: true }
    }

    fn next(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
    }

    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    pub fn bytes(&mut self, value: &[u8]) {
        self.next();
        string(self.out, value);
    }

    pub fn number(&mut self, value: impl Into<i128>) {
        self.next();
        number(self.out, value.into());
    }

    pub fn show(&mut self, value: impl std::fmt::Display) {
        self.next();
        displayed(self.out, value);
    }

    pub fn object(&mut self) -> Object<'_> {
        self.next();
        Object::new(self.out)
    }
}

impl Drop for Array<'_> {
    fn drop(&mut self) {
        self.out.push(b']');
    }
}

fn number(out: &mut Vec<u8>, value: i128) {
    let mut digits = itoa::Buffer::new();
    // Nearly all are short, and those are written much faster.
    let text = match i64::try_from(value) {
        Ok(value) => digits.format(value),
        Err(_) => digits.format(value),
    };
    out.extend_from_slice(text.as_bytes());
}

fn address(out: &mut Vec<u8>, value: IpAddr) {
    out.push(b'"');
    match value {
        IpAddr::V4(value) => {
            let _ = write!(out, "{value}");
        }
        // Every group is written, with its zeros: a fixed form is what other tools compare.
        IpAddr::V6(value) => {
            let groups = value.segments();
            for (place, group) in groups.iter().enumerate() {
                let colon = if place == 0 { "" } else { ":" };
                let _ = write!(out, "{colon}{group:04x}");
            }
        }
    }
    out.push(b'"');
}

fn displayed(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    struct Escaping<'a>(&'a mut Vec<u8>);
    impl std::fmt::Write for Escaping<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            escaped(self.0, text.as_bytes());
            Ok(())
        }
    }
    out.push(b'"');
    let _ = write!(Escaping(out), "{value}");
    out.push(b'"');
}

fn string(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    escaped(out, value);
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, value: &[u8]) {
    if is_plain(value) {
        return out.extend_from_slice(value);
    }
    if let Ok(text) = std::str::from_utf8(value) {
        return escaped_text(out, text);
    }
    for chunk in value.utf8_chunks() {
        escaped_text(out, chunk.valid());
        for byte in chunk.invalid() {
            out.extend_from_slice(b"\\\\x");
            out.extend_from_slice(&hex_digits(*byte));
        }
    }
}

/// True when nothing in it needs an escape. Written without branches: that way many bytes are compared at once.
fn is_plain(value: &[u8]) -> bool {
    let plain = |byte: u8| (0x20..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\');
    value.iter().fold(true, |all, byte| all & plain(*byte))
}

fn escaped_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0c => b"\\f",
            0..=0x1f | 0x7f => {
                out.extend_from_slice(bytes.get(plain..at).unwrap_or_default());
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&hex_digits(*byte));
                plain = at + 1;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(bytes.get(plain..at).unwrap_or_default());
        out.extend_from_slice(escape);
        plain = at + 1;
    }
    out.extend_from_slice(bytes.get(plain..).unwrap_or_default());
}

/// Two small hexadecimal digits.
pub fn hex_digits(byte: u8) -> [u8; 2] {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}

/// Bytes as text of small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| hex_digits(*byte)).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_bytes_become_valid_json() {
        let mut out = Vec::new();
        let mut object = Object::new(&mut out);
        object.bytes("a\"b", b"tab\t quote\" bad\xff nul\0").number("n", -7i64).flag("f", true);
        object.array("list").bytes("中文".as_bytes());
        object.object("empty");
        object.address("ip", "fe80::1".parse().unwrap());
        drop(object);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"a\"b":"tab\t quote\" bad\\xff nul\u0000","n":-7,"f":true,"list":["中文"],"empty":{},"ip":"fe80:0000:0000:0000:0000:0000:0000:0001"}"#
        );
    }
}
