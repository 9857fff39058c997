//! Loads the demo network.

use crate::assess::refresh_fleet;
use crate::ingest::ingest;
use crate::jobs::{Stop, Work};
use api::state::App;
use serde_json::{Value, json};
use store::Act;

/// Hosts of the demo network.
const HOSTS: usize = 240;

pub async fn run(work: &Work) -> Result<Value, Stop> {
    work.step(0, HOSTS as u64, None).await?;
    let hosts = load(&work.app).await?;
    work.step(hosts, hosts, None).await?;
    Ok(json!({ "hosts": hosts }))
}

/// Stores the demo network, all judged; gives how many hosts it has.
pub async fn load(app: &App) -> Result<u64, api::Problem> {
    let now = app.now();
    let observations = api::rooms::blocking(move || situation::demo::network(HOSTS, now).collect()).await?;
    let act = Act::at(now).recorded("system", "demo.load", "network:demo", json!({}));
    let ingested = ingest(app, None, observations, Vec::new(), &act).await?;
    app.store.set_setting("demo", &json!(true), &app.act()).await?;
    refresh_fleet(app).await?;
    Ok(ingested.new + ingested.known)
}
