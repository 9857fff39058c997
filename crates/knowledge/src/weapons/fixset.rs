//! What fixes a flaw on which system. Each system meets exactly one case: the first that selects it.

use super::FileVersion;
use crate::{Fact, Selector, System};
use jiff::civil::Date;
use model::{Confidence, CveId, KbId};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixSet {
    pub id: String,
    /// What people call it: `MS17-010`, or the CVE where there was no bulletin.
    pub bulletin: String,
    /// The bulletin's article number, which is never an installed update.
    pub article: Option<KbId>,
    pub published: Date,
    pub cves: Vec<CveId>,
    /// Whether the vendor's update data has rows for it.
    #[serde(default = "yes")]
    pub catalogued: bool,
    #[serde(default, rename = "trap")]
    pub traps: Vec<Trap>,
    #[serde(default)]
    pub supersedes: Vec<Superseder>,
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
    pub source: String,
    pub confidence: Confidence,
}

/// Updates that look like the fix and are not; they never count.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trap {
    pub kbs: Vec<KbId>,
    /// Code of the reason.
    pub why: String,
    pub remark: Option<String>,
    #[serde(flatten)]
    pub fact: Fact,
}

/// Supersedence that the vendor's data lacks, or that must not depend on it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Superseder {
    pub newer: KbId,
    pub older: KbId,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub on: On,
    pub verdict: Verdict,
    /// Updates of the bulletin, any one of which fixes.
    #[serde(default)]
    pub kbs: Vec<KbId>,
    /// Later updates that contain the fix without the data saying so.
    #[serde(default)]
    pub also: Vec<Later>,
    #[serde(default, rename = "file")]
    pub files: Vec<FileFix>,
    /// `14393.953`: the build and the lowest revision that has the fix.
    pub build: Option<Build>,
    /// Code of why a system is not affected or not rated.
    pub reason: Option<Reason>,
    /// Code of what else to know.
    pub remark: Option<String>,
    pub published: Option<Date>,
    pub source: Option<String>,
    pub confidence: Option<Confidence>,
}

/// Updates that contain a fix although no supersedence says so, and why we hold that they do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    pub kbs: Vec<KbId>,
    /// Code of the reason; parameters `kb` and `bulletin` are filled in.
    pub why: String,
    #[serde(flatten)]
    pub fact: Fact,
}

/// A message code; parameters `bulletin` and `system` are filled in.
pub type Reason = String;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum On {
    Systems(Vec<Selector>),
    Rest(Rest),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rest {
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Affected; without any `kbs` there is no fix.
    Affected,
    /// Affected, and no package was made for this service pack: the base comes first.
    BaseFirst,
    NotAffected,
    /// The vendor never looked at this system.
    Unrated,
}

/// A file that tells: at least `min`, and under `below` where a second servicing branch begins there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFix {
    pub path: String,
    pub min: FileVersion,
    pub below: Option<FileVersion>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Build {
    pub build: u32,
    pub revision: u32,
}

impl FixSet {
    /// The case of a system.
    pub fn case(&self, system: &System) -> Option<&Case> {
        self.cases.iter().find(|case| case.on.matches(system))
    }

    /// The trap an update is, if it is one.
    pub fn trap(&self, kb: KbId) -> Option<&Trap> {
        self.traps.iter().find(|trap| trap.kbs.contains(&kb))
    }

    pub fn confidence(&self, case: &Case) -> Confidence {
        case.confidence.unwrap_or(self.confidence)
    }
}

impl Case {
    /// Everything that fixes when installed.
    pub fn fixing(&self) -> impl Iterator<Item = KbId> {
        self.kbs.iter().chain(self.also.iter().flat_map(|later| &later.kbs)).copied()
    }

    /// Why an update counts that no supersedence links to the bulletin.
    pub fn later(&self, kb: KbId) -> Option<&Later> {
        self.also.iter().find(|later| later.kbs.contains(&kb))
    }
}

impl On {
    fn matches(&self, system: &System) -> bool {
        match self {
            On::Systems(selectors) => selectors.iter().any(|selector| selector.matches(system)),
            On::Rest(_) => true,
        }
    }
}

impl FileFix {
    pub fn is_met_by(&self, version: &FileVersion) -> bool {
        *version >= self.min && self.below.as_ref().is_none_or(|below| version < below)
    }
}

impl TryFrom<String> for Build {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts =
            text.split_once('.').and_then(|(build, revision)| Some((build.parse().ok()?, revision.parse().ok()?)));
        let (build, revision) = parts.ok_or_else(|| format!("not a build and revision: `{text}`"))?;
        Ok(Build { build, revision })
    }
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.build, self.revision)
    }
}

fn yes() -> bool {
    true
}
