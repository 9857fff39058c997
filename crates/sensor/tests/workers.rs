//! However many workers share the conversations, they tell what one tells.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use sensor::Options;
use sensor::reading::{Progress, Reading, read};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Captures compared; each is read twice.
const CAPTURES: usize = 150;

/// Records in an order of their own, without what only counts inside of one worker: its numbers of conversations, and
/// when it looked for those that had gone silent.
fn told(capture: &Path, workers: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let options = Options { arp: true, ..Options::default() };
    let reading = Reading {
        paths: vec![capture.to_owned()],
        options,
        workers,
        merged: false,
        eve: Some(eve.clone()),
        files: None,
        filter: None,
        indicators: None,
    };
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
