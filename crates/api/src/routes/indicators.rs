//! Indicators: what is looked for in traffic, from where, and how often it was met.

use super::Answer;
use super::imports;
use crate::extract::{Json, Path, Query};
use crate::indicators::{self, BAD_SHOWN, INDICATORS_MAX, TakenIn};
use crate::routes::imports::UPLOADS;
use crate::session::Caller;
use crate::state::App;
use crate::upload::Upload;
use crate::wire::imports::UploadForm;
use crate::wire::indicators::*;
use crate::{Problem, hunts};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use model::Message;
use serde_json::json;
use std::io::{BufReader, Cursor};
use store::IndicatorFilter;

const SOURCE_CHARS_MAX: usize = 120;
/// Indicators removed in one request.
const REMOVED_MAX: usize = 1000;

/// Indicators, the newest first, with how often each was met.
#[utoipa::path(get, path = "/api/v1/indicators", tag = "network", params(IndicatorQuery), responses((status = 200, body = IndicatorPage)))]
pub async fn indicators(State(app): State<App>, Query(query): Query<IndicatorQuery>) -> Answer<IndicatorPage> {
    let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = IndicatorFilter { kind: said(query.kind), list: query.list, search: said(query.q), met: query.met };
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let page = app.store.indicators(&filter, query.cursor.as_deref(), limit).await?;
    let row = |row: store::StoredIndicator| IndicatorRow {
        id: row.id,
        list: row.list,
        kind: row.kind,
        value: row.value,
        source: row.source,
        by: row.owner,
        added: row.added,
        hits: row.hits,
        last_hit: row.last_hit,
    };
    let list = |list: store::IndicatorList| IndicatorListRow {
        id: list.id,
        source: list.source,
        by: list.owner,
        added: list.added,
        count: list.count,
        bad: list.bad,
    };
    Ok(axum::Json(IndicatorPage {
        rows: page.rows.into_iter().map(row).collect(),
        next: page.next,
        total: page.total.unsigned_abs(),
        kept: app.store.indicator_count().await?,
        kept_max: INDICATORS_MAX,
        lists: app.store.indicator_lists().await?.into_iter().map(list).collect(),
    }))
}

/// Adds indicators that were typed or pasted. Lines that are none are told by their number; the others are used at once.
#[utoipa::path(post, path = "/api/v1/indicators", tag = "network", request_body = NewIndicators,
    responses((status = 200, body = IndicatorsTaken)))]
pub async fn add_indicators(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewIndicators>,
) -> Answer<IndicatorsTaken> {
    let source: String = new.source.trim().chars().filter(|c| !c.is_control()).take(SOURCE_CHARS_MAX).collect();
    if source.is_empty() {
        return Err(Problem::bad_request(Message::new("api.indicators-no-source")));
    }
    let act = caller.act(&app, "indicators.add", format!("indicators:{source}"), json!({}));
    let actor = caller.actor();
    let mut told = none();
    let (text, list) = (Cursor::new(new.text.into_bytes()), source.clone());
    let (taken, hunt) = to_the_end(async move {
        let taken = indicators::take_in(&app, text, &list, &actor, act).await?;
        let hunt = look_back(&app, &taken, &list, &actor).await;
        Ok((taken, hunt))
    })
    .await?;
    add(&mut told, &source, taken);
    told.hunts.extend(hunt);
    Ok(axum::Json(told))
}

/// Adds the indicators in files, one a line; each file is a list by its name.
#[utoipa::path(post, path = "/api/v1/indicators/files", tag = "network",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, body = IndicatorsTaken)))]
pub async fn upload_indicators(State(app): State<App>, caller: Caller, form: Multipart) -> Answer<IndicatorsTaken> {
    let (name, upload) = imports::receive(&app, form).await?;
    to_the_end(async move { take_files(&app, &caller, &name, &upload).await }).await.map(axum::Json)
}

