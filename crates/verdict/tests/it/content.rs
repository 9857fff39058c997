//! The rules that are shipped: what they name exists, and what they say has words.

use std::collections::BTreeSet;
use std::path::Path;
use verdict::{Asks, Condition, Ledger, Rule};
use words::Language;

/// Parameters that every reason has.
const ALWAYS: &[&str] = &["name", "kind", "container"];

#[test]
fn the_rules_are_many_and_can_be_read() {
    let ledger = Ledger::builtin();
    assert!(ledger.rules().len() >= 60, "{}", ledger.rules().len());
    assert!(ledger.version().starts_with("1+"), "{}", ledger.version());
    assert!(ledger.rules().iter().any(|rule| rule.points < 0));
}

/// A fact or kind that does not exist stops the loading; oddities are only known by where they are told.
#[test]
fn every_oddity_that_a_rule_names_is_told_by_a_reader() {
    let mut source = String::new();
    sources(&testkit::workspace().join("crates/formats/src"), &mut source);
    let mut missing = BTreeSet::new();
    for rule in Ledger::builtin().rules() {
        rule.each(&mut |condition| {
            if let Asks::Oddity { code, prefix, .. } = &condition.asks {
                let literal = if *prefix { format!("\"{code}") } else { format!("\"{code}\"") };
                if !source.contains(&literal) {
                    missing.insert(format!("{}: {code}", rule.id));
                }
            }
        });
    }
    assert!(missing.is_empty(), "no reader tells {missing:#?}");
}

