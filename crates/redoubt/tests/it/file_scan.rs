//! `redoubt file scan` where files are none, change while they are read, or take down who reads them.

use crate::cli::{folder, lines, redoubt, shown};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Bytes of a file that takes a while to read, so that something can be done meanwhile.
const LARGE: u64 = 96 << 20;

fn large(path: &Path) {
    std::fs::File::create(path).unwrap().set_len(LARGE).unwrap();
}

fn scanning(path: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt"));
    command.args(["file", "scan", "--json", shown(path)]).env_remove("REDOUBT_LANG");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The processes that some process has started and that are there.
fn children(of: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<u32>>()).collect()
}

/// Waits for the copy that reads a file: what the process that opens files has started.
fn copy(of: u32) -> u32 {
    loop {
        if let Some(copy) = children(of).into_iter().flat_map(children).next() {
            return copy;
        }
        assert!(Path::new(&format!("/proc/{of}")).exists(), "it ended before a copy was seen");
        std::thread::yield_now();
    }
}

fn one(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [line] = <[Value; 1]>::try_from(lines(output)).unwrap();
    line
}

#[test]
fn what_is_no_file_is_told_and_nobody_waits_for_it() {
    let inner = folder(&[("file.txt", b"some words\n")]);
    let at = |name: &str| inner.path().join(name);
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(at("socket")).unwrap();
    symlink("/dev/zero", at("endless")).unwrap();
    symlink(at("pipe"), at("link")).unwrap();
    symlink(at("file.txt"), at("named")).unwrap();
    let output = redoubt(&["file", "scan", "--json", shown(inner.path()), shown(&at("named")), shown(&at("endless"))]);
    assert_eq!(output.status.code(), Some(3));
    let told: Vec<(String, &'static str, Value)> = lines(&output)
        .into_iter()
        .map(|line| {
            let path = Path::new(line["path"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
            let what = ["failed", "skipped", "type"].into_iter().find(|name| line.get(*name).is_some()).unwrap();
            let why = line[what].get("code").unwrap_or(&line[what]).clone();
            (path, what, why)
        })
        .collect();
    let expected = [
        ("file.txt", "type", "txt"),
        ("named", "type", "txt"),
        ("pipe", "failed", "cli.file-special"),
        ("socket", "failed", "cli.file-special"),
        ("endless", "failed", "cli.file-special"),
        ("endless", "skipped", "cli.file-link"),
        ("link", "skipped", "cli.file-link"),
        ("named", "skipped", "cli.file-link"),
    ];
    assert_eq!(told, expected.map(|(path, what, why)| (path.to_owned(), what, Value::from(why))));
    let human = redoubt(&["file", "scan", shown(inner.path())]);
    let notes = String::from_utf8_lossy(&human.stderr).into_owned();
    assert!(notes.contains("3 links in folders were not followed"), "{notes}");
}

#[test]
fn a_file_whose_reader_broke_down_still_has_its_type_and_digests() {
    let inner = folder(&[]);
    let path = inner.path().join("large.bin");
    large(&path);
    let child = scanning(&path);
    let copy = copy(child.id());
    assert!(Command::new("kill").args(["-ILL", &copy.to_string()]).status().unwrap().success());
    let told = one(&child.wait_with_output().unwrap());
    assert_eq!(
        (&told["failed"]["code"], &told["failed"]["params"]["signal"]),
        (&"analysis.broken-signal".into(), &4.into())
    );
    assert_eq!((&told["verdict"], &told["complete"]), (&"incomplete".into(), &false.into()));
    assert_eq!((&told["size"], &told["type"]), (&LARGE.into(), &"data".into()));
    assert_eq!(told["mime"], "application/octet-stream");
    let digest = Command::new("sha256sum").arg(&path).output().unwrap();
    assert_eq!(told["sha256"], String::from_utf8_lossy(&digest.stdout)[..64]);
    // What is of the same versions is not read again to no avail.
    let other = folder(&[("a.txt", b"some words\n")]);
    let sound = one(&redoubt(&["file", "scan", "--json", shown(other.path())]));
    assert!(told["md5"].is_string() && told["versions"]["readers"] != "");
    assert_eq!(told["versions"], sound["versions"]);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let inner = folder(&[]);
    let path = inner.path().join("growing.bin");
    large(&path);
    let child = scanning(&path);
    copy(child.id());
    // What is there is read from its beginning: one byte in the middle is enough.
    std::os::unix::fs::FileExt::write_at(&std::fs::OpenOptions::new().write(true).open(&path).unwrap(), b"x", 1)
        .unwrap();
    let told = one(&child.wait_with_output().unwrap());
    assert_eq!((&told["partial"]["code"], &told["verdict"]), (&"analysis.changed".into(), &"incomplete".into()));
}

#[test]
fn a_known_hash_decides_and_is_told_apart() {
    let inner = folder(&[("file.txt", b"some words\n"), ("other.txt", b"other words\n")]);
    let tar = inner.path().join("all.tar");
    let made = Command::new("tar").args(["-cf", shown(&tar), "-C", shown(inner.path()), "file.txt"]).status();
    assert!(made.unwrap().success());
    let lists = folder(&[]);
    let digest = Command::new("sha256sum").arg(inner.path().join("file.txt")).output().unwrap();
    let digest = String::from_utf8_lossy(&digest.stdout)[..64].to_uppercase();
    let list = lists.path().join("bad ones.txt");
    // Beside an indicator that names no file.
    std::fs::write(&list, format!("# bad\n192.0.2.1\n{digest}\n")).unwrap();
    let output = redoubt(&["file", "scan", "--json", "--indicators", shown(&list), shown(inner.path())]);
    let told: BTreeMap<String, (Value, Value)> = lines(&output)
        .into_iter()
        .map(|line| {
            let name = Path::new(line["path"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
            (name, (line["verdict"].clone(), line["overruled"].clone()))
        })
        .collect();
    let by = serde_json::json!({ "known-hash": { "source": "bad ones.txt" } });
    let overruled = |part: u64| (Value::from("malicious"), (by.clone(), Value::from(part)));
    let of = |name: &str| (told[name].0.clone(), (told[name].1["by"].clone(), told[name].1["part"].clone()));
    assert_eq!((of("file.txt"), of("all.tar")), (overruled(0), overruled(1)));
    assert_eq!(told["other.txt"].1, Value::Null);
    let human = redoubt(&["--lang", "zh-CN", "file", "scan", "--indicators", shown(&list), shown(&tar)]);
    let human = String::from_utf8_lossy(&human.stdout).into_owned();
    assert!(human.contains("其哈希值已知为恶意：bad ones.txt") && human.contains("恶意 1 个"), "{human}");
}

#[test]
fn passwords_of_a_file_are_tried_and_too_many_are_refused() {
    let inner = folder(&[("inside.txt", b"some words\n")]);
    let (plain, zip) = (inner.path().join("inside.txt"), inner.path().join("locked.zip"));
    let made = Command::new("zip").args(["-q", "-j", "-P", "very own words", shown(&zip), shown(&plain)]).status();
    assert!(made.unwrap().success());
    let lists = folder(&[("passwords", b"wrong\nvery own words\n")]);
    std::fs::write(lists.path().join("many"), (0..1000).map(|number| format!("{number}\n")).collect::<String>())
        .unwrap();
    let scan = |more: &[&str]| redoubt(&[&["file", "scan", "--json", shown(&zip)][..], more].concat());
    assert_eq!(one(&scan(&[]))["complete"], false);
    assert_eq!(one(&scan(&["--passwords", shown(&lists.path().join("passwords"))]))["complete"], true);
    let refused = scan(&["--passwords", shown(&lists.path().join("many"))]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("more than 200"), "{refused:?}");
}
