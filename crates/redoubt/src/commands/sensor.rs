//! `redoubt sensor`: captures into conversations, protocol records and weapon findings.

mod collected;
mod indicators;
mod live;
mod stored;

use crate::args::{Into, SensorAction, SensorRead};
use crate::interrupt;
use crate::output::{Exit, Failure, Output, printable};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use model::{Finding, FindingOutcome, Message};
use rules::{Indicator, Indicators};
use sensor::output::{Output as Records, RecordFiles};
use sensor::profiles::BehaviourFinding;
use sensor::reading::{self, Progress, Reading, Summary};
use sensor::source::{self, Ending};
use sensor::{Kept, LiveIndicators, Options, Policy, Sighting};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use wire::capture::Damage;
use wire::filter::{BadFilter, Filter};

/// A file of some ten million indicators.
const INDICATOR_FILE_BYTES_MAX: u64 = 1 << 29;
/// Lines that are no indicators, told one by one.
const BAD_LINES_TOLD: usize = 20;
/// Between two looks at how far reading got.
const LOOK: Duration = Duration::from_millis(200);

pub fn run(action: SensorAction, output: &Output) -> anyhow::Result<Exit> {
    match action {
        SensorAction::Read(task) => read(&task, output),
        SensorAction::Live(task) => live::run(&task, output),
        SensorAction::Indicators { action } => indicators::run(action, output),
    }
}

/// A filter expression as it was typed.
fn filter(text: Option<&str>) -> anyhow::Result<Option<Filter>> {
    let bad = |error: BadFilter| {
        let why = match error {
            BadFilter::Unexpected(word) | BadFilter::BadAddress(word) | BadFilter::BadPort(word) => format!("`{word}`"),
            BadFilter::TooLong => "…".to_owned(),
        };
        Failure::new(Message::new("cli.sensor-bad-filter").with("why", why))
    };
    Ok(text.map(wire::filter::parse).transpose().map_err(bad)?.flatten())
}

fn read(task: &SensorRead, output: &Output) -> anyhow::Result<Exit> {
    interrupt::watch(output, stopped(task))?;
    let into = Into { data: task.data.clone(), database: task.database.clone() };
    if let Some(place) = into.place() {
        return stored::read(task, &place, output);
    }
    if let Some(home) = &task.collector {
        return collected::read(task, home, output);
    }
    let (reading, bad_lines) = asked(task, output)?;
    let records = task.records.as_deref().map(RecordFiles::create).transpose().map_err(records_failed)?;
    let outputs = |_: usize| records.as_ref().map(RecordFiles::output).into_iter().collect();
    let summary = with_progress(&reading, &outputs, output).map_err(told)?;
    interrupt::check()?;
    let refused = refusals(&summary, output);
    for kept in records
        .map(|records| records.finish(&summary.findings, &summary.notables()))
        .transpose()
        .map_err(records_failed)?
        .unwrap_or_default()
    {
        let rows = i64::try_from(kept.rows).unwrap_or(i64::MAX);
        output.note(&Message::new("cli.sensor-records").with("path", kept.path.display()).number("count", rows));
    }
    // Records on standard output must stay alone there.
    if task.eve.as_deref().is_none_or(|path| path.as_os_str() != "-") {
        if task.json { print_json(&summary, output)? } else { print(&summary, output)? }
    }
    Ok(if refused || bad_lines > 0 { Exit::Partly } else { Exit::Done })
}

/// The reading as it is asked for, and how many lines of the indicators are none.
fn asked(task: &SensorRead, output: &Output) -> anyhow::Result<(Reading, usize)> {
    let options = options(task)?.unwrap_or_default();
    let listed = listed(&task.indicators, output)?;
    let bad_lines = listed.as_ref().map_or(0, |listed| listed.bad_lines);
    let watched = listed.map(|Listed { all: listed, .. }| Arc::new(LiveIndicators::new(Indicators::new(listed))));
    let reading = Reading {
        paths: task.paths.clone(),
        options,
        workers: workers(task.workers),
        merged: task.merged,
        eve: task.eve.clone(),
        files: files(task, &options),
        filter: filter(task.filter.as_deref())?,
        indicators: watched,
    };
    Ok((reading, bad_lines))
}

/// What is there when somebody says stop: EVE lines are whole, and of the records only the beginning.
fn stopped(task: &SensorRead) -> Message {
    match (&task.eve, &task.records) {
        (None, None) => Message::new("cli.sensor-stopped-bare"),
        (Some(_), None) => Message::new("cli.sensor-stopped"),
        (None, Some(folder)) => Message::new("cli.sensor-stopped-records").with("path", folder.display()),
        (Some(_), Some(folder)) => Message::new("cli.sensor-stopped-both").with("path", folder.display()),
    }
}

