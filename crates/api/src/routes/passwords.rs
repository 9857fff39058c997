//! Passwords that are tried on what is encrypted: whoever judges files may see and change them.

use super::Answer;
use crate::Problem;
use crate::analysis::{self as room, PASSWORDS};
use crate::extract::Json;
use crate::session::Caller;
use crate::state::App;
use crate::wire::files::*;
use analysis::passwords;
use axum::extract::State;
use serde_json::json;

/// The passwords that are tried, in their order.
#[utoipa::path(get, path = "/api/v1/files/passwords", tag = "files", responses((status = 200, body = FilePasswords)))]
pub async fn passwords(State(app): State<App>) -> Answer<FilePasswords> {
    let passwords = room::passwords(&app).await?;
    Ok(axum::Json(shown(passwords)))
}

/// Tries these from now on. What was analysed before stays as it is until it is analysed again.
#[utoipa::path(put, path = "/api/v1/files/passwords", tag = "files", request_body = ChangeFilePasswords,
    responses((status = 200, body = FilePasswords)))]
pub async fn change_passwords(
    State(app): State<App>,
    caller: Caller,
    Json(change): Json<ChangeFilePasswords>,
) -> Answer<FilePasswords> {
    let given = change.passwords.iter().map(String::as_str);
    let passwords = passwords::checked(given).map_err(Problem::bad_request)?;
    // Some open what only a few may read: the audit trail says how many they are, and not which.
    let act = caller.act(&app, "file.passwords", "passwords", json!({ "count": passwords.len() }));
    app.store.set_setting(PASSWORDS, &json!(passwords), &act).await?;
    Ok(axum::Json(shown(passwords)))
}

fn shown(passwords: Vec<String>) -> FilePasswords {
    FilePasswords { usual: passwords::usual(), max: passwords::PASSWORDS_MAX, passwords }
}
