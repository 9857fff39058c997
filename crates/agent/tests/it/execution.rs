//! What may run, on a real kernel: what is denied does not, what is allowed does, by whatever way it is tried.

use crate::control::{Before, LIMIT, enforce, is_good, is_refused, output, run, sha256};
use crate::needs;
use crate::rpm;
use crate::scrambler::until;
use rustix::fs::{MemfdFlags, SealFlags};
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[test]
fn what_is_denied_does_not_run_and_what_is_allowed_does() {
    let Some(before) = Before::new() else { return };
    let (good, denied, unknown) = (before.good("good"), before.good("denied"), before.good("unknown"));
    let mut rules = enforce(&[&good, &denied]);
    rules["denied"] = json!([sha256(&denied)]);
    let linked = before.path("linked");
    fs::hard_link(&denied, &linked).unwrap();
    let control = before.start(&rules);
    for _ in 0..3 {
        assert!(is_good(&run(&good)));
        for path in [&denied, &unknown, &linked] {
            assert!(is_refused(&run(path)), "{path:?}");
        }
    }
    // Each is told once.
    assert_eq!(control.only_ruled(&good), "ran allowed program");
    assert_eq!(control.only_ruled(&denied), "blocked denied program");
    assert_eq!(control.only_ruled(&linked), "blocked denied program");
    assert_eq!(control.only_ruled(&unknown), "blocked unknown program");
    let ended = control.stop();
    assert_eq!((&ended["blocked"], &ended["overflows"]), (&json!(9), &json!(0)), "{ended}");
}

#[test]
fn a_program_of_a_package_runs_and_a_changed_one_does_not() {
    let Some(before) = Before::new() else { return };
    let (whole, changed, copy) = (before.good("whole"), before.good("changed"), before.path("copy"));
    fs::copy(&whole, &copy).unwrap();
    let info = before.path("dpkg/info");
    fs::create_dir_all(&info).unwrap();
    let line = |path: &Path| {
        let sum = output(Command::new("md5sum").arg(path)).stdout;
        format!("{}  {}\n", String::from_utf8_lossy(&sum[..32]), path.strip_prefix("/").unwrap().display())
    };
    fs::write(info.join("tool:amd64.md5sums"), line(&whole) + &line(&changed)).unwrap();
    let mut bytes = fs::read(&changed).unwrap();
    bytes.push(0);
    fs::write(&changed, bytes).unwrap();
    let rules = json!({ "mode": "enforce", "trust_packages": true });
    let control = before.start_with(&rules, &["--dpkg", info.to_str().unwrap()]);
    assert!(is_good(&run(&whole)));
    assert!(is_refused(&run(&changed)) && is_refused(&run(&copy)));
    assert_eq!(control.ruled(&whole, 1)[0]["origin"], json!({ "package": { "name": "tool" } }));
    assert_eq!(control.ruled(&changed, 1)[0]["origin"], json!({ "changed_package": { "name": "tool" } }));
    assert_eq!(control.ruled(&copy, 1)[0]["origin"], "nobody");
    // A package that comes later is known.
    fs::write(info.join("other.md5sums"), line(&copy)).unwrap();
    assert!(crate::scrambler::until(crate::control::LIMIT, || is_good(&run(&copy))));
}