/// As many as were asked for, else one for each processor.
fn workers(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// Exactly the options that were named; none when nobody named any.
fn options(task: &SensorRead) -> anyhow::Result<Option<Options>> {
    let named = task.options.as_deref().map(Options::only).transpose();
    Ok(named.map_err(|error| unknown_option(&error.0))?)
}

/// Indicators out of files.
#[derive(Default)]
pub(super) struct Listed {
    pub all: Vec<Indicator>,
    /// Lines that are none.
    pub bad_lines: usize,
}

/// Reads files of indicators; a line that is none is told and passed over.
pub(super) fn listed(files: &[PathBuf], output: &Output) -> anyhow::Result<Option<Listed>> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut listed = Listed::default();
    for file in files {
        let path = file.display();
        let cannot = || Failure::new(Message::new("cli.sensor-cannot-read-indicators").with("path", &path));
        let size = file.metadata().with_context(cannot)?.len();
        if size > INDICATOR_FILE_BYTES_MAX {
            let limit = format!("{} MiB", INDICATOR_FILE_BYTES_MAX >> 20);
            return Err(anyhow::Error::from(
                cannot().hint(Message::new("cli.sensor-indicators-too-large").with("limit", limit)),
            ));
        }
        let mut bytes = Vec::new();
        let opened = File::open(file).with_context(cannot)?;
        let mut text = rules::text::utf8(BufReader::new(opened)).map_err(|error| match error {
            rules::text::Error::Read(source) => anyhow::Error::new(source).context(cannot()),
            rules::text::Error::Binary => {
                let what = Message::new("api.indicators-no-text").with("source", &path);
                anyhow::Error::new(Failure::new(what)).context(cannot())
            }
        })?;
        text.read_to_end(&mut bytes).with_context(cannot)?;
        // Lists come in the encodings of whoever made them: what cannot be read spoils its own line only.
        let (read, bad) = Indicators::read(&String::from_utf8_lossy(&bytes));
        for bad in bad.iter().take(BAD_LINES_TOLD) {
            let message = Message::new("cli.sensor-bad-indicator").with("path", &path).with("text", &bad.text);
            let message = message.reason("why", bad.why.message());
            output.note(&message.number("line", i64::try_from(bad.line).unwrap_or(i64::MAX)));
        }
        if bad.len() > BAD_LINES_TOLD {
            let more = i64::try_from(bad.len() - BAD_LINES_TOLD).unwrap_or(i64::MAX);
            output.note(&Message::new("cli.sensor-bad-indicators-more").with("path", &path).number("count", more));
        }
        if !bad.is_empty() {
            let (bad, good) = (bad.len() as i64, read.len() as i64);
            let message = Message::new("cli.sensor-bad-indicators").with("path", &path);
            output.note(&message.number("bad", bad).number("good", good));
        }
        listed.bad_lines += bad.len();
        listed.all.extend(read.into_list());
    }
    Ok(Some(listed))
}

/// Where files are kept: in the named folder, else beside the records when the options ask for it.
fn files(task: &SensorRead, options: &Options) -> Option<(PathBuf, Policy)> {
    let beside = || {
        let folder = task.eve.as_deref().and_then(Path::parent).unwrap_or(Path::new("."));
        options.keep_files.then(|| folder.join("files"))
    };
    let policy = Policy {
        bytes_max: task.keep_max,
        types: task.keep_type.clone(),
        hosts: task.keep_host.clone(),
        quota_bytes: task.keep_quota,
    };
    task.keep_files.clone().or_else(beside).map(|folder| (folder, policy))
}

fn unknown_option(name: &str) -> Failure {
    let known = Options::NAMES.join(", ");
    Failure::new(Message::new("cli.sensor-unknown-option").with("name", name))
        .hint(Message::new("cli.sensor-options").with("known", known))
}

/// An error of the record files with its words.
fn records_failed(error: records::Error) -> anyhow::Error {
    let (records::Error::Write { path, .. } | records::Error::Columns { path, .. }) = &error;
    let what = Message::new("cli.sensor-cannot-write").with("path", path.display());
    match error {
        records::Error::Write { source, .. } => anyhow::Error::new(source).context(Failure::new(what)),
        records::Error::Columns { source, .. } => anyhow::Error::msg(source.to_string()).context(Failure::new(what)),
    }
}

