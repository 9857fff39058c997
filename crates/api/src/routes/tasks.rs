//! Files for workers on other machines: taken by a lease, fetched, and given back with what came of them.

use super::Answer;
use crate::Problem;
use crate::analysis as room;
use crate::extract::{Json, Path};
use crate::session::Caller;
use crate::state::App;
use crate::wire::files::*;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::io::Read;
use std::time::Duration;

const TASKS_MAX: u32 = 20;
const WAIT_MAX: Duration = Duration::from_secs(20);
const NAME_CHARS_MAX: usize = 120;
/// Bytes that are handed to a connection at a time.
const PORTION_BYTES: usize = 256 << 10;
/// Bytes of a result on its way: a report, and what is told beside it.
pub const RESULT_BYTES_MAX: usize = ::analysis::REPORT_BYTES_MAX + (1 << 20);

/// Takes files that wait, for a worker. Who does not say within the lease that it goes on loses them.
#[utoipa::path(post, path = "/api/v1/files/tasks", tag = "files", request_body = AskForFiles,
    responses((status = 200, body = FilesToAnalyse)))]
pub async fn take_files(
    State(app): State<App>,
    caller: Caller,
    Json(ask): Json<AskForFiles>,
) -> Answer<FilesToAnalyse> {
    let wait = Duration::from_secs(ask.wait_seconds).min(WAIT_MAX);
    let worker = called(&caller, &ask.worker);
    let tasks = room::lease(&app, &worker, ask.most.clamp(1, TASKS_MAX), wait).await?;
    Ok(axum::Json(FilesToAnalyse { tasks }))
}

/// A worker is known by who started it and by what it calls itself.
fn called(caller: &Caller, worker: &str) -> String {
    let worker: String = worker.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    format!("{}/{worker}", caller.actor())
}

/// The bytes of a file that somebody has by a lease; of a large one, as many as are read.
#[utoipa::path(get, path = "/api/v1/files/tasks/{lease}/{sha256}", tag = "files",
    params(("lease" = String, Path), ("sha256" = String, Path)), responses((status = 200, body = [u8])))]
pub async fn fetch_file(
    State(app): State<App>,
    Path((lease, sha256)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let file = room::content(&app, &lease, &sha256).await?;
    let portions = stream::unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut portion = vec![0; PORTION_BYTES];
            let read = file.read(&mut portion);
            (file, portion, read)
        });
        match read.await {
            Ok((_, _, Ok(0))) => None,
            Ok((file, mut portion, Ok(read))) => {
                portion.truncate(read);
                Some((Ok(portion), file))
            }
            Ok((file, _, Err(error))) => Some((Err(error), file)),
            Err(_) => None,
        }
    });
    let head = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((head, Body::from_stream(portions)).into_response())
}

/// The rules that files are matched with, as sources: a worker compiles them for its own machine.
#[utoipa::path(get, path = "/api/v1/files/tasks/rules", tag = "files", responses((status = 200, body = FileRuleTexts)))]
pub async fn rule_texts(State(app): State<App>) -> Answer<FileRuleTexts> {
    Ok(axum::Json(FileRuleTexts { digest: app.file_rules.digest(), texts: crate::file_rules::sources(&app).await? }))
}

/// Says that a file is still worked on.
#[utoipa::path(post, path = "/api/v1/files/tasks/{lease}/{sha256}/extend", tag = "files",
    params(("lease" = String, Path), ("sha256" = String, Path)), request_body = OfWorker,
    responses((status = 200, body = LeaseStanding)))]
pub async fn extend_lease(
    State(app): State<App>,
    caller: Caller,
    Path((lease, sha256)): Path<(String, String)>,
    Json(of): Json<OfWorker>,
) -> Answer<LeaseStanding> {
    let standing = room::extend(&app, &called(&caller, &of.worker), &lease, &sha256).await?;
    Ok(axum::Json(LeaseStanding { standing }))
}

/// Gives back what came of a file. One result is taken of whoever has the lease; of anybody else none.
#[utoipa::path(post, path = "/api/v1/files/tasks/{lease}/{sha256}/result", tag = "files",
    params(("lease" = String, Path), ("sha256" = String, Path)), request_body = FileResult,
    responses((status = 200, body = LeaseStanding)))]
pub async fn tell_result(
    State(app): State<App>,
    caller: Caller,
    Path((lease, sha256)): Path<(String, String)>,
    Json(told): Json<FileResult>,
) -> Answer<LeaseStanding> {
    let worker = called(&caller, &told.worker);
    let standing = room::finish(&app, &worker, &lease, &sha256, told.opened).await?;
    Ok(axum::Json(LeaseStanding { standing }))
}

/// Gives back files that were not analysed, as the worker goes down.
#[utoipa::path(delete, path = "/api/v1/files/tasks/{lease}", tag = "files", params(("lease" = String, Path)),
    responses((status = 204)))]
pub async fn give_back(State(app): State<App>, Path(lease): Path<String>) -> Result<StatusCode, Problem> {
    app.store.files().give_back(&lease).await?;
    app.analysis.ring();
    Ok(StatusCode::NO_CONTENT)
}
