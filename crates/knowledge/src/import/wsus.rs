//! Microsoft's offline scan file `wsusscn2.cab`: which update superseded which.
//!
//! The outer cabinet holds `index.xml` (which package has which revisions), `package.cab` with `package.xml` (the
//! `OfflineSyncPackage`: every update revision with what superseded it and what bundles it), and `package2.cab` and so
//! on, whose files `x/<revision>` carry the update number (`KBArticleID`) of a revision. Cabinets do not promise an
//! order, so both are collected first and joined at the end.

use super::{Ignored, ImportError, LimitKind, Limits, OnProgress, Progress, Report, cab, facts, guard, xml};
use crate::catalogue::{Builder, Catalogue};
use jiff::civil::Date;
use model::KbId;
use std::collections::HashMap;
use std::io::{Cursor, Read, Seek};

/// Reads the file into a catalogue of updates and supersedences; it names no vulnerabilities.
pub fn build(
    reader: impl Read + Seek,
    limits: &Limits,
    progress: OnProgress<'_>,
) -> Result<(Catalogue, Report), ImportError> {
    let mut scan = Scan::new(limits);
    let mut found_package = false;
    let mut inner_bytes = 0;
    cab::walk(reader, limits, 0, |name, _, bytes| {
        let lower = name.to_lowercase();
        if lower == "package.cab" {
            found_package = true;
            let inner = guard::read_all(bytes, limits)?;
            inner_bytes = cab::walk(Cursor::new(inner), limits, inner_bytes, |name, _, bytes| {
                if name.eq_ignore_ascii_case("package.xml") { scan.package(bytes, progress) } else { Ok(()) }
            })?;
        } else if lower.starts_with("package") && lower.ends_with(".cab") {
            let inner = guard::read_all(bytes, limits)?;
            inner_bytes = cab::walk(Cursor::new(inner), limits, inner_bytes, |name, _, bytes| {
                scan.revision_file(name, bytes, progress)
            })?;
        } else if lower != "index.xml" {
            scan.report.ignore(Ignored::OtherPart);
        }
        Ok(())
    })?;
    if !found_package {
        return Err(ImportError::MissingPart("package.cab"));
    }
    scan.finish()
}

struct Scan<'l> {
    limits: &'l Limits,
    report: Report,
    created: Option<Date>,
    revisions: HashMap<u32, Revision>,
    kbs: HashMap<u32, KbId>,
}

#[derive(Default)]
struct Revision {
    superseded_by: Vec<u32>,
    bundled_by: Vec<u32>,
}

