//! `redoubt file scan`: what files are, what they say, and what is inside them. Works without a server.

use super::found::{Found, FoundFile};
use super::given::{self, KnownHashes};
use super::rules::{compiled, program};
use crate::args::FileScan;
use crate::interrupt;
use crate::output::{Exit, Failure, Output, json_line, printable};
use analysis::report::Read;
use analysis::{Costs, Crew, Opened, Report, Request, Setup};
use model::Message;
use rayon::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use verdict::State;

/// Files that are read at the same time by each core, before any of them is told: they are told in order.
const AT_ONCE: usize = 32;
/// Reasons that are told of one file; JSON has all.
const REASONS_TOLD: usize = 8;

pub fn scan(task: &FileScan, output: &Output) -> anyhow::Result<Exit> {
    let mut found = Found::of(&task.paths)?;
    if found.is_empty() {
        return Err(Failure::new(Message::new("cli.file-nothing")).into());
    }
    interrupt::reached(Message::new("cli.file-stopped"));
    let passwords = given::passwords(&task.passwords, task.password_file.as_deref())?;
    let known = KnownHashes::of(&task.indicators, output)?;
    let bar = crate::progress::bar(output, "cli.file-scanning", found.files.len());
    let mut out = output.stdout();
    let program = program()?;
    let rules = task.rules.as_deref().map(|rules| compiled(&program, rules, output)).transpose()?;
    let model = task.model.clone().or_else(analysis::type_model);
    let crew = Crew::new(program, Setup { rules: rules.as_ref().map(|(path, _)| path.clone()), model });
    crew.try_out().map_err(|error| Failure::new(error.message()))?;
    let mut told: BTreeMap<State, i64> = BTreeMap::new();
    for files in found.files.chunks(AT_ONCE * rayon::current_num_threads()) {
        let scanned: Vec<(&FoundFile, Result<Opened, Message>)> =
            files.par_iter().map(|file| (file, opened(&crew, file, &passwords))).collect();
        for (FoundFile { path, .. }, opened) in scanned {
            bar.inc(1);
            match opened {
                Ok(Opened { mut report, .. }) => {
                    known.overrule(&mut report);
                    *told.entry(report.verdict.standing()).or_default() += 1;
                    if task.json {
                        json_line(&mut out, &analysis::line::object(&report, &path.display().to_string()))?;
                    } else {
                        bar.suspend(|| tell(&mut out, path, &report, output))?;
                    }
                }
                Err(why) => found.refused.push((path.clone(), why)),
            }
        }
        out.flush()?;
        interrupt::check()?;
    }
    bar.finish_and_clear();
    if task.json {
        tell_unread(&found, &mut out)?;
    } else {
        let of = |state: State| told.get(&state).copied().unwrap_or(0);
        let summary = Message::new("cli.file-summary")
            .number("count", told.values().sum::<i64>())
            .number("malicious", of(State::Malicious))
            .number("suspicious", of(State::Suspicious))
            .number("incomplete", of(State::Incomplete));
        writeln!(out, "{}", output.text(&summary))?;
    }
    out.flush()?;
    found.tell_refused(output);
    Ok(Exit::of(found.refused.len()))
}

/// Has a file opened by a process that can reach nothing else.
fn opened(crew: &Crew, found: &FoundFile, passwords: &[String]) -> Result<Opened, Message> {
    let regular = found.open()?;
    let passwords = passwords.to_vec();
    let request = Request { name: found.name(), passwords, costs: Costs::default(), only_identify: false };
    let mut opened = crew.open(&request, &regular.file).map_err(|error| error.message())?;
    if !regular.is_unchanged() {
        opened.report.changed_meanwhile();
    }
    Ok(opened)
}

/// A line for each thing that was not read: what cannot be, and links.
fn tell_unread(found: &Found, out: &mut impl Write) -> anyhow::Result<()> {
    for (path, why) in &found.refused {
        json_line(&mut *out, &json!({ "path": path.display().to_string(), "failed": why }))?;
    }
    for path in &found.links {
        let why = Message::new("cli.file-link");
        json_line(&mut *out, &json!({ "path": path.display().to_string(), "skipped": why }))?;
    }
    Ok(())
}

/// A file in a few lines: what it is, how it is judged and why, and what of it could not be read.
fn tell(out: &mut impl Write, path: &Path, report: &Report, output: &Output) -> anyhow::Result<()> {
    let Some(root) = report.root() else { return Ok(()) };
    let name = output.bold(&printable(&path.display().to_string()));
    match &root.file {
        Some(file) => writeln!(out, "{name}  {} ({})  {}", file.kind, file.mime, file.size)?,
        None => writeln!(out, "{name}")?,
    }
    let verdict = &report.verdict;
    let standing = verdict.standing();
    let state = output.text(&standing.message());
    let state = match standing {
        State::Malicious | State::Suspicious => output.bold(&state),
        State::Unknown | State::Clean | State::Incomplete => state,
    };
    writeln!(out, "  {state}  {}", output.dim(&root.file.as_ref().map_or(String::new(), |file| file.sha256.clone())))?;
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut line = |message: &Message| writeln!(out, "  {}", printable(&output.text(message)));
    if let Some(overruled) = &verdict.overruled {
        line(&overruled.by.message())?;
    }
    if let Some(why) = &report.broken {
        line(why)?;
    }
    if let Read::Partial(why) = &root.outcome {
        line(why)?;
    }
    for reason in verdict.reasons.iter().take(REASONS_TOLD) {
        let points = format!("{:+}", reason.counted);
        line(&Message::new("cli.file-reason").with("points", points).reason("reason", reason.message.clone()))?;
    }
    if verdict.reasons.len() > REASONS_TOLD {
        line(&Message::new("cli.file-more-reasons").number("count", number(verdict.reasons.len() - REASONS_TOLD)))?;
    }
    // What is inside has most of what the file has: each rule once.
    let met: BTreeSet<(&str, &str)> = report
        .parts
        .iter()
        .flat_map(|part| &part.matches)
        .map(|met| (met.rule.as_str(), met.namespace.as_str()))
        .collect();
    for (rule, file) in met.into_iter().take(REASONS_TOLD) {
        line(&Message::new("cli.file-rule").with("rule", rule).with("file", file))?;
    }
    let Some(file) = &root.file else { return Ok(()) };
    if file.mismatch.is_some() {
        line(&Message::new("cli.file-extension"))?;
    }
    for also in &file.also {
        let at = i64::try_from(also.at).unwrap_or(i64::MAX);
        line(&Message::new("cli.file-also").with("type", &also.kind).number("at", at))?;
    }
    if report.parts.len() > 1 {
        line(&Message::new("cli.file-parts").number("count", number(report.parts.len() - 1)))?;
    }
    let oddities: usize = report.parts.iter().map(|part| part.oddities.len()).sum();
    if oddities > 0 {
        line(&Message::new("cli.file-oddities").number("count", number(oddities)))?;
    }
    if !report.complete {
        line(&Message::new("cli.file-incomplete"))?;
    }
    Ok(())
}
