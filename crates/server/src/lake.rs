//! The lake of a server: opened with it, and taking in what whoever reads captures has delivered.

use crate::hunts::standing::Standing;
use crate::{Config, Error};
use api::state::App;
use jiff::{SignedDuration, Timestamp};
use lake::{Bucket, Kept, Lake, Options, Unusable};
use model::Message;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Between two looks at what was delivered.
const LOOK: Duration = Duration::from_secs(1);
/// Between two times that small files are put together.
const UPKEEP: Duration = Duration::from_mins(10);
/// Between two looks at what other servers wrote.
const REFRESH: Duration = Duration::from_secs(5);
/// Between two attempts to reach a bucket that was not there at the start.
const REACHED_AGAIN: Duration = Duration::from_secs(5);
const REACHED_AGAIN_AT_MOST: Duration = Duration::from_mins(1);
/// What servers take turns at.
const UPKEEP_TURN: &str = "upkeep";
/// Files that no table names any more stay for so long: a hunt may be reading them.
const GRACE: Duration = Duration::from_hours(1);

/// Where the lake of a server is.
pub fn folder(app: &App) -> PathBuf {
    app.place.data_directory.join("lake")
}

/// The bucket that the tables are in, if one is: what is asked for the first time is kept in the data directory.
pub fn bucket(config: &Config) -> Result<Option<Bucket>, Unusable> {
    let (folder, settings) = (config.data_directory.join("lake"), config.bucket_settings.clone());
    Ok(match &config.lake {
        Some(address) => Some(Bucket::for_lake(&folder, address, settings)?),
        None => Bucket::of_lake(&folder, settings)?,
    })
}

/// Why a bucket cannot be used, for people.
pub fn unusable(unusable: &Unusable) -> Message {
    match unusable {
        Unusable::Address(address) => Message::new("server.bucket-address").with("address", address),
        Unusable::Writer(name) => Message::new("server.bucket-writer").with("name", name),
        Unusable::Unset(name) => Message::new("server.bucket-unset").with("name", *name),
        Unusable::Settings(cause) => Message::new("server.bucket-settings").with("cause", cause),
        Unusable::Elsewhere(place) => Message::new("server.bucket-elsewhere").with("place", place),
        Unusable::Kept { path, cause } => {
            Message::new("server.bucket-kept").with("path", path.display()).with("cause", cause)
        }
    }
}

/// Opens the lake, which takes a moment when much has to be found again. One that cannot be read is told and left as it
/// is: what else the server does goes on, and what is delivered waits.
pub async fn open(app: &App) -> Result<Option<Arc<Lake>>, Error> {
    let folder = folder(app);
    let options = Options { bucket: app.place.bucket.clone(), ..Options::default() };
    let opened = tokio::task::spawn_blocking(move || Lake::open(&folder, options)).await;
    let lake = match opened.map_err(|error| Error::Prepare(error.to_string()))? {
        Ok(lake) => Arc::new(lake),
        // Another server has it: that is a mistake of whoever started this one.
        Err(error @ lake::Error::InUse(_)) => return Err(Error::Lake(error)),
        Err(error) => {
            tracing::error!(cause = %chain(&error), "the lake cannot be opened; nothing is kept in it and nothing found");
            app.lake.failed(why(&error));
            return Ok(None);
        }
    };
    for notice in lake.notices() {
        tracing::warn!(path = %notice.path.display(), at = notice.at, why = notice.why, "a part of the lake's log was broken and is set aside");
    }
    app.lake.open(lake.clone());
    Ok(Some(lake))
}

/// Why the lake cannot be used, for people.
fn why(error: &lake::Error) -> Message {
    match error {
        lake::Error::Disk { path, source } => {
            Message::new("server.lake-disk").with("path", path.display()).reason("cause", source)
        }
        lake::Error::Table { table, cause } => {
            Message::new("server.lake-table").with("table", *table).with("cause", cause)
        }
        lake::Error::InUse(path) => Message::new("server.lake-in-use").with("path", path.display()),
        lake::Error::Bucket(unusable) => self::unusable(unusable),
        lake::Error::Closed => Message::new("server.lake"),
    }
}

