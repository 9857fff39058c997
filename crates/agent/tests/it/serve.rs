//! The agent that belongs to a server: it follows orders with the server and without, refuses what is not in order, and what
//! happens arrives.

use crate::control::{Before, is_good, is_refused, run, sha256};
use crate::disks::{Disk, Kind};
use crate::documents;
use crate::led::{House, LIMIT, now, orders, signer};
use crate::manifest::Manifest;
use crate::scrambler::{Start, Way, until};
use crate::yard::Yard;
use policy::groups::{BreakGlass, Settings, Telemetry, Threshold};
use policy::orders::{Audience, ReputationTable};
use policy::telling::{KEYS_GUIDE, Keys, Level, ORDERS_GUIDE, REPUTATION_GUIDE, Report, Undone, What};
use policy::{Digest, EndpointId, GroupId, Mode, Outcome, Person, Rung};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Only what is named runs.
fn enforce(allowed: &[&Path]) -> Settings {
    let allowed = allowed.iter().map(|path| sha256(path).parse().unwrap()).collect();
    Settings { mode: Some(Mode::Enforce), allowed, ..Settings::default() }
}

fn ran(what: &What, path: &Path, outcome: Outcome) -> bool {
    matches!(what, What::Ran(ran) if Path::new(&ran.path) == path && ran.outcome == outcome)
}

/// A home on the machine's own disk.
fn home(house: &House) -> PathBuf {
    house.folder().join("home")
}

#[test]
fn an_endpoint_enrols_once_with_a_token_and_says_how_it_is() {
    let house = House::new();
    let endpoint = house.endpoint(&home(&house));
    let status = endpoint.status();
    assert_eq!((&status["running"], &status["connected"]), (&false.into(), &false.into()), "{status}");
    assert!(status["endpoint"].as_str().unwrap().ends_with(&endpoint.id.0));
    let mode = std::os::unix::fs::MetadataExt::mode(&endpoint.home.metadata().unwrap());
    assert_eq!(mode & 0o777, 0o700);
    // Somebody else's server, and a token that is none.
    let other = house.enrol(&house.folder().join("other"), &["--authority", &"0".repeat(64)]);
    assert!(!other.status.success(), "clap takes the last");
    let gone = std::process::Command::new(env!("CARGO_BIN_EXE_redoubt-agent"))
        .args(["serve", "--home"])
        .arg(house.folder().join("nobody"))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&gone.stderr).contains("no endpoint is enrolled"));
}

#[test]
fn orders_are_followed_as_they_come_and_hold_without_a_server() {
    let Some(before) = Before::new() else { return };
    let (good, unknown) = (before.good("good"), before.good("unknown"));
    std::thread::sleep(Duration::from_millis(150));
    let mut house = House::new();
    let endpoint = house.endpoint(&home(&house));
    let agent = endpoint.serve(&before.disk.path());
    assert!(is_good(&run(&unknown)), "nobody ordered anything yet");
    house.is_told("what ran", |what| ran(what, &unknown, Outcome::Ran));
    house.order(&endpoint, 5, enforce(&[&good]));
    house.reported("in force", |report| (report.orders, report.mode) == (Some(5), Mode::Enforce));
    assert!(is_refused(&run(&unknown)) && is_good(&run(&good)));
    let told = house.is_told("what was blocked", |what| ran(what, &unknown, Outcome::Blocked));
    let What::Ran(told) = told.what else { unreachable!() };
    assert_eq!((told.sha256.unwrap().to_string(), told.bytes, told.count), (sha256(&unknown), Some(200_500), 1));
    assert_eq!(told.user, Some(0));
    assert!(told.parent.is_some() && !told.essential);
    assert!(until(LIMIT, || house.inventories().len() == 1));
    inventory::linux::read(&house.inventories()[0]).unwrap();
    let status = endpoint.status();
    assert_eq!((&status["running"], &status["report"]["orders"]), (&true.into(), &5.into()), "{status}");
    // Orders that come later take their place where it is.
    house.order(&endpoint, 6, Settings { mode: Some(Mode::Simulate), ..Settings::default() });
    house.reported("in force", |report| (report.orders, report.mode) == (Some(6), Mode::Simulate));
    assert!(is_good(&run(&unknown)));
    house.order(&endpoint, 7, enforce(&[]));
    house.reported("in force", |report| report.orders == Some(7));
    house.close();
    assert!(is_refused(&run(&good)));
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
    assert!(is_good(&run(&good)), "nobody is asked");
    // It begins without a server, and holds to what it was told.
    let agent = endpoint.serve(&before.disk.path());
    assert!(is_refused(&run(&good)) && is_refused(&run(&unknown)));
    let status = endpoint.status();
    assert_eq!((&status["report"]["orders"], &status["connected"]), (&7.into(), &false.into()), "{status}");
    // What happened meanwhile arrives when the server is there again.
    house.open();
    house.is_told("what was blocked", |what| ran(what, &good, Outcome::Blocked));
    drop(agent);
}

