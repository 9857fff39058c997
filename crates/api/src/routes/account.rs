//! Signing in and out, and the own account.

use super::Answer;
use crate::access::Permission;
use crate::extract::Json;
use crate::session::{self, Address, Caller, Means};
use crate::state::App;
use crate::wire::account::*;
use crate::{Problem, access, secret};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use model::Message;
use serde_json::json;
use store::{AuditEntry, NewUser, UserChange};

/// Failed logins that are borne within the window, for one account and for one address.
const FAILURES_MAX_ACCOUNT: u32 = 10;
const FAILURES_MAX_ADDRESS: u32 = 30;
const FAILURE_WINDOW_MINUTES: i64 = 15;
const NAME_CHARACTERS_MAX: usize = 64;

type SignedIn = Result<([(header::HeaderName, HeaderValue); 1], axum::Json<Me>), Problem>;

/// What anybody may know of this server.
#[utoipa::path(get, path = "/api/v1/status", tag = "account", responses((status = 200, body = Status)))]
pub async fn status(State(app): State<App>) -> Answer<Status> {
    let demo = app.store.setting("demo").await?.is_some_and(|value| value == json!(true));
    Ok(axum::Json(Status {
        version: app.place.version.clone(),
        setup_needed: !app.store.has_users().await?,
        demo,
        languages: words::Language::ALL.iter().map(|language| language.tag().to_owned()).collect(),
    }))
}

/// Makes the first account with the token that the server printed; signs it in.
///
/// The first account holds all three administrator roles, so that one person can begin; hand them over with `PATCH
/// /users/{id}` once there are more.
#[utoipa::path(post, path = "/api/v1/setup", tag = "account", responses((status = 200, body = Me)))]
pub async fn setup(State(app): State<App>, Address(address): Address, Json(request): Json<SetupRequest>) -> SignedIn {
    let key = format!("setup:{address}");
    check_failures(&app, &[(&key, FAILURES_MAX_ADDRESS)]).await?;
    if app.store.has_users().await? {
        return Err(Problem::conflict(Message::new("api.setup-done")));
    }
    let name = account_name(&request.name)?;
    secret::check_password(&request.password)?;
    let digest = secret::digest(&request.token);
    let waiting = app.store.setup_token().await?;
    if !waiting.is_some_and(|token| secret::same(&token.token_hash, &digest)) {
        app.store.note_login_failure(&key, app.now()).await?;
        let problem = Problem::forbidden(Message::new("api.setup-token-wrong"));
        return Err(problem.hint(Message::new("api.setup-token-hint")));
    }
    let roles =
        [access::Role::SystemAdministrator, access::Role::SecurityAdministrator, access::Role::AuditAdministrator];
    let user = NewUser {
        name: name.clone(),
        password_hash: secret::hash(&app, request.password).await?,
        roles: session::to_words(&roles.into()),
    };
    let detail = session::with_address(json!({ "roles": user.roles }), &address);
    let act = app.act().recorded(&name, "setup", &format!("user:{name}"), detail);
    let user = app.store.claim_setup(&digest, &user, &act).await?;
    sign_in(&app, &user, address).await
}

/// Signs in; the session is an HttpOnly cookie.
#[utoipa::path(post, path = "/api/v1/login", tag = "account", responses((status = 200, body = Me)))]
pub async fn login(State(app): State<App>, Address(address): Address, Json(request): Json<LoginRequest>) -> SignedIn {
    let name: String = request.name.trim().chars().take(NAME_CHARACTERS_MAX).collect();
    let by_account = format!("account:{}", name.to_lowercase());
    let by_address = format!("address:{address}");
    let user = {
        let _turn = app.passwords.acquire().await.map_err(Problem::internal)?;
        check_failures(&app, &[(&by_account, FAILURES_MAX_ACCOUNT), (&by_address, FAILURES_MAX_ADDRESS)]).await?;
        let user = app.store.user_by_name(&name).await?;
        let good = secret::verify(request.password, user.as_ref().map(|user| user.password_hash.clone())).await?;
        let user = user.filter(|user| good && !user.disabled);
        if user.is_none() {
            app.store.note_login_failure(&by_account, app.now()).await?;
            app.store.note_login_failure(&by_address, app.now()).await?;
        }
        user
    };
    let Some(user) = user else {
        record(&app, &name, "login-failed", &address).await?;
        // One answer for a wrong name, a wrong password and a disabled account.
        return Err(Problem::new(StatusCode::UNAUTHORIZED, Message::new("api.login-failed")));
    };
    app.store.clear_login_failures(&by_account).await?;
    record(&app, &user.name, "login", &address).await?;
    app.store.set_setting(&last_login_key(user.id), &json!(app.now()), &app.act()).await?;
    sign_in(&app, &user, address).await
}

