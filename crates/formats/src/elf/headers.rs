//! What the headers say of the file, its sections and its segments.

use super::file::{EXECUTE, Elf, LOAD, NO_BITS, READ, Section, Segment, WRITE};
use super::{facts, oddities};
use crate::bytes::u8_at;
use crate::exe::{Fact, entropy, hex};
use crate::{Limit, Reading, Value};
use md5::Digest as _;

const TOLD_MAX: usize = 4_096;
/// Parts can be laid over one another: so many times the size of the file is hashed, and then no more.
const HASHED_TIMES_MAX: usize = 3;
/// Whole segments of code with the tables of ciphers have 7.2 bits in a byte; what packers leave has 7.5 and more.
const PACKED_ENTROPY: f64 = 7.4;
const PACKED_BYTES_MIN: usize = 1024;
const NOTES_MAX: usize = 16;

/// Tells what the headers say.
pub fn read(elf: &Elf, reading: &mut Reading) {
    facts::FORMAT.known(reading, if elf.wide { "elf64" } else { "elf32" });
    facts::BYTE_ORDER.known(reading, if elf.big { "big" } else { "little" });
    facts::ABI.maybe(reading, u8_at(elf.bytes, 7).map(abi));
    facts::ROLE.known(reading, role(elf.role));
    facts::MACHINE.known(reading, machine(elf.machine, elf.wide));
    facts::FLAGS.known(reading, elf.flags);
    entry(elf, reading);
    segments(elf, reading);
    sections(elf, reading);
}

fn entry(elf: &Elf, reading: &mut Reading) {
    facts::ENTRY.number(reading, elf.entry);
    if elf.entry == 0 {
        facts::ENTRY_SECTION.absent(reading);
        return;
    }
    let inside = |section: &&Section| {
        section.flags & 2 != 0 && section.address <= elf.entry && elf.entry - section.address < section.size
    };
    let name = elf.sections.iter().find(inside).map(|section| section.name.as_str());
    facts::ENTRY_SECTION.maybe(reading, name);
    let loaded = |segment: &&Segment| segment.address <= elf.entry && elf.entry - segment.address < segment.memory_size;
    match elf.segments_of(LOAD).find(loaded) {
        Some(segment) if segment.flags & EXECUTE == 0 => oddities::ENTRY_NOT_CODE.note(reading),
        None if !elf.segments.is_empty() => {
            let entry = format!("{:#x}", elf.entry);
            oddities::ENTRY_OUTSIDE.note_with(reading, |message| message.with("entry", entry));
        }
        _ => {}
    }
}

fn letters(flags: u32, named: [(u32, &str); 3]) -> String {
    named.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, letter)| *letter).collect()
}

fn segments(elf: &Elf, reading: &mut Reading) {
    facts::SEGMENTS_COUNT.number(reading, elf.segments_count);
    let more = elf.segments.len() > TOLD_MAX;
    let all = |fact: Fact, reading: &mut Reading, text: &dyn Fn(&Segment) -> String| {
        fact.list(reading, elf.segments.iter().take(TOLD_MAX).map(text).collect(), more);
    };
    all(facts::SEGMENTS, reading, &|segment| segment_kind(segment.kind));
    all(facts::SEGMENTS_FLAGS, reading, &|segment| letters(segment.flags, [(READ, "r"), (WRITE, "w"), (EXECUTE, "x")]));
    all(facts::SEGMENTS_ADDRESSES, reading, &|segment| format!("{:#x}", segment.address));
    all(facts::SEGMENTS_OFFSETS, reading, &|segment| format!("{:#x}", segment.offset));
    all(facts::SEGMENTS_SIZES, reading, &|segment| segment.file_size.to_string());
    let mut left = elf.bytes.len().saturating_mul(HASHED_TIMES_MAX);
    let (mut entropies, mut notes) = (Vec::new(), 0);
    for (number, segment) in elf.segments.iter().enumerate() {
        let bytes = elf.segment_bytes(segment);
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        let bits = entropy(bytes);
        entropies.push(format!("{bits:.4}"));
        if segment.kind != LOAD || notes == NOTES_MAX {
            continue;
        }
        let before = reading.oddities.len();
        let name = number as i64;
        if segment.flags & (WRITE | EXECUTE) == WRITE | EXECUTE {
            oddities::SEGMENT_WRITABLE_CODE.note_with(reading, |message| message.number("segment", name));
        }
        if bits > PACKED_ENTROPY && bytes.len() >= PACKED_BYTES_MIN && segment.flags & EXECUTE != 0 {
            let bits = format!("{bits:.2}");
            oddities::SEGMENT_PACKED
                .note_with(reading, |message| message.number("segment", name).with("entropy", bits));
        }
        if !elf.has(segment.offset, segment.file_size) {
            oddities::SEGMENT_BEYOND_FILE.note_with(reading, |message| message.number("segment", name));
        }
        notes += usize::from(reading.oddities.len() > before);
    }
    let more = entropies.len() < elf.segments.len();
    facts::SEGMENTS_ENTROPIES.known(reading, entropies);
    if more {
        facts::SEGMENTS_ENTROPIES.limited(reading, Limit::FileBytes);
    }
}

