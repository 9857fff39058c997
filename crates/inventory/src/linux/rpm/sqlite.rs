//! Just enough of SQLite's file format (sqlite.org/fileformat2.html) to walk the rows of one table: pages, trees of tables,
//! records, overflow, and the write-ahead log.

use std::collections::HashMap;

/// Bytes of one row; the header of a kernel with all its files has some hundred thousand.
const ROW_BYTES_MAX: usize = 64 << 20;
/// Pages between the root of a tree and its leaves.
const DEPTH_MAX: usize = 24;
/// Columns of one row.
const COLUMNS_MAX: usize = 64;
/// Frames of a log that are followed.
const FRAMES_MAX: usize = 1 << 20;

const MAGIC: &[u8] = b"SQLite format 3\0";
const HEAD_BYTES: usize = 100;

/// What is wrong with a database, in the words of the format.
pub type Wrong = &'static str;

/// A database as it lies in memory.
pub struct Database<'a> {
    bytes: &'a [u8],
    page_bytes: usize,
    /// Bytes of a page that are used.
    usable: usize,
    /// Pages of which the log has a later state.
    later: HashMap<u32, &'a [u8]>,
}

impl<'a> Database<'a> {
    pub fn open(bytes: &'a [u8], log: Option<&'a [u8]>) -> Result<Database<'a>, Wrong> {
        let head = bytes.get(..HEAD_BYTES).filter(|head| head.starts_with(MAGIC)).ok_or("header")?;
        let page_bytes = match u16_at(head, 16) {
            Some(1) => 65_536,
            Some(size) if size >= 512 && size.is_power_of_two() => usize::from(size),
            _ => return Err("page size"),
        };
        let reserved = head.get(20).copied().map_or(0, usize::from);
        let usable = page_bytes.checked_sub(reserved).filter(|usable| *usable >= 480).ok_or("reserved space")?;
        let later = log.map(|log| log_pages(log, page_bytes)).unwrap_or_default();
        Ok(Database { bytes, page_bytes, usable, later })
    }

    /// Hands over the columns of each row of a table, until it is told that this is enough.
    pub fn rows(&self, table: &str, take: &mut dyn FnMut(&[&[u8]]) -> bool) -> Result<(), Wrong> {
        let mut root = None;
        self.walk(1, &mut |row| {
            let [kind, name, _, page, ..] = row else { return true };
            if *kind == b"table" && *name == table.as_bytes() {
                root = Some(page.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)));
            }
            root.is_none()
        })?;
        self.walk(root.ok_or("no table of packages")?, take)
    }

    fn walk(&self, root: u32, take: &mut dyn FnMut(&[&[u8]]) -> bool) -> Result<(), Wrong> {
        // Every page belongs to one tree once: who comes by more often goes round in circles.
        let pages = self.bytes.len() / self.page_bytes + self.later.len() + 1;
        Walk { database: self, visits_left: pages, take }.page(root, DEPTH_MAX).map(|_| ())
    }

    fn page(&self, number: u32) -> Result<&'a [u8], Wrong> {
        if let Some(page) = self.later.get(&number) {
            return Ok(page);
        }
        let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let from = at.and_then(|at| at.checked_mul(self.page_bytes)).ok_or("page number")?;
        self.bytes.get(from..).and_then(|rest| rest.get(..self.page_bytes)).ok_or("page that is not there")
    }
}

struct Walk<'w, 'a> {
    database: &'w Database<'a>,
    visits_left: usize,
    take: &'w mut dyn FnMut(&[&[u8]]) -> bool,
}

impl<'a> Walk<'_, 'a> {
    /// False when this is enough.
    fn page(&mut self, number: u32, depth_left: usize) -> Result<bool, Wrong> {
        let depth_left = depth_left.checked_sub(1).ok_or("tree without end")?;
        let page = self.visit(number)?;
        let head = page.get(if number == 1 { HEAD_BYTES } else { 0 }..).ok_or("page header")?;
        let kind = *head.first().ok_or("page header")?;
        let cells = usize::from(u16_at(head, 3).ok_or("page header")?);
        const LEAF: u8 = 13;
        const INTERIOR: u8 = 5;
        let pointers = match kind {
            LEAF => head.get(8..),
            INTERIOR => head.get(12..),
            _ => return Err("page of another kind"),
        };
        let pointers = pointers.and_then(|pointers| pointers.get(..cells * 2)).ok_or("cell pointers")?;
        for pointer in pointers.chunks_exact(2) {
            let at = usize::from(u16_at(pointer, 0).ok_or("cell pointers")?);
            let cell = page.get(at..).ok_or("cell")?;
            let goes_on =
                if kind == LEAF { self.row(cell)? } else { self.page(u32_at(cell, 0).ok_or("cell")?, depth_left)? };
            if !goes_on {
                return Ok(false);
            }
        }
        if kind == LEAF { Ok(true) } else { self.page(u32_at(head, 8).ok_or("page header")?, depth_left) }
    }

    fn visit(&mut self, number: u32) -> Result<&'a [u8], Wrong> {
        self.visits_left = self.visits_left.checked_sub(1).ok_or("pages in a circle")?;
        self.database.page(number)
    }

    fn row(&mut self, cell: &'a [u8]) -> Result<bool, Wrong> {
        let (bytes, rest) = variable(cell).ok_or("cell")?;
        let (_row, rest) = variable(rest).ok_or("cell")?;
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= ROW_BYTES_MAX).ok_or("row too large")?;
        let here = local_bytes(bytes, self.database.usable);
        let start = rest.get(..here).ok_or("cell")?;
        if here == bytes {
            return Ok((self.take)(&columns(start)?));
        }
        let mut whole = start.to_vec();
        let mut next = rest.get(here..).and_then(|rest| u32_at(rest, 0)).ok_or("overflow")?;
        while whole.len() < bytes {
            let page = self.visit(next)?;
            next = u32_at(page, 0).ok_or("overflow")?;
            let part = page.get(4..self.database.usable).ok_or("overflow")?;
            whole.extend_from_slice(part.get(..bytes - whole.len()).unwrap_or(part));
        }
        Ok((self.take)(&columns(&whole)?))
    }
}

