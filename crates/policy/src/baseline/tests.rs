//! Checks: every shipped one is whole, and what is set on real files is undone.

use super::*;
use crate::said::tests::speaks;
use model::Message;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::process::Command;

fn one(reading: &str, expect: &str, more: &str) -> String {
    format!(
        "[[check]]\nid = 'x'\narea = 'ssh'\nseverity = 'low'\nsource = 'https://example.org'\nbreaks = ['nothing']\n\
         [[check.way]]\nplatform = 'linux'\nreading = {reading}\nexpect = {expect}\n{more}\n"
    )
}

fn read(text: &str) -> Result<Baseline, Mistake> {
    Baseline::read([("x.toml", text)]).map_err(|bad| {
        speaks(&bad.message());
        bad.what
    })
}

fn value(text: &str) -> Read {
    Read::Value(text.to_owned())
}

fn shipped(id: &str) -> &'static Way {
    Baseline::builtin().get(id).unwrap().way(Platform::Linux).unwrap()
}

fn run(command: &str) -> (bool, String) {
    let output = Command::new("sh").arg("-c").arg(command).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn every_shipped_check_has_words_a_source_and_commands() {
    let baseline = Baseline::builtin();
    assert!(baseline.len() >= 25, "{}", baseline.len());
    for check in baseline.iter() {
        [check.title(), check.why()].iter().chain(&check.breaks().collect::<Vec<_>>()).for_each(speaks);
        let way = check.way(Platform::Linux).unwrap();
        for phase in Phase::ALL {
            let commands = commands(check, Platform::Linux, phase, Some("0"));
            let is_by_hand = way.set.is_none() && matches!(phase, Phase::Set | Phase::Undo);
            assert_eq!(commands.is_none(), is_by_hand, "{} {phase:?}", check.id);
            // The shell reads each as a command.
            for command in commands.unwrap_or_default() {
                let status = Command::new("sh").args(["-n", "-c", &command]).status().unwrap();
                assert!(status.success(), "{command}");
            }
        }
        if let Some(set) = &way.set {
            assert_eq!(way.evaluate(&value(set)).state, State::Compliant, "{}", check.id);
        }
    }
}

#[test]
fn each_reading_is_as_it_should_be_or_not_or_says_nothing() {
    let failed = || Read::Failed(Message::new("os.permission-denied"));
    let list = |names: &[&str]| Read::List(names.iter().map(|name| (*name).to_owned()).collect());
    let cases = [
        ("aslr", value("2\n"), State::Compliant),
        ("aslr", value("1"), State::Not),
        ("aslr", value(""), State::Not),
        ("aslr", Read::Absent, State::Unknown),
        ("aslr", failed(), State::Unknown),
        ("ptrace", value("3"), State::Compliant),
        ("ptrace", value("0"), State::Not),
        ("ptrace", value("yes"), State::Unknown),
        ("ptrace", Read::Absent, State::Not),
        ("ssh-grace", value("0"), State::Not),
        ("ssh-grace", value("120"), State::Not),
        ("ssh-root-login", Read::Absent, State::Compliant),
        ("ssh-root-login", value("without-password"), State::Not),
        ("telnet-service", value("masked"), State::Compliant),
        ("telnet-service", value("enabled"), State::Not),
        ("telnet-port", list(&[]), State::Compliant),
        ("telnet-port", list(&["0.0.0.0:23"]), State::Not),
        ("telnet-port", value(""), State::Unknown),
        ("one-root", list(&["toor\u{1b}[2J"]), State::Not),
        ("shadow-mode", value("600"), State::Compliant),
        ("shadow-mode", value("0640"), State::Compliant),
        ("shadow-mode", value("644"), State::Not),
        ("shadow-mode", value("4600"), State::Not),
        ("shadow-mode", value("rw-r-----"), State::Unknown),
        ("shadow-mode", list(&[]), State::Unknown),
        ("aslr", value(&"2".repeat(VALUE_BYTES_MAX + 1)), State::Unknown),
    ];
    for (id, read, state) in cases {
        let outcome = shipped(id).evaluate(&read);
        assert_eq!(outcome.state, state, "{id} {read:?}");
        speaks(&outcome.why);
        let english = words::text(&outcome.why, words::Language::En);
        assert!(!english.contains('\u{1b}') && english.len() < 500, "{english}");
    }
}

#[test]
fn what_is_set_on_a_real_file_is_read_back_and_undone() {
    let file = std::env::temp_dir().join(format!("redoubt-baseline-{}", std::process::id()));
    let path = file.display().to_string();
    let cases = [
        (one(&format!("{{ kind = 'mode', path = '{path}' }}"), "{ mode_within = '0600' }", "set = '0600'"), "644"),
        (one(&format!("{{ kind = 'line', file = '{path}', key = 'MAX' }}"), "{ between = [1, 9] }", "set = '9'"), "99"),
    ];
    for (text, before) in cases {
        std::fs::write(&file, "# MAX is here\nMAX\t99\nOTHER 1\n").unwrap();
        assert!(run(&format!("chmod 644 {path}")).0);
        let baseline = read(&text).unwrap();
        let check = baseline.get("x").unwrap();
        let way = check.way(Platform::Linux).unwrap();
        let does = |phase, prior: Option<&str>| {
            let commands = commands(check, Platform::Linux, phase, prior).unwrap();
            commands.iter().map(|command| run(command)).fold(String::new(), |_, (went, said)| {
                assert!(went, "{phase:?}");
                said
            })
        };
        let prior = does(Phase::Save, None);
        assert_eq!((prior.as_str(), way.evaluate(&value(&prior)).state), (before, State::Not));
        does(Phase::Set, None);
        assert_eq!(way.evaluate(&value(&does(Phase::ReadBack, None))).state, State::Compliant);
        does(Phase::Undo, Some(&prior));
        assert_eq!(does(Phase::ReadBack, None), before);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("# MAX is here") && text.contains("OTHER 1"), "{text}");
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn this_machine_is_read() {
    let (mut asked, mut known) = (0, 0);
    for check in Baseline::builtin().iter().filter(|check| check.area == Area::Kernel || check.id == "passwd-mode") {
        let command = commands(check, Platform::Linux, Phase::ReadBack, None).unwrap().join(" && ");
        let (went, said) = run(&command);
        let read = if went { value(&said) } else { Read::Absent };
        let outcome = check.way(Platform::Linux).unwrap().evaluate(&read);
        asked += 1;
        known += usize::from(went && outcome.state != State::Unknown);
    }
    if known == 0 {
        eprintln!("SKIPPED: this machine has neither sysctl nor stat");
        return;
    }
    assert!(known * 2 > asked, "{known} of {asked}");
}

#[test]
fn what_a_machine_says_of_its_past_goes_into_no_command() {
    let check = Baseline::builtin().get("passwd-mode").unwrap();
    for prior in ["644; reboot", "$(id)", "`id`", "a b", "", "-R", "6\n44", "'"] {
        assert_eq!(commands(check, Platform::Linux, Phase::Undo, Some(prior)), None, "{prior:?}");
    }
    let undo = commands(check, Platform::Linux, Phase::Undo, Some("644"));
    assert_eq!(undo, Some(vec!["chmod 644 /etc/passwd".to_owned()]));
    assert_eq!(commands(check, Platform::Windows, Phase::Set, None), None);
}

#[test]
fn a_check_with_a_mistake_is_not_taken() {
    let sshd = "{ kind = 'sshd', key = 'x11forwarding' }";
    let no = "{ one_of = ['no'] }";
    assert!(read(&one(sshd, no, "set = 'no'")).is_ok());
    for (text, mistake) in [
        (one(sshd, no, "set = 'yes'"), Mistake::Set("yes".to_owned())),
        (one(sshd, "{ one_of = [] }", ""), Mistake::Expect),
        (one(sshd, "{ between = [4, 1] }", ""), Mistake::Expect),
        (one(sshd, "'empty'", ""), Mistake::Expect),
        (one(sshd, "{ mode_within = '0640' }", ""), Mistake::Expect),
        (one("{ kind = 'listener', port = 'tcp/23' }", no, ""), Mistake::Expect),
        (one("{ kind = 'mode', path = '/x' }", "{ mode_within = '0888' }", ""), Mistake::Expect),
        (one("{ kind = 'service', name = 'x' }", no, ""), Mistake::Platform),
        (one("{ kind = 'sysctl', key = 'a; id' }", no, ""), Mistake::Word("a; id".to_owned())),
        (one("{ kind = 'mode', path = '/a/../b' }", no, ""), Mistake::Word("/a/../b".to_owned())),
        (one("{ kind = 'mode', path = 'b' }", no, ""), Mistake::Word("b".to_owned())),
        (one(sshd, no, "").replace("https://example.org", "a book"), Mistake::NoSource),
        (one(sshd, no, "") + &one(sshd, no, ""), Mistake::Twice),
        (
            one(sshd, no, "") + &format!("[[check.way]]\nplatform = 'linux'\nreading = {sshd}\nexpect = {no}"),
            Mistake::Ways,
        ),
    ] {
        assert_eq!(read(&text), Err(mistake), "{text}");
    }
    for text in ["check = 1", "[[check]]\nid = 'x'", &one(sshd, no, "colour = 'blue'"), &one("{ kind = 'x' }", no, "")]
    {
        assert!(matches!(read(text), Err(Mistake::Syntax(_))), "{text}");
    }
}

#[test]
fn a_way_of_windows_has_the_same_shape() {
    let registry = r"{ kind = 'registry', key = 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa', name = 'LmCompatibilityLevel' }";
    let text = one("{ kind = 'sysctl', key = 'kernel.randomize_va_space' }", "{ one_of = ['2'] }", "")
        + &format!("[[check.way]]\nplatform = 'windows'\nreading = {registry}\nexpect = {{ one_of = ['0x5'] }}\n");
    let baseline = read(&text).unwrap();
    let way = baseline.get("x").unwrap().way(Platform::Windows).unwrap();
    assert_eq!(way.evaluate(&value("0x5")).state, State::Compliant);
    assert_eq!(way.evaluate(&value("0x1")).state, State::Not);
}

#[test]
fn drift_is_what_reads_otherwise_than_before() {
    let readings = |pairs: &[(&str, &str)]| -> BTreeMap<String, Read> {
        pairs.iter().map(|(id, text)| ((*id).to_owned(), value(text))).collect()
    };
    let before = readings(&[("aslr", "2"), ("ptrace", "1"), ("ssh-x11", "yes"), ("fifos", "1")]);
    let after = readings(&[("aslr", "0"), ("ptrace", "2"), ("ssh-x11", "no"), ("nobody-knows", "1")]);
    let drifts = drift(Baseline::builtin(), Platform::Linux, &before, &after);
    let said: Vec<_> =
        drifts.iter().map(|drift| (drift.check.as_str(), drift.was, drift.is.state, drift.is_worse())).collect();
    assert_eq!(
        said,
        [
            ("aslr", State::Compliant, State::Not, true),
            ("fifos", State::Compliant, State::Unknown, true),
            ("ptrace", State::Compliant, State::Compliant, false),
            ("ssh-x11", State::Not, State::Compliant, false),
        ]
    );
    drifts.iter().for_each(|drift| speaks(&drift.is.why));
    assert!(drift(Baseline::builtin(), Platform::Linux, &before, &before).is_empty());
    assert!(drift(Baseline::builtin(), Platform::Windows, &before, &after).is_empty());
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), names in proptest::collection::vec(any::<String>(), 0..4)) {
        let _ = Baseline::read([("x.toml", text.as_str())]);
        for check in Baseline::builtin().iter() {
            for way in &check.ways {
                speaks(&way.evaluate(&Read::Absent).why);
                let _ = (way.evaluate(&value(&text)), way.evaluate(&Read::List(names.clone())));
            }
        }
    }
}
