//! Who opens a file, and what for: the loader that makes it a part of a program, or an interpreter that runs it.

use crate::interpreters::{Given, given, interpreter};
use crate::kernel::facts::{Facts, Version};
use crate::kernel::processes;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Arguments of an interpreter that are looked at for its script.
const ARGUMENTS_MAX: usize = 8;
/// A thread that is not seen waiting is looked at again so often, after a while each.
const LOOKS_MAX: u32 = 1000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
/// Programs that link at run time: `ld-linux-x86-64.so.2`, `ld-musl-x86_64.so.1`, `ld64.so.1`.
const LOADERS: &[&str] = &["ld-", "ld.so", "ld64."];

/// Whether a thread that waits for an open is in the loader. Others who open a library read it, as one does who copies it.
/// Where nobody can say, it is.
pub fn loads(thread: i32) -> bool {
    let at = waits_at(thread);
    let maps = fs::read(format!("/proc/{thread}/maps"));
    let (Some(at), Ok(maps)) = (at, maps) else { return true };
    mapped_at(&maps, at).is_none_or(|name| LOADERS.iter().any(|loader| name.starts_with(loader.as_bytes())))
}

/// Where the program is that made the call a thread waits in. Each answer wakes all who wait for one, for a moment in which
/// nobody can say where they are.
fn waits_at(thread: i32) -> Option<u64> {
    (0..LOOKS_MAX).find_map(|look| {
        if look > 0 {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        instruction(&fs::read_to_string(format!("/proc/{thread}/syscall")).ok()?)
    })
}

/// The last of the numbers that the kernel tells of a call.
fn instruction(text: &str) -> Option<u64> {
    let last = text.split_ascii_whitespace().nth(8)?;
    u64::from_str_radix(last.strip_prefix("0x")?, 16).ok()
}

/// The name of the file that is mapped at a place, without its folders.
fn mapped_at(maps: &[u8], at: u64) -> Option<&[u8]> {
    let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
    maps.split(|byte| *byte == b'\n').find_map(|line| {
        let (range, _) = line.split_at_checked(line.iter().position(|byte| *byte == b' ')?)?;
        let (from, to) = std::str::from_utf8(range).ok()?.split_once('-')?;
        if !(number(from)?..number(to)?).contains(&at) {
            return None;
        }
        let path = line.get(line.iter().position(|byte| *byte == b'/')?..)?;
        path.rsplit(|byte| *byte == b'/').next()
    })
}

/// Whether a thread runs an interpreter. Comes back at once.
pub fn is_interpreter(thread: i32) -> bool {
    fs::read_link(format!("/proc/{thread}/exe")).is_ok_and(|program| interpreter(&program).is_some())
}

/// Whether a file is the script that an interpreter is given to run. Reads the memory of its process, and looks for the file
/// as that process does: one may wait for whoever keeps either.
pub fn is_script_of(thread: i32, version: &Version) -> bool {
    let Ok(program) = fs::read_link(format!("/proc/{thread}/exe")) else { return false };
    let (Some(interpreter), Ok(mut arguments)) = (interpreter(&program), processes::arguments(thread)) else {
        return false;
    };
    for _ in 0..ARGUMENTS_MAX {
        let Given::Script(path) = given(interpreter, &arguments) else { return false };
        if let Ok(found) = seen_by(thread, &path).and_then(Facts::of)
            && found.is_regular()
        {
            return found.version.device == version.device && found.version.inode == version.inode;
        }
        // It was the value of an option, such as of `-W ignore`.
        let Some(place) = arguments.iter().skip(1).position(|argument| argument == path.as_os_str().as_bytes()) else {
            return false;
        };
        arguments.remove(place + 1);
    }
    false
}

/// What a path leads to for another process, not opened.
fn seen_by(thread: i32, path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    // `/dev/fd/3` is a link to what is open there: in that process, not in this one.
    let own = ["/dev/fd", "/proc/self/fd"].iter().find_map(|folder| path.strip_prefix(folder).ok());
    if let Some(number) = own {
        return Ok(rustix::fs::openat(
            CWD,
            Path::new(&format!("/proc/{thread}/fd")).join(number),
            flags,
            Mode::empty(),
        )?);
    }
    if path.is_relative() {
        let folder = PathBuf::from(format!("/proc/{thread}/cwd"));
        return Ok(rustix::fs::openat(CWD, folder.join(path), flags, Mode::empty())?);
    }
    let root = rustix::fs::openat(CWD, format!("/proc/{thread}/root"), flags, Mode::empty())?;
    Ok(rustix::fs::openat2(&root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_is_known_by_where_it_is_mapped() {
        let line = "257 0xffffff9c 0x7ffc5a90b070 0x80000 0x0 0x0 0x0 0x7ffc5a90afa0 0x7f48e8209011\n";
        assert_eq!(instruction(line), Some(0x7f48_e820_9011));
        assert_eq!(instruction("running\n"), None);
        let maps = b"55d0e0000000-55d0e0001000 r-xp 00000000 fe:00 42 /usr/bin/cat\n\
            7f48e8200000-7f48e8220000 r-xp 00001000 fe:00 77                         /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2\n\
            7f48e9000000-7f48e9001000 rwxp 00000000 00:00 0 \n";
        assert_eq!(mapped_at(maps, 0x7f48_e820_9011), Some(&b"ld-linux-x86-64.so.2"[..]));
        assert_eq!(mapped_at(maps, 0x55d0_e000_0fff), Some(&b"cat"[..]));
        assert_eq!((mapped_at(maps, 0x7f48_e900_0000), mapped_at(maps, 1), mapped_at(b"x", 1)), (None, None, None));
    }

    #[test]
    fn this_test_is_no_interpreter() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(!is_interpreter(me));
        assert!(!is_script_of(me, &Facts::at(Path::new("/")).unwrap().version));
    }

    #[test]
    fn the_script_of_an_interpreter_is_found_behind_its_options() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("a.sh");
        fs::write(&script, "read line\n").unwrap();
        for (start, path) in [("/", script.as_path()), (folder.path().to_str().unwrap(), Path::new("a.sh"))] {
            let mut child = std::process::Command::new("sh")
                .args(["-o", "noglob"])
                .arg(path)
                .current_dir(start)
                .stdin(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let number = i32::try_from(child.id()).unwrap();
            let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
            // It has no arguments yet in the moment in which it becomes another program.
            let version = Facts::at(&script).unwrap().version;
            while !is_script_of(number, &version) && std::time::Instant::now() < until {
                std::thread::yield_now();
            }
            assert!(is_interpreter(number) && is_script_of(number, &version));
            assert!(!is_script_of(number, &Facts::at(folder.path()).unwrap().version));
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }
}
