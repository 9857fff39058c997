//! Groups: what comes down, what is refused, and what a change says of itself.

use super::*;
use crate::ids::{GroupId, Person};
use crate::said::tests::speaks;
use crate::{Digest, Kind, Mode, Origin, Rung, Subject, decide};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ONE: Digest = Digest([1; 32]);
const TWO: Digest = Digest([2; 32]);
const NOON: u64 = 1_800_000_000;

fn id(text: &str) -> GroupId {
    GroupId::new(text)
}

fn group(name: &str, parent: Option<&str>, settings: Settings) -> Group {
    Group { id: id(name), name: name.to_owned(), parent: parent.map(id), settings }
}

fn plain(name: &str, parent: Option<&str>) -> Group {
    group(name, parent, Settings::default())
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Everybody, offices, and the accounts in offices.
fn house() -> Vec<Group> {
    let everybody = Settings {
        mode: Some(Mode::Simulate),
        trust_packages: Some(true),
        reputation_from: Some(Threshold::From(80)),
        denied: [ONE].into(),
        deployers: set(&["/usr/bin/deploy"]),
        protected: set(&["/srv"]),
        ..Settings::default()
    };
    let offices = Settings { mode: Some(Mode::Enforce), deployed: set(&["/opt/house"]), ..Settings::default() };
    let accounts = Settings {
        reputation_from: Some(Threshold::Off),
        allowed: [ONE, TWO].into(),
        deployers: set(&["/usr/bin/deploy", "/usr/bin/puppet"]),
        ..Settings::default()
    };
    vec![
        group("everybody", None, everybody),
        group("offices", Some("everybody"), offices),
        group("accounts", Some("offices"), accounts),
    ]
}

fn tree(groups: Vec<Group>) -> Tree {
    Tree::new(groups, Vec::new()).unwrap()
}

fn accounts(groups: Vec<Group>) -> Effective {
    tree(groups).effective(&id("accounts"), NOON).unwrap()
}

#[test]
fn what_a_group_does_not_say_is_from_the_nearest_that_does() {
    let effective = accounts(house());
    assert_eq!(effective.path, [id("everybody"), id("offices"), id("accounts")]);
    assert_eq!(effective.mode, Sourced { value: Mode::Enforce, from: Some(id("offices")) });
    assert_eq!(effective.trust_packages, Sourced { value: true, from: Some(id("everybody")) });
    assert_eq!(effective.reputation_from, Sourced { value: Threshold::Off, from: Some(id("accounts")) });
    assert_eq!(effective.unknown_may, Sourced { value: false, from: None });
    assert_eq!(effective.rules().reputation_from, None);
}

#[test]
fn lists_add_up_and_say_who_named_what() {
    let effective = accounts(house());
    assert_eq!(effective.deployers["/usr/bin/deploy"], [id("everybody"), id("accounts")]);
    assert_eq!(effective.deployers["/usr/bin/puppet"], [id("accounts")]);
    assert_eq!(effective.deployed["/opt/house"], [id("offices")]);
    assert_eq!(effective.protected["/srv"], [id("everybody")]);
}

#[test]
fn a_denial_above_wins_over_what_is_allowed_below() {
    let effective = accounts(house());
    assert_eq!(effective.allowed.keys().collect::<Vec<_>>(), [&TWO]);
    let overruled = Overruled { sha256: ONE, allowed_by: vec![id("accounts")], denied_by: vec![id("everybody")] };
    assert_eq!(effective.overruled, [overruled]);
    let subject = Subject {
        kind: Kind::Program,
        path: "/opt/house/run".to_owned(),
        sha256: Some(ONE),
        origin: Origin::Nobody,
        writer: None,
    };
    assert_eq!(decide(&effective.rules(), &subject).rung, Rung::Denied);
}

#[test]
fn what_is_no_tree_is_refused_with_what_and_where() {
    let deep: Vec<_> = (0..=DEPTH_MAX)
        .map(|at| plain(&format!("g{at}"), (at > 0).then(|| format!("g{}", at - 1)).as_deref()))
        .collect();
    let long = Settings { heartbeat_seconds: Some(1), ..Settings::default() };
    let cases: Vec<(Vec<Group>, &str)> = vec![
        (vec![], "There are no groups: one has to be there that all others are below"),
        (vec![plain("a", None), plain("a", None)], "There are two groups with the id a"),
        (
            vec![plain("a", None), Group { name: "A ".to_owned(), ..plain("b", Some("a")) }],
            "The groups a and b are both called “A ”",
        ),
        (vec![plain("a", None), plain("b", None)], "Neither a nor b has a group above it: only one may be the root"),
        (vec![plain("a", None), plain("b", Some("c"))], "The group b is below c, which is not there"),
        (vec![plain("a", Some("a"))], "These groups are above themselves: a → a"),
        (
            vec![plain("r", None), plain("a", Some("b")), plain("b", Some("c")), plain("c", Some("a"))],
            "These groups are above themselves: a → b → c → a",
        ),
        (deep, "The group g8 is the 9th from the root: 8 levels are allowed"),
        (vec![plain("a b", None)], "“a b” is no id of a group: it takes one to 64 letters, digits or ._:-@"),
        (
            vec![group("a", None, long)],
            "The group a cannot have this setting (time between heartbeats): 1 is not between 10 and 86400",
        ),
    ];
    for (groups, words) in cases {
        let error = Tree::new(groups, Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), words);
        speaks(&error.message());
    }
    let many = (0..=GROUPS_MAX).map(|at| plain(&at.to_string(), None)).collect();
    assert_eq!(Tree::new(many, Vec::new()), Err(GroupError::TooMany { count: GROUPS_MAX + 1 }));
    assert!(tree(house()).effective(&id("x"), NOON).is_err());
}

