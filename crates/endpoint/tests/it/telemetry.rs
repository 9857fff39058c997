//! Telemetry against the kernel that is here: a storm of processes is counted to the last one, and what the kernel dropped
//! is counted as well.

#![cfg(target_os = "linux")]

use endpoint::kernel::notice::{Gaps, notice};
use endpoint::kernel::processes::Connector;
use endpoint::telemetry::event::{Class, Details, Event, FileDid, NetworkDid, ProcessDid, Publisher, Source};
use endpoint::telemetry::watch::{self, Settings};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Watches while something is done, and returns all that was told. None, and said so, where the kernel tells nobody.
fn watched(settings: &Settings, done: impl FnOnce()) -> Option<Vec<Event>> {
    if Connector::new().is_err() {
        eprintln!("SKIPPED: the kernel tells nobody but root of processes");
        return None;
    }
    let stop = AtomicBool::new(false);
    let (ready, is_ready) = mpsc::channel();
    let mut told = Vec::new();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut told = Vec::new();
            watch::run(settings, &stop, &mut |event| {
                if told.is_empty() {
                    ready.send(()).unwrap();
                }
                told.push(event);
            })
            .unwrap();
            told
        });
        is_ready.recv_timeout(Duration::from_secs(30)).unwrap();
        // The first look at what is there.
        std::thread::sleep(Duration::from_millis(300));
        done();
        stop.store(true, Ordering::Relaxed);
        told = watcher.join().unwrap();
    });
    Some(told)
}

/// A shell that starts a program so often, one after the other.
fn storm(times: usize) -> std::process::Child {
    let script = format!("i=0; while [ $i -lt {times} ]; do /usr/bin/true; i=$((i+1)); done");
    Command::new("/bin/sh").args(["-c", &script]).stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_storm_of_processes_is_counted_exactly() {
    const SHELLS: usize = 4;
    const EACH: usize = 1500;
    let mut shells = BTreeSet::new();
    let begin = std::time::Instant::now();
    let told = watched(&Settings::default(), || {
        let mut storms: Vec<_> = std::iter::repeat_with(|| storm(EACH)).take(SHELLS).collect();
        shells = storms.iter().map(|storm| i32::try_from(storm.id()).unwrap()).collect();
        assert!(storms.iter_mut().all(|storm| storm.wait().unwrap().success()));
    });
    let Some(told) = told else { return };
    let mut counts = BTreeMap::new();
    let (mut of_package, mut gone) = (0, 0);
    for event in &told {
        let Class::ProcessActivity(activity) = &event.what else { continue };
        if !activity.process.ancestors.first().is_some_and(|parent| shells.contains(&parent.pid)) {
            continue;
        }
        let did = match activity.activity {
            ProcessDid::Fork => "fork",
            ProcessDid::Launch => "launch",
            ProcessDid::Terminate { code: Some(0), .. } => "end",
            other => panic!("{other:?}"),
        };
        *counts.entry(did).or_insert(0) += 1;
        if did == "launch" {
            match &activity.process.details {
                Details::Known(running) if running.path.ends_with("/true") => {
                    of_package += usize::from(matches!(running.file.publisher, Publisher::Package { .. }));
                }
                Details::Known(running) => panic!("{running:?}"),
                Details::Gone => gone += 1,
            }
        }
    }
    let all = SHELLS * EACH;
    println!(
        "{all} programs in {:?}: {counts:?}, {of_package} of a package, {gone} gone before one could look",
        begin.elapsed()
    );
    assert_eq!(counts, BTreeMap::from([("fork", all), ("launch", all), ("end", all)]));
    let Class::TelemetryReport(report) = &told.last().unwrap().what else { panic!("no report at the end") };
    let it = report.sources.iter().find(|it| it.source == Source::Processes).unwrap();
    assert_eq!((it.counts.lost, it.counts.gaps), (0, 0));
    assert_eq!(it.counts.seen, it.counts.kept + it.counts.left_out);
    assert!(told.iter().zip(1..).all(|(event, number)| event.sequence == number), "numbers without a gap");
}

#[test]
fn what_the_kernel_dropped_is_counted_exactly() {
    // The large one first, so that it hears all that the small one hears.
    let (Ok(large), Ok(small)) = (Connector::that_keeps(64 << 20), Connector::that_keeps(16 << 10)) else {
        eprintln!("SKIPPED: the kernel tells nobody but root of processes");
        return;
    };
    // Something on every processor, before and after: what did not fit shows only between two that did.
    let everywhere = || {
        for processor in 0..std::thread::available_parallelism().unwrap().get() {
            let _ = Command::new("taskset").args(["-c", &processor.to_string(), "true"]).status();
        }
    };
    everywhere();
    assert!(storm(1000).wait().unwrap().success());
    let mut buffer = [0; 4096];
    let mut read = |connector: &Connector| {
        let mut notices = Vec::new();
        loop {
            match connector.receive(&mut buffer) {
                Ok(message) => notices.extend(notice(message)),
                Err(Errno::NOBUFS | Errno::INTR) => {}
                Err(_) => return notices,
            }
        }
    };
    let mut kept = read(&small);
    everywhere();
    kept.extend(read(&small));
    let all = read(&large);
    let mut gaps = Gaps::default();
    let lost: u64 = kept.iter().map(|notice| gaps.before(notice)).sum();
    // Between the first and the last that the small one has of each processor, the large one has all.
    let mut ranges: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for it in &kept {
        let range = ranges.entry(it.processor).or_insert((it.count, it.count));
        range.1 = it.count;
    }
    let within = all
        .iter()
        .filter(|it| ranges.get(&it.processor).is_some_and(|(first, last)| (*first..=*last).contains(&it.count)));
    let within = u64::try_from(within.count()).unwrap();
    println!("{} kept, {lost} lost of {within}", kept.len());
    assert!(lost > 1000);
    assert_eq!(u64::try_from(kept.len()).unwrap() + lost, within);
}

#[test]
fn files_and_connections_are_told_with_their_process() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let settings =
        Settings { folders: vec![root.clone()], connections_every: Duration::from_millis(50), ..Settings::default() };
    let mut here = None;
    let told = watched(&settings, || {
        // So long that it was looked at when it began, however busy the machine is.
        let script = format!("sleep 2; echo x > {}/a", root.display());
        assert!(Command::new("/bin/sh").args(["-c", &script]).status().unwrap().success());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        here = Some(listener.local_addr().unwrap());
        let _out = std::net::TcpStream::connect(here.unwrap()).unwrap();
        std::thread::sleep(Duration::from_millis(600));
    });
    let Some(told) = told else { return };
    let file = root.join("a");
    let by = told.iter().find_map(|event| match &event.what {
        Class::FileSystemActivity(it) if it.activity == FileDid::Update && file == *it.path => it.process.clone(),
        _ => None,
    });
    // The shell may be gone by then, and is remembered.
    let Details::Known(running) = by.unwrap().details else { panic!("nobody wrote it") };
    assert!(running.arguments.last().unwrap().contains("echo x"), "{running:?}");
    let me = i32::try_from(std::process::id()).unwrap();
    let did: Vec<_> = told
        .iter()
        .filter_map(|event| match &event.what {
            Class::NetworkActivity(it) if it.process.as_ref().is_some_and(|process| process.pid == me) => {
                Some((it.activity, it.connection.local, it.connection.remote))
            }
            _ => None,
        })
        .collect();
    let here = here.unwrap();
    assert!(did.iter().any(|it| it.0 == NetworkDid::Listen && it.1 == here), "{did:?}");
    assert!(did.iter().any(|it| it.0 == NetworkDid::Open && it.2 == here), "{did:?}");
}
