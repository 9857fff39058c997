//! `redoubt-agent watch` as whoever reads its lines meets it.

use crate::needs;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn a_program_that_runs_is_told_in_a_line_of_json() {
    if !needs::root() {
        return;
    }
    let mut watch = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
    watch.args(["watch", "--json"]).stdin(Stdio::null()).stdout(Stdio::piped());
    crate::raw::ends_with_me(&mut watch);
    let mut watch = watch.spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    let first: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    assert_eq!((&first["class"], &first["sequence"]), (&"telemetry_report".into(), &1.into()));
    // It may still be looking at what was there; then this is told a moment later.
    let word = format!("told-{}", std::process::id());
    let ran = Command::new("/bin/sh").args(["-c", "sleep 0.2", &word]).spawn().unwrap();
    let number = ran.id();
    let mut ran = ran;
    ran.wait().unwrap();
    let launch = lines
        .by_ref()
        .map(|line| serde_json::from_str::<Value>(&line).unwrap())
        .find(|event| event["activity"] == "launch" && event["process"]["pid"] == number);
    let process = &launch.unwrap()["process"];
    assert_eq!(process["details"]["arguments"][3], Value::from(word));
    assert_eq!(process["ancestors"][0]["pid"], std::process::id());
    assert_eq!(process["details"]["file"]["publisher"]["kind"], "package");
    let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&watch), rustix::process::Signal::TERM);
    let last: Value = serde_json::from_str(&lines.last().unwrap()).unwrap();
    assert_eq!(last["class"], "telemetry_report", "how well it was heard is said at the end");
    assert!(watch.wait().unwrap().success());
}

#[test]
fn what_a_program_is_called_with_is_shown_and_not_obeyed() {
    if !needs::root() {
        return;
    }
    let mut watch = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
    watch.arg("watch").stdin(Stdio::null()).stdout(Stdio::piped());
    crate::raw::ends_with_me(&mut watch);
    let mut watch = watch.spawn().unwrap();
    let out = watch.stdout.take().unwrap();
    let word = format!("\x1b[31mred\nprocess_activity Launch 1 made-up-{}\u{202e}", std::process::id());
    // Again and again: what began before anybody listened is not told.
    let again = "while :; do /bin/sh -c 'sleep 0.1; :' \"$0\"; done";
    let mut ran = Command::new("/bin/sh").args(["-c", again, &word]).spawn().unwrap();
    let name = format!("made-up-{}", std::process::id());
    let line = BufReader::new(out).lines().map(|line| line.unwrap()).find(|line| line.contains(&name)).unwrap();
    ran.kill().unwrap();
    ran.wait().unwrap();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(line.contains("\u{fffd}[31mred\u{fffd}process_activity Launch 1 made-up"), "{line:?}");
    assert!(!line.contains(['\x1b', '\u{202e}']) && !line.starts_with("process_activity Launch 1 "), "{line:?}");
}

/// What a download does that is made executable and run; the download is a copy that is only called so. Each step takes long
/// enough to be looked at: one that is gone within half a millisecond may not be seen, which the telemetry says of itself.
#[test]
fn what_a_lineage_does_step_by_step_is_an_alarm() {
    if !needs::root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::copy("/usr/bin/sleep", at("curl")).unwrap();
    std::fs::create_dir(at("many")).unwrap();
    for number in 0..4000 {
        std::fs::write(at("many").join(number.to_string()), "").unwrap();
    }
    let rules = at("rules");
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(rules.join("bent.yml"), "title: x").unwrap();
    let mut watch = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
    watch.args(["watch", "--json", "--detect", "--rules"]).arg(&rules);
    watch.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    crate::raw::ends_with_me(&mut watch);
    let mut watch = watch.spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    lines.next().unwrap();
    let script = "./curl 0.3; cp /usr/bin/sleep tool; chmod +x tool many/*; ./tool 0.3; true";
    assert!(Command::new("/bin/sh").args(["-c", script]).current_dir(folder.path()).status().unwrap().success());
    let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&watch), rustix::process::Signal::TERM);
    let findings: Vec<Value> = lines
        .map(|line| serde_json::from_str::<Value>(&line).unwrap())
        .filter(|event| event["class"] == "detection_finding")
        .map(|event| event["finding"].clone())
        .collect();
    let rules: Vec<_> = findings.iter().map(|finding| finding["message"]["code"].as_str().unwrap()).collect();
    assert!(rules.contains(&"behaviour.sequence-download-runs"), "{rules:?}");
    assert!(rules.contains(&"behaviour.rule-program-in-temporary-folder"), "{rules:?}");
    let ended = watch.wait_with_output().unwrap();
    assert!(ended.status.success());
    let complaints = String::from_utf8(ended.stderr).unwrap();
    assert!(complaints.contains("bent.yml"), "a rule that cannot be used is said: {complaints}");
}
