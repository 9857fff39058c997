//! `redoubt sensor` as a person or a script runs it.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn redoubt(language: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_redoubt")).args(["--lang", language]).args(arguments).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// A capture of one DNS question for `www.evil.example`, as raw IP.
fn capture() -> Vec<u8> {
    let mut dns = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    dns.extend(b"\x03www\x04evil\x07example\0\0\x01\0\x01");
    let mut udp = [4000u16, 53, 8 + dns.len() as u16, 0].map(u16::to_be_bytes).concat();
    udp.extend(dns);
    let mut packet = [&[0x45, 0][..], &(20 + udp.len() as u16).to_be_bytes(), &[0, 1, 0, 0, 64, 17, 0, 0]].concat();
    packet.extend([10, 0, 0, 5, 10, 0, 0, 53]);
    packet.extend(udp);
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    for value in [1_500_000_000, 0, packet.len() as u32, packet.len() as u32] {
        file.extend(value.to_le_bytes());
    }
    file.extend(packet);
    file
}

fn path(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_capture_becomes_records_and_met_indicators() {
    let folder = tempfile::tempdir().unwrap();
    let capture = path(&folder, "one.pcap", &capture());
    let indicators = path(&folder, "list.txt", b"\xef\xbb\xbfevil.example\nwhat is this\n\xff\xfe\n");
    let eve = folder.path().join("eve.json");
    let arguments =
        ["sensor", "read", &capture, "--eve", eve.to_str().unwrap(), "--indicators", &indicators, "--workers", "1"];
    let output = redoubt("en", &arguments);
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    assert!(errors(&output).contains("line 2: `what is this`: this is no indicator"), "{}", errors(&output));
    assert!(errors(&output).contains("2 line(s) are no indicators in all; 1 indicator(s) are looked for"));
    let kinds: Vec<String> = lines(&eve).iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["dns", "alert", "flow"]);
    assert_eq!(lines(&eve)[1]["alert"]["metadata"]["indicator"][0], "evil.example");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("indicator domain evil.example: 10.0.0.5 with 10.0.0.53, seen 1 time(s)"), "{text}");
}

#[test]
fn a_cut_off_capture_gives_what_it_has_and_says_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = capture();
    bytes.extend([1, 2, 3]);
    let cut = path(&folder, "cut.pcap", &bytes);
    let output = redoubt("zh-CN", &["sensor", "read", &cut, "--json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(errors(&output).contains("处被截断"), "{}", errors(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["frames"], &summary["flows"]), (&1.into(), &1.into()));
}

#[test]
fn what_cannot_be_read_is_named_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let text = path(&folder, "notes.txt", b"this is no capture at all");
    let broken = redoubt("en", &["sensor", "read", &text]);
    assert_eq!(broken.status.code(), Some(3));
    assert!(errors(&broken).contains("this is no capture file"), "{}", errors(&broken));
    let empty = redoubt("zh-CN", &["sensor", "read", &path(&folder, "empty.pcap", b"")]);
    assert_eq!(empty.status.code(), Some(3));
    assert!(errors(&empty).contains("是空的"), "{}", errors(&empty));
    let missing = redoubt("zh-CN", &["sensor", "read", "/no/such/capture.pcap"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(errors(&missing).contains("无法打开抓包文件"), "{}", errors(&missing));
    let option = redoubt("en", &["sensor", "read", &text, "--options", "midstraem"]);
    assert_eq!(option.status.code(), Some(1));
    assert!(errors(&option).contains("there is no sensor option `midstraem`"), "{}", errors(&option));
    let filter = redoubt("en", &["sensor", "read", &text, "--filter", "port http"]);
    assert_eq!(filter.status.code(), Some(1));
    assert!(errors(&filter).contains("`http`"), "{}", errors(&filter));
}

#[test]
fn a_capture_that_never_began_leaves_none_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let live = redoubt("en", &["sensor", "live", "no-such-interface", "--data", data]);
    let expected = if cfg!(target_os = "linux") { "no network interface `no-such-interface`" } else { "Linux only" };
    assert!(!live.status.success() && errors(&live).contains(expected), "{}", errors(&live));
    let file = folder.path().join("redoubt.db");
    if !file.exists() {
        return;
    }
    let captures = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let options = store::Options::at(jiff::Timestamp::now());
        let store = store::Store::open(&format!("sqlite:{}", file.display()), &options).await.unwrap();
        store.traffic().captures(None, 50).await.unwrap().rows
    });
    assert!(captures.is_empty(), "{captures:?}");
}

