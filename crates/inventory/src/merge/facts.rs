//! Facts of one machine from several sources, merged: the most telling source first, the rest fills gaps, and every
//! disagreement is kept as a conflict.

use model::{Conflict, Host, HostFacts, HostId, Observation, OsFacts, SourceKind, UpdateList};
use serde::Serialize;
use std::collections::BTreeMap;

/// Conflicts kept for one host.
const CONFLICTS_MAX: usize = 200;

/// Merges what several sources say of one machine. Later observations of a kind replace earlier ones.
pub fn merge(id: HostId, observations: &[Observation]) -> Host {
    let order = by_weight(observations);
    let mut merger = Merger {
        host: Host {
            id,
            facts: HostFacts::default(),
            provenance: BTreeMap::new(),
            sources: observations.iter().map(|observation| observation.source.clone()).collect(),
            conflicts: Vec::new(),
            oddities: Vec::new(),
        },
        observations,
    };
    for &index in &order {
        merger.identity(index);
        merger.network(index);
        merger.findings(index);
        merger.business(index);
        merger.host.oddities.extend(observations[index].oddities.iter().cloned());
    }
    merger.operating_system(&order);
    merger.updates(&order);
    merger.host
}

/// Indices of the observations that count, most telling first.
fn by_weight(observations: &[Observation]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..observations.len()).filter(|&index| !is_replaced(observations, index)).collect();
    order.sort_by_key(|&index| {
        let source = &observations[index].source;
        (weight(source.kind), source.observed, index)
    });
    order.reverse();
    order
}

fn weight(kind: SourceKind) -> u8 {
    match kind {
        SourceKind::Manual => 8,
        SourceKind::Systeminfo => 7,
        SourceKind::ScriptResult => 6,
        SourceKind::UpdateList => 5,
        SourceKind::WantedList => 4,
        SourceKind::Nessus => 3,
        SourceKind::Openvas => 2,
        SourceKind::Nmap => 1,
        SourceKind::Table => 0,
    }
}

/// A snapshot of the machine is replaced by a later one; lists of one import stand side by side.
fn is_replaced(observations: &[Observation], index: usize) -> bool {
    let this = &observations[index].source;
    observations.iter().enumerate().any(|(other, observation)| {
        let source = &observation.source;
        source.kind == this.kind
            && match this.kind {
                SourceKind::Systeminfo => (source.observed, other) > (this.observed, index),
                SourceKind::UpdateList | SourceKind::WantedList => source.observed > this.observed,
                _ => false,
            }
    })
}

struct Merger<'a> {
    host: Host,
    observations: &'a [Observation],
}

/// Sets a fact that has no value yet, else notes a different one as a conflict.
macro_rules! fill {
    ($merger:expr, $index:expr, $path:literal, $($field:ident).+) => {{
        let index: usize = $index;
        if let Some(value) = &$merger.observations[index].facts.$($field).+ {
            match &$merger.host.facts.$($field).+ {
                None => {
                    $merger.host.facts.$($field).+ = Some(value.clone());
                    $merger.host.provenance.insert($path.to_owned(), index);
                }
                Some(kept) if !same(kept, value) => {
                    let (kept, other) = (show(kept), show(value));
                    $merger.conflict($path.to_owned(), kept, other, index);
                }
                Some(_) => {}
            }
        }
    }};
}

