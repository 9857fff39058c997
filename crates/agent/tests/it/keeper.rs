//! A worker that is killed, hangs or cannot begin: what the kernel asks waits for the next one, which gives the right answers;
//! and where there is none nobody waits for ever.

use crate::control::{Before, LIMIT, enforce, is_good, is_refused, run};
use crate::led::House;
use crate::scrambler::until;
use policy::groups::Settings;
use policy::telling::What;
use policy::{Mode, Outcome};
use rustix::process::Signal;
use serde_json::json;
use std::fs::OpenOptions;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Fewer than after which a keeper gives up.
const KILLS: usize = 4;

#[test]
fn nothing_runs_that_may_not_while_workers_are_killed() {
    let Some(before) = Before::new() else { return };
    let (good, bad) = (before.good("good"), before.bad("bad"));
    let fresh: Vec<_> = (0..400).map(|number| before.bad(&format!("bad-{number}"))).collect();
    let control = before.start(&enforce(&[&good]));
    let over = AtomicBool::new(false);
    let (ran, refused) = std::thread::scope(|scope| {
        let attempts: Vec<_> = fresh
            .chunks(100)
            .map(|some| {
                let (over, good, bad) = (&over, &good, &bad);
                scope.spawn(move || {
                    let (mut ran, mut refused) = (0, 0);
                    for path in some.iter().cycle() {
                        for path in [path, bad] {
                            assert!(is_refused(&run(path)), "{path:?} ran");
                        }
                        match run(good) {
                            result if is_good(&result) => ran += 1,
                            // It had been asked about when the worker was killed.
                            result => refused += usize::from(is_refused(&result)),
                        }
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    (ran, refused)
                })
            })
            .collect();
        for number in 1..=KILLS {
            std::thread::sleep(Duration::from_millis(200));
            control.agent().signal_worker(Signal::KILL);
            let told = control.agent().says_all("taken-over", number, LIMIT);
            assert_eq!(told.len(), number, "{told:?}");
            println!("{}", told[number - 1]);
        }
        over.store(true, Ordering::Relaxed);
        let sums = attempts.into_iter().map(|attempt| attempt.join().unwrap());
        sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    println!("what may ran {ran} times, and was refused {refused} times");
    assert!(ran > 0);
    assert!(is_good(&run(&good)) && is_refused(&run(&bad)));
    control.stop();
}

#[test]
fn what_was_read_when_a_worker_is_killed_gets_the_safe_answer() {
    for undecided_may in [false, true] {
        let Some(before) = Before::new() else { return };
        let (huge, good) = (before.good("huge"), before.good("good"));
        // It takes long to read: most of it is a hole.
        OpenOptions::new().write(true).open(&huge).unwrap().set_len(900 << 20).unwrap();
        let mut rules = enforce(&[&good]);
        rules["undecided_may"] = undecided_may.into();
        let control = before.start_with(&rules, &["--decide-within", "60000"]);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| run(&huge));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!waits.is_finished(), "it waits");
            control.agent().signal_worker(Signal::KILL);
            let ran = waits.join().unwrap();
            assert!(if undecided_may { is_good(&ran) } else { is_refused(&ran) }, "{ran:?}");
        });
        let told = control.agent().says("taken-over", LIMIT).unwrap();
        assert!(told["answered"].as_u64() >= Some(1), "{told}");
        assert!(is_good(&run(&good)));
    }
}

#[test]
fn a_worker_that_hangs_is_replaced() {
    let Some(before) = Before::new() else { return };
    let (good, bad) = (before.good("good"), before.bad("bad"));
    let control = before.start(&enforce(&[&good]));
    control.agent().signal_worker(Signal::STOP);
    std::thread::scope(|scope| {
        let (good, bad) = (scope.spawn(|| run(&good)), scope.spawn(|| run(&bad)));
        assert!(is_good(&good.join().unwrap()) && is_refused(&bad.join().unwrap()));
    });
    let told = control.agent().says("taken-over", LIMIT).unwrap();
    println!("{told}");
    assert!(told["ms"].as_u64() >= Some(4000), "it is told since when nobody looked: {told}");
    control.stop();
}

#[test]
fn where_no_worker_stays_nobody_is_asked_any_more() {
    let Some(before) = Before::new() else { return };
    let bad = before.good("bad");
    let control = before.start(&enforce(&[]));
    for number in 1..=KILLS {
        assert!(is_refused(&run(&bad)));
        control.agent().signal_worker(Signal::KILL);
        assert_eq!(control.agent().says_all("taken-over", number, LIMIT).len(), number);
    }
    control.agent().signal_worker(Signal::KILL);
    assert!(until(LIMIT, || is_good(&run(&bad))), "the machine goes on");
    let ended = control.end();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.complaints.contains("nobody is asked any more"), "{}", ended.complaints);
}

#[test]
fn a_server_is_told_that_a_worker_was_killed() {
    let Some(before) = Before::new() else { return };
    let unknown = before.good("unknown");
    std::thread::sleep(Duration::from_millis(150));
    let house = House::new();
    // On the disk that is asked about: what a worker needs to begin must not wait for it.
    let endpoint = house.endpoint(&before.path("home"));
    let agent = endpoint.serve(&before.disk.path());
    house.order(&endpoint, 1, Settings { mode: Some(Mode::Enforce), ..Settings::default() });
    house.reported("in force", |report| report.orders == Some(1));
    assert!(is_refused(&run(&unknown)));
    agent.signal_worker(Signal::KILL);
    assert!(is_refused(&run(&unknown)));
    let is_it = |why: &model::Message| why.code == "exec.taken-over";
    let gap = house.is_told("the gap", |what| matches!(what, What::Gap { why, .. } if is_it(why)));
    println!("{}", json!(gap.what));
    house.reported("the gap", |report| report.gaps.iter().any(is_it));
    house.is_told("what was blocked", |what| matches!(what, What::Ran(ran) if ran.outcome == Outcome::Blocked));
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
    assert!(is_good(&run(&unknown)), "nobody is asked");
}
