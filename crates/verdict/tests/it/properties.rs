//! What holds of every verdict, whatever the file.

use formats::strings::{Indicator, IndicatorKind, Layer};
use formats::{Limits, Oddity, Outcome, Part, State as Known, Value, Vector};
use model::Message;
use proptest::prelude::*;
use std::collections::BTreeMap;
use verdict::{Asks, Found, Ledger, Overruling, RuleMatch, State, Verdict, judge};

type All = BTreeMap<usize, Found>;

fn verdict(root: &Part, found: &All) -> Verdict {
    judge(Ledger::builtin(), root, found)
}

fn apart(name: &str, bytes: &[u8]) -> Part {
    formats::take_apart(name, bytes, &Limits::default(), &[], &|| false)
}

/// Files of several kinds, some of them odd.
fn roots() -> Vec<Part> {
    let program = crate::kit::program();
    let shortcut = crate::kit::shortcut(r"C:\Windows\System32\cmd.exe", "/c echo hello", "");
    vec![
        apart(
            "a.zip",
            &crate::kit::zip(&[crate::kit::entry("a.txt", b"hello"), crate::kit::entry("b.pdf.exe", &program)]),
        ),
        apart("a.exe", &program),
        apart(
            "a.eml",
            &crate::kit::mail(
                "a.zip",
                &crate::kit::zip(&[crate::kit::entry("a.lnk", &shortcut), crate::kit::entry("b.txt", b"b")]),
            ),
        ),
        apart("a.doc", &crate::kit::macro_document("Sub AutoOpen()\r\nMsgBox \"hello\"\r\nEnd Sub\r\n")),
        apart(
            "a.iso",
            &crate::kit::disc(&[("A.LNK", &shortcut, true), ("B.TXT", b"b", false), ("C.EXE", &program, false)]),
        ),
        apart("a.rtf", b"{\\rtf1 hello}"),
    ]
}

/// Codes of oddities that rules ask for, and never in `none`, where one more takes a point back.
fn codes() -> Vec<String> {
    let mut codes = Vec::new();
    for rule in Ledger::builtin().rules().iter().filter(|rule| rule.points > 0) {
        for condition in rule.all.iter().chain(&rule.any) {
            if let Asks::Oddity { code, prefix: false, .. } = &condition.asks {
                codes.push(code.clone());
            }
        }
    }
    codes
}

fn part_mut(part: &mut Part, number: usize) -> Option<&mut Part> {
    if part.number == number {
        return Some(part);
    }
    part.children.iter_mut().find_map(|child| part_mut(child, number))
}

/// Something more that is found in a file.
#[derive(Debug, Clone)]
enum More {
    Oddity(String),
    Match(Option<i64>),
    Indicator(IndicatorKind, bool),
}

fn more() -> impl Strategy<Value = More> {
    prop_oneof![
        prop::sample::select(codes()).prop_map(More::Oddity),
        prop::option::of(0_i64..100).prop_map(More::Match),
        (prop::sample::select(IndicatorKind::ALL.to_vec()), any::<bool>())
            .prop_map(|(kind, common)| More::Indicator(kind, common)),
    ]
}

