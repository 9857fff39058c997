//! How soon: the remediation timelines of CISA BOD 26-04, looked up by four answers. Says nothing about what to do.

use crate::{Fact, KnowledgeError, content};
use model::{Timeline, UrgencyBasis};
use serde::Deserialize;

/// A table with one row for each combination of answers.
#[derive(Debug, Clone, PartialEq)]
pub struct UrgencyTable {
    pub name: String,
    pub fact: Fact,
    /// Indexed by [`index`].
    rows: [Timeline; 16],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    name: String,
    source: String,
    confidence: model::Confidence,
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kev: bool,
    exposed: bool,
    automatable: bool,
    total_impact: bool,
    timeline: Timeline,
}

impl UrgencyTable {
    pub(crate) fn read(path: &str, text: &str) -> Result<UrgencyTable, KnowledgeError> {
        let file: File = content::parse(path, text)?;
        content::schema(path, file.schema)?;
        let mut rows = [None; 16];
        for row in &file.row {
            let at = index(row.kev, row.exposed, row.automatable, row.total_impact);
            if rows[at].replace(row.timeline).is_some() {
                return Err(content::wrong(
                    path,
                    format!("two rows for the same answers, the second is {}", row.timeline_name()),
                ));
            }
        }
        let mut full = [Timeline::None; 16];
        for (to, from) in full.iter_mut().zip(rows) {
            *to = from.ok_or_else(|| content::wrong(path, "a combination of answers has no row"))?;
        }
        let fact = Fact { source: file.source, confidence: file.confidence };
        Ok(UrgencyTable { name: file.name, fact, rows: full })
    }

    pub fn timeline(&self, kev: bool, exposed: bool, automatable: bool, total_impact: bool) -> Timeline {
        self.rows[index(kev, exposed, automatable, total_impact)]
    }

    /// The row of a set of answers as a plan keeps them.
    pub fn of(&self, basis: &UrgencyBasis) -> Timeline {
        self.timeline(basis.kev, basis.exposed, basis.automatable, basis.total_impact)
    }
}

impl Row {
    fn timeline_name(&self) -> String {
        format!("{:?}", self.timeline)
    }
}

fn index(kev: bool, exposed: bool, automatable: bool, total_impact: bool) -> usize {
    usize::from(kev) | usize::from(exposed) << 1 | usize::from(automatable) << 2 | usize::from(total_impact) << 3
}
