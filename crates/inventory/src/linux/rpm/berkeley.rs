//! Just enough of Berkeley DB's hashes (`dbinc/db_page.h` of its release 5.3) to walk the values of one: pages, pairs on
//! them, and values that are kept on a chain of pages of their own. Numbers are in the order of the machine that wrote them.

use super::sqlite::Wrong;

/// Bytes of one value; the header of a kernel with all its files has some hundred thousand.
const VALUE_BYTES_MAX: usize = 64 << 20;

const MAGIC: u32 = 0x0006_1561;
const PAGE_HEAD_BYTES: usize = 26;
/// Kinds of pages: pairs in any order and in order, and what does not fit between them.
const PAIRS: [u8; 2] = [2, 13];
const OVERFLOW: u8 = 7;
/// Kinds of what a pair has: the bytes themselves, or the chain of pages that they are on.
const HERE: u8 = 1;
const ELSEWHERE: u8 = 3;
/// Under this key stands the number of the next package.
const NEXT: [u8; 4] = [0; 4];

/// A hash as it lies in memory.
pub struct Hash<'a> {
    bytes: &'a [u8],
    page_bytes: usize,
    /// Numbers are the other way round than on this machine.
    is_swapped: bool,
}

/// Whether that begins as one.
pub fn is_hash(bytes: &[u8]) -> bool {
    let magic = bytes.get(12..).and_then(<[u8]>::first_chunk::<4>).map(|magic| u32::from_ne_bytes(*magic));
    magic.is_some_and(|magic| [magic, magic.swap_bytes()].contains(&MAGIC))
}

impl<'a> Hash<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Hash<'a>, Wrong> {
        let mut hash = Hash { bytes, page_bytes: 0, is_swapped: false };
        hash.is_swapped = match hash.u32_at(bytes, 12) {
            Some(MAGIC) => false,
            Some(magic) if magic.swap_bytes() == MAGIC => true,
            _ => return Err("header"),
        };
        let page_bytes = hash.u32_at(bytes, 20).and_then(|size| usize::try_from(size).ok());
        let is_size = |size: &usize| (512..=65_536).contains(size) && size.is_power_of_two();
        hash.page_bytes = page_bytes.filter(is_size).ok_or("page size")?;
        // Nobody has the key here.
        if bytes.get(24).is_none_or(|algorithm| *algorithm != 0) {
            return Err("encrypted");
        }
        Ok(hash)
    }

    /// Hands over each value, until it is told that this is enough.
    pub fn values(&self, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Wrong> {
        let last = self.u32_at(self.bytes, 32).ok_or("header")?;
        // Every page is of one value once: who comes by more often goes round in circles.
        let mut visits_left = self.bytes.len() / self.page_bytes;
        for number in 1..=last {
            let page = self.page(number)?;
            if !PAIRS.contains(page.get(25).ok_or("page header")?) {
                continue;
            }
            let entries = self.u16_at(page, 20).ok_or("page header")?;
            let mut end = self.page_bytes;
            let mut key: &[u8] = &[];
            for entry in 0..entries {
                let from = self.u16_at(page, PAGE_HEAD_BYTES + 2 * entry).ok_or("entries")?;
                let item = page.get(from..end).ok_or("entry")?;
                end = from;
                let (kind, here) = item.split_first().ok_or("entry")?;
                if entry % 2 == 0 {
                    key = here;
                    continue;
                }
                let goes_on = match *kind {
                    HERE if key == NEXT => true,
                    HERE => take(here),
                    ELSEWHERE => take(&self.elsewhere(item, &mut visits_left)?),
                    _ => return Err("entry of another kind"),
                };
                if !goes_on {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn elsewhere(&self, item: &[u8], visits_left: &mut usize) -> Result<Vec<u8>, Wrong> {
        let (mut next, bytes) = (self.u32_at(item, 4).ok_or("entry")?, self.u32_at(item, 8).ok_or("entry")?);
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= VALUE_BYTES_MAX).ok_or("value too large")?;
        let mut value = Vec::new();
        while value.len() < bytes {
            *visits_left = visits_left.checked_sub(1).ok_or("pages in a circle")?;
            let page = self.page(next)?;
            if page.get(25) != Some(&OVERFLOW) {
                return Err("page of another kind");
            }
            let here = self.u16_at(page, 22).ok_or("page header")?;
            let part = page.get(PAGE_HEAD_BYTES..PAGE_HEAD_BYTES + here).ok_or("overflow")?;
            value.extend_from_slice(part.get(..bytes - value.len()).unwrap_or(part));
            next = self.u32_at(page, 16).ok_or("page header")?;
        }
        Ok(value)
    }

    fn page(&self, number: u32) -> Result<&'a [u8], Wrong> {
        let from = usize::try_from(number).ok().and_then(|at| at.checked_mul(self.page_bytes)).ok_or("page number")?;
        self.bytes.get(from..).and_then(|rest| rest.get(..self.page_bytes)).ok_or("page that is not there")
    }

    fn u32_at(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let number = u32::from_ne_bytes(*bytes.get(at..)?.first_chunk::<4>()?);
        Some(if self.is_swapped { number.swap_bytes() } else { number })
    }

    fn u16_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let number = u16::from_ne_bytes(*bytes.get(at..)?.first_chunk::<2>()?);
        Some(usize::from(if self.is_swapped { number.swap_bytes() } else { number }))
    }
}
