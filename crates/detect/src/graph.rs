//! The relation graph: weapon – vulnerability – system in full, weapon – system in brief, with the hosts that stand
//! behind each node and edge where a caller counts them.

pub mod export;

use knowledge::weapons::{Verdict, Weapon};
use knowledge::{Knowledge, System};
use model::{Confidence, ExposureState, WeaponId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How much of the graph is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Weapon – system.
    Brief,
    /// Weapon – vulnerability – system.
    #[default]
    Full,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// `weapon:eternalblue`, `vulnerability:CVE-2017-0144`, `system:7-sp1`.
    pub id: String,
    pub kind: NodeKind,
    pub label: Label,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Known to be exploited in the wild; of vulnerabilities.
    pub kev: bool,
    pub hosts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    Weapon,
    Vulnerability,
    System,
    /// What a weapon hits where it is an application and no Windows.
    Product,
}

/// What a person reads; the ids stay the same in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    pub en: String,
    pub zh: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub kind: EdgeKind,
    pub confidence: Confidence,
    /// A fix exists for the system at this end; of edges that end at a system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<bool>,
    pub hosts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    Uses,
    Affects,
    /// An implant that a weapon plants.
    Delivers,
}

/// Hosts by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    pub open: u32,
    pub unknown: u32,
    pub fixed: u32,
}

/// One host's state for one weapon, for counting on the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub weapon: WeaponId,
    /// System id of the host, where it is known.
    pub system: Option<String>,
    pub state: ExposureState,
}

/// The graph of the knowledge alone.
pub fn graph(knowledge: &Knowledge, detail: Detail) -> Graph {
    overlaid(knowledge, detail, &[])
}

/// The graph with hosts on it: a node counts each pair of host and weapon that touches it.
pub fn overlaid(knowledge: &Knowledge, detail: Detail, standings: &[Standing]) -> Graph {
    let mut draft = Draft::default();
    for weapon in knowledge.weapons.iter() {
        draft.weapon(knowledge, weapon, detail);
    }
    for standing in standings {
        draft.count(knowledge, standing);
    }
    draft.finish()
}

impl Counts {
    fn add(&mut self, state: ExposureState) {
        match state {
            ExposureState::Open => self.open += 1,
            ExposureState::Unknown => self.unknown += 1,
            ExposureState::Fixed => self.fixed += 1,
            ExposureState::NotAffected => {}
        }
    }
}

/// A system in the graph: its architectures together, so that the picture can be read.
fn system_node(system: &System) -> (String, String) {
    let cut = |text: &str, sign: &str| text.rsplit_once(sign).map(|(head, _)| head.to_owned());
    let suffix = ["-x86", "-x64", "-ia64", "-arm64"].into_iter().find(|suffix| system.id.ends_with(suffix));
    match suffix {
        Some(_) => (
            format!("system:{}", cut(&system.id, "-").unwrap_or_else(|| system.id.clone())),
            cut(&system.name, " (").unwrap_or_else(|| system.name.clone()),
        ),
        None => (format!("system:{}", system.id), system.name.clone()),
    }
}

#[derive(Default)]
struct Draft {
    nodes: Vec<Node>,
    at: BTreeMap<String, usize>,
    edges: Vec<Edge>,
    edge_at: BTreeMap<(String, String), usize>,
    /// For each weapon: the edges that lead to each system, for counting.
    paths: BTreeMap<(WeaponId, String), BTreeSet<usize>>,
}

impl Draft {
    fn weapon(&mut self, knowledge: &Knowledge, weapon: &Weapon, detail: Detail) {
        let id = weapon_id(&weapon.id);
        let label = Label { en: weapon.name.en.clone(), zh: weapon.name.zh.clone() };
        self.node(&id, NodeKind::Weapon, label, Some(weapon.confidence), false);
        for carrier in &weapon.delivered_by {
            self.edge(&weapon_id(carrier), &id, EdgeKind::Delivers, weapon.confidence, None);
        }
        let vulnerabilities = self.vulnerabilities(knowledge, weapon, detail);
        self.systems(knowledge, weapon, &vulnerabilities);
        self.product(weapon, &vulnerabilities);
    }

    /// The vulnerability nodes of a weapon with the edges to them; the weapon itself in the brief graph.
    fn vulnerabilities(
        &mut self,
        knowledge: &Knowledge,
        weapon: &Weapon,
        detail: Detail,
    ) -> Vec<(String, Option<usize>)> {
        let id = weapon_id(&weapon.id);
        if detail == Detail::Brief || weapon.cves.is_empty() {
            return vec![(id, None)];
        }
        let cves = weapon.cves.iter().map(|cve| {
            let node = format!("vulnerability:{}", cve.id);
            let text = cve.id.to_string();
            let kev = cve.kev.is_some() || knowledge.is_kev(&cve.id);
            self.node(&node, NodeKind::Vulnerability, Label { en: text.clone(), zh: text }, None, kev);
            let edge = self.edge(&id, &node, EdgeKind::Uses, cve.fact.confidence, None);
            (node, Some(edge))
        });
        cves.collect()
    }

