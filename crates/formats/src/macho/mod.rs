//! Programs and libraries of macOS and its relatives (Mach-O, `mach-o/loader.h` and `mach-o/fat.h`): headers, segments,
//! libraries, symbols and signatures; of files for several processors, the program for each.

mod commands;
pub mod facts;
mod file;
pub mod oddities;
mod signature;
mod symbols;

#[cfg(test)]
mod tests;

use crate::bytes::{array, u32_be};
use crate::{Child, Content, Reading, Storage, identify};
use file::File;

/// Processors there are programs for in one file; a handful exist.
const SLICES_MAX: usize = 64;

/// Reads a program; bytes that are none give an empty reading.
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::default();
    match u32_be(bytes, 0) {
        Some(0xcafe_babe) => fat(bytes, false, &mut reading),
        Some(0xcafe_babf) => fat(bytes, true, &mut reading),
        _ => thin(bytes, &mut reading),
    }
    reading
}

fn thin(bytes: &[u8], reading: &mut Reading) {
    let Some(file) = File::read(bytes, reading) else { return };
    commands::read(&file, reading);
    symbols::read(&file, reading);
    signature::read(&file, reading);
    overlay(bytes, file.end(), reading);
}

/// A file for several processors: the number of programs, then for each the processor, where it is, and how long.
fn fat(bytes: &[u8], wide: bool, reading: &mut Reading) {
    let Some(count) = u32_be(bytes, 4) else { return };
    facts::FAT.known(reading, true);
    if count as usize > SLICES_MAX {
        oddities::SLICES_TOO_MANY.note_with(reading, |message| message.number("count", count));
    }
    let (mut names, mut end) = (Vec::new(), 0);
    for number in 0..SLICES_MAX.min(count as usize) {
        let at = 8 + number * if wide { 32 } else { 20 };
        let place = match wide {
            true => array(bytes, at + 8).map(u64::from_be_bytes).zip(array(bytes, at + 16).map(u64::from_be_bytes)),
            false => u32_be(bytes, at + 8).map(u64::from).zip(u32_be(bytes, at + 12).map(u64::from)),
        };
        let (Some(machine), Some((start, size))) = (u32_be(bytes, at), place) else {
            oddities::CUT_OFF.note_with(reading, |message| message.with("part", "list of processors"));
            break;
        };
        let name = commands::machine(machine);
        end = end.max(start.saturating_add(size));
        let range = usize::try_from(start).ok().zip(usize::try_from(start.saturating_add(size)).ok());
        let content = match range.map(|(start, end)| start..end).filter(|range| bytes.get(range.clone()).is_some()) {
            Some(range) => Content::Range(range),
            None => {
                oddities::SLICE_OUTSIDE.note_with(reading, |message| message.with("machine", &name));
                Content::Failed(oddities::SLICE_OUTSIDE.message().with("machine", &name))
            }
        };
        reading.children.push(Child { name: name.clone(), content, storage: Storage::Plain, at: Some(start) });
        names.push(name);
    }
    facts::ARCHITECTURES.list(reading, names, count as usize > SLICES_MAX);
    overlay(bytes, Some(end).filter(|end| *end > 0), reading);
}

/// Bytes behind the last part.
fn overlay(bytes: &[u8], end: Option<u64>, reading: &mut Reading) {
    let start = end.and_then(|end| usize::try_from(end).ok());
    let Some((start, rest)) =
        start.and_then(|start| Some((start, bytes.get(start..)?))).filter(|(_, rest)| !rest.is_empty())
    else {
        facts::OVERLAY_OFFSET.absent(reading);
        facts::OVERLAY_SIZE.absent(reading);
        return;
    };
    facts::OVERLAY_OFFSET.number(reading, start);
    facts::OVERLAY_SIZE.number(reading, rest.len());
    facts::OVERLAY_KIND.known(reading, identify(rest).kind.label());
    let content = Content::Range(start..bytes.len());
    let at = Some(start as u64);
    reading.children.push(Child { name: "overlay".into(), content, storage: Storage::Plain, at });
}
