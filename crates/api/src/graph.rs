//! The relation graph with this network's hosts on it, as JSON, CSV, GraphML or DOT.

use crate::state::App;
use crate::wire::problem::Bilingual;
use crate::wire::weapons::*;
use crate::{Problem, fleet, rooms, session, table};
use axum::Json;
use axum::response::{IntoResponse, Response};
use detect::graph::{self as relation, Detail};

pub async fn answer(app: &App, query: &GraphQuery) -> Result<Response, Problem> {
    let folded = fleet::fleet(app).await?;
    let knowledge = app.knowledge();
    let detail = match query.detail {
        GraphDetail::Full => Detail::Full,
        GraphDetail::Brief => Detail::Brief,
    };
    let laid = move || relation::overlaid(&knowledge, detail, &situation::on_graph(&folded.fleet));
    let graph = rooms::blocking(laid).await?;
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

fn show(graph: relation::Graph) -> Graph {
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
        hosts: counts(node.hosts),
    });
    let edges = graph.edges.into_iter().map(|edge| GraphEdge {
        from: edge.from,
        to: edge.to,
        kind: session::word(&edge.kind),
        confidence: edge.confidence,
        fix: edge.fix,
        hosts: counts(edge.hosts),
    });
    Graph { nodes: nodes.collect(), edges: edges.collect() }
}

fn counts(hosts: relation::Counts) -> GraphCounts {
    let relation::Counts { reachable, blocked, unknown, remediated } = hosts;
    GraphCounts { reachable, blocked, unknown, remediated }
}
