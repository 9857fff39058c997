//! Compound files (MS-CFB): the directory as a tree, and the bytes of streams. Chains are followed as far as the file is
//! long, so that one that runs in a circle ends.

use crate::budget::Budget;
use crate::bytes::{array, slice, u8_at, u16_le, u32_le, u64_le};
use crate::limits::Limit;
use crate::reading::Content;
use crate::unpack::damaged;
use model::Message;
use std::collections::HashSet;

/// Sectors of the directory that are walked.
const DIRECTORY_SECTORS_MAX: usize = 4096;
/// Entries of the directory.
const ENTRIES_MAX: usize = 20_000;
/// Storages in storages.
const DEPTH_MAX: usize = 32;
/// The sectors of the table of tables that are walked.
const TABLE_SECTORS_MAX: usize = 1024;
const ENTRY_BYTES: usize = 128;
/// Numbers from here on are no sectors: free, ends of chains, tables.
const SECTORS_MAX: u32 = 0xffff_fffa;
const END_OF_CHAIN: u32 = 0xffff_fffe;
const NOTHING: u32 = 0xffff_ffff;
const MINI_BYTES: usize = 64;

/// A compound file.
pub struct Compound<'a> {
    bytes: &'a [u8],
    pub version: u16,
    sector_shift: u32,
    /// Sectors of the allocation table.
    tables: Vec<u32>,
    mini_table: Vec<u32>,
    /// The stream of the root, which holds the short streams.
    mini: Vec<u8>,
    mini_cutoff: u64,
    pub entries: Vec<Entry>,
    pub oddities: Vec<Message>,
    pub limited: Option<Limit>,
}

/// One storage or stream.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    pub name: String,
    /// Names from below the root down to its own, with slashes between.
    pub path: String,
    pub kind: u8,
    pub class: [u8; 16],
    /// In 100 nanoseconds since 1601; zero when there is none.
    pub created: u64,
    pub modified: u64,
    pub size: u64,
    start: u32,
    left: u32,
    right: u32,
    child: u32,
    /// Reached from the root.
    pub reached: bool,
}

impl Entry {
    pub fn is_stream(&self) -> bool {
        self.kind == 2
    }
}

/// A stream that could be read whole, in part, or not.
pub enum Stream {
    Whole(Vec<u8>),
    /// Its chain ends before its size is reached.
    Short(Vec<u8>),
    Limited(Limit),
}

impl Stream {
    pub fn bytes(self) -> Vec<u8> {
        match self {
            Stream::Whole(bytes) | Stream::Short(bytes) => bytes,
            Stream::Limited(_) => Vec::new(),
        }
    }

    /// The content of a part.
    pub fn content(self) -> Content {
        match self {
            Stream::Whole(bytes) => Content::Bytes(bytes),
            Stream::Short(bytes) => Content::Partial(bytes, damaged()),
            Stream::Limited(limit) => Content::Limited(limit),
        }
    }
}

impl<'a> Compound<'a> {
    /// Opens a compound file; none when there is not even a header.
    pub fn open(bytes: &'a [u8], budget: &mut Budget) -> Option<Self> {
        let version = u16_le(bytes, 26)?;
        let told = u16_le(bytes, 30)?;
        let mut oddities = Vec::new();
        let sector_shift = match told {
            9 | 12 => u32::from(told),
            _ => {
                oddities.push(Message::new("ole.sector-size").number("told", i64::from(told)));
                if version == 4 { 12 } else { 9 }
            }
        };
        let mini_cutoff = u64::from(u32_le(bytes, 56)?);
        let mut compound = Compound {
            bytes,
            version,
            sector_shift,
            tables: Vec::new(),
            mini_table: Vec::new(),
            mini: Vec::new(),
            mini_cutoff,
            entries: Vec::new(),
            oddities,
            limited: None,
        };
        compound.limited = compound.load(budget).err();
        Some(compound)
    }

