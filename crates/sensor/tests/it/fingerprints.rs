//! Fingerprints of TLS clients and identities of conversations, against what their authors publish.

use sensor::output::{Eve, Output};
use sensor::{Options, Worker, source};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::IpAddr;
use std::path::Path;

fn eve(capture: &Path, options: &str) -> Vec<Value> {
    let out = tempfile::NamedTempFile::new().unwrap();
    let eve: Box<dyn Output> = Box::new(Eve::new(File::create(out.path()).unwrap()));
    let mut worker = Worker::new(Options::only(options).unwrap(), vec![eve]);
    let mut number = 0;
    source::read(capture, &mut |frame| {
        number += 1;
        worker.frame(frame, number);
        true
    })
    .unwrap();
    worker.finish().unwrap();
    let text = std::fs::read_to_string(out.path()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn ja3_and_ja4_are_those_of_the_reference() {
    let Some(folder) = testkit::data("fingerprints") else { return };
    let truth: Value = serde_json::from_slice(&std::fs::read(folder.join("ja4-truth.json")).unwrap()).unwrap();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for (name, capture) in truth["captures"].as_object().unwrap() {
        let mut seen: BTreeMap<(IpAddr, u64), (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        for event in eve(&folder.join(name), "ja3,midstream") {
            let Some(tls) = event.get("tls").or(event.get("quic")) else { continue };
            let key = (address(&event["src_ip"]), event["src_port"].as_u64().unwrap());
            let entry = seen.entry(key).or_default();
            entry.0.extend(tls["ja4"].as_str().map(str::to_owned));
            entry.1.extend(tls["ja3"]["hash"].as_str().map(str::to_owned));
        }
        for flow in capture["flows"].as_array().unwrap() {
            let key = (address(&flow["src"]), flow["src_port"].as_u64().unwrap());
            let (ja4, ja3) = seen.get(&key).cloned().unwrap_or_default();
            for (what, seen) in [("ja4", ja4), ("ja3", ja3)] {
                let wanted = flow[what].as_array().into_iter().flatten().filter_map(Value::as_str);
                for wanted in wanted {
                    checked += 1;
                    if !seen.contains(wanted) {
                        wrong.push(format!("{name} {key:?}: {what} {wanted}, not {seen:?}"));
                    }
                }
            }
        }
        if capture["flows"].as_array().unwrap().is_empty() && capture.get("only_in_rust_snapshot").is_none() {
            assert!(seen.values().all(|(ja4, _)| ja4.is_empty()), "{name} has no client: {seen:?}");
        }
    }
    assert!(checked > 30, "only {checked} fingerprints in the truth");
    assert!(wrong.is_empty(), "{} of {checked} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn address(value: &Value) -> IpAddr {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn community_ids_are_those_of_the_specification() {
    let Some(folder) = testkit::data("fingerprints/community-id") else { return };
    for (baseline, options) in
        [("baseline_deflt.json", "community-id,midstream"), ("baseline_seed1.json", "community-id-seed-1,midstream")]
    {
        let truth: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join(baseline)).unwrap()).unwrap();
        let wanted: BTreeSet<String> =
            truth.iter().filter_map(|entry| entry["communityid"].as_str().map(str::to_owned)).collect();
        let captures = ["tcp.pcap", "udp.pcap", "icmp.pcap", "icmp6.pcap", "ipv6.pcap", "sctp.pcap", "rsvp.pcap"];
        let events = captures.iter().flat_map(|capture| eve(&folder.join(capture), options));
        let seen: BTreeSet<String> =
            events.filter_map(|event| event["community_id"].as_str().map(str::to_owned)).collect();
        let missing: Vec<_> = wanted.difference(&seen).collect();
        let foreign: Vec<_> = seen.difference(&wanted).collect();
        assert!(missing.is_empty() && foreign.is_empty(), "{baseline}: missing {missing:?}, foreign {foreign:?}");
        assert!(wanted.len() > 10);
    }
}
