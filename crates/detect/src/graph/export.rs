//! The relation graph as a file: JSON, CSV, GraphML, DOT. Labels in both languages; ids are the same in all formats.

use super::{Counts, Edge, Graph, Label, Node};
use serde::Serialize;
use std::fmt::Write;

pub fn json(graph: &Graph) -> String {
    // Maps with text keys, numbers and texts: there is nothing in it that cannot be written.
    serde_json::to_string_pretty(graph).unwrap_or_default()
}

/// One row an edge, with both ends spelt out; what opens in a spreadsheet cannot start a formula.
pub fn csv(graph: &Graph) -> String {
    let head = [
        "from",
        "from_kind",
        "from_en",
        "from_zh",
        "relation",
        "to",
        "to_kind",
        "to_en",
        "to_zh",
        "confidence",
        "fix",
        "hosts_reachable",
        "hosts_blocked",
        "hosts_unknown",
        "hosts_remediated",
    ];
    let mut out = String::from("\u{feff}");
    row(&mut out, head.into_iter().map(str::to_owned));
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (node(graph, &edge.from), node(graph, &edge.to)) else { continue };
        let fix = edge.fix.map(|fix| if fix { "yes" } else { "no" }).unwrap_or_default();
        let ends = |node: &Node| [node.id.clone(), word(&node.kind), node.label.en.clone(), node.label.zh.clone()];
        let relation = [word(&edge.kind)];
        let rest = [word(&edge.confidence), fix.to_owned()];
        let hosts = counts(edge.hosts).map(|(_, hosts)| hosts);
        row(&mut out, ends(from).into_iter().chain(relation).chain(ends(to)).chain(rest).chain(hosts));
    }
    out
}

/// GraphML with typed attributes, as Gephi, yEd and NetworkX read it.
pub fn graphml(graph: &Graph) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
    );
    for (id, target, kind) in KEYS {
        let _ = writeln!(out, "  <key id=\"{target}_{id}\" for=\"{target}\" attr.name=\"{id}\" attr.type=\"{kind}\"/>");
    }
    out.push_str("  <graph id=\"redoubt\" edgedefault=\"directed\">\n");
    for node in &graph.nodes {
        let _ = writeln!(out, "    <node id=\"{}\">", xml(&node.id));
        let confidence = node.confidence.map(|confidence| word(&confidence)).unwrap_or_default();
        let texts = [("kind", word(&node.kind)), ("label", node.label.en.clone()), ("label_zh", node.label.zh.clone())];
        let more = [("confidence", confidence), ("kev", node.kev.to_string())];
        data(&mut out, "node", texts.into_iter().chain(more).chain(counts(node.hosts)));
        out.push_str("    </node>\n");
    }
    for edge in &graph.edges {
        let _ = writeln!(out, "    <edge source=\"{}\" target=\"{}\">", xml(&edge.from), xml(&edge.to));
        let fix = edge.fix.map(|fix| fix.to_string()).unwrap_or_default();
        let texts = [("kind", word(&edge.kind)), ("confidence", word(&edge.confidence)), ("fix", fix)];
        data(&mut out, "edge", texts.into_iter().chain(counts(edge.hosts)));
        out.push_str("    </edge>\n");
    }
    out.push_str("  </graph>\n</graphml>\n");
    out
}

/// Graphviz, in columns from left to right.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from(
        "digraph redoubt {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", style=filled, fillcolor=white];\n",
    );
    for node in &graph.nodes {
        let Label { en, zh } = &node.label;
        let names = if en == zh { en.clone() } else { format!("{zh}\n{en}") };
        let label = quoted(format!("{names}\n{}", signs(node.hosts)).trim_end());
        let shape = match node.kind {
            super::NodeKind::Weapon => "box",
            super::NodeKind::Vulnerability => "diamond",
            super::NodeKind::System | super::NodeKind::Product => "ellipse",
        };
        let _ = writeln!(
            out,
            "  {} [label={label}, shape={shape}, fillcolor={}];",
            quoted(&node.id),
            quoted(colours(node.hosts).0)
        );
    }
    for edge in &graph.edges {
        let style = if dashed(edge) { ", style=dashed" } else { "" };
        let _ = writeln!(
            out,
            "  {} -> {} [color={}{style}];",
            quoted(&edge.from),
            quoted(&edge.to),
            quoted(colours(edge.hosts).1)
        );
    }
    out.push_str("}\n");
    out
}

/// Attributes of nodes and edges with their GraphML types.
const KEYS: [(&str, &str, &str); 16] = [
    ("kind", "node", "string"),
    ("label", "node", "string"),
    ("label_zh", "node", "string"),
    ("confidence", "node", "string"),
    ("kev", "node", "boolean"),
    ("hosts_reachable", "node", "long"),
    ("hosts_blocked", "node", "long"),
    ("hosts_unknown", "node", "long"),
    ("hosts_remediated", "node", "long"),
    ("kind", "edge", "string"),
    ("confidence", "edge", "string"),
    ("fix", "edge", "boolean"),
    ("hosts_reachable", "edge", "long"),
    ("hosts_blocked", "edge", "long"),
    ("hosts_unknown", "edge", "long"),
    ("hosts_remediated", "edge", "long"),
];

fn counts(hosts: Counts) -> [(&'static str, String); 4] {
    let Counts { reachable, blocked, unknown, remediated } = hosts;
    [
        ("hosts_reachable", reachable.to_string()),
        ("hosts_blocked", blocked.to_string()),
        ("hosts_unknown", unknown.to_string()),
        ("hosts_remediated", remediated.to_string()),
    ]
}

fn data(out: &mut String, target: &str, values: impl Iterator<Item = (&'static str, String)>) {
    for (key, value) in values.filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "      <data key=\"{target}_{key}\">{}</data>", xml(&value));
    }
}

fn node<'g>(graph: &'g Graph, id: &str) -> Option<&'g Node> {
    graph.nodes.iter().find(|node| node.id == id)
}

/// The word an enum is written with everywhere.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

fn row(out: &mut String, fields: impl Iterator<Item = String>) {
    let fields: Vec<String> = fields.map(|field| csv_field(&field)).collect();
    out.push_str(&fields.join(","));
    out.push_str("\r\n");
}

fn csv_field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Escapes for XML, and leaves out what XML cannot hold at all.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

fn dashed(edge: &Edge) -> bool {
    edge.confidence > model::Confidence::Known
}

/// The colours of the worst standing: fill and line.
fn colours(hosts: Counts) -> (&'static str, &'static str) {
    match hosts {
        Counts { reachable: 1.., .. } => ("#ffccc7", "#cf1322"),
        Counts { blocked: 1.., .. } => ("#ffe7ba", "#d46b08"),
        Counts { unknown: 1.., .. } => ("#d9d9d9", "#8c8c8c"),
        Counts { remediated: 1.., .. } => ("#d9f7be", "#389e0d"),
        _ => ("#ffffff", "#bfbfbf"),
    }
}

/// The counts with a sign each, for eyes and printers that do not tell the colours apart.
fn signs(hosts: Counts) -> String {
    let Counts { reachable, blocked, unknown, remediated } = hosts;
    let signs = [("▲", reachable), ("◆", blocked), ("?", unknown), ("✔", remediated)];
    let shown = signs.into_iter().filter(|(_, hosts)| *hosts > 0).map(|(sign, hosts)| format!("{sign} {hosts}"));
    shown.collect::<Vec<_>>().join("  ")
}