#[test]
fn a_program_of_a_package_of_rpm_runs_and_a_changed_one_does_not() {
    let Some(before) = Before::new() else { return };
    let (whole, changed, later) = (before.good("whole"), before.good("changed"), before.good("later"));
    let (folder, database) = (before.path("rpm"), |files: &[(&Path, String)]| rpm::database("tool", files));
    let of = |path: &Path| (path.to_owned(), sha256(path));
    let mut files = vec![of(&whole), of(&changed)];
    let put = |files: &[(PathBuf, String)]| {
        let files: Vec<_> = files.iter().map(|(path, sum)| (path.as_path(), sum.clone())).collect();
        fs::write(folder.join("Packages"), database(&files)).unwrap();
    };
    fs::create_dir(&folder).unwrap();
    put(&files);
    let mut bytes = fs::read(&changed).unwrap();
    bytes.push(0);
    fs::write(&changed, bytes).unwrap();
    let rules = json!({ "mode": "enforce", "trust_packages": true });
    let control = before.start_with(&rules, &["--rpm", folder.to_str().unwrap()]);
    assert!(is_good(&run(&whole)));
    assert!(is_refused(&run(&changed)) && is_refused(&run(&later)));
    assert_eq!(control.ruled(&whole, 1)[0]["origin"], json!({ "package": { "name": "tool" } }));
    assert_eq!(control.ruled(&changed, 1)[0]["origin"], json!({ "changed_package": { "name": "tool" } }));
    // What rpm installs later is known.
    files.push(of(&later));
    put(&files);
    assert!(until(LIMIT, || is_good(&run(&later))));
}

#[test]
fn a_script_is_asked_about_whichever_way_it_is_run() {
    let Some(before) = Before::new() else { return };
    let good = before.script("good.sh", "#!/bin/sh\nexit 0\n");
    let bad = before.script("bad.sh", "#!/bin/sh\nexit 0\n# another\n");
    let data = before.script("data", "#!/bin/sh\nis only read\n");
    let reader = before.script("reader.sh", "while read -r line; do :; done < \"$1\"\nexit 7\n");
    let control = before.start(&enforce(&[&good, &reader]));
    for _ in 0..2 {
        assert!(is_good(&run(&good)));
        assert!(is_refused(&run(&bad)));
        let sh = |path: &Path| output(Command::new("sh").args(["-o", "noglob"]).arg(path)).status;
        assert!(sh(&good).success());
        assert!(!sh(&bad).success());
        let folder = bad.parent().unwrap();
        assert!(!output(Command::new("sh").arg("bad.sh").current_dir(folder)).status.success());
        // One who may not run it gives it to an interpreter then.
        let both = "shopt -s execfail; exec \"$0\"; exec sh \"$0\"";
        assert!(!output(Command::new("bash").args(["-c", both]).arg(&bad)).status.success());
        // What a script reads is not run.
        assert_eq!(output(Command::new("sh").arg(&reader).arg(&data)).status.code(), Some(7));
    }
    assert_eq!(control.only_ruled(&bad), "blocked unknown script");
    assert_eq!(fs::read(&bad).unwrap(), b"#!/bin/sh\nexit 0\n# another\n", "it may be read");
    assert!(control.ruled(&data, 0).is_empty());
}

#[test]
fn a_library_is_not_loaded_and_may_be_read() {
    let Some(before) = Before::new() else { return };
    let [good, bad] = ["good.so", "bad.so"].map(|name| {
        let mut bytes = fs::read(a_library()).unwrap();
        bytes.extend(name.as_bytes());
        fs::write(before.path(name), bytes).unwrap();
        before.path(name)
    });
    let control = before.start(&enforce(&[&good]));
    for _ in 0..2 {
        // SAFETY: a library without constructors of its own, or none at all.
        let load = |path: &Path| unsafe {
            let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
            libc::dlopen(name.as_ptr(), libc::RTLD_NOW)
        };
        assert!(load(&bad).is_null());
        assert!(!load(&good).is_null());
        let maps = |path: &Path| {
            let said = output(Command::new("cat").arg("/proc/self/maps").env("LD_PRELOAD", path));
            String::from_utf8_lossy(&said.stdout).contains(path.to_str().unwrap())
        };
        assert!(maps(&good));
        assert!(!maps(&bad));
    }
    assert_eq!(control.only_ruled(&bad), "blocked unknown library");
    // Who copies it loads nothing.
    let copied = output(Command::new("cp").arg(&bad).arg(control.path("copied")));
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    assert_eq!(sha256(&bad), sha256(&control.path("copied")));
}

