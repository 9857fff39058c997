//! The process that keeps descriptors while workers come and go. It has one thread, opens no file, reads nothing but the
//! letters of its workers and says nothing as long as anybody may wait for an answer: whoever reads it might.

use super::letters::{self, Letter};
use super::page::{Page, SLOTS};
use super::{Held, Kept, Left};
use crate::kernel::fan::{Event, Group};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitOptions, getpid, getppid, getrlimit, kill_process, pidfd_open,
    set_parent_process_death_signal, setrlimit, waitpid,
};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(250);
/// So many times in a row questions wait and nobody looks: then the worker hangs.
const SILENT_MAX: u32 = 20;
/// A worker that is not ready by then will not be.
const SETTLES_WITHIN: Duration = Duration::from_secs(20);
/// A worker that is told to end does so by then, and is told again meanwhile: it may not have listened yet.
const ENDS_WITHIN: Duration = Duration::from_secs(25);
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// One that is killed and not gone by then waits for something that never comes.
const KILLED_WITHIN: Duration = Duration::from_secs(5);
/// Workers that may fail within a time, and of those that were never ready, one after the other.
const FAILED_MAX: usize = 5;
const FAILED_WITHIN: Duration = Duration::from_secs(60);
const UNSETTLED_MAX: u32 = 3;
/// Files that a worker has open at once: each question is one, and the keeper answers by their numbers.
const FILES_MAX: u64 = 16_384;

/// This process is told to end, or to hand on that somebody hung up.
static END: AtomicBool = AtomicBool::new(false);
static HANG_UP: AtomicBool = AtomicBool::new(false);

/// Works in a process of its own, and once more in another when that is killed or hangs. Comes back in each of them with what
/// `work` says, and in this one, the keeper's, when all is over. `let_go` is called when it gave up, and nobody is asked any
/// more. To be called while this process has one thread.
pub fn keep(work: impl FnOnce(Kept) -> ExitCode, let_go: impl FnOnce()) -> ExitCode {
    let mut keeper = match Keeper::new() {
        Ok(keeper) => keeper,
        Err(error) => {
            tracing::error!(cause = %error, "there is no keeper: what the kernel asks ends with this process");
            return work(Kept::default());
        }
    };
    loop {
        match fork() {
            Ok(Forked::Worker) => return work(keeper.into_kept()),
            Ok(Forked::Keeper(worker)) => {
                if let Some(code) = keeper.watch(worker) {
                    return code;
                }
            }
            Err(error) if keeper.held.is_empty() => {
                tracing::error!(cause = %error, "there is no keeper: what the kernel asks ends with this process");
                return work(Kept::default());
            }
            Err(_) => {
                keeper.failed(true);
                std::thread::sleep(TICK);
            }
        }
        if keeper.gives_up() {
            keeper.let_go();
            let_go();
            return ExitCode::FAILURE;
        }
    }
}

enum Forked {
    Worker,
    Keeper(Pid),
}

/// The worker ends with its keeper: whoever ends both has to end one, and no two workers are at work on one folder.
fn fork() -> io::Result<Forked> {
    let me = getpid();
    // SAFETY: this process has one thread, so that no lock is held in the child by one that is not there.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let bound = set_parent_process_death_signal(Some(Signal::KILL));
            if bound.is_err() || getppid() != Some(me) {
                std::process::exit(1);
            }
            Ok(Forked::Worker)
        }
        number => Pid::from_raw(number).map(Forked::Keeper).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData)),
    }
}

struct Keeper {
    page: Page,
    letters: OwnedFd,
    /// The end of whichever worker there is.
    workers: OwnedFd,
    held: Vec<Held>,
    failed: VecDeque<Instant>,
    unsettled: u32,
    files: i32,
    /// It was told to end, and when.
    ending: Option<Instant>,
    /// A worker was killed since it did not look for questions from then on.
    silent_since: Option<Instant>,
    /// A worker cannot be killed.
    is_stuck: bool,
}

impl Keeper {
    fn new() -> io::Result<Keeper> {
        let (letters, workers) = letters::ends()?;
        let page = Page::new()?;
        listen()?;
        let files = i32::try_from(limit_files()).unwrap_or(i32::MAX);
        let (held, failed) = (Vec::new(), VecDeque::new());
        let (ending, silent_since, is_stuck) = (None, None, false);
        Ok(Keeper { page, letters, workers, held, failed, unsettled: 0, files, ending, silent_since, is_stuck })
    }

