//! Symbols: what a program wants of libraries and offers to others, and the hash of these names.

use super::dynamic::Dynamic;
use super::facts;
use super::file::{DYNAMIC_SYMBOLS, Elf, SYMBOL_TABLE, Section};
use crate::Reading;
use crate::exe::{spelled, until_zero};
use crate::tlsh;

/// Symbols that are read; the largest libraries have some hundred thousand.
const SYMBOLS_MAX: usize = 1 << 19;
const TOLD_MAX: usize = 4_096;
const NAME_BYTES_MAX: usize = 2_048;
/// Names that go into the hash of names.
const HASHED_BYTES_MAX: usize = 16 << 20;
const BUCKETS_MAX: u32 = 1 << 20;

const HASH: u64 = 4;
const GNU_HASH: u64 = 0x6fff_fef5;
const FUNCTION: u8 = 2;
const GLOBAL: u8 = 1;

/// One symbol.
struct Symbol<'a> {
    name: &'a [u8],
    info: u8,
    other: u8,
    section: u16,
}

/// A table of symbols and the names in it.
struct Table<'a> {
    bytes: &'a [u8],
    strings: &'a [u8],
    count: usize,
}

/// Tells the symbols.
pub fn read(elf: &Elf, dynamic: &Dynamic, reading: &mut Reading) {
    let linking = elf.sections.iter().find(|section| section.kind == SYMBOL_TABLE).map(|section| table(elf, section));
    facts::SYMBOLS_COUNT.number(reading, linking.as_ref().map_or(0, |table| table.count));
    facts::STRIPPED.known(reading, linking.as_ref().is_none_or(|table| table.count == 0));
    let section = elf.sections.iter().find(|section| section.kind == DYNAMIC_SYMBOLS && section.size > 0);
    let loading = section.map(|section| table(elf, section)).or_else(|| by_hash(elf, dynamic));
    let Some(table) = loading else {
        facts::DYNAMIC_SYMBOLS_COUNT.number(reading, 0_u32);
        facts::IMPORTS.absent(reading);
        facts::EXPORTS.absent(reading);
        hash(elf, linking.as_ref(), reading);
        guards(elf, linking.as_ref(), reading);
        return;
    };
    facts::DYNAMIC_SYMBOLS_COUNT.number(reading, table.count);
    let named = |symbol: &Symbol| !symbol.name.is_empty() && symbol.info >> 4 != 0;
    let list = |wanted: bool, reading: &mut Reading| {
        let (list, count) =
            if wanted { (facts::IMPORTS, facts::IMPORTS_COUNT) } else { (facts::EXPORTS, facts::EXPORTS_COUNT) };
        let all = || table.symbols(elf).filter(named).filter(|symbol| (symbol.section == 0) == wanted);
        let number = all().count();
        count.number(reading, number);
        list.list(reading, all().take(TOLD_MAX).map(|symbol| spelled(symbol.name)).collect(), number > TOLD_MAX);
    };
    list(true, reading);
    list(false, reading);
    hash(elf, Some(&table), reading);
    guards(elf, Some(&table), reading);
}

fn table<'a>(elf: &Elf<'a>, section: &Section) -> Table<'a> {
    let bytes = elf.section_bytes(section);
    let strings = elf.sections.get(section.link as usize).map_or(&[][..], |strings| elf.section_bytes(strings));
    Table { bytes, strings, count: bytes.len() / symbol_bytes(elf) }
}

/// Without sections, the tables for looking up names tell how many there are.
fn by_hash<'a>(elf: &Elf<'a>, dynamic: &Dynamic<'a>) -> Option<Table<'a>> {
    let old = || elf.u32_in(elf.at_address(dynamic.value(HASH)?), 4);
    let count = dynamic.value(GNU_HASH).and_then(|at| gnu_count(elf, elf.at_address(at))).or_else(old)?;
    let count = (count as usize).min(dynamic.symbols.len() / symbol_bytes(elf));
    Some(Table { bytes: dynamic.symbols, strings: dynamic.strings, count })
}

