//! Where a file stands: its reputation, and every term of the sum.

use crate::arrival::Arrival;
use crate::baseline::Surprise;
use crate::deployment::Sanctioned;
use crate::graph::Graph;
use crate::names::RoleNumber;
use crate::words::why;
use crate::{Network, Weights, introductions};
use model::{Digest, Message};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a file stands. Not a probability: more of it is more reason to trust.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// 0 to 100, cut down: 100 times the logistic function of `logit`.
    pub reputation: u8,
    /// The sum of all points.
    pub logit: f64,
    /// In the order of the formula, none left out.
    pub terms: Vec<Term>,
    /// 1 for what one person brought once or nobody has, 0 for what came independently into as many groups as there are.
    pub rarity: f64,
    /// The same among hosts of a role, for each role that has it.
    pub rarity_in_role: BTreeMap<String, f64>,
    /// How often it was brought in independently.
    pub introductions: u32,
    /// Hosts that have or had it; of more than 64 an estimate, off by 13 % in one of three cases.
    pub hosts: u64,
    /// In seconds UTC; none if it was never seen.
    pub first_seen: Option<i64>,
    /// The most new hosts in an hour that it was not brought to by who may, beyond what is usual.
    pub velocity: f64,
}

/// One term of the sum: `points` is `weight` times `value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    pub name: Name,
    pub value: f64,
    pub weight: f64,
    pub points: f64,
    pub why: Message,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    Base,
    Introductions,
    Age,
    Publisher,
    Source,
    Graph,
    Velocity,
    Incoherence,
    Detections,
}

impl Name {
    pub const ALL: [Name; 9] = [
        Name::Base,
        Name::Introductions,
        Name::Age,
        Name::Publisher,
        Name::Source,
        Name::Graph,
        Name::Velocity,
        Name::Incoherence,
        Name::Detections,
    ];
}

/// Where one file stands. Who asks for several makes a [`View`].
pub fn standing(network: &Network, file: &Digest, now: i64) -> Standing {
    View::new(network, now).standing(file)
}

/// The reputation of every file that was seen or that something is known of, in the order of digests.
pub fn table(network: &Network, now: i64) -> Vec<(Digest, u8)> {
    View::new(network, now).table()
}

/// A network at one moment. Made once for many questions: it goes through all facts and all that is usual.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) network: &'a Network,
    pub(crate) now: i64,
    weights: Weights,
    pub(crate) sanctioned: Sanctioned<'a>,
    pub(crate) graph: Graph<'a>,
    pub(crate) surprise: Surprise,
    roles: Vec<(&'a str, RoleNumber, usize)>,
}

impl<'a> View<'a> {
    /// A view with the weights this is shipped with.
    pub fn new(network: &'a Network, now: i64) -> View<'a> {
        View::with(network, now, Weights::default())
    }

    pub fn with(network: &'a Network, now: i64, weights: Weights) -> View<'a> {
        View {
            network,
            now,
            weights,
            sanctioned: Sanctioned::of(network),
            graph: Graph::of(network, now),
            surprise: network.baseline().surprise(),
            roles: network.roles(),
        }
    }

    pub fn table(&self) -> Vec<(Digest, u8)> {
        self.network.digests().into_iter().map(|digest| (digest, self.reputation(&digest))).collect()
    }

    pub fn reputation(&self, file: &Digest) -> u8 {
        let measures = self.measures(file);
        reputation(Name::ALL.into_iter().map(|name| self.weights.of(name) * measures.value(name)).sum())
    }

    pub fn standing(&self, file: &Digest) -> Standing {
        let measures = self.measures(file);
        let term = |name| {
            let (value, weight) = (measures.value(name), self.weights.of(name));
            Term { name, value, weight, points: weight * value, why: why(name, &measures, self.facts(file)) }
        };
        let terms: Vec<Term> = Name::ALL.into_iter().map(term).collect();
        let logit = terms.iter().map(|term| term.points).sum();
        Standing {
            reputation: reputation(logit),
            logit,
            rarity: rarity(measures.introductions, self.network.counts().groups),
            rarity_in_role: self.rarity_in_role(file),
            introductions: measures.introductions,
            hosts: measures.hosts.round() as u64,
            first_seen: self.first_seen(file),
            velocity: measures.velocity,
            terms,
        }
    }

    pub(crate) fn facts(&self, file: &Digest) -> Option<&crate::Facts> {
        self.network.facts().get(file)
    }

    pub(crate) fn arrivals(&self, file: &Digest) -> impl Iterator<Item = &Arrival> + Clone {
        self.network.file(file).into_iter().flat_map(|file| file.arrivals(self.now))
    }

    fn first_seen(&self, digest: &Digest) -> Option<i64> {
        let first = self.network.file(digest).map(|file| i64::from(file.first));
        first.filter(|first| *first <= self.now)
    }

    fn rarity_in_role(&self, file: &Digest) -> BTreeMap<String, f64> {
        let arrivals = self.arrivals(file);
        let has = |role: RoleNumber| arrivals.clone().filter(move |arrival| arrival.role == role);
        let of_roles = self.roles.iter().filter(|(_, role, _)| has(*role).next().is_some());
        of_roles
            .map(|(name, role, groups)| ((*name).to_owned(), rarity(introductions::count(has(*role)), *groups)))
            .collect()
    }
}

fn rarity(introductions: u32, groups: usize) -> f64 {
    let all = (groups as f64).ln_1p();
    if all > 0.0 { (1.0 - f64::from(introductions).ln_1p() / all).max(0.0) } else { 1.0 }
}

/// Log-odds as 0 to 100, cut down so that what is not quite there is not there.
pub(crate) fn reputation(logit: f64) -> u8 {
    (100.0 / (1.0 + (-logit).exp())).floor().clamp(0.0, 100.0) as u8
}
