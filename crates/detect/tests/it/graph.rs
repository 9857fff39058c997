//! The relation graph and its exports.

use detect::graph::{Alike, Counts, Detail, NodeKind, Standing, export, graph, overlaid};
use knowledge::Knowledge;
use model::{ExposureState, Reach, WeaponId};
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

fn alike(system: Option<&str>, weapons: &[(&str, Standing)], hosts: u64) -> Alike {
    let weapons = weapons.iter().map(|(weapon, standing)| (WeaponId::from(*weapon), *standing)).collect();
    Alike { system: system.map(Into::into), weapons, hosts }
}

#[test]
fn a_host_is_counted_once_on_each_node_and_edge_where_it_stands_worst() {
    use Standing::{Blocked, Reachable, Remediated, Unknown};
    let hosts = [
        // Two weapons that use one vulnerability on one system: still these ten hosts.
        alike(Some("7-sp1-x64"), &[("eternalblue", Remediated), ("eternalromance", Reachable)], 10),
        alike(Some("7-sp1-x86"), &[("eternalblue", Blocked), ("eternalromance", Unknown)], 3),
        alike(None, &[("eternalblue", Unknown)], 7),
        alike(Some("2012r2"), &[("easybee", Unknown)], 1),
        alike(Some("2019"), &[], 100_000),
    ];
    let graph = overlaid(k(), Detail::Full, &hosts);
    let of = |id: &str| graph.nodes.iter().find(|node| node.id == id).unwrap().hosts;
    let counts = |reachable, blocked, unknown, remediated| Counts { reachable, blocked, unknown, remediated };
    assert_eq!(of("weapon:eternalblue"), counts(0, 3, 7, 10));
    assert_eq!(of("weapon:eternalromance"), counts(10, 0, 3, 0));
    assert_eq!(of("system:7-sp1"), counts(10, 3, 0, 0), "each host once, of whatever architecture");
    assert_eq!(of("product:easybee"), counts(0, 0, 1, 0));
    let edge = |from: &str, to: &str| graph.edges.iter().find(|edge| edge.from == from && edge.to == to).unwrap().hosts;
    assert_eq!(edge("vulnerability:CVE-2017-0144", "system:7-sp1").total(), 13);
    assert_eq!(edge("weapon:eternalblue", "vulnerability:CVE-2017-0144"), counts(0, 3, 0, 10));
    assert_eq!(edge("weapon:eternalblue", "weapon:doublepulsar").total(), 0);

    let brief = overlaid(k(), Detail::Brief, &hosts);
    let node = brief.nodes.iter().find(|node| node.id == "system:7-sp1").unwrap();
    assert_eq!(node.hosts, counts(10, 3, 0, 0), "the way through the graph does not change the hosts");
}

#[test]
fn a_way_of_which_nothing_is_known_counts_as_open() {
    assert_eq!(Standing::of(ExposureState::Open, Reach::Unknown), Some(Standing::Reachable));
    assert_eq!(Standing::of(ExposureState::Open, Reach::Filtered), Some(Standing::Blocked));
    assert_eq!(Standing::of(ExposureState::Unknown, Reach::Closed), Some(Standing::Unknown));
    assert_eq!(Standing::of(ExposureState::NotAffected, Reach::Open), None);
}

#[test]
fn the_drawing_tells_the_worst_standing_by_colour_and_sign() {
    let dot = |standing| export::dot(&overlaid(k(), Detail::Brief, &[alike(None, &[("eternalblue", standing)], 4)]));
    for (standing, colour, sign) in [
        (Standing::Reachable, "#ffccc7", "▲ 4"),
        (Standing::Blocked, "#ffe7ba", "◆ 4"),
        (Standing::Unknown, "#d9d9d9", "? 4"),
        (Standing::Remediated, "#d9f7be", "✔ 4"),
    ] {
        let dot = dot(standing);
        let line = dot.lines().find(|line| line.trim_start().starts_with("\"weapon:eternalblue\" [")).unwrap();
        assert!(line.contains(colour) && line.contains(sign), "{line}");
    }
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
