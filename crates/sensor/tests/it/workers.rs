//! However many workers share the conversations, they tell what one tells.
use sensor::Options;
use sensor::output::{Output, Sessions};
use sensor::reading::{Progress, Reading, read, read_into};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Captures that are also compared each by itself.
const CAPTURES: usize = 150;

fn reading(paths: Vec<PathBuf>, workers: usize) -> Reading {
    let options = Options { arp: true, ..Options::default() };
    Reading { paths, options, workers, merged: false, eve: None, files: None, filter: None, indicators: None }
}

/// Records in an order of their own, without the numbers of conversations, which each worker gives to its own.
fn told(paths: Vec<PathBuf>, workers: usize, merged: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let reading = Reading { eve: Some(eve.clone()), merged, ..reading(paths, workers) };
    read(&reading, &Progress::default()).unwrap();
    let without_ids = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("flow_id");
        record.to_string()
    };
    let mut told: Vec<String> = std::fs::read_to_string(eve).unwrap().lines().map(without_ids).collect();
    told.sort();
    told
}

/// Session records of everything in a folder, in an order of their own.
fn rows(folder: &Path, workers: usize, merged: bool) -> Vec<String> {
    let (send, receive) = std::sync::mpsc::channel();
    let outputs = |_| -> Vec<Box<dyn Output>> {
        let send = send.clone();
        vec![Box::new(Sessions::detailed(move |row| send.send(format!("{row:?}")).unwrap()))]
    };
    let reading = Reading { merged, ..reading(vec![folder.to_owned()], workers) };
    read_into(&reading, &outputs, &Progress::default()).unwrap();
    let mut rows: Vec<String> = receive.try_iter().collect();
    rows.sort();
    rows
}

/// Fails with the first few lines that only one of the two has.
fn same(one: &[String], several: &[String], what: &str) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| those.binary_search(line).is_err()).take(3).cloned().collect()
    };
    let (left, right) = (only(one, several), only(several, one));
    assert!(left.is_empty() && right.is_empty() && one.len() == several.len(), "{what}: {left:#?} {right:#?}");
}

#[test]
fn several_workers_tell_of_a_capture_what_one_tells() {
    let Some(folder) = testkit::data("eve/pcaps") else { return };
    let mut captures: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    captures.sort();
    for capture in captures.into_iter().take(CAPTURES) {
        let told = |workers| told(vec![capture.clone()], workers, false);
        same(&told(1), &told(2), &capture.display().to_string());
    }
}

/// These captures were taken in twenty years and are read in the order of their names: the same two hosts and ports come
/// again, years later or earlier.
#[test]
fn several_workers_tell_of_all_captures_what_one_tells() {
    for (name, merged) in [("eve/pcaps", false), ("eve/pcaps", true), ("captures", false)] {
        let Some(folder) = testkit::data(name) else { return };
        let (eve, sessions) = (told(vec![folder.clone()], 1, merged), rows(&folder, 1, merged));
        assert!(eve.len() > 500 && sessions.len() > 500, "{} {}", eve.len(), sessions.len());
        for workers in [2, 3] {
            let what = format!("{name}, {workers} workers, merged {merged}");
            same(&eve, &told(vec![folder.clone()], workers, merged), &what);
            same(&sessions, &rows(&folder, workers, merged), &what);
        }
    }
}

#[test]
fn workers_count_together_what_one_counts() {
    let Some(folder) = testkit::data("eve/pcaps") else { return };
    for merged in [false, true] {
        let count = |workers| {
            let reading = Reading { merged, ..reading(vec![folder.clone()], workers) };
            read(&reading, &Progress::default()).unwrap().counts
        };
        let one = count(1);
        assert!(one.frames > 10_000 && one.flows > 1_000 && !one.odd.is_empty(), "{one:?}");
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