#[test]
fn a_capture_that_ends_within_its_header_is_told_and_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    for (language, word) in [("en", "ends within its header"), ("zh-CN", "在文件头内即中断")] {
        for length in [4, 10, 23] {
            let cut = path(&folder, "cut.pcap", &capture()[..length]);
            let read = redoubt(language, &["sensor", "read", &cut]);
            assert_eq!(read.status.code(), Some(3), "{length}: {}", errors(&read));
            assert!(errors(&read).contains(word), "{length}: {}", errors(&read));
        }
    }
}

#[test]
fn what_the_system_refused_is_said_in_the_language_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let capture = path(&folder, "one.pcap", &capture());
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let mut asked = vec![
        (vec!["sensor", "read", "/no/such/capture.pcap"], "没有这个文件或文件夹"),
        (vec!["sensor", "read", "/no/such/capture.pcap", "--data", data], "没有这个文件或文件夹"),
    ];
    if Path::new("/dev/full").exists() {
        asked.push((vec!["sensor", "read", &capture, "--eve", "/dev/full"], "磁盘已满"));
    }
    for (arguments, words) in asked {
        let refused = redoubt("zh-CN", &arguments);
        assert_eq!(refused.status.code(), Some(1));
        let said = errors(&refused);
        assert!(said.contains(words) && !said.contains("No such") && !said.contains("No space"), "{said}");
    }
}

#[test]
fn lists_that_are_no_lists_are_refused_and_wide_networks_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let add = |language: &str, list: &str| {
        redoubt(language, &["sensor", "indicators", "add", list, "--data", data.to_str().unwrap()])
    };
    let binary = path(&folder, "a.bin", b"PK\x03\x04\0\0drop.example/a\nevil.example\n");
    for (language, words) in [("en", "is no text"), ("zh-CN", "不是文本")] {
        let refused = add(language, &binary);
        assert_eq!(refused.status.code(), Some(1), "{}", errors(&refused));
        assert!(errors(&refused).contains(words) && errors(&refused).contains(&binary), "{}", errors(&refused));
        let capture = path(&folder, "one.pcap", &capture());
        let read = redoubt(language, &["sensor", "read", &capture, "--indicators", &binary]);
        assert_eq!(read.status.code(), Some(1));
        assert!(errors(&read).contains(words), "{}", errors(&read));
    }
    let directory = add("en", folder.path().to_str().unwrap());
    assert_eq!(directory.status.code(), Some(1));
    assert!(errors(&directory).contains(folder.path().to_str().unwrap()), "{}", errors(&directory));
    let utf16: Vec<u8> = "\u{feff}# 名单\r\nevil.example\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let added = add("en", &path(&folder, "utf16.txt", &utf16));
    assert_eq!(added.status.code(), Some(0), "{}", errors(&added));
    assert!(String::from_utf8_lossy(&added.stdout).contains("1 indicator(s) added"), "{added:?}");
    let wide = add("zh-CN", &path(&folder, "wide.txt", b"0.0.0.0/0\nother.example\n::/0\n"));
    assert_eq!(wide.status.code(), Some(3), "{}", errors(&wide));
    assert!(
        errors(&wide).contains("第 1 行：`0.0.0.0/0`：网段过大") && errors(&wide).contains("第 3 行"),
        "{}",
        errors(&wide)
    );
}

