//! Every capture there is, whole, cut short, and with bytes changed: read without a panic, and in bounded time.
use sensor::Options;
use sensor::reading::{Progress, Reading, read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Larger captures are read whole only.
const CHANGED_BYTES_MAX: usize = 1 << 20;
/// For one reading of one capture, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// One byte in so many is changed.
const CHANGED_EVERY: u64 = 400;
const FOLDERS: [&str; 3] = ["eve/pcaps", "captures", "fingerprints"];

/// A fixed generator (xorshift): the same changes in every run.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn captures(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.extension().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            captures(&path, found);
        } else if ["pcap", "pcapng", "cap"].contains(&name.as_str()) {
            found.push(path);
        }
    }
}

/// Reads a capture with everything that can be asked for.
fn read_it(path: &Path, what: &str) {
    let began = Instant::now();
    let options = Options { sha256: true, all_hashes: true, sessions: true, arp: true, ..Options::default() };
    let eve = Some(path.with_extension("out"));
    let reading = Reading {
        paths: vec![path.to_owned()],
        options,
        workers: 1,
        merged: false,
        eve,
        files: None,
        filter: None,
        indicators: None,
    };
    // A capture that is broken may be refused; it may not do harm.
    let _ = read(&reading, &Progress::default());
    assert!(began.elapsed() < PATIENCE, "{what} took {:?}", began.elapsed());
}

fn cuts_and_changes(original: &[u8], copy: &Path, what: &str) {
    for quarter in 1..4 {
        std::fs::write(copy, &original[..(original.len() * quarter / 4 + quarter).min(original.len())]).unwrap();
        read_it(copy, &format!("{what} cut at {quarter}/4"));
    }
    for seed in 1..3u64 {
        let mut generator = Generator(0x9e37_79b9_7f4a_7c15 ^ seed);
        let mut changed = original.to_vec();
        // The first bytes say that it is a capture; what follows is up to the generator.
        for _ in 0..original.len() as u64 / CHANGED_EVERY + 1 {
            let (place, value) = (generator.next(), generator.next());
            let body = changed.len().saturating_sub(24).max(1) as u64;
            if let Some(byte) = changed.get_mut(24 + (place % body) as usize) {
                *byte = value as u8;
            }
        }
        std::fs::write(copy, &changed).unwrap();
        read_it(copy, &format!("{what} changed by {seed}"));
    }
}

#[test]
fn every_capture_is_read_whole_cut_and_changed() {
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("copy.pcap");
    let mut found = Vec::new();
    for folder in FOLDERS.iter().filter_map(|folder| testkit::data(folder)) {
        captures(&folder, &mut found);
    }
    for path in found {
        let what = path.display().to_string();
        let original = std::fs::read(&path).unwrap();
        std::fs::write(&copy, &original).unwrap();
        read_it(&copy, &what);
        if original.len() <= CHANGED_BYTES_MAX {
            cuts_and_changes(&original, &copy, &what);
        }
    }
}
