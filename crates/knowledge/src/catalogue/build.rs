//! Building a catalogue: facts in any order go in, sorted tables come out. The same facts give the same bytes.

use super::graph::Graph;
use super::{
    Catalogue, Counts, Cve, CveNumber, Fix, Impact, NO_UPDATE, Product, ServicePack, Update, component, product,
};
use jiff::civil::Date;
use model::{KbId, Severity};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One row of any source, as far as it says something.
#[derive(Debug, Clone, Default)]
pub struct Fact<'a> {
    pub product: &'a str,
    pub component: &'a str,
    pub cve: Option<CveNumber>,
    pub kb: Option<KbId>,
    pub severity: Option<Severity>,
    pub impact: Option<Impact>,
    pub exploit_known: bool,
    pub posted: Option<Date>,
}

/// How many entries an import added to each table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Added {
    pub before: Counts,
    pub after: Counts,
}

impl Added {
    pub fn between(before: Counts, after: Counts) -> Added {
        Added { before, after }
    }

    pub fn is_nothing(&self) -> bool {
        self.before == self.after
    }
}

/// Collects facts; [`Builder::finish`] makes the catalogue.
#[derive(Debug, Default)]
pub struct Builder {
    as_of: Option<Date>,
    sources: BTreeSet<String>,
    products: Names,
    components: Names,
    cves: HashMap<CveNumber, Cve>,
    updates: HashMap<KbId, Option<Date>>,
    rows: Vec<Row>,
    edges: BTreeSet<(KbId, KbId)>,
    service_packs: BTreeSet<ServicePack>,
}

/// A fix by the builder's own numbers: product and component in order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    product: u32,
    cve: CveNumber,
    kb: Option<KbId>,
    component: u32,
}

/// Names by their lower-case form, numbered in order of arrival.
#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
    /// Spellings seen before: the rows repeat a few thousand names hundreds of thousands of times.
    seen: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, raw: &str) -> u32 {
        if let Some(number) = self.seen.get(raw) {
            return *number;
        }
        let name = product::tidy(raw);
        let number = *self.numbers.entry(name.to_lowercase()).or_insert_with(|| {
            self.names.push(name.clone());
            self.names.len() as u32 - 1
        });
        // Of several spellings the first by code point stands, so that the order of the rows does not show.
        if let Some(kept) = self.names.get_mut(number as usize)
            && name < *kept
        {
            *kept = name;
        }
        self.seen.insert(raw.to_owned(), number);
        number
    }
}

impl Builder {
    /// Names a source and the day it was made.
    pub fn source(&mut self, name: &str, day: Option<Date>) {
        let text = day.map_or_else(|| name.to_owned(), |day| format!("{name} {day}"));
        self.sources.insert(text);
        self.as_of = self.as_of.max(day);
    }

    /// Adds what a row says; returns false when it says nothing that can be kept.
    pub fn fact(&mut self, fact: &Fact) -> bool {
        if let Some(kb) = fact.kb {
            self.update(kb, fact.posted);
        }
        let Some(number) = fact.cve else { return fact.kb.is_some() };
        if fact.kb.is_none() && product::parse(fact.product).system.is_none() {
            return false;
        }
        let system_itself = fact.component.is_empty() || !component::is_optional(fact.component);
        let component = if system_itself { 0 } else { self.components.number(fact.component) + 1 };
        let product = self.products.number(fact.product);
        self.rows.push(Row { product, cve: number, kb: fact.kb, component });
        self.cve(Cve {
            number,
            severity: fact.severity,
            impact: fact.impact,
            exploit_known: fact.exploit_known,
            posted: fact.posted,
        });
        true
    }

    /// Adds an edge; an update that supersedes itself does not.
    pub fn supersede(&mut self, superseder: KbId, superseded: KbId) -> bool {
        if superseder == superseded {
            return false;
        }
        self.update(superseder, None);
        self.update(superseded, None);
        self.edges.insert((superseder, superseded))
    }

    pub fn service_pack(&mut self, pack: ServicePack) {
        self.service_packs.insert(pack);
    }

    /// Adds everything of another catalogue.
    pub fn add_catalogue(&mut self, other: &Catalogue) {
        self.as_of = self.as_of.max(other.as_of);
        self.sources.extend(other.sources.iter().cloned());
        self.service_packs.extend(other.service_packs.iter().cloned());
        for update in &other.updates {
            self.update(update.kb, update.posted);
        }
        for cve in &other.cves {
            self.cve(*cve);
        }
        let kb = |index: u32| other.update(index).map(|update| update.kb);
        self.edges.extend(other.supersedes.edges().filter_map(|(from, to)| Some((kb(from)?, kb(to)?))));
        let components: Vec<u32> = other.components.iter().map(|name| self.components.number(name) + 1).collect();
        for product in &other.products {
            let number = self.products.number(&product.name);
            for fix in other.fixes.get(product.fixes.clone()).unwrap_or(&[]) {
                let Some(cve) = other.cves.get(fix.cve as usize) else { continue };
                let component =
                    (fix.component as usize).checked_sub(1).and_then(|at| components.get(at)).copied().unwrap_or(0);
                self.rows.push(Row { product: number, cve: cve.number, kb: kb(fix.update), component });
            }
        }
    }

