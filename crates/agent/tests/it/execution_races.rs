//! Execution control against the clock: what changes between question and answer, what takes too long, and many at once.

use crate::control::{Before, LIMIT, enforce, is_good, is_refused, output, run};
use crate::scrambler::until;
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_program_that_is_changed_is_another() {
    let Some(before) = Before::new() else { return };
    let (by_root, by_others) = (before.good("by-root"), before.good("by-others"));
    std::os::unix::fs::chown(&by_others, Some(1000), Some(1000)).unwrap();
    let bad = fs::read(before.bad("bad")).unwrap();
    let _control = before.start(&enforce(&[&by_root, &by_others]));
    assert!(is_good(&run(&by_root)) && is_good(&run(&by_others)));
    OpenOptions::new().write(true).open(&by_root).unwrap().write_all(&bad).unwrap();
    assert!(is_refused(&run(&by_root)));
    // Through a mapping, of which the kernel tells nobody.
    let file = OpenOptions::new().read(true).write(true).open(&by_others).unwrap();
    crate::raw::mapped(&file, bad.len(), |bytes| bytes.copy_from_slice(&bad)).unwrap();
    drop(file);
    assert!(is_refused(&run(&by_others)));
}

#[test]
fn a_script_that_somebody_has_open_for_writing_is_nobodys_word() {
    let Some(before) = Before::new() else { return };
    let script = before.script("a.sh", "exit 0\n");
    let _control = before.start(&enforce(&[&script]));
    let sh = |path: &Path| output(Command::new("sh").arg(path)).status.success();
    let writer = OpenOptions::new().append(true).open(&script).unwrap();
    assert!(!sh(&script));
    drop(writer);
    assert!(sh(&script));
}

#[test]
fn what_is_swapped_under_a_name_never_runs() {
    let Some(before) = Before::new() else { return };
    let (good, bad, name) = (before.good("good"), before.bad("bad"), before.path("name"));
    fs::copy(&good, &name).unwrap();
    let control = before.start(&enforce(&[&good]));
    let stop = AtomicBool::new(false);
    let (mut ran, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let next = control.path("next");
            while !stop.load(Ordering::Relaxed) {
                for from in [&bad, &good] {
                    let _ = fs::remove_file(&next);
                    fs::hard_link(from, &next).unwrap();
                    fs::rename(&next, &name).unwrap();
                    // A rename of a file onto itself leaves both names.
                    let _ = fs::remove_file(&next);
                }
            }
        });
        for _ in 0..400 {
            match run(&name) {
                result if is_refused(&result) => refused += 1,
                Ok(status) if status.success() => ran += 1,
                result => {
                    stop.store(true, Ordering::Relaxed);
                    panic!("{result:?}");
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("{ran} ran, {refused} did not");
    assert!(ran > 0 && refused > 0, "{ran} {refused}");
}

/// One that takes long to read: most of it is a hole.
fn huge(before: &Before) -> std::path::PathBuf {
    let path = before.good("huge");
    OpenOptions::new().write(true).open(&path).unwrap().set_len(900 << 20).unwrap();
    path
}

#[test]
fn what_takes_too_long_is_decided_by_the_rules_and_found_out_all_the_same() {
    let Some(before) = Before::new() else { return };
    let (huge, small) = (huge(&before), before.good("small"));
    let rules = json!({ "mode": "enforce", "unknown_may": true });
    let control = before.start_with(&rules, &["--decide-within", "100"]);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| run(&huge));
        // Nobody else waits for that.
        assert!(is_good(&run(&small)));
        assert!(is_refused(&waits.join().unwrap()));
    });
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(until(LIMIT, || is_good(&run(&huge))), "what was found meanwhile is known");
    let rungs: Vec<_> = control.ruled(&huge, 2).iter().map(|ruled| ruled["rung"].clone()).collect();
    assert_eq!(rungs, ["undecided", "unknown"]);
    assert!(control.stop()["undecided"].as_u64().unwrap() >= 1);
}

#[test]
fn what_waits_for_an_agent_that_is_killed_goes_on() {
    let Some(before) = Before::new() else { return };
    let huge = huge(&before);
    let control = before.start_with(&json!({ "mode": "enforce" }), &["--decide-within", "60000"]);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| run(&huge));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!waits.is_finished(), "it waits");
        let _disk = control.kill();
        assert!(is_good(&waits.join().unwrap()));
    });
}

#[test]
fn many_at_once_all_get_an_answer_and_the_right_one() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 40;
    let Some(before) = Before::new() else { return };
    let allowed = before.good("good");
    let bad = before.bad("bad");
    let script = before.script("good.sh", "#!/bin/sh\nexit 0\n");
    let control = before.start(&enforce(&[&allowed, &script]));
    let misses: Vec<String> = std::thread::scope(|scope| {
        let storm = |number: usize| {
            let (control, allowed, bad, script) = (&control, &allowed, &bad, &script);
            scope.spawn(move || {
                let mut misses = Vec::new();
                for round in 0..ROUNDS {
                    // Fresh files, of which nothing is known.
                    let (fresh, fresh_bad) = (format!("g{number}-{round}"), format!("b{number}-{round}"));
                    copied(allowed, &control.path(&fresh));
                    copied(bad, &control.path(&fresh_bad));
                    for (path, good) in [
                        (allowed, true),
                        (script, true),
                        (&control.path(&fresh), true),
                        (bad, false),
                        (&control.path(&fresh_bad), false),
                    ] {
                        let ran = run(path);
                        if !(if good { is_good(&ran) } else { is_refused(&ran) }) {
                            misses.push(format!("{path:?}: {ran:?}"));
                        }
                    }
                }
                misses
            })
        };
        let storms: Vec<_> = (0..THREADS).map(storm).collect();
        storms.into_iter().flat_map(|storm| storm.join().unwrap()).collect()
    });
    assert!(misses.is_empty(), "{} of {}: {:?}", misses.len(), THREADS * ROUNDS * 5, &misses[..misses.len().min(5)]);
    let ended = control.stop();
    println!("{ended}");
    assert_eq!((&ended["overflows"], &ended["undecided"]), (&json!(0), &json!(0)));
}

/// By a process of its own: a thread that forks meanwhile would hand on what this one has open for writing.
fn copied(from: &Path, to: &Path) {
    assert!(output(Command::new("cp").arg(from).arg(to)).status.success());
    File::open(to).unwrap();
}

/// Two threads that ask and two that answer in one process, on one disk: none waits for the other.
#[test]
fn deciding_and_protecting_go_together() {
    let Some(before) = Before::new() else { return };
    let (good, bad) = (before.good("good"), before.good("bad"));
    let documents = before.path("documents");
    fs::create_dir(&documents).unwrap();
    for number in 0..20 {
        fs::write(documents.join(format!("{number}.txt")), format!("a document, number {number}\n")).unwrap();
    }
    let guarded = documents.to_str().unwrap().to_owned();
    let control = before.start_beside(&enforce(&[&good]), &["--protect", &guarded]);
    assert_eq!(control.both_ready(), 2);
    for number in 0..20 {
        assert!(is_good(&run(&good)) && is_refused(&run(&bad)));
        let path = documents.join(format!("{number}.txt"));
        fs::write(&path, "written anew\n").unwrap();
        let copied = documents.join(format!("{number}.program"));
        assert!(output(Command::new("cp").arg(&bad).arg(&copied)).status.success());
        assert!(is_refused(&run(&copied)));
    }
    assert_eq!(control.stop()["blocked"], 40);
}
