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

/// What several workers counted of one finding, shown by its earliest frames and conversations.
pub fn together<'a>(of_workers: impl IntoIterator<Item = &'a Finding>) -> Option<Finding> {
    let mut parts: Vec<&Finding> = of_workers.into_iter().collect();
    parts.sort_by_key(|part| part.first);
    let (earliest, later) = parts.split_first()?;
    let mut whole = (*earliest).clone();
    for part in later {
        whole.count = whole.count.saturating_add(part.count);
        whole.last = whole.last.max(part.last);
        whole.outcome = whole.outcome.max(part.outcome);
        whole.frames.extend(&part.frames);
        for id in &part.community_ids {
            if !whole.community_ids.contains(id) {
                whole.community_ids.push(id.clone());
            }
        }
    }
    whole.frames.sort_unstable();
    whole.frames.dedup();
    whole.frames.truncate(FRAMES_KEPT);
    whole.community_ids.truncate(FLOWS_KEPT);
    Some(whole)
}

/// The findings of several workers, each once.
pub fn merged(of_workers: Vec<Finding>) -> Vec<Finding> {
    let mut by_key: BTreeMap<(String, IpAddr, IpAddr), Vec<Finding>> = BTreeMap::new();
    for finding in of_workers {
        by_key.entry((finding.sign.clone(), finding.originator, finding.responder)).or_default().push(finding);
    }
    by_key.values().filter_map(together).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Confidence, FindingOutcome, WeaponId};

    fn finding(second: i64, frames: &[u64], conversations: &[&str]) -> Finding {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        Finding {
            weapon: WeaponId::from("doublepulsar"),
            sign: "probe".into(),
            outcome: FindingOutcome::Attempt,
            confidence: Confidence::Verified,
            originator: IpAddr::from([10, 0, 0, 1]),
            responder: IpAddr::from([10, 0, 0, 2]),
            count: frames.len() as u64,
            first: at(second),
            last: at(second + 10),
            community_ids: conversations.iter().map(|id| (*id).to_owned()).collect(),
            frames: frames.to_vec(),
        }
    }

    #[test]
    fn the_earliest_frames_of_all_workers_are_kept() {
        let late: Vec<u64> = (100..100 + FRAMES_KEPT as u64).collect();
        let parts = [finding(50, &late, &["1:b", "1:c"]), finding(20, &[7, 101, 9], &["1:a", "1:b"])];
        let whole = together(&parts).unwrap();
        let kept: Vec<u64> = [7, 9].into_iter().chain(late.iter().copied().take(FRAMES_KEPT - 2)).collect();
        assert_eq!(whole.frames, kept);
        assert_eq!(whole.community_ids, ["1:a", "1:b", "1:c"]);
        assert_eq!((whole.count, whole.first, whole.last), (19, parts[1].first, parts[0].last));
        assert_eq!(together(&parts[..0]), None);
    }

    #[test]
    fn what_is_kept_is_limited_and_success_of_any_worker_counts() {
        let names: Vec<String> = (0..FLOWS_KEPT).map(|number| format!("1:{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let success = Finding { outcome: FindingOutcome::Success, ..finding(60, &[1], &["1:x"]) };
        let whole = together(&[finding(50, &[2], &names), success]).unwrap();
        assert_eq!((whole.outcome, whole.community_ids.len()), (FindingOutcome::Success, FLOWS_KEPT));
    }

    #[test]
    fn a_finding_of_several_workers_is_one_and_others_stay() {
        let other = Finding { responder: IpAddr::from([10, 0, 0, 3]), ..finding(1, &[3], &[]) };
        let all = merged(vec![finding(5, &[8], &["1:b"]), other.clone(), finding(4, &[6], &["1:a"])]);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].count, &all[0].frames[..]), (2, &[6, 8][..]));
        assert_eq!(all[1], other);
    }
}
