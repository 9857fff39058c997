//! From marks to findings: what a weapon does many times is one finding with a count, not many.

use crate::Moment;
use crate::flow::Flow;
use rules::{Detectors, Scope, Tally, Told};
use std::collections::{BTreeMap, HashMap, VecDeque};
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

/// Something found, with everything it was seen in so far.
#[derive(Debug, Clone)]
pub struct Finding {
    pub told: Told,
    pub originator: IpAddr,
    pub responder: IpAddr,
    pub count: u64,
    pub first_ns: i64,
    pub last_ns: i64,
    /// Numbers of frames that show it, and ids of conversations.
    pub frames: Vec<u64>,
    pub flows: Vec<u64>,
}

pub struct Findings {
    detectors: &'static Detectors,
    /// Marks of conversations that go on, by id.
    flows: HashMap<u64, Tally>,
    pairs: HashMap<(IpAddr, IpAddr), Tally>,
    pair_order: VecDeque<(IpAddr, IpAddr)>,
    found: BTreeMap<(String, IpAddr, IpAddr), Finding>,
    targets: HashMap<(String, IpAddr), u32>,
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
            shed: 0,
        }
    }

    /// Takes a mark of a conversation and gives what is to be alerted now.
    pub fn mark(&mut self, flow: &Flow, mark: &Mark, now: Moment) -> Vec<Finding> {
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
    fn found(&mut self, told: Told, flow: &Flow, now: Moment) -> Option<Finding> {
        let (originator, responder) = (flow.originator.address, flow.responder.address);
        let key = (told.sign.clone(), originator, responder);
        if let Some(finding) = self.found.get_mut(&key) {
            finding.add(flow, now);
            return None;
        }
        if self.found.len() >= FINDINGS_MAX {
            self.shed += 1;
            return None;
        }
        let targets = self.targets.entry((told.sign.clone(), originator)).or_default();
        *targets += 1;
        let alerted = *targets <= TARGETS_ALERTED;
        let (first_ns, last_ns) = (now.time_ns, now.time_ns);
        let mut finding =
            Finding { told, originator, responder, count: 0, first_ns, last_ns, frames: Vec::new(), flows: Vec::new() };
        finding.add(flow, now);
        self.found.insert(key, finding.clone());
        alerted.then_some(finding)
    }
}

impl Finding {
    fn add(&mut self, flow: &Flow, now: Moment) {
        self.count += 1;
        self.last_ns = now.time_ns;
        if self.frames.len() < FRAMES_KEPT {
            self.frames.push(now.frame);
        }
        if self.flows.len() < FLOWS_KEPT && !self.flows.contains(&flow.id) {
            self.flows.push(flow.id);
        }
    }
}
