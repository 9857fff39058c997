//! What must hold for any host: more patches never mean more exposure, facts that are missing never make a host safe,
//! and the same host is judged the same.

use knowledge::Knowledge;
use model::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const KBS: [u32; 24] = [
    958644, 2705219, 975517, 2536275, 2347290, 3011780, 4012598, 4018466, 4012212, 4012215, 4015546, 4015549, 4019263,
    4012213, 4012216, 4012214, 4012606, 4013198, 4013429, 4022747, 4024323, 3197835, 4025218, 4483229,
];

fn facts() -> impl Strategy<Value = HostFacts> {
    let systems: Vec<_> = Knowledge::builtin().systems.iter().cloned().collect();
    let kbs = prop::collection::btree_set(prop::sample::select(&KBS[..]), 0..6);
    let role = prop::option::of(prop::sample::select(vec![
        Role::PrimaryDomainController,
        Role::MemberServer,
        Role::StandaloneWorkstation,
    ]));
    (prop::sample::select(systems), kbs, any::<bool>(), any::<bool>(), role).prop_map(
        |(system, kbs, known, complete, role)| {
            // A client that is a domain controller does not exist.
            let role = role.filter(|role| system.family != Some(Family::Client) || !role.is_domain_controller());
            let os = OsFacts {
                product: Some(system.product),
                version: Some(system.version),
                build: system.builds.first().copied(),
                service_pack: system.service_pack,
                arch: Some(system.arch),
                family: system.family,
                role,
                basis: OsBasis::Stated,
                ..OsFacts::default()
            };
            let installed = if known { kbs.into_iter().map(KbId).collect() } else { BTreeSet::new() };
            let updates = UpdateList { known, complete: known && complete, installed, claimed: None, listed: None };
            HostFacts { os, updates, ..HostFacts::default() }
        },
    )
}

fn judge(facts: &HostFacts) -> Vec<Exposure> {
    let host = Host {
        id: HostId::from("h"),
        facts: facts.clone(),
        provenance: Default::default(),
        sources: vec![],
        conflicts: vec![],
        oddities: vec![],
    };
    detect::weapons(&host, Knowledge::builtin())
}

fn safe(state: ExposureState) -> bool {
    !state.needs_action()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn more_patches_never_mean_more_exposure(facts in facts(), more in prop::sample::select(&KBS[..])) {
        prop_assume!(facts.updates.known);
        let mut patched = facts.clone();
        patched.updates.installed.insert(KbId(more));
        for (before, after) in judge(&facts).iter().zip(judge(&patched)) {
            let worse = safe(before.state) && !safe(after.state)
                || before.state == ExposureState::Unknown && after.state == ExposureState::Open;
            prop_assert!(!worse, "{}: {:?} became {:?} by KB{more}", before.weapon, before.state, after.state);
        }
    }

    #[test]
    fn a_forgotten_fact_never_makes_a_host_safe(facts in facts(), what in 0..7) {
        let mut less = facts.clone();
        match what {
            0 => less.os.service_pack = None,
            1 => less.os.arch = None,
            2 => { less.os.build = None; less.os.version = None; }
            3 => less.os.product = None,
            4 => less.os.role = None,
            5 => less.updates = UpdateList::default(),
            _ => less.os.basis = OsBasis::Guessed,
        }
        for (known, forgotten) in judge(&facts).iter().zip(judge(&less)) {
            prop_assert!(
                safe(known.state) || !safe(forgotten.state),
                "{}: {:?} by all facts, {:?} without one ({what}): {:?}",
                known.weapon, known.state, forgotten.state, forgotten.why
            );
        }
    }

    #[test]
    fn the_same_host_is_judged_the_same(facts in facts()) {
        prop_assert_eq!(judge(&facts), judge(&facts));
    }
}
