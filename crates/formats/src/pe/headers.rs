//! What the headers say of the program as a whole (PE format, Microsoft Learn).

use super::image::Image;
use super::{facts, oddities};
use crate::bytes::{contains, head, u8_at, u16_le, u32_le, u64_le};
use crate::exe::{Fact, list};
use crate::{Reading, Value};
use model::Message;

const DLL: u16 = 0x2000;
const SYSTEM: u16 = 0x1000;

const CHARACTERISTICS: &[(u32, &str)] = &[
    (0x0001, "relocations-stripped"),
    (0x0002, "executable"),
    (0x0004, "lines-stripped"),
    (0x0008, "symbols-stripped"),
    (0x0010, "trim-working-set"),
    (0x0020, "large-address-aware"),
    (0x0080, "bytes-reversed-low"),
    (0x0100, "32-bit"),
    (0x0200, "debug-stripped"),
    (0x0400, "run-from-swap-removable"),
    (0x0800, "run-from-swap-network"),
    (0x1000, "system"),
    (0x2000, "dll"),
    (0x4000, "one-processor"),
    (0x8000, "bytes-reversed-high"),
];

const DLL_CHARACTERISTICS: &[(u32, &str)] = &[
    (0x0020, "high-entropy-addresses"),
    (0x0040, "dynamic-base"),
    (0x0080, "force-integrity"),
    (0x0100, "nx-compatible"),
    (0x0200, "no-isolation"),
    (0x0400, "no-seh"),
    (0x0800, "no-bind"),
    (0x1000, "app-container"),
    (0x2000, "wdm-driver"),
    (0x4000, "guard-cf"),
    (0x8000, "terminal-server-aware"),
];

/// Tells what the headers say.
pub fn read(image: &Image, reading: &mut Reading) {
    file_header(image, reading);
    optional_header(image, reading);
    entry(image, reading);
    directories(image, reading);
    // The stub of DOS lies between its header and ours.
    let stub = image.bytes.get(0x40..image.nt).map_or(&[][..], |stub| head(stub, 1024));
    facts::DOS_MESSAGE.known(reading, contains(stub, b"his program ") && contains(stub, b" DOS"));
}

fn file_header(image: &Image, reading: &mut Reading) {
    let (bytes, nt) = (image.bytes, image.nt);
    let machine = u16_le(bytes, nt + 4);
    facts::MACHINE.maybe(reading, machine.map(machine_name));
    let timestamp = u32_le(bytes, nt + 8);
    let time = timestamp.map(|seconds| Value::Time(i64::from(seconds) * 1_000_000));
    match time {
        Some(time) => facts::TIMESTAMP.known_at(reading, time, nt + 8),
        None => oddities::CUT_OFF.note_with(reading, |message| message.with("part", "file header")),
    }
    if timestamp == Some(0) {
        oddities::TIMESTAMP_ZERO.note_at(reading, nt + 8);
    }
    facts::SYMBOLS_COUNT.maybe(reading, u32_le(bytes, nt + 16));
    let Some(flags) = u16_le(bytes, nt + 22) else { return };
    facts::CHARACTERISTICS.known(reading, list(flags.into(), CHARACTERISTICS));
    let subsystem = u16_le(bytes, image.optional + 68).unwrap_or(0);
    facts::ROLE.known(reading, role(flags, subsystem));
}

fn role(flags: u16, subsystem: u16) -> &'static str {
    match subsystem {
        10..=13 => "efi",
        1 if flags & (DLL | SYSTEM) != DLL => "driver",
        _ if flags & DLL != 0 => "dll",
        _ => "exe",
    }
}

