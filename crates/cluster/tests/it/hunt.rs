//! A hunt on a cluster finds what a hunt in one process finds.
use crate::common::{Machines, PROGRAM};
use lake::{Goes, Hit, Hunt, Hunting, Progress, View, Wanted};
use rules::Indicators;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Instant;

const LIST: &str = "10.0.0.3\n10.2.0.0/16\nd7.example\n203.0.113.2\n192.0.2.1\nsha256,0000000000000000000000000000000000000000000000000000000000000003\n";

#[derive(Default)]
struct Found(Vec<Value>);

impl Hunting for Found {
    fn hit(&mut self, hit: Hit, _: &Progress) -> Goes {
        self.0.push(json!({
            "time": jiff::Timestamp::from_microsecond(hit.time_us).unwrap(), "record": hit.table,
            "kind": hit.indicator.kind.name(), "indicator": hit.indicator.value, "column": hit.column,
            "value": hit.value, "originator": hit.originator, "responder": hit.responder,
            "community_id": hit.community_id, "protocol": hit.protocol,
        }));
        Goes::Continue(())
    }
}

fn sorted(hits: &[Value]) -> Vec<String> {
    let mut lines: Vec<String> = hits.iter().map(ToString::to_string).collect();
    lines.sort();
    lines
}

fn ask(machines: &Machines, further: &[&str]) -> (Vec<Value>, Value) {
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), LIST).unwrap();
    let asked = Command::new(PROGRAM)
        .args(["hunt", "--lake", machines.lake.path().to_str().unwrap(), "--scheduler", &machines.scheduler.address])
        .args(["--indicators", list.path().to_str().unwrap()])
        .args(further)
        .envs(machines.settings())
        .output()
        .unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let text = String::from_utf8(asked.stdout).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let read = lines.pop().unwrap();
    (lines, read)
}

fn alone(machines: &Machines, since_us: Option<i64>) -> (Vec<Value>, Progress) {
    let wanted = Wanted::new(Indicators::read(LIST).0);
    let mut found = Found::default();
    let view = View::of(machines.lake.path()).unwrap();
    let progress = view.hunt(Hunt { wanted: &wanted, since_us, until_us: None }, &mut found);
    (found.0, progress)
}

#[test]
fn the_hits_and_what_was_read_are_those_of_one_process() {
    let mut machines = Machines::start(2);
    let (expected, progress) = alone(&machines, None);
    assert!(expected.len() > 100, "{}", expected.len());
    let (hits, read) = ask(&machines, &[]);
    assert_eq!(sorted(&hits), sorted(&expected));
    for (name, count) in [
        ("hits", progress.hits),
        ("files", progress.files as u64),
        ("of_files", progress.of_files as u64),
        ("ruled_out", progress.ruled_out as u64),
        ("pages", progress.pages as u64),
        ("rows", progress.rows),
    ] {
        assert_eq!(read[name], count, "{name}: {read}");
    }
    // Of a time only.
    let since = "2017-05-16T12:00:00Z";
    let since_us = since.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let (expected, _) = alone(&machines, Some(since_us));
    assert_eq!(sorted(&ask(&machines, &["--since", since]).0), sorted(&expected));
    // After an executor is lost.
    machines.executors[0].kill();
    assert_eq!(sorted(&ask(&machines, &[]).0), sorted(&alone(&machines, None).0));
    // Nothing stays beside the lake.
    let left: Vec<_> = std::fs::read_dir(machines.lake.path().join("asked")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_executor_that_is_killed_in_the_middle_changes_no_hit() {
    let mut machines = Machines::start(2);
    let (expected, _) = alone(&machines, None);
    let begun = Instant::now();
    let (_, undisturbed) = (ask(&machines, &[]), begun.elapsed());
    for part in [0.3, 0.6, 0.9] {
        let mut lost = machines.executors.remove(0);
        let begun = Instant::now();
        let (hits, read) = std::thread::scope(|scope| {
            let asked = scope.spawn(|| ask(&machines, &[]));
            std::thread::sleep(undisturbed.mul_f64(part));
            lost.kill();
            asked.join().unwrap()
        });
        println!("killed after {:?} of {undisturbed:?}, told after {:?}", undisturbed.mul_f64(part), begun.elapsed());
        assert_eq!(sorted(&hits), sorted(&expected), "{read}");
        machines.add_executor();
    }
}

#[test]
fn a_file_that_cannot_be_searched_is_told() {
    let machines = Machines::start(1);
    let view = View::of(machines.lake.path()).unwrap();
    let file = view.files().next().unwrap();
    std::fs::write(&file.path, b"no columns").unwrap();
    std::fs::remove_file(file.index()).unwrap();
    let (_, progress) = alone(&machines, None);
    let (_, read) = ask(&machines, &[]);
    assert_eq!(read["unreadable"].as_array().unwrap().len(), progress.unreadable.len());
    assert_eq!(progress.unreadable.len(), 1);
}
