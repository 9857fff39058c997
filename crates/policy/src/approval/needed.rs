//! Which changes need a second person, and which nobody may make.

use super::NotAllowed;
use crate::Mode;
use crate::groups::{Change, Direction, Setting};
use crate::ids::GroupId;
use crate::lockout::{Lockout, Outlook};
use crate::said::number;
use model::Message;
use serde::{Deserialize, Serialize};

/// For how long one person may break the glass: a night shift has nobody to ask.
pub const BREAK_GLASS_ALONE_SECONDS: u64 = 4 * 60 * 60;

/// From how many hosts on a second person is needed, whatever the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// One person makes a group enforce, or has configurations set in it, that has so many hosts, with all groups below, and
    /// no more.
    pub enforce_hosts: u64,
    /// One person loosens what holds for so many hosts, or has another agent run on them, and no more.
    pub loosen_hosts: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { enforce_hosts: 10, loosen_hosts: 50 }
    }
}

/// A change to one group, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    pub group: &'a GroupId,
    pub is_root: bool,
    /// Hosts for which something becomes different: of the group and of all below.
    pub hosts: u64,
    pub before: Mode,
    pub after: Mode,
    /// What [`crate::groups::affected`] says, of all groups that are touched.
    pub changes: &'a [Change],
    /// What was found out beforehand; none when nobody asked.
    pub lockout: Option<&'a Lockout>,
    /// For how long glass is broken.
    pub glass_seconds: Option<u64>,
    /// Keys that sign orders are introduced or retired.
    pub changes_keys: bool,
}

impl Proposal<'_> {
    fn begins_to_enforce(&self) -> bool {
        self.after == Mode::Enforce && self.before != Mode::Enforce
    }

    /// Another program is to be the agent.
    fn changes_agent(&self) -> bool {
        self.changes.iter().any(|change| change.setting == Setting::Agent)
    }

    /// Configurations are set that were not.
    fn begins_to_set(&self) -> bool {
        let sets = |change: &Change| change.setting == Setting::BaselineSet && change.direction == Direction::Tightens;
        self.changes.iter().any(sets)
    }
}

/// Why a second person has to agree, every reason there is; none when one is enough.
pub fn needs_two(proposal: &Proposal<'_>, limits: Limits) -> Vec<Message> {
    let about = |code: &str| Message::new(code).with("group", proposal.group).number("hosts", number(proposal.hosts));
    // Broken glass is a hurry, and ends by itself: it is limited by its time. The agent itself has a rule of its own.
    let by_itself = [Setting::BreakGlass, Setting::Agent];
    let is_looser = |change: &&Change| change.direction == Direction::Loosens && !by_itself.contains(&change.setting);
    let loosens = proposal.changes.iter().any(|change| is_looser(&change));
    let mut why = Vec::new();
    if loosens && proposal.is_root {
        why.push(about("policy.two-loosens-root"));
    } else if loosens && proposal.hosts > limits.loosen_hosts {
        why.push(about("policy.two-loosens-many").number("most", number(limits.loosen_hosts)));
    }
    if proposal.changes_agent() && (proposal.is_root || proposal.hosts > limits.loosen_hosts) {
        why.push(about("policy.two-agent").number("most", number(limits.loosen_hosts)));
    }
    if proposal.begins_to_enforce() {
        let unknown = proposal.lockout.map_or(0, |lockout| lockout.hosts_without_history.len());
        if proposal.hosts > limits.enforce_hosts {
            why.push(about("policy.two-enforces-many").number("most", number(limits.enforce_hosts)));
        }
        if unknown > 0 {
            why.push(about("policy.two-unknown-hosts").number("unknown", number(unknown)));
        }
    }
    if proposal.begins_to_set() && proposal.hosts > limits.enforce_hosts {
        why.push(about("policy.two-sets-many").number("most", number(limits.enforce_hosts)));
    }
    if proposal.glass_seconds.is_some_and(|seconds| seconds > BREAK_GLASS_ALONE_SECONDS) {
        why.push(about("policy.two-glass-long").number("hours", number(BREAK_GLASS_ALONE_SECONDS / 3600)));
    }
    if proposal.changes_keys {
        why.push(Message::new("policy.two-keys"));
    }
    why
}

/// Whether rules may be enforced at all: by nobody, however many agree, when they would lock somebody out or were not tried.
///
/// # Errors
/// With the reason, when a group that enforces would get rules that were not tried or lock somebody out.
pub fn enforceable(proposal: &Proposal<'_>) -> Result<(), NotAllowed> {
    if proposal.after != Mode::Enforce {
        return Ok(());
    }
    match proposal.lockout {
        None => Err(NotAllowed::NotTried { group: proposal.group.clone() }),
        Some(lockout) if lockout.outlook() == Outlook::Refused => Err(NotAllowed::LocksOut { why: lockout.message() }),
        Some(_) => Ok(()),
    }
}
