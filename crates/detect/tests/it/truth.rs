//! Every weapon on real hosts with known truth (the rules stand in the data's README).

use knowledge::Knowledge;
use model::{ExposureState, Host, HostFacts, HostId, KbId, OsBasis, PatchState};
use serde_json::Value;
use std::collections::BTreeSet;

fn truth() -> Option<serde_json::Map<String, Value>> {
    let path = testkit::data("hosts/hosts-truth.json")?;
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    Some(all.as_object().unwrap().clone().into_iter().filter(|(name, _)| !name.starts_with('_')).collect())
}

fn take<T: serde::de::DeserializeOwned>(truth: &Value, field: &str) -> Option<T> {
    serde_json::from_value(truth[field].clone()).ok()
}

fn kbs(truth: &Value, field: &str) -> BTreeSet<KbId> {
    take::<Vec<u32>>(truth, field).unwrap_or_default().into_iter().map(KbId).collect()
}

/// The host as its readers should see it.
fn host(name: &str, truth: &Value) -> Host {
    let mut facts = HostFacts::default();
    facts.os.product = take(truth, "product");
    facts.os.edition = take(truth, "edition");
    facts.os.family = take(truth, "family");
    facts.os.version = take(truth, "version");
    facts.os.build = take(truth, "build");
    facts.os.service_pack = take(truth, "service_pack");
    facts.os.arch = take(truth, "arch");
    facts.os.role = take(truth, "role");
    facts.os.basis = OsBasis::Stated;
    facts.updates.known = true;
    facts.updates.complete = !truth["kb_list_truncated"].as_bool().unwrap();
    facts.updates.claimed = take(truth, "kb_count_claimed");
    facts.updates.listed = take(truth, "kb_entries_listed");
    facts.updates.installed = kbs(truth, "kbs");
    Host {
        id: HostId::from(name),
        facts,
        provenance: Default::default(),
        sources: vec![],
        conflicts: vec![],
        oddities: vec![],
    }
}

fn day() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23)
}

/// Compares each weapon with the truth's accepted states and its patch state; returns what is wrong.
fn wrong(host: &Host, weapons: &Value) -> (usize, Vec<String>) {
    let exposure = detect::exposure_brief(host, Knowledge::builtin(), day());
    let mut wrong = vec![];
    let mut count = 0;
    for (id, want) in weapons.as_object().unwrap() {
        let got = exposure.weapons.iter().find(|exposure| exposure.weapon.as_str() == id).unwrap();
        let state = serde_json::to_value(got.state).unwrap();
        let accept: Vec<Value> = match want.get("accept") {
            Some(accept) if want["debatable"] == true => accept.as_array().unwrap().clone(),
            _ if want["debatable"] == true => continue,
            _ => vec![want["state"].clone()],
        };
        count += 1;
        let patch = match got.patch {
            PatchState::Installed => "fixed",
            PatchState::Missing => "missing",
            PatchState::Unknown => "unknown",
            PatchState::NoneExists => "none",
            PatchState::NotApplicable => "not-applicable",
        };
        let patch_ok = want.get("patch_state").is_none_or(|want| want == patch) || want["debatable"] == true;
        if !accept.contains(&state) || !patch_ok {
            wrong.push(format!("{} {id}: want {want}, got {state} / {patch}: {:?}", host.id, got.why));
        }
    }
    (count, wrong)
}

#[test]
fn every_weapon_state_on_real_hosts_is_right() {
    let Some(truth) = truth() else { return };
    let (mut count, mut all) = (0, vec![]);
    for (name, entry) in &truth {
        let (judged, wrong) = wrong(&host(name, entry), &entry["weapons"]);
        count += judged;
        all.extend(wrong);
    }
    eprintln!("{count} weapon states judged, {} wrong", all.len());
    assert!(all.is_empty(), "{} of {count} wrong:\n{}", all.len(), all.join("\n"));
    assert!(count > 300, "only {count} pairs were compared");
}

#[test]
fn a_companion_list_completes_a_cut_off_one() {
    let Some(truth) = truth() else { return };
    let mut all = vec![];
    for (name, entry) in truth.iter().filter(|(_, entry)| entry.get("weapons_with_qfe").is_some()) {
        let mut host = host(name, entry);
        host.facts.updates.complete = true;
        host.facts.updates.installed.extend(kbs(entry, "qfe_kbs"));
        let mut weapons = entry["weapons"].clone();
        for (id, state) in entry["weapons_with_qfe"].as_object().unwrap() {
            weapons[id] = state.clone();
        }
        // Only what the companion changes is stated for the completed list.
        let changed = &entry["weapons_with_qfe"];
        all.extend(wrong(&host, changed).1);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// The cut-off list itself proves nothing: with the same readable part, no state may be open for lack of a fix.
#[test]
fn a_cut_off_list_never_makes_a_weapon_open_that_a_fix_could_close() {
    let Some(truth) = truth() else { return };
    for (name, entry) in truth.iter().filter(|(_, entry)| entry["kb_list_truncated"] == true) {
        let exposure = detect::exposure_brief(&host(name, entry), Knowledge::builtin(), day());
        for weapon in &exposure.weapons {
            assert!(
                weapon.state != ExposureState::Open || weapon.patch == PatchState::NoneExists,
                "{name}: {weapon:?}"
            );
        }
    }
}
