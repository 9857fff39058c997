//! Scripts: what they call that reaches out of them, and the simple layers under which that is hidden. A layer that was
//! undone is a part, so that whatever it holds is read in its turn.

mod batch;
mod blobs;
mod constants;
mod encoded;
mod signs;
mod terms;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::exe::entropy::entropy;
use crate::gather::{Gathered, text};
use crate::kind::Kind;
use crate::limits::Limit;
use crate::reading::{Child, Reading, Storage};
use crate::vector::{State, Value, vectors};
use model::Message;
use std::borrow::Cow;

vectors! { "script":
    "language" text "Language it is written in.";
    "lines" integer "Lines.";
    "longest_line" integer "Letters of the longest line.";
    "entropy" real "Bits of information in a byte of it, from 0 to 8.";
    "shebang" text "Program that its first line asks for.";
    "calls" texts "What it names that runs something, loads something, or reaches out of it.";
    "hidden_calls" texts "Such calls that are seen only when pieces of texts are put together and codes are undone.";
    "put_together" integer "Texts that stand in pieces, in codes or behind escapes, and were put together.";
    "blobs" integer "Texts in another alphabet that hold a file or a text.";
    "encoded" integer "Sections that are encoded as Windows Script Host reads them.";
    "urls" texts "Addresses in it.";
}

/// Bytes of one script that are looked at.
const LOOKED_BYTES_MAX: usize = 4 << 20;
/// Calls and addresses.
const TEXTS_MAX: usize = 1000;
/// Letters in codes from which on what they spell is worth reading by itself.
const CODED_LETTERS_MIN: usize = 48;
/// Times that layers are undone before the result is read as a part.
const ROUNDS_MAX: usize = 4;

/// What a language looks like to those who hide something in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// JavaScript and what has its texts and escapes.
    C,
    Php,
    Basic,
    PowerShell,
    Batch,
    /// Texts and comments of shells, Perl, Python and their like.
    Hash,
}

fn dialect(kind: Kind) -> Dialect {
    match kind {
        Kind::VbScript | Kind::Asp => Dialect::Basic,
        Kind::PowerShell => Dialect::PowerShell,
        Kind::Batch => Dialect::Batch,
        Kind::Php => Dialect::Php,
        Kind::JavaScript | Kind::TypeScript | Kind::Jsp | Kind::Wsf | Kind::Aspx => Dialect::C,
        _ => Dialect::Hash,
    }
}

/// What the names of such scripts end with.
fn extension(kind: Kind) -> &'static str {
    kind.extensions().first().copied().unwrap_or("txt")
}

/// Takes a script apart.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    if let Err(limit) = source(kind, bytes, budget, &mut reading) {
        reading.state(NAMESPACE, "calls", State::Limited(limit), None);
    }
    reading
}

fn source(kind: Kind, bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    budget.pass(bytes.len())?;
    let looked = crate::bytes::head(bytes, LOOKED_BYTES_MAX);
    let source = decoded(looked);
    shape(kind, bytes, &source, reading);
    let calls = signs::calls(&source);
    addresses(&source).state(reading, NAMESPACE, "urls");
    encoded_sections(&source, budget, reading)?;
    put_together(kind, &source, &calls, budget, reading)?;
    let mut named = Gathered::new(TEXTS_MAX);
    calls.iter().for_each(|call| named.push(*call));
    named.state(reading, NAMESPACE, "calls");
    blobs::parts(&source, extension(kind), budget, reading)?;
    if looked.len() < bytes.len() { Err(Limit::TextBytes) } else { Ok(()) }
}

/// The text of a script; one of two bytes a letter may lack the mark that says so.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let start = crate::bytes::head(bytes, 256);
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count() * 4 > start.len();
    match bytes {
        [0xff, 0xfe, ..] => encoding_rs::UTF_16LE.decode_with_bom_removal(bytes).0,
        [0xfe, 0xff, ..] => encoding_rs::UTF_16BE.decode_with_bom_removal(bytes).0,
        _ if zeros(1) => encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0,
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(bytes),
    }
}

