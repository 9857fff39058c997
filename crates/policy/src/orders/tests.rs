//! Orders: what is followed, what is refused, and that nothing in between is.

use super::refused::KeyRefused;
use super::*;
use crate::groups::{BreakGlass, Group, Settings, Telemetry, Tree};
use crate::ids::{EndpointId, GroupId, Person};
use crate::said::tests::speaks;
use crate::{Digest, Kind, Mode, Origin, Rules, Rung, Subject};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const NOON: u64 = 1_800_000_000;

static SIGNER: LazyLock<Signer> = LazyLock::new(signer);
static OTHER: LazyLock<Signer> = LazyLock::new(signer);

fn signer() -> Signer {
    Signer::from_pkcs8(&Signer::generate().unwrap()).unwrap()
}

fn keys() -> TrustedKeys {
    TrustedKeys::new([SIGNER.public()])
}

fn us() -> Recipient {
    Recipient { endpoint: EndpointId::new("host-1"), group: GroupId::new("offices") }
}

fn orders() -> Orders {
    let settings = Settings {
        mode: Some(Mode::Enforce),
        trust_packages: Some(true),
        denied: [Digest([1; 32])].into(),
        deployed: ["/opt/house".to_owned()].into(),
        protected: ["/srv".to_owned()].into(),
        telemetry: Some([Telemetry::Executions, Telemetry::Network].into()),
        baseline: ["ssh-root-login".to_owned()].into(),
        baseline_set: ["aslr".to_owned()].into(),
        ..Settings::default()
    };
    let group = Group { id: us().group, name: "Offices".to_owned(), parent: None, settings };
    let effective = Tree::new(vec![group], Vec::new()).unwrap().effective(&us().group, NOON).unwrap();
    Orders::new(7, NOON, Audience::Group(us().group), &effective)
}

fn take(bytes: &[u8]) -> Result<Orders, Refused> {
    open(bytes, &keys(), Some(6), &us(), NOON)
}

/// Signed whatever it says, as a server that is not ours might.
fn signed(payload: &[u8]) -> Vec<u8> {
    envelope::seal(envelope::Domain::Orders, payload, &SIGNER).unwrap()
}

/// The orders with one field put in or changed.
fn with(field: &str, value: serde_json::Value) -> Vec<u8> {
    let mut json = serde_json::to_value(orders()).unwrap();
    json[field] = value;
    signed(&serde_json::to_vec(&json).unwrap())
}

#[test]
fn what_was_signed_comes_out_as_it_went_in() {
    let sealed = orders().seal(&SIGNER).unwrap();
    assert_eq!(take(&sealed), Ok(orders()));
    assert_eq!(orders().seal(&SIGNER).unwrap(), sealed);
    let ours = Orders { audience: Audience::Endpoint(us().endpoint), ..orders() };
    assert_eq!(take(&ours.seal(&SIGNER).unwrap()), Ok(ours));
}

#[test]
fn each_reason_to_refuse_is_told() {
    let sealed = |change: fn(&mut Orders)| {
        let mut orders = orders();
        change(&mut orders);
        orders.seal(&SIGNER).unwrap()
    };
    let elsewhere = |orders: &mut Orders| orders.audience = Audience::Group(GroupId::new("laptops"));
    let foreign = |orders: &mut Orders| orders.audience = Audience::Endpoint(EndpointId::new("offices"));
    let cases: Vec<(Vec<u8>, Refused)> = vec![
        (sealed(elsewhere), Refused::NotForUs { audience: "laptops".to_owned() }),
        (sealed(foreign), Refused::NotForUs { audience: "offices".to_owned() }),
        (sealed(|orders| orders.version = 6), Refused::NotLater { version: 6, in_force: 6 }),
        (sealed(|orders| orders.version = 1), Refused::NotLater { version: 1, in_force: 6 }),
        (sealed(|orders| orders.made = NOON + 301), Refused::FromTheFuture { made: NOON + 301, now: NOON }),
        (sealed(|orders| orders.made = u64::MAX), Refused::FromTheFuture { made: u64::MAX, now: NOON }),
        (sealed(|orders| orders.not_before = Some(NOON + 1)), Refused::NotYet { not_before: NOON + 1 }),
        (
            sealed(|orders| orders.needs = ["execution-1".to_owned(), "telepathy-1".to_owned()].into()),
            Refused::Needs { capabilities: vec!["telepathy-1".to_owned()] },
        ),
        (orders().seal(&OTHER).unwrap(), Refused::UnknownKey { key: OTHER.public().id() }),
        (Vec::new(), Refused::Damaged),
        (b"{}".to_vec(), Refused::Damaged),
        (vec![0; ORDERS_BYTES_MAX + 1], Refused::TooLarge { bytes: ORDERS_BYTES_MAX + 1, most: ORDERS_BYTES_MAX }),
        (with("execution", serde_json::json!({ "reputation": { "00".repeat(32): 5 } })), Refused::ReputationInside),
    ];
    for (bytes, refused) in cases {
        let said = take(&bytes).unwrap_err();
        assert_eq!(said, refused);
        speaks(&said.message());
    }
    let soon = sealed(|orders| orders.made = NOON + FUTURE_SECONDS_MAX);
    assert!(take(&soon).is_ok());
    assert!(Refused::NotYet { not_before: 1 }.may_be_tried_again() && !Refused::Damaged.may_be_tried_again());
}

