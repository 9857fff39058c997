//! `redoubt demo`: the demo network into the server's data.

use super::open;
use crate::args::Demo;
use crate::output::{Exit, Output, json_line};
use model::Message;
use serde_json::json;
use server::ingest::ingest;
use std::io::Write;
use store::Act;

/// Machines made and judged at a time, so that a large network does not have to fit into memory.
const BATCH: usize = 5_000;

pub fn run(task: Demo, output: &Output) -> anyhow::Result<Exit> {
    let hosts = open::runtime()?.block_on(async {
        let app = open::app(&task.place).await?;
        let mut machines = situation::demo::network(task.size, app.now());
        let mut hosts = 0;
        loop {
            let batch: Vec<_> = machines.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let act = Act::at(app.now()).recorded("cli", "demo.load", "network:demo", json!({ "size": batch.len() }));
            let made = ingest(&app, None, batch, Vec::new(), &act).await.map_err(|problem| open::told(&problem))?;
            hosts += made.new + made.known;
        }
        app.store.close().await;
        anyhow::Ok(hosts)
    })?;
    let mut out = output.stdout();
    if task.json {
        json_line(&mut out, &json!({ "hosts": hosts }))?;
    } else {
        writeln!(out, "{}", output.text(&Message::new("cli.demo-loaded").number("hosts", hosts as i64)))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
