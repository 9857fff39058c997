//! The rings of an action on networks that can be counted by hand.

use crate::case::{Case, client, server};
use model::ExposureState::Open;
use model::{HostId, PortStatus};
use proptest::prelude::*;
use remedy::Fleet;
use remedy::fleet::rings::{Candidate, assign, opens, sizes};
use remedy::fleet::{Caution, FleetAction, Link, Member, Sizes};
use std::collections::BTreeMap;

fn named(case: Case, name: &str, value: u8) -> Case {
    case.with(|host| {
        host.id = HostId(name.to_owned());
        host.facts.business.value = Some(value);
    })
}

fn win7() -> Case {
    client("7-sp1-x64", "6.1.7601").weapon("eternalblue", Open, "445", &[4012212])
}

fn needed() -> Case {
    win7().needs("445")
}

fn seen_open() -> Case {
    win7().seen(PortStatus::Open, "445")
}

fn domain_controller() -> Case {
    server("2008-r2-sp1-x64", "6.1.7601").weapon("eternalblue", Open, "445", &[4012212]).with(|host| {
        host.facts.os.role = Some(model::Role::PrimaryDomainController);
    })
}

fn members(cases: Vec<Case>) -> Vec<Member> {
    cases.iter().map(|case| Member::of(&case.host, &case.exposure, &case.plan())).collect()
}

/// The action that installs the update, and the fleet it is of.
fn patch(members: &[Member]) -> (Fleet, FleetAction) {
    let fleet: Fleet = members.iter().cloned().collect();
    let actions = fleet.actions(&Sizes::default(), &Link::default()).actions;
    let action = actions.into_iter().find(|action| action.key == "key-patch~KB4012212").unwrap();
    (fleet, action)
}

#[test]
fn those_missed_least_go_first_and_domain_controllers_last() {
    let mut cases =
        vec![named(domain_controller(), "dc", 1), named(needed(), "till", 1), named(seen_open(), "share", 1)];
    cases.extend((0..17).map(|n| named(win7(), &format!("pc-{n:02}"), if n < 3 { 1 } else { 3 })));
    let members = members(cases);
    let (fleet, action) = patch(&members);
    let rings = fleet.rings_of(&action, &members);
    let names =
        |ring: u8| -> Vec<&str> { rings.iter().filter(|(_, of)| *of == ring).map(|(host, _)| host.as_str()).collect() };
    assert_eq!(names(1), ["pc-00"]);
    assert_eq!(names(2), ["pc-01", "pc-02", "pc-03", "pc-04"]);
    assert_eq!(names(3)[12..], ["share", "till", "dc"]);
    let counted: Vec<_> = action.rings.iter().map(|ring| (ring.percent, ring.hosts, ring.value_max)).collect();
    assert_eq!(counted, [(5, 1, 1), (25, 4, 3), (100, 15, 3)]);
    let last = BTreeMap::from([
        (Caution::Replaceable, 12),
        (Caution::NotAsked, 1),
        (Caution::Needed, 1),
        (Caution::Domain, 1),
    ]);
    assert_eq!(action.rings[2].caution, last);
}

#[test]
fn rings_are_cut_at_whole_hosts_and_the_first_has_one() {
    assert_eq!(sizes(0), [0, 0, 0]);
    assert_eq!(sizes(1), [1, 0, 0]);
    assert_eq!(sizes(2), [1, 0, 1]);
    assert_eq!(sizes(10), [1, 2, 7]);
    assert_eq!(sizes(100_000), [5_000, 20_000, 75_000]);
}

#[test]
fn a_ring_opens_when_enough_is_verified_and_nothing_failed() {
    assert!(!opens(100, 94, 0, 95));
    assert!(opens(100, 95, 0, 95));
    assert!(!opens(100, 99, 1, 95), "one failure holds the next ring");
    assert!(!opens(1, 0, 0, 95) && opens(1, 1, 0, 95));
    assert!(opens(0, 0, 0, 95), "an empty ring holds nothing up");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Whatever the order in which hosts are listed, each is in the same ring, and every ring has its share.
    #[test]
    fn the_rings_do_not_depend_on_the_order(hosts in proptest::collection::btree_map("[a-z]{1,4}", (0u8..4, 1u8..=5), 1..60)) {
        let of = [Caution::Replaceable, Caution::NotAsked, Caution::Needed, Caution::Domain];
        let candidate = |(name, (caution, value)): (&String, &(u8, u8))| {
            Candidate { caution: of[usize::from(*caution)], value: *value, host: HostId(name.clone()) }
        };
        let listed: Vec<Candidate> = hosts.iter().map(candidate).collect();
        let mut reversed = listed.clone();
        reversed.reverse();
        let rings = assign(listed);
        prop_assert_eq!(&rings, &assign(reversed));
        let counts: Vec<u64> = (1..=3).map(|ring| rings.iter().filter(|(_, of)| *of == ring).count() as u64).collect();
        prop_assert_eq!(counts, sizes(hosts.len() as u64).to_vec());
    }
}
