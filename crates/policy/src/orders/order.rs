//! What orders say, and when they are followed.
//!
//! Fields that a later version adds are left out of account, except within the execution rules, where one that is not
//! understood could turn their meaning around. Whatever must not be left out of account is named in `needs`: an endpoint that
//! lacks one of these refuses the orders whole, and keeps those it has.

use super::envelope::{self, Domain};
use super::keys::{KeyId, PublicKey, Signer, TrustedKeys};
use super::refused::{FUTURE_SECONDS_MAX, Refused};
use super::release::AgentOrders;
use crate::groups::{BreakGlass, DEPTH_MAX, Effective, LIST_MAX, Settings, Telemetry, Threshold};
use crate::ids::{EndpointId, GroupId};
use crate::{Mode, Rules};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What this version can be asked for in `needs`.
pub const CAPABILITIES: &[&str] =
    &["execution-1", "guard-1", "baseline-1", "baseline-set-1", "break-glass-1", "keys-1", ISOLATION, AGENT_CAPABILITY];
/// An endpoint that cannot be isolated says so, and is not believed to be.
const ISOLATION: &str = "isolation-1";
/// Updates itself.
const AGENT_CAPABILITY: &str = "agent-1";

/// What an endpoint is to hold to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    /// Counted up over everything a server signs, for whomever it is: an endpoint that changes its group sees it rise too.
    /// Going back to what was before is a new version with the old content.
    pub version: u64,
    /// Seconds since 1970, UTC.
    pub made: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<u64>,
    pub audience: Audience,
    /// The group whose settings these are: whoever gets orders of its own is in it from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// Capabilities without which these orders must not be followed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<String>,
    /// With the mode as the groups say it and no reputation; see [`Orders::rules_at`].
    pub execution: Rules,
    pub guard: GuardOrders,
    /// Ids of configuration checks that are wanted.
    #[serde(default)]
    pub baseline: BTreeSet<String>,
    /// Ids of those that are set where they are not as they should be.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub baseline_set: BTreeSet<String>,
    /// Which program the agent itself is to be; none when it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentOrders>,
    pub heartbeat_seconds: u32,
    #[serde(default)]
    pub telemetry: BTreeSet<Telemetry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
    /// The endpoint speaks with nobody but its server, until orders say this no more. For one endpoint alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    #[serde(default, skip_serializing_if = "KeyChange::is_nothing")]
    pub keys: KeyChange,
}

/// One isolation of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// Version of the orders by which it began.
    pub id: u64,
    /// Seconds since 1970.
    pub since: u64,
}

/// For whom orders are. Those for one endpoint hold whatever group it believes to be in: they move it to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Group(GroupId),
    Endpoint(EndpointId),
}

/// Who gets orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub endpoint: EndpointId,
    pub group: GroupId,
}

/// What the guard of files is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GuardOrders {
    pub protected: BTreeSet<String>,
    /// Programs that are trusted for what is in them.
    pub allowed: BTreeSet<String>,
    pub undo_bytes_max: u64,
    pub kept_hours: u32,
}

/// Keys that are believed from these orders on, and those that are not any more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyChange {
    pub introduced: BTreeSet<PublicKey>,
    pub retired: BTreeSet<KeyId>,
}

impl KeyChange {
    pub fn is_nothing(&self) -> bool {
        self.introduced.is_empty() && self.retired.is_empty()
    }
}

impl Orders {
    /// What comes of a group's settings.
    pub fn new(version: u64, made: u64, audience: Audience, effective: &Effective) -> Orders {
        Orders {
            version,
            made,
            not_before: None,
            audience,
            group: Some(effective.group.clone()),
            needs: BTreeSet::new(),
            execution: effective.rules(),
            guard: GuardOrders {
                protected: effective.protected.keys().cloned().collect(),
                allowed: effective.guard_allowed.keys().cloned().collect(),
                undo_bytes_max: effective.undo_bytes_max.value,
                kept_hours: effective.kept_hours.value,
            },
            baseline: effective.baseline.keys().cloned().collect(),
            baseline_set: effective.baseline_set.keys().cloned().collect(),
            agent: None,
            heartbeat_seconds: effective.heartbeat_seconds.value,
            telemetry: effective.telemetry.value.clone(),
            break_glass: effective.break_glass.clone(),
            isolation: None,
            keys: KeyChange::default(),
        }
    }

    /// The same with an isolation, or without one.
    #[must_use]
    pub fn isolated(mut self, isolation: Option<Isolation>) -> Orders {
        self.isolation = isolation;
        match isolation {
            Some(_) => self.needs.insert(ISOLATION.to_owned()),
            None => self.needs.remove(ISOLATION),
        };
        self
    }

    /// The same, and which program the agent is to be. An agent that cannot update itself does not follow them.
    #[must_use]
    pub fn with_agent(mut self, agent: Option<AgentOrders>) -> Orders {
        if agent.is_some() {
            self.needs.insert(AGENT_CAPABILITY.to_owned());
        }
        self.agent = agent;
        self
    }

    /// Signed, as it is sent. The same orders and the same key give the same bytes.
    ///
    /// # Errors
    /// When no endpoint would take them: too large, with reputation in them, or with what no group may say.
    pub fn seal(&self, signer: &Signer) -> Result<Vec<u8>, Refused> {
        self.check()?;
        TrustedKeys::new([signer.public()]).may_change(signer.public().id(), &self.keys)?;
        let payload = serde_json::to_vec(self).map_err(|error| Refused::Unreadable { why: error.to_string() })?;
        envelope::seal(Domain::Orders, &payload, signer)
    }

