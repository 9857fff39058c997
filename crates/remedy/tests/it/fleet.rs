//! The fleet's numbers on small networks that can be counted by hand, and the cover against the best there is.

use crate::case::{Case, client, ports, server};
use model::ExposureState::{Fixed, NotAffected, Open, Unknown};
use model::{ActionKind, KbId, Port, PortStatus, Timeline};
use proptest::prelude::*;
use remedy::Fleet;
use remedy::fleet::{Choice, CutOff, Link, Member, Problem, Profile, Sizes, Supposition, Tally, greedy};
use std::collections::BTreeSet;
use std::sync::Arc;

const SMB: &str = "139 445";

fn fleet(hosts: impl IntoIterator<Item = Case>) -> Fleet {
    hosts.into_iter().map(|case| Member::of(&case.host, &case.exposure, &case.plan())).collect()
}

fn win7() -> Case {
    client("7-sp1-x64", "6.1.7601").weapon("eternalblue", Open, SMB, &[4012212, 4012215])
}

fn in_group(case: Case, group: &str) -> Case {
    case.with(|host| host.facts.business.group = Some(group.to_owned()))
}

#[test]
fn hosts_of_one_kind_fold_into_one_profile() {
    let fleet = fleet((0..50).map(|_| win7()));
    assert_eq!((fleet.hosts(), fleet.kinds().len()), (50, 1));
    assert_eq!(fleet.states()[&"eternalblue".into()][&Open], 50);
}

#[test]
fn one_update_serves_every_host_that_it_fixes() {
    let xp = || client("xp-sp3-x86", "5.1.2600").weapon("eternalblue", Open, SMB, &[4012598]);
    let xp64 = || client("xp64-sp2", "5.2.3790").weapon("eternalblue", Open, SMB, &[4012598]);
    let fleet = fleet([xp(), xp(), xp64(), win7()]);
    let actions = fleet.actions(&Sizes::default(), &Link::default());
    let lasting: Vec<_> =
        actions.actions.iter().filter(|action| action.lasting).map(|action| (action.kb, action.hosts)).collect();
    assert_eq!(lasting, [(Some(KbId(4012598)), 3), (Some(KbId(4012212)), 1)]);
    assert_eq!((actions.exposures, actions.left), (12, 0));
}

#[test]
fn an_update_that_closes_two_holes_beats_two_that_close_one_each() {
    let both = || win7().weapon("esteemaudit", Open, "3389", &[4022747, 4012215]);
    let actions = fleet([both()]).actions(&Sizes::default(), &Link::default());
    let lasting: Vec<_> = actions.actions.iter().filter(|action| action.lasting).map(|action| action.kb).collect();
    assert_eq!(lasting, [Some(KbId(4012215))]);
}

#[test]
fn a_base_patch_is_paid_once_for_all_the_key_patches_behind_it() {
    let rtm = || {
        client("7-rtm-x64", "6.1.7600")
            .weapon("eternalblue", Open, SMB, &[4012212])
            .base("7-sp1", &[976932])
            .weapon("esteemaudit", Open, "3389", &[4022747])
            .base("7-sp1", &[976932])
    };
    let actions = fleet([rtm(), rtm()]).actions(&Sizes::default(), &Link::default());
    let bases: usize = actions.actions.iter().map(|action| action.base.len()).sum();
    assert_eq!(bases, 1);
    assert_eq!(actions.actions.iter().filter(|action| action.lasting).count(), 2);
}

#[test]
fn an_implant_comes_before_everything_else() {
    let hit = client("7-sp1-x64", "6.1.7601").implanted().weapon("doublepulsar", Open, "445", &[]);
    let actions = fleet((0..20).map(|_| win7()).chain([hit])).actions(&Sizes::default(), &Link::default());
    assert_eq!((actions.actions[0].kind, actions.actions[0].timeline), (ActionKind::Isolate, Timeline::Now));
    assert!(actions.actions.iter().zip(1..).all(|(action, rank)| action.rank == rank));
}

#[test]
fn what_nothing_closes_is_left_and_said_so() {
    let unknown = client("7-sp1-x64", "6.1.7601").weapon("easybee", Unknown, "1000 3000", &[]);
    let actions = fleet([unknown]).actions(&Sizes::default(), &Link::default());
    assert_eq!((actions.exposures, actions.left), (3, 3));
    assert_eq!(actions.actions[0].kind, ActionKind::CollectFacts);
}

