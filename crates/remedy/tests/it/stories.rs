//! The stories the flow must tell right; `stories/*.txt` are read by people. `UPDATE_EXPECT=1` rewrites them.

use crate::case::{Case, client, host, read, server};
use expect_test::ExpectFile;
use expect_test::expect_file;
use jiff::civil::date;
use model::ExposureState::{Fixed, NotAffected, Open, Unknown};
use model::{ActionKind, Family, KbId, PortStatus, Role, Situation, Timeline};

const SMB: &str = "139 445";
const XP_END: jiff::civil::Date = date(2014, 4, 8);

fn check(case: &Case, expected: ExpectFile) {
    expected.assert_eq(&read(&case.plan()));
}

fn kinds(case: &Case) -> Vec<ActionKind> {
    case.plan().steps.iter().map(|step| step.action.kind).collect()
}

fn xp() -> Case {
    client("xp-sp3-x86", "5.1.2600").support_ended(XP_END)
}

#[test]
fn xp_without_support_gets_the_out_of_band_patch_and_loses_the_port_nobody_needs() {
    let case = xp()
        .needs("3389")
        .weapon("eternalblue", Open, SMB, &[4012598, 4018466])
        .weapon("eclipsedwing", Open, SMB, &[958644, 2705219])
        .weapon("esteemaudit", Open, "3389", &[4022747])
        .weapon("erraticgopher", Open, "445", &[4024323]);
    check(&case, expect_file!["../stories/xp-445-not-needed.txt"]);
}

#[test]
fn a_2003_web_server_keeps_80_and_3389_behind_a_shield() {
    let case = server("2003-sp2-x86", "5.2.3790")
        .support_ended(date(2015, 7, 14))
        .needs("80 3389")
        .seen(PortStatus::Open, "80 3389")
        .weapon("explodingcan", Open, "80 443", &[3197835])
        .weapon("esteemaudit", Open, "3389", &[4022747])
        .weapon("eternalblue", Open, SMB, &[4012598]);
    let story = case.plan().disposals.iter().map(|disposal| disposal.situation).collect::<Vec<_>>();
    assert_eq!(story[..2], [Some(Situation::PortIsBusiness), Some(Situation::PortIsBusiness)]);
    check(&case, expect_file!["../stories/2003-web-server.txt"]);
}

#[test]
fn a_patch_that_conflicts_is_watched_from_outside_and_the_system_replaced() {
    let case = client("7-sp1-x64", "6.1.7601")
        .support_ended(date(2020, 1, 14))
        .needs("445")
        .with(|host| host.facts.business.patch_conflict = Some(true))
        .weapon("eternalblue", Open, SMB, &[4012212, 4012215]);
    assert_eq!(case.plan().disposals[0].situation, Some(Situation::PatchConflicts));
    check(&case, expect_file!["../stories/7-patch-conflicts.txt"]);
}

#[test]
fn only_the_updates_that_conflict_are_avoided() {
    let case = client("7-sp1-x64", "6.1.7601")
        .with(|host| host.facts.business.conflicting_updates = [KbId(4012215)].into())
        .weapon("eternalblue", Open, SMB, &[4012212, 4012215]);
    let plan = case.plan();
    let key = plan.steps.iter().find(|step| step.action.kind == ActionKind::KeyPatch).unwrap();
    assert_eq!(key.action.any_of, [KbId(4012212)]);
}

#[test]
fn a_domain_controller_keeps_its_ports() {
    let case = host("2012r2-x64", "6.3.9600", Some(Role::PrimaryDomainController), Some(Family::Server))
        .support_ended(date(2023, 10, 10))
        .needs("")
        .weapon("eternalblue", Open, SMB, &[4012213, 4012216])
        .weapon("eskimoroll", Open, "88 udp/88", &[3011780])
        .weapon("zippybeer", Open, "445", &[])
        .weapon("emeraldthread", NotAffected, SMB, &[]);
    check(&case, expect_file!["../stories/2012r2-domain-controller.txt"]);
}

