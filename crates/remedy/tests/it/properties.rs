//! What holds for every host, whatever is known of it and whatever the business said.

use crate::case::{Case, host};
use crate::lore::TestLore;
use model::ExposureState::{Fixed, NotAffected, Open, Unknown};
use model::{
    Action, ActionKind, ExposureState, Family, HostPlan, KbId, OsBasis, Port, PortState, PortStatus, Role,
    ServiceState, Timeline,
};
use proptest::prelude::*;
use remedy::Lore;
use std::collections::{BTreeMap, BTreeSet};

const SYSTEMS: [(&str, &str); 6] = [
    ("xp-sp3-x86", "5.1.2600"),
    ("2003-sp2-x86", "5.2.3790"),
    ("7-sp1-x64", "6.1.7601"),
    ("2008-sp2-x64", "6.0.6002"),
    ("2012r2-x64", "6.3.9600"),
    ("10-22h2-x64", "10.0.19045"),
];

const WEAPONS: [(&str, &str, &[u32]); 9] = [
    ("eternalblue", "139 445", &[4012212, 4012215]),
    ("eternalromance", "139 445", &[4012212, 4012215]),
    ("emeraldthread", "139 445", &[2347290]),
    ("erraticgopher", "445", &[4024323]),
    ("esteemaudit", "3389", &[4022747]),
    ("eskimoroll", "88 udp/88", &[3011780]),
    ("zippybeer", "445", &[]),
    ("easybee", "1000 3000", &[]),
    ("doublepulsar", "445 3389", &[]),
];

const PORTS: [Port; 7] = [
    Port { transport: model::Transport::Tcp, number: 139 },
    Port { transport: model::Transport::Tcp, number: 445 },
    Port { transport: model::Transport::Udp, number: 137 },
    Port { transport: model::Transport::Tcp, number: 3389 },
    Port { transport: model::Transport::Tcp, number: 88 },
    Port { transport: model::Transport::Tcp, number: 3000 },
    Port { transport: model::Transport::Tcp, number: 80 },
];

prop_compose! {
    fn some_ports()(list in proptest::sample::subsequence(PORTS.to_vec(), 0..=PORTS.len())) -> BTreeSet<Port> {
        list.into_iter().collect()
    }
}

fn role() -> impl Strategy<Value = Option<Role>> {
    proptest::option::of(proptest::sample::select(vec![
        Role::StandaloneWorkstation,
        Role::MemberWorkstation,
        Role::MemberServer,
        Role::BackupDomainController,
        Role::PrimaryDomainController,
    ]))
}

fn state() -> impl Strategy<Value = ExposureState> {
    proptest::sample::select(vec![Open, Unknown, Fixed, NotAffected])
}

prop_compose! {
    fn any_case()(
        system in 0..SYSTEMS.len(),
        role in role(),
        family in proptest::option::of(proptest::sample::select(vec![Family::Client, Family::Server])),
        known in any::<[bool; 4]>(),
        states in proptest::collection::vec((state(), any::<bool>()), WEAPONS.len()),
        needs in proptest::option::of(some_ports()),
        alternatives in some_ports(),
        closed in some_ports(),
        open in some_ports(),
        conflict in proptest::option::weighted(0.3, any::<bool>()),
        conflicting in proptest::sample::subsequence(vec![4012212, 4012215, 2347290, 976932], 0..=2),
        services in proptest::option::of(proptest::sample::subsequence(vec!["spooler", "remoteaccess"], 0..=2)),
        stopped in any::<bool>(),
    ) -> Case {
        let [has_system, supported, complete, implanted] = known;
        let (id, version) = SYSTEMS[system];
        let mut case = host(id, version, role, family);
        if !has_system {
            case.exposure.system = None;
            case.host.facts.os.version = None;
            case.host.facts.os.basis = OsBasis::Unknown;
        }
        case.exposure.supported = Some(supported);
        case.host.facts.updates.complete = complete;
        let business = &mut case.host.facts.business;
        business.needs_ports = needs;
        business.alternatives = alternatives;
        business.patch_conflict = conflict;
        business.conflicting_updates = conflicting.into_iter().map(KbId).collect();
        business.needs_services = services.map(|list| list.into_iter().map(str::to_owned).collect());
        for (ports, status) in [(closed, PortStatus::Closed), (open, PortStatus::Open)] {
            for port in ports {
                case.host.facts.ports.insert(port, PortState { status, service: None, product: None });
            }
        }
        if stopped {
            case.host.facts.services.insert("spooler".into(), ServiceState::Stopped);
        }
        if implanted {
            case = case.implanted();
        }
        for ((weapon, ports, fixes), (state, base)) in WEAPONS.iter().zip(states) {
            case = case.weapon(weapon, state, ports, fixes);
            if base && !fixes.is_empty() && state.needs_action() {
                case = case.base("7-sp1", &[976932]).base("sha2", &[4474419]);
            }
        }
        case
    }
}

fn may_be_domain_controller(case: &Case) -> bool {
    case.host.is_domain_controller().unwrap_or(case.host.facts.os.family != Some(Family::Client))
}

