//! MSRC's CSAF 2.0 advisories (OASIS Common Security Advisory Framework 2.0, JSON): one vulnerability a file.
//!
//! A product is the nearest `product_name` above a product id in `product_tree`; the fixing update stands in the address
//! of a `vendor_fix`. These documents do not say what an update supersedes.

use super::facts::{self, Remedy, Vulnerability};
use super::{Ignored, ImportError, Limits, Report, read_all, wesng};
use crate::catalogue::{Builder, Catalogue};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Reads a document into a catalogue of its facts.
pub fn build(reader: impl Read, limits: &Limits) -> Result<(Catalogue, Report), ImportError> {
    from_json(&read_all(reader, limits)?)
}

pub(super) fn from_json(bytes: &[u8]) -> Result<(Catalogue, Report), ImportError> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let file: File = serde_json::from_slice(text).map_err(|error| ImportError::malformed("CSAF JSON", error))?;
    let (mut builder, mut report) = (Builder::default(), Report::default());
    let mut names = BTreeMap::new();
    for branch in &file.product_tree.branches {
        branch.collect("", &mut names);
    }
    for product in file.product_tree.full_product_names {
        names.insert(product.product_id, product.name);
    }
    for relationship in file.product_tree.relationships {
        relation(relationship, &mut names);
    }
    let tracking = file.document.tracking;
    let posted = tracking.initial_release_date.as_deref().and_then(facts::day);
    let severity = file.document.aggregate_severity.and_then(|severity| wesng::severity(severity.text.as_bytes()));
    for entry in file.vulnerabilities {
        let mut vulnerability = entry.vulnerability(&mut report);
        vulnerability.posted = vulnerability.posted.or(posted);
        vulnerability.severity = vulnerability.severity.or(severity);
        facts::add(&vulnerability, &names, &mut builder, &mut report);
    }
    if report.rows == 0 {
        return Err(ImportError::Empty);
    }
    builder.source("msrc-csaf", tracking.current_release_date.as_deref().and_then(facts::day).or(posted));
    let catalogue = builder.finish();
    report.after = catalogue.counts();
    Ok((catalogue, report))
}

/// `Internet Explorer 11` as a component of `Windows 7 …` is the product of that name on that system.
fn relation(relationship: Relationship, names: &mut BTreeMap<String, String>) {
    let name = match (names.get(&relationship.product_reference), names.get(&relationship.relates_to_product_reference))
    {
        (Some(part), Some(whole)) => format!("{part} on {whole}"),
        _ => relationship.full_product_name.name,
    };
    names.insert(relationship.full_product_name.product_id, name);
}

#[derive(Deserialize)]
struct File {
    document: Document,
    #[serde(default)]
    product_tree: ProductTree,
    #[serde(default)]
    vulnerabilities: Vec<Entry>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    tracking: Tracking,
    aggregate_severity: Option<AggregateSeverity>,
}

#[derive(Deserialize)]
struct AggregateSeverity {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize, Default)]
struct Tracking {
    initial_release_date: Option<String>,
    current_release_date: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProductTree {
    branches: Vec<Branch>,
    full_product_names: Vec<Product>,
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    category: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<Product>,
}

impl Branch {
    /// The JSON reader's own depth limit bounds this recursion.
    fn collect(&self, product_name: &str, names: &mut BTreeMap<String, String>) {
        let product_name = if self.category == "product_name" { &self.name } else { product_name };
        if let Some(product) = &self.product {
            let name = if product_name.is_empty() { &product.name } else { product_name };
            names.insert(product.product_id.clone(), name.to_owned());
        }
        for branch in &self.branches {
            branch.collect(product_name, names);
        }
    }
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    name: String,
    product_id: String,
}

#[derive(Deserialize)]
struct Relationship {
    product_reference: String,
    relates_to_product_reference: String,
    full_product_name: Product,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    cve: String,
    #[serde(default)]
    remediations: Vec<Remediation>,
    #[serde(default)]
    threats: Vec<Threat>,
    #[serde(default)]
    product_status: ProductStatus,
    release_date: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProductStatus {
    known_affected: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Remediation {
    #[serde(default)]
    category: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    product_ids: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Threat {
    #[serde(default)]
    category: String,
    #[serde(default)]
    details: String,
}

impl Entry {
    fn vulnerability(self, report: &mut Report) -> Vulnerability {
        let mut vulnerability = Vulnerability {
            cve: self.cve,
            posted: self.release_date.as_deref().and_then(facts::day),
            affected: self.product_status.known_affected,
            ..Vulnerability::default()
        };
        for threat in &self.threats {
            match threat.category.as_str() {
                "impact" => {
                    let impact = wesng::impact(threat.details.trim().as_bytes());
                    vulnerability.impact = vulnerability.impact.max(impact);
                }
                "exploit_status" => vulnerability.exploited |= facts::exploited(&threat.details),
                _ => {}
            }
        }
        for remediation in self.remediations {
            if remediation.category != "vendor_fix" {
                report.odd(Ignored::NotAFix);
                continue;
            }
            let kb = facts::kb_in(&remediation.url).or_else(|| facts::kb_in(&remediation.details));
            if kb.is_none() {
                report.odd(Ignored::NotAnUpdate);
            }
            vulnerability.remedies.push(Remedy { kb, supersedes: String::new(), products: remediation.product_ids });
        }
        vulnerability
    }
}