    /// All that a worker has of it.
    fn into_kept(self) -> Kept {
        Kept::begin(self.workers, self.page, self.held)
    }

    /// Waits for a worker to end. Gives what this process ends with, or nothing when another worker is to begin.
    fn watch(&mut self, worker: Pid) -> Option<ExitCode> {
        let (began, mut told, mut killed) = (Instant::now(), Instant::now(), None);
        let mut silence = Silence::default();
        let process = pidfd_open(worker, PidfdFlags::empty()).ok();
        loop {
            let waited = self.wait(process.as_ref());
            self.read_letters();
            if let Some(end) = ended(worker) {
                return self.after(worker, end);
            }
            if HANG_UP.swap(false, Ordering::Relaxed) {
                signal(worker, Signal::HUP);
            }
            if END.swap(false, Ordering::Relaxed) && self.ending.is_none() {
                self.ending = Some(Instant::now());
                signal(worker, Signal::TERM);
            }
            match self.ending {
                Some(since) if since.elapsed() >= ENDS_WITHIN => {
                    signal(worker, Signal::KILL);
                    killed = killed.or_else(|| Some(Instant::now()));
                }
                Some(_) if told.elapsed() >= TELL_AGAIN => {
                    told = Instant::now();
                    signal(worker, Signal::TERM);
                }
                _ => {}
            }
            if killed.is_some_and(|since: Instant| since.elapsed() >= KILLED_WITHIN) {
                self.is_stuck = true;
                return None;
            }
            let is_late = !self.page.is_settled() && began.elapsed() >= SETTLES_WITHIN && self.is_taken_over();
            let is_silent = waited && silence.is_too_long(self);
            if is_silent {
                self.silent_since = self.silent_since.or_else(|| Instant::now().checked_sub(TICK * SILENT_MAX));
            }
            if is_late || is_silent {
                signal(worker, Signal::KILL);
                killed = killed.or_else(|| Some(Instant::now()));
            }
        }
    }

    /// Waits for something to happen; true when nothing did for a while.
    fn wait(&self, process: Option<&OwnedFd>) -> bool {
        let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
        let mut waits = vec![PollFd::new(&self.letters, PollFlags::IN)];
        waits.extend(process.map(|process| PollFd::new(process, PollFlags::IN)));
        poll(&mut waits, Some(&tick)) == Ok(0)
    }

    fn read_letters(&mut self) {
        while let Some(letter) = letters::next(self.letters.as_fd()) {
            let of = match &letter {
                Letter::Keep(held) => held.slot,
                Letter::LetGo { slot } => *slot,
            };
            self.held.retain(|held| held.slot != of);
            if let Letter::Keep(held) = letter {
                self.held.push(held);
            }
        }
    }

    fn asks(&self) -> bool {
        self.held.iter().any(|held| held.kind.asks())
    }

    /// Somebody waits since another worker ended.
    fn is_taken_over(&self) -> bool {
        self.held.iter().any(|held| held.left.is_some() && held.kind.asks())
    }

    fn after(&mut self, worker: Pid, end: Ended) -> Option<ExitCode> {
        // What it said last.
        self.read_letters();
        match end {
            // It ended because it was to, or nobody asks it anything.
            Ended::With(code) if code == 0 || self.ending.is_some() || !self.asks() => Some(ExitCode::from(code)),
            Ended::Killed if self.ending.is_some() => Some(ExitCode::FAILURE),
            Ended::With(_) | Ended::Killed => {
                self.failed(!self.page.is_settled());
                self.answer_what_was_read(worker);
                self.page.settle(false);
                None
            }
        }
    }

    fn failed(&mut self, before_it_settled: bool) {
        self.unsettled = if before_it_settled { self.unsettled + 1 } else { 0 };
        self.failed.push_back(Instant::now());
        self.failed.retain(|at| at.elapsed() < FAILED_WITHIN);
    }

    fn gives_up(&self) -> bool {
        self.is_stuck || self.failed.len() >= FAILED_MAX || self.unsettled >= UNSETTLED_MAX
    }

