//! Attacks under guard: nothing is lost, and few files are touched before an attacker is stopped.

use crate::disks::{Disk, Kind};
use crate::documents::{self, Document};
use crate::guard::Guard;
use crate::manifest::Manifest;
use crate::needs;
use crate::scrambler::{Running, Start, Way, until};
use crate::yard::{self, Yard};
use serde_json::Value;
use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const TOUCHED_MAX: u64 = 10;
/// Where only the first bytes of each file change, one file says less.
const TOUCHED_PARTLY_MAX: u64 = 30;

fn touched_max(way: Way) -> u64 {
    if way == Way::FrontTwentieth { TOUCHED_PARTLY_MAX } else { TOUCHED_MAX }
}

/// One line of the table of results.
#[derive(Default)]
struct Row {
    name: String,
    /// Files that the guard says were touched, the most of any lineage; and files that the stand-ins say they finished.
    touched: u64,
    finished: usize,
    tripped: usize,
    restored: u64,
    lost: usize,
    extra: usize,
    times: usize,
    took: Duration,
    misses: Vec<String>,
}

struct Table {
    title: String,
    rows: Vec<Row>,
}

impl Row {
    fn new(name: impl Display) -> Row {
        Row { name: name.to_string(), ..Row::default() }
    }

    fn expect(&mut self, held: bool, otherwise: impl FnOnce() -> String) {
        if !held {
            self.misses.push(otherwise());
        }
    }

    /// Waits until the attackers are gone and what they did is undone, ends the guard, and looks at what is left.
    fn finish(&mut self, guard: Guard, attackers: &[Running], yard: &Yard, before: &Manifest, touched_max: u64) {
        let start = Instant::now();
        self.all_gone(attackers);
        for attacker in attackers {
            self.expect(attacker.last().is_empty(), || format!("an attacker came to its end: {}", attacker.last()));
            self.finished += attacker.files();
        }
        let mut tripped = guard.says_all("tripped", attackers.len(), Duration::from_secs(5));
        // One that is killed right after it told is followed by one that tells it again.
        tripped.dedup_by_key(|event| event["lineage"].clone());
        let restored = guard.says_all("restored", tripped.len(), LIMIT);
        self.took += start.elapsed();
        self.expect(restored.len() >= tripped.len(), || format!("{} of {} restored", restored.len(), tripped.len()));
        match guard.stop() {
            Ok(ended) => {
                self.expect(ended.status.code() == Some(0), || format!("the guard ended with {}", ended.status));
                self.expect(ended.all("ended").count() == 1, || "the guard does not say how it ended".to_owned());
                self.expect(ended.all("no JSON").count() == 0, || {
                    format!("no JSON: {:?}", ended.all("no JSON").next())
                });
                self.expect(ended.status.success() || ended.complaints.is_empty(), || ended.complaints.clone());
                self.told(&ended.events, attackers.len());
            }
            Err(why) => self.misses.push(why),
        }
        // Who works with eight hands has up to eight files in them when he is stopped.
        let touched = self.touched;
        self.expect(touched <= touched_max, || format!("{touched} files were touched before the stop"));
        let finished = self.finished;
        let finished_max = touched_max as usize * attackers.len();
        self.expect(finished <= finished_max, || format!("{finished} files were finished before the stop"));
        self.left(yard, before);
    }

    fn all_gone(&mut self, attackers: &[Running]) {
        for attacker in attackers {
            self.expect(attacker.gone(LIMIT), || "an attacker is neither stopped nor done".to_owned());
        }
    }

