//! The whole network: overview, ranked actions, and what would happen if.

use super::problem::Bilingual;
use super::rollouts::{RingPlan, Rollout};
use super::weapons::StateCounts;
use super::{jobs::Job, plans::PlanCount};
use jiff::{Timestamp, civil::Date};
use model::{ActionKind, KbId, Message, Port, Timeline, WeaponId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// The day everything is judged for.
    pub day: Date,
    pub hosts: HostCounts,
    pub weapons: Vec<WeaponCount>,
    pub blind_spots: Vec<BlindSpot>,
    /// What to do today, most risk removed first.
    pub actions: Vec<FleetAction>,
    /// The actions of a large network are still being worked out: ask again in a moment.
    pub actions_pending: bool,
    pub plans: Vec<PlanCount>,
    pub knowledge: Vec<KnowledgeAge>,
    /// Exposure day by day, oldest first.
    pub trend: Vec<TrendPoint>,
    /// Hosts with an open vulnerability that is known to be exploited; hosts whose system is out of support.
    pub kev_hosts: u64,
    pub unsupported_hosts: u64,
    /// How old the data under these numbers is.
    pub oldest_seen: Option<Timestamp>,
    pub newest_seen: Option<Timestamp>,
    /// Jobs that wait or run now; while there are any, the numbers are still moving.
    pub jobs: Vec<Job>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostCounts {
    pub total: u64,
    /// At least one weapon can hit it.
    pub hit: u64,
    /// None is known to, but not enough is known.
    pub unknown: u64,
    pub clear: u64,
    /// Stored and not judged yet.
    pub pending: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WeaponCount {
    pub id: WeaponId,
    pub name: Bilingual,
    pub counts: StateCounts,
}

/// Something the judgement cannot see.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BlindSpot {
    pub what: Message,
    pub hosts: u64,
    /// Query string of the asset table that lists them.
    pub query: String,
}

/// One action for many hosts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FleetAction {
    /// 1-based.
    pub rank: u32,
    /// Closes its exposures for good; a measure only holds until then.
    pub lasting: bool,
    pub kind: ActionKind,
    pub title: Message,
    pub kb: Option<KbId>,
    pub control: Option<String>,
    pub ports: BTreeSet<Port>,
    pub services: Vec<String>,
    /// Base patches that go in first, on the hosts that lack them.
    pub base: Vec<BaseUpdate>,
    pub weapons: Vec<WeaponId>,
    /// Systems it is done on; each needs its own package.
    pub systems: Vec<String>,
    pub timeline: Timeline,
    pub hosts: u64,
    /// Exposures (host × weapon, weighed by asset value) it closes that no lasting action before it did; for a
    /// measure, those it holds.
    pub exposures_closed: u64,
    /// The same as a share of all exposures, 0 to 1.
    pub risk_removed: f64,
    /// Bytes to the hosts, all together.
    pub bytes: u64,
    pub bytes_estimated: bool,
    pub minutes: u64,
    pub why: Vec<Message>,
    /// How it would be rolled out: to few hosts first, to those that are missed most last.
    pub rings: Vec<RingPlan>,
    /// How far it is, while it is rolled out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Names the action as long as it is there.
    pub key: String,
    /// Query string of the asset table that lists exactly its hosts.
    pub query: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BaseUpdate {
    pub id: String,
    pub any_of: Vec<KbId>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FleetActions {
    pub day: Date,
    pub actions: Vec<FleetAction>,
    /// All exposures, each weighed by its host's asset value.
    pub exposures: u64,
    /// Those of them that no lasting action closes: they wait for facts, or stay behind a shield.
    pub left: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KnowledgeAge {
    /// `weapons`, `catalogue`, `kev`, `lifecycle`, `epss`…
    pub part: String,
    pub version: String,
    pub date: Option<Date>,
    pub rows: u64,
    /// Older than it should be for judging today.
    pub stale: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TrendPoint {
    pub day: Date,
    pub hosts: HostCounts,
}

/// Suppositions; each may be absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct WhatIf {
    /// Updates that would be installed wherever they apply.
    pub updates: BTreeSet<KbId>,
    /// Ports that would be closed.
    pub close_ports: BTreeSet<Port>,
    /// Only on hosts of this group or zone; on all when both are absent.
    pub group: Option<String>,
    pub zone: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WhatIfAnswer {
    pub before: HostCounts,
    pub after: HostCounts,
    pub weapons: Vec<WhatIfWeapon>,
    /// Hosts touched by the suppositions.
    pub touched: u64,
    /// What would break or has to come first.
    pub warnings: Vec<Message>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WhatIfWeapon {
    pub id: WeaponId,
    pub before: StateCounts,
    pub after: StateCounts,
    /// Open exposures that can be reached, before and after.
    pub reachable_before: u64,
    pub reachable_after: u64,
}
