//! Stand-ins for ransomware: each does to files what one family of it does, and nothing else. What they write is the file
//! under a keyed stream that anybody can take off again; they leave no note, talk to nobody, and stay in their yard.
//!
//! A stand-in is this test binary started again, so that the program is one that no guard knows.

mod ring;
mod tools;
pub mod ways;

use crate::raw;
use crate::yard::{DOCUMENTS, Inside, MARKER, Yard};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};
pub use ways::Way;

const WAY: &str = "REDOUBT_STAND_IN";
const ROOT: &str = "REDOUBT_YARD";
const WORD: &str = "REDOUBT_YARD_WORD";
const SHARE: &str = "REDOUBT_SHARE";
const PAUSE: &str = "REDOUBT_PAUSE_MS";
/// Tells one stand-in's noise from another's: one that scrambled what another did would undo it otherwise.
const NOISE: &str = "REDOUBT_NOISE";
static STARTED: AtomicU64 = AtomicU64::new(0);

/// What a stand-in is started with; without its environment it does nothing and ends with 0.
pub const ENTRY: [&str; 4] = ["--exact", "scrambler::entry", "--nocapture", "--test-threads=1"];

/// Where a stand-in begins. Without its environment this is a test that does nothing.
#[test]
fn entry() {
    let Ok(way) = std::env::var(WAY) else { return };
    let told = |name| std::env::var(name).unwrap_or_default();
    raw::say(&format!("pid {}\n", std::process::id()));
    if way == crate::honest::WAY {
        raw::say(&crate::honest::entry(Path::new(&told(ROOT)), &told(WORD)));
        return;
    }
    if way == crate::canaries::WAY {
        raw::say(&crate::canaries::entry(Path::new(&told(ROOT)), &told(WORD)));
        return;
    }
    if way == crate::large::WAY {
        raw::say(&crate::large::entry(Path::new(&told(ROOT)), &told(WORD)));
        return;
    }
    let said = match Inside::enter(Path::new(&told(ROOT)), &told(WORD)) {
        Ok(inside) => work(&inside, &way, &told(SHARE), told(PAUSE).parse().unwrap_or(0)),
        Err(why) => format!("refused {why}\n"),
    };
    raw::say(&said);
}

/// The number of this stand-in's noise.
fn noise() -> u64 {
    std::env::var(NOISE).ok().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn work(inside: &Inside, way: &str, share: &str, pause_ms: u64) -> String {
    let Some(way) = Way::ALL.into_iter().find(|known| known.name() == way) else {
        return format!("refused unknown way {way}\n");
    };
    let (mine, of): (usize, usize) =
        share.split_once('/').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?))).unwrap_or((0, 1));
    let files = match inside.files(Path::new(DOCUMENTS)) {
        Ok(files) => files,
        Err(error) => return format!("refused cannot list: {error}\n"),
    };
    // By name: attackers who share the work list it at different times, and must come to the same shares.
    let is_mine =
        |path: &PathBuf| !path.ends_with(MARKER) && !ways::is_locked(path) && ways::share_of(path, of) == mine;
    let files = files.into_iter().filter(is_mine);
    raw::say("begins\n");
    ways::all(inside, way, files.collect(), Duration::from_millis(pause_ms));
    "done\n".to_owned()
}

/// Says that one file is done. The test counts these itself, apart from what the guard counts.
pub fn told_one() {
    if !raw::say("+\n") {
        // The test is gone, and nobody looks after this process any more.
        raw::leave();
    }
}

/// A stand-in at work, in a session of its own and with no parent that the guard could take for its master.
pub struct Running {
    said: Arc<Said>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    pid: AtomicUsize,
    begun: AtomicUsize,
    files: AtomicUsize,
    ended: AtomicUsize,
    /// How it ended by itself: `done`, or `refused` and why. Empty when it was killed.
    last: Mutex<String>,
}

pub struct Start<'a> {
    pub way: &'a str,
    pub root: PathBuf,
    pub word: String,
    pub share: (usize, usize),
    pub pause_ms: u64,
}

