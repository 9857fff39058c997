//! Workbooks of Excel 97 to 2003 (MS-XLS, BIFF8): sheets and their states, names that run by themselves, and the formulas of
//! sheets of macros, which run as programs do.

pub mod formula;
mod functions;

mod pass;
#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::bytes::{slice, u8_at, u16_le, u32_le};
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::names::{shown, utf16};
use crate::ole::compound::{Compound, Stream};
use crate::reading::Reading;
use crate::unpack::encrypted;
use crate::vector::{State, vectors};
use model::Message;

pub use functions::calls_in;
use functions::is_call;

vectors! { "xls":
    "sheets" texts "Sheets, each with its type and, where it is not visible, its state.";
    "hidden_sheets" integer "Sheets that the menus of the program show again.";
    "very_hidden_sheets" integer "Sheets that no menu shows.";
    "macro_sheets" texts "Sheets of macros.";
    "auto_names" texts "Names that run a sheet of macros when the workbook opens, closes or is turned to.";
    "names" texts "Defined names; hidden ones with a sign of exclamation in front.";
    "formulas" texts "Formulas in sheets of macros, each with its place.";
    "calls" texts "Functions of sheets of macros that run something, load code, reach out, or write formulas.";
    "links" texts "Other workbooks and servers that cells refer to.";
    "encryption" text "How it is encrypted: `xor`, `rc4`, `rc4-cryptoapi`.";
}

/// Records of one workbook, names and formulas.
const RECORDS_MAX: usize = 2_000_000;
const TEXTS_MAX: usize = 1000;
const BOF: u16 = 0x809;
const FORMULA: u16 = 0x06;
const FILE_PASS: u16 = 0x2f;
/// The type of a sheet of macros at its beginning.
const MACROS: u16 = 0x40;

/// What is gathered over a workbook.
struct Book {
    sheets: Vec<(u32, String)>,
    listed: Gathered,
    macro_sheets: Gathered,
    auto_names: Gathered,
    names: Gathered,
    formulas: Gathered,
    calls: Gathered,
    links: Gathered,
    hidden: u32,
    very_hidden: u32,
    /// Names in their order, as formulas refer to them.
    defined: Vec<String>,
    encryption: Option<&'static str>,
    /// A password opened it, and records are plain.
    is_open: bool,
}

/// Reads the workbook of a compound file.
pub fn of_compound(compound: &Compound, passwords: &[String], budget: &mut Budget, reading: &mut Reading) {
    let Some(entry) = ["Workbook", "Book", "WORKBOOK", "BOOK"].iter().find_map(|name| compound.find(name)) else {
        return;
    };
    let stream = match compound.stream(entry, budget) {
        Stream::Limited(limit) => return reading.state(NAMESPACE, "sheets", State::Limited(limit), None),
        stream => stream.bytes(),
    };
    let (stream, is_open) = match pass::opened(stream, passwords, budget, reading) {
        Ok(opened) => opened,
        Err(limit) => return reading.state(NAMESPACE, "sheets", State::Limited(limit), None),
    };
    let list = || Gathered::new(TEXTS_MAX);
    let mut book = Book {
        sheets: Vec::new(),
        listed: list(),
        macro_sheets: list(),
        auto_names: list(),
        names: list(),
        formulas: list(),
        calls: list(),
        links: list(),
        hidden: 0,
        very_hidden: 0,
        defined: Vec::new(),
        encryption: None,
        is_open,
    };
    let ended = book.records(&stream, budget);
    book.state(reading);
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "sheets", State::Limited(limit), None);
    }
}

impl Book {
    fn records(&mut self, stream: &[u8], budget: &mut Budget) -> Result<(), Limit> {
        budget.pass(stream.len())?;
        let (mut at, mut sheet, mut kind, mut count) = (0, String::new(), 0, 0);
        while let (Some(number), Some(length)) = (u16_le(stream, at), u16_le(stream, at + 2)) {
            let Some(data) = slice(stream, at + 4, length.into()) else { break };
            count += 1;
            if count > RECORDS_MAX {
                return Err(Limit::Entries);
            }
            if count % 16 == 0 {
                budget.step(1)?;
            }
            match number {
                BOF => {
                    kind = u16_le(data, 2).unwrap_or(0);
                    let known = self.sheets.iter().find(|(offset, _)| *offset as usize == at);
                    sheet = known.map(|(_, name)| name.clone()).unwrap_or_default();
                    // A sheet of macros that the list takes for another one.
                    if kind == MACROS {
                        self.macro_sheets.push(if sheet.is_empty() { "?" } else { sheet.as_str() });
                    }
                }
                // Everything behind it but a few fields is encrypted.
                FILE_PASS => {
                    self.encryption = Some(encryption(data));
                    if !self.is_open {
                        return Ok(());
                    }
                }
                FORMULA if kind == MACROS => {
                    // One that is cut off says nothing, as do those below.
                    let work = self.formula(data, &sheet).unwrap_or(0);
                    budget.pass(work)?;
                }
                _ => {
                    let _ = self.globals(number, data);
                }
            }
            at += 4 + data.len();
        }
        Ok(())
    }

    fn globals(&mut self, number: u16, data: &[u8]) -> Option<()> {
        match number {
            0x18 => self.name(data),
            0x85 => self.sheet(data),
            0x1ae => self.link(data),
            _ => None,
        }
    }