#[test]
fn base_patch_comes_before_the_key_patch_that_needs_it() {
    let case = client("7-rtm-x64", "6.1.7600")
        .support_ended(date(2013, 4, 9))
        .weapon("eternalblue", Open, SMB, &[4012212, 4012215])
        .base("7-sp1", &[976932])
        .weapon("emeraldthread", Open, SMB, &[2347290]);
    check(&case, expect_file!["../stories/7-rtm-base-first.txt"]);
}

#[test]
fn a_cut_off_list_is_collected_again_and_treated_as_open() {
    let case = client("7-sp1-x64", "6.1.7601")
        .support_ended(date(2020, 1, 14))
        .with(|host| {
            host.facts.updates.complete = false;
            host.facts.updates.claimed = Some(273);
            host.facts.updates.listed = Some(246);
        })
        .weapon("eternalblue", Unknown, SMB, &[4012212, 4012215])
        .weapon("emeraldthread", Fixed, SMB, &[2347290]);
    check(&case, expect_file!["../stories/7-cut-off-list.txt"]);
}

#[test]
fn an_implant_is_isolated_patched_restarted_and_examined() {
    let case = client("7-sp1-x64", "6.1.7601")
        .support_ended(date(2020, 1, 14))
        .seen(PortStatus::Open, "445")
        .implanted()
        .weapon("eternalblue", Open, SMB, &[4012212, 4012215])
        .weapon("doublepulsar", Open, "445 3389", &[]);
    assert_eq!(case.plan().urgency.timeline, Timeline::Now);
    assert_eq!(kinds(&case)[0], ActionKind::Isolate);
    check(&case, expect_file!["../stories/7-doublepulsar.txt"]);
}

#[test]
fn an_implant_on_a_patched_host_still_needs_the_restart() {
    let case = client("7-sp1-x64", "6.1.7601").implanted().weapon("doublepulsar", Open, "445", &[]);
    let plan = case.plan();
    let examine = plan.steps.iter().find(|step| step.action.kind == ActionKind::Examine).unwrap();
    assert!(examine.action.reboot);
    assert!(!kinds(&case).contains(&ActionKind::KeyPatch));
}

#[test]
fn a_host_of_which_nothing_is_known_is_collected_first_and_loses_no_domain_port() {
    let mut case = host("", "", None, None).with(|host| {
        host.facts = model::HostFacts { addresses: ["10.0.0.7".parse().unwrap()].into(), ..Default::default() };
    });
    case.exposure.system = None;
    case.exposure.supported = None;
    let case = case
        .weapon("eternalblue", Unknown, SMB, &[])
        .weapon("esteemaudit", Unknown, "3389", &[])
        .weapon("easybee", Unknown, "1000 3000", &[])
        .weapon("doublepulsar", Unknown, "445", &[]);
    check(&case, expect_file!["../stories/nothing-known.txt"]);
}

#[test]
fn a_current_client_has_nothing_to_do() {
    let case = client("10-22h2-x64", "10.0.19045")
        .with(|host| host.facts.software = Some(Default::default()))
        .weapon("eternalblue", NotAffected, SMB, &[])
        .weapon("easybee", NotAffected, "1000 3000", &[]);
    assert_eq!(kinds(&case), [ActionKind::NothingToDo]);
    check(&case, expect_file!["../stories/10-22h2-nothing-to-do.txt"]);
}

#[test]
fn a_server_nobody_asked_about_is_asked_before_its_port_is_blocked() {
    let case = server("2008r2-sp1-x64", "6.1.7601").weapon("eternalblue", Open, SMB, &[4012212, 4012215]);
    check(&case, expect_file!["../stories/2008r2-not-asked.txt"]);
}

#[test]
fn a_closed_port_delays_and_does_not_excuse() {
    let open = client("7-sp1-x64", "6.1.7601").weapon("eternalblue", Open, SMB, &[4012212]);
    let closed =
        client("7-sp1-x64", "6.1.7601").seen(PortStatus::Closed, SMB).weapon("eternalblue", Open, SMB, &[4012212]);
    assert!(closed.plan().urgency > open.plan().urgency);
    assert_eq!(kinds(&closed), [ActionKind::KeyPatch, ActionKind::Verify]);
}
