//! Asks an index.

use super::block::Keys;
use super::build::{ENTRY_BYTES, HEAD_BYTES};
use super::{Asked, Error, Field, MAGIC, MAGIC_BEFORE, PAGE_ROWS, Question, Sought, address_key, text_key};
use crate::storage::Stored;
use std::fs::File;
use std::net::IpAddr;
use std::path::Path;

/// When more than one block in so many is wanted, all are read at once: that is faster than many small pieces.
const SINGLE_BLOCKS_PART: usize = 8;
const FIXED_BYTES: usize = 8 + 8 + 4 + 4;

/// An index that can be asked.
#[derive(Debug)]
pub struct Index {
    file: Stored,
    /// Rows of the file it is of.
    pub rows: u64,
    sections: Vec<Section>,
}

#[derive(Debug, Clone, Copy)]
struct Section {
    field: Field,
    directory: (u64, usize),
    blocks: (u64, usize),
}

/// Pages of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    bits: Vec<u64>,
    pub(super) count: usize,
}

/// What a file may hold of what is asked about: which numbers, and on which pages.
#[derive(Debug)]
pub struct Answer {
    pub pages: Pages,
    found: Vec<Found>,
}

/// The numbers of one field that are asked about and in the file.
#[derive(Debug)]
struct Found {
    field: Field,
    /// In order.
    keys: Vec<u64>,
    /// A bit for some of the bits of each: nearly all other numbers are told apart by one look.
    marks: [u64; 64],
}

impl Answer {
    /// The numbers that are asked about and in the file, in order, by what they are.
    pub fn found(&self) -> impl Iterator<Item = (Field, &[u64])> {
        self.found.iter().map(|found| (found.field, found.keys.as_slice()))
    }

    /// False when nothing that this address is a number of is asked about, of a file that this is the answer of.
    pub fn may_be_address(&self, address: IpAddr) -> bool {
        let (field, key) = address_key(address);
        self.may_be(field, key)
    }

    /// The same of any other value, in the form it is compared in.
    pub fn may_be_text(&self, field: Field, text: &str) -> bool {
        self.may_be(field, text_key(text.as_bytes()))
    }

    fn may_be(&self, field: Field, key: u64) -> bool {
        self.found.iter().any(|found| found.field == field && found.has(key))
    }
}

impl Found {
    fn new(field: Field, keys: Vec<u64>) -> Found {
        let mut marks = [0; 64];
        for key in &keys {
            let (word, bit) = mark(*key);
            if let Some(word) = marks.get_mut(word) {
                *word |= bit;
            }
        }
        Found { field, keys, marks }
    }

    fn has(&self, key: u64) -> bool {
        let (word, bit) = mark(key);
        self.marks.get(word).is_some_and(|word| word & bit != 0) && self.keys.binary_search(&key).is_ok()
    }
}

/// Twelve bits of a number, as the place of a word and a bit in it.
fn mark(key: u64) -> (usize, u64) {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
    ((mixed >> 6) as usize, 1 << (mixed & 63))
}

impl Pages {
    pub(super) fn none(rows: u64) -> Pages {
        let count = (rows as usize).div_ceil(PAGE_ROWS);
        Pages { bits: vec![0; count.div_ceil(64)], count }
    }

    pub(super) fn add(&mut self, page: u64) -> Result<(), Error> {
        let at = usize::try_from(page).ok().filter(|at| *at < self.count).ok_or(Error::Damaged("page"))?;
        if let Some(word) = self.bits.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
        Ok(())
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.count).filter(|at| self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1))
    }

    /// How many there are, and of how many.
    pub fn share(&self) -> (usize, usize) {
        (self.bits.iter().map(|word| word.count_ones() as usize).sum(), self.count)
    }

    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }
}

impl Index {
    /// Reads the head of an index; the rest is read when it is asked about.
    pub fn open(path: &Path) -> Result<Index, Error> {
        Index::of(Stored::File(File::open(path)?))
    }

    pub(crate) fn of(file: Stored) -> Result<Index, Error> {
        let length = file.bytes()?;
        let mut fixed = [0; FIXED_BYTES];
        read_at(&file, length, 0, &mut fixed)?;
        let mut fields = Bytes(&fixed);
        match fields.take(8)? {
            magic if magic == MAGIC => {}
            magic if magic == MAGIC_BEFORE => return Err(Error::Before),
            _ => return Err(Error::Damaged("beginning")),
        }
        let (rows, page_rows, count) = (fields.u64()?, fields.u32()?, fields.u32()? as usize);
        if page_rows as usize != PAGE_ROWS || count > Field::ALL.len() || rows > u64::from(u32::MAX) {
            return Err(Error::Damaged("head"));
        }
        let mut head = vec![0; FIXED_BYTES + count * HEAD_BYTES + 4];
        read_at(&file, length, 0, &mut head)?;
        let (checked, check) = head.split_at(head.len() - 4);
        if crc32fast::hash(checked).to_le_bytes() != check {
            return Err(Error::Damaged("check of the head"));
        }
        let mut fields = Bytes(checked.get(FIXED_BYTES..).unwrap_or_default());
        let mut sections = Vec::new();
        for _ in 0..count {
            let field = Field::numbered(fields.take(1)?.first().copied().unwrap_or_default());
            let (_keys, at, directory, blocks) = (fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?);
            let whole = at.checked_add(directory).and_then(|end| end.checked_add(blocks));
            if whole.is_none_or(|end| end > length) {
                return Err(Error::Damaged("section"));
            }
            // What a later version added is passed over.
            if let Some(field) = field {
                let (directory_bytes, blocks_bytes) = (directory as usize, blocks as usize);
                let (directory, blocks) = ((at, directory_bytes), (at + directory, blocks_bytes));
                sections.push(Section { field, directory, blocks });
            }
        }
        Ok(Index { file, rows, sections })
    }

