//! All sources together: each in a thread, one queue, and one thread that makes events.
//!
//! The queue holds [`QUEUE_MAX`] signals. When it is full the sources wait: the kernel keeps messages of processes and of
//! files meanwhile, tables and records are looked at later. What the kernel has no room for is lost, and counted.

use super::assembly::{Assembly, Signal};
use super::event::{Class, Event, LogonSource, Source, SourceState};
use super::facts::now;
use super::publisher::Publishers;
use super::sources::files::Folders;
use super::sources::logons::Book;
use super::sources::{Outlet, connections, files, logons, modules, processes};
use crate::kernel::processes::Connector;
use crate::packages::Databases;
use model::Message;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Signals that wait.
pub const QUEUE_MAX: usize = 32_768;
/// After something was lost, a report comes within this time.
const LOSS_TOLD_WITHIN: Duration = Duration::from_secs(1);

/// What is to be heard.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folders in which everything that happens to files is told.
    pub folders: Vec<PathBuf>,
    /// Files of which every opening is told. Those that cannot be watched are counted as not watched.
    pub secrets: Vec<PathBuf>,
    /// Where package managers have the sums of what they installed.
    pub packages: Databases,
    pub wtmp: PathBuf,
    pub btmp: PathBuf,
    /// Between two looks at connections.
    pub connections_every: Duration,
    pub report_every: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            folders: Vec::new(),
            secrets: Vec::new(),
            packages: Databases::default(),
            wtmp: PathBuf::from("/var/log/wtmp"),
            btmp: PathBuf::from("/var/log/btmp"),
            connections_every: Duration::from_secs(1),
            report_every: Duration::from_mins(1),
        }
    }
}

const MODULES_EVERY: Duration = Duration::from_secs(2);
const LOGONS_EVERY: Duration = Duration::from_secs(1);

/// Why nothing can be heard.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot watch folders")]
    Folders(#[source] io::Error),
}

/// Tells what happens until it is told to stop. What was heard by then is told before it returns.
///
/// # Errors
/// Before it begins, when it cannot.
pub fn run(settings: &Settings, stop: &AtomicBool, tell: &mut dyn FnMut(Event)) -> Result<(), Error> {
    let publishers = Publishers::of(&settings.packages);
    let mut folders = match settings.folders.is_empty() && settings.secrets.is_empty() {
        true => None,
        false => Some(Folders::new(&settings.folders).map_err(Error::Folders)?),
    };
    for secret in &settings.secrets {
        if let Some(folders) = &mut folders {
            folders.also(secret);
        }
    }
    let connector = Connector::that_keeps(processes::KEPT_BYTES);
    let (queue, signals) = sync_channel(QUEUE_MAX);
    let outlet = Outlet::new(queue, stop);
    let mut assembly = Assembly::new(publishers);
    states(&connector, folders.as_ref(), &mut |source, state| {
        assembly.take(Signal::State { source, state }, tell);
    });
    let books = vec![
        Book::at_end(settings.wtmp.clone(), LogonSource::Wtmp),
        Book::at_end(settings.btmp.clone(), LogonSource::Btmp),
    ];
    std::thread::scope(|scope| {
        if let Ok(connector) = &connector {
            let outlet = outlet.clone();
            scope.spawn(move || processes::run(connector, &outlet));
        }
        if let Some(folders) = &mut folders {
            let outlet = outlet.clone();
            scope.spawn(move || files::run(folders, &outlet));
        }
        let (to_connections, to_modules) = (outlet.clone(), outlet.clone());
        scope.spawn(move || connections::run(&to_connections, settings.connections_every));
        scope.spawn(move || modules::run(&to_modules, MODULES_EVERY));
        scope.spawn(move || logons::run(&outlet, books, LOGONS_EVERY));
        assemble(&mut assembly, &signals, settings.report_every, tell);
    });
    Ok(())
}

/// What can be heard here, and what cannot.
fn states(connector: &io::Result<Connector>, folders: Option<&Folders>, put: &mut dyn FnMut(Source, SourceState)) {
    put(
        Source::Processes,
        match connector {
            Ok(_) => SourceState::Hears,
            Err(error) => SourceState::Deaf(Message::new("telemetry.no-processes").reason("cause", error)),
        },
    );
    put(Source::Connections, SourceState::Hears);
    put(Source::Logons, SourceState::Hears);
    let has_modules = Path::new(modules::TABLE).exists();
    let no_modules = || SourceState::Deaf(Message::new("telemetry.no-modules"));
    put(Source::Modules, if has_modules { SourceState::Hears } else { no_modules() });
    if let Some(folders) = folders {
        let unwatched = i64::try_from(folders.unwatched()).unwrap_or(i64::MAX);
        let partly = || SourceState::Deaf(Message::new("telemetry.unwatched").number("folders", unwatched));
        put(Source::Files, if unwatched == 0 { SourceState::Hears } else { partly() });
    }
}

fn assemble(
    assembly: &mut Assembly<Publishers>,
    signals: &Receiver<Signal>,
    report_every: Duration,
    tell: &mut dyn FnMut(Event),
) {
    assembly.take(Signal::Report { time: now() }, tell);
    let mut due = Instant::now() + report_every;
    loop {
        match signals.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(signal) => {
                if matches!(signal, Signal::Lost { .. }) {
                    due = due.min(Instant::now() + LOSS_TOLD_WITHIN);
                }
                assembly.take(signal, tell);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if Instant::now() >= due {
            assembly.take(Signal::Report { time: now() }, tell);
            due = Instant::now() + report_every;
        }
    }
    assembly.take(Signal::End { time: now() }, tell);
}

/// What a report says that an administrator must know: sources that are not heard, and what is lost.
pub fn troubles(event: &Event) -> Vec<Message> {
    let Class::TelemetryReport(report) = &event.what else { return Vec::new() };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut troubles = Vec::new();
    for it in &report.sources {
        if let SourceState::Deaf(why) = &it.state {
            troubles.push(why.clone());
        }
        if it.counts.lost + it.counts.gaps > 0 {
            let source = Message::new(name(it.source));
            let lost = Message::new("telemetry.lost").reason("source", source);
            troubles.push(lost.number("lost", number(it.counts.lost)).number("gaps", number(it.counts.gaps)));
        }
    }
    troubles
}

fn name(source: Source) -> &'static str {
    match source {
        Source::Processes => "telemetry.source-processes",
        Source::Connections => "telemetry.source-connections",
        Source::Files => "telemetry.source-files",
        Source::Modules => "telemetry.source-modules",
        Source::Logons => "telemetry.source-logons",
    }
}
