//! What an import did, in numbers a person can check.

use crate::catalogue::Counts;
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The account of one import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Rows, entries or documents' facts that were read.
    pub rows: u64,
    /// Rows that say nothing we can use, by reason.
    pub ignored: BTreeMap<Ignored, u64>,
    /// Values that were left out of rows that are otherwise used, by reason.
    pub oddities: BTreeMap<Ignored, u64>,
    /// Entries of the knowledge before and after merging.
    pub before: Counts,
    pub after: Counts,
    /// Entries that are new, and entries that were known and now say something else (KEV, EPSS).
    pub new: u64,
    pub changed: u64,
}

/// Why something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ignored {
    /// No update number, on a product whose state no list of updates can tell.
    NoUpdate,
    /// Neither a CVE id nor an update number.
    NothingNamed,
    /// A CVE field that is no CVE id (`ADV200011`).
    NotACve,
    /// An update field that is no update number (`Release Notes`, `KB29166583`).
    NotAnUpdate,
    /// A superseded id that is no update number (`None`, `20.0.1`, `50185`).
    NotASuperseded,
    SupersedesItself,
    BadDate,
    BadNumber,
    /// A remediation or product reference that leads nowhere in its document.
    DanglingReference,
    /// Not about a vendor fix (workarounds, notes).
    NotAFix,
    /// A part of the archive that has nothing for us.
    OtherPart,
}

impl Report {
    pub(crate) fn ignore(&mut self, why: Ignored) {
        *self.ignored.entry(why).or_default() += 1;
    }

    pub(crate) fn odd(&mut self, why: Ignored) {
        *self.oddities.entry(why).or_default() += 1;
    }

    /// The account in sentences.
    pub fn messages(&self) -> Vec<Message> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let mut messages = vec![Message::new("knowledge.report-rows").number("rows", number(self.rows))];
        if self.after != Counts::default() {
            let fresh = |f: fn(&Counts) -> u64| number(f(&self.after).saturating_sub(f(&self.before)));
            messages.push(
                Message::new("knowledge.report-catalogue")
                    .number("products", fresh(|counts| counts.products))
                    .number("vulnerabilities", fresh(|counts| counts.vulnerabilities))
                    .number("updates", fresh(|counts| counts.updates))
                    .number("fixes", fresh(|counts| counts.fixes))
                    .number("supersedences", fresh(|counts| counts.supersedences)),
            );
        } else {
            messages.push(
                Message::new("knowledge.report-entries")
                    .number("new", number(self.new))
                    .number("changed", number(self.changed)),
            );
        }
        messages.extend(self.ignored.iter().map(|(why, count)| why.message().number("count", number(*count))));
        messages.extend(self.oddities.iter().map(|(why, count)| why.message().number("count", number(*count))));
        messages
    }
}

impl Ignored {
    fn message(self) -> Message {
        match self {
            Ignored::NoUpdate => Message::new("knowledge.ignored-no-update"),
            Ignored::NothingNamed => Message::new("knowledge.ignored-nothing-named"),
            Ignored::NotACve => Message::new("knowledge.ignored-not-a-cve"),
            Ignored::NotAnUpdate => Message::new("knowledge.ignored-not-an-update"),
            Ignored::NotASuperseded => Message::new("knowledge.ignored-not-a-superseded"),
            Ignored::SupersedesItself => Message::new("knowledge.ignored-supersedes-itself"),
            Ignored::BadDate => Message::new("knowledge.ignored-bad-date"),
            Ignored::BadNumber => Message::new("knowledge.ignored-bad-number"),
            Ignored::DanglingReference => Message::new("knowledge.ignored-dangling-reference"),
            Ignored::NotAFix => Message::new("knowledge.ignored-not-a-fix"),
            Ignored::OtherPart => Message::new("knowledge.ignored-other-part"),
        }
    }
}
