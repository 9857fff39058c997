//! Every capture there is with its frames dropped, swapped, repeated, cut and changed within: read without a panic, and in
//! bounded time. `REDOUBT_MUTATIONS` says how often each capture is changed anew; `REDOUBT_MUTATIONS_FROM` with which seed
//! to begin.
#![allow(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use sensor::output::Eve;
use sensor::{Options, Worker, source};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wire::capture::{Frame, LinkType};

/// Larger captures are left to other tests.
const BYTES_MAX: u64 = 1 << 20;
/// For one reading of one capture, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(600);
const FOLDERS: [&str; 3] = ["eve/pcaps", "captures", "fingerprints"];
/// In front of what protocols say: Ethernet, IP and the shorter of the transports' heads.
const HEADS_BYTES: usize = 14 + 20 + 8;
/// Values that numbers in foreign bytes do harm with.
const HARMFUL: [u8; 8] = [0, 1, 0x7f, 0x80, 0xfe, 0xff, b'\n', b' '];

/// A fixed generator (xorshift): the same changes in every run.
struct Generator(u64);

impl Generator {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }

    /// True for so many of a hundred.
    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Changes what a frame carries: some bytes, a run of them, or its length.
    fn change(&mut self, data: &mut Vec<u8>) {
        let body = data.len().saturating_sub(HEADS_BYTES);
        let at = HEADS_BYTES + self.below(body);
        match self.below(6) {
            0..=2 => {
                for _ in 0..=self.below(4) {
                    let (at, value) = (HEADS_BYTES + self.below(body), HARMFUL[self.below(HARMFUL.len())]);
                    data.get_mut(at).into_iter().for_each(|byte| *byte = value);
                }
            }
            3 => {
                let bit = 1 << self.below(8);
                data.get_mut(at).into_iter().for_each(|byte| *byte ^= bit);
            }
            4 => {
                let value = HARMFUL[self.below(HARMFUL.len())];
                data.iter_mut().skip(at).take(8).for_each(|byte| *byte = value);
            }
            _ => data.truncate(at),
        }
    }

    /// The frames as a bad day on the wire leaves them.
    fn disturb(&mut self, frames: &[(i64, LinkType, Vec<u8>)]) -> Vec<(i64, LinkType, Vec<u8>)> {
        let mut disturbed = Vec::with_capacity(frames.len());
        for (time_ns, link, data) in frames {
            if self.percent(4) {
                continue;
            }
            let mut data = data.clone();
            if self.percent(12) {
                self.change(&mut data);
            }
            if self.percent(3) {
                disturbed.push((*time_ns, *link, data.clone()));
            }
            disturbed.push((*time_ns, *link, data));
            let last = disturbed.len() - 1;
            if last > 0 && self.percent(6) {
                let other = last - 1 - self.below(last.min(4));
                disturbed.swap(last, other);
            }
        }
        disturbed
    }
}

fn read_disturbed(frames: &[(i64, LinkType, Vec<u8>)], what: &str) {
    let began = Instant::now();
    let mut options = Options { sha256: true, all_hashes: true, sessions: true, arp: true, ..Options::default() };
    let detail =
        wire::proto::Detail { ja3: true, tls: true, http_headers: true, dhcp: true, mail: true, postgres: true };
    options.detail = detail;
    let mut worker = Worker::new(options, vec![Box::new(Eve::new(io::sink()))]);
    for (number, (time_ns, link, data)) in (1..).zip(frames) {
        let frame = Frame { time_ns: *time_ns, link: *link, wire_length: data.len() as u32, data };
        worker.frame(&frame, number);
    }
    worker.finish().unwrap();
    assert!(began.elapsed() < PATIENCE, "{what} took {:?}", began.elapsed());
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn captures_with_disturbed_frames_are_read() {
    let (from, times) = (number("REDOUBT_MUTATIONS_FROM", 1), number("REDOUBT_MUTATIONS", 2));
    let folders = FOLDERS.iter().filter_map(|folder| testkit::data(folder));
    let captures: Vec<PathBuf> = folders.flat_map(|folder| source::files(&folder).unwrap()).collect();
    for capture in captures.iter().filter(|path| path.metadata().is_ok_and(|about| about.len() <= BYTES_MAX)) {
        let mut frames = Vec::new();
        let outcome = source::read(capture, &mut |frame| {
            frames.push((frame.time_ns, frame.link, frame.data.to_vec()));
            true
        });
        if outcome.is_err() && frames.is_empty() {
            continue;
        }
        for seed in from..from + times {
            let what = format!("{} disturbed by {seed}", capture.display());
            let mut generator = Generator(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed * 2 + 1));
            // Says which one it was, should it panic.
            eprintln!("{what}");
            read_disturbed(&generator.disturb(&frames), &what);
        }
    }
}
