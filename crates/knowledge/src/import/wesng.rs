//! WES-NG definitions: a zip with `CVEs_<day>.csv`, `Custom_<day>.csv` and `Version_<number>.txt`.
//!
//! Columns: DatePosted, CVE, BulletinKB, Title, AffectedProduct, AffectedComponent, Severity, Impact, Supersedes,
//! Exploits. The custom file has comment lines, rows without a CVE, and service packs as pseudo ids (`SP7X64SP1`).
//! The dirt that is known is counted, not hidden: several ids in `Supersedes` parted by `;` or `<br><br>`, `None` and
//! version numbers there, ids cut short, `System.Object[]` as severity, update fields that are no numbers.

use super::guard::Guard;
use super::{Ignored, ImportError, LimitKind, Limits, OnProgress, Progress, Report};
use crate::catalogue::{Builder, Catalogue, CveNumber, Fact, Impact, ServicePack};
use jiff::civil::Date;
use model::{KbId, Severity};
use std::io::{Read, Seek};

/// Reads the zip into a catalogue.
pub fn build(
    reader: impl Read + Seek,
    limits: &Limits,
    progress: OnProgress<'_>,
) -> Result<(Catalogue, Report), ImportError> {
    let mut archive = zip::ZipArchive::new(reader).map_err(|error| ImportError::malformed("zip", error))?;
    if archive.len() > limits.entries_max {
        return Err(ImportError::Limit { what: LimitKind::Entries, limit: limits.entries_max as u64 });
    }
    let mut report = Report::default();
    let mut builder = Builder::default();
    let parts = parts(&mut archive, &mut report)?;
    let total = parts.iter().map(|part| part.size).sum();
    let mut state = Progress { bytes_total: Some(total), ..Progress::default() };
    let mut newest = None;
    for part in &parts {
        let entry = archive.by_index(part.index).map_err(|error| ImportError::malformed("zip", error))?;
        let guard = Guard::new(entry, limits, state.bytes);
        rows(guard, limits, &mut builder, &mut report, &mut state, progress)?;
        newest = newest.max(part.day);
    }
    if report.rows == 0 {
        return Err(ImportError::Empty);
    }
    builder.source("wesng", newest);
    let catalogue = builder.finish();
    report.after = catalogue.counts();
    Ok((catalogue, report))
}

/// Reads one of the CSV files by itself.
pub fn build_csv(
    reader: impl Read,
    limits: &Limits,
    progress: OnProgress<'_>,
) -> Result<(Catalogue, Report), ImportError> {
    let (mut builder, mut report, mut state) = (Builder::default(), Report::default(), Progress::default());
    rows(Guard::new(reader, limits, 0), limits, &mut builder, &mut report, &mut state, progress)?;
    if report.rows == 0 {
        return Err(ImportError::Empty);
    }
    builder.source("wesng", None);
    let catalogue = builder.finish();
    report.after = catalogue.counts();
    Ok((catalogue, report))
}

/// Whether a file name in a zip is one of the definitions' own.
pub(super) fn is_part(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    (name.starts_with("cves_") || name.starts_with("custom_")) && name.ends_with(".csv")
}

struct Part {
    index: usize,
    size: u64,
    /// From the name of the main file; the custom file's day says nothing of the data's age.
    day: Option<Date>,
}

fn parts<R: Read + Seek>(archive: &mut zip::ZipArchive<R>, report: &mut Report) -> Result<Vec<Part>, ImportError> {
    let mut parts = Vec::new();
    let mut main = false;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| ImportError::malformed("zip", error))?;
        let name = entry.name().map_err(|error| ImportError::malformed("zip", error))?.to_lowercase();
        if !is_part(&name) {
            let version = name.rsplit('/').next().is_some_and(|name| name.starts_with("version_"));
            if entry.is_file() && !version {
                report.ignore(Ignored::OtherPart);
            }
            continue;
        }
        let is_main = name.contains("cves_");
        main |= is_main;
        let digits = name.trim_end_matches(".csv").rsplit('_').next().unwrap_or_default();
        let day = if is_main { day(digits.as_bytes()) } else { None };
        parts.push(Part { index, size: entry.size(), day });
    }
    if main { Ok(parts) } else { Err(ImportError::MissingPart("CVEs_*.csv")) }
}

/// Where the columns are in this file.
struct Columns {
    posted: Option<usize>,
    cve: usize,
    kb: usize,
    product: usize,
    component: Option<usize>,
    severity: Option<usize>,
    impact: Option<usize>,
    supersedes: Option<usize>,
    exploits: Option<usize>,
}

impl Columns {
    fn of(header: &csv::ByteRecord) -> Result<Columns, ImportError> {
        let find = |name: &'static str| {
            header.iter().position(|field| {
                let field = field.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(field);
                field.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
            })
        };
        let need = |name| find(name).ok_or(ImportError::MissingColumn(name));
        Ok(Columns {
            posted: find("DatePosted"),
            cve: need("CVE")?,
            kb: need("BulletinKB")?,
            product: need("AffectedProduct")?,
            component: find("AffectedComponent"),
            severity: find("Severity"),
            impact: find("Impact"),
            supersedes: find("Supersedes"),
            exploits: find("Exploits"),
        })
    }
}