#[test]
fn words_are_there_for_every_reason() {
    let key = SIGNER.public().id();
    for refused in [
        Refused::Forged { key },
        Refused::Unreadable { why: "x".to_owned() },
        Refused::Keys { why: KeyRefused::Bad },
        Refused::Keys { why: KeyRefused::RetiresItself { key } },
        Refused::Keys { why: KeyRefused::TooMany { count: 9 } },
        Refused::Unsorted { entry: 3 },
    ] {
        speaks(&refused.message());
        assert!(!refused.to_string().is_empty());
    }
}

#[test]
fn without_orders_in_force_any_version_will_do() {
    let first = Orders { version: 0, ..orders() }.seal(&SIGNER).unwrap();
    assert!(open(&first, &keys(), None, &us(), NOON).is_ok());
    assert!(open(&first, &keys(), Some(0), &us(), NOON).is_err());
}

#[test]
fn a_later_field_is_left_out_except_where_it_could_turn_the_meaning_around() {
    assert_eq!(take(&with("colour", "blue".into())), Ok(orders()));
    let mut rules = serde_json::to_value(orders().execution).unwrap();
    rules["except_on_sundays"] = true.into();
    assert!(matches!(take(&with("execution", rules)), Err(Refused::Unreadable { .. })));
    // What is needed and what is unreadable: the endpoint says what it lacks.
    let mut json = serde_json::to_value(orders()).unwrap();
    json["needs"] = serde_json::json!(["execution-2"]);
    json["execution"] = "as agreed".into();
    let refused = take(&signed(&serde_json::to_vec(&json).unwrap()));
    assert_eq!(refused, Err(Refused::Needs { capabilities: vec!["execution-2".to_owned()] }));
}

#[test]
fn signed_is_not_enough_when_no_group_may_say_it() {
    let rules = Rules { deployed: ["/".to_owned()].into(), ..Rules::default() };
    let refused = take(&with("execution", serde_json::to_value(&rules).unwrap())).unwrap_err();
    assert!(matches!(refused, Refused::Content { .. }), "{refused}");
    speaks(&refused.message());
    assert_eq!(Orders { execution: rules, ..orders() }.seal(&SIGNER), Err(refused));
    let endless = BreakGlass {
        group: us().group,
        who: Person::new("ann"),
        why: "why not".to_owned(),
        from: NOON,
        until: u64::MAX,
    };
    assert!(matches!(take(&with("break_glass", serde_json::to_value(endless).unwrap())), Err(Refused::Content { .. })));
}

