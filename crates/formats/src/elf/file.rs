//! The headers of an ELF file, of 32 or 64 bits and of either byte order (System V ABI, chapters 4 and 5).

use super::oddities;
use crate::Reading;
use crate::bytes::{array, head, slice, u8_at};
use crate::exe::{spelled, until_zero};

/// Objects by compilers that put each function in a section of its own have tens of thousands.
const SECTIONS_MAX: usize = 1 << 16;
const SEGMENTS_MAX: usize = 4_096;
const NAME_BYTES_MAX: usize = 1_024;

/// A file with its headers.
pub struct Elf<'a> {
    pub bytes: &'a [u8],
    /// Addresses have 64 bits, numbers their highest byte first.
    pub wide: bool,
    pub big: bool,
    pub role: u16,
    pub machine: u16,
    pub entry: u64,
    pub flags: u32,
    pub sections_count: u64,
    pub segments_count: u64,
    pub headers_end: u64,
    pub segments: Vec<Segment>,
    pub sections: Vec<Section>,
}

#[derive(Debug, Clone)]
pub struct Segment {
    pub kind: u32,
    pub flags: u32,
    pub offset: u64,
    pub address: u64,
    pub file_size: u64,
    pub memory_size: u64,
}

#[derive(Debug, Clone)]
pub struct Section {
    pub name: String,
    pub kind: u32,
    pub flags: u64,
    pub address: u64,
    pub offset: u64,
    pub size: u64,
    pub link: u32,
}

pub const LOAD: u32 = 1;
pub const DYNAMIC: u32 = 2;
pub const INTERPRETER: u32 = 3;
pub const NOTE: u32 = 4;
pub const GNU_STACK: u32 = 0x6474_e551;
pub const GNU_RELRO: u32 = 0x6474_e552;

pub const SYMBOL_TABLE: u32 = 2;
pub const NOTES: u32 = 7;
/// A section that takes memory and nothing in the file.
pub const NO_BITS: u32 = 8;
pub const DYNAMIC_SYMBOLS: u32 = 11;

pub const EXECUTE: u32 = 1;
pub const WRITE: u32 = 2;
pub const READ: u32 = 4;

impl<'a> Elf<'a> {
    pub fn read(bytes: &'a [u8], reading: &mut Reading) -> Option<Self> {
        if !bytes.starts_with(b"\x7fELF") {
            return None;
        }
        let (class, order) = (u8_at(bytes, 4)?, u8_at(bytes, 5)?);
        if !matches!(class, 1 | 2) {
            oddities::CLASS_UNKNOWN.note_with(reading, |message| message.number("class", class));
        }
        if !matches!(order, 1 | 2) {
            oddities::ORDER_UNKNOWN.note_with(reading, |message| message.number("order", order));
        }
        let mut elf = Elf {
            bytes,
            wide: class == 2,
            big: order == 2,
            role: 0,
            machine: 0,
            entry: 0,
            flags: 0,
            sections_count: 0,
            segments_count: 0,
            headers_end: 0,
            segments: Vec::new(),
            sections: Vec::new(),
        };
        if elf.header(reading).is_none() {
            oddities::CUT_OFF.note_with(reading, |message| message.with("part", "header"));
        }
        Some(elf)
    }

    fn header(&mut self, reading: &mut Reading) -> Option<()> {
        self.role = self.u16(16)?;
        self.machine = self.u16(18)?;
        let step = if self.wide { 8 } else { 4 };
        self.entry = self.word(24)?;
        let (segments_at, sections_at) = (self.word(24 + step)?, self.word(24 + 2 * step)?);
        let rest = 24 + 3 * step;
        self.flags = self.u32(rest)?;
        let field = |number: usize| self.u16(rest + 4 + number * 2);
        let (header_bytes, segment_bytes, mut segments) = (field(0)?, field(1)?, u64::from(field(2)?));
        let (section_bytes, mut sections, mut names) = (field(3)?, u64::from(field(4)?), u64::from(field(5)?));
        // Counts that do not fit stand in the first section.
        if sections_at != 0
            && let Some(first) = self.section(usize::try_from(sections_at).ok()?)
        {
            sections = if sections == 0 { first.size } else { sections };
            names = if names == 0xffff { first.link.into() } else { names };
            let info = self.u32(usize::try_from(sections_at).ok()? + if self.wide { 44 } else { 28 });
            segments = if segments == 0xffff { info.unwrap_or(0).into() } else { segments };
        }
        self.segments_count = segments;
        self.sections_count = if sections_at == 0 { 0 } else { sections };
        let end = |at: u64, bytes: u16, count: u64| at.saturating_add(u64::from(bytes).saturating_mul(count));
        self.headers_end = u64::from(header_bytes).max(end(segments_at, segment_bytes, segments)).max(end(
            sections_at,
            section_bytes,
            self.sections_count,
        ));
        let table = Table { name: "segments", at: segments_at, bytes: segment_bytes, count: segments };
        self.segments = self.table(&table, if self.wide { 56 } else { 32 }, SEGMENTS_MAX, Self::segment, reading);
        let table = Table { name: "sections", at: sections_at, bytes: section_bytes, count: self.sections_count };
        self.sections = self.table(&table, if self.wide { 64 } else { 40 }, SECTIONS_MAX, Self::section, reading);
        self.name_sections(names, sections_at, usize::from(section_bytes));
        Some(())
    }