fn rows<R: Read>(
    guard: Guard<R>,
    limits: &Limits,
    builder: &mut Builder,
    report: &mut Report,
    state: &mut Progress,
    progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).comment(Some(b'#')).from_reader(guard);
    let columns = Columns::of(reader.byte_headers().map_err(csv_error)?)?;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(csv_error)? {
        reader.get_mut().row_done();
        report.rows += 1;
        if report.rows > limits.rows_max {
            return Err(ImportError::Limit { what: LimitKind::Rows, limit: limits.rows_max });
        }
        row(&record, &columns, builder, report);
        if report.rows.is_multiple_of(4096) {
            *state = Progress { bytes: reader.get_ref().passed(), rows: report.rows, ..*state };
            if progress(*state).is_break() {
                return Err(ImportError::Cancelled);
            }
        }
    }
    *state = Progress { bytes: reader.get_ref().passed(), rows: report.rows, ..*state };
    if progress(*state).is_break() { Err(ImportError::Cancelled) } else { Ok(()) }
}

fn row(record: &csv::ByteRecord, columns: &Columns, builder: &mut Builder, report: &mut Report) {
    let field = |at: usize| record.get(at).unwrap_or_default().trim_ascii();
    let maybe = |at: Option<usize>| at.map_or(&[][..], field);
    let product = String::from_utf8_lossy(field(columns.product));
    let component = String::from_utf8_lossy(maybe(columns.component));
    let kb_text = String::from_utf8_lossy(field(columns.kb));
    let cve_text = String::from_utf8_lossy(field(columns.cve));
    let supersedes = String::from_utf8_lossy(maybe(columns.supersedes));
    if cve_text.starts_with("SP") && !kb_text.is_empty() {
        service_pack(&cve_text, &kb_text, &product, &supersedes, builder);
        return;
    }
    let kb: Option<KbId> = kb_text.parse().ok();
    if kb.is_none() && !kb_text.is_empty() {
        report.odd(Ignored::NotAnUpdate);
    }
    let cve = CveNumber::parse(&cve_text);
    if cve.is_none() && !cve_text.is_empty() {
        report.odd(Ignored::NotACve);
    }
    let posted = day(maybe(columns.posted));
    if posted.is_none() {
        report.odd(Ignored::BadDate);
    }
    if let Some(kb) = kb {
        superseded(kb, &supersedes, builder, report);
    }
    let fact = Fact {
        product: &product,
        component: &component,
        cve,
        kb,
        severity: severity(maybe(columns.severity)),
        impact: impact(maybe(columns.impact)),
        exploit_known: !maybe(columns.exploits).is_empty(),
        posted,
    };
    if !builder.fact(&fact) {
        report.ignore(if cve.is_none() { Ignored::NothingNamed } else { Ignored::NoUpdate });
    }
}

/// The ids of a `Supersedes` value; what is none is counted.
pub(super) fn superseded(kb: KbId, text: &str, builder: &mut Builder, report: &mut Report) {
    let unbroken = text.replace("<br>", ";");
    for id in unbroken.split([';', ',', ' ', '\n', '\r', '\t']).filter(|id| !id.is_empty()) {
        match id.parse::<KbId>() {
            Ok(id) if id == kb => report.odd(Ignored::SupersedesItself),
            Ok(id) => {
                builder.supersede(kb, id);
            }
            Err(_) => report.odd(Ignored::NotASuperseded),
        }
    }
}

/// A service pack is a fact of base patches; its update numbers take part in supersedence, its pseudo ids do not.
fn service_pack(id: &str, kb: &str, product: &str, replaces: &str, builder: &mut Builder) {
    let kb: Option<KbId> = kb.parse().ok();
    let replaces: std::collections::BTreeSet<String> =
        replaces.split(';').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if let Some(kb) = kb {
        for replaced in replaces.iter().filter_map(|id| id.parse().ok()) {
            builder.supersede(kb, replaced);
        }
    }
    builder.service_pack(ServicePack { id: id.to_owned(), on: product.to_owned(), kb, replaces });
}

/// `20170314`.
fn day(text: &[u8]) -> Option<Date> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 8)?;
    crate::import::plausible(jiff::civil::Date::strptime("%Y%m%d", text).ok()?)
}

pub(super) fn severity(text: &[u8]) -> Option<Severity> {
    Some(match text.to_ascii_lowercase().as_slice() {
        b"critical" => Severity::Critical,
        b"important" => Severity::Important,
        b"moderate" => Severity::Moderate,
        b"low" => Severity::Low,
        _ => return None,
    })
}

pub(super) fn impact(text: &[u8]) -> Option<Impact> {
    Some(match text.to_ascii_lowercase().as_slice() {
        b"remote code execution" => Impact::RemoteCodeExecution,
        b"elevation of privilege" => Impact::ElevationOfPrivilege,
        b"information disclosure" => Impact::InformationDisclosure,
        b"denial of service" => Impact::DenialOfService,
        b"security feature bypass" => Impact::SecurityFeatureBypass,
        b"spoofing" => Impact::Spoofing,
        b"tampering" => Impact::Tampering,
        b"defense in depth" => Impact::DefenseInDepth,
        _ => return None,
    })
}

fn csv_error(error: csv::Error) -> ImportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => ImportError::malformed("CSV", format!("{other:?}")),
    }
}
