//! The lake of a server: opened with it, and taking in what whoever reads captures has delivered.

use crate::Error;
use api::state::App;
use lake::{Lake, Options};
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

/// Opens the lake, which takes a moment when much has to be found again.
pub async fn open(app: &App) -> Result<Arc<Lake>, Error> {
    let folder = folder(app);
    let opened = tokio::task::spawn_blocking(move || Lake::open(&folder, Options::default())).await;
    let lake = opened.map_err(|error| Error::Prepare(error.to_string()))?.map_err(Error::Lake)?;
    for notice in lake.notices() {
        tracing::warn!(path = %notice.path.display(), at = notice.at, why = notice.why, "a part of the lake's log was broken and is set aside");
    }
    Ok(Arc::new(lake))
}

/// Takes in what is delivered until the server goes down, and then writes what waits to files.
pub async fn run(lake: Arc<Lake>, mut shutdown: watch::Receiver<bool>) {
    let mut kept_up = Instant::now();
    while !*shutdown.borrow() {
        if kept_up.elapsed() >= UPKEEP {
            kept_up = Instant::now();
            let (keeping, down) = (lake.clone(), shutdown.clone());
            report(tokio::task::spawn_blocking(move || keep_up(&keeping, &down)).await);
        }
        let taking = lake.clone();
        report(tokio::task::spawn_blocking(move || taking.take_in()).await);
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = shutdown.changed() => {}
        }
    }
    report(tokio::task::spawn_blocking(move || lake.flush()).await);
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