fn with_progress(
    reading: &Reading,
    outputs: &(dyn Fn(usize) -> Vec<Box<dyn Records>> + Sync),
    output: &Output,
) -> Result<Summary, reading::Error> {
    let progress = Progress::default();
    let size: u64 = reading.paths.iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum();
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {bytes}/{total_bytes} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let shown = std::io::stderr().is_terminal() && size >= 1 << 24;
    let bar = if shown { ProgressBar::new(size) } else { ProgressBar::hidden() };
    let bar = bar.with_prefix(output.word("cli.sensor-reading")).with_style(style);
    std::thread::scope(|scope| {
        let (reading_on, over) = mpsc::channel::<()>();
        let (bar, progress) = (&bar, &progress);
        scope.spawn(move || {
            // The channel closes when reading is over: nobody waits for the rest of a look.
            while over.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                bar.set_position(progress.bytes.load(Ordering::Relaxed));
                progress.stop.fetch_or(interrupt::stopped(), Ordering::Relaxed);
            }
        });
        let summary = reading::read_into(reading, outputs, progress);
        drop(reading_on);
        bar.finish_and_clear();
        summary
    })
}

/// An error of the sensor with its words.
fn told(error: reading::Error) -> anyhow::Error {
    let path = |path: &PathBuf| path.display().to_string();
    let what = match &error {
        reading::Error::Source(source) => source_message(source),
        reading::Error::Write { path: at, .. } => Message::new("cli.sensor-cannot-write").with("path", path(at)),
        reading::Error::NoCapture(at) => Message::new("cli.sensor-no-capture").with("path", path(at)),
        reading::Error::Worker => Message::new("cli.sensor-worker"),
    };
    match cause(error) {
        Some(cause) => anyhow::Error::new(cause).context(Failure::new(what)),
        None => Failure::new(what).into(),
    }
}

/// What the operating system said; it has words in both languages.
fn cause(error: reading::Error) -> Option<std::io::Error> {
    match error {
        reading::Error::Source(source::Error::Open { source, .. } | source::Error::Read { source, .. })
        | reading::Error::Write { source, .. } => Some(source),
        reading::Error::NoCapture(_) | reading::Error::Worker => None,
    }
}

fn source_message(error: &source::Error) -> Message {
    match error {
        source::Error::Open { path, .. } => Message::new("cli.sensor-cannot-open").with("path", path.display()),
        source::Error::Read { path, read, .. } => Message::new("cli.sensor-cannot-read")
            .with("path", path.display())
            .number("at", i64::try_from(*read).unwrap_or(i64::MAX)),
    }
}

/// Says of every capture that is not whole where it ends; true when one could not be read to its end.
fn refusals(summary: &Summary, output: &Output) -> bool {
    let mut refused = false;
    for (path, outcome) in &summary.captures {
        let message = match outcome {
            Ok(Ending::Whole) if is_empty(path) => Message::new("cli.sensor-empty"),
            Ok(Ending::Whole) => continue,
            Ok(Ending::CutOff { at: 0 }) => Message::new("cli.sensor-cut-header"),
            Ok(Ending::CutOff { at }) => at_byte(Message::new("cli.sensor-cut-off"), *at),
            Ok(Ending::Broken { at, damage }) => {
                at_byte(Message::new("cli.sensor-broken"), *at).with("why", output.word(damage_code(*damage)))
            }
            Err(error) => {
                let (source::Error::Open { source, .. } | source::Error::Read { source, .. }) = error;
                let what = Message::new("cli.sensor-because")
                    .reason("what", source_message(error).with("path", path.display()));
                what.reason("cause", source)
            }
        };
        // A capture that is cut off is read as far as it goes: that is how those of a running recorder end. One that is
        // cut off within its header gives nothing.
        refused |= !matches!(outcome, Ok(Ending::CutOff { at: 1.. }));
        output.note(&message.with("path", path.display()));
    }
    refused
}

fn is_empty(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.len() == 0)
}

fn at_byte(message: Message, at: u64) -> Message {
    message.number("at", i64::try_from(at).unwrap_or(i64::MAX))
}

fn damage_code(damage: Damage) -> &'static str {
    match damage {
        Damage::NotACapture => "cli.sensor-damage-no-capture",
        Damage::RecordTooLong(_) => "cli.sensor-damage-too-long",
        Damage::BadBlock(_) => "cli.sensor-damage-block",
        Damage::NoSuchInterface(_) | Damage::TooManyInterfaces => "cli.sensor-damage-interface",
    }
}

/// Findings of one weapon against any host by one originator: what a person reads first.
fn grouped(findings: &[Finding]) -> BTreeMap<(String, FindingOutcome, String), Vec<&Finding>> {
    let mut groups = BTreeMap::<_, Vec<&Finding>>::new();
    for finding in findings {
        let key = (finding.weapon.to_string(), finding.outcome, finding.originator.to_string());
        groups.entry(key).or_default().push(finding);
    }
    groups
}