fn chain(error: &lake::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Tries to open a lake whose bucket was not there at the start, and runs it then.
pub async fn run_when_reached(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut wait = REACHED_AGAIN;
    while !*shutdown.borrow() {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = shutdown.changed() => return,
        }
        wait = (wait * 2).min(REACHED_AGAIN_AT_MOST);
        if let Ok(Some(lake)) = open(&app).await {
            tracing::warn!("the lake is there now");
            return run(app, lake, shutdown).await;
        }
    }
}

/// Takes in what is delivered, and looks at what is written for what lists name, until the server goes down; then writes
/// what waits to files.
pub async fn run(app: App, lake: Arc<Lake>, mut shutdown: watch::Receiver<bool>) {
    let (mut kept_up, mut refreshed) = (Instant::now(), Instant::now());
    let mut standing = None;
    while !*shutdown.borrow() {
        if kept_up.elapsed() >= UPKEEP {
            kept_up = Instant::now();
            look_after(&app, &lake, &shutdown).await;
        }
        let is_due = refreshed.elapsed() >= REFRESH;
        let taking = lake.clone();
        let take_in = move || {
            if is_due {
                taking.refresh()?;
            }
            taking.take_in()
        };
        report(tokio::task::spawn_blocking(take_in).await);
        if is_due {
            refreshed = Instant::now();
        }
        if let Err(problem) = look(&app, &lake, &mut standing).await {
            tracing::error!(cause = ?problem.message, "what came into the lake was not looked at; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = shutdown.changed() => {}
        }
    }
    report(tokio::task::spawn_blocking(move || lake.flush()).await);
}

async fn look(app: &App, lake: &Arc<Lake>, standing: &mut Option<Standing>) -> Result<(), api::Problem> {
    let begun = match standing.take() {
        Some(begun) => begun,
        None => Standing::begin(app).await?,
    };
    standing.insert(begun).look(app, lake).await
}

/// Keeps the lake in good order. Of servers that share it one does so at a time.
async fn look_after(app: &App, lake: &Arc<Lake>, shutdown: &watch::Receiver<bool>) {
    match app.store.turn_if_free(UPKEEP_TURN).await {
        Ok(Some(turn)) => {
            let refreshing = lake.clone();
            report(tokio::task::spawn_blocking(move || refreshing.refresh()).await);
            // As late as can be: what somebody holds meanwhile is about to go.
            let kept = match kept(app).await {
                Ok(kept) => kept,
                Err(error) => {
                    return tracing::error!(cause = %error, "nobody knows what of the lake is held: nothing of it goes");
                }
            };
            let (keeping, down) = (lake.clone(), shutdown.clone());
            report(tokio::task::spawn_blocking(move || keep_up(&keeping, &kept, &down)).await);
            drop(turn);
        }
        Ok(None) => {}
        Err(error) => tracing::error!(cause = %error, "the lake was not kept in order"),
    }
}

/// Puts small files together, and removes those that were put together before and those that are not to be kept.
fn keep_up(lake: &Lake, kept: &Kept, shutdown: &watch::Receiver<bool>) -> Result<(), lake::Error> {
    let gone = lake.retain(kept)?;
    if let (Some(first), Some(last)) = (gone.first(), gone.last()) {
        tracing::info!(files = gone.len(), first = first.day, last = last.day, "the oldest records of the lake went");
    }
    lake.compact(&|_| !*shutdown.borrow())?;
    lake.sweep(GRACE).map(|_| ())
}

/// What is to be kept of the lake now.
async fn kept(app: &App) -> Result<Kept, store::Error> {
    let days = app.place.lake_days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let since_us = days.and_then(|days| app.now().checked_sub(days).ok()).map(Timestamp::as_microsecond);
    let held = api::holds::all(app).await?;
    Ok(Kept { since_us, came_since_us: since_us, bytes_max: Some(app.place.lake_bytes_max), held })
}

fn report<T>(outcome: Result<Result<T, lake::Error>, tokio::task::JoinError>) {
    match outcome {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::error!(cause = %error, "the lake cannot go on with its work; what was delivered stays where it is")
        }
        Err(error) => tracing::error!(cause = %error, "the lake's work broke down"),
    }
}
