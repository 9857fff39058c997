//! What analysis found, as rows of the lake: a row for each place where a part of a file was seen, and one for each fact
//! that its readers tell.

use ::lake::{Batch, Lake, Table};
use analysis::Report;
use analysis::report::{Known, Part};
use api::state::App;
use formats::strings::{Indicator, IndicatorKind};
use jiff::Timestamp;
use model::Message;
use records::{AnalysedPart, FILE_VECTORS, FILES, FileVector, Kind};
use rules::forms;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{LakeBatch, SightingSource};

/// Files, and places of files, that go at a time.
const FILES_AT_ONCE: u32 = 50;
const SIGHTINGS_AT_ONCE: u32 = 100;
/// Bytes of a report that is read again.
const REPORT_BYTES_MAX: u64 = 2 * analysis::REPORT_BYTES_MAX as u64;
/// Values of one kind in one row.
const VALUES_MAX: usize = 500;

/// How far a server is with what it tells the lake.
#[derive(Default)]
pub struct Telling {
    /// Numbers that were given; looked up when it begins.
    last: Option<(i64, i64)>,
}

impl Telling {
    /// Tells everything that was not told yet; false when there is no lake to tell it to now.
    pub async fn tell(&mut self, app: &App) -> Result<bool, store::Error> {
        let Ok(lake) = app.lake.get() else { return Ok(false) };
        let server = server_of(app);
        // Until everything went well it is not known what came into the lake.
        let (mut files, mut sightings) = match self.last.take() {
            Some(last) => last,
            // What was numbered last may not have come into the lake: it is sent once more, and the lake takes each number
            // once.
            None => {
                let last = app.store.files().last_lake_batches(&server).await?;
                vectors_of(app, &lake, LakeBatch { server: &server, number: last.0 }).await?;
                places_of(app, &lake, LakeBatch { server: &server, number: last.1 }).await?;
                last
            }
        };
        loop {
            let batch = LakeBatch { server: &server, number: files + 1 };
            if app.store.files().number_files(batch, FILES_AT_ONCE).await? == 0 {
                break;
            }
            files = batch.number;
            vectors_of(app, &lake, batch).await?;
        }
        loop {
            let batch = LakeBatch { server: &server, number: sightings + 1 };
            if app.store.files().number_sightings(batch, SIGHTINGS_AT_ONCE).await? == 0 {
                break;
            }
            sightings = batch.number;
            places_of(app, &lake, batch).await?;
        }
        self.last = Some((files, sightings));
        Ok(true)
    }
}

fn server_of(app: &App) -> String {
    if app.place.name.is_empty() { "server".to_owned() } else { app.place.name.clone() }
}

async fn vectors_of(app: &App, lake: &Arc<Lake>, batch: LakeBatch<'_>) -> Result<(), store::Error> {
    let mut rows = records::Batch::new(&FILE_VECTORS);
    for file in app.store.files().files_of_batch(batch).await? {
        if let Some(report) = report(app, &file.report).await {
            vectors(&file.sha256, file.analysed, &report, &mut |row| rows.push(&row));
        }
    }
    append(lake, &FILE_VECTORS, rows, format!("file-vectors/{}", batch.server), batch.number).await
}

async fn places_of(app: &App, lake: &Arc<Lake>, batch: LakeBatch<'_>) -> Result<(), store::Error> {
    let mut rows = records::Batch::new(&FILES);
    let mut reports: BTreeMap<String, Option<Report>> = BTreeMap::new();
    for seen in app.store.files().sightings_of_batch(batch).await? {
        // Places of one file come one after the other.
        if !reports.contains_key(&seen.report) {
            reports = BTreeMap::from([(seen.report.clone(), report(app, &seen.report).await)]);
        }
        let Some(Some(report)) = reports.get(&seen.report) else { continue };
        let place = Place { first: seen.first_seen, analysed: seen.analysed, host: seen.host, source: seen.source };
        parts(&seen.sha256, &seen.name, &place, report, &mut |row| rows.push(&row));
    }
    append(lake, &FILES, rows, format!("files/{}", batch.server), batch.number).await
}

/// A report as it is kept. One that is gone or damaged tells the lake nothing; the page says what is wrong with it.
async fn report(app: &App, kept_as: &str) -> Option<Report> {
    let vault = app.analysis.vaults().ok()?.reports;
    let kept_as = kept_as.to_owned();
    let read = move || {
        let bytes = vault.bytes(&kept_as, REPORT_BYTES_MAX)?;
        serde_json::from_slice(&bytes).map_err(std::io::Error::from)
    };
    match api::rooms::blocking(read).await.ok()? {
        Ok(report) => Some(report),
        Err(error) => {
            tracing::error!(cause = %error, "a report of a file cannot be read");
            None
        }
    }
}

async fn append<R>(
    lake: &Arc<Lake>,
    kind: &'static Kind<R>,
    mut rows: records::Batch<R>,
    source: String,
    sequence: i64,
) -> Result<(), store::Error> {
    let (Some(table), true) = (Table::named(kind.name), sequence > 0) else { return Ok(()) };
    let failed = |error: String| store::Error::File {
        attempt: "write",
        path: format!("lake/{}", kind.name),
        source: std::io::Error::other(error),
    };
    let rows = if rows.is_empty() { None } else { Some(rows.take().map_err(|error| failed(error.to_string()))?) };
    let lake = lake.clone();
    let appended = tokio::task::spawn_blocking(move || match rows {
        Some(rows) => lake.append(Batch { table, source, sequence, rows }),
        None => lake.skip(&source, sequence),
    });
    appended.await.map_err(|error| failed(error.to_string()))?.map(|_| ()).map_err(|error| failed(error.to_string()))
}

