//! A guard of the test's own: started, listened to, ended.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::scrambler::until;

/// Generous: machines that test are busy.
const READY: Duration = Duration::from_secs(30);

pub struct Guard {
    child: Child,
    heard: Arc<Mutex<Heard>>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Heard {
    events: Vec<Value>,
    ended: bool,
    complaints: String,
}

pub struct Ended {
    pub status: ExitStatus,
    pub events: Vec<Value>,
    pub complaints: String,
}

impl Guard {
    /// A guard that says it is ready; otherwise what it said instead.
    pub fn start(protect: &[PathBuf], state: &Path) -> Result<Guard, String> {
        Guard::start_with(protect, state, &[])
    }

    pub fn start_with(protect: &[PathBuf], state: &Path, more: &[&str]) -> Result<Guard, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
        // What the test itself does, and starts, is a person's own work.
        command.arg("guard").arg("--allow").arg(std::env::current_exe().unwrap());
        command.arg("--json").args(more).arg("--state").arg(state);
        for folder in protect {
            command.arg("--protect").arg(folder);
        }
        Guard::listen(command)
    }

    /// Starts an agent, and listens to it until it says that it is ready.
    pub fn listen(mut command: Command) -> Result<Guard, String> {
        crate::raw::ends_with_me(&mut command);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (lines, complaints) =
            (BufReader::new(child.stdout.take().unwrap()), BufReader::new(child.stderr.take().unwrap()));
        let (events, errors) = (heard.clone(), heard.clone());
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line)
                    .unwrap_or_else(|_| serde_json::json!({"event": "no JSON", "line": line}));
                events.lock().unwrap().events.push(event);
            }
            events.lock().unwrap().ended = true;
        });
        let complainer = std::thread::spawn(move || {
            for line in complaints.lines().map_while(Result::ok) {
                errors.lock().unwrap().complaints += &format!("{line}\n");
            }
        });
        let guard = Guard { child, heard, readers: vec![reader, complainer] };
        if guard.says("ready", READY).is_some() {
            return Ok(guard);
        }
        let ended = guard.kill();
        Err(format!("the guard was not ready: {:?}, said {:?} and {}", ended.status, ended.events, ended.complaints))
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The process that works, below the one that keeps what the kernel asks.
    pub fn worker(&self) -> i32 {
        use endpoint::kernel::processes::{all, stat};
        let keeper = self.process().cast_signed();
        let mut worker = None;
        until(READY, || {
            worker = all().unwrap().into_iter().find(|process| stat(*process).is_ok_and(|stat| stat.parent == keeper));
            worker.is_some()
        });
        worker.unwrap()
    }

    /// Ends the worker by force, or has it stand still.
    pub fn signal_worker(&self, signal: rustix::process::Signal) {
        let worker = rustix::process::Pid::from_raw(self.worker()).unwrap();
        rustix::process::kill_process(worker, signal).unwrap();
    }

    /// The first event of a kind, waited for.
    pub fn says(&self, kind: &str, limit: Duration) -> Option<Value> {
        self.says_all(kind, 1, limit).into_iter().next()
    }

    /// All events of a kind, once there are as many as asked for.
    pub fn says_all(&self, kind: &str, count: usize, limit: Duration) -> Vec<Value> {
        until(limit, || {
            let heard = self.heard.lock().unwrap();
            heard.ended || of(&heard.events, kind).count() >= count
        });
        of(&self.heard.lock().unwrap().events, kind).cloned().collect()
    }

    /// Ends it as a service is ended. `Err` when it does not end.
    pub fn stop(mut self) -> Result<Ended, String> {
        let _ =
            rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM);
        let mut status = None;
        until(Duration::from_secs(30), || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        match status {
            Some(_) => Ok(self.kill()),
            None => Err(format!("the guard did not end when told to: {:?}", self.kill().events)),
        }
    }

    /// Has its rules read anew.
    pub fn hang_up(&self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::HUP).unwrap();
    }

    pub fn kill(mut self) -> Ended {
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        let mut heard = self.heard.lock().unwrap();
        let heard = std::mem::take(&mut *heard);
        Ended { status, events: heard.events, complaints: heard.complaints }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        of(&self.events, kind)
    }
}

fn of<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["event"] == kind)
}