impl Merger<'_> {
    fn facts(&self, index: usize) -> &HostFacts {
        &self.observations[index].facts
    }

    fn conflict(&mut self, field: String, kept: String, other: String, index: usize) {
        if self.host.conflicts.len() >= CONFLICTS_MAX {
            return;
        }
        let path = |index: usize| self.host.sources.get(index).map(|source| source.path.clone()).unwrap_or_default();
        let kept_from = self.host.provenance.get(&field).copied().map(path).unwrap_or_default();
        let other_from = path(index);
        self.host.conflicts.push(Conflict { field, kept, kept_from, other, other_from });
    }

    fn identity(&mut self, index: usize) {
        fill!(self, index, "name", name);
        fill!(self, index, "domain", domain);
        fill!(self, index, "product_id", product_id);
    }

    fn network(&mut self, index: usize) {
        let facts = self.observations[index].facts.clone();
        for (path, has) in [("addresses", !facts.addresses.is_empty()), ("macs", !facts.macs.is_empty())] {
            if has {
                self.host.provenance.entry(path.to_owned()).or_insert(index);
            }
        }
        self.host.facts.addresses.extend(facts.addresses);
        self.host.facts.macs.extend(facts.macs);
        for (port, state) in facts.ports {
            let path = format!("ports.{port}");
            match self.host.facts.ports.get_mut(&port) {
                None => {
                    self.host.facts.ports.insert(port, state);
                    self.host.provenance.insert(path, index);
                }
                Some(kept) => {
                    kept.service = kept.service.take().or(state.service);
                    kept.product = kept.product.take().or(state.product);
                    if kept.status != state.status {
                        let (kept, other) = (show(&kept.status), show(&state.status));
                        self.conflict(path, kept, other, index);
                    }
                }
            }
        }
        fill!(self, index, "smb1", smb1);
    }

    fn findings(&mut self, index: usize) {
        let facts = self.observations[index].facts.clone();
        for (path, value) in facts.files {
            let field = format!("files.{path}");
            match self.host.facts.files.get(&path) {
                None => {
                    self.host.facts.files.insert(path, value);
                    self.host.provenance.insert(field, index);
                }
                Some(kept) if *kept != value => {
                    let kept = kept.clone();
                    self.conflict(field, kept, value, index);
                }
                Some(_) => {}
            }
        }
        for (service, state) in facts.services {
            self.host.facts.services.entry(service).or_insert(state);
        }
        if let Some(software) = facts.software {
            self.host.provenance.entry("software".to_owned()).or_insert(index);
            self.host.facts.software.get_or_insert_default().extend(software);
        }
        for sign in facts.implants {
            if !self.host.facts.implants.contains(&sign) {
                self.host.provenance.entry("implants".to_owned()).or_insert(index);
                self.host.facts.implants.push(sign);
            }
        }
        if !facts.scanner.is_empty() {
            self.host.provenance.entry("scanner".to_owned()).or_insert(index);
            self.host.facts.scanner.extend(facts.scanner);
        }
        if !facts.wanted.is_empty() {
            self.host.provenance.entry("wanted".to_owned()).or_insert(index);
            self.host.facts.wanted.extend(facts.wanted);
        }
    }

    fn business(&mut self, index: usize) {
        fill!(self, index, "business.group", business.group);
        fill!(self, index, "business.zone", business.zone);
        fill!(self, index, "business.owner", business.owner);
        fill!(self, index, "business.value", business.value);
        fill!(self, index, "business.needs_ports", business.needs_ports);
        fill!(self, index, "business.patch_conflict", business.patch_conflict);
        fill!(self, index, "business.online", business.online);
        fill!(self, index, "business.exposed", business.exposed);
        fill!(self, index, "business.note", business.note);
        let business = self.facts(index).business.clone();
        self.host.facts.business.alternatives.extend(business.alternatives);
        self.host.facts.business.conflicting_updates.extend(business.conflicting_updates);
    }

    /// What the machine states outranks every guess; a guess never fills gaps of a statement.
    fn operating_system(&mut self, order: &[usize]) {
        let mut order: Vec<usize> = order.to_vec();
        order.sort_by_key(|&index| std::cmp::Reverse(self.facts(index).os.basis));
        for index in order {
            let os = self.facts(index).os.clone();
            let kept = self.host.facts.os.basis;
            if os == OsFacts::default() {
                continue;
            }
            if os.basis < kept {
                self.product_conflict(&os, index);
                continue;
            }
            self.host.facts.os.basis = os.basis;
            let first =
                !self.host.provenance.contains_key("os.product") && !self.host.provenance.contains_key("os.name");
            fill!(self, index, "os.product", os.product);
            fill!(self, index, "os.edition", os.edition);
            fill!(self, index, "os.family", os.family);
            fill!(self, index, "os.version", os.version);
            fill!(self, index, "os.build", os.build);
            fill!(self, index, "os.ubr", os.ubr);
            fill!(self, index, "os.service_pack", os.service_pack);
            fill!(self, index, "os.arch", os.arch);
            fill!(self, index, "os.role", os.role);
            if first {
                self.first_os(&os, index);
            }
        }
    }

    /// What tells of the text it was read from comes from one source only.
    fn first_os(&mut self, os: &OsFacts, index: usize) {
        let kept = &mut self.host.facts.os;
        kept.name = os.name.clone();
        kept.language = os.language.clone();
        kept.locale = os.locale.clone();
        kept.encoding = os.encoding.clone();
        kept.evaluation = os.evaluation;
        kept.r2 = os.r2;
        self.host.provenance.insert("os.name".to_owned(), index);
    }

    fn product_conflict(&mut self, os: &OsFacts, index: usize) {
        if let (Some(kept), Some(other)) = (self.host.facts.os.product.clone(), os.product.clone())
            && kept != other
        {
            self.conflict("os.product".to_owned(), kept, other, index);
        }
    }

    /// Lists complete each other: what any of them shows is installed, and one whole list makes the union whole.
    fn updates(&mut self, order: &[usize]) {
        let mut union = UpdateList::default();
        let observations = self.observations;
        for &index in order.iter().filter(|&&index| observations[index].facts.updates.known) {
            let list = &observations[index].facts.updates;
            self.host.provenance.entry("updates".to_owned()).or_insert(index);
            if union.known && (union.complete || list.complete) {
                self.update_conflict(&union, list, index);
            }
            union.known = true;
            union.complete |= list.complete;
            union.installed.extend(&list.installed);
            union.claimed = union.claimed.or(list.claimed);
            union.listed = union.listed.or(list.listed);
        }
        self.host.facts.updates = union;
    }

    /// A whole list that lacks what another list shows is worth a look: one of them is older.
    fn update_conflict(&mut self, kept: &UpdateList, other: &UpdateList, index: usize) {
        let only = |a: &UpdateList, b: &UpdateList| {
            let ids: Vec<String> = a.installed.difference(&b.installed).take(8).map(ToString::to_string).collect();
            ids.join(" ")
        };
        let only_kept = if other.complete { only(kept, other) } else { String::new() };
        let only_other = if kept.complete { only(other, kept) } else { String::new() };
        if !only_kept.is_empty() || !only_other.is_empty() {
            self.conflict("updates".to_owned(), only_kept, only_other, index);
        }
    }
}

/// Names are the same in any case.
fn same<T: Serialize + PartialEq>(a: &T, b: &T) -> bool {
    a == b || show(a).eq_ignore_ascii_case(&show(b))
}

fn show<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(serde_json::Value::Array(items)) => {
            let items: Vec<String> =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
            items.join(" ")
        }
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
