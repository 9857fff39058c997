//! `redoubt knowledge import FILE…` and `status`: the definitions of vulnerabilities and updates.

use super::open;
use crate::args::{KnowledgeAction, KnowledgeImport, KnowledgeStatus};
use crate::interrupt;
use crate::output::{Exit, Failure, Output, json_line, printable};
use ::knowledge::Knowledge;
use ::knowledge::catalogue::Catalogue;
use ::knowledge::import::{Imported, Update};
use anyhow::Context;
use model::Message;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use store::Act;

pub fn run(action: KnowledgeAction, output: &Output) -> anyhow::Result<Exit> {
    match action {
        KnowledgeAction::Import(task) => import(&task, output),
        KnowledgeAction::Status(task) => status(&task, output),
    }
}

fn import(task: &KnowledgeImport, output: &Output) -> anyhow::Result<Exit> {
    interrupt::watch(output, Message::new("cli.knowledge-stopped").number("done", 0))?;
    match &task.out {
        Some(out) => into_file(task, out, output),
        None => into_store(task, output),
    }
}

/// Makes the compact catalogue that the product ships and `--knowledge` reads.
fn into_file(task: &KnowledgeImport, out: &Path, output: &Output) -> anyhow::Result<Exit> {
    let mut catalogue = Catalogue::default();
    for file in &task.files {
        let imported = open::definitions(file)?;
        report(file, &imported, task.json, output)?;
        match imported.update {
            Update::Catalogue(other) => catalogue = catalogue.merge(&other).0,
            Update::Kev(_) | Update::Epss(_) => {
                let message = Message::new("cli.no-catalogue").with("path", file.display());
                return Err(Failure::new(message).hint(Message::new("cli.no-catalogue-hint")).into());
            }
        }
    }
    let bytes = catalogue.to_bytes().context("cannot pack the catalogue")?;
    std::fs::write(out, bytes).with_context(|| open::cannot_write(out))?;
    let mut stdout = output.stdout();
    if !task.json {
        writeln!(stdout, "{}", output.text(&Message::new("cli.wrote").with("path", out.display())))?;
    }
    stdout.flush()?;
    Ok(Exit::Done)
}

fn into_store(task: &KnowledgeImport, output: &Output) -> anyhow::Result<Exit> {
    open::runtime()?.block_on(async {
        let app = open::app(&task.place).await?;
        let mut refused = 0;
        for (done, file) in task.files.iter().enumerate() {
            interrupt::check()?;
            interrupt::reached(Message::new("cli.knowledge-stopped").number("done", (done - refused) as i64));
            let imported = match open::definitions(file) {
                Ok(imported) => imported,
                // One bad file of a folder does not keep the others out.
                Err(error) => {
                    output.failure(&error);
                    refused += 1;
                    continue;
                }
            };
            report(file, &imported, task.json, output)?;
            let name = file.display().to_string();
            let detail = json!({ "file": name, "rows": imported.report.rows });
            let now = app.now();
            let act =
                |kind: &str| Act::at(now).recorded("cli", "knowledge.import", &format!("knowledge:{kind}"), detail);
            server::learn::keep(&app, imported, file, &name, act).await.map_err(|problem| open::told(&problem))?;
        }
        app.store.close().await;
        anyhow::Ok(if refused == task.files.len() { Exit::Failed } else { Exit::of(refused) })
    })
}

fn report(file: &Path, imported: &Imported, as_json: bool, output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    if as_json {
        let line = json!({ "file": file.display().to_string(), "kind": imported.kind, "report": imported.report });
        json_line(&mut out, &line)?;
    } else {
        writeln!(out, "{}", output.bold(&printable(&file.display().to_string())))?;
        for line in imported.report.messages() {
            writeln!(out, "  {}", output.text(&line))?;
        }
    }
    Ok(out.flush()?)
}

fn status(task: &KnowledgeStatus, output: &Output) -> anyhow::Result<Exit> {
    let knowledge = open::runtime()?.block_on(async {
        let app = open::app(&task.place).await?;
        let knowledge = app.knowledge();
        app.store.close().await;
        anyhow::Ok(knowledge)
    })?;
    let knowledge: &Knowledge = &knowledge;
    let counts = knowledge.catalogue.counts();
    let mut out = output.stdout();
    if task.json {
        let line = json!({
            "weapons": knowledge.weapons.iter().count(),
            "dated": knowledge.dated(),
            "catalogue": { "as_of": knowledge.catalogue.as_of(), "counts": counts },
            "kev": { "as_of": knowledge.kev.as_of, "entries": knowledge.kev.len() },
            "digest": knowledge.digest(),
        });
        json_line(&mut out, &line)?;
    } else {
        let shown = |date: Option<jiff::civil::Date>| date.map_or_else(|| "?".to_owned(), |date| date.to_string());
        let weapons = Message::new("cli.known-weapons")
            .number("count", knowledge.weapons.iter().count() as i64)
            .with("date", knowledge.dated());
        let catalogue = Message::new("cli.known-catalogue")
            .number("cves", counts.vulnerabilities as i64)
            .number("updates", counts.updates as i64)
            .with("date", shown(knowledge.catalogue.as_of()));
        let kev = Message::new("cli.known-kev")
            .number("count", knowledge.kev.len() as i64)
            .with("date", shown(knowledge.kev.as_of));
        for line in [weapons, catalogue, kev] {
            writeln!(out, "{}", output.text(&line))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