fn shape(kind: Kind, bytes: &[u8], source: &str, reading: &mut Reading) {
    reading.know(NAMESPACE, "language", kind.label());
    reading.know(NAMESPACE, "lines", Value::unsigned(source.lines().count() as u64));
    let longest = source.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    reading.know(NAMESPACE, "longest_line", Value::unsigned(longest as u64));
    reading.know(NAMESPACE, "entropy", (entropy(bytes) * 1000.0).round() / 1000.0);
    if let Some(program) = source.lines().next().and_then(|line| line.strip_prefix("#!")) {
        text(reading, NAMESPACE, "shebang", program.trim());
    }
}

fn addresses(source: &str) -> Gathered {
    let mut urls = Gathered::new(TEXTS_MAX);
    for (at, _) in source.match_indices("://") {
        let scheme = source[..at].bytes().rev().take_while(u8::is_ascii_alphabetic).count();
        let known = ["http", "https", "ftp", "file", "ldap", "ldaps", "rmi"];
        let start = at - scheme;
        if !known.iter().any(|known| source[start..at].eq_ignore_ascii_case(known)) {
            continue;
        }
        let rest = &source[start..];
        let end = rest.find(|letter: char| letter.is_whitespace() || "\"'`<>(){}|^;,".contains(letter));
        urls.push(&rest[..end.unwrap_or(rest.len())]);
    }
    urls
}

/// Sections of the encoder of Windows Script Host.
fn encoded_sections(source: &str, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let mut count = 0_u32;
    for section in encoded::sections(source) {
        count += 1;
        budget.expand(section.text.len())?;
        let basic = signs::looks_basic(&section.text);
        let name = format!("decoded-{count}.{}", if basic { "vbs" } else { "js" });
        if !section.whole {
            reading.odd_at(Message::new("layer.encoded-damaged"), section.at as u64);
        }
        let child = Child::made(name, section.text, Storage::Encoded("script-encoder"));
        reading.child(budget, Child { at: Some(section.at as u64), ..child })?;
    }
    if count > 0 {
        reading.know(NAMESPACE, "encoded", count);
    }
    Ok(())
}

/// Puts together what stands in pieces. The result is a part when it calls what the script as it stands does not, or when
/// much of it stood in codes.
fn put_together(
    kind: Kind,
    source: &str,
    calls: &[&'static str],
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let (mut text, mut pieces, mut coded) = (Cow::Borrowed(source), 0, 0);
    for _ in 0..ROUNDS_MAX {
        budget.expand(text.len())?;
        let round = match dialect(kind) {
            Dialect::Batch => batch::undo(&text, budget)?,
            dialect => undone(&text, dialect, budget)?,
        };
        if round.pieces == 0 {
            break;
        }
        pieces += round.pieces;
        coded += round.coded;
        text = Cow::Owned(round.text);
    }
    reading.know(NAMESPACE, "put_together", Value::unsigned(pieces as u64));
    if pieces == 0 {
        return Ok(());
    }
    let (mut hidden, mut listed) = (Gathered::new(TEXTS_MAX), Vec::new());
    for call in signs::calls(&text).into_iter().filter(|call| !calls.contains(call)) {
        hidden.push(call);
        listed.push(call);
    }
    if !listed.is_empty() {
        reading.odd(Message::new("layer.hidden-calls").list("calls", listed.iter().copied()));
    }
    if !listed.is_empty() || coded >= CODED_LETTERS_MIN {
        let name = format!("put-together.{}", extension(kind));
        reading.child(budget, Child::made(name, text.into_owned(), Storage::Encoded("pieces")))?;
    }
    hidden.state(reading, NAMESPACE, "hidden_calls");
    Ok(())
}

/// Texts are put together, and what names stand for is put in where they are used: that may be further pieces.
fn undone(source: &str, dialect: Dialect, budget: &mut Budget) -> Result<Undone, Limit> {
    let terms = terms::undo(source, dialect, budget)?;
    let named = constants::put_in(&terms.text, dialect, budget)?;
    Ok(Undone { pieces: terms.pieces + named.pieces, coded: terms.coded, text: named.text })
}

/// A script in which something was undone.
struct Undone {
    text: String,
    /// Texts that were put together or spelled out.
    pieces: usize,
    /// Letters of them that stood in codes.
    coded: usize,
}
