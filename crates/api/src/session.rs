//! Who is asking: the caller of a request, from a session cookie or an API token.

use crate::access::{self, Permission, Role};
use crate::state::App;
use crate::{Problem, secret};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use jiff::{SignedDuration, Timestamp};
use model::Message;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use store::{Act, NewSession, User};

pub const COOKIE: &str = "redoubt_session";
pub const CSRF_HEADER: &str = "x-redoubt-csrf";
const SESSION_HOURS: i64 = 12;

/// The account behind a request and what it may do with it.
#[derive(Debug, Clone)]
pub struct Caller {
    pub user: store::UserId,
    pub name: String,
    pub roles: BTreeSet<Role>,
    pub permissions: BTreeSet<Permission>,
    pub means: Means,
    pub address: String,
}

/// How the caller proved who it is.
#[derive(Debug, Clone)]
pub enum Means {
    Session { hash: String, csrf: String, expires: Timestamp },
    Token { name: String },
}

impl Caller {
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// The name the audit log shows.
    pub fn actor(&self) -> String {
        match &self.means {
            Means::Session { .. } => self.name.clone(),
            Means::Token { name } => format!("{}/token:{name}", self.name),
        }
    }

    /// A change by this caller that the audit log records in the same transaction.
    pub fn act(&self, app: &App, action: &str, object: impl std::fmt::Display, detail: Value) -> Act {
        Act::at(app.now()).recorded(&self.actor(), action, &object.to_string(), with_address(detail, &self.address))
    }
}

/// The audit detail with the address it came from.
pub fn with_address(detail: Value, address: &str) -> Value {
    let mut detail = match detail {
        Value::Object(map) => map,
        Value::Null => serde_json::Map::new(),
        other => serde_json::Map::from_iter([("detail".to_owned(), other)]),
    };
    detail.insert("address".to_owned(), Value::String(address.to_owned()));
    Value::Object(detail)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// The guard has put the caller there; a route that forgot the guard gets nobody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

/// The address a request came from.
#[derive(Debug, Clone)]
pub struct Address(pub String);

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Address::of(parts))
    }
}

impl Address {
    pub fn of(parts: &Parts) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Address(
            peer.map_or_else(|| "unknown".to_owned(), |ConnectInfo(address)| address.ip().to_canonical().to_string()),
        )
    }
}

/// Finds the caller; `None` when the request brings no proof, an error when it brings a bad one.
pub async fn find(app: &App, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let address = Address::of(parts).0;
    if let Some(token) = bearer(&parts.headers) {
        return by_token(app, &token, address).await.map(Some);
    }
    match cookie(&parts.headers, &cookie_name(app)) {
        Some(secret) => by_session(app, &secret, address).await,
        None => Ok(None),
    }
}

async fn by_token(app: &App, secret: &str, address: String) -> Result<Caller, Problem> {
    let now = app.now();
    let found = app.store.api_token(&secret::digest(secret), now).await?;
    let (token, user) = found.ok_or_else(Problem::unauthenticated)?;
    app.store.use_api_token(&token, now).await?;
    let roles = roles(&user);
    let scopes: BTreeSet<Permission> = words_of(&token.scopes);
    let permissions = access::permissions(&roles)
        .into_iter()
        .filter(|permission| scopes.contains(permission) && permission.fits_a_token())
        .collect();
    Ok(Caller { user: user.id, name: user.name, roles, permissions, means: Means::Token { name: token.name }, address })
}

async fn by_session(app: &App, secret: &str, address: String) -> Result<Option<Caller>, Problem> {
    let Some((session, user)) = app.store.session(&secret::digest(secret), app.now()).await? else {
        return Ok(None);
    };
    let roles = roles(&user);
    let means = Means::Session { hash: session.token_hash, csrf: session.csrf, expires: session.expires };
    Ok(Some(Caller { user: user.id, name: user.name, permissions: access::permissions(&roles), roles, means, address }))
}

/// Opens a session; gives the caller and the cookie to set.
pub async fn open(app: &App, user: &User, address: String) -> Result<(Caller, HeaderValue), Problem> {
    let (secret, csrf) = (secret::token()?, secret::token()?);
    let now = app.now();
    let expires = now.checked_add(SignedDuration::from_hours(SESSION_HOURS)).map_err(Problem::internal)?;
    let hash = secret::digest(&secret);
    let session = NewSession { token_hash: hash.clone(), user: user.id, csrf: csrf.clone(), expires };
    app.store.open_session(&session, now).await?;
    let roles = roles(user);
    let caller = Caller {
        user: user.id,
        name: user.name.clone(),
        permissions: access::permissions(&roles),
        roles,
        means: Means::Session { hash, csrf, expires },
        address,
    };
    Ok((caller, set_cookie(app, &secret, SESSION_HOURS * 3600)?))
}

/// The cookie that ends the session in the browser.
pub fn clearing_cookie(app: &App) -> Result<HeaderValue, Problem> {
    set_cookie(app, "", 0)
}

/// `__Host-` makes browsers refuse the cookie from anywhere but this very host over TLS.
fn cookie_name(app: &App) -> String {
    if app.place.tls.is_some() { format!("__Host-{COOKIE}") } else { COOKIE.to_owned() }
}

fn set_cookie(app: &App, value: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let secure = if app.place.tls.is_some() { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}", cookie_name(app));
    HeaderValue::from_str(&text).map_err(Problem::internal)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim().to_owned())
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

pub fn roles(user: &User) -> BTreeSet<Role> {
    words_of(&user.roles)
}

/// Words of the store as values; a word of a newer program is left out, which only ever permits less.
pub fn words_of<T: DeserializeOwned + Ord>(words: &BTreeSet<String>) -> BTreeSet<T> {
    words.iter().filter_map(|word| serde_json::from_value(Value::String(word.clone())).ok()).collect()
}

/// A value as the word it has in JSON.
pub fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

pub fn to_words<T: Serialize>(values: &BTreeSet<T>) -> BTreeSet<String> {
    values.iter().map(word).collect()
}

/// What a request by cookie must bring, so that another site cannot make the browser send it.
pub fn check_csrf(caller: &Caller, headers: &HeaderMap) -> Result<(), Problem> {
    let Means::Session { csrf, .. } = &caller.means else { return Ok(()) };
    let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if secret::same(sent, csrf) { Ok(()) } else { Err(Problem::forbidden(Message::new("api.csrf"))) }
}

/// SHA-256 of bytes, hexadecimal.
pub fn digest_of(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    secret::hex(&Sha256::digest(bytes))
}