#[test]
fn known_sizes_are_used_and_estimates_are_marked() {
    let link = Link { upstream_bps: 8_000_000, relay_bps: 8_000_000, relays: 1, concurrent: 10, install_minutes: 5 };
    let one = fleet((0..30).map(|_| win7()));
    let estimated = one.actions(&Sizes::default(), &link);
    assert!(estimated.actions.iter().find(|action| action.lasting).unwrap().delivery.estimated);
    let sizes = Sizes { known: [(KbId(4012212), 60_000_000)].into() };
    let known = one.actions(&sizes, &link);
    let delivery = known.actions.iter().find(|action| action.lasting).unwrap().delivery;
    // 60 MB up at 1 MB/s is one minute; 1800 MB down is thirty; three rounds of five minutes run beside it.
    assert_eq!(
        (delivery.bytes, delivery.staged_bytes, delivery.estimated, delivery.minutes),
        (1_800_000_000, 60_000_000, false, 31)
    );
}

#[test]
fn more_relays_never_take_longer_downstream_and_no_host_takes_no_time() {
    let link = |relays| Link { relays, ..Link::default() };
    assert!(
        link(4).minutes(1000, 1000 * 40_000_000, 40_000_000) < link(1).minutes(1000, 1000 * 40_000_000, 40_000_000)
    );
    assert_eq!(link(1).minutes(0, 0, 0), 0);
}

#[test]
fn a_blocked_port_cuts_off_those_who_need_it() {
    let controller = crate::case::host(
        "2012r2-x64",
        "6.3.9600",
        Some(model::Role::PrimaryDomainController),
        Some(model::Family::Server),
    )
    .weapon("eternalblue", Open, SMB, &[4012213]);
    let needs = server("2008r2-sp1-x64", "6.1.7601").needs("445");
    let other = win7().needs("80");
    let open = win7().seen(PortStatus::Open, "445");
    let fleet = fleet([controller, needs, other, open, win7()]);
    let expected = CutOff { domain: 1, needed: 1, not_needed: 1, open_not_asked: 1, not_asked: 1, ..CutOff::default() };
    assert_eq!(fleet.cut_off(Port::tcp(445), None, None), expected);
    assert_eq!((expected.certain(), expected.possible()), (2, 2));
}

#[test]
fn what_if_an_update_were_installed() {
    let rtm = client("7-rtm-x64", "6.1.7600").weapon("eternalblue", Open, SMB, &[4012212]).base("7-sp1", &[976932]);
    let clear = client("10-22h2-x64", "10.0.19045").weapon("eternalblue", NotAffected, SMB, &[]);
    let fleet = fleet([win7(), win7(), rtm, clear]);
    let supposed = Supposition { updates: [KbId(4012212)].into(), ..Supposition::default() };
    let answer = fleet.what_if(&supposed);
    assert_eq!((answer.before.hit, answer.after.hit, answer.after.clear), (3, 1, 3));
    assert_eq!(answer.warnings[0].code, "fleet.what-if.base-missing");
    let with_base = Supposition { updates: [KbId(4012212), KbId(976932)].into(), ..Supposition::default() };
    let answer = fleet.what_if(&with_base);
    assert_eq!((answer.after.hit, answer.warnings.len()), (0, 0));
}

#[test]
fn what_if_a_port_were_closed_on_a_group() {
    let fleet = fleet([in_group(win7(), "office"), in_group(win7(), "lab"), in_group(win7().needs("445"), "office")]);
    let supposed = Supposition { close_ports: ports(SMB), group: Some("office".into()), ..Supposition::default() };
    let answer = fleet.what_if(&supposed);
    assert_eq!((answer.touched, answer.before.hit, answer.after.hit), (2, 3, 1));
    let change = answer.weapons[&"eternalblue".into()];
    assert_eq!((change.open_after, change.reachable_before, change.reachable_after), (3, 3, 1));
    assert!(answer.warnings.iter().any(|warning| warning.code == "fleet.cut-off.needed"));
}

#[test]
fn one_of_two_ports_closed_changes_nothing() {
    let answer = fleet([win7()]).what_if(&Supposition { close_ports: ports("445"), ..Supposition::default() });
    assert_eq!(answer.after.hit, 1);
}

#[test]
fn an_action_has_a_key_of_its_own_and_names_its_kinds() {
    let fleet = fleet([
        win7(),
        win7(),
        in_group(win7(), "a"),
        client("xp-sp3-x86", "5.1.2600").weapon("eternalblue", Open, SMB, &[4012598]),
    ]);
    let actions = fleet.actions(&Sizes::default(), &Link::default()).actions;
    let keys: BTreeSet<&str> = actions.iter().map(|action| action.key.as_str()).collect();
    assert_eq!(keys.len(), actions.len(), "{keys:?}");
    assert!(keys.contains("key-patch~KB4012598"), "{keys:?}");
    let tallies: Vec<_> = fleet.kinds().map(|(_, tally)| tally.hosts).collect();
    for action in &actions {
        let hosts: u64 = action.kinds.iter().map(|kind| tallies[*kind]).sum();
        assert_eq!(hosts, action.hosts, "{}", action.key);
    }
}

