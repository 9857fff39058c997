//! A block of an index: some numbers in order, and the pages of each.
//!
//! The first number is in the directory. Of the others the upper part of their distance from it is kept as steps, a bit for
//! each number and one for each step, and the lower part with a fixed width (Elias and Fano): whatever the numbers are,
//! that is about two bits more than the best there is. Where a number is on many pages, their distances are kept by Rice's
//! code, its width from how many there are.

use super::bits::{BitReader, BitWriter, bits_at, mask};
use super::{Asked, BLOCK_KEYS, Error, PAGE_ROWS, Pages, Sought};

/// Of each block: how many numbers, the width of their lower parts, and the bytes of the upper parts.
const HEAD_BYTES: usize = 2 + 1 + 2;
/// What a writer of bits can hold at once.
const LOW_BITS_MAX: u32 = 56;

/// Packs numbers with their pages, of a file of so many pages. Both are in order, and no number is there twice.
pub(super) fn pack<'e>(keys: &[u64], pages: impl Iterator<Item = &'e [(u64, u32)]>, page_count: usize) -> Vec<u8> {
    let first = keys.first().copied().unwrap_or_default();
    let range = keys.last().map_or(0, |last| last - first);
    let low_bits = (range / keys.len().max(1) as u64).checked_ilog2().unwrap_or_default().min(LOW_BITS_MAX);
    let (mut high, mut low, mut before) = (BitWriter::default(), BitWriter::default(), 0);
    for distance in keys.iter().map(|key| key - first) {
        high.put_unary((distance >> low_bits) - before);
        before = distance >> low_bits;
        low.put(distance, low_bits);
    }
    let high = high.finish();
    let mut block = Vec::new();
    block.extend((keys.len() as u16).to_le_bytes());
    block.push(low_bits as u8);
    block.extend((high.len() as u16).to_le_bytes());
    block.extend(high);
    block.extend(low.finish());
    let mut lists = BitWriter::default();
    pages.for_each(|pages| put_pages(&mut lists, pages, page_count));
    block.extend(lists.finish());
    block
}

/// Most values are on a single page.
fn put_pages(into: &mut BitWriter, pages: &[(u64, u32)], page_count: usize) {
    let width = width(page_count);
    if let [(_, page)] = pages {
        into.put(1, 1);
        into.put(u64::from(*page), width);
        return;
    }
    into.put(0, 1);
    into.put(pages.len() as u64, width + 1);
    let low_bits = rice_bits(page_count, pages.len());
    let mut next = 0;
    for (_, page) in pages {
        let distance = u64::from(page - next);
        into.put_unary(distance >> low_bits);
        into.put(distance, low_bits);
        next = page + 1;
    }
}

/// Bits of the number of a page.
fn width(page_count: usize) -> u32 {
    page_count.next_power_of_two().trailing_zeros()
}

fn rice_bits(page_count: usize, pages: usize) -> u32 {
    (page_count / pages.max(1)).checked_ilog2().unwrap_or_default()
}

/// Numbers of a block, unpacked; kept from one block to the next, so that none is cleared in vain.
pub(super) struct Keys([u64; BLOCK_KEYS]);

impl Default for Keys {
    fn default() -> Self {
        Keys([0; BLOCK_KEYS])
    }
}

impl Keys {
    /// Adds every number of a block that is asked about, and its pages. `from` is the first of the asked that can be in it.
    pub fn look(
        &mut self,
        block: &[u8],
        first: u64,
        sought: &Sought,
        mut from: usize,
        found: &mut Vec<u64>,
        pages: &mut Pages,
    ) -> Result<(), Error> {
        let (keys, lists) = self.unpack(block, first)?;
        let mut lists = Lists { bits: BitReader::new(lists), read: 0, page_count: pages.count };
        for (at, key) in keys.iter().enumerate() {
            if sought.may_be(*key) && sought.has(*key, &mut from) {
                lists.tell(at, pages)?;
                found.push(*key);
            }
        }
        Ok(())
    }

    /// The numbers, and the bytes of their pages.
    fn unpack<'b>(&mut self, block: &'b [u8], first: u64) -> Result<(&[u64], &'b [u8]), Error> {
        let (head, rest) = block.split_first_chunk::<HEAD_BYTES>().ok_or(Error::Damaged("block"))?;
        let [a, b, low_bits, c, d] = *head;
        let (count, low_bits) = (usize::from(u16::from_le_bytes([a, b])), u32::from(low_bits));
        let (high, rest) =
            rest.split_at_checked(usize::from(u16::from_le_bytes([c, d]))).ok_or(Error::Damaged("block"))?;
        if low_bits > LOW_BITS_MAX {
            return Err(Error::Damaged("block"));
        }
        let low_bytes = (count * low_bits as usize).div_ceil(8);
        let (low, lists) = rest.split_at_checked(low_bytes).ok_or(Error::Damaged("block"))?;
        let keys = self.0.get_mut(..count).ok_or(Error::Damaged("block"))?;
        let lowest = mask(low_bits);
        let mut unpacked = 0;
        // A one for each number; the zeros before it are steps of the upper part.
        for (place, word) in high.chunks(8).enumerate() {
            let mut word = bits_at(word, 0);
            while word != 0
                && let Some(key) = keys.get_mut(unpacked)
            {
                let upper = (place * 64 + word.trailing_zeros() as usize).wrapping_sub(unpacked) as u64;
                let lower = bits_at(low, unpacked * low_bits as usize) & lowest;
                *key = first.wrapping_add((upper << low_bits) + lower);
                word &= word - 1;
                unpacked += 1;
            }
        }
        if unpacked < count {
            return Err(Error::Damaged("block"));
        }
        Ok((keys, lists))
    }
}

/// Reads a block from any bytes, of a file of so many pages: how many numbers are in it. For fuzzing.
#[doc(hidden)]
pub fn read_bytes(bytes: &[u8], first: u64, pages: u16) -> usize {
    let mut pages = Pages::none(u64::from(pages) * PAGE_ROWS as u64);
    let everything = Sought::new(vec![Asked { first: 0, last: u64::MAX }], &[]);
    let mut found = Vec::new();
    let _ = Keys::default().look(bytes, first, &everything, 0, &mut found, &mut pages);
    found.len()
}

/// The pages of the numbers of a block, which are read one after the other.
struct Lists<'a> {
    bits: BitReader<'a>,
    read: usize,
    page_count: usize,
}

impl Lists<'_> {
    /// Adds the pages of one number, which is behind those that were told before.
    fn tell(&mut self, key: usize, pages: &mut Pages) -> Result<(), Error> {
        while self.read < key {
            self.next(&mut |_| Ok(()))?;
        }
        self.next(&mut |page| pages.add(page))
    }

    fn next(&mut self, each: &mut dyn FnMut(u64) -> Result<(), Error>) -> Result<(), Error> {
        self.read += 1;
        let width = width(self.page_count);
        if self.bits.take(1) == 1 {
            return each(self.bits.take(width));
        }
        let count = self.bits.take(width + 1) as usize;
        if count > self.page_count {
            return Err(Error::Damaged("pages"));
        }
        let low_bits = rice_bits(self.page_count, count);
        let mut next: u64 = 0;
        for _ in 0..count {
            let high = self.bits.take_unary().ok_or(Error::Damaged("pages"))?;
            let page = next.saturating_add((high << low_bits) + self.bits.take(low_bits));
            each(page)?;
            next = page.saturating_add(1);
        }
        Ok(())
    }
}
