//! Makes an index.

use super::{BLOCK_KEYS, Field, MAGIC, PAGE_ROWS};

/// Collects values with the pages that hold them.
#[derive(Debug, Default)]
pub struct Builder {
    /// Numbers and pages, by the place of the field in [`Field::ALL`].
    fields: [Vec<(u64, u32)>; Field::ALL.len()],
}

impl Builder {
    /// Notes a value in a row of the file.
    pub fn note(&mut self, field: Field, key: u64, row: usize) {
        let page = (row / PAGE_ROWS) as u32;
        if let Some(all) = self.fields.get_mut(field as usize - 1) {
            // Neighbouring rows often hold the same.
            if all.last() != Some(&(key, page)) {
                all.push((key, page));
            }
        }
    }

    /// The index as bytes, for a file of so many rows.
    pub fn finish(mut self, rows: usize) -> Vec<u8> {
        let mut sections = Vec::new();
        for (field, entries) in Field::ALL.into_iter().zip(&mut self.fields) {
            if !entries.is_empty() {
                entries.sort_unstable();
                entries.dedup();
                sections.push((field, Section::of(entries)));
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
    /// `entries` are in order.
    fn of(entries: &[(u64, u32)]) -> Section {
        let mut section = Section { keys: 0, directory: Vec::new(), blocks: Vec::new() };
        let (mut in_block, mut begun, mut before) = (0, 0, 0);
        for pages in entries.chunk_by(|a, b| a.0 == b.0) {
            let Some((key, _)) = pages.first() else { continue };
            if in_block == BLOCK_KEYS {
                section.close(begun);
                in_block = 0;
            }
            if in_block == 0 {
                begun = section.blocks.len();
                put_u64(&mut section.directory, *key);
                put_u32(&mut section.directory, begun as u32);
                before = *key;
            }
            put_varint(&mut section.blocks, key - before);
            put_pages(&mut section.blocks, pages);
            before = *key;
            in_block += 1;
            section.keys += 1;
        }
        section.close(begun);
        let checked = crc32fast::hash(&section.directory);
        put_u32(&mut section.directory, checked);
        section
    }

    fn close(&mut self, begun: usize) {
        let checked = crc32fast::hash(self.blocks.get(begun..).unwrap_or_default());
        put_u32(&mut self.directory, checked);
    }
}

/// Each page as its distance from the one before; the lowest bit says whether another follows.
fn put_pages(into: &mut Vec<u8>, pages: &[(u64, u32)]) {
    let mut before = 0;
    for (at, (_, page)) in pages.iter().enumerate() {
        let more = u64::from(at + 1 < pages.len());
        put_varint(into, u64::from(page - before) << 1 | more);
        before = *page;
    }
}

fn put_u32(into: &mut Vec<u8>, value: u32) {
    into.extend(value.to_le_bytes());
}

fn put_u64(into: &mut Vec<u8>, value: u64) {
    into.extend(value.to_le_bytes());
}

fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}
