//! The relation graph with this network's hosts on it, as JSON, CSV, GraphML or DOT.

use crate::state::App;
use crate::wire::problem::Bilingual;
use crate::wire::weapons::*;
use crate::{Problem, rooms, session, table};
use axum::Json;
use axum::response::{IntoResponse, Response};
use detect::graph::{self as relation, Detail, Standing};
use knowledge::Knowledge;
use store::{AssetFilter, SystemCount};

pub async fn answer(app: &App, query: &GraphQuery) -> Result<Response, Problem> {
    let counts = app.store.exposure_counts(&AssetFilter::default()).await?.systems;
    let knowledge = app.knowledge();
    let detail = match query.detail {
        GraphDetail::Full => Detail::Full,
        GraphDetail::Brief => Detail::Brief,
    };
    let graph = rooms::blocking(move || counted(&knowledge, detail, &counts)).await?;
    let name = |extension: &str| format!("redoubt-graph.{extension}");
    Ok(match query.format {
        GraphFormat::Json => Json(show(graph)).into_response(),
        GraphFormat::Csv => {
            table::file(&name("csv"), "text/csv; charset=utf-8", relation::export::csv(&graph).into_bytes())
        }
        GraphFormat::Graphml => {
            table::file(&name("graphml"), "application/graphml+xml", relation::export::graphml(&graph).into_bytes())
        }
        GraphFormat::Dot => table::file(&name("dot"), "text/vnd.graphviz", relation::export::dot(&graph).into_bytes()),
    })
}

/// The graph with many hosts on it. The graph counts one host at a time; the store says how many are alike. So each
/// power of two of the counts is laid over once, and the overlays are added up: seventeen of them for 100,000 hosts.
fn counted(knowledge: &Knowledge, detail: Detail, counts: &[SystemCount]) -> relation::Graph {
    let mut whole = relation::graph(knowledge, detail);
    let most = counts.iter().map(|count| count.hosts.unsigned_abs()).max().unwrap_or(0);
    for bit in 0..u64::BITS - most.leading_zeros() {
        let standings: Vec<Standing> = counts
            .iter()
            .filter(|count| count.hosts.unsigned_abs() >> bit & 1 == 1)
            .map(|count| Standing { weapon: count.weapon.clone(), system: count.system.clone(), state: count.state })
            .collect();
        let part = relation::overlaid(knowledge, detail, &standings);
        for (node, add) in whole.nodes.iter_mut().zip(part.nodes) {
            sum(&mut node.hosts, add.hosts, bit);
        }
        for (edge, add) in whole.edges.iter_mut().zip(part.edges) {
            sum(&mut edge.hosts, add.hosts, bit);
        }
    }
    whole
}

fn sum(into: &mut relation::Counts, add: relation::Counts, bit: u32) {
    into.open += add.open << bit;
    into.unknown += add.unknown << bit;
    into.fixed += add.fixed << bit;
}

fn show(graph: relation::Graph) -> Graph {
    let hosts = |counts: relation::Counts| GraphCounts {
        open: u64::from(counts.open),
        unknown: u64::from(counts.unknown),
        fixed: u64::from(counts.fixed),
    };
    let nodes = graph.nodes.into_iter().map(|node| GraphNode {
        id: node.id,
        kind: match node.kind {
            relation::NodeKind::Weapon => GraphNodeKind::Weapon,
            relation::NodeKind::Vulnerability => GraphNodeKind::Vulnerability,
            relation::NodeKind::System => GraphNodeKind::System,
            relation::NodeKind::Product => GraphNodeKind::Product,
        },
        label: Bilingual { en: node.label.en, zh_cn: node.label.zh },
        confidence: node.confidence,
        kev: node.kev,
        hosts: hosts(node.hosts),
    });
    let edges = graph.edges.into_iter().map(|edge| GraphEdge {
        from: edge.from,
        to: edge.to,
        kind: session::word(&edge.kind),
        confidence: edge.confidence,
        fix: edge.fix,
        hosts: hosts(edge.hosts),
    });
    Graph { nodes: nodes.collect(), edges: edges.collect() }
}
