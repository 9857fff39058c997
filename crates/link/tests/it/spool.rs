//! What was added to a spool is read again, whatever happens to the process and the disk.
use link::spool::{Damage, Entry, Options, Why};
use link::{Act, Disk, Error, Refused, Spool};
use proptest::prelude::*;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const SMALL: u64 = 64 << 10;

fn open(folder: &Path, limit_bytes: u64) -> Spool {
    Spool::open(folder, Options { limit_bytes, ..Options::default() }).unwrap()
}

/// What a batch of that number holds: its length depends on it.
fn content(sequence: i64) -> Vec<u8> {
    let length = (sequence.wrapping_mul(7919) % 1500).unsigned_abs() as usize;
    let mut bytes = sequence.to_le_bytes().to_vec();
    bytes.resize(8 + length, sequence as u8);
    bytes
}

fn add(spool: &Spool, sequence: i64) {
    assert_eq!(spool.append("session", 1, &content(sequence)).unwrap(), sequence);
}

/// Everything from a number on: what is whole as a range each, what is lost with why.
fn told(spool: &Spool, from: i64) -> Vec<String> {
    let mut reader = spool.reader(from);
    let mut told: Vec<(String, i64, i64)> = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        let (what, first, last) = match entry {
            Entry::Batch(batch) => {
                assert_eq!(batch.bytes, content(batch.sequence), "{}", batch.sequence);
                ("whole".to_owned(), batch.sequence, batch.sequence)
            }
            Entry::Lost { first, last, why } => (format!("{why:?}"), first, last),
        };
        match told.last_mut() {
            Some((known, _, end)) if *known == what && *end + 1 == first => *end = last,
            _ => told.push((what, first, last)),
        }
    }
    told.into_iter().map(|(what, first, last)| format!("{what} {first}-{last}")).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = names.filter(|path| path.extension().is_some_and(|is| is == "spool")).collect();
    files.sort();
    files
}

fn damages(spool: &Spool) -> Vec<Damage> {
    spool.notices().into_iter().map(|notice| notice.what).collect()
}

#[test]
fn what_was_added_is_read_in_order_and_goes_when_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20);
    (0..300).for_each(|sequence| add(&spool, sequence));
    assert_eq!(told(&spool, 0), ["whole 0-299"]);
    assert_eq!(told(&spool, 211), ["whole 211-299"]);
    let before = spool.counts();
    assert_eq!((before.waiting_batches, before.acknowledged), (300, None));
    spool.acknowledge(211).unwrap();
    let after = spool.counts();
    assert_eq!((after.waiting_batches, after.acknowledged, after.delivered_batches), (88, Some(211), 212));
    assert!(after.used_bytes < before.used_bytes, "{after:?}");
    assert_eq!(told(&spool, 212), ["whole 212-299"]);
    let from_the_beginning = told(&spool, 0);
    assert!(from_the_beginning[0].starts_with("LetGo 0-"), "{from_the_beginning:?}");
    spool.acknowledge(5).unwrap();
    spool.acknowledge(i64::MAX).unwrap();
    assert_eq!((spool.counts().waiting_batches, spool.counts().acknowledged), (0, Some(299)));
}

#[test]
fn numbers_go_on_after_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let id = open(folder.path(), SMALL).id();
    for round in 0..10 {
        let spool = open(folder.path(), SMALL);
        assert_eq!((spool.id(), damages(&spool)), (id.clone(), vec![]));
        (round * 9..round * 9 + 9).for_each(|sequence| add(&spool, sequence));
        spool.acknowledge(round * 9 + 6).unwrap();
        assert_eq!(told(&spool, spool.oldest()), [format!("whole {}-{}", round * 9 + 7, round * 9 + 8)]);
    }
}

#[test]
fn one_process_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let _spool = open(folder.path(), SMALL);
    assert!(matches!(Spool::open(folder.path(), Options::default()), Err(Error::InUse(_))));
}

#[test]
fn a_full_spool_refuses_and_counts_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), SMALL);
    let mut next = 0;
    while spool.append("session", 5, &content(next)).is_ok() {
        next += 1;
    }
    for _ in 0..3 {
        let refused = spool.append("session", 5, &content(next)).unwrap_err();
        assert!(matches!(refused, Refused::Full { used, limit: SMALL } if used <= SMALL), "{refused}");
    }
    let on_disk: u64 = files(folder.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(on_disk <= SMALL);
    drop(spool);
    let spool = open(folder.path(), SMALL);
    let counts = spool.counts();
    assert_eq!((counts.shed_batches, counts.shed_rows), (4, 20));
    assert_eq!(told(&spool, 0), [format!("whole 0-{}", next - 1)]);
    // With everything delivered there is room for as much again.
    spool.acknowledge(next - 1).unwrap();
    let room = (0..).take_while(|more| spool.append("session", 5, &content(next + more)).is_ok()).count();
    assert!(room >= usize::try_from(next).unwrap() / 2, "{room} of {next}");
}

