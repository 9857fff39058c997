//! How long one stays awake who answers the kernel.
//!
//! Whoever asks sleeps until he is answered. Waking somebody who sleeps as well takes longer than most answers do: some
//! microseconds where processors are real, tens of them where they are not. So one who was just asked looks for a moment
//! whether he is asked again, and lets others have the processor meanwhile; a program that opens one file after the other
//! finds him awake, and a machine on which nothing happens has nobody who looks.

use super::fan::Group;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::{Duration, Instant};

/// About what it takes to wake two, which is what it would save.
const AWAKE: Duration = Duration::from_micros(60);

#[derive(Debug)]
pub struct Waiting {
    tick: Timespec,
    /// There is another processor to look on, while whoever asks goes on.
    may_stay_awake: bool,
    until: Option<Instant>,
}

impl Waiting {
    /// Sleeps so long at most.
    pub fn new(tick: Duration) -> Waiting {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let tick =
            Timespec { tv_sec: tick.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: tick.subsec_nanos().into() };
        Waiting { tick, may_stay_awake: processors > 1, until: None }
    }

    /// Waits for events of a group; comes back too early now and then, also with none.
    pub fn wait(&mut self, group: &Group) {
        if self.until.is_some_and(|until| Instant::now() < until) {
            return std::thread::yield_now();
        }
        self.until = None;
        // Interrupted or not, one looks.
        let _ = poll(&mut [PollFd::new(group, PollFlags::IN)], Some(&self.tick));
    }

    /// There was a question, and there may be another one soon.
    pub fn was_asked(&mut self) {
        self.until = self.may_stay_awake.then(|| Instant::now() + AWAKE);
    }
}
