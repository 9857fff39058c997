//! Findings of weapons.

use crate::column::{Column, Holds, Kind, Value};
use model::{Confidence, Finding, FindingOutcome};

pub static FINDINGS: Kind<Finding> = Kind { name: "finding", version: 1, columns: COLUMNS };

const fn always(name: &'static str, holds: Holds, value: for<'a> fn(&'a Finding) -> Value<'a>) -> Column<Finding> {
    Column { name, holds, optional: false, value }
}

const COLUMNS: &[Column<Finding>] = &[
    always("weapon", Holds::Text, |finding| Value::shown(&finding.weapon)),
    always("sign", Holds::Text, |finding| Value::text(&finding.sign)),
    always("outcome", Holds::Text, |finding| {
        Value::text(match finding.outcome {
            FindingOutcome::Attempt => "attempt",
            FindingOutcome::Success => "success",
        })
    }),
    always("confidence", Holds::Text, |finding| {
        Value::text(match finding.confidence {
            Confidence::Verified => "verified",
            Confidence::Known => "known",
            Confidence::Disputed => "disputed",
            Confidence::Unverified => "unverified",
        })
    }),
    always("originator", Holds::Text, |finding| Value::shown(finding.originator)),
    always("responder", Holds::Text, |finding| Value::shown(finding.responder)),
    always("count", Holds::Number, |finding| Value::count(finding.count)),
    always("first", Holds::Time, |finding| Value::Time(finding.first.as_microsecond())),
    always("last", Holds::Time, |finding| Value::Time(finding.last.as_microsecond())),
    always("community_ids", Holds::Texts, |finding| Value::Texts(&finding.community_ids)),
    always("frames", Holds::Numbers, |finding| Value::Numbers(&finding.frames)),
];
