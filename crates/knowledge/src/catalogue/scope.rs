//! From a host's system to the catalogue's products, prepared once per system and asked for every host of it.

use super::product::{self, Variant};
use super::{Catalogue, Fix, NO_UPDATE, SystemName};
use jiff::civil::Date;
use model::Arch;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// What a host says of its system. What it does not say widens the answer, it never narrows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SystemQuery {
    /// `Windows 7`, `Windows Server 2008 R2`; any spelling the catalogue itself uses is understood.
    pub product: String,
    /// `1607`, `21H2`. Windows 10 and 11 need it or the build: without either no product matches.
    pub release: Option<String>,
    pub build: Option<u32>,
    pub arch: Option<Arch>,
    pub service_pack: Option<u8>,
    /// Whether this is a Server Core installation; unknown counts as a full one, which has more.
    pub core: Option<bool>,
    /// Windows Server 2003 R2.
    pub r2: bool,
    /// `Media Center`, `Tablet PC`, `Datacenter: Azure Edition` have products of their own.
    pub edition: Option<String>,
}

/// The catalogue's products for one system, ready to be asked.
#[derive(Debug, PartialEq, Default)]
pub struct Scope {
    /// Products by index, with the component that has to be there; the system's own first.
    pub(super) products: Vec<(u32, Option<String>)>,
    /// One entry per product and vulnerability; those that need no component first.
    pub(super) runs: Vec<Run>,
    /// Updates that none of this system supersedes, oldest first.
    pub(super) tips: Vec<u32>,
    /// Indexes into `tips`, where the runs point to.
    pub(super) tip_lists: Vec<u32>,
    /// The day of the newest vulnerability listed for the system itself, strays left out. Long before the host's time,
    /// the vendor has stopped listing, and an empty answer says nothing.
    pub listed_until: Option<Date>,
}

/// One vulnerability in one product: its fixes in the catalogue, and the updates at the top of their chains.
#[derive(Debug, PartialEq)]
pub(super) struct Run {
    pub cve: u32,
    pub fixes: Range<usize>,
    /// In `tip_lists`; empty where there is no update.
    pub tips: Range<usize>,
    pub component: Component,
}

/// What has to be there for a vulnerability to be real, and where its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    System,
    /// Named by the row: index into the catalogue's components.
    Row(u16),
    /// Named by the product: index into the scope's products.
    Product(u32),
}

impl Scope {
    /// Whether the catalogue knows the system at all. Where it does not, nothing can be said of its vulnerabilities.
    pub fn is_known(&self) -> bool {
        self.products.iter().any(|(_, component)| component.is_none())
    }
}

impl Catalogue {
    /// The products of a system.
    pub fn scope(&self, query: &SystemQuery) -> Arc<Scope> {
        if let Ok(scopes) = self.scopes.read()
            && let Some(scope) = scopes.get(query)
        {
            return Arc::clone(scope);
        }
        let scope = Arc::new(self.make_scope(query));
        if let Ok(mut scopes) = self.scopes.write() {
            // Hostile facts could name systems without end.
            if scopes.len() >= SCOPES_MAX {
                scopes.clear();
            }
            scopes.insert(query.clone(), Arc::clone(&scope));
        }
        scope
    }

    /// The catalogue's names of a system's products, with the component each needs.
    pub fn products_for(&self, query: &SystemQuery) -> Vec<(String, Option<String>)> {
        let scope = self.scope(query);
        let name = |product: u32| self.products.get(product as usize).map(|product| product.name.clone());
        scope.products.iter().filter_map(|(product, component)| Some((name(*product)?, component.clone()))).collect()
    }

    fn make_scope(&self, query: &SystemQuery) -> Scope {
        let Some(wanted) = Wanted::new(query) else { return Scope::default() };
        let wanted = &wanted;
        let matching = |core: bool| {
            let products = self.products.iter().zip(0u32..);
            products.filter(move |(product, _)| {
                product.parsed.system.as_ref().is_some_and(|system| system.core == core && wanted.covers(system))
            })
        };
        let is_system = |core: bool| matching(core).any(|(product, _)| product.parsed.component.is_none());
        // Some releases exist as Server Core alone, some lists name only the full system.
        let core = match query.core {
            Some(true) => is_system(true),
            Some(false) | None => !is_system(false) && is_system(true),
        };
        let mut found: Vec<_> = matching(core).map(|(product, at)| (at, product.parsed.component.clone())).collect();
        found.sort_by_key(|(at, component)| (component.is_some(), *at));
        let listed_until = self.listed_until(&found);
        Scope { listed_until, ..self.prepare(found) }
    }

