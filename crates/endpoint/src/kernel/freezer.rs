//! Control groups of version 2 in which processes are held still, with whatever they are about to start, and are ended all at
//! once. Signals reach one process after the other, and one that stands still by a signal goes on by another.

use super::{mounts, processes};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const PREFIX: &str = "redoubt-held-";
/// How often it is tried to end processes that another agent left behind; they may still be on their way in.
const ENDS_MAX: usize = 100;

/// A control group; gone when it is dropped, if its processes are.
#[derive(Debug)]
pub struct Freezer {
    folder: PathBuf,
}

impl Freezer {
    /// One with nobody in it.
    ///
    /// # Errors
    /// When there are none here, or none that freeze (Linux 5.2).
    pub fn new() -> io::Result<Freezer> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let me = std::process::id();
        let began = processes::stat(me.cast_signed())?.began;
        let name = format!("{PREFIX}{me}-{began}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = place().ok_or(io::ErrorKind::NotFound)?.join(name);
        fs::create_dir(&folder)?;
        let freezer = Freezer { folder };
        freezer.write("cgroup.freeze", "1")?;
        Ok(freezer)
    }

    /// Holds a process still, with all its threads; whatever it starts from now on is in here as well.
    ///
    /// # Errors
    /// When it is gone, or may not be moved.
    pub fn hold(&self, process: i32) -> io::Result<()> {
        self.write("cgroup.procs", &process.to_string())
    }

    /// Those that are held.
    pub fn processes(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Ends all that are held (Linux 5.14).
    ///
    /// # Errors
    /// When the kernel cannot.
    pub fn end(&self) -> io::Result<()> {
        self.write("cgroup.kill", "1")
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.folder.join(file), text)
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Where control groups of version 2 are; older systems have them beside those of version 1.
fn place() -> Option<PathBuf> {
    let mounts = mounts::of(None).ok()?;
    mounts.into_iter().find(|mount| mount.filesystem == "cgroup2").map(|mount| mount.place)
}

/// Ends whoever is held by an agent that is gone: nobody lets them go on, and they were to be ended.
pub fn end_abandoned() {
    let folders = place().and_then(|place| fs::read_dir(place).ok());
    for folder in folders.into_iter().flatten().flatten().filter(|folder| is_abandoned(&folder.path())) {
        let freezer = Freezer { folder: folder.path() };
        for _ in 0..ENDS_MAX {
            let _ = freezer.end();
            if freezer.processes().is_empty() {
                break;
            }
            std::thread::yield_now();
        }
    }
}

/// Its name tells the agent from a later process with that number by when it began.
fn is_abandoned(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    let mut numbers = name.and_then(|name| name.strip_prefix(PREFIX)).into_iter().flat_map(|name| name.split('-'));
    let (agent, began) = (numbers.next().map(str::parse::<i32>), numbers.next().map(str::parse::<u64>));
    let (Some(Ok(agent)), Some(Ok(began))) = (agent, began) else { return false };
    processes::stat(agent).map_or(true, |now| now.began != began)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    #[test]
    fn one_that_is_held_goes_on_by_no_signal_and_is_ended() {
        let Ok(freezer) = Freezer::new() else {
            eprintln!("SKIPPED: no control groups of version 2 that can be made here");
            return;
        };
        let folder = freezer.folder.clone();
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let number = i32::try_from(child.id()).unwrap();
        freezer.hold(number).unwrap();
        assert_eq!(freezer.processes(), [number]);
        crate::kernel::processes::signal(number, libc::SIGCONT);
        let events = || fs::read_to_string(folder.join("cgroup.events")).unwrap();
        while !events().contains("frozen 1") {
            std::thread::yield_now();
        }
        freezer.end().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        drop(freezer);
        assert!(!folder.exists());
    }

    #[test]
    fn only_those_of_an_agent_that_is_gone_are_abandoned() {
        let of = |agent: &str, began: u64| is_abandoned(Path::new(&format!("/x/{PREFIX}{agent}-{began}-7")));
        let me = std::process::id();
        let began = processes::stat(me.cast_signed()).unwrap().began;
        assert!(!of(&me.to_string(), began) && of(&me.to_string(), began + 1));
        assert!(of(&i32::MAX.to_string(), began));
        assert!(!of("one", began) && !is_abandoned(Path::new("/x/user.slice")));
    }
}
