//! Runs jobs from the store's queue, one after the other in each of two lanes, with progress, cancelling, and resuming after a restart.
//!
//! See `docs/adr/0006-jobs.md` for why this is our own and small.

use crate::{assess, backup, captures, demo, hunts, import, learn, move_plans};
use api::routes::jobs::show;
use api::session::word;
use api::state::{App, LANES};
use api::wire::jobs::{JobKind, Notice};
use jiff::SignedDuration;
use model::Message;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::{Act, Checkpoint, Job, JobOutcome, Progress};
use tokio::sync::watch;

/// A worker that has not beaten for so long is dead, and another takes its job.
const LEASE_SECONDS: i64 = 60;
const BEAT_SECONDS: u64 = 10;
/// Looks for work without being rung, for jobs that another process queued.
const POLL_SECONDS: u64 = 5;
/// A job that took its worker down so many times is at fault itself.
const ATTEMPTS_MAX: i64 = 5;

/// What each lane takes.
const KINDS: [&[JobKind]; LANES] = [
    &[
        JobKind::Import,
        JobKind::KnowledgeImport,
        JobKind::Reassess,
        JobKind::Backup,
        JobKind::Demo,
        JobKind::ReadCapture,
        JobKind::MovePlans,
    ],
    &[JobKind::Hunt],
];

/// Why a job ended before its end.
#[derive(Debug)]
pub enum Stop {
    /// Somebody asked for it.
    Cancelled,
    /// The server goes down: the job stays and is taken up again.
    Shutdown,
    Failed(Message),
}

impl Stop {
    /// What failed; none when it was stopped.
    pub fn message(self) -> Option<Message> {
        match self {
            Stop::Failed(message) => Some(message),
            Stop::Cancelled | Stop::Shutdown => None,
        }
    }
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Self {
        tracing::error!(cause = %error, "job cannot use the store");
        Stop::Failed(error.message())
    }
}

impl From<api::Problem> for Stop {
    fn from(problem: api::Problem) -> Self {
        Stop::Failed(problem.message)
    }
}

/// A job in work: what it may do, and how it says how far it is.
pub struct Work {
    pub app: App,
    pub job: Job,
    worker: String,
    progress: Mutex<Progress>,
    cancelled: AtomicBool,
    shutdown: watch::Receiver<bool>,
}

impl Work {
    /// Says how far the work is; an error means it should stop now.
    pub async fn step(&self, done: u64, total: u64, phase: Option<Message>) -> Result<(), Stop> {
        let progress = Progress { done, total, phase };
        *self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = progress;
        self.beat().await?;
        self.check()
    }

    /// An error when the work should stop now.
    pub fn check(&self) -> Result<(), Stop> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        if *self.shutdown.borrow() { Err(Stop::Shutdown) } else { Ok(()) }
    }

    /// Keeps where the work stands: after a restart it goes on from here.
    pub async fn checkpoint(&self, value: &Value) -> Result<(), Stop> {
        Ok(self.app.store.checkpoint_job(self.job.id, &self.worker, value).await?)
    }

    /// Where the work stands, to be kept in the transaction that brings it there.
    pub fn reached(&self, state: Value) -> Checkpoint {
        Checkpoint { job: self.job.id, worker: self.worker.clone(), state }
    }

    pub async fn log(&self, messages: &[Message]) -> Result<(), Stop> {
        Ok(self.app.store.log_job(self.job.id, messages, self.app.now()).await?)
    }

    /// A change the job makes, recorded under whoever asked for the job.
    pub fn act(&self, action: &str, object: &str, detail: Value) -> Act {
        Act::at(self.app.now()).recorded(&self.job.owner, action, object, detail)
    }

    async fn beat(&self) -> Result<(), Stop> {
        let progress = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let lease = SignedDuration::from_secs(LEASE_SECONDS);
        let stop = self.app.store.beat_job(self.job.id, &self.worker, &progress, lease, self.app.now()).await?;
        self.cancelled.fetch_or(stop, Ordering::Relaxed);
        let mut job = self.job.clone();
        job.progress = progress;
        self.app.notify(Notice::Job { job: show(&job) });
        Ok(())
    }
}

/// Takes jobs until the server goes down.
pub async fn run(app: App, alone: bool, shutdown: watch::Receiver<bool>) {
    let worker = api::secret::token().unwrap_or_else(|_| "worker".to_owned());
    if alone {
        // The only process on its database: whatever runs, ran in a process that is gone.
        report(app.store.requeue_all_jobs(app.now()).await);
    }
    let lanes = (0..LANES).map(|lane| tokio::spawn(run_lane(app.clone(), lane, worker.clone(), shutdown.clone())));
    for lane in lanes.collect::<Vec<_>>() {
        if let Err(error) = lane.await {
            tracing::error!(cause = %error, "a lane of jobs broke down");
        }
    }
}

