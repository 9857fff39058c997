//! `redoubt import PATH…`: host facts into the server's data, judged at once.

use super::open;
use crate::args::{Import, Place};
use crate::gather;
use crate::output::{Exit, Failure, Output, json_line, printable};
use model::{Host, Message};
use serde_json::json;
use server::ingest::{Ingested, ingest};
use std::io::Write;
use store::Act;

/// Hosts taken from the store at a time.
const PAGE: u32 = 500;

pub fn run(task: Import, output: &Output) -> anyhow::Result<Exit> {
    let reading = gather::read_or_fail(&task.paths, output)?;
    let refused = reading.refusals.len();
    let observations = reading.observations;
    let ingested = open::runtime()?.block_on(async {
        let app = open::app(&task.place).await?;
        let act = Act::at(app.now()).recorded("cli", "import.run", "import:cli", json!({}));
        let ingested = ingest(&app, None, observations, Vec::new(), &act)
            .await
            .map_err(|problem| broke_off(&problem, &task.place))?;
        app.store.close().await;
        anyhow::Ok(ingested)
    })?;
    report(&ingested, refused, task.json, output)?;
    Ok(Exit::of(refused))
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