    /// The day from which on less than [`STRAY_MAX`] vulnerabilities are listed: one emergency fix years after the end of
    /// support does not mean that the listing went on.
    fn listed_until(&self, products: &[(u32, Option<String>)]) -> Option<Date> {
        let own = products.iter().filter(|(_, component)| component.is_none());
        let fixes = own.flat_map(|(at, _)| self.runs_with_start(*at)).filter_map(|(run, _)| run.first());
        let mut days: Vec<Date> = fixes.filter_map(|fix| self.cves.get(fix.cve as usize)?.posted).collect();
        days.sort_unstable();
        days.get(days.len().saturating_sub(STRAY_MAX)).copied()
    }

    /// Lays out the runs of all products, each with the updates at the top of its chains.
    fn prepare(&self, products: Vec<(u32, Option<String>)>) -> Scope {
        let updates_of: Vec<BTreeSet<u32>> = products.iter().map(|(at, _)| self.updates_of(*at)).collect();
        let own: BTreeSet<u32> = products
            .iter()
            .zip(&updates_of)
            .filter(|((_, component), _)| component.is_none())
            .flat_map(|(_, updates)| updates.iter().copied())
            .collect();
        let all: BTreeSet<u32> = updates_of.iter().flatten().copied().collect();
        let above = self.above(&all);
        let (mut runs, mut lists): (Vec<Run>, Vec<Vec<u32>>) = (Vec::new(), Vec::new());
        for ((at, (product, component)), updates) in (0u32..).zip(&products).zip(&updates_of) {
            let fits = |update: u32| own.contains(&update) || updates.contains(&update);
            let tips: HashMap<u32, Vec<u32>> =
                updates.iter().map(|update| (*update, self.tips(*update, &above, fits))).collect();
            for (fixes, start) in self.runs_with_start(*product) {
                let Some(first) = fixes.first() else { continue };
                let component = match (component, first.component) {
                    (Some(_), _) => Component::Product(at),
                    (None, 0) => Component::System,
                    (None, row) => Component::Row(row - 1),
                };
                let distinct: BTreeSet<u32> =
                    fixes.iter().filter_map(|fix| tips.get(&fix.update)).flatten().copied().collect();
                let place = lists.len();
                lists.push(distinct.into_iter().collect());
                runs.push(Run { cve: first.cve, fixes: start..start + fixes.len(), tips: place..place, component });
            }
        }
        self.lay_out(products, runs, &lists)
    }

    /// Numbers the tips by age and puts the lists end to end. Each run's `tips.start` is the number of its list.
    fn lay_out(&self, products: Vec<(u32, Option<String>)>, mut runs: Vec<Run>, lists: &[Vec<u32>]) -> Scope {
        let distinct: BTreeSet<u32> = lists.iter().flatten().copied().collect();
        let mut tips: Vec<u32> = distinct.into_iter().collect();
        tips.sort_by_key(|tip| self.age_rank(*tip));
        let place: HashMap<u32, u32> = tips.iter().copied().zip(0u32..).collect();
        let mut tip_lists = Vec::new();
        for run in &mut runs {
            let start = tip_lists.len();
            let list = lists.get(run.tips.start).map_or(&[][..], Vec::as_slice);
            tip_lists.extend(list.iter().filter_map(|tip| place.get(tip)));
            run.tips = start..tip_lists.len();
        }
        runs.sort_by_key(|run| run.component != Component::System);
        Scope { products, runs, tips, tip_lists, listed_until: None }
    }

    /// The fixes of a product, one slice per vulnerability, and where in the table each begins.
    fn runs_with_start(&self, product: u32) -> impl Iterator<Item = (&[Fix], usize)> {
        let range = self.products.get(product as usize).map_or(0..0, |product| product.fixes.clone());
        let mut start = range.start;
        self.fixes.get(range).unwrap_or(&[]).chunk_by(|a, b| a.cve == b.cve).map(move |run| {
            let at = start;
            start += run.len();
            (run, at)
        })
    }

    fn updates_of(&self, product: u32) -> BTreeSet<u32> {
        let range = self.products.get(product as usize).map(|product| product.fixes.clone());
        let fixes = range.and_then(|range| self.fixes.get(range)).unwrap_or(&[]);
        fixes.iter().map(|fix| fix.update).filter(|update| *update != NO_UPDATE).collect()
    }

