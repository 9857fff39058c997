//! Smaller tables of a program: relocations, callbacks of threads, entries for debuggers, the load configuration.

use super::image::{DEBUG, Directory, Image, LOAD_CONFIG, RELOCATION, TLS};
use super::{facts, oddities};
use crate::bytes::{array, slice, u32_le, u64_le};
use crate::exe::{list, spelled, until_zero};
use crate::{Reading, Value};

/// Callbacks that are looked for, and those that are told.
const CALLBACKS_MAX: usize = 1_024;
const CALLBACKS_TOLD_MAX: usize = 32;
const DEBUG_ENTRIES_MAX: usize = 64;
const PATH_BYTES_MAX: usize = 4_096;

const GUARD_FLAGS: &[(u32, &str)] = &[
    (0x0000_0100, "cf"),
    (0x0000_0200, "cf-write"),
    (0x0000_0400, "cf-table"),
    (0x0000_0800, "cookie-unused"),
    (0x0000_1000, "protect-delay-load"),
    (0x0000_2000, "delay-load-own-section"),
    (0x0000_4000, "export-suppression-table"),
    (0x0000_8000, "export-suppression"),
    (0x0001_0000, "long-jump-table"),
    (0x0002_0000, "return-flow"),
    (0x0004_0000, "return-flow-on"),
    (0x0008_0000, "return-flow-strict"),
    (0x0010_0000, "retpoline"),
    (0x0040_0000, "exception-continuations"),
    (0x0080_0000, "xfg"),
    (0x0100_0000, "cast-guard"),
    (0x0200_0000, "memcpy-guard"),
];

/// Tells all of them.
pub fn read(image: &Image, reading: &mut Reading) {
    relocations(image, reading);
    callbacks(image, reading);
    debug(image, reading);
    load_config(image, reading);
}

fn missing(table: &'static str, reading: &mut Reading) {
    oddities::TABLE_OUTSIDE.note_with(reading, |message| message.with("table", table));
}

/// Blocks for a page each, with two bytes a place; a place of type zero fills up.
fn relocations(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(RELOCATION) else {
        facts::RELOCATIONS_COUNT.absent(reading);
        return;
    };
    let bytes = image.from(directory.address);
    let mut rest = crate::bytes::head(bytes, directory.size as usize);
    if rest.len() < directory.size as usize {
        oddities::TABLE_BROKEN.note_with(reading, |message| message.with("table", "relocation"));
    }
    let mut count = 0_u64;
    while let Some(size) = u32_le(rest, 4).map(|size| size as usize).filter(|size| *size >= 8) {
        let Some(block) = rest.get(8..size.min(rest.len())) else { break };
        count += block.chunks_exact(2).filter(|place| place[1] & 0xf0 != 0).count() as u64;
        rest = rest.get(size..).unwrap_or_default();
    }
    facts::RELOCATIONS_COUNT.number(reading, count);
}

fn callbacks(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(TLS) else {
        facts::TLS_CALLBACKS_COUNT.absent(reading);
        return;
    };
    let step = image.pointer_bytes();
    let list_at = directory.address.checked_add(3 * step).and_then(|at| image.pointer(at));
    let Some(list_at) = list_at else {
        missing("tls", reading);
        return;
    };
    // Without a list the pointer to it is zero.
    let list = image.relative(list_at).filter(|_| list_at != 0).map_or(&[][..], |at| image.from(at));
    let number = |entry| if image.wide { u64_le(entry, 0) } else { u32_le(entry, 0).map(u64::from) };
    let entries = list.chunks_exact(step as usize).map_while(number).take_while(|entry| *entry != 0);
    let found: Vec<u64> = entries.take(CALLBACKS_MAX).collect();
    facts::TLS_CALLBACKS_COUNT.number(reading, found.len());
    let told = found.iter().take(CALLBACKS_TOLD_MAX).map(|entry| format!("{:#x}", entry.wrapping_sub(image.base)));
    facts::TLS_CALLBACKS.list(reading, told.collect(), found.len() > CALLBACKS_TOLD_MAX);
    if !found.is_empty() {
        oddities::TLS_CALLBACKS.note_with(reading, |message| message.number("count", found.len() as i64));
    }
}

