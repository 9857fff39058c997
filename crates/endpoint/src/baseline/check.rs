//! One look at all checks that are wanted: each is read, set where that is ordered and it is not as it should be, and undone
//! when it is ordered no longer.

use super::machine::Machine;
use super::read::Reader;
use super::set::{Prior, locks_out};
use model::Message;
use policy::baseline::{Baseline, Check, Outcome, Platform, Read, State as Compliance, Way};
use policy::telling::{Checked, Did, Step};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

/// What could not be set or undone is tried again after that, or when other orders come.
const TRY_AGAIN: Duration = Duration::from_hours(6);

/// What orders ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    pub read: BTreeSet<String>,
    pub set: BTreeSet<String>,
    /// Version of the orders.
    pub orders: Option<u64>,
}

/// What has to last: what was there before everything that was set, by check.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    pub held: BTreeMap<String, HeldCheck>,
    /// Checks that somebody was told of: he is told when they are asked no longer.
    #[serde(default)]
    pub told: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCheck {
    pub prior: Prior,
    pub before: Read,
    /// As it was read once it was set; none when this ended in between.
    pub after: Option<Read>,
}

/// Writes down what has to last, before it is relied on.
pub type Keep = Box<dyn FnMut(&State) -> io::Result<()> + Send>;

pub struct Checker {
    machine: Machine,
    reader: Reader,
    baseline: Baseline,
    state: State,
    keep: Keep,
    /// What could not be set or undone, with the orders by which.
    failed: BTreeMap<String, (Option<u64>, Instant)>,
}

impl Checker {
    pub fn new(machine: Machine, baseline: Baseline, state: State, keep: Keep) -> Checker {
        let reader = Reader::new(machine.clone());
        Checker { machine, reader, baseline, state, keep, failed: BTreeMap::new() }
    }

