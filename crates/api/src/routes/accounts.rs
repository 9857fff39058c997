//! Accounts and API tokens.

use super::Answer;
use super::account::{account_name, last_login_key};
use crate::access::{Permission, Role};
use crate::extract::{Json, Path};
use crate::session::{self, Caller};
use crate::state::App;
use crate::wire::account::{NewToken, NewUser, Token, TokenCreated, User, UserPatch};
use crate::{Problem, secret};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use model::Message;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TOKEN_DAYS: u32 = 90;
const TOKEN_DAYS_MAX: u32 = 366;
const TOKEN_NAME_CHARACTERS_MAX: usize = 64;

/// All accounts.
#[utoipa::path(get, path = "/api/v1/users", tag = "account", responses((status = 200, body = Vec<User>)))]
pub async fn users(State(app): State<App>) -> Answer<Vec<User>> {
    let settings = app.store.settings().await?;
    let users = app.store.users().await?;
    Ok(axum::Json(users.iter().map(|user| show(user, &settings)).collect()))
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v1/users", tag = "account", responses((status = 201, body = User)))]
pub async fn create_user(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<NewUser>,
) -> Result<(StatusCode, axum::Json<User>), Problem> {
    let name = account_name(&request.name)?;
    secret::check_password(&request.password)?;
    check_roles(&request.roles)?;
    let user = store::NewUser {
        name: name.clone(),
        password_hash: secret::hash(&app, request.password).await?,
        roles: session::to_words(&request.roles),
    };
    let act = caller.act(&app, "user.create", format!("user:{name}"), json!({ "roles": user.roles }));
    let user = app.store.create_user(&user, &act).await?;
    Ok((StatusCode::CREATED, axum::Json(show(&user, &BTreeMap::new()))))
}

/// Changes roles, disables, or sets a new password.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "account", responses((status = 200, body = User)))]
pub async fn change_user(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<UserPatch>,
) -> Answer<User> {
    let id: store::UserId = id.parse().map_err(|_| Problem::not_found("account", &id))?;
    let before = app.store.user(id).await?;
    if let Some(roles) = &request.roles {
        let had = session::roles(&before);
        // The first account may keep its three roles, or give some up; nobody is given such a combination.
        if !roles.is_subset(&had) {
            check_roles(roles)?;
        }
        if roles.is_empty() {
            return Err(Problem::bad_request(Message::new("api.roles-empty")));
        }
        if caller.user == id && !roles.is_subset(&had) {
            return Err(Problem::forbidden(Message::new("api.own-roles")));
        }
    }
    keep_a_system_administrator(&app, id, &request).await?;
    let password_hash = match request.password {
        Some(password) => {
            secret::check_password(&password)?;
            Some(secret::hash(&app, password).await?)
        }
        None => None,
    };
    let roles = request.roles.as_ref().map(session::to_words);
    let detail = json!({ "roles": roles, "disabled": request.disabled, "password": password_hash.is_some() });
    let act = caller.act(&app, "user.change", format!("user:{}", before.name), detail);
    let change = store::UserChange { roles, disabled: request.disabled, password_hash };
    let user = app.store.change_user(id, &change, &act).await?;
    Ok(axum::Json(show(&user, &app.store.settings().await?)))
}

/// The API tokens of the account that asks.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "account", responses((status = 200, body = Vec<Token>)))]
pub async fn tokens(State(app): State<App>, caller: Caller) -> Answer<Vec<Token>> {
    let tokens = app.store.api_tokens(Some(caller.user)).await?;
    Ok(axum::Json(tokens.iter().map(|token| show_token(token, &caller)).collect()))
}

/// Makes an API token and shows its secret once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "account", responses((status = 201, body = TokenCreated)))]
pub async fn create_token(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<NewToken>,
) -> Result<(StatusCode, axum::Json<TokenCreated>), Problem> {
    let name: String = request.name.trim().chars().take(TOKEN_NAME_CHARACTERS_MAX).collect();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Problem::bad_request(Message::new("api.token-name")));
    }
    let beyond: BTreeSet<Permission> =
        request.scopes.iter().copied().filter(|scope| !caller.may(*scope) || !scope.fits_a_token()).collect();
    if request.scopes.is_empty() || !beyond.is_empty() {
        let beyond = session::to_words(&beyond);
        return Err(Problem::bad_request(Message::new("api.token-scopes").list("scopes", beyond)));
    }
    let days = request.days.unwrap_or(TOKEN_DAYS).clamp(1, TOKEN_DAYS_MAX);
    let life = SignedDuration::from_hours(i64::from(days) * 24);
    let expires = app.now().checked_add(life).map_err(Problem::internal)?;
    let secret = format!("rdt_{}", secret::token()?);
    let new = store::NewApiToken {
        token_hash: secret::digest(&secret),
        name: name.clone(),
        user: caller.user,
        scopes: session::to_words(&request.scopes),
        expires: Some(expires),
    };
    let act = caller.act(&app, "token.create", format!("token:{name}"), json!({ "scopes": new.scopes, "days": days }));
    let token = app.store.create_api_token(&new, &act).await?;
    Ok((StatusCode::CREATED, axum::Json(TokenCreated { token: show_token(&token, &caller), secret })))
}

/// Ends an API token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "account", responses((status = 204)))]
pub async fn delete_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let own = app.store.api_tokens(Some(caller.user)).await?;
    let token =
        own.into_iter().find(|token| token.id.to_string() == id).ok_or_else(|| Problem::not_found("token", &id))?;
    let act = caller.act(&app, "token.delete", format!("token:{}", token.name), Value::Null);
    app.store.revoke_api_token(token.id, &act).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_roles(roles: &BTreeSet<Role>) -> Result<(), Problem> {
    if roles.is_empty() {
        return Err(Problem::bad_request(Message::new("api.roles-empty")));
    }
    if !Role::may_be_combined(roles) {
        return Err(Problem::bad_request(Message::new("api.roles-combined")));
    }
    Ok(())
}

/// Without an account that makes accounts nobody could ever make one again.
async fn keep_a_system_administrator(app: &App, id: store::UserId, change: &UserPatch) -> Result<(), Problem> {
    let administers = |roles: &BTreeSet<Role>| roles.contains(&Role::SystemAdministrator);
    let steps_down = change.disabled == Some(true) || change.roles.as_ref().is_some_and(|roles| !administers(roles));
    if !steps_down {
        return Ok(());
    }
    let users = app.store.users().await?;
    let another = users.iter().any(|user| user.id != id && !user.disabled && administers(&session::roles(user)));
    let is_one = users.iter().any(|user| user.id == id && administers(&session::roles(user)));
    if is_one && !another {
        return Err(Problem::conflict(Message::new("api.last-administrator")));
    }
    Ok(())
}

fn show(user: &store::User, settings: &BTreeMap<String, Value>) -> User {
    let last_login: Option<Timestamp> =
        settings.get(&last_login_key(user.id)).and_then(|at| serde_json::from_value(at.clone()).ok());
    User {
        id: user.id.to_string(),
        name: user.name.clone(),
        roles: session::roles(user),
        disabled: user.disabled,
        created: user.created,
        last_login,
    }
}

fn show_token(token: &store::ApiToken, caller: &Caller) -> Token {
    Token {
        id: token.id.to_string(),
        name: token.name.clone(),
        user: caller.name.clone(),
        scopes: session::words_of(&token.scopes),
        created: token.created,
        expires: token.expires,
        last_used: token.last_used,
    }
}
