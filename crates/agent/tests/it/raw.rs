//! The few calls of the stand-ins and of their tests that have no safe form here.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Says something in one write and without a lock, so that a process just forked may say it.
/// False when nobody listens any more.
pub fn say(text: &str) -> bool {
    rustix::io::write(rustix::stdio::stderr(), text.as_bytes()).is_ok()
}

/// Ends this process at once.
pub fn leave() -> ! {
    // SAFETY: the call does not return.
    unsafe { libc::_exit(1) }
}

/// What this thread mounts from now on is seen only by it and by what it starts, and is gone with them.
pub fn own_mounts() -> io::Result<()> {
    // SAFETY: the call takes no pointers.
    match unsafe { libc::unshare(libc::CLONE_NEWNS) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// From now on this thread is in the network that a file stands for, and what it opens as well.
pub fn enter_network(path: &Path) -> io::Result<()> {
    let network = File::open(path)?;
    // SAFETY: a descriptor and a number in, a number out; only this thread is moved.
    match unsafe { libc::setns(network.as_raw_fd(), libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

pub fn signal_group(leader: i32, signal: i32) {
    // SAFETY: the call takes no pointers.
    unsafe { libc::kill(-leader, signal) };
}

/// A program that is ended with the thread that starts it: one that is killed leaves no guard behind.
pub fn ends_with_me(command: &mut Command) {
    // SAFETY: between fork and exec there is one system call, which takes no pointers.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

/// A program that begins where another process is: with what that one sees mounted, and with its network.
pub fn begins_beside(command: &mut Command, process: u32) -> io::Result<()> {
    let open = |name| File::open(format!("/proc/{process}/ns/{name}"));
    let spaces = [open("net")?, open("mnt")?];
    let enter = move || {
        // SAFETY: the call takes no pointers, and the closure holds the descriptors open.
        let entered = |space: &File| unsafe { libc::setns(space.as_raw_fd(), 0) } == 0;
        if spaces.iter().all(entered) { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: between fork and exec there are two system calls; nothing is allocated and no lock is taken.
    unsafe { command.pre_exec(enter) };
    Ok(())
}

/// Changes a file through a shared mapping of it.
pub fn mapped(file: &File, len: usize, change: impl FnOnce(&mut [u8])) -> io::Result<()> {
    if len == 0 {
        return Ok(());
    }
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses the place; the result is checked.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), len, rights, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `len` bytes are mapped there, to read and to write, and nothing else in this process knows them.
    change(unsafe { std::slice::from_raw_parts_mut(place.cast::<u8>(), len) });
    // SAFETY: the range is the one that was mapped, and the slice is gone.
    let synced = unsafe { libc::msync(place, len, libc::MS_SYNC) };
    let error = io::Error::last_os_error();
    // SAFETY: as above.
    unsafe { libc::munmap(place, len) };
    if synced == 0 { Ok(()) } else { Err(error) }
}

/// Maps the first page of a file, to read, and changes another by that: makes it writable, longer, and lets it show what lies
/// elsewhere. Nothing of that is asked about.
pub fn change_by_first_page(file: &File, at: usize) -> io::Result<()> {
    const PAGE: usize = 4096;
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses the places, and each result is checked before anything is written there, within what is
    // mapped; nothing else in this process knows them.
    unsafe {
        let null = std::ptr::null_mut();
        let place = libc::mmap(null, PAGE, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0);
        if place == libc::MAP_FAILED || libc::mprotect(place, PAGE, rights) != 0 {
            return Err(io::Error::last_os_error());
        }
        let longer = libc::mremap(place, PAGE, at + PAGE, libc::MREMAP_MAYMOVE);
        if longer == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        longer.cast::<u8>().add(at).write_bytes(0x5a, PAGE);
        libc::munmap(longer, at + PAGE);
    }
    Ok(())
}

/// Runs `work` in a process of its own and returns its id.
pub fn fork(work: impl FnOnce()) -> io::Result<i32> {
    // SAFETY: the child has this one thread. It allocates, which the C library allows after a fork, takes no lock of Rust's
    // standard streams, and leaves without running anything of the parent's.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            work();
            // SAFETY: the call does not return.
            unsafe { libc::_exit(0) }
        }
        pid => Ok(pid),
    }
}

pub fn wait(pid: i32) {
    // SAFETY: no status is asked for.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
}

/// Cuts a file by its path, without opening it.
pub fn truncate(path: &Path, len: u64) -> io::Result<()> {
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path ends with a zero and lives until the call is over.
    match unsafe { libc::truncate(path.as_ptr(), len as libc::off_t) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A block of memory as files want it that are written around the cache.
#[repr(C, align(4096))]
#[derive(Clone)]
pub struct Block(pub [u8; 4096]);
