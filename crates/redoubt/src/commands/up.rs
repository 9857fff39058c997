//! `redoubt up`: the server with the console.

use super::{open, show};
use crate::args::Up;
use crate::output::{Exit, Output, json_line, printable};
use api::wire::fleet::FleetAction;
use jiff::SignedDuration;
use model::Message;
use serde_json::json;
use server::{Config, Ready};
use std::io::{self, Write};
use std::time::Duration;
use store::Overview;

/// Actions of today that are printed; the console has them all.
const ACTIONS_SHOWN: usize = 5;
/// How long the start waits for them.
const ACTIONS_WITHIN: Duration = Duration::from_secs(5);
/// Hosts not seen for this long are a blind spot.
const OLD_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

pub fn run(task: Up, output: &Output) -> anyhow::Result<Exit> {
    open::log_to_stderr("warn");
    open::check_database(&task.place)?;
    let mut config = Config::new(open::data_directory(&task.place)?, task.listen);
    config.database = task.place.database.clone();
    config.link = task.link;
    config.names = task.name.clone();
    config.demo = task.demo;
    config.lake = task.lake.clone();
    config.files = task.files.clone();
    let certificates = task.certificates.clone();
    config.questions.cluster = task.cluster.clone().map(|scheduler| query::Cluster { scheduler, certificates });
    config.questions.limits.memory_bytes = task.sql_memory << 20;
    config.lake_bytes_max = task.lake_max << 30;
    config.lake_days = task.lake_days;
    config.files_bytes_max = task.files_max << 30;
    config.watched_folders = task.watch_folders.clone();
    config.file_slots = task.file_slots.unwrap_or(config.file_slots);
    config.type_model = task.type_model.clone().or_else(analysis::type_model);
    open::runtime()?.block_on(server::run(config, async |ready: &Ready| {
        if let Err(error) = tell(ready, task.json, output).await {
            output.failure(&error);
        }
    }))?;
    Ok(Exit::Done)
}

/// Address, token and the result of the main job: what a person needs to go on. The address comes at once; today's
/// actions of a large network may take longer than a person waits, and then are left to the console.
async fn tell(ready: &Ready, as_json: bool, output: &Output) -> anyhow::Result<()> {
    let app = &ready.app;
    let overview = app.store.overview(app.now(), OLD_AFTER).await?;
    if !as_json {
        let mut out = output.stdout();
        as_text(&mut out, ready, &overview, output)?;
        out.flush()?;
    }
    let today = match tokio::time::timeout(ACTIONS_WITHIN, api::fleet::actions(app)).await {
        Ok(Ok(found)) => found.actions.iter().take(ACTIONS_SHOWN).map(|action| title(action, output)).collect(),
        Ok(Err(problem)) => anyhow::bail!(output.text(&problem.message)),
        Err(_) => Vec::new(),
    };
    let mut out = output.stdout();
    if as_json {
        json_line(&mut out, &as_line(ready, &overview, &today))?;
    } else {
        for action in today {
            writeln!(out, "  {}", output.text(&Message::new("cli.up.today").with("action", action)))?;
        }
        writeln!(out, "{}", output.dim(&output.word("cli.up.stop")))?;
    }
    Ok(out.flush()?)
}

/// What, on how many hosts, how soon.
fn title(action: &FleetAction, output: &Output) -> String {
    let what = printable(&output.text(&action.title));
    let soon = output.word(&format!("disposal.timeline.{}", show::json_word(action.timeline)));
    [what, output.hosts(action.hosts), soon].join(" · ")
}

fn as_line(ready: &Ready, overview: &Overview, today: &[String]) -> serde_json::Value {
    json!({
        "url": ready.url,
        "setup_token": ready.setup_token,
        "authority": ready.authority,
        "link": ready.link,
        "hosts": overview.hosts,
        "open": overview.open_hosts,
        "unknown": overview.unknown_hosts,
        "today": today,
    })
}

fn as_text(out: &mut impl Write, ready: &Ready, overview: &Overview, output: &Output) -> io::Result<()> {
    writeln!(out, "{}", output.bold(&output.text(&Message::new("cli.up.listening").with("url", &ready.url))))?;
    match &ready.setup_token {
        Some(token) => {
            writeln!(out, "{}", output.bold(&output.text(&Message::new("cli.up.token").with("token", token))))?;
            writeln!(out, "  {}", output.word("cli.up.token-hint"))?;
        }
        None => writeln!(out, "{}", output.word("cli.up.set-up"))?,
    }
    if let Some(authority) = &ready.authority {
        writeln!(out, "{}", output.text(&Message::new("cli.up.authority").with("path", authority.display())))?;
    }
    if let Some(link) = &ready.link {
        writeln!(out, "{}", output.text(&Message::new("cli.up.link").with("address", link)))?;
    }
    if overview.hosts == 0 {
        return writeln!(out, "{}", output.word("cli.up.no-hosts"));
    }
    let result = Message::new("cli.up.result")
        .number("hosts", overview.hosts)
        .number("open", overview.open_hosts)
        .number("unknown", overview.unknown_hosts);
    writeln!(out, "{}", output.text(&result))
}
