//! The Microsoft catalogue: products, vulnerabilities, updates and what supersedes what, as one loaded value.
//!
//! The rule it serves: per product and vulnerability, *fixed* if any fixing update is installed, or any update that
//! supersedes one, however indirectly. Dates never decide. File versions and build revisions are not in this data; who
//! knows them asks elsewhere as well.
//!
//! A row without an update is no patch. Where a vulnerability has no update at all for a product, it is kept as
//! "no update" if the product is a Windows system or something on one, and left out otherwise: nothing that a list of
//! installed updates says could ever close it.

mod build;
mod codec;
mod component;
mod graph;
mod open;
mod product;
mod scope;

pub use build::{Added, Builder, Fact};
pub use codec::CatalogueError;
pub use graph::KbSet;
pub use open::{Open, OpenGroup, OpenItem};
pub use product::{ProductName, SystemName, Variant, parse as parse_product, release_of_build};
pub use scope::{Scope, SystemQuery};

use jiff::civil::Date;
use model::{CveId, KbId, Severity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, OnceLock, RwLock};

/// Facts of vulnerabilities and updates, ready to be asked.
///
/// Tables are sorted and refer to each other by index. A loaded catalogue does not change; an import makes a new one.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// The day of the newest source.
    as_of: Option<Date>,
    /// What it was made from: `wesng 2026-06-28`.
    sources: BTreeSet<String>,
    updates: Vec<Update>,
    cves: Vec<Cve>,
    products: Vec<Product>,
    /// Optional components that rows of a system name; index 0 means "the system itself".
    components: Vec<String>,
    /// `fixes[products[i].fixes]`, sorted by vulnerability, then update.
    fixes: Vec<Fix>,
    supersedes: graph::Graph,
    service_packs: BTreeSet<ServicePack>,
    /// Made when first asked for: the same few hundred systems stand for every host.
    scopes: RwLock<HashMap<SystemQuery, Arc<Scope>>>,
    cve_ids: OnceLock<Vec<Option<CveId>>>,
}

/// An update and the day it was first listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Update {
    kb: KbId,
    posted: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cve {
    number: CveNumber,
    severity: Option<Severity>,
    impact: Option<Impact>,
    exploit_known: bool,
    posted: Option<Date>,
}

#[derive(Debug, Clone, PartialEq)]
struct Product {
    name: String,
    parsed: ProductName,
    fixes: std::ops::Range<usize>,
}

/// One update that closes one vulnerability in one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Fix {
    cve: u32,
    /// [`NO_UPDATE`] where the vulnerability has none for this product.
    update: u32,
    component: u16,
}

const NO_UPDATE: u32 = u32::MAX;

/// A CVE id in four bytes: the year from 1980 in the top eight bits, the number below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CveNumber(u32);

impl TryFrom<String> for CveNumber {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        CveNumber::parse(&text).ok_or("no CVE id")
    }
}

impl From<CveNumber> for String {
    fn from(number: CveNumber) -> String {
        number.to_string()
    }
}

impl CveNumber {
    pub fn new(year: u32, number: u32) -> Option<CveNumber> {
        let year = year.checked_sub(1980).filter(|year| *year < 256)?;
        (number < 10_000_000).then_some(CveNumber(year << 24 | number))
    }

    /// Reads `CVE-2017-0144`.
    pub fn parse(text: &str) -> Option<CveNumber> {
        let rest = text.get(..4).filter(|head| head.eq_ignore_ascii_case("CVE-")).and_then(|_| text.get(4..))?;
        let (year, number) = rest.split_once('-')?;
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let good = year.len() == 4 && (4..=7).contains(&number.len()) && digits(year) && digits(number);
        if !good {
            return None;
        }
        CveNumber::new(year.parse().ok()?, number.parse().ok()?)
    }

    pub fn id(self) -> Option<CveId> {
        self.to_string().parse().ok()
    }
}

impl std::fmt::Display for CveNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CVE-{}-{:04}", 1980 + (self.0 >> 24), self.0 & 0x00FF_FFFF)
    }
}

/// What the vendor says a vulnerability leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    DefenseInDepth,
    Tampering,
    Spoofing,
    DenialOfService,
    InformationDisclosure,
    SecurityFeatureBypass,
    ElevationOfPrivilege,
    RemoteCodeExecution,
}

/// A service pack or release as the catalogue's custom rows tell it: what to install on a product to leave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServicePack {
    /// The pseudo id: `SP7X64SP1`.
    pub id: String,
    /// The product it is installed on.
    pub on: String,
    /// Its update number, where it has one.
    pub kb: Option<KbId>,
    /// Ids or update numbers it replaces.
    pub replaces: BTreeSet<String>,
}