    /// Programs are asked anew.
    pub fn forget(&mut self) {
        self.reader.forget();
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// How all stand now, with what was done about them.
    pub fn pass(&mut self, wanted: &Wanted) -> Vec<Checked> {
        let is_over = |id: &&String| !wanted.set.contains(*id) && self.is_due(id, wanted.orders);
        let withdrawn: Vec<String> = self.state.held.keys().filter(is_over).cloned().collect();
        let mut steps: BTreeMap<String, Step> = BTreeMap::new();
        for id in withdrawn {
            let step = self.undo(&id);
            match step.did {
                Did::NotUndone => self.failed.insert(id.clone(), (wanted.orders, Instant::now())),
                _ => self.failed.remove(&id),
            };
            steps.insert(id, Step { orders: wanted.orders, ..step });
        }
        // What could not be undone yet stands on this machine, whoever asks for it.
        let mut asked: BTreeSet<String> = wanted.read.union(&wanted.set).cloned().collect();
        asked.extend(self.state.held.keys().cloned());
        let mut all: Vec<Checked> = asked.iter().map(|id| self.check(id, wanted, steps.remove(id))).collect();
        // What is asked no longer, and what was undone of it.
        let over: BTreeSet<String> = self.state.told.difference(&asked).cloned().chain(steps.keys().cloned()).collect();
        all.extend(over.into_iter().map(|check| {
            let (held, step) = (self.state.held.contains_key(&check), steps.remove(&check));
            Checked { check, outcome: None, held, step }
        }));
        if self.state.told != asked {
            self.state.told = asked;
            let _ = self.put();
        }
        all
    }

    fn check(&mut self, id: &str, wanted: &Wanted, step: Option<Step>) -> Checked {
        let unknown = |code: &str| Outcome { state: Compliance::Unknown, why: Message::new(code) };
        let told = |outcome, held, step| Checked { check: id.to_owned(), outcome: Some(outcome), held, step };
        let Some(check) = self.baseline.get(id).cloned() else {
            return told(unknown("baseline.not-known"), false, step);
        };
        let Some(way) = check.way(Platform::Linux).cloned() else {
            return told(unknown("baseline.other-platform"), false, step);
        };
        let read = self.reader.read(&way);
        let outcome = way.evaluate(&read);
        let is_held = self.state.held.contains_key(id);
        if !wanted.set.contains(id) || outcome.state != Compliance::Not || !self.is_due(id, wanted.orders) {
            return told(outcome, is_held, step);
        }
        let step = match way.set.clone() {
            Some(value) => self.set(&check, &way, &value, read),
            None => not_set(Message::new("baseline.by-hand")),
        };
        match step.did {
            Did::Set => self.failed.remove(id),
            _ => self.failed.insert(id.to_owned(), (wanted.orders, Instant::now())),
        };
        let outcome = way.evaluate(&self.reader.read(&way));
        told(outcome, self.state.held.contains_key(id), Some(Step { orders: wanted.orders, ..step }))
    }

    fn is_due(&self, id: &str, orders: Option<u64>) -> bool {
        self.failed.get(id).is_none_or(|(by, at)| *by != orders || at.elapsed() >= TRY_AGAIN)
    }

    /// Sets one, and undoes that at once when it does not hold.
    fn set(&mut self, check: &Check, way: &Way, value: &str, before: Read) -> Step {
        if let Some(why) = locks_out(&self.machine, check) {
            return not_set(why);
        }
        // What was there before the first time is what comes back, however often it is set.
        if !self.state.held.contains_key(&check.id) {
            let prior = match Prior::of(&self.machine, check, way, &before) {
                Ok(Some(prior)) => prior,
                Ok(None) => return not_set(Message::new("baseline.by-hand")),
                Err(why) => return not_set(why),
            };
            self.state.held.insert(check.id.clone(), HeldCheck { prior, before, after: None });
            if let Err(error) = self.put() {
                self.state.held.remove(&check.id);
                return not_set(Message::new("baseline.not-kept").reason("why", &error));
            }
        }
        let Some(held) = self.state.held.get(&check.id).cloned() else {
            return not_set(Message::new("baseline.prior-unread"));
        };
        let note = match held.prior.set(&self.machine, value) {
            Ok(note) => note,
            Err(why) => return self.back(&check.id, why),
        };
        self.reader.forget();
        let after = self.reader.read(way);
        let outcome = way.evaluate(&after);
        if outcome.state != Compliance::Compliant {
            return self.back(&check.id, Message::new("baseline.not-verified").reason("why", outcome.why));
        }
        self.state.held.insert(check.id.clone(), HeldCheck { after: Some(after), ..held });
        let kept = self.put().err().map(|error| Message::new("baseline.not-kept").reason("why", &error));
        Step { did: Did::Set, why: note.or(kept), orders: None }
    }

    /// What was tried did not hold: it is as it was before.
    fn back(&mut self, id: &str, why: Message) -> Step {
        match self.put_back(id, true) {
            Ok(()) => not_set(why),
            Err(cause) => Step { did: Did::NotUndone, why: Some(cause), orders: None },
        }
    }

    /// Undoes what was set, where nobody else has changed it since.
    fn undo(&mut self, id: &str) -> Step {
        let Some(held) = self.state.held.get(id).cloned() else {
            return Step { did: Did::Left, why: None, orders: None };
        };
        self.reader.forget();
        let way = self.baseline.get(id).and_then(|check| check.way(Platform::Linux)).cloned();
        let now = way.as_ref().map(|way| self.reader.read(way));
        // Of what cannot be read nobody knows that it is somebody else's.
        let is_ours = match (&now, &held.after) {
            (Some(now @ (Read::Value(_) | Read::Absent)), Some(after)) => now == after || *now == held.before,
            _ => true,
        };
        if let Err(why) = self.put_back(id, is_ours) {
            return Step { did: Did::NotUndone, why: Some(why), orders: None };
        }
        if !is_ours {
            return Step { did: Did::Left, why: None, orders: None };
        }
        self.reader.forget();
        let is_back = way.is_none_or(|way| self.reader.read(&way) == held.before);
        let why = (!is_back).then(|| Message::new("baseline.not-as-before"));
        Step { did: Did::Undone, why, orders: None }
    }

    fn put_back(&mut self, id: &str, is_ours: bool) -> Result<(), Message> {
        let Some(held) = self.state.held.get(id) else { return Ok(()) };
        let gone = if is_ours { held.prior.undo(&self.machine) } else { held.prior.let_go(&self.machine) };
        self.reader.forget();
        gone?;
        self.state.held.remove(id);
        // Undone once more after a crash is undone all the same.
        let _ = self.put();
        Ok(())
    }

    fn put(&mut self) -> io::Result<()> {
        (self.keep)(&self.state)
    }
}

fn not_set(why: Message) -> Step {
    Step { did: Did::NotSet, why: Some(why), orders: None }
}
