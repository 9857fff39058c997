//! What was seen on the wire: captures, sessions, findings and the frames that show them.

use super::imports::{self, Accepted, ImportParams};
use super::{Answer, behaviour, jobs};
use crate::Problem;
use crate::captures;
use crate::extract::{Path, Query};
use crate::session::{self, Caller};
use crate::state::App;
use crate::table::{self, Column};
use crate::wire::hosts::ExportQuery;
use crate::wire::imports::UploadForm;
use crate::wire::jobs::{Job, JobKind, JobState, Notice};
use crate::wire::network::*;
use crate::wire::{Facet, PageQuery};
use axum::extract::{Multipart, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use model::{HostId, Message, NotableKind, Payload, WeaponId};
use sensor::cut::Wanted;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::{GroupKey, NotableFilter, Rows, StoredFinding, StoredSession, TrafficFilter};

const PCAP: &str = "application/vnd.tcpdump.pcap";
/// Rows of one export; a longer list is asked for in parts by its times.
const EXPORT_ROWS_MAX: usize = 100_000;
/// The word for "not identified" in the address.
const UNKNOWN: &str = "unknown";

/// Counters of everything from the wire.
#[utoipa::path(get, path = "/api/v1/network", tag = "network", responses((status = 200, body = NetworkCounts)))]
pub async fn network(State(app): State<App>) -> Answer<NetworkCounts> {
    let counts = app.store.traffic().counts().await?;
    let notables = app.store.traffic().notable_counts(&NotableFilter::default()).await?;
    let of = |kind| notables.iter().filter(|(known, ..)| *known == kind).map(|(.., count)| count).sum();
    Ok(axum::Json(NetworkCounts {
        captures: counts.captures,
        frames: counts.frames,
        flows: counts.flows,
        odd: counts.odd,
        dropped: counts.dropped,
        sessions: counts.sessions,
        removed: counts.removed,
        findings: counts.findings,
        weapons: counts.weapons,
        weapons_successful: counts.weapons_successful,
        behaviours: of(NotableKind::Behaviour),
        indicators: of(NotableKind::Indicator),
        kept_bytes: counts.kept_bytes,
        kept_bytes_max: app.place.captures_bytes_max,
    }))
}

/// Conversations and their exchanges, newest first.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "network", params(SessionQuery), responses((status = 200, body = SessionPage)))]
pub async fn sessions(State(app): State<App>, Query(query): Query<SessionQuery>) -> Answer<SessionPage> {
    let filter = filter(&query);
    let traffic = app.store.traffic();
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let page = traffic.sessions(&filter, query.cursor.as_deref(), limit).await?;
    let shape = if query.facets { Some(shape(traffic.shape(&filter).await?)) } else { None };
    Ok(axum::Json(SessionPage {
        rows: rows(&app, page.rows).await?,
        next: page.next,
        total: page.total.unsigned_abs(),
        total_is_least: page.total_is_least,
        searched_until: page.searched_until,
        shape,
    }))
}

/// All sessions that the filters let through, as CSV or JSON; the newest 100,000.
#[utoipa::path(get, path = "/api/v1/sessions.export", tag = "network", params(SessionQuery, ExportQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<SessionRow> = "application/json")))))]
pub async fn export_sessions(
    State(app): State<App>,
    Query(query): Query<SessionQuery>,
    Query(export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let filter = filter(&query);
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = app.store.traffic().sessions(&filter, cursor.as_deref(), 1000).await?;
        all.extend(rows(&app, page.rows).await?);
        cursor = page.next;
        if cursor.is_none() || all.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    table::download("sessions", export.format, export.lang.into(), COLUMNS, &all)
}

/// The 13 elements, one after the other.
const COLUMNS: &[Column<SessionRow>] = &[
    ("start", |row| row.record.start.to_string()),
    ("duration-us", |row| row.record.duration_us.to_string()),
    ("originator", |row| row.record.originator.to_string()),
    ("originator-port", |row| row.record.originator_port.to_string()),
    ("responder", |row| row.record.responder.to_string()),
    ("responder-port", |row| row.record.responder_port.to_string()),
    ("transport", |row| row.record.transport.clone()),
    ("state", |row| row.record.state.clone()),
    ("originator-packets", |row| row.record.originator_packets.to_string()),
    ("originator-bytes", |row| row.record.originator_bytes.to_string()),
    ("responder-packets", |row| row.record.responder_packets.to_string()),
    ("responder-bytes", |row| row.record.responder_bytes.to_string()),
    ("protocol", |row| row.record.protocol.clone().unwrap_or_default()),
    ("version", |row| row.record.version.clone().unwrap_or_default()),
    ("account", |row| row.record.account.clone().unwrap_or_default()),
    ("host-name", |row| row.record.host_name.clone().unwrap_or_default()),
    ("originator-mac", |row| row.record.originator_mac.clone().unwrap_or_default()),
    ("responder-mac", |row| row.record.responder_mac.clone().unwrap_or_default()),
    ("object", |row| row.record.object.clone().unwrap_or_default()),
    ("operation", |row| row.record.operation.clone().unwrap_or_default()),
    ("result", |row| row.record.result.clone().unwrap_or_default()),
    ("client", |row| row.record.client.clone().unwrap_or_default()),
    ("server", |row| row.record.server.clone().unwrap_or_default()),
    ("payload-name", |row| match &row.record.payload {
        Some(Payload::File { name, .. }) => name.clone(),
        _ => String::new(),
    }),
    ("payload-type", |row| match &row.record.payload {
        Some(Payload::File { media_type, .. }) => media_type.clone().unwrap_or_default(),
        _ => String::new(),
    }),
    ("payload-size", |row| match &row.record.payload {
        Some(Payload::File { size, .. }) => size.to_string(),
        _ => String::new(),
    }),
    ("payload-sha256", |row| match &row.record.payload {
        Some(Payload::File { sha256, .. }) => sha256.clone().unwrap_or_default(),
        _ => String::new(),
    }),
    ("exchange", |row| table::shown(row.record.transaction)),
    ("community-id", |row| row.record.community_id.clone()),
    ("weapon", |row| row.weapons.iter().map(WeaponId::as_str).collect::<Vec<_>>().join(" ")),
    ("capture", |row| row.capture.to_string()),
];

/// The conversation of a session, with all its exchanges.
#[utoipa::path(get, path = "/api/v1/sessions/{id}", tag = "network", responses((status = 200, body = Conversation)))]
pub async fn session(State(app): State<App>, Path(id): Path<String>) -> Answer<Conversation> {
    let traffic = app.store.traffic();
    let asked = traffic.session(number("session", &id)?).await?;
    let (flow, exchanges, more) = traffic.conversation(&asked).await?;
    let found = traffic.findings_in(asked.capture, &asked.record.community_id).await?;
    let (originator, responder) = (asked.record.originator.to_string(), asked.record.responder.to_string());
    let addresses = [originator.clone(), responder.clone()];
    let known = Known::of(&app, addresses.into_iter().chain(targets(&found))).await?;
    let met = NotableFilter {
        capture: Some(asked.capture),
        community: Some(asked.record.community_id.clone()),
        ..NotableFilter::default()
    };
    let notables = behaviour::rows(&app, traffic.notables(&met, None, 50).await?.0).await?;
    let capture = traffic.capture(asked.capture).await?;
    let kept = [(capture.id, capture.kept)].into();
    let mut shown = rows(&app, flow.into_iter().chain(exchanges).collect()).await?;
    let own = shown.first().is_some_and(|row| row.record.transaction.is_none());
    let flow = if own { Some(shown.remove(0)) } else { None };
    Ok(axum::Json(Conversation {
        asked: asked.id,
        flow,
        exchanges: shown,
        more,
        originator: known.end(&originator),
        responder: known.end(&responder),
        findings: found.into_iter().map(|found| known.finding(found, &kept)).collect(),
        notables,
        capture: capture_row(capture, None),
    }))
}

/// Weapons seen at work, grouped by who used which with what outcome.
#[utoipa::path(get, path = "/api/v1/findings", tag = "network", params(FindingQuery), responses((status = 200, body = FindingPage)))]
pub async fn findings(State(app): State<App>, Query(query): Query<FindingQuery>) -> Answer<FindingPage> {
    let cursor = query.cursor.as_deref().map(read_key).transpose()?;
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let traffic = app.store.traffic();
    let (groups, next) = traffic.findings(query.weapon.as_deref(), query.capture, cursor.as_ref(), limit).await?;
    let members: Vec<StoredFinding> = groups.iter().flat_map(|group| group.members.clone()).collect();
    let addresses = groups.iter().map(|group| group.originator.clone()).chain(targets(&members));
    let known = Known::of(&app, addresses).await?;
    let kept = kept(&app, members.iter().map(|found| found.capture)).await?;
    let shown = groups.into_iter().map(|group| FindingGroup {
        weapon: group.weapon,
        outcome: group.outcome,
        originator: known.end(&group.originator),
        targets: group.targets,
        count: group.times,
        first: group.first_seen,
        last: group.last_seen,
        findings: group.members.into_iter().map(|found| known.finding(found, &kept)).collect(),
    });
    let next = next.map(|key| serde_json::to_string(&key)).transpose().map_err(Problem::internal)?;
    Ok(axum::Json(FindingPage { groups: shown.collect(), next }))
}

fn read_key(cursor: &str) -> Result<GroupKey, Problem> {
    serde_json::from_str(cursor).map_err(|_| store::Error::Cursor.into())
}

/// The frames of the conversations that show a finding, cut out of its capture.
#[utoipa::path(get, path = "/api/v1/findings/{id}/evidence.pcap", tag = "network",
    responses((status = 200, content((Vec<u8> = "application/vnd.tcpdump.pcap")))))]
