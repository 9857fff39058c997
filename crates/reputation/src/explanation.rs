//! What each term does to a reputation, and what would change it.

use crate::standing::{Name, Standing, reputation};
use crate::weights::{AGE_DAYS_MAX, INTRODUCTIONS_MAX};
use model::Message;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The reputation without each term, those first that do most.
    pub without: Vec<Without>,
    /// What would change it, each by itself, from the best to the worst. What would change nothing is left out.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Without {
    pub term: Name,
    pub reputation: u8,
    /// By how much the term raised it, or lowered it where this is below zero.
    pub effect: i16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub what: Message,
    /// What it would be then.
    pub reputation: u8,
}

/// Days of use that are asked about.
const MORE_DAYS: f64 = 30.0;

/// Leaves each term out, and tries what people can do or may happen.
pub fn explain(standing: &Standing) -> Explanation {
    let mut without: Vec<Without> = standing
        .terms
        .iter()
        .filter(|term| term.name != Name::Base)
        .map(|term| {
            let other = reputation(standing.logit - term.points);
            Without { term: term.name, reputation: other, effect: i16::from(standing.reputation) - i16::from(other) }
        })
        .collect();
    without.sort_by_key(|without| (std::cmp::Reverse(without.effect.abs()), without.term));
    let mut changes: Vec<Change> = possible(standing)
        .into_iter()
        .map(|(code, values)| Change { what: Message::new(code), reputation: changed(standing, &values) })
        .filter(|change| change.reputation != standing.reputation)
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.reputation));
    Explanation { without, changes }
}

/// What could be, and which values it would give to which terms.
fn possible(standing: &Standing) -> Vec<(&'static str, Vec<(Name, f64)>)> {
    let value = |name| standing.terms.iter().find(|term| term.name == name).map_or(0.0, |term| term.value);
    let days = (value(Name::Age).exp_m1() + MORE_DAYS).min(AGE_DAYS_MAX);
    let once_more = f64::from((standing.introductions + 1).min(INTRODUCTIONS_MAX));
    let mut all = vec![
        ("reputation.change-declare", vec![(Name::Source, 1.0), (Name::Velocity, 0.0)]),
        ("reputation.change-introduction", vec![(Name::Introductions, once_more.ln_1p())]),
        ("reputation.change-age", vec![(Name::Age, days.ln_1p())]),
        ("reputation.change-detection", vec![(Name::Detections, value(Name::Detections) + 1.0)]),
    ];
    if value(Name::Publisher) > 0.0 {
        all.push(("reputation.change-publisher", vec![(Name::Publisher, 1.0)]));
    }
    all
}

fn changed(standing: &Standing, values: &[(Name, f64)]) -> u8 {
    let points = standing.terms.iter().map(|term| {
        let other = values.iter().find(|(name, _)| *name == term.name);
        term.weight * other.map_or(term.value, |(_, value)| *value)
    });
    reputation(points.sum())
}
