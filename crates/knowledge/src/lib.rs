//! Weapons, vulnerabilities, systems and patches as one loaded value.
//!
//! A [`Knowledge`] is read from content files and never changes; a newer one replaces it. [`Knowledge::builtin`] is
//! what the product ships.

pub mod catalogue;
mod content;
pub mod epss;
pub mod import;
pub mod kev;
pub mod prerequisites;
pub mod systems;
pub mod urgency;
pub mod weapons;

pub use prerequisites::Prerequisites;
pub use systems::{LinuxSystem, LinuxSystems, Resolution, Selector, Spread, Support, System, Systems};
pub use urgency::UrgencyTable;
pub use weapons::{FixSet, Weapon, Weapons};

use jiff::civil::Date;
use model::{BaseStep, Confidence, CveId, KbId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// Everything the judgement stands on.
#[derive(Debug)]
pub struct Knowledge {
    pub weapons: Weapons,
    pub systems: Systems,
    /// Distributions of Linux and when their support ends.
    pub linux: LinuxSystems,
    pub prerequisites: Prerequisites,
    pub urgency: UrgencyTable,
    pub kev: kev::Kev,
    /// Empty unless a day's scores were imported: the product ships none, they are old within weeks.
    pub epss: Arc<epss::Epss>,
    pub catalogue: catalogue::Catalogue,
    digest: String,
}

/// Where a fact comes from and how sure it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fact {
    /// Id in `weapons/sources.toml`.
    pub source: String,
    pub confidence: Confidence,
}

#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    #[error("cannot read content file `{path}`")]
    Parse {
        path: String,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("content file `{path}` does not hold: {what}")]
    Content { path: String, what: String },
    #[error("content lacks `{0}`")]
    Missing(&'static str),
}

static BUILTIN: LazyLock<Knowledge> = LazyLock::new(|| {
    let catalogue = catalogue::Catalogue::builtin().clone();
    #[expect(clippy::expect_used, reason = "the content is compiled in, and a test loads it")]
    Knowledge::load(content::BUILTIN.iter().copied(), catalogue).expect("the content that was compiled in")
});

impl Knowledge {
    /// What the product ships.
    pub fn builtin() -> &'static Knowledge {
        &BUILTIN
    }

    /// Reads content files by their path below `data/`; a file of a folder it does not know is an error.
    pub fn load<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        catalogue: catalogue::Catalogue,
    ) -> Result<Knowledge, KnowledgeError> {
        let mut weapons = Weapons::default();
        let mut systems = None;
        let mut linux = LinuxSystems::default();
        let mut prerequisites = Prerequisites::default();
        let mut urgency = None;
        let mut digest = Sha256::new();
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_unstable();
        for (path, text) in files {
            digest.update(path.as_bytes());
            digest.update([0]);
            digest.update(text.as_bytes());
            match path.split('/').next() {
                Some("weapons") => weapons.add(path, text)?,
                Some("systems") if path == "systems/linux.toml" => linux = LinuxSystems::read(path, text)?,
                Some("systems") => systems = Some(Systems::read(path, text)?),
                Some("prerequisites") => prerequisites.add(path, text)?,
                Some("urgency") => urgency = Some(UrgencyTable::read(path, text)?),
                _ => return Err(content::wrong(path, "no such kind of content")),
            }
        }
        weapons.settle();
        let catalogue = with_edges(catalogue, &weapons);
        Ok(Knowledge {
            weapons,
            systems: systems.ok_or(KnowledgeError::Missing("systems/windows.toml"))?,
            linux,
            prerequisites,
            urgency: urgency.ok_or(KnowledgeError::Missing("urgency"))?,
            kev: kev::Kev::builtin().clone(),
            epss: Arc::default(),
            catalogue,
            digest: digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// SHA-256 over the content files: two knowledge bases with one digest judge alike, given the same catalogue.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The day the content was last looked at.
    pub fn dated(&self) -> Date {
        self.systems.dated
    }

    /// Whether a vulnerability is known to be exploited in the wild.
    pub fn is_kev(&self, cve: &CveId) -> bool {
        self.kev.contains(cve)
    }

    /// What must be installed on a system before an update can be, in installing order.
    pub fn base_gap(&self, system: &System, installed: &BTreeSet<KbId>, kb: KbId) -> Vec<BaseStep> {
        let published = self.catalogue.posted(kb);
        self.prerequisites.missing(system, installed, prerequisites::Target { kb, published })
    }

    /// The same knowledge with the scores of another day on top.
    #[must_use]
    pub fn with_epss(mut self, scores: &epss::Epss) -> Knowledge {
        Arc::make_mut(&mut self.epss).merge(scores);
        self
    }

    /// The same knowledge with another list of exploited vulnerabilities.
    #[must_use]
    pub fn with_kev(self, kev: kev::Kev) -> Knowledge {
        Knowledge { kev, ..self }
    }

    /// The same knowledge over another catalogue.
    #[must_use]
    pub fn with_catalogue(&self, catalogue: catalogue::Catalogue) -> Knowledge {
        Knowledge {
            catalogue: with_edges(catalogue, &self.weapons),
            weapons: self.weapons.clone(),
            systems: self.systems.clone(),
            linux: self.linux.clone(),
            prerequisites: self.prerequisites.clone(),
            urgency: self.urgency.clone(),
            kev: self.kev.clone(),
            epss: Arc::clone(&self.epss),
            digest: self.digest.clone(),
        }
    }
}

/// A catalogue with every supersedence that its sources lack, whatever it was made from.
fn with_edges(catalogue: catalogue::Catalogue, weapons: &Weapons) -> catalogue::Catalogue {
    let mut edges: Vec<_> = catalogue::curated_edges().iter().map(|edge| (edge.superseder, edge.superseded)).collect();
    edges.extend(weapons.curated_edges());
    catalogue.with_extra_edges(&edges)
}
