//! Files: sent in, looked at, listed, analysed again.

use super::Answer;
use crate::analysis::{self as room, Arrived};
use crate::extract::{Json, Path, Query};
use crate::session::Caller;
use crate::state::App;
use crate::wire::files::*;
use crate::wire::imports::UploadForm;
use crate::{Problem, file_rules, upload};
use ::analysis::vault::Kept;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use model::Message;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::IpAddr;
use store::{FileFilter, Listed, Seen};

/// What a person sends in comes before what was seen on the way.
const ASKED_FOR: i64 = 100;
const REASON_CHARS_MAX: usize = 500;

/// Files, the last seen or the worst first.
#[utoipa::path(get, path = "/api/v1/files", tag = "files", params(FileQuery), responses((status = 200, body = FilePage)))]
pub async fn files(State(app): State<App>, Query(query): Query<FileQuery>) -> Answer<FilePage> {
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let sort = match query.sort {
        FileSort::LastSeen => store::FileSort::LastSeen,
        FileSort::Score => store::FileSort::Score,
    };
    let page = app.store.files().page(&filter(&query)?, sort, query.cursor.as_deref(), limit).await?;
    let rows = page.rows.iter().map(row).collect();
    Ok(axum::Json(FilePage { rows, next: page.next, total: page.total.unsigned_abs() }))
}

fn filter(query: &FileQuery) -> Result<FileFilter, Problem> {
    let several = |text: &Option<String>| -> Vec<String> {
        let text = text.as_deref().unwrap_or_default();
        text.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    };
    let wrong = |name: &str| Problem::bad_request(Message::new("api.bad-value").with("name", name));
    let states: Result<Vec<_>, Problem> =
        several(&query.state).iter().map(|state| state_of(state).ok_or_else(|| wrong("state"))).collect();
    let pivot = query.has.as_deref().map(|has| has.split_once(':').ok_or_else(|| wrong("has"))).transpose()?;
    Ok(FileFilter {
        standing: several(&query.verdict),
        states: states?,
        groups: several(&query.group),
        kinds: several(&query.kind),
        list: query.list.map(list_of),
        host: query.host.clone().filter(|host| !host.is_empty()),
        source: query.source.map(source_of),
        text: query.q.clone(),
        pivot: pivot.map(|(kind, value)| (kind.to_owned(), value.to_owned())),
    })
}

/// All files from above, and how the analysis stands.
#[utoipa::path(get, path = "/api/v1/files/overview", tag = "files", responses((status = 200, body = FileOverview)))]
pub async fn file_overview(State(app): State<App>) -> Answer<FileOverview> {
    let files = app.store.files();
    let (counts, queue) = tokio::try_join!(files.counts(), files.queue())?;
    let told = |facets: Vec<store::FacetCount>| {
        facets.into_iter().map(|facet| FileCount { value: facet.value, files: facet.hosts.unsigned_abs() }).collect()
    };
    let workers = app.analysis.workers(app.now()).into_iter().map(|(name, known)| FileWorker {
        name,
        last_seen: known.last,
        finished: known.finished,
    });
    Ok(axum::Json(FileOverview {
        files: counts.files,
        kept_bytes: counts.kept_bytes,
        verdicts: told(counts.standing),
        groups: told(counts.groups),
        waiting: queue.waiting,
        leased: queue.leased,
        set_aside: queue.set_aside,
        oldest: queue.oldest,
        workers: workers.collect(),
        trouble: app.analysis.trouble(),
        upload_bytes_max: app.place.upload_bytes_max,
    }))
}

