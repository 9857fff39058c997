//! Texts out of foreign bytes.

use crate::bytes::head;
use std::fmt::Write as _;

/// The bytes before the first zero, at most so many.
pub fn until_zero(bytes: &[u8], bytes_max: usize) -> &[u8] {
    let bytes = head(bytes, bytes_max);
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// Bytes as a text. What is no UTF-8 is shown by a replacement character.
pub fn spelled(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The text that ends at a zero, from an offset on; `None` outside of the bytes.
pub fn text_at(bytes: &[u8], at: usize, bytes_max: usize) -> Option<String> {
    bytes.get(at..).map(|rest| spelled(until_zero(rest, bytes_max)))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The names of the flags that are set, and the bits that have none.
pub fn list(flags: u32, names: &[(u32, &str)]) -> Vec<String> {
    let mut rest = flags;
    let mut texts = Vec::new();
    for (bits, name) in names {
        if flags & bits == *bits {
            texts.push((*name).to_owned());
            rest &= !bits;
        }
    }
    if rest != 0 {
        texts.push(format!("{rest:#x}"));
    }
    texts
}
