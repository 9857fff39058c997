//! The whole picture: assesses hosts and fleets, answers what-if, makes the demo network.

pub mod demo;

use jiff::civil::Date;
use knowledge::Knowledge;
use model::{Host, HostExposure, HostPlan};

/// What is wrong with a host, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    pub exposure: HostExposure,
    pub plan: HostPlan,
}

/// Judges one host on a day. The same host, knowledge and day give the same assessment.
pub fn assess(host: &Host, knowledge: &Knowledge, day: Date) -> Assessment {
    let exposure = detect::exposure(host, knowledge, day);
    let plan = remedy::plan(host, &exposure, knowledge, day);
    Assessment { exposure, plan }
}
