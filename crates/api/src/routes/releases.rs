//! Releases of the agent: importing signed bundles, and the keys that are trusted for it.

use super::Answer;
use crate::Problem;
use crate::endpoints::seconds;
use crate::extract::{Json, Path};
use crate::session::Caller;
use crate::state::App;
use crate::upload;
use crate::wire::releases::*;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use model::Message;
use policy::groups::AgentVersion;
use policy::orders::{BadRelease, KEYS_MAX, PublicKey, RELEASE_BYTES_MAX, Release, TrustedKeys, open_release};
use serde_json::json;
use store::StoredRelease;

const NAME_CHARS_MAX: usize = 200;

/// Releases that are here, and the keys whose releases are taken.
#[utoipa::path(get, path = "/api/v1/agent-releases", tag = "endpoints", responses((status = 200, body = AgentReleases)))]
pub async fn releases(State(app): State<App>) -> Answer<AgentReleases> {
    Ok(axum::Json(shown(&app)))
}

/// Takes bundles in, each one signed with a key that is trusted.
#[utoipa::path(post, path = "/api/v1/agent-releases", tag = "endpoints", responses((status = 200, body = AgentReleases)))]
pub async fn import_releases(State(app): State<App>, caller: Caller, form: Multipart) -> Answer<AgentReleases> {
    let files = upload::small_files(form, RELEASE_BYTES_MAX as u64, app.place.upload_bytes_max).await?;
    for file in files {
        import(&app, &caller, file.path, file.bytes).await?;
    }
    Ok(axum::Json(shown(&app)))
}

async fn import(app: &App, caller: &Caller, name: String, bytes: Vec<u8>) -> Result<(), Problem> {
    let held = app.endpoints.held();
    let keys = TrustedKeys::new(held.agent_keys.iter().map(|key| key.public));
    // Unpacking takes a second: not on the threads that answer everybody.
    let (read, bytes) = crate::rooms::blocking(move || (checked(&bytes, &keys), bytes)).await?;
    let (release, key) = read.map_err(|why| {
        let told = Message::new("api.release-file").with("file", &name).reason("why", why.message());
        Problem::bad_request(told)
    })?;
    let is_it =
        |one: &&StoredRelease| (&one.release.version, &one.release.target) == (&release.version, &release.target);
    match held.releases.iter().find(is_it) {
        Some(known) if known.release.sha256 == release.sha256 => return Ok(()),
        Some(_) => return Err(known(&release)),
        None => {}
    }
    let new = StoredRelease {
        key,
        bytes: bytes.len() as u64,
        imported: app.now(),
        owner: caller.actor(),
        release: release.clone(),
    };
    let detail = json!({ "file": name, "sha256": release.sha256, "key": new.key, "bytes": new.bytes });
    let act = caller.act(app, "agent-release.import", object(&release.version, &release.target), detail);
    if !app.store.endpoints().put_release(&new, &bytes, seconds(app), &act).await? {
        return Err(known(&release));
    }
    app.refresh_policy().await
}

/// What is in a bundle, all of it looked at.
fn checked(bytes: &[u8], keys: &TrustedKeys) -> Result<(Release, String), BadRelease> {
    let bundle = open_release(bytes, keys)?;
    bundle.unpack(std::io::sink())?;
    Ok((bundle.release, bundle.key.to_string()))
}

fn known(release: &Release) -> Problem {
    let told = Message::new("api.release-known").with("version", &release.version);
    Problem::conflict(told.with("target", &release.target))
}

/// Forgets a release that no group is to run.
#[utoipa::path(delete, path = "/api/v1/agent-releases/{version}/{target}", tag = "endpoints",
    params(("version" = String, Path), ("target" = String, Path)), responses((status = 204)))]
