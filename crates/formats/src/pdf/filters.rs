//! Filters of streams (ISO 32000-1, section 7.4), one behind the other.

use super::object::Object;
use crate::budget::Budget;
use crate::decode::zlib;
use crate::lzw::{Lzw, Rule};
use crate::unpack::{Unpacked, unpack};
use std::io::{self, Read};

/// Filters of one stream. Two are usual; many are there to make readers work.
pub const FILTERS_MAX: usize = 8;
/// Bytes of one row of a predictor.
const ROW_BYTES_MAX: usize = 1 << 20;

/// What came out of the filters, and the filter at which there was no going on.
pub struct Filtered {
    pub unpacked: Unpacked,
    pub stopped: Option<String>,
}

/// The filters of a stream by name, and the parameters of each.
pub fn filters(dictionary: &Object, resolve: &dyn Fn(&Object) -> Object) -> Vec<(String, Object)> {
    let of = |long: &str, short: &str| dictionary.get(long).or_else(|| dictionary.get(short)).map(resolve);
    let list = |object: Option<Object>| match object {
        Some(Object::Array(items)) => items.iter().take(FILTERS_MAX + 1).map(resolve).collect(),
        Some(other) => vec![other],
        None => Vec::new(),
    };
    let parameters = list(of("DecodeParms", "DP"));
    let names = list(of("Filter", "F"));
    let names = names.iter().filter_map(Object::name).enumerate();
    names.map(|(number, name)| (name.to_owned(), parameters.get(number).cloned().unwrap_or(Object::Null))).collect()
}

/// Sends data through filters.
pub fn apply(data: &[u8], filters: &[(String, Object)], budget: &mut Budget) -> Filtered {
    let mut unpacked: Option<Unpacked> = None;
    for (name, parameters) in filters.iter().take(FILTERS_MAX) {
        let (input, broken) = match unpacked.take() {
            None => (data.to_vec(), false),
            Some(Unpacked::Whole(bytes)) => (bytes, false),
            Some(Unpacked::Broken(bytes)) => (bytes, true),
            Some(limited) => return Filtered { unpacked: limited, stopped: None },
        };
        let length = input.len();
        let mut output = match name.as_str() {
            "FlateDecode" | "Fl" => predicted(unpack(zlib(&input), length, budget), parameters),
            "LZWDecode" | "LZW" => {
                let early = parameters.get("EarlyChange").and_then(Object::integer) != Some(0);
                predicted(unpack(Lzw::new(&input, Rule::pdf(early)), length, budget), parameters)
            }
            "ASCIIHexDecode" | "AHx" => unpack(Each(hexadecimal(&input)), length, budget),
            "ASCII85Decode" | "A85" => unpack(Each(ascii85(&input)), length, budget),
            "RunLengthDecode" | "RL" => unpack(Each(run_length(&input)), length, budget),
            // Images keep their own packing, which is a type of file by itself.
            _ => return Filtered { unpacked: Unpacked::Whole(input), stopped: Some(name.clone()) },
        };
        if broken && let Unpacked::Whole(bytes) = output {
            output = Unpacked::Broken(bytes);
        }
        unpacked = Some(output);
    }
    let unpacked = match unpacked {
        Some(unpacked) => unpacked,
        None => unpack(data, data.len(), budget),
    };
    let stopped = filters.get(FILTERS_MAX).map(|(name, _)| name.clone());
    Filtered { unpacked, stopped }
}

/// Bytes one by one as a `Read`.
struct Each<I>(I);

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

fn hexadecimal(input: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut digits = input.iter().take_while(|byte| **byte != b'>').filter_map(|byte| (*byte as char).to_digit(16));
    std::iter::from_fn(move || {
        let high = digits.next()?;
        Some((high << 4 | digits.next().unwrap_or(0)) as u8)
    })
}

