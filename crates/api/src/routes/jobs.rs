//! Jobs and notices.

use super::{Answer, imports};
use crate::extract::{Path, Query};
use crate::session::Caller;
use crate::state::App;
use crate::wire::PageQuery;
use crate::wire::jobs::*;
use crate::{Problem, session};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use model::Message;
use serde::Serialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use store::{Act, JobFilter, JobId, NewJob};
use tokio::sync::broadcast::error::RecvError;

/// Jobs that may wait; more are refused, and the person is told to come back.
const QUEUE_MAX: i64 = 100;
const LOG_LINES_MAX: u32 = 1000;
const KEEP_ALIVE_SECONDS: u64 = 15;

/// Jobs, newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(PageQuery), responses((status = 200, body = JobList)))]
pub async fn jobs(State(app): State<App>, Query(query): Query<PageQuery>) -> Answer<JobList> {
    let found = app.store.jobs(&JobFilter::default(), query.cursor.as_deref(), query.limit()).await?;
    Ok(axum::Json(JobList { jobs: found.rows.iter().map(show).collect(), next: found.next }))
}

/// One job with its log.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "jobs", responses((status = 200, body = JobDetail)))]
pub async fn job(State(app): State<App>, Path(id): Path<String>) -> Answer<JobDetail> {
    let id = job_id(&id)?;
    let job = app.store.job(id).await?;
    let log = app.store.job_log(id, 0, LOG_LINES_MAX).await?;
    let log = log.into_iter().map(|line| JobLine { at: line.at, message: line.message }).collect();
    Ok(axum::Json(JobDetail { job: show(&job), log }))
}

/// Asks a job to stop.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs", responses((status = 200, body = Job)))]
pub async fn cancel_job(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<Job> {
    let id = job_id(&id)?;
    let act = caller.act(&app, "job.cancel", format!("job:{id}"), Value::Null);
    let kept = app.store.job(id).await?;
    if show(&kept).state == JobState::Waiting {
        imports::forget_upload(&app, &kept).await;
        settle(&app, &kept, store::JobState::Cancelled, &act).await?;
    } else {
        app.store.cancel_job(id, &act).await?;
        app.ring();
    }
    let job = show(&app.store.job(id).await?);
    app.notify(Notice::Job { job: job.clone() });
    Ok(axum::Json(job))
}

/// A job that waited for the meaning of columns waits no longer.
pub(super) async fn settle(
    app: &App,
    job: &store::Job,
    state: store::JobState,
    act: &store::Act,
) -> Result<(), Problem> {
    let mut result = job.result.clone().unwrap_or_default();
    if let Some(fields) = result.as_object_mut() {
        fields.insert("tables".to_owned(), json!([]));
    }
    app.store.settle_job(job.id, state, &result, act).await?;
    let job = app.store.job(job.id).await?;
    app.notify(Notice::Job { job: show(&job) });
    Ok(())
}

/// Progress of one job as server-sent events; each `data` is a `Job`. The stream ends with the job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/events", tag = "jobs",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn job_events(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = job_id(&id)?;
    // Listen first, then look: nothing that happens in between is lost.
    let notices = app.listen_to_notices();
    let first = show(&app.store.job(id).await?);
    let stream =
        stream::unfold((app, notices, Some(first), false), move |(app, mut notices, first, over)| async move {
            if over {
                return None;
            }
            let job = match first {
                Some(job) => job,
                None => next_of(&app, &mut notices, id).await?,
            };
            let over = matches!(job.state, JobState::Done | JobState::Failed | JobState::Cancelled);
            Some((Ok::<_, Infallible>(event("job", &job)), (app, notices, None, over)))
        });
    Ok(sse(stream))
}

async fn next_of(app: &App, notices: &mut tokio::sync::broadcast::Receiver<Notice>, id: JobId) -> Option<Job> {
    loop {
        match notices.recv().await {
            Ok(Notice::Job { job }) if job.id == id.to_string() => return Some(job),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return app.store.job(id).await.ok().as_ref().map(show),
            Err(RecvError::Closed) => return None,
        }
    }
}