    fn load(&mut self, budget: &mut Budget) -> Result<(), Limit> {
        self.load_tables(budget)?;
        self.load_directory(budget)?;
        if let Some(root) = self.entries.first().cloned() {
            match self.chained(root.start, root.size, budget) {
                Stream::Limited(limit) => return Err(limit),
                stream => self.mini = stream.bytes(),
            }
        }
        let start = u32_le(self.bytes, 60).unwrap_or(END_OF_CHAIN);
        if start < SECTORS_MAX {
            match self.chained(start, self.bytes.len() as u64, budget) {
                Stream::Limited(limit) => return Err(limit),
                stream => self.mini_table = stream.bytes().chunks_exact(4).filter_map(|n| u32_le(n, 0)).collect(),
            }
        }
        self.reach();
        Ok(())
    }

    fn sector_bytes(&self) -> usize {
        1 << self.sector_shift
    }

    /// Sectors are counted from behind the header, which has the size of one, and at least 512 bytes.
    fn offset(&self, sector: u32) -> Option<usize> {
        (sector as usize).checked_shl(self.sector_shift)?.checked_add(self.sector_bytes())
    }

    /// The sectors that the file has room for; a chain with more goes in a circle.
    fn sectors_max(&self) -> usize {
        (self.bytes.len() >> self.sector_shift) + 1
    }

    fn load_tables(&mut self, budget: &mut Budget) -> Result<(), Limit> {
        let most = self.sectors_max();
        let listed = (0..109).filter_map(|number| u32_le(self.bytes, 76 + number * 4));
        self.tables = listed.take_while(|sector| *sector < SECTORS_MAX).take(most).collect();
        let per_sector = self.sector_bytes() / 4 - 1;
        let mut sector = u32_le(self.bytes, 68).unwrap_or(END_OF_CHAIN);
        let mut seen = HashSet::new();
        while sector < SECTORS_MAX && seen.len() < TABLE_SECTORS_MAX {
            budget.step(1)?;
            if !seen.insert(sector) {
                self.oddities.push(Message::new("ole.chain-in-circle").with("chain", "tables"));
                break;
            }
            let Some(at) = self.offset(sector) else { break };
            let more = (0..per_sector).map_while(|number| u32_le(self.bytes, at + number * 4));
            let room = most.saturating_sub(self.tables.len());
            self.tables.extend(more.take_while(|sector| *sector < SECTORS_MAX).take(room));
            let Some(next) = u32_le(self.bytes, at + per_sector * 4) else { break };
            sector = next;
        }
        Ok(())
    }

    /// The sector that follows in a chain.
    fn next(&self, sector: u32) -> Option<u32> {
        let per_sector = self.sector_bytes() / 4;
        let table = *self.tables.get(sector as usize / per_sector)?;
        u32_le(self.bytes, self.offset(table)?.checked_add(sector as usize % per_sector * 4)?)
    }

    fn load_directory(&mut self, budget: &mut Budget) -> Result<(), Limit> {
        let mut sector = u32_le(self.bytes, 48).unwrap_or(END_OF_CHAIN);
        let mut seen = HashSet::new();
        while sector < SECTORS_MAX {
            budget.step(1)?;
            if !seen.insert(sector) {
                self.oddities.push(Message::new("ole.chain-in-circle").with("chain", "directory"));
                break;
            }
            if seen.len() > DIRECTORY_SECTORS_MAX || self.entries.len() >= ENTRIES_MAX {
                return Err(Limit::Entries);
            }
            let Some(at) = self.offset(sector) else { break };
            for number in 0..self.sector_bytes() / ENTRY_BYTES {
                let Some(entry) = slice(self.bytes, at + number * ENTRY_BYTES, ENTRY_BYTES) else { break };
                self.entries.push(self.entry(entry).unwrap_or_default());
            }
            sector = self.next(sector).unwrap_or(END_OF_CHAIN);
        }
        Ok(())
    }

    fn entry(&self, entry: &[u8]) -> Option<Entry> {
        let length = usize::from(u16_le(entry, 64)?).clamp(2, 64) - 2;
        let letters: Vec<u16> =
            entry[..length].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let size = u64_le(entry, 120)?;
        Some(Entry {
            name: String::from_utf16_lossy(&letters),
            path: String::new(),
            kind: u8_at(entry, 66)?,
            left: u32_le(entry, 68)?,
            right: u32_le(entry, 72)?,
            child: u32_le(entry, 76)?,
            class: array(entry, 80)?,
            created: u64_le(entry, 100)?,
            modified: u64_le(entry, 108)?,
            start: u32_le(entry, 116)?,
            // Of short sectors the upper half may be anything.
            size: if self.sector_shift == 9 { size & 0xffff_ffff } else { size },
            reached: false,
        })
    }

