//! Makes an index.

use super::{BLOCK_KEYS, Field, MAGIC, PAGE_ROWS, block};

/// Collects values with the pages that hold them.
#[derive(Debug, Default)]
pub struct Builder {
    /// By the place of the field in [`Field::ALL`].
    fields: [Noted; Field::ALL.len()],
}

/// Numbers with their pages.
#[derive(Debug, Default)]
struct Noted {
    all: Vec<(u64, u32)>,
    /// Some that were noted lately: the same value often stands in many rows of a page.
    lately: Vec<(u64, u32)>,
}

/// A power of two.
const LATELY: usize = 1 << 12;

impl Builder {
    /// Notes a value in a row of the file.
    pub fn note(&mut self, field: Field, key: u64, row: usize) {
        let page = (row / PAGE_ROWS) as u32;
        let Some(Noted { all, lately }) = self.fields.get_mut(field as usize - 1) else { return };
        if lately.is_empty() {
            lately.resize(LATELY, (0, u32::MAX));
        }
        // Multiplied, since addresses are no hashes.
        let place = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - LATELY.ilog2());
        if let Some(known) = lately.get_mut(place as usize)
            && *known != (key, page)
        {
            *known = (key, page);
            all.push((key, page));
        }
    }

    /// The index as bytes, for a file of so many rows.
    pub fn finish(mut self, rows: usize) -> Vec<u8> {
        let (mut sections, page_count) = (Vec::new(), rows.div_ceil(PAGE_ROWS));
        for (field, Noted { all: entries, .. }) in Field::ALL.into_iter().zip(&mut self.fields) {
            if !entries.is_empty() {
                sort(entries);
                sections.push((field, Section::of(entries, page_count)));
            }
        }
        let mut file = MAGIC.to_vec();
        put_u64(&mut file, rows as u64);
        put_u32(&mut file, PAGE_ROWS as u32);
        put_u32(&mut file, sections.len() as u32);
        let head = file.len() + sections.len() * HEAD_BYTES + 4;
        let mut at = head as u64;
        for (field, section) in &sections {
            file.push(*field as u8);
            put_u64(&mut file, section.keys);
            put_u64(&mut file, at);
            put_u64(&mut file, section.directory.len() as u64);
            put_u64(&mut file, section.blocks.len() as u64);
            at += (section.directory.len() + section.blocks.len()) as u64;
        }
        let checked = crc32fast::hash(&file);
        put_u32(&mut file, checked);
        for (_, section) in sections {
            file.extend(section.directory);
            file.extend(section.blocks);
        }
        file
    }
}

/// In order, each once. Nearly all fit one number, which is sorted in half the time of two.
fn sort(entries: &mut Vec<(u64, u32)>) {
    const PAGE_BITS: u32 = 20;
    let fits = |(key, page): &(u64, u32)| key.leading_zeros() >= PAGE_BITS && page >> PAGE_BITS == 0;
    if !entries.iter().all(fits) {
        entries.sort_unstable();
        entries.dedup();
        return;
    }
    let mut packed: Vec<u64> = entries.iter().map(|(key, page)| key << PAGE_BITS | u64::from(*page)).collect();
    packed.sort_unstable();
    packed.dedup();
    entries.clear();
    entries.extend(packed.into_iter().map(|both| (both >> PAGE_BITS, (both & ((1 << PAGE_BITS) - 1)) as u32)));
}

/// Bytes that the head has of each section.
pub(super) const HEAD_BYTES: usize = 1 + 4 * 8;
/// Bytes of an entry of a directory: the block's first number, its place, and the check of its bytes.
pub(super) const ENTRY_BYTES: usize = 8 + 4 + 4;

/// All values of one field.
struct Section {
    keys: u64,
    /// One entry for each block, and the check of all of them.
    directory: Vec<u8>,
    blocks: Vec<u8>,
}

impl Section {
    /// `entries` are in order, each once.
    fn of(entries: &[(u64, u32)], page_count: usize) -> Section {
        let mut section = Section { keys: 0, directory: Vec::new(), blocks: Vec::new() };
        let mut numbers = entries.chunk_by(|a, b| a.0 == b.0).peekable();
        while numbers.peek().is_some() {
            let in_block: Vec<&[(u64, u32)]> = numbers.by_ref().take(BLOCK_KEYS).collect();
            let keys: Vec<u64> = in_block.iter().filter_map(|pages| Some(pages.first()?.0)).collect();
            let block = block::pack(&keys, in_block.into_iter(), page_count);
            put_u64(&mut section.directory, keys.first().copied().unwrap_or_default());
            put_u32(&mut section.directory, section.blocks.len() as u32);
            put_u32(&mut section.directory, crc32fast::hash(&block));
            section.blocks.extend(block);
            section.keys += keys.len() as u64;
        }
        let checked = crc32fast::hash(&section.directory);
        put_u32(&mut section.directory, checked);
        section
    }
}

fn put_u32(into: &mut Vec<u8>, value: u32) {
    into.extend(value.to_le_bytes());
}

fn put_u64(into: &mut Vec<u8>, value: u64) {
    into.extend(value.to_le_bytes());
}
