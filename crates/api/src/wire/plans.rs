//! Plans: the board, one plan's life, and the results that scripts bring back.

use super::hosts::HostRow;
use super::jobs::Job;
use jiff::{Timestamp, civil::Date};
use model::{HostId, Message, PlanId, PlanState, Timeline};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where a plan stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanStanding {
    pub plan: PlanId,
    pub state: PlanState,
    /// Day an exception ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    pub changed: Timestamp,
    /// False once a newer judgement gave the host another plan.
    pub current: bool,
    /// States it can go to from here, for the account that asks.
    pub next: Vec<PlanState>,
    /// Why it cannot be approved although its state would allow it: the ring of its host is not open yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Message>,
}

/// One change in a plan's life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanEvent {
    pub plan: PlanId,
    pub at: Timestamp,
    pub from: Option<PlanState>,
    pub to: PlanState,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    pub note: String,
}

/// One card of the board.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlanCard {
    pub standing: PlanStanding,
    pub host: HostRow,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlanCount {
    pub state: PlanState,
    pub count: u64,
    /// Of these, exceptions past their day.
    pub overdue: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanBoard {
    pub counts: Vec<PlanCount>,
    /// Plans of `state`, or of all states, most urgent first.
    pub cards: Vec<PlanCard>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PlanQuery {
    pub state: Option<PlanState>,
    pub weapon: Option<String>,
    pub zone: Option<String>,
    pub group: Option<String>,
    pub timeline: Option<Timeline>,
    pub q: Option<String>,
    /// A roll-out: only plans of its hosts.
    pub rollout: Option<i64>,
    /// A ring of `rollout`.
    pub ring: Option<u8>,
    pub cursor: Option<String>,
    /// Cards in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Transition {
    /// The state the person saw; a plan that moved meanwhile stays where it is.
    pub from: PlanState,
    pub to: PlanState,
    #[serde(default)]
    pub note: Option<String>,
    /// Needed for an exception: the day it ends.
    #[serde(default)]
    pub until: Option<Date>,
}

/// Many plans to move at once: those that are named, or all that a filter lets through.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MoveMany {
    /// The state they are in; a plan that is in another one stays where it is.
    pub from: PlanState,
    pub to: PlanState,
    #[serde(default)]
    pub note: Option<String>,
    /// Needed for an exception: the day it ends.
    #[serde(default)]
    pub until: Option<Date>,
    /// At most 500; more are chosen by `filter`.
    #[serde(default)]
    pub plans: Vec<PlanId>,
    /// All plans in `from` that it lets through, when no plans are named.
    #[serde(default)]
    pub filter: Option<PlanSelection>,
}

/// The filters of the board; all that are present must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PlanSelection {
    pub weapon: Option<String>,
    pub zone: Option<String>,
    pub group: Option<String>,
    pub timeline: Option<Timeline>,
    pub q: Option<String>,
    pub rollout: Option<i64>,
    pub ring: Option<u8>,
}

/// What became of many moves. While `job` works on them, its answer comes from `GET /plans/moves/{job}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Moved {
    pub asked: u64,
    pub moved: u64,
    pub refused: u64,
    /// The first 200 of those that stayed where they are, each with its reason.
    pub refusals: Vec<Refusal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
}

/// A plan that did not move.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    pub plan: PlanId,
    pub host: HostId,
    pub label: String,
    pub why: Message,
}

/// What became of the result files that were sent in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ResultsReport {
    pub files: Vec<ResultOutcome>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ResultOutcome {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanId>,
    /// The state the plan is in now; absent when the file was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<PlanState>,
    /// Why it was refused, or what failed.
    pub messages: Vec<Message>,
}
