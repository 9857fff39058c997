//! Ctrl-C of long commands: they end soon, with a word in the language of the run, and nothing is there by halves.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// More than any machine reads and judges before the signal comes.
const HOSTS: usize = 4000;
/// The promise is a second; a busy machine gets room.
const WITHIN: Duration = Duration::from_secs(20);

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..HOSTS {
        let text = format!(
            "\r\nHost Name:                 PC-{n:05}\r\nOS Name:                   Microsoft Windows 7 Professional \r\n\
             OS Version:                6.1.7601 Service Pack 1 Build 7601\r\nOS Manufacturer:           Microsoft Corporation\r\n\
             Product ID:                00371-177-{n:07}-85000\r\nSystem Type:               x64-based PC\r\n\
             System Locale:             en-us;English (United States)\r\nHotfix(s):                 1 Hotfix(s) Installed.\r\n\
                                        [01]: KB976902\r\n"
        );
        std::fs::write(folder.path().join(format!("PC-{n:05}_systeminfo.txt")), text).unwrap();
    }
    folder
}

fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends the signal that Ctrl-C sends; gives the exit code and what was said.
fn interrupt(mut child: Child) -> (Option<i32>, String) {
    let sent = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut stderr = child.stderr.take().unwrap();
    // Whoever reads on gets what is still in the pipe.
    let rest = child.stdout.take().map(|mut rest| std::thread::spawn(move || rest.read_to_string(&mut String::new())));
    let status = child.wait().unwrap();
    assert!(sent.elapsed() < WITHIN, "took {:?}", sent.elapsed());
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    drop(rest.map(std::thread::JoinHandle::join));
    (status.code(), said)
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn judging_stops_with_whole_lines_and_says_how_far_it_was() {
    let folder = folder();
    for (language, word) in [("en", "hosts were judged and printed"), ("zh-CN", "台主机中已判定并输出")] {
        for command in ["assess", "plan"] {
            let mut child = start(&[command, shown(folder.path()), "--json", "--lang", language]);
            let mut printed = BufReader::new(child.stdout.take().unwrap());
            let mut first = String::new();
            printed.read_line(&mut first).unwrap();
            serde_json::from_str::<serde_json::Value>(&first).unwrap();
            let reading = std::thread::spawn(move || {
                let mut rest = String::new();
                printed.read_to_string(&mut rest).map(|_| rest)
            });
            let (code, said) = interrupt(child);
            assert_eq!(code, Some(130), "{command}: {said}");
            assert!(said.contains(word), "{command}: {said}");
            let rest = reading.join().unwrap().unwrap();
            // On a busy machine patience ends within a line, which then has no end.
            let whole: Vec<_> = rest.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
            assert!(whole.len() < HOSTS - 1, "it was too quick to be stopped");
            for line in whole {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }
}

#[test]
fn an_import_keeps_whole_hosts_and_goes_on_when_it_is_run_again() {
    let (folder, data) = (folder(), tempfile::tempdir().unwrap());
    let mut child = start(&["import", shown(folder.path()), "--data", shown(data.path()), "--lang", "zh-CN"]);
    // The database is made with the first facts that are stored.
    while !data.path().join("redoubt.db").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before anything was stored");
        std::thread::yield_now();
    }
    let (code, said) = interrupt(child);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("已按 Ctrl-C 中断") && said.contains("再次运行即可继续"), "{said}");

    let few = tempfile::tempdir().unwrap();
    for n in 0..20 {
        let name = format!("PC-{n:05}_systeminfo.txt");
        std::fs::copy(folder.path().join(&name), few.path().join(&name)).unwrap();
    }
    let again =
        start(&["import", shown(few.path()), "--data", shown(data.path()), "--json"]).wait_with_output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    let line: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(line["new"].as_u64().unwrap() + line["known"].as_u64().unwrap(), 20, "{line}");
}

#[test]
fn indicators_that_came_in_before_are_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, data) = (folder.path().join("list"), folder.path().join("data"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = start(&["sensor", "indicators", "add", shown(&pipe), "--data", shown(&data), "--lang", "zh-CN"]);
    let (sent, came) = std::sync::mpsc::channel();
    // A list without an end, until nobody reads it any more.
    let writing = std::thread::spawn(move || {
        let mut to = std::io::BufWriter::new(std::fs::File::create(pipe).unwrap());
        for n in 0.. {
            if writeln!(to, "host{n}.example.com").is_err() {
                return;
            }
            if n == 60_000 {
                sent.send(()).unwrap();
            }
        }
    });
    came.recv().unwrap();
    let (code, said) = interrupt(child);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("正在导入的一个保留已读部分"), "{said}");
    writing.join().unwrap();
    let listed = start(&["sensor", "indicators", "list", "--json", "--data", shown(&data)]).wait_with_output().unwrap();
    let list: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(list["count"].as_u64().unwrap() >= 5000, "{list}");
}
