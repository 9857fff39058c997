//! `redoubt analysis worker`: opens files for a server on another machine, or on this one.

mod queue;

use super::open;
use crate::args::{AnalysisAction, AnalysisWorker};
use crate::output::{Exit, Failure, Output, json_line, printable};
use crate::remote::Server;
use analysis::{CompiledRules, Crew, Setup, Worker};
use anyhow::Context;
use model::Message;
use queue::Remote;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

pub fn run(action: AnalysisAction, output: &Output) -> anyhow::Result<Exit> {
    match action {
        AnalysisAction::Worker(task) => worker(&task, output),
    }
}

fn worker(task: &AnalysisWorker, output: &Output) -> anyhow::Result<Exit> {
    open::log_to_stderr("warn");
    let program = analysis::program().ok_or_else(|| Failure::new(analysis::Error::Absent.message()))?;
    let crew = Crew::new(program.clone(), Setup::found());
    crew.try_out().map_err(|error| Failure::new(error.message()))?;
    let name = task.name.clone().unwrap_or_else(super::collector::machine);
    let rules = CompiledRules::open(program, task.cache.as_deref()).context("no folder for rules")?;
    let remote = Remote::new(Server::at(&task.server)?, &name, rules);
    open::runtime()?.block_on(async {
        remote.greet().await?;
        let slots = task.slots.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let mut out = output.stdout();
        if task.json {
            json_line(&mut out, &serde_json::json!({ "worker": name, "server": task.server.server, "slots": slots }))?;
        } else {
            let begun = Message::new("cli.worker-begun").with("server", &task.server.server);
            let begun = begun.number("slots", i64::try_from(slots).unwrap_or(i64::MAX));
            writeln!(out, "{}", printable(&output.text(&begun)))?;
        }
        out.flush()?;
        let (stop, stopped) = watch::channel(false);
        let worker = Worker::new(Arc::new(remote), Arc::new(crew));
        let figures = worker.figures.clone();
        let running = tokio::spawn(async move { worker.run(slots, stopped).await });
        server::asked_to_end().await;
        // What is being opened is given back, for others to take at once.
        let _ = stop.send(true);
        running.await.context("the worker broke down")?;
        let of =
            |number: &std::sync::atomic::AtomicU64| i64::try_from(number.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let ended = Message::new("cli.worker-ended")
            .number("finished", of(&figures.finished))
            .number("broken", of(&figures.broken));
        if task.json {
            json_line(
                &mut out,
                &serde_json::json!({
                    "finished": of(&figures.finished), "broken": of(&figures.broken), "lost": of(&figures.lost),
                }),
            )?;
        } else {
            writeln!(out, "{}", output.text(&ended))?;
        }
        Ok(Exit::Done)
    })
}
