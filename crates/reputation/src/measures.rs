//! What the terms of a reputation are made of.

use crate::arrival::Arrival;
use crate::graph::{Neighbours, share};
use crate::standing::{Name, View};
use crate::weights::{AGE_DAYS_MAX, COPIED, GROUPS_BELIEVED, UNLISTED_PUBLISHER};
use crate::{Weights, hash, introductions, velocity};
use model::Digest;
use std::collections::BTreeSet;

/// What the terms are made of.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    pub introductions: u32,
    pub hosts: f64,
    pub groups: usize,
    pub age_days: f64,
    pub publisher: f64,
    pub source: Brought,
    pub neighbours: Neighbours,
    pub velocity: f64,
    pub incoherence: f64,
    pub detections: u32,
}

/// Who brought a file to its hosts.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// The server itself knows that it may come.
    pub is_vouched: bool,
    /// Shares of hosts.
    pub sanctioned: f64,
    pub copied: f64,
    /// Groups that tell of a sanctioned source.
    pub groups: usize,
}

impl Brought {
    pub fn value(&self) -> f64 {
        let last = GROUPS_BELIEVED.len() - 1;
        let believed = GROUPS_BELIEVED.get(self.groups.min(last)).copied().unwrap_or(0.0);
        if self.is_vouched { 1.0 } else { self.sanctioned * believed - COPIED * self.copied }
    }
}

impl Measures {
    pub fn value(&self, name: Name) -> f64 {
        match name {
            Name::Base => 1.0,
            Name::Introductions => f64::from(self.introductions).ln_1p(),
            Name::Age => self.age_days.ln_1p(),
            Name::Publisher => self.publisher,
            Name::Source => self.source.value(),
            Name::Graph => self.neighbours.value(),
            Name::Velocity => self.velocity.ln_1p() / std::f64::consts::LN_2,
            Name::Incoherence => self.incoherence,
            Name::Detections => f64::from(self.detections),
        }
    }
}

impl Weights {
    /// With its sign: what speaks against a file is below zero.
    pub fn of(&self, name: Name) -> f64 {
        match name {
            Name::Base => self.base,
            Name::Introductions => self.introductions,
            Name::Age => self.age,
            Name::Publisher => self.publisher,
            Name::Source => self.source,
            Name::Graph => self.graph,
            Name::Velocity => -self.velocity,
            Name::Incoherence => -self.incoherence,
            Name::Detections => -self.detections,
        }
    }
}

impl View<'_> {
    pub(crate) fn measures(&self, digest: &Digest) -> Measures {
        let arrivals = self.arrivals(digest);
        let facts = self.facts(digest);
        let mut measures = Measures {
            introductions: introductions::count(arrivals.clone()),
            publisher: match facts.and_then(|facts| facts.publisher.as_ref()) {
                Some(publisher) if publisher.trusted => 1.0,
                Some(_) => UNLISTED_PUBLISHER,
                None => 0.0,
            },
            source: self.brought(digest),
            neighbours: self.graph.neighbours(self.network, digest, arrivals.clone(), self.now),
            incoherence: self.surprise.excess(arrivals.clone()),
            detections: facts.map_or(0, crate::Facts::detections),
            ..Measures::default()
        };
        if let Some(file) = self.network.file(digest) {
            let scale = file.scale(hash::of_digest(digest));
            measures.hosts = scale * arrivals.clone().count() as f64;
            measures.groups = arrivals.clone().map(|arrival| arrival.group).collect::<BTreeSet<_>>().len();
            measures.age_days = file.age_days(self.now).min(AGE_DAYS_MAX);
            let spread = arrivals.filter(|arrival| arrival.source != crate::Source::Before);
            let unsanctioned = spread.filter(|arrival| {
                !self.sanctioned.brought(digest, arrival)
                    && !self.graph.by_channel(self.network, digest, arrival, self.now)
            });
            let times = unsanctioned.map(|arrival| arrival.first).collect();
            measures.velocity = velocity::excess(times, scale, file.is_sampled());
        }
        measures
    }

    fn brought(&self, digest: &Digest) -> Brought {
        let arrivals = self.arrivals(digest);
        let sanctioned = |arrival: &Arrival| self.sanctioned.brought(digest, arrival);
        let telling = arrivals.clone().filter(|arrival| sanctioned(arrival));
        Brought {
            is_vouched: self.sanctioned.is_named(digest)
                || self.facts(digest).is_some_and(|facts| facts.package.is_some()),
            groups: telling.map(|arrival| arrival.group).collect::<BTreeSet<_>>().len(),
            sanctioned: share(arrivals.clone(), sanctioned),
            copied: share(arrivals, |arrival| arrival.source.is_copy() && !sanctioned(arrival)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standing::reputation;
    use crate::weights::{INTRODUCTIONS_MAX, TRUSTED_FROM};

    fn with(measures: Measures) -> u8 {
        let weights = Weights::default();
        reputation(Name::ALL.into_iter().map(|name| weights.of(name) * measures.value(name)).sum())
    }

    fn prevalent() -> Measures {
        Measures { introductions: INTRODUCTIONS_MAX, age_days: AGE_DAYS_MAX, ..Measures::default() }
    }

    #[test]
    fn that_many_have_it_for_long_is_no_reason_by_itself() {
        assert_eq!(with(prevalent()), 65);
        assert!(with(prevalent()) < TRUSTED_FROM);
    }

    #[test]
    fn nothing_is_trusted_that_nobody_vouches_for() {
        // Everything that can speak for a file without a listed publisher or a sanctioned source.
        let signed = Measures { publisher: UNLISTED_PUBLISHER, ..prevalent() };
        assert_eq!(with(signed), 67);
    }

    #[test]
    fn one_group_never_makes_a_file_trusted() {
        let source = Brought { sanctioned: 1.0, groups: 1, ..Brought::default() };
        let owned = Measures { introductions: 2, age_days: AGE_DAYS_MAX, source, ..Measures::default() };
        assert_eq!(with(owned), 68);
    }

    #[test]
    fn a_sanctioned_source_is_enough_and_a_detection_is_too() {
        let source = || Brought { is_vouched: true, ..Brought::default() };
        let brought = |detections| Measures { introductions: 1, source: source(), detections, ..Measures::default() };
        assert_eq!([brought(0), brought(1)].map(with), [79, 2]);
        let best = Neighbours { good: 1.0, ..Neighbours::default() };
        let praised =
            |detections| Measures { publisher: 1.0, source: source(), neighbours: best, detections, ..prevalent() };
        assert_eq!([praised(0), praised(1), praised(2)].map(with), [99, 97, 20]);
    }
}
