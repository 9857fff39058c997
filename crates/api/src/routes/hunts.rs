//! Looking back: starting hunts, and who met what.

use super::network::Known;
use super::{Answer, imports, indicators as taken, jobs};
use crate::extract::{Json, Path, Query};
use crate::indicators::{self, TakenIn};
use crate::routes::imports::UPLOADS;
use crate::session::Caller;
use crate::state::App;
use crate::table::{self, Column};
use crate::wire::PageQuery;
use crate::wire::hosts::ExportQuery;
use crate::wire::hunts::*;
use crate::wire::imports::UploadForm;
use crate::wire::jobs::{JobState, Notice};
use crate::{Problem, holds, hunts};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use model::Message;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor, Read};
use store::{HuntFilter, HuntId};

const NAME_CHARS_MAX: usize = 120;
/// Bars of a time axis at most.
const BARS_MAX: i64 = 240;
const HOUR_SECONDS: i64 = 3600;
/// By what came in this time it is told how long there is room: seven days.
const GROWTH_MS: i64 = 7 * 24 * HOUR_SECONDS * 1000;
/// Indicators and hosts that are told as those with most.
const TOPS: u32 = 12;
/// Rows of a table to take away.
const EXPORT_ROWS_MAX: usize = 100_000;

/// Hunts, newest first, and what can be looked through.
#[utoipa::path(get, path = "/api/v1/hunts", tag = "network", params(PageQuery), responses((status = 200, body = HuntPage)))]
pub async fn hunts(State(app): State<App>, Query(query): Query<PageQuery>) -> Answer<HuntPage> {
    let page = app.store.hunts(query.cursor.as_deref(), query.limit()).await?;
    let mut rows = Vec::new();
    for hunt in page.rows {
        rows.push(row(&app, hunt).await?);
    }
    let held = holds::all(&app).await?;
    let kept = app.lake.get().ok().map(|lake| kept(&app, &lake.view(), &held));
    Ok(axum::Json(HuntPage { rows, next: page.next, total: page.total.unsigned_abs(), kept }))
}

/// Looks for indicators that were typed or pasted in everything that is kept. Nobody watches for them afterwards.
#[utoipa::path(post, path = "/api/v1/hunts", tag = "network", request_body = NewHunt,
    responses((status = 202, body = HuntAccepted)))]
pub async fn start_hunt(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewHunt>,
) -> Result<(StatusCode, axum::Json<HuntAccepted>), Problem> {
    let text = Cursor::new(new.text.into_bytes());
    let asked = Asked { name: new.name, since: new.since, until: new.until };
    taken::to_the_end(async move { start(&app, &caller, asked, text).await }).await
}

/// The same for the indicators in files, one a line.
#[utoipa::path(post, path = "/api/v1/hunts/files", tag = "network", params(HuntFileQuery),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 202, body = HuntAccepted)))]
pub async fn upload_hunt(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<HuntFileQuery>,
    form: Multipart,
) -> Result<(StatusCode, axum::Json<HuntAccepted>), Problem> {
    let (name, upload) = imports::receive(&app, form).await?;
    let folder = app.place.data_directory.join(UPLOADS).join(name);
    let files = upload.files.iter().map(|file| std::fs::File::open(folder.join(&file.stored)));
    let opened: Result<Vec<_>, _> = files.collect();
    let first = upload.files.first().map(|file| file.path.clone()).unwrap_or_default();
    let asked = Asked { name: query.name.unwrap_or(first), since: query.since, until: query.until };
    taken::to_the_end(async move {
        let started = match opened {
            Ok(files) => start(&app, &caller, asked, one_after_the_other(files)).await,
            Err(error) => Err(Problem::internal(error)),
        };
        let _ = tokio::fs::remove_dir_all(folder).await;
        started
    })
    .await
}

/// The lines of several files; the last line of one is not the beginning of the next.
fn one_after_the_other(files: Vec<std::fs::File>) -> Box<dyn BufRead + Send> {
    let empty: Box<dyn Read + Send> = Box::new(Cursor::new(Vec::new()));
    let chain = |all: Box<dyn Read + Send>, file| -> Box<dyn Read + Send> {
        Box::new(all.chain(file).chain(Cursor::new(b"\n")))
    };
    Box::new(BufReader::new(files.into_iter().fold(empty, chain)))
}

