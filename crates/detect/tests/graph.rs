//! The relation graph and its exports.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use detect::graph::{Counts, Detail, NodeKind, Standing, export, graph, overlaid};
use knowledge::Knowledge;
use model::ExposureState;
use std::collections::BTreeSet;

fn k() -> &'static Knowledge {
    Knowledge::builtin()
}

#[test]
fn the_full_graph_goes_through_vulnerabilities_and_the_brief_one_does_not() {
    let (full, brief) = (graph(k(), Detail::Full), graph(k(), Detail::Brief));
    let count = |graph: &detect::Graph, kind| graph.nodes.iter().filter(|node| node.kind == kind).count();
    assert_eq!(count(&full, NodeKind::Weapon), 18);
    assert_eq!(count(&brief, NodeKind::Weapon), 18);
    assert_eq!(count(&brief, NodeKind::Vulnerability), 0);
    assert_eq!(count(&full, NodeKind::Vulnerability), 15);
    assert!(count(&full, NodeKind::System) > 20);
    let has = |graph: &detect::Graph, from: &str, to: &str| graph.edges.iter().any(|e| e.from == from && e.to == to);
    assert!(has(&full, "weapon:eternalblue", "vulnerability:CVE-2017-0144"));
    assert!(has(&full, "vulnerability:CVE-2017-0144", "system:7-sp1"));
    assert!(has(&brief, "weapon:eternalblue", "system:7-sp1"));
    assert!(has(&brief, "weapon:eternalblue", "weapon:doublepulsar"));
    assert!(!has(&brief, "weapon:eternalblue", "system:2019"));
    assert!(!has(&brief, "weapon:eskimoroll", "system:7-sp1"), "a client never is a domain controller");
}

#[test]
fn every_edge_has_both_its_ends_and_every_id_stands_once() {
    for detail in [Detail::Full, Detail::Brief] {
        let graph = graph(k(), detail);
        let ids: BTreeSet<&str> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids.len(), graph.nodes.len());
        for edge in &graph.edges {
            assert!(ids.contains(edge.from.as_str()) && ids.contains(edge.to.as_str()), "{edge:?}");
        }
    }
}

#[test]
fn hosts_are_counted_once_on_each_node_and_edge_they_touch() {
    let standing = |weapon: &str, system: Option<&str>, state| Standing {
        weapon: weapon.into(),
        system: system.map(Into::into),
        state,
    };
    let standings = [
        standing("eternalblue", Some("7-sp1-x64"), ExposureState::Open),
        standing("eternalblue", Some("7-sp1-x86"), ExposureState::Fixed),
        standing("eternalromance", Some("7-sp1-x64"), ExposureState::Open),
        standing("eternalblue", None, ExposureState::Unknown),
        standing("easybee", Some("2012r2"), ExposureState::Unknown),
        standing("eternalblue", Some("2019"), ExposureState::NotAffected),
    ];
    let graph = overlaid(k(), Detail::Full, &standings);
    let of = |id: &str| graph.nodes.iter().find(|node| node.id == id).unwrap().hosts;
    assert_eq!(of("weapon:eternalblue"), Counts { open: 1, unknown: 1, fixed: 1 });
    assert_eq!(of("system:7-sp1"), Counts { open: 2, unknown: 0, fixed: 1 });
    assert_eq!(of("vulnerability:CVE-2017-0144"), Counts { open: 1, unknown: 0, fixed: 1 });
    assert_eq!(of("product:easybee"), Counts { open: 0, unknown: 1, fixed: 0 });
    let edge = graph.edges.iter().find(|e| e.from == "vulnerability:CVE-2017-0144" && e.to == "system:7-sp1").unwrap();
    assert_eq!(edge.hosts, Counts { open: 1, unknown: 0, fixed: 1 });
}

/// Text that every format has a reason to trip over.
fn hostile() -> detect::Graph {
    let mut graph = graph(k(), Detail::Brief);
    graph.nodes[0].label.en = "=cmd|'x'!A1, \"q\" <b>&\u{1}\nend\\".into();
    graph.nodes[0].label.zh = "@易之<蜂针>&\"".into();
    graph
}

#[test]
fn exports_escape_what_their_format_gives_a_meaning() {
    let graph = hostile();
    let xml = export::graphml(&graph);
    assert!(xml.contains("&lt;b&gt;&amp;") && !xml.contains('\u{1}') && !xml.contains("<b>"));
    let opened = xml.matches("<node ").count();
    assert_eq!(opened, graph.nodes.len());
    assert_eq!(xml.matches("<edge ").count(), graph.edges.len());

    let csv = export::csv(&graph);
    assert!(csv.contains("\"'=cmd|'x'!A1, \"\"q\"\""), "{}", csv.lines().nth(1).unwrap());
    assert!(csv.starts_with('\u{feff}'), "a spreadsheet needs the mark to read Chinese");

    let dot = export::dot(&graph);
    assert!(dot.contains("\\\"q\\\"") && dot.contains("end\\\\"));
    assert_eq!(dot.matches(" -> ").count(), graph.edges.len());

    let json: serde_json::Value = serde_json::from_str(&export::json(&graph)).unwrap();
    assert_eq!(json["nodes"][0]["label"]["en"], graph.nodes[0].label.en);
}

#[test]
fn every_key_that_graphml_uses_is_declared() {
    let xml = export::graphml(&graph(k(), Detail::Full));
    let between = |text: &str, from: &str| -> BTreeSet<String> {
        text.split(from).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let (declared, used) = (between(&xml, "<key id=\""), between(&xml, "<data key=\""));
    assert!(used.is_subset(&declared), "{:?}", used.difference(&declared));
}