pub async fn finding_evidence(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let StoredFinding { id, capture, finding } = app.store.traffic().finding(number("finding", &id)?).await?;
    let wanted = Wanted {
        hosts: [finding.originator, finding.responder].into(),
        conversations: finding.community_ids.into_iter().collect(),
        frames: finding.frames.into_iter().collect(),
        bytes_max: 0,
    };
    evidence(&app, &caller, capture, wanted, format!("{}-{id}", finding.weapon), format!("finding:{id}")).await
}

/// The frames of a session's conversation, cut out of its capture.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/evidence.pcap", tag = "network",
    responses((status = 200, content((Vec<u8> = "application/vnd.tcpdump.pcap")))))]
pub async fn session_evidence(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let StoredSession { id, capture, record } = app.store.traffic().session(number("session", &id)?).await?;
    let wanted = Wanted {
        hosts: [record.originator, record.responder].into(),
        conversations: [record.community_id].into(),
        frames: BTreeSet::new(),
        bytes_max: 0,
    };
    evidence(&app, &caller, capture, wanted, format!("session-{id}"), format!("session:{id}")).await
}

pub(super) async fn evidence(
    app: &App,
    caller: &Caller,
    capture: i64,
    wanted: Wanted,
    name: String,
    object: String,
) -> Result<Response, Problem> {
    let capture = app.store.traffic().capture(capture).await?;
    // Frames of a live capture were numbered by the worker that saw them; its file holds some of them.
    let wanted = if capture.kind == "live" { Wanted { frames: BTreeSet::new(), ..wanted } } else { wanted };
    let cut = captures::cut(&app.place, &capture, wanted).await?;
    // What people say to each other is in it: who took it is part of the record.
    let entry = store::AuditEntry {
        actor: caller.actor(),
        action: "evidence.download".to_owned(),
        object,
        params: session::with_address(json!({ "capture": capture.digest, "frames": cut.frames }), &caller.address),
    };
    app.store.record(&entry, app.now()).await?;
    let mut response = table::file(&format!("redoubt-{name}.pcap"), PCAP, cut.bytes);
    // Frames that did not fit into one file are not passed over in silence.
    response.headers_mut().insert("x-redoubt-frames", HeaderValue::from(cut.frames));
    response.headers_mut().insert("x-redoubt-frames-left-out", HeaderValue::from(cut.left_out));
    Ok(response)
}

