//! `redoubt harden HOST --out DIR`: the scripts and the runbook of a host's plan.

use super::{import, open};
use crate::args::Harden;
use crate::gather;
use crate::output::{Exit, Output, json_line, printable};
use crate::pick;
use anyhow::Context;
use model::{Host, Message};
use serde_json::json;
use situation::Assessment;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use words::Language;

pub fn run(task: Harden, output: &Output) -> anyhow::Result<Exit> {
    let (hosts, exit) = hosts(&task, output)?;
    let host = pick::host(&hosts, &task.host)?;
    let knowledge = open::knowledge(&task.knowledge)?;
    let assessment = situation::assess(host, &knowledge, open::day(task.day));
    fs::create_dir_all(&task.out).with_context(|| open::cannot_write(&task.out))?;
    let written = write_all(&task.out, host, &assessment)?;
    report(&task, &assessment.plan.id.0, &written, output)?;
    Ok(exit)
}

fn hosts(task: &Harden, output: &Output) -> anyhow::Result<(Vec<Host>, Exit)> {
    if task.from.is_empty() {
        return Ok((import::stored_hosts(&task.place)?, Exit::Done));
    }
    let reading = gather::read_or_fail(&task.from, output)?;
    let exit = Exit::of(reading.refusals.len());
    Ok((inventory::snapshots(reading.observations), exit))
}

fn write_all(folder: &Path, host: &Host, assessment: &Assessment) -> anyhow::Result<Vec<PathBuf>> {
    let Assessment { exposure, plan } = assessment;
    let mut written = Vec::new();
    for script in hardening::scripts(host, plan, &hardening::Options::default()) {
        written.push(write(folder, &script.name, &script.bytes)?);
    }
    for language in Language::ALL {
        let html = hardening::runbook_html(host, exposure, plan, language);
        written.push(write(folder, &format!("runbook.{language}.html"), html.as_bytes())?);
        let pdf = hardening::runbook_pdf(host, exposure, plan, language);
        written.push(write(folder, &format!("runbook.{language}.pdf"), &pdf)?);
    }
    Ok(written)
}

/// The names come from our own renderer; a separator in one would still be a way out of the directory.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    anyhow::ensure!(!name.contains(['/', '\\']) && name != "..", "not a file name: `{name}`");
    let path = folder.join(name);
    fs::write(&path, bytes).with_context(|| open::cannot_write(&path))?;
    Ok(path)
}

fn report(task: &Harden, plan: &str, written: &[PathBuf], output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    if task.json {
        let files: Vec<_> = written.iter().map(|path| path.display().to_string()).collect();
        json_line(&mut out, &json!({ "plan": plan, "files": files }))?;
    } else {
        for path in written {
            writeln!(out, "{}", printable(&output.text(&Message::new("cli.wrote").with("path", path.display()))))?;
        }
    }
    Ok(out.flush()?)
}
