//! What the neighbours of a file say: its publisher's other files, the programs that wrote it, the hosts that have it.
//!
//! Trust and suspicion go two edges far, from file to neighbour to file. Further on everything is a neighbour of everything.

use crate::arrival::Arrival;
use crate::hash::ProgramKey;
use crate::weights::{BAD_HOST, CHANNEL_FILES, OTHER_WRITER, RECORD_DAYS, RECORD_FULL};
use crate::{Facts, Network};
use model::Digest;
use std::collections::{BTreeSet, HashMap, HashSet};

#[derive(Debug, Default)]
pub(crate) struct Graph<'a> {
    publishers: HashMap<&'a str, Record>,
    /// The share of what a program wrote that was detected.
    bad_writers: HashMap<ProgramKey, f64>,
    bad_hosts: HashSet<u64>,
}

/// What is known of a publisher.
#[derive(Debug, Default)]
struct Record {
    /// Files that have been in use for long with nothing found.
    good: u32,
    detected: u32,
    /// What wrote the good ones, and how many of them.
    writers: HashMap<ProgramKey, u32>,
}

/// What neighbours say, each from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Neighbours {
    pub good: f64,
    pub bad: f64,
    /// Other files of the publisher that speak for it.
    pub record: u32,
}

impl Neighbours {
    /// From -1 to 1.
    pub fn value(self) -> f64 {
        self.good * (1.0 - self.bad) - self.bad
    }
}

impl<'a> Graph<'a> {
    pub fn of(network: &'a Network, now: i64) -> Graph<'a> {
        let mut graph = Graph::default();
        let mut detected_by_writer: HashMap<ProgramKey, HashSet<&Digest>> = HashMap::new();
        for (digest, facts) in network.facts() {
            if let Some(publisher) = &facts.publisher {
                graph.publishers.entry(&publisher.name).or_default().add(network, digest, facts, now);
            }
            if facts.detections() == 0 {
                continue;
            }
            for arrival in network.file(digest).into_iter().flat_map(|file| file.arrivals(now)) {
                graph.bad_hosts.insert(arrival.host);
                detected_by_writer.entry(arrival.writer).or_default().insert(digest);
            }
        }
        detected_by_writer.remove(&ProgramKey::Unknown);
        graph.bad_writers = detected_by_writer
            .into_iter()
            .map(|(writer, detected)| {
                let written = writer.number().map_or(0.0, |number| network.baseline().written(number));
                let detected = detected.len() as f64;
                (writer, detected / written.max(detected))
            })
            .collect();
        graph
    }

    /// Whether a file came to a host by its listed publisher's own way.
    pub fn by_channel(&self, network: &Network, digest: &Digest, arrival: &Arrival, now: i64) -> bool {
        let Some(facts) = network.facts().get(digest) else { return false };
        let Some(publisher) = facts.publisher.as_ref().filter(|publisher| publisher.trusted) else { return false };
        let Some(record) = self.publishers.get(publisher.name.as_str()) else { return false };
        let itself = u32::from(is_good(network, digest, facts, now));
        record.detected == 0 && record.written(arrival) >= CHANNEL_FILES + itself
    }

    pub fn neighbours<'b>(
        &self,
        network: &Network,
        digest: &Digest,
        arrivals: impl Iterator<Item = &'b Arrival> + Clone,
        now: i64,
    ) -> Neighbours {
        let facts = network.facts().get(digest);
        let publisher = facts.and_then(|facts| facts.publisher.as_ref());
        let record = publisher.and_then(|publisher| self.publishers.get(publisher.name.as_str()));
        let mut neighbours = Neighbours::default();
        if let (Some(publisher), Some(record), Some(facts)) = (publisher, record, facts) {
            let itself = u32::from(is_good(network, digest, facts, now));
            neighbours.record = record.good - itself;
            let full = (f64::from(neighbours.record).ln_1p() / RECORD_FULL.ln_1p()).min(1.0);
            let same = share(arrivals.clone(), |arrival| record.written(arrival) > itself);
            // Anybody can sign ten harmless files first.
            if publisher.trusted {
                neighbours.good = full * (OTHER_WRITER + (1.0 - OTHER_WRITER) * same);
            }
            let all = f64::from(record.detected + record.good);
            neighbours.bad = if record.detected > 0 { f64::from(record.detected) / all } else { 0.0 };
        }
        let of_writer = |arrival: &Arrival| self.bad_writers.get(&arrival.writer).copied().unwrap_or(0.0);
        let writers = mean(arrivals.clone().map(of_writer));
        let hosts = BAD_HOST * share(arrivals, |arrival| self.bad_hosts.contains(&arrival.host));
        neighbours.bad = neighbours.bad.max(writers).max(hosts);
        neighbours
    }
}

impl Record {
    fn add(&mut self, network: &Network, digest: &Digest, facts: &Facts, now: i64) {
        self.detected += u32::from(facts.detections() > 0);
        if !is_good(network, digest, facts, now) {
            return;
        }
        self.good += 1;
        let arrivals = network.file(digest).into_iter().flat_map(|file| file.arrivals(now));
        // A name alone may be anybody's.
        let by_content = arrivals.filter(|arrival| matches!(arrival.writer, ProgramKey::Content(_)));
        for writer in by_content.map(|arrival| arrival.writer).collect::<BTreeSet<_>>() {
            *self.writers.entry(writer).or_default() += 1;
        }
    }

    fn written(&self, arrival: &Arrival) -> u32 {
        self.writers.get(&arrival.writer).copied().unwrap_or(0)
    }
}

fn is_good(network: &Network, digest: &Digest, facts: &Facts, now: i64) -> bool {
    facts.detections() == 0 && network.file(digest).is_some_and(|file| file.age_days(now) >= RECORD_DAYS)
}

pub(crate) fn share<'a>(arrivals: impl Iterator<Item = &'a Arrival>, is_so: impl Fn(&Arrival) -> bool) -> f64 {
    mean(arrivals.map(|arrival| if is_so(arrival) { 1.0 } else { 0.0 }))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, many) = values.fold((0.0, 0_u32), |(sum, many), value| (sum + value, many + 1));
    if many == 0 { 0.0 } else { sum / f64::from(many) }
}
