//! Which weapon can hit a host, and which known vulnerabilities are open on it.

use crate::{CveId, HostId, KbId, Message, Port, WeaponId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The judgement of one host against the whole knowledge base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostExposure {
    pub host: HostId,
    /// System id in the knowledge base, such as `7-sp1-x64`; `None` when the system is not known well enough.
    pub system: Option<String>,
    /// Support end of that system, and whether it had passed on the day of the judgement.
    pub support_ended: Option<Date>,
    pub supported: Option<bool>,
    /// One entry per weapon, in the knowledge base's order.
    pub weapons: Vec<Exposure>,
    /// Open vulnerabilities grouped by the update that closes most of them, largest group first.
    pub cves: Vec<CveGroup>,
    pub open_cves: u32,
    pub open_kev: u32,
    /// Why the CVE list may be incomplete (unknown system, cut-off update list).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Message>,
}

/// One weapon against one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Exposure {
    pub weapon: WeaponId,
    pub state: ExposureState,
    /// Evidence, most decisive first.
    pub why: Vec<Message>,
    /// The flaw's patch state regardless of role and service.
    pub patch: PatchState,
    /// What must be installed before a fix can be, when something must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseGap>,
    /// Any one of these closes the hole on this system.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fixes: BTreeSet<KbId>,
    pub reach: Reach,
    /// Ports the weapon comes in by.
    pub ports: Vec<Port>,
    pub confidence: Confidence,
    /// Preconditions that the host's facts do not show; they never change the state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<Message>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExposureState {
    Open,
    /// Not enough is known; treated as open until it is.
    Unknown,
    Fixed,
    NotAffected,
}

impl ExposureState {
    /// What the disposal flow must act on: unknown is never safe.
    pub fn needs_action(self) -> bool {
        matches!(self, ExposureState::Open | ExposureState::Unknown)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PatchState {
    Installed,
    Missing,
    Unknown,
    /// No vendor fix exists for this system.
    NoneExists,
    NotApplicable,
}

/// Whether the weapon's port can be reached, as far as any source tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    Open,
    Unknown,
    Filtered,
    Closed,
}

/// How sure the knowledge behind a verdict is; shown wherever the verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    Verified,
    Known,
    Disputed,
    Unverified,
}

/// Base patches that are missing, in installing order. Each step is met by any one of its ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BaseGap {
    pub steps: Vec<BaseStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BaseStep {
    /// Id in the knowledge base's prerequisite graph: `7-sp1`.
    pub id: String,
    /// Any one of these meets the step; empty for a step that is no KB (a service pack CD, a licence key).
    pub any_of: Vec<KbId>,
    pub reboot: bool,
}

/// Open vulnerabilities that one update closes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CveGroup {
    /// The update to install; `None` groups what has no update for this system.
    pub kb: Option<KbId>,
    pub cves: Vec<OpenCve>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenCve {
    pub cve: CveId,
    pub severity: Option<Severity>,
    pub kev: bool,
    /// EPSS: how likely it is exploited within thirty days, from 0 to 1; absent where no scores were imported. It
    /// orders what is open and decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<f64>,
    /// The component has to be present for the hole to be real; the host's facts do not list components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    Moderate,
    Important,
    Critical,
}