    /// For each update of a set, the others of the set that supersede it, however indirectly.
    fn above(&self, all: &BTreeSet<u32>) -> HashMap<u32, Vec<u32>> {
        let mut above: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut seen = vec![u32::MAX; self.updates.len()];
        let mut stack = Vec::new();
        for &top in all {
            stack.push(top);
            while let Some(index) = stack.pop() {
                for &next in self.supersedes.superseded_by(index) {
                    let Some(mark) = seen.get_mut(next as usize).filter(|mark| **mark != top) else { continue };
                    *mark = top;
                    stack.push(next);
                    if next != top && all.contains(&next) {
                        above.entry(next).or_default().push(top);
                    }
                }
            }
        }
        above
    }

    /// The updates above this one that nothing is above of; of a circle the newest.
    fn tips(&self, update: u32, above: &HashMap<u32, Vec<u32>>, fits: impl Fn(u32) -> bool) -> Vec<u32> {
        let over = |update: u32| above.get(&update).map_or(&[][..], Vec::as_slice).iter().copied().filter(|u| fits(*u));
        let is_tip = |tip: u32| {
            over(tip).all(|higher| over(higher).any(|back| back == tip) && self.age_rank(higher) < self.age_rank(tip))
        };
        let tips: Vec<u32> = over(update).chain([update]).filter(|tip| is_tip(*tip)).collect();
        // A circle whose newest member is not above this update cannot be: members of a circle are above each other.
        if tips.is_empty() { vec![update] } else { tips }
    }

    /// Later is greater.
    pub(super) fn age_rank(&self, update: u32) -> (Option<Date>, u32) {
        (self.update(update).and_then(|update| update.posted), update)
    }
}

const SCOPES_MAX: usize = 4096;
const STRAY_MAX: usize = 5;

/// A query in the catalogue's words.
struct Wanted {
    product: String,
    release: Option<String>,
    arch: Option<Arch>,
    service_pack: Option<u8>,
    edition: String,
    r2: bool,
}

impl Wanted {
    fn new(query: &SystemQuery) -> Option<Wanted> {
        let named = product::parse(&query.product).system.filter(|_| !query.product.contains(" on "))?;
        let said = query.release.as_ref().map(|release| release.trim().to_lowercase());
        // The bare names of Windows 10 and 11 mean the first release in the catalogue, but not in a host's mouth.
        let spelt_out = query.product.to_lowercase().contains("version") || query.product.contains(", ");
        let release = said
            .or_else(|| query.build.and_then(product::release_of_build).map(str::to_owned))
            .or_else(|| named.release.clone().filter(|_| spelt_out));
        let lower = product::tidy(&query.product).to_lowercase();
        let spoken_arch = lower.contains("x64") || lower.contains("itanium") || lower.contains("32-bit");
        let (product, r2) = match named.product.as_str() {
            "windows server 2003 r2" => ("windows server 2003".to_owned(), true),
            _ => (named.product, query.r2),
        };
        Some(Wanted {
            product,
            release,
            arch: query.arch.or(named.arch.filter(|_| spoken_arch)),
            service_pack: query.service_pack.or(Some(named.service_pack).filter(|pack| *pack > 0)),
            edition: query.edition.as_deref().unwrap_or_default().to_lowercase(),
            r2,
        })
    }

    fn covers(&self, system: &SystemName) -> bool {
        self.same_product(system)
            && self.same_release(system)
            && (self.arch.is_none() || system.arch.is_none() || self.arch == system.arch)
            && self.same_service_pack(system)
            && system.variant.is_none_or(|variant| self.is_variant(variant))
    }

    fn same_product(&self, system: &SystemName) -> bool {
        system.product == self.product
            || (self.r2 && system.product == "windows server 2003 r2" && self.product == "windows server 2003")
    }

    /// Only Windows 10, 11 and the half-yearly servers are told apart by release.
    fn same_release(&self, system: &SystemName) -> bool {
        system.release.is_none() || system.release == self.release
    }

    fn same_service_pack(&self, system: &SystemName) -> bool {
        let Some(pack) = self.service_pack else { return true };
        // These came to the market at the level of service pack 1 and say so themselves; the catalogue calls the same
        // level no service pack.
        let born_at_one = system.product == "windows server 2008"
            || (system.arch == Some(Arch::X64)
                && matches!(system.product.as_str(), "windows xp" | "windows server 2003" | "windows server 2003 r2"));
        system.service_pack == pack || (born_at_one && pack <= 1 && system.service_pack <= 1)
    }

    fn is_variant(&self, variant: Variant) -> bool {
        match variant {
            Variant::HoloLens => self.edition.contains("hololens"),
            Variant::MediaCenter => self.edition.contains("media center"),
            Variant::TabletPc => self.edition.contains("tablet"),
            Variant::AzureEdition => self.edition.contains("azure"),
        }
    }
}
