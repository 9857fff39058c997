//! Where signals come from: each source is a thread of its own that waits for the kernel or looks at files now and then.
//! What files say is made out by functions of bytes, and what changed by comparing two looks.

pub mod connections;
pub mod files;
pub mod logons;
pub mod modules;
pub mod processes;

use super::assembly::Signal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

/// Where a source puts what it has, until it is told to stop. A full queue makes it wait.
#[derive(Clone)]
pub struct Outlet<'s> {
    queue: SyncSender<Signal>,
    stop: &'s AtomicBool,
}

/// Between two looks at whether one is to stop.
const STOP_TICK: Duration = Duration::from_millis(50);

impl<'s> Outlet<'s> {
    pub fn new(queue: SyncSender<Signal>, stop: &'s AtomicBool) -> Outlet<'s> {
        Outlet { queue, stop }
    }

    /// False when nobody listens any more.
    pub fn put(&self, signal: Signal) -> bool {
        self.queue.send(signal).is_ok()
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits; true when it is to go on.
    pub fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while !self.is_stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(STOP_TICK));
        }
        false
    }
}