/// Some small library that this test has loaded already.
fn a_library() -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut paths = maps.lines().filter_map(|line| line.split_ascii_whitespace().last());
    paths.rfind(|path| path.contains("libgcc_s.so") || path.contains("libm.so")).unwrap().into()
}

#[test]
fn a_program_in_memory_is_ended_and_a_deleted_one_does_not_begin() {
    let Some(before) = Before::new() else { return };
    let (patient, gone) = (crate::control::program(&before.path("patient"), "sleep"), before.good("gone"));
    let control = before.start(&enforce(&[&patient]));
    let in_memory = |bytes: &[u8], sealed: bool| {
        let file = File::from(rustix::fs::memfd_create("tool", MemfdFlags::ALLOW_SEALING).unwrap());
        std::io::Write::write_all(&mut &file, bytes).unwrap();
        if sealed {
            rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE).unwrap();
        }
        file
    };
    let runs = |file: &File, argument: &str| {
        Command::new(format!("/proc/self/fd/{}", file.as_raw_fd()))
            .arg(argument)
            .current_dir(control.disk.path())
            .status()
    };
    let sleep = fs::read("/usr/bin/sleep").or_else(|_| fs::read("/bin/sleep")).unwrap();
    let ended = runs(&in_memory(&sleep, true), "60").unwrap();
    assert_eq!(ended.signal(), Some(libc::SIGKILL), "it is ended after it began");
    let shown = Path::new("/memfd:tool (deleted)");
    let ruled = control.ruled(shown, 1);
    assert_eq!((&ruled[0]["kind"], &ruled[0]["after"]), (&json!("nameless"), &json!(true)));
    // What is allowed goes on, if nobody can change it any more.
    assert!(is_good(&runs(&in_memory(&fs::read(&patient).unwrap(), true), "2")));
    assert_eq!(control.ruled(shown, 2)[1]["outcome"], "ran");

    let file = File::open(&gone).unwrap();
    fs::remove_file(&gone).unwrap();
    assert!(is_refused(&runs(&file, "")), "it is asked about before");
    let shown = format!("{} (deleted)", gone.display());
    assert_eq!(control.only_ruled(Path::new(&shown)), "blocked unknown nameless");
}

#[test]
fn another_name_of_the_disk_is_no_way_around() {
    let Some(mut before) = Before::new() else { return };
    let (good, bad) = (before.good("good"), before.good("bad"));
    let elsewhere = before.disk.elsewhere();
    let control = before.start(&enforce(&[&good]));
    assert!(is_good(&run(&elsewhere.join("good"))));
    assert!(is_refused(&run(&elsewhere.join("bad"))));
    // In a namespace of its own, where a folder of the machine seems to be another.
    let folder = control.path("folder");
    fs::create_dir(&folder).unwrap();
    let try_it = |name: &str| {
        let script = "mount --bind \"$0\" /mnt && exec /mnt/\"$1\"";
        let disk = control.disk.path();
        output(Command::new("unshare").args(["-m", "sh", "-c", script]).arg(disk).arg(name)).status.code()
    };
    assert_eq!(try_it("good"), Some(0));
    assert_eq!(try_it("bad"), Some(126));
    assert_eq!(control.only_ruled(Path::new("elsewhere:/mnt/bad")), "blocked unknown program");
    assert!(is_refused(&run(&bad)));
}

#[test]
fn when_the_filesystem_is_gone_the_one_below_is_not_asked_about() {
    let Some(mut before) = Before::new() else { return };
    let (below, outside) = (before.path("mounted"), before.good("outside"));
    fs::create_dir(&below).unwrap();
    let mount = ["-t", "tmpfs", "-o", "mode=755", "none"];
    assert!(output(Command::new("mount").args(mount).arg(&below)).status.success());
    let inside = before.good("mounted/inside");
    before.only = below.clone();
    let control = before.start(&enforce(&[]));
    assert!(is_refused(&run(&inside)));
    assert!(is_good(&run(&outside)));
    assert!(output(Command::new("umount").arg("-l").arg(&below)).status.success());
    let told = |count| {
        until(LIMIT, || {
            let all = control.agent().says_all("degraded", 0, Duration::ZERO);
            all.iter().filter(|one| one["why"]["code"] == "exec.another-filesystem").count() >= count
        })
    };
    assert!(told(1), "it is said");
    assert!(is_good(&run(&outside)));
    // Who takes over was not there when the folder was named.
    control.agent().signal_worker(rustix::process::Signal::KILL);
    assert!(told(2), "it is said again");
    assert!(is_good(&run(&outside)));
}

