//! A program as Windows lays it out in memory, and where in the file each address is (PE format, Microsoft Learn).

use super::{facts, oddities};
use crate::bytes::{slice, u16_le, u32_le, u64_le};
use crate::exe::{spelled, until_zero};
use crate::{Limit, Reading};
use std::borrow::Cow;

/// Windows before Vista loads 96 sections, later ones every number; files with more than this are made to be in the way.
const SECTIONS_MAX: usize = 2_048;
pub const DIRECTORIES_MAX: usize = 16;
const SECTION_BYTES: usize = 40;
const PAGE_BYTES: u32 = 0x1000;

/// Bytes of a file with the headers that say where things are.
pub struct Image<'a> {
    pub bytes: &'a [u8],
    /// Where `PE` and two zeros stand, and where the optional header begins.
    pub nt: usize,
    pub optional: usize,
    pub optional_size: usize,
    /// Addresses have 64 bits.
    pub wide: bool,
    pub base: u64,
    pub sections: Vec<Section>,
    pub directories: Vec<Directory>,
}

/// A piece of the program.
#[derive(Debug, Clone)]
pub struct Section {
    pub raw_name: [u8; 8],
    pub name: String,
    pub virtual_size: u32,
    pub address: u32,
    pub raw_size: u32,
    pub offset: u32,
    pub flags: u32,
    /// Where it begins in memory and in the file, as Windows rounds it, and how far it reaches.
    start: u32,
    pub start_in_file: u32,
    size: u32,
}

/// A table that the header points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directory {
    pub address: u32,
    pub size: u32,
}

pub const EXPORT: usize = 0;
pub const IMPORT: usize = 1;
pub const RESOURCE: usize = 2;
pub const SECURITY: usize = 4;
pub const RELOCATION: usize = 5;
pub const DEBUG: usize = 6;
pub const TLS: usize = 9;
pub const LOAD_CONFIG: usize = 10;
pub const BOUND_IMPORT: usize = 11;
pub const DELAY_IMPORT: usize = 13;
pub const DOTNET: usize = 14;

pub const DIRECTORY_NAMES: [&str; DIRECTORIES_MAX] = [
    "export",
    "import",
    "resource",
    "exception",
    "security",
    "relocation",
    "debug",
    "architecture",
    "global-pointer",
    "tls",
    "load-config",
    "bound-import",
    "import-addresses",
    "delay-import",
    "dotnet",
    "reserved",
];

pub const CODE: u32 = 0x20;
pub const EXECUTE: u32 = 0x2000_0000;
pub const READ: u32 = 0x4000_0000;
pub const WRITE: u32 = 0x8000_0000;

impl<'a> Image<'a> {
    /// Reads what says where things are; `None` for bytes that are no program of Windows.
    pub fn read(bytes: &'a [u8], reading: &mut Reading) -> Option<Self> {
        let nt = u32_le(bytes, 0x3c)? as usize;
        if !bytes.starts_with(b"MZ") || slice(bytes, nt, 4) != Some(b"PE\0\0") {
            return None;
        }
        if nt < 0x40 {
            oddities::HEADERS_OVERLAP.note_at(reading, nt);
        }
        let optional = nt + 24;
        let optional_size = usize::from(u16_le(bytes, nt + 20).unwrap_or(0));
        let wide = u16_le(bytes, optional) == Some(0x20b);
        let base = if wide { u64_le(bytes, optional + 24) } else { u32_le(bytes, optional + 28).map(u64::from) };
        let mut image = Image {
            bytes,
            nt,
            optional,
            optional_size,
            wide,
            base: base.unwrap_or(0),
            sections: Vec::new(),
            directories: Vec::new(),
        };
        image.read_directories(reading);
        image.read_sections(reading);
        Some(image)
    }

    fn read_directories(&mut self, reading: &mut Reading) {
        let at = self.optional + if self.wide { 108 } else { 92 };
        let count = u32_le(self.bytes, at).unwrap_or(0);
        if count as usize > DIRECTORIES_MAX {
            oddities::DIRECTORIES_TOO_MANY.note_with(reading, |message| message.number("count", count));
        }
        for number in 0..DIRECTORIES_MAX.min(count as usize) {
            let at = at + 4 + number * 8;
            let (Some(address), Some(size)) = (u32_le(self.bytes, at), u32_le(self.bytes, at + 4)) else {
                oddities::CUT_OFF.note_with(reading, |message| message.with("part", "directories"));
                return;
            };
            self.directories.push(Directory { address, size });
        }
    }

    fn read_sections(&mut self, reading: &mut Reading) {
        let count = usize::from(u16_le(self.bytes, self.nt + 6).unwrap_or(0));
        let table = self.optional + self.optional_size;
        let alignment = u32_le(self.bytes, self.optional + 32).unwrap_or(PAGE_BYTES);
        facts::SECTIONS_COUNT.number(reading, count);
        if count == 0 {
            oddities::NO_SECTIONS.note(reading);
        }
        if count > SECTIONS_MAX {
            oddities::SECTIONS_TOO_MANY.note_with(reading, |message| message.number("count", count as i64));
            facts::SECTIONS_COUNT.limited(reading, Limit::Entries);
        }
        for number in 0..count.min(SECTIONS_MAX) {
            let Some(header) = slice(self.bytes, table + number * SECTION_BYTES, SECTION_BYTES) else {
                oddities::CUT_OFF.note_with(reading, |message| message.with("part", "sections"));
                break;
            };
            self.sections.extend(section(header, alignment));
        }
        self.bound_sections();
    }

