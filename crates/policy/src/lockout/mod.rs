//! Whether rules would lock somebody out: asked of what ran in the last days, before the rules are given to anybody.
//!
//! Files are judged as by a group that enforces, whatever the mode of the rules. What did not run is not known: a host
//! without history is neither safe nor in danger, and says so.

mod essential;

pub use essential::{BadEssentials, Essential, Essentials};

use crate::ids::EndpointId;
use crate::orders::ReputationTable;
use crate::said::number;
use crate::{Digest, Kind, Rules, Rung, Subject, decide};
use model::Message;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How many names a sentence has.
const SHOWN_MAX: usize = 5;

/// A file that ran on a host, as often as it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastExecution {
    pub subject: Subject,
    pub host: EndpointId,
    pub count: u64,
    /// When it ran last: seconds since 1970, UTC.
    pub last: u64,
    /// The host itself said that it cannot do without it.
    pub essential: bool,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    pub rules: &'a Rules,
    /// Beside the rules, as endpoints have it.
    pub reputation: Option<&'a ReputationTable>,
    /// Every host that would be given the rules.
    pub hosts: &'a BTreeSet<EndpointId>,
    /// What ran last before this is not history any more.
    pub since: u64,
    pub essentials: &'a Essentials,
}

/// What would come of the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lockout {
    /// Files that would not have run, those on most hosts first.
    pub blocked: Vec<Blocked>,
    /// Those of them that a machine cannot do without. With one of these, the rules are refused.
    pub essential: Vec<EssentialBlocked>,
    pub hosts_without_history: BTreeSet<EndpointId>,
    /// Hosts that were looked at.
    pub hosts_with_history: usize,
    /// Why an essential is one, for each that ran nowhere: what started before history began is not in it.
    pub unseen: Vec<Message>,
}

/// One file that would not have run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LockoutBlocked))]
pub struct Blocked {
    pub path: String,
    /// None when it could not be read.
    pub sha256: Option<Digest>,
    pub kind: Kind,
    pub rung: Rung,
    pub why: Message,
    pub hosts: BTreeMap<EndpointId, Ran>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LockoutRan))]
pub struct Ran {
    pub count: u64,
    pub last: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LockoutEssential))]
pub struct EssentialBlocked {
    pub path: String,
    pub sha256: Option<Digest>,
    /// Why a machine cannot do without it.
    pub why: Message,
    pub hosts: BTreeSet<EndpointId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LockoutOutlook))]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// Nothing essential would have been blocked anywhere.
    Clear,
    /// Nothing as far as there is history, and there is not for every host.
    Unknown,
    /// Somebody would be locked out.
    Refused,
}

/// What would have been blocked of what ran on the hosts of a trial.
pub fn simulate(past: &[PastExecution], trial: &Trial<'_>) -> Lockout {
    let counts = |ran: &&PastExecution| ran.last >= trial.since && trial.hosts.contains(&ran.host);
    let (mut blocked, mut essential) = (BTreeMap::new(), BTreeMap::new());
    let (mut seen_hosts, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for ran in past.iter().filter(counts) {
        seen_hosts.insert(&ran.host);
        let subject = &ran.subject;
        let listed = trial.essentials.of(&subject.path);
        seen.extend(listed.map(|essential| &essential.id));
        let verdict = match trial.reputation {
            Some(table) => table.decide(trial.rules, subject),
            None => decide(trial.rules, subject),
        };
        if verdict.may {
            continue;
        }
        let file = (&subject.path, subject.sha256);
        if listed.is_some() || ran.essential {
            let why = listed.map_or_else(|| Message::new("policy.essential-told"), Essential::why);
            let hosts = BTreeSet::new();
            let entry = || EssentialBlocked { path: subject.path.clone(), sha256: subject.sha256, why, hosts };
            essential.entry(file).or_insert_with(entry).hosts.insert(ran.host.clone());
        }
        let entry = || Blocked {
            path: subject.path.clone(),
            sha256: subject.sha256,
            kind: subject.kind,
            rung: verdict.rung,
            why: verdict.why,
            hosts: BTreeMap::new(),
        };
        let on = blocked.entry(file).or_insert_with(entry).hosts.entry(ran.host.clone()).or_default();
        *on = Ran { count: on.count.saturating_add(ran.count), last: on.last.max(ran.last) };
    }
    let mut blocked: Vec<Blocked> = blocked.into_values().collect();
    blocked.sort_by_key(|file| (Reverse(file.hosts.len()), Reverse(file.count())));
    Lockout {
        blocked,
        essential: essential.into_values().collect(),
        hosts_without_history: trial.hosts.iter().filter(|host| !seen_hosts.contains(host)).cloned().collect(),
        hosts_with_history: seen_hosts.len(),
        unseen: trial.essentials.iter().filter(|one| !seen.contains(&one.id)).map(Essential::why).collect(),
    }
}

impl Blocked {
    /// How often it ran, on all hosts.
    pub fn count(&self) -> u64 {
        self.hosts.values().fold(0, |sum, ran| sum.saturating_add(ran.count))
    }
}

impl Lockout {
    pub fn outlook(&self) -> Outlook {
        if !self.essential.is_empty() {
            Outlook::Refused
        } else if !self.hosts_without_history.is_empty() || self.hosts_with_history == 0 {
            Outlook::Unknown
        } else {
            Outlook::Clear
        }
    }

    /// The outlook in words, with the first few names.
    pub fn message(&self) -> Message {
        let about = |code: &str| {
            Message::new(code)
                .number("files", number(self.blocked.len()))
                .number("known", number(self.hosts_with_history))
                .number("unknown", number(self.hosts_without_history.len()))
        };
        match self.outlook() {
            Outlook::Refused => {
                let hosts: BTreeSet<_> = self.essential.iter().flat_map(|file| &file.hosts).collect();
                Message::new("policy.lockout-refused")
                    .list("paths", self.essential.iter().take(SHOWN_MAX).map(|file| &file.path))
                    .number("hosts", number(hosts.len()))
            }
            Outlook::Unknown => {
                about("policy.lockout-unknown").list("hosts", self.hosts_without_history.iter().take(SHOWN_MAX))
            }
            Outlook::Clear => about("policy.lockout-clear"),
        }
    }
}

#[cfg(test)]
mod tests;