    fn systems(&mut self, knowledge: &Knowledge, weapon: &Weapon, from: &[(String, Option<usize>)]) {
        let Some(set) = knowledge.weapons.fixset_of(weapon) else { return };
        for system in knowledge.systems.iter().filter(|system| !system.embedded) {
            // A weapon for domain controllers does not reach a system that can never be one.
            let out_of_role = weapon.role.is_some() && system.family == Some(model::Family::Client);
            let Some(case) = set.case(system).filter(|case| case.verdict != Verdict::NotAffected && !out_of_role)
            else {
                continue;
            };
            let (node, name) = system_node(system);
            self.node(&node, NodeKind::System, Label { en: name.clone(), zh: name }, None, false);
            for (start, uses) in from {
                let fix = case.verdict != Verdict::Unrated && !case.kbs.is_empty();
                let edge = self.edge(start, &node, EdgeKind::Affects, set.confidence(case), Some(fix));
                let path = self.paths.entry((weapon.id.clone(), node.clone())).or_default();
                path.insert(edge);
                path.extend(uses);
            }
        }
    }

    fn product(&mut self, weapon: &Weapon, from: &[(String, Option<usize>)]) {
        let Some(product) = weapon.product.as_ref().filter(|_| weapon.flaw.is_none()) else { return };
        let node = format!("product:{}", weapon.id);
        let label = Label { en: product.title.clone(), zh: product.title.clone() };
        self.node(&node, NodeKind::Product, label, Some(product.fact.confidence), false);
        for (start, uses) in from {
            let fix = product.fixed_from.is_some();
            let edge = self.edge(start, &node, EdgeKind::Affects, product.fact.confidence, Some(fix));
            let path = self.paths.entry((weapon.id.clone(), node.clone())).or_default();
            path.insert(edge);
            path.extend(uses);
        }
    }

    fn node(&mut self, id: &str, kind: NodeKind, label: Label, confidence: Option<Confidence>, kev: bool) {
        if !self.at.contains_key(id) {
            self.at.insert(id.to_owned(), self.nodes.len());
            self.nodes.push(Node { id: id.to_owned(), kind, label, confidence, kev, hosts: Counts::default() });
        }
    }

    fn edge(&mut self, from: &str, to: &str, kind: EdgeKind, confidence: Confidence, fix: Option<bool>) -> usize {
        let key = (from.to_owned(), to.to_owned());
        if let Some(at) = self.edge_at.get(&key) {
            return *at;
        }
        let at = self.edges.len();
        self.edge_at.insert(key, at);
        let hosts = Counts::default();
        self.edges.push(Edge { from: from.to_owned(), to: to.to_owned(), kind, confidence, fix, hosts });
        at
    }

    /// Counts one host on its weapon, its system, and every edge and vulnerability between them, each once.
    fn count(&mut self, knowledge: &Knowledge, standing: &Standing) {
        let system =
            standing.system.as_deref().and_then(|id| knowledge.systems.get(id)).map(|system| system_node(system).0);
        let product = format!("product:{}", standing.weapon);
        let end = if self.at.contains_key(&product) { Some(product) } else { system };
        let path = end.as_ref().and_then(|end| self.paths.get(&(standing.weapon.clone(), end.clone()))).cloned();
        let mut touched = BTreeSet::from([weapon_id(&standing.weapon)]);
        touched.extend(end.filter(|_| path.is_some()));
        for at in path.into_iter().flatten() {
            if let Some(edge) = self.edges.get_mut(at) {
                edge.hosts.add(standing.state);
                touched.extend([edge.from.clone(), edge.to.clone()]);
            }
        }
        for id in touched {
            if let Some(node) = self.at.get(&id).and_then(|at| self.nodes.get_mut(*at)) {
                node.hosts.add(standing.state);
            }
        }
    }

    fn finish(self) -> Graph {
        // An implant can be named before the weapon that plants it; an edge needs both its ends.
        let known: BTreeSet<&String> = self.at.keys().collect();
        let edges = self.edges.into_iter().filter(|edge| known.contains(&edge.from) && known.contains(&edge.to));
        let edges = edges.collect();
        let mut nodes = self.nodes;
        nodes.sort_by_key(|node| node.kind);
        Graph { nodes, edges }
    }
}

fn weapon_id(id: &WeaponId) -> String {
    format!("weapon:{id}")
}
