//! Captures to a server on another machine: what they give goes into the spool of a collector, and from there it is
//! delivered while reading goes on. A spool that is full makes reading wait.

use super::{asked, print, print_json, refusals, told, with_progress};
use crate::args::SensorRead;
use crate::collector::{Delivering, Home};
use crate::commands::{collector, open};
use crate::interrupt;
use crate::output::{Exit, Output};
use model::Message;
use sensor::Options;
use sensor::profiles::Behaviour;
use sensor::reading::{Reading, Summary};
use server::captures::{Gave, Spooling, WhenFull};
use std::path::Path;

pub fn read(task: &SensorRead, home: &Path, output: &Output) -> anyhow::Result<Exit> {
    interrupt::reached(Message::new("cli.collector-stopped"));
    open::log_to_stderr("error");
    let (reading, bad_lines) = asked(task, output)?;
    // Behaviour is judged with everything that the sensor saw, on the way into the spool.
    let options = Options { sessions: true, behaviour: false, ..reading.options };
    let reading = Reading { options, ..reading };
    let runtime = open::runtime()?;
    let delivering = runtime.block_on(async { Delivering::begin(Home::of(Some(home))?, output) })?;
    let (spooling, feed) = Spooling::begin(delivering.spool.clone(), WhenFull::Wait);
    let spooled = runtime.spawn(spooling.run(interrupt::flag()));
    let summary = with_progress(&reading, &|worker| feed.outputs(worker), output);
    drop(feed);
    let gave = runtime.block_on(spooled)?;
    let summary = summary.map_err(told)?;
    interrupt::check()?;
    let refused = refusals(&summary, output);
    let Gave { behaviour, refused: unspooled, .. } = gave;
    let behaviour = Behaviour { findings: behaviour, ..Behaviour::default() };
    // Records on standard output must stay alone there.
    if task.eve.as_deref().is_none_or(|path| path.as_os_str() != "-") {
        let shown = Summary { behaviour, ..summary };
        if task.json { print_json(&shown, output)? } else { print(&shown, output)? }
    }
    if let Some(why) = &unspooled {
        output.note(&Message::new("cli.collector-unspooled").reason("why", why.clone()));
    }
    let figures = runtime.block_on(async {
        delivering.delivered().await;
        delivering.end().await
    });
    interrupt::check()?;
    collector::report(&figures, output);
    Ok(if refused || bad_lines > 0 || unspooled.is_some() { Exit::Partly } else { Exit::Done })
}