fn ascii85(input: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let input = input.strip_prefix(b"<~").unwrap_or(input);
    let mut letters = input.iter().copied().take_while(|byte| *byte != b'~').filter(|byte| !byte.is_ascii_whitespace());
    let mut pending: Vec<u8> = Vec::new();
    std::iter::from_fn(move || {
        while pending.is_empty() {
            let first = letters.next()?;
            if first == b'z' {
                pending.extend([0; 4]);
                break;
            }
            let group: Vec<u8> = std::iter::once(first).chain(letters.by_ref().take(4)).collect();
            let digit = |at: usize| u32::from(group.get(at).copied().unwrap_or(b'u').wrapping_sub(b'!'));
            let word = (0..5).fold(0_u32, |word, at| word.wrapping_mul(85).wrapping_add(digit(at)));
            pending.extend(word.to_be_bytes().iter().take(group.len().saturating_sub(1)).rev());
            if group.len() < 2 {
                return None;
            }
        }
        pending.pop()
    })
}

fn run_length(input: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let (mut at, mut copy, mut repeat) = (0_usize, 0_usize, (0_usize, 0_u8));
    std::iter::from_fn(move || {
        loop {
            if copy > 0 {
                copy -= 1;
                at += 1;
                return input.get(at - 1).copied();
            }
            if repeat.0 > 0 {
                repeat.0 -= 1;
                return Some(repeat.1);
            }
            match *input.get(at)? {
                128 => return None,
                length @ 0..128 => copy = usize::from(length) + 1,
                length => {
                    repeat = (257 - usize::from(length), *input.get(at + 1)?);
                    at += 1;
                }
            }
            at += 1;
        }
    })
}

/// Undoes the predictor of PNG, which object streams and tables of references are written with; that of TIFF is for images.
fn predicted(unpacked: Unpacked, parameters: &Object) -> Unpacked {
    let number = |key: &str, default: i64| parameters.get(key).and_then(Object::integer).unwrap_or(default);
    if number("Predictor", 1) < 10 {
        return unpacked;
    }
    let undo = |bytes: Vec<u8>| {
        let bits = number("Colors", 1).clamp(1, 32) * number("BitsPerComponent", 8).clamp(1, 16);
        let row = usize::try_from((bits * number("Columns", 1).clamp(1, 1 << 20) + 7) / 8).unwrap_or(1);
        png_rows(&bytes, row.clamp(1, ROW_BYTES_MAX), usize::try_from((bits + 7) / 8).unwrap_or(1))
    };
    match unpacked {
        Unpacked::Whole(bytes) => Unpacked::Whole(undo(bytes)),
        Unpacked::Broken(bytes) => Unpacked::Broken(undo(bytes)),
        limited @ Unpacked::Limited(_) => limited,
    }
}

fn png_rows(bytes: &[u8], row: usize, pixel: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut above = vec![0_u8; row];
    for line in bytes.chunks(row + 1) {
        let Some((kind, line)) = line.split_first() else { break };
        let mut current = vec![0_u8; row];
        for (at, byte) in line.iter().enumerate() {
            let left = at.checked_sub(pixel).map_or(0, |at| current[at]);
            let corner = at.checked_sub(pixel).map_or(0, |at| above[at]);
            let guess = match kind {
                1 => left,
                2 => above[at],
                3 => ((u16::from(left) + u16::from(above[at])) / 2) as u8,
                4 => paeth(left, above[at], corner),
                _ => 0,
            };
            current[at] = byte.wrapping_add(guess);
        }
        out.extend_from_slice(&current[..line.len()]);
        above = current;
    }
    out
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let far = |from: u8| (guess - i16::from(from)).abs();
    if far(left) <= far(above) && far(left) <= far(corner) {
        left
    } else if far(above) <= far(corner) {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[track_caller]
    fn check(filter: &str, input: &[u8], expected: &[u8]) {
        let mut budget = Budget::new(&Limits::default(), &|| false);
        let filtered = apply(input, &[(filter.to_owned(), Object::Null)], &mut budget);
        assert_eq!(filtered.unpacked, Unpacked::Whole(expected.into()), "{filter}");
    }

    #[test]
    fn filters_of_text_undo_what_they_are_named_for() {
        check("ASCIIHexDecode", b"48 65 6C6c\n6F>rest", b"Hello");
        check("ASCII85Decode", b"<~87cUR\nD]i,\"Ebo80z~>", b"Hello World!\0\0\0\0");
        check("RunLengthDecode", &[2, b'a', b'b', b'c', 254, b'x', 128, 9], b"abcxxx");
        // The example of ISO 32000-1, section 7.4.4.2.
        check(
            "LZWDecode",
            &[0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01],
            &[45, 45, 45, 45, 45, 65, 45, 45, 45, 66],
        );
    }
}
