//! MSRC's monthly CVRF documents (ICASI CVRF 1.1, OASIS CSAF CVRF 1.2), in XML and in the API's JSON.
//!
//! A remedy's description is the update number; `Supercedence` (MSRC's spelling) is what it replaces, with the same dirt
//! as in definitions made from it. Types are names in XML and numbers in JSON.

use super::facts::{self, Remedy, Vulnerability};
use super::{Ignored, ImportError, Limits, Report, read_all, wesng, xml};
use crate::catalogue::{Builder, Catalogue};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Reads the JSON form.
pub fn build_json(reader: impl Read, limits: &Limits) -> Result<(Catalogue, Report), ImportError> {
    from_json(&read_all(reader, limits)?)
}

/// Reads the XML form.
pub fn build_xml(reader: impl Read, limits: &Limits) -> Result<(Catalogue, Report), ImportError> {
    let mut state = XmlState::default();
    xml::walk(reader, limits, "CVRF XML", |node| {
        state.take(node);
        Ok(())
    })?;
    let XmlState { names, vulnerabilities, mut report, released, .. } = state;
    finish(names, vulnerabilities, released.as_deref(), &mut report)
}

pub(super) fn from_json(bytes: &[u8]) -> Result<(Catalogue, Report), ImportError> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let file: File = serde_json::from_slice(text).map_err(|error| ImportError::malformed("CVRF JSON", error))?;
    let mut report = Report::default();
    let products = file.product_tree.full_product_name.into_iter();
    let names = products.filter_map(|product| Some((product.product_id, product.value?))).collect();
    let vulnerabilities = file.vulnerability.into_iter().map(|entry| entry.vulnerability(&mut report)).collect();
    let tracking = file.document_tracking.unwrap_or_default();
    finish(names, vulnerabilities, tracking.current_release_date.as_deref(), &mut report)
}

fn finish(
    names: BTreeMap<String, String>,
    vulnerabilities: Vec<Vulnerability>,
    released: Option<&str>,
    report: &mut Report,
) -> Result<(Catalogue, Report), ImportError> {
    let mut builder = Builder::default();
    let released = released.and_then(facts::day);
    for mut vulnerability in vulnerabilities {
        vulnerability.posted = vulnerability.posted.or(released);
        facts::add(&vulnerability, &names, &mut builder, report);
    }
    if report.rows == 0 {
        return Err(ImportError::Empty);
    }
    builder.source("msrc-cvrf", released);
    let catalogue = builder.finish();
    report.after = catalogue.counts();
    Ok((catalogue, std::mem::take(report)))
}

/// The kinds of threats and remedies that say something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThreatKind {
    Impact,
    ExploitStatus,
    Severity,
    Other,
}

fn threat(vulnerability: &mut Vulnerability, kind: ThreatKind, text: &str) {
    let bytes = text.trim().as_bytes();
    match kind {
        ThreatKind::Impact => vulnerability.impact = vulnerability.impact.max(wesng::impact(bytes)),
        ThreatKind::Severity => vulnerability.severity = vulnerability.severity.max(wesng::severity(bytes)),
        ThreatKind::ExploitStatus => vulnerability.exploited |= facts::exploited(text),
        ThreatKind::Other => {}
    }
}

fn remedy(description: &str, supersedes: String, products: BTreeSet<String>, report: &mut Report) -> Remedy {
    let kb = description.trim().parse().ok();
    if kb.is_none() {
        report.odd(Ignored::NotAnUpdate);
    }
    Remedy { kb, supersedes, products }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    document_tracking: Option<DocumentTracking>,
    #[serde(default)]
    product_tree: ProductTree,
    #[serde(default)]
    vulnerability: Vec<Entry>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct DocumentTracking {
    current_release_date: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ProductTree {
    full_product_name: Vec<FullProductName>,
}

#[derive(Deserialize)]
struct FullProductName {
    #[serde(rename = "ProductID")]
    product_id: String,
    #[serde(rename = "Value")]
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "CVE", default)]
    cve: Option<String>,
    #[serde(default)]
    threats: Vec<JsonThreat>,
    #[serde(default)]
    remediations: Vec<JsonRemediation>,
    #[serde(default)]
    product_statuses: Vec<JsonStatus>,
    #[serde(default)]
    revision_history: Vec<JsonRevision>,
}