#[test]
fn what_can_never_be_taken_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), SMALL);
    let large = vec![0; 1 << 20];
    assert!(matches!(spool.append("session", 1, &large), Err(Refused::TooLarge { bytes: 1_048_576, max: 65_536 })));
    for kind in ["", "Session", "a b", "../x\0", &"x".repeat(65)] {
        assert!(matches!(spool.append(kind, 1, b""), Err(Refused::BadKind(_))), "{kind}");
    }
    assert_eq!(spool.counts().shed_batches, 0);
}

#[test]
fn many_add_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 16 << 20);
    let mut given: Vec<i64> = std::thread::scope(|scope| {
        let adding = (0..8).map(|thread| {
            let spool = &spool;
            scope.spawn(move || {
                let add = |round: i64| spool.append("finding", 1, &[thread, round as u8]).unwrap();
                (0..50).map(add).collect::<Vec<_>>()
            })
        });
        adding.collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    given.sort_unstable();
    assert_eq!(given, (0..400).collect::<Vec<_>>());
}

#[test]
fn a_damaged_batch_is_told_and_lost_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20);
    (0..400).for_each(|sequence| add(&spool, sequence));
    drop(spool);
    let oldest = &files(folder.path())[0];
    let mut bytes = std::fs::read(oldest).unwrap();
    // In the body of the second batch.
    let at = 28 + 20 + 1 + 7 + 4 + content(0).len() + 20 + 40;
    bytes[at] ^= 1;
    std::fs::write(oldest, &bytes).unwrap();
    let spool = open(folder.path(), 1 << 20);
    assert_eq!(told(&spool, 0), ["whole 0-0", "Damaged 1-1", "whole 2-399"]);
    assert_eq!(told(&spool, 0).len(), 3);
    let notices = spool.notices();
    assert_eq!(damages(&spool), [Damage::Batch]);
    assert_eq!(std::fs::read(&notices[0].path).unwrap(), bytes);
}

#[test]
fn a_damaged_head_loses_the_rest_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20);
    (0..400).for_each(|sequence| add(&spool, sequence));
    drop(spool);
    let (oldest, after) = (&files(folder.path())[0], &files(folder.path())[1]);
    let mut bytes = std::fs::read(oldest).unwrap();
    bytes[28 + 20 + 1 + 7 + 4 + content(0).len()] ^= 1;
    std::fs::write(oldest, &bytes).unwrap();
    let last: i64 = after.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let spool = open(folder.path(), 1 << 20);
    let id = spool.id();
    assert_eq!(told(&spool, 0), ["whole 0-0", &format!("Damaged 1-{}", last - 1), &format!("whole {last}-399")]);
    drop(spool);
    assert_eq!(open(folder.path(), 1 << 20).id(), id);
}

#[test]
fn a_file_that_is_gone_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 20);
    (0..600).for_each(|sequence| add(&spool, sequence));
    drop(spool);
    let files = files(folder.path());
    let first = |at: usize| files[at].file_stem().unwrap().to_str().unwrap().parse::<i64>().unwrap();
    std::fs::remove_file(&files[0]).unwrap();
    std::fs::remove_file(&files[2]).unwrap();
    let spool = open(folder.path(), 1 << 20);
    let (second, third, fourth) = (first(1), first(2), first(3));
    let entries = told(&spool, 0);
    assert_eq!(entries[0], format!("Damaged 0-{}", second - 1));
    assert_eq!(entries[1], format!("whole {second}-{}", third - 1));
    assert_eq!(entries[2], format!("Damaged {third}-{}", fourth - 1));
}

