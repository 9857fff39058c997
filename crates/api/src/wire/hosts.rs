//! Hosts: the table, one host with everything known of it, and what the business says.

use super::Facet;
use super::plans::{PlanEvent, PlanStanding};
use jiff::Timestamp;
use model::{
    ActionKind, Arch, Business, Conflict, ExposureState, Host, HostExposure, HostId, HostPlan, Message, Observation,
    PlanId, PlanState, Role, SourceKind, Timeline, WeaponId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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

/// One row of the asset table. `null` is "not known", never "none".
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HostRow {
    pub id: HostId,
    pub label: String,
    pub address: Option<String>,
    pub product: Option<String>,
    pub edition: Option<String>,
    pub service_pack: Option<u8>,
    pub build: Option<u32>,
    pub arch: Option<Arch>,
    pub role: Option<Role>,
    /// System id in the knowledge.
    pub system: Option<String>,
    pub supported: Option<bool>,
    pub group: Option<String>,
    pub zone: Option<String>,
    pub owner: Option<String>,
    pub value: Option<u8>,
    /// `null` until the host is judged for the first time.
    pub standing: Option<Standing>,
    pub weapons: BTreeMap<WeaponId, ExposureState>,
    pub worst: Option<WeaponId>,
    pub open_weapons: u32,
    pub unknown_weapons: u32,
    pub open_cves: u32,
    pub open_kev: u32,
    /// `null` until the host is judged for the first time.
    pub timeline: Option<Timeline>,
    pub next_action: Option<ActionKind>,
    pub plan: Option<PlanId>,
    pub plan_state: Option<PlanState>,
    pub updates_known: bool,
    pub updates_complete: bool,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub assessed: Option<Timestamp>,
    pub sources: Vec<SourceKind>,
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

/// Filters of the asset table; all that are present must hold. An empty text selects hosts for which it is not known.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct HostQuery {
    /// Words that all occur in the name, an address, the product, the group, the zone or the owner.
    pub q: Option<String>,
    /// Some weapon can hit it.
    pub open: Option<bool>,
    pub weapon: Option<String>,
    /// State of `weapon`; open or unknown when absent.
    pub weapon_state: Option<ExposureState>,
    /// The weapon named first for the host.
    pub worst: Option<String>,
    pub system: Option<String>,
    pub product: Option<String>,
    pub role: Option<String>,
    pub group: Option<String>,
    pub zone: Option<String>,
    pub value: Option<u8>,
    pub timeline: Option<Timeline>,
    pub plan_state: Option<PlanState>,
    /// The kind of what comes next for the host.
    pub action: Option<ActionKind>,
    /// The key of an action of the fleet: exactly the hosts it is done on.
    pub fleet_action: Option<String>,
    /// An update, such as `KB4012212`, that would close a hole which a weapon needs.
    pub missing: Option<String>,
    /// A vulnerability, such as `CVE-2017-0144`, that is used by a weapon which can hit it.
    pub cve: Option<String>,
    /// A roll-out: only its hosts.
    pub rollout: Option<i64>,
    /// A ring of `rollout`, 1 to 3.
    pub ring: Option<u8>,
    pub supported: Option<bool>,
    pub blind: Option<BlindKind>,
    pub sort: Option<HostSort>,
    pub descending: bool,
    /// Count the values of the facet columns too.
    pub facets: bool,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

/// What is not seen of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BlindKind {
    NoSystem,
    /// No source listed the updates, or the list is cut off.
    NoUpdates,
    /// Not seen for 90 days.
    Stale,
    NotAssessed,
}

/// Columns the asset table can be ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostSort {
    /// Most urgent first.
    #[default]
    Urgency,
    Label,
    Address,
    Product,
    ServicePack,
    Build,
    Arch,
    Role,
    Group,
    Zone,
    Value,
    LastSeen,
    Worst,
    OpenWeapons,
    UnknownWeapons,
    OpenCves,
    OpenKev,
    PlanState,
}

/// One host with all that is judged of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostDetail {
    pub host: Host,
    pub row: HostRow,
    pub exposure: HostExposure,
    pub plan: HostPlan,
    /// The day and the knowledge the judgement is of.
    pub knowledge: String,
    /// Absent when there is nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<PlanStanding>,
    /// Over all plans of the host, oldest first.
    pub history: Vec<PlanEvent>,
}

/// A script or file that can be downloaded for a host.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ScriptInfo {
    pub name: String,
    /// `harden`, `verify`, `undo`, `registry`, `read-me`, `runbook`.
    pub purpose: String,
    pub media_type: String,
    pub bytes: u64,
    pub sha256: String,
    /// What it is for, in words.
    pub title: Message,
    /// The whole script, for reading before it is run; absent when it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What each source said, newest first, and where they disagree.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostHistory {
    pub observations: Vec<HistoryEntry>,
    pub conflicts: Vec<Conflict>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    pub stored: Timestamp,
    /// Digest of the statement; the same statement read again is one entry.
    pub digest: String,
    pub observation: Observation,
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
