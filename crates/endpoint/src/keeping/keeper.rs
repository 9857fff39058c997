//! The process that keeps descriptors while workers come and go. It has one thread, opens no file, reads nothing but the
//! letters of its workers and says nothing as long as anybody may wait for an answer: whoever reads it might.

use super::letters::{self, Letter};
use super::page::{Page, SLOTS};
use super::renewing::{self, Handed, Standby};
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
use std::path::{Path, PathBuf};
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
/// Another program that did not prove itself by then is ended.
const PROVEN_WITHIN: Duration = Duration::from_secs(180);
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
    let (mut keeper, mut worker) = match renewing::handed() {
        Some(handed) => match handed.and_then(take_over) {
            Ok(TakenOver::Kept(kept)) => return work(kept),
            Ok(TakenOver::Keeper(keeper, worker)) => {
                renewing::is_there();
                (*keeper, Some(worker))
            }
            Err(error) => {
                tracing::error!(cause = %error, "what was handed over cannot be taken");
                return ExitCode::FAILURE;
            }
        },
        None => match Keeper::new() {
            Ok(keeper) => (keeper, None),
            Err(error) => {
                tracing::error!(cause = %error, "there is no keeper: what the kernel asks ends with this process");
                return work(Kept::default());
            }
        },
    };
    loop {
        let next = match worker.take() {
            Some(worker) => keeper.watch(worker),
            None => match fork() {
                Ok(Forked::Worker) => return work(keeper.into_kept()),
                Ok(Forked::Keeper(worker)) => keeper.watch(worker),
                Err(error) if keeper.held.is_empty() => {
                    tracing::error!(cause = %error, "there is no keeper: what the kernel asks ends with this process");
                    return work(Kept::default());
                }
                Err(_) => {
                    keeper.failed(true);
                    std::thread::sleep(TICK);
                    Next::Fork
                }
            },
        };
        match next {
            Next::End(code) => return code,
            Next::Watch(standby) => worker = Some(standby),
            Next::Fork => {}
        }
        if keeper.gives_up() {
            keeper.let_go();
            let_go();
            return ExitCode::FAILURE;
        }
    }
}

/// What comes after a worker.
enum Next {
    /// Nothing: this process ends.
    End(ExitCode),
    Fork,
    /// One of another program, which is there already.
    Watch(Pid),
}

enum TakenOver {
    Kept(Kept),
    Keeper(Box<Keeper>, Pid),
}