/// Sends files in to be analysed. Acknowledged means: their bytes are on disk, and they wait.
#[utoipa::path(post, path = "/api/v1/files", tag = "files", params(FileUploadQuery),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 202, body = FilesAccepted)))]
pub async fn send_files(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<FileUploadQuery>,
    form: Multipart,
) -> Result<(StatusCode, axum::Json<FilesAccepted>), Problem> {
    let host = query.host.filter(|host| !host.trim().is_empty());
    if let Some(host) = &host
        && host.parse::<IpAddr>().is_err()
    {
        return Err(Problem::bad_request(Message::new("api.bad-value").with("name", "host")));
    }
    let vault = app.analysis.vaults()?.files;
    let taken = upload::into_vault(&vault, form, app.place.upload_bytes_max).await?;
    let mut files = Vec::new();
    for (name, kept) in &taken {
        files.push(accept(&app, &caller, name, kept, host.clone()).await?);
    }
    Ok((StatusCode::ACCEPTED, axum::Json(FilesAccepted { files })))
}

async fn accept(
    app: &App,
    caller: &Caller,
    name: &str,
    kept: &Kept,
    host: Option<String>,
) -> Result<FileAccepted, Problem> {
    let act = caller.act(app, "file.send", object(&kept.sha256), json!({ "name": name, "bytes": kept.size }));
    let arrived =
        Arrived { kept, name, source: store::SightingSource::Upload, host, at: app.now(), priority: ASKED_FOR };
    let seen = room::arrived(app, arrived, &act).await?;
    let state = match seen {
        Seen::First | Seen::Had => FileState::Waiting,
        Seen::Again(state) => state_shown(state),
    };
    Ok(FileAccepted {
        name: name.to_owned(),
        sha256: kept.sha256.clone(),
        size: kept.size,
        known: seen != Seen::First,
        state,
    })
}

/// What is known of a file: its report, where it was seen, what is like it.
#[utoipa::path(get, path = "/api/v1/files/{sha256}", tag = "files", params(("sha256" = String, Path)),
    responses((status = 200, body = FileDetail)))]
pub async fn file(State(app): State<App>, Path(sha256): Path<String>) -> Answer<FileDetail> {
    let files = app.store.files();
    let found = files.file(&sha256).await?;
    let report = room::report(&app, &found).await?;
    let (listed, lists, known, trusted, sightings, within, pivots) = tokio::try_join!(
        files.listed(&sha256),
        files.lists_within(&sha256),
        files.known_within(&sha256),
        files.publishers_of(&sha256),
        files.sightings(&sha256),
        files.within(&sha256),
        files.pivots(&sha256)
    )?;
    let alike = alike(&app, &found, report.as_ref()).await?;
    Ok(axum::Json(FileDetail {
        file: row(&found),
        report,
        listed: listed.map(|listed| FileListed {
            list: list_shown(listed.list),
            reason: listed.reason,
            owner: listed.owner,
            added: listed.added,
        }),
        listed_parts: lists.into_iter().map(|(part, list)| FileListedPart { part, list: list_shown(list) }).collect(),
        known_parts: known.into_iter().map(|(part, source)| FileKnownPart { part, source }).collect(),
        trusted: trusted.into_iter().map(super::publishers::shown).collect(),
        sightings: sightings.into_iter().map(sighting).collect(),
        within: within
            .into_iter()
            .map(|within| FileWithin { sha256: within.root, name: within.name, path: within.path })
            .collect(),
        pivots: pivots
            .into_iter()
            // By these a file is looked up; another one does not have them.
            .filter(|pivot| !matches!(pivot.kind.as_str(), "md5" | "sha1" | ::analysis::pivots::SIGNED_BY))
            .map(|pivot| FilePivot { kind: pivot.kind, value: pivot.value, files: pivot.files })
            .collect(),
        alike,
    }))
}

