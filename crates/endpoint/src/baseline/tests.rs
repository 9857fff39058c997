//! Checks on a machine that a test made: real files and permissions, stand-ins for the programs that are asked, and settings
//! of the kernel in a network of the test's own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use policy::baseline::{Baseline, Platform, Read, State as Compliance};
use policy::telling::{Checked, Did};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A machine with what checks ask for.
struct Made {
    folder: TempDir,
    kept: Arc<Mutex<Vec<State>>>,
}

const SSHD: &str = r#"#!/bin/sh
root=$(dirname "$0")/../..
case $1 in
-t) ! grep -q nonsense "$root"/etc/ssh/sshd_config.d/* 2>/dev/null ;;
-T) cat "$root"/etc/ssh/sshd_config.d/*.conf "$root"/etc/ssh/sshd_config 2>/dev/null | tr A-Z a-z ;;
esac
"#;

/// Keeps the state of units as files.
const SYSTEMCTL: &str = r#"#!/bin/sh
units=$(dirname "$0")/../../units
echo "$*" >> "$units/log"
for last; do :; done
case $1 in
is-enabled) [ -e "$units/$last" ] || { echo not-found; exit 4; }; cat "$units/$last"; grep -q enabled "$units/$last" ;;
mask) echo masked > "$units/$last" ;;
unmask) echo disabled > "$units/$last" ;;
enable) echo enabled > "$units/$last" ;;
esac
"#;

impl Made {
    fn new() -> Made {
        let folder = tempfile::tempdir().unwrap();
        let made = Made { folder, kept: Arc::default() };
        for path in ["etc/sysctl.d", "etc/ssh/sshd_config.d", "usr/sbin", "usr/bin", "units", "proc/sys/kernel"] {
            fs::create_dir_all(made.path(path)).unwrap();
        }
        made.write("etc/passwd", "root:x:0:0::/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n");
        made.write("etc/group", "sudo:x:27:\n");
        made.write("etc/shadow", "root:$y$j9T$x$x:1::::::\nann:$y$j9T$x$x:1::::::\n");
        made.write("etc/login.defs", "# PASS_MAX_DAYS 1\nPASS_MAX_DAYS\t99999\nENCRYPT_METHOD SHA512\n");
        made.write("etc/ssh/sshd_config", "PermitRootLogin yes\nX11Forwarding yes\n");
        made.write("proc/sys/kernel/randomize_va_space", "1\n");
        made.program("sshd", SSHD);
        made.program("systemctl", SYSTEMCTL);
        made.mode("etc/shadow", 0o644);
        made.mode("etc/passwd", 0o644);
        made
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
    }

    fn has_mode(&self, path: &str) -> u32 {
        fs::metadata(self.path(path)).unwrap().mode() & 0o7777
    }

    fn program(&self, name: &str, text: &str) {
        self.write(&format!("usr/sbin/{name}"), text);
        self.mode(&format!("usr/sbin/{name}"), 0o755);
    }

    /// One that goes on from what was kept last.
    fn checker(&self) -> Checker {
        let state = self.kept.lock().unwrap().last().cloned().unwrap_or_default();
        let kept = self.kept.clone();
        let keep = move |state: &State| {
            kept.lock().unwrap().push(state.clone());
            Ok(())
        };
        Checker::new(Machine::new(self.folder.path()), Baseline::builtin().clone(), state, Box::new(keep))
    }
}

fn wanted(read: &[&str], set: &[&str]) -> Wanted {
    let ids = |all: &[&str]| all.iter().map(|id| (*id).to_owned()).collect();
    Wanted { read: ids(read), set: ids(set), orders: Some(7) }
}

fn state(checked: &Checked) -> Option<Compliance> {
    checked.outcome.as_ref().map(|outcome| outcome.state)
}

#[track_caller]
fn of<'c>(all: &'c [Checked], id: &str) -> &'c Checked {
    all.iter().find(|checked| checked.check == id).unwrap_or_else(|| panic!("`{id}` is not in {all:#?}"))
}

#[track_caller]
fn did(checked: &Checked, wanted: Did) {
    assert_eq!(checked.step.as_ref().map(|step| step.did), Some(wanted), "{checked:#?}");
}

#[test]
fn each_kind_is_read_and_what_cannot_be_read_is_unknown() {
    let made = Made::new();
    made.write("units/telnet.socket", "enabled\n");
    made.write("units/rsh.socket", "masked\n");
    let ids = ["aslr", "ssh-x11", "ssh-tries", "telnet-service", "rsh-service", "tftp-service", "password-age"];
    let more = ["password-hash", "shadow-mode", "one-root", "no-empty-passwords", "telnet-port", "ptrace", "no-such"];
    let all = made.checker().pass(&wanted(&[&ids[..], &more[..]].concat(), &[]));
    let states: Vec<_> = ids.iter().chain(&more).map(|id| state(of(&all, id)).unwrap()).collect();
    use Compliance::{Compliant, Not, Unknown};
    let first = [Not, Not, Compliant, Not, Compliant, Compliant, Not];
    // No table of sockets is here, and no check is called so.
    let second = [Compliant, Not, Compliant, Compliant, Unknown, Not, Unknown];
    assert_eq!(states, [first, second].concat(), "{all:#?}");
    assert!(all.iter().all(|checked| checked.step.is_none() && !checked.held));
    // A program that fails, a file that is no file, and one that is too large say nothing.
    made.program("sshd", "#!/bin/sh\necho 'no host keys' >&2; exit 1\n");
    fs::remove_file(made.path("etc/passwd")).unwrap();
    fs::create_dir(made.path("etc/passwd")).unwrap();
    made.write("etc/login.defs", &"x".repeat(2 << 20));
    let asked = ["ssh-x11", "one-root", "password-age"];
    let all = made.checker().pass(&wanted(&asked, &[]));
    for id in asked {
        assert_eq!(state(of(&all, id)), Some(Unknown), "{all:#?}");
    }
    assert!(format!("{:?}", of(&all, "ssh-x11").outcome).contains("no host keys"));
}

#[test]
fn what_is_set_is_undone_to_what_was_there_when_it_is_ordered_no_longer() {
    let made = Made::new();
    made.write("units/telnet.socket", "enabled\n");
    let ids = ["aslr", "ssh-x11", "telnet-service", "password-age", "shadow-mode"];
    let mut checker = made.checker();
    let all = checker.pass(&wanted(&[], &ids));
    for checked in &all {
        did(checked, Did::Set);
        assert_eq!((state(checked), checked.held), (Some(Compliance::Compliant), true), "{checked:#?}");
        assert_eq!(checked.step.as_ref().unwrap().orders, Some(7));
    }
    assert_eq!(made.text("etc/sysctl.d/99-z-redoubt-aslr.conf"), "kernel.randomize_va_space = 2\n");
    assert_eq!(made.text("etc/ssh/sshd_config.d/00-redoubt-ssh-x11.conf"), "x11forwarding no\n");
    assert!(made.text("units/log").contains("reload ssh.service"));
    assert_eq!(made.text("etc/login.defs"), "# PASS_MAX_DAYS 1\nPASS_MAX_DAYS\t365\nENCRYPT_METHOD SHA512\n");
    assert_eq!(made.has_mode("etc/shadow"), 0o640);
    // It is set, and nothing is left to do; also for one that begins anew.
    for mut checker in [checker, made.checker()] {
        let all = checker.pass(&wanted(&[], &ids));
        assert!(all.iter().all(|checked| checked.step.is_none() && checked.held), "{all:#?}");
    }
    // Somebody changes one: it is set again, and what was there at first is what comes back.
    made.write("proc/sys/kernel/randomize_va_space", "0\n");
    did(of(&made.checker().pass(&wanted(&[], &ids)), "aslr"), Did::Set);
    let all = made.checker().pass(&wanted(&["aslr"], &[]));
    assert_eq!(all.len(), ids.len());
    all.iter().for_each(|checked| did(checked, Did::Undone));
    assert!(all.iter().all(|checked| !checked.held && checked.step.as_ref().unwrap().why.is_none()), "{all:#?}");
    assert_eq!(state(of(&all, "aslr")), Some(Compliance::Not));
    assert_eq!(state(of(&all, "ssh-x11")), None, "nobody asks for it any more");
    assert_eq!(made.text("proc/sys/kernel/randomize_va_space").trim(), "1");
    assert_eq!(made.text("etc/login.defs"), "# PASS_MAX_DAYS 1\nPASS_MAX_DAYS\t99999\nENCRYPT_METHOD SHA512\n");
    assert_eq!((made.has_mode("etc/shadow"), made.text("units/telnet.socket").trim()), (0o644, "enabled"));
    for left in ["etc/sysctl.d", "etc/ssh/sshd_config.d"] {
        assert_eq!(fs::read_dir(made.path(left)).unwrap().count(), 0, "{left}");
    }
    assert!(made.checker().state().held.is_empty());
}

#[test]
fn what_does_not_hold_is_undone_at_once_and_not_tried_all_the_time() {
    let made = Made::new();
    // Whatever this one is told, it says the same.
    made.program("sshd", "#!/bin/sh\necho x11forwarding yes\n");
    fs::remove_dir(made.path("etc/sysctl.d")).unwrap();
    let mut checker = made.checker();
    let all = checker.pass(&wanted(&[], &["ssh-x11", "aslr"]));
    for checked in &all {
        did(checked, Did::NotSet);
        assert_eq!((state(checked), checked.held), (Some(Compliance::Not), false));
    }
    assert_eq!(fs::read_dir(made.path("etc/ssh/sshd_config.d")).unwrap().count(), 0);
    assert_eq!(made.text("proc/sys/kernel/randomize_va_space"), "1\n");
    assert!(checker.pass(&wanted(&[], &["ssh-x11", "aslr"])).iter().all(|checked| checked.step.is_none()));
    let other = Wanted { orders: Some(8), ..wanted(&[], &["ssh-x11", "aslr"]) };
    checker.pass(&other).iter().for_each(|checked| did(checked, Did::NotSet));
}

#[test]
fn what_cannot_be_undone_is_told_once_and_stays_known() {
    let made = Made::new();
    made.write("units/telnet.socket", "enabled\n");
    let (set, none) = (wanted(&[], &["telnet-service"]), wanted(&[], &[]));
    let mut checker = made.checker();
    did(of(&checker.pass(&set), "telnet-service"), Did::Set);
    made.program("systemctl", &SYSTEMCTL.replace("unmask) echo disabled > \"$units/$last\"", "unmask) exit 5"));
    did(of(&checker.pass(&none), "telnet-service"), Did::NotUndone);
    let all = checker.pass(&none);
    let again = of(&all, "telnet-service");
    assert_eq!((&again.step, again.held, state(again)), (&None, true, Some(Compliance::Compliant)));
    made.program("systemctl", SYSTEMCTL);
    let other = Wanted { orders: Some(8), ..none };
    did(of(&checker.pass(&other), "telnet-service"), Did::Undone);
    assert!(checker.state().held.is_empty());
}

#[test]
fn nobody_is_locked_out_and_what_a_person_does_stays_with_him() {
    let made = Made::new();
    let set = wanted(&[], &["ssh-root-login", "one-root"]);
    made.write(
        "etc/passwd",
        "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n",
    );
    let all = made.checker().pass(&set);
    all.iter().for_each(|checked| did(checked, Did::NotSet));
    let codes: BTreeSet<_> = all.iter().map(|one| one.step.clone().unwrap().why.unwrap().code).collect();
    assert_eq!(codes, ["baseline.only-root".to_owned(), "baseline.by-hand".to_owned()].into());
    // With somebody who can become root it may be set.
    made.write("etc/group", "sudo:x:27:ann\n");
    did(of(&made.checker().pass(&set), "ssh-root-login"), Did::Set);
}

#[test]
fn what_somebody_else_set_meanwhile_is_his() {
    let made = Made::new();
    let mut checker = made.checker();
    checker.pass(&wanted(&[], &["shadow-mode", "aslr"])).iter().for_each(|checked| did(checked, Did::Set));
    made.mode("etc/shadow", 0o600);
    let all = checker.pass(&wanted(&[], &["aslr"]));
    did(of(&all, "shadow-mode"), Did::Left);
    assert_eq!(made.has_mode("etc/shadow"), 0o600);
    // Nobody gets a permission by it that he did not have.
    made.mode("etc/shadow", 0o606);
    did(of(&checker.pass(&wanted(&[], &["shadow-mode", "aslr"])), "shadow-mode"), Did::Set);
    assert_eq!(made.has_mode("etc/shadow"), 0o600);
}

#[test]
fn one_that_was_killed_in_between_is_followed_by_one_that_undoes_it() {
    let made = Made::new();
    let mut checker = made.checker();
    did(&checker.pass(&wanted(&[], &["aslr"]))[0], Did::Set);
    // As it was written down before it was set.
    let first = made.kept.lock().unwrap()[0].clone();
    assert_eq!(first.held["aslr"].after, None);
    made.kept.lock().unwrap().push(first);
    did(&made.checker().pass(&wanted(&["aslr"], &[]))[0], Did::Undone);
    assert_eq!(made.text("proc/sys/kernel/randomize_va_space").trim(), "1");
}

#[test]
fn what_cannot_be_written_down_is_not_set() {
    let made = Made::new();
    let keep = |_: &State| Err(std::io::ErrorKind::StorageFull.into());
    let machine = Machine::new(made.folder.path());
    let mut checker = Checker::new(machine, Baseline::builtin().clone(), State::default(), Box::new(keep));
    did(&checker.pass(&wanted(&[], &["aslr"]))[0], Did::NotSet);
    assert_eq!(made.text("proc/sys/kernel/randomize_va_space"), "1\n");
    assert_eq!(fs::read_dir(made.path("etc/sysctl.d")).unwrap().count(), 0);
}

#[test]
fn the_kernel_holds_to_what_is_set_in_a_network_of_its_own() {
    // Settings of a network are those of whoever asks.
    // SAFETY: only this thread moves, and it ends with the test.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
        eprintln!("SKIPPED: no network of its own without root");
        return;
    }
    let made = Made::new();
    fs::remove_dir_all(made.path("proc")).unwrap();
    std::os::unix::fs::symlink("/proc", made.path("proc")).unwrap();
    let setting = Path::new("/proc/sys/net/ipv4/conf/all/accept_redirects");
    let now = || fs::read_to_string(setting).unwrap().trim().to_owned();
    fs::write(setting, "1").unwrap();
    let mut checker = made.checker();
    let all = checker.pass(&wanted(&["telnet-port"], &["redirects-in"]));
    did(of(&all, "redirects-in"), Did::Set);
    assert_eq!((now().as_str(), state(of(&all, "telnet-port"))), ("0", Some(Compliance::Compliant)));
    did(of(&checker.pass(&wanted(&["redirects-in"], &[])), "redirects-in"), Did::Undone);
    assert_eq!(now(), "1");
}

#[test]
fn this_machine_is_read() {
    let mut reader = Reader::new(Machine::new("/"));
    let ways = Baseline::builtin().iter().filter_map(|check| check.way(Platform::Linux).map(|way| (check, way)));
    let read: Vec<_> = ways.map(|(check, way)| (check.id.as_str(), reader.read(way))).collect();
    let known = read.iter().filter(|(_, read)| !matches!(read, Read::Failed(_))).count();
    println!("{read:#?}");
    assert!(known * 2 > read.len(), "{known} of {}", read.len());
}

#[test]
fn a_program_that_does_not_end_or_says_too_much_holds_nobody_up() {
    let made = Made::new();
    made.program("loud", "#!/bin/sh\nhead -c 10000000 /dev/zero | tr '\\0' x\n");
    let said = Machine::new(made.folder.path()).run("loud", &[]).unwrap();
    assert!(said.went && said.out.len() == 256 << 10);
    assert!(Machine::new(made.folder.path()).run("none", &[]).is_err());
}