    /// The mode at a moment: while glass is broken nothing is blocked, only told.
    pub fn mode_at(&self, now: u64) -> Mode {
        let is_broken = self.break_glass.as_ref().is_some_and(|glass| glass.is_in_force(now));
        if is_broken { self.execution.mode.min(Mode::Simulate) } else { self.execution.mode }
    }

    /// The rules with the mode of a moment.
    pub fn rules_at(&self, now: u64) -> Rules {
        Rules { mode: self.mode_at(now), ..self.execution.clone() }
    }

    /// Whether a group could have said all this.
    fn check(&self) -> Result<(), Refused> {
        if !self.execution.reputation.is_empty() {
            return Err(Refused::ReputationInside);
        }
        let is_for_one = matches!(self.audience, Audience::Endpoint(_)) && self.needs.contains(ISOLATION);
        if self.isolation.is_some() && !is_for_one {
            return Err(Refused::Isolation);
        }
        if let Some(agent) = &self.agent {
            agent.check()?;
        }
        if let Some(glass) = &self.break_glass {
            glass.check().map_err(|why| Refused::Content { why })?;
        }
        self.as_settings().check_with(LIST_MAX * DEPTH_MAX).map_err(|(setting, bad)| Refused::Content {
            why: model::Message::new("policy.setting-bad")
                .reason("setting", setting.name())
                .reason("why", bad.message()),
        })
    }

    /// What is in here, as if one group had said it. Lists have more room here: they are of a whole path.
    fn as_settings(&self) -> Settings {
        Settings {
            reputation_from: self.execution.reputation_from.map(Threshold::From),
            undo_bytes_max: Some(self.guard.undo_bytes_max),
            kept_hours: Some(self.guard.kept_hours),
            heartbeat_seconds: Some(self.heartbeat_seconds),
            denied: self.execution.denied.clone(),
            allowed: self.execution.allowed.clone(),
            publishers: self.execution.publishers.clone(),
            deployers: self.execution.deployers.clone(),
            deployed: self.execution.deployed.clone(),
            protected: self.guard.protected.clone(),
            guard_allowed: self.guard.allowed.clone(),
            baseline: self.baseline.clone(),
            baseline_set: self.baseline_set.clone(),
            ..Settings::default()
        }
    }
}

/// The part that every version has, read first: so that an endpoint says what it lacks instead of what it cannot read.
#[derive(Deserialize)]
struct Head {
    version: u64,
    made: u64,
    not_before: Option<u64>,
    audience: Audience,
    #[serde(default)]
    needs: BTreeSet<String>,
}

/// Orders that are to be followed, out of what came from outside.
///
/// `in_force` is the version that holds by now, none on an endpoint that has had no orders yet; `now` is seconds since 1970.
/// Whoever gets orders writes them down, and the keys after them, before following them.
///
/// # Errors
/// With the reason; nothing changes then.
pub fn open(
    bytes: &[u8],
    keys: &TrustedKeys,
    in_force: Option<u64>,
    recipient: &Recipient,
    now: u64,
) -> Result<Orders, Refused> {
    let opened = envelope::open(Domain::Orders, bytes, keys)?;
    let orders = read(opened.payload, in_force, recipient, now)?;
    keys.may_change(opened.key, &orders.keys)?;
    Ok(orders)
}

/// Everything behind the signature.
pub(super) fn read(payload: &[u8], in_force: Option<u64>, recipient: &Recipient, now: u64) -> Result<Orders, Refused> {
    let unreadable = |error: serde_json::Error| Refused::Unreadable { why: error.to_string() };
    let head: Head = serde_json::from_slice(payload).map_err(unreadable)?;
    head.check(in_force, recipient, now)?;
    let orders: Orders = serde_json::from_slice(payload).map_err(unreadable)?;
    orders.check()?;
    Ok(orders)
}

impl Head {
    fn check(&self, in_force: Option<u64>, recipient: &Recipient, now: u64) -> Result<(), Refused> {
        match &self.audience {
            Audience::Group(group) if *group == recipient.group => {}
            Audience::Endpoint(endpoint) if *endpoint == recipient.endpoint => {}
            Audience::Group(GroupId(audience)) | Audience::Endpoint(EndpointId(audience)) => {
                return Err(Refused::NotForUs { audience: audience.clone() });
            }
        }
        later(self.version, in_force)?;
        let missing = self.needs.iter().filter(|need| !CAPABILITIES.contains(&need.as_str()));
        let capabilities: Vec<_> = missing.cloned().collect();
        if !capabilities.is_empty() {
            return Err(Refused::Needs { capabilities });
        }
        not_ahead(self.made, now)?;
        match self.not_before {
            Some(not_before) if not_before > now => Err(Refused::NotYet { not_before }),
            _ => Ok(()),
        }
    }
}

pub(super) fn later(version: u64, in_force: Option<u64>) -> Result<(), Refused> {
    match in_force {
        Some(in_force) if version <= in_force => Err(Refused::NotLater { version, in_force }),
        _ => Ok(()),
    }
}

pub(super) fn not_ahead(made: u64, now: u64) -> Result<(), Refused> {
    if made > now.saturating_add(FUTURE_SECONDS_MAX) { Err(Refused::FromTheFuture { made, now }) } else { Ok(()) }
}