struct Asked {
    name: String,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

async fn start(
    app: &App,
    caller: &Caller,
    asked: Asked,
    text: impl BufRead + Send + 'static,
) -> Result<(StatusCode, axum::Json<HuntAccepted>), Problem> {
    app.lake.get()?;
    jobs::has_room(app).await?;
    let name: String = asked.name.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    if name.is_empty() {
        return Err(Problem::bad_request(Message::new("api.hunt-no-name")));
    }
    if let (Some(since), Some(until)) = (asked.since, asked.until)
        && since >= until
    {
        return Err(Problem::bad_request(Message::new("api.hunt-no-time")));
    }
    let new = store::NewHunt {
        name: name.clone(),
        owner: caller.actor(),
        list: None,
        since: asked.since,
        until: asked.until,
    };
    let params = json!({ "since": asked.since, "until": asked.until });
    let hunt = app.store.begin_hunt(&new, &caller.act(app, "hunt.start", format!("hunt:{name}"), params)).await?;
    let queued = async {
        let taken = indicators::take_in_for_hunt(app, text, hunt, &name).await?;
        if taken.added == 0 {
            return Err(hunts::nothing());
        }
        let job = hunts::queue(app, hunt, taken.added, &caller.actor(), &app.act()).await?;
        Ok((taken, jobs::show(&app.store.job(job).await?)))
    };
    match queued.await {
        Ok((taken, job)) => Ok((StatusCode::ACCEPTED, axum::Json(accepted(hunt, job, &name, taken)))),
        Err(problem) => {
            hunts::give_up(app, hunt).await;
            Err(problem)
        }
    }
}

fn accepted(hunt: HuntId, job: crate::wire::jobs::Job, name: &str, of: TakenIn) -> HuntAccepted {
    let mut told = taken::none();
    taken::add(&mut told, name, of);
    HuntAccepted { hunt, job, taken: told }
}

/// One hunt.
#[utoipa::path(get, path = "/api/v1/hunts/{id}", tag = "network", responses((status = 200, body = HuntRow)))]
pub async fn hunt(State(app): State<App>, Path(id): Path<String>) -> Answer<HuntRow> {
    let hunt = app.store.hunt(hunt_id(&id)?).await?;
    Ok(axum::Json(row(&app, hunt).await?))
}

/// Hosts that met an indicator, those that did last first.
#[utoipa::path(get, path = "/api/v1/hunts/{id}/hits", tag = "network", params(HuntHitQuery),
    responses((status = 200, body = HuntHitPage)))]
pub async fn hunt_hits(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<HuntHitQuery>,
) -> Answer<HuntHitPage> {
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let id = hunt_id(&id)?;
    app.store.hunt(id).await?;
    let cursor = query.cursor.clone();
    let page = app.store.hunt_groups(id, &filter(query), cursor.as_deref(), limit).await?;
    let rows = hit_rows(&app, page.rows).await?;
    Ok(axum::Json(HuntHitPage { rows, next: page.next, total: page.total.unsigned_abs() }))
}

