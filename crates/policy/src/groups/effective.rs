//! What holds for a group, and which group says so.

use super::{AgentVersion, BreakGlass, Group, GroupError, Settings, Telemetry, Threshold, Tree};
use crate::ids::GroupId;
use crate::{Digest, Mode, Rules};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A value, and the group it is from; none when no group says anything and it is the product's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sourced<T> {
    pub value: T,
    pub from: Option<GroupId>,
}

/// What is on a list, each with the groups that name it, from the root down.
pub type Listed<T> = BTreeMap<T, Vec<GroupId>>;

/// A file that is allowed in one place and denied in another: it is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyOverruled))]
pub struct Overruled {
    pub sha256: Digest,
    pub allowed_by: Vec<GroupId>,
    pub denied_by: Vec<GroupId>,
}

/// Everything that holds for a group at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyEffective))]
pub struct Effective {
    pub group: GroupId,
    /// From the root down to the group.
    pub path: Vec<GroupId>,
    /// As the groups say it; see [`Effective::mode_now`] for what comes of it while glass is broken.
    pub mode: Sourced<Mode>,
    pub trust_packages: Sourced<bool>,
    pub reputation_from: Sourced<Threshold>,
    pub unknown_may: Sourced<bool>,
    pub undecided_may: Sourced<bool>,
    pub undo_bytes_max: Sourced<u64>,
    pub kept_hours: Sourced<u32>,
    pub heartbeat_seconds: Sourced<u32>,
    pub agent: Sourced<AgentVersion>,
    pub telemetry: Sourced<BTreeSet<Telemetry>>,
    pub denied: Listed<Digest>,
    /// Without those that are denied anywhere on the path.
    pub allowed: Listed<Digest>,
    pub overruled: Vec<Overruled>,
    pub publishers: Listed<String>,
    pub deployers: Listed<String>,
    pub deployed: Listed<String>,
    pub protected: Listed<String>,
    pub guard_allowed: Listed<String>,
    pub baseline: Listed<String>,
    pub baseline_set: Listed<String>,
    /// In force at the moment; the one that ends last.
    pub break_glass: Option<BreakGlass>,
}

impl Tree {
    /// What holds for a group at a moment, in seconds since 1970.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn effective(&self, group: &GroupId, now: u64) -> Result<Effective, GroupError> {
        let path = self.path(group)?;
        let denied = listed(&path, |settings| &settings.denied);
        let (overruled, allowed): (Listed<_>, Listed<_>) = listed(&path, |settings| &settings.allowed)
            .into_iter()
            .partition(|(sha256, _)| denied.contains_key(sha256));
        let overruled = overruled.into_iter().map(|(sha256, allowed_by)| {
            let denied_by = denied.get(&sha256).cloned().unwrap_or_default();
            Overruled { sha256, allowed_by, denied_by }
        });
        let rules = Rules::default();
        Ok(Effective {
            group: group.clone(),
            mode: nearest(&path, |settings| settings.mode, rules.mode),
            trust_packages: nearest(&path, |settings| settings.trust_packages, rules.trust_packages),
            reputation_from: nearest(&path, |settings| settings.reputation_from, Threshold::Off),
            unknown_may: nearest(&path, |settings| settings.unknown_may, rules.unknown_may),
            undecided_may: nearest(&path, |settings| settings.undecided_may, rules.undecided_may),
            undo_bytes_max: nearest(&path, |settings| settings.undo_bytes_max, UNDO_BYTES_DEFAULT),
            kept_hours: nearest(&path, |settings| settings.kept_hours, KEPT_HOURS_DEFAULT),
            heartbeat_seconds: nearest(&path, |settings| settings.heartbeat_seconds, HEARTBEAT_SECONDS_DEFAULT),
            agent: nearest(&path, |settings| settings.agent.clone(), AgentVersion::AsItIs),
            telemetry: nearest(&path, |settings| settings.telemetry.clone(), TELEMETRY_DEFAULT.into()),
            overruled: overruled.collect(),
            denied,
            allowed,
            publishers: listed(&path, |settings| &settings.publishers),
            deployers: listed(&path, |settings| &settings.deployers),
            deployed: listed(&path, |settings| &settings.deployed),
            protected: listed(&path, |settings| &settings.protected),
            guard_allowed: listed(&path, |settings| &settings.guard_allowed),
            baseline: listed(&path, |settings| &settings.baseline),
            baseline_set: listed(&path, |settings| &settings.baseline_set),
            break_glass: self.broken(&path, now),
            path: path.into_iter().map(|group| group.id.clone()).collect(),
        })
    }

    fn broken(&self, path: &[&Group], now: u64) -> Option<BreakGlass> {
        let is_here = |glass: &&BreakGlass| glass.is_in_force(now) && path.iter().any(|group| group.id == glass.group);
        self.break_glass.iter().filter(is_here).max_by_key(|glass| glass.until).cloned()
    }
}

impl Effective {
    /// The mode with broken glass.
    pub fn mode_now(&self) -> Mode {
        if self.break_glass.is_some() { self.mode.value.min(Mode::Simulate) } else { self.mode.value }
    }

    /// What executions are judged by, with the mode the groups say and no reputation: that goes by itself.
    pub fn rules(&self) -> Rules {
        Rules {
            mode: self.mode.value,
            denied: self.denied.keys().copied().collect(),
            allowed: self.allowed.keys().copied().collect(),
            trust_packages: self.trust_packages.value,
            publishers: self.publishers.keys().cloned().collect(),
            deployers: self.deployers.keys().cloned().collect(),
            deployed: self.deployed.keys().cloned().collect(),
            reputation: BTreeMap::new(),
            reputation_from: match self.reputation_from.value {
                Threshold::Off => None,
                Threshold::From(from) => Some(from),
            },
            unknown_may: self.unknown_may.value,
            undecided_may: self.undecided_may.value,
        }
    }
}

// What holds where no group says anything.
const UNDO_BYTES_DEFAULT: u64 = 4 << 30;
const KEPT_HOURS_DEFAULT: u32 = 24;
const HEARTBEAT_SECONDS_DEFAULT: u32 = 60;
const TELEMETRY_DEFAULT: [Telemetry; 1] = [Telemetry::Executions];

fn nearest<T>(path: &[&Group], said: impl Fn(&Settings) -> Option<T>, otherwise: T) -> Sourced<T> {
    let nearest = path.iter().rev().find_map(|group| said(&group.settings).map(|value| (value, group.id.clone())));
    match nearest {
        Some((value, from)) => Sourced { value, from: Some(from) },
        None => Sourced { value: otherwise, from: None },
    }
}

fn listed<T: Ord + Clone>(path: &[&Group], list: impl Fn(&Settings) -> &BTreeSet<T>) -> Listed<T> {
    let mut listed: Listed<T> = BTreeMap::new();
    for group in path {
        for entry in list(&group.settings) {
            listed.entry(entry.clone()).or_default().push(group.id.clone());
        }
    }
    listed
}