#[test]
fn one_endpoint_is_isolated_and_one_that_does_not_know_how_is_told_so() {
    let isolation = Isolation { id: 7, since: NOON };
    let isolated = Orders { audience: Audience::Endpoint(us().endpoint), ..orders() }.isolated(Some(isolation));
    let taken = take(&isolated.seal(&SIGNER).unwrap()).unwrap();
    assert_eq!((taken.isolation, taken.needs.contains("isolation-1")), (Some(isolation), true));
    assert!(isolated.clone().isolated(None).needs.is_empty());
    // For a group, or without the need of it.
    let all = Orders { audience: Audience::Group(us().group), ..isolated.clone() };
    assert_eq!(all.seal(&SIGNER), Err(Refused::Isolation));
    let quietly = Orders { needs: BTreeSet::new(), ..isolated };
    assert_eq!(take(&signed(&serde_json::to_vec(&quietly).unwrap())), Err(Refused::Isolation));
    speaks(&Refused::Isolation.message());
}

#[test]
fn glass_that_is_broken_ends_on_the_endpoint_without_a_server() {
    let glass = BreakGlass {
        group: us().group,
        who: Person::new("ann"),
        why: "payroll does not start".to_owned(),
        from: NOON,
        until: NOON + 60,
    };
    let sealed = Orders { break_glass: Some(glass), ..orders() }.seal(&SIGNER).unwrap();
    let orders = take(&sealed).unwrap();
    let modes = [NOON, NOON + 59, NOON + 60].map(|now| orders.rules_at(now).mode);
    assert_eq!(modes, [Mode::Simulate, Mode::Simulate, Mode::Enforce]);
}

#[test]
fn keys_go_on_one_from_another() {
    let change = |introduced: &[&Signer], retired: &[&Signer], version| {
        let introduced = introduced.iter().map(|key| key.public()).collect();
        let retired = retired.iter().map(|key| key.public().id()).collect();
        Orders { version, keys: KeyChange { introduced, retired }, ..orders() }
    };
    // The old key brings the new one, the new one sends the old one away.
    let introduces = take(&change(&[&OTHER], &[], 7).seal(&SIGNER).unwrap()).unwrap();
    let both = keys().after(&introduces);
    assert_eq!(both.len(), 2);
    let retires = change(&[], &[&SIGNER], 8).seal(&OTHER).unwrap();
    assert_eq!(take(&retires), Err(Refused::UnknownKey { key: OTHER.public().id() }));
    let retires = open(&retires, &both, Some(7), &us(), NOON).unwrap();
    let new = both.after(&retires);
    assert_eq!(new, TrustedKeys::new([OTHER.public()]));
    let old = Orders { version: 9, ..orders() }.seal(&SIGNER).unwrap();
    assert_eq!(open(&old, &new, Some(8), &us(), NOON), Err(Refused::UnknownKey { key: SIGNER.public().id() }));
    // Nobody sends himself away, not even when another comes: it was never seen to sign.
    let itself = Refused::Keys { why: KeyRefused::RetiresItself { key: SIGNER.public().id() } };
    assert_eq!(change(&[&OTHER], &[&SIGNER], 7).seal(&SIGNER), Err(itself.clone()));
    let mut json = serde_json::to_value(orders()).unwrap();
    json["keys"] = serde_json::json!({ "retired": [SIGNER.public().id()] });
    assert_eq!(take(&signed(&serde_json::to_vec(&json).unwrap())), Err(itself));
    let many: Vec<_> = (0..KEYS_MAX).map(|_| signer()).collect();
    let too_many = Err(Refused::Keys { why: KeyRefused::TooMany { count: KEYS_MAX + 1 } });
    assert_eq!(change(&many.iter().collect::<Vec<_>>(), &[], 7).seal(&SIGNER), too_many);
}

#[test]
fn keys_are_what_their_ids_say_also_from_a_file() {
    let kept = serde_json::to_string(&keys()).unwrap();
    assert_eq!(serde_json::from_str::<TrustedKeys>(&kept).unwrap(), keys());
    let (ours, theirs) = (SIGNER.public(), OTHER.public());
    let changed: TrustedKeys = serde_json::from_str(&kept.replace(&ours.to_string(), &theirs.to_string())).unwrap();
    assert_eq!(changed.get(&ours.id()), None);
    assert_eq!(ours.to_string().parse(), Ok(ours));
    for bad in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
        assert!(bad.parse::<PublicKey>().is_err());
    }
    assert!(Signer::from_pkcs8(b"no key").is_err());
    assert!(!format!("{:?}", *SIGNER).contains("pair"));
}

