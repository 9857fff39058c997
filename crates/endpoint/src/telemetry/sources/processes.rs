//! The kernel's messages of processes, each with what `/proc` says at that moment.
//!
//! When the queue is full it waits, and the kernel keeps [`KEPT_BYTES`] of messages meanwhile. What does not fit there is
//! lost; the next message of the same processor tells how many were.

use super::Outlet;
use crate::kernel::notice::{What, notice};
use crate::kernel::processes::{Connector, all};
use crate::telemetry::assembly::Signal;
use crate::telemetry::event::Source;
use crate::telemetry::facts::{self, Calendar, Facts};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// What the kernel keeps while nobody reads: some ten thousand messages for each eight MiB.
pub const KEPT_BYTES: i32 = 64 << 20;
const MESSAGE_BYTES_MAX: usize = 4096;
/// Messages after which the clocks are compared again.
const BATCH: usize = 1024;

/// Hands on what the kernel says until it is told to stop, and then what it has said until then.
pub fn run(connector: &Connector, outlet: &Outlet) {
    hurry();
    present(outlet);
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    loop {
        let stopped = outlet.is_stopped();
        let lost = match batch(connector, outlet, &mut buffer) {
            Batch::More => continue,
            Batch::Gone => return,
            Batch::Empty { lost } => lost,
        };
        if lost {
            // Whatever was missed: these are there.
            present(outlet);
        }
        if stopped {
            return;
        }
        let mut ready = [PollFd::new(connector, PollFlags::IN)];
        let _ = rustix::event::poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 50_000_000 }));
    }
}

/// Runs before others: what it looks at may be gone a moment later. Where it may not, it sees less.
fn hurry() {
    const NICE: i32 = -15;
    // SAFETY: plain call with numbers; 0 is this thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
}

enum Batch {
    More,
    Empty { lost: bool },
    Gone,
}

fn batch(connector: &Connector, outlet: &Outlet, buffer: &mut [u8]) -> Batch {
    let calendar = Calendar::now();
    let mut lost = false;
    for _ in 0..BATCH {
        let signal = match connector.receive(buffer) {
            Ok(message) => {
                let Some(notice) = notice(message) else { continue };
                let facts = match notice.what {
                    What::Began { process } => running(process, &calendar),
                    _ => None,
                };
                Signal::Process { time: calendar.of_uptime(notice.uptime), notice, facts }
            }
            Err(Errno::INTR) => continue,
            Err(Errno::NOBUFS) => {
                lost = true;
                Signal::Lost { source: Source::Processes, count: None }
            }
            Err(_) => return Batch::Empty { lost },
        };
        if !outlet.put(signal) {
            return Batch::Gone;
        }
    }
    if lost { Batch::Empty { lost } } else { Batch::More }
}

/// A process that runs something; one that is about to end has let go of its program, and says nothing of it any more.
fn running(process: i32, calendar: &Calendar) -> Option<Box<Facts>> {
    facts::look(process, calendar).ok().filter(|facts| facts.program.is_some()).map(Box::new)
}

/// All processes that are there, the oldest first.
fn present(outlet: &Outlet) {
    let calendar = Calendar::now();
    let numbers = all().unwrap_or_default();
    let mut facts: Vec<_> =
        numbers.iter().filter_map(|number| Some((*number, facts::look(*number, &calendar).ok()?))).collect();
    facts.sort_by_key(|(number, facts)| (facts.began, *number));
    for (number, facts) in facts {
        outlet.put(Signal::Present { number, facts: Box::new(facts) });
    }
    outlet.put(Signal::Alive(numbers));
}