/// A number that was given must not be given again under the same name: the server would take the new for the old.
#[test]
fn when_nobody_knows_how_far_numbers_went_it_is_another_spool() {
    type Does = fn(&Path);
    let damage: [(&str, Does); 3] = [
        ("a head within the newest file", |folder| {
            let newest = files(folder).pop().unwrap();
            let mut bytes = std::fs::read(&newest).unwrap();
            bytes[28] ^= 1;
            std::fs::write(&newest, bytes).unwrap();
        }),
        ("all files are gone", |folder| files(folder).iter().for_each(|file| std::fs::remove_file(file).unwrap())),
        ("everything is gone", |folder| {
            files(folder).iter().for_each(|file| std::fs::remove_file(file).unwrap());
            std::fs::remove_file(folder.join("state")).unwrap();
        }),
    ];
    for (what, damage) in damage {
        let folder = tempfile::tempdir().unwrap();
        let spool = open(folder.path(), 1 << 20);
        (0..10).for_each(|sequence| add(&spool, sequence));
        let id = spool.id();
        drop(spool);
        damage(folder.path());
        let spool = open(folder.path(), 1 << 20);
        assert_ne!(spool.id(), id, "{what}");
        let next = spool.append("session", 1, b"x").unwrap();
        drop(spool);
        let spool = open(folder.path(), 1 << 20);
        let mut reader = spool.reader(next);
        assert!(matches!(reader.next().unwrap(), Some(Entry::Batch(batch)) if batch.sequence == next), "{what}");
    }
}

#[test]
fn a_lost_state_keeps_the_name_and_the_batches() {
    for damage in [|path: &Path| std::fs::remove_file(path).unwrap(), |path: &Path| std::fs::write(path, b"x").unwrap()]
    {
        let folder = tempfile::tempdir().unwrap();
        let spool = open(folder.path(), SMALL);
        (0..10).for_each(|sequence| add(&spool, sequence));
        spool.acknowledge(3).unwrap();
        let id = spool.id();
        drop(spool);
        damage(&folder.path().join("state"));
        let spool = open(folder.path(), SMALL);
        assert_eq!((spool.id(), damages(&spool)), (id, vec![Damage::State]));
        assert_eq!(told(&spool, spool.oldest()), ["whole 0-9"]);
    }
}

#[test]
fn an_end_that_is_cut_off_anywhere_is_told_and_its_number_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), SMALL);
    (0..3).for_each(|sequence| add(&spool, sequence));
    let id = spool.id();
    drop(spool);
    let file = &files(folder.path())[0];
    let (bytes, state) = (std::fs::read(file).unwrap(), std::fs::read(folder.path().join("state")).unwrap());
    let end = bytes.len() - (20 + 1 + 7 + 4 + content(2).len());
    // Every place in the head and the kind, and some of the rest: each costs a few rounds of the disk.
    for cut in (end + 1..bytes.len()).filter(|cut| cut - end < 40 || cut % 17 == 0) {
        std::fs::write(file, &bytes[..cut]).unwrap();
        std::fs::write(folder.path().join("state"), &state).unwrap();
        let spool = open(folder.path(), SMALL);
        assert_eq!((damages(&spool), spool.id()), (vec![Damage::TornEnd], id.clone()), "cut at {cut}");
        add(&spool, 2);
        assert_eq!(told(&spool, 0), ["whole 0-2"], "cut at {cut}");
    }
}

#[test]
fn a_disk_that_fails_loses_nothing_that_lasts() {
    for failing in [Act::Write, Act::Sync, Act::Create, Act::SyncFolder, Act::Remove] {
        let folder = tempfile::tempdir().unwrap();
        let calls = Arc::new(AtomicU32::new(0));
        let counting = calls.clone();
        let disk = Disk::failing(move |act, _| {
            // Two of every seven fail, and making it as it was fails with them.
            let fails = (act == failing || act == Act::Cut) && counting.fetch_add(1, Ordering::SeqCst) % 7 > 4;
            if fails { Err(std::io::Error::from_raw_os_error(5)) } else { Ok(()) }
        });
        let mut kept = Vec::new();
        let mut round = 0;
        while round < 40 {
            // Opening may fail as well; the next attempt is another one.
            let Ok(spool) = Spool::open(folder.path(), Options { limit_bytes: 1 << 20, disk: disk.clone() }) else {
                continue;
            };
            round += 1;
            for number in 0..10u8 {
                let bytes = vec![number; 3000 + usize::from(number)];
                if let Ok(sequence) = spool.append("session", 1, &bytes) {
                    assert!(kept.last().is_none_or(|(last, _)| sequence > *last), "{failing:?}");
                    kept.push((sequence, bytes));
                }
            }
            let at = kept.len() / 2;
            let _ = spool.acknowledge(kept[at].0);
            let mut reader = spool.reader(kept[at].0 + 1);
            let mut read = Vec::new();
            while let Some(entry) = reader.next().unwrap() {
                if let Entry::Batch(batch) = entry {
                    read.push((batch.sequence, batch.bytes.to_vec()));
                }
            }
            let missing: Vec<_> =
                kept[at + 1..].iter().filter(|batch| !read.contains(batch)).map(|kept| kept.0).collect();
            assert_eq!(missing, [0i64; 0], "{failing:?} in round {round}");
            kept.drain(..=at);
        }
        assert!(calls.load(Ordering::SeqCst) > 7, "{failing:?} is done at all");
    }
}

