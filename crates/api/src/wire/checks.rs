//! Configuration checks: what they are, how they stand on endpoints, and what became of them.

use jiff::Timestamp;
use model::Message;
use policy::baseline::{Area, Severity, State};
use policy::telling::{Checked, InMemory};
use policy::{EndpointId, GroupId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which endpoints are counted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CheckQuery {
    /// With the groups below it.
    pub group: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckList {
    /// All that the product knows, by area and id.
    pub checks: Vec<CheckSummary>,
    /// Endpoints in the groups that were asked about.
    pub endpoints: u64,
}

/// A check, and how it stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckSummary {
    pub id: String,
    pub title: Message,
    /// Why it should be so.
    pub why: Message,
    pub area: Area,
    pub severity: Severity,
    /// Where the setting is documented.
    pub source: String,
    /// What may stop working when it is set.
    pub breaks: Vec<Message>,
    pub wanted: Message,
    /// What agents set it to; absent when only a person can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<String>,
    /// What a person would type to read, set and undo it.
    pub read_by: Vec<String>,
    pub set_by: Vec<String>,
    pub undo_by: Vec<String>,
    /// Groups that ask for it, and that have it set.
    pub asked_by: Vec<GroupId>,
    pub set_in: Vec<GroupId>,
    /// Endpoints on which it is as it should be, is not, and of which nobody knows.
    pub compliant: u64,
    pub not: u64,
    pub unknown: u64,
    /// Endpoints whose agent set it.
    pub held: u64,
}

/// Which standings are asked about; all conditions hold together.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StandingQuery {
    pub endpoint: Option<String>,
    /// Id of a check.
    pub check: Option<String>,
    pub state: Option<State>,
    /// With the groups below it.
    pub group: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StandingPage {
    /// By endpoint and check.
    pub rows: Vec<Standing>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How one check stands on one endpoint.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CheckStanding)]
pub struct Standing {
    pub endpoint: EndpointId,
    pub machine: String,
    pub checked: Checked,
    pub since: Timestamp,
    /// When it was told last.
    pub at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckedEndpoints {
    /// Those first on which most is not as it should be; at most 500.
    pub rows: Vec<CheckedEndpoint>,
}

/// How all checks of one endpoint stand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckedEndpoint {
    pub endpoint: EndpointId,
    pub machine: String,
    pub compliant: u64,
    pub not: u64,
    pub unknown: u64,
    /// Checks that its agent set.
    pub held: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DriftPage {
    /// The newest first.
    pub rows: Vec<CheckDrift>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Something that became different, or that an agent did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckDrift {
    pub id: i64,
    pub endpoint: EndpointId,
    pub machine: String,
    pub at: Timestamp,
    pub title: Message,
    /// Absent when it was not known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<State>,
    /// Absent when nobody asks for it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<State>,
    pub checked: Checked,
}

/// Which findings in memory are asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemoryQuery {
    pub endpoint: Option<String>,
    /// Of so many points or more.
    pub points: Option<u32>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MemoryPage {
    /// The newest first.
    pub rows: Vec<MemoryFound>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MemoryFound {
    pub id: i64,
    pub endpoint: EndpointId,
    pub machine: String,
    pub at: Timestamp,
    pub found: InMemory,
}