#[test]
fn what_is_not_in_order_is_refused_and_told_and_changes_nothing() {
    let Some(before) = Before::new() else { return };
    let unknown = before.good("unknown");
    std::thread::sleep(Duration::from_millis(150));
    let house = House::new();
    let endpoint = house.endpoint(&home(&house));
    let agent = endpoint.serve(&before.disk.path());
    house.order(&endpoint, 5, enforce(&[]));
    house.reported("in force", |report| report.orders == Some(5));
    let permissive = |version| orders(&endpoint, version, Settings::default());
    let refused = |code: &str| {
        let report = house.reported(code, |report| report.refused.as_ref().is_some_and(|why| why.code == code));
        assert_eq!((report.orders, report.mode), (Some(5), Mode::Enforce));
        assert!(is_refused(&run(&unknown)), "{code}");
    };
    house.tell_orders(&permissive(4), &house.signer);
    refused("policy.orders-not-later");
    house.tell_orders(&permissive(6), &signer());
    refused("policy.orders-unknown-key");
    let mut foreign = permissive(6);
    foreign.audience = Audience::Endpoint(EndpointId::new("ffffffffffffffff"));
    house.tell_orders(&foreign, &house.signer);
    refused("policy.orders-not-for-us");
    foreign.audience = Audience::Group(GroupId::new("laptops"));
    house.tell_orders(&foreign, &house.signer);
    refused("policy.orders-not-for-us");
    let mut bytes = permissive(6).seal(&house.signer).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    house.tell(ORDERS_GUIDE, 100, bytes);
    refused("policy.orders-forged");
    house.tell(ORDERS_GUIDE, 101, vec![7; 5 << 20]);
    refused("policy.orders-damaged");
    let mut later = permissive(6);
    later.not_before = Some(now() + 5);
    house.tell(ORDERS_GUIDE, 102, later.seal(&house.signer).unwrap());
    refused("policy.orders-not-yet");
    house.tell(KEYS_GUIDE, 103, serde_json::to_vec(&Keys { keys: [signer().public()].into() }).unwrap());
    refused("agent.keys-known");
    house.tell(REPUTATION_GUIDE, 104, b"no table".to_vec());
    house.tell("of-a-later-version", 105, b"?".to_vec());
    refused("policy.orders-damaged");
    // What was too early comes into force by itself.
    let report = house.reported("in force", |report| report.orders == Some(6));
    assert_eq!((report.mode, report.refused), (Mode::Observe, None));
    drop(agent);
}