async fn alike(
    app: &App,
    file: &store::FileRow,
    report: Option<&::analysis::Report>,
) -> Result<Vec<FileAlike>, Problem> {
    let tlsh = report.and_then(|report| report.root()?.file.as_ref()?.tlsh.clone());
    let Some(tlsh) = tlsh else { return Ok(Vec::new()) };
    let near: BTreeMap<i64, u32> =
        app.analysis.alike(&tlsh, file.id).into_iter().map(|(distance, row)| (row, distance)).collect();
    let mut alike: Vec<FileAlike> = app
        .store
        .files()
        .by_rows(near.keys().copied())
        .await?
        .into_iter()
        .map(|found| FileAlike {
            distance: near.get(&found.id).copied().unwrap_or_default(),
            sha256: found.sha256,
            name: found.name,
            kind: found.kind,
            standing: found.standing,
        })
        .collect();
    alike.sort_by(|one, other| (one.distance, &one.sha256).cmp(&(other.distance, &other.sha256)));
    Ok(alike)
}

/// The report of a file as other programs read it: one object, parts inside parts.
#[utoipa::path(get, path = "/api/v1/files/{sha256}/report.json", tag = "files", params(("sha256" = String, Path)),
    responses((status = 200, body = serde_json::Value)))]
pub async fn file_report(
    State(app): State<App>,
    Path(sha256): Path<String>,
) -> Result<axum::response::Response, Problem> {
    let found = app.store.files().file(&sha256).await?;
    let report = room::report(&app, &found).await?.ok_or_else(not_yet)?;
    let object = ::analysis::line::object(&report, &found.name);
    let bytes = serde_json::to_vec_pretty(&object).map_err(Problem::internal)?;
    Ok(crate::table::file(&format!("{}.json", found.sha256), "application/json", bytes))
}

fn not_yet() -> Problem {
    Problem::conflict(Message::new("api.file-not-analysed"))
}

/// Has a file analysed again.
#[utoipa::path(post, path = "/api/v1/files/{sha256}/analyse", tag = "files", params(("sha256" = String, Path)),
    responses((status = 200, body = AnalysedAgain)))]
pub async fn analyse_again(
    State(app): State<App>,
    caller: Caller,
    Path(sha256): Path<String>,
) -> Answer<AnalysedAgain> {
    let found = app.store.files().file(&sha256).await?;
    if !found.kept {
        return Err(Problem::new(StatusCode::GONE, Message::new("api.file-gone").with("sha256", &sha256)));
    }
    let act = caller.act(&app, "file.analyse", object(&sha256), json!({}));
    let files = app.store.files().analyse_again(&[sha256], ASKED_FOR, &act).await?;
    app.analysis.ring();
    Ok(axum::Json(AnalysedAgain { files }))
}

/// Puts a content on the allow-list or the deny-list, known or not. It counts at once, above what the ledger says.
#[utoipa::path(post, path = "/api/v1/files/{sha256}/list", tag = "files", params(("sha256" = String, Path)),
    request_body = PutOnList, responses((status = 200, body = FileListed)))]
pub async fn list_file(
    State(app): State<App>,
    caller: Caller,
    Path(sha256): Path<String>,
    Json(put): Json<PutOnList>,
) -> Answer<FileListed> {
    let sha256 = sha256.to_ascii_lowercase();
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Problem::bad_request(Message::new("api.bad-value").with("name", "sha256")));
    }
    let reason = reason(&put.reason)?;
    let listed = Listed {
        sha256: sha256.clone(),
        list: list_of(put.list),
        reason: reason.clone(),
        owner: caller.actor(),
        added: app.now(),
    };
    let action = match put.list {
        FileList::Allow => "file.allow",
        FileList::Deny => "file.deny",
    };
    let act = caller.act(&app, action, object(&sha256), json!({ "reason": reason }));
    app.store.files().put_on_list(&listed, &act).await?;
    app.notify(crate::wire::jobs::Notice::File { sha256 });
    Ok(axum::Json(FileListed { list: put.list, reason: listed.reason, owner: listed.owner, added: listed.added }))
}

