//! Roll-outs: an action of the fleet in rings.

use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much a host would be missed, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Caution {
    /// Nothing that is known of it leans on the ports in question.
    Replaceable,
    /// Nobody was asked what the business needs of a port that was seen open.
    NotAsked,
    /// The business needs one of its ports.
    Needed,
    /// A domain controller, or a server that may be one.
    Domain,
}

/// A ring of an action that is not rolled out yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RingPlan {
    /// 1-based.
    pub ring: u8,
    /// The share of all hosts that has the action when this ring is done, in percent.
    pub percent: u8,
    pub hosts: u64,
    /// How much its hosts would be missed, least first.
    pub caution: Vec<CautionCount>,
    /// The highest asset value in it; 0 when it is empty.
    pub value_max: u8,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CautionCount {
    pub caution: Caution,
    pub hosts: u64,
}

/// An action on its way through its rings. Which host is in which ring was laid down when it started.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rollout {
    pub id: i64,
    /// The key of the action.
    pub action: String,
    pub title: Message,
    /// The share of a ring that has to be verified before the next one opens, in percent.
    pub needed_percent: u8,
    pub by: String,
    pub started: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    pub rings: Vec<RingStanding>,
}

/// How far one ring is; each host counts once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RingStanding {
    pub ring: u8,
    pub percent: u8,
    pub hosts: u64,
    /// The facts show what the action was to close as closed, or the plan is verified.
    pub verified: u64,
    /// The plan failed, or was rolled back with the hole still open. One of them holds the next ring.
    pub failed: u64,
    /// Put off by an exception: not waited for.
    pub excepted: u64,
    /// Running or waiting to be verified.
    pub working: u64,
    pub waiting: u64,
    /// Its plans may be approved: the ring before it is verified far enough, with no failure.
    pub open: bool,
    /// Query string of the asset table that lists its hosts.
    pub query: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RolloutList {
    /// Those that go on, newest first.
    pub rollouts: Vec<Rollout>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NewRollout {
    /// The key of an action of the fleet.
    pub action: String,
    /// 50 to 100; 95 when absent.
    #[serde(default)]
    pub needed_percent: Option<u8>,
}