#[test]
fn observing_and_simulating_tell_and_let_run() {
    for (mode, outcome) in [("observe", "ran"), ("simulate", "would_block")] {
        let Some(before) = Before::new() else { return };
        let bad = before.good("bad");
        let script = before.script("bad.sh", "exit 0\n");
        let control = before.start(&json!({ "mode": mode }));
        for _ in 0..2 {
            assert!(is_good(&run(&bad)));
            assert!(output(Command::new("sh").arg(&script)).status.success());
        }
        assert_eq!(control.only_ruled(&bad), format!("{outcome} unknown program"));
        assert_eq!(control.only_ruled(&script), format!("{outcome} unknown script"));
        assert_eq!(control.stop()["blocked"], 0);
    }
}

#[test]
fn other_rules_hold_at_once_and_bad_ones_change_nothing() {
    let Some(before) = Before::new() else { return };
    let (one, two) = (before.good("one"), before.good("two"));
    let control = before.start(&enforce(&[&one]));
    assert!(is_good(&run(&one)) && is_refused(&run(&two)));
    control.reload(&enforce(&[&two]).to_string(), "rules", 1);
    assert!(is_refused(&run(&one)) && is_good(&run(&two)));
    let said = control.reload("{\"mode\":\"enforce\",", "degraded", 1);
    assert_eq!(said["why"]["code"], "exec.rules-kept");
    assert!(is_refused(&run(&one)) && is_good(&run(&two)));
    control.reload("{}", "rules", 2);
    assert!(is_good(&run(&one)) && is_good(&run(&two)));
}

#[test]
fn what_a_deployer_writes_runs() {
    let Some(before) = Before::new() else { return };
    let deploy = before.path("deploy");
    fs::copy("/bin/cp", &deploy).unwrap();
    let other = before.path("other");
    fs::copy("/bin/cp", &other).unwrap();
    let good = before.good("good");
    let mut rules = enforce(&[&deploy]);
    rules["deployers"] = json!([deploy]);
    let control = before.start(&rules);
    let copy = |by: &Path, name: &str| {
        assert!(output(Command::new(by).arg(&good).arg(control.path(name))).status.success());
        let moved = control.path(&format!("{name}-moved"));
        fs::rename(control.path(name), &moved).unwrap();
        moved
    };
    let (deployed, copied) = (copy(&deploy, "a"), copy(&other, "b"));
    assert!(is_good(&run(&deployed)));
    assert!(is_refused(&run(&copied)));
    assert_eq!(control.ruled(&deployed, 1)[0]["writer"], deploy.to_str().unwrap());
    // Another writes into it.
    let mut file = OpenOptions::new().append(true).open(&deployed).unwrap();
    std::io::Write::write_all(&mut file, b"x").unwrap();
    drop(file);
    assert!(is_refused(&run(&deployed)));
}

#[test]
fn an_agent_without_root_or_rules_says_so() {
    if !needs::root() {
        return;
    }
    let folder = tempfile::Builder::new().prefix(crate::yard::PREFIX).tempdir().unwrap();
    let (rules, state) = (folder.path().join("rules"), folder.path().join("state"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
    command
        .args(["run", "--lang", "zh-CN", "--rules"])
        .arg(&rules)
        .arg("--state")
        .arg(&state)
        .arg("--only")
        .arg(folder.path());
    let said = output(&mut command);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("无法读取"), "{said:?}");
}
