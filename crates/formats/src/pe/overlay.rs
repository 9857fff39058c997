//! Bytes behind the sections, which Windows does not load: installers, archives, and what was appended.

use super::image::{Image, SECURITY};
use super::{facts, oddities};
use crate::exe::entropy;
use crate::{Child, Content, Group, Kind, Reading, Storage, identify};
use std::ops::Range;

/// Packed or encrypted bytes have nearly eight bits each; fewer than this many bytes say nothing.
const PACKED_ENTROPY: f64 = 7.9;
const PACKED_BYTES_MIN: usize = 4_096;
/// Signatures begin at a multiple of eight, and what fills up before them is zeros.
const SIGNATURE_ALIGNMENT: usize = 8;

/// Tells what stands behind the sections, and gives it on.
pub fn read(image: &Image, reading: &mut Reading) {
    let Some(range) = find(image, reading) else {
        for fact in [facts::OVERLAY_OFFSET, facts::OVERLAY_SIZE] {
            fact.absent(reading);
        }
        return;
    };
    let bytes = &image.bytes[range.clone()];
    facts::OVERLAY_OFFSET.number(reading, range.start);
    facts::OVERLAY_SIZE.number(reading, range.len());
    let bits = entropy(bytes);
    facts::OVERLAY_ENTROPY.known(reading, bits);
    let kind = identify(bytes).kind;
    facts::OVERLAY_KIND.known(reading, kind.label());
    if kind.group() == Group::Executable {
        oddities::OVERLAY_PROGRAM.note_at(reading, range.start);
    }
    if kind == Kind::Data && bits > PACKED_ENTROPY && bytes.len() >= PACKED_BYTES_MIN {
        oddities::OVERLAY_PACKED.note_with(reading, |message| message.number("bytes", bytes.len() as i64));
    }
    let at = Some(range.start as u64);
    reading.children.push(Child {
        name: "overlay".into(),
        content: Content::Range(range),
        storage: Storage::Plain,
        at,
    });
}

/// The bytes behind the last section, without the table of certificates and what fills up before it; and whatever is
/// behind that table.
fn find(image: &Image, reading: &mut Reading) -> Option<Range<usize>> {
    let file = image.bytes.len();
    let headers = image.optional + image.optional_size + image.sections.len() * 40;
    let ends =
        image.sections.iter().filter(|section| section.raw_size > 0).map(|section| section.end_in_file() as usize);
    // A section that reaches beyond the file ends with it.
    let end = ends.chain([headers]).map(|end| end.min(file)).max().unwrap_or(file);
    let table = image.directory(SECURITY).map(|table| (table.address as usize, table.size as usize));
    let Some((at, size)) = table.filter(|(at, _)| (end..file).contains(at)) else {
        return (end < file).then_some(end..file);
    };
    let behind = at.saturating_add(size).next_multiple_of(SIGNATURE_ALIGNMENT);
    if behind < file {
        oddities::BEHIND_SIGNATURE.note_with(reading, |message| message.number("bytes", (file - behind) as i64));
    }
    let before = end..at;
    let only_fills = before.len() < SIGNATURE_ALIGNMENT && image.bytes[before.clone()].iter().all(|byte| *byte == 0);
    match (only_fills, behind < file) {
        (false, _) => Some(before),
        (true, true) => Some(behind..file),
        (true, false) => None,
    }
}
