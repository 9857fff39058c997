//! Sets of properties (MS-ONESTORE, section 2.6): references to other objects, then values by the numbers that MS-ONE gives
//! them.

use super::Pages;
use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::limits::Limit;
use crate::names::{decode, until_zero, utf16};

/// Sets in sets.
const DEPTH_MAX: usize = 16;

const FILE_CONTAINER: u32 = 0x2000_1d9b;
const PICTURE_CONTAINER: u32 = 0x2000_1c3f;
const FILE_NAME: u32 = 0x1c00_1d9c;
const PICTURE_NAME: u32 = 0x1c00_1dd7;
const FILE_SOURCE: u32 = 0x1c00_1d9d;
const TEXT: u32 = 0x1c00_1c22;
const TEXT_OF_BYTES: u32 = 0x1c00_3498;
const PICTURE_TEXT: u32 = 0x1c00_1e58;
const TITLES: [u32; 2] = [0x1c00_1cf3, 0x1c00_1d3c];
const AUTHOR: u32 = 0x1c00_1d75;
const LINKS: [u32; 2] = [0x1c00_1e20, 0x1c00_1e13];

/// What an object with a file says of it.
#[derive(Default)]
pub struct Named {
    /// Which of the objects that it refers to holds the file.
    pub container: Option<usize>,
    pub name: String,
}

/// The objects that a set refers to, by their numbers in the file, and where its values begin.
pub fn references(set: &[u8]) -> Option<(Vec<u32>, usize)> {
    let (mut at, mut objects) = (0, Vec::new());
    let mut streams = 1;
    for stream in 0..3 {
        if stream >= streams {
            break;
        }
        let head = u32_le(set, at)?;
        let numbers = slice(set, at + 4, (head & 0xff_ffff) as usize * 4)?;
        at += 4 + numbers.len();
        if stream == 0 {
            objects = numbers.chunks_exact(4).filter_map(|number| u32_le(number, 0)).collect();
            // The last bit says that no spaces are referred to, the one before it that there are contexts as well.
            let (no_spaces, contexts) = (head >> 31 == 1, head >> 30 & 1 == 1);
            streams = if no_spaces { 1 } else { 2 + usize::from(contexts) };
        }
    }
    Some((objects, at))
}

/// Reads the values of a set, and keeps what they say of pages.
pub fn read(values: &[u8], pages: &mut Pages, budget: &mut Budget) -> Result<Named, Limit> {
    let mut walk = Walk { values, at: 0, objects: 0, named: Named::default() };
    walk.set(0, pages, budget)?;
    Ok(walk.named)
}

struct Walk<'a> {
    values: &'a [u8],
    at: usize,
    /// Objects that were referred to so far.
    objects: usize,
    named: Named,
}

impl<'a> Walk<'a> {
    /// One set; none when it is cut off.
    fn set(&mut self, depth: usize, pages: &mut Pages, budget: &mut Budget) -> Result<Option<()>, Limit> {
        if depth > DEPTH_MAX {
            return Err(Limit::Depth);
        }
        let Some(count) = u16_le(self.values, self.at).map(usize::from) else { return Ok(None) };
        let Some(table) = slice(self.values, self.at + 2, count * 4) else { return Ok(None) };
        self.at += 2 + table.len();
        for id in table.chunks_exact(4).filter_map(|id| u32_le(id, 0)) {
            budget.step(1)?;
            if self.value(id, depth, pages, budget)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    fn value(&mut self, id: u32, depth: usize, pages: &mut Pages, budget: &mut Budget) -> Result<Option<()>, Limit> {
        // The highest bit is the value of a flag.
        let kind = id >> 26 & 0x1f;
        match kind {
            1 | 2 | 10 | 12 => {}
            3..=6 => self.at += 1 << (kind - 3),
            7 => {
                let Some(data) = self.counted() else { return Ok(None) };
                self.told(id & 0x7fff_ffff, data, pages);
            }
            8 => {
                if matches!(id & 0x7fff_ffff, FILE_CONTAINER | PICTURE_CONTAINER) {
                    self.named.container = Some(self.objects);
                }
                self.objects += 1;
            }
            9 | 11 | 13 => {
                let Some(count) = self.number() else { return Ok(None) };
                self.objects = self.objects.saturating_add(if kind == 9 { count } else { 0 });
            }
            16 => {
                let Some(count) = self.number() else { return Ok(None) };
                self.at += if count > 0 { 4 } else { 0 };
                for _ in 0..count {
                    if self.set(depth + 1, pages, budget)?.is_none() {
                        return Ok(None);
                    }
                }
            }
            17 => return self.set(depth + 1, pages, budget),
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn number(&mut self) -> Option<usize> {
        let number = u32_le(self.values, self.at)? as usize;
        self.at += 4;
        Some(number)
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let data = slice(self.values, self.at, length)?;
        self.at += length;
        Some(data)
    }

    fn told(&mut self, id: u32, data: &[u8], pages: &mut Pages) {
        let text = utf16(data);
        match id {
            FILE_NAME | PICTURE_NAME => {
                pages.files.push(text.as_str());
                self.named.name = text;
            }
            FILE_SOURCE => pages.files.push(text),
            TEXT | PICTURE_TEXT => pages.texts.push(text),
            TEXT_OF_BYTES => pages.texts.push(decode(until_zero(data))),
            AUTHOR => pages.authors.push(text),
            id if TITLES.contains(&id) => pages.titles.push(text),
            id if LINKS.contains(&id) => pages.links.push(text),
            _ => {}
        }
    }
}