/// This program once more, with one byte behind it, so that whoever trusts the one for its content does not trust the
/// other.
fn unknown_program() -> &'static Path {
    static PROGRAM: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::Builder::new().prefix("redoubt-it-tool-").tempdir().unwrap();
        let path = folder.path().join("stand-in");
        make_program(&path);
        (folder, path)
    });
    &PROGRAM.1
}

pub fn make_program(path: &Path) {
    std::fs::copy(std::env::current_exe().unwrap(), path).unwrap();
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(&[0]).unwrap();
}

impl<'a> Start<'a> {
    pub fn new(way: &'a str, yard: &Yard) -> Start<'a> {
        Start { way, root: yard.root.clone(), word: yard.word.clone(), share: (0, 1), pause_ms: 0 }
    }

    pub fn go(self) -> Running {
        self.go_as(unknown_program(), |_| ())
    }

    /// Begun as that program, which is a stand-in's, where `place` has it begin.
    pub fn go_as(self, program: &Path, place: impl FnOnce(&mut Command)) -> Running {
        // Its parent is gone at once, as when it was started from a desktop or by a service.
        let mut command = Command::new("setsid");
        command
            .arg("--fork")
            .arg(program)
            .args(ENTRY)
            .env(WAY, self.way)
            .env(ROOT, self.root)
            .env(WORD, self.word)
            .env(SHARE, format!("{}/{}", self.share.0, self.share.1))
            .env(PAUSE, self.pause_ms.to_string())
            .env(NOISE, STARTED.fetch_add(1, Ordering::Relaxed).to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command.process_group(0);
        place(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        child.wait().unwrap();
        let said = Arc::new(Said::default());
        let heard = said.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                heard.line(&line);
            }
            heard.ended.store(1, Ordering::SeqCst);
        });
        Running { said, reader: Some(reader) }
    }
}

impl Said {
    fn line(&self, line: &str) {
        if line == "+" {
            self.files.fetch_add(1, Ordering::SeqCst);
        } else if let Some(pid) = line.strip_prefix("pid ") {
            self.pid.store(pid.parse().unwrap(), Ordering::SeqCst);
        } else if line == "begins" {
            self.begun.store(1, Ordering::SeqCst);
        } else if line.starts_with("done") || line.starts_with("refused") {
            *self.last.lock().unwrap() = line.to_owned();
        }
    }
}

impl Running {
    pub fn files(&self) -> usize {
        self.said.files.load(Ordering::SeqCst)
    }

    pub fn last(&self) -> String {
        self.said.last.lock().unwrap().clone()
    }

    /// Waits until it and everything that it started is gone; false when that does not come.
    pub fn gone(&self, limit: Duration) -> bool {
        until(limit, || self.said.ended.load(Ordering::SeqCst) == 1)
    }

    /// Waits until it stands before its first file.
    pub fn begins(&self, limit: Duration) -> bool {
        until(limit, || self.said.begun.load(Ordering::SeqCst) == 1)
    }

    pub fn did(&self, files: usize, limit: Duration) -> bool {
        until(limit, || self.files() >= files || self.said.ended.load(Ordering::SeqCst) == 1) && self.files() >= files
    }

    /// Holds it still; what it has begun in the kernel is finished first.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let stat = format!("/proc/{}/stat", self.said.pid.load(Ordering::SeqCst));
        until(Duration::from_secs(10), || {
            std::fs::read_to_string(&stat)
                .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
        });
    }

    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: i32) {
        let pid = self.said.pid.load(Ordering::SeqCst);
        // The stand-in leads a group of its own, and its children are in it.
        if pid > 1 && self.said.ended.load(Ordering::SeqCst) == 0 {
            raw::signal_group(pid as i32, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

pub fn until(limit: Duration, mut true_at_last: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !true_at_last() {
        if start.elapsed() > limit {
            return false;
        }
        sleep(Duration::from_millis(5));
    }
    true
}
