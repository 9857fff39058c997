//! Weapons, the host × weapon table, and the relation graph.

use super::hosts::HostRow;
use super::problem::Bilingual;
use jiff::civil::Date;
use model::{Confidence, CveId, Disposal, Exposure, ExposureState, Message, Port, WeaponId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One weapon with how many hosts are in each state.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WeaponRow {
    pub id: WeaponId,
    pub name: Bilingual,
    /// `remote-exploit`, `mail-exploit`, `post-auth`, `implant`.
    pub kind: String,
    pub cves: Vec<CveId>,
    /// `MS17-010`, or the CVE where there was no bulletin.
    pub bulletin: Option<String>,
    pub ports: Vec<Port>,
    /// Listed as exploited in the wild since.
    pub exploited_since: Option<Date>,
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

/// Everything the knowledge says of a weapon: the report's row word for word, and what is known today.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WeaponDetail {
    pub row: WeaponRow,
    pub report: ReportRow,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// `domain-controller` when only hosts of that role can be hit.
    pub role: Option<String>,
    pub services: Vec<String>,
    /// For an implant: the weapons that plant it.
    pub delivered_by: Vec<WeaponId>,
    pub cves: Vec<WeaponCveFact>,
    pub ports: Vec<WeaponPortFact>,
    /// What must hold for it to work, beyond the flaw.
    pub preconditions: Vec<StatedFact>,
    /// Where today's knowledge differs from the report, and what else to know.
    pub remarks: Vec<StatedFact>,
    /// Controls that take the way in away: `block-port:tcp/445`.
    pub mitigations: Vec<MitigationFact>,
    pub triage: TriageFact,
    /// The application it is built against, when it is not the system.
    pub product: Option<String>,
    /// Systems with the updates that fix the flaw there.
    pub fix: Option<FixFact>,
    /// The sources that the facts name.
    pub sources: Vec<SourceFact>,
}

/// The report's row, slips included.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportRow {
    pub affects: String,
    pub remedy: String,
    pub ports: String,
    pub advice: Option<String>,
    pub links: Vec<String>,
    pub source: String,
}

/// Where a fact comes from and how sure it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Provenance {
    pub source: String,
    pub confidence: Confidence,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WeaponCveFact {
    pub cve: CveId,
    /// The day it was listed as exploited in the wild.
    pub kev: Option<Date>,
    pub ransomware: bool,
    pub fact: Provenance,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WeaponPortFact {
    pub port: Port,
    pub service: String,
    pub fact: Provenance,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatedFact {
    pub message: Message,
    /// For a remark: `report-wrong`, `report-gap`, `remedy`, `note`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub fact: Provenance,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MitigationFact {
    pub control: String,
    pub arguments: Vec<String>,
    pub fact: Provenance,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TriageFact {
    pub automatable: bool,
    pub automatable_confidence: Confidence,
    pub total_impact: bool,
    pub total_impact_confidence: Confidence,
    pub source: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FixFact {
    pub id: String,
    pub bulletin: String,
    pub published: Date,
    pub cves: Vec<CveId>,
    pub fact: Provenance,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SourceFact {
    pub id: String,
    pub title: String,
    pub published: String,
}

/// One host and one weapon.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExposureRow {
    pub weapon: WeaponId,
    pub state: ExposureState,
    pub color: ExposureColor,
    pub host: HostRow,
    /// The judgement with its evidence.
    pub exposure: Option<Exposure>,
    /// What the disposal flow decided.
    pub disposal: Option<Disposal>,
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
}

/// Filters of the host × weapon table.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ExposureQuery {
    pub q: Option<String>,
    pub weapon: Option<String>,
    /// Open and unknown when absent.
    pub state: Option<ExposureState>,
    /// All states; a given `state` wins.
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
    /// `weapon:eternalblue`, `vulnerability:CVE-2017-0144`, `system:7-sp1`.
    pub id: String,
    pub kind: GraphNodeKind,
    pub label: Bilingual,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// A vulnerability that is known to be exploited in the wild.
    pub kev: bool,
    pub hosts: GraphCounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GraphNodeKind {
    Weapon,
    Vulnerability,
    System,
    /// What a weapon hits where it is an application and no Windows.
    Product,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GraphEdge {
    pub from: String,
    pub to: String,
    /// `uses`, `affects`, `delivers`.
    pub kind: String,
    pub confidence: Confidence,
    /// Of an edge that ends at a system: a fix exists for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<bool>,
    pub hosts: GraphCounts,
}

/// Hosts of this network that touch a node or an edge, each counted once, where it stands worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GraphCounts {
    /// Can be hit now.
    pub reachable: u64,
    /// The hole is there, the way to it is closed.
    pub blocked: u64,
    pub unknown: u64,
    /// Fixed.
    pub remediated: u64,
}
