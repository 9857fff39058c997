//! Text: how its characters are written, and which language or notation they are in.

mod code;
mod json;
mod mail;
mod markup;
mod notation;
mod shebang;
mod tables;

use super::{By, Identified};
use crate::bytes::{head, tail};
use crate::kind::Kind;
use std::borrow::Cow;

/// Bytes from the beginning that are read as text.
const HEAD_BYTES: usize = 1 << 15;
/// Bytes of the end that must be text as well.
const TAIL_BYTES: usize = 1 << 12;

/// How characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    Ascii,
    Utf8,
    /// UTF-8 behind a byte order mark.
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
    /// One or more bytes a letter by a table that the bytes do not name.
    Legacy,
}

impl Encoding {
    /// The name it has in records.
    pub fn label(self) -> &'static str {
        match self {
            Encoding::Ascii => "ascii",
            Encoding::Utf8 => "utf-8",
            Encoding::Utf8Bom => "utf-8-bom",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
            Encoding::Utf32Le => "utf-32le",
            Encoding::Utf32Be => "utf-32be",
            Encoding::Legacy => "legacy",
        }
    }
}

/// The beginning of a text, with its letters as in UTF-8 or, of a legacy encoding, as they are.
struct Text<'a> {
    head: Cow<'a, [u8]>,
    encoding: Encoding,
    /// Whether the head is all there is.
    whole: bool,
}

/// The kind of some text; `None` when it is none.
pub fn identify(bytes: &[u8]) -> Option<Identified> {
    if let Some(text) = Text::read(bytes) {
        let kind = text.kind().unwrap_or(Kind::Txt);
        return Some(Identified { kind, by: By::Text, encoding: Some(text.encoding), also: Vec::new() });
    }
    // Some texts carry bytes that are none, and are still read by their first words.
    let kind = in_spite_of_bytes(bytes)?;
    Some(Identified { kind, by: By::Text, encoding: None, also: Vec::new() })
}

/// Scripts with an archive behind them, pages with broken letters, PostScript with pictures in it: what their readers
/// accept is what they are.
fn in_spite_of_bytes(bytes: &[u8]) -> Option<Kind> {
    let first = head(bytes, 512);
    let start = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    if let Some(kind) = shebang::kind(first) {
        return Some(kind);
    }
    if first.starts_with(b"%!PS") || first.starts_with(b"\x04%!PS") {
        return Some(Kind::PostScript);
    }
    if first.starts_with(b"{\\rt") {
        return Some(Kind::Rtf);
    }
    if first.starts_with(b"<?php") {
        return Some(Kind::Php);
    }
    let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let printable = line.iter().all(|byte| matches!(byte, 0x20..=0x7e | b'\r' | b'\t' | 0xef | 0xbb | 0xbf));
    if start.starts_with(b"<") && printable {
        return markup::kind(head(bytes, HEAD_BYTES));
    }
    if printable && line.len() < first.len() {
        return mail::kind(head(bytes, HEAD_BYTES));
    }
    None
}