#[test]
fn hosts_counted_by_profile_are_the_fleet_of_the_hosts_one_by_one() {
    let one_by_one = fleet((0..30).map(|n| in_group(win7(), if n % 3 == 0 { "a" } else { "b" })));
    let mut counted = Fleet::default();
    for (profile, tally) in one_by_one.kinds() {
        let stored = serde_json::to_string(profile).unwrap();
        let profile: Arc<Profile> = Arc::new(serde_json::from_str(&stored).unwrap());
        counted.add_alike(&profile, Tally::of(1, None));
        counted.add_alike(&profile, Tally::of(tally.hosts - 1, Some(3)));
    }
    let actions = |fleet: &Fleet| fleet.actions(&Sizes::default(), &Link::default());
    assert_eq!(actions(&counted), actions(&one_by_one));
}

#[test]
fn a_fixed_fleet_has_no_actions() {
    let fixed = client("7-sp1-x64", "6.1.7601").weapon("eternalblue", Fixed, SMB, &[4012212]);
    let actions = fleet([fixed]).actions(&Sizes::default(), &Link::default());
    assert_eq!((actions.actions.len(), actions.exposures), (0, 0));
}

prop_compose! {
    fn any_problem(shared: bool)(
        elements in 1usize..=7,
    )(
        choices in proptest::collection::vec(
            (proptest::collection::btree_set(0..elements as u32, 1..=elements), 1u64..20, proptest::collection::btree_set(0u32..3, 0..=2)),
            1..=9,
        ),
        bases in proptest::collection::vec(1u64..15, 3),
        elements in Just(elements),
    ) -> Problem {
        let choice = |(covers, cost, shares): (std::collections::BTreeSet<u32>, u64, std::collections::BTreeSet<u32>)| Choice {
            covers: covers.into_iter().collect(),
            cost,
            shares: if shared { shares.into_iter().collect() } else { Vec::new() },
        };
        Problem { weights: vec![1; elements], choices: choices.into_iter().map(choice).collect(), shared: bases }
    }
}

fn covered(problem: &Problem, taken: &[usize]) -> std::collections::BTreeSet<u32> {
    taken.iter().flat_map(|index| problem.choices[*index].covers.iter().copied()).collect()
}

fn cost(problem: &Problem, taken: &[usize]) -> u64 {
    let shares: std::collections::BTreeSet<u32> =
        taken.iter().flat_map(|index| problem.choices[*index].shares.iter().copied()).collect();
    let own: u64 = taken.iter().map(|index| problem.choices[*index].cost).sum();
    own + shares.iter().map(|share| problem.shared[*share as usize]).sum::<u64>()
}

/// The cheapest cover there is, by trying all.
fn best(problem: &Problem) -> u64 {
    let all: Vec<usize> = (0..problem.choices.len()).collect();
    let coverable = covered(problem, &all);
    (0u32..1 << all.len())
        .map(|bits| all.iter().copied().filter(|index| bits & (1 << index) != 0).collect::<Vec<_>>())
        .filter(|taken| covered(problem, taken) == coverable)
        .map(|taken| cost(problem, &taken))
        .min()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// The bound of the greedy cover: the best times 1 + 1/2 + … + 1/n.
    #[test]
    fn greedy_is_within_its_bound_of_the_best(problem in any_problem(false)) {
        let taken = greedy(&problem);
        let all: Vec<usize> = (0..problem.choices.len()).collect();
        prop_assert_eq!(covered(&problem, &taken), covered(&problem, &all));
        let harmonic: f64 = (1..=problem.weights.len()).map(|n| 1.0 / n as f64).sum();
        prop_assert!(cost(&problem, &taken) as f64 <= best(&problem) as f64 * harmonic + 1e-9);
    }

    /// With shared costs there is no such bound for any greedy; what holds is that nothing is left, nothing is idle,
    /// and that it never costs more than paying every share for each choice of a cover that ignores sharing.
    #[test]
    fn shared_costs_leave_nothing_uncovered_and_nothing_idle(problem in any_problem(true)) {
        let taken = greedy(&problem);
        let all: Vec<usize> = (0..problem.choices.len()).collect();
        prop_assert_eq!(covered(&problem, &taken), covered(&problem, &all));
        for index in &taken {
            let rest: Vec<usize> = taken.iter().copied().filter(|other| other != index).collect();
            prop_assert!(covered(&problem, &rest) != covered(&problem, &taken), "{index} is idle");
        }
        prop_assert!(best(&problem) <= cost(&problem, &taken));
        prop_assert_eq!(&taken, &greedy(&problem));
    }
}