/// All hosts that met an indicator and that the filters let through, as CSV or JSON: those that did last, 100,000 at most.
#[utoipa::path(get, path = "/api/v1/hunts/{id}/hits.export", tag = "network", params(HuntHitQuery, ExportQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<HuntHitRow> = "application/json")))))]
pub async fn export_hunt_hits(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<HuntHitQuery>,
    Query(export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let id = hunt_id(&id)?;
    app.store.hunt(id).await?;
    let filter = filter(query);
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = app.store.hunt_groups(id, &filter, cursor.as_deref(), 500).await?;
        all.extend(hit_rows(&app, page.rows).await?);
        cursor = page.next;
        if cursor.is_none() || all.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    table::download(&format!("hunt-{id}"), export.format, export.lang.into(), COLUMNS, &all)
}

const COLUMNS: &[Column<HuntHitRow>] = &[
    ("address", |row| row.host.address.clone()),
    ("label", |row| row.host.label.clone().unwrap_or_default()),
    ("indicator-kind", |row| row.kind.clone()),
    ("indicator", |row| row.value.clone()),
    ("place", |row| row.place.clone()),
    ("record", |row| row.record.clone()),
    ("peer", |row| row.peer.as_ref().map(|peer| peer.address.clone()).unwrap_or_default()),
    ("community-id", |row| row.community.clone().unwrap_or_default()),
    ("protocol", |row| row.protocol.clone().unwrap_or_default()),
    ("times", |row| row.count.to_string()),
    ("first", |row| row.first.to_string()),
    ("last", |row| row.last.to_string()),
];

/// Groups with what is known of the hosts.
async fn hit_rows(app: &App, groups: Vec<store::HuntGroup>) -> Result<Vec<HuntHitRow>, Problem> {
    let addresses = groups.iter().flat_map(|row| [row.host.clone(), row.peer.clone()]);
    let known = Known::of(app, addresses.filter(|address| !address.is_empty())).await?;
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    let row = |row: store::HuntGroup| HuntHitRow {
        host: known.end(&row.host),
        peer: said(row.peer).map(|peer| known.end(&peer)),
        kind: row.kind,
        value: row.value,
        place: row.place,
        record: row.record,
        community: said(row.community),
        protocol: said(row.protocol),
        count: row.count,
        first: row.first,
        last: row.last,
    };
    Ok(groups.into_iter().map(row).collect())
}

/// When it was met, which indicators most, and by whom.
#[utoipa::path(get, path = "/api/v1/hunts/{id}/shape", tag = "network", params(HuntHitQuery),
    responses((status = 200, body = HuntShape)))]
pub async fn hunt_shape(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<HuntHitQuery>,
) -> Answer<HuntShape> {
    let id = hunt_id(&id)?;
    app.store.hunt(id).await?;
    let filter = filter(query);
    let hours = app.store.hunt_hours(id, &filter).await?;
    let (indicators, hosts) = app.store.hunt_tops(id, &filter, TOPS).await?;
    let known = Known::of(&app, hosts.iter().map(|host| host.name.clone())).await?;
    let top = |top: store::HuntTop| HuntTop {
        label: known.end(&top.name).label,
        kind: Some(top.kind).filter(|kind| !kind.is_empty()),
        name: top.name,
        count: top.count,
        others: top.others,
        first: top.first,
        last: top.last,
    };
    let (step, bars) = bars(&hours);
    Ok(axum::Json(HuntShape {
        step,
        bars,
        indicators: indicators.into_iter().map(top).collect(),
        hosts: hosts.into_iter().map(top).collect(),
    }))
}

