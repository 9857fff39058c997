//! `redoubt demo`: the demo network into the server's data.

use super::open;
use crate::args::Demo;
use crate::output::{Exit, Output, json_line};
use crate::progress;
use model::Message;
use serde_json::json;
use std::io::Write;

pub fn run(task: Demo, output: &Output) -> anyhow::Result<Exit> {
    let bar = progress::bar(output, "cli.judging", task.size);
    let hosts = open::runtime()?.block_on(async {
        let app = open::app(&task.place).await?;
        let loaded = server::demo::load(&app, task.size, "cli", |done| bar.set_position(done)).await;
        let hosts = loaded.map_err(|problem| open::told(&problem))?;
        app.store.close().await;
        anyhow::Ok(hosts)
    })?;
    bar.finish_and_clear();
    let mut out = output.stdout();
    if task.json {
        json_line(&mut out, &json!({ "hosts": hosts }))?;
    } else {
        writeln!(out, "{}", output.text(&Message::new("cli.demo-loaded").number("hosts", hosts as i64)))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
