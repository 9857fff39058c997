//! Counting the marks of one conversation or one pair of hosts, until they mean something.

use crate::{Condition, Detectors, Scope, Sign};
use model::{Confidence, FindingOutcome, WeaponId};
use std::collections::BTreeMap;

/// Kinds of marks counted in one place.
const MARKS_MAX: usize = 256;

/// Marks told so far, by code and detail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    marks: BTreeMap<(String, Option<String>), u32>,
    /// Signs that held already: each is told once.
    held: Vec<String>,
}

/// What the marks mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub weapon: WeaponId,
    pub sign: String,
    pub number: u32,
    pub outcome: FindingOutcome,
    pub confidence: Confidence,
}

impl Tally {
    /// Counts a mark, and gives the signs that hold from now on.
    pub fn add(&mut self, detectors: &Detectors, scope: Scope, code: &str, detail: Option<&str>) -> Vec<Told> {
        if !detectors.signs().any(|(_, sign)| sign.scope == scope && sign.concerns(code)) {
            return Vec::new();
        }
        let key = (code.to_owned(), detail.map(str::to_owned));
        if self.marks.len() >= MARKS_MAX && !self.marks.contains_key(&key) {
            return Vec::new();
        }
        let count = self.marks.entry(key).or_default();
        *count = count.saturating_add(1);
        let told: Vec<Told> = detectors
            .signs()
            .filter(|(_, sign)| sign.scope == scope && sign.concerns(code) && !self.held.contains(&sign.id))
            .filter(|(_, sign)| self.holds(sign))
            .map(|(weapon, sign)| Told {
                weapon: weapon.clone(),
                sign: sign.id.clone(),
                number: sign.number,
                outcome: sign.outcome,
                confidence: sign.confidence,
            })
            .collect();
        self.held.extend(told.iter().map(|told| told.sign.clone()));
        told
    }

    /// How often a condition's mark was told.
    fn count(&self, condition: &Condition) -> u32 {
        let wanted = |detail: &Option<String>| {
            let start = condition.detail.as_deref();
            start.is_none_or(|start| detail.as_deref().is_some_and(|detail| detail.starts_with(start)))
        };
        let counts = self.marks.iter().filter(|((code, detail), _)| *code == condition.mark && wanted(detail));
        counts.map(|(_, count)| *count).fold(0, u32::saturating_add)
    }

    fn holds(&self, sign: &Sign) -> bool {
        let excused = sign.unless.iter().any(|unless| self.marks.keys().any(|(code, _)| code == unless));
        !excused && sign.all.iter().all(|condition| self.count(condition) >= condition.at_least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detectors() -> Detectors {
        let text = r#"
            weapon = "eternalblue"
            status = "real-capture"
            sources = []
            [[sign]]
            id = "groom"
            number = 1
            outcome = "attempt"
            confidence = "verified"
            all = [{ mark = "a", at_least = 2 }, { mark = "b", detail = "14" }]
            unless = ["c"]
        "#;
        Detectors::read([("x.toml", text)]).unwrap()
    }

    fn told(marks: &[(&str, Option<&str>)]) -> usize {
        let (detectors, mut tally) = (detectors(), Tally::default());
        marks.iter().map(|(code, detail)| tally.add(&detectors, Scope::Flow, code, *detail).len()).sum()
    }

    #[test]
    fn a_sign_is_told_once_when_all_its_marks_are_there_and_none_excuses_it() {
        let b = ("b", Some("14"));
        assert_eq!(told(&[("a", None), b]), 0);
        assert_eq!(told(&[("a", None), ("a", Some("x")), b]), 1);
        assert_eq!(told(&[("a", None), ("a", None), b, b, ("a", None)]), 1);
        assert_eq!(told(&[("a", None), ("a", None), ("b", Some("15"))]), 0);
        assert_eq!(told(&[("c", None), ("a", None), ("a", None), b]), 0);
    }
}
