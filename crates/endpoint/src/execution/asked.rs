//! The thread that reads what the kernel asks. It opens nothing and waits for nobody, so that it can always answer: itself,
//! where something is known or nothing can be wrong, or with what the rules say when a worker took too long.

use super::content::{self, Form, HEAD_BYTES};
use super::desk::Desk;
use super::lanes::{Lanes, Need};
use super::pending::Question;
use super::places::{Keeper, path_of};
use super::writers::{Runs, Writer};
use crate::interpreters::interpreter;
use crate::kernel::callers::Callers;
use crate::kernel::facts::{self, Facts};
use crate::kernel::fan::{self, Event, FileEvent};
use crate::kernel::processes;
use crate::kernel::threads::Threads;
use crate::kernel::waiting::Waiting;
use policy::Outcome;
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
    let mut asked = Asked { desk, lanes, callers: Callers::default(), interpreters: Threads::begin() };
    let mut waiting = Waiting::new(TICK);
    desk.group.take_over().into_iter().for_each(|event| asked.take(event));
    while !desk.stop.load(Ordering::Relaxed) {
        waiting.wait(&desk.group);
        desk.group.beat();
        match desk.group.read() {
            // While nobody asks one keeps up with what happens.
            Ok(events) if events.is_empty() => asked.interpreters.keep_up(),
            Ok(events) => {
                for event in events {
                    asked.take(event);
                    waiting.was_asked();
                }
            }
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
    callers: Callers,
    /// Whether they run an interpreter.
    interpreters: Threads<bool>,
}

/// What is to be done with a question.
enum Then {
    Answer(bool),
    /// It may, and so may everybody who opens the file from now on.
    Pass,
    Find(Need),
}

impl Asked<'_> {
    fn take(&mut self, event: Event) {
        match event {
            Event::File(event) if event.is_question() => self.question(event),
            Event::File(event) => self.closed(&event),
            Event::Overflow => self.desk.overflow(),
            Event::Entry { .. } => {}
        }
    }

    fn question(&mut self, event: FileEvent) {
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
        match self.then(&event, &facts) {
            Then::Answer(may) => self.desk.at_once(&event, may),
            Then::Pass => {
                self.desk.at_once(&event, true);
                self.desk.let_pass(&event.file, &facts, fan::OPEN, None);
            }
            Then::Find(need) => self.find(need, event, facts),
        }
    }

    fn then(&mut self, event: &FileEvent, facts: &Facts) -> Then {
        if event.mask & fan::RUN == 0 {
            // While it waits one sees what it runs; when it closes the file it may be gone.
            if !self.desk.book.current().rules.deployers.is_empty() {
                self.desk.writers.opened(event.thread, self.deployer(event.thread));
            }
            // Whoever runs it opens it too, and is asked about both.
            return match self.desk.running.take(event.thread, &facts.version) {
                true => Then::Answer(true),
                false => self.opened(event, facts),
            };
        }
        match self.known(event, facts) {
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
    fn known(&self, event: &FileEvent, facts: &Facts) -> Option<bool> {
        let outcome = self.desk.seen.outcome(&facts.version, &path_of(&event.file))?;
        Some(outcome != Outcome::Blocked)
    }

    /// A file is opened that nobody runs as a program.
    fn opened(&mut self, event: &FileEvent, facts: &Facts) -> Then {
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
            _ if self.interprets(event.thread) => Need::Script,
            // No library and no text: nobody needs to ask when it is opened.
            Form::Data => return Then::Pass,
            _ => return Then::Answer(true),
        };
        match self.known(event, facts) {
            Some(true) => Then::Answer(true),
            _ => Then::Find(need),
        }
    }

    /// Whether a thread runs an interpreter.
    fn interprets(&mut self, thread: i32) -> bool {
        if let Some(interprets) = self.interpreters.get(thread) {
            return interprets;
        }
        let as_of = self.interpreters.now();
        let interprets = match self.callers.program(thread) {
            Ok(program) => interpreter(&program).is_some(),
            // It is gone, or one of the kernel. Of others whom one cannot look at, nobody can say.
            Err(error) => return !matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENOENT)),
        };
        self.interpreters.put(thread, interprets, as_of);
        interprets
    }

    fn find(&self, need: Need, event: FileEvent, facts: Facts) {
        let path = path_of(&event.file);
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