async fn run_lane(app: App, lane: usize, worker: String, mut shutdown: watch::Receiver<bool>) {
    while !*shutdown.borrow() {
        if lane == 0 {
            look_after(&app).await;
        }
        if let Err(error) = work_off(&app, lane, &worker, &shutdown).await {
            tracing::error!(cause = %error, "cannot take a job");
        }
        tokio::select! {
            () = app.rung(lane) => {}
            () = tokio::time::sleep(Duration::from_secs(POLL_SECONDS)) => {}
            _ = shutdown.changed() => {}
        }
    }
}

/// What is to be done about jobs, whoever works on them.
async fn look_after(app: &App) {
    report(app.store.requeue_expired_jobs(app.now()).await);
    report(captures::tell_broken_off(app).await);
    report(assess::queue_when_due(app).await);
    report(app.store.settle_hunts(&app.act()).await);
}

fn report<T>(outcome: Result<T, store::Error>) {
    if let Err(error) = outcome {
        tracing::error!(cause = %error, "cannot look after the jobs");
    }
}

async fn work_off(app: &App, lane: usize, worker: &str, shutdown: &watch::Receiver<bool>) -> Result<(), store::Error> {
    let kinds: Vec<String> = KINDS.get(lane).into_iter().flat_map(|kinds| kinds.iter()).map(word).collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let lease = SignedDuration::from_secs(LEASE_SECONDS);
    while !*shutdown.borrow() {
        let Some(job) = app.store.claim_job(worker, &app.place.name, &kinds, lease, app.now()).await? else {
            return Ok(());
        };
        let work = Work {
            app: app.clone(),
            progress: Mutex::new(job.progress.clone()),
            job,
            worker: worker.to_owned(),
            cancelled: AtomicBool::new(false),
            shutdown: shutdown.clone(),
        };
        one(&work).await?;
    }
    Ok(())
}

/// Runs one job to its end, beating all the while.
async fn one(work: &Work) -> Result<(), store::Error> {
    let outcome = tokio::select! {
        outcome = dispatch(work) => outcome,
        stop = beat_on(work) => Err(stop),
    };
    let outcome = match outcome {
        Ok(result) => JobOutcome::Done(result),
        Err(Stop::Cancelled) => JobOutcome::Cancelled,
        Err(Stop::Failed(message)) => JobOutcome::Failed(message),
        // Not finished: the next start takes it up where its checkpoint is.
        Err(Stop::Shutdown) => return Ok(()),
    };
    match finish(work, &outcome).await {
        Ok(()) => {
            captures::settle(work, &outcome).await?;
            import::clear(work, &outcome).await;
            hunts::settle(work, &outcome).await?;
        }
        // Another worker took it while this one was thought dead; its outcome counts.
        Err(store::Error::LeaseLost { .. }) => {}
        Err(other) => return Err(other),
    }
    let job = work.app.store.job(work.job.id).await?;
    work.app.notify(Notice::Job { job: show(&job) });
    Ok(())
}

/// Ends the job, and with it the import it worked on.
async fn finish(work: &Work, outcome: &JobOutcome) -> Result<(), store::Error> {
    let (store, job) = (&work.app.store, work.job.id);
    let Some(import) = import::of(&work.job) else {
        return store.finish_job(job, &work.worker, outcome, &Act::at(work.app.now())).await;
    };
    let end = match outcome {
        JobOutcome::Done(_) => "done",
        JobOutcome::Failed(_) => "failed",
        JobOutcome::Cancelled => "cancelled",
    };
    // One import, one record, made when it began; that it did not come to its end is another.
    let act = match outcome {
        JobOutcome::Done(_) => Act::at(work.app.now()),
        _ => work.act("import.finish", &format!("import:{import}"), json!({ "state": end })),
    };
    store.finish_import_job(job, &work.worker, outcome, import, &act).await.map(|_| ())
}

async fn beat_on(work: &Work) -> Stop {
    loop {
        tokio::time::sleep(Duration::from_secs(BEAT_SECONDS)).await;
        if let Err(stop) = work.beat().await {
            return stop;
        }
    }
}

async fn dispatch(work: &Work) -> Result<Value, Stop> {
    if work.job.attempts > ATTEMPTS_MAX {
        return Err(Stop::Failed(Message::new("api.job-crashes").number("attempts", work.job.attempts - 1)));
    }
    let kind: Option<JobKind> = serde_json::from_value(Value::String(work.job.kind.clone())).ok();
    match kind {
        Some(JobKind::Import) => import::run(work).await,
        Some(JobKind::KnowledgeImport) => learn::run(work).await,
        Some(JobKind::Reassess) => assess::run(work).await,
        Some(JobKind::Backup) => backup::run(work).await,
        Some(JobKind::Demo) => demo::run(work).await,
        Some(JobKind::ReadCapture) => captures::run(work).await,
        Some(JobKind::MovePlans) => move_plans::run(work).await,
        Some(JobKind::Hunt) => hunts::run(work).await,
        None => Err(Stop::Failed(Message::new("api.job-unknown").with("kind", &work.job.kind))),
    }
}
