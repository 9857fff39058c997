//! What the workers of the sensor have, on its way to whoever stores it: rows in batches through a short queue, and what
//! was found, over all workers, for whoever asks from time to time.

use model::Finding;
use records::SessionRow;
use rules::IndicatorKind;
use sensor::Sighting;
use sensor::output::{News, Output, Seen, Sessions};
use sensor::profiles::Merged;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;
use wire::proto::Event;
use wire::session::Place;

/// Records that are stored at a time, and batches that wait for the store.
const BATCH_RECORDS: usize = 4000;
pub(super) const BATCHES_WAITING: usize = 4;

/// A feed, and the two ends of it: the rows, and what was found.
pub(super) fn feed() -> (Feed, mpsc::Receiver<Vec<SessionRow>>, Gathered) {
    let (send, batches) = mpsc::channel(BATCHES_WAITING);
    let gathered = Gathered::default();
    (Feed { send, gathered: gathered.clone() }, batches, gathered)
}

/// Where the workers of the sensor put what they have; when the last one is gone, the intake has everything.
#[derive(Clone)]
pub struct Feed {
    pub(super) send: mpsc::Sender<Vec<SessionRow>>,
    gathered: Gathered,
}

/// What workers found and nobody stored yet.
#[derive(Clone, Default)]
pub(super) struct Gathered {
    pub(super) profiles: Merged,
    found: Arc<Mutex<Found>>,
}

/// Which sign, by whom, against whom.
type FindingKey = (String, IpAddr, IpAddr);

#[derive(Default)]
struct Found {
    /// Each worker's count of each: conversations of two hosts may be spread over several.
    findings: BTreeMap<FindingKey, BTreeMap<usize, Finding>>,
    changed: BTreeSet<FindingKey>,
    /// What was met since this was last asked, by how often.
    sightings: BTreeMap<SightingKey, Sighting>,
    /// Each worker's conversations and frames of each, from the beginning.
    shown: BTreeMap<SightingKey, BTreeMap<usize, Shown>>,
}

/// Which indicator, between whom.
type SightingKey = (IndicatorKind, Box<str>, IpAddr, IpAddr);
type Shown = (Vec<String>, Vec<u64>);

impl Found {
    /// A worker tells how often since the last time, and where from the beginning: what is stored has it of all.
    fn met(&mut self, worker: usize, news: &Sighting) {
        let indicator = &news.indicator;
        let key = (indicator.kind, indicator.value.clone(), news.originator, news.responder);
        let shown = (news.community_ids.clone(), news.frames.clone());
        self.shown.entry(key.clone()).or_default().insert(worker, shown);
        let add = |known: &mut Sighting| {
            known.count = known.count.saturating_add(news.count);
            known.first_ns = known.first_ns.min(news.first_ns);
            known.last_ns = known.last_ns.max(news.last_ns);
        };
        self.sightings.entry(key).and_modify(add).or_insert_with(|| news.clone());
    }

    fn take_sightings(&mut self) -> Vec<Sighting> {
        let taken = std::mem::take(&mut self.sightings).into_iter();
        let whole = taken.map(|(key, sighting)| {
            let of_workers = || self.shown.get(&key).into_iter().flat_map(BTreeMap::values);
            let conversations: BTreeSet<&String> = of_workers().flat_map(|(conversations, _)| conversations).collect();
            let frames: BTreeSet<u64> = of_workers().flat_map(|(_, frames)| frames).copied().collect();
            let community_ids = conversations.into_iter().cloned().collect();
            Sighting { community_ids, frames: frames.into_iter().collect(), ..sighting }
        });
        whole.collect()
    }
}