    fn table<T>(
        &self,
        table: &Table,
        usual: u16,
        count_max: usize,
        read: impl Fn(&Self, usize) -> Option<T>,
        reading: &mut Reading,
    ) -> Vec<T> {
        if table.count == 0 {
            return Vec::new();
        }
        if table.bytes != usual {
            let bytes = table.bytes;
            oddities::ENTRY_SIZE_ODD
                .note_with(reading, |message| message.with("table", table.name).number("bytes", bytes));
        }
        let count = usize::try_from(table.count).unwrap_or(usize::MAX);
        if count > count_max {
            oddities::TABLE_TOO_LONG.note_with(reading, |message| message.with("table", table.name));
        }
        let at = |number: usize| usize::try_from(table.at).ok()?.checked_add(number * usize::from(table.bytes));
        let entries = (0..count.min(count_max)).map_while(|number| read(self, at(number)?));
        let entries: Vec<T> = entries.collect();
        if entries.len() < count.min(count_max) {
            oddities::TABLE_OUTSIDE.note_with(reading, |message| message.with("table", table.name));
        }
        entries
    }

    fn segment(&self, at: usize) -> Option<Segment> {
        let flags = self.u32(at.checked_add(if self.wide { 4 } else { 24 })?)?;
        let word = |narrow, wide| self.word(at + if self.wide { wide } else { narrow });
        Some(Segment {
            kind: self.u32(at)?,
            flags,
            offset: word(4, 8)?,
            address: word(8, 16)?,
            file_size: word(16, 32)?,
            memory_size: word(20, 40)?,
        })
    }

    fn section(&self, at: usize) -> Option<Section> {
        let word = |narrow: usize, wide: usize| self.word(at.checked_add(if self.wide { wide } else { narrow })?);
        Some(Section {
            name: String::new(),
            kind: self.u32(at.checked_add(4)?)?,
            flags: word(8, 8)?,
            address: word(12, 16)?,
            offset: word(16, 24)?,
            size: word(20, 32)?,
            link: self.u32(at.checked_add(if self.wide { 40 } else { 24 })?)?,
        })
    }

    fn name_sections(&mut self, names: u64, at: u64, step: usize) {
        let strings = usize::try_from(names).ok().and_then(|names| self.sections.get(names));
        let strings = strings.map_or(&[][..], |strings| self.section_bytes(strings));
        let name = |number: usize| {
            let at = usize::try_from(at).ok()?.checked_add(number * step)?;
            let start = self.u32(at)? as usize;
            strings.get(start..).map(|rest| spelled(until_zero(rest, NAME_BYTES_MAX)))
        };
        let named: Vec<_> = (0..self.sections.len()).map(name).collect();
        for (section, name) in self.sections.iter_mut().zip(named) {
            section.name = name.unwrap_or_default();
        }
    }

    pub fn u16(&self, at: usize) -> Option<u16> {
        self.u16_in(self.bytes, at)
    }

    pub fn u32(&self, at: usize) -> Option<u32> {
        self.u32_in(self.bytes, at)
    }

    /// A number as wide as an address.
    pub fn word(&self, at: usize) -> Option<u64> {
        self.word_in(self.bytes, at)
    }

    pub fn u16_in(&self, bytes: &[u8], at: usize) -> Option<u16> {
        array(bytes, at).map(if self.big { u16::from_be_bytes } else { u16::from_le_bytes })
    }

    pub fn u32_in(&self, bytes: &[u8], at: usize) -> Option<u32> {
        array(bytes, at).map(if self.big { u32::from_be_bytes } else { u32::from_le_bytes })
    }

    pub fn word_in(&self, bytes: &[u8], at: usize) -> Option<u64> {
        match self.wide {
            true => array(bytes, at).map(if self.big { u64::from_be_bytes } else { u64::from_le_bytes }),
            false => self.u32_in(bytes, at).map(u64::from),
        }
    }

    pub fn word_bytes(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// Bytes at an offset, as far as the file has them.
    pub fn piece(&self, offset: u64, size: u64) -> &'a [u8] {
        let rest = usize::try_from(offset).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default();
        head(rest, usize::try_from(size).unwrap_or(usize::MAX))
    }

    pub fn section_bytes(&self, section: &Section) -> &'a [u8] {
        if section.kind == NO_BITS { &[] } else { self.piece(section.offset, section.size) }
    }

    pub fn segment_bytes(&self, segment: &Segment) -> &'a [u8] {
        self.piece(segment.offset, segment.file_size)
    }

    /// The first section with that name.
    pub fn section_named(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    pub fn segments_of(&self, kind: u32) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(move |segment| segment.kind == kind)
    }

    /// What the file has from an address on, to the end of the segment that is loaded there.
    pub fn at_address(&self, address: u64) -> &'a [u8] {
        let holds = |segment: &&Segment| segment.address <= address && address - segment.address < segment.file_size;
        let Some(segment) = self.segments_of(LOAD).find(holds) else { return &[] };
        let inside = usize::try_from(address - segment.address).unwrap_or(usize::MAX);
        self.segment_bytes(segment).get(inside..).unwrap_or_default()
    }

    /// Whether so many bytes are there.
    pub fn has(&self, offset: u64, size: u64) -> bool {
        let (at, count) = (usize::try_from(offset), usize::try_from(size));
        at.ok().zip(count.ok()).is_some_and(|(at, count)| slice(self.bytes, at, count).is_some())
    }
}

struct Table {
    name: &'static str,
    at: u64,
    bytes: u16,
    count: u64,
}
