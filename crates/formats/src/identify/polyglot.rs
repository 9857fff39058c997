//! What the same bytes are to another program: many readers look for their beginning further in, or for their end.

use super::{Also, By, Identified, zip};
use crate::bytes::{contains_ignoring_case, has, head, tail};
use crate::kind::{Group, Kind};
use memchr::memmem;

/// Readers of PDF accept its header this far in.
const PDF_HEADER_BYTES: usize = 1024;
/// How far from both ends code of an interpreter is looked for: interpreters skip what is around it.
const CODE_BYTES: usize = 4096;

/// Adds to what was found what else it is. What nothing else explained becomes what it is as well.
pub fn look(bytes: &[u8], found: &mut Identified) {
    let unexplained = matches!(found.kind, Kind::Data | Kind::Txt);
    let mut signs: Vec<Also> = Vec::new();
    pdf(bytes, found.kind, &mut signs);
    archive_at_end(bytes, found.kind, &mut signs);
    disk_image(bytes, found.kind, &mut signs);
    tape(bytes, found.kind, &mut signs);
    shell_in_program(bytes, found.kind, &mut signs);
    code_in_binary(bytes, found.kind, &mut signs);
    signs.retain(|sign| sign.kind != found.kind);
    if unexplained
        && let Some(at) = signs.iter().position(|sign| matches!(sign.kind.group(), Group::Document | Group::Archive))
    {
        found.kind = signs.remove(at).kind;
        found.by = By::Structure;
        found.encoding = None;
    }
    found.also = signs;
}

fn pdf(bytes: &[u8], kind: Kind, signs: &mut Vec<Also>) {
    if matches!(kind, Kind::Pdf | Kind::Tar | Kind::Mbox | Kind::Eml | Kind::Mht) {
        return;
    }
    if let Some(at) = memmem::find(head(bytes, PDF_HEADER_BYTES), b"%PDF-").filter(|at| *at > 0)
        && bytes.get(at + 5).is_some_and(u8::is_ascii_digit)
        && pdf_goes_on(bytes, kind)
    {
        signs.push(Also { kind: Kind::Pdf, at: at as u64 });
    }
}

/// A text that speaks of the header is no PDF: one has objects, and an end.
fn pdf_goes_on(bytes: &[u8], kind: Kind) -> bool {
    let object = |part: &[u8]| memmem::find(part, b" obj").is_some();
    let end = |part: &[u8]| memmem::find(part, b"%%EOF").is_some() || memmem::find(part, b"startxref").is_some();
    !kind.is_text() || object(head(bytes, 1 << 14)) && end(tail(bytes, 2048))
}

/// Readers of ZIP begin at the end.
fn archive_at_end(bytes: &[u8], kind: Kind, signs: &mut Vec<Also>) {
    if kind.is(Kind::Zip) || matches!(kind, Kind::Jmod | Kind::Ole) || kind.is(Kind::Ole) {
        return;
    }
    if let Some((kind, at)) = zip::at_end(bytes) {
        signs.push(Also { kind, at: at as u64 });
    }
}

fn disk_image(bytes: &[u8], kind: Kind, signs: &mut Vec<Also>) {
    if kind != Kind::Iso && kind != Kind::Udf && has(bytes, 0x8001, b"CD001") {
        signs.push(Also { kind: Kind::Iso, at: 0x8001 });
    }
    if kind != Kind::Dicom && has(bytes, 128, b"DICM") {
        signs.push(Also { kind: Kind::Dicom, at: 128 });
    }
    let block = bytes.len().saturating_sub(512);
    if kind != Kind::Dmg && has(bytes, block, b"koly\x00\x00\x00\x04") {
        signs.push(Also { kind: Kind::Dmg, at: block as u64 });
    }
}

fn tape(bytes: &[u8], kind: Kind, signs: &mut Vec<Also>) {
    if kind != Kind::Tar && has(bytes, 257, b"ustar") && super::blocks::by_checksum(bytes).is_some() {
        signs.push(Also { kind: Kind::Tar, at: 257 });
    }
}

/// A program whose first bytes are also an assignment of a shell, as those that run on every system are built.
fn shell_in_program(bytes: &[u8], kind: Kind, signs: &mut Vec<Also>) {
    if matches!(kind, Kind::Pe | Kind::MsDos) && has(bytes, 2, b"qFpD='") {
        signs.push(Also { kind: Kind::Shell, at: 0 });
    }
}

/// Code of PHP, of an HTML application or of JavaScript inside of what shows as something else.
fn code_in_binary(bytes: &[u8], kind: Kind, signs: &mut Vec<Also>) {
    let shown = matches!(kind.group(), Group::Image | Group::Audio | Group::Video | Group::Document | Group::System);
    if !shown || kind.is_text() || kind == Kind::Chm {
        return;
    }
    if kind == Kind::Gif && bytes.get(6..).is_some_and(|rest| rest.starts_with(b"/*") || rest.starts_with(b"=")) {
        signs.push(Also { kind: Kind::JavaScript, at: 0 });
    }
    let ending = bytes.len().saturating_sub(CODE_BYTES).max(CODE_BYTES.min(bytes.len()));
    for (start, part) in [(0, head(bytes, CODE_BYTES)), (ending, &bytes[ending..])] {
        if kind.group() == Group::Image
            && let Some(at) = memmem::find(part, b"<?php")
        {
            signs.push(Also { kind: Kind::Php, at: (start + at) as u64 });
            return;
        }
        if contains_ignoring_case(part, b"<hta:application") {
            signs.push(Also { kind: Kind::Hta, at: start as u64 });
            return;
        }
    }
}
