//! Another program in the place of this one, while whoever asks is always answered: [ADR 23](../../../../docs/adr/0023-agent-updates.md).
//!
//! To start a program is to open it, and that is asked about. So the next program is started while the worker is still at
//! work ([`Standby`]), and begins to answer when that one made room. It is on trial then: when it ends, the next worker is one
//! of the program before, which is in the keeper's memory still. Only when it proved itself the keeper becomes that program
//! too ([`become_`]), with the new worker at work below it.

use super::letters::{self, Letter};
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Of what one program hands over to another: both have to know it.
const FORM: u32 = 1;
/// By which a program learns that it is handed something.
const VARIABLE: &str = "REDOUBT_HANDED_OVER";
/// One that is not there by then will not be.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// The worker makes room by then, or has to.
const RELIEVED_WITHIN: Duration = Duration::from_secs(5);
/// A keeper that is not the other program by then is ended.
const BECOMES_WITHIN_SECONDS: u32 = 20;
/// With which a worker ends that makes room: it is followed by another one, whoever that is by then.
pub const MADE_ROOM: u8 = 75;
/// With which one ends that could not become another program.
const UNSTARTED: i32 = 126;
/// From there on the end of one is the number of an error.
const ERRORS: i32 = 1000;
pub const SLOW: i32 = i32::MIN;

pub const NOTHING: u8 = 0;
pub const BEGUN: u8 = 1;
pub const ON_TRIAL: u8 = 2;
pub const FAILED: u8 = 3;

/// How far it is with another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    Nothing,
    /// It is being started, and this one is at work.
    Begun,
    /// This one is it, and has to prove itself.
    OnTrial,
    /// It is gone, and this one is of the program before.
    Failed(End),
}

/// How a program ended that was on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It could not be started: the number of the error.
    Unstarted(i32),
    Code(i32),
    Signal(i32),
    /// It was ended, since it was not ready or did not prove itself in time.
    Slow,
}

impl Renewal {
    pub(super) fn of((renewal, end): (u8, i32)) -> Renewal {
        match renewal {
            BEGUN => Renewal::Begun,
            ON_TRIAL => Renewal::OnTrial,
            FAILED => Renewal::Failed(match end {
                SLOW => End::Slow,
                end if end >= ERRORS => End::Unstarted(end - ERRORS),
                end if end < 0 => End::Signal(-end),
                end => End::Code(end),
            }),
            _ => Renewal::Nothing,
        }
    }
}

/// The number by which an error is told.
pub fn number_of(error: &io::Error) -> i32 {
    ERRORS + error.raw_os_error().unwrap_or(0)
}

/// What this program was handed by another one.
pub enum Handed {
    /// It is to be the next worker.
    Worker { letters: OwnedFd, page: OwnedFd },
    /// It is to be the keeper.
    Keeper { given: OwnedFd, letters: OwnedFd, workers: OwnedFd, page: OwnedFd, worker: Pid },
}

/// What this process was handed, if it was anything. To be asked once.
pub fn handed() -> Option<io::Result<Handed>> {
    let told = std::env::var(VARIABLE).ok()?;
    let mut words = told.split(' ');
    let role = words.next()?;
    let mut numbers = words.map(|word| word.parse::<i32>().unwrap_or(-1));
    let form = numbers.next();
    // Whoever is started by somebody who was handed something has that in his environment as well.
    if numbers.next() != Some(getpid().as_raw_nonzero().get()) {
        return None;
    }
    if form != i32::try_from(FORM).ok() {
        return Some(Err(io::Error::from(io::ErrorKind::Unsupported)));
    }
    Some(take(role, &numbers.collect::<Vec<_>>()))
}

fn take(role: &str, numbers: &[i32]) -> io::Result<Handed> {
    match (role, numbers) {
        ("worker", [letters, page]) => Ok(Handed::Worker { letters: owned(*letters)?, page: owned(*page)? }),
        ("keeper", [given, letters, workers, page, worker]) => Ok(Handed::Keeper {
            given: owned(*given)?,
            letters: owned(*letters)?,
            workers: owned(*workers)?,
            page: owned(*page)?,
            worker: Pid::from_raw(*worker).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?,
        }),
        _ => Err(io::Error::from(io::ErrorKind::Unsupported)),
    }
}

