//! Windows systems: which one a host is, as far as its facts tell, and when its support ends.

mod linux;
mod resolve;
mod select;

pub use linux::{LinuxSource, LinuxSystem, LinuxSystems};
pub use resolve::Resolution;
pub use select::{Selector, Spread};

use crate::{Fact, KnowledgeError, content};
use jiff::civil::Date;
use model::{Arch, Family};
use serde::Deserialize;
use std::collections::HashMap;

/// Every system, in the order of the data; a system of several architectures is several systems.
#[derive(Debug, Clone)]
pub struct Systems {
    all: Vec<System>,
    editions: Vec<EditionClass>,
    by_id: HashMap<String, usize>,
    /// The day the lifecycle dates were last looked at.
    pub dated: Date,
}

/// One system on one architecture.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// `7-sp1-x64`, `2016`; never changes.
    pub id: String,
    /// `Windows 7 Service Pack 1`: what a person reads, in any language.
    pub name: String,
    /// What weapons and fixes select by: `7`, `2008r2`, `xp64`.
    pub line: String,
    /// The normalised product and what else it is called.
    pub product: String,
    pub also: Vec<String>,
    /// `None` where the system was both (Windows 2000).
    pub family: Option<Family>,
    pub version: String,
    pub builds: Vec<u32>,
    pub service_pack: Option<u8>,
    pub release: Option<String>,
    pub embedded: bool,
    pub arch: Arch,
    pub released: Date,
    pub support: Vec<Support>,
    /// Names of this product in the vendor's update data.
    pub catalogue: Vec<String>,
}

/// When support ends, for a class of editions or for all.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    pub editions: Option<String>,
    pub mainstream: Option<Date>,
    /// The last day of security updates that everyone gets.
    pub security: Date,
    /// The last day of the paid extension.
    pub extended: Option<Date>,
    #[serde(flatten)]
    pub fact: Fact,
}

/// A class of editions that share support dates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EditionClass {
    class: String,
    contains: Vec<String>,
    #[serde(default)]
    excludes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    dated: Date,
    edition: Vec<EditionClass>,
    system: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    line: String,
    product: String,
    #[serde(default)]
    also: Vec<String>,
    family: FamilyName,
    version: String,
    builds: Vec<u32>,
    service_pack: Option<u8>,
    release: Option<String>,
    #[serde(default)]
    embedded: bool,
    arches: Vec<Arch>,
    released: Date,
    support: Vec<Support>,
    #[serde(default)]
    catalogue: HashMap<Arch, Vec<String>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum FamilyName {
    Client,
    Server,
    Any,
}

impl Systems {
    pub(crate) fn read(path: &str, text: &str) -> Result<Systems, KnowledgeError> {
        let file: File = content::parse(path, text)?;
        content::schema(path, file.schema)?;
        let all: Vec<System> = file.system.into_iter().flat_map(Entry::expand).collect();
        let mut by_id = HashMap::new();
        for (at, system) in all.iter().enumerate() {
            if by_id.insert(system.id.clone(), at).is_some() {
                return Err(content::wrong(path, format!("system `{}` stands twice", system.id)));
            }
        }
        Ok(Systems { all, editions: file.edition, by_id, dated: file.dated })
    }

    pub fn get(&self, id: &str) -> Option<&System> {
        self.by_id.get(id).and_then(|at| self.all.get(*at))
    }

    pub fn iter(&self) -> impl Iterator<Item = &System> {
        self.all.iter()
    }

    /// The support dates of a system for an edition as printed; where the edition does not decide, the earliest end,
    /// so that nothing counts as supported that may not be.
    pub fn support<'a>(&self, system: &'a System, edition: Option<&str>) -> Option<&'a Support> {
        let class = edition.and_then(|edition| self.class(edition));
        let fits = |support: &&Support| match (&support.editions, class) {
            (None, _) | (_, None) => true,
            (Some(editions), Some(class)) => editions == class,
        };
        let earliest =
            |supports: &mut dyn Iterator<Item = &'a Support>| supports.min_by_key(|support| support.security);
        earliest(&mut system.support.iter().filter(fits)).or_else(|| earliest(&mut system.support.iter()))
    }

    fn class(&self, edition: &str) -> Option<&str> {
        let edition = edition.to_lowercase();
        let has = |words: &[String]| words.iter().any(|word| edition.contains(word.as_str()));
        let found = self.editions.iter().find(|class| has(&class.contains) && !has(&class.excludes));
        found.map(|class| class.class.as_str())
    }
}

impl Entry {
    fn expand(self) -> Vec<System> {
        let one = |arch: &Arch| System {
            id: self.id.replace("{arch}", arch_name(*arch)),
            name: self.display_name(*arch),
            line: self.line.clone(),
            product: self.product.clone(),
            also: self.also.clone(),
            family: self.family.known(),
            version: self.version.clone(),
            builds: self.builds.clone(),
            service_pack: self.service_pack,
            release: self.release.clone(),
            embedded: self.embedded,
            arch: *arch,
            released: self.released,
            support: self.support.clone(),
            catalogue: self.catalogue.get(arch).cloned().unwrap_or_default(),
        };
        self.arches.iter().map(one).collect()
    }

    fn display_name(&self, arch: Arch) -> String {
        if self.id.contains("{arch}") { format!("{} ({})", self.name, arch_name(arch)) } else { self.name.clone() }
    }
}

impl FamilyName {
    fn known(self) -> Option<Family> {
        match self {
            FamilyName::Client => Some(Family::Client),
            FamilyName::Server => Some(Family::Server),
            FamilyName::Any => None,
        }
    }
}

pub(crate) fn arch_name(arch: Arch) -> &'static str {
    match arch {
        Arch::X86 => "x86",
        Arch::X64 => "x64",
        Arch::Ia64 => "ia64",
        Arch::Arm64 => "arm64",
    }
}