fn debug(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(DEBUG) else {
        facts::DEBUG_TYPES.absent(reading);
        facts::TIMESTAMP_HASH.known(reading, false);
        facts::PDB_PATH.absent(reading);
        return;
    };
    let table = image.from(directory.address);
    let count = (directory.size as usize / 28).min(DEBUG_ENTRIES_MAX);
    if table.is_empty() {
        missing("debug", reading);
    }
    let (mut types, mut reproducible, mut path_told) = (Vec::new(), false, false);
    for entry in table.chunks_exact(28).take(count) {
        let field = |offset| u32_le(entry, offset).unwrap_or(0);
        let (kind, size, at) = (field(12), field(16) as usize, field(24) as usize);
        let data = slice(image.bytes, at, size).unwrap_or_default();
        types.push(debug_type(kind));
        match kind {
            2 if !path_told => path_told = code_view(data, reading),
            16 => {
                reproducible = true;
                let hash = u32_le(data, 0).and_then(|length| slice(data, 4, length as usize));
                if let Some(hash) = hash.filter(|hash| !hash.is_empty()) {
                    facts::REPRODUCIBLE_HASH.known(reading, Value::Digest(hash.to_vec()));
                }
            }
            _ => {}
        }
    }
    facts::DEBUG_TYPES.known(reading, types);
    facts::TIMESTAMP_HASH.known(reading, reproducible);
    if !path_told {
        facts::PDB_PATH.absent(reading);
    }
}

/// Where the symbols are: `RSDS` with an identifier of 16 bytes, or the older `NB10` with a time.
fn code_view(data: &[u8], reading: &mut Reading) -> bool {
    let (id, age, path) = match data.first_chunk() {
        Some(b"RSDS") => (array(data, 4).map(guid), u32_le(data, 20), data.get(24..)),
        Some(b"NB10") => (u32_le(data, 8).map(|time| format!("{time:08x}")), u32_le(data, 12), data.get(16..)),
        _ => return false,
    };
    let (Some(id), Some(age), Some(path)) = (id, age, path) else { return false };
    facts::PDB_PATH.known(reading, spelled(until_zero(path, PATH_BYTES_MAX)));
    facts::PDB_GUID.known(reading, id);
    facts::PDB_AGE.known(reading, age);
    true
}

/// An identifier as Windows spells it: the first three numbers have their lowest byte first.
pub fn guid(bytes: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let hex = crate::exe::hex(&rest);
    let (four, twelve) = hex.split_at(4);
    format!("{d:02x}{c:02x}{b:02x}{a:02x}-{f:02x}{e:02x}-{h:02x}{g:02x}-{four}-{twelve}")
}

fn debug_type(kind: u32) -> String {
    let name = match kind {
        1 => "coff",
        2 => "codeview",
        3 => "fpo",
        4 => "misc",
        5 => "exception",
        6 => "fixup",
        7 => "omap-to-source",
        8 => "omap-from-source",
        9 => "borland",
        11 => "clsid",
        12 => "vc-feature",
        13 => "pogo",
        14 => "iltcg",
        15 => "mpx",
        16 => "reproducible",
        17 => "embedded-pdb",
        19 => "pdb-checksum",
        20 => "extended-dll-characteristics",
        _ => return kind.to_string(),
    };
    name.to_owned()
}

fn load_config(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(LOAD_CONFIG) else {
        for fact in [facts::LOAD_CONFIG_SIZE, facts::GUARD_FLAGS, facts::SECURITY_COOKIE] {
            fact.absent(reading);
        }
        return;
    };
    let Some(config) = config(image, directory) else {
        missing("load-config", reading);
        return;
    };
    let pointer = |narrow, wide| {
        if image.wide { u64_le(config, wide) } else { u32_le(config, narrow).map(u64::from) }
    };
    facts::LOAD_CONFIG_SIZE.number(reading, config.len());
    facts::SECURITY_COOKIE.known(reading, pointer(60, 88).is_some_and(|cookie| cookie != 0));
    let handlers = pointer(68, 104).filter(|_| !image.wide);
    facts::SAFE_SEH.maybe(reading, handlers.map(Value::unsigned));
    facts::GUARD_FUNCTIONS.maybe(reading, pointer(84, 136).map(Value::unsigned));
    let flags = u32_le(config, if image.wide { 144 } else { 88 });
    // The upper four bits are the size of an entry of the table.
    facts::GUARD_FLAGS.maybe(reading, flags.map(|flags| list(flags & 0x0fff_ffff, GUARD_FLAGS)));
}

/// It begins with its size, which grew from version to version.
fn config<'a>(image: &Image<'a>, directory: Directory) -> Option<&'a [u8]> {
    let bytes = image.from(directory.address);
    let size = u32_le(bytes, 0)? as usize;
    Some(crate::bytes::head(bytes, size))
}