impl Feed {
    /// The outputs of one worker.
    pub fn outputs(&self, worker: usize) -> Vec<Box<dyn Output>> {
        let batches = Arc::new(Mutex::new(Batches { records: Vec::new(), send: self.send.clone() }));
        let found = self.gathered.found.clone();
        let taking = batches.clone();
        let push = move |record| taking.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        vec![
            Box::new(Sessions::detailed(push)),
            Box::new(HandingOver(batches)),
            self.gathered.profiles.output(),
            Box::new(Gathering { worker, found, send: self.send.clone() }),
        ]
    }
}

impl Gathered {
    /// Findings that are new or grew, over all workers, and what was met since this was last asked.
    pub(super) fn take(&self) -> (Vec<Finding>, Vec<Sighting>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::mem::take(&mut found.changed);
        let findings = changed.iter().filter_map(|key| sensor::together(found.findings.get(key)?.values())).collect();
        (findings, found.take_sightings())
    }

    /// Findings that could not be stored are asked for again.
    pub(super) fn put_back(&self, findings: Vec<Finding>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.changed.extend(findings.into_iter().map(|finding| (finding.sign, finding.originator, finding.responder)));
    }
}

/// Takes what one worker found.
struct Gathering {
    worker: usize,
    found: Arc<Mutex<Found>>,
    send: mpsc::Sender<Vec<SessionRow>>,
}

impl Output for Gathering {
    fn event(&mut self, _seen: &Seen<'_>, _event: Event<'_>, _place: Place) {}

    fn beat(&mut self, news: &News) {
        // Once the intake has stopped nobody takes what is gathered: it would only grow.
        if self.send.is_closed() || news.findings.is_empty() && news.sightings.is_empty() {
            return;
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in &news.findings {
            let key = (finding.sign.clone(), finding.originator, finding.responder);
            found.changed.insert(key.clone());
            found.findings.entry(key).or_default().insert(self.worker, finding.clone());
        }
        news.sightings.iter().for_each(|sighting| found.met(self.worker, sighting));
    }
}

/// Hands over with every beat: where little is said, records must not wait for a batch to be full.
struct HandingOver(Arc<Mutex<Batches>>);

impl Output for HandingOver {
    fn event(&mut self, _seen: &Seen<'_>, _event: Event<'_>, _place: Place) {}

    fn beat(&mut self, _news: &News) {
        let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !batches.records.is_empty() {
            batches.hand_over();
        }
    }
}

struct Batches {
    records: Vec<SessionRow>,
    send: mpsc::Sender<Vec<SessionRow>>,
}

impl Batches {
    fn push(&mut self, record: SessionRow) {
        self.records.push(record);
        if self.records.len() >= BATCH_RECORDS {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        // Nobody takes them any more once the intake has stopped; then reading is about to stop too.
        let _ = self.send.blocking_send(std::mem::take(&mut self.records));
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        if !self.records.is_empty() {
            self.hand_over();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::Indicator;

    #[test]
    fn an_indicator_met_by_several_workers_keeps_the_conversations_of_all() {
        let met = |count, conversations: &[&str], frames: &[u64]| Sighting {
            indicator: Indicator { kind: IndicatorKind::Domain, value: "evil.example".into() },
            place: "question",
            originator: [10, 0, 0, 1].into(),
            responder: [10, 0, 0, 2].into(),
            count,
            first_ns: 5,
            last_ns: 5 + frames.len() as i64,
            community_ids: conversations.iter().map(|one| (*one).to_owned()).collect(),
            frames: frames.to_vec(),
        };
        let mut found = Found::default();
        found.met(0, &met(2, &["1:a"], &[1, 4]));
        found.met(1, &met(1, &["1:b"], &[2]));
        assert_eq!(
            found.take_sightings(),
            [met(3, &["1:a", "1:b"], &[1, 2, 4])].map(|whole| Sighting { last_ns: 7, ..whole })
        );
        found.met(1, &met(4, &["1:b", "1:c"], &[2, 9]));
        let later = found.take_sightings();
        assert_eq!((later[0].count, later[0].community_ids.len(), later[0].frames.len()), (4, 3, 4));
        assert!(found.take_sightings().is_empty());
    }
}