/// How much of a row stands in the leaf itself.
fn local_bytes(bytes: usize, usable: usize) -> usize {
    let most = usable - 35;
    if bytes <= most {
        return bytes;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let fits = least + (bytes - least) % (usable - 4);
    if fits <= most { fits } else { least }
}

/// The columns of a record as they stand.
fn columns(record: &[u8]) -> Result<Vec<&[u8]>, Wrong> {
    let (head_bytes, rest) = variable(record).ok_or("record")?;
    let head_bytes = usize::try_from(head_bytes).map_err(|_| "record")?;
    let mut head =
        head_bytes.checked_sub(record.len() - rest.len()).and_then(|bytes| rest.get(..bytes)).ok_or("record header")?;
    let mut data = record.get(head_bytes..).ok_or("record header")?;
    let mut columns = Vec::new();
    while !head.is_empty() && columns.len() < COLUMNS_MAX {
        let (kind, behind) = variable(head).ok_or("record header")?;
        head = behind;
        let bytes = match kind {
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            12.. => (kind - 12) / 2,
            _ => 0,
        };
        let column = usize::try_from(bytes).ok().and_then(|bytes| data.split_at_checked(bytes));
        let (column, behind) = column.ok_or("record column")?;
        columns.push(column);
        data = behind;
    }
    Ok(columns)
}

/// A number of one to nine bytes, seven bits in each but the ninth.
fn variable(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

/// The last state of each page that a transaction of the log wrote to its end. Reading ends at the first frame that is
/// of an earlier log or was not written whole.
fn log_pages(log: &[u8], page_bytes: usize) -> HashMap<u32, &[u8]> {
    let mut pages = HashMap::new();
    let Some((head, mut rest)) = log.split_first_chunk::<32>() else { return pages };
    let big = match u32_at(head, 0) {
        Some(0x377f_0683) => true,
        Some(0x377f_0682) => false,
        _ => return pages,
    };
    let Some(mut sum) = head.get(..24).and_then(|head| checksum(head, big, (0, 0))) else { return pages };
    if sums_at(head, 24) != Some(sum) || u32_at(head, 8).and_then(|size| usize::try_from(size).ok()) != Some(page_bytes)
    {
        return pages;
    }
    let mut uncommitted = Vec::new();
    for _ in 0..FRAMES_MAX {
        let Some((frame, behind)) = rest.split_first_chunk::<24>() else { break };
        let Some((page, behind)) = behind.split_at_checked(page_bytes) else { break };
        rest = behind;
        let next = checksum(&frame[..8], big, sum).and_then(|sum| checksum(page, big, sum));
        if frame.get(8..16) != head.get(16..24) || next.is_none() || sums_at(frame, 16) != next {
            break;
        }
        sum = next.unwrap_or(sum);
        uncommitted.extend(u32_at(frame, 0).map(|number| (number, page)));
        if u32_at(frame, 4).is_some_and(|pages| pages > 0) {
            pages.extend(uncommitted.drain(..));
        }
    }
    pages
}

fn checksum(bytes: &[u8], big: bool, start: (u32, u32)) -> Option<(u32, u32)> {
    let (mut first, mut second) = start;
    for pair in bytes.chunks(8) {
        let (a, b) = pair.split_first_chunk::<4>()?;
        let b = b.first_chunk::<4>()?;
        let word = |bytes: &[u8; 4]| if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
        first = first.wrapping_add(word(a)).wrapping_add(second);
        second = second.wrapping_add(word(b)).wrapping_add(first);
    }
    Some((first, second))
}

fn sums_at(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    Some((u32_at(bytes, at)?, u32_at(bytes, at + 4)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_read() {
        assert_eq!(variable(&[0x7f, 1]), Some((127, [1].as_slice())));
        assert_eq!(variable(&[0x81, 0x00]), Some((128, [].as_slice())));
        assert_eq!(variable(&[0xff; 9]), Some((u64::MAX, [].as_slice())));
        assert_eq!(variable(&[0x80; 8]), None);
    }

    #[test]
    fn a_row_stands_in_its_leaf_as_far_as_the_format_says() {
        assert_eq!(local_bytes(4061, 4096), 4061);
        assert_eq!(local_bytes(4062, 4096), 489);
        assert_eq!(local_bytes(5000, 4096), 908);
    }
}
