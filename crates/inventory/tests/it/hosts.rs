//! The readers against real `systeminfo` outputs and their truth.

use inventory::{Limits, read, snapshots};
use model::{Family, Host, Observation, OsFacts};
use serde_json::Value;
use std::collections::BTreeSet;

fn truth() -> Option<Vec<(String, Value)>> {
    let path = testkit::data("hosts/hosts-truth.json")?;
    let truth: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let entries = truth.as_object().unwrap().iter().filter(|(name, _)| !name.starts_with('_'));
    Some(entries.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn observe(names: &[String]) -> Vec<Observation> {
    let mut observations = Vec::new();
    for name in names {
        let path = testkit::data(&format!("hosts/{name}")).unwrap();
        let reading = read(name, &std::fs::read(path).unwrap(), &Limits::default());
        assert!(reading.refusals.is_empty(), "{:?}", reading.refusals);
        observations.extend(reading.observations);
    }
    observations
}

fn ids(value: &Value) -> BTreeSet<u32> {
    value.as_array().into_iter().flatten().filter_map(Value::as_u64).map(|id| id as u32).collect()
}

fn identity(os: &OsFacts, name: &Option<String>, domain: &Option<String>) -> Value {
    serde_json::json!({
        "hostname": name, "domain": domain, "language": os.language, "locale": os.locale, "product": os.product,
        "edition": os.edition, "version": os.version, "build": os.build, "service_pack": os.service_pack,
        "family": os.family.map(|family| if family == Family::Client { "client" } else { "server" }),
        "arch": os.arch, "role": os.role,
    })
}

#[test]
fn identity_and_updates_are_the_truth_for_every_host() {
    let Some(truth) = truth() else { return };
    let names: Vec<String> = truth.iter().map(|(name, _)| name.clone()).collect();
    let hosts = snapshots(observe(&names));
    assert_eq!(hosts.len(), names.len(), "each file is a host of its own");
    let unique: BTreeSet<_> = hosts.iter().map(|host| &host.id).collect();
    assert_eq!(unique.len(), hosts.len(), "each host has its own id");
    for (name, want) in &truth {
        let host = of_file(&hosts, name);
        let facts = &host.facts;
        let got = identity(&facts.os, &facts.name, &facts.domain);
        let wanted: serde_json::Map<_, _> =
            got.as_object().unwrap().keys().map(|key| (key.clone(), want[key].clone())).collect();
        assert_eq!(got, Value::Object(wanted), "{name}");
        let encoding = facts.os.encoding.as_deref().unwrap();
        let accepted = want["encoding_accept"].as_array().is_some_and(|list| list.iter().any(|e| e == encoding));
        assert!(want["encoding"] == encoding || accepted, "{name}: {encoding}");
        assert_eq!(facts.os.evaluation, want["evaluation"] == true, "{name}");
        check_updates(name, host, want);
    }
}

fn check_updates(name: &str, host: &Host, want: &Value) {
    let updates = &host.facts.updates;
    let got: BTreeSet<u32> = updates.installed.iter().map(|id| id.0).collect();
    let (must, may) = (ids(&want["kbs"]), ids(&want["kbs_optional"]));
    assert!(must.is_subset(&got), "{name}: missing {:?}", must.difference(&got).collect::<Vec<_>>());
    let extra: Vec<_> = got.difference(&must).filter(|id| !may.contains(id)).collect();
    assert!(extra.is_empty(), "{name}: extra {extra:?}");
    assert_eq!(updates.claimed.map(u64::from), want["kb_count_claimed"].as_u64(), "{name}");
    assert_eq!(updates.complete, want["kb_list_truncated"] == false, "{name}");
    let (listed, wanted) = (updates.listed.unwrap(), want["kb_entries_listed"].as_u64().unwrap() as u32);
    assert!(listed == wanted || listed + 1 == wanted, "{name}: {listed} entries, want {wanted}");
}

fn of_file<'a>(hosts: &'a [Host], name: &str) -> &'a Host {
    hosts.iter().find(|host| host.sources.iter().any(|source| source.path == name)).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn companions_join_the_host_of_their_file_and_complete_a_cut_list() {
    let Some(truth) = truth() else { return };
    let mut names: Vec<String> = truth.iter().map(|(name, _)| name.clone()).collect();
    let systeminfos = names.len();
    names.extend(
        truth
            .iter()
            .flat_map(|(_, want)| want["companions"].as_array().cloned().unwrap_or_default())
            .map(|c| c.as_str().unwrap().to_owned()),
    );
    let hosts = snapshots(observe(&names));
    assert_eq!(hosts.len(), systeminfos);
    for (name, want) in &truth {
        let facts = &of_file(&hosts, name).facts;
        let installed: BTreeSet<u32> = facts.updates.installed.iter().map(|id| id.0).collect();
        let mut union = ids(&want["kbs"]);
        union.extend(ids(&want["qfe_kbs"]));
        let extra: Vec<_> =
            installed.difference(&union).filter(|id| !ids(&want["kbs_optional"]).contains(id)).collect();
        assert!(union.is_subset(&installed) && extra.is_empty(), "{name}: extra {extra:?}");
        let wanted: BTreeSet<u32> = facts.wanted.iter().map(|id| id.0).collect();
        assert_eq!(wanted, ids(&want["missing_kbs"]), "{name}");
        let has_list = want["qfe_kbs"].as_array().is_some_and(|list| !list.is_empty());
        assert_eq!(facts.updates.complete, has_list || want["kb_list_truncated"] == false, "{name}");
    }
}