#[test]
fn every_rule_has_words_in_both_languages_and_fills_them() {
    let mut wrong = Vec::new();
    for rule in Ledger::builtin().rules() {
        let told = parameters(rule);
        for language in Language::ALL {
            match words::template(&format!("ledger.{}", rule.id), language) {
                None => wrong.push(format!("`{}` has no words in {language}", rule.id)),
                Some(text) => wrong.extend(
                    placeholders(text)
                        .filter(|name| !told.contains(*name))
                        .map(|name| format!("`{}` does not tell `{name}` ({language})", rule.id)),
                ),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn words_without_a_rule_are_gone() {
    let ids: BTreeSet<&str> = Ledger::builtin().rules().iter().map(|rule| rule.id.as_str()).collect();
    let path = testkit::workspace().join("locales/en/ledger.json");
    let texts: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let left: Vec<_> = texts.keys().filter(|key| !ids.contains(key.as_str())).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn every_limit_and_state_has_words() {
    use formats::Limit;
    let limits = [
        Limit::Depth,
        Limit::Children,
        Limit::FileBytes,
        Limit::ExpandedBytes,
        Limit::Entries,
        Limit::Steps,
        Limit::TextBytes,
        Limit::Time,
    ];
    let limits = limits.iter().map(|limit| format!("verdict.limit-{}", limit.label()));
    let states = verdict::State::ALL.iter().map(|state| state.message().code);
    for code in limits.chain(states) {
        assert!(words::template(&code, Language::ZhCn).is_some(), "{code}");
    }
}

fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let for_tests = ["tests", "tests.rs", "kit.rs"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !for_tests {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !for_tests {
            let source = std::fs::read_to_string(&path).unwrap();
            text.push_str(source.split("mod tests {").next().unwrap());
        }
    }
}

/// The parameters that a rule always fills: those of conditions that all have to hold, and of alternatives together.
fn parameters(rule: &Rule) -> BTreeSet<String> {
    let mut told: BTreeSet<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
    told.extend(rule.all.iter().filter(|condition| shows(condition)).map(|condition| condition.shown_as.clone()));
    if !rule.any.is_empty() && rule.any.iter().all(shows) {
        told.extend(rule.any.iter().map(|condition| condition.shown_as.clone()));
    }
    told
}

/// Whether what meets a condition can be shown.
fn shows(condition: &Condition) -> bool {
    !matches!(
        condition.asks,
        Asks::Kind(_)
            | Asks::Group(_)
            | Asks::Storage(_)
            | Asks::Outcome(_)
            | Asks::Size(_)
            | Asks::Depth(_)
            | Asks::Sha256(_)
    )
}

fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(name, _)| name.trim())
}

/// A rule that asks one kind of file for what is only told of another is never met.
#[test]
fn what_a_rule_asks_for_is_told_of_a_kind_that_it_asks_for() {
    let mut never = BTreeSet::new();
    for rule in Ledger::builtin().rules() {
        let mut look = |all: &[Condition], any: &[Condition]| {
            if !formats::Kind::ALL.iter().any(|kind| can_meet(*kind, all, any)) {
                never.insert(format!("{}: {all:?} {any:?}", rule.id));
            }
        };
        look(&rule.all, &rule.any);
        rule.each(&mut |condition| match &condition.asks {
            Asks::Parent(all) | Asks::Within(all) | Asks::Child { all, .. } | Asks::Inside { all, .. } => {
                look(all, &[]);
            }
            _ => {}
        });
        // Each alternative is there for something.
        for condition in &rule.any {
            look(&rule.all, std::slice::from_ref(condition));
        }
    }
    assert!(never.is_empty(), "{never:#?}");
}

/// Whether a file of a kind can meet all of some conditions, and one of others if there are any, by what its readers tell.
fn can_meet(kind: formats::Kind, all: &[Condition], any: &[Condition]) -> bool {
    let tells = |namespace: &str, name: &str| {
        // Told of every file, whoever reads it.
        namespace == "file"
            || formats::reader(kind)
                .is_some_and(|reader| reader.facts().any(|fact| (fact.namespace, fact.name) == (namespace, name)))
    };
    let meets = |condition: &Condition| match &condition.asks {
        Asks::Kind(kinds) => kinds.iter().any(|other| kind.is(*other)),
        Asks::Group(groups) => groups.contains(&kind.group()),
        Asks::Fact { fact, .. } => tells(fact.namespace, fact.name),
        Asks::Child { .. } | Asks::Inside { .. } => formats::reader(kind).is_some_and(formats::Reader::has_parts),
        _ => true,
    };
    all.iter().all(meets) && (any.is_empty() || any.iter().any(meets))
}

/// What is called clean was read: a kind without a reader, or one whose readers leave something, is never that.
#[test]
fn every_kind_that_can_be_clean_has_a_reader() {
    let ledger = Ledger::builtin();
    for kind in formats::Kind::ALL {
        let is_read = formats::reader(*kind).is_some();
        assert!(is_read || !ledger.is_deep(*kind), "{kind} has no reader");
        // Text in a notation says what it says.
        assert!(is_read || !ledger.is_passive(*kind) || kind.is_text(), "{kind} has no reader");
    }
}

/// A rule may ask what a file is besides only of kinds that are looked for.
#[test]
fn every_kind_that_a_rule_asks_of_what_a_file_is_besides_is_told() {
    let picture: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";
    let archive = crate::kit::zip(&[crate::kit::entry("a.txt", b"hello")]);
    let samples: [&[u8]; 3] = [&archive, b"<hta:application>", b"\n%PDF-1.4\n1 0 obj"];
    let told: BTreeSet<formats::Kind> = samples
        .iter()
        .flat_map(|sample| formats::identify(&[picture, *sample].concat()).also)
        .map(|also| also.kind)
        .collect();
    let mut never = BTreeSet::new();
    for rule in Ledger::builtin().rules() {
        rule.each(&mut |condition| {
            if let Asks::Also(kinds) = &condition.asks {
                never.extend(
                    kinds.iter().filter(|kind| !told.contains(kind)).map(|kind| format!("{}: {kind}", rule.id)),
                );
            }
        });
    }
    assert!(never.is_empty(), "nothing tells {never:#?}");
}