#[derive(Deserialize, Default)]
struct Text {
    #[serde(rename = "Value")]
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JsonThreat {
    #[serde(default)]
    description: Option<Text>,
    #[serde(rename = "Type")]
    kind: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JsonRemediation {
    #[serde(default)]
    description: Option<Text>,
    supercedence: Option<String>,
    #[serde(rename = "ProductID", default)]
    product_id: Option<BTreeSet<String>>,
    #[serde(rename = "Type")]
    kind: Option<u32>,
}

#[derive(Deserialize)]
struct JsonStatus {
    #[serde(rename = "ProductID", default)]
    product_id: Option<BTreeSet<String>>,
    #[serde(rename = "Type")]
    kind: Option<u32>,
}

#[derive(Deserialize)]
struct JsonRevision {
    #[serde(rename = "Date")]
    date: Option<String>,
}

/// CVRF's `Known Affected` in the API's numbers, and its `Vendor Fix`.
const KNOWN_AFFECTED: u32 = 3;
const VENDOR_FIX: u32 = 2;

impl Entry {
    fn vulnerability(self, report: &mut Report) -> Vulnerability {
        let text = |text: Option<Text>| text.and_then(|text| text.value).unwrap_or_default();
        let mut vulnerability = Vulnerability { cve: self.cve.unwrap_or_default(), ..Vulnerability::default() };
        let revisions = self.revision_history.iter().filter_map(|revision| revision.date.as_deref());
        vulnerability.posted = revisions.filter_map(facts::day).min();
        for one in self.threats {
            let kind = match one.kind {
                Some(0) => ThreatKind::Impact,
                Some(1) => ThreatKind::ExploitStatus,
                Some(3) => ThreatKind::Severity,
                _ => ThreatKind::Other,
            };
            threat(&mut vulnerability, kind, &text(one.description));
        }
        let statuses = self.product_statuses.into_iter().filter(|status| status.kind == Some(KNOWN_AFFECTED));
        vulnerability.affected = statuses.filter_map(|status| status.product_id).flatten().collect();
        for one in self.remediations {
            if one.kind != Some(VENDOR_FIX) {
                report.odd(Ignored::NotAFix);
                continue;
            }
            let products = one.product_id.unwrap_or_default();
            let description = text(one.description);
            vulnerability.remedies.push(remedy(&description, one.supercedence.unwrap_or_default(), products, report));
        }
        vulnerability
    }
}

/// Where in the document the XML reader is, and what it has found so far.
#[derive(Default)]
struct XmlState {
    names: BTreeMap<String, String>,
    vulnerabilities: Vec<Vulnerability>,
    report: Report,
    released: Option<String>,
    path: Vec<String>,
    text: String,
    /// Of the element at hand: its `ProductID` attribute and its `Type`.
    product_id: String,
    kind: String,
    products: BTreeSet<String>,
    description: String,
    supersedes: String,
}

impl XmlState {
    fn take(&mut self, node: xml::Node<'_>) {
        match node {
            xml::Node::Open(name, attributes) => {
                self.text.clear();
                self.open(name, attributes);
                self.path.push(name.to_owned());
            }
            xml::Node::Text(text) => self.text.push_str(text),
            xml::Node::Close(name) => {
                self.path.pop();
                self.close(name);
                self.text.clear();
            }
        }
    }

    fn open(&mut self, name: &str, attributes: &xml::Attributes) {
        match name {
            "Vulnerability" => self.vulnerabilities.push(Vulnerability::default()),
            "FullProductName" => self.product_id = attributes.get("ProductID").unwrap_or_default().to_owned(),
            "Threat" | "Remediation" | "Status" => {
                self.kind = attributes.get("Type").unwrap_or_default().to_lowercase();
                self.products.clear();
                self.description.clear();
                self.supersedes.clear();
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        let text = self.text.trim().to_owned();
        let parent = self.path.last().cloned().unwrap_or_default();
        let parent = parent.as_str();
        match (name, parent) {
            ("FullProductName", _) => {
                self.names.insert(std::mem::take(&mut self.product_id), text);
            }
            ("CurrentReleaseDate", _) => self.released = Some(text),
            ("ProductID", _) => {
                self.products.insert(text);
            }
            ("Description", "Threat" | "Remediation") => self.description = text,
            ("Supercedence", _) => self.supersedes = text,
            _ => self.close_in_vulnerability(name, parent, text),
        }
    }

    fn close_in_vulnerability(&mut self, name: &str, parent: &str, text: String) {
        let Some(vulnerability) = self.vulnerabilities.last_mut() else { return };
        match (name, parent) {
            ("CVE", "Vulnerability") => vulnerability.cve = text,
            ("Date", "Revision") => {
                let earlier = vulnerability.posted.into_iter().chain(facts::day(&text)).min();
                vulnerability.posted = earlier;
            }
            ("Status", _) if self.kind == "known affected" => vulnerability.affected.append(&mut self.products),
            ("Threat", _) => {
                let kind = match self.kind.as_str() {
                    "impact" => ThreatKind::Impact,
                    "exploit status" => ThreatKind::ExploitStatus,
                    "severity" => ThreatKind::Severity,
                    _ => ThreatKind::Other,
                };
                threat(vulnerability, kind, &self.description);
            }
            ("Remediation", _) if self.kind == "vendor fix" => {
                let products = std::mem::take(&mut self.products);
                let supersedes = std::mem::take(&mut self.supersedes);
                let remedy = remedy(&self.description, supersedes, products, &mut self.report);
                vulnerability.remedies.push(remedy);
            }
            ("Remediation", _) => self.report.odd(Ignored::NotAFix),
            _ => {}
        }
    }
}