/// A descriptor that this process was started with.
fn owned(number: RawFd) -> io::Result<OwnedFd> {
    if number <= 2 {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    // SAFETY: it is borrowed for a question only, which fails when there is no such descriptor.
    fcntl_setfd(unsafe { BorrowedFd::borrow_raw(number) }, FdFlags::CLOEXEC)?;
    // SAFETY: it is open, whoever started this process left it for this, and nobody here has taken it yet: that is done
    // once, at the beginning, for each number once.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Becomes another program with the same arguments, which has these descriptors. Comes back when that is not possible.
fn exec(program: &Path, role: &str, descriptors: &[BorrowedFd], more: &str) -> io::Error {
    for descriptor in descriptors {
        let flags = fcntl_getfd(descriptor).unwrap_or(FdFlags::empty()) - FdFlags::CLOEXEC;
        if let Err(error) = fcntl_setfd(descriptor, flags) {
            return error.into();
        }
    }
    let numbers: Vec<_> = descriptors.iter().map(|descriptor| descriptor.as_raw_fd().to_string()).collect();
    let me = getpid().as_raw_nonzero();
    let told = format!("{role} {FORM} {me} {}{more}", numbers.join(" "));
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    command.arg0(arguments.next().unwrap_or_default()).args(arguments).env(VARIABLE, told);
    command.envs(CARRIED.get().map(|what| (CARRIED_VARIABLE, what)));
    let error = command.exec();
    for descriptor in descriptors {
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
    error
}

/// This process, a keeper, becomes another program and has all that it has.
///
/// Until that is there nobody looks after the worker, who is asked about the program and what it needs: one that is gone by
/// then would leave everybody waiting. So this process ends when it takes too long, and with it what is kept.
pub fn become_(program: &Path, given: BorrowedFd, descriptors: [BorrowedFd; 3], worker: Pid) -> io::Error {
    let [letters, workers, page] = descriptors;
    hold_signals(true);
    alarm(BECOMES_WITHIN_SECONDS);
    let error = exec(program, "keeper", &[given, letters, workers, page], &format!(" {}", worker.as_raw_nonzero()));
    is_there();
    error
}

/// A keeper looks after its worker, and hears signals.
pub fn is_there() {
    alarm(0);
    hold_signals(false);
}

fn alarm(seconds: u32) {
    // SAFETY: it touches no memory. The signal has its default action, which ends this process, also after `exec`.
    unsafe { libc::alarm(seconds) };
}

/// Whoever hangs up or ends this process is heard by the program that it becomes, which does not listen at once.
fn hold_signals(held: bool) {
    let how = if held { libc::SIG_BLOCK } else { libc::SIG_UNBLOCK };
    // SAFETY: the set is made before it is used, and is of this function alone.
    unsafe {
        let mut signals = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut signals);
        for signal in [libc::SIGHUP, libc::SIGTERM, libc::SIGINT] {
            libc::sigaddset(&raw mut signals, signal);
        }
        libc::sigprocmask(how, &raw const signals, std::ptr::null_mut());
    }
}

/// What a program says to the one that takes its place, for whatever it is.
static CARRIED: OnceLock<String> = OnceLock::new();
const CARRIED_VARIABLE: &str = "REDOUBT_CARRIED_ON";

/// Says something to each program that takes the place of this one. Once.
pub fn carry(what: String) {
    let _ = CARRIED.set(what);
}

/// What the program said whose place this one takes; none where it takes nobody's place.
pub fn carried() -> Option<String> {
    is_handed().then(|| std::env::var(CARRIED_VARIABLE).unwrap_or_default())
}

fn is_handed() -> bool {
    let told = std::env::var(VARIABLE).unwrap_or_default();
    told.split(' ').nth(2).and_then(|number| number.parse().ok()) == Some(getpid().as_raw_nonzero().get())
}

/// Whoever is to be the next worker, started from another program.
pub struct Standby {
    pub worker: Pid,
    pub letters: OwnedFd,
    pub workers: OwnedFd,
    began: Instant,
    ready: Option<Instant>,
}

impl Standby {
    /// Starts it. Nobody waits for it: opening the program is asked about, and the worker answers.
    ///
    /// # Errors
    /// When there is no process for it.
    pub fn start(program: &Path, page: BorrowedFd, failed: impl FnOnce(&io::Error)) -> io::Result<Standby> {
        let (letters, workers) = letters::ends()?;
        let me = getpid();
        // SAFETY: this process has one thread, so that no lock is held in the child by one that is not there.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                let bound = set_parent_process_death_signal(Some(Signal::KILL));
                if bound.is_ok() && getppid() == Some(me) {
                    failed(&exec(program, "worker", &[workers.as_fd(), page], ""));
                }
                // SAFETY: nothing of what the parent would do at its end is to be done twice.
                unsafe { libc::_exit(UNSTARTED) }
            }
            number => {
                let worker = Pid::from_raw(number).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
                Ok(Standby { worker, letters, workers, began: Instant::now(), ready: None })
            }
        }
    }

    /// Reads what it says; true when it is ready from now on.
    pub fn becomes_ready(&mut self) -> bool {
        while let Some(letter) = letters::next(self.letters.as_fd()) {
            if matches!(letter, Letter::Ready) && self.ready.is_none() {
                self.ready = Some(Instant::now());
                return true;
            }
        }
        false
    }

    pub fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    pub fn is_late(&self) -> bool {
        self.ready.is_none() && self.began.elapsed() >= READY_WITHIN
    }

    /// It waits for a worker that makes no room.
    pub fn waits_too_long(&self) -> bool {
        self.ready.is_some_and(|since| since.elapsed() >= RELIEVED_WITHIN)
    }

    /// Ends it, and says who is to be looked after until he is gone: his program may lie where nobody answers.
    pub fn end(self) -> Pid {
        let _ = kill_process(self.worker, Signal::KILL);
        self.worker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_ended_is_told_as_it_was() {
        let failed = |end| Renewal::of((FAILED, end));
        assert_eq!(failed(0), Renewal::Failed(End::Code(0)));
        assert_eq!(failed(126), Renewal::Failed(End::Code(126)));
        assert_eq!(failed(-9), Renewal::Failed(End::Signal(9)));
        assert_eq!(failed(SLOW), Renewal::Failed(End::Slow));
        let error = io::Error::from_raw_os_error(libc::ENOEXEC);
        assert_eq!(failed(number_of(&error)), Renewal::Failed(End::Unstarted(libc::ENOEXEC)));
        assert_eq!(Renewal::of((NOTHING, 0)), Renewal::Nothing);
        assert_eq!([BEGUN, ON_TRIAL].map(|state| Renewal::of((state, 0))), [Renewal::Begun, Renewal::OnTrial]);
        assert_eq!(Renewal::of((99, 7)), Renewal::Nothing, "of a later program");
    }

    #[test]
    fn nothing_is_taken_that_was_not_handed_over() {
        assert!(take("worker", &[]).is_err() && take("worker", &[0, 1]).is_err());
        assert!(take("keeper", &[-1, -1, -1, -1, 1]).is_err() && take("king", &[3, 4]).is_err());
        assert!(take("worker", &[1 << 20, 1 << 20]).is_err(), "there is no such descriptor");
    }
}