/// Captures that were read, newest first.
#[utoipa::path(get, path = "/api/v1/captures", tag = "network", params(PageQuery), responses((status = 200, body = CapturePage)))]
pub async fn captures(State(app): State<App>, Query(query): Query<PageQuery>) -> Answer<CapturePage> {
    let page = app.store.traffic().captures(query.cursor.as_deref(), query.limit()).await?;
    let mut shown = Vec::new();
    for capture in page.rows {
        let reads = capture.state == store::CaptureState::Reading && capture.job != 0;
        let job = if reads { app.store.job(capture.job).await.ok() } else { None };
        shown.push(capture_row(capture, job));
    }
    Ok(axum::Json(CapturePage { rows: shown, next: page.next, total: page.total.unsigned_abs() }))
}

/// Sends in captures, also in a ZIP; a job reads them. A capture that is known already is read anew.
#[utoipa::path(post, path = "/api/v1/captures", tag = "network",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 202, body = crate::wire::imports::ImportAccepted)))]
pub async fn create_capture(State(app): State<App>, caller: Caller, form: Multipart) -> Accepted {
    let (folder, upload) = imports::receive(&app, form).await?;
    let params = ImportParams { upload: folder, import: None, mappings: Vec::new(), only: Vec::new() };
    imports::accept(&app, &caller, JobKind::ReadCapture, params, &upload).await
}

