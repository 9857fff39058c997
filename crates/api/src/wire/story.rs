//! One host told two ways: what it would take with it if it fell, and what happened to it so far.

use jiff::Timestamp;
use model::{HostId, KbId, Message, PlanState, Port, WeaponId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How sure it is that a weapon gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// The weapon is open and its port was seen to answer.
    Yes,
    /// The weapon or its port is not known well enough to say no.
    Maybe,
    /// Its port was seen closed or filtered.
    Held,
}

/// What can be hit from a host, as far as is known.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostFalls {
    /// In the order they are entered; the first is the host's own.
    pub places: Vec<FallenPlace>,
    /// The hosts that are worth most, each with the way to it; at most 60.
    pub targets: Vec<FallTarget>,
    /// Hosts in places to which no way was seen. That is not known, and not out of reach.
    pub elsewhere: u64,
    /// Of these, hosts that a weapon could hit if there is a way.
    pub elsewhere_hit: u64,
    /// What is assumed, and what is not known.
    pub notes: Vec<Message>,
}

/// Hosts that are taken to reach each other.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FallenPlace {
    /// `zone`, `group`, or nothing when nobody said where the host stands.
    pub kind: Option<String>,
    pub name: Option<String>,
    /// Places passed before this one.
    pub hop: u64,
    pub yes: u64,
    pub maybe: u64,
    pub held: u64,
    /// By which weapon its hosts fall first, most hosts first; those that are held are left out.
    pub weapons: Vec<FallenBy>,
    /// The way into it; empty for the host's own.
    pub path: Vec<FallStep>,
    /// Query string of the asset table that lists its hosts.
    pub query: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FallenBy {
    pub weapon: WeaponId,
    pub hosts: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FallTarget {
    pub host: HostId,
    pub label: String,
    pub value: Option<u8>,
    /// The least sure step of the way.
    pub sure: Sure,
    pub path: Vec<FallStep>,
}

/// From one host to the next, by a weapon over a port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FallStep {
    pub from: HostId,
    pub from_label: String,
    pub to: HostId,
    pub to_label: String,
    pub weapon: WeaponId,
    pub port: Option<Port>,
    pub sure: Sure,
    /// A conversation over this port was seen; otherwise both stand in one place.
    pub seen: bool,
}

/// What an event on the time lane is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    Facts,
    Updates,
    Judgement,
    Plan,
    Script,
    Network,
}

/// One thing that happened to a host.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HostEvent {
    pub at: Timestamp,
    pub lane: Lane,
    pub what: Message,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weapons: Vec<WeaponId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<KbId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_state: Option<PlanState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The history of a host, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostTimeline {
    pub events: Vec<HostEvent>,
    /// There is more, older than what is told.
    pub cut: bool,
}
