//! What a group may say. What it does not say comes from the nearest group above that does; lists add up.

use crate::orders::is_version;
use crate::{Digest, Mode};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Entries of one list of one group at most.
pub const LIST_MAX: usize = 20_000;
/// Bytes of a path at most, as Linux has it.
const PATH_BYTES_MAX: usize = 4096;
/// Bytes of a publisher's name or of the id of a check at most.
const NAME_BYTES_MAX: usize = 512;
const REPUTATION_MAX: u8 = 100;
const UNDO_BYTES: std::ops::RangeInclusive<u64> = (64 << 20)..=(1 << 40);
/// An hour to thirty days.
const KEPT_HOURS: std::ops::RangeInclusive<u32> = 1..=720;
/// Ten seconds to a day: an endpoint that is silent longer cannot be told from one that is gone.
const HEARTBEAT_SECONDS: std::ops::RangeInclusive<u32> = 10..=86_400;
/// Folders in which everybody may write: what lies there was deployed by nobody.
const OPEN_FOLDERS: &[&str] = &["/tmp", "/var/tmp", "/dev/shm", "/run/user", "/home"];

/// What a group says. Nothing said is nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicySettings))]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_packages: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reputation_from: Option<Threshold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_may: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided_may: Option<bool>,
    /// What the guard keeps at most, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_bytes_max: Option<u64>,
    /// How long the guard keeps it, in hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_hours: Option<u32>,
    /// How often an endpoint says that it is there, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<u32>,
    /// Which release of the agent its endpoints run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentVersion>,
    /// What is sent and kept beside what was blocked, stopped or found wrong, which always is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<BTreeSet<Telemetry>>,
    /// Denied by name; wins wherever on the way it stands.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub denied: BTreeSet<Digest>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub allowed: BTreeSet<Digest>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub publishers: BTreeSet<String>,
    /// Programs whose files may run.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub deployers: BTreeSet<String>,
    /// Folders below which only deployers write.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub deployed: BTreeSet<String>,
    /// Folders whose files the guard protects.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub protected: BTreeSet<String>,
    /// Programs that the guard trusts for what is in them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub guard_allowed: BTreeSet<String>,
    /// Ids of configuration checks that are wanted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub baseline: BTreeSet<String>,
    /// Ids of those that are set where they are not as they should be.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub baseline_set: BTreeSet<String>,
}

/// From which reputation on a file runs by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyThreshold))]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Nothing does, whatever a group above says.
    Off,
    /// 0 to 100.
    From(u8),
}

/// Which release of the agent runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyAgentVersion))]
#[serde(rename_all = "snake_case")]
pub enum AgentVersion {
    /// Whichever runs stays, whatever a group above says.
    AsItIs,
    Release {
        version: String,
        /// It may take the place of a newer one.
        #[serde(default)]
        older: bool,
    },
}

impl AgentVersion {
    /// What people call it.
    pub fn name(&self) -> Message {
        match self {
            AgentVersion::AsItIs => Message::new("policy.agent-as-it-is"),
            AgentVersion::Release { version, older: false } => {
                Message::new("policy.agent-release").with("version", version)
            }
            AgentVersion::Release { version, older: true } => {
                Message::new("policy.agent-back").with("version", version)
            }
        }
    }
}

/// What an endpoint tells of ordinary work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyTelemetry))]
#[serde(rename_all = "snake_case")]
pub enum Telemetry {
    /// Programs and scripts that ran.
    Executions,
    /// Libraries that were loaded.
    Libraries,
    /// Which process began which.
    Processes,
    /// Connections, with the program that made them.
    Network,
    /// Readings of configuration checks that were as they should be.
    Baseline,
}

impl Telemetry {
    /// What people call it.
    pub fn name(self) -> Message {
        Message::new(match self {
            Telemetry::Executions => "policy.telemetry-executions",
            Telemetry::Libraries => "policy.telemetry-libraries",
            Telemetry::Processes => "policy.telemetry-processes",
            Telemetry::Network => "policy.telemetry-network",
            Telemetry::Baseline => "policy.telemetry-baseline",
        })
    }
}

/// One thing that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicySetting))]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    Mode,
    TrustPackages,
    ReputationFrom,
    UnknownMay,
    UndecidedMay,
    UndoBytesMax,
    KeptHours,
    HeartbeatSeconds,
    Agent,
    Telemetry,
    Denied,
    Allowed,
    Publishers,
    Deployers,
    Deployed,
    Protected,
    GuardAllowed,
    Baseline,
    BaselineSet,
    BreakGlass,
}

impl Setting {
    pub const ALL: [Setting; 20] = [
        Setting::Mode,
        Setting::TrustPackages,
        Setting::ReputationFrom,
        Setting::UnknownMay,
        Setting::UndecidedMay,
        Setting::UndoBytesMax,
        Setting::KeptHours,
        Setting::HeartbeatSeconds,
        Setting::Agent,
        Setting::Telemetry,
        Setting::Denied,
        Setting::Allowed,
        Setting::Publishers,
        Setting::Deployers,
        Setting::Deployed,
        Setting::Protected,
        Setting::GuardAllowed,
        Setting::Baseline,
        Setting::BaselineSet,
        Setting::BreakGlass,
    ];

