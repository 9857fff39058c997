//! Execution control as a part of serving: begun with what is held to, given other rules while it runs, and begun again after
//! a while where it cannot be.

use super::Parts;
use super::herald::News;
use super::situation::Part;
use crate::run;
use endpoint::execution::{Counts, Execution, Filesystem, Handle, Settings, Told};
use endpoint::packages::Databases;
use policy::orders::ReputationTable;
use policy::{Mode, Rules};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// What goes on running is told once in this time.
const TELL_AGAIN: Duration = Duration::from_hours(24);
const BEGIN_AGAIN: Duration = Duration::from_mins(1);

pub struct Executing {
    parts: Parts,
    only: Vec<Filesystem>,
    packages: Databases,
    running: Option<Running>,
    begun: Option<Instant>,
    /// Of those that ran before.
    counted: Counts,
}

struct Running {
    handle: Handle,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Executing {
    pub fn new(parts: Parts, only: Vec<Filesystem>, packages: Databases) -> Executing {
        Executing { parts, only, packages, running: None, begun: None, counted: Counts::default() }
    }

    /// Sees to it that what runs is decided by these rules.
    pub fn put(&mut self, rules: Rules, reputation: Arc<ReputationTable>) {
        match &self.running {
            Some(running) => running.handle.put(rules, reputation),
            None => self.begin(rules, reputation),
        }
    }

    /// Whether it is to be begun once more: it does not run, and was not tried for a while.
    pub fn is_due(&mut self) -> bool {
        if self.running.as_ref().is_some_and(|running| running.thread.is_finished()) {
            self.end();
        }
        self.running.is_none() && self.begun.is_none_or(|begun| begun.elapsed() >= BEGIN_AGAIN)
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub fn counts(&self) -> Counts {
        let now = self.running.as_ref().map(|running| running.handle.counts()).unwrap_or_default();
        sum(&self.counted, &now)
    }

    fn begin(&mut self, rules: Rules, reputation: Arc<ReputationTable>) {
        self.begun = Some(Instant::now());
        self.parts.situation.begins(&Part::Execution);
        let settings = Settings {
            only: self.only.clone(),
            packages: self.packages.clone(),
            tell_again: Some(TELL_AGAIN),
            kept: self.parts.kept.clone(),
            ..Settings::given(rules, reputation)
        };
        let execution = match Execution::new(settings) {
            Ok(execution) => execution,
            Err(error) => return self.parts.situation.degraded(Part::Execution, run::why(&error)),
        };
        let (handle, stop, parts) = (execution.handle(), Arc::new(AtomicBool::new(false)), self.parts.clone());
        let stopped = stop.clone();
        // Nobody reads anything anew: rules are handed in.
        let decide = move || execution.run(&stopped, &AtomicBool::new(false), &mut |told| tell(&parts, told));
        match Builder::new().name("exec".to_owned()).spawn(decide) {
            Ok(thread) => self.running = Some(Running { handle, stop, thread }),
            Err(error) => self.parts.situation.degraded(Part::Execution, super::no_thread(&error)),
        }
    }

    /// Whoever waits for an answer goes on.
    pub fn end(&mut self) {
        let Some(Running { handle, stop, thread }) = self.running.take() else { return };
        stop.store(true, Ordering::Relaxed);
        let _ = thread.join();
        self.counted = sum(&self.counted, &handle.counts());
    }
}

fn tell(parts: &Parts, told: Told) {
    let is_for_people = match &told {
        Told::Ruled(ruled) => !ruled.verdict.may && ruled.outcome != policy::Outcome::Ran,
        Told::Ready { mode, .. } | Told::Rules { mode } => *mode != Mode::Observe,
        Told::TakenOver(_) | Told::Degraded { .. } | Told::Ended(_) => true,
    };
    parts.out.say(is_for_people, || run::object(&told), || run::message(&told));
    match told {
        Told::Ruled(ruled) => parts.herald.tell(News::Ruled(ruled)),
        Told::TakenOver(over) => parts.situation.taken_over(Part::Execution, "exec.taken-over", over),
        Told::Degraded { why } => parts.situation.degraded(Part::Execution, why),
        Told::Ready { .. } | Told::Rules { .. } | Told::Ended(_) => {}
    }
}

fn sum(one: &Counts, other: &Counts) -> Counts {
    Counts {
        asked: one.asked + other.asked,
        at_once: one.at_once + other.at_once,
        blocked: one.blocked + other.blocked,
        undecided: one.undecided + other.undecided,
        overflows: one.overflows + other.overflows,
    }
}
