//! The relation graph: weapon – vulnerability – system in full, weapon – system in brief, with the hosts that stand
//! behind each node and edge where a caller counts them.

pub mod export;

use knowledge::weapons::{Verdict, Weapon};
use knowledge::{Knowledge, System};
use model::{Confidence, ExposureState, Reach, WeaponId};
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

/// Hosts by how they stand to a node or an edge. Each host that touches it is counted once, where it stands worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    pub reachable: u64,
    pub blocked: u64,
    pub unknown: u64,
    pub remediated: u64,
}

/// How a host stands to a weapon that concerns it, worst first: what is known to be there goes before what may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The hole is open and the way to it too, or nobody knows that it is closed.
    Reachable,
    /// The hole is open, the way to it is closed.
    Blocked,
    Unknown,
    Remediated,
}

/// Hosts that are alike on the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// System id, where it is known.
    pub system: Option<String>,
    pub weapons: Vec<(WeaponId, Standing)>,
    pub hosts: u64,
}

impl Standing {
    /// `None` where the weapon does not affect the host. A way of which nothing is known counts as open.
    pub fn of(state: ExposureState, reach: Reach) -> Option<Standing> {
        match (state, reach) {
            (ExposureState::Open, Reach::Open | Reach::Unknown) => Some(Standing::Reachable),
            (ExposureState::Open, Reach::Filtered | Reach::Closed) => Some(Standing::Blocked),
            (ExposureState::Unknown, _) => Some(Standing::Unknown),
            (ExposureState::Fixed, _) => Some(Standing::Remediated),
            (ExposureState::NotAffected, _) => None,
        }
    }
}

/// The graph of the knowledge alone.
pub fn graph(knowledge: &Knowledge, detail: Detail) -> Graph {
    overlaid(knowledge, detail, &[])
}

/// The graph with hosts on it: nodes and edges count the hosts that touch them. An edge between two weapons counts
/// none: it says how an implant comes, and of no host that it came that way.
pub fn overlaid(knowledge: &Knowledge, detail: Detail, hosts: &[Alike]) -> Graph {
    let mut draft = Draft::default();
    for weapon in knowledge.weapons.iter() {
        draft.weapon(knowledge, weapon, detail);
    }
    for alike in hosts {
        draft.count(knowledge, alike);
    }
    draft.finish()
}

impl Counts {
    /// All hosts that touch it.
    pub fn total(self) -> u64 {
        self.reachable + self.blocked + self.unknown + self.remediated
    }

    fn add(&mut self, standing: Standing, hosts: u64) {
        *match standing {
            Standing::Reachable => &mut self.reachable,
            Standing::Blocked => &mut self.blocked,
            Standing::Unknown => &mut self.unknown,
            Standing::Remediated => &mut self.remediated,
        } += hosts;
    }
}

/// What hosts touch, each at their worst standing.
#[derive(Default)]
struct Touched {
    nodes: BTreeMap<usize, Standing>,
    edges: BTreeMap<usize, Standing>,
}

fn worst(touched: &mut BTreeMap<usize, Standing>, at: usize, standing: Standing) {
    touched.entry(at).and_modify(|known| *known = standing.min(*known)).or_insert(standing);
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

    /// Counts hosts once on every node and edge that one of their weapons touches.
    fn count(&mut self, knowledge: &Knowledge, alike: &Alike) {
        let system =
            alike.system.as_deref().and_then(|id| knowledge.systems.get(id)).map(|system| system_node(system).0);
        let mut touched = Touched::default();
        for (weapon, standing) in &alike.weapons {
            self.touch(weapon, system.as_deref(), *standing, &mut touched);
        }
        for (at, standing) in touched.nodes {
            self.nodes[at].hosts.add(standing, alike.hosts);
        }
        for (at, standing) in touched.edges {
            self.edges[at].hosts.add(standing, alike.hosts);
        }
    }

    /// The weapon, where it ends, and every edge and vulnerability between them.
    fn touch(&self, weapon: &WeaponId, system: Option<&str>, standing: Standing, touched: &mut Touched) {
        let mut node = |id: &str| {
            if let Some(at) = self.at.get(id) {
                worst(&mut touched.nodes, *at, standing);
            }
        };
        node(&weapon_id(weapon));
        let product = format!("product:{weapon}");
        let end = if self.at.contains_key(&product) { Some(product.as_str()) } else { system };
        let path = end.and_then(|end| self.paths.get(&(weapon.clone(), end.to_owned())));
        for at in path.into_iter().flatten() {
            let edge = &self.edges[*at];
            node(&edge.from);
            node(&edge.to);
            worst(&mut touched.edges, *at, standing);
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