impl<'l> Scan<'l> {
    fn new(limits: &'l Limits) -> Scan<'l> {
        Scan { limits, report: Report::default(), created: None, revisions: HashMap::new(), kbs: HashMap::new() }
    }

    /// Reads `package.xml`.
    fn package(&mut self, bytes: &mut dyn Read, progress: OnProgress<'_>) -> Result<(), ImportError> {
        let mut path: Vec<String> = Vec::new();
        let mut current = None;
        let limits = self.limits;
        xml::walk(bytes, limits, "OfflineSyncPackage", |node| {
            match node {
                xml::Node::Open(name, attributes) => {
                    match (name, path.last().map(String::as_str)) {
                        ("OfflineSyncPackage", _) => {
                            self.created = attributes.get("CreationDate").and_then(facts::day);
                        }
                        ("Update", Some("Updates")) => {
                            current = attributes.get("RevisionId").and_then(|id| id.parse().ok());
                            self.update(current, progress)?;
                        }
                        ("Revision", Some(relation @ ("SupersededBy" | "BundledBy"))) => {
                            let other = attributes.get("Id").and_then(|id| id.parse().ok());
                            self.relate(current, relation, other);
                        }
                        _ => {}
                    }
                    path.push(name.to_owned());
                }
                xml::Node::Text(_) => {}
                xml::Node::Close(_) => {
                    path.pop();
                }
            }
            Ok(())
        })
    }

    fn update(&mut self, id: Option<u32>, progress: OnProgress<'_>) -> Result<(), ImportError> {
        self.report.rows += 1;
        if self.report.rows > self.limits.rows_max {
            return Err(ImportError::Limit { what: LimitKind::Rows, limit: self.limits.rows_max });
        }
        match id {
            Some(id) => {
                self.revisions.entry(id).or_default();
            }
            None => self.report.ignore(Ignored::BadNumber),
        }
        self.tell(progress)
    }

    fn relate(&mut self, id: Option<u32>, relation: &str, other: Option<u32>) {
        let (Some(id), Some(other)) = (id, other) else {
            self.report.odd(Ignored::BadNumber);
            return;
        };
        let revision = self.revisions.entry(id).or_default();
        if relation == "SupersededBy" { revision.superseded_by.push(other) } else { revision.bundled_by.push(other) }
    }

    /// Reads a file of a numbered package: only `x/<revision>` says something, the rest is rules and texts.
    fn revision_file(&mut self, name: &str, bytes: &mut dyn Read, progress: OnProgress<'_>) -> Result<(), ImportError> {
        let mut parts = name.split('/');
        let (Some(folder), Some(id), None) = (parts.next(), parts.next(), parts.next()) else { return Ok(()) };
        let Some(id) = id.parse().ok().filter(|_| folder.eq_ignore_ascii_case("x")) else { return Ok(()) };
        let small = Limits { document_bytes_max: self.limits.row_bytes_max, ..self.limits.clone() };
        let document = guard::read_all(bytes, &small)?;
        let mut text = String::new();
        let mut found = None;
        let read = xml::walk(document.as_slice(), &small, "ExtendedProperties", |node| {
            match node {
                xml::Node::Open(..) => text.clear(),
                xml::Node::Text(part) => text.push_str(part),
                xml::Node::Close("KBArticleID") => found = found.or_else(|| text.trim().parse::<KbId>().ok()),
                xml::Node::Close(_) => {}
            }
            Ok(())
        });
        match (read, found) {
            (Ok(()), Some(kb)) => {
                self.kbs.insert(id, kb);
            }
            (Ok(()), None) => self.report.odd(Ignored::NotAnUpdate),
            // One damaged file among a hundred thousand does not spoil the rest.
            (Err(_), _) => self.report.odd(Ignored::OtherPart),
        }
        self.tell(progress)
    }

    fn tell(&self, progress: OnProgress<'_>) -> Result<(), ImportError> {
        let rows = self.report.rows + self.kbs.len() as u64;
        if rows.is_multiple_of(1024) && progress(Progress { rows, ..Progress::default() }).is_break() {
            return Err(ImportError::Cancelled);
        }
        Ok(())
    }

    /// The update number of a revision: its own, else that of what bundles it.
    fn kb(&self, revision: u32) -> Option<KbId> {
        let bundles = || self.revisions.get(&revision).map(|revision| revision.bundled_by.as_slice()).unwrap_or(&[]);
        self.kbs.get(&revision).or_else(|| bundles().iter().find_map(|bundle| self.kbs.get(bundle))).copied()
    }

    fn finish(mut self) -> Result<(Catalogue, Report), ImportError> {
        if self.report.rows == 0 {
            return Err(ImportError::Empty);
        }
        let mut builder = Builder::default();
        let mut dangling = 0;
        for (id, revision) in &self.revisions {
            for by in &revision.superseded_by {
                match (self.kb(*by), self.kb(*id)) {
                    (Some(superseder), Some(superseded)) => {
                        builder.supersede(superseder, superseded);
                    }
                    _ => dangling += 1,
                }
            }
        }
        if dangling > 0 {
            self.report.oddities.insert(Ignored::DanglingReference, dangling);
        }
        builder.source("wsusscn2", self.created);
        let catalogue = builder.finish();
        self.report.after = catalogue.counts();
        Ok((catalogue, self.report))
    }
}