    /// How far each section reaches in memory: as far as it says, and not over the next one.
    fn bound_sections(&mut self) {
        let mut starts: Vec<u32> = self.sections.iter().map(|section| section.address).collect();
        starts.sort_unstable();
        let file = self.bytes.len() as u64;
        for section in &mut self.sections {
            let fits = u64::from(section.start_in_file) + u64::from(section.raw_size) <= file;
            let size = if fits { section.raw_size.max(section.virtual_size) } else { section.virtual_size };
            let next = starts.get(starts.partition_point(|start| *start <= section.address));
            let room = next.map_or(u32::MAX, |next| next.saturating_sub(section.start));
            section.size = size.min(room);
        }
    }

    /// A table, if the header points to one.
    pub fn directory(&self, number: usize) -> Option<Directory> {
        self.directories.get(number).copied().filter(|directory| directory.address != 0)
    }

    /// The section that an address lies in.
    pub fn section_at(&self, address: u32) -> Option<&Section> {
        self.sections.iter().find(|section| address >= section.start && address - section.start < section.size)
    }

    /// Where in the file an address is, and where its section ends there. What lies in no section is taken from the
    /// place of the same number, which is right for the headers.
    fn place(&self, address: u32) -> Option<(usize, usize)> {
        let Some(section) = self.section_at(address) else {
            return Some((address as usize, self.bytes.len()));
        };
        let start = section.start_in_file as usize;
        let end = (section.offset as usize).checked_add(section.raw_size as usize)?.min(self.bytes.len());
        Some((start.checked_add((address - section.start) as usize)?, end))
    }

    /// Where in the file an address is.
    pub fn offset(&self, address: u32) -> Option<usize> {
        self.place(address).filter(|(at, end)| at < end).map(|(at, _)| at)
    }

    /// What the file has from an address on, to the end of its section; nothing where it has nothing.
    pub fn from(&self, address: u32) -> &'a [u8] {
        self.place(address).and_then(|(at, end)| self.bytes.get(at..end)).unwrap_or_default()
    }

    /// So many bytes at an address.
    pub fn at(&self, address: u32, count: usize) -> Option<&'a [u8]> {
        slice(self.from(address), 0, count)
    }

    pub fn u32(&self, address: u32) -> Option<u32> {
        u32_le(self.from(address), 0)
    }

    /// A number as wide as an address.
    pub fn pointer(&self, address: u32) -> Option<u64> {
        let bytes = self.from(address);
        if self.wide { u64_le(bytes, 0) } else { u32_le(bytes, 0).map(u64::from) }
    }

    pub fn pointer_bytes(&self) -> u32 {
        if self.wide { 8 } else { 4 }
    }

    /// The bytes of a text at an address, up to its zero.
    pub fn text_bytes(&self, address: u32, bytes_max: usize) -> &'a [u8] {
        until_zero(self.from(address), bytes_max)
    }

    pub fn text(&self, address: u32, bytes_max: usize) -> Option<String> {
        let bytes = self.from(address);
        (!bytes.is_empty()).then(|| spelled(until_zero(bytes, bytes_max)))
    }

    /// An address in memory, relative to the base.
    pub fn relative(&self, absolute: u64) -> Option<u32> {
        absolute.checked_sub(self.base).and_then(|relative| u32::try_from(relative).ok())
    }

    /// Names with a slash point into the strings behind the symbols (COFF).
    pub fn long_name<'s>(&self, section: &'s Section) -> Cow<'s, str> {
        let long = || {
            let number: usize = section.name.strip_prefix('/')?.parse().ok()?;
            let (symbols, count) = (u32_le(self.bytes, self.nt + 12)?, u32_le(self.bytes, self.nt + 16)?);
            let strings = (symbols as usize).checked_add((count as usize).checked_mul(18)?)?;
            let text = crate::exe::text_at(self.bytes, strings.checked_add(number)?, 256)?;
            (symbols != 0 && !text.is_empty()).then_some(text)
        };
        long().map_or(Cow::Borrowed(section.name.as_str()), Cow::Owned)
    }
}

fn section(header: &[u8], alignment: u32) -> Option<Section> {
    let raw_name: [u8; 8] = header.first_chunk().copied()?;
    let (address, offset) = (u32_le(header, 12)?, u32_le(header, 20)?);
    // A program that is aligned to less than a page is mapped as the file is.
    let flat = alignment < PAGE_BYTES && offset == address;
    Some(Section {
        raw_name,
        name: spelled(until_zero(&raw_name, 8)),
        virtual_size: u32_le(header, 8)?,
        address,
        raw_size: u32_le(header, 16)?,
        offset,
        flags: u32_le(header, 36)?,
        start: if alignment < PAGE_BYTES { address } else { address & !(PAGE_BYTES - 1) },
        start_in_file: if flat { address } else { offset & !0x1ff },
        size: 0,
    })
}

impl Section {
    /// What it has in the file.
    pub fn bytes<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        let start = file.len().min(self.offset as usize);
        &file[start..file.len().min(start.saturating_add(self.raw_size as usize))]
    }

    pub fn end_in_file(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.raw_size)
    }

    pub fn end(&self) -> u64 {
        u64::from(self.address) + u64::from(self.virtual_size.max(1))
    }

    pub fn may(&self, flags: u32) -> bool {
        self.flags & flags == flags
    }
}