    fn told(&mut self, events: &[Value], attackers: usize) {
        let of = |kind: &'static str| events.iter().filter(move |event| event["event"] == kind);
        self.tripped = of("tripped").count();
        self.touched = of("tripped").filter_map(|event| event["touched"].as_u64()).max().unwrap_or(0);
        self.restored = of("restored").filter_map(|event| event["restored"].as_u64()).sum();
        let failed: u64 = of("restored").filter_map(|event| event["failed"].as_u64()).sum();
        self.expect(failed == 0, || format!("{failed} failed to be restored"));
        let tripped = self.tripped;
        self.expect(tripped >= attackers, || format!("{tripped} lineages stopped of {attackers}"));
        let me = u64::from(std::process::id());
        let stopped_me =
            of("tripped").any(|event| event["pids"].as_array().is_some_and(|pids| pids.contains(&me.into())));
        self.expect(!stopped_me, || "the test itself was taken for the attacker".to_owned());
        let reasons = of("tripped").all(|event| event["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()));
        self.expect(reasons, || "a lineage was stopped without a reason".to_owned());
    }

    fn left(&mut self, yard: &Yard, before: &Manifest) {
        let changes = before.changes_until(&Manifest::of(&yard.documents()));
        (self.lost, self.extra, self.times) = (changes.lost.len(), changes.extra.len(), changes.times.len());
        self.expect(changes.lost.is_empty(), || format!("lost {}", some(&changes.lost)));
        self.expect(changes.modes.is_empty(), || format!("with other rights {}", some(&changes.modes)));
    }
}

impl Table {
    fn new(title: impl Display) -> Table {
        Table { title: title.to_string(), rows: Vec::new() }
    }

    /// Prints all rows, and fails when one of them has a miss.
    fn judge(self) {
        println!("\n{}", self.title);
        println!(
            "{:<24} {:>7} {:>8} {:>7} {:>8} {:>5} {:>5} {:>5} {:>7}  misses",
            "attack", "touched", "finished", "tripped", "restored", "lost", "extra", "times", "ms"
        );
        for row in &self.rows {
            let Row { name, touched, finished, tripped, restored, lost, extra, times, took, misses } = row;
            let took = took.as_millis();
            println!(
                "{name:<24} {touched:>7} {finished:>8} {tripped:>7} {restored:>8} {lost:>5} {extra:>5} {times:>5} {took:>7}  {}",
                misses.join("; ")
            );
        }
        let misses: Vec<String> = self
            .rows
            .iter()
            .filter(|row| !row.misses.is_empty())
            .map(|row| format!("{}: {}", row.name, row.misses.join("; ")))
            .collect();
        assert!(
            misses.is_empty(),
            "{}: {} of {} missed:\n{}",
            self.title,
            misses.len(),
            self.rows.len(),
            misses.join("\n")
        );
    }
}

/// A few of many paths.
fn some(paths: &[PathBuf]) -> String {
    let first = &paths[..paths.len().min(3)];
    if paths.len() > 3 { format!("{first:?} and {} more", paths.len() - 3) } else { format!("{first:?}") }
}

fn guard(yard: &Yard) -> Guard {
    Guard::start(&[yard.documents()], &yard.state()).unwrap()
}

/// A yard with fresh documents in it, and what they are.
fn fresh(yard: &Yard, documents: &[Document]) -> Manifest {
    yard.clear();
    documents::put(documents, &yard.documents());
    Manifest::of(&yard.documents())
}

fn every_way(kind: Kind) {
    every_way_with(kind, &[]);
}

fn every_way_with(kind: Kind, more: &[&str]) {
    if !needs::tool("openssl", "openssl") {
        return;
    }
    let Some(mut disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::documents(11));
    let elsewhere = disk.elsewhere();
    let mut table = Table::new(format!("{kind:?}, one attacker {}", more.join(" ")));
    for way in Way::ALL {
        let before = fresh(&yard, &documents);
        let guard = Guard::start_with(&[yard.documents()], &yard.state(), more).unwrap();
        let mut row = Row::new(way.name());
        let mut start = Start::new(way.name(), &yard);
        if way == Way::Slow {
            start.pause_ms = 300;
        }
        if way == Way::BindMount {
            start.root.clone_from(&elsewhere);
        }
        row.finish(guard, &[start.go()], &yard, &before, touched_max(way));
        table.rows.push(row);
    }
    table.judge();
}

fn eight_at_once(kind: Kind) {
    use Way::*;
    if !needs::tool("openssl", "openssl") {
        return;
    }
    let Some(disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::documents(12));
    let before = fresh(&yard, &documents);
    let (guard, mut row) = (guard(&yard), Row::new("eight"));
    let ways = [InPlace, CopyUnlink, RenameOver, Mapped, TruncateRewrite, EverySixteenth, ForkEach, ToolOpenssl];
    let attackers: Vec<Running> = ways
        .into_iter()
        .enumerate()
        .map(|(number, way)| Start { share: (number, ways.len()), ..Start::new(way.name(), &yard) }.go())
        .collect();
    row.finish(guard, &attackers, &yard, &before, TOUCHED_MAX);
    let mut table = Table::new(format!("{kind:?}, eight attackers"));
    table.rows.push(row);
    table.judge();
}

/// Who comes second finds what the first made of a file; undone, it is what nobody had touched.
fn the_same_files(kind: Kind) {
    use Way::*;
    let Some(disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::without_big(19));
    let mut table = Table::new(format!("{kind:?}, several at the same files"));
    for ways in [
        vec![InPlace, InPlace],
        vec![InPlace, TruncateRewrite],
        vec![RenameOver, RenameOver, RenameOver],
        vec![InPlace, CopyUnlink, RenameOver],
        vec![CopyUnlink, RenameOver],
        vec![RenameOver, InPlace, Mapped],
    ] {
        let before = fresh(&yard, &documents);
        let guard = Guard::start_with(&[yard.documents()], &yard.state(), &["--no-canaries"]).unwrap();
        let mut row = Row::new(ways.iter().map(|way| way.name()).collect::<Vec<_>>().join(", "));
        // One file after the other, so that each of them comes to what another did.
        let attackers: Vec<Running> =
            ways.iter().map(|way| Start { pause_ms: 40, ..Start::new(way.name(), &yard) }.go()).collect();
        row.all_gone(&attackers);
        let stopped = guard.says_all("tripped", attackers.len(), Duration::from_secs(2)).len();
        row.expect(guard.says_all("restored", stopped, LIMIT).len() == stopped, || "not all is undone".to_owned());
        row.tripped = stopped;
        row.misses.extend(guard.stop().err());
        row.left(&yard, &before);
        table.rows.push(row);
    }
    table.judge();
}

fn nearly_full(kind: Kind) {
    use Way::*;
    let documents = documents::documents(13);
    let mut table = Table::new(format!("{kind:?}, nearly full"));
    for way in [InPlace, Mapped, TruncateRewrite, CopyUnlink, RenameOver] {
        let Some(disk) = Disk::new(kind) else { return };
        let yard = Yard::make(&disk.path());
        let before = fresh(&yard, &documents);
        // Less than the largest document: no copy of that can be kept.
        disk.nearly_full(12 << 20);
        let (guard, mut row) = (guard(&yard), Row::new(way.name()));
        row.finish(guard, &[Start::new(way.name(), &yard).go()], &yard, &before, TOUCHED_MAX);
        table.rows.push(row);
    }
    table.judge();
}

fn hostile_names(kind: Kind) {
    use Way::*;
    if !needs::tool("openssl", "openssl") {
        return;
    }
    let Some(disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::hostile(14));
    let mut table = Table::new(format!("{kind:?}, hostile names"));
    for way in [InPlace, TruncateRewrite, CopyUnlink, RenameOver, InPlaceRename, ToolOpenssl] {
        let before = fresh(&yard, &documents);
        let (guard, mut row) = (guard(&yard), Row::new(way.name()));
        row.finish(guard, &[Start::new(way.name(), &yard).go()], &yard, &before, TOUCHED_MAX);
        row.expect(!Path::new("pwned").exists() && !yard.documents().join("pwned").exists(), || {
            "a name was run".to_owned()
        });
        table.rows.push(row);
    }
    table.judge();
}

/// The guard is killed when an attacker has done a few files, and when it has just stopped one.
fn killed_guard(kind: Kind) {
    let Some(disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::documents(15));
    let mut table = Table::new(format!("{kind:?}, guard killed"));
    for way in [Way::InPlace, Way::CopyUnlink, Way::TruncateRewrite] {
        let before = fresh(&yard, &documents);
        // Without canaries, so that he has done a few before he would be stopped.
        let first = Guard::start_with(&[yard.documents()], &yard.state(), &["--no-canaries"]).unwrap();
        let mut row = Row::new(format!("{way:?}, at work"));
        let attacker = Start { pause_ms: 300, ..Start::new(way.name(), &yard) }.go();
        row.expect(attacker.did(2, LIMIT), || "it was stopped before two files were touched".to_owned());
        guard_is_killed(&mut row, first, attacker, &yard, &before);
        table.rows.push(row);

        let before = fresh(&yard, &documents);
        let (first, mut row) = (guard(&yard), Row::new(format!("{way:?}, stopped")));
        let attacker = Start::new(way.name(), &yard).go();
        row.expect(first.says("tripped", LIMIT).is_some(), || "it was not stopped".to_owned());
        guard_is_killed(&mut row, first, attacker, &yard, &before);
        table.rows.push(row);
    }
    table.judge();
}

fn guard_is_killed(row: &mut Row, first: Guard, attacker: Running, yard: &Yard, before: &Manifest) {
    // Held still, so that what is done while nobody guards is not held against the guard.
    attacker.freeze();
    let first = first.kill();
    let second = guard(yard);
    // One that came so far as to undo everything leaves nothing.
    let left = first.all("restored").count() == 0;
    row.expect(!left || second.says("resumed", LIMIT).is_some(), || "nothing was resumed".to_owned());
    attacker.thaw();
    if first.all("tripped").count() == 0 {
        return row.finish(second, &[attacker], yard, before, TOUCHED_MAX);
    }
    // The first one stopped him; either of them undoes what he did.
    if first.all("restored").count() == 0 {
        row.expect(second.says("restored", LIMIT).is_some(), || "nothing was restored".to_owned());
    }
    row.expect(attacker.gone(LIMIT), || "the attacker lives on".to_owned());
    row.finished = attacker.files();
    row.tripped = 1;
    row.misses.extend(second.stop().err());
    row.left(yard, before);
}

/// The worker is killed in the middle of an attack, and nobody holds the attacker still.
fn killed_worker(kind: Kind) {
    use Way::*;
    if !needs::tool("openssl", "openssl") {
        return;
    }
    let Some(disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::documents(16));
    let mut table = Table::new(format!("{kind:?}, worker killed"));
    for way in [InPlace, CopyUnlink, RenameOver, TruncateRewrite, Mapped, ForkEach, ToolOpenssl] {
        for after in [0, 2] {
            let before = fresh(&yard, &documents);
            let (guard, mut row) = (guard(&yard), Row::new(format!("{way:?}, after {after}")));
            let attacker = Start { pause_ms: 10, ..Start::new(way.name(), &yard) }.go();
            // Who is only being asked about when the worker dies is kept from what he does, and would not even begin.
            assert!(attacker.begins(LIMIT));
            attacker.did(after, LIMIT);
            guard.signal_worker(rustix::process::Signal::KILL);
            let over = guard.says("taken-over", LIMIT);
            row.expect(over.is_some(), || "nobody took over".to_owned());
            println!("{way:?}, after {after}: {}", over.unwrap_or_default());
            row.finish(guard, &[attacker], &yard, &before, TOUCHED_MAX);
            table.rows.push(row);
        }
    }
    table.judge();
}

/// Files are asked about no more that are opened again and again and are not protected; then they come to be.
#[test]
fn guarded_files_that_were_opened_before_they_were_protected() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::without_big(18));
    let mut table = Table::new("moved into a protected folder");
    for (way, with_folder) in [(Way::TruncateRewrite, false), (Way::InPlace, false), (Way::TruncateRewrite, true)] {
        yard.clear();
        let (outside, inside) = (yard.root.join(yard::OUTSIDE), yard.documents());
        documents::put(&documents, &outside);
        let before = Manifest::of(&outside);
        let guard = Guard::start_with(std::slice::from_ref(&inside), &yard.state(), &["--no-canaries"]).unwrap();
        let files: Vec<PathBuf> = before.paths().map(|path| outside.join(path)).collect();
        for file in files.iter().cycle().take(files.len() * 3) {
            File::open(file).unwrap();
        }
        // Of some that is so: the kernel forgets what it wants.
        assert!(until(LIMIT, || let_open(guard.worker()) > files.len() / 2), "they go on being asked about");
        let place = if with_folder { inside.join("moved") } else { inside };
        if with_folder {
            fs::rename(&outside, &place).unwrap();
            fs::create_dir(&outside).unwrap();
        } else {
            for entry in fs::read_dir(&outside).unwrap() {
                let entry = entry.unwrap();
                fs::rename(entry.path(), place.join(entry.file_name())).unwrap();
            }
        }
        let are_linked = || before.paths().all(|path| fs::metadata(place.join(path)).unwrap().nlink() == 2);
        assert!(until(LIMIT, || are_linked() && let_open(guard.worker()) == 0), "they are not protected");
        let mut row = Row::new(format!("{way:?}{}", if with_folder { ", with their folder" } else { "" }));
        let before = Manifest::of(&yard.documents());
        row.finish(guard, &[Start::new(way.name(), &yard).go()], &yard, &before, TOUCHED_MAX);
        table.rows.push(row);
    }
    table.judge();
}