#[test]
fn on_a_full_disk_what_was_taken_stays_and_what_was_not_is_counted() {
    let Some(disk) = testkit::small_disk(256 << 10) else { return };
    let folder = disk.path().join("spool");
    let spool = open(&folder, 1 << 20);
    let mut next = 0;
    while spool.append("session", 1, &content(next)).is_ok() {
        next += 1;
    }
    assert!(next > 100);
    drop(spool);
    let spool = open(&folder, 1 << 20);
    assert_eq!(spool.counts().shed_batches, 1);
    assert_eq!(told(&spool, 0), [format!("whole 0-{}", next - 1)]);
    spool.acknowledge(next - 2).unwrap();
    assert!(spool.append("session", 1, &content(next)).is_ok());
}

#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Acknowledge(prop::sample::Index),
    Reopen,
    Read(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1u8..20).prop_map(Step::Add),
        2 => any::<prop::sample::Index>().prop_map(Step::Acknowledge),
        1 => Just(Step::Reopen),
        1 => any::<prop::sample::Index>().prop_map(Step::Read),
    ];
    proptest::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever is done in whatever order: what is taken and not acknowledged is there, in order.
    #[test]
    fn it_is_a_queue(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = open(folder.path(), SMALL);
        let (mut next, mut oldest, mut shed) = (0, 0, 0);
        for step in steps {
            match step {
                Step::Add(count) => for _ in 0..count {
                    match spool.append("session", 1, &content(next)) {
                        Ok(sequence) => {
                            prop_assert_eq!(sequence, next);
                            next += 1;
                        }
                        Err(Refused::Full { .. }) => shed += 1,
                        Err(error) => prop_assert!(false, "{}", error),
                    }
                },
                Step::Acknowledge(at) if next > oldest => {
                    oldest += at.index(usize::try_from(next - oldest).unwrap()) as i64 + 1;
                    spool.acknowledge(oldest - 1).unwrap();
                }
                Step::Acknowledge(_) => {}
                Step::Reopen => {
                    drop(spool);
                    spool = open(folder.path(), SMALL);
                    prop_assert_eq!(damages(&spool), vec![]);
                }
                Step::Read(at) if next > oldest => {
                    let from = oldest + at.index(usize::try_from(next - oldest).unwrap()) as i64;
                    prop_assert_eq!(told(&spool, from), [format!("whole {from}-{}", next - 1)]);
                }
                Step::Read(_) => {}
            }
            prop_assert_eq!(spool.counts().waiting_batches, (next - oldest).cast_unsigned());
            prop_assert_eq!(spool.counts().shed_batches, shed);
            prop_assert_eq!(spool.oldest(), oldest);
        }
    }

    /// Whatever somebody did to the files: opening and reading end, no number is given twice under one name, and what is
    /// not whole is told.
    #[test]
    fn no_damage_goes_without_a_word(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let spool = open(folder.path(), SMALL);
        (0..60).for_each(|sequence| add(&spool, sequence));
        let id = spool.id();
        drop(spool);
        let mut files = files(folder.path());
        files.push(folder.path().join("state"));
        for (file, at, byte) in changes {
            let path = file.get(&files);
            let mut bytes = std::fs::read(path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            std::fs::write(path, bytes).unwrap();
        }
        if let Some((file, at)) = cut {
            let path = file.get(&files);
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, &bytes[..at.index(bytes.len() + 1)]).unwrap();
        }
        let spool = open(folder.path(), SMALL);
        let mut reader = spool.reader(0);
        let (mut expected, mut lost) = (0, false);
        while let Some(entry) = reader.next().unwrap() {
            let (first, last) = match entry {
                Entry::Batch(batch) => {
                    prop_assert_eq!(batch.bytes, content(batch.sequence));
                    (batch.sequence, batch.sequence)
                }
                Entry::Lost { first, last, why } => {
                    lost |= why == Why::Damaged;
                    (first, last)
                }
            };
            prop_assert_eq!(first, expected);
            expected = last + 1;
        }
        if spool.id() == id {
            let torn = damages(&spool).contains(&Damage::TornEnd);
            prop_assert!(expected == 60 || torn, "{} of 60 under the same name", expected);
        }
        prop_assert!(!lost || !spool.notices().is_empty() || files.iter().any(|file| !file.exists()));
        let next = spool.append("session", 1, b"x").unwrap();
        prop_assert!(next >= expected);
    }
}

