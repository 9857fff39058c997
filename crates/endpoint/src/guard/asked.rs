//! The thread that reads what the kernel asks. It opens nothing, so that it can always answer: what the guard itself opens is
//! let through here, and so is every file that is nobody's to protect. The rest is for the guard to decide.

use crate::keeping::Lent;
use crate::kernel::fan::{self, Event, Group};
use crate::kernel::processes;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// A protected file has its name and a second link.
const LINKS_MIN: u64 = 2;
const TICK: Duration = Duration::from_millis(50);

/// The threads of the guard, whose own doings it is not asked about.
#[derive(Debug, Clone, Default)]
pub struct Own(Arc<Mutex<BTreeSet<i32>>>);

impl Own {
    /// The thread that calls this is one.
    pub fn join(&self) {
        // SAFETY: it takes nothing and cannot fail.
        let thread = unsafe { libc::gettid() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(thread);
    }

    pub fn has(&self, thread: i32) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&thread)
    }
}

/// What the asking thread shares.
#[derive(Clone)]
pub struct Asking {
    pub group: Arc<Lent<Group>>,
    pub own: Own,
    /// All threads of this process are as good as those.
    pub process_is_own: bool,
    pub stop: Arc<AtomicBool>,
    /// What was answered here.
    pub answered: Arc<AtomicU64>,
}

/// Reads until told to stop.
pub fn run(asking: &Asking, decide: &mpsc::Sender<Event>) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
    let take = |event: Event| {
        if is_nobodys(asking, &event) {
            asking.answered.fetch_add(1, Ordering::Relaxed);
        } else if let Err(mpsc::SendError(Event::File(event))) = decide.send(event) {
            // Nobody decides any more.
            let _ = asking.group.answer(&event, true);
        }
    };
    asking.group.take_over().into_iter().for_each(take);
    while !asking.stop.load(Ordering::Relaxed) {
        // Interrupted or not, one looks.
        let _ = poll(&mut [PollFd::new(&**asking.group, PollFlags::IN)], Some(&tick));
        asking.group.beat();
        match asking.group.read() {
            Ok(events) => events.into_iter().for_each(take),
            Err(error) => tracing::error!(cause = %error, "what the kernel asks cannot be read"),
        }
    }
}

/// Answers what needs no thought.
fn is_nobodys(asking: &Asking, event: &Event) -> bool {
    let Event::File(event) = event else { return false };
    let is_free = || {
        let metadata = event.file.metadata();
        event.mask & fan::OPEN != 0 && metadata.is_ok_and(|metadata| metadata.nlink() < LINKS_MIN)
    };
    let is_own = || asking.own.has(event.thread) || asking.process_is_own && processes::is_own(event.thread);
    if !is_own() && !is_free() {
        return false;
    }
    if event.is_question() {
        let _ = asking.group.answer(event, true);
    }
    true
}
