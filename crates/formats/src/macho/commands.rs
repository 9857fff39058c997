//! What the header and the load commands say.

use super::file::{EXECUTE, File, READ, Segment, WRITE};
use super::{facts, oddities};
use crate::bytes::array;
use crate::exe::{Fact, entropy, hex, list};
use crate::{Limit, Reading, Value};
use md5::Digest as _;
use std::collections::BTreeSet;

const HASHED_TIMES_MAX: usize = 3;
/// Whole segments of code with the tables of ciphers have 7.2 bits in a byte; what packers leave has 7.5 and more.
const PACKED_ENTROPY: f64 = 7.4;
const PACKED_BYTES_MIN: usize = 1024;
const NOTES_MAX: usize = 16;

const LOAD_DYLIB: &[u32] = &[0xc, 0x8000_0018, 0x8000_001f, 0x20, 0x8000_0023];
const ID_DYLIB: &[u32] = &[0xd];
const LOADER: &[u32] = &[0xe];
const UUID: &[u32] = &[0x1b];
const RPATH: &[u32] = &[0x8000_001c];
const MAIN: &[u32] = &[0x8000_0028];
const SOURCE_VERSION: &[u32] = &[0x2a];
const ENCRYPTION: &[u32] = &[0x21, 0x2c];
const BUILD_VERSION: &[u32] = &[0x32];
const VERSION_MIN: &[u32] = &[0x24, 0x25, 0x2f, 0x30];

const FLAGS: &[(u32, &str)] = &[
    (0x1, "no-undefined"),
    (0x4, "dynamic-link"),
    (0x8, "bound-at-load"),
    (0x80, "two-level"),
    (0x100, "flat"),
    (0x2000, "subsections"),
    (0x8000, "weak-defines"),
    (0x1_0000, "binds-to-weak"),
    (0x2_0000, "stack-executable"),
    (0x10_0000, "no-reexports"),
    (0x20_0000, "pie"),
    (0x80_0000, "thread-locals"),
    (0x100_0000, "heap-not-executable"),
    (0x200_0000, "app-extension-safe"),
];

/// Tells what they say.
pub fn read(file: &File, reading: &mut Reading) {
    facts::FAT.known(reading, false);
    facts::FORMAT.known(reading, if file.wide { "macho64" } else { "macho32" });
    facts::BYTE_ORDER.known(reading, if file.big { "big" } else { "little" });
    facts::MACHINE.known(reading, machine(file.machine));
    facts::ROLE.known(reading, role(file.role));
    facts::FLAGS.known(reading, list(file.flags, FLAGS));
    facts::COMMANDS_COUNT.known(reading, file.commands_count);
    let names: BTreeSet<_> = file.commands.iter().map(|command| command_name(command.kind)).collect();
    facts::COMMANDS.known(reading, names.into_iter().collect::<Vec<_>>());
    segments(file, reading);
    sections(file, reading);
    libraries(file, reading);
    build(file, reading);
}

fn segments(file: &File, reading: &mut Reading) {
    let all = |fact: Fact, reading: &mut Reading, text: &dyn Fn(&Segment) -> String| {
        fact.known(reading, file.segments.iter().map(text).collect::<Vec<_>>());
    };
    all(facts::SEGMENTS, reading, &|segment| segment.name.clone());
    all(facts::SEGMENTS_FLAGS, reading, &|segment| {
        let named = [(READ, "r"), (WRITE, "w"), (EXECUTE, "x")];
        named.iter().filter(|(flag, _)| segment.protection & flag != 0).map(|(_, letter)| *letter).collect()
    });
    all(facts::SEGMENTS_ADDRESSES, reading, &|segment| format!("{:#x}", segment.address));
    all(facts::SEGMENTS_OFFSETS, reading, &|segment| format!("{:#x}", segment.offset));
    all(facts::SEGMENTS_SIZES, reading, &|segment| segment.size.to_string());
    let mut left = file.bytes.len().saturating_mul(HASHED_TIMES_MAX);
    let mut entropies = Vec::new();
    for segment in &file.segments {
        let bytes = file.piece(segment.offset, segment.size);
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        let bits = entropy(bytes);
        entropies.push(format!("{bits:.4}"));
        if entropies.len() <= NOTES_MAX {
            odd(segment, bytes, bits, reading);
        }
    }
    let more = entropies.len() < file.segments.len();
    facts::SEGMENTS_ENTROPIES.known(reading, entropies);
    if more {
        facts::SEGMENTS_ENTROPIES.limited(reading, Limit::FileBytes);
    }
}

