//! Programs, libraries and objects of Unix (ELF, System V ABI with the additions of GNU): headers, sections, segments,
//! what they want and offer, and what their makers left in them.

mod dynamic;
pub mod facts;
mod file;
mod headers;
mod notes;
pub mod oddities;
mod overlay;
mod symbols;

#[cfg(test)]
mod tests;

use crate::Reading;
use dynamic::Dynamic;
use file::Elf;

/// Reads a program; bytes that are none give an empty reading.
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let Some(elf) = Elf::read(bytes, &mut reading) else { return reading };
    let dynamic = Dynamic::read(&elf);
    headers::read(&elf, &mut reading);
    dynamic::read(&elf, &dynamic, &mut reading);
    symbols::read(&elf, &dynamic, &mut reading);
    notes::read(&elf, &mut reading);
    overlay::read(&elf, &mut reading);
    reading
}