fn optional_header(image: &Image, reading: &mut Reading) {
    let (bytes, at) = (image.bytes, image.optional);
    let Some(magic) = u16_le(bytes, at) else {
        let why = oddities::CUT_OFF.message().with("part", "optional header");
        facts::FORMAT.failed(reading, why);
        return;
    };
    match magic {
        0x10b => facts::FORMAT.known(reading, "pe32"),
        0x20b => facts::FORMAT.known(reading, "pe32+"),
        0x107 => facts::FORMAT.known(reading, "rom"),
        _ => {
            facts::FORMAT.known(reading, format!("{magic:#x}"));
            oddities::UNKNOWN_FORMAT.note_with(reading, |message| message.with("magic", format!("{magic:#x}")));
        }
    }
    if let (Some(major), Some(minor)) = (u8_at(bytes, at + 2), u8_at(bytes, at + 3)) {
        facts::LINKER_VERSION.known(reading, format!("{major}.{minor}"));
    }
    let base = if image.wide { u64_le(bytes, at + 24) } else { u32_le(bytes, at + 28).map(u64::from) };
    tell(facts::IMAGE_BASE, base.map(Value::unsigned), reading);
    let number = |offset| u32_le(bytes, at + offset).map(Value::from);
    tell(facts::SECTION_ALIGNMENT, number(32), reading);
    tell(facts::FILE_ALIGNMENT, number(36), reading);
    let version = |offset| {
        let (major, minor) = (u16_le(bytes, at + offset)?, u16_le(bytes, at + offset + 2)?);
        Some(Value::Text(format!("{major}.{minor}")))
    };
    tell(facts::OS_VERSION, version(40), reading);
    tell(facts::IMAGE_VERSION, version(44), reading);
    tell(facts::SUBSYSTEM_VERSION, version(48), reading);
    tell(facts::IMAGE_SIZE, number(56), reading);
    tell(facts::HEADERS_SIZE, number(60), reading);
    tell(facts::SUBSYSTEM, u16_le(bytes, at + 68).map(|number| Value::Text(subsystem_name(number))), reading);
    let flags = u16_le(bytes, at + 70).map(|flags| Value::Texts(list(flags.into(), DLL_CHARACTERISTICS)));
    tell(facts::DLL_CHARACTERISTICS, flags, reading);
}

/// A field that the file does not reach is told as failed: the format has it.
fn tell(fact: Fact, value: Option<Value>, reading: &mut Reading) {
    match value {
        Some(value) => fact.known(reading, value),
        None => fact.failed(reading, Message::new(oddities::CUT_OFF.code).with("part", "optional header")),
    }
}

fn entry(image: &Image, reading: &mut Reading) {
    let Some(entry) = u32_le(image.bytes, image.optional + 16) else { return };
    facts::ENTRY.known(reading, entry);
    // A library without an entry has a zero there.
    if entry == 0 {
        facts::ENTRY_SECTION.absent(reading);
        return;
    }
    let Some(section) = image.section_at(entry) else {
        facts::ENTRY_SECTION.absent(reading);
        oddities::ENTRY_OUTSIDE.note_with(reading, |message| message.with("entry", format!("{entry:#x}")));
        return;
    };
    facts::ENTRY_SECTION.known(reading, image.long_name(section).as_ref());
    if !section.may(super::image::EXECUTE) {
        oddities::ENTRY_NOT_CODE.note_with(reading, |message| message.with("section", &section.name));
    }
    let is_last = image.sections.iter().all(|other| other.address <= section.address);
    if is_last && image.sections.len() > 1 {
        oddities::ENTRY_LAST_SECTION.note_with(reading, |message| message.with("section", &section.name));
    }
}

fn directories(image: &Image, reading: &mut Reading) {
    let present = || {
        let named = image.directories.iter().zip(super::image::DIRECTORY_NAMES);
        named.filter(|(directory, _)| directory.address != 0 || directory.size != 0)
    };
    facts::DIRECTORIES.known(reading, present().map(|(_, name)| name.to_owned()).collect::<Vec<_>>());
    let addresses: Vec<_> = present().map(|(directory, _)| format!("{:#x}", directory.address)).collect();
    facts::DIRECTORIES_ADDRESSES.known(reading, addresses);
    let sizes: Vec<_> = present().map(|(directory, _)| directory.size.to_string()).collect();
    facts::DIRECTORIES_SIZES.known(reading, sizes);
}

fn machine_name(machine: u16) -> String {
    let name = match machine {
        0x014c => "i386",
        0x8664 => "amd64",
        0xaa64 => "arm64",
        0xa641 => "arm64ec",
        0xa64e => "arm64x",
        0x01c0 => "arm",
        0x01c2 => "thumb",
        0x01c4 => "armnt",
        0x0200 => "ia64",
        0x0ebc => "ebc",
        0x0162 | 0x0166 => "mips",
        0x01f0 | 0x01f1 => "powerpc",
        0x0184 => "alpha",
        0x5032 => "riscv32",
        0x5064 => "riscv64",
        0x6232 => "loongarch32",
        0x6264 => "loongarch64",
        0 => "any",
        _ => return format!("{machine:#06x}"),
    };
    name.to_owned()
}

fn subsystem_name(subsystem: u16) -> String {
    let name = match subsystem {
        0 => "unknown",
        1 => "native",
        2 => "gui",
        3 => "console",
        5 => "os2",
        7 => "posix",
        8 => "native-win9x",
        9 => "ce",
        10 => "efi-application",
        11 => "efi-boot-driver",
        12 => "efi-runtime-driver",
        13 => "efi-rom",
        14 => "xbox",
        16 => "boot-application",
        17 => "xbox-code-catalogue",
        _ => return subsystem.to_string(),
    };
    name.to_owned()
}
