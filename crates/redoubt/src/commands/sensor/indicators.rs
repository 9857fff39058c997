//! `redoubt sensor indicators`: what a server looks for in traffic.

use crate::args::{IndicatorAction, Place};
use crate::commands::open;
use crate::interrupt;
use crate::output::{Exit, Failure, Output, printable};
use anyhow::Context;
use api::Problem;
use api::indicators::{TakenIn, take_in};
use jiff::Timestamp;
use model::Message;
use serde_json::json;
use server::App;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use store::Act;

/// Lines that are no indicators, told one by one.
const BAD_LINES_TOLD: usize = 20;

pub fn run(action: IndicatorAction, output: &Output) -> anyhow::Result<Exit> {
    match action {
        IndicatorAction::Add { paths, place, json } => add(&paths, &place, json, output),
        IndicatorAction::List { place, json } => list(&place, json, output),
        IndicatorAction::Remove { lists, place } => remove(&lists, &place, output),
    }
}

fn add(paths: &[PathBuf], place: &Place, as_json: bool, output: &Output) -> anyhow::Result<Exit> {
    let stopped = |done: usize| Message::new("cli.indicators-stopped").number("done", number(done as u64));
    interrupt::watch(output, stopped(0))?;
    let whole = with_app(place, async |app| {
        let mut whole = true;
        for (at, path) in paths.iter().enumerate() {
            interrupt::check()?;
            let one = add_one(app, path).await?;
            interrupt::reached(stopped(at + 1));
            // Told at once: what is in stays in when a later file cannot be read.
            tell_added(path, &one, as_json, output)?;
            whole &= one.bad_lines == 0 && one.left_out == 0;
        }
        Ok(whole)
    })?;
    Ok(if whole { Exit::Done } else { Exit::Partly })
}

fn tell_added(path: &Path, one: &TakenIn, as_json: bool, output: &Output) -> anyhow::Result<()> {
    tell_bad(path, one, output);
    let mut out = output.stdout();
    if as_json {
        let line = json!({
            "path": path, "list": one.list, "lines": one.lines, "added": one.added, "known": one.known,
            "bad": one.bad_lines, "left_out": one.left_out,
        });
        writeln!(out, "{line}")?;
    } else {
        let message = Message::new("cli.indicators-added")
            .with("path", path.display())
            .number("added", number(one.added))
            .number("known", number(one.known))
            .number("bad", number(one.bad_lines));
        writeln!(out, "{}", printable(&output.text(&message)))?;
    }
    Ok(out.flush()?)
}

/// A file that cannot be read any further once somebody said stop: what came in before is then closed as a list, with
/// its line in the audit trail.
struct UntilStopped(File);

impl Read for UntilStopped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Not `ErrorKind::Interrupted`, which readers answer by trying again.
        interrupt::check().map_err(io::Error::other)?;
        self.0.read(buffer)
    }
}

async fn add_one(app: &App, path: &Path) -> anyhow::Result<TakenIn> {
    let shown = path.display().to_string();
    let cannot = || Failure::new(Message::new("cli.sensor-cannot-read-indicators").with("path", &shown));
    let file = File::open(path).with_context(cannot)?;
    if file.metadata().with_context(cannot)?.is_dir() {
        return Err(anyhow::Error::new(io::Error::from(ErrorKind::IsADirectory)).context(cannot()));
    }
    let source = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_else(|| shown.clone());
    let act = Act::at(Timestamp::now()).recorded("cli", "indicators.add", &format!("indicators:{source}"), json!({}));
    let taken = take_in(app, BufReader::new(UntilStopped(file)), &source, "cli", act).await;
    if taken.is_err() {
        interrupt::check()?;
    }
    taken.map_err(told).with_context(cannot)
}

fn tell_bad(path: &Path, taken: &TakenIn, output: &Output) {
    let path = path.display();
    for bad in taken.bad.iter().take(BAD_LINES_TOLD) {
        let message = Message::new("cli.sensor-bad-indicator").with("path", &path).with("text", &bad.text);
        output.note(&message.number("line", number(bad.line)).reason("why", bad.why.message()));
    }
    let more = taken.bad_lines.saturating_sub(BAD_LINES_TOLD as u64);
    if more > 0 {
        output.note(&Message::new("cli.sensor-bad-indicators-more").with("path", &path).number("count", number(more)));
    }
    if taken.left_out > 0 {
        let max = api::indicators::INDICATORS_MAX;
        output.note(
            &Message::new("cli.indicators-left-out")
                .with("path", &path)
                .number("count", number(taken.left_out))
                .number("max", number(max)),
        );
    }
}

fn list(place: &Place, as_json: bool, output: &Output) -> anyhow::Result<Exit> {
    let lists = with_app(place, async |app| Ok(app.store.indicator_lists().await?))?;
    let mut out = output.stdout();
    if lists.is_empty() && !as_json {
        writeln!(out, "{}", output.word("cli.indicators-none"))?;
    }
    for list in lists {
        if as_json {
            let line = json!({
                "list": list.id, "source": list.source, "by": list.owner, "added": list.added, "count": list.count,
                "bad": list.bad,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        let message = Message::new("cli.indicators-list")
            .number("list", list.id)
            .with("source", &list.source)
            .with("by", &list.owner)
            .with("added", list.added.strftime("%Y-%m-%d %H:%M"))
            .number("count", number(list.count));
        writeln!(out, "{}", printable(&output.text(&message)))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn remove(lists: &[i64], place: &Place, output: &Output) -> anyhow::Result<Exit> {
    let (removed, outcome) = with_app(place, async |app| {
        let mut removed = 0;
        for list in lists {
            let object = format!("indicator-list:{list}");
            let act = Act::at(Timestamp::now()).recorded("cli", "indicators.remove", &object, json!({}));
            match app.store.remove_indicator_list(*list, &act).await {
                Ok(gone) => removed += gone,
                Err(error) => return Ok((removed, Err(error))),
            }
        }
        Ok((removed, Ok(())))
    })?;
    // Told before what went wrong with a later list: these are gone.
    if removed > 0 || outcome.is_ok() {
        let mut out = output.stdout();
        let message = Message::new("cli.indicators-removed").number("count", number(removed));
        writeln!(out, "{}", output.text(&message))?;
        out.flush()?;
    }
    outcome?;
    Ok(Exit::Done)
}

fn with_app<T>(place: &Place, work: impl AsyncFnOnce(&App) -> anyhow::Result<T>) -> anyhow::Result<T> {
    open::runtime()?.block_on(async {
        let app = open::app(place).await?;
        let outcome = work(&app).await;
        app.store.close().await;
        outcome
    })
}

fn told(problem: Problem) -> Failure {
    Failure::new(problem.message)
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