/// The highest number that a chain begins with, and on to the mark of that chain's end.
fn gnu_count(elf: &Elf, table: &[u8]) -> Option<u32> {
    let number = |at: usize| elf.u32_in(table, at);
    let (buckets, first, filter) = (number(0)?, number(4)?, number(8)?);
    let at = (filter as usize).checked_mul(elf.word_bytes())?.checked_add(16)?;
    let last = (0..buckets.min(BUCKETS_MAX) as usize).map_while(|bucket| number(at + bucket * 4)).max()?;
    if last < first {
        return Some(first);
    }
    let chains = at.checked_add((buckets as usize).checked_mul(4)?)?;
    let mut symbol = last;
    while number(chains + (symbol - first) as usize * 4)? & 1 == 0 {
        symbol = symbol.checked_add(1)?;
    }
    symbol.checked_add(1)
}

fn symbol_bytes(elf: &Elf) -> usize {
    if elf.wide { 24 } else { 16 }
}

impl<'a> Table<'a> {
    fn symbols(&self, elf: &Elf) -> impl Iterator<Item = Symbol<'a>> {
        let (wide, strings) = (elf.wide, self.strings);
        let entries = self.bytes.chunks_exact(symbol_bytes(elf)).take(self.count.min(SYMBOLS_MAX));
        entries.filter_map(move |entry| {
            let (info, other, section) = if wide { (4, 5, 6) } else { (12, 13, 14) };
            let name = strings.get(elf.u32_in(entry, 0)? as usize..).unwrap_or_default();
            Some(Symbol {
                name: until_zero(name, NAME_BYTES_MAX),
                info: entry[info],
                other: entry[other],
                section: elf.u16_in(entry, section)?,
            })
        })
    }
}

/// Names that compilers choose and not programmers (Trend Micro, "telfhash").
fn is_left_out(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 7] = [b"main", b"abort", b"cachectl", b"cacheflush", b"puts", b"atol", b"malloc_trim"];
    name.starts_with(b"_")
        || name.starts_with(b".")
        || name.ends_with(b"64")
        || name.starts_with(b"str")
        || name.starts_with(b"mem")
        || NAMES.contains(&name)
}

fn hash(elf: &Elf, table: Option<&Table>, reading: &mut Reading) {
    let Some(table) = table else {
        facts::TELFHASH.absent(reading);
        return;
    };
    let is_wanted = |symbol: &Symbol| {
        symbol.info == GLOBAL << 4 | FUNCTION
            && symbol.other & 7 == 0
            && !symbol.name.is_empty()
            && !is_left_out(symbol.name)
    };
    let mut left = HASHED_BYTES_MAX;
    let mut names = Vec::new();
    for symbol in table.symbols(elf).filter(is_wanted) {
        let Some(rest) = left.checked_sub(symbol.name.len()) else { break };
        left = rest;
        names.push(symbol.name.to_ascii_lowercase());
    }
    names.sort_unstable();
    let hash = tlsh::hash(&names.join(&b',')).map(|hash| hash.to_ascii_lowercase());
    facts::TELFHASH.maybe(reading, hash);
}

/// What compilers add when they are told to guard: a function that is called on an overrun, and others with sizes.
fn guards(elf: &Elf, table: Option<&Table>, reading: &mut Reading) {
    let (mut canary, mut fortified) = (false, false);
    for symbol in table.iter().flat_map(|table| table.symbols(elf)) {
        canary |= matches!(symbol.name, b"__stack_chk_fail" | b"__stack_chk_guard" | b"__intel_security_cookie");
        fortified |= symbol.name.starts_with(b"__") && symbol.name.ends_with(b"_chk") && symbol.name.len() > 6;
    }
    facts::CANARY.known(reading, canary);
    facts::FORTIFIED.known(reading, fortified);
}
