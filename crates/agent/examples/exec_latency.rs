//! How long it takes to run a program: `exec_latency DIR COUNT`. Prints one JSON object, for each kind of run the
//! microseconds of the middle one and of the slowest in a hundred: a program that ran before, one that is new (1 MB, its bytes
//! in memory), one that is new and must be read from the disk, and a script that ran before; and how long the SHA-256 of such
//! a program takes.

mod timing;

use rustix::fs::{Advice, fadvise};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use timing::times;

const PROGRAM_BYTES: usize = 1 << 20;
/// What was changed a moment ago is not remembered, by whoever decides of it.
const SETTLED: Duration = Duration::from_millis(300);

fn main() -> io::Result<()> {
    timing::main("exec_latency", 200, all)
}

fn all(folder: &Path, count: usize) -> io::Result<Value> {
    let like = fs::read("/bin/true")?;
    let new = count / 4 + 1;
    let cached = (0..new).map(|number| program(folder, &like, "cached", number)).collect::<io::Result<Vec<_>>>()?;
    let uncached = (0..new).map(|number| program(folder, &like, "read", number)).collect::<io::Result<Vec<_>>>()?;
    let script = folder.join("script");
    fs::write(&script, "#!/bin/sh\nexit 0\n")?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    rustix::fs::sync();
    for path in &uncached {
        fadvise(File::open(path)?, 0, None, Advice::DontNeed)?;
    }
    std::thread::sleep(SETTLED);
    run(Path::new("/bin/true"))?;
    run(&script)?;
    Ok(json!({
        "warm": times(count, |_| run(Path::new("/bin/true")))?,
        "warm script": times(count, |_| run(&script))?,
        "new": times(new, |number| run(&cached[number]))?,
        "sum": times(new, |number| sum(&cached[number]))?,
        "new from disk": times(new, |number| run(&uncached[number]))?,
    }))
}

/// A program unlike any other by what is behind its end.
fn program(folder: &Path, like: &[u8], name: &str, number: usize) -> io::Result<PathBuf> {
    let path = folder.join(format!("{name}-{number}"));
    let mut bytes = like.to_vec();
    bytes.resize(PROGRAM_BYTES, u8::try_from(number % 251).unwrap_or(0));
    bytes.extend(path.as_os_str().as_encoded_bytes());
    fs::write(&path, bytes)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

fn run(path: &Path) -> io::Result<()> {
    let status = Command::new(path).stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{status}"))) }
}

fn sum(path: &Path) -> io::Result<()> {
    black_box(Sha256::digest(fs::read(path)?));
    Ok(())
}
