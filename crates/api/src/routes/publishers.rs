//! Publishers that are trusted: what they signed is clean, unless it is on the deny-list.

use super::Answer;
use super::files::reason;
use crate::Problem;
use crate::extract::{Json, Path};
use crate::session::Caller;
use crate::state::App;
use crate::wire::files::*;
use axum::extract::State;
use axum::http::StatusCode;
use model::Message;
use serde_json::json;

const NAME_CHARS_MAX: usize = 200;

/// All publishers that are trusted.
#[utoipa::path(get, path = "/api/v1/files/publishers", tag = "files",
    responses((status = 200, body = FilePublishers)))]
pub async fn publishers(State(app): State<App>) -> Answer<FilePublishers> {
    let publishers = app.store.files().publishers().await?;
    Ok(axum::Json(FilePublishers { publishers: publishers.into_iter().map(counted).collect() }))
}

/// Trusts a publisher by the SHA-1 of its certificate, for what it signed before as well.
#[utoipa::path(put, path = "/api/v1/files/publishers/{sha1}", tag = "files", params(("sha1" = String, Path)),
    request_body = TrustPublisher, responses((status = 200, body = FilePublisher)))]
pub async fn trust(
    State(app): State<App>,
    caller: Caller,
    Path(sha1): Path<String>,
    Json(put): Json<TrustPublisher>,
) -> Answer<FilePublisher> {
    let sha1 = digits(&sha1)?;
    let name = put.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::bad_request(Message::new("api.bad-value").with("name", "name")));
    }
    let publisher = store::Publisher {
        sha1: sha1.clone(),
        name: name.to_owned(),
        reason: reason(&put.reason)?,
        owner: caller.actor(),
        added: app.now(),
        files: 0,
    };
    let detail = json!({ "name": publisher.name, "reason": publisher.reason });
    let act = caller.act(&app, "file.trust", object(&sha1), detail);
    app.store.files().trust(&publisher, &act).await?;
    Ok(axum::Json(shown(publisher)))
}

/// Trusts a publisher no longer.
#[utoipa::path(delete, path = "/api/v1/files/publishers/{sha1}", tag = "files", params(("sha1" = String, Path)),
    responses((status = 204)))]
pub async fn trust_no_longer(
    State(app): State<App>,
    caller: Caller,
    Path(sha1): Path<String>,
) -> Result<StatusCode, Problem> {
    let sha1 = digits(&sha1)?;
    let act = caller.act(&app, "file.distrust", object(&sha1), json!({}));
    if !app.store.files().trust_no_longer(&sha1, &act).await? {
        return Err(Problem::not_found("publisher", &sha1));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The digits of a thumbprint as people copy it out of a dialogue: with colons or blanks between.
fn digits(given: &str) -> Result<String, Problem> {
    let digits: String = given.chars().filter(|letter| !matches!(letter, ':' | ' ')).collect();
    if digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digits.to_ascii_lowercase())
    } else {
        Err(Problem::bad_request(Message::new("api.bad-value").with("name", "sha1")))
    }
}

fn object(sha1: &str) -> String {
    format!("publisher:{sha1}")
}

fn counted(publisher: store::Publisher) -> FilePublisher {
    FilePublisher { files: Some(publisher.files), ..shown(publisher) }
}

pub(super) fn shown(publisher: store::Publisher) -> FilePublisher {
    FilePublisher {
        sha1: publisher.sha1,
        name: publisher.name,
        reason: publisher.reason,
        owner: publisher.owner,
        added: publisher.added,
        files: None,
    }
}