    /// Sorts everything into the tables of a catalogue.
    pub fn finish(mut self) -> Catalogue {
        let mut updates: Vec<Update> =
            self.updates.iter().map(|(kb, posted)| Update { kb: *kb, posted: *posted }).collect();
        updates.sort_unstable_by_key(|update| update.kb);
        let mut cves: Vec<Cve> = self.cves.values().copied().collect();
        cves.sort_unstable_by_key(|cve| cve.number);
        let update_at: HashMap<KbId, u32> = updates.iter().zip(0..).map(|(update, at)| (update.kb, at)).collect();
        let cve_at: HashMap<CveNumber, u32> = cves.iter().zip(0..).map(|(cve, at)| (cve.number, at)).collect();
        let (components, component_at) = sorted(&self.components.names);
        let (names, product_at) = sorted(&self.products.names);

        let mut rows: Vec<(u32, Fix)> = std::mem::take(&mut self.rows)
            .into_iter()
            .map(|row| {
                let component = row.component.checked_sub(1).map_or(0, |at| component_at[at as usize] + 1);
                let update = row.kb.map_or(NO_UPDATE, |kb| update_at[&kb]);
                // More components than fit are more than the sources have by far; the last ones share "the system".
                let component = u16::try_from(component).unwrap_or(0);
                (product_at[row.product as usize], Fix { cve: cve_at[&row.cve], update, component })
            })
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let (fixes, ranges) = fixes(&rows, names.len());

        let edges: Vec<(u32, u32)> = self.edges.iter().map(|(from, to)| (update_at[from], update_at[to])).collect();
        let products = names.into_iter().zip(ranges).map(|(name, fixes)| {
            let parsed = product::parse(&name);
            Product { name, parsed, fixes }
        });
        Catalogue {
            as_of: self.as_of,
            sources: self.sources,
            cves,
            products: products.collect(),
            components,
            fixes,
            supersedes: Graph::new(updates.len(), &edges),
            updates,
            service_packs: self.service_packs,
            ..Catalogue::default()
        }
    }

    fn update(&mut self, kb: KbId, posted: Option<Date>) {
        let known = self.updates.entry(kb).or_insert(posted);
        *known = earliest(*known, posted);
    }

    fn cve(&mut self, cve: Cve) {
        let known = self.cves.entry(cve.number).or_insert(cve);
        known.severity = known.severity.max(cve.severity);
        known.impact = known.impact.max(cve.impact);
        known.exploit_known |= cve.exploit_known;
        known.posted = earliest(known.posted, cve.posted);
    }
}

impl From<Catalogue> for Builder {
    fn from(catalogue: Catalogue) -> Builder {
        let mut builder = Builder::default();
        builder.add_catalogue(&catalogue);
        builder
    }
}

fn earliest(a: Option<Date>, b: Option<Date>) -> Option<Date> {
    a.into_iter().chain(b).min()
}

/// The names in order, and where each went.
fn sorted(names: &[String]) -> (Vec<String>, Vec<u32>) {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_unstable_by_key(|at| names[*at].to_lowercase());
    let mut places = vec![0; names.len()];
    for (place, at) in order.iter().enumerate() {
        places[*at] = place as u32;
    }
    (order.into_iter().map(|at| names[at].clone()).collect(), places)
}

/// Lays the rows of all products end to end. "No update" stays only where the vulnerability has none there, and the
/// component only where every row names one: what is in the system itself needs no component.
fn fixes(rows: &[(u32, Fix)], products: usize) -> (Vec<Fix>, Vec<std::ops::Range<usize>>) {
    let mut fixes: Vec<Fix> = Vec::with_capacity(rows.len());
    let mut ranges = vec![0..0; products];
    for of_product in rows.chunk_by(|a, b| a.0 == b.0) {
        let start = fixes.len();
        for of_cve in of_product.chunk_by(|a, b| a.1.cve == b.1.cve) {
            let has_update = of_cve.iter().any(|row| row.1.update != NO_UPDATE);
            let in_system = of_cve.iter().any(|row| row.1.component == 0);
            let mut kept: BTreeMap<u32, u16> = BTreeMap::new();
            for (_, fix) in of_cve.iter().filter(|row| row.1.update != NO_UPDATE || !has_update) {
                kept.entry(fix.update).or_insert(if in_system { 0 } else { fix.component });
            }
            let cve = of_cve[0].1.cve;
            fixes.extend(kept.into_iter().map(|(update, component)| Fix { cve, update, component }));
        }
        if let Some(range) = ranges.get_mut(of_product[0].0 as usize) {
            *range = start..fixes.len();
        }
    }
    (fixes, ranges)
}
