//! Looks into the memory of a process that goes on meanwhile: it is not stopped, so that what is read may be half of before
//! and half of after. What differs is therefore read twice, and counts when it differs both times.

use super::elf;
use super::facts::{Begins, Code, Difference, RegionFacts};
use super::maps::{Origin, Region, regions};
use crate::telemetry::event::Publisher;
use crate::telemetry::facts::bounded;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

pub const PAGE_BYTES: u64 = 4096;
const PAGE: usize = 4096;
const MAPS_BYTES_MAX: u64 = 32 << 20;
/// Regions of a process that are looked at.
pub const REGIONS_MAX: usize = 4096;
/// Pages of a region that were written to and are compared.
const COMPARED_PAGES_MAX: usize = 2048;
/// Pages whose state is asked at a time.
const PAGES_AT_ONCE: usize = 8192;
/// Threads of a process that are looked at.
const THREADS_MAX: usize = 512;
const BREAKPOINT: u8 = 0xcc;

/// What the kernel says of a page (`pagemap`).
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const OF_FILE: u64 = 1 << 61;

/// A process whose memory is open.
#[derive(Debug)]
pub struct Memory {
    number: i32,
    memory: File,
    pages: Option<File>,
    /// Bytes that were read so far.
    pub bytes: u64,
}

impl Memory {
    /// # Errors
    /// When it is gone, or this process may not.
    pub fn open(number: i32) -> io::Result<Memory> {
        let memory = File::open(format!("/proc/{number}/mem"))?;
        Ok(Memory { number, memory, pages: File::open(format!("/proc/{number}/pagemap")).ok(), bytes: 0 })
    }

