//! What a thread asked the kernel for while it waits for an answer.

use super::callers::Callers;

/// What somebody wants a file for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Reading,
    /// Nobody can say without waiting for somebody: it is kept as if it were to be changed.
    Perhaps,
    /// Reading through a shared mapping: who has the file open for writing may make it writable, and nobody asks again.
    Sharing,
    /// What is in it may be changed.
    Changing(Part),
}

/// The part of a file that a call may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// None of it: it is opened, and whoever writes into it is asked again.
    None,
    /// The bytes that the kernel asks about.
    Range,
    /// From there to its end: what is cut, or moved by what is taken out before it.
    Rest,
    /// Any of it.
    All,
}

const ACCESS: u64 = 0o3;
const CREATE_NEW: u64 = (libc::O_CREAT | libc::O_EXCL) as u64;

/// What a thread wants that waits for an open, or before it touches what is in a file.
pub fn wanted(touches: bool, thread: i32, callers: &mut Callers) -> Wanted {
    if touches { touches_for(thread, callers) } else { opened_for(thread, callers) }
}

/// What a thread that waits for an open wants it for. Where nobody can say, it is changing. The flags of `openat2` are in the
/// memory of a process, which another thread may change, and which whoever keeps it may never give: they are not looked at.
fn opened_for(thread: i32, callers: &mut Callers) -> Wanted {
    match callers.call(thread) {
        Ok((libc::SYS_openat2, _)) => Wanted::Perhaps,
        Ok((number, arguments)) => of_open(number, &arguments),
        Err(_) => Wanted::Changing(Part::All),
    }
}

fn is_read_only(flags: Option<u64>) -> bool {
    flags.is_some_and(|flags| flags & ACCESS == 0 && flags & libc::O_TRUNC as u64 == 0)
}

fn of_open(number: i64, arguments: &[u64; 6]) -> Wanted {
    let flags = match number {
        libc::SYS_openat | libc::SYS_open_by_handle_at => Some(arguments[2]),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => Some(arguments[1]),
        libc::SYS_execve | libc::SYS_execveat => return Wanted::Reading,
        _ => None,
    };
    match flags {
        Some(flags) if is_read_only(Some(flags)) => Wanted::Reading,
        // A file that is made has nothing in it.
        Some(flags) if flags & CREATE_NEW == CREATE_NEW => Wanted::Reading,
        Some(flags) if flags & libc::O_TRUNC as u64 == 0 => Wanted::Changing(Part::None),
        _ => Wanted::Changing(Part::All),
    }
}

/// What a thread that waits before it touches what is in a file is about to do.
fn touches_for(thread: i32, callers: &mut Callers) -> Wanted {
    match callers.call(thread) {
        Ok((number, _)) if READS.contains(&number) => Wanted::Reading,
        Ok((number, _)) if WRITES.contains(&number) => Wanted::Changing(Part::Range),
        Ok((libc::SYS_mmap, arguments)) => of_mapping(&arguments),
        // Cuts, and what nobody can see into: a ring may also take out a part, which moves all behind it.
        _ => Wanted::Changing(Part::Rest),
    }
}

/// A shared mapping may come to hold more of a file than it was asked about for: `mremap` and `remap_file_pages` do not ask.
fn of_mapping(arguments: &[u64; 6]) -> Wanted {
    const WRITABLE: u64 = libc::PROT_WRITE as u64;
    const PRIVATE: u64 = libc::MAP_PRIVATE as u64;
    match (arguments[3] & PRIVATE != 0, arguments[2] & WRITABLE != 0) {
        (true, _) => Wanted::Reading,
        (false, true) => Wanted::Changing(Part::All),
        (false, false) => Wanted::Sharing,
    }
}

/// Calls that read a file and cannot change it.
const READS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_readv,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_execve,
    libc::SYS_execveat,
];

/// Calls that change a file in the range that the kernel asks about, or behind its end.
const WRITES: &[i64] = &[
    libc::SYS_write,
    libc::SYS_pwrite64,
    libc::SYS_writev,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_copy_file_range,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn open(flags: i32) -> Wanted {
        of_open(libc::SYS_openat, &[0, 0, u64::from(flags.cast_unsigned()), 0, 0, 0])
    }

    #[test]
    fn flags_say_what_a_file_is_opened_for() {
        assert_eq!(open(libc::O_RDONLY | libc::O_CLOEXEC), Wanted::Reading);
        for flags in [libc::O_WRONLY, libc::O_RDWR, libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND, 3] {
            assert_eq!(open(flags), Wanted::Changing(Part::None), "{flags:o}");
        }
        for flags in [libc::O_RDONLY | libc::O_TRUNC, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC] {
            assert_eq!(open(flags), Wanted::Changing(Part::All), "{flags:o}");
        }
        assert_eq!(open(libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL), Wanted::Reading);
        // Where the flags are in memory, or the call is none that opens.
        assert_eq!(of_open(libc::SYS_openat2, &[0; 6]), Wanted::Changing(Part::All));
        assert_eq!(of_open(libc::SYS_io_uring_enter, &[0; 6]), Wanted::Changing(Part::All));
    }

    #[test]
    fn a_shared_mapping_may_become_any_part_of_a_file() {
        let mapped = |rights: i32, flags: i32| {
            of_mapping(&[0, 4096, u64::from(rights.cast_unsigned()), u64::from(flags.cast_unsigned()), 3, 0])
        };
        assert_eq!(mapped(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE), Wanted::Reading);
        assert_eq!(mapped(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED), Wanted::Changing(Part::All));
        assert_eq!(mapped(libc::PROT_READ, libc::MAP_SHARED), Wanted::Sharing);
    }
}
