//! Looking into memory as a part of serving, a small piece at a time: only where orders ask for processes.

use super::Parts;
use super::herald::News;
use super::situation::Part;
use crate::memory;
use endpoint::memory::facts::Finding;
use endpoint::memory::judge::SUSPICIOUS_AT;
use endpoint::memory::scan::{Budget, Scanner};
use endpoint::packages::Databases;
use endpoint::telemetry::publisher::Publishers;
use model::Message;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

const BUDGET: Budget = Budget { bytes: 16 << 20, time: Duration::from_millis(100) };
/// Between two pieces, and after all processes were looked at.
const NEXT_AFTER: Duration = Duration::from_secs(2);
const AGAIN_AFTER: Duration = Duration::from_mins(5);
const BEGIN_AGAIN: Duration = Duration::from_mins(1);
/// One region of one program is told once in this time, however many processes have it.
const SAME_AFTER: Duration = Duration::from_hours(24);
const SAME_MAX: usize = 4096;
const TICK: Duration = Duration::from_millis(200);

pub struct Searching {
    parts: Parts,
    packages: Databases,
    running: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
    begun: Option<Instant>,
}

impl Searching {
    pub fn new(parts: Parts, packages: Databases) -> Searching {
        Searching { parts, packages, running: None, begun: None }
    }

    /// Sees to it that memory is looked into, or not.
    pub fn put(&mut self, is_wanted: bool) {
        let is_over = self.running.as_ref().is_some_and(|(_, thread)| thread.is_finished());
        if is_over || !is_wanted {
            self.end();
        }
        let is_due = self.begun.is_none_or(|begun| begun.elapsed() >= BEGIN_AGAIN);
        if is_wanted && self.running.is_none() && is_due {
            self.begin();
        }
    }

    fn begin(&mut self) {
        self.begun = Some(Instant::now());
        self.parts.situation.begins(&Part::Memory);
        let (stop, parts, packages) = (Arc::new(AtomicBool::new(false)), self.parts.clone(), self.packages.clone());
        let stopped = stop.clone();
        let search = move || {
            super::calm::be_last();
            if let Err(why) = search(&parts, &packages, &stopped) {
                parts.situation.degraded(Part::Memory, why);
            }
        };
        match Builder::new().name("memory".to_owned()).spawn(search) {
            Ok(thread) => self.running = Some((stop, thread)),
            Err(error) => self.parts.situation.degraded(Part::Memory, super::no_thread(&error)),
        }
    }

    pub fn end(&mut self) {
        let Some((stop, thread)) = self.running.take() else { return };
        stop.store(true, Ordering::Relaxed);
        let _ = thread.join();
        // It was not its fault: it may be begun at once.
        self.begun = None;
    }
}

fn search(parts: &Parts, packages: &Databases, stop: &AtomicBool) -> Result<(), Message> {
    let mut scanner = Scanner::new(Publishers::of(packages));
    let mut same = Same::default();
    while !stop.load(Ordering::Relaxed) {
        let pass = scanner.pass(BUDGET).map_err(|error| Message::new("memory.unread").reason("why", &error))?;
        for finding in pass.findings.into_iter().filter(|finding| finding.points >= SUSPICIOUS_AT) {
            if same.is_news(&finding, Instant::now()) {
                parts.out.say(true, || memory::object(&finding), || memory::sentence(&finding));
                parts.herald.tell(News::Memory(Box::new(finding)));
            }
        }
        let missed = pass.unread.len() + pass.cut.len();
        if missed > 0 {
            let count = i64::try_from(missed).unwrap_or(i64::MAX);
            parts.situation.degraded(Part::Memory, Message::new("memory.missed").number("processes", count));
        }
        wait(if pass.complete { AGAIN_AFTER } else { NEXT_AFTER }, stop);
    }
    Ok(())
}

fn wait(time: Duration, stop: &AtomicBool) {
    let until = Instant::now() + time;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(TICK);
    }
}

/// What was told a while ago: the program, what stands behind the region, and why.
#[derive(Debug, Default)]
struct Same(HashMap<(String, String), Instant>);

impl Same {
    fn is_news(&mut self, finding: &Finding, now: Instant) -> bool {
        let reasons = finding.reasons.iter().map(|reason| reason.message.code.as_str());
        let region = finding.facts.region.path().unwrap_or_default();
        let key = (finding.process.path.clone(), reasons.fold(region.to_owned(), |key, code| key + "\n" + code));
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
