//! Calls of the kernel that have no safe word in Rust.

use std::io;
use std::time::Duration;

/// How a process ended and what it took.
pub struct Gone {
    pub status: i32,
    pub cpu: Duration,
    pub peak_bytes: u64,
}

/// Which side of a fork this is.
pub enum Side {
    Copy,
    Original(libc::pid_t),
}

/// Makes a copy of this process, which has one thread.
pub fn fork() -> io::Result<Side> {
    // SAFETY: the process has one thread (`serve` starts none), so that no lock is held in the copy by nobody.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Copy),
        process => Ok(Side::Original(process)),
    }
}

/// Ends this process without looking after what its original had begun.
pub fn end(code: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(code) }
}

pub fn kill(process: libc::pid_t) {
    // SAFETY: plain call with numbers; the process is our copy, which was not waited for.
    unsafe { libc::kill(process, libc::SIGKILL) };
}

/// Waits for a copy that ended or was told to.
pub fn wait(process: libc::pid_t) -> io::Result<Gone> {
    let mut status = 0;
    // SAFETY: a structure of numbers, for which zeros are values.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both places live until the call returns.
        if unsafe { libc::wait4(process, &raw mut status, 0, &raw mut used) } == process {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    let cpu = time(used.ru_utime) + time(used.ru_stime);
    Ok(Gone { status, cpu, peak_bytes: used.ru_maxrss.unsigned_abs() << 10 })
}

/// The signal that ended a process, if one did.
pub fn signal_of(status: i32) -> Option<i32> {
    libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
}

pub fn exit_code_of(status: i32) -> Option<i32> {
    libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status))
}

/// Has the kernel end this process when its parent does, and looks whether that happened already.
pub fn end_with(parent: libc::pid_t) -> io::Result<()> {
    // SAFETY: plain calls with numbers.
    let said = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    // SAFETY: a call without arguments.
    if said == 0 && unsafe { libc::getppid() } == parent { Ok(()) } else { Err(io::Error::last_os_error()) }
}

pub fn own_id() -> libc::pid_t {
    // SAFETY: a call without arguments.
    unsafe { libc::getpid() }
}

pub fn is_root() -> bool {
    // SAFETY: a call without arguments.
    unsafe { libc::geteuid() == 0 }
}

/// Becomes a user without rights, in no groups, for good.
pub fn become_user(user: u32) -> io::Result<()> {
    // SAFETY: plain calls with numbers and an empty list.
    let done = unsafe {
        libc::setgroups(0, std::ptr::null()) == 0
            && libc::setresgid(user, user, user) == 0
            && libc::setresuid(user, user, user) == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether memory can be had that is both written and run.
pub fn can_make_code() -> bool {
    let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory at a place that the kernel chooses; nothing is written to it or run.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), 4096, prot, flags, -1, 0) };
    place != libc::MAP_FAILED
}

pub fn limit(what: libc::__rlimit_resource_t, most: u64) -> io::Result<()> {
    let most = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: `most` lives until the call returns.
    if unsafe { libc::setrlimit(what, &raw const most) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Takes less of a core that is wanted elsewhere.
pub fn be_nice(nice: i32) {
    // SAFETY: plain call with numbers; the priority of this process only.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
}

/// No other process of the same user looks into this one.
pub fn undumpable() -> io::Result<()> {
    // SAFETY: plain call with numbers.
    if unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Bytes that count as data of this process now: what its rules take, which copies share.
pub fn data_bytes() -> u64 {
    use std::sync::OnceLock;
    static BYTES: OnceLock<u64> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let pages = std::fs::read_to_string("/proc/self/statm")
            .ok()
            .and_then(|line| line.split_whitespace().nth(5).and_then(|pages| pages.parse::<u64>().ok()));
        // SAFETY: plain call with a number.
        let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
        pages.unwrap_or(0) * page
    })
}
