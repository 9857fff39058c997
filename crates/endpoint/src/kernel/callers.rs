//! Threads that wait for an answer, and what `/proc` says of them. What was opened of one stays open for a while: whoever asks
//! once mostly asks again.

use rustix::fs::{CWD, Mode, OFlags};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// A call that a thread is in: its number, and its arguments.
pub type Call = (i64, [u64; 6]);

/// Threads that are kept open, with two descriptors each.
const OPEN_MAX: usize = 64;
/// Whoever asks is on his way to sleep; so often one looks whether he is there.
const LOOKS_MAX: usize = 64;
const LINE_BYTES: usize = 256;

/// A file below `/proc/N` speaks of one thread, and of none when that is gone: never of a later one with its number.
#[derive(Debug)]
struct Caller {
    folder: OwnedFd,
    call: File,
}

impl Caller {
    fn of(thread: i32) -> io::Result<Caller> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, format!("/proc/{thread}"), flags, Mode::empty())?;
        let call = rustix::fs::openat(&folder, c"syscall", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Caller { folder, call: call.into() })
    }

    fn program(&self) -> io::Result<PathBuf> {
        let program = rustix::fs::readlinkat(&self.folder, c"exe", Vec::new())?;
        Ok(std::ffi::OsString::from_vec(program.into_bytes()).into())
    }

    /// None while the thread is no longer, or not yet, where it waits.
    fn call(&self) -> io::Result<Option<Call>> {
        let mut line = [0; LINE_BYTES];
        let read = self.call.read_at(&mut line, 0)?;
        let line = line.get(..read).and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
        match parse(line) {
            None if line.starts_with("running") => Ok(None),
            None => Err(io::Error::from(io::ErrorKind::InvalidData)),
            call => Ok(call),
        }
    }
}

#[derive(Debug, Default)]
pub struct Callers(HashMap<i32, Caller>);

impl Callers {
    /// The path of what a thread runs, as the kernel shows it.
    ///
    /// # Errors
    /// When the thread is gone, or one of the kernel.
    pub fn program(&mut self, thread: i32) -> io::Result<PathBuf> {
        self.ask(thread, Caller::program)
    }

    /// The call that a thread waits in.
    ///
    /// # Errors
    /// When the thread is gone, or does not wait.
    pub fn call(&mut self, thread: i32) -> io::Result<Call> {
        let look = |caller: &Caller| {
            for _ in 0..LOOKS_MAX {
                if let Some(call) = caller.call()? {
                    return Ok(call);
                }
                std::hint::spin_loop();
            }
            Err(io::Error::from(io::ErrorKind::WouldBlock))
        };
        self.ask(thread, look)
    }

    fn ask<T>(&mut self, thread: i32, what: impl Fn(&Caller) -> io::Result<T>) -> io::Result<T> {
        if let Some(caller) = self.0.get(&thread) {
            match what(caller) {
                // It is gone, and another may have its number.
                Err(error) if is_gone(&error) => drop(self.0.remove(&thread)),
                said => return said,
            }
        }
        if self.0.len() >= OPEN_MAX {
            self.0.clear();
        }
        what(self.0.entry(thread).insert_entry(Caller::of(thread)?).get())
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENOENT))
}

fn parse(line: &str) -> Option<Call> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = hexadecimal(words.next()?)?;
    }
    // Where it comes from, and its stack: a worker of a ring, which works with a copy of whatever call its maker was in, has
    // neither.
    let (stack, place) = (hexadecimal(words.next()?)?, hexadecimal(words.next()?)?);
    (stack != 0 || place != 0).then_some((number, arguments))
}

fn hexadecimal(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line = "257 0xffffff9c 0x7ffc5a90b070 0x241 0x1b6 0x3 0x0 0x7ffc5a90afa0 0x7f48e8209011\n";
        assert_eq!(parse(line), Some((257, [0xffff_ff9c, 0x7ffc_5a90_b070, 0x241, 0x1b6, 3, 0])));
        let of_a_ring = "0 0x3 0x7ffc5a90b070 0x1000 0x0 0x0 0x0 0x0 0x0\n";
        for line in ["running\n", "-1 0x0 0x0", "", "x", of_a_ring] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_thread_is_asked_as_long_as_it_is_there() {
        let mut callers = Callers::default();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let number = i32::try_from(child.id()).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while callers.call(number).map(|(number, _)| number).ok() != Some(libc::SYS_read) {
            assert!(Instant::now() < until, "it never waits for a line");
        }
        assert!(callers.program(number).unwrap().is_absolute());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(callers.call(number).is_err() && callers.program(number).is_err());
        assert!(callers.0.is_empty());
    }

    #[test]
    fn no_more_are_kept_open_than_there_is_room_for() {
        let mut callers = Callers::default();
        let mut threads = crate::kernel::processes::all().unwrap();
        threads.truncate(OPEN_MAX * 2);
        for thread in threads {
            let _ = callers.call(thread);
            assert!(callers.0.len() <= OPEN_MAX);
        }
    }
}