/// Why somebody says that of a file: without a reason nobody knows later whether it still holds.
pub(super) fn reason(given: &str) -> Result<String, Problem> {
    let reason = given.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::bad_request(Message::new("api.file-reason").number("max", REASON_CHARS_MAX as i64)));
    }
    Ok(reason.to_owned())
}

/// Takes a content off its list.
#[utoipa::path(delete, path = "/api/v1/files/{sha256}/list", tag = "files", params(("sha256" = String, Path)),
    responses((status = 204)))]
pub async fn unlist_file(
    State(app): State<App>,
    caller: Caller,
    Path(sha256): Path<String>,
) -> Result<StatusCode, Problem> {
    let act = caller.act(&app, "file.unlist", object(&sha256), json!({}));
    if !app.store.files().take_off_list(&sha256, &act).await? {
        return Err(Problem::not_found("file", &sha256));
    }
    app.notify(crate::wire::jobs::Notice::File { sha256 });
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a file: its bytes, its report, where it was seen. Lists stay as they are.
#[utoipa::path(delete, path = "/api/v1/files/{sha256}", tag = "files", params(("sha256" = String, Path)),
    responses((status = 204)))]
pub async fn forget_file(
    State(app): State<App>,
    caller: Caller,
    Path(sha256): Path<String>,
) -> Result<StatusCode, Problem> {
    let found = app.store.files().file(&sha256).await?;
    let act = caller.act(&app, "file.forget", object(&sha256), json!({ "name": found.name }));
    let report = app.store.files().forget(&sha256, &act).await?;
    let vaults = app.analysis.vaults()?;
    let digest = sha256.clone();
    let gone = move || {
        vaults.files.remove(&digest)?;
        report.map(|report| vaults.reports.remove(&report)).transpose()
    };
    crate::rooms::blocking(gone).await?.map_err(Problem::internal)?;
    app.notify(crate::wire::jobs::Notice::File { sha256 });
    Ok(StatusCode::NO_CONTENT)
}

fn object(sha256: &str) -> String {
    format!("file:{sha256}")
}

fn row(found: &store::FileRow) -> FileRow {
    FileRow {
        sha256: found.sha256.clone(),
        size: found.size,
        name: found.name.clone(),
        kept: found.kept,
        first_seen: found.first_seen,
        last_seen: found.last_seen,
        hosts: found.hosts,
        state: state_shown(found.state),
        attempts: found.attempts,
        worker: found.worker.clone(),
        analysed: found.analysed,
        standing: found.standing.clone(),
        verdict: found.verdict.clone(),
        score: found.score,
        kind: found.kind.clone(),
        group: found.group.clone(),
        mime: found.mime.clone(),
        parts: found.parts,
        took_ms: found.took_ms,
        list: found.list.map(list_shown),
    }
}

fn sighting(seen: store::FileSighting) -> FileSighting {
    FileSighting {
        host: seen.host,
        source: match seen.source {
            store::SightingSource::Upload => FileSource::Upload,
            store::SightingSource::Wire => FileSource::Wire,
            store::SightingSource::Folder => FileSource::Folder,
            store::SightingSource::Endpoint => FileSource::Endpoint,
        },
        name: seen.name,
        times: seen.times,
        first_seen: seen.first_seen,
        last_seen: seen.last_seen,
    }
}

fn source_of(source: FileSource) -> store::SightingSource {
    match source {
        FileSource::Upload => store::SightingSource::Upload,
        FileSource::Wire => store::SightingSource::Wire,
        FileSource::Folder => store::SightingSource::Folder,
        FileSource::Endpoint => store::SightingSource::Endpoint,
    }
}

fn list_of(list: FileList) -> store::FileList {
    match list {
        FileList::Allow => store::FileList::Allow,
        FileList::Deny => store::FileList::Deny,
    }
}

fn list_shown(list: store::FileList) -> FileList {
    match list {
        store::FileList::Allow => FileList::Allow,
        store::FileList::Deny => FileList::Deny,
    }
}

