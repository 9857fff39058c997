//! Collectors: tokens to enrol with, who enrolled, and cutting one off.

use super::Answer;
use crate::Problem;
use crate::extract::{Json, Path, Query};
use crate::link::{Linked, Source};
use crate::session::{self, Caller};
use crate::state::App;
use crate::wire::PageQuery;
use crate::wire::collectors::*;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use link::{Collector, TOKEN_USES_MAX};
use model::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// As `link` has it: a token is for a roll-out, not for ever.
const DAYS_MAX: u32 = 30;
const SERVER_CHARS_MAX: usize = 260;

/// Collectors by name, and the tokens that are good.
#[utoipa::path(get, path = "/api/v1/collectors", tag = "system", params(PageQuery), responses((status = 200, body = CollectorPage)))]
pub async fn collectors(State(app): State<App>, Query(query): Query<PageQuery>) -> Answer<CollectorPage> {
    let Some(link) = app.link.get() else {
        return Ok(axum::Json(CollectorPage {
            link: None,
            rows: Vec::new(),
            total: 0,
            next: None,
            tokens: Vec::new(),
        }));
    };
    let now = app.now();
    let all = link.register().collectors();
    let total = all.len() as u64;
    let after = query.cursor.as_deref().unwrap_or_default();
    let mut behind = all.into_iter().filter(|collector| collector.collector.as_str() > after);
    let page: Vec<Collector> = behind.by_ref().take(query.limit() as usize).collect();
    let next = page.last().map(|last| last.collector.clone()).filter(|_| behind.next().is_some());
    let rows = rows(link.as_ref(), page, now);
    let tokens = link.register().tokens(now).into_iter().map(|token| CollectorToken {
        id: token.digest,
        group: token.group,
        uses_left: token.uses_left,
        made: token.made,
        not_after: token.not_after,
    });
    Ok(axum::Json(CollectorPage { link: Some(info(link.as_ref())), rows, total, next, tokens: tokens.collect() }))
}

fn info(link: &dyn Linked) -> LinkInfo {
    let status = link.status();
    LinkInfo {
        listen: link.listen().to_string(),
        authority_sha256: link.register().authority().fingerprint().to_string(),
        taken_batches: status.taken_batches,
        taken_records: status.taken_rows,
        turned_away: status.turned_away,
    }
}

fn rows(link: &dyn Linked, collectors: Vec<Collector>, now: Timestamp) -> Vec<CollectorRow> {
    let connected = link.status().connected;
    let mut sources: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    for source in link.sources() {
        sources.entry(source.figures.collector.clone()).or_default().push(source);
    }
    let row = |collector: Collector| {
        let is_connected = connected.contains_key(&collector.collector);
        let of = sources.remove(&collector.collector).unwrap_or_default();
        row(collector, is_connected, &of, now)
    };
    collectors.into_iter().map(row).collect()
}

fn row(collector: Collector, is_connected: bool, sources: &[Source], now: Timestamp) -> CollectorRow {
    let until = collector.certificates.iter().map(|certificate| certificate.not_after).max();
    let state = match until {
        _ if collector.revoked.is_some() => CollectorState::Revoked,
        _ if is_connected => CollectorState::Connected,
        Some(until) if until > now => CollectorState::Away,
        _ => CollectorState::Ended,
    };
    let sum = |of: fn(&store::CollectorSource) -> u64| sources.iter().map(|source| of(&source.figures)).sum();
    let waits = sources.iter().find_map(|source| source.waits.clone());
    let waits = waits.map(|message| CollectorTrouble { message, at: None });
    let refused = sources.iter().filter_map(|source| source.figures.trouble.clone()).max_by_key(|(_, at)| *at);
    let refused = refused.map(|(message, at)| CollectorTrouble { message, at: Some(at) });
    CollectorRow {
        state,
        // Whoever is connected is asked all the time whether he is there.
        last_seen: if is_connected { Some(now) } else { sources.iter().map(|source| source.figures.heard).max() },
        certificate_until: until,
        batches: sum(|figures| figures.batches),
        records: sum(|figures| figures.records),
        lost: sum(|figures| figures.lost),
        refused: sum(|figures| figures.refused),
        trouble: waits.or(refused),
        collector: collector.collector,
        group: collector.group,
        machine: collector.machine,
        enrolled: collector.enrolled,
        revoked: collector.revoked,
    }
}

/// Makes a token with which collectors enrol. It is told in this answer and never again.
#[utoipa::path(post, path = "/api/v1/collectors/tokens", tag = "system", request_body = NewCollectorToken,
    responses((status = 201, body = MadeCollectorToken)))]
