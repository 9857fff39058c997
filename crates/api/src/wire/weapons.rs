//! Weapons, the host × weapon table, and the relation graph.

use super::Facet;
use model::{Confidence, ExposureState, HostId, KbId, Message, Port, Reach, WeaponId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// One weapon with how many hosts are in each state.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WeaponRow {
    pub id: WeaponId,
    pub name: String,
    pub cves: Vec<String>,
    pub bulletin: Option<String>,
    pub ports: Vec<Port>,
    pub confidence: Confidence,
    pub counts: StateCounts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateCounts {
    pub open: u64,
    pub unknown: u64,
    pub fixed: u64,
    pub not_affected: u64,
}

/// Everything the knowledge says of a weapon.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WeaponDetail {
    pub row: WeaponRow,
    /// The weapon's file of the knowledge as it is: the report's row, today's facts, each with source and confidence.
    #[schema(value_type = Object)]
    pub knowledge: serde_json::Value,
}

/// One host and one weapon.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExposureRow {
    pub host: HostId,
    pub label: String,
    pub addresses: Vec<String>,
    pub product: Option<String>,
    pub zone: Option<String>,
    pub group: Option<String>,
    pub weapon: WeaponId,
    pub state: ExposureState,
    pub reach: Reach,
    pub ports: Vec<Port>,
    pub fixes: Vec<KbId>,
    pub confidence: Confidence,
    pub why: Vec<Message>,
    pub color: ExposureColor,
}

/// How an exposure is drawn: red, orange, green, grey; always with an icon beside the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExposureColor {
    /// Can hit it now.
    ReachableNow,
    /// The hole is there, the way to it is closed.
    PresentBlocked,
    /// Fixed or not affected.
    Remediated,
    Unknown,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExposurePage {
    pub rows: Vec<ExposureRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facets: BTreeMap<String, Vec<Facet>>,
}

/// Filters of the host × weapon table.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ExposureQuery {
    pub q: Option<String>,
    pub weapon: Option<String>,
    pub state: Option<ExposureState>,
    /// Only states that need action (open and unknown) unless false; a given `state` wins.
    pub all: bool,
    pub system: Option<String>,
    pub zone: Option<String>,
    pub group: Option<String>,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GraphDetail {
    /// Weapon – vulnerability – system.
    #[default]
    Full,
    /// Weapon – system.
    Brief,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GraphFormat {
    #[default]
    Json,
    Csv,
    Graphml,
    Dot,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct GraphQuery {
    pub detail: GraphDetail,
    pub format: GraphFormat,
    pub lang: super::Lang,
}

/// The relation graph with the hosts of this network on its nodes and edges.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Graph {
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GraphNode {
    pub id: String,
    pub kind: GraphNodeKind,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Hosts of this network behind the node, by state; all zero for knowledge that touches no host.
    pub hosts: StateCounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GraphNodeKind {
    Weapon,
    Vulnerability,
    System,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GraphEdge {
    pub from: String,
    pub to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    #[serde(default)]
    pub hosts: StateCounts,
}
