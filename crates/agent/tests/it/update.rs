//! The agent becomes another release of itself: whoever is asked about meanwhile gets the right answer, and a release that is
//! none, or does not live, changes nothing.

use crate::control::{Before, is_good, is_refused, run, sha256};
use crate::documents;
use crate::guard::Guard;
use crate::led::{Endpoint, House, LIMIT, orders, signer};
use crate::manifest::Manifest;
use crate::scrambler::{Start, Way, until};
use crate::yard::Yard;
use endpoint::kernel::processes::{all, stat};
use policy::Mode;
use policy::groups::Settings;
use policy::orders::{AgentOrders, Release, Signer, sum_of, this_target};
use policy::telling::{RELEASE_GUIDE, Report, UpdateState};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// The program that is tested, without what only a debugger wants.
fn program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let (from, folder) = (env!("CARGO_BIN_EXE_redoubt-agent"), tempfile::tempdir().unwrap());
        let small = folder.path().join("small");
        let stripped = Command::new("strip").arg("-o").arg(&small).arg(from).status();
        fs::read(if stripped.is_ok_and(|status| status.success()) { small.as_path() } else { Path::new(from) }).unwrap()
    })
}

/// The same program with another content.
fn variant(number: u8) -> Vec<u8> {
    [program(), &[number; 64]].concat()
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// An endpoint whose agent lies on the disk that is asked about, and the maker of its releases.
struct Site {
    before: Before,
    house: House,
    endpoint: Endpoint,
    maker: Signer,
    agent: Guard,
    good: PathBuf,
    bad: PathBuf,
    /// Folders that are protected.
    protected: Vec<PathBuf>,
}

impl Site {
    fn new() -> Option<Site> {
        let before = Before::new()?;
        let (good, bad) = (before.good("good"), before.bad("bad"));
        put(&before.path("redoubt-agent"), program());
        sleep(Duration::from_millis(150));
        let house = House::new();
        let endpoint = house.endpoint(&house.folder().join("home"));
        let agent = endpoint.serve_from(&before.path("redoubt-agent"), &before.disk.path());
        let site = Site { before, house, endpoint, maker: signer(), agent, good, bad, protected: Vec::new() };
        // One program runs and the agent is what it is, as long as nothing else is ordered.
        site.house.order(&site.endpoint, 4, site.settings());
        site.house.reported("in force", |report| report.mode == Mode::Enforce);
        Some(site)
    }

    fn settings(&self) -> Settings {
        let allowed = [sha256(&self.good).parse().unwrap()].into();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        Settings {
            mode: Some(Mode::Enforce),
            allowed,
            protected: self.protected.iter().map(|folder| text(folder)).collect(),
            guard_allowed: [text(&std::env::current_exe().unwrap())].into(),
            ..Settings::default()
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.before.path(name)
    }

    /// The same, and the agent is to be that release.
    fn order(&self, number: u64, version: &str, program: &[u8], older: bool) {
        let agent = AgentOrders {
            version: version.to_owned(),
            programs: [(this_target(), sum_of(program).unwrap().1)].into(),
            keys: [self.maker.public()].into(),
            older,
        };
        let orders = orders(&self.endpoint, number, self.settings()).with_agent(Some(agent));
        self.house.tell_orders(&orders, &self.house.signer);
        self.house.reported("in force", |report| report.orders == Some(number) && report.mode == Mode::Enforce);
    }

    /// Nobody wants a release any more.
    fn forget(&self, number: u64) {
        self.house.order(&self.endpoint, number, self.settings());
        let is_so = |report: &Report| report.orders == Some(number) && report.update.is_none();
        self.house.reported("no release is ordered", is_so);
    }

    fn bundle(&self, version: &str, program: &[u8], signer: &Signer) -> Vec<u8> {
        let release = Release {
            version: version.to_owned(),
            target: this_target(),
            bytes: 0,
            sha256: policy::Digest([0; 32]),
            follows: None,
            made: 0,
            notes: String::new(),
            keys: Default::default(),
        };
        release.seal(program, signer).unwrap()
    }

    /// Orders it, and tells the bundle once that is wanted.
    fn update(&self, number: u64, version: &str, program: &[u8]) {
        self.order(number, version, program, false);
        self.tell(number, self.bundle(version, program, &self.maker));
    }

    fn tell(&self, number: u64, bundle: Vec<u8>) {
        self.reported(UpdateState::Wanted);
        self.house.tell(RELEASE_GUIDE, number.cast_signed(), bundle);
    }

    fn reported(&self, state: UpdateState) -> Report {
        let is_so = |report: &Report| report.update.as_ref().is_some_and(|update| update.state == state);
        self.house.reported(&format!("{state:?}"), is_so)
    }

    fn failed(&self, code: &str) {
        let is_so = |report: &Report| {
            report.update.as_ref().is_some_and(|update| {
                update.state == UpdateState::Failed && update.why.as_ref().is_some_and(|why| why.code == code)
            })
        };
        self.house.reported(code, is_so);
        assert!(!self.path("redoubt-agent.next").exists());
        self.decides();
    }

    fn decides(&self) {
        assert!(is_refused(&run(&self.bad)) && is_good(&run(&self.good)));
    }

    /// The content of what runs: of the keeper, and of its worker.
    fn running(&self) -> [String; 2] {
        let keeper = self.agent.process().cast_signed();
        // One that is gone by now is none of those that are asked for.
        [keeper, self.agent.worker()].map(|process| Pid::from_raw(process).and_then(runs).unwrap_or_default())
    }

    /// What nobody allowed never runs while something happens.
    fn is_tight_while(&self, something: impl FnOnce()) {
        let over = AtomicBool::new(false);
        let (ran, refused) = std::thread::scope(|scope| {
            let attempts = scope.spawn(|| {
                let (mut ran, mut refused) = (0, 0);
                while !over.load(Ordering::Relaxed) {
                    let result = run(&self.bad);
                    assert!(is_refused(&result), "{result:?}: it ran");
                    match run(&self.good) {
                        result if is_good(&result) => ran += 1,
                        // It had been asked about when one took over.
                        result => refused += usize::from(is_refused(&result)),
                    }
                }
                (ran, refused)
            });
            // Also when it comes to nothing: who waits for the attempts would wait for ever.
            let ends = Ends(&over);
            something();
            drop(ends);
            attempts.join().unwrap()
        });
        println!("what may ran {ran} times, and was refused {refused} times");
        // Once for each that took over, since one is asked about at a time: the program, or what loads it.
        let over = self.agent.says_all("taken-over", 0, Duration::ZERO).len();
        assert!(refused <= over, "{refused} of {over}");
        assert!(ran > 0);
    }
}

#[test]
fn the_agent_becomes_the_release_that_is_ordered_and_nothing_gets_through() {
    let Some(site) = Site::new() else { return };
    let next = variant(1);
    let was = sha256(&site.path("redoubt-agent"));
    site.is_tight_while(|| {
        site.update(5, "9.1.0", &next);
        let report = site.reported(UpdateState::Done);
        assert_eq!((report.version.as_str(), report.program), ("9.1.0", Some(sum_of(next.as_slice()).unwrap().1)));
        assert!(until(LIMIT, || site
            .running()
            .iter()
            .all(|running| *running == sum_of(next.as_slice()).unwrap().1.to_string())));
    });
    let is = sha256(&site.path("redoubt-agent"));
    assert_eq!((&is, &sha256(&site.path("redoubt-agent.before"))), (&site.running()[0], &was));
    assert!(!site.path("redoubt-agent.next").exists());
    // Its own workers are of the release as well, and it becomes another one again.
    site.agent.signal_worker(Signal::KILL);
    assert!(until(LIMIT, || site.running()[1] == is));
    site.decides();
    let last = variant(2);
    site.is_tight_while(|| {
        site.update(6, "9.2.0", &last);
        site.reported(UpdateState::Done);
    });
    assert_eq!(sha256(&site.path("redoubt-agent")), sum_of(last.as_slice()).unwrap().1.to_string());
    // One that is older than this release is older, whatever version the program was built as.
    site.update(7, "9.1.5", &variant(8));
    site.failed("policy.release-older");
    assert_eq!(site.house.reports().last().unwrap().version, "9.2.0");
    site.order(8, "9.2.0", &last, false);
    site.reported(UpdateState::Done);
    assert_eq!(site.endpoint.status()["report"]["version"], "9.2.0");
    assert_eq!(site.agent.stop().unwrap().status.code(), Some(0));
    // Whoever starts it the next time starts the release.
    let agent = site.endpoint.serve_from(&site.before.path("redoubt-agent"), &site.before.disk.path());
    assert!(until(LIMIT, || site.endpoint.status()["report"]["update"]["state"] == "done"));
    drop(agent);
}

#[test]
fn a_release_that_does_not_live_changes_nothing() {
    let Some(mut site) = Site::new() else { return };
    let was = sha256(&site.path("redoubt-agent"));
    let script = |text: &str| format!("#!/bin/sh\n{text}\n").into_bytes();
    site.is_tight_while(|| {
        site.update(5, "9.1.0", &script("exit 3"));
        site.failed("agent.update-code");
        // One that says its version, and ends when it is to work.
        site.update(6, "9.1.1", &script("[ \"$1\" = --version ] && exit 0; exit 7"));
        site.failed("agent.update-code");
        site.update(7, "9.1.2", b"no program at all");
        site.failed("agent.update-unstarted");
    });
    // One that takes over, and is gone before it reached the server.
    let next = variant(3);
    site.order(8, "9.1.3", &next, false);
    site.tell(8, site.bundle("9.1.3", &next, &site.maker));
    site.house
        .reported("at it", |report| report.update.as_ref().is_some_and(|update| update.state != UpdateState::Wanted));
    site.house.close();
    let sum = sum_of(next.as_slice()).unwrap().1.to_string();
    assert!(site.agent.says("taken-over", LIMIT).is_some(), "it was never tried");
    assert!(until(LIMIT, || site.running()[1] == sum));
    site.decides();
    site.agent.signal_worker(Signal::KILL);
    assert!(until(LIMIT, || site.running() == [was.clone(), was.clone()]));
    site.decides();
    site.house.open();
    site.failed("agent.update-signal");
    assert_eq!(sha256(&site.path("redoubt-agent")), was);
    // It is not tried again whatever else is ordered, and it is once nobody wanted it for a while.
    assert_eq!(site.running(), [was.clone(), was]);
    site.order(9, "9.1.3", &next, false);
    site.failed("agent.update-signal");
    site.forget(10);
    site.update(11, "9.1.3", &next);
    site.reported(UpdateState::Done);
}

#[test]
fn a_bundle_that_is_not_in_order_is_refused_and_told() {
    let Some(site) = Site::new() else { return };
    let next = variant(4);
    site.order(5, "9.1.0", &next, false);
    site.tell(5, site.bundle("9.1.0", &next, &signer()));
    site.failed("policy.release-unknown-key");
    assert!(site.house.reports().last().unwrap().refused.is_some());
    let mut forged = site.bundle("9.1.0", &next, &site.maker);
    let at = forged.len() - 100;
    forged[at] ^= 1;
    site.forget(6);
    site.order(7, "9.1.0", &next, false);
    site.tell(7, forged);
    site.failed("policy.release-forged");
    // In order, and not what was ordered.
    site.forget(8);
    site.order(9, "9.1.0", &next, false);
    site.tell(9, site.bundle("9.1.0", &variant(5), &site.maker));
    site.failed("policy.release-other-program");
    site.order(10, "0.0.1", &next, false);
    site.tell(10, site.bundle("0.0.1", &next, &site.maker));
    site.failed("policy.release-older");
    // Unless somebody orders to go back.
    site.order(11, "0.0.1", &next, true);
    site.tell(11, site.bundle("0.0.1", &next, &site.maker));
    assert_eq!(site.reported(UpdateState::Done).version, "0.0.1");
    // A release key of the server's own choice counts for nothing once there is another.
    let stolen = Site { maker: signer(), ..site };
    stolen.update(12, "9.9.9", &variant(6));
    stolen.failed("policy.release-unknown-key");
}

#[test]
fn no_file_is_lost_while_another_release_takes_over() {
    let Some(mut site) = Site::new() else { return };
    let yard = Yard::make(&site.before.disk.path());
    documents::put(&documents::without_big(5), &yard.documents());
    let before = Manifest::of(&yard.documents());
    site.protected = vec![yard.documents()];
    site.house.order(&site.endpoint, 5, site.settings());
    // One decides what runs, and one protects.
    assert_eq!(site.agent.says_all("ready", 2, LIMIT).len(), 2);
    let next = variant(9);
    site.update(6, "9.1.0", &next);
    // So slow that they are at it when the worker is replaced; each is stopped by whoever is at work by then.
    let attackers: Vec<_> = [(Way::InPlace, 300), (Way::CopyUnlink, 150), (Way::RenameOver, 500)]
        .map(|(way, pause_ms)| Start { pause_ms, ..Start::new(way.name(), &yard) }.go())
        .into();
    site.reported(UpdateState::Done);
    for attacker in attackers {
        assert!(attacker.gone(LIMIT) && attacker.last().is_empty(), "{}", attacker.last());
    }
    let is_whole = || {
        until(LIMIT, || {
            let now = Manifest::try_of(&yard.documents());
            now.is_ok_and(|now| before.changes_until(&now).lost.is_empty())
        })
    };
    assert!(is_whole(), "{:?}", before.changes_until(&Manifest::of(&yard.documents())));
    // Also by the one that took over.
    let attacker = Start::new(Way::TruncateRewrite.name(), &yard).go();
    assert!(attacker.gone(LIMIT) && attacker.last().is_empty());
    assert!(is_whole(), "{:?}", before.changes_until(&Manifest::of(&yard.documents())));
}

#[test]
fn one_that_dies_after_room_was_made_for_it_is_followed_by_one_of_before() {
    let Some(site) = Site::new() else { return };
    let (next, was) = (variant(10), sha256(&site.path("redoubt-agent")));
    let keeper = Pid::from_raw(site.agent.process().cast_signed()).unwrap();
    let worker = Pid::from_raw(site.agent.worker()).unwrap();
    site.update(5, "9.1.0", &next);
    let mut standby = None;
    assert!(until(LIMIT, || {
        standby = children_of(keeper).into_iter().find(|child| stands_by(*child));
        standby.is_some()
    }));
    // One of the two stands still at any time: the keeper while the worker leaves, until there is nobody.
    kill_process(worker, Signal::STOP).unwrap();
    let is_gone = || {
        kill_process(keeper, Signal::CONT).unwrap();
        sleep(Duration::from_millis(300));
        kill_process(keeper, Signal::STOP).unwrap();
        kill_process(worker, Signal::CONT).unwrap();
        let is_gone = until(Duration::from_secs(2), || is_zombie(worker));
        if !is_gone {
            kill_process(worker, Signal::STOP).unwrap();
        }
        is_gone
    };
    assert!(until(LIMIT, is_gone));
    kill_process(standby.unwrap(), Signal::KILL).unwrap();
    kill_process(keeper, Signal::CONT).unwrap();
    site.failed("agent.update-signal");
    assert_eq!(site.running(), [was.clone(), was]);
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn children_of(process: Pid) -> Vec<Pid> {
    let is_child = |child: &i32| stat(*child).is_ok_and(|stat| stat.parent == process.as_raw_nonzero().get());
    all().unwrap().into_iter().filter(is_child).filter_map(Pid::from_raw).collect()
}

/// It is of the program that lies beside.
fn stands_by(process: Pid) -> bool {
    let program = fs::read_link(format!("/proc/{}/exe", process.as_raw_nonzero())).unwrap_or_default();
    program.to_string_lossy().ends_with(".next")
}

/// The content of its program.
fn runs(process: Pid) -> Option<String> {
    let program = fs::read(format!("/proc/{}/exe", process.as_raw_nonzero())).ok()?;
    Some(sum_of(program.as_slice()).unwrap().1.to_string())
}

fn is_zombie(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

#[test]
fn killed_in_the_middle_of_it_there_is_one_whole_program() {
    let Some(mut site) = Site::new() else { return };
    let (next, was) = (variant(7), sha256(&site.path("redoubt-agent")));
    let is = sum_of(next.as_slice()).unwrap().1.to_string();
    site.order(5, "9.1.0", &next, false);
    site.tell(5, site.bundle("9.1.0", &next, &site.maker));
    // All of it, at whatever point it is by then: another one starts what lies there.
    site.house
        .reported("at it", |report| report.update.as_ref().is_some_and(|update| update.state != UpdateState::Wanted));
    kill_process(Pid::from_raw(site.agent.process().cast_signed()).unwrap(), Signal::KILL).unwrap();
    let lies = sha256(&site.path("redoubt-agent"));
    assert!(lies == was || lies == is);
    site.agent = site.endpoint.serve_from(&site.path("redoubt-agent"), &site.before.disk.path());
    site.reported(UpdateState::Done);
    assert_eq!(sha256(&site.path("redoubt-agent")), is);
    site.decides();
}