#[test]
fn a_circle_as_long_as_there_may_be_groups_is_found() {
    let ring = |at: usize| plain(&at.to_string(), Some(&((at + 1) % GROUPS_MAX).to_string()));
    let error = Tree::new((0..GROUPS_MAX).map(ring).collect(), Vec::new()).unwrap_err();
    assert!(matches!(&error, GroupError::Cycle { path } if path.len() == GROUPS_MAX + 1));
    assert!(error.to_string().len() < 200);
}

#[test]
fn settings_that_open_more_than_they_say_are_refused() {
    let with = |change: fn(&mut Settings, &str), text: &str| {
        let mut settings = Settings::default();
        change(&mut settings, text);
        settings.check().map_err(|(_, bad)| bad)
    };
    let deployed: fn(&mut Settings, &str) = |settings, text| settings.deployed = set(&[text]);
    let protected: fn(&mut Settings, &str) = |settings, text| settings.protected = set(&[text]);
    let publishers: fn(&mut Settings, &str) = |settings, text| settings.publishers = set(&[text]);
    let wide = |text: &str| Err(Bad::TooWide(text.to_owned()));
    let path = |text: &str| Err(Bad::Path(text.to_owned()));
    assert_eq!(with(deployed, "/opt/a"), Ok(()));
    assert_eq!(with(deployed, "/tmpfiles"), Ok(()));
    for open in ["/", "//", "/tmp", "/tmp/x", "/home/ann", "/var/tmp/"] {
        assert_eq!(with(deployed, open), wide(open));
    }
    for bad in ["", "opt", "/opt/../tmp", "/opt/./x", "/a\0b"] {
        assert_eq!(with(deployed, bad), path(bad));
        assert_eq!(with(protected, bad), path(bad));
    }
    assert_eq!(with(protected, "/home"), Ok(()));
    assert_eq!(with(protected, "/"), wide("/"));
    for bad in ["", " a", "a\n"] {
        assert_eq!(with(publishers, bad), Err(Bad::Name(bad.to_owned())));
    }
    let over = Settings { reputation_from: Some(Threshold::From(101)), ..Settings::default() };
    assert_eq!(over.check(), Err((Setting::ReputationFrom, Bad::Range { value: 101, from: 0, to: 100 })));
    let digest = |at: u32| Digest(std::array::from_fn(|byte| at.to_be_bytes()[byte % 4]));
    let many = Settings { allowed: (0..=20_000).map(digest).collect(), ..Settings::default() };
    let too_many = Bad::TooMany { count: LIST_MAX + 1, most: LIST_MAX };
    assert_eq!(many.check(), Err((Setting::Allowed, too_many)));
    for bad in [Bad::TooMany { count: 2, most: 1 }, Bad::Path("x".to_owned()), Bad::TooWide("/".to_owned())] {
        speaks(&bad.message());
    }
}