#[test]
fn a_broken_glass_ends_by_itself() {
    let Some(before) = Before::new() else { return };
    let unknown = before.good("unknown");
    std::thread::sleep(Duration::from_millis(150));
    let mut house = House::new();
    let endpoint = house.endpoint(&home(&house));
    let agent = endpoint.serve(&before.disk.path());
    let mut glass = orders(&endpoint, 1, enforce(&[]));
    let (group, who) = (GroupId::new("desks"), Person::new("ann"));
    let until = now() + 6;
    glass.break_glass = Some(BreakGlass { group, who, why: "work".to_owned(), from: now() - 5, until });
    house.tell_orders(&glass, &house.signer);
    house.reported("in force", |report| (report.orders, report.mode) == (Some(1), Mode::Simulate));
    assert!(is_good(&run(&unknown)));
    house.close();
    assert!(crate::scrambler::until(LIMIT, || is_refused(&run(&unknown))), "no server is needed for that");
    assert!(now() >= until);
    drop(agent);
}

#[test]
fn damaged_orders_are_a_gap_that_is_told() {
    let Some(before) = Before::new() else { return };
    let unknown = before.good("unknown");
    std::thread::sleep(Duration::from_millis(150));
    let house = House::new();
    let endpoint = house.endpoint(&home(&house));
    let agent = endpoint.serve(&before.disk.path());
    for version in [1, 2] {
        house.order(&endpoint, version, enforce(&[]));
        house.reported("in force", |report| report.orders == Some(version));
    }
    agent.kill();
    let path = endpoint.home.join("orders");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(100);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let mut house = house;
    house.close();
    let agent = endpoint.serve(&before.disk.path());
    assert!(is_refused(&run(&unknown)), "what was ordered before holds");
    let status = endpoint.status();
    let gaps = status["report"]["gaps"].as_array().unwrap();
    assert!(gaps.iter().any(|gap| gap["code"] == "agent.damaged"), "{status}");
    assert_eq!(status["report"]["orders"], 1);
    house.open();
    house.is_told("the gap", |what| matches!(what, What::Gap { why, .. } if why.code == "agent.damaged"));
    house.reported("in force", |report| report.orders == Some(2) && report.gaps.is_empty());
    drop(agent);
}

#[test]
fn who_scrambles_files_is_stopped_and_the_server_is_told_of_it() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let yard = Yard::make(&disk.path());
    documents::put(&documents::without_big(3), &yard.documents());
    let before = Manifest::of(&yard.documents());
    let house = House::new();
    let endpoint = house.endpoint(&home(&house));
    if !crate::needs::tool("setpriv", "util-linux") {
        return;
    }
    let agent = endpoint.serve_as_a_service(&disk.path());
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let settings = Settings {
        protected: [text(&yard.documents()), "/nowhere".to_owned()].into(),
        guard_allowed: [text(&std::env::current_exe().unwrap())].into(),
        telemetry: Some([Telemetry::Executions, Telemetry::Processes].into()),
        ..Settings::default()
    };
    house.order(&endpoint, 1, settings);
    let report = house.reported("protected", |report| report.counts.protected > 0 && !report.gaps.is_empty());
    let is_right = |code: &str| ["agent.unprotected", "guard.unasked", "telemetry.no-modules"].contains(&code);
    assert!(report.gaps.iter().all(|gap| is_right(&gap.code)), "it has all rights that it needs: {report:#?}");
    assert!(report.gaps.iter().any(|gap| gap.code == "agent.unprotected"), "a folder that is not there: {report:#?}");
    // One who decides what runs was ready before.
    assert_eq!(agent.says_all("ready", 2, LIMIT).len(), 2);
    let attacker = Start::new(Way::ALL[0].name(), &yard).go();
    assert!(attacker.gone(LIMIT));
    let stopped = house.is_told("who was stopped", |what| matches!(what, What::Stopped(_)));
    let restored = house.is_told("what was restored", |what| matches!(what, What::Restored(_)));
    let (What::Stopped(stopped), What::Restored(restored)) = (stopped.what, restored.what) else { unreachable!() };
    assert_eq!(stopped.incident, restored.incident);
    let program = stopped.program.clone().unwrap();
    assert!(program.path.ends_with("stand-in"), "{stopped:#?}");
    assert_eq!(program.origin, Some(policy::Origin::Nobody));
    assert_eq!(program.sha256.unwrap().to_string(), sha256(Path::new(&program.path)));
    assert!(program.command_line.unwrap().contains("scrambler::entry") && !stopped.reasons.is_empty());
    let first = std::fs::metadata("/proc/1/exe").is_ok();
    assert_eq!(stopped.ancestors.is_empty(), !first, "its parent is gone, and the first process took it in");
    assert_eq!(restored.failed, 0);
    assert_eq!(restored.files.iter().filter(|file| file.how == Undone::Restored).count() as u64, restored.restored);
    assert!(before.changes_until(&Manifest::of(&yard.documents())).lost.is_empty());
    // What is protected becomes another thing: the guard ends, and the next one begins.
    house.order(&endpoint, 2, Settings::default());
    house.reported("no longer protected", |report| report.orders == Some(2) && report.counts.undo_bytes_max == 0);
    assert!(agent.says("ended", LIMIT).is_some());
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
}

