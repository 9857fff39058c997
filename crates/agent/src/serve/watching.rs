//! Hearing what happens on the machine as a part of serving, and what it means: only where orders ask for it.

use super::Parts;
use super::happened::happened;
use super::herald::News;
use super::situation::Part;
use crate::watch;
use endpoint::behaviour::Behaviour;
use endpoint::behaviour::alarm::Alarm;
use endpoint::packages::Databases;
use endpoint::telemetry::watch::{Settings, run, troubles};
use model::Message;
use policy::groups::Telemetry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

const BEGIN_AGAIN: Duration = Duration::from_mins(1);
/// One rule is told of one program once in this time: who does something a thousand times makes no thousand alarms.
const SAME_AFTER: Duration = Duration::from_mins(1);
const SAME_MAX: usize = 4096;

pub struct Watching {
    parts: Parts,
    packages: Databases,
    running: Option<Running>,
    begun: Option<Instant>,
}

struct Running {
    wanted: BTreeSet<Telemetry>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// What is heard here, if orders ask for it.
const HEARD: [Telemetry; 2] = [Telemetry::Processes, Telemetry::Network];

impl Watching {
    pub fn new(parts: Parts, packages: Databases) -> Watching {
        Watching { parts, packages, running: None, begun: None }
    }

    /// Sees to it that it is heard what is wanted, and nothing else.
    pub fn put(&mut self, wanted: &BTreeSet<Telemetry>) {
        let wanted: BTreeSet<Telemetry> = HEARD.into_iter().filter(|of| wanted.contains(of)).collect();
        if self.running.as_ref().is_some_and(|running| running.thread.is_finished() || running.wanted != wanted) {
            self.end();
        }
        let is_due = self.begun.is_none_or(|begun| begun.elapsed() >= BEGIN_AGAIN);
        if !wanted.is_empty() && self.running.is_none() && is_due {
            self.begin(wanted);
        }
    }

    /// What is heard now.
    pub fn heard(&self) -> BTreeSet<Telemetry> {
        self.running.as_ref().map(|running| running.wanted.clone()).unwrap_or_default()
    }

    fn begin(&mut self, wanted: BTreeSet<Telemetry>) {
        self.begun = Some(Instant::now());
        self.parts.situation.begins(&Part::Watch);
        let (stop, parts) = (Arc::new(AtomicBool::new(false)), self.parts.clone());
        let (packages, stopped, told) = (self.packages.clone(), stop.clone(), wanted.clone());
        let hear = move || {
            let settings = Settings { secrets: watch::secrets(), packages, ..Settings::default() };
            if let Err(why) = heed(&parts, &settings, &told, &stopped) {
                parts.situation.degraded(Part::Watch, why);
            }
        };
        match Builder::new().name("watch".to_owned()).spawn(hear) {
            Ok(thread) => self.running = Some(Running { wanted, stop, thread }),
            Err(error) => self.parts.situation.degraded(Part::Watch, super::no_thread(&error)),
        }
    }

    pub fn end(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.stop.store(true, Ordering::Relaxed);
        let _ = running.thread.join();
        // It was not its fault: it may be begun at once.
        self.begun = None;
        self.parts.situation.begins(&Part::Watch);
    }
}

fn heed(parts: &Parts, settings: &Settings, wanted: &BTreeSet<Telemetry>, stop: &AtomicBool) -> Result<(), Message> {
    let mut refuse = |why| parts.situation.degraded(Part::Watch, why);
    let mut behaviour: Behaviour = watch::behaviour(None, &mut refuse)?;
    let mut same = Same::default();
    let mut alarm = |alarm: Alarm| {
        if same.is_news(&alarm, Instant::now()) {
            parts.out.say(true, || watch::object(&alarm), || alarm.message.clone());
            parts.herald.tell(News::Alarm(Box::new(alarm)));
        }
    };
    let heard = run(settings, stop, &mut |event| {
        for trouble in troubles(&event) {
            parts.situation.degraded(Part::Watch, trouble);
        }
        if let Some(happened) = happened(&event, wanted) {
            parts.herald.tell(News::Happened(Box::new(happened)));
        }
        behaviour.take(event, &mut alarm);
    });
    behaviour.end(&mut alarm);
    heard.map_err(|error| watch::why(&error))
}

/// What was told a moment ago.
#[derive(Debug, Default)]
struct Same(HashMap<(String, String), Instant>);

impl Same {
    fn is_news(&mut self, alarm: &Alarm, now: Instant) -> bool {
        let path = alarm.process.as_ref().and_then(|process| process.running()).map(|running| running.path.to_string());
        let key = (alarm.rule.clone(), path.unwrap_or_default());
        if self.0.get(&key).is_some_and(|at| now.duration_since(*at) < SAME_AFTER) {
            return false;
        }
        if self.0.len() >= SAME_MAX {
            self.0.clear();
        }
        self.0.insert(key, now);
        true
    }
}
