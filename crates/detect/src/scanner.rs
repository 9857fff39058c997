//! What scanners say: an opinion beside our own judgement. It turns an unknown into open, never anything into safe.

use crate::{context::Context, flaw::FlawVerdict};
use model::{CveId, ExposureState, Message, PatchState, ScannerItem, Severity};

/// Weighs the scanners' verdicts on these vulnerabilities into our own.
pub fn weigh<'a>(context: &Context<'_>, cves: impl Iterator<Item = &'a CveId>, verdict: &mut FlawVerdict) {
    if context.facts.scanner.is_empty() {
        return;
    }
    let cves: Vec<&CveId> = cves.collect();
    let about = |item: &&ScannerItem| cves.iter().any(|cve| item.cves.contains(*cve));
    let (mut found, mut clean) = (Vec::new(), Vec::new());
    for item in context.facts.scanner.iter().filter(about) {
        match says_vulnerable(item) {
            Some(true) => found.push(item),
            Some(false) => clean.push(item),
            None => {}
        }
    }
    if let Some(first) = found.first() {
        match verdict.state {
            ExposureState::Unknown => {
                verdict.state = ExposureState::Open;
                verdict.patch = PatchState::Missing;
                verdict.why.insert(0, told("exposure.scanner-vulnerable", first, &cves));
            }
            ExposureState::Open => verdict.why.push(told("exposure.scanner-agrees", first, &cves)),
            ExposureState::Fixed | ExposureState::NotAffected => {
                verdict.why.push(told("exposure.conflict-scanner", first, &cves));
            }
        }
    }
    if let (Some(first), true) = (clean.first(), verdict.state.needs_action()) {
        verdict.why.push(told("exposure.scanner-clean", first, &cves));
    }
}

/// A listed finding of some weight is a verdict too, where the scanner has no other way to say it.
fn says_vulnerable(item: &ScannerItem) -> Option<bool> {
    item.vulnerable.or_else(|| item.severity.filter(|severity| *severity > Severity::Info).map(|_| true))
}

fn told(code: &str, item: &ScannerItem, cves: &[&CveId]) -> Message {
    let hit = cves.iter().filter(|cve| item.cves.contains(**cve));
    Message::new(code).with("check", &item.check).with("title", &item.title).list("cves", hit)
}
