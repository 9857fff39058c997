//! The lake of a server: opened with it, and taking in what whoever reads captures has delivered.

use crate::Error;
use crate::hunts::standing::Standing;
use api::state::App;
use lake::{Lake, Options};
use model::Message;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Between two looks at what was delivered.
const LOOK: Duration = Duration::from_secs(1);
/// Between two times that small files are put together.
const UPKEEP: Duration = Duration::from_mins(10);
/// Files that no table names any more stay for so long: a hunt may be reading them.
const GRACE: Duration = Duration::from_hours(1);

/// Where the lake of a server is.
pub fn folder(app: &App) -> PathBuf {
    app.place.data_directory.join("lake")
}

/// Opens the lake, which takes a moment when much has to be found again. One that cannot be read is told and left as it
/// is: what else the server does goes on, and what is delivered waits.
pub async fn open(app: &App) -> Result<Option<Arc<Lake>>, Error> {
    let folder = folder(app);
    let opened = tokio::task::spawn_blocking(move || Lake::open(&folder, Options::default())).await;
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
        lake::Error::Closed => Message::new("server.lake"),
    }
}

fn chain(error: &lake::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Takes in what is delivered, and looks at what is written for what lists name, until the server goes down; then writes
/// what waits to files.
pub async fn run(app: App, lake: Arc<Lake>, mut shutdown: watch::Receiver<bool>) {
    let mut kept_up = Instant::now();
    let mut standing = None;
    while !*shutdown.borrow() {
        if kept_up.elapsed() >= UPKEEP {
            kept_up = Instant::now();
            let (keeping, down) = (lake.clone(), shutdown.clone());
            report(tokio::task::spawn_blocking(move || keep_up(&keeping, &down)).await);
        }
        let taking = lake.clone();
        report(tokio::task::spawn_blocking(move || taking.take_in()).await);
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

/// Puts small files together, and removes those that were put together before.
fn keep_up(lake: &Lake, shutdown: &watch::Receiver<bool>) -> Result<(), lake::Error> {
    lake.compact(&|_| !*shutdown.borrow())?;
    lake.sweep(GRACE).map(|_| ())
}

fn report<T>(outcome: Result<Result<T, lake::Error>, tokio::task::JoinError>) {
    match outcome {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::error!(cause = %error, "the lake cannot take what was delivered; it stays where it is")
        }
        Err(error) => tracing::error!(cause = %error, "the lake's work broke down"),
    }
}
