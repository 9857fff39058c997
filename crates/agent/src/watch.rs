//! `redoubt-agent watch`: tells what happens on the machine until it is told to stop.

use crate::args;
use crate::voice;
use endpoint::telemetry::event::{Class, Event, NetworkDid, Process, ProcessDid};
use endpoint::telemetry::watch::{self, Error, Settings};
use model::Message;
use std::io::Write;
use std::process::ExitCode;
use terminal::{json_line, printable};
use words::Language;

pub fn run(task: args::Watch, language: Language) -> ExitCode {
    if let Err(error) = crate::signals::listen() {
        return voice::failed(&Message::new("guard.signals").reason("cause", &error), language);
    }
    let settings = Settings { folders: task.folder, ..Settings::default() };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut tell = |event: Event| {
        for trouble in watch::troubles(&event) {
            voice::note(&trouble, language);
        }
        let written = match task.json {
            true => json_line(&mut out, &event),
            false => shown(&event).map_or(Ok(()), |line| writeln!(out, "{}", printable(&line))),
        };
        if written.and_then(|()| out.flush()).is_err() {
            // Nobody listens any more.
            crate::signals::STOP.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    };
    match watch::run(&settings, &crate::signals::STOP, &mut tell) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => voice::failed(&why(&error), language),
    }
}

fn why(error: &Error) -> Message {
    match error {
        Error::Packages { path, source } => {
            Message::new("telemetry.packages").with("path", path.display()).reason("cause", source)
        }
        Error::Folders(cause) => Message::new("telemetry.folders").reason("cause", cause),
    }
}

/// An event in a line for people; names of events are those of the JSON in any language.
fn shown(event: &Event) -> Option<String> {
    let who = |process: &Option<Process>| process.as_ref().map_or_else(|| "?".to_owned(), |it| it.pid.to_string());
    Some(match &event.what {
        Class::ProcessActivity(it) => match it.activity {
            ProcessDid::Fork => return None,
            did => format!("process_activity {did:?} {} {}", it.process.pid, it.process.line()),
        },
        Class::NetworkActivity(it) => {
            let arrow = if it.activity == NetworkDid::Listen { "listens" } else { "->" };
            let (local, remote) = (it.connection.local, it.connection.remote);
            format!("network_activity {:?} {} {local} {arrow} {remote}", it.activity, who(&it.process))
        }
        Class::FileSystemActivity(it) => {
            format!("file_system_activity {:?} {} {}", it.activity, who(&it.process), it.path)
        }
        Class::ModuleActivity(it) => format!("module_activity {:?} {} {}", it.activity, it.name, it.taints),
        Class::Authentication(it) => {
            format!("authentication {:?} {} {} {}", it.activity, it.user, it.terminal, it.from)
        }
        Class::TelemetryReport(_) => return None,
    })
}