    /// The regions that can run, and whether there are more than are looked at.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn executable(&mut self) -> io::Result<(Vec<Region>, bool)> {
        let maps = bounded(&format!("/proc/{}/maps", self.number), MAPS_BYTES_MAX)?;
        self.bytes += maps.len() as u64;
        let mut regions = regions(&maps).filter(|region| region.execute && region.origin != Origin::Kernel);
        let kept = regions.by_ref().take(REGIONS_MAX).collect();
        Ok((kept, regions.next().is_some()))
    }

    /// What a region is like; its file is not judged here.
    pub fn facts(&mut self, region: &Region, calls: &[(i32, u64)]) -> RegionFacts {
        let (pages, written) = match self.written(region) {
            Some((pages, written)) => (Some(pages), Some(written)),
            None => (None, None),
        };
        let code = match (&region.origin, written) {
            (Origin::File { .. } | Origin::Deleted { .. }, Some(written)) => self.compared(region, &written),
            (Origin::File { .. } | Origin::Deleted { .. }, None) => Code::Unread,
            _ => Code::NoFile,
        };
        let begins = match region.origin {
            Origin::File { .. } | Origin::Deleted { .. } => Begins::Other,
            _ => self.begins(region),
        };
        let within = |pc: &u64| (region.start..region.end).contains(pc);
        let threads = calls.iter().filter(|(_, pc)| within(pc)).map(|(thread, _)| *thread).collect();
        RegionFacts { region: region.clone(), pages, begins, code, publisher: Publisher::Unread, threads }
    }

    fn begins(&mut self, region: &Region) -> Begins {
        let mut head = [0; 256];
        match self.read(&mut head, region.start) {
            Err(_) => Begins::Unread,
            Ok(()) if elf::is_image(&head) => Begins::Image,
            Ok(()) if head.iter().all(|byte| *byte == 0) => Begins::Zeros,
            Ok(()) => Begins::Other,
        }
    }

    fn read(&mut self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.memory.read_exact_at(bytes, at)
    }

    /// How many pages hold something, and which of them are not the file's any more.
    fn written(&mut self, region: &Region) -> Option<(u64, Vec<u64>)> {
        let map = self.pages.as_ref()?;
        let (mut filled, mut written) = (0, Vec::new());
        let count = usize::try_from(region.bytes() / PAGE_BYTES).ok()?;
        let mut portion = vec![0; PAGES_AT_ONCE.min(count) * 8];
        let mut done = 0;
        while done < count {
            let some = portion.get_mut(..PAGES_AT_ONCE.min(count - done) * 8)?;
            map.read_exact_at(some, (region.start / PAGE_BYTES + done as u64) * 8).ok()?;
            self.bytes += some.len() as u64;
            for (number, entry) in some.as_chunks::<8>().0.iter().enumerate() {
                let entry = u64::from_ne_bytes(*entry);
                if entry & (PRESENT | SWAPPED) != 0 {
                    filled += 1;
                    if entry & OF_FILE == 0 {
                        written.push(region.start + (done + number) as u64 * PAGE_BYTES);
                    }
                }
            }
            done += PAGES_AT_ONCE;
        }
        Some((filled, written))
    }

    /// Compares pages that were written to with the file.
    fn compared(&mut self, region: &Region, written: &[u64]) -> Code {
        if written.is_empty() {
            return Code::Untouched;
        }
        let Ok(file) = self.file(region) else { return Code::Unread };
        let mut found = Difference {
            pages: 0,
            bytes: 0,
            first: 0,
            breakpoints: true,
            relocated: elf::is_relocated_in_code(&file),
            cut: written.len() > COMPARED_PAGES_MAX,
        };
        for page in written.iter().take(COMPARED_PAGES_MAX) {
            match self.page(region, &file, *page) {
                Ok(differing) => count(&mut found, &differing, *page),
                Err(_) => return Code::Unread,
            }
        }
        if found.pages == 0 { Code::Same } else { Code::Differs(found) }
    }

    /// The bytes of a page that are not those of the file, and what they are.
    fn page(&mut self, region: &Region, file: &File, page: u64) -> io::Result<Vec<(usize, u8)>> {
        let at = region.offset + (page - region.start);
        let mut stored = [0; PAGE];
        // Behind the end of the file are zeros.
        let mut filled = 0;
        while let Some(rest) = stored.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, at + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        self.bytes += PAGE_BYTES;
        let mut differing = Vec::new();
        for _ in 0..2 {
            let mut held = [0; PAGE];
            self.read(&mut held, page)?;
            let pairs = held.iter().zip(&stored).enumerate();
            differing = pairs.filter(|(_, (held, stored))| held != stored).map(|(at, (held, _))| (at, *held)).collect();
            if differing.is_empty() {
                break;
            }
        }
        Ok(differing)
    }

    /// The file behind a region, whatever its name is by now.
    pub fn file(&self, region: &Region) -> io::Result<File> {
        let link = format!("/proc/{}/map_files/{:x}-{:x}", self.number, region.start, region.end);
        let file = File::open(link).or_else(|_| match &region.origin {
            Origin::File { path } => File::open(format!("/proc/{}/root{path}", self.number)),
            _ => Err(io::ErrorKind::NotFound.into()),
        })?;
        let metadata = file.metadata()?;
        let is_it = metadata.is_file() && metadata.ino() == region.inode;
        if is_it { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Where threads are that wait in a call: the thread, and the place behind the call.
    pub fn calls(&self) -> Vec<(i32, u64)> {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.number)) else { return Vec::new() };
        let place = |thread: i32| {
            let text = std::fs::read_to_string(format!("/proc/{}/task/{thread}/syscall", self.number)).ok()?;
            u64::from_str_radix(text.split_ascii_whitespace().nth(8)?.strip_prefix("0x")?, 16).ok()
        };
        let threads = threads.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        threads.take(THREADS_MAX).filter_map(|thread| Some((thread, place(thread)?))).collect()
    }

    /// The bytes of a region, as many as are wanted and can be read; pages that cannot are left out as zeros.
    pub fn content(&mut self, region: &Region, bytes_max: usize) -> Vec<u8> {
        let length = usize::try_from(region.bytes()).unwrap_or(usize::MAX).min(bytes_max);
        let mut content = vec![0; length];
        for (number, page) in content.chunks_mut(PAGE).enumerate() {
            let _ = self.read(page, region.start + number as u64 * PAGE_BYTES);
        }
        content
    }
}

fn count(found: &mut Difference, differing: &[(usize, u8)], page: u64) {
    let Some((first, _)) = differing.first() else { return };
    if found.pages == 0 {
        found.first = page + *first as u64;
    }
    found.pages += 1;
    found.bytes += differing.len() as u64;
    found.breakpoints &= differing.iter().all(|(_, byte)| *byte == BREAKPOINT);
}
