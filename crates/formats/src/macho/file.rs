//! The header of a program and its load commands (`mach-o/loader.h`).

use super::oddities;
use crate::Reading;
use crate::bytes::{array, head};
use crate::exe::{spelled, until_zero};

/// Programs have twenty or thirty; what has more than this is made to be in the way.
const COMMANDS_MAX: usize = 4_096;
const SECTIONS_MAX: usize = 4_096;
const TEXT_BYTES_MAX: usize = 2_048;

pub const SEGMENT: u32 = 0x1;
pub const SEGMENT_64: u32 = 0x19;
pub const SYMBOLS: &[u32] = &[0x2];
/// Commands that say where data is and how long: signatures, fixups, exports, starts of functions and others.
const LINKED: &[u32] = &[0x1d, 0x1e, 0x26, 0x29, 0x2b, 0x2e, 0x8000_0033, 0x8000_0034];
pub const EXECUTE: u32 = 4;
pub const WRITE: u32 = 2;
pub const READ: u32 = 1;

/// A program with its commands.
pub struct File<'a> {
    pub bytes: &'a [u8],
    pub wide: bool,
    pub big: bool,
    pub machine: u32,
    pub role: u32,
    pub flags: u32,
    pub commands_count: u32,
    pub commands: Vec<Command<'a>>,
    pub segments: Vec<Segment>,
    pub sections: Vec<Section>,
}

/// A load command with its head, which has eight bytes.
pub struct Command<'a> {
    pub kind: u32,
    pub bytes: &'a [u8],
}

pub struct Segment {
    pub name: String,
    pub address: u64,
    pub offset: u64,
    pub size: u64,
    pub protection: u32,
}

pub struct Section {
    pub name: String,
    pub size: u64,
    pub offset: u32,
    /// It takes memory and nothing in the file.
    pub is_zeros: bool,
}

impl<'a> File<'a> {
    pub fn read(bytes: &'a [u8], reading: &mut Reading) -> Option<Self> {
        let (wide, big) = match bytes.first_chunk()? {
            [0xce, 0xfa, 0xed, 0xfe] => (false, false),
            [0xcf, 0xfa, 0xed, 0xfe] => (true, false),
            [0xfe, 0xed, 0xfa, 0xce] => (false, true),
            [0xfe, 0xed, 0xfa, 0xcf] => (true, true),
            _ => return None,
        };
        let mut file = File {
            bytes,
            wide,
            big,
            machine: 0,
            role: 0,
            flags: 0,
            commands_count: 0,
            commands: Vec::new(),
            segments: Vec::new(),
            sections: Vec::new(),
        };
        let field = |number: usize| file.u32(bytes, number * 4);
        let fields = (field(1), field(3), field(4), field(6));
        let (Some(machine), Some(role), Some(count), Some(flags)) = fields else {
            oddities::CUT_OFF.note_with(reading, |message| message.with("part", "header"));
            return Some(file);
        };
        (file.machine, file.role, file.commands_count, file.flags) = (machine, role, count, flags);
        file.read_commands(reading);
        Some(file)
    }

    fn read_commands(&mut self, reading: &mut Reading) {
        let count = self.commands_count as usize;
        if count > COMMANDS_MAX {
            oddities::COMMANDS_TOO_MANY.note_with(reading, |message| message.number("count", count as i64));
        }
        let mut rest = self.bytes.get(if self.wide { 32 } else { 28 }..).unwrap_or_default();
        for number in 0..count.min(COMMANDS_MAX) {
            let (Some(kind), Some(size)) = (self.u32(rest, 0), self.u32(rest, 4)) else {
                oddities::CUT_OFF.note_with(reading, |message| message.with("part", "commands"));
                return;
            };
            let Some(bytes) = rest.get(..size as usize).filter(|bytes| bytes.len() >= 8) else {
                oddities::COMMANDS_BROKEN
                    .note_with(reading, |message| message.number("number", number as i64).number("bytes", size));
                return;
            };
            if matches!(kind, SEGMENT | SEGMENT_64) {
                self.read_segment(bytes, kind == SEGMENT_64);
            }
            self.commands.push(Command { kind, bytes });
            rest = &rest[bytes.len()..];
        }
    }