fn add(root: &mut Part, found: &mut All, at: prop::sample::Index, more: &More, nth: usize) {
    let number = at.index(root.all().count());
    let here = found.entry(number).or_default();
    match more {
        More::Oddity(code) => {
            part_mut(root, number)
                .unwrap()
                .oddities
                .push(Oddity::new(Message::new(code.as_str()).with("packer", "UPX")));
        }
        More::Match(score) => {
            here.matches.push(RuleMatch { rule: format!("rule{nth}"), score: *score, ..RuleMatch::default() });
        }
        More::Indicator(kind, common) => here.indicators.push(Indicator {
            kind: *kind,
            value: format!(r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run\{nth}"),
            at: 0,
            layer: Layer::Base64,
            common: *common,
        }),
    }
}

fn root() -> impl Strategy<Value = Part> {
    prop::sample::select(roots())
}

fn turn(part: &mut Part) {
    part.children.reverse();
    part.children.iter_mut().for_each(turn);
}

fn rulings() -> impl Strategy<Value = Vec<(usize, Overruling)>> {
    let ruling = prop_oneof![
        Just(Overruling::Denied),
        Just(Overruling::Allowed),
        Just(Overruling::KnownHash { source: "feed".into() }),
        Just(Overruling::TrustedPublisher { thumbprint: "ab01".into(), name: "Somebody".into() }),
    ];
    prop::collection::vec((0_usize..4, ruling), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn more_that_is_found_never_lowers_the_score(
        mut root in root(), all in prop::collection::vec((any::<prop::sample::Index>(), more()), 1..8),
    ) {
        let mut found = All::new();
        let mut before = verdict(&root, &found);
        for (nth, (at, more)) in all.iter().enumerate() {
            add(&mut root, &mut found, *at, more, nth);
            let after = verdict(&root, &found);
            prop_assert!(after.score >= before.score, "{more:?}: {} to {}", before.score, after.score);
            prop_assert!(after.state != State::Clean || before.state == State::Clean);
            before = after;
        }
    }

    #[test]
    fn the_order_of_parts_does_not_matter(
        mut root in root(), all in prop::collection::vec((any::<prop::sample::Index>(), more()), 0..8),
    ) {
        let mut found = All::new();
        for (nth, (at, more)) in all.iter().enumerate() {
            add(&mut root, &mut found, *at, more, nth);
        }
        let mut turned = root.clone();
        turn(&mut turned);
        let (one, other) = (verdict(&root, &found), verdict(&turned, &found));
        prop_assert_eq!((one.state, one.score), (other.state, other.score));
    }

    #[test]
    fn the_same_once_more_changes_nothing(
        mut root in root(), all in prop::collection::vec((any::<prop::sample::Index>(), more()), 0..8),
    ) {
        let mut found = All::new();
        for (nth, (at, more)) in all.iter().enumerate() {
            add(&mut root, &mut found, *at, more, nth);
        }
        let once = verdict(&root, &found);
        for found in found.values_mut() {
            let (matches, indicators) = (found.matches.clone(), found.indicators.clone());
            found.matches.extend(matches);
            found.indicators.extend(indicators);
        }
        let numbers: Vec<usize> = root.all().map(|part| part.number).collect();
        for number in numbers {
            let part = part_mut(&mut root, number).unwrap();
            let again = part.oddities.clone();
            part.oddities.extend(again);
        }
        let twice = verdict(&root, &found);
        prop_assert_eq!((once.state, once.score), (twice.state, twice.score));
    }

    #[test]
    fn what_was_not_read_is_never_clean(mut root in root(), at in any::<prop::sample::Index>(), how in 0..4) {
        let number = at.index(root.all().count());
        let part = part_mut(&mut root, number).unwrap();
        match how {
            0 => part.outcome = Outcome::Failed(Message::new("file.damaged")),
            1 => part.outcome = Outcome::Limited(formats::Limit::Time),
            2 => part.outcome = Outcome::Partial(Message::new("file.damaged")),
            _ => part.vectors.push(Vector {
                namespace: "zip", name: "entries", state: Known::Limited(formats::Limit::Entries), at: None,
            }),
        }
        let verdict = verdict(&root, &All::new());
        prop_assert!(!verdict.complete && verdict.state != State::Clean && verdict.state != State::Unknown);
        prop_assert!(verdict.reasons.iter().any(|reason| reason.family == "unread"));
    }

    #[test]
    fn lists_stand_above_one_another(root in root(), mut named in rulings(), turn in any::<prop::sample::Index>()) {
        let ruled = verdict(&root, &All::new()).overruled_by(&root, &named);
        let count = root.all().count();
        let is = |number: usize, by: &Overruling| number < count && named.iter().any(|(other, ruling)| *other == number && ruling == by);
        let expected = if (0..count).any(|number| is(number, &Overruling::Denied)) {
            Some(State::Malicious)
        } else if is(0, &Overruling::Allowed) {
            Some(State::Clean)
        } else {
            let known = Overruling::KnownHash { source: "feed".into() };
            (0..count).any(|number| is(number, &known) && !is(number, &Overruling::Allowed)).then_some(State::Malicious)
        };
        prop_assert_eq!(ruled.overruled.as_ref().map(|overruled| overruled.by.state()), expected);
        prop_assert_eq!(ruled.standing(), expected.unwrap_or(ruled.state));
        // Nor does it matter in which order they speak.
        let middle = turn.index(named.len().max(1));
        if !named.is_empty() {
            named.rotate_left(middle);
        }
        prop_assert_eq!(verdict(&root, &All::new()).overruled_by(&root, &named), ruled);
    }
}

const OWN: [u8; 2] = [0xab, 0x01];
const OTHER: [u8; 2] = [0xab, 0x02];

/// A program whose facts say who signed it.
fn signed(digest_matches: bool, right: bool, certificate: [u8; 2]) -> Part {
    let mut part = apart("a.exe", &crate::kit::program());
    let mut tell = |name: &'static str, value: Value| {
        part.vectors.push(Vector { namespace: "pe", name, state: Known::Known(value), at: None });
    };
    tell("signature.digest", Value::Digest(vec![1]));
    tell("signature.digest_matches", Value::Flag(digest_matches));
    tell("signature.content_matches", Value::Flag(true));
    tell("signature.right", Value::Flag(right));
    tell("signature.code_signing", Value::Flag(true));
    tell("signature.signer", Value::Text("Somebody".into()));
    tell("signature.thumbprint", Value::Digest(certificate.into()));
    part
}

#[test]
fn a_publisher_counts_where_the_file_is_what_was_signed() {
    let trusted = [(0, Overruling::TrustedPublisher { thumbprint: "ab01".into(), name: "Somebody".into() })];
    let standing = |part: &Part| verdict(part, &All::new()).overruled_by(part, &trusted).overruled.is_some();
    assert!(standing(&signed(true, true, OWN)));
    assert!(!standing(&signed(false, true, OWN)));
    assert!(!standing(&signed(true, false, OWN)));
    assert!(!standing(&signed(true, true, OTHER)));
    assert!(!standing(&apart("a.exe", &crate::kit::program())));
    assert!(verdict::is_signed_by("AB01", &signed(true, true, OWN)));
    // A name is anybody's.
    assert!(!verdict::is_signed_by("Somebody", &signed(true, true, OWN)));
    let mut for_mail = signed(true, true, OWN);
    for_mail.vectors.retain(|vector| vector.name != "signature.code_signing");
    assert!(!standing(&for_mail));
    let mut forged = signed(true, true, OWN);
    forged.oddities.push(Oddity::new(Message::new("pe.signature-chain-wrong").with("subject", "CN=Somebody")));
    assert!(!standing(&forged));
    let mut behind = signed(true, true, OWN);
    behind.oddities.push(Oddity::new(Message::new("pe.behind-signature").number("bytes", 9)));
    assert!(!standing(&behind));
    // What one signature says is not said by another: here one is of the signer, and another is about these bytes.
    let mut two = signed(false, true, OWN);
    two.vectors.extend(signed(true, true, OTHER).vectors);
    assert!(!standing(&two));
}

#[test]
fn a_list_leaves_the_ledger_as_it_was() {
    let root = apart("a.zip", &crate::kit::zip(&[crate::kit::entry("b.pdf.exe", &crate::kit::program())]));
    let plain = verdict(&root, &All::new());
    let child = plain.clone().overruled_by(&root, &[(1, Overruling::Allowed)]);
    assert_eq!(child, plain);
    let ruled = plain.clone().overruled_by(&root, &[(0, Overruling::Allowed)]);
    assert_eq!((ruled.standing(), ruled.state, ruled.score), (State::Clean, State::Suspicious, plain.score));
    let denied = plain.overruled_by(&root, &[(0, Overruling::Allowed), (1, Overruling::Denied)]);
    assert_eq!((denied.standing(), denied.overruled.unwrap().part), (State::Malicious, 1));
}

#[test]
fn a_verdict_comes_back_from_json() {
    let root = apart("a.zip", &crate::kit::zip(&[crate::kit::entry("b.pdf.exe", &crate::kit::program())]));
    let verdict =
        verdict(&root, &All::new()).overruled_by(&root, &[(1, Overruling::KnownHash { source: "feed".into() })]);
    let text = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict, "{text}");
    let found = Found {
        matches: vec![RuleMatch { rule: "a".into(), strings: vec![("$a".into(), 4)], ..RuleMatch::default() }],
        ..Found::default()
    };
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Found>(&text).unwrap(), found, "{text}");
}

#[test]
fn many_honest_programs_are_no_worse_than_one() {
    let mut root = apart(
        "a.zip",
        &crate::kit::zip(&[crate::kit::entry("a.txt", b"hello"), crate::kit::entry("a.exe", &crate::kit::program())]),
    );
    let odd = |part: &mut Part, code: &str| part.oddities.push(Oddity::new(Message::new(code)));
    let one = root.children[1].clone();
    root.children.clear();
    for (nth, code) in
        ["pe.section-writable-code", "pe.rich-wrong", "pe.resource-program", "pe.section-odd-name", "elf.packer"]
            .iter()
            .enumerate()
    {
        let mut part = one.clone();
        part.number = nth + 1;
        odd(&mut part, code);
        root.children.push(part);
    }
    let verdict = verdict(&root, &All::new());
    assert_eq!((verdict.state, verdict.score), (State::Unknown, 25), "{}", crate::kit::told(&verdict));
    assert_eq!(verdict.reasons.len(), 5);
    assert_eq!(verdict.reasons.iter().filter(|reason| reason.counted != 0).count(), 1);
}