fn state_shown(state: store::FileState) -> FileState {
    match state {
        store::FileState::Waiting => FileState::Waiting,
        store::FileState::Leased => FileState::Leased,
        store::FileState::Done => FileState::Done,
        store::FileState::SetAside => FileState::SetAside,
    }
}

fn state_of(word: &str) -> Option<store::FileState> {
    let state: FileState = serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()?;
    Some(match state {
        FileState::Waiting => store::FileState::Waiting,
        FileState::Leased => store::FileState::Leased,
        FileState::Done => store::FileState::Done,
        FileState::SetAside => store::FileState::SetAside,
    })
}

/// Rules of YARA that files are matched with, and what is wrong in them.
#[utoipa::path(get, path = "/api/v1/files/rules", tag = "files", responses((status = 200, body = FileRules)))]
pub async fn file_rules(State(app): State<App>) -> Answer<FileRules> {
    Ok(axum::Json(rules_shown(&app)))
}

/// Sends rules in, as files ending with `.yar` or `.yara`; those of the same name are replaced. Files that come are matched
/// with them at once, those that were analysed before when that is asked for.
#[utoipa::path(post, path = "/api/v1/files/rules", tag = "files",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, body = FileRules)))]
pub async fn put_file_rules(State(app): State<App>, caller: Caller, form: Multipart) -> Answer<FileRules> {
    let files = upload::small_files(form, file_rules::FILE_BYTES_MAX, app.place.upload_bytes_max).await?;
    let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    file_rules::put(&app, files.into_iter().map(|file| (file.path, file.bytes)).collect()).await?;
    rules_changed(&app, &caller, json!({ "put": names })).await?;
    Ok(axum::Json(rules_shown(&app)))
}

/// Takes a file of rules out.
#[utoipa::path(delete, path = "/api/v1/files/rules/{name}", tag = "files", params(("name" = String, Path)),
    responses((status = 200, body = FileRules)))]
pub async fn remove_file_rules(State(app): State<App>, caller: Caller, Path(name): Path<String>) -> Answer<FileRules> {
    if !file_rules::remove(&app, &name).await? {
        return Err(Problem::not_found("file", &name));
    }
    rules_changed(&app, &caller, json!({ "removed": name })).await?;
    Ok(axum::Json(rules_shown(&app)))
}

/// Has everything analysed again that was analysed with other readers or rules than those of now.
#[utoipa::path(post, path = "/api/v1/files/outdated", tag = "files", responses((status = 200, body = AnalysedAgain)))]
pub async fn analyse_outdated(State(app): State<App>, caller: Caller) -> Answer<AnalysedAgain> {
    let act = caller.act(&app, "file.analyse", "file:outdated".to_owned(), json!({}));
    let files = app.store.files().analyse_outdated(&room::versions_now(&app), &act).await?;
    app.analysis.ring();
    Ok(axum::Json(AnalysedAgain { files }))
}

async fn rules_changed(app: &App, caller: &Caller, detail: serde_json::Value) -> Result<(), Problem> {
    let act = caller.act(app, "file.rules", "file-rules", detail);
    match act.audit {
        Some(entry) => Ok(app.store.record(&entry, app.now()).await?),
        None => Ok(()),
    }
}

fn rules_shown(app: &App) -> FileRules {
    let file_rules::Current { compiled, sources } = app.file_rules.current();
    FileRules {
        digest: app.file_rules.digest(),
        rules: compiled.rules as u64,
        sources: sources.into_iter().map(|(name, bytes)| FileRuleSource { name, bytes }).collect(),
        refused: compiled
            .refused
            .into_iter()
            .map(|refused| FileRuleRefused { file: refused.file, line: refused.line as u64, why: refused.why })
            .collect(),
        left_out: compiled
            .left_out
            .into_iter()
            .map(|left| FileRuleLeftOut { rule: left.rule, needs: left.needs })
            .collect(),
    }
}