pub async fn make_token(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewCollectorToken>,
) -> Result<(StatusCode, axum::Json<MadeCollectorToken>), Problem> {
    let link = app.link.needed()?;
    let wrong = |code: &str, max: u32| Problem::bad_request(Message::new(code).number("max", max));
    if !(1..=TOKEN_USES_MAX).contains(&new.uses) {
        return Err(wrong("api.collector-uses", TOKEN_USES_MAX));
    }
    if !(1..=DAYS_MAX).contains(&new.days) {
        return Err(wrong("api.collector-days", DAYS_MAX));
    }
    let listen = link.listen().to_string();
    let server = new.server.map(|server| server.trim().to_owned()).filter(|server| !server.is_empty());
    let server = server.unwrap_or(listen);
    if !is_address(&server) {
        return Err(Problem::bad_request(Message::new("api.collector-server")));
    }
    let (lasts, now) = (SignedDuration::from_hours(24 * i64::from(new.days)), app.now());
    let (group, uses, making) = (new.group.clone(), new.uses, link.clone());
    let made = on_disk(move || making.register().make_token(&group, uses, lasts, now)).await?;
    let id = session::digest_of(made.as_bytes());
    let detail = json!({ "label": new.group, "uses": new.uses, "days": new.days });
    if let Err(problem) = record(&app, &caller, "collector-token.create", format!("collector-token:{id}"), detail).await
    {
        // What nobody wrote down nobody may use.
        let (unmade, making) = (id.clone(), link.clone());
        on_disk(move || making.register().drop_token(&unmade)).await?;
        return Err(problem);
    }
    let authority = link.register().authority().fingerprint().to_string();
    let command = format!("redoubt collector enrol --server {server} --authority {authority} --token {made}");
    let answer = MadeCollectorToken {
        token: made,
        id,
        group: new.group,
        uses: new.uses,
        not_after: now.checked_add(lasts).map_err(Problem::internal)?,
        authority_sha256: authority,
        command,
    };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Nobody enrols with a token any more; who did stays.
#[utoipa::path(delete, path = "/api/v1/collectors/tokens/{id}", tag = "system", responses((status = 204)))]
pub async fn revoke_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let link = app.link.needed()?;
    let known = link.register().tokens(app.now()).into_iter().find(|token| token.digest == id);
    let group = known.map(|token| token.group).unwrap_or_default();
    let digest = id.clone();
    if !on_disk(move || link.register().drop_token(&digest)).await? {
        return Err(Problem::not_found("collector-token", &id));
    }
    record(&app, &caller, "collector-token.delete", format!("collector-token:{id}"), json!({ "label": group })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cuts a collector off: its stream ends, and none of its certificates is taken any more.
#[utoipa::path(post, path = "/api/v1/collectors/revoke", tag = "system", request_body = RevokeCollector,
    responses((status = 204)))]
pub async fn revoke_collector(
    State(app): State<App>,
    caller: Caller,
    Json(RevokeCollector { collector }): Json<RevokeCollector>,
) -> Result<StatusCode, Problem> {
    let link = app.link.needed()?;
    let known = link.register().collector(&collector).ok_or_else(|| Problem::not_found("collector", &collector))?;
    let now = app.now();
    let name = collector.clone();
    on_disk(move || link.register().revoke(&name, now)).await?;
    let detail = json!({ "machine": known.machine });
    record(&app, &caller, "collector.revoke", format!("collector:{collector}"), detail).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The register waits for the disk with every change.
async fn on_disk<R: Send + 'static>(
    change: impl FnOnce() -> Result<R, link::Error> + Send + 'static,
) -> Result<R, Problem> {
    crate::rooms::blocking(change).await?.map_err(told)
}

fn told(error: link::Error) -> Problem {
    match error {
        link::Error::Group(_) => Problem::bad_request(error.message()),
        link::Error::TooManyTokens { .. } => Problem::conflict(error.message()),
        other => {
            tracing::error!(cause = %other, "the register of collectors cannot be written");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, other.message())
        }
    }
}

async fn record(app: &App, caller: &Caller, action: &str, object: String, detail: Value) -> Result<(), Problem> {
    let entry = store::AuditEntry {
        actor: caller.actor(),
        action: action.to_owned(),
        object,
        params: session::with_address(detail, &caller.address),
    };
    Ok(app.store.record(&entry, app.now()).await?)
}

/// What is pasted into a shell holds nothing that a shell would read.
fn is_address(server: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let port = server.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.starts_with('-'));
    server.len() <= SERVER_CHARS_MAX
        && server.bytes().all(plain)
        && port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_and_nothing_for_a_shell() {
        for good in ["10.0.0.1:7312", "redoubt.plant.example:1", "[fe80::1]:7312"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "10.0.0.1", ":7312", "a:0", "a:70000", "a b:1", "$(id):1", "-x:1", "a;b:1", &"a".repeat(300)] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
