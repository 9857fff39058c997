//! Execution control of the test's own, on a disk of the test's own: nothing else on the machine is asked about.

use crate::disks::{Disk, Kind};
use crate::guard::Guard;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

pub const LIMIT: Duration = Duration::from_secs(30);

pub struct Control {
    agent: Guard,
    pub disk: Disk,
    away: TempDir,
}

/// A disk with nothing on it, and no agent yet.
pub struct Before {
    pub disk: Disk,
    /// Where the filesystem is that is asked about.
    pub only: PathBuf,
    away: TempDir,
}

impl Before {
    /// `None` with a loud line where no disk can be made.
    pub fn new() -> Option<Before> {
        let disk = Disk::new(Kind::Ext4)?;
        let away = tempfile::Builder::new().prefix(crate::yard::PREFIX).tempdir().unwrap();
        Some(Before { only: disk.path(), disk, away })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.disk.path().join(name)
    }

    /// A program that ends with 0, unlike any other by what is behind its end.
    pub fn good(&self, name: &str) -> PathBuf {
        program(&self.path(name), "true")
    }

    /// One that ends with 1.
    pub fn bad(&self, name: &str) -> PathBuf {
        program(&self.path(name), "false")
    }

    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    pub fn start(self, rules: &Value) -> Control {
        self.start_with(rules, &[])
    }

    pub fn start_with(self, rules: &Value, more: &[&str]) -> Control {
        let state = self.away.path().join("state");
        self.start_at(&state, rules, more)
    }

    /// With what it keeps on the disk itself.
    pub fn start_beside(self, rules: &Value, more: &[&str]) -> Control {
        let state = self.path("state");
        self.start_at(&state, rules, more)
    }

    fn start_at(self, state: &Path, rules: &Value, more: &[&str]) -> Control {
        let Before { disk, only, away } = self;
        fs::write(away.path().join("rules.json"), rules.to_string()).unwrap();
        // What was changed a moment ago is read each time.
        std::thread::sleep(Duration::from_millis(150));
        let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
        command.args(["run", "--json"]).arg("--rules").arg(away.path().join("rules.json"));
        command.arg("--state").arg(state).arg("--only").arg(only).args(more);
        let agent = Guard::listen(command).unwrap();
        Control { agent, disk, away }
    }
}

impl Control {
    pub fn path(&self, name: &str) -> PathBuf {
        self.disk.path().join(name)
    }

    /// What was decided of a path, once as many as asked for are told.
    pub fn ruled(&self, path: &Path, count: usize) -> Vec<Value> {
        let mut found = Vec::new();
        crate::scrambler::until(LIMIT, || {
            let all = self.agent.says_all("ruled", 0, Duration::ZERO);
            found = all.into_iter().filter(|one| one["path"] == path.to_str().unwrap()).collect();
            found.len() >= count
        });
        found
    }

    /// The outcome, the rule and the kind of the one decision of a path.
    pub fn only_ruled(&self, path: &Path) -> String {
        let ruled = self.ruled(path, 1);
        assert_eq!(ruled.len(), 1, "{ruled:#?}");
        let word = |name: &str| ruled[0][name].as_str().unwrap().to_owned();
        format!("{} {} {}", word("outcome"), word("rung"), word("kind"))
    }

    /// Puts other rules in the place of the old ones, and waits until the agent says something of that.
    pub fn reload(&self, rules: &str, answer: &str, count: usize) -> Value {
        fs::write(self.away.path().join("rules.json"), rules).unwrap();
        self.agent.hang_up();
        self.agent.says_all(answer, count, LIMIT).pop().unwrap()
    }

    pub fn agent(&self) -> &Guard {
        &self.agent
    }

    /// How many say that they are ready, of one who decides and one who protects.
    pub fn both_ready(&self) -> usize {
        self.agent.says_all("ready", 2, LIMIT).len()
    }

    /// Ends it as a service is ended, and gives back what it counted.
    pub fn stop(self) -> Value {
        let ended = self.agent.stop().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.complaints);
        ended.all("ended").find(|event| !event["asked"].is_null()).unwrap().clone()
    }

    /// Waits for it to end by itself.
    pub fn end(self) -> crate::guard::Ended {
        self.agent.stop().unwrap()
    }

    pub fn kill(self) -> Disk {
        self.agent.kill();
        self.disk
    }
}

/// A program of the machine, unlike any other by what is behind its end.
pub fn program(path: &Path, like: &str) -> PathBuf {
    let from = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(like));
    let mut bytes = fs::read(from.iter().find(|path| path.is_file()).unwrap()).unwrap();
    // The two have the same size then, and no two of them the same content.
    bytes.resize(200_000, 0);
    bytes.extend(path.as_os_str().as_encoded_bytes());
    bytes.resize(200_500, 0);
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_owned()
}

pub fn sha256(path: &Path) -> String {
    Sha256::digest(fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rules that keep everything from running but what is named.
pub fn enforce(allowed: &[&Path]) -> Value {
    json!({ "mode": "enforce", "allowed": allowed.iter().map(|path| sha256(path)).collect::<Vec<_>>() })
}

/// Runs a program to its end.
pub fn run(path: &Path) -> io::Result<ExitStatus> {
    Command::new(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
}

pub fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// Whether the kernel kept it from running.
pub fn is_refused(ran: &io::Result<ExitStatus>) -> bool {
    ran.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::EPERM))
}

pub fn is_good(ran: &io::Result<ExitStatus>) -> bool {
    ran.as_ref().is_ok_and(ExitStatus::success)
}
