//! Real files: every reader over each of them, whole, cut and bent.

use crate::kit::apart;
use crate::{Part, State, Value, declared};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The shared files, or nothing where they are not.
fn files() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = testkit::data("files") else { return Vec::new() };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap())
        .filter(|file| file.file_type().unwrap().is_file())
        .map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn declared_only(name: &str, tree: &Part, known: &BTreeMap<(&str, &str), &str>) {
    for vector in tree.all().flat_map(|part| &part.vectors) {
        let value = known.get(&(vector.namespace, vector.name));
        let value = value.unwrap_or_else(|| panic!("{name}: {}.{} is not declared", vector.namespace, vector.name));
        if let State::Known(found) = &vector.state {
            // A number beyond what an integer holds is spelled.
            let spelled = *value == "integer" && matches!(found, Value::Text(_));
            assert!(found.type_label() == *value || spelled, "{name}: {}.{}", vector.namespace, vector.name);
        }
    }
}

#[test]
fn facts_are_declared_once_each() {
    let mut seen = BTreeSet::new();
    for fact in declared() {
        assert!(seen.insert((fact.namespace, fact.name)), "{}.{}", fact.namespace, fact.name);
        let types = ["flag", "integer", "real", "text", "digest", "time", "texts"];
        assert!(types.contains(&fact.value) && fact.doc.ends_with('.'), "{}.{}", fact.namespace, fact.name);
        let plain = |name: &str| name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let all_plain = |name: &str| name.split('.').all(|part| !part.is_empty() && plain(part));
        assert!(plain(fact.namespace) && all_plain(fact.name), "{}.{}", fact.namespace, fact.name);
    }
}

#[test]
fn real_files_come_apart_and_tell_only_what_is_declared() {
    let known = declared().map(|fact| ((fact.namespace, fact.name), fact.value)).collect();
    for (name, bytes) in files() {
        declared_only(&name, &apart(&bytes), &known);
    }
}

/// A generator that gives the same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

#[test]
fn real_files_cut_and_bent_end_without_a_panic() {
    let rounds = std::env::var("REDOUBT_MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2);
    let mut dice = Dice(7);
    let known = declared().map(|fact| ((fact.namespace, fact.name), fact.value)).collect();
    for (name, whole) in files().into_iter().filter(|(_, whole)| whole.len() < 200_000) {
        for round in 0..rounds {
            let mut bytes = whole.clone();
            if dice.below(3) == 0 {
                bytes.truncate(dice.below(bytes.len() + 1));
            }
            let reach = if dice.below(2) == 0 { bytes.len().min(2048) } else { bytes.len() };
            for _ in 0..dice.below(24) {
                let at = dice.below(reach);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = [0, 0xff, 0x7f, 0x80, dice.below(256) as u8][dice.below(5)];
                }
            }
            let start = Instant::now();
            declared_only(&name, &apart(&bytes), &known);
            assert!(start.elapsed() < Duration::from_secs(20), "{name}, round {round}: {:?}", start.elapsed());
        }
    }
}
