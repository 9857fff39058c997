//! Hosts: the table, one host with everything known of it, and what the business says.

use super::Facet;
use super::plans::{PlanEvent, PlanStanding};
use jiff::Timestamp;
use model::{
    Arch, Business, Conflict, ExposureState, Host, HostExposure, HostId, HostPlan, Message, Observation, PlanState,
    Role, SourceKind, Timeline, WeaponId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::{IntoParams, ToSchema};

/// What weapons mean for a host as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// At least one weapon can hit it.
    Hit,
    /// None is known to, but not enough is known.
    Unknown,
    /// Every weapon is fixed or does not affect it.
    Clear,
}

/// One row of the asset table.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HostRow {
    pub id: HostId,
    pub label: String,
    pub addresses: Vec<String>,
    pub product: Option<String>,
    pub edition: Option<String>,
    pub version: Option<String>,
    pub service_pack: Option<u8>,
    pub arch: Option<Arch>,
    pub role: Option<Role>,
    /// System id in the knowledge.
    pub system: Option<String>,
    pub supported: Option<bool>,
    pub group: Option<String>,
    pub zone: Option<String>,
    pub owner: Option<String>,
    pub value: Option<u8>,
    pub standing: Standing,
    /// Weapons that can hit it.
    pub weapons: Vec<WeaponId>,
    /// Weapons of which it is not known.
    pub unknown_weapons: u32,
    pub open_cves: u32,
    pub open_kev: u32,
    pub timeline: Timeline,
    pub plan_state: PlanState,
    pub last_seen: Option<Timestamp>,
    pub sources: BTreeSet<SourceKind>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostPage {
    pub rows: Vec<HostRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Hosts that the filters let through, on all pages.
    pub total: u64,
    /// For each facet column its values with their counts, most frequent first; only when asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facets: BTreeMap<String, Vec<Facet>>,
}

/// Filters of the asset table; each may be absent, all present ones must hold.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct HostQuery {
    /// Part of the name, an address, the group or the owner.
    pub q: Option<String>,
    pub standing: Option<Standing>,
    pub weapon: Option<String>,
    /// State of `weapon`; `open` when absent.
    pub weapon_state: Option<ExposureState>,
    pub system: Option<String>,
    pub product: Option<String>,
    pub role: Option<Role>,
    pub group: Option<String>,
    pub zone: Option<String>,
    pub timeline: Option<Timeline>,
    pub plan_state: Option<PlanState>,
    pub source: Option<SourceKind>,
    pub supported: Option<bool>,
    /// An open vulnerability: `CVE-2017-0144`.
    pub cve: Option<String>,
    /// An installed update: `KB4012212`.
    pub kb: Option<String>,
    pub sort: Option<HostSort>,
    pub descending: bool,
    /// Count the values of the facet columns too.
    pub facets: bool,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

/// Columns the asset table can be ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostSort {
    #[default]
    Urgency,
    Name,
    System,
    Value,
    Weapons,
    Cves,
    LastSeen,
}

/// One host with all that is judged of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostDetail {
    pub host: Host,
    pub row: HostRow,
    pub exposure: HostExposure,
    pub plan: HostPlan,
    pub standing: PlanStanding,
    pub history: Vec<PlanEvent>,
    pub scripts: Vec<ScriptInfo>,
}

/// A script or file that can be downloaded for a host.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ScriptInfo {
    pub name: String,
    /// `apply`, `verify`, `undo`, `collect`…
    pub purpose: String,
    pub media_type: String,
    pub bytes: u64,
    /// What it is for, in words.
    pub title: Message,
}

/// What each source said, newest first, and where they disagree.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostHistory {
    pub observations: Vec<Observation>,
    pub conflicts: Vec<Conflict>,
}

/// What the business says; the whole set replaces what was typed in before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct BusinessPatch(pub Business);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunbookFormat {
    #[default]
    Html,
    Pdf,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct RunbookQuery {
    pub lang: super::Lang,
    pub format: RunbookFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    #[default]
    Csv,
    Json,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ExportQuery {
    pub format: TableFormat,
    pub lang: super::Lang,
}
