//! The thread that reads what the kernel asks. It opens nothing of a disk, so that it can always answer: what the guard itself
//! opens is let through here, and so is every file that is nobody's to protect, everybody who only reads, and everybody of
//! whom it is known that he may. The rest is for the guard to decide.

use super::links;
use crate::keeping::Lent;
use crate::kernel::callers::Callers;
use crate::kernel::calls::{self, Wanted};
use crate::kernel::fan::{self, Event, FileEvent, Group};
use crate::kernel::files::FileKey;
use crate::kernel::processes;
use crate::kernel::threads::{Moment, Threads};
use crate::kernel::waiting::Waiting;
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// A protected file has its name and a second link.
const LINKS_MIN: u64 = 2;
const OPENED_MAX: usize = 4096;
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
    /// Who asks, as far as that is known.
    pub threads: Threads<Who>,
    pub stop: Arc<AtomicBool>,
    /// What was answered here.
    pub answered: Arc<AtomicU64>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Somebody who may do what he likes.
    Trusted,
    /// Somebody who may read: he does not count links.
    Reader,
}

/// Something to decide about.
pub struct Asked {
    pub event: Event,
    /// When it was read, as far as that matters for whom it is of.
    pub as_of: Moment,
}

/// Reads until told to stop.
pub fn run(asking: &Asking, decide: &mpsc::Sender<Asked>) {
    let mut thread = Answering { asking, decide, callers: Callers::default(), opened: HashSet::new() };
    let mut waiting = Waiting::new(TICK);
    for event in asking.group.take_over() {
        thread.take(event);
    }
    while !asking.stop.load(Ordering::Relaxed) {
        waiting.wait(&asking.group);
        asking.group.beat();
        match asking.group.read() {
            // While nobody asks one keeps up with what happens.
            Ok(events) if events.is_empty() => asking.threads.keep_up(),
            Ok(events) => {
                for event in events {
                    if thread.take(event) {
                        waiting.was_asked();
                    }
                }
            }
            Err(error) => tracing::error!(cause = %error, "what the kernel asks cannot be read"),
        }
    }
}

/// Why something is free.
enum Free {
    /// Whoever does it may.
    Harmless,
    /// The file is none that is protected, and opened again and again.
    Nobodys,
}

struct Answering<'a> {
    asking: &'a Asking,
    decide: &'a mpsc::Sender<Asked>,
    callers: Callers,
    /// Files that are not protected and were opened once: most are made, and never opened again until they are.
    opened: HashSet<FileKey>,
}

impl Answering<'_> {
    /// Answers what needs no thought, and hands on the rest. True when it was answered.
    fn take(&mut self, event: Event) -> bool {
        if let Event::File(event) = &event
            && let Some(free) = self.free(event)
        {
            self.asking.answered.fetch_add(1, Ordering::Relaxed);
            if event.is_question() {
                let _ = self.asking.group.answer(event, true);
            }
            if let Free::Nobodys = free {
                self.pass(&event.file);
            }
            return true;
        }
        let as_of = self.asking.threads.now();
        if let Err(mpsc::SendError(Asked { event: Event::File(event), .. })) = self.decide.send(Asked { event, as_of })
        {
            // Nobody decides any more.
            let _ = self.asking.group.answer(&event, true);
        }
        false
    }

    /// Whether it is nothing that anybody has to think about.
    fn free(&mut self, event: &FileEvent) -> Option<Free> {
        let Asking { own, process_is_own, .. } = self.asking;
        if own.has(event.thread) || *process_is_own && processes::is_own(event.thread) {
            return Some(Free::Harmless);
        }
        if event.mask & fan::OPEN != 0
            && let Some(key) = nobodys(&event.file)
        {
            let is_again = self.opened.remove(&key);
            if !is_again {
                if self.opened.len() >= OPENED_MAX {
                    self.opened.clear();
                }
                self.opened.insert(key);
            }
            return Some(if is_again { Free::Nobodys } else { Free::Harmless });
        }
        (event.is_question() && self.may(event)).then_some(Free::Harmless)
    }

    /// Whether whoever asks may do what he likes, or changes nothing and has to be helped with nothing.
    fn may(&mut self, event: &FileEvent) -> bool {
        let threads = &self.asking.threads;
        let who = threads.get(event.thread);
        if who == Some(Who::Trusted) {
            return true;
        }
        let as_of = who.is_none().then(|| threads.now());
        if calls::wanted(event.mask & fan::CONTENT != 0, event.thread, &mut self.callers) != Wanted::Reading {
            return false;
        }
        let Some(as_of) = as_of else { return true };
        let reads = self.callers.program(event.thread).is_ok_and(|program| !links::counts_links(&program));
        if reads {
            threads.put(event.thread, Who::Reader, as_of);
        }
        reads
    }

    /// Nobody is asked any more when a file is opened that is not protected, until it is: see [`Places::ask_about`].
    ///
    /// [`Places::ask_about`]: super::places::Places::ask_about
    fn pass(&self, file: &File) {
        let group = &self.asking.group;
        // Its second link is made before it is asked about again: with one by now that may have been before this.
        if group.let_open(file.as_fd()).is_ok() && nobodys(file).is_none() {
            let _ = group.ask(file.as_fd(), fan::OPEN);
        }
    }
}

/// A file that has no second link, and is protected by nobody.
fn nobodys(file: &File) -> Option<FileKey> {
    let metadata = file.metadata().ok()?;
    (metadata.nlink() < LINKS_MIN).then(|| FileKey::of(&metadata))
}
