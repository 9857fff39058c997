//! What MSRC's documents have in common, whatever their form: products, threats and remedies of vulnerabilities.

use super::{Ignored, Report, wesng};
use crate::catalogue::{Builder, CveNumber, Fact, Impact};
use jiff::civil::Date;
use model::{KbId, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// One vulnerability of a document.
#[derive(Debug, Default)]
pub(super) struct Vulnerability {
    pub cve: String,
    /// What is in the title, for the component.
    pub posted: Option<Date>,
    pub severity: Option<Severity>,
    pub impact: Option<Impact>,
    pub exploited: bool,
    /// Product ids the document calls affected, with or without a remedy.
    pub affected: BTreeSet<String>,
    pub remedies: Vec<Remedy>,
}

#[derive(Debug, Default)]
pub(super) struct Remedy {
    pub kb: Option<KbId>,
    pub supersedes: String,
    pub products: BTreeSet<String>,
}

/// Adds a vulnerability to the catalogue; `names` are the document's products by id.
pub(super) fn add(
    vulnerability: &Vulnerability,
    names: &BTreeMap<String, String>,
    builder: &mut Builder,
    report: &mut Report,
) {
    let Some(cve) = CveNumber::parse(vulnerability.cve.trim()) else {
        report.rows += 1;
        report.ignore(Ignored::NotACve);
        return;
    };
    let fact = Fact {
        cve: Some(cve),
        severity: vulnerability.severity,
        impact: vulnerability.impact,
        exploit_known: vulnerability.exploited,
        posted: vulnerability.posted,
        ..Fact::default()
    };
    let mut remedied = BTreeSet::new();
    for remedy in &vulnerability.remedies {
        if let Some(kb) = remedy.kb {
            wesng::superseded(kb, &remedy.supersedes, builder, report);
        }
        for id in &remedy.products {
            remedied.insert(id);
            row(&fact, remedy.kb, id, names, builder, report);
        }
    }
    for id in vulnerability.affected.iter().filter(|id| !remedied.contains(id)) {
        row(&fact, None, id, names, builder, report);
    }
}

fn row(
    fact: &Fact,
    kb: Option<KbId>,
    id: &str,
    names: &BTreeMap<String, String>,
    builder: &mut Builder,
    report: &mut Report,
) {
    report.rows += 1;
    let Some(product) = names.get(id) else {
        report.ignore(Ignored::DanglingReference);
        return;
    };
    if !builder.fact(&Fact { product, kb, ..fact.clone() }) {
        report.ignore(Ignored::NoUpdate);
    }
}

/// The update number a remedy names: alone (`4012212`), with its prefix, or in a support address (`…/help/5053594`).
pub(super) fn kb_in(text: &str) -> Option<KbId> {
    let text = text.trim();
    if let Ok(kb) = text.parse() {
        return Some(kb);
    }
    let lower = text.to_ascii_lowercase();
    ["/help/", "/kb/", "q=kb", "(kb", "kb"].iter().find_map(|mark| {
        lower.match_indices(mark).find_map(|(at, mark)| {
            let digits: String = lower[at + mark.len()..].chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
    })
}

/// The day at the start of a time stamp.
pub(super) fn day(text: &str) -> Option<Date> {
    text.trim().get(..10)?.parse().ok().and_then(super::plausible)
}

/// MSRC's exploit status: `Publicly Disclosed:No;Exploited:Yes;Latest Software Release:…`.
pub(super) fn exploited(text: &str) -> bool {
    text.to_ascii_lowercase().contains("exploited:yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_number_is_found_where_documents_put_it() {
        assert_eq!(kb_in("4012212"), Some(KbId(4012212)));
        assert_eq!(
            kb_in("10.0.14393.7876:Security Update:https://support.microsoft.com/help/5053594"),
            Some(KbId(5053594))
        );
        assert_eq!(kb_in("https://catalog.update.microsoft.com/v7/site/Search.aspx?q=KB4012212"), Some(KbId(4012212)));
        assert_eq!(kb_in("Release Notes"), None);
        assert_eq!(kb_in("KB29166583"), None);
        assert_eq!(kb_in("10.0.14393.7876"), None);
    }
}