/// Reads the kept file of a capture again, from its beginning: what it gave is replaced. For a capture that broke off,
/// was cancelled or failed.
#[utoipa::path(post, path = "/api/v1/captures/{id}/resume", tag = "network",
    responses((status = 202, body = crate::wire::jobs::Job)))]
pub async fn resume_capture(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<Job>), Problem> {
    let capture = app.store.traffic().capture(number("capture", &id)?).await?;
    if capture.state == store::CaptureState::Reading {
        return Err(Problem::conflict(Message::new("api.capture-in-work")));
    }
    if capture.kind == "live" {
        return Err(Problem::conflict(Message::new("api.capture-live-once")));
    }
    let path = captures::file_of(&app.place, &capture.digest);
    if !capture.kept || !tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Err(Problem::conflict(Message::new("api.capture-send-again").with("name", &capture.name)));
    }
    let params = serde_json::to_value(captures::ReadAgain { capture: capture.id }).map_err(Problem::internal)?;
    let job = jobs::queue(&app, &caller, JobKind::ReadCapture, params, "capture.resume").await?;
    Ok((StatusCode::ACCEPTED, axum::Json(job)))
}

/// Forgets a capture with all it gave: its file, its sessions, its findings.
#[utoipa::path(delete, path = "/api/v1/captures/{id}", tag = "network", responses((status = 204)))]
pub async fn delete_capture(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let traffic = app.store.traffic();
    let capture = traffic.capture(number("capture", &id)?).await?;
    let reads = capture.state == store::CaptureState::Reading && capture.job != 0;
    let job = if reads { app.store.job(capture.job).await.ok() } else { None };
    // Whoever reads it from the command line would go on writing what nobody can find any more.
    let by_hand = capture.state == store::CaptureState::Reading && capture.job == 0;
    if by_hand || job.is_some_and(|job| !job.state.is_over()) {
        return Err(Problem::conflict(Message::new("api.capture-in-work")));
    }
    let act = caller.act(&app, "capture.delete", format!("capture:{}", capture.id), json!({ "name": capture.name }));
    traffic.forget(capture.id, &act).await?;
    let _ = tokio::fs::remove_file(captures::file_of(&app.place, &capture.digest)).await;
    app.notify(Notice::Traffic { capture: capture.id });
    Ok(StatusCode::NO_CONTENT)
}

fn number(kind: &'static str, id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| Problem::not_found(kind, id))
}

fn filter(query: &SessionQuery) -> TrafficFilter {
    let said = |text: &Option<String>| text.clone().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    // Addresses have several spellings; records have one.
    let address = |text: &Option<String>| {
        said(text).map(|text| text.parse::<std::net::IpAddr>().map_or(text, |address| address.to_string()))
    };
    TrafficFilter {
        rows: match query.kind.unwrap_or_default() {
            SessionKind::All => Rows::All,
            SessionKind::Conversation => Rows::Conversations,
            SessionKind::Exchange => Rows::Exchanges,
        },
        from: query.from,
        to: query.to,
        host: address(&query.host),
        originator: address(&query.originator),
        responder: address(&query.responder),
        port: query.port,
        transport: said(&query.transport),
        protocol: said(&query.protocol).map(|name| if name == UNKNOWN { String::new() } else { name }),
        account: said(&query.account),
        object: said(&query.object),
        operation: said(&query.operation),
        result: said(&query.result),
        sha256: said(&query.sha256).map(|digest| digest.to_ascii_lowercase()),
        community: said(&query.community),
        capture: query.capture,
        weapon: said(&query.weapon).map(WeaponId),
    }
}

async fn rows(app: &App, stored: Vec<StoredSession>) -> Result<Vec<SessionRow>, Problem> {
    let weapons = app.store.traffic().weapons_of(&stored).await?;
    let row = |stored: StoredSession| {
        let key = (stored.capture, stored.record.community_id.clone());
        let weapons = weapons.get(&key).cloned().unwrap_or_default();
        SessionRow { id: stored.id, capture: stored.capture, record: stored.record, weapons }
    };
    Ok(stored.into_iter().map(row).collect())
}

