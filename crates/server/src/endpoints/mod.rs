//! Endpoints on this server: they are led on the connection that they deliver on, and what they tell is kept.

mod activity;
mod key;
mod leading;
mod telling;

pub use activity::Activities;
pub use leading::Leading;
pub use telling::{is_of_endpoints, take};

use api::state::App;
use jiff::SignedDuration;
use std::time::Duration;
use tokio::sync::watch;

/// Between two times that it is written down who was heard, and that it is looked whether another server changed groups.
const WRITE: Duration = Duration::from_secs(5);
/// Between two tables of reputation, counted in these.
const WRITES_A_TABLE: u32 = 12;
/// Between two times that what is too old is forgotten, counted in these.
const WRITES_A_SWEEP: u32 = 720;
/// What ran, and alarms, are kept so long.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 120);

/// Opens what endpoints are held to; orders are signed with a key of this data directory.
pub async fn open(app: &App) -> Result<(), api::Problem> {
    let signer = key::signer(&app.place.data_directory.join("policy")).map_err(api::Problem::internal)?;
    app.open_endpoints(signer).await
}

/// Keeps the figures of endpoints until the server goes down.
pub async fn run(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut round = 0_u32;
    while !*shutdown.borrow() {
        let outcome = upkeep(&app, round).await;
        if let Err(problem) = outcome {
            tracing::error!(cause = said(&problem), "figures of endpoints were not written down; it is tried again");
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(WRITE) => {}
            _ = shutdown.changed() => {}
        }
    }
    if let Err(problem) = app.write_heard().await {
        tracing::error!(cause = said(&problem), "who was heard last was not written down");
    }
}

async fn upkeep(app: &App, round: u32) -> Result<(), api::Problem> {
    app.write_heard().await?;
    app.refresh_policy_of_others().await?;
    if round.is_multiple_of(WRITES_A_TABLE) {
        app.make_reputation().await?;
    }
    if round.is_multiple_of(WRITES_A_SWEEP) {
        let before = app.now().checked_sub(KEPT).map_err(api::Problem::internal)?;
        app.store.endpoints().forget_before(before.as_microsecond(), &app.act()).await?;
    }
    Ok(())
}

/// What a problem says, for the log.
fn said(problem: &api::Problem) -> String {
    words::text(&problem.message, words::Language::En)
}