pub async fn remove_release(
    State(app): State<App>,
    caller: Caller,
    Path((version, target)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let names =
        |agent: &AgentVersion| matches!(agent, AgentVersion::Release { version: named, .. } if *named == version);
    let held = app.endpoints.held();
    if let Some(group) = held.tree.iter().find(|group| group.settings.agent.as_ref().is_some_and(names)) {
        let told = Message::new("api.release-used").with("group", &group.name).with("version", &version);
        return Err(Problem::conflict(told));
    }
    let act = caller.act(&app, "agent-release.remove", object(&version, &target), json!({}));
    if !app.store.endpoints().remove_release(&version, &target, seconds(&app), &act).await? {
        return Err(Problem::not_found("agent-release", &format!("{version} {target}")));
    }
    app.refresh_policy().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Trusts a key for releases.
#[utoipa::path(put, path = "/api/v1/agent-keys/{public}", tag = "endpoints", params(("public" = String, Path)),
    request_body = TrustAgentKey, responses((status = 200, body = AgentReleases)))]
pub async fn trust_key(
    State(app): State<App>,
    caller: Caller,
    Path(public): Path<String>,
    Json(put): Json<TrustAgentKey>,
) -> Answer<AgentReleases> {
    let public = key(&public)?;
    let name = put.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::bad_request(Message::new("api.bad-value").with("name", "name")));
    }
    let held = app.endpoints.held();
    let is_known = held.agent_keys.iter().any(|known| known.public == public);
    if !is_known && held.agent_keys.len() >= KEYS_MAX {
        let most = i64::try_from(KEYS_MAX).unwrap_or(i64::MAX);
        return Err(Problem::conflict(Message::new("api.release-keys-many").number("most", most)));
    }
    let new = store::AgentKey { public, name: name.to_owned(), added: app.now(), owner: caller.actor() };
    let detail = json!({ "name": name, "id": public.id() });
    let act = caller.act(&app, "agent-key.trust", format!("agent-key:{public}"), detail);
    app.store.endpoints().trust_agent_key(&new, seconds(&app), &act).await?;
    app.refresh_policy().await?;
    Ok(axum::Json(shown(&app)))
}

/// Trusts a key for releases no longer. What it signed and is here stays.
#[utoipa::path(delete, path = "/api/v1/agent-keys/{public}", tag = "endpoints", params(("public" = String, Path)),
    responses((status = 204)))]
pub async fn distrust_key(
    State(app): State<App>,
    caller: Caller,
    Path(public): Path<String>,
) -> Result<StatusCode, Problem> {
    let public = key(&public)?;
    let act = caller.act(&app, "agent-key.distrust", format!("agent-key:{public}"), json!({}));
    if !app.store.endpoints().distrust_agent_key(&public, seconds(&app), &act).await? {
        return Err(Problem::not_found("agent-key", &public.to_string()));
    }
    app.refresh_policy().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// As people copy it: with blanks around, in any case.
fn key(text: &str) -> Result<PublicKey, Problem> {
    text.trim().to_ascii_lowercase().parse().map_err(|_| Problem::bad_request(Message::new("api.release-key-bad")))
}

fn object(version: &str, target: &str) -> String {
    format!("agent-release:{version}/{target}")
}

fn shown(app: &App) -> AgentReleases {
    let held = app.endpoints.held();
    let keys = held.agent_keys.iter().map(|key| AgentKey {
        public: key.public.to_string(),
        id: key.public.id().to_string(),
        name: key.name.clone(),
        added: key.added,
        owner: key.owner.clone(),
    });
    let keys: Vec<AgentKey> = keys.collect();
    let release = |one: &StoredRelease| AgentRelease {
        version: one.release.version.clone(),
        target: one.release.target.clone(),
        sha256: one.release.sha256,
        program_bytes: one.release.bytes,
        bundle_bytes: one.bytes,
        follows: one.release.follows.clone(),
        made: i64::try_from(one.release.made).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default(),
        notes: one.release.notes.clone(),
        key_name: keys.iter().find(|key| key.id == one.key).map(|key| key.name.clone()),
        key: one.key.clone(),
        imported: one.imported,
        owner: one.owner.clone(),
    };
    AgentReleases { releases: held.releases.iter().map(release).collect(), keys }
}