fn shape(shape: store::Shape) -> SessionShape {
    let named = |value: String| if value.is_empty() { UNKNOWN.to_owned() } else { value };
    let facet = |count: store::FacetCount| Facet { value: named(count.value), count: count.hosts.unsigned_abs() };
    let facets = [("protocol", shape.protocols), ("host", shape.hosts), ("weapon", shape.weapons)];
    SessionShape {
        rows: shape.rows,
        facets: facets.into_iter().map(|(name, of)| (name.to_owned(), of.into_iter().map(facet).collect())).collect(),
        bars: shape.bars.into_iter().map(|(at, count)| TimeBar { at, count }).collect(),
        bar_us: shape.bar_us,
    }
}

fn targets(found: &[StoredFinding]) -> impl Iterator<Item = String> {
    found.iter().map(|found| found.finding.responder.to_string())
}

/// Which captures have their file.
pub(super) async fn kept(app: &App, of: impl Iterator<Item = i64>) -> Result<BTreeMap<i64, bool>, Problem> {
    let ids: BTreeSet<i64> = of.collect();
    let mut kept = BTreeMap::new();
    for id in ids {
        kept.insert(id, app.store.traffic().capture(id).await.is_ok_and(|capture| capture.kept));
    }
    Ok(kept)
}

/// Hosts of the asset table by address.
pub(super) struct Known(BTreeMap<String, store::AssetRow>);

impl Known {
    pub(super) async fn of(app: &App, addresses: impl Iterator<Item = String>) -> Result<Known, Problem> {
        let keys: BTreeSet<String> = addresses.map(|address| format!("ip:{address}")).collect();
        let mut known = BTreeMap::new();
        for (key, hosts) in app.store.hosts_with_keys(&keys).await? {
            // An address that several hosts have names none of them.
            let mut hosts = hosts.into_iter();
            if let (Some(host), None) = (hosts.next(), hosts.next())
                && let Ok(asset) = app.store.asset(&host).await
            {
                known.insert(key.trim_start_matches("ip:").to_owned(), asset);
            }
        }
        Ok(Known(known))
    }

    pub(super) fn end(&self, address: &str) -> NetworkEnd {
        let asset = self.0.get(address);
        NetworkEnd {
            address: address.to_owned(),
            host: asset.map(|asset| HostId(asset.id.to_string())),
            label: asset.map(|asset| asset.label.clone()),
            product: asset.and_then(|asset| asset.product.clone()),
        }
    }

    fn finding(&self, found: StoredFinding, kept: &BTreeMap<i64, bool>) -> FindingRow {
        FindingRow {
            id: found.id,
            capture: found.capture,
            confidence: found.finding.confidence,
            responder: self.end(&found.finding.responder.to_string()),
            evidence: kept.get(&found.capture).copied().unwrap_or(false),
            finding: found.finding,
        }
    }
}

fn capture_row(capture: store::Capture, job: Option<store::Job>) -> CaptureRow {
    let outcome = capture.outcome;
    let job = job.map(|job| jobs::show(&job)).filter(|job| matches!(job.state, JobState::Queued | JobState::Running));
    let over = capture.state != store::CaptureState::Reading;
    CaptureRow {
        id: capture.id,
        volume: outcome.volume,
        shed: outcome.shed,
        evidence_shed: outcome.evidence_shed,
        heard: capture.beat,
        resumable: over && capture.kept && capture.kind != "live",
        live: capture.kind == "live",
        collector: capture.kind == "collector",
        name: capture.name,
        by: capture.owner,
        state: match capture.state {
            store::CaptureState::Reading => CaptureState::Reading,
            store::CaptureState::Done => CaptureState::Done,
            store::CaptureState::Failed => CaptureState::Failed,
            store::CaptureState::Cancelled => CaptureState::Cancelled,
            store::CaptureState::BrokenOff => CaptureState::BrokenOff,
        },
        added: capture.added,
        digest: capture.digest,
        bytes: capture.bytes,
        frames: outcome.frames,
        flows: outcome.flows,
        sessions: outcome.sessions,
        removed: capture.removed,
        findings: outcome.findings,
        odd: outcome.odd,
        evicted: outcome.evicted,
        dropped: outcome.dropped,
        first: outcome.first_seen,
        last: outcome.last_seen,
        ending: outcome.ending,
        kept: capture.kept,
        job,
    }
}
