//! What happens on the endpoint, on its way to the server: parts hand it over without ever waiting, one thread makes lines of
//! it and adds them to the spool, at most a second later.

use super::essentials::Essentials;
use super::incidents::Incidents;
use super::tell;
use endpoint::behaviour::alarm::Alarm;
use endpoint::execution::Ruled;
use endpoint::guard;
use endpoint::memory::facts::Finding;
use endpoint::packages::Databases;
use link::{BATCH_BYTES_MAX, Refused, Spool};
use model::Message;
use policy::telling::{Checked, Happened, LINE_BYTES_MAX, TOLD_KIND, Told, What, lines};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What waits to be made lines of. Who makes much happen, as an attacker may, fills half of it and pushes nothing out.
const NEWS_MAX: usize = 16_384;
const HAPPENED_MAX: u64 = NEWS_MAX as u64 / 2;
/// Lines of a batch, and how long the first one waits for others.
const BATCH_LINES_MAX: usize = 2048;
const BATCH_WITHIN: Duration = Duration::from_millis(800);
/// Batches whose lines are counted while they wait; of those before, a batch counts as a line.
const COUNTED_MAX: usize = 100_000;

/// Something that happened.
#[derive(Debug)]
pub enum News {
    Ruled(Box<Ruled>),
    /// From the guard with that state folder.
    Guard {
        state: PathBuf,
        told: guard::Told,
    },
    Alarm(Box<Alarm>),
    Checked(Box<Checked>),
    Memory(Box<Finding>),
    Happened(Box<Happened>),
    Gap {
        why: Message,
        seconds: u64,
    },
    /// Nothing more comes that is to be told.
    End,
}

/// Where news are handed over. Clones are doors to the same.
#[derive(Debug, Clone)]
pub struct Herald {
    to: SyncSender<(u64, News)>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Lines that nobody will hear of.
    shed: AtomicU64,
    /// News that wait to be made lines of.
    handed: AtomicU64,
    /// Lines of batches that wait, by their number.
    waiting: Mutex<VecDeque<(i64, u64)>>,
}

impl Herald {
    /// The door, and what comes through it.
    pub fn new() -> (Herald, Heard) {
        let (to, news) = sync_channel(NEWS_MAX);
        let shared = Arc::new(Shared::default());
        (Herald { to, shared: shared.clone() }, Heard { news, shared })
    }

