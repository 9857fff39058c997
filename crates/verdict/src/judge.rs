//! From a file that was taken apart to a verdict.

use crate::found::Found;
use crate::ledger::Ledger;
use crate::verdict::{State, Verdict};
use formats::Part;
use std::collections::BTreeMap;

/// Judges a file with everything inside it. `found` is what was found beside the facts, by the number of the part.
pub fn judge(ledger: &Ledger, root: &Part, _found: &BTreeMap<usize, Found>) -> Verdict {
    let complete = root.is_complete();
    Verdict {
        state: if complete { State::Unknown } else { State::Incomplete },
        score: 0,
        reasons: Vec::new(),
        complete,
        ledger: ledger.version().to_owned(),
        overruled: None,
    }
}
