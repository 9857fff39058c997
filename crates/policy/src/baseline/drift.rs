//! What became different between two readings of one machine.

use super::check::{Baseline, Platform};
use super::evaluate::{Outcome, Read, State};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A check whose reading is another one than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    pub check: String,
    /// None when it was not asked then.
    pub before: Option<Read>,
    pub after: Option<Read>,
    pub was: State,
    pub is: Outcome,
}

impl Drift {
    /// It was as it should be, and is not any more or nobody knows.
    pub fn is_worse(&self) -> bool {
        self.was == State::Compliant && self.is.state != State::Compliant
    }
}

/// Every check whose reading became different, by id. Checks that are not for the platform are none.
pub fn drift(
    baseline: &Baseline,
    platform: Platform,
    before: &BTreeMap<String, Read>,
    after: &BTreeMap<String, Read>,
) -> Vec<Drift> {
    let ways = baseline.iter().filter_map(|check| check.way(platform).map(|way| (&check.id, way)));
    let drifts = ways.filter_map(|(id, way)| {
        let (before, after) = (before.get(id), after.get(id));
        let judged = |read: Option<&Read>| match read {
            Some(read) => way.evaluate(read),
            None => Outcome { state: State::Unknown, why: Message::new("baseline.not-asked") },
        };
        let was = judged(before).state;
        (before != after).then(|| Drift {
            check: id.clone(),
            before: before.cloned(),
            after: after.cloned(),
            was,
            is: judged(after),
        })
    });
    drifts.collect()
}