fn print(summary: &Summary, output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    for ((weapon, outcome, originator), findings) in grouped(&summary.findings) {
        let outcome = output.word(match outcome {
            FindingOutcome::Attempt => "cli.sensor-attempt",
            FindingOutcome::Success => "cli.sensor-success",
        });
        let targets: Vec<String> = findings.iter().map(|finding| finding.responder.to_string()).take(5).collect();
        let message = Message::new("cli.sensor-finding")
            .with("weapon", weapon)
            .with("outcome", outcome)
            .with("originator", originator)
            .with("targets", targets.join(", "))
            .number("hosts", count(findings.len() as u64))
            .number("count", count(findings.iter().map(|finding| finding.count).sum()));
        writeln!(out, "{}", output.bold(&printable(&output.text(&message))))?;
    }
    for finding in &summary.behaviour.findings {
        writeln!(out, "{}", printable(&output.text(&behaviour(finding, output))))?;
    }
    for sighting in &summary.sightings {
        let message = Message::new("cli.sensor-sighting")
            .with("kind", sighting.indicator.kind.name())
            .with("value", &sighting.indicator.value)
            .with("originator", sighting.originator)
            .with("responder", sighting.responder)
            .number("count", count(sighting.count));
        writeln!(out, "{}", output.bold(&printable(&output.text(&message))))?;
    }
    let counts = &summary.counts;
    let message = Message::new("cli.sensor-summary")
        .number("frames", count(counts.frames))
        .number("bytes", count(counts.bytes))
        .number("flows", count(counts.flows))
        .number("findings", count(summary.findings.len() as u64))
        .number("odd", count(counts.odd.values().sum()));
    writeln!(out, "{}", output.text(&message))?;
    let kept = &summary.kept;
    if *kept != Kept::default() {
        let message = Message::new("cli.sensor-kept")
            .number("stored", count(kept.stored))
            .number("known", count(kept.known))
            .number("over", count(kept.over_quota + kept.too_large))
            .number("incomplete", count(kept.incomplete));
        writeln!(out, "{}", output.text(&message))?;
    }
    if let Some(error) = &summary.keeping_failed {
        let message =
            Message::new("cli.sensor-keeping-failed").number("count", count(kept.failed)).reason("cause", error);
        output.note(&message);
    }
    Ok(out.flush()?)
}

fn print_json(summary: &Summary, output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    let counts = &summary.counts;
    let odd: BTreeMap<String, u64> = counts.odd.iter().map(|(odd, count)| (format!("{odd:?}"), *count)).collect();
    let sightings: Vec<_> = summary.sightings.iter().map(sighting_line).collect();
    let behaviour: Vec<_> = summary.behaviour.findings.iter().map(behaviour_line).collect();
    let line = json!({
        "frames": counts.frames, "bytes": counts.bytes, "packets": counts.packets, "flows": counts.flows,
        "evicted": counts.evicted, "odd": odd, "findings": summary.findings, "sightings": sightings, "behaviour": behaviour,
    });
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// What stood out in a host's behaviour, with what was measured.
fn behaviour(finding: &BehaviourFinding, output: &Output) -> Message {
    let target = match (finding.responder, finding.port) {
        (Some(responder), Some((_, port))) => format!("→ {responder}:{port}"),
        (Some(responder), None) => format!("→ {responder}"),
        (None, Some((_, port))) => format!(":{port}"),
        (None, None) => String::new(),
    };
    let measured = finding.facts.iter().filter(|(name, _)| !name.ends_with("_min") && !name.ends_with("_max"));
    let facts: Vec<String> =
        measured.map(|(name, value)| format!("{name} {}", (value * 100.0).round() / 100.0)).collect();
    Message::new("cli.sensor-behaviour")
        .with("what", output.word(&format!("cli.sensor-behaviour.{}", finding.kind.name())))
        .with("originator", finding.originator)
        .with("target", target)
        .with("facts", facts.join(", "))
        .number("count", i64::try_from(finding.count).unwrap_or(i64::MAX))
}

fn behaviour_line(finding: &BehaviourFinding) -> serde_json::Value {
    let facts: BTreeMap<&str, f64> = finding.facts.iter().copied().collect();
    json!({
        "behaviour": finding.kind.name(), "originator": finding.originator, "responder": finding.responder,
        "port": finding.port.map(|(_, port)| port), "count": finding.count, "first": finding.first,
        "last": finding.last, "facts": facts,
    })
}

fn sighting_line(sighting: &Sighting) -> serde_json::Value {
    json!({
        "kind": sighting.indicator.kind.name(), "value": sighting.indicator.value, "place": sighting.place,
        "originator": sighting.originator, "responder": sighting.responder, "count": sighting.count,
        "first": sensor::timestamp(sighting.first_ns), "last": sensor::timestamp(sighting.last_ns),
    })
}
