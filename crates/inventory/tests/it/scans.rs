//! The readers of scanner reports against real reports and their truth.

use inventory::{Limits, read};
use model::{Observation, OsBasis, PortStatus, Severity, Transport};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn truth() -> Option<Value> {
    let path = testkit::data("scans/truth.json")?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

fn observe(name: &str) -> Vec<Observation> {
    let path = testkit::data(&format!("scans/{name}")).unwrap();
    let reading = read(name, &std::fs::read(path).unwrap(), &Limits::default());
    assert!(reading.refusals.is_empty(), "{:?}", reading.refusals);
    reading.observations
}

fn open_ports(observation: &Observation) -> BTreeSet<(String, u64)> {
    let ports = observation.facts.ports.iter().filter(|(_, state)| state.status == PortStatus::Open);
    ports
        .map(|(port, _)| {
            (if port.transport == Transport::Tcp { "tcp" } else { "udp" }.to_owned(), u64::from(port.number))
        })
        .collect()
}

fn number(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "0",
        Severity::Low => "1",
        Severity::Moderate => "2",
        Severity::Important => "3",
        Severity::Critical => "4",
    }
}

#[test]
fn nessus_hosts_items_severities_and_ports_are_the_truth() {
    let Some(truth) = truth() else { return };
    for (name, want) in truth.as_object().unwrap().iter().filter(|(_, want)| want["format"] == "nessus-v2") {
        let got = observe(name);
        let hosts = want["hosts"].as_array().unwrap();
        assert_eq!(got.len(), hosts.len());
        for (got, want) in got.iter().zip(hosts) {
            let facts = &got.facts;
            assert!(facts.name.as_deref().unwrap().eq_ignore_ascii_case(want["name"].as_str().unwrap()));
            assert!(facts.addresses.iter().any(|address| address.to_string() == want["ip"]));
            assert_eq!(facts.os.name.as_deref(), want["os"].as_str());
            assert_eq!(
                (facts.os.basis, facts.os.build),
                (OsBasis::Stated, Some(7601)),
                "said over SMB, with the build"
            );
            assert_eq!((facts.os.product.as_deref(), facts.os.service_pack), (Some("Windows Server 2008 R2"), Some(1)));
            assert_eq!(facts.scanner.len() as u64, want["items"].as_u64().unwrap());
            let mut severities: BTreeMap<&str, u64> = BTreeMap::new();
            facts
                .scanner
                .iter()
                .filter_map(|item| item.severity)
                .for_each(|s| *severities.entry(number(s)).or_default() += 1);
            assert_eq!(json!(severities), want["severity"]);
            let cves: BTreeSet<_> = facts.scanner.iter().flat_map(|item| &item.cves).collect();
            assert_eq!(cves.len() as u64, want["cves"].as_u64().unwrap());
            let ports: BTreeSet<(String, u64)> = serde_json::from_value(want["open_ports"].clone()).unwrap();
            assert_eq!(open_ports(got), ports);
            assert!(!facts.updates.known, "no patch list: unknown, not empty");
        }
    }
}

#[test]
fn nmap_hosts_ports_and_guesses_are_the_truth() {
    let Some(truth) = truth() else { return };
    for (name, want) in truth.as_object().unwrap().iter().filter(|(_, want)| want["format"] == "nmap-xml") {
        let got = observe(name);
        let hosts = want["hosts"].as_array().unwrap();
        assert_eq!(got.len() as u64, want["hosts_up"].as_u64().unwrap(), "hosts that are down are left out");
        for (got, want) in got.iter().zip(hosts) {
            let facts = &got.facts;
            assert!(facts.addresses.iter().any(|address| address.to_string() == want["ip"]));
            assert_eq!(facts.macs.first().cloned(), want["mac"].as_str().map(str::to_lowercase));
            let ports: BTreeSet<(String, u64)> = want["open_ports"]
                .as_array()
                .unwrap()
                .iter()
                .map(|port| (port["proto"].as_str().unwrap().to_owned(), port["port"].as_u64().unwrap()))
                .collect();
            assert_eq!(open_ports(got), ports);
            for port in want["open_ports"].as_array().unwrap() {
                let key = format!("{}/{}", port["proto"].as_str().unwrap(), port["port"]).parse().unwrap();
                assert_eq!(facts.ports[&key].service.as_deref(), port["service"].as_str());
            }
            assert_eq!(facts.os.name.as_deref(), want["best_os"].as_str());
            assert_ne!(facts.os.basis, OsBasis::Stated, "osmatch is a guess");
            assert!(got.source.observed.is_some());
        }
    }
}

#[test]
fn openvas_results_threats_and_ports_are_the_truth() {
    let Some(truth) = truth() else { return };
    for (name, want) in truth.as_object().unwrap().iter().filter(|(_, want)| want["format"] == "openvas-xml") {
        let got = observe(name);
        assert_eq!(got.len(), want["hosts"].as_array().unwrap().len());
        let facts = &got[0].facts;
        assert_eq!(facts.name.as_deref(), want["hosts"][0].as_str());
        assert_eq!(facts.scanner.len() as u64, want["results"].as_u64().unwrap());
        let count = |severity| facts.scanner.iter().filter(|item| item.severity == Some(severity)).count() as u64;
        assert!(count(Severity::Important) >= want["threat"]["High"].as_u64().unwrap());
        assert!(count(Severity::Moderate) >= want["threat"]["Medium"].as_u64().unwrap());
        let mut ports: BTreeSet<String> = facts.ports.keys().map(|port| format!("{}/tcp", port.number)).collect();
        ports.insert("general/tcp".to_owned());
        assert_eq!(json!(ports), want["ports"]);
    }
}
