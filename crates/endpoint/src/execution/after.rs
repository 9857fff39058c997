//! What ran without being asked about: programs in memory, which are on no filesystem that the kernel asks about, and those
//! on one that was mounted a moment ago or where nobody looked. The kernel tells of each when it runs already: it is stopped
//! then, judged, and goes on or is ended. That is later than asking, and what it did in between is done.

use super::desk::{Asker, Desk, Met};
use super::judge::Ruling;
use super::places::path_of;
use super::settings::Told;
use crate::kernel::facts::Facts;
use crate::kernel::files::open_regular;
use crate::kernel::mounts;
use crate::kernel::processes::{self, Change, Connector};
use policy::{Kind, Mode, Outcome};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(100);
/// Whoever starts a program wakes the one who looks at it: where many do, not each of them.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

pub struct After {
    desk: Arc<Desk>,
    connector: Connector,
    mounts: File,
}

impl After {
    /// # Errors
    /// When the kernel does not tell of processes.
    pub fn new(desk: Arc<Desk>) -> io::Result<After> {
        Ok(After { desk, connector: Connector::of_beginnings()?, mounts: mounts::changes()? })
    }

    /// Looks until told to stop.
    pub fn run(self) {
        let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
        if self.desk.group.was_left() {
            // What began while nobody listened.
            self.all_began();
        }
        while !self.desk.stop.load(Ordering::Relaxed) {
            let mut waits = [PollFd::new(&self.connector, PollFlags::IN), PollFd::new(&self.mounts, PollFlags::PRI)];
            // Interrupted or not, one looks.
            let _ = poll(&mut waits, Some(&tick));
            if waits[1].revents().intersects(PollFlags::PRI | PollFlags::ERR) {
                // What is mounted by now is asked about.
                self.desk.places.forget();
                for trouble in self.desk.places.watch_again(self.desk.mask()) {
                    self.desk.tell(Told::Degraded { why: trouble.message() });
                }
            }
            let changes = self.connector.read();
            let busy = !changes.is_empty();
            for change in changes {
                match change {
                    Change::Began { process } => self.began(process),
                    Change::Lost => self.all_began(),
                    Change::Forked { .. } | Change::Ended { .. } => {}
                }
            }
            if busy {
                std::thread::sleep(BETWEEN_LOOKS);
            }
        }
    }

    fn all_began(&self) {
        processes::all().unwrap_or_default().into_iter().for_each(|one| self.began(one));
    }

    /// A process runs another program.
    fn began(&self, process: i32) {
        let Ok(facts) = Facts::at(&program_of(process)) else { return };
        if self.desk.places.keeper(facts.mount).is_some() || !self.desk.places.concerns(process, &facts) {
            return;
        }
        for trouble in self.desk.places.watch_seen_by(process, self.desk.mask()) {
            tracing::warn!(what = ?trouble, "a filesystem is not asked about");
        }
        let known =
            fs::read_link(program_of(process)).ok().and_then(|path| self.desk.seen.outcome(&facts.version, &path));
        if known == Some(Outcome::Ran) {
            return;
        }
        if let Some(stopped) = Stopped::stop(process, self.desk.mode() == Mode::Enforce) {
            self.judge(process, stopped);
        }
    }

    fn judge(&self, process: i32, stopped: Stopped) {
        // What it runs now: whoever has the number.
        let Ok(file) = open_regular(&program_of(process)) else { return };
        let Ok(facts) = Facts::of(&file) else { return };
        let path = path_of(&file);
        let asker = Asker::of(process);
        let Ruling { subject, verdict, outcome, kept } = self.desk.rule(&file, &facts, &path, Kind::Program);
        if kept {
            self.desk.kept();
            stopped.end();
        } else {
            drop(stopped);
        }
        let met = Met { facts: &facts, path: &path, after: true };
        self.desk.tell_ruled(&met, subject, verdict, outcome, asker);
    }
}

fn program_of(process: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/exe"))
}

/// A process that waits until this is dropped, or for ever.
struct Stopped {
    process: OwnedFd,
    waits: bool,
}

impl Stopped {
    fn stop(process: i32, waits: bool) -> Option<Stopped> {
        let process = pidfd_open(Pid::from_raw(process)?, PidfdFlags::empty()).ok()?;
        if waits {
            pidfd_send_signal(&process, Signal::STOP).ok()?;
        }
        Some(Stopped { process, waits })
    }

    fn end(mut self) {
        self.waits = false;
        if let Err(error) = pidfd_send_signal(&self.process, Signal::KILL) {
            tracing::debug!(cause = %error, "it ended by itself");
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if self.waits {
            let _ = pidfd_send_signal(&self.process, Signal::CONT);
        }
    }
}
