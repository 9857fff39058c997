//! Configuration checks as a part of serving: looked at each minute where orders ask for them, set and undone as orders say,
//! and told when one stands otherwise than before.

use super::Parts;
use super::herald::News;
use super::home::{self, Home};
use super::situation::Part;
use crate::signals::STOP;
use endpoint::baseline::{Checker, Machine, State, Wanted};
use model::Message;
use policy::baseline::{Baseline, Outcome, State as Compliance};
use policy::groups::Telemetry;
use policy::orders::Orders;
use policy::telling::Checked;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant, SystemTime};

const NAME: &str = "checks.json";
const STATE_BYTES_MAX: u64 = 4 << 20;
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Programs are asked when files that they read have changed, and in any case so often.
const ASK_EVERY: Duration = Duration::from_hours(1);
/// What stands as it did is told once in this time.
const TELL_AGAIN: Duration = Duration::from_hours(24);
const TICK: Duration = Duration::from_millis(200);
/// What moves when the answers of programs may be others.
const MOVES: &[&str] = &[
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d",
    "/etc/systemd/system",
    "/var/lib/dpkg/status",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
];

/// What is asked for, and whether what is as it should be is told with its value.
type Asked = Option<(Wanted, bool)>;

pub struct Checking {
    parts: Parts,
    home: Home,
    asked: Arc<Mutex<Asked>>,
    has_begun: bool,
}

impl Checking {
    pub fn new(parts: Parts, home: Home) -> Checking {
        Checking { parts, home, asked: Arc::default(), has_begun: false }
    }

    /// Sees to it that what is ordered is looked at. Without orders what was set stays as it is.
    pub fn put(&mut self, orders: Option<&Orders>) {
        let asked = orders.map(|orders| {
            let wanted = Wanted {
                read: orders.baseline.clone(),
                set: orders.baseline_set.clone(),
                orders: Some(orders.version),
            };
            (wanted, orders.telemetry.contains(&Telemetry::Baseline))
        });
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        if !self.has_begun {
            self.has_begun = true;
            let (parts, home, asked) = (self.parts.clone(), self.home.clone(), self.asked.clone());
            let look = move || run(&parts, &home, &asked);
            if let Err(error) = Builder::new().name("checks".to_owned()).spawn(look) {
                self.parts.situation.degraded(Part::Checks, super::no_thread(&error));
            }
        }
    }

    pub fn is_asked(&self) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.as_ref().is_some_and(|(wanted, _)| !wanted.read.is_empty() || !wanted.set.is_empty())
    }
}

fn run(parts: &Parts, home: &Home, asked: &Mutex<Asked>) {
    super::calm::be_last();
    let state = load(home, parts);
    let path = home.path(NAME);
    let keep = move |state: &State| {
        let bytes = serde_json::to_vec(state).map_err(io::Error::from)?;
        home::put(&path, &bytes)
    };
    let mut checker = Checker::new(Machine::new("/"), Baseline::builtin().clone(), state, Box::new(keep));
    let (mut telling, mut done, mut looked) = (Telling::default(), None, Instant::now());
    let mut moved = (stamp(), Instant::now());
    while !STOP.load(Ordering::Relaxed) {
        let now = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if now.is_some() && (now != done || looked.elapsed() >= LOOK_EVERY) {
            let stamp = stamp();
            if stamp != moved.0 || moved.1.elapsed() >= ASK_EVERY {
                checker.forget();
                moved = (stamp, Instant::now());
            }
            if let Some((wanted, with_values)) = &now {
                let all = checker.pass(wanted);
                all.into_iter().for_each(|checked| telling.tell(parts, checked, *with_values));
            }
            (done, looked) = (now, Instant::now());
        }
        std::thread::sleep(TICK);
    }
}

/// What was set, and what was there before it. Where that is damaged, what was written before it counts.
fn load(home: &Home, parts: &Parts) -> State {
    let path = home.path(NAME);
    for path in [path.clone(), home::before(&path)] {
        let why = match home::read(&path, STATE_BYTES_MAX) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(state) => return state,
                Err(error) => home::damaged(&path, &error),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => home::unread(&path, &error),
        };
        parts.situation.degraded(Part::Checks, why);
    }
    State::default()
}