/// Of how many files a process is not asked any more when they are opened.
fn let_open(process: i32) -> usize {
    let open = format!("ignored_mask:{:x}", libc::FAN_OPEN_PERM);
    let of = |entry: io::Result<fs::DirEntry>| {
        let said = fs::read_to_string(entry.ok()?.path()).ok()?;
        Some(said.lines().filter(|line| line.starts_with("fanotify ino:") && line.contains(&open)).count())
    };
    fs::read_dir(format!("/proc/{process}/fdinfo")).unwrap().filter_map(of).sum()
}

/// A guard is killed when it had decided to stop somebody, and before it did.
#[test]
fn guarded_decision_is_carried_out_by_the_next() {
    let Some(disk) = Disk::new(Kind::Ext4) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::documents(17));
    let before = fresh(&yard, &documents);
    let first = Guard::start_with(&[yard.documents()], &yard.state(), &["--no-canaries"]).unwrap();
    let attacker = Start { pause_ms: 60_000, ..Start::new("InPlace", &yard) }.go();
    assert!(attacker.did(1, LIMIT));
    attacker.freeze();
    first.kill();
    let path = yard.state().join("journal");
    let journal = fs::read_to_string(&path).unwrap();
    let mut entries = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let image = entries.find(|entry| entry["entry"] == "image").unwrap();
    let why = serde_json::json!({ "points": 12.0, "files": 3, "reasons": [] });
    let stopped = serde_json::json!({
        "at": image["at"], "entry": "stopped", "lineage": image["lineage"], "why": why, "told": false,
    });
    fs::write(&path, format!("{journal}{stopped}\n")).unwrap();
    let second = guard(&yard);
    let tripped = second.says("tripped", LIMIT).unwrap();
    assert_eq!((&tripped["lineage"], &tripped["touched"]), (&image["lineage"], &3.into()));
    assert!(attacker.gone(LIMIT) && second.says("restored", LIMIT).is_some());
    second.stop().unwrap();
    assert!(before.changes_until(&Manifest::of(&yard.documents())).lost.is_empty());
}

/// They say it earlier; without them it is said as well.
#[test]
fn guarded_ext4_needs_no_canaries() {
    every_way_with(Kind::Ext4, &["--no-canaries"]);
}

macro_rules! on_each_file_system {
    ($($room:ident: $run:ident),+ $(,)?) => {
        $(mod $room {
            use super::Kind;

            #[test]
            fn guarded_ext4() {
                super::$run(Kind::Ext4);
            }

            #[test]
            fn guarded_xfs() {
                super::$run(Kind::Xfs);
            }

            #[test]
            fn guarded_btrfs() {
                super::$run(Kind::Btrfs);
            }
        })+
    };
}

on_each_file_system! {
    no_way_of_scrambling_loses_a_file: every_way,
    no_file_is_lost_to_eight_attackers_at_once: eight_at_once,
    no_file_is_lost_on_a_disk_that_is_nearly_full: nearly_full,
    no_file_is_lost_for_its_name: hostile_names,
    no_file_is_lost_to_several_at_the_same: the_same_files,
    no_file_is_lost_when_the_guard_is_killed: killed_guard,
    no_file_is_lost_when_the_worker_is_killed: killed_worker,
}
