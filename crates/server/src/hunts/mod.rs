//! Looking back: the job of a hunt, and what is looked for in everything that comes in.
//!
//! A hunt goes day by day, the newest first, and keeps of each hour who met what. A hunt that a list of indicators has
//! started goes on for good ([`standing`]): of what was written to files since, the hours in which something of the list
//! was met are looked at again. So nothing depends on whether a list or a record came first.

mod gathering;
pub mod standing;

use crate::jobs::{Stop, Work};
use api::hunts::HuntParams;
use api::state::App;
use api::wire::jobs::Notice;
use gathering::{Gathering, Shared};
use jiff::Timestamp;
use lake::{Day, Lake, Wanted};
use model::Message;
use rules::{Indicator, IndicatorKind, Indicators};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::{Anew, Figures, Hunt, HuntHit, HuntId, HuntState, JobOutcome, NewIndicator};

/// Indicators read from the store at a time.
const READ_AT_ONCE: u32 = 20_000;
/// Between two looks at how far a day is, and at whether to stop.
const LOOK: Duration = Duration::from_millis(300);
/// Files that could not be searched and are told by name.
const UNREADABLE_TOLD: usize = 20;

/// Runs the job of a hunt.
pub async fn run(work: &Work) -> Result<Value, Stop> {
    let app = &work.app;
    let params: HuntParams = serde_json::from_value(work.job.params.clone()).map_err(api::Problem::internal)?;
    let hunt = app.store.hunt(params.hunt).await?;
    let lake = app.lake.get()?;
    refreshed(&lake).await?;
    let wanted = Arc::new(wanted(app, &hunt).await?);
    let (since, until) = (hunt.since.map(Timestamp::as_microsecond), hunt.until.map(Timestamp::as_microsecond));
    let days = lake.view().days(since, until);
    // What was done before the server went down is not done again.
    let mut done = Done::of(work.job.checkpoint.as_ref());
    let mut figures = if done.days.is_empty() { Figures::default() } else { hunt.figures.clone() };
    figures.of_days = days.len() as u64;
    let of_files: usize = days.iter().map(|day| day.files).sum();
    let mut files = 0;
    app.store.note_hunt(hunt.id, HuntState::Running, &figures, &app.act()).await?;
    for day in days {
        if !done.days.contains(&day.since_us) {
            done.days.insert(day.since_us);
            one_day(work, &hunt, &lake, &wanted, day, &done, (files, of_files), &mut figures).await?;
            app.notify(Notice::Hunt { hunt: hunt.id });
        }
        files += day.files;
    }
    app.store.note_hunt(hunt.id, HuntState::Done, &figures, &app.act()).await?;
    app.notify(Notice::Hunt { hunt: hunt.id });
    let hunt = app.store.hunt(hunt.id).await?;
    if figures.unreadable > 0 {
        let unreadable = Message::new("api.hunt-unreadable").number("files", number(figures.unreadable));
        work.log(&[unreadable]).await?;
    }
    Ok(json!({ "hunt": hunt.id, "hits": hunt.hits, "hosts": hunt.hosts, "met": hunt.met }))
}

/// Days that are done, as they are kept when the server goes down.
struct Done {
    days: BTreeSet<i64>,
}

impl Done {
    fn of(checkpoint: Option<&Value>) -> Done {
        let days = checkpoint.and_then(|kept| serde_json::from_value(kept["days"].clone()).ok());
        Done { days: days.unwrap_or_default() }
    }

    fn state(&self) -> Value {
        json!({ "days": self.days })
    }
}

/// Looks through a day and keeps what was met in it.
#[expect(clippy::too_many_arguments, reason = "all of a hunt's job, for one of its days")]
async fn one_day(
    work: &Work,
    hunt: &Hunt,
    lake: &Arc<Lake>,
    wanted: &Arc<Wanted>,
    day: Day,
    done: &Done,
    (files, of_files): (usize, usize),
    figures: &mut Figures,
) -> Result<(), Stop> {
    let app = &work.app;
    let _turn = turn(app, lake).await?;
    let shared = Arc::new(Shared::default());
    // Whatever ends this, nobody looks on for nothing.
    let _guard = StopWhenGone(shared.clone());
    let mut looking = {
        let (lake, wanted, shared) = (lake.clone(), wanted.clone(), shared.clone());
        tokio::task::spawn_blocking(move || look(&lake, &wanted, day, &shared))
    };
    let (hits, left_out, progress) = loop {
        tokio::select! {
            looked = &mut looking => break looked.map_err(api::Problem::internal)?,
            () = tokio::time::sleep(LOOK) => {
                let at = files + shared.files.load(Ordering::Relaxed);
                let met = shared.hits.load(Ordering::Relaxed);
                let phase = Message::new("api.hunt-reading").with("name", &hunt.name).number("met", number(met));
                if let Err(stop) = work.step(at as u64, of_files as u64, Some(phase)).await {
                    shared.stop.store(true, Ordering::Relaxed);
                    let _ = looking.await;
                    return Err(stop);
                }
            }
        }
    };
    work.check()?;
    figures.days += 1;
    figures.files += progress.files as u64;
    figures.ruled_out += progress.ruled_out as u64;
    figures.by_index += progress.by_index as u64;
    figures.whole += progress.whole as u64;
    figures.pages += progress.pages as u64;
    figures.of_pages += progress.of_pages as u64;
    figures.rows += progress.rows;
    figures.bytes += progress.bytes;
    figures.unreadable += progress.unreadable.len() as u64;
    let room = UNREADABLE_TOLD.saturating_sub(figures.unreadable_files.len());
    let named = progress.unreadable.iter().map(|left| format!("{}: {}", left.path.display(), left.cause));
    figures.unreadable_files.extend(named.take(room));
    if left_out > 0 {
        tracing::warn!(hunt = hunt.id, left_out, "a day of a hunt has more meetings than are kept");
    }
    let anew = Anew { since: hour_of(day.since_us), until: time(day.until_us), only: None };
    let checkpoint = work.reached(done.state());
    app.store.put_hunt_hits(hunt.id, anew, &hits, left_out, Some(&checkpoint)).await?;
    app.store.note_hunt(hunt.id, HuntState::Running, figures, &app.act()).await?;
    Ok(())
}