/// Where and when a file was seen.
struct Place {
    first: Timestamp,
    analysed: Timestamp,
    host: Option<String>,
    source: SightingSource,
}

fn parts(root: &str, name: &str, place: &Place, report: &Report, each: &mut dyn FnMut(AnalysedPart)) {
    let mut reasons: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for reason in &report.verdict.reasons {
        reasons.entry(reason.part).or_default().push(reason.rule.clone());
    }
    for part in &report.parts {
        let file = part.file.as_ref();
        let called = if part.number == 0 { name } else { &part.path };
        let named = Named::of(&part.indicators);
        each(AnalysedPart {
            first: place.first.as_microsecond(),
            analysed: place.analysed.as_microsecond(),
            host: place.host.clone(),
            source: api::session::word(&place.source),
            sha256: file.map(|file| file.sha256.clone()),
            root_sha256: root.to_owned(),
            part: number(part.number as u64),
            path: called.to_owned(),
            file_names: forms::file_name(called).into_iter().collect(),
            size: file.map(|file| number(file.size)),
            kind: file.map(|file| file.kind.clone()),
            group: file.map(|file| file.group.clone()),
            mime: file.map(|file| file.mime.clone()),
            md5: file.and_then(|file| file.md5.clone()),
            sha1: file.and_then(|file| file.sha1.clone()),
            tlsh: file.and_then(|file| file.tlsh.clone()),
            ssdeep: file.and_then(|file| file.ssdeep.clone()),
            imphash: texts(part, "pe.imphash").next(),
            rich_hash: texts(part, "pe.rich.hash").next(),
            certificates: texts(part, "pe.signature.thumbprint").collect(),
            domains: named.domains,
            urls: named.urls,
            addresses: named.addresses,
            emails: named.emails,
            verdict: report.verdict.state.label().to_owned(),
            score: i64::from(report.verdict.score),
            complete: report.complete,
            reasons: reasons.remove(&part.number).unwrap_or_default(),
            rules: part.matches.iter().map(|met| met.rule.clone()).collect(),
            oddities: part
                .oddities
                .iter()
                .map(|odd| odd.message.code.clone())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        });
    }
}

fn texts<'a>(part: &'a Part, name: &'a str) -> impl Iterator<Item = String> + 'a {
    part.facts.iter().filter(move |fact| fact.name == name).filter_map(|fact| match &fact.value {
        Known::Digest(text) | Known::Text(text) => Some(text.clone()),
        _ => None,
    })
}

/// What a part names, in the forms that are compared.
#[derive(Default)]
struct Named {
    domains: Vec<String>,
    urls: Vec<String>,
    addresses: Vec<String>,
    emails: Vec<String>,
}

impl Named {
    fn of(indicators: &[Indicator]) -> Named {
        let mut named = Named::default();
        for indicator in indicators.iter().filter(|indicator| !indicator.common) {
            let value = indicator.value.as_str();
            match indicator.kind {
                IndicatorKind::Domain | IndicatorKind::Onion => {
                    put(&mut named.domains, forms::domain(value.as_bytes()));
                }
                IndicatorKind::Ipv4 | IndicatorKind::Ipv6 => {
                    put(
                        &mut named.addresses,
                        value.parse::<std::net::IpAddr>().ok().map(|address| address.to_string()),
                    );
                }
                IndicatorKind::Email => put(&mut named.emails, forms::email(value)),
                IndicatorKind::Url => {
                    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
                    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                    let path = if path.is_empty() { "/" } else { path };
                    put(&mut named.urls, forms::url(host.as_bytes(), path.as_bytes()));
                }
                _ => {}
            }
        }
        named
    }
}

fn put(values: &mut Vec<String>, value: Option<String>) {
    if let Some(value) = value
        && values.len() < VALUES_MAX
        && !values.contains(&value)
    {
        values.push(value);
    }
}

fn vectors(root: &str, analysed: Timestamp, report: &Report, each: &mut dyn FnMut(FileVector)) {
    for part in &report.parts {
        let Some(file) = &part.file else { continue };
        for fact in &part.facts {
            let mut row = FileVector {
                analysed: analysed.as_microsecond(),
                sha256: file.sha256.clone(),
                root_sha256: root.to_owned(),
                part: number(part.number as u64),
                namespace: fact.name.split('.').next().unwrap_or_default().to_owned(),
                name: fact.name.clone(),
                at: fact.at.map(number),
                readers: report.versions.readers.clone(),
                ..FileVector::default()
            };
            fill(&mut row, &fact.value);
            each(row);
        }
    }
}

fn fill(row: &mut FileVector, value: &Known) {
    row.holds = match value {
        Known::Flag(_) => "flag",
        Known::Integer(_) => "integer",
        Known::Real(_) => "real",
        Known::Text(_) => "text",
        Known::Digest(_) => "digest",
        Known::Time(_) => "time",
        Known::Texts(_) => "texts",
        Known::Absent => "absent",
        Known::Failed(_) => "failed",
        Known::Limited(_) => "limited",
    }
    .to_owned();
    match value {
        Known::Flag(flag) => row.flag = Some(*flag),
        Known::Integer(number) => row.number = Some(*number),
        Known::Real(real) => row.real = Some(*real),
        Known::Text(text) | Known::Digest(text) | Known::Limited(text) => row.text = Some(text.clone()),
        Known::Time(time) => row.time = Some(*time),
        Known::Texts(texts) => row.texts.clone_from(texts),
        Known::Failed(Message { code, .. }) => row.text = Some(code.clone()),
        Known::Absent => {}
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