/// Ends the session.
#[utoipa::path(post, path = "/api/v1/logout", tag = "account", responses((status = 204)))]
pub async fn logout(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, [(header::HeaderName, HeaderValue); 1]), Problem> {
    if let Means::Session { hash, .. } = &caller.means {
        app.store.close_session(hash).await?;
    }
    record(&app, &caller.name, "logout", &caller.address).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, session::clearing_cookie(&app)?)]))
}

/// Who is asking, and what they may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "account", responses((status = 200, body = Me)))]
pub async fn me(caller: Caller) -> Answer<Me> {
    Ok(axum::Json(describe(&caller)))
}

/// Changes the own password; ends all sessions of the account and begins a new one.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "account", responses((status = 200, body = Me)))]
pub async fn change_password(State(app): State<App>, caller: Caller, Json(request): Json<PasswordChange>) -> SignedIn {
    let key = format!("account:{}", caller.name.to_lowercase());
    {
        let _turn = app.passwords.acquire().await.map_err(Problem::internal)?;
        check_failures(&app, &[(&key, FAILURES_MAX_ACCOUNT)]).await?;
        let user = app.store.user(caller.user).await?;
        if !secret::verify(request.current, Some(user.password_hash)).await? {
            app.store.note_login_failure(&key, app.now()).await?;
            return Err(Problem::forbidden(Message::new("api.password-wrong")));
        }
    }
    secret::check_password(&request.new)?;
    let change = UserChange { password_hash: Some(secret::hash(&app, request.new).await?), ..UserChange::default() };
    let act = caller.act(&app, "user.password", format!("user:{}", caller.name), json!({}));
    let user = app.store.change_user(caller.user, &change, &act).await?;
    sign_in(&app, &user, caller.address).await
}

async fn sign_in(app: &App, user: &store::User, address: String) -> SignedIn {
    let (caller, cookie) = session::open(app, user, address).await?;
    Ok(([(header::SET_COOKIE, cookie)], axum::Json(describe(&caller))))
}

fn describe(caller: &Caller) -> Me {
    let (csrf, expires, token) = match &caller.means {
        Means::Session { csrf, expires, .. } => (Some(csrf.clone()), Some(*expires), None),
        Means::Token { name } => (None, None, Some(name.clone())),
    };
    Me {
        id: caller.user.to_string(),
        name: caller.name.clone(),
        roles: caller.roles.clone(),
        permissions: caller.permissions.iter().copied().collect::<std::collections::BTreeSet<Permission>>(),
        csrf,
        expires,
        token,
    }
}

/// A name for an account: letters, digits and `._-@`, in any script.
pub(super) fn account_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let good = !name.is_empty()
        && name.chars().count() <= NAME_CHARACTERS_MAX
        && name.chars().all(|c| c.is_alphanumeric() || "._-@".contains(c));
    if good { Ok(name.to_owned()) } else { Err(Problem::bad_request(Message::new("api.name-bad"))) }
}

pub(super) fn last_login_key(user: store::UserId) -> String {
    format!("last-login:{user}")
}

async fn record(app: &App, actor: &str, action: &str, address: &str) -> Result<(), Problem> {
    let entry = AuditEntry {
        actor: actor.to_owned(),
        action: action.to_owned(),
        object: format!("user:{actor}"),
        params: session::with_address(json!({}), address),
    };
    Ok(app.store.record(&entry, app.now()).await?)
}

async fn check_failures(app: &App, keys: &[(&str, u32)]) -> Result<(), Problem> {
    let window = SignedDuration::from_mins(FAILURE_WINDOW_MINUTES);
    let since = app.now().checked_sub(window).map_err(Problem::internal)?;
    for (key, max) in keys {
        if app.store.login_failures(key, since).await? >= *max {
            let problem = Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                Message::new("api.too-many-logins").number("minutes", FAILURE_WINDOW_MINUTES),
            );
            return Err(problem.retry_after(FAILURE_WINDOW_MINUTES.unsigned_abs() * 60));
        }
    }
    Ok(())
}
