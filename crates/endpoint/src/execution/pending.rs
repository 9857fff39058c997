//! Those who wait for an answer.

use super::lanes::Need;
use crate::kernel::facts::{Facts, Version};
use crate::kernel::fan::FileEvent;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// One that waits.
#[derive(Debug, Clone)]
pub struct Question {
    pub number: u64,
    pub event: Arc<FileEvent>,
    pub facts: Facts,
    /// As the kernel shows it.
    pub path: PathBuf,
    pub need: Need,
    pub due: Instant,
}

#[derive(Debug, Default)]
pub struct Pending(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// By their numbers, so that the first one is due first.
    questions: BTreeMap<u64, Question>,
    last: u64,
}

impl Pending {
    /// Puts one down that gets a number; none when so many wait that no more can.
    pub fn put(&self, most: usize, question: impl FnOnce(u64) -> Question) -> Option<Question> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.questions.len() >= most {
            return None;
        }
        waiting.last += 1;
        let question = question(waiting.last);
        waiting.questions.insert(question.number, question.clone());
        Some(question)
    }

    /// Takes one off, to answer it; none when somebody did.
    pub fn take(&self, number: u64) -> Option<Question> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).questions.remove(&number)
    }

    /// Those that waited too long.
    pub fn overdue(&self, now: Instant) -> Vec<Question> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut overdue = Vec::new();
        while let Some(first) = waiting.questions.first_entry().filter(|first| first.get().due <= now) {
            overdue.push(first.remove());
        }
        overdue
    }
}

/// Threads that may run what they asked about, and are about to open it.
#[derive(Debug, Default)]
pub struct Running(Mutex<HashMap<i32, Version>>);

const RUNNING_MAX: usize = 4096;

impl Running {
    pub fn put(&self, thread: i32, version: Version) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= RUNNING_MAX {
            running.clear();
        }
        running.insert(thread, version);
    }

    /// True when it is what a thread may run; it is asked about again then.
    pub fn take(&self, thread: i32, version: &Version) -> bool {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(&thread) == Some(version) && running.remove(&thread).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thread_may_run_it_may_open_once_and_as_it_was() {
        let version = |inode| Version { device: (8, 1), inode, bytes: 1, modified: (1, 1), changed: (1, 1) };
        let running = Running::default();
        running.put(7, version(1));
        assert!(!running.take(8, &version(1)) && !running.take(7, &version(2)));
        assert!(running.take(7, &version(1)));
        assert!(!running.take(7, &version(1)));
    }
}
