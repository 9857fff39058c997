//! LZW (T. Welch, IEEE Computer 17, 1984), as `compress` and PDF write it. Their streams differ in how codes stand in bytes
//! and in when a code gets wider, which is their rule.

use std::io::{self, Read};

/// Bits of the first codes, and at most: `compress` writes no wider ones.
const WIDTH_MIN: u32 = 9;
const WIDTH_MAX: u32 = 16;
/// Codes of single letters; those with a meaning of their own stand behind them.
const LETTERS: u16 = 256;
const CLEAR: u16 = 256;
const END: u16 = 257;

/// How a kind of stream writes its codes.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The first bit of a code is the highest one of a byte.
    pub high_first: bool,
    /// Bits of the widest code.
    pub width_max: u32,
    /// A code forgets what was learned.
    pub clears: bool,
    /// A code ends the stream.
    pub ends: bool,
    /// A code gets wider one code before it would have to.
    pub early: bool,
    /// Codes of one width come in groups of eight, and what is left of a group is skipped when the width changes.
    pub grouped: bool,
}

impl Rule {
    /// A file of `compress`, of which the third byte of the header says the rest.
    pub fn compress(width_max: u32, clears: bool) -> Self {
        let width_max = width_max.clamp(WIDTH_MIN, WIDTH_MAX);
        Rule { high_first: false, width_max, clears, ends: false, early: false, grouped: true }
    }

    /// `LZWDecode` (ISO 32000-1, section 7.4.4).
    pub fn pdf(early: bool) -> Self {
        Rule { high_first: true, width_max: 12, clears: true, ends: true, early, grouped: false }
    }

    /// Codes that mean something before anything was learned.
    fn reserved(&self) -> u16 {
        LETTERS + u16::from(self.clears) + u16::from(self.ends)
    }
}

/// A stream of codes as the letters that they spell.
pub struct Lzw<'a> {
    input: &'a [u8],
    rule: Rule,
    /// The bit that is next, and where the codes of this width began.
    bit: usize,
    group: usize,
    width: u32,
    /// For each code its text without the last letter, as a code, and that letter.
    table: Vec<(u16, u8)>,
    previous: Option<u16>,
    /// Letters that are yet to be given, the next one last.
    pending: Vec<u8>,
}

impl<'a> Lzw<'a> {
    pub fn new(input: &'a [u8], rule: Rule) -> Self {
        let table = (0..rule.reserved()).map(|code| (0, code as u8)).collect();
        Lzw { input, rule, bit: 0, group: 0, width: WIDTH_MIN, table, previous: None, pending: Vec::new() }
    }

    fn code(&mut self) -> Option<u16> {
        if self.bit + self.width as usize > self.input.len() * 8 {
            return None;
        }
        let (at, from) = (self.bit / 8, self.bit % 8);
        let bytes: [u8; 4] = std::array::from_fn(|n| self.input.get(at + n).copied().unwrap_or(0));
        let code = if self.rule.high_first {
            u32::from_be_bytes(bytes) << from >> (32 - self.width)
        } else {
            u32::from_le_bytes(bytes) >> from & ((1 << self.width) - 1)
        };
        self.bit += self.width as usize;
        u16::try_from(code).ok()
    }

    /// Has the next code as wide as the table asks for.
    fn widen(&mut self) {
        let codes = self.table.len() + usize::from(self.rule.early);
        let width = (codes.ilog2() + 1).clamp(WIDTH_MIN, self.rule.width_max);
        if width != self.width {
            self.change(width);
        }
    }

    fn change(&mut self, width: u32) {
        if self.rule.grouped {
            let group = self.width as usize * 8;
            self.bit = self.group + (self.bit - self.group).div_ceil(group) * group;
            self.group = self.bit;
        }
        self.width = width;
    }

    /// Spells a code, last letter first, and returns its first letter.
    fn spell(&mut self, mut code: u16) -> Option<u8> {
        loop {
            let (rest, letter) = *self.table.get(usize::from(code))?;
            self.pending.push(letter);
            if code < LETTERS {
                return Some(letter);
            }
            code = rest;
        }
    }

