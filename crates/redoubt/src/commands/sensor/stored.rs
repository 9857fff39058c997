//! Captures straight into a server's data: sessions and findings, and the files for the evidence in them.

use crate::args::{Place, SensorRead};
use crate::commands::open;
use crate::output::{Exit, Failure, Output, printable};
use crate::{interrupt, progress};
use model::Message;
use sensor::source;
use serde_json::json;
use server::captures::{self, Taken, Watch};
use std::io::Write;
use std::path::PathBuf;

pub fn read(task: &SensorRead, place: &Place, output: &Output) -> anyhow::Result<Exit> {
    interrupt::reached(Message::new("cli.sensor-stored-stopped").number("done", 0));
    let filter = super::filter(task.filter.as_deref())?;
    let mut files = Vec::new();
    for path in &task.paths {
        let found = source::files(path).map_err(|error| Failure::new(super::source_message(&error)))?;
        if found.is_empty() {
            return Err(super::told(sensor::reading::Error::NoCapture(path.clone())));
        }
        files.extend(found);
    }
    let bar = progress::bar(output, "cli.sensor-reading", files.len());
    let (taken, refused) = open::runtime()?.block_on(async {
        let app = open::app(place).await?;
        let (mut taken, mut refused) = (Vec::<(PathBuf, Taken)>::new(), 0);
        for path in files {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match captures::take_in(&app, &path, &name, "cli", filter.clone(), &Watch::Call(&|_| !interrupt::stopped()))
                .await
            {
                Ok(one) => taken.push((path, one)),
                Err(_) if interrupt::stopped() => break,
                // One that cannot be read costs only itself.
                Err(stop) => {
                    refused += 1;
                    output.note(&stop.message().unwrap_or_else(|| Message::new("cli.sensor-worker")));
                }
            }
            bar.inc(1);
            interrupt::reached(Message::new("cli.sensor-stored-stopped").number("done", taken.len() as i64));
        }
        app.store.close().await;
        anyhow::Ok((taken, refused))
    })?;
    bar.finish_and_clear();
    interrupt::check()?;
    report(&taken, task.json, output)?;
    let whole = taken.iter().all(|(_, taken)| taken.outcome.ending.is_none());
    Ok(if refused == 0 && whole { Exit::Done } else { Exit::Partly })
}

fn report(taken: &[(PathBuf, Taken)], as_json: bool, output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    for (path, Taken { id, outcome }) in taken {
        if as_json {
            let line = json!({
                "capture": id, "path": path, "frames": outcome.frames, "sessions": outcome.sessions,
                "findings": outcome.findings, "whole": outcome.ending.is_none(),
            });
            writeln!(out, "{line}")?;
            continue;
        }
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let message = Message::new("cli.sensor-stored")
            .with("path", path.display())
            .number("sessions", number(outcome.sessions))
            .number("findings", number(outcome.findings));
        writeln!(out, "{}", printable(&output.text(&message)))?;
        if let Some(ending) = &outcome.ending {
            output.note(ending);
        }
    }
    Ok(out.flush()?)
}
