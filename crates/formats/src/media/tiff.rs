//! TIFF 6.0 and its form for large files: directories that lead to one another, and the data that they lead to. What none of
//! them leads to is behind the end.

use super::Walked;
use crate::budget::Budget;
use crate::bytes::{array, has};
use crate::limits::Limit;
use std::collections::HashSet;

/// Directories of one file.
const DIRECTORIES_MAX: usize = 1000;
/// Numbers of one list of places.
const PLACES_MAX: u64 = 1 << 20;
/// Bytes of a value by its type; types that nobody has told of have none.
const WIDTHS: [u64; 19] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/// Lists of places, and the lists of lengths that belong to them: strips, tiles, what is free, a small picture.
const DATA: [(u64, u64); 4] = [(273, 279), (324, 325), (288, 289), (513, 514)];
/// Values that lead to further directories: smaller pictures, and what cameras tell.
const DIRECTORIES: [u64; 4] = [330, 34_665, 34_853, 40_965];

pub fn walk(bytes: &[u8], budget: &mut Budget) -> Result<Walked, Limit> {
    let mut file = File { bytes, big_endian: has(bytes, 0, b"MM"), large: false, end: 8 };
    file.large = file.number(2, 2) == Some(43);
    let (mut walked, mut seen) = (Walked::default(), HashSet::new());
    let mut open = Vec::from_iter(if file.large { file.number(8, 8) } else { file.number(4, 4) });
    while let Some(at) = open.pop() {
        if at == 0 || !seen.insert(at) {
            continue;
        }
        if seen.len() > DIRECTORIES_MAX {
            return Err(Limit::Entries);
        }
        let Some(next) = file.directory(at, budget, &mut walked, &mut open)? else {
            walked.end = None;
            return Ok(walked);
        };
        open.push(next);
    }
    walked.end = usize::try_from(file.end).ok();
    Ok(walked)
}

struct File<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    large: bool,
    /// The end of everything that was met.
    end: u64,
}

/// One entry of a directory: what it tells, and where its values stand.
struct Entry {
    tag: u64,
    width: u64,
    count: u64,
    at: u64,
}

impl File<'_> {
    fn number(&self, at: u64, width: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        macro_rules! read {
            ($type:ty) => {{
                let raw = array(self.bytes, at)?;
                u64::from(if self.big_endian { <$type>::from_be_bytes(raw) } else { <$type>::from_le_bytes(raw) })
            }};
        }
        Some(match width {
            1 => read!(u8),
            2 => read!(u16),
            4 => read!(u32),
            _ => read!(u64),
        })
    }

    fn met(&mut self, start: u64, length: u64) {
        self.end = self.end.max(start.saturating_add(length));
    }

    /// Reads a directory, and gives where the next one is; none when it is cut off.
    fn directory(
        &mut self,
        at: u64,
        budget: &mut Budget,
        walked: &mut Walked,
        open: &mut Vec<u64>,
    ) -> Result<Option<u64>, Limit> {
        let (head, entry_bytes, word) = if self.large { (8, 20, 8) } else { (2, 12, 4) };
        let Some(count) = self.number(at, head) else { return Ok(None) };
        let mut entries = Vec::new();
        let mut place = at.saturating_add(head);
        for _ in 0..count {
            budget.step(1)?;
            let Some(entry) = self.entry(place, word) else { return Ok(None) };
            self.met(entry.at, entry.width.saturating_mul(entry.count));
            walked.pieces += 1;
            entries.push(entry);
            place += entry_bytes;
        }
        self.met(place, word);
        let find = |tag: u64| entries.iter().find(|entry| entry.tag == tag);
        let side = |tag| find(tag).and_then(|entry| self.value(entry, 0)).and_then(|side| u32::try_from(side).ok());
        walked.size = walked.size.or(side(256).zip(side(257)));
        for (starts, lengths) in DATA {
            let Some((starts, lengths)) = find(starts).zip(find(lengths)) else { continue };
            if starts.count > PLACES_MAX {
                return Err(Limit::Entries);
            }
            for number in 0..starts.count {
                budget.step(1)?;
                let Some((start, length)) = self.value(starts, number).zip(self.value(lengths, number)) else { break };
                self.met(start, length);
            }
        }
        for entry in entries.iter().filter(|entry| DIRECTORIES.contains(&entry.tag)) {
            open.extend((0..entry.count.min(DIRECTORIES_MAX as u64)).filter_map(|number| self.value(entry, number)));
        }
        Ok(self.number(place, word))
    }

    fn entry(&self, at: u64, word: u64) -> Option<Entry> {
        let kind = usize::try_from(self.number(at + 2, 2)?).ok()?;
        let (width, count) = (WIDTHS.get(kind).copied().unwrap_or(0), self.number(at + 4, word)?);
        let value = at + 4 + word;
        // What fits in stands in the entry itself.
        let inside = width.saturating_mul(count) <= word;
        let at_value = if inside { value } else { self.number(value, word)? };
        Some(Entry { tag: self.number(at, 2)?, width, count, at: at_value })
    }

    fn value(&self, entry: &Entry, number: u64) -> Option<u64> {
        (entry.width > 0 && number < entry.count)
            .then(|| self.number(entry.at.checked_add(number.checked_mul(entry.width)?)?, entry.width))?
    }
}
