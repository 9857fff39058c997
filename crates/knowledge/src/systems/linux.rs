//! Linux distributions: which one a host is, and when its support ends. No weapon selects by them.

use crate::{KnowledgeError, content};
use jiff::civil::Date;
use model::{Message, OsFacts};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Every distribution, in the order of the data.
#[derive(Debug, Clone, Default)]
pub struct LinuxSystems {
    all: Vec<LinuxSystem>,
    sources: Vec<LinuxSource>,
}

/// One release of a distribution, or one service pack of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinuxSystem {
    /// `debian-12`, `openeuler-24.03-sp3`; never changes.
    pub id: String,
    pub name: String,
    products: Vec<String>,
    version: String,
    pack: Option<String>,
    pub released: Option<Date>,
    /// The last day of security updates for everyone; none where no day is certain.
    pub security: Option<Date>,
    /// The last day of what comes after.
    pub extended: Option<Date>,
    /// What comes after is sold.
    #[serde(default)]
    pub paid: bool,
    pub source: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinuxSource {
    pub id: String,
    pub title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    #[expect(dead_code, reason = "for whoever looks at the file")]
    dated: Date,
    system: Vec<LinuxSystem>,
    source: Vec<LinuxSource>,
}

impl LinuxSystems {
    pub(crate) fn read(path: &str, text: &str) -> Result<LinuxSystems, KnowledgeError> {
        let file: File = content::parse(path, text)?;
        content::schema(path, file.schema)?;
        let mut ids = BTreeSet::new();
        for system in &file.system {
            let known = |id: &String| file.source.iter().any(|source| source.id == *id);
            if !ids.insert(system.id.clone()) {
                return Err(content::wrong(path, format!("system `{}` stands twice", system.id)));
            }
            if system.security.is_some() != system.source.as_ref().is_some_and(known) {
                return Err(content::wrong(path, format!("system `{}` has days and no source, or neither", system.id)));
            }
        }
        Ok(LinuxSystems { all: file.system, sources: file.source })
    }

    pub fn iter(&self) -> impl Iterator<Item = &LinuxSystem> {
        self.all.iter()
    }

    pub fn source(&self, id: &str) -> Option<&LinuxSource> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// The system of a host. Where its name does not tell which of several service packs it has, there is none: each has
    /// its own end.
    pub fn find(&self, os: &OsFacts) -> Option<&LinuxSystem> {
        let (product, version) = (os.product.as_deref()?.trim(), os.version.as_deref()?.trim());
        let name = product.strip_suffix(version).unwrap_or(product).trim_end();
        let shown = os.name.as_deref().unwrap_or_default();
        let mut fitting = self.all.iter().filter(|system| {
            let named = |known: &String| known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(product);
            system.products.iter().any(named) && system.is_version(version) && system.is_pack(shown)
        });
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

impl LinuxSystem {
    fn is_version(&self, version: &str) -> bool {
        let rest = version.strip_prefix(self.version.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The pack stands in brackets behind the number: `openEuler 24.03 (LTS-SP3)`.
    fn is_pack(&self, shown: &str) -> bool {
        let said = shown.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(pack, _)| pack.trim());
        self.pack.as_deref().is_none_or(|pack| said == Some(pack))
    }

    /// Whether updates that everyone gets have ended; none where no day is certain.
    pub fn is_over(&self, day: Date) -> Option<bool> {
        let free = self.extended.filter(|_| !self.paid);
        Some(self.security.max(free)? < day)
    }

    /// When its support ends, in words.
    pub fn support(&self) -> Vec<Message> {
        let security = self.security.map(|day| Message::new("systems.support-security").with("date", day));
        let code = if self.paid { "systems.support-extended" } else { "systems.support-long-term" };
        let extended = self.extended.map(|day| Message::new(code).with("date", day));
        security.into_iter().chain(extended).collect()
    }
}
