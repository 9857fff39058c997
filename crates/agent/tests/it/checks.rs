//! What the agent finds out about its machine and tells: how checks stand, and what stands in memory.

use crate::led::House;
use crate::needs;
use policy::baseline::State;
use policy::groups::{Settings, Telemetry};
use policy::telling::{Checked, MemoryOrigin, What};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

const SHAPE: &str = "REDOUBT_AGENT_SHAPE";
const ENTRY: [&str; 4] = ["--exact", "checks::shape", "--nocapture", "--test-threads=1"];

/// Not a test by itself: what a child of this test does. It has memory of its own that can be written and run, with nothing
/// in it but the byte of a return.
#[test]
fn shape() {
    if std::env::var_os(SHAPE).is_none() {
        return;
    }
    let (rights, flags) =
        (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a region of its own, which nobody runs.
    unsafe {
        let region = libc::mmap(std::ptr::null_mut(), 8192, rights, flags, -1, 0).cast::<u8>();
        assert_ne!(region.cast(), libc::MAP_FAILED);
        region.write_volatile(0xc3);
    }
    println!("\nshape is there");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

struct Shape(Child);

impl Shape {
    fn new() -> Shape {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(ENTRY).env(SHAPE, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "shape is there"));
        Shape(child)
    }
}

impl Drop for Shape {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn names(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn checked<'w>(what: &'w What, id: &str) -> Option<&'w Checked> {
    match what {
        What::Checked(checked) if checked.check == id => Some(checked),
        _ => None,
    }
}

#[test]
fn how_checks_stand_is_told_where_orders_ask_for_it() {
    if !needs::root() {
        return;
    }
    let house = House::new();
    let endpoint = house.endpoint(&house.folder().join("home"));
    let agent = endpoint.serve(house.folder());
    let asked = ["passwd-mode", "aslr", "one-root", "telnet-port", "of-a-later-version"];
    let telemetry = Some([Telemetry::Baseline].into());
    house.order(&endpoint, 1, Settings { baseline: names(&asked), telemetry, ..Settings::default() });
    for id in asked {
        let told = house.is_told(id, |what| checked(what, id).is_some());
        let checked = checked(&told.what, id).unwrap().clone();
        assert!(!checked.held && checked.step.is_none(), "{checked:#?}");
        let unknown = checked.outcome.unwrap().state == State::Unknown;
        assert_eq!(unknown, id == "of-a-later-version", "{id}");
    }
    house.reported("checking", |report| report.telemetry.contains(&Telemetry::Baseline));
    // What is asked for no longer is told as such, also by one that begins anew.
    drop(agent);
    let agent = endpoint.serve(house.folder());
    house.order(&endpoint, 2, Settings { baseline: names(&["aslr"]), ..Settings::default() });
    house.is_told("what is over", |what| checked(what, "one-root").is_some_and(|checked| checked.outcome.is_none()));
    house.reported("in force", |report| report.orders == Some(2));
    drop(agent);
}

#[test]
fn what_stands_in_memory_is_told_once_and_shown_on_the_machine() {
    if !needs::root() {
        return;
    }
    let shape = Shape::new();
    let process = shape.0.id();
    let shown = Command::new(env!("CARGO_BIN_EXE_redoubt-agent")).args(["memory", "--json"]).output().unwrap();
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let lines: Vec<Value> = shown
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let found = lines.iter().find(|line| line["process"]["pid"] == process).unwrap_or_else(|| panic!("{lines:#?}"));
    assert_eq!(found["reasons"][0]["message"]["code"], "memory.anonymous-written");
    assert_eq!(lines.last().unwrap()["event"], "ended");

    let house = House::new();
    let endpoint = house.endpoint(&house.folder().join("home"));
    let agent = endpoint.serve(house.folder());
    let telemetry = Some([Telemetry::Processes].into());
    house.order(&endpoint, 1, Settings { telemetry, ..Settings::default() });
    let me = std::env::current_exe().unwrap();
    let is_it = |what: &What| matches!(what, What::Memory(found) if found.program.path == me.to_string_lossy());
    let told = house.is_told("what stands in memory", is_it);
    let What::Memory(found) = told.what else { unreachable!() };
    assert!(found.points >= 40 && found.write && found.origin == MemoryOrigin::Anonymous, "{found:#?}");
    assert!(!found.ancestors.is_empty() && found.reasons[0].message.code == "memory.anonymous-written");
    drop(agent);
    let all = house.told().into_iter().filter(|told| is_it(&told.what)).count();
    assert_eq!(all, 1, "one program is told once");
}
