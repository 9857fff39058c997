//! What `/proc` says of a process at the moment it is looked at; soon it may be gone, or be another.

use crate::kernel::processes::{self, Program};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What is read of a process; no content of files yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub parent: i32,
    /// Nanoseconds since 1970, as exact as the ticks of the clock.
    pub began: u64,
    /// None for a thread of the kernel.
    pub program: Option<Program>,
    pub arguments: Vec<String>,
    pub arguments_cut: bool,
    pub folder: String,
    pub real: u32,
    pub effective: u32,
    pub group: u32,
    pub login: Option<u32>,
    pub session: Option<u32>,
}

/// Bytes of a command line that are kept.
pub const ARGUMENT_BYTES_MAX: usize = 32 << 10;
/// Arguments that are kept.
pub const ARGUMENTS_MAX: usize = 1024;
const STATUS_BYTES_MAX: u64 = 16 << 10;
/// What the kernel says where nobody logged on.
const NOBODY: u32 = u32::MAX;

/// Ticks and the calendar.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    /// When the machine began, in nanoseconds since 1970, counting sleep.
    booted: u64,
    /// The same by the clock that stands still in sleep.
    awake_since: u64,
    tick: u64,
}

impl Calendar {
    /// As the clocks are now: they are set now and then, and asked anew.
    pub fn now() -> Calendar {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, nanoseconds);
        // SAFETY: plain call with a number.
        let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        Calendar {
            booted: since.saturating_sub(clock(libc::CLOCK_BOOTTIME)),
            awake_since: since.saturating_sub(clock(libc::CLOCK_MONOTONIC)),
            tick: 1_000_000_000 / u64::try_from(ticks).unwrap_or(100).max(1),
        }
    }

    pub fn of_uptime(&self, uptime: u64) -> u64 {
        self.awake_since.saturating_add(uptime)
    }

    fn of_ticks(&self, ticks: u64) -> u64 {
        self.booted.saturating_add(ticks.saturating_mul(self.tick))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn clock(which: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure lives as long as the call.
    unsafe { libc::clock_gettime(which, &raw mut time) };
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec))
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, nanoseconds)
}

/// Looks at a process.
///
/// # Errors
/// When it is gone.
pub fn look(number: i32, calendar: &Calendar) -> io::Result<Facts> {
    let stat = processes::stat(number)?;
    let status = status(&bounded(&format!("/proc/{number}/status"), STATUS_BYTES_MAX)?);
    let line = bounded(&format!("/proc/{number}/cmdline"), ARGUMENT_BYTES_MAX as u64 + 1)?;
    let (arguments, arguments_cut) = arguments(&line);
    // The program last: while that is there, so was everything before.
    Ok(Facts {
        parent: stat.parent,
        began: calendar.of_ticks(stat.began),
        arguments,
        arguments_cut,
        folder: fs::read_link(format!("/proc/{number}/cwd")).map_or(String::new(), |path| shown(&path)),
        login: identity(number, "loginuid"),
        session: identity(number, "sessionid"),
        program: processes::program(number).ok(),
        ..status
    })
}

/// Reads at most so much of a file that may be larger.
pub(crate) fn bounded(path: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn identity(number: i32, name: &str) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{number}/{name}")).ok()?;
    text.trim().parse().ok().filter(|id| *id != NOBODY)
}

fn arguments(line: &[u8]) -> (Vec<String>, bool) {
    let cut = line.len() > ARGUMENT_BYTES_MAX;
    let line = line.get(..ARGUMENT_BYTES_MAX).unwrap_or(line);
    let line = line.strip_suffix(b"\0").unwrap_or(line);
    if line.is_empty() {
        return (Vec::new(), cut);
    }
    let mut parts = line.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned());
    let kept: Vec<_> = parts.by_ref().take(ARGUMENTS_MAX).collect();
    (kept, cut || parts.next().is_some())
}

/// The users of `/proc/N/status`: real, effective, and the effective group.
fn status(text: &[u8]) -> Facts {
    let text = String::from_utf8_lossy(text);
    let ids = |name: &str, at: usize| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_ascii_whitespace().nth(at)?.parse().ok()).unwrap_or(NOBODY)
    };
    Facts { real: ids("Uid:", 0), effective: ids("Uid:", 1), group: ids("Gid:", 1), ..Facts::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn this_process_is_as_it_is() {
        let me = i32::try_from(std::process::id()).unwrap();
        let facts = look(me, &Calendar::now()).unwrap();
        assert_eq!(facts.arguments, std::env::args().collect::<Vec<_>>());
        assert_eq!(facts.real, rustix::process::getuid().as_raw());
        assert_eq!(facts.folder, std::env::current_dir().unwrap().to_str().unwrap());
        assert_eq!(facts.program.unwrap().path, std::env::current_exe().unwrap());
        assert!(now() - facts.began < 3_600_000_000_000, "it began within the hour");
        assert!(look(i32::MAX, &Calendar::now()).is_err());
    }

    #[test]
    fn long_command_lines_say_that_they_are_cut() {
        let long = vec![b'a'; ARGUMENT_BYTES_MAX + 1];
        assert_eq!(arguments(&long).0[0].len(), ARGUMENT_BYTES_MAX);
        assert!(arguments(&long).1);
        let many = b"a\0".repeat(ARGUMENTS_MAX + 1);
        assert_eq!((arguments(&many).0.len(), arguments(&many).1), (ARGUMENTS_MAX, true));
        assert_eq!(arguments(b"ls\0\0-l\0"), (vec!["ls".into(), String::new(), "-l".into()], false));
        assert_eq!(arguments(b""), (vec![], false));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_readers(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            arguments(&bytes);
            status(&bytes);
        }
    }
}
