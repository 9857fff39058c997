//! What becomes different for endpoints, and whether it protects more or less than before.

use super::{AgentVersion, Effective, Listed, Setting, Sourced, Telemetry, Threshold, Tree};
use crate::Mode;
use crate::ids::GroupId;
use crate::said::number;
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many entries of a list a sentence names.
const SHOWN_MAX: usize = 5;

/// Something that becomes different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyChanged))]
pub struct Change {
    pub setting: Setting,
    pub direction: Direction,
    pub words: Message,
    /// Everything that comes to a list or goes from it; the words name the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyDirection))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Less may happen, or more is seen.
    Tightens,
    /// More may happen, or less is seen.
    Loosens,
}

/// What becomes different between two moments of a group, or of two groups an endpoint moves between. Where a value only
/// comes from another group and stays the same, nothing does.
pub fn diff(before: &Effective, after: &Effective) -> Vec<Change> {
    let mut all = Changes::default();
    all.value(Setting::Mode, &before.mode, &after.mode, |a, b| b < a, |mode| mode_word(*mode));
    all.flag(Setting::TrustPackages, &before.trust_packages, &after.trust_packages);
    let reach = |threshold: &Threshold| match threshold {
        Threshold::Off => u8::MAX,
        Threshold::From(from) => *from,
    };
    let loosens = |a: &Threshold, b: &Threshold| reach(b) < reach(a);
    all.value(Setting::ReputationFrom, &before.reputation_from, &after.reputation_from, loosens, threshold_word);
    all.flag(Setting::UnknownMay, &before.unknown_may, &after.unknown_may);
    all.flag(Setting::UndecidedMay, &before.undecided_may, &after.undecided_may);
    let undo = |bytes: &u64| Message::new("policy.mebibytes").number("count", number(*bytes >> 20));
    all.value(Setting::UndoBytesMax, &before.undo_bytes_max, &after.undo_bytes_max, |a, b| b < a, undo);
    let hours = |hours: &u32| Message::new("policy.hours").number("count", *hours);
    all.value(Setting::KeptHours, &before.kept_hours, &after.kept_hours, |a, b| b < a, hours);
    let seconds = |seconds: &u32| Message::new("policy.seconds").number("count", *seconds);
    let (slow, fast) = (&before.heartbeat_seconds, &after.heartbeat_seconds);
    all.value(Setting::HeartbeatSeconds, slow, fast, |a, b| b > a, seconds);
    // Another program decides what happens from then on: that is never a tightening, but staying with what there is.
    let loosens = |_: &AgentVersion, after: &AgentVersion| *after != AgentVersion::AsItIs;
    all.value(Setting::Agent, &before.agent, &after.agent, loosens, AgentVersion::name);
    all.telemetry(&before.telemetry.value, &after.telemetry.value);
    all.list(Setting::Denied, Direction::Tightens, &before.denied, &after.denied);
    all.list(Setting::Allowed, Direction::Loosens, &before.allowed, &after.allowed);
    all.list(Setting::Publishers, Direction::Loosens, &before.publishers, &after.publishers);
    all.list(Setting::Deployers, Direction::Loosens, &before.deployers, &after.deployers);
    all.list(Setting::Deployed, Direction::Loosens, &before.deployed, &after.deployed);
    all.list(Setting::Protected, Direction::Tightens, &before.protected, &after.protected);
    all.list(Setting::GuardAllowed, Direction::Loosens, &before.guard_allowed, &after.guard_allowed);
    all.list(Setting::Baseline, Direction::Tightens, &before.baseline, &after.baseline);
    all.list(Setting::BaselineSet, Direction::Tightens, &before.baseline_set, &after.baseline_set);
    all.glass(before, after);
    all.0
}

/// What becomes different in every group that is in both trees; groups for which nothing does are left out.
pub fn affected(before: &Tree, after: &Tree, now: u64) -> BTreeMap<GroupId, Vec<Change>> {
    let changes = |group: &GroupId| {
        let (Ok(before), Ok(after)) = (before.effective(group, now), after.effective(group, now)) else {
            return Vec::new();
        };
        diff(&before, &after)
    };
    let all = after.iter().map(|group| (group.id.clone(), changes(&group.id)));
    all.filter(|(_, changes)| !changes.is_empty()).collect()
}