    /// Reads one code; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        self.widen();
        let Some(code) = self.code() else { return Ok(false) };
        if self.rule.ends && code == END {
            return Ok(false);
        }
        if self.rule.clears && code == CLEAR {
            self.change(WIDTH_MIN);
            self.table.truncate(self.rule.reserved().into());
            self.previous = None;
            return Ok(true);
        }
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let first = if usize::from(code) < self.table.len() {
            self.spell(code).ok_or_else(broken)?
        } else {
            // The one code that is used before it is complete: the text before it and its own first letter again.
            let previous = self.previous.filter(|_| usize::from(code) == self.table.len()).ok_or_else(broken)?;
            self.pending.push(0);
            let first = self.spell(previous).ok_or_else(broken)?;
            self.pending[0] = first;
            first
        };
        if let Some(previous) = self.previous
            && self.table.len() < 1 << self.rule.width_max
        {
            self.table.push((previous, first));
        }
        self.previous = Some(code);
        Ok(true)
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        for place in buffer.iter_mut() {
            while self.pending.is_empty() {
                if !self.next()? {
                    return Ok(count);
                }
            }
            *place = self.pending.pop().unwrap_or(0);
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of single letters as a rule has them. The table of a reader grows with each of them, so that they get wider.
    struct Writer {
        rule: Rule,
        bits: Vec<bool>,
        group: usize,
        width: u32,
        /// Codes that a reader knows by now.
        known: usize,
        first: bool,
    }

    impl Writer {
        fn put(&mut self, code: u16) {
            let wanted = (self.known + usize::from(self.rule.early)).ilog2() + 1;
            self.change(wanted.clamp(9, self.rule.width_max), false);
            let (high, width) = (self.rule.high_first, self.width);
            self.bits.extend((0..width).map(|bit| code >> if high { width - 1 - bit } else { bit } & 1 == 1));
        }

        fn change(&mut self, width: u32, always: bool) {
            if self.rule.grouped && (always || width != self.width) {
                let behind = self.bits.len() - self.group;
                self.group += behind.next_multiple_of(self.width as usize * 8);
                self.bits.resize(self.group, false);
            }
            self.width = width;
        }

        fn letter(&mut self, letter: u8) {
            self.put(letter.into());
            self.known += usize::from(!self.first && self.known < 1 << self.rule.width_max);
            self.first = false;
        }

        fn clear(&mut self) {
            self.put(CLEAR);
            self.change(9, true);
            (self.known, self.first) = (self.rule.reserved().into(), true);
        }

        fn bytes(&self) -> Vec<u8> {
            let place = |at: usize| if self.rule.high_first { 7 - at } else { at };
            let byte =
                |bits: &[bool]| bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << place(at));
            self.bits.chunks(8).map(byte).collect()
        }
    }

    #[track_caller]
    fn check(rule: Rule, clear_each: Option<usize>) {
        let text: Vec<u8> = (0..70_000_u32).map(|number| (number.wrapping_mul(number) >> 7) as u8).collect();
        let known = rule.reserved().into();
        let mut writer = Writer { rule, bits: Vec::new(), group: 0, width: 9, known, first: true };
        for (at, letter) in text.iter().enumerate() {
            writer.letter(*letter);
            if clear_each.is_some_and(|each| at % each == each - 1) {
                writer.clear();
            }
        }
        let mut read = Vec::new();
        Lzw::new(&writer.bytes(), rule).read_to_end(&mut read).unwrap();
        // Zeros that fill the last byte may be a code more.
        assert!(read.starts_with(&text) && read.len() < text.len() + 2, "{rule:?}");
    }

    #[test]
    fn codes_of_every_rule_get_wider_and_narrow_again() {
        for early in [false, true] {
            check(Rule::pdf(early), Some(3900));
            check(Rule::pdf(early), Some(7));
        }
        for width_max in [9, 12, 16] {
            check(Rule::compress(width_max, false), None);
            check(Rule::compress(width_max, true), None);
            check(Rule::compress(width_max, true), Some(5000));
        }
    }

    #[test]
    fn a_code_that_is_not_known_yet_is_broken() {
        // `a`, then a code far beyond the table.
        let read = |bytes: &[u8]| Lzw::new(bytes, Rule::compress(16, true)).read_to_end(&mut Vec::new());
        assert!(read(&[0x61, 0xfe, 0x03]).is_err());
        assert_eq!(read(&[0x61]).unwrap(), 0);
    }
}
