//! Bytes behind the last part: what was appended, as AppImages and installers have it.

use super::file::{Elf, NO_BITS};
use super::{facts, oddities};
use crate::exe::entropy;
use crate::{Child, Content, Group, Kind, Reading, Storage, identify};

const PACKED_ENTROPY: f64 = 7.9;
const PACKED_BYTES_MIN: usize = 4_096;

/// Tells what stands behind, and gives it on.
pub fn read(elf: &Elf, reading: &mut Reading) {
    let sections = elf.sections.iter().filter(|section| section.kind != NO_BITS);
    let sections = sections.map(|section| section.offset.saturating_add(section.size));
    let segments = elf.segments.iter().map(|segment| segment.offset.saturating_add(segment.file_size));
    let end = sections.chain(segments).chain([elf.headers_end]).max().unwrap_or(u64::MAX);
    let start = usize::try_from(end).unwrap_or(usize::MAX);
    let Some(bytes) = elf.bytes.get(start..).filter(|bytes| !bytes.is_empty()) else {
        facts::OVERLAY_OFFSET.absent(reading);
        facts::OVERLAY_SIZE.absent(reading);
        return;
    };
    facts::OVERLAY_OFFSET.number(reading, start);
    facts::OVERLAY_SIZE.number(reading, bytes.len());
    let bits = entropy(bytes);
    facts::OVERLAY_ENTROPY.known(reading, bits);
    let kind = identify(bytes).kind;
    facts::OVERLAY_KIND.known(reading, kind.label());
    if kind.group() == Group::Executable {
        oddities::OVERLAY_PROGRAM.note_at(reading, start);
    }
    if kind == Kind::Data && bits > PACKED_ENTROPY && bytes.len() >= PACKED_BYTES_MIN {
        oddities::OVERLAY_PACKED.note_with(reading, |message| message.number("bytes", bytes.len() as i64));
    }
    let content = Content::Range(start..elf.bytes.len());
    let at = Some(start as u64);
    reading.children.push(Child { name: "overlay".into(), content, storage: Storage::Plain, at });
}
