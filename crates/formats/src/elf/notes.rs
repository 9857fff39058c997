//! What makers left in a program: notes, comments of compilers, and the marks of packers.

use super::file::{Elf, NOTE, NOTES};
use super::{facts, oddities};
use crate::bytes::{contains, head, slice, tail};
use crate::exe::{spelled, until_zero};
use crate::{Reading, Value};

const NOTES_MAX: usize = 256;
const PIECES_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 1_024;
const COMMENTS_MAX: usize = 64;

/// One note.
struct Note<'a> {
    owner: &'a [u8],
    kind: u32,
    content: &'a [u8],
}

/// Tells the notes and comments.
pub fn read(elf: &Elf, reading: &mut Reading) {
    let sections =
        elf.sections.iter().filter(|section| section.kind == NOTES).map(|section| elf.section_bytes(section));
    let mut pieces: Vec<&[u8]> = sections.take(PIECES_MAX).collect();
    // The segments hold the same notes once more, and are all there is without sections.
    if pieces.is_empty() {
        pieces = elf.segments_of(NOTE).map(|segment| elf.segment_bytes(segment)).take(PIECES_MAX).collect();
    }
    let found: Vec<Note> = pieces.iter().flat_map(|piece| notes(elf, piece)).take(NOTES_MAX + 1).collect();
    let more = found.len() > NOTES_MAX;
    let text = |note: &Note| format!("{} {:#x}", spelled(note.owner), note.kind);
    facts::NOTES.list(reading, found.iter().take(NOTES_MAX).map(text).collect(), more);
    let gnu = |kind: u32| found.iter().find(move |note| note.owner == b"GNU" && note.kind == kind);
    facts::BUILD_ID.maybe(reading, gnu(3).map(|note| Value::Digest(head(note.content, 64).to_vec())));
    facts::ABI_TAG.maybe(reading, gnu(1).and_then(|note| abi_tag(elf, note.content)));
    facts::FEATURES.maybe(reading, gnu(5).map(|note| features(elf, note.content)));
    let go = found.iter().find(|note| note.owner == b"Go" && note.kind == 4);
    facts::GO_BUILD_ID.maybe(reading, go.map(|note| spelled(head(note.content, TEXT_BYTES_MAX))));
    comments(elf, reading);
    packer(elf, reading);
}

/// Notes one after another; names and contents are filled up to four bytes.
fn notes<'a>(elf: &Elf, piece: &'a [u8]) -> Vec<Note<'a>> {
    let mut found = Vec::new();
    let mut at = 0_usize;
    while found.len() < NOTES_MAX {
        let number = |offset| elf.u32_in(piece, at + offset);
        let (Some(name), Some(size), Some(kind)) = (number(0), number(4), number(8)) else { break };
        let start = at + 12 + (name as usize).next_multiple_of(4);
        let owner = slice(piece, at + 12, name as usize);
        let (Some(owner), Some(content)) = (owner, slice(piece, start, size as usize)) else { break };
        found.push(Note { owner: until_zero(owner, TEXT_BYTES_MAX), kind, content });
        at = start + (size as usize).next_multiple_of(4);
    }
    found
}

fn abi_tag(elf: &Elf, content: &[u8]) -> Option<String> {
    let number = |at: usize| elf.u32_in(content, at * 4);
    let system = match number(0)? {
        0 => "linux",
        1 => "hurd",
        2 => "solaris",
        3 => "freebsd",
        4 => "netbsd",
        _ => "unknown",
    };
    Some(format!("{system} {}.{}.{}", number(1)?, number(2)?, number(3)?))
}

/// Properties with a type and a size each; two of them say which guards of the processor are used.
fn features(elf: &Elf, content: &[u8]) -> Vec<String> {
    const X86: u32 = 0xc000_0002;
    const ARM: u32 = 0xc000_0000;
    let mut names = Vec::new();
    let mut rest = content;
    while let (Some(kind), Some(size)) = (elf.u32_in(rest, 0), elf.u32_in(rest, 4)) {
        let flags = elf.u32_in(rest, 8).unwrap_or(0);
        let known: &[(u32, &str)] = match kind {
            X86 => &[(1, "ibt"), (2, "shstk")],
            ARM => &[(1, "bti"), (2, "pac")],
            _ => &[],
        };
        names.extend(known.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| (*name).to_owned()));
        let next = 8 + (size as usize).next_multiple_of(elf.word_bytes());
        rest = rest.get(next..).unwrap_or_default();
    }
    names
}

fn comments(elf: &Elf, reading: &mut Reading) {
    let comment = elf.section_named(".comment").map(|section| elf.section_bytes(section));
    let texts = comment.map(|bytes| {
        let mut texts: Vec<String> = Vec::new();
        for text in bytes.split(|byte| *byte == 0).filter(|text| !text.is_empty()).take(COMMENTS_MAX * 16) {
            let text = spelled(head(text, TEXT_BYTES_MAX));
            if texts.len() < COMMENTS_MAX && !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    });
    facts::COMMENTS.maybe(reading, texts);
    let link = elf.section_named(".gnu_debuglink").map(|section| elf.section_bytes(section));
    facts::DEBUG_LINK.maybe(reading, link.map(|bytes| spelled(until_zero(bytes, TEXT_BYTES_MAX))));
}

/// UPX writes its mark into its own header at the end, and into what it puts at the beginning.
fn packer(elf: &Elf, reading: &mut Reading) {
    let marked = elf.sections.is_empty() && contains(tail(elf.bytes, 64), b"UPX!");
    if marked || contains(head(elf.bytes, 512), b"UPX!") {
        oddities::PACKER.note_with(reading, |message| message.with("packer", "UPX"));
    }
}