#[test]
fn what_was_read_into_a_servers_data_is_found_again_by_a_hunt() {
    let folder = tempfile::tempdir().unwrap();
    let capture = path(&folder, "one.pcap", &capture());
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let read = redoubt("en", &["sensor", "read", &capture, "--data", data]);
    assert_eq!(read.status.code(), Some(0), "{}", errors(&read));
    let list = path(&folder, "list.txt", b"evil.example\n10.0.0.0/24\nother.example\n");
    let hunt = |more: &[&str]| {
        let output = redoubt("en", &[&["hunt", "--indicators", &list, "--data", data], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let hits = |said: &str| {
        let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (summary, hits) = lines.split_last().unwrap();
        assert_eq!(summary["hits"], hits.len());
        let mut hits: Vec<String> = hits.iter().map(|hit| format!("{} {}", hit["column"], hit["indicator"])).collect();
        hits.sort();
        hits
    };
    let in_the_log = hits(&hunt(&["--json"]));
    assert!(in_the_log.contains(&"\"domains\" \"evil.example\"".to_owned()), "{in_the_log:?}");
    // The conversation and its question, each from and to the network.
    assert_eq!(in_the_log.iter().filter(|hit| hit.ends_with("\"10.0.0.0/24\"")).count(), 4, "{in_the_log:?}");
    let compacted = redoubt("en", &["lake", "compact", "--data", data]);
    assert_eq!(compacted.status.code(), Some(0), "{}", errors(&compacted));
    assert_eq!(hits(&hunt(&["--json"])), in_the_log, "in files as in the log");
    assert!(hits(&hunt(&["--json", "--since", "2017-07-15"])).is_empty());
    assert_eq!(hits(&hunt(&["--json", "--since", "2017-07-14", "--until", "2017-07-14T02:40:01Z"])), in_the_log);
    let told = hunt(&[]);
    assert!(told.contains("domain evil.example") && told.contains("10.0.0.5: 1 time(s)"), "{told}");
    // Files leave a Community ID out that follows from the ends; it is there when it is asked.
    let sql = "SELECT count(*) AS 行数, min(originator) FROM session WHERE community_id LIKE '1:%='";
    let asked = redoubt("zh-CN", &["sql", sql, "--data", data]);
    let shown = String::from_utf8(asked.stdout.clone()).unwrap();
    assert!(
        asked.status.code() == Some(0) && shown.starts_with("行数  min(session.originator)\n   2  10.0.0.5\n"),
        "{shown}{}",
        errors(&asked)
    );
    let out = path(&folder, "rows.csv", b"");
    let written = redoubt("en", &["sql", "SELECT originator FROM session", "--data", data, "--out", &out]);
    assert_eq!(written.status.code(), Some(0), "{}", errors(&written));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "\u{feff}originator\r\n10.0.0.5\r\n10.0.0.5\r\n");
    let refused = redoubt("zh-CN", &["sql", "DROP TABLE session", "--data", data]);
    assert!(refused.status.code() == Some(1) && errors(&refused).contains("只回答 SELECT"), "{}", errors(&refused));
    let verified = redoubt("en", &["lake", "verify", "--data", data]);
    assert_eq!(verified.status.code(), Some(0), "{}", errors(&verified));
    let status = redoubt("en", &["lake", "status", "--data", data, "--json"]);
    let first: Value = serde_json::from_slice(status.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!((first["table"].as_str(), first["rows"].as_u64()), (Some("session"), Some(2)));
}

#[test]
fn a_hunt_that_cannot_be_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let list = path(&folder, "list.txt", b"evil.example\n");
    let failed = |arguments: &[&str]| {
        let output = redoubt("zh-CN", arguments);
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        errors(&output)
    };
    let said = failed(&["hunt", "--indicators", &list, "--data", data]);
    assert!(said.contains("没有数据湖") && said.contains(data), "{said}");
    let said = failed(&["hunt", "--indicators", &list, "--data", data, "--since", "gestern"]);
    assert!(said.contains("`gestern` 既不是日期"), "{said}");
    let empty = path(&folder, "empty.txt", b"# nothing\n");
    let said = failed(&["hunt", "--indicators", &empty, "--data", data]);
    assert!(said.contains("没有可查找的指标"), "{said}");
    assert!(!folder.path().join("lake").exists(), "a question makes nothing");
}
