//! The thread that reads what the kernel asks while a worker is not ready to answer. What the worker itself opens is let
//! through, since it could not become ready otherwise; the rest waits for whoever takes over.

use super::page::Page;
use crate::kernel::fan::{Event, FileEvent, Group};
use crate::kernel::processes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

const TICK_NS: i64 = 5_000_000;
/// Events that wait; each holds a file open.
const WAITING_MAX: usize = 2048;

#[derive(Debug)]
pub struct Early {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Event>>>,
}

impl Early {
    /// Begins to read a group for that slot.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(group: OwnedFd, page: Page, slot: u8) -> io::Result<Early> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut reading = Reading { group: group.into(), page, slot, waiting: Vec::new() };
        let stopped = stop.clone();
        let read = move || {
            while !stopped.load(Ordering::Relaxed) {
                reading.read();
            }
            reading.waiting
        };
        let thread = Builder::new().name("early".to_owned()).spawn(read)?;
        Ok(Early { stop, thread: Some(thread) })
    }

    /// Ends it, and hands over what waits, in its order.
    pub fn end(mut self) -> Vec<Event> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Reading {
    group: Group,
    page: Page,
    slot: u8,
    waiting: Vec<Event>,
}

impl Reading {
    fn read(&mut self) {
        let tick = Timespec { tv_sec: 0, tv_nsec: TICK_NS };
        // Interrupted or not, one looks.
        let _ = poll(&mut [PollFd::new(&self.group, PollFlags::IN)], Some(&tick));
        self.page.beat(self.slot);
        match self.group.read() {
            Ok(events) => events.into_iter().for_each(|event| self.take(event)),
            Err(error) => tracing::debug!(cause = %error, "what the kernel asks cannot be read yet"),
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::File(event) if event.is_question() && processes::is_own(event.thread) => self.answer(&event, true),
            event if self.waiting.len() < WAITING_MAX => self.waiting.push(event),
            event => {
                if let Event::File(event) = &event
                    && event.is_question()
                {
                    self.answer(event, self.page.may(self.slot));
                }
                // Whoever takes over counts it.
                if let Some(last) = self.waiting.last_mut()
                    && !matches!(last, Event::Overflow)
                {
                    self.waiting.push(Event::Overflow);
                }
            }
        }
    }

    fn answer(&self, event: &FileEvent, may: bool) {
        if let Err(error) = self.group.answer(event, may) {
            tracing::debug!(cause = %error, "nobody waits for an answer any more");
        }
    }
}