#[test]
fn one_that_is_killed_while_it_decides_loses_nothing_that_the_server_has() {
    let Some(before) = Before::new() else { return };
    let programs: Vec<PathBuf> = (0..40).map(|number| before.good(&format!("tool-{number}"))).collect();
    std::thread::sleep(Duration::from_millis(150));
    let house = House::new();
    // On the disk that is asked about: what it opens itself it must not wait for.
    let endpoint = house.endpoint(&before.path("home"));
    let mut agent = endpoint.serve(&before.disk.path());
    house.order(&endpoint, 1, enforce(&[]));
    house.reported("in force", |report| report.orders == Some(1));
    for few in programs.chunks(10) {
        let mut running = few.iter().map(|path| {
            std::thread::spawn({
                let path = path.clone();
                move || run(&path)
            })
        });
        let first = running.next().unwrap();
        let rest: Vec<_> = running.collect();
        std::thread::sleep(Duration::from_millis(300));
        agent.kill();
        // Whoever waited for an answer goes on.
        std::iter::once(first).chain(rest).for_each(|one| drop(one.join().unwrap()));
        let known = house.told().len();
        agent = endpoint.serve(&before.disk.path());
        assert!(is_refused(&run(&few[0])));
        house.is_told("what was blocked", |what| ran(what, &few[0], Outcome::Blocked));
        assert!(house.told().len() > known);
    }
    for numbers in house.sequences() {
        assert!(numbers.iter().zip(numbers.iter().skip(1)).all(|(one, next)| one + 1 == *next), "{numbers:?}");
    }
}

#[test]
fn a_full_disk_keeps_nobody_from_being_protected_and_is_counted() {
    let Some(before) = Before::new() else { return };
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let programs: Vec<PathBuf> = (0..24).map(|number| before.good(&format!("tool-{number}"))).collect();
    std::thread::sleep(Duration::from_millis(150));
    let house = House::new();
    let endpoint = house.endpoint(&disk.path().join("home"));
    let agent = endpoint.serve(&before.disk.path());
    house.order(&endpoint, 1, enforce(&[]));
    house.reported("in force", |report| report.orders == Some(1));
    assert!(is_refused(&run(&programs[0])));
    house.is_told("what was blocked", |what| ran(what, &programs[0], Outcome::Blocked));
    fill(&disk.path());
    assert!(is_refused(&run(&programs[1])));
    // The last block of the spool's file has room for a few lines yet.
    let is_unheard = |report: &Report| report.gaps.iter().any(|gap| gap.code == "agent.unheard");
    for program in &programs[4..] {
        assert!(is_refused(&run(program)));
        if until(Duration::from_millis(1500), || house.reports().last().is_some_and(is_unheard)) {
            break;
        }
    }
    let report = house.reported("shed", is_unheard);
    assert!(report.counts.shed > 0, "{report:#?}");
    // Orders that cannot be written down are not followed yet.
    house.order(&endpoint, 2, enforce(&[&programs[2]]));
    house.reported("not written", |report| report.refused.as_ref().is_some_and(|why| why.code == "agent.unwritten"));
    assert!(is_refused(&run(&programs[2])));
    std::fs::remove_file(disk.path().join("filler")).unwrap();
    house.reported("in force", |report| report.orders == Some(2) && report.refused.is_none());
    assert!(is_good(&run(&programs[2])) && is_refused(&run(&programs[3])));
    house.is_told("what was blocked", |what| ran(what, &programs[3], Outcome::Blocked));
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
}

