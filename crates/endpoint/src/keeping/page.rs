//! The page of memory that the keeper shares with its workers.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Descriptors that are kept at most.
pub const SLOTS: u8 = 96;

/// What both know of one descriptor.
#[derive(Debug)]
struct Slot {
    /// Goes up as long as somebody looks for questions.
    beats: AtomicU64,
    /// The safe answer, where nobody can find out a better one.
    may: AtomicBool,
}

#[derive(Debug)]
struct Shared {
    slots: [Slot; SLOTS as usize],
    /// The worker took over all that it wants.
    settled: AtomicBool,
}

#[derive(Debug, Clone, Copy)]
pub struct Page(&'static Shared);

impl Page {
    /// # Errors
    /// When there is no memory.
    pub fn new() -> io::Result<Page> {
        let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: the kernel chooses the place; the result is checked.
        let place = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Shared>(), rights, flags, -1, 0) };
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: so many bytes are mapped there, at the beginning of a page, and nobody ever unmaps them. They are zero,
        // which is a value of everything in it, and change through atomics only.
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

    fn with<T>(self, slot: u8, of: impl FnOnce(&Slot) -> T) -> Option<T> {
        self.0.slots.get(usize::from(slot)).map(of)
    }
}