fn reputation() -> BTreeMap<Digest, u8> {
    (0..100).map(|at| (Digest([at; 32]), at)).collect()
}

fn table() -> ReputationTable {
    ReputationTable::new(3, NOON, &reputation()).unwrap()
}

#[test]
fn a_table_of_reputation_is_looked_up_as_it_was_sent() {
    let sealed = table().seal(&SIGNER).unwrap();
    let opened = open_table(&sealed, &keys(), Some(2), NOON).unwrap();
    assert_eq!((&opened, opened.len()), (&table(), 100));
    for (sha256, value) in reputation() {
        assert_eq!(opened.get(&sha256), Some(value));
    }
    assert_eq!(opened.get(&Digest([200; 32])), None);
    let not_later = Refused::NotLater { version: 3, in_force: 3 };
    assert_eq!(open_table(&sealed, &keys(), Some(3), NOON), Err(not_later));
    assert!(matches!(open_table(&sealed, &keys(), None, 0), Err(Refused::FromTheFuture { .. })));
    let most = u32::try_from(TABLE_ENTRIES_MAX).unwrap();
    let key = |at: u32| Digest(std::array::from_fn(|byte| at.to_be_bytes()[byte % 4]));
    let many: BTreeMap<_, _> = (0..=most).map(|at| (key(at), 1)).collect();
    assert!(matches!(ReputationTable::new(1, 1, &many), Err(Refused::TooLarge { .. })));
}

#[test]
fn a_million_entries_go_into_one_table() {
    let key = |at: u32| Digest(std::array::from_fn(|byte| at.to_be_bytes()[byte % 4]));
    let many: BTreeMap<_, _> = (0..1_000_000).map(|at| (key(at), 77)).collect();
    let sealed = ReputationTable::new(1, NOON, &many).unwrap().seal(&SIGNER).unwrap();
    assert!(sealed.len() < 34 << 20, "{}", sealed.len());
    let opened = open_table(&sealed, &keys(), None, NOON).unwrap();
    assert_eq!((opened.len(), opened.get(&key(765_432)), opened.get(&key(1_000_000))), (1_000_000, Some(77), None));
}

#[test]
fn reputation_speaks_only_where_nothing_else_did() {
    let rules = Rules { reputation_from: Some(50), ..Rules::default() };
    let subject = |at: u8| Subject {
        kind: Kind::Program,
        path: "/x".to_owned(),
        sha256: Some(Digest([at; 32])),
        origin: Origin::Nobody,
        writer: None,
    };
    let rung = |rules: &Rules, at| table().decide(rules, &subject(at)).rung;
    assert_eq!(rung(&rules, 50), Rung::Reputation);
    assert_eq!(rung(&rules, 49), Rung::Unknown);
    assert_eq!(rung(&rules, 200), Rung::Unknown);
    assert_eq!(rung(&Rules { denied: [Digest([60; 32])].into(), ..rules.clone() }, 60), Rung::Denied);
    assert_eq!(rung(&Rules { reputation_from: None, ..rules.clone() }, 60), Rung::Unknown);
    // The same as with the reputation in the rules.
    let inside = Rules { reputation: reputation(), ..rules.clone() };
    for at in 0..=u8::MAX {
        assert_eq!(table().decide(&rules, &subject(at)), crate::decide(&inside, &subject(at)));
    }
}

#[test]
fn a_table_out_of_order_or_of_another_length_is_refused() {
    let of = |entries: &[u8], count: u32| {
        let payload = [&1_u64.to_be_bytes(), &NOON.to_be_bytes(), count.to_be_bytes().as_slice(), entries].concat();
        let sealed = envelope::seal(envelope::Domain::Reputation, &payload, &SIGNER).unwrap();
        open_table(&sealed, &keys(), None, NOON)
    };
    let (one, two) = ([1; 33], [2; 33]);
    assert!(of(&[one, two].concat(), 2).is_ok());
    assert_eq!(of(&[two, one].concat(), 2), Err(Refused::Unsorted { entry: 1 }));
    assert_eq!(of(&[one, one].concat(), 2), Err(Refused::Unsorted { entry: 1 }));
    assert_eq!(of(&[one, two].concat(), 1), Err(Refused::Damaged));
    assert_eq!(of(&one, 2), Err(Refused::Damaged));
    assert_eq!(of(&one[1..], 1), Err(Refused::Damaged));
    assert!(matches!(of(&[], u32::MAX), Err(Refused::TooLarge { .. })));
}

