//! How the bytes of a part are written: base64, quoted-printable, uuencode.

/// Where a decoder is between two lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Decoder {
    /// Lines as they are; what ended the last one may belong to the boundary behind it.
    #[default]
    Plain,
    Quoted(Quoted),
    Base64(Base64),
    Uu,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base64 {
    bits: u32,
    have: u8,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quoted {
    /// The beginning of an escape at the end of a piece of a line.
    carry: Vec<u8>,
}

impl Decoder {
    /// By the value of `Content-Transfer-Encoding`.
    pub fn named(value: &[u8]) -> Decoder {
        let name = value.trim_ascii();
        if name.eq_ignore_ascii_case(b"base64") {
            Decoder::Base64(Base64::default())
        } else if name.eq_ignore_ascii_case(b"quoted-printable") {
            Decoder::Quoted(Quoted::default())
        } else if [&b"x-uuencode"[..], b"uuencode", b"x-uue"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
            Decoder::Uu
        } else {
            Decoder::Plain
        }
    }

    /// Decodes a line, or a piece of one, without its end. True when the end of the line belongs to the content.
    pub fn line(&mut self, line: &[u8], ended: bool, out: &mut Vec<u8>) -> bool {
        match self {
            Decoder::Plain => {
                out.extend_from_slice(line);
                ended
            }
            Decoder::Quoted(quoted) => quoted.line(line, ended, out),
            Decoder::Base64(base64) => {
                base64.feed(line, out);
                false
            }
            Decoder::Uu => {
                uu(line, out);
                false
            }
        }
    }
}

impl Base64 {
    /// Decodes what is of the alphabet and passes over the rest (RFC 2045, section 6.8).
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) {
        out.reserve(input.len() / 4 * 3 + 3);
        let mut rest = input;
        while let Some((byte, behind)) = rest.split_first() {
            if self.have == 0
                && let Some((group, behind)) = rest.split_first_chunk()
                && let Some(decoded) = whole_group(group)
            {
                out.extend_from_slice(&decoded);
                rest = behind;
                continue;
            }
            self.one(*byte, out);
            rest = behind;
        }
    }

    fn one(&mut self, byte: u8, out: &mut Vec<u8>) {
        match value_of(byte) {
            NO_VALUE if byte == b'=' => (self.bits, self.have) = (0, 0),
            NO_VALUE => {}
            value => {
                self.bits = self.bits << 6 | u32::from(value);
                self.have += 6;
                if self.have >= 8 {
                    self.have -= 8;
                    out.push((self.bits >> self.have & 0xff) as u8);
                    self.bits &= (1 << self.have) - 1;
                }
            }
        }
    }
}

/// Four of the alphabet are three bytes. `None` when one of them is none.
fn whole_group(group: &[u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = group.map(value_of);
    if (a | b | c | d) & 0xc0 != 0 {
        return None;
    }
    let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
    let [_, first, second, third] = bits.to_be_bytes();
    Some([first, second, third])
}

const NO_VALUE: u8 = 0xff;

/// The six bits of a character of the alphabet, also of the one for file names and URLs (RFC 4648, section 5).
fn value_of(byte: u8) -> u8 {
    const VALUES: [u8; 256] = {
        let mut values = [NO_VALUE; 256];
        let mut byte = 0;
        while byte < values.len() {
            values[byte] = match byte as u8 {
                upper @ b'A'..=b'Z' => upper - b'A',
                lower @ b'a'..=b'z' => lower - b'a' + 26,
                digit @ b'0'..=b'9' => digit - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => NO_VALUE,
            };
            byte += 1;
        }
        values
    };
    VALUES[usize::from(byte)]
}

/// Decodes base64 that is there as a whole.
pub fn base64(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3);
    Base64::default().feed(input, &mut out);
    out
}

impl Quoted {
    fn line(&mut self, line: &[u8], ended: bool, out: &mut Vec<u8>) -> bool {
        let joined;
        let mut rest = if self.carry.is_empty() {
            line
        } else {
            joined = [std::mem::take(&mut self.carry).as_slice(), line].concat();
            joined.as_slice()
        };
        if ended {
            // Blanks at the end of a line were added on the way (RFC 2045, section 6.7, rule 3).
            rest = rest.trim_ascii_end();
        }
        while let Some(at) = memchr::memchr(b'=', rest) {
            out.extend_from_slice(rest.get(..at).unwrap_or_default());
            let escape = rest.get(at..).unwrap_or_default();
            if escape.len() < 3 && !ended {
                self.carry = escape.to_vec();
                return false;
            }
            match escape {
                [_] => return false,
                [_, high, low, ..] if hex(*high).is_some() && hex(*low).is_some() => {
                    out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                    rest = escape.get(3..).unwrap_or_default();
                }
                _ => {
                    // No escape after all.
                    out.push(b'=');
                    rest = escape.get(1..).unwrap_or_default();
                }
            }
        }
        out.extend_from_slice(rest);
        ended
    }
}

/// One line of uuencode: the number of bytes, then four characters for three of them.
fn uu(line: &[u8], out: &mut Vec<u8>) {
    let Some((length, text)) = line.split_first() else { return };
    let value = |byte: u8| byte.wrapping_sub(b' ') & 0x3f;
    let end = out.len() + usize::from(value(*length));
    for group in text.chunks(4) {
        let bits = (0..4).fold(0u32, |bits, at| bits << 6 | u32::from(value(*group.get(at).unwrap_or(&b' '))));
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend_from_slice(&[a, b, c]);
    }
    out.truncate(end);
}

pub fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn base64_is_the_same_however_it_is_broken_up(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            breaks in prop::collection::vec((0usize..300, prop::sample::select(vec!["\r\n", " ", "\0", "\n\n", "*"])), 0..6),
            cut in 0usize..300,
        ) {
            let mut text = data_encoding(&bytes);
            for (at, junk) in breaks {
                text.insert_str(at % (text.len() + 1), junk);
            }
            let (front, behind) = text.as_bytes().split_at(cut % (text.len() + 1));
            let (mut decoder, mut out) = (Base64::default(), Vec::new());
            decoder.feed(front, &mut out);
            decoder.feed(behind, &mut out);
            prop_assert_eq!(out, bytes);
        }
    }

    /// Bits by the book, six at a time.
    fn data_encoding(bytes: &[u8]) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let digit = |six: &[u8]| (0..6).fold(0, |value, at| value << 1 | six.get(at).copied().unwrap_or(0));
        let mut text: String = bits.chunks(6).map(|six| char::from(ALPHABET[usize::from(digit(six))])).collect();
        text.extend(std::iter::repeat_n('=', (4 - text.len() % 4) % 4));
        text
    }
}
