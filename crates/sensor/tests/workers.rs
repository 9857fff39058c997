//! However many workers share the conversations, they tell what one tells.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use sensor::Options;
use sensor::reading::{Progress, Reading, read};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Captures compared; each is read twice.
const CAPTURES: usize = 150;

fn reading(paths: Vec<PathBuf>, workers: usize) -> Reading {
    let options = Options { arp: true, ..Options::default() };
    Reading { paths, options, workers, merged: false, eve: None, files: None, filter: None, indicators: None }
}

/// Records in an order of their own, without what only counts inside of one worker: its numbers of conversations, and
/// when it looked for those that had gone silent.
fn told(capture: &Path, workers: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let reading = Reading { eve: Some(eve.clone()), ..reading(vec![capture.to_owned()], workers) };
    read(&reading, &Progress::default()).unwrap();
    let without_ids = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let members = record.as_object_mut().unwrap();
        members.remove("flow_id");
        if members["event_type"] == "flow" {
            members.remove("timestamp");
            members["flow"].as_object_mut().unwrap().remove("reason");
        }
        record.to_string()
    };
    let mut told: Vec<String> = std::fs::read_to_string(eve).unwrap().lines().map(without_ids).collect();
    told.sort();
    told
}

#[test]
fn two_workers_tell_what_one_tells() {
    let Some(folder) = testkit::data("eve/pcaps") else { return };
    let mut captures: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    captures.sort();
    for capture in captures.iter().take(CAPTURES) {
        assert_eq!(told(capture, 1), told(capture, 2), "{}", capture.display());
    }
}

#[test]
fn workers_count_together_what_one_counts() {
    let Some(folder) = testkit::data("eve/pcaps") else { return };
    for merged in [false, true] {
        let count = |workers| {
            let reading = Reading { merged, ..reading(vec![folder.clone()], workers) };
            let mut counts = read(&reading, &Progress::default()).unwrap().counts;
            // A conversation that is silent is given up when the table is looked through, which each does in its time.
            counts.flows = 0;
            counts
        };
        let one = count(1);
        assert!(one.frames > 10_000 && !one.odd.is_empty(), "{one:?}");
        assert_eq!(count(3), one);
    }
}

#[test]
fn a_worker_that_breaks_down_is_told() {
    struct Breaks;
    impl sensor::output::Output for Breaks {
        fn flow(&mut self, _: &sensor::output::Seen<'_>, _: sensor::EndReason) {
            panic!("on purpose");
        }
        fn event(&mut self, _: &sensor::output::Seen<'_>, _: wire::proto::Event<'_>, _: wire::session::Place) {
            panic!("on purpose");
        }
        fn finish(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let Some(folder) = testkit::data("eve/pcaps") else { return };
    let reading = reading(vec![folder], 2);
    let outputs = |number: usize| -> Vec<Box<dyn sensor::output::Output>> {
        if number == 1 { vec![Box::new(Breaks)] } else { Vec::new() }
    };
    let outcome = sensor::reading::read_into(&reading, &outputs, &Progress::default());
    assert!(matches!(outcome, Err(sensor::reading::Error::Worker)));
}