fn take_over(handed: Handed) -> io::Result<TakenOver> {
    match handed {
        Handed::Worker { letters, page } => Kept::stand_by(letters, page.as_fd()).map(TakenOver::Kept),
        Handed::Keeper { given, letters, workers, page, worker } => {
            let mut held = Vec::new();
            // It was all sent before this program began.
            while let Some(Letter::Keep(one)) = letters::next(given.as_fd()) {
                held.push(one);
            }
            let keeper = Keeper::of(Page::of(page.as_fd())?, page, letters, workers, held)?;
            keeper.page.put_renewal(renewing::NOTHING, 0);
            Ok(TakenOver::Keeper(Box::new(keeper), worker))
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
    /// By which another program finds the page.
    page_file: OwnedFd,
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
    /// Of another program, waiting to be the next worker.
    standby: Option<Standby>,
    /// Those that were ended while they stood by, and may take a while.
    ended: Vec<Pid>,
    /// The worker is of another program, since then, and has to prove itself.
    trial: Option<Instant>,
    /// Told by the worker: what is to be tried, and what this process is to be.
    renew: Option<PathBuf>,
    carry_on: Option<PathBuf>,
}

impl Keeper {
    fn new() -> io::Result<Keeper> {
        let (letters, workers) = letters::ends()?;
        let (page, page_file) = Page::new()?;
        Keeper::of(page, page_file, letters, workers, Vec::new())
    }

    fn of(page: Page, page_file: OwnedFd, letters: OwnedFd, workers: OwnedFd, held: Vec<Held>) -> io::Result<Keeper> {
        listen()?;
        Ok(Keeper {
            page,
            page_file,
            letters,
            workers,
            held,
            failed: VecDeque::new(),
            unsettled: 0,
            files: i32::try_from(limit_files()).unwrap_or(i32::MAX),
            ending: None,
            silent_since: None,
            is_stuck: false,
            standby: None,
            ended: Vec::new(),
            trial: None,
            renew: None,
            carry_on: None,
        })
    }

    /// All that a worker has of it.
    fn into_kept(self) -> Kept {
        Kept::begin(self.workers, self.page, self.held)
    }

    /// Waits for a worker to end, and says what comes after it.
    fn watch(&mut self, worker: Pid) -> Next {
        let (began, mut told, mut killed) = (Instant::now(), Instant::now(), None);
        let mut silence = Silence::default();
        let process = pidfd_open(worker, PidfdFlags::empty()).ok();
        loop {
            let waited = self.wait(process.as_ref());
            self.read_letters();
            let makes_no_room = self.attend_standby();
            if let Some(end) = ended(worker) {
                return match self.standby.take_if(|standby| standby.is_ready()) {
                    Some(standby) if self.ending.is_none() => self.replace(worker, standby),
                    _ => self.after(worker, end),
                };
            }
            if let Some(program) = self.carry_on.take() {
                self.become_program(worker, &program);
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
                return Next::Fork;
            }
            let is_late = !self.page.is_settled() && began.elapsed() >= SETTLES_WITHIN && self.is_taken_over();
            let is_silent = waited && silence.is_too_long(self);
            if is_silent {
                self.silent_since = self.silent_since.or_else(|| Instant::now().checked_sub(TICK * SILENT_MAX));
            }
            let is_unproven = self.trial.is_some_and(|since| since.elapsed() >= PROVEN_WITHIN);
            if is_late || is_silent || is_unproven || makes_no_room {
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
        waits.extend(self.standby.as_ref().map(|standby| PollFd::new(&standby.letters, PollFlags::IN)));
        poll(&mut waits, Some(&tick)) == Ok(0)
    }

    fn read_letters(&mut self) {
        while let Some(letter) = letters::next(self.letters.as_fd()) {
            match letter {
                Letter::Keep(kept) => {
                    self.held.retain(|held| held.slot != kept.slot);
                    self.held.push(kept);
                }
                Letter::LetGo { slot } => self.held.retain(|held| held.slot != slot),
                Letter::Renew { program } => self.renew = Some(program),
                Letter::CarryOn { program } => self.carry_on = Some(program),
                // Of whoever waits to be a worker, which this one is already.
                Letter::Ready | Letter::Go => {}
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

    /// Starts whoever is to be tried, hears whether he is there, and ends him when he is not. True when the worker makes no
    /// room for him.
    fn attend_standby(&mut self) -> bool {
        if let Some(program) = self.renew.take()
            && self.standby.is_none()
            && self.trial.is_none()
            && self.ending.is_none()
        {
            let page = self.page;
            page.put_renewal(renewing::BEGUN, 0);
            let failed = |error: &io::Error| page.put_renewal(renewing::BEGUN, renewing::number_of(error));
            match Standby::start(&program, self.page_file.as_fd(), failed) {
                Ok(standby) => self.standby = Some(standby),
                Err(error) => page.put_renewal(renewing::FAILED, renewing::number_of(&error)),
            }
        }
        self.ended.retain(|process| ended(*process).is_none());
        let Some(standby) = &mut self.standby else { return false };
        if standby.becomes_ready() {
            self.page.relieve(true);
        }
        let (is_late, waits_too_long) = (standby.is_late() || self.ending.is_some(), standby.waits_too_long());
        match ended(standby.worker) {
            Some(end) => self.standby_ended(end.number()),
            None if is_late => {
                self.ended.extend(self.standby.take().map(Standby::end));
                self.standby_ended(renewing::SLOW);
            }
            None => return waits_too_long,
        }
        false
    }

    /// The worker stays as it is.
    fn standby_ended(&mut self, end: i32) {
        self.standby = None;
        self.page.relieve(false);
        let told = match self.page.renewal() {
            // It was no other program yet, and said why.
            (_, error) if error != 0 => error,
            _ => end,
        };
        self.page.put_renewal(renewing::FAILED, told);
    }

    /// The worker made room for one of another program, who has to prove himself from now on.
    fn replace(&mut self, worker: Pid, standby: Standby) -> Next {
        self.read_letters();
        self.answer_what_was_read(worker);
        self.page.settle(false);
        self.page.relieve(false);
        // Before it begins: by this it knows what it is.
        self.page.put_renewal(renewing::ON_TRIAL, 0);
        let to = standby.letters.as_fd();
        match self.held.iter().try_for_each(|held| letters::hand(to, held)).and_then(|()| letters::go(to)) {
            Ok(()) => {
                self.trial = Some(Instant::now());
                let Standby { worker, letters, workers, .. } = standby;
                (self.letters, self.workers) = (letters, workers);
                Next::Watch(worker)
            }
            Err(error) => {
                self.ended.push(standby.end());
                self.page.put_renewal(renewing::FAILED, renewing::number_of(&error));
                Next::Fork
            }
        }
    }

    /// This process becomes the program that proved itself, with its worker below it. Where it cannot, it stays what it is,
    /// and a next worker is one of the program before.
    fn become_program(&mut self, worker: Pid, program: &Path) {
        if self.trial.take().is_none() {
            return;
        }
        let error = match self.give() {
            Ok(given) => {
                let descriptors = [self.letters.as_fd(), self.workers.as_fd(), self.page_file.as_fd()];
                renewing::become_(program, given.as_fd(), descriptors, worker)
            }
            Err(error) => error,
        };
        self.page.put_renewal(renewing::NOTHING, renewing::number_of(&error));
    }

    /// All that is kept, on its way to another program.
    fn give(&self) -> io::Result<OwnedFd> {
        let (to, given) = letters::ends()?;
        self.held.iter().try_for_each(|held| letters::hand(to.as_fd(), held))?;
        letters::go(to.as_fd())?;
        Ok(given)
    }

    fn after(&mut self, worker: Pid, end: Ended) -> Next {
        // What it said last.
        self.read_letters();
        match end {
            // It ended because it was to, or nobody asks it anything.
            Ended::With(code) if self.ending.is_some() => Next::End(ExitCode::from(code)),
            Ended::Killed(_) if self.ending.is_some() => Next::End(ExitCode::FAILURE),
            // It did not prove itself, and the program before did: that is no failure of this keeper's own workers.
            end if self.trial.is_some() => {
                let is_slow = self.trial.take().is_some_and(|since| since.elapsed() >= PROVEN_WITHIN);
                self.page.put_renewal(renewing::FAILED, if is_slow { renewing::SLOW } else { end.number() });
                self.unsettled = u32::from(!self.page.is_settled());
                self.answer_what_was_read(worker);
                self.page.settle(false);
                Next::Fork
            }
            // For one that was gone before it took over: the program before goes on.
            Ended::With(renewing::MADE_ROOM) => {
                self.answer_what_was_read(worker);
                self.page.settle(false);
                Next::Fork
            }
            Ended::With(code) if code == 0 || !self.asks() => Next::End(ExitCode::from(code)),
            Ended::With(_) | Ended::Killed(_) => {
                self.failed(!self.page.is_settled());
                self.answer_what_was_read(worker);
                self.page.settle(false);
                Next::Fork
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
    Killed(i32),
}

impl Ended {
    /// As another worker is told.
    fn number(&self) -> i32 {
        match self {
            Ended::With(code) => i32::from(*code),
            Ended::Killed(signal) => -signal,
        }
    }
}

fn ended(worker: Pid) -> Option<Ended> {
    match waitpid(Some(worker), WaitOptions::NOHANG) {
        Ok(Some((_, status))) => Some(match status.exit_status() {
            Some(code) => Ended::With(u8::try_from(code).unwrap_or(1)),
            None => Ended::Killed(status.terminating_signal().unwrap_or(libc::SIGKILL)),
        }),
        Ok(None) | Err(rustix::io::Errno::INTR) => None,
        Err(_) => Some(Ended::Killed(libc::SIGKILL)),
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