    /// Gives every entry its path; those that no tree leads to keep their name.
    fn reach(&mut self) {
        let mut next = vec![(0_u32, String::new(), 0_usize, true)];
        let mut circle = false;
        while let Some((number, parent, depth, root)) = next.pop() {
            let Some(entry) = self.entries.get_mut(number as usize) else { continue };
            if entry.reached {
                circle = true;
                continue;
            }
            if depth > DEPTH_MAX || !(root || matches!(entry.kind, 1 | 2)) {
                continue;
            }
            entry.reached = true;
            let below = |path: &str| if parent.is_empty() { path.to_owned() } else { format!("{parent}/{path}") };
            entry.path = if root { String::new() } else { below(&entry.name) };
            let (left, right, child, path) = (entry.left, entry.right, entry.child, entry.path.clone());
            if !root {
                next.extend([right, left].map(|number| (number, parent.clone(), depth, false)));
            }
            if child != NOTHING {
                next.push((child, path, depth + 1, false));
            }
            next.retain(|(number, ..)| *number != NOTHING);
        }
        if circle {
            self.oddities.push(Message::new("ole.directory-in-circle"));
        }
        let lost = self.entries.iter_mut().filter(|entry| !entry.reached && matches!(entry.kind, 1 | 2));
        let mut count = 0_u32;
        for entry in lost {
            entry.path = entry.name.clone();
            count += 1;
        }
        if count > 0 {
            self.oddities.push(Message::new("ole.unreached-entries").number("entries", count));
        }
    }

    /// The bytes of a chain of sectors, at most so many.
    fn chained(&self, start: u32, size: u64, budget: &mut Budget) -> Stream {
        if size > budget.file_bytes() {
            return Stream::Limited(Limit::FileBytes);
        }
        let wanted = usize::try_from(size).unwrap_or(usize::MAX).min(self.bytes.len());
        let (mut bytes, mut sector, mut left) = (Vec::new(), start, self.sectors_max());
        while bytes.len() < wanted && sector < SECTORS_MAX && left > 0 {
            let piece = self.offset(sector).and_then(|at| self.bytes.get(at..)).unwrap_or_default();
            let piece = &piece[..piece.len().min(self.sector_bytes()).min(wanted - bytes.len())];
            if piece.is_empty() {
                break;
            }
            if let Err(limit) = budget.step(1) {
                return Stream::Limited(limit);
            }
            bytes.extend_from_slice(piece);
            sector = self.next(sector).unwrap_or(END_OF_CHAIN);
            left -= 1;
        }
        if let Err(limit) = budget.expand(bytes.len()) {
            return Stream::Limited(limit);
        }
        if (bytes.len() as u64) < size { Stream::Short(bytes) } else { Stream::Whole(bytes) }
    }

    /// The bytes of a stream.
    pub fn stream(&self, entry: &Entry, budget: &mut Budget) -> Stream {
        if entry.size >= self.mini_cutoff || entry.size == 0 {
            return if entry.size == 0 {
                Stream::Whole(Vec::new())
            } else {
                self.chained(entry.start, entry.size, budget)
            };
        }
        let wanted = usize::try_from(entry.size).unwrap_or(0);
        let (mut bytes, mut sector, mut left) = (Vec::new(), entry.start, self.mini.len() / MINI_BYTES + 1);
        while bytes.len() < wanted && left > 0 {
            let piece = self.mini.get((sector as usize).saturating_mul(MINI_BYTES)..).unwrap_or_default();
            let piece = &piece[..piece.len().min(MINI_BYTES).min(wanted - bytes.len())];
            if piece.is_empty() {
                break;
            }
            bytes.extend_from_slice(piece);
            sector = self.mini_table.get(sector as usize).copied().unwrap_or(END_OF_CHAIN);
            left -= 1;
        }
        if let Err(limit) = budget.expand(bytes.len()) {
            return Stream::Limited(limit);
        }
        if bytes.len() < wanted { Stream::Short(bytes) } else { Stream::Whole(bytes) }
    }

    /// The stream with that path, in any case of its letters.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_stream() && entry.path.eq_ignore_ascii_case(path))
    }
}
