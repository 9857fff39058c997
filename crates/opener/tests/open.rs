//! Files opened by the real process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use analysis::report::Read;
use analysis::{Costs, How, Opener, Report, Request, Setup};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_redoubt-open"))
}

fn opener(rules: Option<&Path>) -> Opener {
    Opener::start(program(), &Setup { rules: rules.map(Path::to_owned), model: None }).unwrap()
}

fn request(name: &str) -> Request {
    Request { name: name.to_owned(), passwords: Vec::new(), costs: Costs::default(), only_identify: false }
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn opened(opener: &mut Opener, name: &str, bytes: &[u8]) -> Report {
    let (ended, report) = opener.open(&request(name), &file(bytes)).unwrap();
    assert_eq!(ended.how, How::Done);
    report.unwrap()
}

/// A text in a TAR archive, whose blocks are all spelled here.
fn archive(name: &str, text: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut all = header.to_vec();
    all.extend_from_slice(text);
    all.resize(all.len().next_multiple_of(512) + 1024, 0);
    all
}

#[test]
fn a_copy_can_reach_nothing() {
    let Output { stdout, status, .. } = Command::new(program()).arg("check").output().unwrap();
    let held: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
    let open: Vec<&String> =
        held.as_object().unwrap().iter().filter(|(_, held)| **held != true).map(|(name, _)| name).collect();
    // What this kernel has not, it cannot be held to; everything else is.
    let landlock = std::fs::read_to_string("/sys/kernel/security/lsm").is_ok_and(|list| list.contains("landlock"));
    let expected: Vec<&str> = if landlock || held["landlock"] == true { vec![] } else { vec!["landlock"] };
    assert_eq!(open, expected, "{held}");
    assert_eq!(status.success(), expected.is_empty());
}

#[test]
fn a_file_comes_back_as_its_parts() {
    let mut opener = opener(None);
    let report = opened(&mut opener, "a.tar", &archive("inside.txt", b"some words\n"));
    let told: Vec<(Option<usize>, &str, &str)> = report
        .parts
        .iter()
        .map(|part| (part.parent, part.name.as_str(), part.file.as_ref().unwrap().kind.as_str()))
        .collect();
    assert_eq!(told, [(None, "a.tar", "tar"), (Some(0), "inside.txt", "txt")]);
    assert!(report.complete);
    // The same process opens the next one.
    let report = opened(&mut opener, "", b"");
    assert_eq!(report.root().unwrap().file.as_ref().unwrap().kind, "empty");
}

#[test]
fn of_a_large_file_all_bytes_are_digested() {
    let mut opener = opener(None);
    let costs = Costs { file_bytes: 1000, ..Costs::default() };
    let bytes = vec![b'a'; 3_000_000];
    let (_, report) = opener.open(&Request { costs, ..request("a") }, &file(&bytes)).unwrap();
    let report = report.unwrap();
    let root = report.root().unwrap();
    assert_eq!(root.outcome, Read::Limited("file-bytes".into()));
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
    assert_eq!(root.file.as_ref().unwrap().sha256, analysis::report::hex(&digest));
    assert_eq!(root.file.as_ref().unwrap().size, 3_000_000);
    assert_eq!(root.file.as_ref().unwrap().md5, None);
    assert!(!report.complete);
}

#[test]
fn what_takes_too_much_memory_costs_only_itself() {
    let mut opener = opener(None);
    let costs = Costs { memory_bytes: 4 << 20, ..Costs::default() };
    let (ended, report) = opener.open(&Request { costs, ..request("a") }, &file(&vec![7; 64 << 20])).unwrap();
    assert!(matches!(ended.how, How::Signal(_) | How::Failed), "{ended:?}");
    assert_eq!(report, None);
    assert!(opened(&mut opener, "b", b"words").complete);
}

#[test]
fn a_file_that_was_cut_off_while_it_waited_is_read_as_it_is() {
    let mut opener = opener(None);
    let cut = file(&[b'x'; 100_000]);
    cut.set_len(10).unwrap();
    let (_, report) = opener.open(&request("a"), &cut).unwrap();
    assert_eq!(report.unwrap().root().unwrap().file.as_ref().unwrap().size, 10);
}

fn compiled(rules: &[(&str, &str)], into: &Path) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in rules {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(program()).arg("compile").arg(folder.path()).arg(into).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn place(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("rules.compiled")
}

#[test]
fn rules_are_met_with_what_their_authors_say() {
    let folder = tempfile::tempdir().unwrap();
    let rule = r#"
        rule Marker : demo stage1 {
            meta:
                author = "somebody"
                license = "CC0-1.0"
                reference = "https://example.org/marker"
                description = "a marker that tests write"
                score = 60
                mitre_attack = "T1059.001, T1027"
            strings:
                $mark = "marker-of-a-test"
            condition:
                $mark and filename matches /\.txt$/
        }
        rule Quiet { condition: filesize > 1MB }"#;
    let told = compiled(&[("own.yar", rule)], &place(&folder));
    assert_eq!((told["files"].as_u64(), told["rules"].as_u64()), (Some(1), Some(2)));
    let mut opener = opener(Some(&place(&folder)));
    // The rule asks for the name of the part, not of what it is in.
    let report = opened(&mut opener, "a.tar", &archive("inside.txt", b"a marker-of-a-test here"));
    let met: Vec<(usize, &verdict::RuleMatch)> =
        report.parts.iter().flat_map(|part| part.matches.iter().map(|met| (part.number, met))).collect();
    let [(1, met)] = met.as_slice() else { panic!("{met:?}") };
    assert_eq!((met.namespace.as_str(), met.rule.as_str()), ("own.yar", "Marker"));
    assert_eq!(met.tags, ["demo", "stage1"]);
    assert_eq!(met.author.as_deref(), Some("somebody"));
    assert_eq!(met.licence.as_deref(), Some("CC0-1.0"));
    assert_eq!(met.reference.as_deref(), Some("https://example.org/marker"));
    assert_eq!(
        (met.score, met.techniques.as_slice()),
        (Some(60), ["T1059.001".to_owned(), "T1027".to_owned()].as_slice())
    );
    assert_eq!(met.strings, [("$mark".to_owned(), 2)]);
    assert_eq!(report.versions.rules, told["digest"].as_str().unwrap());
}

#[test]
fn a_rule_that_is_wrong_is_told_and_the_others_are_in() {
    let folder = tempfile::tempdir().unwrap();
    let told = compiled(
        &[
            ("good.yar", "rule Good { strings: $a = \"good\" condition: $a }"),
            ("half.yara", "rule Fine { condition: false }\nrule Broken {\n  condition: nothing_like_it\n}"),
            ("cuckoo.yar", "import \"cuckoo\"\nrule Absent { condition: cuckoo.sync.mutex(/x/) }"),
            ("readme.txt", "no rules"),
        ],
        &place(&folder),
    );
    assert_eq!((told["files"].as_u64(), told["rules"].as_u64()), (Some(3), Some(2)));
    let refused = &told["refused"][0];
    assert_eq!((refused["file"].as_str(), refused["line"].as_u64()), (Some("half.yara"), Some(3)));
    assert_eq!(told["left_out"][0]["rule"], "Absent");
    let mut opener = opener(Some(&place(&folder)));
    assert_eq!(opened(&mut opener, "a", b"all good").parts[0].matches.len(), 1);
}

#[test]
fn damaged_rules_are_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    compiled(&[("a.yar", "rule A { condition: true }")], &place(&folder));
    let mut bytes = std::fs::read(place(&folder)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(place(&folder), bytes).unwrap();
    assert!(Opener::start(program(), &Setup { rules: Some(place(&folder)), model: None }).is_err());
}

#[test]
fn a_copy_ends_with_the_process_that_made_it() {
    // A file that takes long: a pattern that is costly and a file that is large.
    let mut child = opener(None);
    let id = child.id();
    let costs = Costs { seconds: 60, ..Costs::default() };
    let large = file(&[]);
    large.set_len(40 << 30).unwrap();
    let asking = std::thread::spawn(move || child.open(&Request { costs, ..request("a") }, &large).map(|_| ()));
    let copies = || {
        let list = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        list.split_whitespace().map(|id| id.parse::<i32>().unwrap()).collect::<Vec<_>>()
    };
    let mut copy = copies();
    while copy.is_empty() {
        std::thread::yield_now();
        copy = copies();
    }
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    assert!(asking.join().unwrap().is_err());
    let is_there = |id: i32| {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    while copy.iter().any(|copy| is_there(*copy)) {
        std::thread::yield_now();
    }
}

/// The model of types, or nothing where it is not; `./dev` fetches it.
fn type_model() -> Option<PathBuf> {
    let model = analysis::type_model();
    if model.is_none() {
        eprintln!(
            "SKIPPED: there is no model of types; `./dev test` fetches it, or set REDOUBT_TYPE_MODEL to run this test"
        );
    }
    model
}

fn guessing(model: &Path) -> Result<Opener, analysis::Error> {
    Opener::start(program(), &Setup { rules: None, model: Some(model.to_owned()) })
}

/// Snippets of our own without a sign of their language that the table knows, each with its type.
const SNIPPETS: &[(&str, &str)] = &[
    (
        "python",
        "total = 0\nfor row in table:\n    if row[0] in seen:\n        continue\n    total += len(row)\nprint(total)\n",
    ),
    (
        "js",
        "let total = 0\nrows.forEach(row => {\n  if (!seen.has(row.id)) total += row.size\n})\nconsole.log(`${total} bytes`)\n",
    ),
    (
        "sql",
        "select host, count(*) from contacts\nwhere port = 445 and day > '2017-05-01'\ngroup by host order by 2 desc;\n",
    ),
    (
        "rust",
        "let mut total = 0;\nfor row in &rows {\n    if let Some(size) = row.size {\n        total += size;\n    }\n}\nprintln!(\"{total}\");\n",
    ),
];

#[test]
fn text_without_a_sign_is_named_by_the_model() {
    let Some(model) = type_model() else { return };
    let started = std::time::Instant::now();
    let mut opener = guessing(&model).unwrap();
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
    let mut named = 0;
    for (kind, text) in SNIPPETS {
        let (ended, report) = opener.open(&request("x"), &file(text.as_bytes())).unwrap();
        let report = report.unwrap_or_else(|| panic!("{ended:?}"));
        let part = report.root().unwrap();
        let told = part.file.as_ref().unwrap();
        let fact = |name: &str| part.facts.iter().find(|fact| fact.name == name).map(|fact| &fact.value);
        assert_eq!(told.by == "model", fact("guess.label").is_some() && told.kind != "txt", "{kind}");
        named += usize::from(told.kind == *kind);
        assert_eq!(report.versions.model.len(), 64);
    }
    assert!(named >= SNIPPETS.len() - 1, "{named}");
    // What has a sign is never asked of it.
    let report = opened(&mut opener, "a.sh", b"#!/bin/sh\nls -l\n");
    let root = report.root().unwrap();
    assert_eq!(root.file.as_ref().unwrap().by, "text");
    assert!(root.facts.iter().all(|fact| !fact.name.starts_with("guess.")));
}

#[test]
fn without_a_model_nothing_is_said_of_one() {
    let report = opened(&mut opener(None), "x", SNIPPETS[0].1.as_bytes());
    assert_eq!(report.versions.model, "");
    assert!(report.parts[0].facts.iter().all(|fact| !fact.name.starts_with("guess.")));
}

#[test]
fn a_file_that_is_no_model_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("type-model.onnx");
    let refused = |path: &Path| match guessing(path) {
        Err(analysis::Error::Refused(why)) => why.code,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was taken"),
    };
    assert_eq!(refused(&path), "guess.model-unusable");
    // A tensor that says it has 2^60 numbers, noise, and nothing.
    let huge = b"\x3a\x1f\x2a\x1d\x08\x80\x80\x80\x80\x80\x80\x80\x80\x10\x10\x01\x42\x01a\x4a\x08abcdefgh";
    for bytes in [&huge[..], &[0xa5; 5000], b""] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(refused(&path), "guess.model-unknown");
    }
    let Some(model) = type_model() else { return };
    let whole = std::fs::read(&model).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(refused(&path), "guess.model-unknown");
    // The model is whole, and its labels are not beside it.
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(refused(&path), "guess.model-unusable");
    std::fs::write(analysis::guesser::labels_of(&path), "{}").unwrap();
    assert_eq!(refused(&path), "guess.model-unknown");
}
