//! What the shipped knowledge tells the flow.

use crate::case::{DAY, client, tag};
use knowledge::Knowledge;
use model::ExposureState::Open;
use model::{ActionKind, Family, Timeline, UrgencyBasis};
use remedy::{Lore, Nature, Way, controls};
use std::collections::BTreeSet;
use words::Language;

fn lore(weapon: &str, system: &str) -> remedy::WeaponLore {
    Knowledge::builtin().weapon(&weapon.into(), Some(system))
}

#[test]
fn every_way_is_a_control_the_product_has() {
    let folder = testkit::workspace().join("data/controls");
    let mut ids = BTreeSet::new();
    for weapon in Knowledge::builtin().weapons.iter() {
        for way in Knowledge::builtin().weapon(&weapon.id, None).ways {
            if let Way::Feature(id) = way {
                ids.insert(id);
            }
        }
    }
    ids.extend(
        [controls::BLOCK_PORT, controls::DISABLE_SERVICE, controls::SMB_OVER_TCP_OFF, controls::NETBIOS_OFF]
            .map(str::to_owned),
    );
    assert!(ids.contains(controls::SMB1_OFF) && ids.contains(controls::WEBDAV_OFF));
    let missing: Vec<_> = ids.iter().filter(|id| !folder.join(format!("{id}.toml")).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_note_of_a_weapon_has_words() {
    for weapon in Knowledge::builtin().weapons.iter() {
        let lore = Knowledge::builtin().weapon(&weapon.id, None);
        for message in lore.notes.iter().chain(&lore.remedies) {
            for language in Language::ALL {
                assert!(words::template(&message.code, language).is_some(), "{} in {language}", message.code);
            }
        }
    }
}

#[test]
fn a_service_that_owns_the_port_is_no_way_to_keep_it() {
    let ways = lore("esteemaudit", "2003-sp2-x86").ways;
    assert!(!ways.contains(&Way::Service("termservice".into())), "{ways:?}");
    assert!(ways.contains(&Way::Service("scardsvr".into())), "{ways:?}");
}

#[test]
fn the_smallest_package_with_the_fewest_base_patches_leads() {
    let knowledge = Knowledge::builtin();
    assert!(knowledge.systems.get("7-sp1-x64").is_some());
    let kbs: Vec<u32> = lore("eternalblue", "7-sp1-x64").preferred.iter().map(|kb| kb.0).collect();
    assert_eq!(kbs[..2], [4012212, 4012215]);
}

#[test]
fn the_fix_for_xp_came_after_its_support_had_ended() {
    assert_eq!(lore("eternalblue", "xp-sp3-x86").published.map(|day| day.to_string()).as_deref(), Some("2017-05-13"));
    assert!(lore("esteemaudit", "xp-sp3-x86").published > Some(jiff::civil::date(2014, 4, 8)));
}

#[test]
fn service_pack_1_of_windows_7_closes_emeraldthread_by_itself() {
    let knowledge = Knowledge::builtin();
    let rtm = knowledge.systems.iter().find(|system| system.line == "7" && system.service_pack.unwrap_or(0) == 0);
    let closing = lore("emeraldthread", &rtm.unwrap().id).closed_by;
    assert!(!closing.is_empty());
    assert!(lore("eternalblue", &rtm.unwrap().id).closed_by.is_empty());
}

#[test]
fn a_client_moves_to_a_client_and_a_server_to_a_server() {
    let knowledge = Knowledge::builtin();
    assert_eq!(knowledge.upgrade_target(Family::Client, DAY).as_deref(), Some("Windows 11"));
    assert_eq!(knowledge.upgrade_target(Family::Server, DAY).as_deref(), Some("Windows Server 2025"));
    assert_eq!(knowledge.upgrade_target(Family::Server, jiff::civil::date(2099, 1, 1)), None);
}

#[test]
fn applications_and_implants_are_told_apart() {
    assert!(matches!(lore("easybee", "7-sp1-x64").nature, Nature::Application { .. }));
    assert!(matches!(lore("doublepulsar", "7-sp1-x64").nature, Nature::Implant { .. }));
    assert!(matches!(lore("eternalblue", "7-sp1-x64").nature, Nature::System));
    assert!(lore("eskimoroll", "2012r2").domain_controllers_only);
}

#[test]
fn the_urgency_is_the_tables() {
    let answers =
        UrgencyBasis { kev: true, exposed: false, exposed_assumed: true, automatable: true, total_impact: true };
    let timeline = Knowledge::builtin().timeline(&answers);
    assert_eq!(timeline, Timeline::ThreeDaysForensics, "{}", tag(&timeline));
}

#[test]
fn a_plan_stands_on_the_shipped_knowledge() {
    let case = client("xp-sp3-x86", "5.1.2600").needs("").weapon("eternalblue", Open, "139 445", &[4012598]);
    let plan = remedy::plan(&case.host, &case.exposure, Knowledge::builtin(), DAY);
    let kinds: Vec<_> = plan.steps.iter().map(|step| step.action.kind).collect();
    let off = ActionKind::DisableFeature;
    assert_eq!(kinds, [ActionKind::BlockPort, off, off, ActionKind::KeyPatch, ActionKind::Verify]);
}