    fn sheet(&mut self, data: &[u8]) -> Option<()> {
        let (state, kind) = (u8_at(data, 4)? & 3, u8_at(data, 5)?);
        let name = short_text(data, 6)?.0;
        let kind = match kind {
            0 => "sheet",
            1 => "macros",
            2 => "chart",
            6 => "module",
            _ => "other",
        };
        let state = match state {
            0 => "",
            1 => ":hidden",
            _ => ":very-hidden",
        };
        self.hidden += u32::from(state == ":hidden");
        self.very_hidden += u32::from(state == ":very-hidden");
        self.listed.push(format!("{name}:{kind}{state}"));
        if kind == "macros" {
            self.macro_sheets.push(name.as_str());
        }
        self.sheets.push((u32_le(data, 0)?, name));
        Some(())
    }

    fn name(&mut self, data: &[u8]) -> Option<()> {
        let (flags, length) = (u16_le(data, 0)?, usize::from(u8_at(data, 3)?));
        let wide = u8_at(data, 14)? & 1 != 0;
        let name = letters(data, 15, length, wide)?.0;
        let built_in = match name.chars().next().filter(|_| flags & 0x20 != 0).map(u32::from) {
            None => None,
            Some(1) => Some("Auto_Open"),
            Some(2) => Some("Auto_Close"),
            Some(10) => Some("Auto_Activate"),
            Some(11) => Some("Auto_Deactivate"),
            Some(_) => Some(""),
        };
        let spelled = built_in.filter(|name| !name.is_empty()).map_or(name, str::to_owned);
        let lower = spelled.to_ascii_lowercase();
        // What stands behind `auto_open` in a name does not keep it from running.
        if ["auto_open", "auto_close", "auto_activate", "auto_deactivate"].iter().any(|auto| lower.starts_with(auto)) {
            self.auto_names.push(spelled.as_str());
        }
        self.defined.push(spelled.clone());
        if built_in != Some("") {
            self.names.push(if flags & 1 != 0 { format!("!{spelled}") } else { spelled });
        }
        Some(())
    }

    fn link(&mut self, data: &[u8]) -> Option<()> {
        // These two stand for the workbook itself and for functions of add-ins.
        let marker = u16_le(data, 2)?;
        if matches!(marker, 0x0401 | 0x3a01) && data.len() == 4 {
            return None;
        }
        let wide = u8_at(data, 4)? & 1 != 0;
        let path = letters(data, 5, marker.into(), wide)?.0;
        let plain: String = path.chars().map(|letter| if letter.is_control() { '|' } else { letter }).collect();
        self.links.push(plain.trim_matches('|'));
        Some(())
    }

    /// Spells a formula, and gives how much work that was.
    fn formula(&mut self, data: &[u8], sheet: &str) -> Option<usize> {
        let (row, column) = (u32::from(u16_le(data, 0)?) + 1, u32::from(u16_le(data, 2)? & 0xff) + 1);
        let tokens = slice(data, 22, u16_le(data, 20)?.into()).unwrap_or(data.get(22..)?);
        let formula = formula::spell(tokens, &self.defined);
        for call in formula.functions.into_iter().filter(|name| is_call(name)) {
            self.calls.push(call);
        }
        self.formulas.push(format!("{sheet}!R{row}C{column} ={}", formula.text));
        Some(formula.work)
    }

    fn state(self, reading: &mut Reading) {
        let hidden_macros: Vec<String> = self.macro_sheets.iter().take(5).map(shown).collect();
        if !hidden_macros.is_empty() {
            reading.odd(Message::new("xls.macro-sheets").list("sheets", hidden_macros));
        }
        if self.very_hidden > 0 {
            reading.odd(Message::new("xls.very-hidden-sheets").number("sheets", self.very_hidden));
        }
        if let Some(encryption) = self.encryption {
            reading.know(NAMESPACE, "encryption", encryption);
            if !self.is_open {
                reading.state(NAMESPACE, "sheets", State::Failed(encrypted()), None);
            }
        }
        reading.know(NAMESPACE, "hidden_sheets", self.hidden);
        reading.know(NAMESPACE, "very_hidden_sheets", self.very_hidden);
        for (list, name) in [
            (self.listed, "sheets"),
            (self.macro_sheets, "macro_sheets"),
            (self.auto_names, "auto_names"),
            (self.names, "names"),
            (self.formulas, "formulas"),
            (self.calls, "calls"),
            (self.links, "links"),
        ] {
            list.state(reading, NAMESPACE, name);
        }
    }
}

fn encryption(data: &[u8]) -> &'static str {
    match (u16_le(data, 0), u16_le(data, 2)) {
        (Some(1), Some(1)) => "rc4",
        (Some(1), _) => "rc4-cryptoapi",
        _ => "xor",
    }
}

/// A text with its length in one byte and a byte of flags, and what is behind it.
pub fn short_text(data: &[u8], at: usize) -> Option<(String, usize)> {
    let (length, flags) = (usize::from(u8_at(data, at)?), u8_at(data, at + 1)?);
    letters(data, at + 2, length, flags & 1 != 0)
}

fn letters(data: &[u8], at: usize, count: usize, wide: bool) -> Option<(String, usize)> {
    let bytes = slice(data, at, if wide { count * 2 } else { count })?;
    let text = if wide { utf16(bytes) } else { bytes.iter().map(|byte| char::from(*byte)).collect() };
    Some((text, at + bytes.len()))
}
