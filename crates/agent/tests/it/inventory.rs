//! `redoubt-agent inventory` and `changes` as somebody calls them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn agent(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_redoubt-agent")).args(arguments).env("LC_ALL", "C").output().unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn machine(folder: &Path, packages: &str) {
    for (path, text) in [
        (
            "etc/os-release",
            "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
        ),
        ("etc/hostname", "web1\n"),
        ("etc/passwd", "root:x:0:0::/root:/bin/bash\nopen::1000:1000::/:/bin/sh\n"),
        ("etc/shadow", "root:*:1::::::\n"),
        ("etc/group", "sudo:x:27:open\n"),
        ("var/lib/dpkg/status", packages),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

const BASH: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2\n\n";

#[test]
fn a_disk_is_told_in_both_languages_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("disk");
    machine(&root, BASH);
    let root = root.to_str().unwrap();
    let told = out(&agent(&["inventory", "--root", root, "--lang", "en"]));
    assert!(told.contains("web1, Debian GNU/Linux 12 (bookworm), kernel ?, ?"), "{told}");
    assert!(told.contains("account `open` has no password"), "{told}");
    let chinese = out(&agent(&["inventory", "--root", root, "--lang", "zh-CN"]));
    assert!(chinese.contains("账户 `open` 没有密码") && chinese.contains("软件包：1 个"), "{chinese}");
    let (before, after) = (folder.path().join("before.json"), folder.path().join("after.json"));
    fs::write(&before, out(&agent(&["inventory", "--root", root, "--json"]))).unwrap();
    machine(
        Path::new(root),
        &format!("{}Package: nmap\nStatus: install ok installed\nVersion: 7.93\n\n", BASH.replace("5.2", "5.3")),
    );
    fs::write(&after, out(&agent(&["inventory", "--root", root, "--json"]))).unwrap();
    let paths = [before.to_str().unwrap(), after.to_str().unwrap()];
    let told = out(&agent(&["changes", paths[0], paths[1], "--lang", "en"]));
    assert_eq!(told, "package `bash` went from 5.2 to 5.3\npackage `nmap` 7.93 was installed\n");
    let json = out(&agent(&["changes", paths[0], paths[1], "--json"]));
    assert_eq!(
        json.lines().next().unwrap(),
        r#"{"change":"package-changed","name":"bash","before":"5.2","after":"5.3"}"#
    );
    assert_eq!(out(&agent(&["changes", paths[0], paths[0], "--lang", "zh-CN"])), "没有变更\n");
}

#[test]
fn what_is_no_document_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    fs::write(&path, "{\n\"kind\": 7}").unwrap();
    let path = path.to_str().unwrap();
    let refused = agent(&["changes", path, path, "--lang", "en"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(told.contains("x.json") && told.contains("line 2, column"), "{told}");
    let nowhere = agent(&["inventory", "--root", "/nowhere/at/all", "--lang", "zh-CN"]);
    assert!(String::from_utf8(nowhere.stderr).unwrap().contains("无法读取 `/nowhere/at/all`"));
}

#[test]
fn this_machine_is_told() {
    let told = out(&agent(&["inventory", "--json"]));
    let document: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(document["kind"], "redoubt.linux-inventory.1");
    assert!(!document["mounts"].as_array().unwrap().is_empty());
    assert!(out(&agent(&["inventory", "--lang", "en"])).contains("hardware: "));
}

#[test]
fn the_agent_says_what_the_kernel_lets_it_do() {
    let told = agent(&["doctor", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    let findings = found["findings"].as_array().unwrap();
    let present = findings.iter().all(|finding| finding["state"] == "present");
    assert_eq!(told.status.success(), present, "{found}");
    let chinese = String::from_utf8(agent(&["doctor", "--lang", "zh-CN"]).stdout).unwrap();
    assert_eq!(chinese.lines().count(), findings.len() + 1, "{chinese}");
    assert!(!chinese.contains("doctor."), "{chinese}");
}

#[test]
fn a_name_that_would_move_the_cursor_is_shown_in_one_line() {
    for language in ["en", "zh-CN"] {
        let refused = agent(&["--lang", language, "changes", "/no/\x1b[2J\nnothing is wrong", "/no"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!((refused.status.code(), said.lines().count()), (Some(1), 1), "{said:?}");
        assert!(said.contains("/no/\u{fffd}[2J\u{fffd}nothing is wrong") && !said.contains('\x1b'), "{said:?}");
    }
}

#[test]
fn a_list_of_packages_that_is_none_is_told_by_its_name_and_lines() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let list = folder.path().join("list");
    fs::write(&list, "nothing\nof the sort\n").unwrap();
    let (root, list) = (folder.path().join("disk"), list.to_str().unwrap());
    let told = out(&agent(&["inventory", "--lang", "en", "--root", root.to_str().unwrap(), "--rpm-list", list]));
    assert!(told.contains(&format!("`{list}`, line 2: ")), "{told}");
}
