//! The process is killed at any moment, again and again: nothing acknowledged is missing, nothing is there twice.
use crate::common::{MAY_12_US, batch, ids, row};
use lake::{Lake, Options};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often it is killed.
const ROUNDS: u32 = 200;
const SOURCES: [&str; 3] = ["sensor-a", "sensor-b", "agent"];
const ROWS: i64 = 7;
/// Where the child's lake is; only set for the child.
const FOLDER: &str = "REDOUBT_LAKE_CRASH_FOLDER";

/// The child: takes batches from three sources at once, and says of each when it was acknowledged.
#[test]
fn takes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let options = Options { flush_bytes: 60_000, flush_after: Duration::from_millis(5), ..Options::default() };
    let lake = Lake::open(Path::new(&folder), options).unwrap();
    std::thread::scope(|scope| {
        for source in SOURCES {
            let lake = &lake;
            scope.spawn(move || {
                // The last is sent again: its acknowledgement may not have arrived.
                let mark = lake.mark(source).unwrap();
                for sequence in mark.unwrap_or(0)..i64::MAX {
                    let id = |number| format!("{source}/{sequence}/{number}");
                    let rows: Vec<_> = (0..ROWS)
                        .map(|number| {
                            row(id(number), MAY_12_US + sequence * 1_000_000 + number, "10.0.0.1", "10.0.0.2")
                        })
                        .collect();
                    lake.append(batch(source, sequence, &rows)).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "kept {source} {sequence}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
        scope.spawn(|| {
            loop {
                lake.compact(&|_| true).unwrap();
                lake.sweep(Duration::ZERO).unwrap();
                std::thread::sleep(Duration::from_millis(3));
            }
        });
    });
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept: BTreeMap<String, i64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::takes_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let killer = std::thread::spawn(move || {
            // Any moment: from opening to the middle of a flush.
            std::thread::sleep(Duration::from_micros(u64::from(round.wrapping_mul(2_654_435_761) % 90_000)));
            child.kill().unwrap();
            child.wait_with_output().unwrap()
        });
        for line in out.lines().map_while(Result::ok) {
            let mut words = line.split_whitespace().skip_while(|word| *word != "kept").skip(1);
            if let (Some(source), Some(sequence)) = (words.next(), words.next()) {
                let sequence: i64 = sequence.parse().unwrap();
                let last = kept.entry(source.to_owned()).or_insert(sequence);
                *last = sequence.max(*last);
            }
        }
        let ended = killer.join().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!said.contains("panicked"), "round {round}: {said}");
    }
    let lake = Lake::open(folder.path(), Options::default()).unwrap();
    let ids = ids(&lake);
    assert!(ids.values().all(|count| *count == 1), "something is there twice");
    assert_eq!(kept.len(), SOURCES.len(), "every source was heard: {kept:?}");
    let mut batches = 0;
    for (source, last) in &kept {
        assert!(*last > 20, "{kept:?}");
        for sequence in 0..=*last {
            let missing =
                (0..ROWS).filter(|number| !ids.contains_key(&format!("{source}/{sequence}/{number}"))).count();
            assert_eq!(missing, 0, "{source} {sequence}");
            batches += 1;
        }
    }
    assert_eq!(ids.len() as i64 % ROWS, 0, "half a batch");
    assert_eq!(lake.view().verify(&mut |_| ()).findings, []);
    println!("{ROUNDS} kills, {batches} batches acknowledged, {} rows there", ids.len());
}