    /// What people call it.
    pub fn name(self) -> Message {
        Message::new(match self {
            Setting::Mode => "policy.setting-mode",
            Setting::TrustPackages => "policy.setting-trust-packages",
            Setting::ReputationFrom => "policy.setting-reputation-from",
            Setting::UnknownMay => "policy.setting-unknown-may",
            Setting::UndecidedMay => "policy.setting-undecided-may",
            Setting::UndoBytesMax => "policy.setting-undo-bytes-max",
            Setting::KeptHours => "policy.setting-kept-hours",
            Setting::HeartbeatSeconds => "policy.setting-heartbeat-seconds",
            Setting::Agent => "policy.setting-agent",
            Setting::Telemetry => "policy.setting-telemetry",
            Setting::Denied => "policy.setting-denied",
            Setting::Allowed => "policy.setting-allowed",
            Setting::Publishers => "policy.setting-publishers",
            Setting::Deployers => "policy.setting-deployers",
            Setting::Deployed => "policy.setting-deployed",
            Setting::Protected => "policy.setting-protected",
            Setting::GuardAllowed => "policy.setting-guard-allowed",
            Setting::Baseline => "policy.setting-baseline",
            Setting::BaselineSet => "policy.setting-baseline-set",
            Setting::BreakGlass => "policy.setting-break-glass",
        })
    }
}

/// What is wrong with one setting of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bad {
    /// Not an absolute path without `..`, or one that no file can have.
    Path(String),
    /// Everything lies below it, or everybody may write there.
    TooWide(String),
    /// Empty, too long, or with control characters in it.
    Name(String),
    TooMany {
        count: usize,
        most: usize,
    },
    /// Not between these two.
    Range {
        value: u64,
        from: u64,
        to: u64,
    },
}

impl Bad {
    pub fn message(&self) -> Message {
        use crate::said::number;
        match self {
            Bad::Path(path) => Message::new("policy.bad-path").with("path", path),
            Bad::TooWide(path) => Message::new("policy.bad-too-wide").with("path", path),
            Bad::Name(name) => Message::new("policy.bad-name").with("name", name),
            Bad::TooMany { count, most } => {
                Message::new("policy.bad-too-many").number("count", number(*count)).number("most", number(*most))
            }
            Bad::Range { value, from, to } => Message::new("policy.bad-range")
                .number("value", number(*value))
                .number("from", number(*from))
                .number("to", number(*to)),
        }
    }
}

impl Settings {
    /// The first thing that is wrong.
    ///
    /// # Errors
    /// With the setting and what is wrong with it.
    pub fn check(&self) -> Result<(), (Setting, Bad)> {
        self.check_with(LIST_MAX)
    }

    /// The same, with room for so many entries in a list.
    pub(crate) fn check_with(&self, most: usize) -> Result<(), (Setting, Bad)> {
        let within = |setting, value: Option<u64>, from, to| match value {
            Some(value) if !(from..=to).contains(&value) => Err((setting, Bad::Range { value, from, to })),
            _ => Ok(()),
        };
        let from = match self.reputation_from {
            Some(Threshold::From(from)) => Some(u64::from(from)),
            _ => None,
        };
        within(Setting::ReputationFrom, from, 0, u64::from(REPUTATION_MAX))?;
        within(Setting::UndoBytesMax, self.undo_bytes_max, *UNDO_BYTES.start(), *UNDO_BYTES.end())?;
        let kept = self.kept_hours.map(u64::from);
        within(Setting::KeptHours, kept, u64::from(*KEPT_HOURS.start()), u64::from(*KEPT_HOURS.end()))?;
        let heartbeat = self.heartbeat_seconds.map(u64::from);
        let (soonest, latest) = (u64::from(*HEARTBEAT_SECONDS.start()), u64::from(*HEARTBEAT_SECONDS.end()));
        within(Setting::HeartbeatSeconds, heartbeat, soonest, latest)?;
        if let Some(AgentVersion::Release { version, .. }) = &self.agent
            && !is_version(version)
        {
            return Err((Setting::Agent, Bad::Name(version.clone())));
        }
        self.check_lists(most)
    }

    fn check_lists(&self, most: usize) -> Result<(), (Setting, Bad)> {
        let few = |setting, count| match count > most {
            true => Err((setting, Bad::TooMany { count, most })),
            false => Ok(()),
        };
        few(Setting::Denied, self.denied.len())?;
        few(Setting::Allowed, self.allowed.len())?;
        type Check = fn(&str) -> Result<(), Bad>;
        let lists: [(Setting, &BTreeSet<String>, Check); 7] = [
            (Setting::Publishers, &self.publishers, name),
            (Setting::Deployers, &self.deployers, path),
            (Setting::Deployed, &self.deployed, deployed),
            (Setting::Protected, &self.protected, narrow),
            (Setting::GuardAllowed, &self.guard_allowed, path),
            (Setting::Baseline, &self.baseline, name),
            (Setting::BaselineSet, &self.baseline_set, name),
        ];
        for (setting, list, check) in lists {
            few(setting, list.len())?;
            list.iter().try_for_each(|entry| check(entry)).map_err(|bad| (setting, bad))?;
        }
        Ok(())
    }
}

fn name(text: &str) -> Result<(), Bad> {
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.trim() == text && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Bad::Name(text.to_owned())) }
}

fn path(text: &str) -> Result<(), Bad> {
    let climbs = text.split('/').any(|name| name == ".." || name == ".");
    let fits = text.starts_with('/') && !text.contains('\0') && !climbs && text.len() <= PATH_BYTES_MAX;
    if fits { Ok(()) } else { Err(Bad::Path(text.to_owned())) }
}

/// A folder that is not the whole machine.
fn narrow(text: &str) -> Result<(), Bad> {
    path(text)?;
    if text.trim_end_matches('/').is_empty() { Err(Bad::TooWide(text.to_owned())) } else { Ok(()) }
}

/// A folder in which not everybody may write.
fn deployed(text: &str) -> Result<(), Bad> {
    narrow(text)?;
    let is_open = |open: &str| text.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if OPEN_FOLDERS.iter().any(|open| is_open(open)) { Err(Bad::TooWide(text.to_owned())) } else { Ok(()) }
}