/// Notices as server-sent events; each `data` is a `Notice`.
#[utoipa::path(get, path = "/api/v1/events", tag = "jobs",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn events(State(app): State<App>) -> Result<Response, Problem> {
    let stream = stream::unfold(app.listen_to_notices(), |mut notices| async move {
        let notice = match notices.recv().await {
            Ok(notice) => notice,
            Err(RecvError::Lagged(missed)) => Notice::Lagged { missed },
            Err(RecvError::Closed) => return None,
        };
        Some((Ok::<_, Infallible>(event("notice", &notice)), notices))
    });
    Ok(sse(stream))
}

fn event<T: Serialize>(name: &str, value: &T) -> Event {
    let data = serde_json::to_string(value).unwrap_or_default();
    Event::default().event(name).data(data)
}

fn sse(stream: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS))).into_response()
}

/// Puts a job into the queue and wakes the runner.
pub(super) async fn queue(
    app: &App,
    caller: &Caller,
    kind: JobKind,
    params: Value,
    action: &str,
) -> Result<Job, Problem> {
    queue_as(app, caller, kind, params, &act(app, caller, kind, action)).await
}

/// The record of a job that somebody queues.
pub(super) fn act(app: &App, caller: &Caller, kind: JobKind, action: &str) -> Act {
    caller.act(app, action, format!("job:{}", session::word(&kind)), json!({}))
}

/// An error when too many jobs wait already.
pub(super) async fn has_room(app: &App) -> Result<(), Problem> {
    let waiting = JobFilter { states: vec![store::JobState::Queued], ..JobFilter::default() };
    if app.store.jobs(&waiting, None, 1).await?.total >= QUEUE_MAX {
        let full = Message::new("api.queue-full").number("max", QUEUE_MAX);
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, full).retry_after(60));
    }
    Ok(())
}

pub(super) async fn queue_as(
    app: &App,
    caller: &Caller,
    kind: JobKind,
    params: Value,
    act: &Act,
) -> Result<Job, Problem> {
    has_room(app).await?;
    let home = if needs_files(kind) { app.place.name.clone() } else { String::new() };
    let new = NewJob { kind: session::word(&kind), params, owner: caller.actor(), home };
    let id = app.store.queue_job(&new, act).await?;
    let job = show(&app.store.job(id).await?);
    app.notify(Notice::Job { job: job.clone() });
    app.ring();
    Ok(job)
}

/// Whether a job works on files of the server that was asked for it.
fn needs_files(kind: JobKind) -> bool {
    match kind {
        JobKind::Import | JobKind::KnowledgeImport | JobKind::Backup | JobKind::ReadCapture => true,
        JobKind::Reassess | JobKind::Demo | JobKind::MovePlans | JobKind::Hunt => false,
    }
}

pub(super) fn job_id(id: &str) -> Result<JobId, Problem> {
    id.parse().map_err(|_| Problem::not_found("job", id))
}

/// A kept job as the wire shows it.
pub fn show(job: &store::Job) -> Job {
    let waits = job
        .result
        .as_ref()
        .is_some_and(|result| result.get("tables").and_then(Value::as_array).is_some_and(|tables| !tables.is_empty()));
    let state = match job.state {
        store::JobState::Queued => JobState::Queued,
        store::JobState::Running => JobState::Running,
        store::JobState::Done if waits => JobState::Waiting,
        store::JobState::Done => JobState::Done,
        store::JobState::Failed => JobState::Failed,
        store::JobState::Cancelled => JobState::Cancelled,
    };
    Job {
        id: job.id.to_string(),
        kind: serde_json::from_value(Value::String(job.kind.clone())).unwrap_or(JobKind::Import),
        state,
        title: job.progress.phase.clone().unwrap_or_else(|| Message::new(format!("api.job-{}", job.kind))),
        done: job.progress.done,
        total: job.progress.total,
        created: job.created,
        started: job.started,
        finished: job.finished,
        by: job.owner.clone(),
        error: job.error.clone(),
    }
}