fn odd(segment: &Segment, bytes: &[u8], bits: f64, reading: &mut Reading) {
    let runs = segment.protection & EXECUTE != 0;
    let name = &segment.name;
    if runs && segment.protection & WRITE != 0 {
        oddities::SEGMENT_WRITABLE_CODE.note_with(reading, |message| message.with("segment", name));
    }
    if runs && bits > PACKED_ENTROPY && bytes.len() >= PACKED_BYTES_MIN {
        let bits = format!("{bits:.2}");
        oddities::SEGMENT_PACKED.note_with(reading, |message| message.with("segment", name).with("entropy", bits));
    }
    if (bytes.len() as u64) < segment.size {
        oddities::SEGMENT_BEYOND_FILE.note_with(reading, |message| message.with("segment", name));
    }
}

fn sections(file: &File, reading: &mut Reading) {
    facts::SECTIONS.known(reading, file.sections.iter().map(|section| section.name.clone()).collect::<Vec<_>>());
    let sizes: Vec<_> = file.sections.iter().map(|section| section.size.to_string()).collect();
    facts::SECTIONS_SIZES.known(reading, sizes);
    let mut left = file.bytes.len().saturating_mul(HASHED_TIMES_MAX);
    let mut md5s = Vec::new();
    for section in &file.sections {
        let bytes = if section.is_zeros { &[][..] } else { file.piece(section.offset.into(), section.size) };
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        md5s.push(hex(&md5::Md5::digest(bytes)));
    }
    let more = md5s.len() < file.sections.len();
    facts::SECTIONS_MD5.known(reading, md5s);
    if more {
        facts::SECTIONS_MD5.limited(reading, Limit::FileBytes);
    }
}

fn libraries(file: &File, reading: &mut Reading) {
    let texts = |wanted| file.commands_of(wanted).filter_map(|command| file.text(command, 8)).collect::<Vec<_>>();
    facts::DYLIBS.known(reading, texts(LOAD_DYLIB));
    let versions = file.commands_of(LOAD_DYLIB).map(|command| file.u32(command.bytes, 16).map(version));
    facts::DYLIBS_VERSIONS.known(reading, versions.map(Option::unwrap_or_default).collect::<Vec<_>>());
    facts::ID.maybe(reading, texts(ID_DYLIB).pop());
    facts::RPATHS.known(reading, texts(RPATH));
    facts::LOADER.maybe(reading, texts(LOADER).pop());
}

fn build(file: &File, reading: &mut Reading) {
    let id = file.commands_of(UUID).next().and_then(|command| array(command.bytes, 8));
    facts::UUID.maybe(reading, id.map(uuid));
    let entry = file.commands_of(MAIN).next().and_then(|command| file.u64(command.bytes, 8));
    facts::ENTRY.maybe(reading, entry.map(Value::unsigned));
    let (platform, oldest, sdk) = match file.commands_of(VERSION_MIN).next() {
        Some(command) => (Some(old_platform(command.kind)), file.field(VERSION_MIN, 8), file.field(VERSION_MIN, 12)),
        None => {
            (file.field(BUILD_VERSION, 8).map(platform), file.field(BUILD_VERSION, 12), file.field(BUILD_VERSION, 16))
        }
    };
    facts::PLATFORM.maybe(reading, platform);
    facts::OS_VERSION.maybe(reading, oldest.map(version));
    facts::SDK_VERSION.maybe(reading, sdk.map(version));
    let source = file.commands_of(SOURCE_VERSION).next().and_then(|command| file.u64(command.bytes, 8));
    facts::SOURCE_VERSION.maybe(reading, source.map(source_version));
    facts::ENCRYPTED.known(reading, file.field(ENCRYPTION, 16).is_some_and(|kind| kind != 0));
}