fn sections(elf: &Elf, reading: &mut Reading) {
    facts::SECTIONS_COUNT.number(reading, elf.sections_count);
    // Objects have no segments, and programs can do without sections.
    if elf.sections.is_empty() && !elf.segments.is_empty() {
        oddities::NO_SECTIONS.note(reading);
    }
    let more = elf.sections.len() > TOLD_MAX;
    let told = || elf.sections.iter().take(TOLD_MAX);
    let all = |fact: Fact, reading: &mut Reading, text: &dyn Fn(&Section) -> String| {
        fact.list(reading, told().map(text).collect(), more);
    };
    all(facts::SECTIONS, reading, &|section| section.name.clone());
    all(facts::SECTIONS_TYPES, reading, &|section| section_kind(section.kind));
    all(facts::SECTIONS_FLAGS, reading, &|section| letters(section.flags as u32, [(2, "a"), (1, "w"), (4, "x")]));
    all(facts::SECTIONS_ADDRESSES, reading, &|section| format!("{:#x}", section.address));
    all(facts::SECTIONS_OFFSETS, reading, &|section| format!("{:#x}", section.offset));
    all(facts::SECTIONS_SIZES, reading, &|section| section.size.to_string());
    let mut left = elf.bytes.len().saturating_mul(HASHED_TIMES_MAX);
    let (mut entropies, mut md5s, mut sha256s) = (Vec::new(), Vec::new(), Vec::new());
    for section in told() {
        let bytes = elf.section_bytes(section);
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        entropies.push(format!("{:.4}", entropy(bytes)));
        md5s.push(hex(&md5::Md5::digest(bytes)));
        sha256s.push(hex(&sha2::Sha256::digest(bytes)));
    }
    let cut = entropies.len() < elf.sections.len();
    for (fact, texts) in
        [(facts::SECTIONS_ENTROPIES, entropies), (facts::SECTIONS_MD5, md5s), (facts::SECTIONS_SHA256, sha256s)]
    {
        fact.known(reading, Value::Texts(texts));
        if cut {
            fact.limited(reading, if more { Limit::Entries } else { Limit::FileBytes });
        }
    }
    let beyond = |section: &&Section| !matches!(section.kind, NO_BITS | 0) && !elf.has(section.offset, section.size);
    for section in elf.sections.iter().filter(beyond).take(NOTES_MAX) {
        oddities::SECTION_BEYOND_FILE.note_with(reading, |message| message.with("section", &section.name));
    }
}

fn abi(number: u8) -> String {
    let name = match number {
        0 => "system-v",
        1 => "hp-ux",
        2 => "netbsd",
        3 => "linux",
        6 => "solaris",
        7 => "aix",
        8 => "irix",
        9 => "freebsd",
        10 => "tru64",
        12 => "openbsd",
        64 => "arm-eabi",
        97 => "arm",
        255 => "standalone",
        _ => return number.to_string(),
    };
    name.to_owned()
}

fn role(number: u16) -> String {
    let name = match number {
        1 => "object",
        2 => "exe",
        3 => "shared",
        4 => "core",
        _ => return number.to_string(),
    };
    name.to_owned()
}

fn machine(number: u16, wide: bool) -> String {
    let name = match number {
        2 => "sparc",
        3 => "i386",
        4 => "m68k",
        8 | 10 => "mips",
        15 => "parisc",
        18 => "sparc32plus",
        20 => "powerpc",
        21 => "powerpc64",
        22 => "s390",
        40 => "arm",
        42 => "sh",
        43 => "sparcv9",
        50 => "ia64",
        62 => "amd64",
        83 => "avr",
        94 => "xtensa",
        183 => "arm64",
        190 => "cuda",
        224 => "amdgpu",
        243 => return if wide { "riscv64" } else { "riscv32" }.to_owned(),
        247 => "bpf",
        252 => "csky",
        258 => return if wide { "loongarch64" } else { "loongarch32" }.to_owned(),
        _ => return number.to_string(),
    };
    name.to_owned()
}

fn segment_kind(number: u32) -> String {
    let name = match number {
        0 => "null",
        1 => "load",
        2 => "dynamic",
        3 => "interpreter",
        4 => "note",
        5 => "shlib",
        6 => "headers",
        7 => "tls",
        0x6474_e550 => "gnu-eh-frame",
        0x6474_e551 => "gnu-stack",
        0x6474_e552 => "gnu-relro",
        0x6474_e553 => "gnu-property",
        _ => return format!("{number:#x}"),
    };
    name.to_owned()
}

fn section_kind(number: u32) -> String {
    let name = match number {
        0 => "null",
        1 => "program",
        2 => "symbols",
        3 => "strings",
        4 => "relocations-addend",
        5 => "hash",
        6 => "dynamic",
        7 => "notes",
        8 => "no-bits",
        9 => "relocations",
        10 => "shlib",
        11 => "dynamic-symbols",
        14 => "init-array",
        15 => "fini-array",
        16 => "preinit-array",
        17 => "group",
        18 => "section-indexes",
        19 => "relocations-relative",
        0x6fff_fff5 => "gnu-attributes",
        0x6fff_fff6 => "gnu-hash",
        0x6fff_fffd => "gnu-version-definitions",
        0x6fff_fffe => "gnu-version-needs",
        0x6fff_ffff => "gnu-versions",
        _ => return format!("{number:#x}"),
    };
    name.to_owned()
}