    /// What the file may hold of what is asked about.
    pub fn ask(&self, question: &Question) -> Result<Answer, Error> {
        let mut answer = Answer { pages: Pages::none(self.rows), found: Vec::new() };
        for (field, sought) in question.fields() {
            if let Some(section) = self.sections.iter().find(|section| section.field == field) {
                let mut found = Vec::new();
                self.ask_section(section, sought, &mut found, &mut answer.pages)?;
                answer.found.push(Found::new(field, found));
            }
        }
        Ok(answer)
    }

    fn ask_section(
        &self,
        section: &Section,
        sought: &Sought,
        found: &mut Vec<u64>,
        pages: &mut Pages,
    ) -> Result<(), Error> {
        let directory = Directory::read(self, section)?;
        let wanted = directory.wanted(sought.all());
        let whole = wanted.len() > directory.len() / SINGLE_BLOCKS_PART;
        let mut all = Vec::new();
        if whole {
            all = self.part(section.blocks.0, section.blocks.1)?;
        }
        let mut keys = Keys::default();
        for (number, from) in wanted {
            let one;
            let entry = directory.entry(number)?;
            let end = if number + 1 < directory.len() { directory.entry(number + 1)?.at } else { section.blocks.1 };
            let length = end.checked_sub(entry.at).ok_or(Error::Damaged("directory"))?;
            let block = if whole {
                all.get(entry.at..end).ok_or(Error::Damaged("directory"))?
            } else {
                one = self.part(section.blocks.0 + entry.at as u64, length)?;
                &one
            };
            if crc32fast::hash(block) != entry.check {
                return Err(Error::Damaged("check of a block"));
            }
            keys.look(block, entry.first, sought, from, found, pages)?;
        }
        Ok(())
    }

    fn part(&self, at: u64, length: usize) -> Result<Vec<u8>, Error> {
        let mut part = vec![0; length];
        self.file.read_exact_at(&mut part, at)?;
        Ok(part)
    }
}

/// The first number and the place of every block.
struct Directory(Vec<u8>);

struct Entry {
    first: u64,
    at: usize,
    check: u32,
}

impl Directory {
    fn read(index: &Index, section: &Section) -> Result<Directory, Error> {
        let mut bytes = index.part(section.directory.0, section.directory.1)?;
        let end = bytes.len().checked_sub(4).ok_or(Error::Damaged("directory"))?;
        let check = bytes.split_off(end);
        if bytes.len() % ENTRY_BYTES != 0 || crc32fast::hash(&bytes).to_le_bytes() != check[..] {
            return Err(Error::Damaged("check of a directory"));
        }
        Ok(Directory(bytes))
    }

    fn len(&self) -> usize {
        self.0.len() / ENTRY_BYTES
    }

    fn first(&self, number: usize) -> u64 {
        let bytes = self.0.get(number * ENTRY_BYTES..number * ENTRY_BYTES + 8);
        bytes.and_then(|bytes| bytes.try_into().ok()).map_or(u64::MAX, u64::from_le_bytes)
    }

    fn entry(&self, number: usize) -> Result<Entry, Error> {
        let mut fields = Bytes(self.0.get(number * ENTRY_BYTES..).unwrap_or_default());
        Ok(Entry { first: fields.u64()?, at: fields.u32()? as usize, check: fields.u32()? })
    }

    /// The blocks that can hold something asked about, each with the first of the asked that reaches it. Both are in
    /// order, and whichever is behind jumps.
    fn wanted(&self, asked: &[Asked]) -> Vec<(usize, usize)> {
        let (mut wanted, mut block, mut at) = (Vec::new(), 0, 0);
        while let Some(question) = asked.get(at)
            && block < self.len()
        {
            let ends = if block + 1 < self.len() { self.first(block + 1) } else { u64::MAX };
            if block + 1 < self.len() && question.first >= ends {
                block = jump(block + 1, self.len(), |number| self.first(number) <= question.first) - 1;
                continue;
            }
            if question.last < self.first(block) {
                let first = self.first(block);
                at = jump(at + 1, asked.len(), |number| asked.get(number).is_some_and(|asked| asked.last < first));
                continue;
            }
            wanted.push((block, at));
            block += 1;
            // Those that end before the next block are done with.
            at = jump(at, asked.len(), |number| asked.get(number).is_some_and(|asked| asked.last < ends));
        }
        wanted
    }
}

/// The first place from `from` on where something that holds at the beginning no longer does: looked for in steps that
/// double, then by halves.
pub(super) fn jump(from: usize, end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut step) = (from, 1);
    while low + step <= end && holds(low + step - 1) {
        low += step;
        step *= 2;
    }
    let mut high = end.min(low + step);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Bytes that are being taken from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Error::Damaged("end"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        Ok(self.take(4)?.try_into().map_or(0, u32::from_le_bytes))
    }

    fn u64(&mut self) -> Result<u64, Error> {
        Ok(self.take(8)?.try_into().map_or(0, u64::from_le_bytes))
    }
}

fn read_at(file: &Stored, length: u64, at: u64, into: &mut [u8]) -> Result<(), Error> {
    if at + into.len() as u64 > length {
        return Err(Error::Damaged("end"));
    }
    Ok(file.read_exact_at(into, at)?)
}