/// A number of 16 bits and two of 8.
fn version(number: u32) -> String {
    format!("{}.{}.{}", number >> 16, number >> 8 & 0xff, number & 0xff)
}

/// A number of 24 bits and four of 10.
fn source_version(number: u64) -> String {
    let part = |shift: u32| (number >> shift & 0x3ff).to_string();
    [(number >> 40).to_string(), part(30), part(20), part(10), part(0)].join(".")
}

pub fn machine(number: u32) -> String {
    let name = match number {
        0x0000_0007 => "i386",
        0x0100_0007 => "amd64",
        0x0000_000c => "arm",
        0x0100_000c => "arm64",
        0x0200_000c => "arm64_32",
        0x0000_0012 => "powerpc",
        0x0100_0012 => "powerpc64",
        0x0000_0006 => "m68k",
        0x0000_000e => "sparc",
        _ => return format!("{number:#x}"),
    };
    name.to_owned()
}

fn role(number: u32) -> String {
    let name = match number {
        1 => "object",
        2 => "exe",
        3 => "fvmlib",
        4 => "core",
        5 => "preload",
        6 => "dylib",
        7 => "loader",
        8 => "bundle",
        9 => "dylib-stub",
        10 => "dsym",
        11 => "kext",
        12 => "fileset",
        _ => return number.to_string(),
    };
    name.to_owned()
}

fn old_platform(command: u32) -> String {
    let name = match command {
        0x24 => "macos",
        0x25 => "ios",
        0x2f => "tvos",
        _ => "watchos",
    };
    name.to_owned()
}

fn platform(number: u32) -> String {
    let name = match number {
        1 => "macos",
        2 => "ios",
        3 => "tvos",
        4 => "watchos",
        5 => "bridgeos",
        6 => "mac-catalyst",
        7 => "ios-simulator",
        8 => "tvos-simulator",
        9 => "watchos-simulator",
        10 => "driverkit",
        11 => "visionos",
        12 => "visionos-simulator",
        _ => return number.to_string(),
    };
    name.to_owned()
}

fn command_name(kind: u32) -> String {
    let name = match kind {
        0x1 => "segment",
        0x2 => "symtab",
        0x4 => "thread",
        0x5 => "unix-thread",
        0xb => "dysymtab",
        0xc => "load-dylib",
        0xd => "id-dylib",
        0xe => "load-dylinker",
        0xf => "id-dylinker",
        0x19 => "segment-64",
        0x1b => "uuid",
        0x1d => "code-signature",
        0x1e => "segment-split-info",
        0x20 => "lazy-load-dylib",
        0x21 => "encryption-info",
        0x22 => "dyld-info",
        0x24 => "version-min-macosx",
        0x25 => "version-min-iphoneos",
        0x26 => "function-starts",
        0x27 => "dyld-environment",
        0x29 => "data-in-code",
        0x2a => "source_version",
        0x2b => "dylib-code-sign-drs",
        0x2c => "encryption-info-64",
        0x2d => "linker-option",
        0x2e => "linker-optimization-hint",
        0x2f => "version-min-tvos",
        0x30 => "version-min-watchos",
        0x31 => "note",
        0x32 => "build-version",
        0x8000_0018 => "load-weak-dylib",
        0x8000_001c => "rpath",
        0x8000_001f => "reexport-dylib",
        0x8000_0022 => "dyld-info-only",
        0x8000_0023 => "load-upward-dylib",
        0x8000_0028 => "main",
        0x8000_0033 => "dyld-exports-trie",
        0x8000_0034 => "dyld-chained-fixups",
        0x8000_0035 => "fileset-entry",
        _ => return format!("{kind:#x}"),
    };
    name.to_owned()
}

/// An identifier, its bytes in the order in which they stand.
fn uuid(bytes: [u8; 16]) -> String {
    let digits = hex(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
