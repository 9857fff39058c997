use super::*;
use crate::kernel::processes::Program;
use crate::telemetry::event::{Connection, FileFacts, NetworkDid, Protocol, Publisher};
use proptest::prelude::*;

/// Programs below `/usr` are of a package.
#[derive(Debug, Default)]
struct World;

impl Vouch for World {
    fn vouch(&mut self, _: i32, program: &Program) -> FileFacts {
        let publisher = match program.path.starts_with("/usr") {
            true => Publisher::Package { name: Text::from("base") },
            false => Publisher::Nobody,
        };
        FileFacts { sha256: Some(Text::from("ab")), publisher }
    }
    fn user(&mut self, number: u32) -> Option<String> {
        (number == 1000).then(|| "wang".to_owned())
    }
}

fn facts(parent: i32, path: &str) -> Box<Facts> {
    let program = Program { path: path.into(), device: 1, inode: 1, changed: (0, 0) };
    let arguments = vec![path.rsplit('/').next().unwrap().to_owned(), "-x".to_owned()];
    Box::new(Facts { parent, began: 5, program: Some(program), arguments, ..Facts::default() })
}

struct Bench {
    assembly: Assembly<World>,
    count: u32,
    told: Vec<Event>,
}

impl Bench {
    fn new() -> Bench {
        Bench { assembly: Assembly::new(World), count: 0, told: Vec::new() }
    }

    fn take(&mut self, signal: Signal) {
        self.assembly.take(signal, &mut |event| self.told.push(event));
    }

    fn hear(&mut self, what: What, facts: Option<Box<Facts>>) {
        self.count += 1;
        let notice = Notice { processor: 0, count: self.count, uptime: 0, what };
        self.take(Signal::Process { time: 100 + u64::from(self.count), notice, facts });
    }

    /// What was told of processes: what they did, by whom they come, and what they run.
    fn shown(&self) -> Vec<String> {
        let shown = |event: &Event| {
            let Class::ProcessActivity(ProcessActivity { activity, process }) = &event.what else { return None };
            let above: Vec<_> = process.ancestors.iter().map(|it| format!("{} {}", it.pid, it.path)).collect();
            let runs = match &process.details {
                Details::Known(running) => running.path.to_string(),
                Details::Gone => "gone".to_owned(),
            };
            Some(format!("{} {activity:?} {runs} < {}", process.pid, above.join(" < ")))
        };
        self.told.iter().filter_map(shown).collect()
    }

    fn processes(&self) -> Counts {
        self.assembly.report().sources.iter().find(|it| it.source == Source::Processes).unwrap().counts
    }
}

