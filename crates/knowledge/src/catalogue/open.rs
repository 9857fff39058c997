//! Which vulnerabilities are open on a system with given updates, grouped by the update that closes most.
//!
//! One pass over the fixes of the system's products, without allocation per pair; then a greedy cover: the update that
//! closes most comes first, of equals the newest. Only updates that no other update of the system supersedes stand for
//! a group, so that nobody is sent to install what was replaced years ago.

use super::scope::{Component, Run};
use super::{Catalogue, KbSet, Scope};
use model::{CveGroup, CveId, KbId, OpenCve};
use std::cmp::Reverse;

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
            Some(OpenCve {
                kev: is_kev(&id),
                cve: id,
                severity,
                epss: None,
                component: item.component(catalogue, scope),
            })
        };
        let group = |group: &OpenGroup| CveGroup { kb: group.kb, cves: group.items.iter().filter_map(cve).collect() };
        self.groups.iter().map(group).collect()
    }
}

impl OpenItem {
    fn of(run: &Run) -> OpenItem {
        OpenItem { cve: run.cve, component: run.component }
    }

    fn component(&self, catalogue: &Catalogue, scope: &Scope) -> Option<String> {
        match self.component {
            Component::System => None,
            Component::Row(at) => catalogue.components.get(at as usize).cloned(),
            Component::Product(at) => scope.products.get(at as usize).and_then(|(_, component)| component.clone()),
        }
    }
}

impl Catalogue {
    /// The open vulnerabilities of a system on which `covered` is installed or superseded.
    ///
    /// One vulnerability is listed once: for the system itself if it is open there, else for the first component it is
    /// open in.
    pub fn open_cves(&self, scope: &Scope, covered: &KbSet) -> Open {
        let mut listed = KbSet::new(self.cves.len());
        let (mut with_update, mut without) = (Vec::new(), Vec::new());
        // The runs of the system itself come first, so a component never hides one.
        for run in &scope.runs {
            let fixes = self.fixes.get(run.fixes.clone()).unwrap_or(&[]);
            if fixes.iter().any(|fix| covered.has(fix.update)) || !listed.add(run.cve) {
                continue;
            }
            if run.tips.is_empty() { without.push(OpenItem::of(run)) } else { with_update.push(run) }
        }
        let mut groups = self.cover(scope, &with_update);
        if !without.is_empty() {
            groups.push(OpenGroup { kb: None, items: without });
        }
        Open { groups }
    }

    /// Gives every run to one update, the one that closes most first, of equals the newest.
    fn cover(&self, scope: &Scope, runs: &[&Run]) -> Vec<OpenGroup> {
        let tips = |run: &Run| scope.tip_lists.get(run.tips.clone()).unwrap_or(&[]);
        let mut left = vec![0u32; scope.tips.len()];
        runs.iter().flat_map(|run| tips(run)).for_each(|tip| left[*tip as usize] += 1);
        let (starts, closes) = by_tip(&left, runs.iter().map(|run| tips(run)));
        let mut taken = vec![false; runs.len()];
        let mut groups = Vec::new();
        // The tips are numbered by age, so the last of the greatest is the newest.
        while let Some((tip, count)) = left.iter().copied().enumerate().max_by_key(|(tip, count)| (*count, *tip))
            && count > 0
        {
            let mut items = Vec::with_capacity(count as usize);
            for &at in &closes[starts[tip]..starts[tip + 1]] {
                let at = at as usize;
                if !std::mem::replace(&mut taken[at], true) {
                    items.push(OpenItem::of(runs[at]));
                    tips(runs[at]).iter().for_each(|tip| left[*tip as usize] -= 1);
                }
            }
            items.sort_unstable_by_key(|item| {
                Reverse((self.cves.get(item.cve as usize).and_then(|cve| cve.severity), item.cve))
            });
            let kb = scope.tips.get(tip).and_then(|update| self.update(*update)).map(|update| update.kb);
            groups.push(OpenGroup { kb, items });
        }
        groups
    }
}

/// The runs of each tip, end to end: `closes[starts[tip]..starts[tip + 1]]`.
fn by_tip<'a>(counts: &[u32], lists: impl Iterator<Item = &'a [u32]>) -> (Vec<usize>, Vec<u32>) {
    let mut starts = vec![0; counts.len() + 1];
    for (tip, count) in counts.iter().enumerate() {
        starts[tip + 1] = starts[tip] + *count as usize;
    }
    let mut next = starts.clone();
    let mut closes = vec![0; starts.last().copied().unwrap_or(0)];
    for (list, at) in lists.zip(0u32..) {
        for tip in list {
            closes[next[*tip as usize]] = at;
            next[*tip as usize] += 1;
        }
    }
    (starts, closes)
}