impl<'a> Text<'a> {
    /// The beginning of some bytes as text.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let first = head(bytes, HEAD_BYTES);
        let whole = first.len() == bytes.len();
        let text = |head, encoding| Some(Text { head, encoding, whole });
        match first {
            [0xff, 0xfe, 0, 0, rest @ ..] => return text(utf_32(rest, u32::from_le_bytes)?.into(), Encoding::Utf32Le),
            [0, 0, 0xfe, 0xff, rest @ ..] => return text(utf_32(rest, u32::from_be_bytes)?.into(), Encoding::Utf32Be),
            [0xff, 0xfe, rest @ ..] => return text(utf_16(rest, u16::from_le_bytes)?.into(), Encoding::Utf16Le),
            [0xfe, 0xff, rest @ ..] => return text(utf_16(rest, u16::from_be_bytes)?.into(), Encoding::Utf16Be),
            [0xef, 0xbb, 0xbf, rest @ ..] if is_text(rest, bytes) => {
                return text(rest.into(), Encoding::Utf8Bom);
            }
            _ => {}
        }
        if first.contains(&0) {
            return Self::unmarked_utf_16(first, whole);
        }
        if !is_text(first, bytes) {
            return None;
        }
        let encoding = match std::str::from_utf8(first) {
            _ if first.is_ascii() => Encoding::Ascii,
            Ok(_) => Encoding::Utf8,
            // The head may end within a letter.
            Err(error) if error.error_len().is_none() && !whole => Encoding::Utf8,
            Err(_) if is_legacy(first) => Encoding::Legacy,
            Err(_) => return None,
        };
        text(first.into(), encoding)
    }

    /// UTF-16 without a mark: nearly every other byte of western text is zero.
    fn unmarked_utf_16(first: &'a [u8], whole: bool) -> Option<Self> {
        let sample = head(first, 512);
        let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
        let enough = |zeros: usize, others: usize| half >= 4 && zeros * 10 >= half * 8 && others == 0;
        let (head, encoding) = if enough(odd, even) {
            (utf_16(first, u16::from_le_bytes)?, Encoding::Utf16Le)
        } else if enough(even, odd) {
            (utf_16(first, u16::from_be_bytes)?, Encoding::Utf16Be)
        } else {
            return None;
        };
        Some(Text { head: head.into(), encoding, whole })
    }

    fn kind(&self) -> Option<Kind> {
        let head = &*self.head;
        shebang::kind(head)
            .or_else(|| notation::by_beginning(head))
            .or_else(|| markup::kind(head))
            .or_else(|| json::kind(head, self.whole))
            .or_else(|| mail::kind(head))
            .or_else(|| code::kind(head))
            .or_else(|| notation::by_lines(head))
            .or_else(|| tables::kind(head, self.whole))
    }
}

/// Whether head and tail have no byte that text does not have.
fn is_text(first: &[u8], bytes: &[u8]) -> bool {
    let text = |part: &[u8]| part.iter().all(|byte| TEXT[usize::from(*byte)]);
    // Texts of DOS end with a byte of their own, and what was sent by modem with several.
    let end = tail(bytes, TAIL_BYTES);
    let end = &end[..end.iter().rposition(|byte| !matches!(byte, 0x1a | 0)).map_or(0, |at| at + 1)];
    let first = if first.len() <= TAIL_BYTES { &first[..first.len().min(end.len())] } else { first };
    !first.is_empty() && text(first) && text(end)
}

/// Bytes that text has: everything printable and above, tab, line ends, form feed, bell, backspace and escape.
static TEXT: [bool; 256] = {
    let mut text = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        text[byte] = matches!(byte as u8, 0x07..=0x0d | 0x1b);
        byte += 1;
    }
    text[0x7f] = false;
    text
};

/// Text by a table of one's own: much of it is plain, or nearly all of it letters above.
fn is_legacy(first: &[u8]) -> bool {
    let high = first.iter().filter(|byte| **byte >= 0x80).count();
    // The first 32 above are unused in ISO 8859 and letters or punctuation elsewhere; packed bytes have an eighth of them.
    let controls = first.iter().filter(|byte| matches!(byte, 0x80..=0x9f)).count();
    let spaced = first.len() < 64 || first.iter().any(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    // Bytes by chance are no text for so long: every eighth of them is a control letter.
    let words = || controls == 0 && first.split(u8::is_ascii).all(|letters| letters.len() != 1);
    spaced
        && (first.len() >= 128 || high * 10 <= first.len() * 4 || controls * 3 <= high && first.len() >= 32 || words())
}

/// UTF-16 as UTF-8, if it is text.
fn utf_16(bytes: &[u8], number: fn([u8; 2]) -> u16) -> Option<Vec<u8>> {
    let units = bytes.chunks_exact(2).map(|pair| number([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    readable(text)
}

fn utf_32(bytes: &[u8], number: fn([u8; 4]) -> u32) -> Option<Vec<u8>> {
    let letters = bytes.as_chunks().0.iter().map(|quad| number(*quad));
    readable(letters.map(|letter| char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Text that was decoded, unless it has many letters that are none.
fn readable(text: String) -> Option<Vec<u8>> {
    let strange =
        |letter: char| letter == char::REPLACEMENT_CHARACTER || letter.is_control() && !letter.is_whitespace();
    let (mut letters, mut bad) = (0, 0);
    for letter in text.chars() {
        letters += 1;
        bad += usize::from(strange(letter));
    }
    (bad * 20 <= letters).then(|| text.into_bytes())
}

/// Lines of a text without their ends, of Unix, Windows and the old Macintosh.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = if head.contains(&b'\n') { b'\n' } else { b'\r' };
    head.split(move |byte| *byte == end).map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}
