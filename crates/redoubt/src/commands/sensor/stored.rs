//! Captures straight into a server's data: sessions and findings, and the files for the evidence in them.

use crate::args::{Place, SensorRead};
use crate::commands::open;
use crate::output::{Exit, Failure, Output, printable};
use crate::{interrupt, progress};
use api::indicators::Watched;
use model::Message;
use sensor::reading::Shared;
use sensor::source;
use serde_json::json;
use server::captures::{self, How, Taken, Watch};
use server::jobs::Stop;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

pub fn read(task: &SensorRead, place: &Place, output: &Output) -> anyhow::Result<Exit> {
    interrupt::reached(Message::new("cli.sensor-stored-stopped").number("done", 0));
    // Each capture is known by its digest, so that it can be read again and forgotten by itself.
    if task.merged {
        return Err(Failure::new(Message::new("cli.sensor-data-merged")).into());
    }
    if task.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::new(Message::new("cli.sensor-data-piped")).into());
    }
    let options = super::options(task)?;
    let listed = super::listed(&task.indicators, output)?;
    let bad_lines = listed.as_ref().map_or(0, |listed| listed.bad_lines);
    let how = How {
        options,
        workers: task.workers.map(usize::from),
        filter: super::filter(task.filter.as_deref())?,
        eve: task.eve.as_deref().map(Shared::create).transpose().map_err(super::told)?,
        files: super::files(task, &options.unwrap_or_default()),
        indicators: listed.map(|listed| Arc::new(Watched::with(listed.all))),
    };
    let mut files = Vec::new();
    for path in &task.paths {
        let found = source::files(path).map_err(|error| super::told(error.into()))?;
        if found.is_empty() {
            return Err(super::told(sensor::reading::Error::NoCapture(path.clone())));
        }
        files.extend(found);
    }
    let bar = progress::bar(output, "cli.sensor-reading", files.len());
    let (taken, refused) = open::runtime()?.block_on(async {
        let app = open::app(place).await?;
        captures::tell_broken_off(&app).await?;
        let (mut taken, mut refused) = (Vec::<(PathBuf, Taken)>::new(), 0);
        for path in files {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match captures::take_in(&app, &path, &name, "cli", &how, &Watch::Call(&|_| {}, interrupt::flag())).await {
                Ok(one) => taken.push((path, one)),
                Err(Stop::Cancelled) => break,
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
    // Records on standard output must stay alone there.
    if task.eve.as_deref().is_none_or(|path| path.as_os_str() != "-") {
        report(&taken, task.json, output)?;
    }
    let whole = taken.iter().all(|(_, taken)| taken.outcome.ending.is_none());
    Ok(if refused == 0 && whole && bad_lines == 0 { Exit::Done } else { Exit::Partly })
}

fn report(taken: &[(PathBuf, Taken)], as_json: bool, output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    for (path, Taken { id, outcome, behaviour }) in taken {
        if as_json {
            let line = json!({
                "capture": id, "path": path, "frames": outcome.frames, "sessions": outcome.sessions,
                "findings": outcome.findings, "behaviours": behaviour.len(), "whole": outcome.ending.is_none(),
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
        for finding in behaviour {
            writeln!(out, "  {}", printable(&output.text(&super::behaviour(finding, output))))?;
        }
        if let Some(ending) = &outcome.ending {
            output.note(ending);
        }
    }
    Ok(out.flush()?)
}
