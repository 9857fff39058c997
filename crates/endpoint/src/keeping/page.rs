//! The page of memory that the keeper shares with its workers.

use rustix::fs::MemfdFlags;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU64, Ordering};

/// Descriptors that are kept at most.
pub const SLOTS: u8 = 96;

/// What both know of one descriptor. Another release may have made the page: what is in it changes with the number of
/// [`super::renewing::FORM`].
#[derive(Debug)]
#[repr(C)]
struct Slot {
    /// Goes up as long as somebody looks for questions.
    beats: AtomicU64,
    /// The safe answer, where nobody can find out a better one.
    may: AtomicBool,
}

#[derive(Debug)]
#[repr(C)]
struct Shared {
    slots: [Slot; SLOTS as usize],
    /// The worker took over all that it wants.
    settled: AtomicBool,
    /// The worker is to make room for the next one, which is there already.
    relieved: AtomicBool,
    /// How far it is with another program in the place of this one; see [`super::Renewal`].
    renewal: AtomicU8,
    /// How that ended: an exit code, or a signal below zero, or the error that kept it from beginning.
    end: AtomicI32,
}

#[derive(Debug, Clone, Copy)]
pub struct Page(&'static Shared);

impl Page {
    /// A new one, and the file by which another program finds it.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn new() -> io::Result<(Page, OwnedFd)> {
        let make = |flags| rustix::fs::memfd_create("redoubt-keeping", MemfdFlags::CLOEXEC | flags);
        // Where nobody may run what is in memory (`vm.memfd_noexec`), one has to say that one does not want to; Linux before
        // 6.3 does not know how.
        let file = make(MemfdFlags::NOEXEC_SEAL).or_else(|_| make(MemfdFlags::empty()))?;
        rustix::fs::ftruncate(&file, size_of::<Shared>() as u64)?;
        Ok((Page::of(file.as_fd())?, file))
    }

    /// # Errors
    /// When the file is no page, or there is no memory.
    pub fn of(file: BorrowedFd) -> io::Result<Page> {
        let size = u64::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(0);
        if size != size_of::<Shared>() as u64 {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: the kernel chooses the place; the result is checked.
        let place =
            unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Shared>(), rights, flags, file.as_raw_fd(), 0) };
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: so many bytes are mapped there, at the beginning of a page, and nobody ever unmaps them or cuts the file,
        // which only the keeper and its workers have. Whatever bytes are in it are a value of every number, those of flags
        // are written as flags alone, and all change through atomics only.
        Ok(Page(unsafe { &*place.cast::<Shared>() }))
    }

    pub fn beat(self, slot: u8) {
        self.with(slot, |slot| slot.beats.fetch_add(1, Ordering::Relaxed));
    }

    pub fn beats(self, slot: u8) -> u64 {
        self.with(slot, |slot| slot.beats.load(Ordering::Relaxed)).unwrap_or(0)
    }

    pub fn put_answer(self, slot: u8, may: bool) {
        self.with(slot, |slot| slot.may.store(may, Ordering::Relaxed));
    }

    /// Where nobody said so, nobody may.
    pub fn may(self, slot: u8) -> bool {
        self.with(slot, |slot| slot.may.load(Ordering::Relaxed)).unwrap_or(false)
    }

    pub fn settle(self, is_settled: bool) {
        self.0.settled.store(is_settled, Ordering::Relaxed);
    }

    pub fn is_settled(self) -> bool {
        self.0.settled.load(Ordering::Relaxed)
    }

    pub fn relieve(self, is_relieved: bool) {
        self.0.relieved.store(is_relieved, Ordering::Relaxed);
    }

    pub fn is_relieved(self) -> bool {
        self.0.relieved.load(Ordering::Relaxed)
    }

    pub fn put_renewal(self, renewal: u8, end: i32) {
        self.0.end.store(end, Ordering::Relaxed);
        self.0.renewal.store(renewal, Ordering::Release);
    }

    pub fn renewal(self) -> (u8, i32) {
        (self.0.renewal.load(Ordering::Acquire), self.0.end.load(Ordering::Relaxed))
    }

    fn with<T>(self, slot: u8, of: impl FnOnce(&Slot) -> T) -> Option<T> {
        self.0.slots.get(usize::from(slot)).map(of)
    }
}
