//! Alphabets of text in which bytes are written: base64 and quoted-printable (RFC 2045), hexadecimal, and that of uuencode.

use std::io::{self, Read};

/// Bytes one by one as a `Read`.
pub struct Each<I>(pub I);

impl<I: Iterator<Item = u8>> Read for Each<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        for (place, byte) in buffer.iter_mut().zip(&mut self.0) {
            *place = byte;
            count += 1;
        }
        Ok(count)
    }
}

/// Base64; letters that are not of it are left out, as mail programs do, and padding may be missing or in the middle.
pub fn base64(input: &[u8]) -> impl Read + '_ {
    let mut sextets = input.iter().filter_map(|byte| sextet(*byte));
    let (mut bits, mut count) = (0_u32, 0_u32);
    Each(std::iter::from_fn(move || {
        while count < 8 {
            match sextets.next()? {
                Some(value) => {
                    bits = bits << 6 | u32::from(value);
                    count += 6;
                }
                // What comes behind padding begins anew.
                None => (bits, count) = (0, 0),
            }
        }
        count -= 8;
        Some((bits >> count) as u8)
    }))
}

/// The value of a letter; none of its own for padding, nothing for others.
fn sextet(byte: u8) -> Option<Option<u8>> {
    Some(Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        b'=' => return Some(None),
        _ => return None,
    }))
}

/// Quoted-printable; what is no escape stays as it is.
pub fn quoted_printable(input: &[u8]) -> impl Read + '_ {
    let mut rest = input;
    Each(std::iter::from_fn(move || {
        loop {
            let (first, behind) = rest.split_first()?;
            rest = behind;
            if *first != b'=' {
                return Some(*first);
            }
            if let [b'\r', b'\n', behind @ ..] | [b'\n', behind @ ..] = rest {
                rest = behind;
                continue;
            }
            let digit = |at: usize| rest.get(at).and_then(|byte| (*byte as char).to_digit(16));
            let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Some(b'=') };
            rest = &rest[2..];
            return Some((high << 4 | low) as u8);
        }
    }))
}

/// Hexadecimal digits; everything else is left out.
pub fn hexadecimal(input: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut digits = input.iter().filter_map(|byte| (*byte as char).to_digit(16));
    std::iter::from_fn(move || Some((digits.next()? << 4 | digits.next()?) as u8))
}

/// Lines of uuencode, up to one that is empty or says `end`.
pub fn uuencoded(input: &[u8]) -> impl Read + '_ {
    let lines = input.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let lines = lines.take_while(|line| !line.is_empty() && *line != b"end" && *line != b"`");
    Each(lines.flat_map(|line| {
        let value = |byte: u8| byte.wrapping_sub(b' ') & 63;
        let length = usize::from(value(line.first().copied().unwrap_or(b' ')));
        let groups = line.get(1..).unwrap_or_default().chunks(4);
        let bytes = groups.flat_map(move |group| {
            let of = |at: usize| u32::from(value(group.get(at).copied().unwrap_or(b' ')));
            let word = of(0) << 18 | of(1) << 12 | of(2) << 6 | of(3);
            [(word >> 16) as u8, (word >> 8) as u8, word as u8]
        });
        bytes.take(length).collect::<Vec<u8>>()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut source: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn alphabets_are_undone() {
        assert_eq!(all(base64(b"aGV s\r\nbG8=")), b"hello");
        assert_eq!(all(base64(b"aGVsbG8=aGVsbG8")), b"hellohello");
        assert_eq!(all(quoted_printable(b"a=3Db=\r\nc=zz=")), b"a=bc=zz=");
        assert_eq!(hexadecimal(b"4 1\r\n42x4").collect::<Vec<u8>>(), b"AB");
        assert_eq!(all(uuencoded(b"%:&5L;&\\\n`\nend\n")), b"hello");
    }
}