    /// Nobody is asked any more, and whoever waits goes on, also where a worker that cannot even be killed has the same
    /// groups.
    fn let_go(self) {
        for Held { what, .. } in self.held.into_iter().filter(|held| held.kind.asks()) {
            let group = Group::from(what);
            let _ = group.ask_nobody();
            while let Ok(events) = group.read()
                && !events.is_empty()
            {
                for event in events {
                    if let Event::File(event) = event
                        && event.is_question()
                    {
                        let _ = group.answer(&event, true);
                    }
                }
            }
        }
    }

    /// The next worker must not read anything before this: it would answer by the same numbers.
    fn answer_what_was_read(&mut self, worker: Pid) {
        let since = self.silent_since.take().unwrap_or_else(Instant::now);
        for held in &mut self.held {
            let answered = if held.kind.asks() { answer_all(held, self.page, self.files) } else { 0 };
            // What that one did not take over is left since the one before.
            let before = held.left.filter(|_| self.unsettled > 0);
            held.left = Some(Left {
                by: worker.as_raw_nonzero().get(),
                since: before.map_or(since, |left| left.since),
                answered: before.map_or(0, |left| left.answered) + answered,
            });
        }
    }
}

/// Gives the safe answer to all that somebody read who is gone: the kernel knows them by the numbers that their files had with
/// him, whoever answers.
fn answer_all(held: &Held, page: Page, files: i32) -> u64 {
    let response = if page.may(held.slot) { libc::FAN_ALLOW } else { libc::FAN_DENY };
    let mut answered = 0;
    for number in 0..files {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&number.to_ne_bytes());
        bytes[4..].copy_from_slice(&response.to_ne_bytes());
        while rustix::io::write(&held.what, &bytes).is_ok() {
            answered += 1;
        }
    }
    answered
}

/// For how many looks in a row nobody looked for what waits, by slot. Counted in looks and not by a clock: a machine that stood
/// still is no worker that hangs.
struct Silence([(u64, u32); SLOTS as usize]);

impl Default for Silence {
    fn default() -> Silence {
        Silence([(0, 0); SLOTS as usize])
    }
}

impl Silence {
    /// Looks once more.
    fn is_too_long(&mut self, keeper: &Keeper) -> bool {
        let mut is_too_long = false;
        for held in keeper.held.iter().filter(|held| held.kind.asks()) {
            let Some((beats, times)) = self.0.get_mut(usize::from(held.slot)) else { continue };
            let now = keeper.page.beats(held.slot);
            let is_silent = std::mem::replace(beats, now) == now && waits(held);
            *times = if is_silent { *times + 1 } else { 0 };
            is_too_long |= *times >= SILENT_MAX;
        }
        is_too_long
    }
}

/// Whether there are questions that nobody read.
fn waits(held: &Held) -> bool {
    poll(&mut [PollFd::new(&held.what, PollFlags::IN)], Some(&Timespec::default())) == Ok(1)
}

enum Ended {
    With(u8),
    Killed,
}

fn ended(worker: Pid) -> Option<Ended> {
    match waitpid(Some(worker), WaitOptions::NOHANG) {
        Ok(Some((_, status))) => Some(match status.exit_status() {
            Some(code) => Ended::With(u8::try_from(code).unwrap_or(1)),
            None => Ended::Killed,
        }),
        Ok(None) | Err(rustix::io::Errno::INTR) => None,
        Err(_) => Some(Ended::Killed),
    }
}

fn signal(worker: Pid, signal: Signal) {
    // It may have ended meanwhile, and nobody else has its number before it is waited for.
    let _ = kill_process(worker, signal);
}

extern "C" fn told(signal: libc::c_int) {
    let what = if signal == libc::SIGHUP { &HANG_UP } else { &END };
    what.store(true, Ordering::Relaxed);
}

fn listen() -> io::Result<()> {
    let handler: extern "C" fn(libc::c_int) = told;
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        // SAFETY: the handler does nothing but set a flag.
        if unsafe { libc::signal(signal, handler as libc::sighandler_t) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Lets this process and its workers have as many files open as can be answered by number, and no more.
fn limit_files() -> u64 {
    let limits = getrlimit(Resource::Nofile);
    let most = limits.maximum.unwrap_or(u64::MAX).min(FILES_MAX);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limits.maximum }) {
        Ok(()) => most,
        Err(_) => limits.current.unwrap_or(FILES_MAX),
    }
}