#[test]
fn a_process_comes_runs_and_ends_with_its_lineage() {
    let mut bench = Bench::new();
    bench.take(Signal::Present { number: 1, facts: facts(0, "/usr/sbin/init") });
    bench.take(Signal::Present { number: 10, facts: facts(1, "/usr/bin/bash") });
    bench.hear(What::Forked { parent: 10, child: 20 }, None);
    bench.hear(What::Began { process: 20 }, Some(facts(10, "/tmp/tool")));
    bench.hear(What::Other, None);
    bench.hear(What::Traced { process: 20, tracer: 10 }, None);
    bench.hear(What::Ended { process: 20, status: 3 << 8 }, None);
    assert_eq!(
        bench.shown(),
        [
            "20 Fork /usr/bin/bash < 10 /usr/bin/bash < 1 /usr/sbin/init",
            "20 Launch /tmp/tool < 10 /usr/bin/bash < 1 /usr/sbin/init",
            "20 Inject { by: 10 } /tmp/tool < 10 /usr/bin/bash < 1 /usr/sbin/init",
            "20 Terminate { code: Some(3), signal: None } /tmp/tool < 10 /usr/bin/bash < 1 /usr/sbin/init",
        ]
    );
    assert_eq!(bench.told.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(bench.processes(), Counts { seen: 5, kept: 4, left_out: 1, ..Counts::default() });
    assert_eq!(ended(9), ProcessDid::Terminate { code: None, signal: Some(9) });
    assert_eq!(ended(0x8b), ProcessDid::Terminate { code: None, signal: Some(11) }, "with a dump");
}

#[test]
fn a_number_that_is_used_again_is_no_ancestor() {
    let mut bench = Bench::new();
    bench.take(Signal::Present { number: 10, facts: facts(1, "/usr/bin/bash") });
    bench.hear(What::Forked { parent: 10, child: 20 }, None);
    bench.hear(What::Forked { parent: 20, child: 30 }, None);
    bench.hear(What::Ended { process: 20, status: 0 }, None);
    bench.hear(What::Forked { parent: 1, child: 20 }, None);
    bench.hear(What::Began { process: 20 }, Some(facts(1, "/usr/bin/other")));
    bench.hear(What::Began { process: 30 }, Some(facts(1, "/tmp/late")));
    assert_eq!(bench.shown().last().unwrap(), "30 Launch /tmp/late < ");
    assert_eq!(bench.shown()[1], "30 Fork /usr/bin/bash < 20 /usr/bin/bash < 10 /usr/bin/bash");
}

#[test]
fn what_was_gone_or_lost_is_said() {
    let mut bench = Bench::new();
    bench.hear(What::Forked { parent: 10, child: 20 }, None);
    bench.count += 7;
    bench.hear(What::Began { process: 21 }, None);
    bench.take(Signal::Lost { source: Source::Processes, count: None });
    bench.take(Signal::Present { number: 22, facts: facts(1, "/usr/bin/ls") });
    bench.take(Signal::Alive(vec![22]));
    bench.hear(What::Ended { process: 22, status: 0 }, None);
    let counts = Counts { seen: 3, kept: 3, left_out: 0, lost: 7, gaps: 1, thin: 2 };
    assert_eq!(bench.processes(), counts);
    assert_eq!(bench.shown()[1], "21 Launch gone < ");
    bench.take(Signal::Report { time: 1 });
    let Class::TelemetryReport(report) = &bench.told.last().unwrap().what else { panic!() };
    assert_eq!(report.sources[0].counts, counts);
}

#[test]
fn one_who_is_let_in_logs_on() {
    let mut bench = Bench::new();
    bench.take(Signal::Present { number: 10, facts: facts(1, "/usr/sbin/sshd") });
    bench.hear(What::Forked { parent: 10, child: 20 }, None);
    bench.hear(What::User { process: 20, real: 1000, effective: 1000 }, None);
    let Class::Authentication(logon) = &bench.told[1].what else { panic!("{:?}", bench.told) };
    assert_eq!((logon.user.as_str(), logon.said_by), ("wang", LogonSource::Process));
    bench.hear(What::Began { process: 20 }, None);
    // Another program that becomes somebody lets nobody in.
    bench.take(Signal::Present { number: 30, facts: facts(1, "/usr/sbin/cron") });
    bench.hear(What::User { process: 30, real: 1000, effective: 1000 }, None);
    let logons = bench.told.iter().filter(|event| matches!(event.what, Class::Authentication(_))).count();
    assert_eq!(logons, 1);
    bench.hear(What::Forked { parent: 30, child: 31 }, None);
    let Class::ProcessActivity(activity) = &bench.told.last().unwrap().what else { panic!() };
    let Details::Known(running) = &activity.process.details else { panic!() };
    assert_eq!((running.user.real, running.user.name.as_deref()), (1000, Some("wang")));
}

#[test]
fn events_are_the_same_after_json() {
    let mut bench = Bench::new();
    bench.take(Signal::Present { number: 10, facts: facts(1, "/usr/bin/bash") });
    bench.hear(What::Forked { parent: 10, child: 20 }, None);
    bench.hear(What::Ended { process: 20, status: 9 }, None);
    let here = "127.0.0.1:80".parse().unwrap();
    let connection = Connection { protocol: Protocol::Tcp, local: here, remote: here, user: 0 };
    let activity = NetworkActivity { activity: NetworkDid::Open, connection, process: None };
    bench.take(Signal::Network { time: 7, activity, owner: Some(10) });
    bench.take(Signal::File { time: 8, did: FileDid::Update, path: "/srv/a".into(), by: 10 });
    let state = SourceState::Deaf(model::Message::new("telemetry.no-modules"));
    bench.take(Signal::State { source: Source::Modules, state });
    bench.take(Signal::End { time: 9 });
    for event in &bench.told {
        let text = serde_json::to_string(event).unwrap();
        assert_eq!(&serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
    let first = serde_json::to_value(&bench.told[1]).unwrap();
    assert_eq!(first["class"], "process_activity");
    assert_eq!(first["activity"], "terminate");
    assert_eq!(first["signal"], 9);
    assert_eq!(first["process"]["details"]["file"]["publisher"]["name"], "base");
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut bench = Bench::new();
    bench.take(Signal::Present { number: 1, facts: facts(0, "/usr/sbin/init") });
    for child in 2..60_000 {
        bench.hear(What::Forked { parent: 1, child }, None);
        bench.hear(What::Ended { process: child, status: 0 }, None);
        bench.told.clear();
    }
    assert!(bench.assembly.kin.len() <= super::super::kin::ENDED_MAX + 1, "{}", bench.assembly.kin.len());
}

fn whats() -> impl Strategy<Value = (What, bool)> {
    let number = 1..6_i32;
    let what = prop_oneof![
        (number.clone(), number.clone()).prop_map(|(parent, child)| What::Forked { parent, child }),
        number.clone().prop_map(|process| What::Began { process }),
        number.clone().prop_map(|process| What::Ended { process, status: 0 }),
        (number.clone(), 0..3_u32).prop_map(|(process, real)| What::User { process, real, effective: real }),
        (number.clone(), number).prop_map(|(process, tracer)| What::Traced { process, tracer }),
        (1..6_i32).prop_map(|thread| What::Thread { thread }),
        Just(What::Other),
    ];
    (what, any::<bool>())
}

proptest! {
    /// Whatever comes in whatever order, each message is counted once, and each event is told with the next number.
    #[test]
    fn nothing_goes_away_in_silence(whats in proptest::collection::vec(whats(), 0..60)) {
        let mut bench = Bench::new();
        for (what, seen) in &whats {
            bench.hear(*what, seen.then(|| facts(1, "/usr/bin/x")));
        }
        let counts = bench.processes();
        prop_assert_eq!(counts.seen, whats.len() as u64);
        prop_assert_eq!(counts.seen, counts.kept + counts.left_out);
        prop_assert!(bench.told.iter().zip(1..).all(|(event, number)| event.sequence == number));
    }
}