#[test]
fn a_setting_nobody_knows_is_an_error_and_not_left_out() {
    assert!(serde_json::from_str::<Settings>(r#"{"mod":"enforce"}"#).is_err());
    let settings: Settings = serde_json::from_str(r#"{"mode":"enforce","reputation_from":{"from":70}}"#).unwrap();
    assert_eq!(settings.reputation_from, Some(Threshold::From(70)));
    assert_eq!(serde_json::to_string(&Settings::default()).unwrap(), "{}");
}

fn glass(group: &str, from: u64, until: u64) -> BreakGlass {
    BreakGlass { group: id(group), who: Person::new("ann"), why: "payroll does not start".to_owned(), from, until }
}

#[test]
fn broken_glass_simulates_below_for_a_while_and_ends_by_itself() {
    let tree = Tree::new(house(), vec![glass("offices", NOON, NOON + 60)]).unwrap();
    let mode = |group: &str, now| tree.effective(&id(group), now).unwrap().mode_now();
    assert_eq!(mode("accounts", NOON - 1), Mode::Enforce);
    assert_eq!(mode("accounts", NOON), Mode::Simulate);
    assert_eq!(mode("accounts", NOON + 59), Mode::Simulate);
    assert_eq!(mode("accounts", NOON + 60), Mode::Enforce);
    // A group that only observes is not made to simulate, and one above is left alone.
    assert_eq!(mode("everybody", NOON), Mode::Simulate);
    let effective = tree.effective(&id("accounts"), NOON).unwrap();
    assert_eq!((effective.mode.value, effective.break_glass.unwrap().group), (Mode::Enforce, id("offices")));
}

#[test]
fn glass_is_broken_by_somebody_for_a_reason_and_for_a_day_at_most() {
    let whole = glass("offices", NOON, NOON + BREAK_GLASS_SECONDS_MAX);
    assert_eq!(whole.check(), Ok(()));
    let bad = [
        (BreakGlass { until: NOON, ..whole.clone() }, "policy.glass-ends-first"),
        (BreakGlass { until: NOON - 1, ..whole.clone() }, "policy.glass-ends-first"),
        (BreakGlass { until: whole.until + 1, ..whole.clone() }, "policy.glass-too-long"),
        (BreakGlass { until: u64::MAX, ..whole.clone() }, "policy.glass-too-long"),
        (BreakGlass { why: "  ".to_owned(), ..whole.clone() }, "policy.glass-no-reason"),
        (BreakGlass { who: Person::new(""), ..whole.clone() }, "policy.glass-nobody"),
    ];
    for (glass, code) in bad {
        let why = glass.check().unwrap_err();
        assert_eq!(why.code, code);
        speaks(&why);
        assert!(Tree::new(house(), vec![glass]).is_err());
    }
    assert!(Tree::new(house(), vec![glass("nobody", NOON, NOON + 1)]).is_err());
    speaks(&whole.message());
}

/// What a change to the accounts says: the setting, the direction, the words in English.
#[track_caller]
fn says(change: fn(&mut Settings), expected: &[(Setting, Direction, &str)]) {
    let mut groups = house();
    change(&mut groups[2].settings);
    let (before, after) = (accounts(house()), accounts(groups));
    let changes = diff(&before, &after);
    changes.iter().for_each(|change| speaks(&change.words));
    let english = |change: &Change| words::text(&change.words, words::Language::En);
    let said: Vec<_> = changes.iter().map(|change| (change.setting, change.direction, english(change))).collect();
    let expected: Vec<_> = expected.iter().map(|(setting, way, text)| (*setting, *way, (*text).to_owned())).collect();
    assert_eq!(said, expected);
    // The way back undoes it, and so goes the other way.
    let back: Vec<_> = diff(&after, &before).iter().map(|change| (change.setting, change.direction)).collect();
    let other = |way| if way == Direction::Loosens { Direction::Tightens } else { Direction::Loosens };
    let turned: BTreeSet<_> = said.iter().map(|(setting, way, _)| (*setting, other(*way))).collect();
    assert_eq!(back.into_iter().collect::<BTreeSet<_>>(), turned);
}

#[test]
fn a_change_says_whether_it_loosens() {
    use Direction::{Loosens, Tightens};
    says(|settings| settings.mode = Some(Mode::Enforce), &[]);
    says(|settings| settings.mode = Some(Mode::Observe), &[(Setting::Mode, Loosens, "mode: enforce becomes observe")]);
    says(
        |settings| settings.trust_packages = Some(false),
        &[(Setting::TrustPackages, Tightens, "trust installed packages: yes becomes no")],
    );
    says(
        |settings| settings.unknown_may = Some(true),
        &[(Setting::UnknownMay, Loosens, "let the unknown run: no becomes yes")],
    );
    says(
        |settings| settings.reputation_from = None,
        &[(Setting::ReputationFrom, Loosens, "run by reputation: no becomes from 80 on")],
    );
    says(
        |settings| settings.heartbeat_seconds = Some(600),
        &[(Setting::HeartbeatSeconds, Loosens, "time between heartbeats: 60 seconds becomes 600 seconds")],
    );
    says(
        |settings| settings.agent = Some(AgentVersion::Release { version: "1.4.0".to_owned(), older: false }),
        &[(Setting::Agent, Loosens, "version of the agent: as it is becomes 1.4.0")],
    );
    says(
        |settings| settings.undo_bytes_max = Some(1 << 30),
        &[(Setting::UndoBytesMax, Loosens, "room for undoing changes to files: 4096 MiB becomes 1024 MiB")],
    );
    says(
        |settings| settings.telemetry = Some([Telemetry::Network].into()),
        &[
            (Setting::Telemetry, Tightens, "telemetry: network connections is kept as well"),
            (Setting::Telemetry, Loosens, "telemetry: what ran is no longer kept"),
        ],
    );
    says(
        |settings| settings.protected = set(&["/home"]),
        &[(Setting::Protected, Tightens, "protected folders: 1 added, among them /home")],
    );
    says(
        |settings| settings.deployers = BTreeSet::new(),
        &[(Setting::Deployers, Tightens, "deployers: 1 removed, among them /usr/bin/puppet")],
    );
    // Denying what was allowed takes it off one list and puts it on the other.
    let two = TWO.to_string();
    says(
        |settings| settings.denied = [TWO].into(),
        &[
            (Setting::Denied, Tightens, &format!("denied files: 1 added, among them {two}")),
            (Setting::Allowed, Tightens, &format!("allowed files: 1 removed, among them {two}")),
        ],
    );
}

#[test]
fn breaking_glass_loosens_and_its_end_tightens() {
    let tree = Tree::new(house(), vec![glass("offices", NOON, NOON + 60)]).unwrap();
    let at = |now| tree.effective(&id("offices"), now).unwrap();
    let [begins, ends] = [diff(&at(NOON - 1), &at(NOON)), diff(&at(NOON), &at(NOON + 60))];
    assert_eq!((begins.len(), begins[0].direction), (1, Direction::Loosens));
    assert_eq!((ends.len(), ends[0].direction), (1, Direction::Tightens));
    speaks(&ends[0].words);
}

#[test]
fn a_change_above_shows_in_every_group_below() {
    let mut groups = house();
    groups[0].settings.trust_packages = Some(false);
    groups[1].settings.mode = Some(Mode::Simulate);
    let affected = affected(&tree(house()), &tree(groups), NOON);
    let counts: Vec<_> = affected.iter().map(|(group, changes)| (group.0.as_str(), changes.len())).collect();
    assert_eq!(counts, [("accounts", 2), ("everybody", 1), ("offices", 2)]);
    let tree = tree(house());
    assert_eq!(tree.below(&id("offices")), [&id("accounts"), &id("offices")]);
    assert_eq!(tree.root(), &id("everybody"));
}

#[test]
fn every_setting_has_a_name() {
    Setting::ALL.iter().for_each(|setting| speaks(&setting.name()));
}

proptest! {
    /// Whatever groups point at, they are a tree or refused; in a tree everything has what holds for it.
    #[test]
    fn groups_are_a_tree_or_refused(parents in proptest::collection::vec(proptest::option::of(0_usize..8), 1..8)) {
        let name = |at: usize| format!("g{at}");
        let groups = parents.iter().enumerate().map(|(at, parent)| plain(&name(at), parent.map(name).as_deref()));
        match Tree::new(groups.collect(), Vec::new()) {
            Ok(tree) => for group in tree.iter() {
                let effective = tree.effective(&group.id, NOON).unwrap();
                prop_assert_eq!(effective.path.first(), Some(tree.root()));
                prop_assert!(diff(&effective, &effective).is_empty());
            },
            Err(error) => speaks(&error.message()),
        }
    }

    /// A file that is denied anywhere on the way runs nowhere below it.
    #[test]
    fn denied_above_is_denied_below(depth in 1_usize..DEPTH_MAX, at in 0_usize..DEPTH_MAX) {
        let groups = (0..depth).map(|level| {
            let denied = if level == at % depth { [ONE].into() } else { BTreeSet::new() };
            let settings = Settings { denied, allowed: [ONE].into(), unknown_may: Some(true), ..Settings::default() };
            let parent = level.checked_sub(1).map(|above| format!("g{above}"));
            group(&format!("g{level}"), parent.as_deref(), settings)
        });
        let tree = tree(groups.collect());
        let lowest = tree.effective(&id(&format!("g{}", depth - 1)), NOON).unwrap();
        prop_assert!(!lowest.rules().allowed.contains(&ONE) && lowest.rules().denied.contains(&ONE));
    }
}
