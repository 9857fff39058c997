//! Makes much happen for an agent to hear: files that come, change and go, or processes that begin and end.
//!
//! `storm files FOLDER SECONDS` and `storm processes SECONDS` print what they did and how long it took as JSON.

#[cfg(target_os = "linux")]
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let did = match words.as_slice() {
        ["files", folder, seconds] => storm::of(seconds, |number| storm::file(folder, number)),
        ["processes", seconds] => storm::of(seconds, |_| storm::process()),
        _ => None,
    };
    match did {
        Some((rounds, seconds)) => println!("{{\"rounds\":{rounds},\"seconds\":{seconds:.3}}}"),
        None => {
            eprintln!("usage: storm files FOLDER SECONDS | storm processes SECONDS");
            std::process::exit(2);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod storm {
    use std::fs;
    use std::time::{Duration, Instant};

    /// Does something for so many seconds; how often, and how long it took. None when it cannot be done.
    pub fn of(seconds: &str, mut once: impl FnMut(u64) -> Option<()>) -> Option<(u64, f64)> {
        let (begin, time) = (Instant::now(), Duration::from_secs_f64(seconds.parse().ok()?));
        let mut rounds = 0;
        while begin.elapsed() < time {
            once(rounds)?;
            rounds += 1;
        }
        Some((rounds, begin.elapsed().as_secs_f64()))
    }

    /// A file comes, is called something else and goes.
    pub fn file(folder: &str, number: u64) -> Option<()> {
        let (first, then) = (format!("{folder}/{number}.new"), format!("{folder}/{number}.txt"));
        fs::write(&first, b"a line of text\n").ok()?;
        fs::rename(&first, &then).ok()?;
        fs::remove_file(&then).ok()
    }

    /// A process begins and ends; it runs what this one runs.
    pub fn process() -> Option<()> {
        // SAFETY: the child does nothing but end, so that nothing of this process is used in it.
        unsafe {
            match libc::fork() {
                -1 => None,
                0 => libc::_exit(0),
                child => (libc::waitpid(child, std::ptr::null_mut(), 0) == child).then_some(()),
            }
        }
    }
}
