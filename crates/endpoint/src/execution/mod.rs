//! Execution control: before a program, a library or a script runs, the kernel asks, and waits for the answer.
//!
//! One thread reads what the kernel asks and opens nothing ([`asked`]): it answers what is known, and what nobody answered in
//! time. Workers find out the rest ([`judge`]); those who may be made to wait by whoever keeps a file work apart from the
//! others ([`lanes`]). One more thread looks at what ran without being asked about ([`after`]). What they share is on the
//! [`desk`]. Files are judged by what is in them, as the kernel handed them over: a name is only what they are called.

mod after;
mod asked;
mod content;
mod desk;
mod judge;
mod lanes;
mod opener;
mod pending;
mod places;
mod rules;
mod seen;
mod settings;
mod writers;

pub use places::Filesystem;
pub use settings::{Counts, Error, Ruled, Settings, Source, Told};

use crate::keeping::Kind;
use crate::kernel::fan::{Group, Purpose};
use crate::packages::Unread;
use after::After;
use desk::Desk;
use lanes::Lanes;
use model::Message;
use places::Places;
use policy::orders::ReputationTable;
use policy::{Mode, Rules};
use rules::Book;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Under which its group is kept.
const NAME: &str = "execution";
/// What is told is kept until somebody hears it, up to so many.
const TOLD_MAX: usize = 4096;
const TICK: Duration = Duration::from_millis(50);
/// Between two looks at whether packages changed, and two complaints that there was too much.
const SLOW_TICK: Duration = Duration::from_secs(1);
/// Files that are open at once: each question is one.
const FILES_MIN: u64 = 16_384;

pub struct Execution {
    desk: Arc<Desk>,
    told: mpsc::Receiver<Told>,
    /// Told before anything runs.
    first: Vec<Message>,
}

/// A door to execution control that runs, or is about to.
#[derive(Clone)]
pub struct Handle(Arc<Desk>);

impl Handle {
    /// Puts other rules in the place of those in force. Whoever waits for an answer waits on, and gets one of the new rules.
    pub fn put(&self, rules: Rules, reputation: Arc<ReputationTable>) {
        let told = self.0.put(rules, reputation);
        self.0.tell(told);
    }

    /// Until now.
    pub fn counts(&self) -> Counts {
        self.0.counts()
    }
}

impl Execution {
    /// Gets ready. Nobody is asked yet.
    ///
    /// # Errors
    /// When the kernel cannot, or there are no rules.
    pub fn new(settings: Settings) -> Result<Execution, Error> {
        more_files();
        let (book, trouble) = Book::new(&settings.rules)?;
        let group = settings.kept.lend(Kind::Running, Path::new(NAME), || Group::new(Purpose::Running));
        let group = Arc::new(group.map_err(Error::Kernel)?);
        if group.was_left() {
            // Files may have been let pass by other rules, and changed since through a mapping.
            group.ask_all().map_err(Error::Kernel)?;
        }
        let trouble = trouble.into_iter().chain(group.trouble());
        let places = Places::new(group.clone(), settings.only.clone());
        let (sender, told) = mpsc::sync_channel(TOLD_MAX);
        let desk = Desk::new(settings, group, places, book, sender)?;
        let trouble = trouble.chain(desk.stock.current().unread().iter().map(Unread::message).collect::<Vec<_>>());
        Ok(Execution { desk: Arc::new(desk), told, first: trouble.collect() })
    }

    pub fn handle(&self) -> Handle {
        Handle(self.desk.clone())
    }

    /// Decides what runs until it is told to stop; reads its rules anew when told so.
    pub fn run(self, stop: &AtomicBool, reload: &AtomicBool, tell: &mut dyn FnMut(Told)) {
        for why in self.first {
            tell(Told::Degraded { why });
        }
        let desk = self.desk;
        let threads = match threads(&desk) {
            Ok(threads) => threads,
            Err(error) => {
                desk.stop.store(true, Ordering::Relaxed);
                tell(Told::Degraded { why: Message::new("exec.kernel").reason("cause", &error) });
                return;
            }
        };
        for trouble in desk.places.watch_all(desk.mask()) {
            tell(Told::Degraded { why: trouble.message() });
        }
        tell(Told::Ready { filesystems: desk.places.count(), mode: desk.book.current().rules.mode });
        if let Some(over) = desk.group.taken_over() {
            tell(Told::TakenOver(over));
        }
        let (mut looked, mut told_all) = (Instant::now(), Instant::now());
        while !stop.load(Ordering::Relaxed) {
            if let Ok(told) = self.told.recv_timeout(TICK) {
                tell(told);
            }
            self.told.try_iter().take(TOLD_MAX).for_each(&mut *tell);
            if reload.swap(false, Ordering::Relaxed) {
                tell(desk.reload());
            }
            if looked.elapsed() >= SLOW_TICK {
                looked = Instant::now();
                desk.look_at_packages();
                desk.missed().into_iter().for_each(&mut *tell);
                if desk.settings.tell_again.is_some_and(|after| told_all.elapsed() >= after) {
                    told_all = Instant::now();
                    desk.tell_anew();
                }
            }
        }
        desk.stop.store(true, Ordering::Relaxed);
        // Those who wait for a file that is kept elsewhere may wait for long: only the one that reads is waited for.
        let _ = threads.join();
        self.told.try_iter().for_each(&mut *tell);
        tell(Told::Ended(desk.counts()));
        // Whoever waits for an answer is let through when the group is closed, at the end of this process at the latest.
        desk.group.let_go();
    }
}

/// Begins all threads, and gives back the one that reads.
fn threads(desk: &Arc<Desk>) -> std::io::Result<JoinHandle<()>> {
    let lanes = Lanes::start(desk)?;
    let shared = desk.clone();
    let asked = Builder::new().name("exec-asked".to_owned()).spawn(move || asked::run(&shared, &lanes))?;
    match After::new(desk.clone()) {
        Ok(after) => drop(Builder::new().name("exec-after".to_owned()).spawn(move || after.run())?),
        Err(error) => desk.tell(Told::Degraded { why: Message::new("exec.no-processes").reason("cause", &error) }),
    }
    Ok(asked)
}

/// Lets this process have as many files open as it may.
fn more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let most = limits.maximum.unwrap_or(u64::MAX).min(FILES_MIN);
    if limits.current.is_some_and(|current| current < most)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limits.maximum })
    {
        tracing::warn!(cause = %error, "few files can be open at once");
    }
}

/// Whether what a mode makes of a verdict keeps anything from running.
fn keeps(outcome: policy::Outcome, mode: Mode) -> bool {
    mode == Mode::Enforce && outcome == policy::Outcome::Blocked
}
