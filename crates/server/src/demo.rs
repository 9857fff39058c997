//! Loads the demo network.

use crate::assess::refresh_fleet;
use crate::ingest::ingest;
use crate::jobs::{Stop, Work};
use api::state::App;
use serde_json::{Value, json};
use store::Act;

/// Hosts of the demo network.
const HOSTS: usize = situation::demo::SIZE;
/// Machines made at a time: a large network never stands in memory whole.
const MACHINES_AT_ONCE: usize = 2000;

pub async fn run(work: &Work) -> Result<Value, Stop> {
    work.step(0, HOSTS as u64, None).await?;
    let hosts = load(&work.app, HOSTS, "system", |_| {}).await?;
    work.step(hosts, hosts, None).await?;
    Ok(json!({ "hosts": hosts }))
}

/// Stores a demo network of about so many hosts, all judged; gives how many it has. `done` is told how many there are
/// so far.
pub async fn load(app: &App, size: usize, actor: &str, done: impl Fn(u64)) -> Result<u64, api::Problem> {
    let now = app.now();
    let mut act = Act::at(now).recorded(actor, "demo.load", "network:demo", json!({ "size": size }));
    let mut machines = situation::demo::network(size, now);
    let mut hosts = 0;
    loop {
        let batch: Vec<_> = machines.by_ref().take(MACHINES_AT_ONCE).collect();
        if batch.is_empty() {
            break;
        }
        let ingested = ingest(app, None, batch, Vec::new(), &act).await?;
        hosts += ingested.new + ingested.known;
        done(hosts);
        // Recorded once, with the first of it.
        act = Act::at(now);
    }
    app.store.set_setting("demo", &json!(true), &app.act()).await?;
    refresh_fleet(app).await?;
    Ok(hosts)
}
