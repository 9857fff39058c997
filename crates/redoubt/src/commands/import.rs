//! `redoubt import PATH…`: host facts into the server's data, judged at once.

use super::open;
use crate::args::{Import, Place};
use crate::output::{Exit, Failure, Output, json_line, printable};
use crate::{gather, interrupt};
use model::{Host, Message};
use serde_json::{Value, json};
use server::App;
use server::ingest::{Ingested, ingest};
use std::io::Write;
use std::path::PathBuf;
use store::Act;

/// Hosts taken from the store at a time.
const PAGE: u32 = 500;

pub fn run(task: Import, output: &Output) -> anyhow::Result<Exit> {
    interrupt::watch(output, so_far(&Ingested::default()))?;
    let runtime = open::runtime()?;
    // Opened with the first facts: a folder without any leaves no data behind.
    let mut app: Option<App> = None;
    let mut all = Ingested::default();
    let mut recorded = false;
    let outcome = gather::in_batches(&task.paths, output, |observations| {
        runtime.block_on(async {
            let app = match &mut app {
                Some(app) => app,
                none => none.insert(open::app(&task.place).await?),
            };
            // One command, one record, with the first of its facts: however it ends, it is told once what was begun.
            let mut act = Act::at(app.now());
            if !std::mem::replace(&mut recorded, true) {
                act = act.recorded("cli", "import.run", &object(&task.paths), paths(&task.paths));
            }
            let ingested = ingest(app, None, observations, Vec::new(), &act)
                .await
                .map_err(|problem| broke_off(&problem, &task.place))?;
            all.new += ingested.new;
            all.hosts.extend(ingested.hosts);
            all.known = all.hosts.len() as u64 - all.new.min(all.hosts.len() as u64);
            interrupt::reached(so_far(&all));
            Ok(())
        })
    });
    if let Some(app) = app {
        runtime.block_on(app.store.close());
    }
    let refused = outcome?;
    report(&all, refused, task.json, output)?;
    Ok(Exit::of(refused))
}

/// What the audit log calls it: the first thing named on the command line.
fn object(paths: &[PathBuf]) -> String {
    format!("import:{}", paths.first().map(|path| path.display().to_string()).unwrap_or_default())
}

fn paths(paths: &[PathBuf]) -> Value {
    json!({ "paths": paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>() })
}

/// What is stored when somebody says stop.
fn so_far(all: &Ingested) -> Message {
    Message::new("cli.import-stopped").number("new", all.new as i64).number("known", all.known as i64)
}

fn broke_off(problem: &api::Problem, place: &Place) -> anyhow::Error {
    let shown = open::data_directory(place).map(|data| place.shown(&data)).unwrap_or_default();
    let what = Message::new("cli.cannot-store").with("path", shown);
    open::told(problem).context(Failure::new(what).hint(Message::new("cli.cannot-use-data-hint")))
}

fn report(ingested: &Ingested, refused: usize, as_json: bool, output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    if as_json {
        json_line(&mut out, &json!({ "new": ingested.new, "known": ingested.known, "refused": refused }))?;
    } else {
        let message = Message::new("cli.imported")
            .number("new", ingested.new as i64)
            .number("known", ingested.known as i64)
            .number("refused", refused as i64);
        writeln!(out, "{}", printable(&output.text(&message)))?;
    }
    Ok(out.flush()?)
}

/// Every host of the server's data.
pub fn stored_hosts(place: &Place) -> anyhow::Result<Vec<Host>> {
    open::runtime()?.block_on(async {
        let app = open::app(place).await?;
        let mut hosts: Vec<Host> = Vec::new();
        loop {
            let after = hosts.last().map(|host| host.id.clone());
            let page = app.store.hosts_after(after.as_ref(), PAGE).await?;
            if page.is_empty() {
                app.store.close().await;
                return Ok(hosts);
            }
            hosts.extend(page);
        }
    })
}