async fn take_files(app: &App, caller: &Caller, name: &str, upload: &Upload) -> Result<IndicatorsTaken, Problem> {
    let folder = app.place.data_directory.join(UPLOADS).join(name);
    let mut outcome = Ok(none());
    for file in &upload.files {
        let source: String = file.path.chars().take(SOURCE_CHARS_MAX).collect();
        let act = caller.act(app, "indicators.add", format!("indicators:{source}"), json!({ "bytes": file.bytes }));
        let taken = match std::fs::File::open(folder.join(&file.stored)) {
            Ok(text) => indicators::take_in(app, BufReader::new(text), &source, &caller.actor(), act).await,
            Err(error) => Err(Problem::internal(error)),
        };
        match (taken, &mut outcome) {
            (Ok(taken), Ok(told)) => {
                told.hunts.extend(look_back(app, &taken, &source, &caller.actor()).await);
                add(told, &source, taken);
            }
            (Err(problem), _) => {
                outcome = Err(problem);
                break;
            }
            _ => {}
        }
    }
    let _ = tokio::fs::remove_dir_all(folder).await;
    outcome
}

/// Who met what is new is looked for at once. That this cannot be begun takes nothing from the list.
async fn look_back(app: &App, taken: &TakenIn, source: &str, owner: &str) -> Option<store::HuntId> {
    let begun = hunts::of_list(app, taken.list?, source, taken.added, owner).await;
    begun.unwrap_or_else(|problem| {
        tracing::error!(cause = ?problem.message, "cannot look back for new indicators");
        None
    })
}

/// Work that goes on when the caller hangs up: else what came in so far would stay without its line in the audit trail.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work).await.map_err(Problem::internal)?
}

/// Removes indicators. Whoever watches stops looking for them at once; what was met stays told.
#[utoipa::path(post, path = "/api/v1/indicators/remove", tag = "network", request_body = RemoveIndicators,
    responses((status = 200, body = IndicatorsRemoved)))]
pub async fn remove_indicators(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<RemoveIndicators>,
) -> Answer<IndicatorsRemoved> {
    if asked.ids.len() > REMOVED_MAX {
        return Err(Problem::bad_request(Message::new("api.indicators-too-many").number("max", REMOVED_MAX as i64)));
    }
    let act = caller.act(&app, "indicators.remove", "indicators".to_owned(), json!({ "ids": asked.ids }));
    Ok(axum::Json(IndicatorsRemoved { removed: app.store.remove_indicators(&asked.ids, &act).await? }))
}

/// Removes a list with all indicators that came in it.
#[utoipa::path(delete, path = "/api/v1/indicators/lists/{id}", tag = "network", responses((status = 204)))]
pub async fn remove_indicator_list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let list = id.parse().map_err(|_| Problem::not_found("indicator-list", &id))?;
    let act = caller.act(&app, "indicators.remove", format!("indicator-list:{list}"), json!({}));
    app.store.remove_indicator_list(list, &act).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn none() -> IndicatorsTaken {
    IndicatorsTaken { lines: 0, added: 0, known: 0, bad_lines: 0, bad: Vec::new(), left_out: 0, hunts: Vec::new() }
}

pub(super) fn add(told: &mut IndicatorsTaken, source: &str, taken: TakenIn) {
    told.lines += taken.lines;
    told.added += taken.added;
    told.known += taken.known;
    told.bad_lines += taken.bad_lines;
    told.left_out += taken.left_out;
    let room = BAD_SHOWN.saturating_sub(told.bad.len());
    let bad = taken.bad.into_iter().map(|bad| {
        let (source, why) = (source.to_owned(), bad.why.message());
        BadIndicator { source, line: bad.line, text: bad.text, why }
    });
    told.bad.extend(bad.take(room));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_the_caller_hangs_up() {
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let (end, ended) = tokio::sync::oneshot::channel();
        let mut asked = Box::pin(to_the_end(async move {
            let _ = begun.await;
            let _ = end.send(());
            Ok(())
        }));
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), &mut asked).await.is_err());
        drop(asked);
        assert!(begin.send(()).is_ok());
        assert!(ended.await.is_ok());
    }
}
