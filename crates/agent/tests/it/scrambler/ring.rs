//! Reads and writes through io_uring with the bare system calls: a guard that counts on `read` and `write` sees neither.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

const ENTRIES: u32 = 4;
const OP_READ: u8 = 22;
const OP_WRITE: u8 = 23;
const GETEVENTS: u32 = 1;
const OFFSET_SUBMISSIONS: i64 = 0;
const OFFSET_ENTRIES: i64 = 0x1000_0000;
/// Both rings are in one mapping; since Linux 5.4.
const FEATURE_ONE_MAPPING: u32 = 1;

#[repr(C)]
#[derive(Default)]
struct SubmissionOffsets {
    head: u32,
    tail: u32,
    mask: u32,
    entries: u32,
    flags: u32,
    dropped: u32,
    array: u32,
    reserved: u32,
    user: u64,
}

#[repr(C)]
#[derive(Default)]
struct CompletionOffsets {
    head: u32,
    tail: u32,
    mask: u32,
    entries: u32,
    overflow: u32,
    completions: u32,
    flags: u32,
    reserved: u32,
    user: u64,
}

#[repr(C)]
#[derive(Default)]
struct Parameters {
    submission_entries: u32,
    completion_entries: u32,
    flags: u32,
    cpu: u32,
    idle: u32,
    features: u32,
    queue: u32,
    reserved: [u32; 3],
    submissions: SubmissionOffsets,
    completions: CompletionOffsets,
}

#[repr(C)]
#[derive(Default)]
struct Submission {
    operation: u8,
    flags: u8,
    priority: u16,
    descriptor: i32,
    offset: u64,
    address: u64,
    len: u32,
    more: u32,
    user: u64,
    rest: [u64; 3],
}

#[repr(C)]
struct Completion {
    user: u64,
    answer: i32,
    flags: u32,
}

pub struct Ring {
    ring: OwnedFd,
    told: Parameters,
    rings: *mut u8,
    submissions: *mut Submission,
}

impl Ring {
    pub fn new() -> io::Result<Ring> {
        let mut told = Parameters::default();
        // SAFETY: the parameters are as the kernel lays them out, and live until the call is over.
        let ring = unsafe { libc::syscall(libc::SYS_io_uring_setup, ENTRIES, &raw mut told) };
        if ring < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call gave a new descriptor that nobody else has.
        let ring = unsafe { OwnedFd::from_raw_fd(ring as i32) };
        if told.features & FEATURE_ONE_MAPPING == 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let submissions = told.submissions.array as usize + told.submission_entries as usize * 4;
        let completions =
            told.completions.completions as usize + told.completion_entries as usize * size_of::<Completion>();
        let rings = map(&ring, submissions.max(completions), OFFSET_SUBMISSIONS)?;
        let entries = told.submission_entries as usize * size_of::<Submission>();
        let submissions = map(&ring, entries, OFFSET_ENTRIES)?.cast();
        Ok(Ring { ring, told, rings, submissions })
    }

    pub fn read(&mut self, file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.one(OP_READ, file, buffer.as_mut_ptr(), buffer.len(), offset)
    }

    pub fn write(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.one(OP_WRITE, file, bytes.as_ptr().cast_mut(), bytes.len(), offset)
    }

    /// Submits one operation and waits for its answer; the bytes are borrowed until then.
    fn one(&mut self, operation: u8, file: &File, at: *mut u8, len: usize, offset: u64) -> io::Result<usize> {
        let tail = self.word(self.told.submissions.tail);
        // SAFETY: all offsets are the kernel's own, inside what was mapped; one operation at a time is under way, so that
        // the entry and its place in the array are free.
        unsafe {
            let index = tail.load(Ordering::Relaxed) & self.word(self.told.submissions.mask).load(Ordering::Relaxed);
            let submission = Submission {
                operation,
                descriptor: file.as_raw_fd(),
                offset,
                address: at as u64,
                len: len as u32,
                ..Submission::default()
            };
            self.submissions.add(index as usize).write(submission);
            self.rings.add(self.told.submissions.array as usize).cast::<u32>().add(index as usize).write(index);
        }
        tail.fetch_add(1, Ordering::Release);
        let ring = self.ring.as_raw_fd();
        let no_mask = ptr::null::<libc::c_void>();
        // SAFETY: no mask of signals is given.
        let entered = unsafe { libc::syscall(libc::SYS_io_uring_enter, ring, 1u32, 1u32, GETEVENTS, no_mask, 0usize) };
        if entered < 0 {
            return Err(io::Error::last_os_error());
        }
        let head = self.word(self.told.completions.head);
        let index = head.load(Ordering::Acquire) & self.word(self.told.completions.mask).load(Ordering::Relaxed);
        // SAFETY: as above; the call above waited until one completion is there.
        let answer = unsafe {
            self.rings
                .add(self.told.completions.completions as usize)
                .cast::<Completion>()
                .add(index as usize)
                .read()
                .answer
        };
        head.fetch_add(1, Ordering::Release);
        usize::try_from(answer).map_err(|_| io::Error::from_raw_os_error(-answer))
    }

    fn word(&self, offset: u32) -> &AtomicU32 {
        // SAFETY: the offset is the kernel's own and lies inside what was mapped, aligned for a word.
        unsafe { AtomicU32::from_ptr(self.rings.add(offset as usize).cast()) }
    }
}

/// The mapping stays as long as the process, which is short.
fn map(ring: &OwnedFd, len: usize, offset: i64) -> io::Result<*mut u8> {
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
    // SAFETY: the kernel chooses the place; the result is checked.
    let place = unsafe { libc::mmap(ptr::null_mut(), len, rights, flags, ring.as_raw_fd(), offset) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place.cast()) }
}
