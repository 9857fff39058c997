//! `redoubt-agent memory`: what runs in memory and is in no file, or not as in its file, on this machine now.

use crate::args;
use crate::voice;
use endpoint::memory::facts::{Finding, Reason};
use endpoint::memory::maps::Origin;
use endpoint::memory::scan::{Budget, Scanner};
use endpoint::telemetry::publisher::Publishers;
use model::Message;
use serde_json::{Value, json};
use std::process::ExitCode;
use words::Language;

pub fn run(task: &args::Memory, language: Language) -> ExitCode {
    match look(task, language) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => voice::failed(&why, language),
    }
}

fn look(task: &args::Memory, language: Language) -> Result<(), Message> {
    let mut scanner = Scanner::new(Publishers::of(&task.packages.clone().into()));
    let unread = |error: &std::io::Error| Message::new("memory.unread").reason("why", error);
    let (mut processes, mut regions, mut missed, mut found) = (0, 0, 0, 0);
    loop {
        let pass = scanner.pass(Budget::default()).map_err(|error| unread(&error))?;
        processes += pass.processes;
        regions += pass.regions;
        missed += pass.unread.len() + pass.cut.len();
        for finding in pass.findings.iter().filter(|finding| finding.points >= task.from) {
            found += 1;
            tell(task.json, language, || object(finding), || sentence(finding))?;
            if !task.json {
                finding.reasons.iter().try_for_each(|reason| tell(false, language, || Value::Null, || why(reason)))?;
            }
        }
        if pass.complete {
            break;
        }
    }
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let missed = u64::try_from(missed).unwrap_or(u64::MAX);
    let ended = || json!({ "event": "ended", "processes": processes, "regions": regions, "missed": missed });
    let summary = || {
        Message::new("memory.looked")
            .number("processes", number(processes))
            .number("regions", number(regions))
            .number("missed", number(missed))
            .number("found", found)
    };
    tell(task.json, language, ended, summary)
}

fn tell(
    json: bool,
    language: Language,
    object: impl FnOnce() -> Value,
    message: impl FnOnce() -> Message,
) -> Result<(), Message> {
    match voice::tell(json, language, object, message) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Message::new("guard.path").with("path", "stdout").reason("cause", &error))
        }
        _ => Ok(()),
    }
}

/// What was found, for programs.
pub fn object(finding: &Finding) -> Value {
    json!({
        "event": "in_memory", "points": finding.points, "process": finding.process, "region": finding.facts,
        "reasons": finding.reasons,
    })
}

/// What was found, for people.
pub fn sentence(finding: &Finding) -> Message {
    let region = &finding.facts.region;
    Message::new("memory.found")
        .number("points", finding.points)
        .with("program", &finding.process.path)
        .number("process", finding.process.pid)
        .with("place", place(finding))
        .reason("origin", origin(&region.origin))
}

/// From where to where.
pub fn place(finding: &Finding) -> String {
    format!("{:x}-{:x}", finding.facts.region.start, finding.facts.region.end)
}

fn origin(origin: &Origin) -> Message {
    match origin {
        Origin::Anonymous => Message::new("memory.is-anonymous"),
        Origin::Heap => Message::new("memory.is-heap"),
        Origin::Stack => Message::new("memory.is-stack"),
        Origin::Memfd { name } => Message::new("memory.is-memfd").with("name", name),
        Origin::Deleted { path } => Message::new("memory.is-deleted").with("path", path),
        Origin::File { path } => Message::new("memory.is-file").with("path", path),
        Origin::Kernel => Message::new("memory.is-kernel"),
    }
}

fn why(reason: &Reason) -> Message {
    Message::new("memory.reason").number("points", reason.points).reason("why", reason.message.clone())
}