/// Removes a hunt with what it found. One that still runs is asked to stop.
#[utoipa::path(delete, path = "/api/v1/hunts/{id}", tag = "network", responses((status = 204)))]
pub async fn delete_hunt(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = hunt_id(&id)?;
    let hunt = app.store.hunt(id).await?;
    // Before its job is stopped for nothing.
    if app.store.hunt_is_held(id).await? {
        return Err(store::Error::Held { hunt: id }.into());
    }
    if hunt.job != 0 && !hunt.state.is_over() {
        match app.store.cancel_job(hunt.job, &app.act()).await {
            Ok(_) => app.ring(),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let act = caller.act(&app, "hunt.remove", format!("hunt:{}", hunt.name), json!({}));
    app.store.remove_hunt(id, &act).await?;
    app.notify(Notice::Hunt { hunt: id });
    Ok(StatusCode::NO_CONTENT)
}

fn hunt_id(id: &str) -> Result<HuntId, Problem> {
    id.parse().map_err(|_| Problem::not_found("hunt", id))
}

fn filter(query: HuntHitQuery) -> HuntFilter {
    let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    HuntFilter {
        kind: said(query.kind),
        value: said(query.value),
        host: said(query.host),
        search: said(query.q),
        since: query.since,
        until: query.until,
    }
}

/// Bars of equal length, of which those without anything are left out.
fn bars(hours: &[(Timestamp, u64)]) -> (i64, Vec<HuntBar>) {
    let (Some((first, _)), Some((last, _))) = (hours.first(), hours.last()) else { return (HOUR_SECONDS, Vec::new()) };
    let hours_between = (last.as_second() - first.as_second()) / HOUR_SECONDS + 1;
    let step = [1, 2, 6, 12, 24, 48, 168, 720].into_iter().find(|step| hours_between / step < BARS_MAX);
    let step = step.unwrap_or(hours_between / BARS_MAX + 1) * HOUR_SECONDS;
    let mut bars: BTreeMap<i64, u64> = BTreeMap::new();
    for (hour, count) in hours {
        *bars.entry(hour.as_second().div_euclid(step) * step).or_default() += count;
    }
    let bar = |(at, count)| HuntBar { at: Timestamp::from_second(at).unwrap_or_default(), count };
    (step, bars.into_iter().map(bar).collect())
}

async fn row(app: &App, hunt: store::Hunt) -> Result<HuntRow, Problem> {
    let job = match hunt.job {
        0 => None,
        job => app.store.job(job).await.ok().map(|job| jobs::show(&job)),
    };
    let state = match hunt.state {
        store::HuntState::Filling => HuntState::Filling,
        store::HuntState::Queued => HuntState::Queued,
        store::HuntState::Running => HuntState::Running,
        store::HuntState::Done => HuntState::Done,
        store::HuntState::Failed => HuntState::Failed,
        store::HuntState::Cancelled => HuntState::Cancelled,
    };
    let figures = hunt.figures;
    Ok(HuntRow {
        id: hunt.id,
        name: hunt.name,
        by: hunt.owner,
        created: hunt.created,
        list: hunt.list,
        since: hunt.since,
        until: hunt.until,
        state,
        job: job.filter(|job| matches!(job.state, JobState::Queued | JobState::Running | JobState::Failed)),
        wanted: hunt.wanted,
        met: hunt.met,
        hits: hunt.hits,
        hosts: hunt.hosts,
        left_out: hunt.left_out,
        figures: HuntFigures {
            days: figures.days,
            of_days: figures.of_days,
            files: figures.files,
            ruled_out: figures.ruled_out,
            by_index: figures.by_index,
            whole: figures.whole,
            pages: figures.pages,
            of_pages: figures.of_pages,
            rows: figures.rows,
            bytes: figures.bytes,
            unreadable: figures.unreadable,
            unreadable_files: figures.unreadable_files,
        },
        finished: hunt.finished,
    })
}

/// What can be looked through, and how long it will be kept.
fn kept(app: &App, view: &lake::View, held: &lake::Held) -> Kept {
    let time = |us: Option<i64>| us.and_then(|us| Timestamp::from_microsecond(us).ok());
    let status = view.status();
    let all = &status.tables;
    let bytes: u64 = all.iter().map(|table| table.bytes + table.index_bytes).sum();
    // When files came is told by the clock of the machine.
    let now_ms = Timestamp::now().as_millisecond();
    let bytes_per_day = view.bytes_per_day(now_ms - GROWTH_MS, now_ms);
    let (_, held_bytes) = holds::size(view, held);
    let left = app.place.lake_bytes_max.saturating_sub(bytes.saturating_sub(held_bytes));
    Kept {
        files: all.iter().map(|table| table.files).sum(),
        rows: all.iter().map(|table| table.rows).sum(),
        bytes,
        held_bytes,
        bytes_max: app.place.lake_bytes_max,
        days_max: app.place.lake_days,
        bytes_per_day,
        days_left: bytes_per_day.filter(|bytes| *bytes > 0).map(|bytes| left / bytes),
        waiting_rows: status.waiting_rows,
        first: time(all.iter().filter_map(|table| table.first_us).min()),
        last: time(all.iter().filter_map(|table| table.last_us).max()),
        tables: all
            .iter()
            .map(|table| KeptTable {
                record: table.table.to_owned(),
                files: table.files,
                rows: table.rows,
                bytes: table.bytes,
                index_bytes: table.index_bytes,
                first: time(table.first_us),
                last: time(table.last_us),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_wide_as_the_time_asks_for() {
        let at = |hour: i64| Timestamp::from_second(hour * HOUR_SECONDS).unwrap_or_default();
        let of = |hours: &[i64]| {
            let hours: Vec<_> = hours.iter().map(|hour| (at(*hour), 1)).collect();
            let (step, bars) = bars(&hours);
            (step / HOUR_SECONDS, bars.iter().map(|bar| bar.count).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), (1, vec![]));
        assert_eq!(of(&[5]), (1, vec![1]));
        assert_eq!(of(&[0, 1, 200]), (1, vec![1, 1, 1]));
        assert_eq!(of(&[0, 1, 400]), (2, vec![2, 1]));
        assert_eq!(of(&[0, 24 * 365 * 10]).1, [1, 1]);
    }
}