/// An hour is written anew by one at a time, who sees everything that the others wrote before: in this process, and among
/// servers that share the lake.
async fn turn<'a>(app: &'a App, lake: &Arc<Lake>) -> Result<Hunting<'a>, api::Problem> {
    let here = app.hunting.lock().await;
    let turn = app.store.turn("hunts").await?;
    refreshed(lake).await?;
    Ok(Hunting { _turn: turn, _here: here })
}

/// The turn to hunt. The other servers' ends first.
struct Hunting<'a> {
    _turn: store::Turn,
    _here: tokio::sync::MutexGuard<'a, ()>,
}

async fn refreshed(lake: &Arc<Lake>) -> Result<(), api::Problem> {
    let lake = lake.clone();
    api::rooms::blocking(move || lake.refresh()).await?.map_err(api::Problem::internal)
}

struct StopWhenGone(Arc<Shared>);

impl Drop for StopWhenGone {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

fn look(lake: &Lake, wanted: &Wanted, day: Day, shared: &Shared) -> (Vec<HuntHit>, u64, lake::Progress) {
    let mut gathering = Gathering::new(shared);
    let hunt = lake::Hunt { wanted, since_us: Some(day.since_us), until_us: Some(day.until_us) };
    let progress = lake.hunt(hunt, &mut gathering);
    let (hits, left_out) = gathering.into_hits();
    (hits, left_out, progress)
}

/// What a hunt looks for.
async fn wanted(app: &App, hunt: &Hunt) -> Result<Wanted, Stop> {
    let mut all = Vec::new();
    match hunt.list {
        Some(list) => {
            let mut after = i64::MIN;
            loop {
                let part = app.store.indicators_of_list_after(list, after, READ_AT_ONCE).await?;
                let Some((last, _)) = part.last() else { break };
                after = *last;
                all.extend(part.into_iter().filter_map(|(_, one)| known(one)));
            }
        }
        None => {
            let mut after = NewIndicator { kind: String::new(), value: String::new() };
            loop {
                let part = app.store.hunt_wanted_after(hunt.id, &after, READ_AT_ONCE).await?;
                let Some(last) = part.last() else { break };
                after = last.clone();
                all.extend(part.into_iter().filter_map(known));
            }
        }
    }
    Ok(api::rooms::blocking(move || Wanted::new(Indicators::new(all))).await?)
}

/// An indicator of a kind that this program knows; others were stored by a newer one.
fn known(one: NewIndicator) -> Option<Indicator> {
    Some(Indicator { kind: IndicatorKind::named(&one.kind)?, value: one.value.into() })
}

/// Ends a hunt whose job ended before it did.
pub async fn settle(work: &Work, outcome: &JobOutcome) -> Result<(), store::Error> {
    let state = match outcome {
        JobOutcome::Done(_) => return Ok(()),
        JobOutcome::Failed(_) => HuntState::Failed,
        JobOutcome::Cancelled => HuntState::Cancelled,
    };
    let Some(id) = of_job(work) else { return Ok(()) };
    match work.app.store.hunt(id).await {
        Ok(hunt) => work.app.store.note_hunt(id, state, &hunt.figures, &work.app.act()).await?,
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    work.app.notify(Notice::Hunt { hunt: id });
    Ok(())
}

fn of_job(work: &Work) -> Option<HuntId> {
    if work.job.kind != api::session::word(&api::wire::jobs::JobKind::Hunt) {
        return None;
    }
    serde_json::from_value::<HuntParams>(work.job.params.clone()).ok().map(|params| params.hunt)
}

const HOUR_US: i64 = 3_600_000_000;

/// The beginning of the hour of a time.
fn hour_of(us: i64) -> Timestamp {
    time(us.div_euclid(HOUR_US) * HOUR_US)
}

fn time(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(if us < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
