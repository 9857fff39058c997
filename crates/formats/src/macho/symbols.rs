//! Symbols: what a program wants of libraries and offers to others (`mach-o/nlist.h`).

use super::file::{File, SYMBOLS};
use super::{facts, oddities};
use crate::Reading;
use crate::exe::{Fact, spelled, until_zero};

const SYMBOLS_MAX: usize = 1 << 19;
const TOLD_MAX: usize = 4_096;
const NAME_BYTES_MAX: usize = 2_048;

const EXTERNAL: u8 = 0x01;
const DEBUG: u8 = 0xe0;
const KIND: u8 = 0x0e;

/// Tells the symbols.
pub fn read(file: &File, reading: &mut Reading) {
    let field = |at| file.field(SYMBOLS, at);
    let (Some(at), Some(count), Some(strings), Some(size)) = (field(8), field(12), field(16), field(20)) else {
        facts::SYMBOLS_COUNT.number(reading, 0_u32);
        facts::IMPORTS.absent(reading);
        facts::EXPORTS.absent(reading);
        return;
    };
    facts::SYMBOLS_COUNT.known(reading, count);
    let step = if file.wide { 16 } else { 12 };
    let table = file.piece(at.into(), u64::from(count) * step as u64);
    let strings = file.piece(strings.into(), size.into());
    if table.len() < count as usize * step || strings.len() < size as usize {
        oddities::TABLE_OUTSIDE.note_with(reading, |message| message.with("table", "symbols"));
    }
    let (mut imports, mut exports) = (Names::default(), Names::default());
    let mut canary = false;
    for entry in table.chunks_exact(step).take(SYMBOLS_MAX) {
        let (kind, Some(start)) = (entry[4], file.u32(entry, 0)) else { continue };
        if kind & DEBUG != 0 || kind & EXTERNAL == 0 {
            continue;
        }
        let name = strings.get(start as usize..).map_or(&[][..], |rest| until_zero(rest, NAME_BYTES_MAX));
        canary |= matches!(name, b"___stack_chk_fail" | b"___stack_chk_guard");
        let value = if file.wide { file.u64(entry, 8) } else { file.u32(entry, 8).map(u64::from) };
        // Undefined ones with a value are common blocks of C, which an object defines.
        let names = if kind & KIND == 0 && value == Some(0) { &mut imports } else { &mut exports };
        names.push(name);
    }
    imports.tell(facts::IMPORTS_COUNT, facts::IMPORTS, reading);
    exports.tell(facts::EXPORTS_COUNT, facts::EXPORTS, reading);
    facts::CANARY.known(reading, canary);
}

#[derive(Default)]
struct Names {
    count: usize,
    texts: Vec<String>,
}

impl Names {
    fn push(&mut self, name: &[u8]) {
        self.count += 1;
        if self.texts.len() < TOLD_MAX {
            self.texts.push(spelled(name));
        }
    }

    fn tell(self, count: Fact, list: Fact, reading: &mut Reading) {
        count.number(reading, self.count);
        list.list(reading, self.texts, self.count > TOLD_MAX);
    }
}
