//! Texts in another alphabet inside of scripts: base64, hexadecimal digits, and lists of the numbers of bytes. One that holds
//! a text or a file of a known type is a part.

use crate::budget::Budget;
use crate::encoded::{base64, hexadecimal};
use crate::identify::identify;
use crate::kind::Kind;
use crate::limits::Limit;
use crate::reading::{Child, Reading, Storage};
use crate::unpack::{Unpacked, unpack};
use crate::vector::State;

/// Letters from which on a run of an alphabet is looked at.
const BASE64_LETTERS_MIN: usize = 24;
const HEX_LETTERS_MIN: usize = 64;
/// Numbers of bytes in one list.
const NUMBERS_MIN: usize = 32;
/// Parts of one script.
const BLOBS_MAX: u32 = 500;

/// Makes parts of what stands in another alphabet.
pub fn parts(source: &str, extension: &str, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let (bytes, mut at, mut count) = (source.as_bytes(), 0, 0_u32);
    while at < bytes.len() && count < BLOBS_MAX {
        let end = at + run(&bytes[at..], is_base64);
        let word = &bytes[at..end];
        let list = if word.first().is_some_and(u8::is_ascii_digit) { at + list_length(&bytes[at..]) } else { at };
        let (found, how, behind) = if list > end && list - at >= NUMBERS_MIN * 2 {
            (numbers(&bytes[at..list]), "numbers", list)
        } else if word.len() >= HEX_LETTERS_MIN && word.iter().all(u8::is_ascii_hexdigit) {
            (Some(hexadecimal(word).collect()), "hex", end)
        } else if word.len() >= BASE64_LETTERS_MIN && looks_coded(word) {
            let whole = at + wrapped(&bytes[at..]);
            match unpack(base64(&bytes[at..whole]), whole - at, budget) {
                Unpacked::Limited(limit) => return Err(limit),
                unpacked => (Some(unpacked.bytes()), "base64", whole),
            }
        } else {
            (None, "", end.max(list))
        };
        if let Some((content, wide)) = found.and_then(|found| told(found, how)) {
            count += 1;
            budget.expand(content.len())?;
            // Texts of two bytes a letter are what PowerShell is given; others are most likely in the same language.
            let name = format!("blob-{count}.{}", if wide { "ps1" } else { extension });
            let child = Child::made(name, content, Storage::Encoded(how));
            reading.child(budget, Child { at: Some(at as u64), ..child })?;
        }
        at = behind.max(at + 1);
    }
    if count > 0 {
        reading.know(super::NAMESPACE, "blobs", count);
    }
    if count >= BLOBS_MAX {
        reading.state(super::NAMESPACE, "blobs", State::Limited(Limit::Entries), None);
    }
    Ok(())
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn run(bytes: &[u8], of: fn(&u8) -> bool) -> usize {
    bytes.iter().position(|byte| !of(byte)).unwrap_or(bytes.len())
}

/// The length of a run over the lines that follow, where every line but the last has the same length.
fn wrapped(bytes: &[u8]) -> usize {
    let width = run(bytes, is_base64);
    let mut end = width;
    while let Some(line) = bytes.get(end..) {
        let blanks = run(line, |byte| matches!(byte, b'\r' | b'\n'));
        let next = line.get(blanks..).map_or(0, |next| run(next, is_base64));
        if blanks == 0 || blanks > 2 || next == 0 || next > width {
            break;
        }
        end += blanks + next;
        if next < width {
            break;
        }
    }
    end
}

/// Whether a word is one of base64 and not a path or a name: it has letters of both cases, and few slashes.
fn looks_coded(word: &[u8]) -> bool {
    let has = |of: fn(&u8) -> bool| word.iter().any(of);
    let slashes = word.iter().filter(|byte| **byte == b'/').count();
    has(u8::is_ascii_uppercase) && (has(u8::is_ascii_lowercase) || word.len() > 64) && slashes * 8 <= word.len()
}

/// The length of a list of numbers with commas between them.
fn list_length(bytes: &[u8]) -> usize {
    run(bytes, |byte| {
        byte.is_ascii_hexdigit() || matches!(byte, b',' | b' ' | b'\r' | b'\n' | b'\t' | b'x' | b'X' | b'_')
    })
}

/// A list of the numbers of bytes.
fn numbers(list: &[u8]) -> Option<Vec<u8>> {
    let list = std::str::from_utf8(list).ok()?;
    let pieces =
        list.split(',').map(|piece| piece.trim_matches(|letter: char| letter.is_ascii_whitespace() || letter == '_'));
    let mut bytes = Vec::new();
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        let hex = piece.strip_prefix("0x").or_else(|| piece.strip_prefix("0X"));
        let number = hex.map_or_else(|| piece.parse().ok(), |hex| u8::from_str_radix(hex, 16).ok());
        match number {
            Some(number) => bytes.push(number),
            // Behind the list another one or a name may stand.
            None if bytes.len() >= NUMBERS_MIN => break,
            None => return None,
        }
    }
    (bytes.len() >= NUMBERS_MIN).then_some(bytes)
}

/// What was decoded, if it says something: a text, or a file of a type that is known by more than a guess; and whether it
/// was a text of two bytes a letter.
fn told(content: Vec<u8>, how: &str) -> Option<(Vec<u8>, bool)> {
    if content.len() < 12 {
        return None;
    }
    if let Some(text) = wide_text(&content) {
        return Some((text.into_bytes(), true));
    }
    let is_text = std::str::from_utf8(&content)
        .is_ok_and(|text| !text.contains(|letter: char| letter.is_control() && !"\r\n\t".contains(letter)));
    // A list of numbers in code is a table far more often than a text.
    let kind = identify(&content).kind;
    let known = kind != Kind::Data && !kind.is_text() && kind != Kind::Empty;
    let long_binary = content.len() >= 512 && how != "numbers";
    (is_text && (how != "numbers" || content.len() >= 64) || known || long_binary).then_some((content, false))
}

/// A text of two bytes a letter, as commands of PowerShell are encoded.
fn wide_text(content: &[u8]) -> Option<String> {
    let content = content.strip_prefix(&[0xff, 0xfe]).unwrap_or(content);
    let plain = content
        .chunks_exact(2)
        .filter(|pair| pair[1] == 0 && (pair[0] >= b' ' || matches!(pair[0], b'\r' | b'\n' | b'\t')));
    let mostly = plain.count() * 10 >= content.len() / 2 * 9;
    mostly.then(|| encoding_rs::UTF_16LE.decode_without_bom_handling(content).0.into_owned())
}
