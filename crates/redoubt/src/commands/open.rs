//! What several commands open first: the day, the knowledge, the hosts, the server's data.

use crate::args::{Input, Place};
use crate::gather;
use crate::output::{Exit, Failure, Output};
use ::knowledge::Knowledge;
use ::knowledge::import::{self, Imported, Update};
use anyhow::Context;
use jiff::civil::Date;
use model::{Host, Message};
use server::{App, Config};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Hosts that were read, and how the command will end if nothing else goes wrong.
pub struct Hosts {
    pub hosts: Vec<Host>,
    pub refused: usize,
}

impl Hosts {
    pub fn exit(&self) -> Exit {
        Exit::of(self.refused)
    }
}

/// Reads the named files; every `systeminfo` is a host of its own, as it was when it was taken.
pub fn hosts(input: &Input, output: &Output) -> anyhow::Result<Hosts> {
    let reading = gather::read_or_fail(&input.paths, output)?;
    let refused = reading.refusals.len();
    Ok(Hosts { hosts: inventory::snapshots(reading.observations), refused })
}

pub fn day(asked: Option<Date>) -> Date {
    asked.unwrap_or_else(|| jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date())
}

/// The shipped knowledge, with the named definitions on top.
pub fn knowledge(files: &[PathBuf]) -> anyhow::Result<Arc<Knowledge>> {
    let shipped = Knowledge::builtin();
    let mut catalogue = shipped.catalogue.clone();
    let mut kev = shipped.kev.clone();
    let mut scores = knowledge::epss::Epss::default();
    for file in files {
        match definitions(file)?.update {
            Update::Catalogue(other) => catalogue = catalogue.merge(&other).0,
            Update::Kev(other) => drop(kev.merge(&other)),
            // Scores order what is open; they open and close nothing.
            Update::Epss(other) => drop(scores.merge(&other)),
        }
    }
    Ok(Arc::new(shipped.with_catalogue(catalogue).with_kev(kev).with_epss(&scores)))
}

/// Reads one file of definitions of any kind.
pub fn definitions(file: &Path) -> anyhow::Result<Imported> {
    let name = file.display().to_string();
    let opened = regular(file)?;
    import::read(opened, &import::Limits::default(), &mut import::silent)
        .map_err(|error| Failure::new(error.message(&name)).into())
}

/// Opens a file that was named; the failure names it and says why.
pub fn regular(path: &Path) -> anyhow::Result<File> {
    gather::open(path).map_err(|reason| anyhow::Error::new(Failure::new(reason)).context(cannot_read(path)))
}

pub fn cannot_read(path: &Path) -> Failure {
    Failure::new(Message::new("cli.cannot-read").with("path", path.display()))
}

pub fn cannot_write(path: &Path) -> Failure {
    Failure::new(Message::new("cli.cannot-write").with("path", path.display()))
}

/// The data directory: as asked, else the user's.
pub fn data_directory(place: &Place) -> anyhow::Result<PathBuf> {
    if let Some(data) = &place.data {
        return Ok(data.clone());
    }
    let base = std::env::var_os("XDG_DATA_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    let base = base.ok_or_else(|| Failure::new(Message::new("cli.no-data-directory")))?;
    Ok(base.join("redoubt"))
}

/// The server's data without the server: nothing listens.
pub async fn app(place: &Place) -> anyhow::Result<App> {
    log_to_stderr("error,sqlx=off,sqlx_core=off");
    check_database(place)?;
    let data = data_directory(place)?;
    let mut config = Config::new(data.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.database = place.database.clone();
    let cannot = || {
        let what = Message::new("cli.cannot-use-data").with("path", place.shown(&data));
        Failure::new(what).hint(Message::new("cli.cannot-use-data-hint"))
    };
    server::open(&config).await.map_err(|error| anyhow::Error::new(error).context(cannot()))
}

/// A file that is no database at all is told at once; the pool would try for half a minute.
pub fn check_database(place: &Place) -> anyhow::Result<()> {
    let file = data_directory(place)?.join("redoubt.db");
    let mut head = [0; 16];
    let read = File::open(&file).and_then(|mut file| std::io::Read::read(&mut file, &mut head));
    if place.database.is_none() && matches!(read, Ok(1..)) && head != *b"SQLite format 3\0" {
        let what = Message::new("cli.not-a-database").with("path", file.display());
        return Err(Failure::new(what).hint(Message::new("cli.cannot-use-data-hint")).into());
    }
    Ok(())
}

/// What the server's parts log goes to stderr: without a server there is nowhere else to look.
pub fn log_to_stderr(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("REDOUBT_LOG").unwrap_or_else(|_| level.into());
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second call finds the first one's subscriber in place.
    let _ = tracing_subscriber::fmt().with_ansi(colour).with_writer(std::io::stderr).with_env_filter(filter).try_init();
}

/// A problem of the API as a failure of the command line.
pub fn told(problem: &api::Problem) -> anyhow::Error {
    Failure::new(problem.message.clone()).into()
}

pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}
