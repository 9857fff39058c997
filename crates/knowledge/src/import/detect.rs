//! The kind of a file by its content, and reading any kind. Names say nothing: files come by mail and memory stick.

use super::{ImportError, LimitKind, Limits, OnProgress, Report, csaf, cvrf, guard, wesng, wsus};
use crate::catalogue::Catalogue;
use crate::epss::Epss;
use crate::kev::Kev;
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read, Seek, SeekFrom};

/// What can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// WES-NG definitions as they are published.
    WesNgZip,
    /// One CSV of them.
    WesNgCsv,
    KevJson,
    /// Plain or gzip.
    EpssCsv,
    CsafJson,
    CvrfJson,
    CvrfXml,
    WsusCab,
    /// A catalogue that Redoubt wrote.
    Catalogue,
}

/// What an import brings; merged into the knowledge by its owner.
#[derive(Debug)]
pub enum Update {
    Catalogue(Box<Catalogue>),
    Kev(Kev),
    Epss(Epss),
}

/// An import that succeeded.
#[derive(Debug)]
pub struct Imported {
    pub kind: Kind,
    pub update: Update,
    pub report: Report,
}

const HEAD_BYTES: u64 = 64 << 10;

/// Tells the kind; the reader is back at its start afterwards.
pub fn detect(mut reader: impl Read + Seek, limits: &Limits) -> Result<Kind, ImportError> {
    reader.seek(SeekFrom::Start(0)).map_err(ImportError::Read)?;
    let mut head = Vec::new();
    (&mut reader).take(HEAD_BYTES).read_to_end(&mut head).map_err(ImportError::Read)?;
    let kind = match by_head(&head) {
        Some(Guess::Sure(kind)) => Ok(kind),
        Some(Guess::Json) => {
            // Its size is known: nothing of it need be held to refuse it.
            let bytes = reader.seek(SeekFrom::End(0)).map_err(ImportError::Read)?;
            if bytes > limits.document_bytes_max {
                return Err(ImportError::Limit { what: LimitKind::Bytes, limit: limits.document_bytes_max });
            }
            reader.seek(SeekFrom::Start(0)).map_err(ImportError::Read)?;
            by_keys(&guard::read_all(&mut reader, limits)?)
        }
        None => Err(ImportError::UnknownKind),
    };
    reader.seek(SeekFrom::Start(0)).map_err(ImportError::Read)?;
    kind
}

/// Reads a file of any kind.
pub fn read(mut reader: impl Read + Seek, limits: &Limits, progress: OnProgress<'_>) -> Result<Imported, ImportError> {
    let kind = detect(&mut reader, limits)?;
    let catalogue = |(catalogue, report)| (Update::Catalogue(Box::new(catalogue)), report);
    let (update, report) = match kind {
        Kind::WesNgZip => catalogue(wesng::build(BufReader::new(reader), limits, progress)?),
        Kind::WesNgCsv => catalogue(wesng::build_csv(reader, limits, progress)?),
        Kind::CsafJson => catalogue(csaf::build(reader, limits)?),
        Kind::CvrfJson => catalogue(cvrf::build_json(reader, limits)?),
        Kind::CvrfXml => catalogue(cvrf::build_xml(reader, limits)?),
        Kind::WsusCab => catalogue(wsus::build(reader, limits, progress)?),
        Kind::Catalogue => catalogue(own(reader, limits)?),
        Kind::KevJson => {
            let (kev, report) = Kev::read(reader, limits)?;
            (Update::Kev(kev), report)
        }
        Kind::EpssCsv => {
            let (epss, report) = Epss::read(reader, limits, progress)?;
            (Update::Epss(epss), report)
        }
    };
    Ok(Imported { kind, update, report })
}

fn own(reader: impl Read, limits: &Limits) -> Result<(Catalogue, Report), ImportError> {
    let bytes = guard::read_all(reader, limits)?;
    let catalogue =
        Catalogue::from_bytes(&bytes).map_err(|error| ImportError::malformed("Redoubt catalogue", error))?;
    let report = Report { rows: catalogue.counts().fixes, after: catalogue.counts(), ..Report::default() };
    Ok((catalogue, report))
}

enum Guess {
    Sure(Kind),
    Json,
}

fn by_head(head: &[u8]) -> Option<Guess> {
    let magics: [(&[u8], Kind); 4] = [
        (b"PK\x03\x04", Kind::WesNgZip),
        (b"MSCF", Kind::WsusCab),
        (b"\x1F\x8B", Kind::EpssCsv),
        (b"RDTCATLG", Kind::Catalogue),
    ];
    if let Some((_, kind)) = magics.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(Guess::Sure(*kind));
    }
    let text = String::from_utf8_lossy(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head));
    let text = text.trim_start();
    let first_line = text.lines().find(|line| !line.starts_with('#')).unwrap_or_default().to_lowercase();
    if text.starts_with('{') {
        Some(Guess::Json)
    } else if text.starts_with('<') {
        text.contains("cvrfdoc").then_some(Guess::Sure(Kind::CvrfXml))
    } else if first_line.contains("bulletinkb") && first_line.contains("affectedproduct") {
        Some(Guess::Sure(Kind::WesNgCsv))
    } else if first_line.contains("cve") && first_line.contains("epss") {
        Some(Guess::Sure(Kind::EpssCsv))
    } else {
        None
    }
}

/// The keys that tell the JSON kinds apart; values are skipped, not built.
#[derive(Deserialize)]
struct Keys {
    #[serde(rename = "catalogVersion")]
    kev_version: Option<serde::de::IgnoredAny>,
    vulnerabilities: Option<serde::de::IgnoredAny>,
    document: Option<CsafDocument>,
    #[serde(rename = "ProductTree")]
    cvrf_products: Option<serde::de::IgnoredAny>,
    #[serde(rename = "Vulnerability")]
    cvrf_vulnerabilities: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct CsafDocument {
    csaf_version: Option<String>,
}

fn by_keys(bytes: &[u8]) -> Result<Kind, ImportError> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let keys: Keys = serde_json::from_slice(text).map_err(|error| ImportError::malformed("JSON", error))?;
    if keys.document.is_some_and(|document| document.csaf_version.is_some()) {
        Ok(Kind::CsafJson)
    } else if keys.cvrf_products.is_some() || keys.cvrf_vulnerabilities.is_some() {
        Ok(Kind::CvrfJson)
    } else if keys.kev_version.is_some() || keys.vulnerabilities.is_some() {
        Ok(Kind::KevJson)
    } else {
        Err(ImportError::UnknownKind)
    }
}