/// How often it is killed.
const ROUNDS: u32 = 120;
/// Where the child's spool is; only set for the child.
const FOLDER: &str = "REDOUBT_SPOOL_CRASH_FOLDER";

/// The child: adds batches from several threads, acknowledges some, and says of each when it was done.
#[test]
fn adds_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let spool = open(Path::new(&folder), 256 << 10);
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").unwrap();
        out.flush().unwrap();
    };
    std::thread::scope(|scope| {
        for thread in 0..3u32 {
            let spool = &spool;
            scope.spawn(move || {
                for number in 0u32.. {
                    let bytes = format!("{}-{thread}-{number} ", std::process::id()).repeat(20 + number as usize % 50);
                    match spool.append("session", 1, bytes.as_bytes()) {
                        Ok(sequence) => say(format!("kept {sequence} {}", crc32(bytes.as_bytes()))),
                        Err(Refused::Full { .. }) => say(format!("shed {} 0", spool.counts().shed_batches)),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        scope.spawn(|| {
            let mut reader = spool.reader(spool.oldest());
            loop {
                let entry = reader.next().unwrap();
                if let Some(Entry::Lost { .. }) = entry {
                    panic!("{entry:?}");
                }
                match entry {
                    Some(Entry::Batch(batch)) if batch.sequence % 10 == 0 => {
                        // Said before it is done: it may go from now on.
                        say(format!("letting {} 0", batch.sequence - 5));
                        spool.acknowledge(batch.sequence - 5).unwrap();
                    }
                    Some(_) => {}
                    None => std::thread::sleep(Duration::from_micros(300)),
                }
            }
        });
    });
}

/// A check that is not the one the spool uses for itself.
fn crc32(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(14_695_981_039_346_656_037, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211))
}

#[test]
fn nothing_that_was_added_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), 256 << 10);
    let id = open(folder.path(), 256 << 10).id();
    let (mut kept, mut let_go, mut shed) = (std::collections::BTreeMap::new(), -1, 0);
    let mut torn = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "spool::adds_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let killer = std::thread::spawn(move || {
            // Any moment, from opening on.
            std::thread::sleep(Duration::from_micros(u64::from(round.wrapping_mul(2_654_435_761) % 60_000)));
            child.kill().unwrap();
            child.wait_with_output().unwrap()
        });
        for line in out.lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some(at) = words.iter().position(|word| ["kept", "letting", "shed"].contains(word)) else { continue };
            let [what, number, check] = words[at..] else { continue };
            let (number, check): (i64, u64) = (number.parse().unwrap(), check.parse().unwrap());
            match what {
                "kept" => assert_eq!(kept.insert(number, check), None, "{number} was given twice"),
                "letting" => let_go = number.max(let_go),
                _ => shed = number.max(shed),
            }
        }
        let ended = killer.join().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!said.contains("panicked"), "round {round}: {said}");
        let spool = open(folder.path(), 256 << 10);
        torn += usize::from(!spool.notices().is_empty());
        assert!(spool.notices().iter().all(|notice| notice.what == Damage::TornEnd), "{:?}", spool.notices());
        assert_eq!(spool.id(), id);
        assert!(spool.counts().shed_batches >= shed.cast_unsigned());
        assert!(spool.oldest() <= let_go + 1);
        let mut reader = spool.reader(let_go + 1);
        let mut here = std::collections::BTreeMap::new();
        while let Some(entry) = reader.next().unwrap() {
            let Entry::Batch(batch) = entry else { panic!("{entry:?}") };
            assert_eq!(here.insert(batch.sequence, crc32(&batch.bytes)), None);
        }
        for (sequence, check) in kept.range(let_go + 1..) {
            assert_eq!(here.get(sequence), Some(check), "batch {sequence} in round {round}");
        }
    }
    assert!(kept.len() > 500 && let_go > 50, "{} kept, let go up to {let_go}", kept.len());
    println!("{ROUNDS} kills, {} batches kept, {let_go} let go, {shed} shed, {torn} torn ends", kept.len());
}