/// What the catalogue knows of one vulnerability, whatever the product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CveFacts {
    pub cve: CveId,
    /// The highest any product has.
    pub severity: Option<Severity>,
    pub impact: Option<Impact>,
    /// The source lists a public exploit.
    pub exploit_known: bool,
    pub posted: Option<Date>,
}

/// How much is in a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub products: u64,
    pub vulnerabilities: u64,
    pub updates: u64,
    pub fixes: u64,
    pub supersedences: u64,
}

static BUILTIN: LazyLock<Catalogue> = LazyLock::new(|| {
    let shipped = Catalogue::from_bytes(include_bytes!("../../../../data/catalogue/microsoft.bin")).unwrap_or_default();
    let edges: Vec<_> = curated_edges().iter().map(|edge| (edge.superseder, edge.superseded)).collect();
    shipped.with_extra_edges(&edges)
});

/// A supersedence that the sources lack: `data/catalogue/edges.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CuratedEdge {
    /// The systems whose updates they are, for people.
    pub system: String,
    pub superseder: KbId,
    pub superseded: KbId,
    pub because: Gap,
    #[serde(flatten)]
    pub fact: crate::Fact,
}

/// What the definitions say instead of a curated edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// An update between two months, which the next month's replaces.
    OutOfBand,
    /// Two months of one system that no row links.
    MissingLink,
    /// The newer one is linked to an update of another kind or system.
    WrongLink,
}

/// The curated edges with their sources; none when the file does not parse, which a test holds it does.
pub fn curated_edges() -> Vec<CuratedEdge> {
    #[derive(Deserialize, Default)]
    struct File {
        edge: Vec<CuratedEdge>,
    }
    let file: File = toml::from_str(include_str!("../../../../data/catalogue/edges.toml")).unwrap_or_default();
    file.edge
}

