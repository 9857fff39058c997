//! The program as a person or a script runs it.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A Windows 7 nobody patched, as `systeminfo` prints it.
const SEVEN: &str = "\r
Host Name:                 PC-SEVEN\r
OS Name:                   Microsoft Windows 7 Professional \r
OS Version:                6.1.7601 Service Pack 1 Build 7601\r
OS Manufacturer:           Microsoft Corporation\r
OS Configuration:          Member Workstation\r
OS Build Type:             Multiprocessor Free\r
Product ID:                55041-000-0000000-00000\r
System Type:               x64-based PC\r
System Locale:             en-us;English (United States)\r
Domain:                    corp.example\r
Logon Server:              \\\\DC1\r
Hotfix(s):                 2 Hotfix(s) Installed.\r
                           [01]: KB2534111\r
                           [02]: KB976902\r
Network Card(s):           1 NIC(s) Installed.\r
                           [01]: Intel(R) PRO/1000 MT Network Connection\r
                                 Connection Name: Local Area Connection\r
                                 IP address(es)\r
                                 [01]: 192.0.2.7\r
";

pub fn redoubt(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_redoubt"))
        .args(arguments)
        .env_remove("REDOUBT_LANG")
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

pub fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn assess_prints_one_object_a_host_with_every_weapon() {
    let folder = folder(&[("PC-SEVEN_systeminfo.txt", SEVEN.as_bytes())]);
    let output = redoubt(&["assess", shown(folder.path()), "--json", "--day", "2026-11-23"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let hosts = lines(&output);
    assert_eq!(hosts.len(), 1);
    let host = &hosts[0]["host"];
    let identity =
        ["name", "product", "edition", "family", "version", "arch", "role", "language"].map(|field| &host[field]);
    assert_eq!(
        identity.map(|value| value.as_str().unwrap_or("none")),
        ["PC-SEVEN", "Windows 7", "Professional", "client", "6.1.7601", "x64", "member workstation", "en"]
    );
    assert_eq!((&host["build"], &host["service_pack"]), (&Value::from(7601), &Value::from(1)));
    assert_eq!(hosts[0]["updates"], serde_json::json!([976902, 2534111]));
    let weapons = hosts[0]["weapons"].as_object().unwrap();
    assert_eq!(weapons.len(), 18);
    assert_eq!(weapons["eternalblue"]["state"], "open");
    assert_eq!(weapons["educatedscholar"]["state"], "not-affected");
    assert!(weapons.values().all(|weapon| !weapon["why"].as_array().unwrap().is_empty()), "a verdict has a reason");
    let kinds: Vec<_> =
        hosts[0]["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"key-patch"), "{kinds:?}");
}

#[test]
fn an_object_names_each_field_once() {
    let folder = folder(&[("PC-SEVEN_systeminfo.txt", SEVEN.as_bytes())]);
    let output = redoubt(&["assess", shown(folder.path()), "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let host = &text[text.find("\"host\":{").unwrap()..text.find("\"updates\":").unwrap()];
    assert_eq!(host.matches("\"name\":").count(), 1, "{host}");
}

#[test]
fn what_is_refused_is_said_and_the_rest_goes_on() {
    let folder =
        folder(&[("PC-SEVEN_systeminfo.txt", SEVEN.as_bytes()), ("empty.txt", b""), ("noise.bin", &[0, 159, 146])]);
    let output = redoubt(&["--lang", "zh-CN", "assess", shown(folder.path()), "--json"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(lines(&output).len(), 1);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.matches("已拒绝").count(), 2, "{told}");
    assert!(told.contains("empty.txt") && told.contains("noise.bin"), "{told}");
}

#[test]
fn a_reason_of_the_operating_system_speaks_both_languages_and_keeps_its_number() {
    let folder = folder(&[("PC-SEVEN_systeminfo.txt", SEVEN.as_bytes())]);
    for (language, reason) in
        [("en", "no such file or folder (os error 2)"), ("zh-CN", "没有这个文件或文件夹（系统错误 2）")]
    {
        let output = redoubt(&["--lang", language, "assess", shown(folder.path()), "/no/such/file"]);
        assert_eq!(output.status.code(), Some(3));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("/no/such/file") && told.contains(reason), "{told}");
    }
}

#[test]
fn a_name_that_would_pass_for_a_message_stays_on_its_line() {
    let folder = folder(&[("x\nerror: \u{1b}[31mforged\u{202e}.txt", b"hello")]);
    let told = String::from_utf8(redoubt(&["assess", shown(folder.path())]).stderr).unwrap();
    assert_eq!(told.lines().filter(|line| line.starts_with("error:")).count(), 1, "{told}");
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
}

#[test]
fn a_bad_file_of_definitions_does_not_keep_the_others_out() {
    let kev = br#"{"catalogVersion":"2017.06.01","dateReleased":"2017-06-01T00:00:00Z","count":1,"vulnerabilities":[{"cveID":"CVE-2017-0144","dateAdded":"2022-02-10","dueDate":"2022-08-10","knownRansomwareCampaignUse":"Known"}]}"#;
    let folder = folder(&[("a.zip", b"PK\x03\x04"), ("b.json", kev)]);
    let (bad, good, data) = (folder.path().join("a.zip"), folder.path().join("b.json"), folder.path().join("data"));
    let output = redoubt(&["knowledge", "import", shown(&bad), shown(&good), "--data", shown(&data), "--json"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.starts_with("error: ") && told.contains("a.zip"), "{told}");
    assert_eq!(lines(&output)[0]["kind"], "kev-json");
    let alone = redoubt(&["knowledge", "import", shown(&bad), "--data", shown(&data)]);
    assert_eq!(alone.status.code(), Some(1));
}

#[test]
fn nothing_to_read_is_a_failure_with_a_hint() {
    let folder = folder(&[]);
    let output = redoubt(&["assess", shown(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: no host was found") && told.contains("hint: "), "{told}");
}

#[test]
fn a_wrong_command_line_ends_with_two_and_help_speaks_chinese() {
    assert_eq!(redoubt(&["assess"]).status.code(), Some(2));
    let output = redoubt(&["--lang", "zh-CN", "assess", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("退出码"));
}

#[test]
fn harden_writes_scripts_and_runbooks_for_the_one_host_that_is_meant() {
    let folder = folder(&[("PC-SEVEN_systeminfo.txt", SEVEN.as_bytes())]);
    let out = folder.path().join("out");
    let output = redoubt(&["harden", "pc-seven", "--from", shown(folder.path()), "--out", shown(&out), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let files: Vec<PathBuf> = serde_json::from_value(lines(&output)[0]["files"].clone()).unwrap();
    let endings: BTreeSet<_> = files.iter().filter_map(|file| file.extension()?.to_str()).collect();
    assert!(endings.is_superset(&BTreeSet::from(["cmd", "html", "pdf"])), "{endings:?}");
    assert!(files.iter().all(|file| file.is_file() && file.parent() == Some(out.as_path())));
    let nobody = redoubt(&["harden", "nobody", "--from", shown(folder.path()), "--out", shown(&out)]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("PC-SEVEN"), "the hint names the hosts there are");
}

#[test]
fn what_if_tells_before_and_after() {
    let folder = folder(&[("PC-SEVEN_systeminfo.txt", SEVEN.as_bytes())]);
    let output = redoubt(&["fleet", shown(folder.path()), "--stage", "KB4012212", "--json"]);
    let answer = &lines(&output)[0]["what_if"][0];
    assert_eq!(answer["weapons"]["eternalblue"]["open_before"], 1);
    assert_eq!(answer["weapons"]["eternalblue"]["open_after"], 0);
}

#[test]
fn the_graph_exports_in_every_form() {
    for (format, start) in [("json", "{"), ("csv", ""), ("graphml", "<?xml"), ("dot", "digraph")] {
        let output = redoubt(&["graph", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{format}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(start) && text.contains("eternalblue"), "{format}: {}", &text[..80]);
    }
}

#[test]
fn import_keeps_hosts_and_a_backup_brings_them_back() {
    let folder = folder(&[("PC-SEVEN_systeminfo.txt", SEVEN.as_bytes())]);
    let (data, again, file) = (folder.path().join("a"), folder.path().join("b"), folder.path().join("x.backup"));
    let source = folder.path().join("PC-SEVEN_systeminfo.txt");
    let import = |data: &Path| redoubt(&["import", shown(&source), "--data", shown(data), "--json"]);
    assert_eq!(lines(&import(&data))[0]["new"], 1);
    assert_eq!(lines(&import(&data))[0]["new"], 0, "the same file again is the same host");
    assert_eq!(redoubt(&["backup", shown(&file), "--data", shown(&data)]).status.code(), Some(0));
    assert_eq!(redoubt(&["restore", shown(&file), "--data", shown(&again)]).status.code(), Some(0));
    let out = folder.path().join("out");
    let output = redoubt(&["harden", "PC-SEVEN", "--data", shown(&again), "--out", shown(&out)]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn real_hosts_are_read_and_judged_as_their_truth_says() {
    let Some(truth) = testkit::data("hosts/hosts-truth.json") else { return };
    let truth: Value = serde_json::from_slice(&std::fs::read(&truth).unwrap()).unwrap();
    let names: Vec<&String> = truth.as_object().unwrap().keys().filter(|name| !name.starts_with('_')).collect();
    let root = testkit::data("hosts").unwrap();
    let paths: Vec<_> = names.iter().map(|name| root.join(name)).collect();
    let mut arguments = vec!["assess", "--json"];
    arguments.extend(paths.iter().map(|path| shown(path)));
    let hosts = lines(&redoubt(&arguments));
    assert_eq!(hosts.len(), names.len());
    let mut wrong = Vec::new();
    for host in &hosts {
        let source = Path::new(host["sources"][0].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
        for (weapon, want) in truth[source]["weapons"].as_object().unwrap() {
            if want["debatable"] != true && host["weapons"][weapon]["state"] != want["state"] {
                wrong.push(format!(
                    "{source} {weapon}: want {}, got {}",
                    want["state"], host["weapons"][weapon]["state"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn indicators_that_went_in_or_out_are_told_when_a_later_name_fails() {
    let folder = folder(&[("list.txt", b"192.0.2.66\n")]);
    let (list, none, data) = (folder.path().join("list.txt"), folder.path().join("none"), folder.path().join("data"));
    let added = redoubt(&["sensor", "indicators", "add", shown(&list), shown(&none), "--json", "--data", shown(&data)]);
    assert_eq!(added.status.code(), Some(1));
    assert_eq!(lines(&added)[0]["added"], 1);
    let removed = redoubt(&["sensor", "indicators", "remove", "1", "77", "--data", shown(&data)]);
    assert_eq!(removed.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&removed.stdout), "1 indicator(s) removed\n");
}

#[test]
fn nobody_asks_for_more_workers_than_can_be_started() {
    for count in ["0", "257", "4000000000"] {
        assert_eq!(redoubt(&["sensor", "read", "none.pcap", "--workers", count]).status.code(), Some(2), "{count}");
    }
}

#[cfg(unix)]
#[test]
fn files_are_taken_apart_and_what_is_none_is_named() {
    let inner = folder(&[("page.pdf", b"<html><body>hello</body></html>"), ("empty", b"")]);
    std::os::unix::fs::symlink("/etc/hostname", inner.path().join("link")).unwrap();
    let tar = inner.path().join("all.tar");
    let made = Command::new("tar").args(["-cf", shown(&tar), "-C", shown(inner.path()), "page.pdf", "empty"]).status();
    assert!(made.unwrap().success());

    let missing = inner.path().join("missing");
    let output = redoubt(&["file", "scan", shown(inner.path()), shown(&missing), "/dev/null", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains(shown(&missing)) && told.contains("`/dev/null` was not read: it is neither"), "{told}");
    let told: Vec<_> = lines(&output).into_iter().filter(|line| line.get("type").is_some()).collect();
    let types: Vec<_> = told.iter().map(|file| file["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["tar", "empty", "html"], "in the order of their names, without the link");
    let (tar, page) = (&told[0], &told[2]);
    assert_eq!(
        (&page["extension_mismatch"], &page["size"], &page["complete"]),
        (&true.into(), &31.into(), &true.into())
    );
    let parts = tar["children"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!((&parts[0]["path"], &parts[0]["sha256"]), (&"page.pdf".into(), &page["sha256"]));
    assert_eq!(tar["vectors"]["tar.entries"], 2);

    let human = redoubt(&["--lang", "zh-CN", "file", "scan", shown(inner.path())]);
    assert_eq!(human.status.code(), Some(0));
    let human = String::from_utf8_lossy(&human.stdout).into_owned();
    assert!(human.contains("共 3 个文件") && human.contains("扩展名与类型不符") && !human.contains("{{"), "{human}");
    assert_eq!(redoubt(&["file", "scan", shown(folder(&[]).path())]).status.code(), Some(1));
}
