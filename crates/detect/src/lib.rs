//! Judgement: which weapon can hit a host, and which vulnerabilities are open on it.
//!
//! Pure functions of facts and knowledge: the same host, knowledge and day give the same answer in a year. What is not
//! known is never taken for safe: a missing fact leads to *unknown*, not to *not affected*.

mod context;
mod cves;
mod evidence;
mod flaw;
pub mod graph;
mod implant;
mod product;
mod reach;
mod role;
mod scanner;
mod weapon;

pub use graph::{Detail, Graph, graph};

use context::Context;
use jiff::civil::Date;
use knowledge::Knowledge;
use model::{Host, HostExposure};

/// Judges one host against the whole knowledge base.
pub fn exposure(host: &Host, knowledge: &Knowledge, day: Date) -> HostExposure {
    let context = Context::new(host, knowledge);
    let mut exposure = head(&context, day);
    cves::fill(&context, &mut exposure);
    exposure
}

/// Judges one host against the weapons alone, and counts its open vulnerabilities without listing them: for a fleet,
/// where a hundred thousand lists would not fit in memory.
pub fn exposure_brief(host: &Host, knowledge: &Knowledge, day: Date) -> HostExposure {
    let context = Context::new(host, knowledge);
    let mut exposure = head(&context, day);
    cves::count(&context, &mut exposure);
    exposure
}

/// Judges one host against the weapons and nothing else.
pub fn weapons(host: &Host, knowledge: &Knowledge) -> Vec<model::Exposure> {
    weapon::all(&Context::new(host, knowledge))
}

fn head(context: &Context<'_>, day: Date) -> HostExposure {
    let ended = context.support_ended();
    HostExposure {
        host: context.host.id.clone(),
        system: context.system().map(|system| system.id.clone()),
        support_ended: ended,
        supported: ended.map(|end| day <= end),
        weapons: weapon::all(context),
        cves: Vec::new(),
        open_cves: 0,
        open_kev: 0,
        gaps: evidence::gaps(context),
    }
}
