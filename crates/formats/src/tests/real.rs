//! Real files: every reader over each of them, whole, cut and bent.

use crate::kit::apart;
use crate::{Budget, Kind, Limits, Part, State, Value, declared, read};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The shared files, or nothing where they are not.
pub fn files() -> Vec<(String, Vec<u8>)> {
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
            crate::strings::indicators(&bytes);
            assert!(start.elapsed() < Duration::from_secs(20), "{name}, round {round}: {:?}", start.elapsed());
        }
    }
}

/// Reads some bytes as every kind there is, within small limits.
fn as_every_kind(bytes: &[u8]) {
    let limits =
        Limits { file_bytes: 1 << 20, expanded_bytes: 4 << 20, children: 200, steps: 1 << 16, ..Limits::default() };
    for kind in Kind::ALL {
        let reading = read(*kind, bytes, &mut Budget::new(&limits, &|| false), &["a".to_owned()]);
        for child in &reading.children {
            let _ = child.bytes(bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic_as_any_kind(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        as_every_kind(&bytes);
    }

    #[test]
    fn no_beginning_of_another_kind_panics(
        beginning in prop::sample::select(vec![
            &b"PK\x03\x04\x14\0"[..], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"7z\xbc\xaf\x27\x1c\0\x04", b"MSCF\0\0\0\0", b"Rar!\x1a\x07\x01\0",
            b"Rar!\x1a\x07\0", b"%PDF-1.4\n1 0 obj <<", b"{\\rtf1{\\object{\\*\\objdata ", b"\x1f\x8b\x08\x08", b"\x1f\x9d\x90", b"!<arch>\n",
            b"070701", b"\x78\x9f\x3e\x22", b"L\0\0\0\x01\x14\x02\0", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"<html><script",
            b"\x89PNG\r\n\x1a\n\0\0\0\x04tEXt", b"\xff\xd8\xff\xe1\0\x20Exif\0\0II*\0\x08\0\0\0", b"GIF89a\x01\0\x01\0\x80", b"\xca\xfe\xba\xbe\0\0\0\x34\0\x20", b"dex\n035\0",
            b"\x03\0\x08\0\xff\0\0\0\x01\0\x1c\0", b"ITSF\x03\0\0\0", b"\x60\xea\x20\0\x1e", b"\x20\0-lh5-", b"#@~^AAAAAA==", b"eval(String.fromCharCode(1",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        as_every_kind(&[beginning, &rest].concat());
    }
}

#[test]
fn real_files_as_another_kind_end_without_a_panic() {
    let mut dice = Dice(11);
    for (_, bytes) in files().into_iter().filter(|(_, bytes)| bytes.len() < 60_000) {
        if dice.below(8) == 0 {
            as_every_kind(&bytes[..dice.below(bytes.len() + 1)]);
        }
    }
}
