//! Long words of a string: wallets, and text in another notation, which is base64, hexadecimal digits, or turned from its
//! end to its beginning.

use super::Layer;
use super::gathering::{Gathering, VALUE_BYTES_MAX};
use super::runs::{is_printable, runs};
use super::scan::{self, Text, letters};
use super::wallet;
use crate::encoded::{base64, hexadecimal};
use std::io::Read as _;

/// Letters of a word that is worth decoding.
const WORD_LETTERS_MIN: usize = 24;
/// Letters of a string in what was decoded.
const LETTERS_MIN: usize = 6;
/// Of so many decoded bytes it is told whether they are text.
const SAMPLE_BYTES: usize = 512;

/// Looks through long words: for wallets, and for what may be written in another notation, which is decoded.
pub fn look(text: &Text, gathering: &mut Gathering) {
    const LAST: usize = WORD_LETTERS_MIN - 1;
    let mut at = 0;
    // In front of `at` no word goes on. Where the last letter of one that begins here is none, nothing in front of it is long.
    while let Some(window) = text.letters.get(at..=at + LAST) {
        let (front, last) = window.split_at(LAST);
        if !is_of_word(last[0]) {
            at += WORD_LETTERS_MIN;
            continue;
        }
        let before = front.iter().rev().take_while(|letter| is_of_word(**letter)).count();
        if before < LAST {
            at += LAST - before;
            continue;
        }
        let rest = &text.letters[at..];
        let length = rest.iter().position(|letter| !is_of_word(*letter)).unwrap_or(rest.len());
        wallet::look(&rest[..length], at, text, gathering);
        word(&rest[..length], text.place(at), gathering);
        at += length + 1;
    }
}

/// Whether a letter is of a long word. A table, as every letter of every string is asked.
fn is_of_word(letter: u8) -> bool {
    WORD[usize::from(letter)]
}

const WORD: [bool; 256] = letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_");

fn word(word: &[u8], at: u64, gathering: &mut Gathering) {
    if word.iter().all(u8::is_ascii_hexdigit) && word.len().is_multiple_of(2) {
        if gathering.decode(word.len() / 2) {
            let bytes: Vec<u8> = hexadecimal(word).collect();
            decoded(&bytes, Layer::Hex, at, gathering);
        }
        return;
    }
    // Words of a language, and paths, are of one case mostly; what is encoded has both.
    let has = |is: fn(&u8) -> bool| word.iter().any(is);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if mixed && gathering.decode(word.len() / 4 * 3) {
        let mut bytes = Vec::new();
        // Reading from memory does not fail.
        let _ = base64(word).read_to_end(&mut bytes);
        decoded(&bytes, Layer::Base64, at, gathering);
    }
}

fn decoded(bytes: &[u8], layer: Layer, at: u64, gathering: &mut Gathering) {
    if !is_text(bytes) && !bytes.starts_with(b"MZ") {
        return;
    }
    for run in runs(bytes, LETTERS_MIN) {
        scan::look(&Text::decoded(&run.text, layer, at), gathering);
    }
}

/// Whether bytes begin as text of one or two bytes a letter does.
fn is_text(bytes: &[u8]) -> bool {
    let sample = crate::bytes::head(bytes, SAMPLE_BYTES);
    let fits = |byte: &&u8| is_printable(**byte) || matches!(**byte, b'\r' | b'\n' | 0);
    let wide = sample.chunks_exact(2).filter(|pair| is_printable(pair[0]) && pair[1] == 0).count() * 2;
    let zeros = sample.iter().filter(|byte| **byte == 0).count();
    let plain = zeros * 16 < sample.len() && sample.iter().filter(fits).count() * 10 >= sample.len() * 9;
    sample.len() >= LETTERS_MIN && (plain || wide * 10 >= sample.len() * 8)
}

/// An address that is written from its end, whose beginning ends at `end`, and that does not reach before `least`; where
/// what was looked at ends.
pub fn reversed(text: &Text, least: usize, end: usize, gathering: &mut Gathering) -> usize {
    // What was turned once is not turned back: `http://a//:ptth` says the same both ways.
    if text.layer == Layer::Reversed {
        return end;
    }
    let start = end.saturating_sub(4);
    let before = &text.letters[start.saturating_sub(VALUE_BYTES_MAX).max(least.min(start))..start];
    if before.ends_with(b"//:") || before.ends_with(b"//:s") {
        let ends =
            |letter: &u8| matches!(letter, b' ' | b'\t' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | b'{' | b'}');
        let from = start - before.iter().rev().position(ends).unwrap_or(before.len());
        let turned: Vec<u8> = text.letters[from..end].iter().rev().copied().collect();
        scan::look(&Text::decoded(&turned, Layer::Reversed, text.place(from)), gathering);
    }
    end
}
