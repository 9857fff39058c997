//! The map of the house holds: a crate uses only crates of lower floors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Floor of every crate; the same table as in ARCHITECTURE.md.
const FLOORS: &[(&str, u8)] = &[
    ("embed", 0),
    ("model", 0),
    ("formats", 1),
    ("inventory", 1),
    ("records", 1),
    ("wire", 1),
    ("words", 1),
    ("terminal", 2),
    ("knowledge", 2),
    ("policy", 2),
    ("rules", 2),
    ("detect", 3),
    ("hardening", 3),
    ("lake", 3),
    ("link", 3),
    ("query", 3),
    ("remedy", 3),
    ("store", 3),
    ("verdict", 3),
    ("reputation", 3),
    ("analysis", 4),
    ("sensor", 4),
    ("situation", 4),
    ("api", 5),
    ("server", 6),
    ("engine", 7),
    ("endpoint", 4),
    ("agent", 7),
    ("opener", 7),
    ("redoubt", 7),
    ("cluster", 8),
];

/// Beside the house: may be used by tests, or use everything, but no room builds on them.
const BESIDE: &[&str] = &["bucketkit", "testkit", "xtask"];

#[test]
fn a_crate_uses_only_crates_of_lower_floors() {
    let floors: BTreeMap<_, _> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in workspace_packages() {
        let name = package["name"].as_str().unwrap();
        if BESIDE.contains(&name) {
            continue;
        }
        let Some(floor) = floors.get(name) else {
            wrong.push(format!("`{name}` has no floor: add it here and to ARCHITECTURE.md"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let other = dependency["name"].as_str().unwrap();
            let ours = dependency["path"].is_string();
            let for_tests = dependency["kind"] == "dev";
            match floors.get(other) {
                _ if !ours || for_tests => {}
                None => wrong.push(format!("`{name}` uses `{other}`, which is beside the house")),
                Some(below) if below < floor => {}
                Some(_) => wrong.push(format!("`{name}` on floor {floor} uses `{other}`, which is not below it")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_architecture_page_shows_every_crate() {
    let page = std::fs::read_to_string(testkit::workspace().join("ARCHITECTURE.md")).unwrap();
    let missing: Vec<_> =
        FLOORS.iter().map(|(name, _)| name).filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
}

fn workspace_packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(testkit::workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
}