#[test]
fn a_signature_for_a_table_is_none_for_orders() {
    let payload = serde_json::to_vec(&orders()).unwrap();
    let sealed = envelope::seal(envelope::Domain::Reputation, &payload, &SIGNER).unwrap();
    assert_eq!(take(&sealed), Err(Refused::Forged { key: SIGNER.public().id() }));
    let table = table().seal(&SIGNER).unwrap();
    assert_eq!(take(&table), Err(Refused::Forged { key: SIGNER.public().id() }));
}

#[test]
fn no_part_of_orders_is_orders() {
    let sealed = orders().seal(&SIGNER).unwrap();
    for end in 0..sealed.len() {
        assert_eq!(take(&sealed[..end]), Err(Refused::Damaged), "cut at {end}");
    }
    assert_eq!(take(&[sealed.as_slice(), b"x"].concat()), Err(Refused::Damaged));
}

#[test]
fn any_flipped_bit_is_refused() {
    let sealed = orders().seal(&SIGNER).unwrap();
    // With the other key believed too, so that an id which happens to be known is no way around.
    let keys = TrustedKeys::new([SIGNER.public(), OTHER.public()]);
    for bit in 0..sealed.len() * 8 {
        let mut bent = sealed.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&bent, &keys, Some(6), &us(), NOON).is_err(), "bit {bit}");
    }
    let mut of_another = sealed.clone();
    of_another[8..24].copy_from_slice(&OTHER.public().id().0);
    assert_eq!(open(&of_another, &keys, Some(6), &us(), NOON), Err(Refused::Forged { key: OTHER.public().id() }));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(take(&bytes).is_err());
        prop_assert!(open_table(&bytes, &keys(), None, NOON).is_err());
        // Behind a signature that holds, too.
        let _ = take(&signed(&bytes));
        let sealed = envelope::seal(envelope::Domain::Reputation, &bytes, &SIGNER).unwrap();
        let _ = open_table(&sealed, &keys(), None, NOON);
    }

    #[test]
    fn bytes_changed_anywhere_are_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let sealed = table().seal(&SIGNER).unwrap();
        let mut bent = sealed.clone();
        bent[at.index(sealed.len())] = byte;
        prop_assert_eq!(open_table(&bent, &keys(), None, NOON).is_ok(), bent == sealed);
    }

    #[test]
    fn any_orders_come_out_as_they_went_in(
        version in 7_u64.., denied in proptest::collection::btree_set(any::<[u8; 32]>(), 0..20),
        publisher in "[a-z\u{4e00}-\u{4fff}\"\\\\]{1,20}", unknown in any::<bool>(),
    ) {
        let mut orders = Orders { version, ..orders() };
        orders.execution.denied = denied.into_iter().map(Digest).collect();
        orders.execution.publishers = [publisher].into();
        orders.execution.unknown_may = unknown;
        prop_assert_eq!(take(&orders.seal(&SIGNER).unwrap()), Ok(orders));
    }
}

#[test]
fn orders_say_which_release_the_agent_is_to_be() {
    let agent = AgentOrders {
        version: "1.4.0".to_owned(),
        programs: [(this_target(), Digest([5; 32]))].into(),
        keys: [OTHER.public()].into(),
        older: false,
    };
    let orders = orders().with_agent(Some(agent.clone()));
    assert!(orders.needs.contains("agent-1"), "an agent that cannot update itself refuses them");
    let opened = open(&orders.seal(&SIGNER).unwrap(), &keys(), None, &us(), NOON).unwrap();
    assert_eq!(opened.agent, Some(agent.clone()));
    let bad = orders.with_agent(Some(AgentOrders { version: "../x".to_owned(), ..agent }));
    let why = bad.seal(&SIGNER).unwrap_err();
    speaks(&why.message());
    assert!(matches!(why, Refused::Content { .. }));
}