impl Catalogue {
    /// The catalogue the product ships, with the curated edges; a test holds that both load.
    pub fn builtin() -> &'static Catalogue {
        &BUILTIN
    }

    /// The day of the newest source; how old the catalogue is.
    pub fn as_of(&self) -> Option<Date> {
        self.as_of
    }

    pub fn sources(&self) -> &BTreeSet<String> {
        &self.sources
    }

    pub fn service_packs(&self) -> &BTreeSet<ServicePack> {
        &self.service_packs
    }

    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    pub fn counts(&self) -> Counts {
        Counts {
            products: self.products.len() as u64,
            vulnerabilities: self.cves.len() as u64,
            updates: self.updates.len() as u64,
            fixes: self.fixes.iter().filter(|fix| fix.update != NO_UPDATE).count() as u64,
            supersedences: self.supersedes.edge_count() as u64,
        }
    }

    /// Every update that is installed or superseded by an installed one, however indirectly.
    pub fn covered<'a>(&self, installed: impl IntoIterator<Item = &'a KbId>) -> KbSet {
        let mut set = KbSet::new(self.updates.len());
        for kb in installed {
            match self.update_index(*kb) {
                Some(index) => {
                    set.add(index);
                }
                None => set.add_outside(*kb),
            }
        }
        self.supersedes.close(&mut set);
        set
    }

    /// Whether an update is in a set made by [`Catalogue::covered`].
    pub fn contains(&self, set: &KbSet, kb: KbId) -> bool {
        match self.update_index(kb) {
            Some(index) => set.has(index),
            None => set.has_outside(kb),
        }
    }

    /// The members of a set made by [`Catalogue::covered`].
    pub fn members(&self, set: &KbSet) -> BTreeSet<KbId> {
        set.indexes().filter_map(|index| self.update(index)).map(|update| update.kb).chain(set.outside()).collect()
    }

    /// How an installed update covers `fix`: the chain from the installed one down to it, each superseding the next.
    pub fn chain<'a>(&self, installed: impl IntoIterator<Item = &'a KbId>, fix: KbId) -> Option<Vec<KbId>> {
        let installed: BTreeSet<KbId> = installed.into_iter().copied().collect();
        if installed.contains(&fix) {
            return Some(vec![fix]);
        }
        let to = self.update_index(fix)?;
        // Newest first, so that of two chains of one length the one from the newer update is told.
        let from = installed.iter().rev().filter_map(|kb| self.update_index(*kb));
        let chain = self.supersedes.chain(from, to)?;
        Some(chain.into_iter().filter_map(|index| self.update(index)).map(|update| update.kb).collect())
    }

    /// Updates that a given one supersedes directly.
    pub fn supersedes(&self, kb: KbId) -> BTreeSet<KbId> {
        let Some(index) = self.update_index(kb) else { return BTreeSet::new() };
        let below = self.supersedes.superseded_by(index);
        below.iter().filter_map(|index| self.update(*index)).map(|update| update.kb).collect()
    }

    /// The day an update was first listed.
    pub fn posted(&self, kb: KbId) -> Option<Date> {
        self.update_index(kb).and_then(|index| self.update(index)).and_then(|update| update.posted)
    }

    pub fn knows_update(&self, kb: KbId) -> bool {
        self.update_index(kb).is_some()
    }

    pub fn cve(&self, id: &CveId) -> Option<CveFacts> {
        let number = CveNumber::parse(id.as_str())?;
        let at = self.cves.binary_search_by_key(&number, |cve| cve.number).ok()?;
        let cve = self.cves.get(at)?;
        Some(CveFacts {
            cve: id.clone(),
            severity: cve.severity,
            impact: cve.impact,
            exploit_known: cve.exploit_known,
            posted: cve.posted,
        })
    }

    /// The same catalogue with more edges: (superseder, superseded). Updates it has not heard of are added.
    #[must_use]
    pub fn with_extra_edges(mut self, edges: &[(KbId, KbId)]) -> Catalogue {
        let old: Vec<KbId> = self.updates.iter().map(|update| update.kb).collect();
        let named = edges.iter().flat_map(|(from, to)| [*from, *to]);
        let new: BTreeSet<KbId> = named.filter(|kb| !self.knows_update(*kb)).collect();
        self.updates.extend(new.into_iter().map(|kb| Update { kb, posted: None }));
        self.updates.sort_unstable_by_key(|update| update.kb);
        // The table only grew, so every index moves up and the order of what refers to it stays.
        let moved: Vec<u32> = old.iter().map(|kb| self.update_index(*kb).unwrap_or(NO_UPDATE)).collect();
        let place = |index: u32| moved.get(index as usize).copied().unwrap_or(NO_UPDATE);
        let kept = self.supersedes.edges().map(|(from, to)| (place(from), place(to)));
        let added = edges.iter().filter(|(from, to)| from != to);
        let added = added.filter_map(|(from, to)| Some((self.update_index(*from)?, self.update_index(*to)?)));
        let all: BTreeSet<(u32, u32)> = kept.chain(added).collect();
        self.supersedes = graph::Graph::new(self.updates.len(), &all.into_iter().collect::<Vec<_>>());
        for fix in &mut self.fixes {
            fix.update = place(fix.update);
        }
        self.scopes = RwLock::default();
        self
    }

    /// The union of two catalogues; where both tell a fact of a vulnerability, the graver severity stands.
    #[must_use]
    pub fn merge(self, other: &Catalogue) -> (Catalogue, Added) {
        let before = self.counts();
        let mut builder = Builder::from(self);
        builder.add_catalogue(other);
        let merged = builder.finish();
        let added = Added::between(before, merged.counts());
        (merged, added)
    }

    fn update_index(&self, kb: KbId) -> Option<u32> {
        self.updates.binary_search_by_key(&kb, |update| update.kb).ok().map(|at| at as u32)
    }

    fn update(&self, index: u32) -> Option<&Update> {
        self.updates.get(index as usize)
    }

    fn cve_id(&self, index: u32) -> Option<CveId> {
        let ids = self.cve_ids.get_or_init(|| self.cves.iter().map(|cve| cve.number.id()).collect());
        ids.get(index as usize).cloned().flatten()
    }
}

/// Two catalogues are the same when they tell the same; what was asked of them before does not count.
impl PartialEq for Catalogue {
    fn eq(&self, other: &Catalogue) -> bool {
        self.as_of == other.as_of
            && self.sources == other.sources
            && self.updates == other.updates
            && self.cves == other.cves
            && self.products == other.products
            && self.components == other.components
            && self.fixes == other.fixes
            && self.supersedes == other.supersedes
            && self.service_packs == other.service_packs
    }
}

impl Clone for Catalogue {
    fn clone(&self) -> Catalogue {
        Catalogue {
            as_of: self.as_of,
            sources: self.sources.clone(),
            updates: self.updates.clone(),
            cves: self.cves.clone(),
            products: self.products.clone(),
            components: self.components.clone(),
            fixes: self.fixes.clone(),
            supersedes: self.supersedes.clone(),
            service_packs: self.service_packs.clone(),
            scopes: RwLock::default(),
            cve_ids: OnceLock::new(),
        }
    }
}
