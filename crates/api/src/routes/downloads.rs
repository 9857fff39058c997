//! Scripts, bundles and runbooks to take to a host.

use super::Answer;
use crate::extract::{Path, Query};
use crate::session::{self, Caller};
use crate::state::App;
use crate::wire::hosts::*;
use crate::{Problem, rooms, table};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hardening::{Options, ScriptFile};
use model::{Host, HostId, HostPlan, Message};
use serde_json::json;
use std::io::{Cursor, Write};
use store::Judgement;
use zip::write::SimpleFileOptions;

/// A printable page brings its own styles and nothing else.
const RUNBOOK_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

/// The scripts of a host's plan.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/scripts", tag = "downloads", responses((status = 200, body = Vec<ScriptInfo>)))]
pub async fn scripts(State(app): State<App>, Path(id): Path<String>) -> Answer<Vec<ScriptInfo>> {
    let (_, files) = rendered(&app, &id).await?;
    Ok(axum::Json(files.iter().map(info).collect()))
}

fn info(file: &ScriptFile) -> ScriptInfo {
    let purpose = session::word(&file.purpose);
    ScriptInfo {
        name: file.name.clone(),
        title: Message::new(format!("api.script-{purpose}")),
        purpose,
        media_type: file.media_type.to_owned(),
        bytes: file.bytes.len() as u64,
        sha256: file.sha256.clone(),
        // What a person can read as text; scripts of old systems are ASCII.
        text: String::from_utf8(file.bytes.clone()).ok(),
    }
}

/// One script, with the bytes to run.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/scripts/{name}", tag = "downloads",
    responses((status = 200, content((Vec<u8> = "application/octet-stream")))))]
pub async fn script(
    State(app): State<App>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (plan, files) = rendered(&app, &id).await?;
    let file = files.into_iter().find(|file| file.name == name).ok_or_else(|| Problem::not_found("script", &name))?;
    record(&app, &caller, &id, &plan, &name).await?;
    Ok(table::file(&file.name, file.media_type, file.bytes))
}

/// All scripts of a host and its runbook.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/bundle.zip", tag = "downloads",
    responses((status = 200, content((Vec<u8> = "application/zip")))))]
pub async fn bundle(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let (host, judged) = host_and_judgement(&app, &id).await?;
    let plan = &judged.plan;
    let name = format!("redoubt-{}.zip", plan.id);
    record(&app, &caller, &id, plan, &name).await?;
    let bytes = rooms::blocking(move || pack(&host, &judged)).await?.map_err(Problem::internal)?;
    Ok(table::file(&name, "application/zip", bytes))
}

fn pack(host: &Host, judged: &Judgement) -> Result<Vec<u8>, zip::result::ZipError> {
    let Judgement { exposure, plan } = judged;
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for file in hardening::scripts(host, plan, &Options::default()) {
        archive.start_file(file.name, options)?;
        archive.write_all(&file.bytes)?;
    }
    for language in words::Language::ALL {
        archive.start_file(format!("runbook.{language}.html"), options)?;
        archive.write_all(hardening::runbook_html(host, exposure, plan, language).as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The printable runbook of a host.
#[utoipa::path(get, path = "/api/v1/hosts/{id}/runbook", tag = "downloads", params(RunbookQuery),
    responses((status = 200, content((String = "text/html"), (Vec<u8> = "application/pdf")))))]
pub async fn runbook(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<RunbookQuery>,
) -> Result<Response, Problem> {
    let (host, judged) = host_and_judgement(&app, &id).await?;
    let language = query.lang.into();
    let Judgement { exposure, plan } = judged;
    if query.format == RunbookFormat::Pdf {
        let name = format!("redoubt-{}.{language}.pdf", plan.id);
        let bytes = rooms::blocking(move || hardening::runbook_pdf(&host, &exposure, &plan, language)).await?;
        return Ok(table::file(&name, "application/pdf", bytes));
    }
    let html = rooms::blocking(move || hardening::runbook_html(&host, &exposure, &plan, language)).await?;
    let mut response = Response::new(html.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(RUNBOOK_POLICY));
    Ok(response)
}

async fn host_and_judgement(app: &App, id: &str) -> Result<(Host, Judgement), Problem> {
    let kept = app.store.host_detail(&HostId(id.to_owned())).await?;
    let judged = match kept.judgement {
        Some(judged) => judged,
        None => rooms::judge(app, kept.host.clone()).await?.0.judgement,
    };
    Ok((kept.host, judged))
}

async fn rendered(app: &App, id: &str) -> Result<(HostPlan, Vec<ScriptFile>), Problem> {
    let (host, Judgement { plan, .. }) = host_and_judgement(app, id).await?;
    rooms::blocking(move || {
        let files = hardening::scripts(&host, &plan, &Options::default());
        (plan, files)
    })
    .await
}

/// Who took which script is part of the proof of what was done.
async fn record(app: &App, caller: &Caller, host: &str, plan: &HostPlan, name: &str) -> Result<(), Problem> {
    let entry = store::AuditEntry {
        actor: caller.actor(),
        action: "script.download".to_owned(),
        object: format!("host:{host}"),
        params: session::with_address(json!({ "plan": plan.id, "file": name }), &caller.address),
    };
    Ok(app.store.record(&entry, app.now()).await?)
}
