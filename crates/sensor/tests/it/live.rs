//! Live capture in a network namespace of the test's own: a real packet socket, a real replay.
#![cfg(target_os = "linux")]

use sensor::Options;
use sensor::live::{Gauge, Live, Summary, capture};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::filter::{Instruction, compile, parse};

/// A capture of UDP frames: `frames` conversations of one frame, each of 120 bytes.
fn made_capture(path: &Path, frames: u32) {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(65535u32.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    for number in 0..frames {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 106, 0, 0, 0, 0, 64, 17, 0, 0];
        frame.extend([10, 0, (number >> 8) as u8, number as u8, 10, 9, 9, 9]);
        frame.extend([0x30, 0x39, 0x30, 0x3a, 0, 86, 0, 0]);
        frame.resize(120, b'x');
        for value in [number / 1000, number % 1000 * 1000, frame.len() as u32, frame.len() as u32] {
            file.extend(value.to_le_bytes());
        }
        file.extend(frame);
    }
    std::fs::write(path, file).unwrap();
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs in a thread that has a network of its own, with two ends of one wire in it. `None`, loudly, where this machine
/// does not allow it.
fn in_own_network<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    for (program, package) in [("ip", "iproute2"), ("tcpreplay", "tcpreplay")] {
        if Command::new(program).arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "`{program}` is not installed: install `{package}`");
            eprintln!("SKIPPED: `{program}` is not installed; install `{package}` to run this test");
            return None;
        }
    }
    let thread = std::thread::spawn(move || {
        // SAFETY: only this thread leaves for the new network namespace.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            assert!(std::env::var_os("CI").is_none(), "network namespaces are not allowed here");
            eprintln!("SKIPPED: network namespaces are not allowed here");
            return None;
        }
        // Quiet ends: the kernel must not send frames of its own.
        run("ip", &["link", "add", "near", "type", "veth", "peer", "name", "far"]);
        for end in ["near", "far"] {
            run("ip", &["link", "set", end, "addrgenmode", "none"]);
            run("ip", &["link", "set", end, "arp", "off", "up"]);
        }
        Some(work())
    });
    thread.join().unwrap()
}

/// Replays a capture at one end and reads it at the other until all frames came or half a minute went by.
fn replayed(file: &Path, frames: u64, workers: usize, filter: Vec<Instruction>) -> Summary {
    let live = Live {
        interface: "far".to_owned(),
        options: Options::default(),
        workers,
        ring_bytes: 16 << 20,
        promiscuous: true,
        filter,
        indicators: None,
        evidence: None,
    };
    let (gauge, stop) = (Gauge::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let captured = capture(&live, &|_| Vec::new(), &gauge, &stop, || {
            let file = file.to_owned();
            let (gauge, stop) = (&gauge, &stop);
            scope.spawn(move || {
                run("tcpreplay", &["--mbps", "200", "-i", "near", file.to_str().unwrap()]);
                let began = Instant::now();
                while gauge.frames.load(Ordering::Relaxed) < frames && began.elapsed() < Duration::from_secs(30) {
                    std::thread::yield_now();
                }
                stop.store(true, Ordering::Relaxed);
            });
        });
        captured.unwrap()
    })
}

#[test]
fn every_replayed_frame_is_read_once_and_counted() {
    for workers in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.pcap");
        made_capture(&path, 20_000);
        let Some(summary) = in_own_network(move || replayed(&path, 20_000, workers, Vec::new())) else { return };
        assert_eq!(summary.counts.frames, 20_000, "{workers} workers: {summary:?}");
        assert_eq!(summary.counts.bytes, 20_000 * 120);
        assert_eq!(summary.counts.flows, 20_000);
        assert_eq!(summary.kernel.dropped, 0);
        assert_eq!(summary.kernel.received, 20_000);
    }
}

#[test]
fn a_filter_is_applied_by_the_kernel() {
    let filter = compile(&parse("udp and src net 10.0.1.0/25").unwrap().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.pcap");
    made_capture(&path, 1000);
    let Some(summary) = in_own_network(move || replayed(&path, 128, 1, filter)) else { return };
    assert_eq!((summary.counts.frames, summary.counts.flows), (128, 128));
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    let live = Live {
        interface: "no-such-interface".to_owned(),
        options: Options::default(),
        workers: 1,
        ring_bytes: 1 << 20,
        promiscuous: false,
        filter: Vec::new(),
        indicators: None,
        evidence: None,
    };
    let error = capture(&live, &|_| Vec::new(), &Gauge::default(), &AtomicBool::new(true), || {}).unwrap_err();
    assert_eq!(error.to_string(), "there is no network interface `no-such-interface`");
}
