//! From marks to findings: what a weapon does many times is one finding with a count, not many.

use crate::Moment;
use crate::flow::Flow;
use model::Finding;
use rules::{Detectors, Scope, Tally, Told};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use wire::session::Mark;

/// Pairs of hosts whose marks are counted; the oldest is forgotten.
const PAIRS_MAX: usize = 1 << 14;
/// Findings kept until the end.
const FINDINGS_MAX: usize = 1 << 16;
/// Hosts one attacker is alerted for by each sign; further ones only count. A worm tries thousands.
const TARGETS_ALERTED: u32 = 8;
/// Frames named as evidence.
const FRAMES_KEPT: usize = 16;
const FLOWS_KEPT: usize = 16;

/// A finding with the number that alert records know its sign by.
#[derive(Debug, Clone)]
pub struct Alert {
    pub number: u32,
    pub finding: Finding,
}

pub struct Findings {
    detectors: &'static Detectors,
    /// Marks of conversations that go on, by id.
    flows: HashMap<u64, Tally>,
    pairs: HashMap<(IpAddr, IpAddr), Tally>,
    pair_order: VecDeque<(IpAddr, IpAddr)>,
    found: BTreeMap<(String, IpAddr, IpAddr), Finding>,
    targets: HashMap<(String, IpAddr), u32>,
    /// Findings that are new or grew since somebody asked.
    changed: BTreeSet<(String, IpAddr, IpAddr)>,
    /// Findings beyond the limit.
    pub shed: u64,
}

impl Findings {
    pub fn new(detectors: &'static Detectors) -> Findings {
        Findings {
            detectors,
            flows: HashMap::new(),
            pairs: HashMap::new(),
            pair_order: VecDeque::new(),
            found: BTreeMap::new(),
            targets: HashMap::new(),
            changed: BTreeSet::new(),
            shed: 0,
        }
    }

    /// Takes a mark of a conversation and gives what is to be alerted now.
    pub fn mark(&mut self, flow: &Flow, mark: &Mark, now: Moment) -> Vec<Alert> {
        let detectors = self.detectors;
        if !detectors.asks_for(mark.code) {
            return Vec::new();
        }
        let detail = mark.detail.as_deref();
        let tally = self.flows.entry(flow.id).or_default();
        let mut told = tally.add(detectors, Scope::Flow, mark.code, detail);
        let pair = (flow.originator.address, flow.responder.address);
        told.extend(self.pair(pair).add(detectors, Scope::Pair, mark.code, detail));
        told.into_iter().filter_map(|told| self.found(told, flow, now)).collect()
    }

    /// A conversation is over: its marks are no longer counted.
    pub fn forget(&mut self, flow: &Flow) {
        self.flows.remove(&flow.id);
    }

    /// Everything found.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.found.values()
    }

    /// Those that are new or grew since this was last asked.
    pub fn news(&mut self) -> Vec<Finding> {
        let changed = std::mem::take(&mut self.changed);
        changed.iter().filter_map(|key| self.found.get(key)).cloned().collect()
    }

    fn pair(&mut self, pair: (IpAddr, IpAddr)) -> &mut Tally {
        if !self.pairs.contains_key(&pair) {
            if self.pairs.len() >= PAIRS_MAX
                && let Some(oldest) = self.pair_order.pop_front()
            {
                self.pairs.remove(&oldest);
            }
            self.pair_order.push_back(pair);
        }
        self.pairs.entry(pair).or_default()
    }

    /// Adds to a finding; gives it when it is new and to be alerted.
    fn found(&mut self, told: Told, flow: &Flow, now: Moment) -> Option<Alert> {
        let (originator, responder) = (flow.originator.address, flow.responder.address);
        let key = (told.sign.clone(), originator, responder);
        if let Some(finding) = self.found.get_mut(&key) {
            add(finding, flow, now);
            self.changed.insert(key);
            return None;
        }
        if self.found.len() >= FINDINGS_MAX {
            self.shed += 1;
            return None;
        }
        let targets = self.targets.entry((told.sign.clone(), originator)).or_default();
        *targets += 1;
        let alerted = *targets <= TARGETS_ALERTED;
        let number = told.number;
        let mut finding = begun(told, originator, responder, now);
        add(&mut finding, flow, now);
        self.changed.insert(key.clone());
        self.found.insert(key, finding.clone());
        alerted.then_some(Alert { number, finding })
    }
}

fn begun(told: Told, originator: IpAddr, responder: IpAddr, now: Moment) -> Finding {
    let Told { weapon, sign, outcome, confidence, .. } = told;
    let (first, last) = (now.timestamp(), now.timestamp());
    let (community_ids, frames) = (Vec::new(), Vec::new());
    Finding { weapon, sign, outcome, confidence, originator, responder, count: 0, first, last, community_ids, frames }
}

fn add(finding: &mut Finding, flow: &Flow, now: Moment) {
    finding.count += 1;
    finding.last = now.timestamp();
    if finding.frames.len() < FRAMES_KEPT {
        finding.frames.push(now.frame);
    }
    if finding.community_ids.len() < FLOWS_KEPT {
        let id = flow.community_id(0);
        if !finding.community_ids.contains(&id) {
            finding.community_ids.push(id);
        }
    }
}
