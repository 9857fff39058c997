//! The agent's own files: others read them, and do not change them.

use crate::control::{Before, LIMIT};
use crate::led::House;
use crate::scrambler::until;
use policy::groups::Settings;
use policy::telling::What;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Command;

#[test]
fn nobody_else_changes_what_is_the_agents() {
    let Some(before) = Before::new() else { return };
    let house = House::new();
    let endpoint = house.endpoint(&house.folder().join("home"));
    let agent = endpoint.serve(&before.disk.path());
    house.order(&endpoint, 1, Settings::default());
    house.reported("in force", |report| report.orders == Some(1));
    let orders = endpoint.home.canonicalize().unwrap().join("orders");
    let signed = fs::read(&orders).unwrap();
    let opened = |options: &mut OpenOptions| options.open(&orders).map(drop).map_err(|error| error.raw_os_error());
    let denied = Err(Some(libc::EPERM));
    assert!(until(LIMIT, || opened(OpenOptions::new().append(true)) == denied));
    assert_eq!(opened(OpenOptions::new().write(true).truncate(true)), denied);
    assert_eq!(opened(OpenOptions::new().read(true).write(true)), denied);
    assert!(!Command::new("sh").args(["-c", "echo x >> \"$0\""]).arg(&orders).status().unwrap().success());
    assert_eq!(fs::read(&orders).unwrap(), signed, "it may be read");
    // Also by a worker that took over.
    agent.signal_worker(rustix::process::Signal::KILL);
    assert_eq!(opened(OpenOptions::new().append(true)), denied);
    let is_gap = |what: &What, code: &str, program: &Path| {
        let name = program.display().to_string();
        matches!(what, What::Gap { why, .. } if why.code == code && serde_json::to_string(why).unwrap().contains(&name))
    };
    let me = std::env::current_exe().unwrap();
    house.is_told("who was kept from it", |what| is_gap(what, "agent.own-denied", &me));
    let shell = Path::new("/bin/sh").canonicalize().unwrap();
    house.is_told("who else was", |what| is_gap(what, "agent.own-denied", &shell));
    // A name may go, which is told.
    fs::rename(&orders, orders.with_extension("taken")).unwrap();
    house.is_told("that a name went", |what| is_gap(what, "agent.own-replaced", &me));
    // The agent's own commands go on.
    assert_eq!(endpoint.status()["running"], true);
    house.order(&endpoint, 2, Settings::default());
    house.reported("in force", |report| report.orders == Some(2));
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
    assert!(opened(OpenOptions::new().append(true)).is_ok());
}
