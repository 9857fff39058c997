//! Endpoints: machines with an agent, the groups that say what holds on them, and what happened on them.

use jiff::Timestamp;
use model::Message;
use policy::approval::ChangeRequest;
use policy::groups::{BreakGlass, Change, Effective, Settings};
use policy::lockout::{Lockout, Outlook};
use policy::telling::{Alarm, Level, Ran, Report, Restored, Stopped, Update};
use policy::{Digest, EndpointId, GroupId, Kind, Mode, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What an endpoint is to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointState {
    /// It is led now.
    Connected,
    /// It may be led, and is not at the moment.
    Away,
    /// It holds to what it had last, and is led by nobody any more.
    Revoked,
}

/// Which endpoints are asked about; all conditions hold together.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndpointQuery {
    /// Part of the name of the machine, its system or its id.
    pub q: Option<String>,
    /// With the groups below it.
    pub group: Option<String>,
    pub mode: Option<Mode>,
    /// Heard of lately, or not.
    pub away: Option<bool>,
    /// Only those that do less than they should.
    pub gaps: Option<bool>,
    /// Only those that hold to older orders than they are to have.
    pub behind: Option<bool>,
    /// Only those that are isolated, or were asked to be.
    pub isolated: Option<bool>,
    /// Version of the agent.
    pub version: Option<String>,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointPage {
    /// False when the server was started without `--link`: no endpoint can enrol or be led.
    pub link: bool,
    pub health: EndpointHealth,
    /// By the name of the machine.
    pub rows: Vec<EndpointRow>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// All endpoints, summed up.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct EndpointHealth {
    pub endpoints: u64,
    pub connected: u64,
    pub with_gaps: u64,
    /// They hold to older orders than they are to have.
    pub behind: u64,
    /// Isolated, or asked to be.
    pub isolated: u64,
    pub modes: BTreeMap<String, u64>,
    /// Versions of the agent.
    pub versions: BTreeMap<String, u64>,
    /// Incidents of the last seven days, and files that would have been kept from running.
    pub incidents: u64,
    pub would_block: u64,
    /// Changes that wait for a second person.
    pub proposed: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointRow {
    pub endpoint: EndpointId,
    /// The name under which it delivers.
    pub collector: String,
    /// What the machine calls itself; nobody checked it.
    pub machine: String,
    pub system: String,
    pub version: String,
    pub group: GroupId,
    pub group_name: String,
    pub state: EndpointState,
    pub mode: Mode,
    /// Version of the orders that it holds to, and of those it is to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<u64>,
    pub orders_wanted: u64,
    /// The version of the agent that its group is to run, and how far it is with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_wanted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<Update>,
    /// Why it did not take what it was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Message>,
    pub gaps: Vec<Message>,
    /// Absent while it may speak with everybody, and nobody asked for anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<EndpointIsolation>,
    pub added: Timestamp,
    pub heard: Timestamp,
    /// The host that its inventory is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// How far an endpoint is kept to itself: what was asked here, and what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EndpointIsolation {
    pub state: IsolationState,
    /// What was asked last, by whom and why; absent where nobody asked this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<IsolationAsked>,
    /// Since when it has been isolated, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it is not as it was asked to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Message>,
    /// How often somebody on the machine took it away or changed it, and its agent put it back.
    #[serde(default)]
    pub repaired: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationAsked {
    pub at: Timestamp,
    pub by: String,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IsolationState {
    /// It was asked to isolate itself, and has not said yet that it is: it may speak with everybody.
    Asked,
    /// It says that its kernel lets nothing through but what its server needs.
    Isolated,
    /// It cannot, or will not: it may speak with everybody.
    Refused,
    /// It was asked to end it, and has not said yet that it did.
    ReleaseAsked,
    /// It cannot end it.
    NotReleased,
}

/// Why an endpoint is isolated, or released.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IsolateEndpoint {
    pub why: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointDetail {
    #[serde(flatten)]
    pub row: EndpointRow,
    pub report: Report,
    /// What its group holds it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveEndpoint {
    pub group: GroupId,
    pub why: String,
}

/// A group as it stands in the tree.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointGroup {
    pub id: GroupId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<GroupId>,
    /// What it says itself.
    pub settings: Settings,
    /// What holds in the end, for lists of groups: the mode, with a broken glass taken into account.
    pub mode: Mode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<BreakGlass>,
    /// Endpoints in it, and with those of the groups below it.
    pub endpoints: u64,
    pub endpoints_below: u64,
    /// Version of the orders of its endpoints.
    pub orders: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointGroups {
    /// Raised by every change; a change names the one that it was made on top of.
    pub version: u64,
    /// By id; one has no parent.
    pub groups: Vec<EndpointGroup>,
    /// Files that are denied everywhere since an incident was made with them.
    pub denied: Vec<DeniedEverywhere>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeniedEverywhere {
    pub sha256: Digest,
    pub path: String,
    pub endpoint: String,
    pub incident: String,
    pub added: Timestamp,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointGroupDetail {
    #[serde(flatten)]
    pub group: EndpointGroup,
    pub version: u64,
    /// What holds in it, with the group that each setting is from.
    pub effective: Effective,
}

/// A change of what endpoints are held to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PolicyProposal {
    /// A group that is not there yet.
    Create {
        id: GroupId,
        name: String,
        parent: GroupId,
        settings: Settings,
    },
    /// Its own settings are these from now on.
    Settings {
        group: GroupId,
        settings: Settings,
    },
    Rename {
        group: GroupId,
        name: String,
    },
    /// Below another one from now on.
    Move {
        group: GroupId,
        parent: GroupId,
    },
    /// It has neither endpoints nor groups below it.
    Remove {
        group: GroupId,
    },
    /// It stops enforcing for so many minutes.
    BreakGlass {
        group: GroupId,
        minutes: u32,
    },
    /// It enforces again before its time.
    MendGlass {
        group: GroupId,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeChange {
    pub proposal: PolicyProposal,
    /// The version of the groups that was looked at.
    pub basis: u64,
    pub why: String,
}

/// What would come of a change.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyTrial {
    pub basis: u64,
    /// For each group that the change reaches: what becomes different in it.
    pub groups: Vec<TriedGroup>,
    /// Endpoints in these groups.
    pub endpoints: u64,
    /// Why a second person has to agree; empty when nobody has to.
    pub needs_two: Vec<Message>,
    /// Why it cannot be done, whoever agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Message>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TriedGroup {
    pub group: GroupId,
    pub name: String,
    pub endpoints: u64,
    pub changes: Vec<Change>,
    /// What its rules would have done to what ran there in the last days; absent when it does not enforce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockout: Option<TriedRules>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TriedRules {
    pub outlook: Outlook,
    pub message: Message,
    pub days: u32,
    /// The first hundred of each list; the numbers are of all.
    pub blocked_files: u64,
    pub hosts_unknown: u64,
    pub lockout: Lockout,
}

/// What came of proposing a change.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeOutcome {
    /// It holds now; else it waits for a second person.
    pub applied: bool,
    pub id: i64,
    pub trial: PolicyTrial,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyChangeRow {
    pub id: i64,
    pub group: GroupId,
    pub proposal: PolicyProposal,
    pub request: ChangeRequest,
    pub made: Timestamp,
    pub changed: Timestamp,
    /// Why whoever asks cannot agree to it; absent when he can, or when nobody has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<Message>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyChangePage {
    /// The newest first.
    pub rows: Vec<PolicyChangeRow>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What a person does about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeDecision {
    /// Agrees, as a second person; it holds from then on.
    Approve,
    Reject,
    /// Takes back what he proposed himself.
    Withdraw,
    /// Undoes what was applied within the last day.
    TakeBack,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideChange {
    pub decision: ChangeDecision,
    #[serde(default)]
    pub why: String,
}

/// Which executions are asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExecutionQuery {
    pub outcome: Option<Outcome>,
    pub kind: Option<Kind>,
    /// Part of a path, or the beginning of a digest.
    pub q: Option<String>,
    /// `last` or `endpoints`; what was met last first when absent.
    #[param(value_type = Option<String>)]
    pub sort: Option<store::ExecutedSort>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExecutedPage {
    pub rows: Vec<ExecutedRow>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A file that ran on endpoints, or would have.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExecutedRow {
    /// As it was told last.
    pub ran: Ran,
    pub first: Timestamp,
    pub last: Timestamp,
    pub times: u64,
    pub endpoints: u64,
    /// Endpoints on which it would not have run, and on which it did not.
    pub would_block: u64,
    pub blocked: u64,
    /// 0 to 100; absent while nothing is known of how it spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reputation: Option<u8>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointExecutions {
    /// The last ones first; at most 500.
    pub rows: Vec<EndpointExecution>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointExecution {
    pub endpoint: EndpointId,
    pub machine: String,
    pub ran: Ran,
    pub first: Timestamp,
    pub last: Timestamp,
    pub times: u64,
}

/// Which of one endpoint's executions are asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OutcomeQuery {
    pub outcome: Option<Outcome>,
}

/// Why a file stands where it does, with every term.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FileReputation {
    pub sha256: Digest,
    /// 0 to 100; no probability.
    pub reputation: u8,
    /// From here on a group lets files run by it, if it lets any.
    pub trusted_from: u8,
    pub terms: Vec<ReputationTerm>,
    /// What would change it.
    pub changes: Vec<ReputationChange>,
    /// Hosts that have it; an estimate when there are many.
    pub hosts: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReputationTerm {
    pub name: String,
    pub points: f64,
    pub words: Message,
    /// Where it would stand without this term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<u8>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReputationChange {
    pub words: Message,
    pub reputation: u8,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IncidentPage {
    /// The newest first.
    pub rows: Vec<IncidentSummary>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A lineage that was stopped for what it did to files.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IncidentSummary {
    pub id: i64,
    pub endpoint: EndpointId,
    pub machine: String,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    pub touched: u64,
    pub restored: u64,
    pub beside: u64,
    pub failed: u64,
    /// Its program is denied on every endpoint since.
    pub denied: bool,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IncidentDetail {
    #[serde(flatten)]
    pub summary: IncidentSummary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Restored>,
    /// Where else its program was met.
    pub elsewhere: Vec<EndpointExecution>,
}

/// Which alarms are asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlarmQuery {
    pub endpoint: Option<String>,
    /// Of this level or above.
    pub level: Option<Level>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// Which incidents are asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IncidentQuery {
    pub endpoint: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AlarmPage {
    /// The newest first.
    pub rows: Vec<AlarmSummary>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AlarmSummary {
    pub id: i64,
    pub endpoint: EndpointId,
    pub machine: String,
    pub at: Timestamp,
    pub alarm: Alarm,
}
