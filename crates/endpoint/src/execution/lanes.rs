//! Workers: those for files that come at once, and those for files whose keeper may make one wait. Who waits for the one kind
//! keeps nobody from the other.

use super::desk::Desk;
use super::pending::Question;
use super::places::Keeper;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::Builder;

/// What is to be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It is about to run.
    Run,
    /// A library is opened, by its loader perhaps.
    Load,
    /// An interpreter opens something, its script perhaps.
    Script,
    /// A file is opened whose first bytes are not in memory.
    Peek,
}

const SWIFT_WORKERS_MIN: usize = 2;
const SWIFT_WORKERS_MAX: usize = 8;
const SLOW_WORKERS: usize = 4;
/// A larger file takes long enough to be in the way of others.
const LARGE_BYTES: u64 = 64 << 20;
/// Questions that wait for a worker.
const QUEUE_MAX: usize = 2048;

pub struct Lanes {
    swift: mpsc::SyncSender<Question>,
    slow: mpsc::SyncSender<Question>,
}

impl Lanes {
    pub fn start(desk: &Arc<Desk>) -> io::Result<Lanes> {
        let processors = std::thread::available_parallelism().map_or(SWIFT_WORKERS_MIN, usize::from);
        let swift = workers(desk, "exec-swift", processors.clamp(SWIFT_WORKERS_MIN, SWIFT_WORKERS_MAX))?;
        Ok(Lanes { swift, slow: workers(desk, "exec-slow", SLOW_WORKERS)? })
    }

    /// Gives a question to a worker. False when too many wait.
    pub fn put(&self, question: Question, keeper: Option<Keeper>) -> bool {
        let local = matches!(keeper, Some(Keeper::Local | Keeper::Layered));
        let swift = local && question.need != Need::Script && question.facts.version.bytes <= LARGE_BYTES;
        let lane = if swift { &self.swift } else { &self.slow };
        lane.try_send(question).is_ok()
    }
}

fn workers(desk: &Arc<Desk>, name: &str, count: usize) -> io::Result<mpsc::SyncSender<Question>> {
    let (sender, receiver) = mpsc::sync_channel(QUEUE_MAX);
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..count {
        let (desk, receiver) = (desk.clone(), receiver.clone());
        Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(question) = next(&receiver) {
                desk.judge(&question);
            }
        })?;
    }
    Ok(sender)
}

/// None once nobody asks any more.
fn next(receiver: &Mutex<mpsc::Receiver<Question>>) -> Option<Question> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
