//! The leaked weapons: the report's row word for word, and what is known of each today, fact by fact.

mod fixset;
mod version;

pub use fixset::{Build, Case, FileFix, FixSet, Later, On, Reason, Superseder, Trap, Verdict};
pub use version::{FileVersion, ProductVersion};

use crate::{Fact, KnowledgeError, Selector, content};
use jiff::civil::Date;
use model::{Confidence, CveId, KbId, Port, WeaponId};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All weapons, in the report's order, with the flaws they use and the sources behind every fact.
#[derive(Debug, Clone, Default)]
pub struct Weapons {
    all: Vec<Weapon>,
    by_id: HashMap<WeaponId, usize>,
    fixsets: BTreeMap<String, FixSet>,
    sources: BTreeMap<String, Source>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weapon {
    pub id: WeaponId,
    /// Row in the report's table; what came later goes on counting.
    pub order: u32,
    pub name: Name,
    pub kind: Kind,
    /// Of the whole picture of this weapon; single facts have their own.
    pub confidence: Confidence,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    pub role: Option<RequiredRole>,
    /// Windows services the way in runs through, by lower-case short name.
    #[serde(default)]
    pub services: BTreeSet<String>,
    /// For an implant: the weapons that plant it.
    #[serde(default)]
    pub delivered_by: Vec<WeaponId>,
    pub report: Report,
    pub triage: Triage,
    pub flaw: Option<Flaw>,
    #[serde(default, rename = "cve")]
    pub cves: Vec<WeaponCve>,
    pub product: Option<Product>,
    pub targets: Option<Targets>,
    #[serde(default, rename = "port")]
    pub ports: Vec<WeaponPort>,
    #[serde(default, rename = "precondition")]
    pub preconditions: Vec<Precondition>,
    #[serde(default, rename = "mitigation")]
    pub mitigations: Vec<Mitigation>,
    #[serde(default, rename = "remark")]
    pub remarks: Vec<Remark>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    pub en: String,
    pub zh: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    RemoteExploit,
    MailExploit,
    /// Needs an account first.
    PostAuth,
    /// Not a way in but what stays behind; a patch neither shows nor removes it.
    Implant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequiredRole {
    DomainController,
}

/// The report's row, slips included. Shown beside today's knowledge; decides nothing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub affects: String,
    pub remedy: String,
    pub ports: String,
    pub advice: Option<String>,
    pub links: Vec<String>,
    pub source: String,
}

/// Two of the four answers of the urgency table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triage {
    pub automatable: bool,
    pub automatable_confidence: Confidence,
    pub total_impact: bool,
    pub total_impact_confidence: Confidence,
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flaw {
    pub fixset: String,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeaponCve {
    pub id: CveId,
    /// The day it was listed as exploited in the wild.
    pub kev: Option<Date>,
    #[serde(default)]
    pub ransomware: bool,
    #[serde(flatten)]
    pub fact: Fact,
}

/// An application the weapon is built against.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub title: String,
    /// Lower-case parts of the names it is installed under.
    pub names: Vec<String>,
    pub affected: Vec<VersionSpan>,
    pub fixed_from: Option<ProductVersion>,
    /// Code of what to know about this.
    pub remark: Option<String>,
    #[serde(flatten)]
    pub fact: Fact,
}

/// Versions from the first up to, but without, the second.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionSpan {
    pub from: ProductVersion,
    pub below: ProductVersion,
}

/// The systems the module itself was built for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    pub on: Vec<Selector>,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeaponPort {
    pub port: Port,
    pub service: String,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precondition {
    pub code: String,
    #[serde(flatten)]
    pub fact: Fact,
}

/// A control that takes the way in away: `disable-smb1`, `block-port:tcp/139,tcp/445`, `disable-service:spooler`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mitigation {
    pub control: String,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    pub kind: RemarkKind,
    pub code: String,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemarkKind {
    ReportWrong,
    ReportGap,
    Remedy,
    Note,
}

/// Where facts come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub id: String,
    pub title: String,
    pub published: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    schema: u32,
    source: Vec<Source>,
}

impl Mitigation {
    /// `block-port` of `block-port:tcp/445`.
    pub fn name(&self) -> &str {
        self.control.split_once(':').map_or(self.control.as_str(), |(name, _)| name)
    }

    /// `tcp/139`, `tcp/445` of `block-port:tcp/139,tcp/445`.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.control.split_once(':').into_iter().flat_map(|(_, rest)| rest.split(','))
    }
}

impl Weapon {
    /// Exploited in the wild according to the data, on the earliest day.
    pub fn exploited_since(&self) -> Option<Date> {
        self.cves.iter().filter_map(|cve| cve.kev).min()
    }
}

impl Weapons {
    pub(crate) fn add(&mut self, path: &str, text: &str) -> Result<(), KnowledgeError> {
        if path == "weapons/sources.toml" {
            let file: SourceFile = content::parse(path, text)?;
            content::schema(path, file.schema)?;
            self.sources.extend(file.source.into_iter().map(|source| (source.id.clone(), source)));
        } else if path.starts_with("weapons/fixsets/") {
            let set: FixSet = content::parse(path, text)?;
            self.fixsets.insert(set.id.clone(), set);
        } else {
            self.all.push(content::parse(path, text)?);
        }
        Ok(())
    }

    /// Puts the weapons in order once all files are in.
    pub(crate) fn settle(&mut self) {
        self.all.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        self.by_id = self.all.iter().enumerate().map(|(at, weapon)| (weapon.id.clone(), at)).collect();
    }

    /// All weapons in the report's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Weapon> {
        self.all.iter()
    }

    pub fn get(&self, id: &WeaponId) -> Option<&Weapon> {
        self.by_id.get(id).and_then(|at| self.all.get(*at))
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn fixsets(&self) -> impl Iterator<Item = &FixSet> {
        self.fixsets.values()
    }

    pub fn fixset(&self, id: &str) -> Option<&FixSet> {
        self.fixsets.get(id)
    }

    /// The fix set of the flaw a weapon uses, if it uses a known one.
    pub fn fixset_of(&self, weapon: &Weapon) -> Option<&FixSet> {
        weapon.flaw.as_ref().and_then(|flaw| self.fixset(&flaw.fixset))
    }

    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.get(id)
    }

    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }

    /// Supersedence that the vendor's data lacks: (newer, older).
    pub fn curated_edges(&self) -> Vec<(KbId, KbId)> {
        self.fixsets().flat_map(|set| &set.supersedes).map(|edge| (edge.newer, edge.older)).collect()
    }
}
