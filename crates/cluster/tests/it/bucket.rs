//! A cluster over a lake whose tables are in a bucket: executors know nothing of it but its address.
use crate::common::{DAYS, IN_BUCKET, Machines, OF_DAY, PROGRAM};
use query::Told;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Files below a folder.
fn files_in(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_in(&path)) } else { files.push(path.display().to_string()) }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_as_in_one_process_and_leave_nothing() {
    let mut machines = Machines::in_bucket(2);
    let (_, rows) = machines.desk().answer("SELECT count(*), min(start) FROM session").await;
    assert_eq!(rows, [[json!(DAYS * OF_DAY), json!("2017-05-12T00:00:00Z")]], "with what waits in the log");
    crate::common::answers_the_questions_of_the_page(&machines).await;

    // An executor that is lost in the middle.
    let sql = "SELECT a.responder_port, count(*), sum(a.originator_bytes + b.originator_bytes) FROM session a
        JOIN session b ON a.originator = b.originator GROUP BY 1";
    let expected = machines.alone().sorted(sql).await;
    let mut lost = machines.executors.remove(0);
    let desk = machines.desk();
    let killed = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        lost.kill();
    };
    let (told, ()) = tokio::join!(desk.told(sql), killed);
    match told {
        Told::Done(_) => assert_eq!(desk.lines(), expected),
        other => panic!("{other:?}"),
    }

    let asked = machines.bucket.as_ref().unwrap().folder(IN_BUCKET).join("asked");
    assert_eq!(files_in(&asked), Vec::<String>::new());
    assert!(!machines.lake.path().join("asked").exists(), "nothing is left in the folder of the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_with_the_bucket_is_told() {
    let machines = Machines::in_bucket(1);
    machines.bucket.as_ref().unwrap().refuse(true);
    let why = machines.desk().refused("SELECT count(*) FROM session").await;
    assert_eq!(why.code, "query.lake", "{why:?}");
    let cause = format!("{why:?}");
    assert!(!cause.contains("secret"), "{cause}");
    machines.bucket.as_ref().unwrap().refuse(false);

    // A file that is gone is told with its name, and no answer is made of the others.
    let folder = machines.bucket.as_ref().unwrap().folder(IN_BUCKET).join("session");
    let of_table = files_in(&folder).into_iter().find(|path| path.contains("day=2017-05-13")).unwrap();
    std::fs::remove_file(&of_table).unwrap();
    let why = machines.desk().refused("SELECT sum(originator_bytes) FROM session").await;
    let name = of_table.rsplit('/').next().unwrap();
    assert!(why.code == "query.file" && format!("{why:?}").contains(name), "{why:?}");

    // An executor without what it needs to know says so.
    let without =
        Command::new(PROGRAM).args(["executor", "--lake", "s3://records/lake", "--lang", "zh"]).output().unwrap();
    let said = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(
        !without.status.success() && said.contains("AWS_ENDPOINT_URL") && said.contains("s3://records/lake"),
        "{said}"
    );
}

const LIST: &str = "10.0.0.3\n10.2.0.0/16\nd7.example\n203.0.113.2\n192.0.2.1\n";

fn hunted(program: &mut Command) -> (Vec<String>, Value) {
    let asked = program.output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let text = String::from_utf8(asked.stdout).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let read = serde_json::from_str(&lines.pop().unwrap()).unwrap();
    lines.sort();
    (lines, read)
}

#[test]
fn a_hunt_finds_what_it_finds_in_a_folder() {
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), LIST).unwrap();
    let of = |machines: &Machines| {
        let mut hunt = Command::new(PROGRAM);
        hunt.args(["hunt", "--lake", machines.lake.path().to_str().unwrap()])
            .args(["--scheduler", &machines.scheduler.address, "--indicators", list.path().to_str().unwrap()])
            .envs(machines.settings());
        hunted(&mut hunt)
    };
    let (expected, _) = of(&Machines::start(1));
    let machines = Machines::in_bucket(2);
    let (hits, read) = of(&machines);
    assert!(hits.len() > 100 && hits == expected, "{} hits instead of {}", hits.len(), expected.len());
    assert_eq!((&read["files"], &read["of_files"]), (&json!(DAYS - 1), &json!(DAYS - 1)));

    // One that cannot be searched is told by its name below the lake.
    let folder = machines.bucket.as_ref().unwrap().folder(IN_BUCKET).join("session");
    for path in files_in(&folder).into_iter().filter(|path| path.contains("day=2017-05-13")) {
        std::fs::write(path, b"no columns").unwrap();
    }
    let index = files_in(&folder.join("_index"));
    index.iter().for_each(|path| std::fs::write(path, b"no index").unwrap());
    let (_, read) = of(&machines);
    let unreadable = read["unreadable"].as_array().unwrap();
    assert_eq!(unreadable.len(), 1, "{read}");
    let path = unreadable[0]["path"].as_str().unwrap();
    assert!(path.starts_with("session/day=2017-05-13/"), "{path}");
}