#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn value<T: PartialEq>(
        &mut self,
        setting: Setting,
        before: &Sourced<T>,
        after: &Sourced<T>,
        loosens: impl Fn(&T, &T) -> bool,
        word: impl Fn(&T) -> Message,
    ) {
        let (before, after) = (&before.value, &after.value);
        // A threshold of 255 and one that is off reach the same, and are still two things to say.
        if before == after {
            return;
        }
        let direction = if loosens(before, after) { Direction::Loosens } else { Direction::Tightens };
        let words = Message::new("policy.changed")
            .reason("setting", setting.name())
            .reason("before", word(before))
            .reason("after", word(after));
        self.0.push(Change { setting, direction, words, entries: Vec::new() });
    }

    /// A permission.
    fn flag(&mut self, setting: Setting, before: &Sourced<bool>, after: &Sourced<bool>) {
        let word = |on: &bool| Message::new(if *on { "policy.on" } else { "policy.off" });
        self.value(setting, before, after, |_, after| *after, word);
    }

    fn list<T: Ord + ToString>(&mut self, setting: Setting, added: Direction, before: &Listed<T>, after: &Listed<T>) {
        let only = |these: &Listed<T>, others: &Listed<T>| -> Vec<String> {
            these.keys().filter(|entry| !others.contains_key(entry)).map(ToString::to_string).collect()
        };
        let removed = match added {
            Direction::Tightens => Direction::Loosens,
            Direction::Loosens => Direction::Tightens,
        };
        self.entries("policy.added", setting, added, only(after, before));
        self.entries("policy.removed", setting, removed, only(before, after));
    }

    fn telemetry(&mut self, before: &BTreeSet<Telemetry>, after: &BTreeSet<Telemetry>) {
        let mut say = |code: &str, direction, kind: Telemetry| {
            let words = Message::new(code).reason("setting", Setting::Telemetry.name()).reason("entry", kind.name());
            self.0.push(Change { setting: Setting::Telemetry, direction, words, entries: Vec::new() });
        };
        after.difference(before).for_each(|kind| say("policy.added-one", Direction::Tightens, *kind));
        before.difference(after).for_each(|kind| say("policy.removed-one", Direction::Loosens, *kind));
    }

    fn entries(&mut self, code: &str, setting: Setting, direction: Direction, entries: Vec<String>) {
        if entries.is_empty() {
            return;
        }
        let words = Message::new(code)
            .reason("setting", setting.name())
            .number("count", number(entries.len()))
            .list("entries", entries.iter().take(SHOWN_MAX));
        self.0.push(Change { setting, direction, words, entries });
    }

    fn glass(&mut self, before: &Effective, after: &Effective) {
        let (direction, words) = match (&before.break_glass, &after.break_glass) {
            (before, after) if before == after => return,
            (Some(ended), None) => (
                Direction::Tightens,
                Message::new("policy.glass-ended").with("group", &ended.group).with("who", &ended.who),
            ),
            (Some(before), Some(after)) if after.until <= before.until => (Direction::Tightens, after.message()),
            (_, Some(after)) => (Direction::Loosens, after.message()),
            (None, None) => return,
        };
        self.0.push(Change { setting: Setting::BreakGlass, direction, words, entries: Vec::new() });
    }
}

pub(crate) fn mode_word(mode: Mode) -> Message {
    Message::new(match mode {
        Mode::Observe => "policy.mode-observe",
        Mode::Simulate => "policy.mode-simulate",
        Mode::Enforce => "policy.mode-enforce",
    })
}

fn threshold_word(threshold: &Threshold) -> Message {
    match threshold {
        Threshold::Off => Message::new("policy.off"),
        Threshold::From(from) => Message::new("policy.from").number("from", *from),
    }
}
