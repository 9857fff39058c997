//! Which vulnerabilities are open on a system with given updates, grouped by the update that closes most.
//!
//! One pass over the fixes of the system's products, without allocation per pair; then a greedy cover: the update that
//! closes most comes first, of equals the newest. Only updates that no other update of the system supersedes stand for
//! a group, so that nobody is sent to install what was replaced years ago.

use super::scope::ScopeProduct;
use super::{Catalogue, Fix, KbSet, NO_UPDATE, Scope};
use model::{CveGroup, CveId, KbId, OpenCve};
use std::collections::HashMap;

/// The open vulnerabilities of a host.
#[derive(Debug, Default, PartialEq)]
pub struct Open {
    /// Largest group first; what has no update comes last.
    pub groups: Vec<OpenGroup>,
}

#[derive(Debug, PartialEq)]
pub struct OpenGroup {
    /// The update to install; `None` where the vendor lists none for this system.
    pub kb: Option<KbId>,
    pub items: Vec<OpenItem>,
}

/// One open vulnerability, by index into the catalogue it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenItem {
    cve: u32,
    component: Component,
}

/// Where the name of the component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Component {
    System,
    /// Named by the row: index into the catalogue's components.
    Row(u16),
    /// Named by the product: index into the scope's products.
    Product(u32),
}

/// An open vulnerability and the updates at the top of the chains that close it.
struct Candidate<'s> {
    item: OpenItem,
    tips: Tips<'s>,
}

/// The tips of each fixing update; a vulnerability has one or two of them.
struct Tips<'s> {
    fixes: &'s [Fix],
    product: &'s ScopeProduct,
}

impl Tips<'_> {
    fn for_each(&self, mut f: impl FnMut(u32)) {
        for fix in self.fixes {
            for tip in self.product.tips.get(&fix.update).map_or(&[][..], Vec::as_slice) {
                f(*tip);
            }
        }
    }
}

impl Open {
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.items.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The ids of all open vulnerabilities.
    pub fn cves<'a>(&'a self, catalogue: &'a Catalogue) -> impl Iterator<Item = CveId> + 'a {
        self.groups.iter().flat_map(|group| &group.items).filter_map(|item| catalogue.cve_id(item.cve))
    }

    /// The groups as the house shows them; `is_kev` says which vulnerabilities are known to be exploited.
    pub fn cve_groups(&self, catalogue: &Catalogue, scope: &Scope, is_kev: impl Fn(&CveId) -> bool) -> Vec<CveGroup> {
        let cve = |item: &OpenItem| {
            let id = catalogue.cve_id(item.cve)?;
            let severity = catalogue.cves.get(item.cve as usize).and_then(|cve| cve.severity);
            Some(OpenCve { kev: is_kev(&id), cve: id, severity, component: item.component(catalogue, scope) })
        };
        let group = |group: &OpenGroup| CveGroup { kb: group.kb, cves: group.items.iter().filter_map(cve).collect() };
        self.groups.iter().map(group).collect()
    }
}

impl OpenItem {
    fn component(&self, catalogue: &Catalogue, scope: &Scope) -> Option<String> {
        match self.component {
            Component::System => None,
            Component::Row(at) => catalogue.components.get(at as usize).cloned(),
            Component::Product(at) => scope.products.get(at as usize).and_then(|product| product.component.clone()),
        }
    }
}

impl Catalogue {
    /// The open vulnerabilities of a system on which `covered` is installed or superseded.
    ///
    /// One vulnerability is listed once: for the system itself if it is open there, else for the first component it is
    /// open in.
    pub fn open_cves(&self, scope: &Scope, covered: &KbSet) -> Open {
        let candidates = self.candidates(scope, covered);
        let (mut with_update, without): (Vec<_>, Vec<_>) = candidates
            .into_iter()
            .partition(|candidate| candidate.tips.fixes.iter().any(|fix| fix.update != NO_UPDATE));
        let mut groups = self.cover(&mut with_update);
        if !without.is_empty() {
            groups.push(OpenGroup { kb: None, items: without.into_iter().map(|candidate| candidate.item).collect() });
        }
        Open { groups }
    }

    fn candidates<'s>(&'s self, scope: &'s Scope, covered: &KbSet) -> Vec<Candidate<'s>> {
        let mut listed = KbSet::new(self.cves.len());
        let mut conditional: Vec<Candidate> = Vec::new();
        let mut found = Vec::new();
        for (product, at) in scope.products.iter().zip(0u32..) {
            for fixes in self.runs(product.product) {
                if fixes.iter().any(|fix| fix.update != NO_UPDATE && covered.has(fix.update)) {
                    continue;
                }
                let component = match fixes.first().map_or(0, |fix| fix.component) {
                    _ if product.component.is_some() => Component::Product(at),
                    0 => Component::System,
                    row => Component::Row(row - 1),
                };
                let cve = fixes.first().map_or(0, |fix| fix.cve);
                let candidate = Candidate { item: OpenItem { cve, component }, tips: Tips { fixes, product } };
                if component != Component::System {
                    conditional.push(candidate);
                } else if listed.add(cve) {
                    found.push(candidate);
                }
            }
        }
        found.extend(conditional.into_iter().filter(|candidate| listed.add(candidate.item.cve)));
        found
    }

    /// The fixes of a product, one slice per vulnerability.
    pub(super) fn runs(&self, product: u32) -> impl Iterator<Item = &[Fix]> {
        let range = self.products.get(product as usize).map(|product| product.fixes.clone());
        let fixes = range.and_then(|range| self.fixes.get(range)).unwrap_or(&[]);
        fixes.chunk_by(|a, b| a.cve == b.cve)
    }

    /// Gives every candidate to one update, the one that closes most first.
    fn cover(&self, candidates: &mut [Candidate]) -> Vec<OpenGroup> {
        let mut closes: HashMap<u32, Vec<u32>> = HashMap::new();
        for (candidate, at) in candidates.iter().zip(0u32..) {
            candidate.tips.for_each(|tip| {
                let list = closes.entry(tip).or_default();
                if list.last() != Some(&at) {
                    list.push(at);
                }
            });
        }
        let mut left: HashMap<u32, usize> = closes.iter().map(|(tip, list)| (*tip, list.len())).collect();
        let mut taken = vec![false; candidates.len()];
        let mut distinct = Vec::new();
        let mut groups = Vec::new();
        while let Some((&tip, &count)) = left.iter().max_by_key(|(tip, count)| (**count, self.age_rank(**tip)))
            && count > 0
        {
            let mut items = Vec::with_capacity(count);
            for &at in closes.get(&tip).map_or(&[][..], Vec::as_slice) {
                let at = at as usize;
                if !std::mem::replace(&mut taken[at], true) {
                    items.push(candidates[at].item);
                    // It no longer counts for the others; each counted it once, however many fixes lead there.
                    distinct.clear();
                    candidates[at].tips.for_each(|tip| distinct.push(tip));
                    distinct.sort_unstable();
                    distinct.dedup();
                    for tip in &distinct {
                        if let Some(count) = left.get_mut(tip) {
                            *count -= 1;
                        }
                    }
                }
            }
            items.sort_unstable_by_key(|item| {
                std::cmp::Reverse((self.cves.get(item.cve as usize).map(|c| c.severity), item.cve))
            });
            groups.push(OpenGroup { kb: self.update(tip).map(|update| update.kb), items });
        }
        groups
    }
}