/// Leaves nothing free on a disk.
fn fill(disk: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(disk.join("filler")).unwrap();
    for bytes in [1 << 20, 4096, 1] {
        let block = vec![7; bytes];
        while file.write_all(&block).is_ok() {}
    }
    let _ = file.sync_all();
}

#[test]
fn a_file_of_good_repute_runs_as_soon_as_that_is_known() {
    let Some(before) = Before::new() else { return };
    let (reputed, unknown) = (before.good("reputed"), before.good("unknown"));
    std::thread::sleep(Duration::from_millis(150));
    let house = House::new();
    let endpoint = house.endpoint(&before.path("home"));
    let agent = endpoint.serve(&before.disk.path());
    house.order(&endpoint, 1, Settings { reputation_from: Some(Threshold::From(80)), ..enforce(&[]) });
    house.reported("in force", |report| report.orders == Some(1));
    assert!(is_refused(&run(&reputed)));
    let sha256: Digest = sha256(&reputed).parse().unwrap();
    let table = ReputationTable::new(3, now(), &[(sha256, 85)].into()).unwrap();
    house.tell(REPUTATION_GUIDE, 1, table.seal(&house.signer).unwrap());
    house.reported("in force", |report| report.reputation == Some(3));
    assert!(is_good(&run(&reputed)) && is_refused(&run(&unknown)));
    let told = house.is_told("what ran", |what| ran(what, &reputed, Outcome::Ran));
    assert!(matches!(told.what, What::Ran(told) if told.rung() == Rung::Reputation));
    drop(agent);
}

#[test]
fn what_a_lineage_does_is_told_as_an_alarm_where_processes_are_heard() {
    let Some(before) = Before::new() else { return };
    let house = House::new();
    let endpoint = house.endpoint(&home(&house));
    let agent = endpoint.serve(&before.disk.path());
    let telemetry = Some([Telemetry::Processes].into());
    house.order(&endpoint, 1, Settings { telemetry, ..Settings::default() });
    house.reported("heard", |report| report.telemetry.contains(&Telemetry::Processes));
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy("/usr/bin/sleep", folder.path().join("tool")).unwrap();
    let tool = folder.path().join("tool");
    let mut told = None;
    // What began before anybody listened is not told; and what is done by the same is told once a minute.
    until(LIMIT, || {
        std::process::Command::new(&tool).arg("0.3").status().unwrap();
        let all = house.told().into_iter();
        told = all.map(|told| told.what).find_map(|what| match what {
            What::Alarm(alarm) => Some(alarm)
                .filter(|alarm| alarm.program.as_ref().is_some_and(|program| Path::new(&program.path) == tool)),
            _ => None,
        });
        told.is_some()
    });
    let told = told.unwrap();
    assert!(told.message.code.starts_with("behaviour.") && told.level >= Level::Informational, "{told:?}");
    assert_eq!(told.program.unwrap().sha256.unwrap().to_string(), sha256(&tool));
    assert_eq!(Path::new(&told.ancestors[0].path), std::env::current_exe().unwrap());
    house.order(&endpoint, 2, Settings::default());
    house.reported("not heard any more", |report| !report.telemetry.contains(&Telemetry::Processes));
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
}
