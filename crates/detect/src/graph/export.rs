//! The relation graph as a file: JSON, CSV, GraphML, DOT. Labels in both languages; ids are the same in all formats.

use super::{Counts, Edge, Graph, Node};
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
        "hosts_open",
        "hosts_unknown",
        "hosts_fixed",
    ];
    let mut out = String::from("\u{feff}");
    row(&mut out, head.into_iter().map(str::to_owned));
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (node(graph, &edge.from), node(graph, &edge.to)) else { continue };
        let fix = edge.fix.map(|fix| if fix { "yes" } else { "no" }).unwrap_or_default();
        let Counts { open, unknown, fixed } = edge.hosts;
        let ends = |node: &Node| [node.id.clone(), word(&node.kind), node.label.en.clone(), node.label.zh.clone()];
        let relation = [word(&edge.kind)];
        let rest = [word(&edge.confidence), fix.to_owned(), open.to_string(), unknown.to_string(), fixed.to_string()];
        row(&mut out, ends(from).into_iter().chain(relation).chain(ends(to)).chain(rest));
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
        let label = if node.label.en == node.label.zh {
            quoted(&node.label.en)
        } else {
            quoted(&format!("{}\n{}", node.label.zh, node.label.en))
        };
        let shape = match node.kind {
            super::NodeKind::Weapon => "box",
            super::NodeKind::Vulnerability => "diamond",
            super::NodeKind::System | super::NodeKind::Product => "ellipse",
        };
        let _ = writeln!(
            out,
            "  {} [label={label}, shape={shape}, fillcolor={}];",
            quoted(&node.id),
            quoted(colour(node.hosts))
        );
    }
    for edge in &graph.edges {
        let style = if dashed(edge) { ", style=dashed" } else { "" };
        let _ = writeln!(
            out,
            "  {} -> {} [color={}{style}];",
            quoted(&edge.from),
            quoted(&edge.to),
            quoted(line_colour(edge.hosts))
        );
    }
    out.push_str("}\n");
    out
}

/// Attributes of nodes and edges with their GraphML types.
const KEYS: [(&str, &str, &str); 14] = [
    ("kind", "node", "string"),
    ("label", "node", "string"),
    ("label_zh", "node", "string"),
    ("confidence", "node", "string"),
    ("kev", "node", "boolean"),
    ("hosts_open", "node", "int"),
    ("hosts_unknown", "node", "int"),
    ("hosts_fixed", "node", "int"),
    ("kind", "edge", "string"),
    ("confidence", "edge", "string"),
    ("fix", "edge", "boolean"),
    ("hosts_open", "edge", "int"),
    ("hosts_unknown", "edge", "int"),
    ("hosts_fixed", "edge", "int"),
];

fn counts(hosts: Counts) -> [(&'static str, String); 3] {
    let Counts { open, unknown, fixed } = hosts;
    [("hosts_open", open.to_string()), ("hosts_unknown", unknown.to_string()), ("hosts_fixed", fixed.to_string())]
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

/// Red where a host is open, grey where one is unknown, green where all are fixed.
fn colour(hosts: Counts) -> &'static str {
    match hosts {
        Counts { open: 1.., .. } => "#ffccc7",
        Counts { unknown: 1.., .. } => "#d9d9d9",
        Counts { fixed: 1.., .. } => "#d9f7be",
        _ => "#ffffff",
    }
}

fn line_colour(hosts: Counts) -> &'static str {
    match hosts {
        Counts { open: 1.., .. } => "#cf1322",
        _ => "#8c8c8c",
    }
}