fn blocks(plan: &HostPlan) -> impl Iterator<Item = &Action> {
    plan.steps.iter().map(|step| &step.action).filter(|action| action.kind == ActionKind::BlockPort)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn what_may_be_a_domain_controller_keeps_its_ports_and_services(case in any_case()) {
        let plan = case.plan();
        if may_be_domain_controller(&case) {
            for action in blocks(&plan) {
                for number in [88, 135, 389, 445] {
                    prop_assert!(action.ports.iter().all(|port| port.number != number), "{action:?}");
                }
            }
            for step in &plan.steps {
                for service in ["lanmanserver", "netlogon", "kdc"] {
                    prop_assert!(!step.action.services.contains(service));
                }
                prop_assert_ne!(step.action.control.as_deref(), Some("smb-over-tcp-off"));
            }
        }
    }

    #[test]
    fn a_port_the_business_needs_is_blocked_only_when_it_has_an_alternative(case in any_case()) {
        let business = &case.host.facts.business;
        for action in blocks(&case.plan()) {
            for port in &action.ports {
                let needed = business.needs_ports.as_ref().is_some_and(|needs| needs.contains(port));
                prop_assert!(!needed || business.alternatives.contains(port), "{port}");
            }
        }
    }

    #[test]
    fn every_temporary_step_is_rolled_back_after_verification(case in any_case()) {
        let steps = case.plan().steps;
        for step in steps.iter().filter(|step| step.action.temporary) {
            let undo = steps.iter().find(|other| {
                other.action.kind == ActionKind::RollBack
                    && other.action.control == step.action.control
                    && other.action.ports == step.action.ports
                    && other.action.services == step.action.services
            });
            prop_assert!(undo.is_some_and(|undo| undo.number > step.number), "{step:?}");
            let verify = steps.iter().find(|other| other.action.kind == ActionKind::Verify);
            prop_assert!(verify.zip(undo).is_some_and(|(verify, undo)| verify.number < undo.number));
        }
        let temporary = steps.iter().filter(|step| step.action.temporary).count();
        let undone = steps.iter().filter(|step| step.action.kind == ActionKind::RollBack).count();
        prop_assert_eq!(temporary, undone);
    }

    #[test]
    fn open_and_unknown_always_have_something_to_do(case in any_case()) {
        let plan = case.plan();
        for (disposal, exposure) in plan.disposals.iter().zip(&case.exposure.weapons) {
            let nothing = disposal.actions.iter().all(|action| action.kind == ActionKind::NothingToDo);
            if exposure.state.needs_action() {
                prop_assert!(!nothing, "{disposal:?}");
                prop_assert!(disposal.urgency.timeline < Timeline::None);
            }
            if exposure.state == Unknown && !matches!(exposure.weapon.as_str(), "doublepulsar") {
                prop_assert!(disposal.actions.iter().any(|action| action.kind == ActionKind::CollectFacts));
            }
            prop_assert!(!disposal.path.is_empty());
        }
        let open = case.exposure.weapons.iter().any(|exposure| exposure.state.needs_action());
        let idle = plan.steps.iter().any(|step| step.action.kind == ActionKind::NothingToDo);
        prop_assert!(!(open && idle));
    }

    #[test]
    fn the_same_case_gives_the_same_plan_and_another_day_keeps_the_id(case in any_case()) {
        let plan = case.plan();
        prop_assert_eq!(&plan, &case.plan());
        let later = remedy::plan(&case.host, &case.exposure, &TestLore, jiff::civil::date(2027, 1, 5));
        prop_assert_eq!(plan.id, later.id);
    }

    #[test]
    fn steps_are_numbered_in_the_order_they_are_done(case in any_case()) {
        let steps = case.plan().steps;
        prop_assert!(steps.iter().zip(1..).all(|(step, number)| step.number == number));
        prop_assert!(steps.windows(2).all(|pair| pair[0].action.kind <= pair[1].action.kind));
        let rank = |id: &str| steps.iter().position(|step| step.action.control.as_deref() == Some(id));
        if let (Some(pack), Some(sha2)) = (rank("7-sp1"), rank("sha2")) {
            prop_assert!(pack < sha2);
        }
    }

    /// A fix that goes in takes work away; what it may add is the undoing of a measure that is no longer needed for good.
    #[test]
    fn a_fixed_weapon_never_adds_a_step(case in any_case(), which in 0..WEAPONS.len()) {
        let before: BTreeMap<_, _> = case.plan().steps.into_iter().map(|step| (key(&step.action), step)).collect();
        let mut fixed = case;
        fixed.exposure.weapons[which].state = Fixed;
        fixed.exposure.weapons[which].base = None;
        for step in fixed.plan().steps {
            let done = matches!(step.action.kind, ActionKind::NothingToDo | ActionKind::RollBack);
            prop_assert!(done || before.contains_key(&key(&step.action)), "{step:?}");
        }
    }

    #[test]
    fn updates_the_business_cannot_bear_are_never_proposed(case in any_case()) {
        let business = &case.host.facts.business;
        for step in case.plan().steps.iter().filter(|step| step.action.kind == ActionKind::BasePatch) {
            let conflicting = |kb| business.conflicting_updates.contains(kb);
            prop_assert!(step.action.any_of.is_empty() || !step.action.any_of.iter().all(conflicting), "{step:?}");
        }
        for step in case.plan().steps.iter().filter(|step| step.action.kind == ActionKind::KeyPatch) {
            prop_assert!(business.patch_conflict != Some(true));
            prop_assert!(step.action.any_of.iter().all(|kb| !business.conflicting_updates.contains(kb)));
            prop_assert!(!step.action.any_of.is_empty());
        }
    }

    #[test]
    fn every_word_of_a_plan_is_there_in_both_languages(case in any_case()) {
        let text = crate::case::read(&case.plan());
        prop_assert!(!text.contains("disposal."), "{text}");
        prop_assert!(!text.contains("{{"), "{text}");
    }
}

/// What a step does to the host; ports and updates may shrink when a weapon is fixed, so they are not part of it.
fn key(action: &Action) -> (ActionKind, Option<String>) {
    (action.kind, action.control.clone())
}

#[test]
fn a_weapon_nobody_knows_is_as_urgent_as_the_worst_of_its_kind() {
    let lore = TestLore.weapon(&"no-such-weapon".into(), None);
    assert!(lore.automatable && lore.total_impact);
}
