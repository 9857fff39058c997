//! The thread that reads what the kernel asks. It opens nothing and waits for nobody, so that it can always answer: itself,
//! where something is known or nothing can be wrong, or with what the rules say when a worker took too long.

use super::content::{self, Form, HEAD_BYTES};
use super::desk::Desk;
use super::lanes::{Lanes, Need};
use super::opener;
use super::pending::Question;
use super::places::{Keeper, path_of};
use super::writers::{Runs, Writer};
use crate::kernel::facts::{self, Facts};
use crate::kernel::fan::{self, Event, FileEvent};
use crate::kernel::processes;
use policy::Outcome;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(20);
/// Questions that wait for an answer; each holds a file open.
const PENDING_MAX: usize = 2048;

/// Reads until told to stop.
pub fn run(desk: &Arc<Desk>, lanes: &Lanes) {
    let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
    let asked = Asked { desk, lanes };
    desk.group.take_over().into_iter().for_each(|event| asked.take(event));
    while !desk.stop.load(Ordering::Relaxed) {
        // Interrupted or not, one looks.
        let _ = poll(&mut [PollFd::new(&**desk.group, PollFlags::IN)], Some(&tick));
        desk.group.beat();
        match desk.group.read() {
            Ok(events) => events.into_iter().for_each(|event| asked.take(event)),
            Err(error) => tracing::error!(cause = %error, "what the kernel asks cannot be read"),
        }
        for question in desk.pending.overdue(Instant::now()) {
            desk.undecided(&question);
        }
    }
}

struct Asked<'d> {
    desk: &'d Arc<Desk>,
    lanes: &'d Lanes,
}

/// What is to be done with a question.
enum Then {
    Answer(bool),
    Find(Need),
}

impl Asked<'_> {
    fn take(&self, event: Event) {
        match event {
            Event::File(event) if event.is_question() => self.question(event),
            Event::File(event) => self.closed(&event),
            Event::Overflow => self.desk.overflow(),
            Event::Entry { .. } => {}
        }
    }

    fn question(&self, event: FileEvent) {
        self.desk.asked();
        if processes::is_own(event.thread) {
            return self.desk.at_once(&event, true);
        }
        // What the kernel says nothing of is nothing that one could decide about.
        let Ok(facts) = Facts::of(&event.file) else {
            return self.desk.at_once(&event, event.mask & fan::RUN == 0 || self.desk.may_undecided());
        };
        if !facts.is_regular() {
            return self.desk.at_once(&event, true);
        }
        let path = path_of(&event.file);
        match self.then(&event, &facts, &path) {
            Then::Answer(may) => self.desk.at_once(&event, may),
            Then::Find(need) => self.find(need, event, facts, path),
        }
    }

    fn then(&self, event: &FileEvent, facts: &Facts, path: &std::path::Path) -> Then {
        if event.mask & fan::RUN == 0 {
            // While it waits one sees what it runs; when it closes the file it may be gone.
            if !self.desk.book.current().rules.deployers.is_empty() {
                self.desk.writers.opened(event.thread, self.deployer(event.thread));
            }
            // Whoever runs it opens it too, and is asked about both.
            return match self.desk.running.take(event.thread, &facts.version) {
                true => Then::Answer(true),
                false => self.opened(event, facts, path),
            };
        }
        match self.known(facts, path) {
            Some(may) => {
                if may {
                    self.desk.running.put(event.thread, facts.version);
                }
                Then::Answer(may)
            }
            None => Then::Find(Need::Run),
        }
    }

    /// What was found before of a file, and still holds.
    fn known(&self, facts: &Facts, path: &std::path::Path) -> Option<bool> {
        let outcome = self.desk.seen.outcome(&facts.version, path)?;
        Some(outcome != Outcome::Blocked)
    }

    /// A file is opened that nobody runs as a program.
    fn opened(&self, event: &FileEvent, facts: &Facts, path: &std::path::Path) -> Then {
        if facts.version.bytes == 0 {
            return Then::Answer(true);
        }
        let keeper = self.desk.places.keeper(facts.mount);
        let mut head = [0; HEAD_BYTES];
        let head = match keeper {
            Some(Keeper::Local | Keeper::Layered) => facts::read_now(&event.file, &mut head),
            _ => None,
        };
        let Some(head) = head else { return Then::Find(Need::Peek) };
        let form = content::form(head);
        let need = match form {
            Form::Shared => Need::Load,
            _ if opener::is_interpreter(event.thread) => Need::Script,
            _ => {
                if form == Form::Data {
                    // No library and no text: nobody needs to ask when it is opened.
                    self.desk.let_pass(&event.file, facts, fan::OPEN, None);
                }
                return Then::Answer(true);
            }
        };
        match self.known(facts, path) {
            Some(true) => Then::Answer(true),
            _ => Then::Find(need),
        }
    }

    fn find(&self, need: Need, event: FileEvent, facts: Facts, path: PathBuf) {
        let keeper = self.desk.places.keeper(facts.mount);
        let event = Arc::new(event);
        let due = Instant::now() + self.desk.settings.decide_within;
        let new = |number| Question { number, event: event.clone(), facts, path, need, due };
        match self.desk.pending.put(PENDING_MAX, new) {
            Some(question) => {
                let number = question.number;
                if !self.lanes.put(question, keeper)
                    && let Some(question) = self.desk.pending.take(number)
                {
                    self.desk.overflow();
                    self.desk.undecided(&question);
                }
            }
            None => {
                // There is no room even to say of which file.
                self.desk.overflow();
                self.desk.at_once(&event, need == Need::Peek || self.desk.may_undecided());
            }
        }
    }

    /// Somebody who might have written closed a file.
    fn closed(&self, event: &FileEvent) {
        let Ok(facts) = Facts::of(&event.file) else { return };
        self.desk.writers.closed(&facts, event.thread, self.deployer(event.thread));
    }

    /// What a thread runs, if that deploys software here. None when it is gone.
    fn deployer(&self, thread: i32) -> Option<Runs> {
        let rules = self.desk.book.current().rules;
        let link = PathBuf::from(format!("/proc/{thread}/exe"));
        let path = fs::read_link(&link).ok()?;
        if !path.to_str().is_some_and(|path| rules.deployers.contains(path)) {
            return Some(Runs::Another);
        }
        Some(Runs::Deployer(Writer { path, version: Facts::at(&link).ok()?.version }))
    }
}