fn stamp() -> Vec<Option<SystemTime>> {
    let moved = |path: &&str| fs::metadata(PathBuf::from(path)).and_then(|metadata| metadata.modified()).ok();
    MOVES.iter().map(moved).collect()
}

/// What was told of each, and when.
#[derive(Default)]
struct Telling(HashMap<String, (Checked, Instant)>);

impl Telling {
    fn tell(&mut self, parts: &Parts, checked: Checked, with_values: bool) {
        let checked = if with_values { checked } else { plain(checked) };
        if !self.is_news(&checked, Instant::now()) {
            return;
        }
        let object = || json!({ "event": "checked", "check": checked.check, "outcome": checked.outcome, "held": checked.held, "step": checked.step });
        parts.out.say(checked.step.is_some(), object, || sentence(&checked));
        parts.herald.tell(News::Checked(Box::new(checked)));
    }

    fn is_news(&mut self, checked: &Checked, now: Instant) -> bool {
        let still = Checked { step: None, ..checked.clone() };
        let is_known =
            self.0.get(&checked.check).is_some_and(|(told, at)| *told == still && now.duration_since(*at) < TELL_AGAIN);
        if is_known && checked.step.is_none() {
            return false;
        }
        match checked.outcome {
            Some(_) => self.0.insert(checked.check.clone(), (still, now)),
            None => self.0.remove(&checked.check),
        };
        true
    }
}

/// What is as it should be is told without its value where orders do not ask for that.
fn plain(checked: Checked) -> Checked {
    let outcome = checked.outcome.map(|outcome| match outcome.state {
        Compliance::Compliant => Outcome { why: Message::new("baseline.compliant"), ..outcome },
        Compliance::Not | Compliance::Unknown => outcome,
    });
    Checked { outcome, ..checked }
}

/// What the agent did, for people.
fn sentence(checked: &Checked) -> Message {
    use policy::telling::Did;
    let title = Message::new(format!("baseline.{}.title", checked.check));
    let Some(step) = &checked.step else { return title };
    let code = match step.did {
        Did::Set => "baseline.did-set",
        Did::NotSet => "baseline.did-not-set",
        Did::Undone => "baseline.did-undone",
        Did::NotUndone => "baseline.did-not-undone",
        Did::Left => "baseline.did-left",
    };
    let done = Message::new(code).reason("check", title);
    match &step.why {
        Some(why) => Message::new("baseline.did-why").reason("done", done).reason("why", why.clone()),
        None => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::telling::{Did, Step};

    fn checked(state: Compliance) -> Checked {
        let why = Message::new("baseline.as-wanted").with("value", "2");
        Checked { check: "aslr".to_owned(), outcome: Some(Outcome { state, why }), held: false, step: None }
    }

    #[test]
    fn only_another_standing_is_told_and_the_same_once_a_day() {
        let (mut telling, start) = (Telling::default(), Instant::now());
        assert!(telling.is_news(&checked(Compliance::Compliant), start));
        assert!(!telling.is_news(&checked(Compliance::Compliant), start));
        assert!(telling.is_news(&checked(Compliance::Not), start));
        let set = Step { did: Did::NotSet, why: None, orders: Some(1) };
        assert!(telling.is_news(&Checked { step: Some(set), ..checked(Compliance::Not) }, start), "something was done");
        assert!(!telling.is_news(&checked(Compliance::Not), start));
        assert!(telling.is_news(&checked(Compliance::Not), start + TELL_AGAIN));
        let gone = Checked { outcome: None, ..checked(Compliance::Not) };
        assert!(telling.is_news(&gone, start + TELL_AGAIN));
        assert!(telling.is_news(&checked(Compliance::Not), start + TELL_AGAIN));
    }

    #[test]
    fn values_are_kept_back_where_all_is_well_and_nobody_asks() {
        assert_eq!(plain(checked(Compliance::Compliant)).outcome.unwrap().why, Message::new("baseline.compliant"));
        assert_eq!(plain(checked(Compliance::Not)), checked(Compliance::Not));
    }
}
