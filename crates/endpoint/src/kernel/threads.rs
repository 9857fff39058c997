//! What was found of threads, until anything happened by which they may have become others: the kernel tells of each that
//! begins, ends, or runs another program, before it does anything as such.

use super::notice::{Gaps, What, notice};
use super::processes::Connector;
use rustix::io::Errno;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What happened and nobody heard of counts no longer than that.
const KNOWN_FOR: Duration = Duration::from_secs(1);
const THREADS_MAX: usize = 1024;
/// Messages that are read at a time, while somebody waits.
const MESSAGES_MAX: usize = 4096;
const MESSAGE_BYTES: usize = 512;
/// While nobody wants to know anything, messages wait so long.
const HEAR_WITHIN: Duration = Duration::from_millis(20);

/// How much had been heard when something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(u64);

/// Something is found of threads by one, and wanted by another perhaps.
#[derive(Debug)]
pub struct Threads<F>(Arc<Mutex<Known<F>>>);

impl<F> Clone for Threads<F> {
    fn clone(&self) -> Threads<F> {
        Threads(self.0.clone())
    }
}

#[derive(Debug)]
struct Known<F> {
    /// Without it nothing is known of anybody.
    connector: Option<Connector>,
    gaps: Gaps,
    found: HashMap<i32, (F, Instant)>,
    /// What was heard so far, and when.
    heard: u64,
    last: Instant,
    /// Some were lost, or are still to be read: what is found meanwhile may be of another.
    is_behind: bool,
}

impl<F: Copy> Threads<F> {
    /// Begins to hear of them. Where the kernel does not tell, nobody is ever known.
    pub fn begin() -> Threads<F> {
        let connector = Connector::new().inspect_err(|error| tracing::debug!(cause = %error, "nobody is known"));
        let (gaps, found) = (Gaps::default(), HashMap::new());
        let known = Known { connector: connector.ok(), gaps, found, heard: 0, last: Instant::now(), is_behind: false };
        Threads(Arc::new(Mutex::new(known)))
    }

    /// Takes in what happened, so that it does not become too much.
    pub fn keep_up(&self) {
        let mut known = self.known();
        if known.last.elapsed() > HEAR_WITHIN {
            known.hear();
        }
    }

    /// By all that happened until now.
    pub fn now(&self) -> Moment {
        let mut known = self.known();
        known.hear();
        Moment(known.heard)
    }

    /// What was found of a thread that waits for an answer, by all that happened until now.
    pub fn get(&self, thread: i32) -> Option<F> {
        let mut known = self.known();
        let (_, until) = known.found.get(&thread)?;
        if *until <= Instant::now() {
            known.found.remove(&thread);
            return None;
        }
        known.hear();
        known.found.get(&thread).map(|(found, _)| *found)
    }

    /// Something was found of a thread that waited at a moment. It counts only when nothing happened since: the thread may be
    /// another.
    pub fn put(&self, thread: i32, found: F, as_of: Moment) {
        let mut known = self.known();
        if known.connector.is_some() && !known.is_behind && known.heard == as_of.0 {
            if known.found.len() >= THREADS_MAX {
                known.found.clear();
            }
            known.found.insert(thread, (found, Instant::now() + KNOWN_FOR));
        }
    }

    fn known(&self) -> MutexGuard<'_, Known<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Known<F> {
    fn hear(&mut self) {
        let Some(connector) = self.connector.take() else { return };
        self.last = Instant::now();
        let mut buffer = [0; MESSAGE_BYTES];
        for left in (0..MESSAGES_MAX).rev() {
            match connector.receive(&mut buffer) {
                Ok(message) => self.take(message),
                Err(Errno::AGAIN) => {
                    // Until the queue was empty the kernel said nothing of what it lost.
                    if std::mem::take(&mut self.is_behind) {
                        self.forget_all();
                    }
                    break;
                }
                Err(Errno::INTR) => {}
                Err(_) => self.is_behind = true,
            }
            if left == 0 {
                self.is_behind = true;
            }
        }
        if self.is_behind {
            self.forget_all();
        }
        self.connector = Some(connector);
    }

    fn forget_all(&mut self) {
        self.heard += 1;
        self.found.clear();
    }

    fn take(&mut self, message: &[u8]) {
        let Some(notice) = notice(message) else { return };
        self.heard += 1;
        if self.gaps.before(&notice) > 0 {
            self.found.clear();
        }
        match notice.what {
            // Of the threads of a process that runs another program only one is left, and it has the number of the process.
            What::Forked { child: thread, .. }
            | What::Thread { thread }
            | What::Began { process: thread }
            | What::Ended { process: thread, .. } => drop(self.found.remove(&thread)),
            What::User { .. } | What::Traced { .. } | What::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn threads() -> Option<Threads<u8>> {
        let threads = Threads::begin();
        if threads.known().connector.is_none() {
            eprintln!("SKIPPED: the kernel tells nobody but root of processes");
            return None;
        }
        Some(threads)
    }

    /// Puts something as often as it takes: others on this machine begin and end as well.
    fn put(threads: &Threads<u8>, thread: i32) {
        let until = Instant::now() + Duration::from_secs(20);
        while threads.get(thread).is_none() {
            assert!(Instant::now() < until);
            threads.put(thread, 7, threads.now());
        }
    }

    #[test]
    fn who_runs_another_program_is_not_known() {
        let Some(threads) = threads() else { return };
        let command = "read line; exec cat";
        let mut child = Command::new("sh").args(["-c", command]).stdin(Stdio::piped()).spawn().unwrap();
        let number = i32::try_from(child.id()).unwrap();
        put(&threads, number);
        let before = threads.now();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"\n").unwrap();
        let until = Instant::now() + Duration::from_millis(900);
        while threads.get(number).is_some() && Instant::now() < until {
            std::thread::yield_now();
        }
        assert!(Instant::now() < until, "it was not heard, only forgotten");
        // What was found before counts no more either.
        threads.put(number, 7, before);
        assert_eq!(threads.get(number), None);
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_thread_that_ends_is_not_known() {
        let Some(threads) = threads() else { return };
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let (say, said) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // SAFETY: it takes nothing and cannot fail.
            say.send(unsafe { libc::gettid() }).unwrap();
            let _ = receiver.recv();
        });
        let number = said.recv().unwrap();
        put(&threads, number);
        drop(sender);
        thread.join().unwrap();
        let until = Instant::now() + Duration::from_millis(900);
        while threads.get(number).is_some() {
            assert!(Instant::now() < until, "it was not heard, only forgotten");
        }
    }

    #[test]
    fn what_is_known_is_forgotten_after_a_while() {
        let Some(threads) = threads() else { return };
        // SAFETY: it takes nothing and cannot fail.
        let me = unsafe { libc::gettid() };
        put(&threads, me);
        std::thread::sleep(KNOWN_FOR);
        assert_eq!(threads.get(me), None);
    }
}
