//! A PostgreSQL of the test's own: started in a temporary directory on a free port, gone with the value.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running cluster; dropped, it is stopped and its directory removed.
pub struct Postgres {
    folder: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

/// Starts a cluster, or returns `None` with a loud line when PostgreSQL is not installed. Under `CI` that is a failure,
/// so that nobody believes in tests that did not run.
pub fn postgres() -> Option<Postgres> {
    let Some(bin) = newest_bin() else {
        assert!(std::env::var_os("CI").is_none(), "no PostgreSQL below /usr/lib/postgresql: install `postgresql`");
        eprintln!("SKIPPED: no PostgreSQL below /usr/lib/postgresql; install `postgresql` to run this test");
        return None;
    };
    Some(Postgres::start(bin))
}

impl Postgres {
    /// The address of a new, empty database in this cluster.
    pub fn database(&self, name: &str) -> String {
        self.sql(&format!("CREATE DATABASE \"{name}\""));
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    fn start(bin: PathBuf) -> Postgres {
        let folder = tempfile::tempdir().expect("make a temporary directory");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("make the data directory");
        if is_root() {
            // PostgreSQL refuses to run as root, and its user must be able to enter.
            run(Command::new("chown").arg("postgres").arg(folder.path()).arg(&data));
        }
        run(as_user(&bin.join("initdb"), folder.path())
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D"])
            .arg(&data));
        let port = free_port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=60"
        );
        let log = folder.path().join("log");
        run(as_user(&bin.join("pg_ctl"), folder.path())
            .args(["-w", "-t", &START_TIMEOUT.as_secs().to_string(), "-o", &options, "-l"])
            .arg(&log)
            .arg("-D")
            .arg(&data)
            .arg("start")
            // The server outlives `pg_ctl` and would hold a pipe open.
            .stdout(Stdio::null())
            .stderr(Stdio::null()));
        Postgres { folder, bin, port }
    }

    fn sql(&self, text: &str) {
        run(as_user(&self.bin.join("psql"), self.folder.path())
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-d", "postgres", "-c", text])
            .stdout(Stdio::null()));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = as_user(&self.bin.join("pg_ctl"), self.folder.path())
            .args(["-m", "immediate", "-w", "-D"])
            .arg(self.folder.path().join("data"))
            .arg("stop")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if let Err(error) = stopped {
            eprintln!("cannot stop the PostgreSQL of the test: {error}");
        }
        wait_until_gone(&self.folder.path().join("data/postmaster.pid"));
    }
}

fn wait_until_gone(path: &Path) {
    let start = Instant::now();
    while path.exists() && start.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
    }
}

/// `/usr/lib/postgresql/<version>/bin` of the newest version, where Debian puts what is not meant for the path.
fn newest_bin() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<_> = versions.filter_map(|entry| Some((number(&entry.path())?, entry.path()))).collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, path)| path.join("bin")).find(|bin| bin.join("initdb").exists())
}

/// The program as the user `postgres` when we are root, else as ourselves.
fn as_user(program: &Path, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|Output { stdout, .. }| stdout.trim_ascii() == b"0")
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind a free port");
    listener.local_addr().expect("know the port").port()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {error}");
}