    /// Hands over what happened now. Never waits: where too much does, it is counted as shed.
    pub fn tell(&self, news: News) {
        let handed = self.shared.handed.fetch_add(1, Ordering::Relaxed);
        let has_room = handed < HAPPENED_MAX || !matches!(news, News::Happened(_));
        if !has_room || self.to.try_send((now(), news)).is_err() {
            self.shared.handed.fetch_sub(1, Ordering::Relaxed);
            self.shared.shed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until there is room, as nothing is left that others wait for.
    pub fn end(&self) {
        let _ = self.to.send((now(), News::End));
    }

    pub fn shed(&self) -> u64 {
        self.shared.shed.load(Ordering::Relaxed)
    }

    /// Lines that the server does not have, of a spool with so many batches that wait.
    pub fn waiting(&self, acknowledged: Option<i64>, batches: u64) -> u64 {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.front().is_some_and(|(number, _)| acknowledged.is_some_and(|last| *number <= last)) {
            waiting.pop_front();
        }
        let lines: u64 = waiting.iter().map(|(_, lines)| lines).sum();
        lines + batches.saturating_sub(waiting.len() as u64)
    }
}

/// What was handed over, for the one who tells it.
#[derive(Debug)]
pub struct Heard {
    news: Receiver<(u64, News)>,
    shared: Arc<Shared>,
}

impl Heard {
    /// Begins to tell, until it is told to end.
    pub fn start(self, spool: Spool, incidents: Incidents, packages: Databases) -> io::Result<JoinHandle<()>> {
        let essentials = Essentials::of_this_machine();
        let mut teller = Teller { spool, shared: self.shared, incidents, packages, essentials, lines: Vec::new() };
        let tell = move || teller.run(&self.news);
        Builder::new().name("herald".to_owned()).spawn(tell)
    }
}

struct Teller {
    spool: Spool,
    shared: Arc<Shared>,
    incidents: Incidents,
    packages: Databases,
    essentials: Essentials,
    lines: Vec<Told>,
}

impl Teller {
    fn run(&mut self, news: &Receiver<(u64, News)>) {
        let mut due = None;
        loop {
            let wait = due.map_or(BATCH_WITHIN, |due: Instant| due.saturating_duration_since(Instant::now()));
            match news.recv_timeout(wait) {
                Ok((_, News::End)) => return self.flush(),
                Ok((at, news)) => {
                    self.shared.handed.fetch_sub(1, Ordering::Relaxed);
                    let line = self.line(at, news);
                    self.lines.extend(line);
                    due = due.or_else(|| Some(Instant::now() + BATCH_WITHIN));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.flush(),
            }
            if self.lines.len() >= BATCH_LINES_MAX || due.is_some_and(|due| due <= Instant::now()) {
                self.flush();
                due = None;
            }
        }
    }

    fn line(&mut self, at: u64, news: News) -> Option<Told> {
        let what = match news {
            News::Ruled(ruled) => What::Ran(Box::new(tell::ran(*ruled, &self.essentials))),
            News::Guard { state, told } => self.of_guard(&state, told)?,
            News::Alarm(alarm) => What::Alarm(Box::new(tell::alarm(*alarm))),
            News::Checked(checked) => What::Checked(checked),
            News::Memory(finding) => What::Memory(Box::new(tell::in_memory(*finding))),
            News::Happened(happened) => What::Happened(happened),
            News::Gap { why, seconds } => What::Gap { why, seconds },
            News::End => return None,
        };
        Some(Told { at, what })
    }

    fn of_guard(&mut self, state: &std::path::Path, told: guard::Told) -> Option<What> {
        match told {
            guard::Told::Tripped { lineage, program, culprit, processes, why } => {
                let incident = self.incidents.of(state, lineage.0);
                let stopped = tell::stopped(incident, program, culprit, processes.len(), why, &self.packages);
                Some(What::Stopped(Box::new(stopped)))
            }
            guard::Told::Restored { lineage, restored } => {
                let incident = self.incidents.of(state, lineage.0);
                self.incidents.is_over(state, lineage.0);
                Some(What::Restored(Box::new(tell::restored(incident, &restored))))
            }
            _ => None,
        }
    }

    fn flush(&mut self) {
        let all = std::mem::take(&mut self.lines);
        self.append(&all);
    }

    /// Adds lines to the spool, in as many batches as it takes.
    fn append(&self, all: &[Told]) {
        let Some((first, rest)) = all.split_first() else { return };
        let bytes = lines(all).unwrap_or_default();
        let is_one = rest.is_empty();
        if is_one && bytes.len() > LINE_BYTES_MAX {
            tracing::warn!(at = first.at, bytes = bytes.len(), "a line is too long to be told");
            return self.shed(1);
        }
        if bytes.len() > BATCH_BYTES_MAX {
            let (one, other) = all.split_at(all.len() / 2);
            self.append(one);
            return self.append(other);
        }
        let rows = u32::try_from(all.len()).unwrap_or(u32::MAX);
        match self.spool.append(TOLD_KIND, rows, &bytes) {
            Ok(number) => self.waits(number, u64::from(rows)),
            // The spool counts what it sheds; it goes on being protected all the same.
            Err(error @ (Refused::Full { .. } | Refused::Failed(_))) => tracing::warn!(rows, %error, "not kept"),
            Err(error) => {
                tracing::warn!(rows, %error, "not kept");
                self.shed(u64::from(rows));
            }
        }
    }

    fn waits(&self, number: i64, lines: u64) {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= COUNTED_MAX {
            waiting.pop_front();
        }
        waiting.push_back((number, lines));
    }

    fn shed(&self, lines: u64) {
        self.shared.shed.fetch_add(lines, Ordering::Relaxed);
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