    fn read_segment(&mut self, command: &[u8], wide: bool) -> Option<()> {
        let word =
            |at: usize, bytes: &[u8]| if wide { self.u64(bytes, at) } else { self.u32(bytes, at).map(u64::from) };
        let places: [usize; 6] = if wide { [24, 40, 48, 60, 64, 72] } else { [24, 32, 36, 44, 48, 56] };
        let segment = Segment {
            name: name(command.get(8..)?),
            address: word(places[0], command)?,
            offset: word(places[1], command)?,
            size: word(places[2], command)?,
            protection: self.u32(command, places[3])?,
        };
        let count = self.u32(command, places[4])? as usize;
        let step = if wide { 80 } else { 68 };
        let room = SECTIONS_MAX - self.sections.len().min(SECTIONS_MAX);
        let sections = command.get(places[5]..).unwrap_or_default().chunks_exact(step).take(count.min(room));
        let section = |bytes: &[u8]| {
            let flags = self.u32(bytes, if wide { 64 } else { 56 })?;
            Some(Section {
                name: format!("{},{}", name(bytes.get(16..)?), name(bytes)),
                size: word(if wide { 40 } else { 36 }, bytes)?,
                offset: self.u32(bytes, if wide { 48 } else { 40 })?,
                is_zeros: matches!(flags & 0xff, 0x1 | 0xc | 0x12),
            })
        };
        let sections: Vec<_> = sections.filter_map(section).collect();
        self.sections.extend(sections);
        self.segments.push(segment);
        Some(())
    }

    pub fn u32(&self, bytes: &[u8], at: usize) -> Option<u32> {
        array(bytes, at).map(if self.big { u32::from_be_bytes } else { u32::from_le_bytes })
    }

    pub fn u64(&self, bytes: &[u8], at: usize) -> Option<u64> {
        array(bytes, at).map(if self.big { u64::from_be_bytes } else { u64::from_le_bytes })
    }

    /// The commands of a kind.
    pub fn commands_of(&self, wanted: &'static [u32]) -> impl Iterator<Item = &Command<'a>> {
        self.commands.iter().filter(move |command| wanted.contains(&command.kind))
    }

    /// The number at a place of the first command of a kind.
    pub fn field(&self, wanted: &'static [u32], at: usize) -> Option<u32> {
        self.commands_of(wanted).next().and_then(|command| self.u32(command.bytes, at))
    }

    /// The text whose offset in the command stands at a place of it.
    pub fn text(&self, command: &Command, at: usize) -> Option<String> {
        let start = self.u32(command.bytes, at)? as usize;
        command.bytes.get(start..).map(|text| spelled(until_zero(text, TEXT_BYTES_MAX)))
    }

    /// Where the last part ends. Objects have symbols behind their only segment.
    pub fn end(&self) -> Option<u64> {
        let place = |at: Option<u32>, size: Option<u64>| Some(u64::from(at?).saturating_add(size?));
        let field = |at| self.field(SYMBOLS, at);
        let symbol_bytes = if self.wide { 16 } else { 12 };
        let symbols = place(field(8), field(12).map(|count| u64::from(count) * symbol_bytes));
        let strings = place(field(16), field(20).map(u64::from));
        let linked = self
            .commands_of(LINKED)
            .filter_map(|command| place(self.u32(command.bytes, 8), self.u32(command.bytes, 12).map(u64::from)));
        let segments = self.segments.iter().map(|segment| segment.offset.saturating_add(segment.size));
        segments.chain(symbols).chain(strings).chain(linked).max()
    }

    /// Bytes at an offset, as far as the file has them.
    pub fn piece(&self, offset: u64, size: u64) -> &'a [u8] {
        let rest = usize::try_from(offset).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default();
        head(rest, usize::try_from(size).unwrap_or(usize::MAX))
    }
}

/// A name in sixteen bytes.
fn name(bytes: &[u8]) -> String {
    spelled(until_zero(bytes, 16))
}
